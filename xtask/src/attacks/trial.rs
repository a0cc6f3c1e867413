//! One try of one attack on one side, and what came of it.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

use serde::{Deserialize, Serialize};

use super::attack::{Attack, Judge, Proof, Who, attack};
use super::fingerprint::fingerprint;
use super::lists;
use super::live::{Live, Side, until};
use super::setup::Setup;
use super::wine;

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The attack had its effect.
    Works,
    /// The program ran and had no effect.
    Stopped,
    /// lowbox refused to start it.
    Refused,
    /// This machine lacks what the attack is about.
    NotPossible,
    /// The program did not even start: this proves nothing.
    Broken,
    /// Not tried under this identity.
    NotTried,
}

/// A verdict with its reason.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Try {
    pub verdict: Verdict,
    pub detail: String,
}

impl Try {
    fn new(verdict: Verdict, detail: impl Into<String>) -> Self {
        Self { verdict, detail: detail.into() }
    }
}

/// Tries the attack outside, where it has to succeed.
pub fn unconfined(attack: &Attack, setup: &Setup) -> Try {
    if let Some(reason) = attack.needs.and_then(|needs| needs(setup)) {
        return Try::new(Verdict::NotPossible, reason);
    }
    match (attack.proof, setup.root) {
        (Proof::Root, false) => return Try::new(Verdict::NotTried, "needs root to succeed"),
        (Proof::User, true) => return Try::new(Verdict::NotTried, "root has nothing to gain"),
        _ => {}
    }
    let result = attempt(attack, setup, Side::Unconfined);
    // What the kernel does not have, no attack can use. Inside it is tried all the same.
    let lacking = ["DENIED ENOSYS", "DENIED EAFNOSUPPORT", "DENIED EPROTONOSUPPORT"];
    match lacking.iter().any(|word| result.detail.contains(word)) && result.verdict == Verdict::Stopped {
        true => Try::new(Verdict::NotPossible, format!("this kernel lacks it: {}", result.detail)),
        false => result,
    }
}

/// Tries the attack inside, where it has to fail.
pub fn inside(attack: &Attack, setup: &Setup) -> Try {
    tried_by_lowbox(attack, setup, Side::Inside)
}

fn tried_by_lowbox(attack: &Attack, setup: &Setup, side: Side) -> Try {
    match (attack.who, setup.root) {
        (Who::Root, false) => return Try::new(Verdict::NotTried, "only root can set the scene"),
        (Who::User, true) => return Try::new(Verdict::NotTried, "only an ordinary user's scene makes sense"),
        _ => {}
    }
    attempt(attack, setup, side)
}

/// Tries the attack while lowbox learns about it: what goes neither for files nor for networks has to fail all the same.
pub fn learning(group: &str, attack: &Attack, setup: &Setup) -> Try {
    if !lists::WHILE_LEARNING.contains(&group) {
        return Try::new(
            Verdict::NotTried,
            "of a group that is not about processes, the kernel, displays or descriptors",
        );
    }
    if attack.within_reach {
        return Try::new(Verdict::NotTried, "goes for files or networks, which it has while learning");
    }
    tried_by_lowbox(attack, setup, Side::Learning)
}

/// A program that does no harm has to run inside; else a lowbox that starts nothing would pass for one that stops everything.
pub fn control(setup: &Setup, with_windows: bool) -> io::Result<()> {
    let harmless =
        attack("control", "control.py", Judge::Gained, &["{rw}/control"]).lowbox(&["--grant", "{rw}:rw"]);
    let windows =
        attack("control", "write_file.exe", Judge::Appears("{rw}/control"), &["unix", "={rw}/control"])
            .lowbox(&["--grant", "{rw}:rw"]);
    let both = [(&harmless, Side::Inside), (&harmless, Side::Learning), (&windows, Side::Inside)];
    for (harmless, side) in
        both.into_iter().filter(|(attack, _)| with_windows || !wine::is_windows(attack.program))
    {
        let result = attempt(harmless, setup, side);
        if result.verdict != Verdict::Works {
            let reason = result.detail;
            let where_ = if side == Side::Inside { "inside" } else { "while it is learned about" };
            return Err(io::Error::other(format!(
                "a harmless program does not run {where_}, so nothing can be tested: {reason}"
            )));
        }
    }
    Ok(())
}

/// For a side that is left out.
pub fn not_tried() -> Try {
    Try::new(Verdict::NotTried, "not asked for")
}

fn attempt(attack: &Attack, setup: &Setup, side: Side) -> Try {
    try_once(attack, setup, side)
        .unwrap_or_else(|error| Try::new(Verdict::Broken, format!("the harness: {error}")))
}

