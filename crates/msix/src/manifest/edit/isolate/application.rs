//! Applications and their extensions.

use roxmltree::Node;

use super::super::change::{attribute, further, value, without_attribute, without_element};
use super::super::{EditError, namespace};
use super::blocker::Obstacle;
use super::{Form, Plan};
use crate::Application;
use crate::manifest::Isolation;
use crate::manifest::application::has_host;
use crate::manifest::error::clip;
use crate::manifest::isolation::Generation;
use crate::manifest::namespace::Namespace;

const UAP18: &str = "http://schemas.microsoft.com/appx/manifest/uap/windows10/18";
const DESKTOP7: &str = "http://schemas.microsoft.com/appx/manifest/desktop/windows10/7";
const FULL_TRUST: &str = "Windows.FullTrustApplication";
/// What makes an application isolated.
const ATTRIBUTES: [(&str, &str); 3] =
    [("EntryPoint", "Isolated.App"), ("TrustLevel", "appContainer"), ("RuntimeBehavior", "appSilo")];

/// Plans the edits of all applications and extensions; how many applications are not isolated yet.
pub(super) fn edit(plan: &mut Plan<'_, '_>) -> Result<usize, EditError> {
    let foundation = |name| move |node: &Node<'_, '_>| node.has_tag_name((namespace::FOUNDATION, name));
    let nodes: Vec<_> = plan
        .root
        .children()
        .filter(foundation("Applications"))
        .flat_map(|parent| parent.children())
        .filter(foundation("Application"))
        .collect();
    let before = plan.before;
    let mut count = 0;
    for (node, application) in nodes.into_iter().zip(&before.applications) {
        let is_silo = application.isolation == Isolation::AppSilo;
        if !(is_silo && application.generation == Some(Generation::Uap18)) {
            count += 1;
            edit_one(plan, node, application)?;
        }
        for parent in node.children().filter(foundation("Extensions")) {
            edit_extensions(plan, parent, Some(application))?;
        }
    }
    for parent in plan.root.children().filter(foundation("Extensions")) {
        edit_extensions(plan, parent, None)?;
    }
    Ok(count)
}

fn edit_one(plan: &mut Plan<'_, '_>, node: Node<'_, '_>, application: &Application) -> Result<(), EditError> {
    let id = || application.id.clone();
    let Some(executable) = &application.executable else {
        plan.block(node, Obstacle::NoProgram(id()));
        return Ok(());
    };
    let program = executable.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    if program.starts_with("psflauncher") {
        plan.block(node, Obstacle::PsfLauncher(id()));
    }
    if has_host(node) {
        plan.block(node, Obstacle::Hosted(id()));
    } else if application.isolation == Isolation::Universal {
        plan.block(node, Obstacle::Universal(id()));
    }
    // Attributes of other generations, which say something else.
    let stale = |namespace| match namespace {
        Namespace::Uap(10) | Namespace::PreviewSecurity(_) => true,
        Namespace::None => plan.options.form == Form::Field,
        _ => false,
    };
    let named = |name: &str| ATTRIBUTES.iter().any(|(one, _)| *one == name);
    let stale: Vec<_> =
        node.attributes().filter(|one| named(one.name()) && stale(Namespace::of(one.namespace()))).collect();
    for one in stale {
        plan.insertions.push(without_attribute(plan.text, one));
        let what = format!("application {}: {}={:?} removed", application.id, one.name(), clip(one.value()));
        plan.change(node, what, "it says something else than the attributes of isolation");
    }
    if plan.options.form == Form::Documented {
        let why = "the documented form has it beneath the attributes of isolation, for systems that don't know those";
        let what = format!("application {}: EntryPoint={FULL_TRUST:?}", application.id);
        match attribute(node, Namespace::None, "EntryPoint") {
            Some(one) if one.value() == FULL_TRUST => {}
            Some(one) => {
                plan.insertions.push(value(one, FULL_TRUST));
                plan.change(node, what, why);
            }
            None => {
                plan.insertions.push(further(plan.text, node, "EntryPoint", FULL_TRUST));
                plan.change(node, what, why);
            }
        }
    }
    let prefix = plan.scope.attribute_prefix(UAP18, "uap18", node)?;
    let mut set = Vec::new();
    for (name, wanted) in ATTRIBUTES {
        match attribute(node, Namespace::Uap(18), name) {
            Some(one) if one.value() == wanted => continue,
            Some(one) => plan.insertions.push(value(one, wanted)),
            None => {
                plan.insertions.push(further(plan.text, node, &format!("{prefix}:{name}"), wanted));
            }
        }
        set.push(format!("{prefix}:{name}={wanted:?}"));
    }
    let what = format!("application {}: {}", application.id, set.join(" "));
    plan.change(node, what, "Win32 app isolation: it runs in an AppContainer, and the user is asked");
    Ok(())
}

