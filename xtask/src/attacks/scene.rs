//! The victim's world, made anew for each try: a home with random secrets, folders to grant, and the placeholders
//! `{name}` that stand for them in an attack's texts.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::setup::Setup;

/// x86-64: `mov eax, 4242; ret`, what exec_mmap.c wants to run.
const CODE: &[u8] = b"\xb8\x92\x10\0\0\xc3";

/// One victim's world.
pub struct Scene {
    folder: TempDir,
    values: BTreeMap<String, String>,
}

impl Scene {
    /// Makes it. Placeholders: `{scene}` the whole, `{home}`, `{ro}` `{rw}` `{tree}` folders to grant, `{checkout}` a hostile
    /// working copy, `{work}` the current directory, `{run}` XDG_RUNTIME_DIR, `{secret}`, `{token}` a random name,
    /// `{programs}`, `{lowbox}`, `{foreign}`.
    pub fn new(setup: &Setup, at_home: bool) -> io::Result<Self> {
        let place = match (at_home, setup.root) {
            (false, _) => std::env::temp_dir(),
            (true, true) => PathBuf::from("/home"),
            (true, false) => std::env::home_dir().ok_or(io::ErrorKind::NotFound)?,
        };
        let folder = tempfile::Builder::new().prefix("lowbox-scene-").tempdir_in(place)?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let path = folder.path().to_string_lossy().into_owned();
        let mut scene = Self { folder, values: BTreeMap::new() };
        let secret = random()?;
        scene.set("secret", &secret);
        scene.set("token", &random()?);
        for (name, path) in
            [("programs", setup.programs()), ("lowbox", setup.lowbox()), ("foreign", setup.foreign_setuid())]
        {
            scene.set(name, &path.to_string_lossy());
        }
        scene.set("scene", &path);
        for name in ["home", "ro", "rw", "tree", "checkout", "work", "run", "out", "cron"] {
            let at = scene.path().join(name);
            fs::create_dir(&at)?;
            scene.set(name, &at.to_string_lossy());
        }
        for (path, text) in [
            ("home/.ssh/id_ed25519", secret.as_str()),
            ("home/.aws/credentials", &secret),
            ("home/.mozilla/firefox/x.default/logins.json", &secret),
            ("home/.local/share/lowbox/packages/Contoso.Mail_8wekyb3d8bbwe/LocalState/mail.db", &secret),
            ("home/.bashrc", "# start-up file\n"),
            ("home/.profile", "# start-up file\n"),
            ("home/.config/autostart/ok.desktop", "[Desktop Entry]\n"),
            ("home/.local/bin/tool", "#!/bin/sh\n"),
            ("home/notes.txt", &"notes\n".repeat(1000)),
            (&format!("home/Documents/{secret}.txt"), "its name is the secret"),
            ("cron/tab", "# m h dom mon dow command\n"),
            ("ro/file.txt", &"read only\n".repeat(1000)),
            ("ro/other.txt", "read only\n"),
            ("ro/mnt/keep", ""),
            ("rw/file.txt", "granted\n"),
            ("rw/secret.txt", &secret),
            ("tree/public/readme.txt", "public\n"),
            ("tree/denied/secret.txt", &secret),
        ] {
            let at = scene.path().join(path);
            fs::create_dir_all(at.parent().unwrap_or(&at))?;
            fs::write(&at, text)?;
        }
        fs::write(scene.path().join("ro/code.bin"), [CODE, &[0; 4096]].concat())?;
        fs::copy(setup.programs().join("payload"), scene.path().join("ro/payload"))?;
        symlink(scene.at("{home}/.ssh/id_ed25519"), scene.at("{rw}/link"))?;
        symlink(scene.at("{home}/.aws/credentials"), scene.at("{checkout}/config.json"))?;
        symlink(scene.at("{home}/.aws"), scene.at("{checkout}/conf"))?;
        fs::set_permissions(scene.at("{run}"), fs::Permissions::from_mode(0o700))?;
        Ok(scene)
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Gives a placeholder its value.
    pub fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.to_owned());
    }

    /// A placeholder's value, empty if it has none.
    pub fn get(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// The text with its placeholders replaced.
    pub fn expand(&self, template: &str) -> String {
        self.values
            .iter()
            .fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// The path that a template names.
    pub fn at(&self, template: &str) -> PathBuf {
        self.expand(template).into()
    }
}

fn random() -> io::Result<String> {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}
