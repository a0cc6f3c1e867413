//! Keys with their values and subkeys, by names that differ in more than upper and lower case.

use std::collections::BTreeMap;

/// A name as the registry compares names: each character in upper case, by its UTF-16 units. Hives are sorted that way too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Folded(Vec<u16>);

impl Folded {
    /// Of a name.
    #[must_use]
    pub fn new(name: &str) -> Folded {
        let mut units = Vec::with_capacity(name.len());
        let mut buffer = [0; 2];
        for letter in name.chars() {
            // One for one, as Windows has it: ß stays.
            let mut upper = letter.to_uppercase();
            let one = if upper.len() == 1 { upper.next() } else { None };
            units.extend_from_slice(one.unwrap_or(letter).encode_utf16(&mut buffer));
        }
        Folded(units)
    }

    /// Its UTF-16 units.
    #[must_use]
    pub fn units(&self) -> &[u16] {
        &self.0
    }
}

/// A value's type (`REG_SZ` and so on) as its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(pub u32);

impl Kind {
    /// `REG_SZ`.
    pub const TEXT: Kind = Kind(1);
    /// `REG_EXPAND_SZ`: text in which `%VARIABLES%` are meant.
    pub const EXPANDED_TEXT: Kind = Kind(2);
    /// `REG_DWORD`.
    pub const NUMBER: Kind = Kind(4);
    /// `REG_LINK`: the key is another one.
    pub const LINK: Kind = Kind(6);
    /// `REG_MULTI_SZ`.
    pub const TEXTS: Kind = Kind(7);

    /// Whether the data is text.
    #[must_use]
    pub fn is_text(self) -> bool {
        [Kind::TEXT, Kind::EXPANDED_TEXT, Kind::TEXTS].contains(&self)
    }
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Value {
    /// What the data is.
    pub kind: Kind,
    /// The data; text is UTF-16, and ends in a zero as a rule.
    pub data: Vec<u8>,
}

impl Value {
    /// A `REG_SZ`.
    #[must_use]
    pub fn text(text: &str) -> Value {
        Value { kind: Kind::TEXT, data: units_to_bytes(text.encode_utf16().chain([0])) }
    }

    /// A `REG_DWORD`.
    #[must_use]
    pub fn number(number: u32) -> Value {
        Value { kind: Kind::NUMBER, data: number.to_le_bytes().to_vec() }
    }

    /// The text, zeros at its end included; `None` if it is none.
    #[must_use]
    pub fn whole_text(&self) -> Option<String> {
        let (pairs, rest) = self.data.as_chunks::<2>();
        if !self.kind.is_text() || !rest.is_empty() {
            return None;
        }
        char::decode_utf16(pairs.iter().map(|pair| u16::from_le_bytes(*pair))).collect::<Result<_, _>>().ok()
    }

    /// The text up to its first zero.
    #[must_use]
    pub fn as_text(&self) -> Option<String> {
        let mut text = self.whole_text()?;
        text.truncate(text.find('\0').unwrap_or(text.len()));
        Some(text)
    }
}

pub(crate) fn units_to_bytes(units: impl Iterator<Item = u16>) -> Vec<u8> {
    units.flat_map(u16::to_le_bytes).collect()
}

/// A key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Key {
    keys: BTreeMap<Folded, (String, Key)>,
    values: BTreeMap<Folded, (String, Value)>,
}

impl Key {
    /// Its subkeys, in the order of their names.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = (&str, &Key)> {
        self.keys.values().map(|(name, key)| (name.as_str(), key))
    }

    /// Its values, in the order of their names. The unnamed one (`@`, *Default*) has the empty name.
    pub fn values(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.values.values().map(|(name, value)| (name.as_str(), value))
    }

    /// The subkey of that name.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.keys.get(&Folded::new(name)).map(|(_, key)| key)
    }

    /// The value of that name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(&Folded::new(name)).map(|(_, value)| value)
    }

    /// The key at a path of names with `\` between them.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Key> {
        path.split('\\').try_fold(self, |key, name| key.key(name))
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.values.is_empty()
    }

    /// The subkey of that name, made if it is not there.
    pub fn make(&mut self, name: &str) -> &mut Key {
        &mut self.keys.entry(Folded::new(name)).or_insert_with(|| (name.to_owned(), Key::default())).1
    }

    /// The key at a path of names with `\` between them, made if it is not there.
    pub fn make_at(&mut self, path: &str) -> &mut Key {
        path.split('\\').fold(self, |key, name| key.make(name))
    }

    /// Sets a value.
    pub fn set(&mut self, name: &str, value: Value) {
        self.values.insert(Folded::new(name), (name.to_owned(), value));
    }

    /// Takes a subkey out.
    pub fn take(&mut self, name: &str) -> Option<Key> {
        self.keys.remove(&Folded::new(name)).map(|(_, key)| key)
    }

    /// Takes the key at a path out, and those above it that have nothing else.
    pub fn take_at(&mut self, path: &str) -> Option<Key> {
        let Some((name, rest)) = path.split_once('\\') else { return self.take(path) };
        let folded = Folded::new(name);
        let below = &mut self.keys.get_mut(&folded)?.1;
        let taken = below.take_at(rest);
        if below.is_empty() {
            self.keys.remove(&folded);
        }
        taken
    }

    /// Takes all subkeys out.
    pub fn take_keys(&mut self) -> Vec<(String, Key)> {
        std::mem::take(&mut self.keys).into_values().collect()
    }

    /// Adds what another key has; its values count where both have one.
    pub fn merge(&mut self, other: Key) {
        self.values.extend(other.values);
        for (folded, (name, key)) in other.keys {
            self.keys.entry(folded).or_insert_with(|| (name, Key::default())).1.merge(key);
        }
    }

    /// So many values are in it and in all below.
    #[must_use]
    pub fn count(&self) -> usize {
        self.values.len() + self.keys().map(|(_, key)| key.count()).sum::<usize>()
    }

    /// The same, with each value changed.
    #[must_use]
    pub fn map(&self, change: &dyn Fn(&str, &Value) -> (String, Value)) -> Key {
        let mut new = Key::default();
        for (name, value) in self.values() {
            let (name, value) = change(name, value);
            new.set(&name, value);
        }
        for (name, key) in self.keys() {
            let key = key.map(change);
            new.keys.insert(Folded::new(name), (name.to_owned(), key));
        }
        new
    }

    /// What is new or otherwise here than in `before`. Empty keys count if they were not there.
    #[must_use]
    pub fn since(&self, before: &Key) -> Key {
        let mut new = Key::default();
        for (folded, (name, value)) in &self.values {
            if before.values.get(folded).is_none_or(|(_, old)| old != value) {
                new.values.insert(folded.clone(), (name.clone(), value.clone()));
            }
        }
        for (folded, (name, key)) in &self.keys {
            let old = before.keys.get(folded).map(|(_, key)| key);
            let changed = key.since(old.unwrap_or(&Key::default()));
            if old.is_none() || !changed.is_empty() {
                new.keys.insert(folded.clone(), (name.clone(), changed));
            }
        }
        new
    }
}
