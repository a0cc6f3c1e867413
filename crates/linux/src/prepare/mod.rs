//! From what the user asked for to a launch: identity and capabilities make the token, the catalogue and what was named
//! make the objects, the planner makes the plan.

mod bounds;
mod caller;
mod consents;
mod error;
mod fifos;
mod grantable;
mod notice;
mod objects;
mod privacy;
mod program;
mod publisher;
pub(crate) mod set_id_files;
#[cfg(test)]
mod tests;
mod token;
mod working_folder;

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use lowbox_policy::frontier::is_in_frontier;
use lowbox_policy::network::{AllowedHost, NETWORK_CAPABILITIES, NetworkPolicy};
use lowbox_policy::{NodeKind, Note, Object, Origin, Plan, PlanOptions, Protected, is_within};
use lowbox_security::Token;
use lowbox_security::derive::package_sid;

use crate::display::inside::Place;
use crate::display::{self, Display, OwnDisplay};
use crate::host::{EnvironmentRequest, RealTree, canonical, container_user, environment, visible_mounts};
use crate::launch::{
    Asks, ContainerUser, DescriptorKind, Ground, IN_MEMORY, Learns, NamedDescriptor, PackageData,
    ShownRecords, Spec, Verifies, check_descriptors, home,
};
use crate::limits::Limits;
use crate::store::{FileConsent, Standing};
use crate::supervise::TerminalGate;
use crate::wine::{self, PackageIdentity, WineRun, WineSpec};

pub(crate) use bounds::Bounds;
pub use caller::Caller;
pub use consents::{ConsentedFiles, PROMPT_FOR_ACCESS, consented_files};
pub use error::PrepareError;
pub(crate) use fifos::{Fifos, fifos};
pub use grantable::Grantable;
pub use notice::Notice;
pub use objects::{catalogue, catalogue_of_all_capabilities, variables};
pub use privacy::{Asking, Decided, decide_capabilities};
pub use publisher::PUBLISHER_DIRECTORY;
pub use token::token;
pub use working_folder::decide_working_folder;

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The package family name: who the program is.
    pub family_name: String,
    /// The publisher id of the package, for the folder that a publisher's packages share.
    pub publisher_id: String,
    /// The package that it is of, if it is of one: for programs that ask.
    pub package: Option<PackageIdentity>,
    /// Declared capabilities.
    pub capabilities: Vec<String>,
    /// Those of them that the user has to allow: privacy-sensitive, and declared by the package. [`decide_capabilities`]
    /// settles them.
    pub need_consent: Vec<String>,
    /// A less privileged AppContainer.
    pub less_privileged: bool,
    /// The program, by path or by name in PATH.
    pub program: OsString,
    /// Its arguments, without the zeroth.
    pub arguments: Vec<OsString>,
    /// Folders of the installed package's files and of those of the packages that it needs, its own first.
    pub package_folders: Vec<PathBuf>,
    /// `--grant`.
    pub grants: Vec<Grant>,
    /// What the user consented to just now, beside what the store holds.
    pub consents: Vec<Grant>,
    /// Grant regular files that are named as arguments, for reading.
    pub argument_grants: bool,
    /// More object files.
    pub object_files: Vec<PathBuf>,
    /// `--env`.
    pub environment: Vec<EnvironmentRequest>,
    /// `--fd`.
    pub descriptors: Vec<NamedDescriptor>,
    /// Limits.
    pub limits: Limits,
    /// Report opens.
    pub observe: bool,
    /// Ask the user about what the program touches.
    pub asks: bool,
    /// A Windows program may have the user choose files in a window of lowbox's; only together with `asks`.
    pub chooses: bool,
    /// Time the steps of the launch.
    pub timings: bool,
    /// Give the program a terminal of its own in place of the caller's, and let its bytes pass this gate.
    pub terminal: Option<TerminalGate>,
    /// Descriptors that are lowbox's alone: at which it asks.
    pub private_descriptors: Vec<i32>,
    /// `--allow-loopback`: ports of the host's loopback that the program may connect to.
    pub loopback_ports: Vec<u16>,
    /// `--allow-host`.
    pub hosts: Vec<AllowedHost>,
    /// It is a Windows program ([`crate::wine::needed`]), and so it is run.
    pub wine: Option<WineRun>,
    /// A display of its own.
    pub display: Option<Display>,
    /// It has no private folders on the disk, and its home is its `/tmp`: nothing of it lasts.
    pub in_memory: bool,
    /// Its container is kept for more programs of its package.
    pub kept: bool,
    /// It joins a container, whose prefix another lowbox holds.
    pub joins: bool,
    /// Learn what the program needs, or what it lacks.
    pub learns: Option<Learning>,
    /// Where to start; the caller's working folder if none is given.
    pub working_directory: Option<PathBuf>,
}

