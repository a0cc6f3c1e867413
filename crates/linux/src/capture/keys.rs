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
