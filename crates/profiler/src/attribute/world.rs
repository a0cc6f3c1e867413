//! What an access is judged against, and the judging: the one access check, asked forwards and backwards.

use std::path::{Component, Path, PathBuf};

use lowbox_policy::network::{
    Access as Direction, AllowedHost, NETWORK_CAPABILITIES, NetworkPolicy, Opening, Peer, classify,
};
use lowbox_policy::ruling::{Cause, grant_helps, granting, helpful_grant, is_at_or_above, rule};
use lowbox_policy::{
    Candidate, GrantRights, NodeKind, Object as Securable, ObjectKind, Operation, PlanOptions, Question,
    candidates,
};
use lowbox_security::{AccessMask, Token};

use super::Grant;
use crate::record::{Denial, Node, Object, Right, Why};

/// What a program is granted, and what there is that it could be granted.
#[derive(Clone, Debug)]
pub struct World {
    /// The whole catalogue, also the entries for capabilities that the token does not hold; and what the program is granted
    /// beside its capabilities.
    pub objects: Vec<Securable>,
    /// The token, with the capabilities that are declared.
    pub token: Token,
    /// The ports of the host's loopback that are open to it.
    pub loopback_ports: Vec<u16>,
    /// The hosts that are open to it beside its capabilities.
    pub hosts: Vec<AllowedHost>,
    /// Where consent can be given while the program runs ([`lowbox_policy::frontier::frontier`]).
    pub frontier: Vec<PathBuf>,
    /// Places that no grant may open, and those of the container's own.
    pub options: PlanOptions,
}

/// Asks the access check about accesses.
pub struct Judge<'w> {
    world: &'w World,
    network: NetworkPolicy,
    /// The policy with each capability that opens a network, in the order of [`NETWORK_CAPABILITIES`].
    with: Vec<(usize, NetworkPolicy)>,
    candidates: Vec<Candidate>,
}

/// What would turn a denial into a grant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remedies {
    /// The capabilities that would, each alone: bits by their place in [`Judge::candidates`].
    pub capabilities: u128,
    /// Where none does alone: one of each of these is needed. An address that holds another one is two destinations.
    pub together: Vec<u128>,
    /// The narrowest grant that would.
    pub grant: Option<Grant>,
}

