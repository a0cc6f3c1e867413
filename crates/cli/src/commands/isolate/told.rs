//! What was changed, or stands against it.

use std::path::PathBuf;

use lowbox_msix::manifest::edit::isolate::{Blocker, Isolated};
use serde::Serialize;

use super::output_file::Input;
use super::{Arguments, Form};
use crate::failure::Failure;
use crate::output;
use crate::package::warn_of;

#[derive(Serialize)]
struct Answer {
    output: PathBuf,
    form: &'static str,
    full_name: String,
    family_name: String,
    changes: Vec<Change>,
    must_be_signed: bool,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Change {
    line: Option<u32>,
    column: Option<u32>,
    what: String,
    why: &'static str,
}

#[derive(Serialize)]
struct Blocked {
    blockers: Vec<Told>,
}

#[derive(Serialize)]
struct Told {
    line: u32,
    column: u32,
    kind: &'static str,
    what: String,
    drop: Option<String>,
}

/// Says what stands against it.
pub fn blocked(arguments: &Arguments, blockers: &[Blocker]) -> Result<(), Failure> {
    if arguments.json {
        let told = |one: &Blocker| Told {
            line: one.position.line,
            column: one.position.column,
            kind: one.obstacle.kind(),
            what: one.obstacle.to_string(),
            drop: one.obstacle.dropped_by().map(str::to_owned),
        };
        return output::json(&Blocked { blockers: blockers.iter().map(told).collect() });
    }
    let path = output::path(&arguments.input);
    for blocker in blockers {
        output::say(&format!("{path}: AppxManifest.xml: {blocker}"));
    }
    output::say(&format!("{path} is not isolated, and nothing was written"));
    Ok(())
}

/// Says what was changed.
pub fn done(arguments: &Arguments, input: &Input, isolated: &Isolated) -> Result<(), Failure> {
    let identity = &isolated.manifest.identity;
    let is_package = matches!(input, Input::Package(_));
    if arguments.json {
        let change = |one: &lowbox_msix::manifest::edit::isolate::Change| Change {
            line: one.position.map(|at| at.line),
            column: one.position.map(|at| at.column),
            what: one.what.clone(),
            why: one.why,
        };
        return output::json(&Answer {
            output: arguments.output.clone(),
            form: match arguments.form {
                Form::Documented => "documented",
                Form::Field => "field",
            },
            full_name: identity.full_name(),
            family_name: identity.family_name(),
            changes: isolated.changes.iter().map(change).collect(),
            must_be_signed: is_package,
            warnings: isolated.manifest.warnings.iter().map(ToString::to_string).collect(),
        });
    }
    let to = output::path(&arguments.output);
    for change in &isolated.changes {
        output::say(&format!("AppxManifest.xml: {change}"));
    }
    warn_of(&isolated.manifest, &arguments.output);
    let sign = if is_package {
        "; its signature, if it had one, was of the old one: sign it anew (lowbox sign)"
    } else {
        ""
    };
    output::say(&format!("{to}: {}, isolated{sign}", identity.full_name()));
    Ok(())
}
