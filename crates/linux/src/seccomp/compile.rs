//! From rules to classic BPF: a balanced tree over ranges of call numbers.
//!
//! The kernel runs a filter once for each call number when it is installed (to find calls that are always allowed), so a
//! list of comparisons in a row costs about a millisecond at every start; a tree costs a twentieth of that.

use std::collections::BTreeMap;

use super::rules::{Action, Condition, Rule};

/// One classic BPF instruction (struct sock_filter, linux/filter.h).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What to do.
    pub code: u16,
    /// How many instructions to skip if a comparison holds.
    pub jt: u8,
    /// How many if it does not.
    pub jf: u8,
    /// The operand.
    pub k: u32,
}

/// What a filter is compiled for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mode {
    /// File opens are reported before they go on.
    pub observe: bool,
    /// What may touch a file is reported before it goes on, so that the user can be asked.
    pub asks: bool,
    /// So is what only looks at one. Only together with `asks`.
    pub asks_at_probes: bool,
    /// Reading extended attributes fails with ENOTSUP.
    pub deny_xattr_reads: bool,
    /// inotify fails: it tells names in folders that may not be listed.
    pub deny_watches: bool,
    /// Without namespaces: no sockets, no metadata changes, no notification (the view does not restrict them).
    pub reduced: bool,
    /// Some of the host's networks is open: listen is done by pid 1.
    pub network: bool,
    /// Peers there may connect: bind and accept are done by pid 1 too.
    pub serves: bool,
    /// What the program does to what it does not have yet is reported before it goes on, to be learned from. Not together with
    /// `observe`, `asks` and `reduced`.
    pub learns: bool,
    /// So is what only looks. Only together with `learns`.
    pub learns_probes: bool,
}

impl Mode {
    /// Every mode that a launch can ask for.
    pub fn every() -> impl Iterator<Item = Mode> {
        let flags = |bits: u8| Mode {
            observe: bits & 1 != 0,
            deny_xattr_reads: bits & 2 != 0,
            deny_watches: bits & 4 != 0,
            reduced: bits & 24 == 8,
            network: bits & 16 != 0,
            serves: bits & 24 == 24,
            asks: bits & 32 != 0,
            asks_at_probes: bits & 64 != 0,
            learns: false,
            learns_probes: false,
        };
        let possible = |mode: &Mode| !(mode.asks && mode.reduced) && (mode.asks || !mode.asks_at_probes);
        let plain = |mode: &Mode| !mode.observe && !mode.reduced && !mode.asks;
        let learning = |mode| [false, true].map(|learns_probes| Mode { learns: true, learns_probes, ..mode });
        let all = (0..128).map(flags).filter(possible);
        all.clone().chain(all.filter(plain).flat_map(learning))
    }
}

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e; // AUDIT_ARCH_X86_64, linux/audit.h
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7; // AUDIT_ARCH_AARCH64
/// x32 calls carry this bit (asm/unistd.h, __X32_SYSCALL_BIT); on other architectures no call number is that large.
const FOREIGN_CALLS: u32 = 0x4000_0000;

// Offsets in struct seccomp_data (linux/seccomp.h); the argument's low word, little-endian.
const OFFSET_NUMBER: u32 = 0;
const OFFSET_ARCHITECTURE: u32 = 4;
const OFFSET_ARGUMENTS: u32 = 16;

const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const AND: u16 = (libc::BPF_ALU | libc::BPF_AND | libc::BPF_K) as u16;
const JUMP: u16 = (libc::BPF_JMP | libc::BPF_JA) as u16;
const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const IF_AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

const fn statement(code: u16, k: u32) -> Instruction {
    Instruction { code, jt: 0, jf: 0, k }
}

/// Compiles the rules for one launch.
pub fn compile(rules: &BTreeMap<u32, Vec<Rule>>, mode: Mode) -> Vec<Instruction> {
    let mut code = Assembler::default();
    let decisions = tree(&ranges(rules, mode), &mut code);
    let killed = code.decide(libc::SECCOMP_RET_KILL_PROCESS);
    code.branch(IF_AT_LEAST, FOREIGN_CALLS, killed, decisions);
    let own = code.push(statement(LOAD, OFFSET_NUMBER));
    let foreign = code.decide(libc::SECCOMP_RET_KILL_PROCESS);
    code.branch(IF_EQUAL, ARCHITECTURE, own, foreign);
    code.push(statement(LOAD, OFFSET_ARCHITECTURE));
    code.finish()
}