fn edit_extensions(
    plan: &mut Plan<'_, '_>,
    parent: Node<'_, '_>,
    application: Option<&Application>,
) -> Result<(), EditError> {
    let (mut dropped, mut left) = (Vec::new(), false);
    for node in parent.children().filter(Node::is_element) {
        let namespace = Namespace::of(node.tag_name().namespace());
        let known = namespace == Namespace::Foundation || namespace.is_extension_of_manifest();
        let category = node.attribute("Category").filter(|_| known && node.tag_name().name() == "Extension");
        match category {
            Some(category) if plan.drops(category) => {
                let what = format!("extension {category} left out");
                plan.change(node, what, "asked for with --drop");
                dropped.push(node);
            }
            Some(category) => {
                left = true;
                edit_extension(plan, node, category, application)?;
            }
            None => left = true,
        }
    }
    if left || dropped.is_empty() {
        let out: Vec<_> = dropped.into_iter().map(|node| without_element(plan.text, node)).collect();
        plan.insertions.extend(out);
    } else {
        // The schema has no empty one.
        plan.insertions.push(without_element(plan.text, parent));
    }
    Ok(())
}

fn edit_extension(
    plan: &mut Plan<'_, '_>,
    node: Node<'_, '_>,
    category: &str,
    application: Option<&Application>,
) -> Result<(), EditError> {
    match category {
        "windows.comServer" | "windows.comInterface" | "windows.firewallRules" => {
            if plan.keeps(category) {
                plan.needs_full_trust = true;
            } else {
                plan.block(node, Obstacle::Global(category.to_owned()));
            }
            return Ok(());
        }
        "windows.service" => {
            plan.block(node, Obstacle::Service(category.to_owned()));
            return Ok(());
        }
        "windows.fullTrustProcess" => {
            plan.block(node, Obstacle::FullTrustProcess(category.to_owned()));
            return Ok(());
        }
        _ => {}
    }
    let Some(application) = application else {
        program_of_package(plan, node, category);
        return Ok(());
    };
    own_program(plan, node, category, application);
    let scoped = attribute(node, Namespace::Desktop(7), "Scope");
    if category == "windows.protocol" && scoped.is_none_or(|one| one.value() != "user") {
        let prefix = plan.scope.attribute_prefix(DESKTOP7, "desktop7", node)?;
        plan.insertions.push(match scoped {
            Some(one) => value(one, "user"),
            None => further(plan.text, node, &format!("{prefix}:Scope"), "user"),
        });
        let what = format!("extension {category}: {prefix}:Scope=\"user\"");
        plan.change(node, what, "an isolated application's protocol is registered for its user alone");
    }
    Ok(())
}

/// An extension of the package itself is no isolated application's: what it starts runs beside them.
fn program_of_package(plan: &mut Plan<'_, '_>, node: Node<'_, '_>, category: &str) {
    let starts = |node: Node<'_, '_>| {
        let attribute = node.attributes().find(|one| {
            ["Executable", "EntryPoint"].contains(&one.name())
                && matches!(Namespace::of(one.namespace()), Namespace::None | Namespace::Uap(_))
        });
        let path = || node.children().find(|child| child.tag_name().name() == "Path")?.text();
        match (attribute, node.tag_name().name()) {
            (Some(one), _) => Some(clip(one.value())),
            // A server of classes in a process of its own.
            (None, "OutOfProcessServer") => Some(clip(path().unwrap_or_default().trim())),
            // Before the first launch, for all users.
            (None, "CustomInstall") => Some("installers".to_owned()),
            _ => None,
        }
    };
    if let Some(program) = node.descendants().filter(Node::is_element).find_map(starts) {
        plan.block(node, Obstacle::OfPackage { category: category.to_owned(), program });
    }
}

/// An extension of an isolated application runs the application's program, with its trust.
fn own_program(plan: &mut Plan<'_, '_>, node: Node<'_, '_>, category: &str, application: &Application) {
    let same_path =
        |one: &str, other: &str| one.replace('\\', "/").eq_ignore_ascii_case(&other.replace('\\', "/"));
    let program = application.executable.as_deref().unwrap_or_default();
    for (name, plain) in
        [("Executable", true), ("EntryPoint", true), ("TrustLevel", false), ("RuntimeBehavior", false)]
    {
        let namespace = if plain { Namespace::None } else { Namespace::Uap(10) };
        let Some(one) = attribute(node, namespace, name) else { continue };
        let inherited = match name {
            "Executable" => same_path(one.value(), program),
            "EntryPoint" => one.value().eq_ignore_ascii_case(FULL_TRUST),
            _ => true,
        };
        if !inherited && !plan.keeps(category) {
            let (category, value) = (category.to_owned(), clip(one.value()));
            let attribute = if name == "Executable" { "Executable" } else { "EntryPoint" };
            plan.block(node, Obstacle::OwnProgram { category, attribute, value });
            continue;
        }
        plan.insertions.push(without_attribute(plan.text, one));
        let what = format!("extension {category}: {name}={:?} removed", clip(one.value()));
        plan.change(
            node,
            what,
            "an extension of an isolated application runs that application's program, isolated",
        );
    }
}
