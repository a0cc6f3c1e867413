//! A program that is started, and what it is given: what `run` and the commands that run a program alike have in common.

use lowbox_linux::limits::Limits;
use lowbox_linux::prepare::Request;

use crate::arguments::Scenario;
use crate::failure::Failure;
use crate::output;
use crate::package::Package;

/// Where no cgroup is delegated the limit is of the address space, of pid 1 too.
const LEAST_MEMORY: u64 = 16 << 20;

/// Closes what the caller left open, which is neither the program's business nor lowbox's, but for what is named and for `kept`.
///
/// # Errors
/// The system's.
pub fn close_descriptors(scenario: &Scenario, kept: Option<i32>) -> Result<(), Failure> {
    if scenario.descriptors.iter().any(|named| named.number >= 3) {
        return Ok(());
    }
    match kept {
        Some(number) => lowbox_linux::close_descriptors_but(&[number]),
        None => lowbox_linux::close_descriptors_from(3),
    }
    .map_err(Failure::new)
}

/// Refuses what a person can hardly have meant.
///
/// # Errors
/// What it is.
pub fn refuse_mistakes(scenario: &Scenario) -> Result<(), Failure> {
    if let Some(program) = scenario.command.first().filter(|word| word.as_encoded_bytes().starts_with(b"-")) {
        let shown = output::path(program.as_ref());
        return Err(Failure::new(format!(
            "{shown} is no option of lowbox run (see lowbox run --help); a program of that name is run as ./{shown}"
        )));
    }
    if let Some(bytes) = scenario.memory.filter(|bytes| *bytes < LEAST_MEMORY) {
        return Err(Failure::new(format!(
            "--memory {bytes}: no program starts in so few bytes; give it {} at least",
            LEAST_MEMORY
        )));
    }
    Ok(())
}

/// Whose identity and capabilities it has, with what the command line opens of networks.
///
/// # Errors
/// As [`Package::of`].
pub fn package(scenario: &Scenario) -> Result<Package, Failure> {
    let mut package = Package::of_command(&scenario.package, &scenario.command, scenario.is_installed)?;
    package.open(&scenario.network);
    Ok(package)
}

/// What is to be launched.
///
/// # Errors
/// When neither command line nor manifest names a program.
pub fn request(scenario: Scenario, package: Package) -> Result<Request, Failure> {
    let mut grants = scenario.grants.grants;
    let own = package.command(&scenario.command)?;
    grants.extend(own.grants);
    Ok(Request {
        family_name: package.identity.family_name(),
        publisher_id: package.identity.publisher().id(),
        package: package.told(),
        capabilities: package.capabilities,
        need_consent: package.need_consent,
        less_privileged: scenario.package.lpac,
        program: own.program,
        arguments: own.arguments,
        package_folders: own.package_folders,
        grants,
        argument_grants: !scenario.no_argument_grants,
        object_files: scenario.grants.object_files,
        environment: scenario.environment,
        descriptors: scenario.descriptors,
        loopback_ports: package.loopback_ports,
        hosts: package.hosts,
        limits: Limits {
            memory: scenario.memory,
            processes: scenario.pids,
            cpu_seconds: scenario.cpu_time,
            temporary_bytes: scenario.tmp_size,
        },
        working_directory: scenario.working_directory,
        ..Request::default()
    })
}