/// How to learn what a program needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learning {
    /// What only looks counts too.
    pub probes: bool,
    /// Everything is denied that a run without learning denies; else nothing is.
    pub enforced: bool,
    /// The folder of records that the program may read, where nothing is denied.
    pub records: Option<PathBuf>,
}

impl Request {
    /// Nothing is denied: the program sees the host's tree and has its network.
    fn denies_nothing(&self) -> bool {
        self.learns.as_ref().is_some_and(|learning| !learning.enforced)
    }
}

/// The variable in which an installed package's program finds its own folder and those of the packages that it needs, as PATH has them.
pub const PACKAGE_GRAPH: &str = "LOWBOX_PACKAGE_GRAPH";

/// The folder in a package's LocalState at which a program whose lacks are only reported finds the records.
pub const RECORDS: &str = "lowbox-records";

/// A path and its rights, as `--grant` has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// As the user wrote it.
    pub path: PathBuf,
    /// Which rights.
    pub rights: lowbox_policy::GrantRights,
}

/// Everything decided; nothing done yet but the package's private folders.
#[derive(Debug)]
pub struct Prepared {
    /// For [`Groundwork::launch`](crate::launch::Groundwork::launch).
    pub spec: Spec,
    /// Who the program is.
    pub token: Token,
    /// Every object that was considered, for explanations.
    pub objects: Vec<Object>,
    /// The remembered consents that the plan holds.
    pub consented: Vec<(FileConsent, Standing)>,
    /// What the user should know although all goes on.
    pub notices: Vec<Notice>,
    /// Held while a Windows program uses its prefix.
    pub prefix_locks: Vec<std::fs::File>,
}

/// Places that no grant may open: lowbox's own state, from which a program could give itself rights, and the home folder
/// as a whole, in which they lie.
pub fn protected(caller: &Caller) -> Vec<Protected> {
    let real = |path: &Path| canonical(path).unwrap_or_else(|_| path.to_owned());
    let mut places = vec![
        Protected {
            path: real(&caller.folders.data),
            what: "where lowbox keeps packages' private data",
            inside_too: true,
        },
        Protected {
            path: real(&caller.folders.config),
            what: "where lowbox reads its configuration",
            inside_too: true,
        },
        Protected {
            path: real(&caller.folders.system_config),
            what: "where lowbox reads the administrator's configuration",
            inside_too: true,
        },
    ];
    if let Some(home) = &caller.user.home {
        places.push(Protected { path: home.clone(), what: "your whole home folder", inside_too: false });
    }
    places
}

/// What a launch of `request` needs before its plan is made. Checks the descriptors that the program inherits, before lowbox
/// opens any of its own.
///
/// # Errors
/// [`PrepareError::RootGroup`]; [`LaunchError::Descriptor`](crate::launch::LaunchError::Descriptor) and its like.
pub fn ground(caller: &Caller, request: &Request) -> Result<Ground, PrepareError> {
    if !caller.user.is_root() && caller.user.gid == 0 {
        return Err(PrepareError::RootGroup);
    }
    Ok(Ground {
        user: container_user(&caller.user, &package_sid(&request.family_name)),
        temporary_bytes: request.limits.temporary_bytes,
        lent_pipes: lent_pipes(request),
        named_descriptors: check_descriptors(&request.descriptors)?,
        asks: request.asks,
        terminal: request.terminal.clone(),
        private_descriptors: request.private_descriptors.clone(),
        timings: request.timings,
        // A program that is learned about has the host's network.
        network: if request.denies_nothing() { None } else { network(caller, request)? },
        display: request.display.clone(),
    })
}

/// What of the host's networks is open to the program; `None` if nothing is.
///
/// # Errors
/// As [`token`].
pub fn network(caller: &Caller, request: &Request) -> Result<Option<NetworkPolicy>, PrepareError> {
    let named = NETWORK_CAPABILITIES
        .iter()
        .any(|name| request.capabilities.iter().any(|held| held.eq_ignore_ascii_case(name)));
    if !named && request.loopback_ports.is_empty() && request.hosts.is_empty() {
        return Ok(None);
    }
    let (token, _) = token(caller, request)?;
    let policy = NetworkPolicy::new(&token, request.loopback_ports.clone(), request.hosts.clone());
    Ok(policy.opens_anything().then_some(policy))
}

