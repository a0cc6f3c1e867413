//! Programs that would join a kept container from beneath rules of their own: Landlock domains and seccomp filters.

use std::time::Duration;

use lowbox_program_tests::kept::{changed, said, with_meet};
use lowbox_program_tests::{finish, start, until};

/// A command that restricts itself so before it executes what follows: no rule is taken from who may gain privileges.
fn restricted(by: &str) -> [String; 3] {
    changed(&format!("done(call(157, 38, 1, 0, 0, 0))\n{by}"))
}

#[test]
fn one_that_was_started_beneath_a_landlock_domain_of_its_own_does_not_join_nor_is_it_joined() {
    with_meet(|_, kept| {
        // Nothing but connections is held by it, so containers can be made beneath it.
        let by = "rules = struct.pack('QQ', 0, 2)
done(call(446, done(call(444, rules, len(rules), 0)), 0))";
        let before = restricted(by);
        let before = before.each_ref().map(String::as_str);
        let first = start(kept.run(60, &[], &["wait:go", "exit:4"]));
        assert!(until(Duration::from_secs(20), || kept.inside() > 3));
        let refused = finish(kept.run_after(&before, 60, &[], &["exit:0"]), 60);
        assert_eq!(refused.code(), Some(125), "{}", refused.stderr);
        assert!(refused.stderr.contains("rules of Landlock"), "{}", refused.stderr);
        finish(kept.run(60, &[], &["tell:go"]), 60).succeeded();
        assert_eq!(first.finish(60).code(), Some(4));
        // Nothing else differs between those and these.
        let plain = ["setpriv", "--no-new-privs", "--"];
        finish(kept.run_after(&plain, 60, &[], &[]), 60).succeeded();
        let free = kept.keeper();
        finish(kept.run_after(&plain, 60, &[], &[]), 60).succeeded();
        assert_eq!(kept.keeper(), free);
        finish(kept.run_after(&before, 60, &[], &[]), 60).succeeded();
        let held = kept.keeper();
        assert_ne!(held, free);
        // Each domain is another one, whatever its rules say.
        finish(kept.run_after(&before, 60, &[], &[]), 60).succeeded();
        let other = kept.keeper();
        assert_ne!(other, held);
        finish(kept.run_after(&plain, 60, &[], &[]), 60).succeeded();
        assert_ne!(kept.keeper(), other);
    });
}

#[test]
fn one_that_was_started_beneath_a_filter_of_its_own_keeps_no_container_and_joins_none() {
    with_meet(|_, kept| {
        // It allows everything; what it allows the kernel tells nobody.
        let by = "filter = struct.pack('HBBI', 6, 0, 0, 0x7fff0000)
filter = ctypes.create_string_buffer(filter, 8)
program = struct.pack('HxxxxxxQ', 1, ctypes.addressof(filter))
done(call(317, 1, 0, ctypes.create_string_buffer(program, 16)))";
        let before = restricted(by);
        let before = before.each_ref().map(String::as_str);
        finish(kept.run_after(&before, 60, &[], &["key:6"]), 60).succeeded();
        kept.is_gone_within(5);
        finish(kept.run(60, &[], &[]), 60).succeeded();
        kept.keeper();
        assert_eq!(said(&finish(kept.run_after(&before, 60, &[], &["value"]), 60)), "value 6");
        kept.is_gone_within(5);
    });
}