impl<'w> Judge<'w> {
    /// Prepares to judge.
    pub fn new(world: &'w World) -> Judge<'w> {
        let mut candidates = candidates();
        // One bit each. The catalogue has fewer; a test says so.
        candidates.truncate(128);
        let policy =
            |token: &Token| NetworkPolicy::new(token, world.loopback_ports.clone(), world.hosts.clone());
        let with = NETWORK_CAPABILITIES.iter().filter_map(|name| {
            let at = candidates.iter().position(|candidate| candidate.name == *name)?;
            let mut token = world.token.clone();
            token.app_container.as_mut()?.capabilities.push(candidates[at].sid.clone());
            Some((at, policy(&token)))
        });
        Judge { network: policy(&world.token), with: with.collect(), world, candidates }
    }

    /// The capabilities that are considered.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// What the program would be told: `None` if the access check grants it, else why not. (The user's own permissions come
    /// on top at run time.)
    pub fn denial(&self, object: &Object, right: Right) -> Option<Denial> {
        let no_object = |why| {
            Some(Denial { desired: AccessMask::NONE, missing: AccessMask::NONE, on_parent: false, why })
        };
        if let Some(question) = self.question(object, right) {
            let ruling = rule(&question);
            if ruling.granted && !self.is_shown(object) {
                let desired = ruling.desired;
                return Some(Denial { desired, missing: desired, on_parent: false, why: Why::NoObject });
            }
            let why = match ruling.cause? {
                Cause::NoEntry => Why::NoEntry,
                Cause::NotAllowed => Why::NotAllowed,
                Cause::Denied => Why::Denied,
                Cause::Label => Why::Label,
            };
            let (desired, missing, on_parent) = (ruling.desired, ruling.missing, ruling.on_parent);
            return Some(Denial { desired, missing, on_parent, why });
        }
        match network_question(object, right) {
            None => no_object(Why::NoObject),
            Some(asked) if asked.granted_by(&self.network, self.is_allowed(object)) => None,
            Some(asked) => {
                let desired = asked.rights();
                Some(Denial { desired, missing: desired, on_parent: false, why: Why::NotAllowed })
            }
        }
    }

    /// What would grant an access that is denied.
    pub fn remedies(&self, object: &Object, right: Right) -> Remedies {
        if let Some(question) = self.question(object, right) {
            if !self.is_shown(object) {
                return Remedies::default();
            }
            let bits = granting(&question, &self.candidates).into_iter();
            let capabilities = bits.fold(0, |all, at| all | 1_u128 << at);
            return Remedies {
                capabilities,
                grant: self.path_grant(object, &question),
                ..Remedies::default()
            };
        }
        let Some(asked) = network_question(object, right) else { return Remedies::default() };
        if let NetworkQuestion::Peer(peer, Direction::Connect) = asked {
            return self.openings(&peer, self.is_allowed(object));
        }
        let open = self.with.iter().filter(|(_, policy)| asked.granted_by(policy, false));
        let capabilities = open.fold(0, |all, (at, _)| all | 1_u128 << at);
        let mut remedies = Remedies { capabilities, ..Remedies::default() };
        if let NetworkQuestion::Peer(peer, Direction::Accept) = asked {
            remedies.together = self.together(&peer, Direction::Accept, capabilities);
        }
        remedies
    }

    /// The capabilities for each of an address's classes, if no one capability is for all of them.
    fn together(&self, peer: &Peer, direction: Direction, alone: u128) -> Vec<u128> {
        if alone != 0 {
            return Vec::new();
        }
        let opens = |policy: &NetworkPolicy, class| match direction {
            Direction::Connect => policy.connects(class),
            Direction::Accept => policy.accepts(class),
        };
        let missing = classify(peer).iter().filter(|class| !opens(&self.network, *class)).collect::<Vec<_>>();
        let masks = missing.into_iter().map(|class| {
            let open = self.with.iter().filter(|(_, policy)| opens(policy, class));
            open.fold(0, |all, (at, _)| all | 1_u128 << at)
        });
        let masks: Vec<u128> = masks.collect();
        if masks.contains(&0) { Vec::new() } else { masks }
    }

    /// A unix socket is there only by an entry of its own: none is shown by a grant of its folder.
    fn is_shown(&self, object: &Object) -> bool {
        let Object::UnixSocket { path } = object else { return true };
        let path = path.as_path();
        let own = |entry: &Securable| entry.kind == ObjectKind::Socket && is_at(entry, path);
        self.world.objects.iter().any(own)
    }

    /// What would let the program connect. An allowed host opens what a capability opens, too.
    fn openings(&self, peer: &Peer, named: bool) -> Remedies {
        let mut remedies = Remedies::default();
        for opening in self.network.openings(peer, named) {
            match opening {
                Opening::Capability(name) => {
                    let at = self.candidates.iter().position(|candidate| candidate.name == name);
                    remedies.capabilities |= at.map_or(0, |at| 1_u128 << at);
                }
                Opening::LoopbackExemption => remedies.grant = Some(Grant::Loopback { port: peer.port }),
                Opening::AllowedHost => {}
            }
        }
        if remedies.grant.is_none() {
            remedies.together = self.together(peer, Direction::Connect, remedies.capabilities);
        }
        remedies
    }

    /// Whether the peer was found by the name of a host that is open to the program.
    fn is_allowed(&self, object: &Object) -> bool {
        let Object::Network { port, name: Some(name), .. } = object else { return false };
        let name = String::from_utf8_lossy(name.as_bytes());
        self.world.hosts.iter().any(|host| host.is_named(&name) && host.opens(*port))
    }

    /// Why no grant of its path would do, for people.
    pub fn why_not_grantable(&self, object: &Object, denial: &Denial) -> &'static str {
        match (object, denial.why) {
            (Object::File { node: Node::Symlink, .. }, Why::NoEntry | Why::NotAllowed) => {
                "a symbolic link is shown by a grant of its folder, and that folder may not be granted: use the path that it leads to"
            }
            (Object::File { .. }, Why::Denied) => "an entry of the object catalogue denies it",
            (Object::File { .. }, Why::Label) => "its integrity label is above the program's",
            (Object::File { path, .. }, _) => {
                let path = path.as_path();
                let protected = self.world.options.protected.iter().find(|one| one.relation(path).is_some());
                match protected {
                    Some(protected) => protected.what,
                    None if self.is_reserved(path) => "the container has its own in this place",
                    None => "no grant of the path would be enough",
                }
            }
            (Object::Device { .. }, _) => {
                "devices are granted by an entry of their own in a file in objects.d, not by their path"
            }
            (Object::UnixSocket { .. }, _) => {
                "unix sockets are granted by an entry of their own, not by their path or folder: a line `socket PATH D:(A;;FRFW;;;{package})` in a file in objects.d"
            }
            (Object::AbstractSocket { .. }, _) => {
                "abstract sockets of the host are never reached from a container"
            }
            (Object::Network { .. }, _) => "no capability opens this kind of address",
            (Object::HostName { .. }, _) => "no capability has it resolved",
            (Object::BusName { .. }, _) => "message buses are not opened to containers yet",
            (Object::Display { .. }, _) => "displays are not opened to containers yet",
            (Object::Other { .. }, _) => "no object of the catalogue stands for it",
        }
    }

    /// The places of which every folder beneath may be listed, whatever its name: nobody has to look for the entry that says so.
    pub fn listable(&self) -> Vec<PathBuf> {
        let places =
            self.world.objects.iter().filter(|object| object.kind == ObjectKind::Tree && !object.glob);
        let mut found: Vec<PathBuf> = Vec::new();
        for place in places.map(|object| object.path.as_path()) {
            if !found.iter().any(|have| have == place) && self.is_listable_throughout(place) {
                found.push(place.to_path_buf());
            }
        }
        found
    }