/// Which of 0–2 the user lends as the pipe that it is.
fn lent_pipes(request: &Request) -> Vec<i32> {
    let named = request.descriptors.iter().filter(|named| named.kind == DescriptorKind::Pipe);
    named.map(|named| named.number).filter(|number| *number < 3).collect()
}

/// Prepares a launch.
///
/// # Errors
/// [`PrepareError`]; nothing was changed but that the package's private folders may exist now.
pub fn prepare(caller: &Caller, request: &Request) -> Result<Prepared, PrepareError> {
    if !caller.user.is_root() && caller.user.gid == 0 {
        return Err(PrepareError::RootGroup);
    }
    let working_directory = working_directory(request)?;
    let (token, mut notices) = token(caller, request)?;
    let user = container_user(&caller.user, &token.app_container.as_ref().expect("made above").package);
    let data = match request.in_memory {
        true => None,
        false => Some(caller.folders.package_data(&caller.user, &user, &request.family_name)?),
    };
    let shared = publisher::folder(caller, &token, request)?;
    let mut objects = objects::relevant_catalogue(caller, &token, request)?;
    let found = program::find(caller, request, &working_directory)?;
    let mut personal: Vec<PathBuf> = shared.into_iter().collect();
    if let Some(data) = &data {
        objects::add_private_data(&mut objects, &token, data, &mut personal);
    }
    objects::add_grants(&mut objects, &token, request, &Grantable::new(caller), &mut personal)?;
    objects::add_arguments(&mut objects, &token, request, &mut personal, &mut notices);
    let mut consented = consents::add(&mut objects, caller, &token, request, &mut personal, &mut notices);
    objects::add_package(&mut objects, &token, request, &mut personal)?;
    objects::add_program(&mut objects, &token, &found, request, &mut personal);
    notices.extend(found.led_to.iter().cloned().map(Notice::LedTo));
    let options = PlanOptions { protected: protected(caller), ..PlanOptions::default() };
    let ready = request.wine.as_ref();
    let ready = ready.map(|run| wine::prefix::ready(caller, &run.prefix, &user, request));
    let ready = ready.transpose()?;
    let plan = match lowbox_policy::plan(&token, &objects, &RealTree, &options) {
        Err(error) if !consented.is_empty() => {
            // What was remembered must not keep the program from starting.
            notices.push(Notice::Consents(format!("what you consented to before is left out: {error}")));
            objects.retain(|object| object.origin != Origin::Consent);
            consented.clear();
            lowbox_policy::plan(&token, &objects, &RealTree, &options)?
        }
        result => result?,
    };
    notices.extend(notes_of_grants(&plan, &objects).cloned().map(Notice::Plan));
    // Nothing of its own is said where all goes well, so this is for who asked.
    notices.extend(temporary_working_folder(&plan, &working_directory).filter(|_| request.observe));
    let mut variables = program::environment(caller, &found);
    let package = request.package.as_ref();
    variables.extend(ready.iter().flat_map(|ready| wine::environment(caller, ready, package)));
    variables.extend(package_graph(request));
    let display = own_display(request, &plan, &user, &mut notices);
    variables.extend(display.iter().flat_map(|display| display.place.environment(user.uid)));
    variables.extend(request.environment.iter().cloned());
    let learning = request.learns.as_ref();
    let verifies = learning
        .filter(|one| one.enforced)
        .map(|one| Verifies { probes: one.probes || request.wine.is_some() });
    let learns =
        learning.filter(|one| !one.enforced).map(|one| learns(one, &user, data.as_ref(), &mut notices));
    let learns = learns.transpose()?;
    let temp_inside = match (&learns, &data) {
        // There are no folders of the container's own.
        (Some(_), Some(data)) => data.temp_state.display().to_string(),
        (None, Some(_)) => temp_inside(&plan).to_owned(),
        (_, None) => IN_MEMORY.to_owned(),
    };
    let home = home(data.as_ref());
    let program = if learns.is_some() { found.called.clone() } else { found.visible_in(&plan) };
    let by_wine = request.wine.as_ref().zip(ready.as_ref());
    let (program, arguments, wine) = match by_wine {
        None => {
            let arguments = std::iter::once(&request.program).chain(&request.arguments).cloned().collect();
            (program, arguments, None)
        }
        Some((run, ready)) => {
            let frontier = if request.asks { asked_for(caller, &working_directory) } else { Vec::new() };
            let container = token.app_container.as_ref().expect("made above");
            let named = wine::Named {
                program: &program,
                arguments: &request.arguments,
                working_folder: &working_directory,
                objects: &objects,
                binds: &plan.binds,
                packages: &request.package_folders,
                user: &user.name,
                container,
                package: request.package.as_ref(),
                data: wine::Data {
                    family_name: &request.family_name,
                    local_state: home,
                    temp_state: Path::new(&temp_inside),
                },
                libraries: &wine::libraries(caller, container, &plan.binds, &user.name),
                to_ask_for: &frontier,
                sees_all: request.denies_nothing(),
                chooses: request.asks && request.chooses,
            };
            let (spec, arguments) = WineSpec::new(run, ready, &named);
            (run.wine.loader.clone(), arguments, Some(spec))
        }
    };
    let chooses = wine.as_ref().is_some_and(|wine| wine.told.is_some()) && request.chooses;
    let asks =
        request.asks.then(|| Asks { chooses, ..asks(caller, request, &plan, &objects, &working_directory) });
    let spec = Spec {
        temp_inside: temp_inside.clone(),
        environment: environment(&caller.environment, &variables, home, &temp_inside, &user),
        program,
        arguments,
        working_directory,
        plan,
        personal,
        data,
        user,
        limits: request.limits,
        resolver_file: network(caller, request)?.map(|_| crate::network::resolver_file()),
        observe: request.observe,
        asks,
        learns,
        verifies,
        wine,
        display,
        kept: request.kept,
        lent_pipes: lent_pipes(request),
        extra_descriptors: request.descriptors.iter().map(|named| named.number).filter(|n| *n > 2).collect(),
    };
    let prefix_locks = ready.map(|ready| ready.locks).unwrap_or_default();
    Ok(Prepared { spec, token, objects, consented, notices, prefix_locks })
}

