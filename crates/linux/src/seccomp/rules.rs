//! Reading `calls.txt` and `network_broker.txt`: which calls are allowed, with a reason for each.

use std::collections::BTreeMap;
use std::str::FromStr;

use syscalls::Sysno;

const CALLS: &str = include_str!("calls.txt");
const WINE: &str = include_str!("wine.txt");
const NETWORK_BROKER: &str = include_str!("network_broker.txt");

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It goes on.
    Allow,
    /// Pid 1 of the container does it (seccomp_unotify(2)).
    Notify,
    /// It goes on; where denials are to be shown, or the program may ask for what it touches, it is reported first.
    Observe,
    /// It goes on; where the program may ask for what it touches it is reported first.
    Touch,
    /// It goes on; where the user named paths that the program may look at before it opens them, it is reported first.
    Probe,
    /// It goes on; where it is to be learned what the program needs, it is reported first.
    Learn,
    /// It goes on; where it is to be learned what the program looks at too, it is reported first.
    Glance,
    /// It goes on unless the plan shows objects whose extended attributes may not be read; else as `Glance`.
    Xattr,
    /// It goes on unless the plan shows folders that may not be listed.
    Watch,
    /// It goes on; pid 1 does it where some of the host's networks is open.
    Listen,
    /// It goes on; pid 1 does it where peers there may connect.
    Serve,
    /// As `Serve`; where it is to be learned what the program needs, it is reported first.
    Bind,
    /// As `calls.txt` says, for Windows programs too.
    Wine,
    /// It fails with this error number.
    Errno(i32),
}

/// A comparison of the low 32 bits of one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// 0 to 5.
    pub argument: u8,
    /// Which bits count.
    pub mask: u32,
    /// What they are compared with.
    pub value: u32,
    /// Whether they must be equal, or must differ.
    pub equal: bool,
}

impl Condition {
    /// Whether both compare the same bits of the same argument.
    pub fn same_operand(&self, other: &Condition) -> bool {
        (self.argument, self.mask) == (other.argument, other.mask)
    }
}

/// One line of the list, for one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// Only without namespaces.
    pub reduced: bool,
    /// What then happens.
    pub action: Action,
}

/// A line of the list that can't be read.
#[derive(Debug, thiserror::Error)]
#[error("{list} line {line}: {what}")]
pub struct RulesError {
    list: &'static str,
    line: usize,
    what: String,
}

/// Rules by call number of this architecture.
pub type Rules = BTreeMap<u32, Vec<Rule>>;

/// The list of programs.
///
/// # Errors
/// A line that can't be read: a defect of the build, which a test finds.
pub fn builtin() -> Result<Rules, RulesError> {
    parse("calls.txt", CALLS)
}

/// The list of Windows programs: of [`builtin`], what Wine needs of it and what is refused by name, and beside it what Wine's server alone
/// has. So nothing is allowed here that is not allowed there, but for that.
///
/// # Errors
/// As [`builtin`]; also for a call that is on neither list.
pub fn wine() -> Result<Rules, RulesError> {
    let mut rules = builtin()?;
    let wanted = parse("wine.txt", WINE)?;
    for number in wanted.keys() {
        if !rules.contains_key(number) {
            let what = format!("call {number} is not in calls.txt");
            return Err(RulesError { list: "wine.txt", line: 0, what });
        }
    }
    rules.retain(|number, rules| {
        wanted.contains_key(number) || rules.iter().all(|rule| matches!(rule.action, Action::Errno(_)))
    });
    for (number, lines) in wanted {
        if lines.iter().any(|line| line.action != Action::Wine) {
            // In the place of what calls.txt says.
            rules.insert(number, lines);
        }
    }
    Ok(rules)
}

/// The list of the network broker.
///
/// # Errors
/// As [`builtin`].
pub fn network_broker() -> Result<Rules, RulesError> {
    parse("network_broker.txt", NETWORK_BROKER)
}

fn parse(list: &'static str, text: &str) -> Result<Rules, RulesError> {
    let mut rules = Rules::new();
    for (index, line) in text.lines().enumerate() {
        let fail = |what: String| RulesError { list, line: index + 1, what };
        let (text, reason) =
            line.split_once('#').map_or((line, None), |(text, reason)| (text, Some(reason.trim())));
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        if reason.is_none_or(str::is_empty) {
            return Err(fail("an entry needs its reason".into()));
        }
        let (head, conditions) =
            text.split_once(" if ").map_or((text, None), |(head, rest)| (head, Some(rest)));
        let reduced = head.strip_prefix("reduced ");
        let mut words: Vec<&str> = reduced.unwrap_or(head).split_whitespace().collect();
        let action = words.pop().and_then(action).ok_or_else(|| fail(format!("no action in {head:?}")))?;
        let conditions = match conditions {
            None => Vec::new(),
            Some(text) => text
                .split(" and ")
                .map(|text| condition(text).ok_or_else(|| fail(format!("no condition: {text:?}"))))
                .collect::<Result<_, _>>()?,
        };
        if words.is_empty() {
            return Err(fail("no call is named".into()));
        }
        for name in words {
            // A call that another architecture or an older table does not have needs no rule: it fails with ENOSYS.
            if let Some(number) = number(name).map_err(fail)? {
                rules.entry(number).or_default().push(Rule {
                    conditions: conditions.clone(),
                    reduced: reduced.is_some(),
                    action,
                });
            }
        }
    }
    Ok(rules)
}

