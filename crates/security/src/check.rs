//! The access check: the one place that decides (MS-DTYP 2.5.3.2 and Forshaw, Windows Security Internals, chapter 7).
//!
//! First the label and its relatives in the SACL limit what can be had. Then one walk over the DACL, in list order and without
//! inherit-only entries, keeps two halves: the user's, which starts with what privileges and ownership give, and the
//! AppContainer's, which starts with nothing and which only the package, its capabilities and the two *all packages* groups
//! can fill. Both halves and the label must leave every wanted bit.
//!
//! Stricter than NT: a deny for any SID that the token holds takes away, in both halves, every bit that not both have been
//! granted yet, and an entry of an unknown type denies everything. NT's own result is computed beside it, so that a
//! decision which differs can be told as such. Wherever the meaning of an entry can't be told, allows are ignored and
//! denies apply.

use serde::Serialize;

use crate::ace::{Ace, AceKind};
use crate::condition::Truth;
use crate::descriptor::{Dacl, SecurityDescriptor};
use crate::label;
use crate::mapping::GenericMapping;
use crate::mask::AccessMask;
use crate::sddl::ace_to_sddl;
use crate::token::{Privilege, Token};
use crate::trace::{Effect, Side, TraceSource, TraceStep};

/// The bits that an ACE can grant: specific and standard rights. ACCESS_SYSTEM_SECURITY comes by privilege alone.
const GRANTABLE: AccessMask = AccessMask(0x1F_FFFF);

/// What stands for the user half of the check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UserHalf {
    /// The descriptor's DACL, as on NT.
    Descriptor,
    /// The host's kernel, which checks uid, gid and mode itself: every wanted bit starts granted. Deny ACEs for SIDs of the
    /// token still take away, and labels still bind.
    Host,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The wanted rights; generic bits are mapped, MAXIMUM_ALLOWED collects what there is, and bits asked for beside it
    /// must still all be granted. Asking for nothing is denied.
    pub desired: AccessMask,
    /// What generic bits mean on the object.
    pub mapping: GenericMapping,
    /// What stands for the user half.
    pub user_half: UserHalf,
    /// For files: the descriptor of the folder that holds the object. LIST on it also gives READ_ATTRIBUTES on the
    /// object, DELETE_CHILD gives DELETE, where both halves hold on the folder.
    pub parent: Option<&'a SecurityDescriptor>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Whether access is granted.
    pub granted: bool,
    /// The granted rights; none when denied.
    pub access: AccessMask,
    /// What the user half grants of the bits in question.
    pub user: AccessMask,
    /// What the lowbox half grants of the bits in question; everything when the token has no AppContainer.
    pub lowbox: AccessMask,
    /// What the label and its relatives leave of the bits in question.
    pub label: AccessMask,
    /// NT would grant more.
    pub stricter_than_nt: bool,
    /// What NT would grant.
    pub nt_access: AccessMask,
    /// How it came about.
    pub trace: Vec<TraceStep>,
}

/// Decides whether `token` gets the requested rights on an object with this descriptor.
pub fn access_check(sd: &SecurityDescriptor, token: &Token, request: &Request<'_>) -> Decision {
    Walk::new(sd, token, request, true).run()
}

/// The same check without its trace: for callers that ask thousands of times, such as a planner.
pub fn access_check_untold(sd: &SecurityDescriptor, token: &Token, request: &Request<'_>) -> Decision {
    Walk::new(sd, token, request, false).run()
}

/// Bits that one half has decided so far. A bit is in at most one of the two.
#[derive(Clone, Copy, Default)]
struct Half {
    granted: AccessMask,
    denied: AccessMask,
}

impl Half {
    /// Grants what isn't decided yet and returns it.
    fn grant(&mut self, bits: AccessMask) -> AccessMask {
        let fresh = bits & !(self.granted | self.denied);
        self.granted |= fresh;
        fresh
    }

    fn take(&mut self, bits: AccessMask) {
        self.granted = self.granted.without(bits);
        self.denied |= bits;
    }
}

#[derive(Clone, Copy, Default)]
struct Halves {
    user: Half,
    lowbox: Half,
}

