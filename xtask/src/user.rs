//! The ordinary user that root's commands also work as.

use std::path::Path;
use std::process::Command;
use std::{fs, io};

/// An account of /etc/passwd.
pub struct User {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: u32,
    /// Its primary group.
    pub gid: u32,
}

impl User {
    /// The account of that name; without a name the first with a uid from 1000 to 59999.
    pub fn ordinary(wanted: Option<&str>) -> io::Result<User> {
        let fits = |user: &User| match wanted {
            Some(name) => user.name == name,
            None => (1000..60000).contains(&user.uid),
        };
        fs::read_to_string("/etc/passwd")?.lines().filter_map(User::parse).find(fits).ok_or_else(|| {
            io::Error::other(
                "no ordinary user to work as: name one with --user, or add one (useradd -m tester)",
            )
        })
    }

    /// A line of passwd(5).
    fn parse(line: &str) -> Option<User> {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, ..] = fields[..] else { return None };
        Some(User { name: name.to_owned(), uid: uid.parse().ok()?, gid: gid.parse().ok()? })
    }

    /// A command of `program` as this user, with the user's groups and an environment as after a login. Root only.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={}", self.uid), format!("--regid={}", self.gid)]);
        command.args(["--init-groups", "--inh-caps=-all", "--reset-env", "--"]).arg(program);
        command
    }
}