/// The display, unless there is no place for it.
fn own_display(
    request: &Request,
    plan: &Plan,
    user: &ContainerUser,
    notices: &mut Vec<Notice>,
) -> Option<OwnDisplay> {
    let display = request.display.as_ref()?;
    let place = match request.denies_nothing() {
        true => Place::over_hosts().map_err(|error| Notice::NoFolderForDisplay(error.to_string())),
        false if display::inside::is_covered(plan, user.uid) => Err(Notice::NoPlaceForDisplay),
        false => Ok(Place::OwnTmp),
    };
    let place = place.map_err(|notice| notices.push(notice)).ok()?;
    Some(OwnDisplay { authority: display.authority.file(), place })
}

/// Tells a program of a package where the packages are that it needs.
fn package_graph(request: &Request) -> Option<EnvironmentRequest> {
    if request.package_folders.is_empty() {
        return None;
    }
    let value = std::env::join_paths(&request.package_folders).ok()?;
    Some(EnvironmentRequest { name: PACKAGE_GRAPH.into(), value: Some(value) })
}

fn learns(
    learning: &Learning,
    user: &ContainerUser,
    data: Option<&PackageData>,
    notices: &mut Vec<Notice>,
) -> Result<Learns, PrepareError> {
    let mounts = match user.launched_by_root {
        false => Vec::new(),
        true => {
            let mut mounts = visible_mounts().map_err(PrepareError::Mounts)?;
            mounts.extend(
                data.into_iter().flat_map(|data| [data.local_state.clone(), data.temp_state.clone()]),
            );
            mounts
        }
    };
    let records = learning.records.clone().zip(data).and_then(|(folder, data)| {
        let shown_at = data.local_state.join(RECORDS);
        // The program may have put anything there.
        let made = make_folder(&data.local_state, RECORDS);
        let failed = |error: std::io::Error| Notice::HiddenRecords(shown_at.clone(), error.to_string());
        made.map_err(failed).map_err(|notice| notices.push(notice)).ok()?;
        Some(ShownRecords { folder, shown_at })
    });
    Ok(Learns { probes: learning.probes, mounts, records })
}

/// Makes a folder in one where a program may write. Nothing of the program's is followed or changed.
fn make_folder(folder: &Path, name: &str) -> std::io::Result<()> {
    use rustix::fs::{AtFlags, CWD, FileType, Mode, mkdirat, statat};
    let folder = crate::launch::pin::open_without_links(CWD, folder)?;
    match mkdirat(&folder, name, Mode::from(0o755)) {
        Err(rustix::io::Errno::EXIST) => {}
        made => made?,
    }
    match FileType::from_raw_mode(statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode) {
        FileType::Directory => Ok(()),
        _ => Err(std::io::Error::other("it is no folder")),
    }
}

