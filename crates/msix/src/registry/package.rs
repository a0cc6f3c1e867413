//! What a package's hives say, by the roots that its programs see them under.

use super::{Key, RegistryError, Tokens, hive};

/// The hives in a package's root, those of the user's last.
pub const HIVES: [&str; 3] = ["Registry.dat", "UserClasses.dat", "User.dat"];

/// In hives of packages, the user whoever that is.
const CURRENT_USER: &str = "[{AppVCurrentUserSID}]";

/// A package's registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackageRegistry {
    /// `HKEY_LOCAL_MACHINE`.
    pub machine: Key,
    /// `HKEY_CURRENT_USER`.
    pub user: Key,
}

impl PackageRegistry {
    /// Adds what a hive has; `file` is one of [`HIVES`]. Hives begin at `REGISTRY`, as those that Microsoft's tool makes do, or at the
    /// keys themselves. Says which keys are nobody's that it knows.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn add(&mut self, file: &str, bytes: &[u8]) -> Result<Vec<String>, RegistryError> {
        let mut root = hive::read(bytes)?;
        let is_machine = file.eq_ignore_ascii_case(HIVES[0]);
        let mut unknown = Vec::new();
        let Some(mut registry) = root.take("REGISTRY") else {
            match (is_machine, file.eq_ignore_ascii_case(HIVES[1])) {
                (true, _) => self.machine.merge(root),
                (_, true) => self.user.make_at("Software\\Classes").merge(root),
                _ => self.user.merge(root),
            }
            return Ok(unknown);
        };
        for (name, key) in registry.take_keys() {
            match name.to_ascii_uppercase().as_str() {
                "MACHINE" => self.machine.merge(key),
                "USER" => unknown.extend(self.add_users(key)),
                _ => unknown.push(format!("REGISTRY\\{name}")),
            }
        }
        unknown.extend(root.take_keys().into_iter().map(|(name, _)| name));
        Ok(unknown)
    }

    fn add_users(&mut self, mut users: Key) -> Vec<String> {
        let mut unknown = Vec::new();
        for (name, key) in users.take_keys() {
            let plain = name.to_ascii_lowercase();
            let (user, is_classes) = match plain.strip_suffix("_classes") {
                Some(user) => (user, true),
                None => (plain.as_str(), false),
            };
            match (user.starts_with("[{") || user.starts_with("s-1-5-21-"), is_classes) {
                (true, false) => self.user.merge(key),
                (true, true) => self.user.make_at("Software\\Classes").merge(key),
                _ => unknown.push(format!("REGISTRY\\USER\\{name}")),
            }
        }
        unknown
    }

    /// With folders in the place of tokens.
    #[must_use]
    pub fn expand(&self, tokens: &Tokens) -> PackageRegistry {
        PackageRegistry { machine: tokens.expand(&self.machine), user: tokens.expand(&self.user) }
    }

    /// Adds what another one has, whose values count where both have one.
    pub fn merge(&mut self, other: PackageRegistry) {
        self.machine.merge(other.machine);
        self.user.merge(other.user);
    }

    /// All of it in one hive.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn to_hive(&self) -> Result<Vec<u8>, RegistryError> {
        let mut root = Key::default();
        root.make("machine").merge(self.machine.clone());
        root.make("user").merge(self.user.clone());
        hive::write(&root)
    }

    /// Reads what [`to_hive`](PackageRegistry::to_hive) wrote.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn from_hive(bytes: &[u8]) -> Result<PackageRegistry, RegistryError> {
        let mut root = hive::read(bytes)?;
        let mut take = |name| root.take(name).unwrap_or_default();
        Ok(PackageRegistry { machine: take("machine"), user: take("user") })
    }

    /// The hive `Registry.dat`, if there is anything for it.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn machine_hive(&self) -> Result<Option<Vec<u8>>, RegistryError> {
        at("REGISTRY\\MACHINE", &self.machine)
    }

    /// The hive `User.dat`, if there is anything for it.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn user_hive(&self) -> Result<Option<Vec<u8>>, RegistryError> {
        at(&format!("REGISTRY\\USER\\{CURRENT_USER}"), &self.user)
    }
}

fn at(path: &str, key: &Key) -> Result<Option<Vec<u8>>, RegistryError> {
    if key.is_empty() {
        return Ok(None);
    }
    let mut root = Key::default();
    root.make_at(path).merge(key.clone());
    hive::write(&root).map(Some)
}
