//! Asking the user at the terminal. The program wrote to it until now, and may have left it in any state, with replies to
//! its queries still on their way: nothing of that may become an answer, or hide what is asked.

use std::io;
use std::time::{Duration, Instant};

use lowbox_linux::broker::{Answer, Prompter, Question};
use lowbox_linux::supervise::{Console, TerminalGate};

use super::line::{Input, Line};
use super::words::{self, Choice};
use crate::output;

/// Ends what the program left unfinished, and undoes what could hide a question or change what is typed. A terminal ignores
/// what it does not know (ECMA-48; the control sequences of xterm).
const RESET: &str = concat!(
    "\x18\x1b\\",                             // an unfinished sequence or string is cancelled
    "\x1b[?47l",                              // the main screen
    "\x1b[!p\x1b[0m\x1b[0\"q\x1bW",           // soft reset; attributes; protected areas
    "\x0f\x1b%G\x1b(B\x1b)B\x1b F",           // character sets: UTF-8, ASCII; replies of seven bits
    "\x1b[2l\x1b[4l\x1b[20l\x1b[12h",         // keyboard open, replace, line feed alone, no local echo
    "\x1b[?69l\x1b7\x1b[r\x1b8\x1b[0m",       // no margins, and the cursor where it was
    "\x1b[?1l\x1b>\x1b[?5l\x1b[?7h\x1b[?25h", // plain keys, colours not reversed, wrapping, a visible cursor
    "\x1b[?9l\x1b[?1000l\x1b[?1001l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l",
    "\x1b[?2004l\x1b[?2026l\x1b[?2048l\x1b[>4;0m\x1b[=0;1u", // no bracketed paste, no held screen, no extended keys
    "\x1b]110\x1b\\\x1b]111\x1b\\", // default colours, so that text differs from its background
);
/// Device status report (ECMA-48 8.3.35): a terminal answers queries in their order, so behind its answer to this one no reply to
/// the program's is left on the way.
const FENCE: &str = "\x1b[5n";
const FENCE_REPLY: &[u8] = b"\x1b[0n";

/// How long nothing has to come before a question is shown, and after something that is no key.
const QUIET: Duration = Duration::from_millis(250);
/// How long a terminal may take for its reply; not all have one.
const REPLY: Duration = Duration::from_millis(750);
/// How long a user who keeps typing can put a question off.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks at the terminal of lowbox's session.
pub struct AtTerminal {
    gate: TerminalGate,
}

impl AtTerminal {
    /// The gate is the one that the program's bytes pass.
    pub fn new(gate: TerminalGate) -> AtTerminal {
        AtTerminal { gate }
    }
}

impl Prompter for AtTerminal {
    fn ask(&mut self, question: &Question, deadline: Instant) -> Option<Answer> {
        let held = self.gate.hold()?;
        let Some(console) = Console::take(held) else {
            output::say(&format!(
                "{}: denied, because lowbox is not in the foreground of its terminal and can't ask; {}",
                words::in_one_line(question),
                words::how_to_grant(question)
            ));
            return None;
        };
        let quiet = output::Quiet::begin();
        // A terminal that is gone answers nothing.
        let answer = converse(&console, question, deadline).unwrap_or(None);
        drop(console);
        drop(quiet);
        answer
    }
}

fn converse(console: &Console, question: &Question, deadline: Instant) -> io::Result<Option<Answer>> {
    let knows_sequences = std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
    if knows_sequences && !console.write(RESET.as_bytes(), deadline)? {
        return Ok(None);
    }
    settle(console, knows_sequences, deadline)?;
    let choices = words::choices(question);
    // What stands below is the program's.
    let clear = if knows_sequences { "\x1b[J" } else { "" };
    let seconds = deadline.saturating_duration_since(Instant::now()).as_secs_f64().ceil();
    let mut text = format!("\r\n{clear}----- lowbox asks -----\n{}\n", words::asker(question).join("\n"));
    text += &format!("{}\n", words::wanted(question));
    for line in words::object(question) {
        text += &format!("    {line}\n");
    }
    for Choice { key, label, .. } in &choices {
        text += &format!("  {key:<6} {label}\n");
    }
    text += &format!("No answer within {seconds} seconds counts as no.\n");
    if !console.write((text + ANSWER).as_bytes(), deadline)? {
        return Ok(None);
    }
    let answer = read_answer(console, &choices, deadline)?;
    let end = if answer.is_some() { "\n" } else { "\nno answer in time: no\n" };
    console.write(end.as_bytes(), Instant::now() + Duration::from_secs(1))?;
    Ok(answer)
}

const ANSWER: &str = "Answer: ";

/// Throws away what comes until nothing has come for a while: keys for the program, replies to its queries.
fn settle(console: &Console, fence: bool, deadline: Instant) -> io::Result<()> {
    console.discard_input();
    if fence {
        console.write(FENCE.as_bytes(), deadline)?;
    }
    let start = Instant::now();
    let latest = deadline.min(start + PATIENCE);
    let (mut quiet, mut replied, mut seen) = (start + QUIET, !fence, Vec::new());
    loop {
        let until = if replied { quiet } else { quiet.max(start + REPLY) };
        match console.read(&mut [0; 256], until.min(latest))? {
            Some(bytes) => {
                quiet = Instant::now() + QUIET;
                seen.extend_from_slice(bytes);
                replied |= seen.windows(FENCE_REPLY.len()).any(|window| window == FENCE_REPLY);
                let keep = seen.len().saturating_sub(FENCE_REPLY.len());
                seen.drain(..keep);
            }
            None => return Ok(()),
        }
    }
}

fn read_answer(console: &Console, choices: &[Choice], deadline: Instant) -> io::Result<Option<Answer>> {
    let mut line = Line::default();
    let mut spoiled: Option<Instant> = None;
    loop {
        if spoiled.is_some_and(|until| Instant::now() >= until) && line.settle() {
            spoiled = None;
            console.write(format!("\n{ANSWER}").as_bytes(), deadline)?;
        }
        let until = spoiled.unwrap_or(deadline).min(deadline);
        let mut buffer = [0; 64];
        let Some(bytes) = console.read(&mut buffer, until)? else {
            if Instant::now() >= deadline {
                return Ok(None);
            }
            if spoiled.is_some() && !line.settle() {
                // Within a reply whose end has not come; or the user's own doing, who ends it by control-C.
                spoiled = Some(Instant::now() + QUIET);
            }
            continue;
        };
        for byte in bytes {
            let input = line.feed(*byte);
            match input {
                Input::Cancelled => return Ok(Some(Answer::No)),
                Input::Spoiled => spoiled = Some(Instant::now() + QUIET),
                _ if spoiled.is_some() => {
                    line.clear();
                    spoiled = Some(Instant::now() + QUIET);
                }
                Input::Echo(text) => drop(console.write(text.as_bytes(), deadline)?),
                Input::Entered(typed) => match words::chosen(&typed, choices) {
                    Some(answer) => return Ok(Some(answer)),
                    None => {
                        let keys: Vec<&str> = choices.iter().map(|choice| choice.key).collect();
                        let again = format!("\nPlease answer with one of {}.\n{ANSWER}", keys.join(", "));
                        console.write(again.as_bytes(), deadline)?;
                    }
                },
            }
        }
    }
}