/// A filter that refuses these calls and nothing else, to be put on top of one that knows the architecture.
pub fn without(calls: &[u32]) -> Vec<Instruction> {
    let mut code = Assembler::default();
    let allowed = code.decide(libc::SECCOMP_RET_ALLOW);
    let refused = code.decide(libc::SECCOMP_RET_ERRNO | libc::EPERM as u32);
    let mut next = allowed;
    for call in calls {
        next = code.branch(IF_EQUAL, *call, refused, next);
    }
    code.push(statement(LOAD, OFFSET_NUMBER));
    code.finish()
}

/// What a range of call numbers comes to: rules whose conditions are tried in turn, and what holds if none does.
#[derive(Clone, PartialEq)]
struct Decision {
    rules: Vec<(Vec<Condition>, u32)>,
    otherwise: u32,
}

/// Ranges of call numbers with the same decision, in order, without gaps, each with its first number.
fn ranges(rules: &BTreeMap<u32, Vec<Rule>>, mode: Mode) -> Vec<(u32, Decision)> {
    let absent = Decision { rules: Vec::new(), otherwise: value(Action::Errno(libc::ENOSYS), mode) };
    let mut ranges: Vec<(u32, Decision)> = Vec::new();
    let mut push = |first: u32, decision: Decision| {
        if ranges.last().is_none_or(|(_, last)| *last != decision) {
            ranges.push((first, decision));
        }
    };
    let mut next = 0;
    for (&number, rules) in rules {
        if number > next {
            push(next, absent.clone());
        }
        let mut decision = absent.clone();
        for rule in rules.iter().filter(|rule| mode.reduced || !rule.reduced) {
            if rule.conditions.is_empty() {
                decision.otherwise = value(rule.action, mode);
                break;
            }
            decision.rules.push((rule.conditions.clone(), value(rule.action, mode)));
        }
        // A call that goes on whatever its arguments must not look at them: only then the kernel lets it pass without running the
        // filter (seccomp_cache_check_allow).
        while decision.rules.last().is_some_and(|(_, value)| *value == decision.otherwise) {
            decision.rules.pop();
        }
        push(number, decision);
        next = number + 1;
    }
    push(next, absent);
    ranges
}

/// Emits the decisions of `ranges`; the accumulator holds the call's number.
fn tree(ranges: &[(u32, Decision)], code: &mut Assembler) -> Place {
    if let [(_, decision)] = ranges {
        return decide(decision, code);
    }
    let (left, right) = ranges.split_at(ranges.len() / 2);
    let border = right[0].0;
    let right = tree(right, code);
    let left = tree(left, code);
    code.branch(IF_AT_LEAST, border, right, left)
}

/// Emits the rules of one decision, the last first.
fn decide(decision: &Decision, code: &mut Assembler) -> Place {
    let mut next = code.decide(decision.otherwise);
    // Where the next rule begins for one that has the same argument in the accumulator already.
    let mut next_loaded: Option<(Condition, Place)> = None;
    for (conditions, action) in decision.rules.iter().rev() {
        let mut holds = code.decide(*action);
        for (index, condition) in conditions.iter().enumerate().rev() {
            let fails = match next_loaded {
                // Only a rule's first condition leaves its argument for the next rule's first.
                Some((loaded, place)) if index == 0 && loaded.same_operand(condition) => place,
                _ => next,
            };
            let (equal, different) = if condition.equal { (holds, fails) } else { (fails, holds) };
            let test = code.branch(IF_EQUAL, condition.value, equal, different);
            if condition.mask != u32::MAX {
                code.push(statement(AND, condition.mask));
            }
            holds = code.push(statement(LOAD, OFFSET_ARGUMENTS + 8 * u32::from(condition.argument)));
            if index == 0 {
                next_loaded = Some((*condition, test));
            }
        }
        next = holds;
    }
    next
}

/// Where an instruction is: how many come after it.
type Place = usize;

/// Puts a filter together from its end to its beginning, because jumps only go forward.
#[derive(Default)]
struct Assembler {
    /// In reverse.
    code: Vec<Instruction>,
    returns: BTreeMap<u32, Place>,
}

/// How far a conditional jump reaches, less what may have to be put between.
const REACH: usize = 250;

