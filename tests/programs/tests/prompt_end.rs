//! What is left of the terminal when everything ends while a question is open.

use lowbox_program_tests::{Session, everyone};

#[test]
fn the_terminals_modes_come_back_when_the_program_ends_or_lowbox_is_killed_during_the_question() {
    everyone(|person| {
        let answers = person.work().join("answers");
        for (script, kill, before_start) in [
            ("import time; time.sleep(1.8)", None, false),
            ("import time; time.sleep(60)", Some("TERM"), false),
            ("import time; time.sleep(60)", Some("ALRM"), false),
            ("import time; time.sleep(60)", Some("TERM"), true),
        ] {
            let question = format!("300:{}", answers.display());
            let mut options = vec!["--prompt", "ask", "--rehearse-question", &question];
            if before_start {
                options.extend(["--capability", "webcam"]);
            }
            let words = lowbox_program_tests::words(person, &options, &["/usr/bin/python3", "-c", script]);
            let killer = kill.map_or(String::new(), |signal| {
                // The session's only child that is called lowbox.
                let find = "for p in $(cat /proc/$$/task/$$/children); do [ $(cat /proc/$p/comm) = lowbox ]";
                format!("(sleep 1.8; {find} && kill -{signal} $p; done) & ")
            });
            let text =
                format!("{killer}stty -a >before; {words}; stty -a >after; cmp before after && echo sa''me");
            let session = Session::start(person, &text);
            session.see("Answer: ");
            session.see("same");
            session.ends_with_code(0);
        }
    });
}
