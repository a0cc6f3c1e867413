//! DNS messages (RFC 1035), read by the crate `domain`: what is asked, whether an answer is one to it, and which addresses it
//! brings. Both sides are hostile: the program that asks, and whoever answers.

use std::collections::HashSet;
use std::net::IpAddr;

use domain::base::iana::{Class, Opcode, Rcode, Rtype};
use domain::base::{Message, MessageBuilder, ParsedName};
use domain::rdata::{A, Aaaa, Cname};

/// How many names an address may be away from the one that was asked for.
const MAX_CHAIN: usize = 16;

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    id: u16,
    /// In small letters, without a final dot; odd bytes as escapes.
    name: String,
    kind: Rtype,
    class: Class,
}

impl Query {
    /// Reads a message with exactly one question; `None` if it is none.
    pub fn parse(message: &[u8]) -> Option<Query> {
        let message = Message::from_octets(message).ok()?;
        let header = message.header();
        (!header.qr() && header.opcode() == Opcode::QUERY).then_some(())?;
        Query::of(&message)
    }

    fn of(message: &Message<&[u8]>) -> Option<Query> {
        let question = message.sole_question().ok()?;
        let name = question.qname().to_string().to_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name).to_owned();
        Some(Query { id: message.header().id(), name, kind: question.qtype(), class: question.qclass() })
    }

    /// The name that is asked for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same question under another number.
    pub fn with_id(&self, id: u16) -> Query {
        Query { id, ..self.clone() }
    }

    /// Whether a message answers this question.
    pub fn is_answered_by(&self, message: &[u8]) -> bool {
        Message::from_octets(message)
            .ok()
            .filter(|message| message.header().qr())
            .and_then(|message| Query::of(&message))
            .is_some_and(|answered| answered == *self)
    }

    /// The addresses that an answer gives the name, by way of its aliases, each with the seconds that it lasts.
    pub fn addresses(&self, message: &[u8]) -> Vec<(IpAddr, u32)> {
        match Message::from_octets(message) {
            Ok(message) if self.is_answered_by(message.as_slice()) => {
                addresses(&message, &self.name).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }
}

fn addresses(message: &Message<&[u8]>, name: &str) -> Option<Vec<(IpAddr, u32)>> {
    let mut aliases: Vec<(String, String)> = Vec::new();
    let mut found: Vec<(String, IpAddr, u32)> = Vec::new();
    for record in message.answer().ok()? {
        let record = record.ok()?;
        let small = |name: String| name.strip_suffix('.').unwrap_or(&name).to_ascii_lowercase();
        let owner = small(record.owner().to_string());
        let seconds = record.ttl().as_secs();
        if let Ok(Some(alias)) = record.to_record::<Cname<ParsedName<&[u8]>>>() {
            aliases.push((owner, small(alias.data().cname().to_string())));
        } else if let Ok(Some(address)) = record.to_record::<A>() {
            found.push((owner, address.data().addr().into(), seconds));
        } else if let Ok(Some(address)) = record.to_record::<Aaaa>() {
            found.push((owner, address.data().addr().into(), seconds));
        }
    }
    let mut names: HashSet<&str> = HashSet::from([name]);
    for _ in 0..MAX_CHAIN {
        let before = names.len();
        for (alias, canonical) in &aliases {
            if names.contains(alias.as_str()) {
                names.insert(canonical);
            }
        }
        if names.len() == before {
            break;
        }
    }
    found.retain(|(owner, ..)| names.contains(owner.as_str()));
    Some(found.into_iter().map(|(_, address, seconds)| (address, seconds)).collect())
}

/// The answer that there is no such name; `None` if `query` can't be answered.
pub fn no_such_name(query: &[u8]) -> Option<Vec<u8>> {
    failure(query, Rcode::NXDOMAIN)
}

/// The answer that the resolvers are not to be reached.
pub fn server_failure(query: &[u8]) -> Option<Vec<u8>> {
    failure(query, Rcode::SERVFAIL)
}

fn failure(query: &[u8], code: Rcode) -> Option<Vec<u8>> {
    let message = Message::from_octets(query).ok()?;
    let mut answer = MessageBuilder::new_vec().start_answer(&message, code).ok()?;
    answer.header_mut().set_ra(true);
    Some(answer.finish())
}

/// Writes another number into a message.
pub fn set_id(message: &mut [u8], id: u16) {
    if let Some(place) = message.get_mut(..2) {
        place.copy_from_slice(&id.to_be_bytes());
    }
}

impl Query {
    /// Its number.
    pub fn id(&self) -> u16 {
        self.id
    }

    /// The address whose name is asked for (`in-addr.arpa`, `ip6.arpa`), if one is.
    pub fn reverse(&self) -> Option<IpAddr> {
        if let Some(labels) = self.name.strip_suffix(".in-addr.arpa") {
            let mut octets: Vec<u8> = labels.rsplit('.').map(str::parse).collect::<Result<_, _>>().ok()?;
            // A part of an address stands for the network.
            (octets.len() <= 4).then(|| octets.resize(4, 0))?;
            return Some(IpAddr::from(<[u8; 4]>::try_from(octets).ok()?));
        }
        let labels = self.name.strip_suffix(".ip6.arpa")?;
        let mut bits = 0_u128;
        let mut count = 0;
        for label in labels.rsplit('.') {
            count += 1;
            (label.len() == 1 && count <= 32).then_some(())?;
            bits |= u128::from(u8::from_str_radix(label, 16).ok()?) << (128 - 4 * count);
        }
        Some(IpAddr::from(bits.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::base::Name;
    use std::str::FromStr;

    fn query(name: &str) -> Vec<u8> {
        let mut builder = MessageBuilder::new_vec().question();
        builder.header_mut().set_id(7);
        builder.push((Name::<Vec<u8>>::from_str(name).unwrap(), Rtype::A)).unwrap();
        builder.finish()
    }

    fn answer(query: &[u8], records: &[(&str, &str)]) -> Vec<u8> {
        let message = Message::from_octets(query).unwrap();
        let mut builder = MessageBuilder::new_vec().start_answer(&message, Rcode::NOERROR).unwrap();
        for (owner, data) in records {
            let owner = Name::<Vec<u8>>::from_str(owner).unwrap();
            match data.parse() {
                Ok(IpAddr::V4(address)) => builder.push((owner, 60, A::new(address))).unwrap(),
                Ok(IpAddr::V6(address)) => builder.push((owner, 60, Aaaa::new(address))).unwrap(),
                Err(_) => {
                    let alias = Cname::new(Name::<Vec<u8>>::from_str(data).unwrap());
                    builder.push((owner, 60, alias)).unwrap();
                }
            }
        }
        builder.finish()
    }

    #[test]
    fn only_addresses_of_the_name_and_its_aliases_are_taken_from_an_answer_to_the_question() {
        let asked = query("WWW.Example.com");
        let parsed = Query::parse(&asked).unwrap();
        assert_eq!((parsed.name(), parsed.id()), ("www.example.com", 7));
        let told = answer(
            &asked,
            &[
                ("edge.example.net", "8.8.8.8"),
                ("www.example.com", "alias.example.com"),
                ("alias.example.com", "edge.example.net"),
                ("other.example.com", "9.9.9.9"),
                ("www.example.com", "2606:2800::1"),
            ],
        );
        assert!(parsed.is_answered_by(&told));
        let addresses: Vec<String> =
            parsed.addresses(&told).iter().map(|(address, _)| address.to_string()).collect();
        assert_eq!(addresses, ["8.8.8.8", "2606:2800::1"]);
        let other = answer(&query("other.com"), &[("other.com", "6.6.6.6")]);
        assert!(!parsed.is_answered_by(&other) && parsed.addresses(&other).is_empty());
        let mut spoofed = told.clone();
        set_id(&mut spoofed, 8);
        assert!(!parsed.is_answered_by(&spoofed) && parsed.with_id(8).is_answered_by(&spoofed));
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_stranger_sends_is_read_or_refused(
            asked in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
            noise in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
            at in 0..60_usize,
        ) {
            for asked in [asked, query("www.example.com")] {
                let Some(parsed) = Query::parse(&asked) else { continue };
                let mut told = answer(&asked, &[]);
                // An answer that is damaged from somewhere on.
                told.truncate(at);
                told.extend(&noise);
                if !parsed.addresses(&told).is_empty() {
                    assert!(parsed.is_answered_by(&told));
                }
                set_id(&mut told, parsed.id().wrapping_add(1));
                assert!(!parsed.is_answered_by(&told));
            }
        }
    }

    #[test]
    fn what_is_no_question_is_none_and_a_question_can_be_denied() {
        let asked = query("a.b");
        for bad in [&[][..], &[0; 11], &asked[..asked.len() - 1], &answer(&asked, &[])] {
            assert!(Query::parse(bad).is_none());
        }
        let denied = no_such_name(&asked).unwrap();
        assert!(Query::parse(&asked).unwrap().is_answered_by(&denied));
        assert_eq!(denied[3] & 0xf, 3);
    }

    #[test]
    fn names_of_addresses_are_told_from_other_names() {
        let reverse = |name: &str| Query::parse(&query(name)).unwrap().reverse().map(|a| a.to_string());
        assert_eq!(reverse("4.3.2.10.in-addr.arpa").as_deref(), Some("10.2.3.4"));
        assert_eq!(reverse("168.192.in-addr.arpa").as_deref(), Some("192.168.0.0"));
        let v6 = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa";
        assert_eq!(reverse(v6).as_deref(), Some("fd00::1"));
        assert_eq!(reverse("example.com"), None);
        assert_eq!(reverse("1.2.3.4.5.in-addr.arpa"), None);
    }
}
