/* menu_entry NAME: puts an entry into the Start menu, for which Wine writes one into the desktop's own menu. */
#define CINTERFACE
#define COBJMACROS
#include "win32.h"
#include <objbase.h>
#include <shlobj.h>

static const GUID SHELL_LINK = { 0x21401, 0, 0, { 0xc0, 0, 0, 0, 0, 0, 0, 0x46 } };
static const GUID I_SHELL_LINK = { 0x214f9, 0, 0, { 0xc0, 0, 0, 0, 0, 0, 0, 0x46 } };
static const GUID I_PERSIST_FILE = { 0x10b, 0, 0, { 0xc0, 0, 0, 0, 0, 0, 0, 0x46 } };

int main(int argc, char **argv)
{
	IShellLinkW *link;
	IPersistFile *file;
	wchar_t at[MAX_PATH];
	tried();
	CoInitialize(NULL);
	if (SHGetFolderPathW(NULL, CSIDL_PROGRAMS | CSIDL_FLAG_CREATE, NULL, 0, at) ||
	    CoCreateInstance(&SHELL_LINK, NULL, CLSCTX_INPROC_SERVER, &I_SHELL_LINK, (void **)&link))
		return denied("a shell link");
	IShellLinkW_SetPath(link, L"C:\\windows\\system32\\cmd.exe");
	IShellLinkW_QueryInterface(link, &I_PERSIST_FILE, (void **)&file);
	swprintf(at + wcslen(at), MAX_PATH - wcslen(at), L"\\%hs.lnk", argv[1]);
	return IPersistFile_Save(file, at, TRUE) ? denied("IPersistFile::Save") : gained("saved");
}