impl Assembler {
    fn push(&mut self, instruction: Instruction) -> Place {
        self.code.push(instruction);
        self.code.len() - 1
    }

    /// A place that returns `value`, near enough to be jumped to.
    fn decide(&mut self, value: u32) -> Place {
        match self.returns.get(&value) {
            Some(&place) if self.code.len() - place < REACH => place,
            _ => {
                let place = self.push(statement(RETURN, value));
                self.returns.insert(value, place);
                place
            }
        }
    }

    /// A place near enough for a conditional jump that leads to `place`.
    fn near(&mut self, place: Place) -> Place {
        if self.code.len() - place < REACH {
            return place;
        }
        let instruction = self.code[place];
        if instruction.code == RETURN {
            return self.decide(instruction.k);
        }
        let distance = self.code.len() - place - 1;
        self.push(statement(JUMP, distance as u32))
    }

    fn branch(&mut self, code: u16, k: u32, then: Place, otherwise: Place) -> Place {
        let (then, otherwise) = (self.near(then), self.near(otherwise));
        let distance = |place: Place| u8::try_from(self.code.len() - place - 1).expect("made near");
        let (jt, jf) = (distance(then), distance(otherwise));
        self.push(Instruction { code, jt, jf, k })
    }

    fn finish(mut self) -> Vec<Instruction> {
        self.code.reverse();
        self.code
    }
}

