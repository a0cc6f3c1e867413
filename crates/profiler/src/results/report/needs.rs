//! What is needed, why, and what it opens.

use std::io::{self, Write};

use super::html::{self, Text, number, shell_word};
use super::look::class_of;
use super::table;
use crate::attribute::{Attribution, CoveredBy, ExposedObject, Grant, Needed};
use crate::record::Records;

/// Grants that are there at once, and those that are listed behind them.
const SHOWN_GRANTS: usize = 12;
const MAX_GRANTS: usize = 1000;

/// The list, and how to use it.
pub fn write(records: &Records, found: &Attribution, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<h2 id=\"needs\">What is needed</h2>")?;
    if found.capabilities.is_empty() && found.grants.is_empty() {
        return writeln!(out, "<p>Nothing beyond what every program is given.</p>");
    }
    bar(found, out)?;
    if !found.proven {
        writeln!(
            out,
            "<p class=\"note\">Not proven minimal: this set was found greedily. No set has fewer than {} capabilities.</p>",
            found.at_least
        )?;
    }
    writeln!(out, "<div class=\"cards two\">")?;
    for (at, needed) in found.capabilities.iter().enumerate() {
        let capability = &needed.capability;
        write!(
            out,
            "<div class=\"card\"><div class=\"head\"><span class=\"swatch {}\"></span><h3>{}</h3>",
            class_of(CoveredBy::Capability(at)),
            Text(capability.name)
        )?;
        if capability.privacy {
            write!(out, "<span class=\"badge\">privacy-sensitive: the user is asked</span>")?;
        }
        writeln!(
            out,
            "<span class=\"count\">{}, {}</span></div>\
             <div class=\"body\"><p>{}. <span class=\"soft\">Here: {}.</span></p><pre>{}</pre></div></div>",
            html::accesses(needed.accesses),
            only(needed),
            Text(sentence(capability.guards)),
            Text(capability.on_linux),
            Text(capability)
        )?;
    }
    writeln!(out, "</div><div class=\"cards\">")?;
    grants(found, out)?;
    writeln!(out, "</div>")?;
    command(records, found, out)
}

/// How many accesses depend on it.
fn only(needed: &Needed) -> String {
    match needed.only {
        all if all == needed.accesses => "which nothing else would cover".to_owned(),
        0 => "which others would cover as well".to_owned(),
        some => format!("{} of which nothing else would cover", number(some)),
    }
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}

/// How the accesses are divided.
fn bar(found: &Attribution, out: &mut impl Write) -> io::Result<()> {
    let all = found.outcomes.len().max(1) as f64;
    let mut classes: Vec<(&str, usize)> = Vec::new();
    for outcome in &found.outcomes {
        let class = class_of(outcome.by);
        match classes.iter_mut().find(|(known, _)| *known == class) {
            Some((_, count)) => *count += 1,
            None => classes.push((class, 1)),
        }
    }
    classes.sort_unstable();
    write!(
        out,
        "<svg class=\"bar\" width=\"100%\" height=\"8\" role=\"img\" aria-label=\"Shares of accesses\">"
    )?;
    let mut at = 0.0;
    for (class, count) in classes {
        let width = count as f64 * 100.0 / all;
        write!(out, "<rect class=\"{class}\" x=\"{at:.4}%\" width=\"{width:.4}%\" height=\"8\"/>")?;
        at += width;
    }
    writeln!(out, "</svg>")?;
    legend(found, out)
}

/// The colours.
pub fn legend(found: &Attribution, out: &mut impl Write) -> io::Result<()> {
    write!(out, "<div class=\"legend\">")?;
    for (at, needed) in found.capabilities.iter().enumerate() {
        let class = class_of(CoveredBy::Capability(at));
        write!(out, "<span><i class=\"swatch {class}\"></i>{}</span>", Text(needed.capability.name))?;
    }
    writeln!(
        out,
        "<span><i class=\"swatch grant\"></i>grants</span><span><i class=\"swatch none\"></i>nothing</span></div>"
    )
}

fn grants(found: &Attribution, out: &mut impl Write) -> io::Result<()> {
    if found.grants.is_empty() {
        return Ok(());
    }
    write!(
        out,
        "<div class=\"card\"><div class=\"head\"><span class=\"swatch grant\"></span><h3>Grants</h3>\
         <span class=\"count\">where no capability fits</span>"
    )?;
    if found.prompting {
        write!(out, "<span class=\"badge\">or let the user be asked: isolatedWin32-promptForAccess</span>")?;
    }
    writeln!(out, "</div><div class=\"body\">")?;
    let mut counts = vec![0_u64; found.grants.len()];
    for outcome in &found.outcomes {
        if let CoveredBy::Grant(at) = outcome.by {
            counts[at] += 1;
        }
    }
    let (first, more) = found.grants.split_at(found.grants.len().min(SHOWN_GRANTS));
    grant_table(first, &counts, out)?;
    if !more.is_empty() {
        writeln!(out, "<details><summary class=\"soft\">{} more</summary>", number(more.len() as u64))?;
        let listed = &more[..more.len().min(MAX_GRANTS)];
        grant_table(listed, &counts[SHOWN_GRANTS..], out)?;
        if listed.len() < more.len() {
            writeln!(out, "<p class=\"soft\">The others are in summary.txt.</p>")?;
        }
        writeln!(out, "</details>")?;
    }
    writeln!(out, "</div></div>")
}

