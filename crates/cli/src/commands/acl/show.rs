//! `lowbox acl show`: a descriptor in words.

use std::process::ExitCode;

use clap::Args;
use lowbox_security::{
    AccessMask, Ace, AceData, AceFlags, AceKind, Acl, Control, Dacl, GenericMapping, ObjectKind,
    SecurityDescriptor, Sid,
};
use serde::Serialize;

use super::kind::{KINDS, kind};
use crate::failure::Failure;
use crate::output::{self, Page, Style};
use crate::sids;

/// `lowbox acl show`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  lowbox acl show 'O:BAD:P(D;;FW;;;AC)(A;OICI;FA;;;BU)S:(ML;;NW;;;LW)'")]
pub struct Arguments {
    /// The descriptor
    pub sddl: String,

    /// What the object is: names the rights
    #[arg(long, value_name = "KIND", default_value = "file", value_parser = KINDS.map(|(name, _)| name))]
    pub kind: String,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

/// The answer as JSON.
#[derive(Serialize)]
struct Answer {
    /// The descriptor as lowbox writes it.
    sddl: String,
    owner: Option<Named>,
    group: Option<Named>,
    dacl: List,
    sacl: List,
}

#[derive(Serialize)]
struct Named {
    sid: Sid,
    name: Option<String>,
}

#[derive(Serialize)]
struct List {
    /// `absent`, `null` or `present`.
    state: &'static str,
    /// Takes nothing from the parent.
    protected: bool,
    /// Deny before allow, explicit before inherited.
    canonical: bool,
    aces: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    index: usize,
    /// `allow`, `deny`, `audit`, `label`, `attribute` or `other`.
    effect: &'static str,
    /// The type by its Windows name, in words.
    kind: String,
    sid: Sid,
    name: Option<String>,
    mask: AccessMask,
    rights: Vec<String>,
    /// In SDDL's letters.
    flags: Vec<&'static str>,
    object_type: Option<String>,
    inherited_object_type: Option<String>,
    /// Condition, attribute, or bytes that are not read, as text.
    data: Option<String>,
    sddl: String,
    /// The whole in words.
    sentence: String,
}

/// Shows it.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let descriptor = SecurityDescriptor::from_sddl(&arguments.sddl).map_err(Failure::new)?;
    let kind = kind(&arguments.kind).map_err(Failure::new)?;
    let answer = answer(&descriptor, kind);
    if arguments.json {
        output::json(&answer)?;
    } else {
        page(&answer).print()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn answer(descriptor: &SecurityDescriptor, kind: ObjectKind) -> Answer {
    let named =
        |sid: &Option<Sid>| sid.as_ref().map(|sid| Named { sid: sid.clone(), name: sids::name_of(sid) });
    let list = |state, acl: Option<&Acl>, protected| List {
        state,
        protected: descriptor.control.contains(protected),
        canonical: acl.is_none_or(Acl::is_canonical),
        aces: acl
            .map_or(&[][..], |acl| &acl.aces)
            .iter()
            .enumerate()
            .map(|(index, ace)| entry(index, ace, kind))
            .collect(),
    };
    let (state, acl) = match &descriptor.dacl {
        Dacl::Absent => ("absent", None),
        Dacl::Null => ("null", None),
        Dacl::Present(acl) => ("present", Some(acl)),
    };
    Answer {
        sddl: descriptor.to_sddl(),
        owner: named(&descriptor.owner),
        group: named(&descriptor.group),
        dacl: list(state, acl, Control::DACL_PROTECTED),
        sacl: list(
            if descriptor.sacl.is_some() { "present" } else { "absent" },
            descriptor.sacl.as_ref(),
            Control::SACL_PROTECTED,
        ),
    }
}

fn entry(index: usize, ace: &Ace, object: ObjectKind) -> Entry {
    let (effect, verb) = effect(ace.kind);
    let rights =
        if ace.kind == AceKind::MandatoryLabel { policy(ace.mask) } else { rights(ace.mask, object) };
    let types = ace.object.unwrap_or_default();
    let data = match &ace.data {
        AceData::None => None,
        AceData::Condition(condition) => Some(condition.to_string()),
        AceData::Attribute(attribute) => Some(attribute.to_string()),
        AceData::Raw(bytes) => Some(format!("{} bytes that are not read", bytes.len())),
        _ => Some("data that is not read".to_owned()),
    };
    let mut sentence = match effect {
        "label" => format!("{}: from below, {}", sids::with_name(&ace.sid), rights.join(", ")),
        "attribute" => "an attribute of the object, for conditions".to_owned(),
        "other" => verb.to_owned(),
        _ => format!("{verb} {}: {}", sids::with_name(&ace.sid), rights.join(", ")),
    };
    if let (Some(condition), true) = (&data, ace.kind.is_callback()) {
        sentence.push_str(&format!("; only if {condition}"));
    }
    if let Some(guid) = types.object {
        sentence.push_str(&format!("; only for the object type {guid}"));
    }
    sentence.push_str(&inheritance(ace.flags));
    Entry {
        index,
        effect,
        kind: format!("{:?}", ace.kind),
        sid: ace.sid.clone(),
        name: sids::name_of(&ace.sid),
        mask: ace.mask,
        rights,
        flags: flags(ace),
        object_type: types.object.map(|guid| guid.to_string()),
        inherited_object_type: types.inherited.map(|guid| guid.to_string()),
        data,
        sddl: alone(ace),
        sentence,
    }
}

/// What an ACE does, as a word and as a verb.
fn effect(kind: AceKind) -> (&'static str, &'static str) {
    match kind {
        _ if kind.is_allow() => ("allow", "allows"),
        AceKind::Unknown(_) => ("deny", "is of a type not known here, so it denies everything to everybody:"),
        _ if kind.is_deny() => ("deny", "denies"),
        AceKind::Audit | AceKind::AuditObject | AceKind::AuditCallback | AceKind::AuditCallbackObject => {
            ("audit", "records access by")
        }
        AceKind::MandatoryLabel => ("label", ""),
        AceKind::ResourceAttribute => ("attribute", ""),
        AceKind::ScopedPolicy => ("other", "refers to a central access policy"),
        AceKind::TrustLabel => ("other", "leaves these rights to processes that are not protected"),
        AceKind::AccessFilter => ("other", "leaves these rights to those whom the condition does not meet"),
        _ => ("other", "is kept, and decides nothing"),
    }
}

/// Rights with whole sets named first: "full access", "read".
fn rights(mask: AccessMask, kind: ObjectKind) -> Vec<String> {
    let mapping = GenericMapping::of(kind);
    if mapping.map(mask) == mapping.all {
        return vec!["full access".to_owned()];
    }
    let names = mask.names(kind);
    if names.is_empty() { vec!["nothing".to_owned()] } else { names }
}

fn policy(mask: AccessMask) -> Vec<String> {
    let names = [
        (AccessMask::LABEL_NO_WRITE_UP, "no writing"),
        (AccessMask::LABEL_NO_READ_UP, "no reading"),
        (AccessMask::LABEL_NO_EXECUTE_UP, "no executing"),
    ];
    let set: Vec<String> =
        names.into_iter().filter(|(bit, _)| mask.contains(*bit)).map(|(_, name)| name.to_owned()).collect();
    if set.is_empty() { vec!["everything".to_owned()] } else { set }
}

fn flags(ace: &Ace) -> Vec<&'static str> {
    let filter = ace.kind == AceKind::AccessFilter;
    let names = [
        (AceFlags::OBJECT_INHERIT, "OI"),
        (AceFlags::CONTAINER_INHERIT, "CI"),
        (AceFlags::NO_PROPAGATE, "NP"),
        (AceFlags::INHERIT_ONLY, "IO"),
        (AceFlags::INHERITED, "ID"),
        (AceFlags::CRITICAL, "CR"),
        (AceFlags::SUCCESSFUL_ACCESS, if filter { "TP" } else { "SA" }),
        (AceFlags::FAILED_ACCESS, "FA"),
    ];
    names.into_iter().filter(|(flag, _)| ace.flags.contains(*flag)).map(|(_, name)| name).collect()
}

fn inheritance(flags: AceFlags) -> String {
    let heirs = match (flags.contains(AceFlags::CONTAINER_INHERIT), flags.contains(AceFlags::OBJECT_INHERIT))
    {
        (false, false) => "",
        (true, true) => "folders and files",
        (true, false) => "folders",
        (false, true) => "files",
    };
    let mut text = String::new();
    if !heirs.is_empty() {
        text.push_str(if flags.contains(AceFlags::INHERIT_ONLY) { "; only for " } else { "; also for " });
        text.push_str(heirs);
        text.push_str(if flags.contains(AceFlags::NO_PROPAGATE) { " right beneath" } else { " beneath" });
    } else if flags.contains(AceFlags::INHERIT_ONLY) {
        text.push_str("; not for the object itself");
    }
    if flags.contains(AceFlags::INHERITED) {
        text.push_str("; inherited");
    }
    text
}

/// The ACE's own text, from a descriptor that holds nothing else.
fn alone(ace: &Ace) -> String {
    let dacl = Dacl::Present(Acl::new(vec![ace.clone()]));
    let text = SecurityDescriptor { dacl, ..SecurityDescriptor::default() }.to_sddl();
    text.strip_prefix("D:").unwrap_or(&text).to_owned()
}

fn page(answer: &Answer) -> Page {
    let mut page = Page::new();
    let named =
        |named: &Option<Named>| named.as_ref().map_or("none".to_owned(), |named| sids::with_name(&named.sid));
    page.field("owner", &named(&answer.owner));
    page.field("group", &named(&answer.group));
    list(&mut page, "DACL", &answer.dacl);
    if answer.sacl.state == "present" {
        list(&mut page, "SACL", &answer.sacl);
    }
    page.field("SDDL", &answer.sddl);
    page
}

fn list(page: &mut Page, name: &str, list: &List) {
    let mut about = match (list.state, list.aces.len()) {
        ("absent", _) => "absent: everything to the user, nothing to an AppContainer".to_owned(),
        ("null", _) => "NULL: everything to the user, nothing to an AppContainer".to_owned(),
        (_, 0) => "empty: nothing to anybody".to_owned(),
        (_, 1) => "1 entry".to_owned(),
        (_, count) => format!("{count} entries"),
    };
    if list.protected {
        about.push_str(", protected from inheritance");
    }
    if !list.canonical {
        about.push_str(", not in canonical order (the order of the list decides all the same)");
    }
    page.field(name, &about);
    for entry in &list.aces {
        let style = match entry.effect {
            "allow" => Style::Good,
            "deny" => Style::Bad,
            _ => Style::Doubtful,
        };
        page.styled(&[
            (Style::Plain, &format!("{:>4}  ", entry.index)),
            (style, &format!("{:<10}", entry.effect)),
            (Style::Plain, &entry.sentence),
        ]);
        page.styled(&[(Style::Faint, &format!("{:16}{}", "", entry.sddl))]);
    }
}
