//! What is left of the terminal when everything ends while a question is open.

use lowbox_program_tests::{Session, Touch, everyone_at_home};

#[test]
fn the_terminals_modes_come_back_when_the_program_ends_or_lowbox_is_killed_during_the_question() {
    everyone_at_home(|person| {
        let manifest = person.manifest("Contoso.Asked", "webcam");
        for (script, kill, before_start) in [
            ("touch(); time.sleep(1.8)", None, false),
            ("touch(); time.sleep(60)", Some("TERM"), false),
            ("touch(); time.sleep(60)", Some("ALRM"), false),
            ("touch(); time.sleep(60)", Some("TERM"), true),
        ] {
            let touch = Touch::new(person, script);
            let options: &[&str] =
                if before_start { &["--manifest", manifest.to_str().unwrap()] } else { &[] };
            let killer = kill.map_or(String::new(), |signal| {
                // The session's only child that is called lowbox.
                let find = "for p in $(cat /proc/$$/task/$$/children); do [ $(cat /proc/$p/comm) = lowbox ]";
                format!("(sleep 1.8; {find} && kill -{signal} $p; done) & ")
            });
            let words = touch.words(options);
            let text = format!(
                "cd; {killer}stty -a >before; {words}; stty -a >after; cmp before after && echo sa''me"
            );
            let session = Session::start(person, &text);
            session.see("Answer: ");
            assert_eq!(session.text().contains("webcam"), before_start);
            session.see("same");
            session.ends_with_code(0);
            assert_eq!(std::fs::read_to_string(&touch.file).unwrap(), "old");
        }
    });
}
