//! The names by which packages speak of folders, in values: `[{ProgramFilesX64}]\Contoso` is `C:\Program Files\Contoso`.

use super::key::{Key, Value, units_to_bytes};

/// Tokens and the folders that they stand for.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    /// Without brackets, and as Windows has it, without a `\` at the end.
    all: Vec<(String, String)>,
}

impl Tokens {
    /// With these, of which the first counts where two stand for one folder.
    #[must_use]
    pub fn new(all: Vec<(String, String)>) -> Tokens {
        Tokens { all }
    }

    /// With folders in the place of tokens, in names and texts of values.
    #[must_use]
    pub fn expand(&self, key: &Key) -> Key {
        key.map(&|name, value| (self.expanded(name), in_text(value, |text| self.expanded(text))))
    }

    /// With tokens in the place of folders.
    #[must_use]
    pub fn contract(&self, key: &Key) -> Key {
        key.map(&|name, value| (self.contracted(name), in_text(value, |text| self.contracted(text))))
    }

    fn expanded(&self, text: &str) -> String {
        let mut done = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("[{") {
            done.push_str(before);
            let found = after.split_once("}]").and_then(|(token, after)| {
                let all = self.all.iter();
                let folder = all.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(token))?;
                Some((&folder.1, after))
            });
            match found {
                Some((folder, after)) => {
                    done.push_str(folder);
                    rest = after;
                }
                None => {
                    done.push_str("[{");
                    rest = after;
                }
            }
        }
        done.push_str(rest);
        done
    }

    fn contracted(&self, text: &str) -> String {
        let mut done = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let begins = done.chars().next_back().is_none_or(|before| !before.is_alphanumeric());
            match self
                .all
                .iter()
                .filter_map(|token| Some((token, folder_at(rest, &token.1)?)))
                .max_by(longest)
            {
                Some(((token, _), after)) if begins => {
                    done.push_str(&format!("[{{{token}}}]"));
                    rest = after;
                }
                _ => {
                    done.push(first);
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
        done
    }
}

/// The longest folder; of two alike, the first.
fn longest(one: &(&(String, String), &str), other: &(&(String, String), &str)) -> std::cmp::Ordering {
    one.0.1.len().cmp(&other.0.1.len()).then(std::cmp::Ordering::Greater)
}

/// What follows, if a folder's name stands there and ends there.
fn folder_at<'a>(text: &'a str, folder: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(folder.len())?;
    let ends = rest.chars().next().is_none_or(|after| !(after.is_alphanumeric() || " ._-(".contains(after)));
    (start.eq_ignore_ascii_case(folder) && ends).then_some(rest)
}

fn in_text(value: &Value, change: impl Fn(&str) -> String) -> Value {
    match value.whole_text() {
        Some(text) => Value { kind: value.kind, data: units_to_bytes(change(&text).encode_utf16()) },
        None => value.clone(),
    }
}
