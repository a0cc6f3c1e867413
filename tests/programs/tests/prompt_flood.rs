//! Programs that flood the user: with output while a question is shown, and with questions.

use std::collections::HashSet;
use std::time::Duration;

use lowbox_program_tests::{FrontEnd, Session, Touch, everyone_at_home, until};

/// Fails if anything appears for a while.
#[track_caller]
fn is_still(session: &Session) {
    let before = session.text().len();
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(before, session.text().len(), "something was shown beside the question");
}

#[test]
fn a_flood_is_held_while_the_question_is_shown_and_nothing_of_it_is_lost() {
    everyone_at_home(|person| {
        let script = "
import sys
touch(0.03)
for number in range(40000): sys.stdout.write(f'line {number}\\n')
print('all written'); time.sleep(60)";
        let touch = Touch::new(person, script);
        let mut session = Session::start(person, &touch.words(&[]));
        session.see("Answer: ");
        is_still(&session);
        session.type_in("t\r");
        touch.comes_to("rw");
        // One has to read while it comes.
        until(Duration::from_secs(20), || session.text().contains("all written"));
        let text = session.text();
        let numbers = text.lines().filter_map(|line| line.rsplit_once("line ").map(|(_, number)| number));
        let numbers: Vec<u32> = numbers.filter_map(|number| number.trim().parse().ok()).collect();
        assert!(numbers.len() > 39_900, "{} lines", numbers.len());
        assert_eq!(numbers.last(), Some(&39_999));
        session.close();
    });
}

#[test]
fn a_flood_through_a_pipe_to_the_same_terminal_is_held_too() {
    everyone_at_home(|person| {
        let touch = Touch::new(person, "touch(0.2)\nwhile True: print('flood')");
        let mut session = Session::start(person, &format!("{} | cat", touch.words(&[])));
        session.see("Answer: ");
        // What was in the pipe already.
        std::thread::sleep(Duration::from_millis(200));
        is_still(&session);
        session.type_in("tr\r");
        touch.comes_to("r");
        session.close();
    });
}

#[test]
fn of_many_questions_ten_are_asked_and_a_line_says_that_the_others_are_no() {
    everyone_at_home(|person| {
        let folder = person.folder("flooded");
        for number in 0..40 {
            person.file(format!("flooded/{number}/file"), "text");
        }
        let script = format!(
            "
import threading
read = []
def touch(number):
    try: open(f'{}/{{number}}/file').close(); read.append(number)
    except OSError: pass
def all_of(numbers):
    threads = [threading.Thread(target=touch, args=[number]) for number in numbers]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
# Each twice at once, which is one question; and again, one after the other.
all_of([number // 2 for number in range(20)])
for number in range(40): touch(number)
print(len(read), 'times')",
            folder.display()
        );
        let command = ["/usr/bin/python3", "-I", "-c", &script];
        let mut run = FrontEnd::start(person, &["--chdir", "/"], &command);
        let mut asked = HashSet::new();
        for number in 0..10 {
            let question = run.question();
            assert!(asked.insert(question["file"]["path"].to_string()), "asked twice: {question}");
            run.answer(&question, if number < 5 { "this" } else { "no" }, "");
        }
        let ended = run.finish();
        assert_eq!(ended.succeeded(), "15 times");
        assert_eq!(ended.stderr.matches("more than 10 questions in a minute").count(), 1, "{}", ended.stderr);
    });
}
