//! `cargo xtask attacks`: every program of tests/attacks, first unconfined, where it must succeed, then inside a container, where
//! it must fail; as root and as an ordinary user when started by root, else as the user alone.

use std::fs;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

mod attack;
mod fingerprint;
mod lists;
mod live;
mod report;
mod scene;
mod setup;
mod trial;

use crate::built;
use report::{Finding, Row};
use setup::Setup;

/// Options of `attacks`.
#[derive(clap::Args)]
pub struct Options {
    /// Only the attacks whose name contains this.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Give the reasons of every row, not only of those that failed.
    #[arg(long, short)]
    verbose: bool,
    /// The lowbox to test; the workspace's release build if not given.
    #[arg(long, value_name = "PATH")]
    lowbox: Option<PathBuf>,
    /// The ordinary user that root tries the attacks as; the first of /etc/passwd with a uid from 1000 on if not given.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Try the unconfined sides only: do the attacks themselves work?
    #[arg(long)]
    unconfined: bool,
    /// Try the attacks as this identity only, print findings line by line.
    #[arg(long, value_name = "DIR", hide = true)]
    worker: Option<PathBuf>,
}

/// Runs the command.
pub fn run(options: &Options) -> io::Result<ExitCode> {
    let root = rustix::process::geteuid().is_root();
    if let Some(shared) = &options.worker {
        let setup = Setup { shared: shared.clone(), root };
        control(options, &setup)?;
        for finding in findings(options, &setup) {
            println!("{}", serde_json::to_string(&finding?)?);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let workspace = built::workspace();
    let lowbox = options.lowbox.clone().map_or_else(built::lowbox, Ok)?;
    let user = if root { Some(ordinary_user(options.user.as_deref())?) } else { None };
    let shared = tempfile::Builder::new().prefix("lowbox-attacks-").tempdir()?;
    let lowbox = Some(lowbox).filter(|_| !options.unconfined);
    setup::build(
        &workspace.join("tests/attacks"),
        shared.path(),
        lowbox.as_deref(),
        user.as_ref().map(|u| u.uid),
    )?;
    let setup = Setup { shared: shared.path().to_owned(), root };
    control(options, &setup)?;
    let own = findings(options, &setup).collect::<io::Result<Vec<_>>>()?;
    let rows: Vec<Row> = match user {
        Some(user) => {
            let mut others = findings_as(&user, options, &setup)?;
            let mut other =
                |name: &str| others.iter().position(|f| f.name == name).map(|at| others.swap_remove(at));
            own.into_iter()
                .filter_map(|finding| {
                    let user = other(&finding.name);
                    Row::new(Some(finding), user)
                })
                .collect()
        }
        None => own.into_iter().filter_map(|finding| Row::new(None, Some(finding))).collect(),
    };
    Ok(report::print(&rows, options.json, options.verbose))
}

fn control(options: &Options, setup: &Setup) -> io::Result<()> {
    if options.unconfined { Ok(()) } else { trial::control(setup) }
}

/// Tries the wanted attacks one after the other as the process's own identity.
fn findings<'a>(options: &'a Options, setup: &'a Setup) -> impl Iterator<Item = io::Result<Finding>> + 'a {
    let wanted =
        |name: &str| options.only.is_empty() || options.only.iter().any(|only| name.contains(only.as_str()));
    lists::all().filter(move |(_, attack)| wanted(attack.name)).map(|(group, attack)| {
        progress(&format!("{} {}", if setup.root { "root" } else { "user" }, attack.name))?;
        let unconfined = trial::unconfined(attack, setup);
        let inside = if options.unconfined { trial::not_tried() } else { trial::inside(attack, setup) };
        progress("")?;
        Ok(Finding { name: attack.name.into(), group: group.into(), unconfined, inside })
    })
}

/// One line that is written over again and again, for people only.
fn progress(text: &str) -> io::Result<()> {
    let mut terminal = io::stderr();
    if terminal.is_terminal() { write!(terminal, "\r\x1b[K{text}") } else { Ok(()) }
}

/// The same as another user, in a process of that user's.
fn findings_as(user: &User, options: &Options, setup: &Setup) -> io::Result<Vec<Finding>> {
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={}", user.uid), format!("--regid={}", user.gid)]);
    command.args(["--init-groups", "--inh-caps=-all", "--reset-env", "--"]);
    command.arg(setup.shared.join("bin/xtask")).args(["attacks", "--worker"]).arg(&setup.shared);
    command.args(options.unconfined.then_some("--unconfined"));
    command.args(options.only.iter().flat_map(|only| ["--only", only]));
    let mut worker = command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let lines = worker.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines);
    let found = lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect::<io::Result<Vec<_>>>()?;
    match worker.wait()?.success() {
        true => Ok(found),
        false => Err(io::Error::other(format!("the attacks could not be tried as {}", user.name))),
    }
}

struct User {
    name: String,
    uid: u32,
    gid: u32,
}

fn ordinary_user(wanted: Option<&str>) -> io::Result<User> {
    let parse = |line: &str| -> Option<User> {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let mut number = || fields.next()?.parse().ok();
        number();
        Some(User { name, uid: number()?, gid: number()? })
    };
    let fits = |user: &User| match wanted {
        Some(name) => user.name == name,
        None => (1000..60000).contains(&user.uid),
    };
    fs::read_to_string("/etc/passwd")?.lines().filter_map(parse).find(fits).ok_or_else(|| {
        io::Error::other(
            "no ordinary user to try the attacks as: name one with --user, or add one (useradd -m tester)",
        )
    })
}