fn try_once(attack: &Attack, setup: &Setup, side: Side) -> io::Result<Try> {
    let mut live = Live::new(setup, side, attack.at_home)?;
    let is_windows = wine::is_windows(attack.program);
    if is_windows {
        if wine::lacking().is_none() {
            wine::make_ready(setup)?;
        }
        live.scene.set("wine", wine::LOADER);
    }
    if !attack.victim.is_empty() {
        live.start_victim(attack.victim)?;
    }
    // A target that is outside for the unconfined program and lowbox's own init for the program inside.
    let target = if side.is_confined() { "1" } else { live.scene.get("victim_pid") }.to_owned();
    live.scene.set("init", &target);
    live.scene.set("side", if side.is_confined() { "inside" } else { "outside" });
    if let Some(prepare) = attack.prepare {
        prepare(&mut live)?;
    }
    let before = match attack.judge {
        Judge::Changes(path) => Some(fingerprint(&live.scene.at(path))),
        _ => None,
    };
    live.start(command(attack, &live))?;
    let watched = match attack.judge {
        Judge::Watch(watch) => watch(&mut live)?,
        _ => false,
    };
    let status = live.wait()?;
    let effect = match attack.judge {
        Judge::Watch(_) => watched,
        Judge::After(look) => look(&mut live)?,
        _ => until(attack.patience, || effect(attack.judge, &mut live, before.as_ref())),
    };
    Ok(conclude(attack, &live, status, effect))
}

fn effect(
    judge: Judge,
    live: &mut Live,
    before: Option<&std::collections::BTreeMap<std::path::PathBuf, String>>,
) -> bool {
    match judge {
        Judge::Leak => live.printed("attack").contains(live.scene.get("secret")),
        Judge::Gained => live.printed("attack").contains("GAINED"),
        Judge::Outside => live.printed("attack").contains("OUTSIDE"),
        Judge::Event => live.printed("victim").contains("EVENT"),
        Judge::Dies => live.victim_is_dead(),
        Judge::Changes(path) => before != Some(&fingerprint(&live.scene.at(path))),
        Judge::Appears(path) => live.scene.at(path).symlink_metadata().is_ok(),
        Judge::Watch(_) | Judge::After(_) => false,
    }
}

fn conclude(attack: &Attack, live: &Live, status: Option<ExitStatus>, effect: bool) -> Try {
    let printed = live.printed("attack");
    let started = printed.contains("TRIED");
    let detail = detail(&printed, &live.printed("attack.err"), status);
    let verdict = match (effect, status) {
        (true, _) => Verdict::Works,
        (false, None) => Verdict::Broken,
        (false, Some(status)) if !started => {
            match live.side.is_confined() && attack.refusable && !status.success() {
                true => Verdict::Refused,
                false => Verdict::Broken,
            }
        }
        (false, Some(_)) => Verdict::Stopped,
    };
    Try { verdict, detail }
}

/// The most telling line: what was gained, what denied it, or the end of standard error.
fn detail(printed: &str, errors: &str, status: Option<ExitStatus>) -> String {
    let Some(status) = status else { return "did not end in time".into() };
    let line = |word: &str| printed.lines().rev().find(|line| line.starts_with(word)).map(str::to_owned);
    let said = line("GAINED").or_else(|| line("OUTSIDE")).or_else(|| line("DENIED"));
    let signal = status.signal().map(|signal| format!("killed by signal {signal}"));
    let error = errors.lines().rev().find(|line| !line.trim().is_empty()).map(str::to_owned);
    said.or(signal).or(error).unwrap_or_else(|| format!("exit code {}", status.code().unwrap_or(-1)))
}

fn command(attack: &Attack, live: &Live) -> Command {
    let scene = &live.scene;
    let program = format!("{}/{}", scene.get("programs"), attack.program);
    let mut words: Vec<String> = attack.around.iter().map(|word| scene.expand(word)).collect();
    match live.side {
        Side::Unconfined => words.extend(attack.unconfined.iter().map(|word| scene.expand(word))),
        Side::Inside | Side::Learning => {
            words.push(scene.expand("{lowbox}"));
            match live.side {
                Side::Learning => words.extend(
                    ["learn", "--no-results", "--trace", "{out}/records.trace"]
                        .map(|word| scene.expand(word)),
                ),
                _ => words.push("run".into()),
            }
            words.extend(["--grant", "{programs}:rx"].map(|word| scene.expand(word)));
            if !attack.argument_grants {
                words.push("--no-argument-grants".into());
            }
            words.extend(attack.lowbox.iter().map(|word| scene.expand(word)));
            words.push("--".into());
        }
    }
    if attack.program.ends_with(".py") {
        words.extend(["/usr/bin/python3", "-B"].map(str::to_owned));
    }
    let is_windows = wine::is_windows(attack.program);
    if is_windows && live.side == Side::Unconfined {
        words.push(wine::LOADER.to_owned());
    }
    words.push(program);
    words.extend(attack.args.iter().map(|word| scene.expand(word)));
    let mut command = Command::new(&words[0]);
    let name = if live.setup.root { "root" } else { "victim" };
    command.args(&words[1..]).current_dir(scene.at("{work}")).env_clear().envs([
        ("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"),
        ("LANG", "C.UTF-8"),
        ("TERM", "xterm"),
        ("USER", name),
        ("LOGNAME", name),
        ("HOME", scene.get("home")),
        ("XDG_RUNTIME_DIR", scene.get("run")),
    ]);
    if is_windows {
        match live.side {
            Side::Unconfined => command.envs(wine::environment(live.setup)),
            // In a kept container, as by default, which makes room for the next attack at once.
            Side::Inside | Side::Learning => {
                command.env("XDG_DATA_HOME", wine::lowbox_data(live.setup)).env("LOWBOX_KEEP_WARM", "1")
            }
        };
    }
    command.envs(attack.env.iter().map(|(key, value)| (key, scene.expand(value))));
    command
}
