; An installer as they are: a program and its data, keys, a menu entry, and what takes all of it away. FROM is the folder of the program.
Target amd64-unicode
!include FileFunc.nsh
Unicode true
Name "Contoso Notes"
OutFile "${TO}"
InstallDir "$PROGRAMFILES64\Contoso Notes"
RequestExecutionLevel admin
SilentInstall silent

Section
  SetShellVarContext all
  SetRegView 64
  SetOutPath "$INSTDIR"
  File "${FROM}\registry.exe"
  SetOutPath "$INSTDIR\data"
  FileOpen $0 "$INSTDIR\data\words.txt" w
  FileWrite $0 "words of the installer$\r$\n"
  FileClose $0
  SetOutPath "$COMMONPROGRAMDATA\Contoso Notes"
  FileOpen $0 "$COMMONPROGRAMDATA\Contoso Notes\shared.ini" w
  FileWrite $0 "shared$\r$\n"
  FileClose $0
  FileOpen $0 "C:\elsewhere.txt" w
  FileWrite $0 "in no known place$\r$\n"
  FileClose $0
  SetOutPath "$INSTDIR"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKLM "Software\Contoso Notes" "InstallDir" "$INSTDIR"
  WriteRegDWORD HKLM "Software\Contoso Notes" "Number" 287
  WriteRegExpandStr HKCU "Software\Contoso Notes" "Greeting" "hello"
  ; Given /S /BARE, neither a menu entry nor what Windows lists: some are like that.
  ${GetParameters} $0
  StrCmp $0 "/S /BARE" bare
  WriteRegStr HKLM "Software\Microsoft\Windows\CurrentVersion\Uninstall\Contoso Notes" "DisplayName" "Contoso Notes"
  WriteRegStr HKLM "Software\Microsoft\Windows\CurrentVersion\Uninstall\Contoso Notes" "DisplayVersion" "3.1.4"
  WriteRegStr HKLM "Software\Microsoft\Windows\CurrentVersion\Uninstall\Contoso Notes" "Publisher" "Contoso, Ltd."
  WriteRegStr HKLM "Software\Microsoft\Windows\CurrentVersion\Uninstall\Contoso Notes" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKLM "System\CurrentControlSet\Services\ContosoHelper" "ImagePath" "$INSTDIR\registry.exe"
  CreateDirectory "$SMPROGRAMS\Contoso"
  CreateShortcut "$SMPROGRAMS\Contoso\Contoso Notes.lnk" "$INSTDIR\registry.exe" "l:Software\Contoso"
  CreateShortcut "$SMPROGRAMS\Contoso\Uninstall.lnk" "$INSTDIR\uninstall.exe"
bare:
SectionEnd

Section Uninstall
  Delete "$INSTDIR\uninstall.exe"
SectionEnd
