//! `lowbox token`: who a program would be.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Args;
use lowbox_linux::host::container_user;
use lowbox_linux::prepare::{Caller, Notice, PrepareError, Request, decide_capabilities, token};
use lowbox_policy::capability;
use lowbox_security::derive::capability_sid;
use lowbox_security::{Integrity, Sid};
use serde::Serialize;

use crate::arguments::PackageArguments;
use crate::failure::Failure;
use crate::output::{self, Page};
use crate::package::Package;
use crate::sids;

/// `lowbox token`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lowbox token --manifest AppxManifest.xml
  lowbox token Contoso.App                     an installed package
  lowbox token --capability documentsLibrary -- python3")]
pub struct Arguments {
    /// Whose token.
    #[command(flatten)]
    pub package: PackageArguments,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,

    /// An installed package; or the program, whose name is its identity unless --name or --manifest gives one; its arguments don't matter
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "PROGRAM")]
    pub command: Vec<OsString>,
}

/// The answer as JSON.
#[derive(Serialize)]
struct Answer {
    user: Named,
    groups: Vec<Member>,
    package: PackageAnswer,
    capabilities: Vec<CapabilityAnswer>,
    /// Declared, and not in the token for want of consent.
    withheld: Vec<Withheld>,
    integrity: Level,
    privileges: Vec<&'static str>,
    runs_as: RunsAs,
}

#[derive(Serialize)]
struct Named {
    sid: Sid,
    name: Option<String>,
}

#[derive(Serialize)]
struct Member {
    sid: Sid,
    name: Option<String>,
    deny_only: bool,
}

#[derive(Serialize)]
struct PackageAnswer {
    sid: Sid,
    family_name: String,
    full_name: String,
    publisher_id: String,
    /// `family!application`, where a manifest's application is meant.
    application: Option<String>,
    less_privileged: bool,
}

#[derive(Serialize)]
struct CapabilityAnswer {
    name: String,
    sid: Sid,
    /// Whether the catalogue knows it.
    known: bool,
    privacy: bool,
}

#[derive(Serialize)]
struct Withheld {
    name: String,
    /// `undecided` or `denied`.
    consent: &'static str,
}

#[derive(Serialize)]
struct Level {
    level: Integrity,
    sid: Sid,
}

/// The Unix user that the program is.
#[derive(Serialize)]
struct RunsAs {
    uid: u32,
    gid: u32,
}

/// Shows the token.
pub fn execute(arguments: Arguments) -> Result<ExitCode, Failure> {
    let failed = |error: PrepareError| Failure::new(&error);
    let options = &arguments.package;
    if arguments.command.is_empty() && options.manifest.is_none() && options.name.is_none() {
        return Err(Failure::new(
            "say whose token: name an installed package, a program (lowbox token -- python3), --name NAME or --manifest FILE",
        ));
    }
    let package = Package::of_told(&arguments.package, &arguments.command, false)?;
    let caller = Caller::current().map_err(failed)?;
    let mut request = Request {
        family_name: package.identity.family_name(),
        publisher_id: package.identity.publisher().id(),
        capabilities: package.capabilities,
        need_consent: package.need_consent,
        less_privileged: arguments.package.lpac,
        ..Request::default()
    };
    let decided = decide_capabilities(&caller, &mut request, None);
    let (token, notices) = token(&caller, &request).map_err(failed)?;
    for notice in decided.notices.iter().chain(&notices) {
        output::say(&notice.to_string());
    }
    let container = token.app_container.as_ref().expect("a program's token has a package");
    let user = container_user(&caller.user, &container.package);
    let application = package.manifest.as_ref().and_then(|manifest| manifest.application.as_ref());
    let answer = Answer {
        user: Named { sid: token.user.clone(), name: Some(caller.user.name.clone()) },
        groups: token
            .groups
            .iter()
            .map(|group| Member {
                sid: group.sid.clone(),
                name: sids::name_of(&group.sid),
                deny_only: group.deny_only,
            })
            .collect(),
        package: PackageAnswer {
            sid: container.package.clone(),
            family_name: request.family_name,
            full_name: package.identity.full_name(),
            publisher_id: request.publisher_id,
            application: application.map(|application| package.identity.aumid(&application.id)),
            less_privileged: container.less_privileged,
        },
        capabilities: request
            .capabilities
            .iter()
            .map(|name| {
                let known = capability(name);
                let privacy = known.is_some_and(|known| known.privacy);
                CapabilityAnswer {
                    name: name.clone(),
                    sid: capability_sid(name),
                    known: known.is_some(),
                    privacy,
                }
            })
            .collect(),
        withheld: decided.notices.iter().filter_map(withheld).collect(),
        integrity: Level { level: token.integrity, sid: token.integrity.sid() },
        privileges: token.privileges.iter().map(|privilege| privilege.name()).collect(),
        runs_as: RunsAs { uid: user.uid, gid: user.gid },
    };
    if arguments.json {
        output::json(&answer)?;
    } else {
        page(&answer).print()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn withheld(notice: &Notice) -> Option<Withheld> {
    match notice {
        Notice::Withheld { capability, denied, .. } => {
            Some(Withheld { name: capability.clone(), consent: if *denied { "denied" } else { "undecided" } })
        }
        _ => None,
    }
}

fn page(answer: &Answer) -> Page {
    let mut page = Page::new();
    let named = |sid: &Sid, name: &Option<String>| match name {
        Some(name) => format!("{name} ({sid})"),
        None => sid.to_string(),
    };
    page.field("user", &named(&answer.user.sid, &answer.user.name));
    for (index, group) in answer.groups.iter().enumerate() {
        let deny_only = if group.deny_only { ", for deny only" } else { "" };
        page.field(
            if index == 0 { "groups" } else { "" },
            &format!("{}{deny_only}", named(&group.sid, &group.name)),
        );
    }
    page.field("package", &answer.package.family_name);
    page.field("package SID", &answer.package.sid.to_string());
    page.field("full name", &answer.package.full_name);
    if let Some(application) = &answer.package.application {
        page.field("application", application);
    }
    let kind =
        if answer.package.less_privileged { "less privileged AppContainer (LPAC)" } else { "AppContainer" };
    page.field("kind", kind);
    if answer.capabilities.is_empty() {
        page.field("capabilities", "none");
    }
    let width = answer.capabilities.iter().map(|capability| capability.name.len()).max().unwrap_or(0);
    for (index, capability) in answer.capabilities.iter().enumerate() {
        let mut text = format!("{:<width$}  {}", capability.name, capability.sid);
        if capability.privacy {
            text.push_str("  privacy-sensitive");
        }
        if !capability.known {
            text.push_str("  not in the catalogue");
        }
        page.field(if index == 0 { "capabilities" } else { "" }, &text);
    }
    for (index, withheld) in answer.withheld.iter().enumerate() {
        let text = format!("{:<width$}  {}", withheld.name, withheld.consent);
        page.field(if index == 0 { "withheld" } else { "" }, &text);
    }
    page.field("integrity", &format!("{} ({})", answer.integrity.level, answer.integrity.sid));
    let privileges =
        if answer.privileges.is_empty() { "none".to_owned() } else { answer.privileges.join(", ") };
    page.field("privileges", &privileges);
    page.field("runs as", &format!("uid {}, gid {}", answer.runs_as.uid, answer.runs_as.gid));
    page
}
