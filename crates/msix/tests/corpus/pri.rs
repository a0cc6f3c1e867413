//! A maker of `resources.pri` files, apart from the crate's reader.

/// A section: its kind and its data.
pub type Section = (&'static [u8; 16], Vec<u8>);

/// A resource: its path, and for each candidate its qualifiers and value.
pub struct Item {
    pub path: &'static str,
    pub candidates: Vec<(Vec<Qualifier>, Value)>,
}

/// Kind, value, priority and fallback.
pub type Qualifier = (u16, &'static str, u16, u16);

/// What a candidate is.
#[derive(Clone)]
pub enum Value {
    Text(&'static str),
    Path(&'static str),
    /// In UTF-16.
    WideText(&'static str),
    Data(Vec<u8>),
}

pub const LANGUAGE: u16 = 0;
pub const CONTRAST: u16 = 1;
pub const SCALE: u16 = 2;
pub const TARGET_SIZE: u16 = 4;
pub const ALTERNATE_FORM: u16 = 7;

fn u16s(into: &mut Vec<u8>, values: &[usize]) {
    values.iter().for_each(|value| into.extend((*value as u16).to_le_bytes()));
}

fn u32s(into: &mut Vec<u8>, values: &[usize]) {
    values.iter().for_each(|value| into.extend((*value as u32).to_le_bytes()));
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

const CHECKSUM: usize = 0x1234_5678;

/// The names of these items, as a tree.
pub fn names(items: &[Item]) -> Vec<u8> {
    // The top, then scopes, then items: name, parent, whether a scope, number.
    let mut all: Vec<(String, usize, bool, usize)> = vec![(String::new(), 0, true, 0)];
    let mut scopes: Vec<(String, usize)> = vec![(String::new(), 0)];
    let mut entries = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let (folder, name) = item.path.rsplit_once('/').unwrap();
        let mut parent = 0;
        let mut path = String::new();
        for part in folder.split('/') {
            path = format!("{path}/{part}");
            parent = match scopes.iter().find(|(known, _)| *known == path) {
                Some((_, at)) => *at,
                None => {
                    all.push((part.to_owned(), parent, true, scopes.len()));
                    scopes.push((path.clone(), all.len() - 1));
                    all.len() - 1
                }
            };
        }
        entries.push((name.to_owned(), parent, false, number));
    }
    all.extend(entries);
    let (mut narrow, mut unicode, mut table) = (Vec::new(), Vec::new(), Vec::new());
    for (name, parent, is_scope, number) in &all {
        let (mut flags, at) = if name.is_ascii() && !name.is_empty() {
            let at = narrow.len();
            narrow.extend(name.bytes().chain([0]));
            (0x20, at)
        } else {
            let at = unicode.len() / 2;
            unicode.extend(wide(name));
            (0, at)
        };
        if *is_scope {
            flags |= 0x10;
        }
        let first = name.chars().next().unwrap_or('\0').to_ascii_uppercase() as usize;
        u16s(&mut table, &[*parent, name.len(), first]);
        table.extend([name.encode_utf16().count() as u8, flags]);
        u16s(&mut table, &[at, *number]);
    }
    let mut data = Vec::new();
    let (unique, name) = (wide("ms-appx://Sample/"), wide("Sample"));
    u16s(&mut data, &[1, unique.len() / 2, name.len() / 2, 0]);
    data.extend(b"[def_hnamesx]  \0");
    u16s(&mut data, &[1, 0]);
    u32s(&mut data, &[0, CHECKSUM, scopes.len(), items.len()]);
    data.extend(unique);
    data.extend(name);
    u16s(&mut data, &[0, 100, 0]);
    u32s(&mut data, &[all.len(), scopes.len(), items.len(), unicode.len() / 2, 0, 0]);
    data.extend(table);
    data.extend(vec![0; scopes.len() * 8]);
    data.extend(vec![0; items.len() * 2]);
    data.extend(unicode);
    data.extend(narrow);
    data
}

/// The sections of a file with these items; a resource package's has no names of its own.
pub fn sections(items: &[Item], of_another: bool) -> Vec<Section> {
    let mut distinct: Vec<(u16, &str)> = Vec::new();
    let mut qualifiers: Vec<(usize, u16, u16)> = Vec::new();
    let (mut sets, mut decisions, mut index) = (Vec::new(), Vec::new(), Vec::new());
    let (mut infos, mut candidates, mut data) = (Vec::new(), Vec::new(), Vec::<Vec<u8>>::new());
    for item in items {
        let mut own_sets = Vec::new();
        let first_candidate = candidates.len() / 8;
        for (own, value) in &item.candidates {
            let mut numbers = Vec::new();
            for (kind, text, priority, fallback) in own {
                let at = distinct.iter().position(|one| *one == (*kind, *text)).unwrap_or_else(|| {
                    distinct.push((*kind, text));
                    distinct.len() - 1
                });
                qualifiers.push((at, *priority, *fallback));
                numbers.push(qualifiers.len() - 1);
            }
            sets.push((index.len(), numbers.len()));
            index.extend(numbers);
            own_sets.push(sets.len() - 1);
            let (kind, bytes) = match value {
                Value::WideText(text) => (0, wide(text)),
                Value::Text(text) => (4, [text.as_bytes(), &[0]].concat()),
                Value::Path(text) => (6, [text.as_bytes(), &[0]].concat()),
                Value::Data(bytes) => (2, bytes.clone()),
            };
            candidates.extend([1, kind]);
            u16s(&mut candidates, &[0, data.len(), 4]);
            data.push(bytes);
        }
        u16s(&mut infos, &[decisions.len(), first_candidate]);
        decisions.push((index.len(), own_sets.len()));
        index.extend(own_sets);
    }
    let mut decision_data = Vec::new();
    let mut values = Vec::new();
    let mut distinct_data = Vec::new();
    for (kind, text) in &distinct {
        u16s(&mut distinct_data, &[2, usize::from(*kind), 0, 10]);
        u32s(&mut distinct_data, &[values.len() / 2]);
        values.extend(wide(text));
    }
    let counts =
        [distinct.len(), qualifiers.len(), sets.len(), decisions.len(), index.len(), values.len() / 2];
    u16s(&mut decision_data, &counts);
    decisions.iter().chain(&sets).for_each(|(first, count)| u16s(&mut decision_data, &[*first, *count]));
    for (at, priority, fallback) in &qualifiers {
        u16s(&mut decision_data, &[*at, usize::from(*priority), usize::from(*fallback), 0]);
    }
    decision_data.extend(distinct_data);
    u16s(&mut decision_data, &index);
    decision_data.extend(values);
    let mut descriptor = Vec::new();
    u16s(&mut descriptor, &[2, 0xFFFF, 0, 1, 1, 1, 3, 0, 1, 0, 2, 0, 3, 4]);
    let mut foreign = Vec::new();
    if of_another {
        let unique = wide("ms-appx://Sample/");
        u16s(&mut foreign, &[1, 0]);
        let scopes = names_scopes(items);
        u32s(&mut foreign, &[0, CHECKSUM, scopes, items.len()]);
        u16s(&mut foreign, &[unique.len() / 2, 0]);
        u32s(&mut foreign, &[0, 0]);
        foreign.extend(unique);
        foreign.resize(foreign.len().next_multiple_of(4), 0);
    }
    let mut map = Vec::new();
    u16s(&mut map, &[0, 0, 2, foreign.len(), 0, 7, 1, 1]);
    u32s(&mut map, &[items.len(), candidates.len() / 8, 0, 0]);
    map.extend(foreign);
    (0..7).for_each(|kind| u32s(&mut map, &[4, kind]));
    u16s(&mut map, &[0, 0, items.len(), 0]);
    map.extend(infos);
    map.extend(candidates);
    let mut items_data = Vec::new();
    let total: usize = data.iter().map(Vec::len).sum();
    u32s(&mut items_data, &[0]);
    u16s(&mut items_data, &[data.len(), 0]);
    u32s(&mut items_data, &[total]);
    let mut at = 0;
    for one in &data {
        u16s(&mut items_data, &[at, one.len()]);
        at += one.len();
    }
    data.iter().for_each(|one| items_data.extend(one));
    vec![
        (b"[mrm_decn_info]\0", decision_data),
        (b"[mrm_pridescex]\0", descriptor),
        (b"[mrm_hschemaex] ", if of_another { Vec::new() } else { names(items) }),
        (b"[mrm_res_map2_]\0", map),
        (b"[mrm_dataitem] \0", items_data),
    ]
}

fn names_scopes(items: &[Item]) -> usize {
    let mut all = vec![String::new()];
    for item in items {
        let folder = item.path.rsplit_once('/').unwrap().0;
        for (slash, _) in folder.match_indices('/').chain([(folder.len(), "")]) {
            let path = folder[..slash].to_owned();
            if !all.contains(&path) {
                all.push(path);
            }
        }
    }
    all.len()
}

/// A file of sections.
pub fn file(sections: &[Section]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut table = Vec::new();
    for (kind, data) in sections {
        let length = 32 + data.len().next_multiple_of(8) + 8;
        table.extend(*kind);
        u32s(&mut table, &[0, 0, body.len(), length]);
        body.extend(*kind);
        u32s(&mut body, &[0, 0, length, 0]);
        body.extend(data);
        body.resize(body.len().next_multiple_of(8), 0);
        body.extend([0xDE, 0xFA, 0xF5, 0xDE]);
        u32s(&mut body, &[length]);
    }
    let size = 32 + table.len() + body.len() + 16;
    let mut bytes = b"mrm_pri2".to_vec();
    u16s(&mut bytes, &[0, 1]);
    u32s(&mut bytes, &[size, 32, 32 + table.len()]);
    u16s(&mut bytes, &[sections.len(), 0xFFFF]);
    u32s(&mut bytes, &[0]);
    bytes.extend(table);
    bytes.extend(body);
    bytes.extend([0xDE, 0xFA, 0xFF, 0xDE]);
    u32s(&mut bytes, &[size]);
    bytes.extend(b"mrm_pri2");
    bytes
}
