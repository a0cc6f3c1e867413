//! What an attack is: one row of the table, as data.

use std::io;

use super::live::Live;
use super::setup::Setup;

/// Texts in which `{name}` stands for a value of the scene, see [`super::scene`].
pub type Templates = &'static [&'static str];

/// Who tells whether an attack had its effect. All look from outside but [`Judge::Gained`], which is for calls whose only
/// effect is that the kernel carries them out.
#[derive(Clone, Copy)]
pub enum Judge {
    /// The secret came out on the program's standard output.
    Leak,
    /// The program says that a call succeeded.
    Gained,
    /// The wrapper around the program saw the effect (a line `OUTSIDE …`).
    Outside,
    /// The victim saw the effect (a line `EVENT …`).
    Event,
    /// The victim is dead.
    Dies,
    /// The file or tree is no longer what it was.
    Changes(&'static str),
    /// There is such a file now.
    Appears(&'static str),
    /// Looks, and acts as the host, while the program runs.
    Watch(fn(&mut Live) -> io::Result<bool>),
    /// Looks after the program has ended.
    After(fn(&mut Live) -> io::Result<bool>),
}

/// On which identity the unconfined side has to succeed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// On each that is tried inside.
    Each,
    /// As root: the call needs privilege.
    Root,
    /// As an ordinary user: root has nothing to gain.
    User,
}

/// Who can set the scene of an attack.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Root and an ordinary user.
    Everyone,
    /// It needs privilege.
    Root,
    /// It is about a lack of privilege.
    User,
}

/// One attack.
pub struct Attack {
    /// Unique, shown in the table.
    pub name: &'static str,
    /// The file in the folder of programs: `name.py`, or the compiled `name`.
    pub program: &'static str,
    /// How its effect is seen.
    pub judge: Judge,
    /// The program's arguments.
    pub args: Templates,
    /// Further arguments of `lowbox run`, such as `--grant`.
    pub lowbox: Templates,
    /// A command put in front of both sides.
    pub around: Templates,
    /// A command put in front of the unconfined side only.
    pub unconfined: Templates,
    /// The arguments of victim.py.
    pub victim: Templates,
    /// Environment of both sides.
    pub env: &'static [(&'static str, &'static str)],
    /// Makes what else the attack needs.
    pub prepare: Option<fn(&mut Live) -> io::Result<()>>,
    /// Why the attack can't be tried here, when it can't.
    pub needs: Option<fn(&Setup) -> Option<&'static str>>,
    /// Where it must succeed unconfined.
    pub proof: Proof,
    /// Who tries it inside.
    pub who: Who,
    /// Whether `lowbox run` may refuse to start at all.
    pub refusable: bool,
    /// Whether files named as arguments are granted.
    pub argument_grants: bool,
    /// Whether the scene lies where the user can be asked about it: not in /tmp, which the container has of its own.
    pub at_home: bool,
    /// Whether it changes or exhausts what the whole machine shares (a limit, a setting, a port), so that no other attack may run
    /// at the same time.
    pub alone: bool,
    /// Whether it goes for files or networks, which a program that is learned about has as its user does.
    pub within_reach: bool,
    /// How long an effect may take after the program's end, in milliseconds.
    pub patience: u64,
}

/// An attack with nothing special about it.
pub const fn attack(name: &'static str, program: &'static str, judge: Judge, args: Templates) -> Attack {
    Attack {
        name,
        program,
        judge,
        args,
        lowbox: &[],
        around: &[],
        unconfined: &[],
        victim: &[],
        env: &[],
        prepare: None,
        needs: None,
        proof: Proof::Each,
        who: Who::Everyone,
        refusable: false,
        argument_grants: false,
        at_home: false,
        alone: false,
        within_reach: false,
        patience: 150,
    }
}

impl Attack {
    pub const fn lowbox(self, lowbox: Templates) -> Self {
        Self { lowbox, ..self }
    }
    pub const fn around(self, around: Templates) -> Self {
        Self { around, ..self }
    }
    pub const fn unconfined(self, unconfined: Templates) -> Self {
        Self { unconfined, ..self }
    }
    pub const fn victim(self, victim: Templates) -> Self {
        Self { victim, ..self }
    }
    pub const fn env(self, env: &'static [(&'static str, &'static str)]) -> Self {
        Self { env, ..self }
    }
    pub const fn prepare(self, prepare: fn(&mut Live) -> io::Result<()>) -> Self {
        Self { prepare: Some(prepare), ..self }
    }
    pub const fn needs(self, needs: fn(&Setup) -> Option<&'static str>) -> Self {
        Self { needs: Some(needs), ..self }
    }
    pub const fn proof(self, proof: Proof) -> Self {
        Self { proof, ..self }
    }
    pub const fn root_only(self) -> Self {
        Self { who: Who::Root, proof: Proof::Root, ..self }
    }
    pub const fn user_only(self) -> Self {
        Self { who: Who::User, proof: Proof::User, ..self }
    }
    pub const fn refusable(self) -> Self {
        Self { refusable: true, ..self }
    }
    pub const fn argument_grants(self) -> Self {
        Self { argument_grants: true, ..self }
    }
    pub const fn at_home(self) -> Self {
        Self { at_home: true, ..self }
    }
    pub const fn within_reach(self) -> Self {
        Self { within_reach: true, ..self }
    }
    pub const fn alone(self) -> Self {
        Self { alone: true, ..self }
    }
    pub const fn patience(self, patience: u64) -> Self {
        Self { patience, ..self }
    }
}
