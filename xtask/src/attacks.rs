//! `cargo xtask attacks`: every program of tests/attacks, first unconfined, where it must succeed, then inside a container, where
//! it must fail, and those on processes, kernel and descriptors while lowbox learns, where they must fail too; as root and as an ordinary user when started by root, else as the user alone. The two identities try at the same
//! time, because most attacks wait; those that spoil what the machine has once come afterwards, one by one.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

mod attack;
mod fingerprint;
mod lists;
mod live;
mod report;
mod scene;
mod setup;
mod trial;
pub mod wine;
mod x11;

use crate::built;
use report::{Finding, Row};
use setup::Setup;

/// Options of `attacks`.
#[derive(clap::Args)]
pub struct Options {
    /// Only the attacks whose name contains this.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// None of the attacks whose name contains this.
    #[arg(long, value_name = "NAME")]
    skip: Vec<String>,
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
    /// Try the attacks of one pass as this identity only, print findings line by line.
    #[arg(long, value_name = "DIR", hide = true, requires = "pass")]
    worker: Option<PathBuf>,
    /// Which attacks a worker tries.
    #[arg(long, value_enum, hide = true)]
    pass: Option<Pass>,
}

/// The two halves of a run.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Pass {
    /// What may be tried while the other identity tries something.
    Beside,
    /// What may not, see [`attack::Attack::alone`].
    Alone,
}

/// Runs the command.
pub fn run(options: &Options) -> io::Result<ExitCode> {
    let root = rustix::process::geteuid().is_root();
    if let (Some(shared), Some(pass)) = (&options.worker, options.pass) {
        let setup = Setup { shared: shared.clone(), root };
        control(options, &setup)?;
        for finding in findings(options, &setup, pass) {
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
        with_windows(options),
    )?;
    let setup = Setup { shared: shared.path().to_owned(), root };
    control(options, &setup)?;
    let mut found = Found::default();
    let mut found_as_user = Found::default();
    for pass in [Pass::Beside, Pass::Alone] {
        let own = || findings(options, &setup, pass).collect::<io::Result<Vec<_>>>();
        let others = || user.as_ref().map_or(Ok(Vec::new()), |user| findings_as(user, options, &setup, pass));
        let (own, others) = match pass {
            Pass::Beside => std::thread::scope(|scope| {
                let others = scope.spawn(others);
                let own = own();
                (own, others.join().unwrap_or_else(|_| Err(io::Error::other("a worker's reader panicked"))))
            }),
            Pass::Alone => (own(), others()),
        };
        let named = |finding: Finding| (finding.name.clone(), finding);
        if root {
            found.extend(own?.into_iter().map(named));
            found_as_user.extend(others?.into_iter().map(named));
        } else {
            found_as_user.extend(own?.into_iter().map(named));
        }
    }
    let row = |(_, attack): (_, &attack::Attack)| {
        Row::new(found.remove(attack.name), found_as_user.remove(attack.name))
    };
    let rows: Vec<Row> = lists::all().filter_map(row).collect();
    Ok(report::print(&rows, options.json, options.verbose))
}

/// What an identity has found, by the attack's name.
type Found = BTreeMap<String, Finding>;

fn control(options: &Options, setup: &Setup) -> io::Result<()> {
    if options.unconfined { Ok(()) } else { trial::control(setup, with_windows(options)) }
}

/// Whether attacks of Windows programs are wanted, and can be tried.
fn with_windows(options: &Options) -> bool {
    wine::lacking().is_none()
        && lists::all().any(|(_, attack)| is_named(options, attack) && wine::is_windows(attack.program))
}

/// Whether the options ask for it.
fn is_named(options: &Options, attack: &attack::Attack) -> bool {
    let is_in = |names: &[String]| names.iter().any(|name| attack.name.contains(name.as_str()));
    (options.only.is_empty() || is_in(&options.only)) && !is_in(&options.skip)
}

/// Tries the wanted attacks of a pass one after the other as the process's own identity.
fn findings<'a>(
    options: &'a Options,
    setup: &'a Setup,
    pass: Pass,
) -> impl Iterator<Item = io::Result<Finding>> + 'a {
    let wanted =
        move |attack: &attack::Attack| is_named(options, attack) && attack.alone == (pass == Pass::Alone);
    lists::all().filter(move |(_, attack)| wanted(attack)).map(|(group, attack)| {
        progress(&format!("{} {}", if setup.root { "root" } else { "user" }, attack.name))?;
        let start = Instant::now();
        let unconfined = trial::unconfined(attack, setup);
        let inside = if options.unconfined { trial::not_tried() } else { trial::inside(attack, setup) };
        let learning =
            if options.unconfined { trial::not_tried() } else { trial::learning(group, attack, setup) };
        progress("")?;
        let took = start.elapsed().as_secs_f64();
        Ok(Finding { name: attack.name.into(), group: group.into(), unconfined, inside, learning, took })
    })
}

/// One line that is written over again and again, for people only.
fn progress(text: &str) -> io::Result<()> {
    let mut terminal = io::stderr();
    if terminal.is_terminal() { write!(terminal, "\r\x1b[K{text}") } else { Ok(()) }
}

/// The same as another user, in a process of that user's.
fn findings_as(user: &User, options: &Options, setup: &Setup, pass: Pass) -> io::Result<Vec<Finding>> {
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={}", user.uid), format!("--regid={}", user.gid)]);
    command.args(["--init-groups", "--inh-caps=-all", "--reset-env", "--"]);
    command.arg(setup.shared.join("bin/xtask")).args(["attacks", "--worker"]).arg(&setup.shared);
    command.args(["--pass", if pass == Pass::Alone { "alone" } else { "beside" }]);
    command.args(options.unconfined.then_some("--unconfined"));
    command.args(options.only.iter().flat_map(|only| ["--only", only]));
    command.args(options.skip.iter().flat_map(|skip| ["--skip", skip]));
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