struct Walk<'a> {
    sd: &'a SecurityDescriptor,
    token: &'a Token,
    request: &'a Request<'a>,
    /// Wanted by name, generic bits mapped.
    want: AccessMask,
    maximum: bool,
    /// All bits in question: the wanted ones and, for MAXIMUM_ALLOWED, everything an ACE can grant.
    scope: AccessMask,
    is_owner: bool,
    holds_as_owner: bool,
    strict: Halves,
    nt: Halves,
    /// Bits that an ACE gave to the user half. With the host as user half and no AppContainer, only these are safe from a
    /// later deny.
    by_ace: AccessMask,
    trace: Vec<TraceStep>,
    /// Whether the trace is wanted.
    telling: bool,
}

impl<'a> Walk<'a> {
    fn new(
        sd: &'a SecurityDescriptor,
        token: &'a Token,
        request: &'a Request<'a>,
        telling: bool,
    ) -> Walk<'a> {
        let desired = request.mapping.map(request.desired);
        let maximum = desired.contains(AccessMask::MAXIMUM_ALLOWED);
        let want = desired.without(AccessMask::MAXIMUM_ALLOWED);
        let owner = sd.owner.as_ref();
        Walk {
            sd,
            token,
            request,
            want,
            maximum,
            scope: if maximum { want | GRANTABLE } else { want },
            is_owner: owner.is_some_and(|sid| token.user_matches_allow(sid)),
            holds_as_owner: owner.is_some_and(|sid| token.user_holds(sid)),
            strict: Halves::default(),
            nt: Halves::default(),
            by_ace: AccessMask::NONE,
            trace: Vec::new(),
            telling,
        }
    }

    fn run(mut self) -> Decision {
        let left = label::check(self.sd, self.token, &self.request.mapping, self.scope, &mut self.trace);
        if self.token.app_container.is_none() {
            self.strict.lowbox.granted = AccessMask(u32::MAX);
            self.nt.lowbox.granted = AccessMask(u32::MAX);
        }
        self.start_user_half();
        match &self.sd.dacl {
            Dacl::Absent | Dacl::Null => self.no_dacl(),
            Dacl::Present(acl) => {
                for (index, ace) in acl.aces.iter().enumerate().filter(|(_, ace)| !ace.is_inherit_only()) {
                    self.visit(index, ace);
                }
            }
        }
        if self.request.user_half == UserHalf::Host {
            // On NT the host's grants would be entries behind all others.
            self.nt.user.grant(self.everything());
        }
        self.parent_rights();
        self.undecided();
        let (granted, access) = self.conclude(self.strict, left.strict);
        let (_, nt_access) = self.conclude(self.nt, left.nt);
        Decision {
            granted,
            access,
            user: self.strict.user.granted & self.scope,
            lowbox: self.strict.lowbox.granted & self.scope,
            label: left.strict & self.scope,
            stricter_than_nt: !nt_access.without(access).is_empty(),
            nt_access,
            trace: self.trace,
        }
    }

    /// Both halves and the label must leave every bit wanted by name; nothing at all is a denial.
    fn conclude(&self, halves: Halves, label: AccessMask) -> (bool, AccessMask) {
        let got = halves.user.granted & halves.lowbox.granted & label & self.scope;
        if !got.contains(self.want) || got.is_empty() {
            return (false, AccessMask::NONE);
        }
        (true, if self.maximum { got } else { self.want })
    }

    /// Everything that a grant of *all* means here.
    fn everything(&self) -> AccessMask {
        let all = if self.maximum { self.request.mapping.all } else { AccessMask::NONE };
        (self.want | all) & GRANTABLE
    }

    fn start_user_half(&mut self) {
        self.privilege(Privilege::Security, AccessMask::ACCESS_SYSTEM_SECURITY);
        self.privilege(Privilege::TakeOwnership, AccessMask::WRITE_OWNER);
        self.privilege(Privilege::Relabel, AccessMask::WRITE_OWNER);
        if self.request.user_half == UserHalf::Host {
            let bits = self.everything();
            let fresh = self.strict.user.grant(bits);
            let sentence = words(self.telling, || "the host decides what the user may do".to_owned());
            self.step(TraceSource::Host, Side::User, Effect::Granted, fresh, sentence);
        }
        // An empty or present DACL decides about the owner's rights; without a DACL everything is granted anyway.
        let replaced =
            self.sd.dacl.aces().iter().any(|ace| !ace.is_inherit_only() && ace.sid.is_owner_rights());
        if self.is_owner && !replaced {
            let bits = (AccessMask::READ_CONTROL | AccessMask::WRITE_DAC) & self.scope;
            let sentence = words(self.telling, || "the owner may read and change the permissions".to_owned());
            self.grant_user(bits, TraceSource::Owner, sentence);
        }
    }

    /// Privileges count only for bits that are asked for by name, never for MAXIMUM_ALLOWED.
    fn privilege(&mut self, privilege: Privilege, bit: AccessMask) {
        if self.want.contains(bit) && self.token.has_privilege(privilege) {
            let sentence = words(self.telling, || format!("{} gives {bit}", privilege.name()));
            self.grant_user(bit, TraceSource::Privilege(privilege), sentence);
        }
    }

    fn grant_user(&mut self, bits: AccessMask, source: TraceSource, sentence: String) {
        self.nt.user.grant(bits);
        let fresh = self.strict.user.grant(bits);
        self.step(source, Side::User, Effect::Granted, fresh, sentence);
    }

    fn no_dacl(&mut self) {
        let bits = self.everything();
        let sentence = words(self.telling, || "without a DACL the user half grants everything".to_owned());
        self.grant_user(bits, TraceSource::NoDacl, sentence);
        if self.token.app_container.is_some() {
            self.strict.lowbox.take(bits);
            let sentence = words(self.telling, || "without a DACL nothing names the AppContainer".to_owned());
            self.step(TraceSource::NoDacl, Side::Lowbox, Effect::Denied, bits, sentence);
        }
    }

    fn visit(&mut self, index: usize, ace: &Ace) {
        if ace.kind.is_deny() {
            self.visit_deny(index, ace);
        } else if ace.kind.is_allow() {
            self.visit_allow(index, ace);
        }
    }

    fn visit_allow(&mut self, index: usize, ace: &Ace) {
        let bits = self.request.mapping.map(ace.mask) & GRANTABLE & self.scope;
        let owner_rights = self.is_owner && ace.sid.is_owner_rights();
        let for_user = owner_rights || self.token.user_matches_allow(&ace.sid);
        let for_lowbox = self.token.app_container.as_ref().is_some_and(|c| c.matches_allow(&ace.sid));
        if bits.is_empty() || !(for_user || for_lowbox) {
            return;
        }
        let telling = self.telling;
        let source = || TraceSource::Ace { index, sddl: words(telling, || ace_to_sddl(ace)) };
        let side = if for_user { Side::User } else { Side::Lowbox };
        if let Some(reason) = self.why_allow_is_ignored(ace) {
            let sentence = words(self.telling, || {
                format!("entry {index} would grant {bits} to {}, but {reason}", ace.sid)
            });
            self.step(source(), side, Effect::Ignored, bits, sentence);
            return;
        }
        if for_user {
            self.nt.user.grant(bits);
            let fresh = self.strict.user.grant(bits);
            self.by_ace |= bits & self.strict.user.granted;
            let sentence =
                words(self.telling, || format!("entry {index} grants {fresh} to {} for the user", ace.sid));
            self.step(source(), Side::User, Effect::Granted, fresh, sentence);
        }
        if for_lowbox {
            self.nt.lowbox.grant(bits);
            let fresh = self.strict.lowbox.grant(bits);
            let sentence = words(self.telling, || {
                format!("entry {index} grants {fresh} to {} for the AppContainer", ace.sid)
            });
            self.step(source(), Side::Lowbox, Effect::Granted, fresh, sentence);
        }
    }

    fn why_allow_is_ignored(&self, ace: &Ace) -> Option<&'static str> {
        if ace.object.is_some_and(|types| types.object.is_some()) {
            return Some("only for an object type that this request doesn't name");
        }
        match crate::condition::truth(ace, self.token) {
            Truth::True => None,
            Truth::False => Some("its condition is not met"),
            Truth::Unknown => Some("whether its condition is met can't be told"),
        }
    }

    fn visit_deny(&mut self, index: usize, ace: &Ace) {
        let unknown = matches!(ace.kind, AceKind::Unknown(_));
        let user_sid = self.token.user_holds(&ace.sid) || (self.holds_as_owner && ace.sid.is_owner_rights());
        let container_sid = self.token.app_container.as_ref().is_some_and(|c| c.holds(&ace.sid));
        if !(unknown || user_sid || container_sid) {
            return;
        }
        // What an entry of an unknown type denies can't be told, so it denies everything.
        let mapped = if unknown { AccessMask(u32::MAX) } else { self.request.mapping.map(ace.mask) };
        let bits = mapped & GRANTABLE & self.scope;
        let source = TraceSource::Ace { index, sddl: words(self.telling, || ace_to_sddl(ace)) };
        if crate::condition::truth(ace, self.token) == Truth::False {
            let sentence = words(self.telling, || {
                format!("entry {index} would deny {bits} to {}, but its condition is not met", ace.sid)
            });
            self.step(source, Side::Both, Effect::Ignored, bits, sentence);
            return;
        }
        // NT: only SIDs of the user, and only what the user half still wants.
        let nt_bits = if user_sid && !unknown { bits & !self.nt.user.granted } else { AccessMask::NONE };
        self.nt.user.take(nt_bits);
        // Here: every bit that not both halves have been granted yet, in both halves.
        let host_alone = self.request.user_half == UserHalf::Host && self.token.app_container.is_none();
        let user_safe = if host_alone { self.by_ace } else { self.strict.user.granted };
        let taken = bits & !(user_safe & self.strict.lowbox.granted);
        let fresh = taken & !(self.strict.user.denied & self.strict.lowbox.denied);
        self.strict.user.take(taken);
        self.strict.lowbox.take(taken);
        let stricter = fresh & !self.nt.user.denied;
        let sentence = if unknown {
            words(self.telling, || {
                format!("entry {index} has a type not known here, so it takes {fresh} away")
            })
        } else {
            words(self.telling, || format!("entry {index} denies {fresh} to {}", ace.sid))
        };
        self.step(source, Side::Both, Effect::Denied, fresh, sentence);
        if let Some(last) = self.trace.last_mut().filter(|_| !fresh.is_empty()) {
            last.stricter_than_nt = !stricter.is_empty();
        }
    }

    /// Rule 7: rights on the folder. A deny on the object itself still wins for an AppContainer.
    fn parent_rights(&mut self) {
        let Some(parent) = self.request.parent else { return };
        let request = Request {
            desired: AccessMask::MAXIMUM_ALLOWED,
            parent: None,
            mapping: GenericMapping::FILE,
            ..*self.request
        };
        let decision = Walk::new(parent, self.token, &request, false).run();
        let gives = |access: AccessMask| {
            let mut bits = AccessMask::NONE;
            if access.contains(AccessMask::READ_DATA) {
                bits |= AccessMask::READ_ATTRIBUTES;
            }
            if access.contains(AccessMask::DELETE_CHILD) {
                bits |= AccessMask::DELETE;
            }
            bits & self.scope
        };
        let (strict, nt) = (gives(decision.access), gives(decision.nt_access));
        self.nt.user.granted |= nt;
        self.nt.lowbox.granted |= nt;
        let firm = self.token.app_container.is_some() || self.request.user_half == UserHalf::Host;
        let denied = if firm { self.strict.user.denied } else { AccessMask::NONE };
        let bits = strict & !denied;
        let fresh = bits & !(self.strict.user.granted & self.strict.lowbox.granted);
        for half in [&mut self.strict.user, &mut self.strict.lowbox] {
            half.granted |= bits;
            half.denied = half.denied.without(bits);
        }
        let sentence = words(self.telling, || format!("rights on the folder give {fresh}"));
        self.step(TraceSource::Parent, Side::Both, Effect::Granted, fresh, sentence);
    }

    /// Says which wanted bits no entry decided.
    fn undecided(&mut self) {
        let halves = self.strict;
        let sides =
            [(Side::User, halves.user, "the user"), (Side::Lowbox, halves.lowbox, "the AppContainer")];
        for (side, half, who) in sides {
            let bits = self.want.without(half.granted | half.denied);
            self.step(
                TraceSource::Nothing,
                side,
                Effect::Denied,
                bits,
                words(self.telling, || format!("nothing grants {bits} to {who}")),
            );
        }
    }

    fn step(&mut self, source: TraceSource, side: Side, effect: Effect, bits: AccessMask, sentence: String) {
        if self.telling && !bits.is_empty() {
            self.trace.push(TraceStep { source, side, effect, bits, stricter_than_nt: false, sentence });
        }
    }
}

/// Words for the trace, made only if somebody reads them: they cost more than the check.
fn words(telling: bool, text: impl FnOnce() -> String) -> String {
    if telling { text() } else { String::new() }
}