    fn is_listable_throughout(&self, place: &Path) -> bool {
        let changes = |object: &Securable| match object.glob {
            false => object.path != place && object.path.starts_with(place),
            // It may fit anything that begins as it does.
            true => {
                let plain = |part: &Component<'_>| !part.as_os_str().as_encoded_bytes().contains(&b'*');
                let beginning: PathBuf = object.path.components().take_while(plain).collect();
                object.path.starts_with(place) || place.starts_with(&beginning)
            }
        };
        let (objects, token) = (self.world.objects.as_slice(), &self.world.token);
        // What is inherited by the second generation is by all.
        let beneath = [place.join("x"), place.join("x/x"), place.join("x/x/x")];
        !objects.iter().any(changes)
            && beneath.iter().all(|path| {
                let (kind, operation) = (NodeKind::Dir, Operation::List);
                rule(&Question { objects, token, path, kind, operation }).granted
            })
    }

    /// Whether a question could be asked about it while the program runs, if it declared the prompting capability.
    pub fn can_be_asked_about(&self, path: &Path) -> bool {
        lowbox_policy::frontier::is_in_frontier(path, &self.world.frontier)
    }

    fn question<'q>(&'q self, object: &'q Object, right: Right) -> Option<Question<'q>> {
        let Right::Do(operation) = right else { return None };
        let path = object.path()?.as_path();
        let kind = object.node_kind()?;
        let (objects, token) = (self.world.objects.as_slice(), &self.world.token);
        is_plain(path).then_some(Question { objects, token, path, kind, operation })
    }

    fn path_grant(&self, object: &Object, question: &Question<'_>) -> Option<Grant> {
        let Object::File { node, .. } = object else { return None };
        let (place, rights) = match node {
            // A link is never granted by its own path; a grant of its folder shows it as it is.
            Node::Symlink if question.operation == Operation::Stat => {
                let folder = question.path.parent().filter(|folder| *folder != Path::new("/"))?;
                let rights = GrantRights::READ;
                grant_helps(question, folder, rights).then_some((folder, rights))?
            }
            _ => helpful_grant(question)?,
        };
        self.may_be_granted(place).then(|| Grant::Path { path: place.to_path_buf(), rights })
    }

    pub(super) fn may_be_granted(&self, path: &Path) -> bool {
        let protected = self.world.options.protected.iter().any(|one| one.relation(path).is_some());
        !protected && !self.is_reserved(path)
    }

    fn is_reserved(&self, path: &Path) -> bool {
        self.world.options.reserved.iter().any(|place| path.starts_with(place))
    }

    /// Whether a grant of a folder would be enough for what lies beneath it.
    pub(super) fn is_granted_by(
        &self,
        object: &Object,
        right: Right,
        folder: &Path,
        rights: GrantRights,
    ) -> bool {
        self.question(object, right).is_some_and(|question| grant_helps(&question, folder, rights))
    }
}

/// What is asked of a network policy.
enum NetworkQuestion {
    Peer(Peer, Direction),
    Listen,
    Name(String),
}

fn network_question(object: &Object, right: Right) -> Option<NetworkQuestion> {
    Some(match (object, right) {
        (Object::Network { .. }, Right::Do(Operation::Connect)) => {
            NetworkQuestion::Peer(object.peer()?, Direction::Connect)
        }
        (Object::Network { .. }, Right::Accept) => NetworkQuestion::Peer(object.peer()?, Direction::Accept),
        (Object::Network { .. }, Right::Listen) => NetworkQuestion::Listen,
        (Object::HostName { name }, Right::Resolve) => {
            NetworkQuestion::Name(String::from_utf8_lossy(name.as_bytes()).into_owned())
        }
        _ => return None,
    })
}

impl NetworkQuestion {
    /// `named` is for peers: it was found by the name of an allowed host.
    fn granted_by(&self, policy: &NetworkPolicy, named: bool) -> bool {
        match self {
            NetworkQuestion::Peer(peer, direction) => policy.decide(peer, *direction, named).granted,
            NetworkQuestion::Listen => policy.accepts_anything(),
            NetworkQuestion::Name(name) => policy.resolves(name),
        }
    }

    fn rights(&self) -> AccessMask {
        use lowbox_policy::network::{ACCEPT, CONNECT};
        match self {
            NetworkQuestion::Peer(_, Direction::Connect) | NetworkQuestion::Name(_) => CONNECT,
            NetworkQuestion::Peer(_, Direction::Accept) | NetworkQuestion::Listen => ACCEPT,
        }
    }
}

/// Whether the entry is at the path, and not only above it.
fn is_at(entry: &Securable, path: &Path) -> bool {
    entry.path.components().count() == path.components().count() && is_at_or_above(entry, path)
}

/// An absolute path without `.` and `..`: only about those can be asked. Records may hold anything.
fn is_plain(path: &Path) -> bool {
    path.is_absolute()
        && path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)))
        && path.components().count() <= lowbox_policy::MAX_DEPTH
        && !path.as_os_str().as_encoded_bytes().contains(&0)
}