/// Where the program may ask, and which of its arguments it may look at before it opens them.
fn asks(
    caller: &Caller,
    request: &Request,
    plan: &Plan,
    objects: &[Object],
    working_directory: &Path,
) -> Asks {
    let frontier = lowbox_policy::frontier::frontier(caller.user.home.as_deref(), working_directory);
    let shown = |path: &Path| plan.binds.iter().any(|bind| path.starts_with(&bind.path));
    let whole = |argument: &OsString| working_directory.join(argument).components().collect::<PathBuf>();
    let probes =
        request.arguments.iter().filter(|argument| !argument.is_empty() && argument.len() < 4096).map(whole);
    let probes = probes.filter(|path| is_in_frontier(path, &frontier) && !shown(path));
    let probes = probes.filter(|path| std::fs::symlink_metadata(path).is_ok()).take(MAX_PROBES).collect();
    let apart = apart(plan, objects, &frontier);
    Asks { frontier, probes, apart, chooses: false }
}

/// Folders of the frontier that are there, which a Windows program needs a drive for.
fn asked_for(caller: &Caller, working_directory: &Path) -> Vec<PathBuf> {
    let mut frontier = lowbox_policy::frontier::frontier(caller.user.home.as_deref(), working_directory);
    frontier.retain(|place| std::fs::symlink_metadata(place).is_ok_and(|found| found.is_dir()));
    frontier
}

/// What is granted for reading where Landlock leaves everything to the mounts, and holds a FIFO. Programs are not looked through:
/// that would be a part of every start of a large one, and nobody keeps FIFOs there.
fn apart(plan: &Plan, objects: &[Object], frontier: &[PathBuf]) -> Vec<PathBuf> {
    let read_only = plan.binds.iter().filter(|bind| bind.id.kind == NodeKind::Dir && !bind.writable);
    let at_stake = read_only.filter(|bind| frontier.iter().any(|place| is_within(&bind.path, place)));
    let program = |path: &Path| {
        objects.iter().any(|object| object.origin == Origin::Program && is_within(path, &object.path))
    };
    at_stake
        .filter(|bind| !program(&bind.path) && fifos(&bind.path, &mut Bounds::at_launch()) != Fifos::None)
        .map(|bind| bind.path.clone())
        .collect()
}

/// Looked at for each call of the program that looks at something.
const MAX_PROBES: usize = 64;

/// Beneath `/tmp` the container has files of its own: what is written there does not reach the host, and nothing fails.
fn temporary_working_folder(plan: &Plan, folder: &Path) -> Option<Notice> {
    let own =
        ["/tmp", "/var/tmp"].into_iter().find(|own| folder.starts_with(own) && folder != Path::new(own))?;
    let granted = plan.binds.iter().any(|bind| folder.starts_with(&bind.path));
    (!granted).then(|| Notice::WorkingFolder { folder: folder.to_owned(), own })
}

/// Where the lasting temporary files go: `/var/tmp`, unless that would cover a grant, or a grant of a folder above covers it.
fn temp_inside(plan: &Plan) -> &'static str {
    // A plan's paths are plain, so their text tells.
    let covers = plan.binds.iter().any(|bind| match bind.path.as_os_str().as_bytes().strip_prefix(b"/var") {
        Some(below) => below.is_empty() || below == b"/tmp" || below.starts_with(b"/tmp/"),
        None => false,
    });
    if covers { "/run/temporary" } else { "/var/tmp" }
}

/// Notes on what the user named; notes on the catalogue are for `explain`.
fn notes_of_grants<'a>(plan: &'a Plan, objects: &'a [Object]) -> impl Iterator<Item = &'a Note> {
    let named: Vec<&Path> =
        objects.iter().filter(|object| object.origin.is_grant()).map(|o| o.path.as_path()).collect();
    plan.notes.iter().filter(move |note| named.iter().any(|path| note.path.starts_with(path)))
}

fn working_directory(request: &Request) -> Result<PathBuf, PrepareError> {
    match &request.working_directory {
        Some(path) => {
            let named = crate::host::name(path)?;
            match named.id.kind {
                NodeKind::Dir => Ok(named.path),
                _ => Err(PrepareError::NoFolder(named.path)),
            }
        }
        None => std::env::current_dir()
            .ok()
            .filter(|path| path.is_absolute())
            .ok_or(PrepareError::WorkingDirectory),
    }
}