/// What the filter returns for an action.
fn value(action: Action, mode: Mode) -> u32 {
    match action {
        Action::Allow => libc::SECCOMP_RET_ALLOW,
        // Of `wine.txt` alone, and gone once that is read.
        Action::Wine => libc::SECCOMP_RET_KILL_PROCESS,
        Action::Observe if mode.observe || mode.asks || mode.learns => libc::SECCOMP_RET_USER_NOTIF,
        Action::Touch if mode.asks || mode.learns => libc::SECCOMP_RET_USER_NOTIF,
        Action::Probe if mode.asks_at_probes || mode.learns_probes => libc::SECCOMP_RET_USER_NOTIF,
        Action::Learn if mode.learns => libc::SECCOMP_RET_USER_NOTIF,
        Action::Xattr if mode.deny_xattr_reads => libc::SECCOMP_RET_ERRNO | libc::ENOTSUP as u32,
        Action::Glance | Action::Xattr if mode.learns_probes => libc::SECCOMP_RET_USER_NOTIF,
        Action::Observe | Action::Touch | Action::Probe | Action::Learn | Action::Glance => {
            libc::SECCOMP_RET_ALLOW
        }
        Action::Notify => libc::SECCOMP_RET_USER_NOTIF,
        Action::Listen if mode.network || mode.learns => libc::SECCOMP_RET_USER_NOTIF,
        Action::Listen => libc::SECCOMP_RET_ALLOW,
        Action::Bind if mode.serves || mode.learns => libc::SECCOMP_RET_USER_NOTIF,
        Action::Bind => libc::SECCOMP_RET_ALLOW,
        Action::Serve if mode.serves => libc::SECCOMP_RET_USER_NOTIF,
        Action::Serve => libc::SECCOMP_RET_ALLOW,
        Action::Xattr => libc::SECCOMP_RET_ALLOW,
        Action::Watch if mode.deny_watches => libc::SECCOMP_RET_ERRNO | libc::EACCES as u32,
        Action::Watch => libc::SECCOMP_RET_ALLOW,
        Action::Errno(errno) => libc::SECCOMP_RET_ERRNO | errno as u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seccomp::filter;
    use crate::seccomp::rules::builtin;

    /// The kernel's reading of the few instructions that are used.
    fn run(filter: &[Instruction], architecture: u32, number: u32, arguments: [u64; 6]) -> u32 {
        let mut accumulator = 0_u32;
        let mut at = 0;
        loop {
            let Instruction { code, jt, jf, k } = filter[at];
            at += 1;
            match code {
                LOAD => {
                    accumulator = match k {
                        OFFSET_NUMBER => number,
                        OFFSET_ARCHITECTURE => architecture,
                        k => arguments[(k as usize - 16) / 8] as u32,
                    }
                }
                AND => accumulator &= k,
                JUMP => at += k as usize,
                IF_EQUAL => at += usize::from(if accumulator == k { jt } else { jf }),
                IF_AT_LEAST => at += usize::from(if accumulator >= k { jt } else { jf }),
                RETURN => return k,
                code => panic!("instruction {code:#x}"),
            }
        }
    }

    fn holds(condition: Condition, arguments: [u64; 6]) -> bool {
        ((arguments[condition.argument as usize] as u32 & condition.mask) == condition.value)
            == condition.equal
    }

    #[test]
    fn the_filter_decides_every_call_as_the_list_says() {
        decides_as_the_list_says(Mode::default());
    }

    #[test]
    fn the_filter_without_namespaces_decides_every_call_as_the_list_says() {
        decides_as_the_list_says(Mode { reduced: true, ..Mode::default() });
    }

    fn decides_as_the_list_says(mode: Mode) {
        let rules = builtin().unwrap();
        let filter = compile(&rules, mode);
        assert!(filter.len() < 4096, "BPF_MAXINSNS");
        let interesting = [
            0_u64,
            1,
            2,
            5,
            6,
            10,
            17,
            0x5412,
            0x541c,
            0o6000,
            0o104755,
            0o100,
            0x1000_0000,
            0x2000_0000,
            30,
            0x4008_6602,
            0x401c_5820,
            0x6617,
            u64::MAX,
        ];
        let mut decided = 0;
        for number in 0..1024 {
            for first in interesting {
                for second in interesting {
                    let arguments = [first, second, second, first, 0, 0];
                    let expected = rules.get(&number).map_or(Action::Errno(libc::ENOSYS), |rules| {
                        rules
                            .iter()
                            .find(|rule| {
                                (mode.reduced || !rule.reduced)
                                    && rule.conditions.iter().all(|c| holds(*c, arguments))
                            })
                            .unwrap()
                            .action
                    });
                    let expected = value(expected, mode);
                    assert_eq!(
                        run(&filter, ARCHITECTURE, number, arguments),
                        expected,
                        "call {number} {arguments:x?}"
                    );
                    decided += 1;
                }
            }
        }
        assert_eq!(decided, 1024 * 19 * 19);
    }

    #[test]
    fn the_filters_that_were_built_are_those_of_the_list() {
        let rules = builtin().unwrap();
        for mode in Mode::every() {
            assert_eq!(filter(mode), compile(&rules, mode), "{mode:?}");
        }
    }

    #[test]
    fn a_command_with_its_high_bits_set_is_the_same_command() {
        let filter = compile(&builtin().unwrap(), Mode::default());
        let ioctl = syscalls::Sysno::ioctl.id() as u32;
        let refused = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
        assert_eq!(run(&filter, ARCHITECTURE, ioctl, [0, 0x5412, 0, 0, 0, 0]), refused);
        assert_eq!(run(&filter, ARCHITECTURE, ioctl, [0, 0x5412 | 1 << 32, 0, 0, 0, 0]), refused);
    }

    #[test]
    fn mapping_memory_looks_at_no_argument_but_while_learning() {
        let mmap = syscalls::Sysno::mmap.id() as u32;
        let looks = |mode| {
            let all = ranges(&builtin().unwrap(), mode);
            let (_, decision) = all.into_iter().rfind(|(first, _)| *first <= mmap).unwrap();
            !decision.rules.is_empty()
        };
        assert!(!looks(Mode::default()));
        assert!(looks(Mode { learns: true, ..Mode::default() }));
    }

    #[test]
    fn calls_of_another_abi_end_the_program() {
        let filter = compile(&builtin().unwrap(), Mode::default());
        assert_eq!(run(&filter, 0x4000_0003, 20, [0; 6]), libc::SECCOMP_RET_KILL_PROCESS);
        assert_eq!(run(&filter, ARCHITECTURE, 0x4000_0000 | 39, [0; 6]), libc::SECCOMP_RET_KILL_PROCESS);
    }

    #[test]
    fn without_namespaces_no_socket_can_be_made() {
        let filter = compile(&builtin().unwrap(), Mode { reduced: true, ..Mode::default() });
        let socket = syscalls::Sysno::socket.id() as u32;
        let refused = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
        assert_eq!(run(&filter, ARCHITECTURE, socket, [1, 1, 0, 0, 0, 0]), refused);
        let pair = syscalls::Sysno::socketpair.id() as u32;
        assert_eq!(run(&filter, ARCHITECTURE, pair, [1, 1, 0, 0, 0, 0]), libc::SECCOMP_RET_ALLOW);
    }
}
