//! `lowbox explain`: the access check's answer for one path or one place in the network, ACE by ACE, and what would grant it.

mod answer;
mod connect;
mod page;
mod world;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use lowbox_linux::host::name;
use lowbox_linux::prepare::{
    Caller, PrepareError, Request, catalogue, consented_files, decide_capabilities, protected, token,
};
use lowbox_policy::network::NetworkPolicy;
use lowbox_policy::{GrantRights, Object, Operation, Origin, PlanOptions, grant_descriptor};
use lowbox_security::Token;

use crate::arguments::{GrantArguments, NetworkArguments, PackageArguments};
use crate::failure::Failure;
use crate::output;
use crate::package::Package;
use crate::resolve::resolve;
use connect::Destination;
use page::page;
use world::World;

/// `lowbox explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lowbox explain ~/Documents/x.txt --capability picturesLibrary
  lowbox explain ./out --for create --grant ./out:r
  lowbox explain ~/notes.txt --package Contoso.App
  lowbox explain --connect pypi.org:443 --manifest AppxManifest.xml")]
pub struct Arguments {
    /// The file or folder; it need not exist
    #[arg(required_unless_present = "connect")]
    pub path: Option<PathBuf>,

    /// In place of a path: a host's name or address with a port, to connect to by TCP and UDP
    #[arg(long, value_name = "HOST:PORT", conflicts_with_all = ["path", "operation"])]
    pub connect: Option<Destination>,

    /// What is to be done with it: reading, or listing where it is a folder, unless given
    #[arg(long = "for", value_name = "OPERATION",
        value_parser = PossibleValuesParser::new(Operation::ALL.map(Operation::keyword)).try_map(|name| Operation::from_keyword(&name).ok_or("unknown")))]
    pub operation: Option<Operation>,

    /// Whose access it is about.
    #[command(flatten)]
    pub package: PackageArguments,

    /// An installed package, or NAME!ID for one of its applications
    #[arg(long = "package", value_name = "NAME", conflicts_with_all = ["manifest", "name"])]
    pub installed: Option<OsString>,

    /// What it is granted beside its capabilities.
    #[command(flatten)]
    pub grants: GrantArguments,

    /// What it may reach of networks beside its capabilities.
    #[command(flatten)]
    pub network: NetworkArguments,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

/// Explains.
pub fn execute(arguments: Arguments) -> Result<ExitCode, Failure> {
    let failed = |error: PrepareError| Failure::new(&error);
    let mut package = match &arguments.installed {
        Some(name) => Package::of_told(&arguments.package, std::slice::from_ref(name), true)?,
        None => Package::of(&arguments.package, Some("explain".as_ref()))?,
    };
    package.open(&arguments.network);
    let caller = Caller::current().map_err(failed)?;
    let mut request = Request {
        family_name: package.identity.family_name(),
        publisher_id: package.identity.publisher().id(),
        capabilities: package.capabilities,
        need_consent: package.need_consent,
        less_privileged: arguments.package.lpac,
        object_files: arguments.grants.object_files,
        ..Request::default()
    };
    let decided = decide_capabilities(&caller, &mut request, None);
    let (token, notices) = token(&caller, &request).map_err(failed)?;
    for notice in decided.notices.iter().chain(&notices) {
        output::say(&notice.to_string());
    }
    let Some(path) = arguments.path else {
        let policy = NetworkPolicy::new(&token, package.loopback_ports, package.hosts);
        let destination = arguments.connect.expect("clap wants one of them");
        connect::explain(&destination, &policy, arguments.json)?;
        return Ok(ExitCode::SUCCESS);
    };
    let mut objects =
        catalogue(&caller, &token, &request.publisher_id, &request.object_files).map_err(failed)?;
    objects.push(private_data(&caller, &request, &token));
    for folder in package.installed.iter().flat_map(|installed| &installed.folders) {
        objects.push(own(&token, folder, GrantRights::READ_EXECUTE, Origin::Package));
    }
    for grant in &arguments.grants.grants {
        let named = name(&grant.path).map_err(Failure::new)?;
        let mut object = own(&token, &named.path, grant.rights, Origin::Grant);
        object.identity = Some(named.id);
        objects.push(object);
    }
    let named: Vec<&Path> = objects
        .iter()
        .filter(|object| object.origin == Origin::Grant)
        .map(|object| object.path.as_path())
        .collect();
    let consented = consented_files(&caller, &token, &request, &named);
    for notice in &consented.notices {
        output::say(&notice.to_string());
    }
    objects.extend(consented.objects);
    let start = std::env::current_dir().map_err(|_| failed(PrepareError::WorkingDirectory))?;
    let resolved = resolve(&start, &path).map_err(Failure::new)?;
    let world = World {
        token: &token,
        objects: &objects,
        options: PlanOptions { protected: protected(&caller), ..PlanOptions::default() },
    };
    let answer = world.answer(&path, &resolved, arguments.operation)?;
    if arguments.json {
        output::json(&answer)?;
    } else {
        page(&answer, &path, &resolved).print()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn own(token: &Token, path: &Path, rights: GrantRights, origin: Origin) -> Object {
    let package = &token.app_container.as_ref().expect("a program's token has a package").package;
    Object::new(path, grant_descriptor(package, rights), origin)
}

/// The package's own folder, which `run` makes and this command doesn't.
fn private_data(caller: &Caller, request: &Request, token: &Token) -> Object {
    let path = caller.folders.data.join("packages").join(&request.family_name).join("LocalState");
    let mut object =
        own(token, &std::fs::canonicalize(&path).unwrap_or(path), GrantRights::ALL, Origin::PrivateData);
    object.optional = true;
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_have_the_same_names_on_the_command_line_and_in_json() {
        for operation in Operation::ALL {
            assert_eq!(serde_json::to_value(operation).unwrap(), operation.keyword());
        }
    }
}
