//! The functions that a library exports: read, changed, and laid out anew.

use std::collections::BTreeMap;

use super::image::{EXPORTS, Image, Refusal, long, word};

/// The size of the directory that stands before the tables.
const DIRECTORY: u32 = 40;

/// What a function is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Export {
    /// Code or data at an address.
    At(u32),
    /// Another library's: `library.Name`.
    Forward(Vec<u8>),
}

/// A table of exports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exports {
    /// What the library calls itself.
    pub(super) library: Vec<u8>,
    /// The ordinal of the first function.
    pub(super) base: u32,
    pub(super) functions: Vec<Export>,
    /// By name, the place in `functions`. Loaders look names up by halving, so they stand in the order of their bytes.
    pub(super) names: BTreeMap<Vec<u8>, u16>,
}

impl Exports {
    /// The table of a library.
    pub(super) fn read(image: &Image<'_>) -> Result<Exports, Refusal> {
        let (address, size) = image.directory(EXPORTS)?;
        let directory = image.at(address)?;
        let number = |at: usize| long(directory, at);
        let count = u16::try_from(number(20)?).map_err(|_| "it has too many functions")?;
        let named = u16::try_from(number(24)?).map_err(|_| "it has too many names")?;
        let functions = image.at(number(28)?)?;
        let export = |at: u16| {
            let function = long(functions, usize::from(at) * 4)?;
            // What lies in the table itself is the text of a forwarder.
            Ok(match function.checked_sub(address).is_some_and(|offset| offset < size) {
                true => Export::Forward(image.text(function)?.to_vec()),
                false => Export::At(function),
            })
        };
        let functions = (0..count).map(export).collect::<Result<Vec<_>, Refusal>>()?;
        let mut names = BTreeMap::new();
        if named > 0 {
            let (texts, places) = (image.at(number(32)?)?, image.at(number(36)?)?);
            for at in (0..named).map(usize::from) {
                let place = word(places, at * 2)?;
                if usize::from(place) >= functions.len() {
                    return Err("a name is of no function");
                }
                names.insert(image.text(long(texts, at * 4)?)?.to_vec(), place);
            }
        }
        Ok(Exports { library: image.text(number(12)?)?.to_vec(), base: number(16)?, functions, names })
    }

    /// Has `to` answer a function, which is added if there is none; the library's own is called `was` then.
    pub(super) fn forward(&mut self, name: &str, to: &str, was: &str) -> Result<(), Refusal> {
        let next = u16::try_from(self.functions.len()).ok().filter(|next| *next < u16::MAX);
        let next = next.ok_or("it has too many functions")?;
        let forward = Export::Forward(format!("{to}.{name}").into_bytes());
        match self.names.get(name.as_bytes()) {
            Some(place) => {
                let own = std::mem::replace(&mut self.functions[usize::from(*place)], forward);
                self.functions.push(own);
                self.names.insert(was.as_bytes().to_vec(), next);
            }
            None => {
                self.functions.push(forward);
                self.names.insert(name.as_bytes().to_vec(), next);
            }
        }
        Ok(())
    }

    /// The table as bytes that will lie at `address`.
    pub(super) fn laid_out(&self, address: u32) -> Result<Vec<u8>, Refusal> {
        let length = |count: usize, each: u32| u32::try_from(count).ok()?.checked_mul(each);
        let sizes =
            [length(self.functions.len(), 4), length(self.names.len(), 4), length(self.names.len(), 2)];
        // Directory, functions, names, places, then texts.
        let mut starts = vec![address.checked_add(DIRECTORY)];
        for size in sizes {
            let last = starts.last().copied().flatten();
            starts.push(last.zip(size).and_then(|(start, size)| start.checked_add(size)));
        }
        let starts = starts.into_iter().collect::<Option<Vec<u32>>>();
        let starts = starts.ok_or("its exports have no room")?;
        let mut texts = Vec::new();
        let mut text = |bytes: &[u8]| {
            let at = u32::try_from(texts.len()).ok().and_then(|offset| starts[3].checked_add(offset));
            texts.extend_from_slice(bytes);
            texts.push(0);
            at.ok_or("its exports have no room")
        };
        let library = text(&self.library)?;
        let (functions, names) = (self.functions.len() as u32, self.names.len() as u32);
        let head = [0, 0, 0, library, self.base, functions, names, starts[0], starts[1], starts[2]];
        let mut out: Vec<u8> = head.iter().flat_map(|number: &u32| number.to_le_bytes()).collect();
        for function in &self.functions {
            let at = match function {
                Export::At(at) => *at,
                Export::Forward(to) => text(to)?,
            };
            out.extend_from_slice(&at.to_le_bytes());
        }
        for name in self.names.keys() {
            out.extend_from_slice(&text(name)?.to_le_bytes());
        }
        out.extend(self.names.values().flat_map(|place| place.to_le_bytes()));
        out.extend_from_slice(&texts);
        Ok(out)
    }
}
