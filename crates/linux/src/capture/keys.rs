//! What an installer changed in Wine's registry.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;

use lowbox_msix::registry::{Key, Kind, MAX_BYTES, PackageRegistry, Tokens, read_wine};

use super::about::{About, UNINSTALL};
use super::{CaptureError, LeftOut, changes};

/// What of it is for the package.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// With tokens in the place of folders.
    pub(super) registry: PackageRegistry,
    /// What the installer says of itself.
    pub(super) about: About,
    pub(super) left_out: Vec<LeftOut>,
}

/// Wine's own, which changes by itself.
const NOISE: [&str; 3] =
    ["Software\\Wine", "Volatile Environment", "Software\\Microsoft\\Windows\\CurrentVersion\\Explorer"];
/// Keys that are kept, of which nothing outside of the package hears.
const STARTS: [&str; 2] = [
    "Software\\Microsoft\\Windows\\CurrentVersion\\Run",
    "Software\\Microsoft\\Windows\\CurrentVersion\\RunOnce",
];
const SERVICES: &str = "CurrentControlSet\\Services";
const CLASSES: &str = "Software\\Classes\\CLSID";

impl Keys {
    /// Those of a layer above the template.
    pub(super) fn of(
        upper: &OwnedFd,
        template: &Path,
        folders: &[(String, String)],
    ) -> Result<Keys, CaptureError> {
        let mut machine = changed(upper, template, "system.reg")?;
        let mut user = changed(upper, template, "user.reg")?;
        let mut keys = Keys::default();
        for key in [&mut machine, &mut user] {
            for noise in NOISE {
                key.take_at(noise);
            }
            for uninstall in UNINSTALL {
                if let Some(found) = key.take_at(uninstall) {
                    keys.about.learn(&found);
                    keys.leave_out(uninstall, "removing the package removes all of it");
                }
            }
        }
        if let Some(system) = machine.take("System") {
            keys.services(&system);
        }
        // A package's keys of the machine are those in Software, as on Windows.
        let software = machine.take("Software").unwrap_or_default();
        for (name, key) in machine.keys() {
            if name != "Hardware" && !key.is_empty() {
                keys.leave_out(&format!("HKEY_LOCAL_MACHINE\\{name}"), "packages have keys in Software only");
            }
        }
        let mut machine = Key::default();
        if !software.is_empty() {
            machine.make("Software").merge(software);
        }
        keys.tell_of(&machine, "HKEY_LOCAL_MACHINE");
        keys.tell_of(&user, "HKEY_CURRENT_USER");
        // The drive as a whole stands in too many texts that mean something else.
        let tokens = Tokens::new(folders.iter().filter(|(_, folder)| folder != "C:").cloned().collect());
        keys.registry = PackageRegistry { machine: tokens.contract(&machine), user: tokens.contract(&user) };
        Ok(keys)
    }

    fn leave_out(&mut self, what: &str, why: &'static str) {
        if self.left_out.len() < 1000 {
            self.left_out.push(LeftOut { what: what.to_owned(), why });
        }
    }

    /// Services are Windows' to start, outside of any container.
    fn services(&mut self, system: &Key) {
        let Some(services) = system.at(SERVICES) else { return };
        for (name, key) in services.keys() {
            let number = key.value("Type").filter(|value| value.kind == Kind::NUMBER);
            let kind = number.and_then(|value| value.data.first()).copied();
            // SERVICE_KERNEL_DRIVER, SERVICE_FILE_SYSTEM_DRIVER.
            match kind {
                Some(1 | 2) => self.leave_out(&format!("driver {name}"), "nothing here runs drivers"),
                _ if key.value("ImagePath").is_some() => {
                    self.leave_out(&format!("service {name}"), "services run outside of a container");
                }
                _ => {}
            }
        }
    }

    /// What is kept and yet has no effect outside of the package.
    fn tell_of(&mut self, key: &Key, root: &str) {
        for place in STARTS {
            for (name, _) in key.at(place).iter().flat_map(|key| key.values()) {
                self.leave_out(
                    &format!("{root}\\{place}: {name}"),
                    "the key is kept, but nothing starts it when the user logs on",
                );
            }
        }
        let is_server =
            |key: &Key| ["InprocServer32", "LocalServer32"].iter().any(|name| key.key(name).is_some());
        let classes = key.at(CLASSES);
        let servers: Vec<String> = classes
            .iter()
            .flat_map(|key| key.keys())
            .filter(|(_, key)| is_server(key))
            .map(|(name, _)| format!("COM server {name}"))
            .collect();
        for server in servers {
            self.leave_out(&server, "its keys are kept, and other packages don't see it");
        }
    }
}

