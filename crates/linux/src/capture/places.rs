//! Where a file of drive C: lies in a package: `C:\Program Files\Contoso` is `VFS/ProgramFilesX64/Contoso`.

use lowbox_msix::part_name::PartName;

/// Folders that programs forget their things in.
const TEMPORARY: [&str; 3] =
    ["AppData\\Local\\Temp\\", "Temp\\", "AppData\\Local\\Microsoft\\Windows\\INetCache\\"];
/// Windows' own.
const OF_WINDOWS: [&str; 2] = ["C:\\windows\\Temp\\", "C:\\windows\\Prefetch\\"];

/// The place of a file, by its name in Windows; or why it has none. `folders` are those that have names in packages.
pub(super) fn place(folders: &[(String, String)], user: &str, path: &str) -> Result<PartName, &'static str> {
    let home = format!("C:\\users\\{user}\\");
    let in_home = below(path, &home);
    let is_temporary = in_home.is_some_and(|rest| TEMPORARY.iter().any(|place| below(rest, place).is_some()))
        || OF_WINDOWS.iter().any(|place| below(path, place).is_some());
    if is_temporary {
        return Err("a temporary file");
    }
    if in_home.is_none() && below(path, "C:\\users\\").is_some() {
        return Err("it is another user's, or everybody's, for which packages have no place");
    }
    let found = folders.iter().filter_map(|(token, folder)| {
        let rest = below(path, &format!("{folder}\\"))?;
        Some((folder.len(), token, rest))
    });
    // Of two names of one folder, the first.
    let longest = found.reduce(|best, other| if other.0 > best.0 { other } else { best });
    let (_, token, rest) = longest.ok_or("it lies in no place that packages have")?;
    PartName::new(&format!("VFS/{token}/{}", rest.replace('\\', "/")))
        .map_err(|_| "no file of a package may have that name")
}

/// What follows the folder's name, however that is written.
fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    let (start, rest) = path.split_at_checked(folder.len())?;
    (start.eq_ignore_ascii_case(folder) && !rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wine::package_files::folders;

    #[test]
    fn every_folder_has_the_place_of_the_narrowest_one_around_it() {
        let folders = folders("me");
        let place = |path: &str| place(&folders, "me", path).map(|name| name.as_str().to_owned());
        for (path, expected) in [
            (r"C:\Program Files\Contoso\a.exe", "VFS/ProgramFilesX64/Contoso/a.exe"),
            (r"C:\PROGRAM FILES\Common Files\x.dll", "VFS/ProgramFilesCommonX64/x.dll"),
            (r"C:\windows\system32\own.dll", "VFS/SystemX64/own.dll"),
            (r"C:\ProgramData\Contoso\a", "VFS/Common AppData/Contoso/a"),
            (r"C:\users\me\AppData\Local\Contoso\a", "VFS/Local AppData/Contoso/a"),
            (r"C:\users\me\Documents\a", "VFS/Profile/Documents/a"),
            (r"C:\Contoso\a", "VFS/AppVPackageDrive/Contoso/a"),
        ] {
            assert_eq!(place(path).as_deref(), Ok(expected), "{path}");
        }
        for path in [
            r"C:\users\me\AppData\Local\Temp\a",
            r"C:\users\other\a",
            r"C:\Program Files\x\con.txt",
            r"C:\Program Files\x\..\a",
            r"C:\Program Files\a\dot.",
            r"D:\a",
        ] {
            assert!(place(path).is_err(), "{path}");
        }
    }
}
