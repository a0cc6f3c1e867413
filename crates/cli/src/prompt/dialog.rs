//! Asking the user in a window: by a toolkit's own helper, which is run for each question.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lowbox_linux::broker::{Answer, Prompter, Question};

use super::window::{self, Closed, Window};
use super::words::{self, Choice};
use crate::output;

/// A helper that shows a list to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Helper {
    Zenity,
    Kdialog,
    Yad,
}

impl Helper {
    const ALL: [Helper; 3] = [Helper::Zenity, Helper::Kdialog, Helper::Yad];

    fn name(self) -> &'static str {
        match self {
            Helper::Zenity => "zenity",
            Helper::Kdialog => "kdialog",
            Helper::Yad => "yad",
        }
    }
}

/// Asks by one of the helpers.
#[derive(Debug)]
pub struct Dialog {
    helper: Helper,
    path: PathBuf,
}

impl Dialog {
    /// The first helper that is installed, where there is a display.
    pub fn find() -> Option<Dialog> {
        let found = |helper: Helper| Some(Dialog { helper, path: window::helper(helper.name())? });
        Helper::ALL.into_iter().filter(|_| window::has_display()).find_map(found)
    }

    fn command(&self, question: &Question, choices: &[Choice], timeout: Duration) -> Command {
        let mut lines = words::asker(question);
        lines.push(words::wanted(question));
        lines.push(String::new());
        lines.extend(words::object(question));
        lines.push(String::new());
        lines.push(format!("No answer within {} seconds counts as no.", timeout.as_secs()));
        let mut command = Command::new(&self.path);
        match self.helper {
            // Their text is markup, and then has the escapes of C.
            Helper::Zenity | Helper::Yad => {
                let text = escaped(&lines.join("\n")).replace('\\', r"\\");
                command.args(["--list", "--radiolist", "--title=lowbox asks", "--width=700", "--height=420"]);
                command.arg(format!("--text={text}"));
                command.args(["--column=", "--column=answer", "--column=", "--hide-column=2"]);
                command.args(["--print-column=2", "--hide-header"]);
                // For a lowbox that is killed and can't close it.
                command.arg(format!("--timeout={}", timeout.as_secs() + 1));
                for choice in choices {
                    // What is shown first and taken by Enter alone is no.
                    let selected = choice.answer == Answer::No;
                    // yad reads the cells as markup, zenity as text; labels are lowbox's own, and have neither.
                    command.args([if selected { "TRUE" } else { "FALSE" }, choice.key, &choice.label]);
                }
            }
            Helper::Kdialog => {
                let text = format!("<qt>{}</qt>", escaped(&lines.join("\n")).replace('\n', "<br>"));
                command.args(["--title", "lowbox asks", "--radiolist", &text]);
                for choice in choices {
                    let selected = choice.answer == Answer::No;
                    command.args([choice.key, &choice.label, if selected { "on" } else { "off" }]);
                }
            }
        }
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command
    }
}

/// A yes that comes sooner was typed for the window that had the keyboard before, and nobody has read the question. (Enter alone is no yes
/// there.)
const TO_READ: Duration = Duration::from_secs(1);

impl Prompter for Dialog {
    fn ask(&mut self, question: &Question, deadline: Instant) -> Option<Answer> {
        let choices = words::choices(question);
        loop {
            let start = Instant::now();
            let answer = self.show(question, &choices, deadline)?;
            let yes = !matches!(answer, Answer::No | Answer::Never);
            if !yes || start.elapsed() >= TO_READ {
                return Some(answer);
            }
        }
    }
}

impl Dialog {
    /// Shows the question once.
    fn show(&self, question: &Question, choices: &[Choice], deadline: Instant) -> Option<Answer> {
        let timeout = deadline.saturating_duration_since(Instant::now());
        let shown = match Window::open(&mut self.command(question, choices, timeout)) {
            Ok(shown) => shown,
            Err(error) => {
                output::say(&format!(
                    "{} can't be started, so nobody is asked: {error}",
                    self.path.display()
                ));
                return None;
            }
        };
        // It prints a key.
        let Closed { success, printed, .. } = shown.wait(deadline, 64)?;
        // yad ends a cell by a bar. A window that was closed is no answer for ever, but one for now.
        match std::str::from_utf8(&printed) {
            Ok(printed) if success => {
                Some(words::chosen(printed.trim().trim_end_matches('|'), choices).unwrap_or(Answer::No))
            }
            _ => Some(Answer::No),
        }
    }
}

/// As text in markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use lowbox_linux::broker::Asked;
    use lowbox_policy::{GrantRights, NodeKind};

    fn arguments(helper: Helper, path: &str) -> Vec<String> {
        let question = Question {
            id: 1,
            package: "p".to_owned(),
            asked: Asked::File {
                path: path.into(),
                kind: Some(NodeKind::File),
                makes: None,
                this: true,
                named: None,
                windows: None,
                wanted: GrantRights::READ,
                folder: Some(path.into()),
            },
            asker: None,
        };
        let dialog = Dialog { helper, path: "/usr/bin/helper".into() };
        let command = dialog.command(&question, &words::choices(&question), Duration::from_secs(60));
        command.get_args().map(|argument| argument.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_path_is_no_markup_no_option_and_no_escape() {
        for helper in Helper::ALL {
            let all = arguments(helper, "/<b>&x\\n--ok-label=x\n");
            let text = all.iter().find(|argument| argument.contains("&lt;b&gt;&amp;x")).unwrap();
            assert!(!all.iter().any(|argument| argument.starts_with("--ok-label")), "{all:?}");
            if helper == Helper::Kdialog {
                assert!(text.contains(r"x\\n--ok"), "{text}");
            } else {
                assert!(text.contains(r"x\\\\n--ok") && text.contains(r"x\\u{a}"), "{text}");
            }
        }
    }
}