/// What is new or otherwise in one of Wine's files. One that is not there was not changed.
fn changed(upper: &OwnedFd, template: &Path, file: &'static str) -> Result<Key, CaptureError> {
    let failed = |error| CaptureError::Registry { file, error };
    let now = match changes::read(upper, Path::new(file), MAX_BYTES + 1) {
        Ok(now) => read_wine(&now).map_err(failed)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Key::default()),
        Err(error) => return Err(CaptureError::at(file)(error)),
    };
    let path = template.join(file);
    let before = fs::read(&path).map_err(CaptureError::at(path))?;
    Ok(now.since(&read_wine(&before).map_err(failed)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lowbox_msix::registry::Value;
    use rustix::fs::{CWD, Mode, OFlags, mkfifoat, open};
    use std::os::unix::fs::symlink;

    const TEMPLATE: &str = "WINE REGISTRY Version 2\n[Software\\\\There] 1\n\"a\"=\"b\"\n";

    struct World {
        place: tempfile::TempDir,
    }

    impl World {
        fn new() -> World {
            let place = tempfile::tempdir().unwrap();
            for layer in ["template", "upper"] {
                fs::create_dir(place.path().join(layer)).unwrap();
            }
            for file in ["system.reg", "user.reg"] {
                fs::write(place.path().join("template").join(file), TEMPLATE).unwrap();
            }
            World { place }
        }

        fn keys(&self) -> Result<Keys, CaptureError> {
            let upper =
                open(self.place.path().join("upper"), OFlags::DIRECTORY | OFlags::PATH, Mode::empty());
            let folders = crate::wine::package_files::folders("me");
            Keys::of(&upper.unwrap(), &self.place.path().join("template"), &folders)
        }

        fn system(&self, text: &str) -> Keys {
            fs::write(self.place.path().join("upper/system.reg"), format!("{TEMPLATE}{text}")).unwrap();
            self.keys().unwrap()
        }
    }

    #[test]
    fn the_installers_keys_are_kept_and_wines_and_the_systems_are_not() {
        let keys = World::new().system(
            "[Software\\\\Contoso] 1\n\"at\"=\"C:\\\\Program Files\\\\Contoso;C:\\\\x\"\n\
             [Software\\\\Wine\\\\X] 1\n\"a\"=\"b\"\n[Hardware\\\\X] 1\n\"a\"=\"b\"\n[Else] 1\n\"a\"=\"b\"\n\
             [System\\\\CurrentControlSet\\\\Services\\\\One] 1\n\"ImagePath\"=\"x\"\n\
             [System\\\\CurrentControlSet\\\\Services\\\\Two] 1\n\"Type\"=dword:00000001\n\
             [System\\\\CurrentControlSet\\\\Control\\\\Video] 1\n\"a\"=\"b\"\n\
             [Software\\\\Classes\\\\CLSID\\\\{1}\\\\InprocServer32] 1\n@=\"x.dll\"\n\
             [Software\\\\Microsoft\\\\Windows\\\\CurrentVersion\\\\Run] 1\n\"Contoso\"=\"x.exe\"\n",
        );
        let machine = &keys.registry.machine;
        let value = machine.at("Software\\Contoso").unwrap().value("at");
        assert_eq!(value, Some(&Value::text(r"[{ProgramFilesX64}]\Contoso;C:\x")));
        assert_eq!(machine.keys().map(|(name, _)| name).collect::<Vec<_>>(), ["Software"]);
        assert!(machine.at("Software\\There").is_none() && machine.at("Software\\Wine").is_none());
        let said: Vec<&str> = keys.left_out.iter().map(|one| one.what.as_str()).collect();
        assert_eq!(
            said,
            [
                "service One",
                "driver Two",
                "HKEY_LOCAL_MACHINE\\Else",
                "HKEY_LOCAL_MACHINE\\Software\\Microsoft\\Windows\\CurrentVersion\\Run: Contoso",
                "COM server {1}"
            ]
        );
    }

    #[test]
    fn what_stands_in_the_place_of_the_registry_is_not_followed_and_has_an_end() {
        let world = World::new();
        let system = world.place.path().join("upper/system.reg");
        assert!(world.keys().unwrap().registry.machine.is_empty());
        fs::write(world.place.path().join("secret"), TEMPLATE).unwrap();
        symlink(world.place.path().join("secret"), &system).unwrap();
        assert!(world.keys().is_err());
        fs::remove_file(&system).unwrap();
        mkfifoat(CWD, &system, Mode::RWXU).unwrap();
        assert!(world.keys().is_err());
        fs::remove_file(&system).unwrap();
        let endless = fs::File::create(&system).unwrap();
        endless.set_len(1 << 40).unwrap();
        assert!(matches!(world.keys(), Err(CaptureError::Registry { file: "system.reg", .. })));
        fs::write(&system, "MZ").unwrap();
        assert!(world.keys().is_err());
    }

    #[test]
    fn names_that_a_hive_has_no_place_for_are_not_taken() {
        let long = "n".repeat(20_000);
        let keys = World::new().system(&format!(
            "[Software\\\\A\\0B] 1\n\"a\"=\"b\"\n[Software\\\\{}] 1\n\"a\"=\"b\"\n[Software\\\\Good] 1\n\"{long}\"=\"b\"\n\"c\"=\"d\"\n",
            "k".repeat(300)
        ));
        assert_eq!(keys.registry.machine.count(), 1);
        assert!(keys.registry.machine_hive().unwrap().is_some());
    }
}