fn grant_table(grants: &[Grant], counts: &[u64], out: &mut impl Write) -> io::Result<()> {
    write!(out, "<table><tbody>")?;
    for (grant, count) in grants.iter().zip(counts) {
        writeln!(
            out,
            "<tr><td class=\"object\">{}<td class=\"number soft\">{}</tr>",
            Text(option(grant)),
            html::accesses(*count)
        )?;
    }
    writeln!(out, "</tbody></table>")
}

fn option(grant: &Grant) -> String {
    let (option, value) = grant.arguments();
    format!("{option} {}", shell_word(&value))
}

/// A command that runs the program with just this.
fn command(records: &Records, found: &Attribution, out: &mut impl Write) -> io::Result<()> {
    let Some(run) = records.runs.iter().rev().find(|run| !run.command.is_empty()) else { return Ok(()) };
    let mut words = vec!["lowbox run".to_owned()];
    words.extend(found.capabilities.iter().map(|needed| format!("--capability {}", needed.capability.name)));
    words.extend(found.grants.iter().take(SHOWN_GRANTS).map(option));
    if found.grants.len() > SHOWN_GRANTS {
        words.push("…".to_owned());
    }
    let program: Vec<String> = run.command.iter().map(|word| shell_word(word.as_bytes())).collect();
    words.push(format!("-- {}", program.join(" ")));
    writeln!(
        out,
        "<p class=\"soft\">The same program with just this:</p><pre>{}</pre>",
        Text(words.join(" \\\n    "))
    )
}

/// The accesses of each capability, and those of the grants.
pub fn accesses(records: &Records, found: &Attribution, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<h2 id=\"accesses\">Accesses</h2><div class=\"cards\">")?;
    for (at, needed) in found.capabilities.iter().enumerate() {
        let by = CoveredBy::Capability(at);
        writeln!(
            out,
            "<details class=\"card\"><summary><span class=\"swatch {}\"></span><h3>{}</h3><span class=\"count\">{}</span></summary><div class=\"body\">",
            class_of(by),
            Text(needed.capability.name),
            html::accesses(needed.accesses)
        )?;
        table::write(records, found, |one| one.needs(at), false, out)?;
        writeln!(out, "</div></details>")?;
    }
    for (title, class, which) in [
        ("Grants", "grant", (|by| matches!(by, CoveredBy::Grant(_))) as fn(CoveredBy) -> bool),
        ("Granted already", "grant", |by| by == CoveredBy::Already),
    ] {
        let count = found.outcomes.iter().filter(|outcome| which(outcome.by)).count();
        if count == 0 {
            continue;
        }
        writeln!(
            out,
            "<details class=\"card\"><summary><span class=\"swatch {class}\"></span><h3>{title}</h3><span class=\"count\">{}</span></summary><div class=\"body\">",
            html::accesses(count as u64)
        )?;
        table::write(records, found, which, false, out)?;
        writeln!(out, "</div></details>")?;
    }
    writeln!(out, "</div>")
}

/// What each capability opens beyond what was used.
pub fn exposed(found: &Attribution, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "<h2 id=\"exposed\">What is opened beyond that</h2><p class=\"soft\">A capability opens all that it guards. These are \
         the objects, with the number of accesses that used them.</p><div class=\"cards\">"
    )?;
    for (at, needed) in found.capabilities.iter().enumerate() {
        let unused = needed.exposed.iter().filter(|one| one.used == 0).count();
        writeln!(
            out,
            "<details class=\"card\"><summary><span class=\"swatch {}\"></span><h3>{}</h3><span class=\"count\">{} objects, \
             {unused} unused</span></summary><div class=\"body wide\"><table><thead><tr><th>Object<th>Rights<th>Entry\
             <th class=\"number\">Used</tr></thead><tbody>",
            class_of(CoveredBy::Capability(at)),
            Text(needed.capability.name),
            needed.exposed.len()
        )?;
        for one in &needed.exposed {
            let (object, entry, rights) = match &one.what {
                ExposedObject::Entry { path, kind, origin } => (
                    path.to_string(),
                    format!("{kind}, {origin}"),
                    one.rights.names(lowbox_security::ObjectKind::File),
                ),
                ExposedObject::Network(class) => {
                    use lowbox_policy::network::{ACCEPT, CONNECT};
                    let mut rights = Vec::new();
                    if one.rights.contains(CONNECT) {
                        rights.push("connect".to_owned());
                    }
                    if one.rights.contains(ACCEPT) {
                        rights.push("accept".to_owned());
                    }
                    (class.to_string(), "network".to_owned(), rights)
                }
            };
            let used = if one.used == 0 { "number unused" } else { "number" };
            writeln!(
                out,
                "<tr><td class=\"object\">{}<td>{}<td>{}<td class=\"{used}\">{}</tr>",
                Text(object),
                Text(rights.join(", ")),
                Text(entry),
                number(one.used)
            )?;
        }
        writeln!(out, "</tbody></table></div></details>")?;
    }
    if found.capabilities.is_empty() {
        writeln!(out, "<p class=\"soft\">No capability is needed.</p>")?;
    }
    writeln!(out, "</div>")
}