/// Calls that exist on some architectures or in newer tables only.
const NOT_EVERYWHERE: [&str; 6] =
    ["open_tree_attr", "sysfs", "_sysctl", "nfsservctl", "quotactl_fd", "uselib"];

fn number(name: &str) -> Result<Option<u32>, String> {
    match Sysno::from_str(name) {
        Ok(call) => Ok(Some(call.id() as u32)),
        Err(_) if NOT_EVERYWHERE.contains(&name) || cfg!(not(target_arch = "x86_64")) => Ok(None),
        Err(_) => Err(format!("unknown call {name:?}")),
    }
}

fn action(word: &str) -> Option<Action> {
    Some(match word {
        "allow" => Action::Allow,
        "notify" => Action::Notify,
        "observe" => Action::Observe,
        "touch" => Action::Touch,
        "probe" => Action::Probe,
        "xattr" => Action::Xattr,
        "watch" => Action::Watch,
        "listen" => Action::Listen,
        "serve" => Action::Serve,
        "bind" => Action::Bind,
        "learn" => Action::Learn,
        "glance" => Action::Glance,
        "wine" => Action::Wine,
        "nothing" => Action::Errno(0),
        "EPERM" => Action::Errno(libc::EPERM),
        "EACCES" => Action::Errno(libc::EACCES),
        "ENOSYS" => Action::Errno(libc::ENOSYS),
        "EAFNOSUPPORT" => Action::Errno(libc::EAFNOSUPPORT),
        _ => return None,
    })
}

fn condition(text: &str) -> Option<Condition> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (argument, mask, operator, value) = match words[..] {
        [argument, operator, value] => (argument, u32::MAX, operator, value),
        [argument, "&", mask, operator, value] => (argument, integer(mask)?, operator, value),
        _ => return None,
    };
    let argument = argument.strip_prefix("arg")?.parse().ok().filter(|n| *n < 6)?;
    let equal = match operator {
        "==" => true,
        "!=" => false,
        _ => return None,
    };
    Some(Condition { argument, mask, value: integer(value)?, equal })
}

fn integer(text: &str) -> Option<u32> {
    if let Some(digits) = text.strip_prefix("0x") {
        return u32::from_str_radix(digits, 16).ok();
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return u32::from_str_radix(digits, 8).ok();
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_broker_starts_nothing_and_changes_nothing() {
        let rules = network_broker().unwrap();
        let may = |name: &str| rules.contains_key(&number(name).unwrap().unwrap());
        for name in
            ["execve", "execveat", "fork", "vfork", "clone3", "ptrace", "kill", "unlink", "rename", "chmod"]
        {
            assert!(!may(name), "{name}");
        }
        assert!(may("connect") && may("sendto"));
        for (number, rules) in &rules {
            assert!(rules.last().unwrap().conditions.is_empty(), "call {number} has no last word");
        }
    }

    #[test]
    fn windows_programs_have_less_than_others_but_for_what_their_server_has() {
        let (all, wine) = (builtin().unwrap(), wine().unwrap());
        let refused = |rules: &[Rule]| rules.iter().all(|rule| matches!(rule.action, Action::Errno(_)));
        let [ptrace, brk] = ["ptrace", "brk"].map(|name| number(name).unwrap().unwrap());
        for (number, rules) in &wine {
            assert!([ptrace, brk].contains(number) || all.get(number) == Some(rules), "call {number}");
        }
        assert_eq!(wine[&brk].iter().map(|rule| rule.action).collect::<Vec<_>>(), [Action::Errno(0)]);
        assert_eq!(wine[&ptrace].last().unwrap().action, Action::Allow);
        let allowed = |rules: &Rules| rules.values().filter(|rules| !refused(rules)).count();
        assert!(allowed(&wine) * 3 < allowed(&all) * 2, "{} of {}", allowed(&wine), allowed(&all));
    }

    #[test]
    fn the_built_in_list_is_readable_and_every_call_ends_in_a_decision() {
        let rules = builtin().unwrap();
        assert!(rules.len() > 300, "{} calls", rules.len());
        for (number, rules) in rules {
            let last = rules.last().unwrap();
            assert!(last.conditions.is_empty(), "call {number} has no last word");
            assert!(
                rules.iter().rev().skip(1).all(|rule| rule.reduced || !rule.conditions.is_empty()),
                "call {number} has a line that is never reached"
            );
        }
    }
}
