//! Packages with one fault each, every one refused for what it is; and packages that only look odd, every one accepted.

mod common;
mod corpus;

use common::read_all;
use corpus::kinds::kind;
use corpus::{Draft, Raw, finished, flushed, uncompressed};

type Case = (&'static str, &'static str, Box<dyn Fn(&mut Draft)>);

fn case(name: &'static str, kind: &'static str, edit: impl Fn(&mut Draft) + 'static) -> Case {
    (name, kind, Box::new(edit))
}

/// Changes one of the parts: 0 the program, 1 the picture, 2 the manifest, 3 the block map, 4 the content types.
fn part(
    name: &'static str,
    kind: &'static str,
    at: usize,
    edit: impl Fn(&mut Raw) + Clone + 'static,
) -> Case {
    case(name, kind, move |draft| {
        let edit = edit.clone();
        draft.parts = Some(Box::new(move |parts| edit(&mut parts[at])));
    })
}

fn parts(name: &'static str, kind: &'static str, edit: impl Fn(&mut Vec<Raw>) + Clone + 'static) -> Case {
    case(name, kind, move |draft| draft.parts = Some(Box::new(edit.clone())))
}

/// Gives the picture another name, which is in the container alone.
fn named(name: &'static str, raw: &'static [u8], kind: &'static str) -> Case {
    part(name, kind, 1, move |part| part.rename(raw))
}

fn map(name: &'static str, kind: &'static str, from: &'static str, to: &'static str) -> Case {
    case(name, kind, move |draft| {
        draft.map = Some(Box::new(move |map| {
            assert!(map.contains(from), "{from}");
            *map = map.replacen(from, to, 1);
        }));
    })
}

fn types(name: &'static str, from: &'static str, to: &'static str) -> Case {
    case(name, "types", move |draft| {
        draft.types = Some(Box::new(move |types| {
            assert!(types.contains(from), "{from}");
            *types = types.replacen(from, to, 1);
        }));
    })
}

fn end(name: &'static str, kind: &'static str, edit: impl Fn(&mut corpus::End) + Clone + 'static) -> Case {
    case(name, kind, move |draft| draft.end = Some(Box::new(edit.clone())))
}

fn manifest(name: &'static str, from: &'static str, to: &'static str) -> Case {
    case(name, "manifest", move |draft| {
        let text = String::from_utf8(draft.manifest.clone()).unwrap();
        assert!(text.contains(from), "{from}");
        draft.manifest = text.replacen(from, to, 1).into_bytes();
    })
}

fn bytes(name: &'static str, kind: &'static str, edit: impl Fn(&mut Vec<u8>) + Clone + 'static) -> Case {
    case(name, kind, move |draft| draft.bytes = Some(Box::new(edit.clone())))
}

fn container() -> Vec<Case> {
    vec![
        bytes("nothing", "end", |bytes| bytes.clear()),
        bytes("no ZIP file", "end", |bytes| bytes.fill(b'x')),
        bytes("cut off at the end", "end", |bytes| bytes.truncate(bytes.len() - 1)),
        bytes("cut off in the middle", "end", |bytes| bytes.truncate(bytes.len() / 2)),
        bytes("bytes before", "end", |bytes| bytes.insert(0, b'x')),
        bytes("bytes after", "end", |bytes| bytes.push(0)),
        bytes("another end record after", "end", |bytes| {
            let record = bytes[bytes.len() - 22..].to_vec();
            bytes.extend(record);
        }),
        end("an archive comment", "end", |end| end.comment = b"hello".to_vec()),
        end("several disks", "end", |end| end.disks = [1, 1]),
        end("several disks by the long record", "end", |end| end.disks_64 = [0, 1]),
        end("more entries than are read", "too much", |end| end.entries = [end.entries[0] + 1_000_000; 2]),
        end("one entry more than there is", "directory", |end| end.entries = [end.entries[0] + 1; 2]),
        end("one entry less than there is", "hidden", |end| end.entries = [end.entries[0] - 1; 2]),
        end("entries of this disk and of all differ", "end", |end| end.entries[1] += 1),
        end("a directory that begins later", "end", |end| end.offset += 1),
        end("a directory that begins earlier", "end", |end| end.offset -= 1),
        end("a directory that is shorter", "end", |end| end.size -= 1),
        end("a locator that points elsewhere", "end", |end| end.locator = 1),
        end("a long record of another size", "end", |end| end.record_size = 45),
        end("short and long records differ", "end", |end| end.short_entries = 3),
        end("bytes between directory and records", "end", |end| end.before = b"hidden".to_vec()),
        end("short records that lie", "end", |end| (end.zip64, end.entries[1]) = (false, 9)),
        part("bytes before a part", "hidden", 1, |part| part.before = b"hidden".to_vec()),
        part("bytes before the first part", "hidden", 0, |part| part.before = b"MZ".to_vec()),
        part("bytes after the last part", "hidden", 4, |part| {
            let mut descriptor = part.wide_descriptor();
            descriptor.push(0);
            part.descriptor = Some(descriptor);
        }),
        parts("two entries for one part", "overlap", |parts| {
            let mut twin = parts[1].clone();
            twin.rename(b"twin.png");
            twin.only_listed = true;
            twin.offset = Some(0);
            parts.push(twin);
        }),
        part("an entry that lies beyond the end", "hidden", 1, |part| part.offset = Some(u32::MAX - 1)),
        part("an entry that begins in another part", "overlap", 1, |part| part.offset = Some(10)),
        part("no header at all", "part", 1, |part| part.local_signature = 0),
        part("no entry at all", "directory", 1, |part| part.signature = 0),
        part("a header of another name", "part", 1, |part| part.local_name = b"evil.png".to_vec()),
        part("a header of another method", "part", 1, |part| part.local_method = 8),
        part("a header of other flags", "part", 1, |part| part.local_flags = 0),
        part("a header of another version", "part", 1, |part| part.local_needs = 20),
        part("a header of other sizes", "part", 1, |part| {
            part.plain();
            part.local_values[2] += 1;
        }),
        part("a header of another checksum", "part", 1, |part| {
            part.plain();
            part.local_values[0] ^= 1;
        }),
        part("a header of other sizes beside a descriptor", "part", 1, |part| part.local_values = [1, 2, 3]),
        part("a descriptor of another checksum", "part", 1, |part| {
            let crc = part.crc;
            part.crc ^= 1;
            part.descriptor = Some(part.wide_descriptor());
            part.crc = crc;
        }),
        part("a descriptor of other sizes", "part", 1, |part| {
            let size = part.size;
            part.size += 1;
            part.descriptor = Some(part.wide_descriptor());
            part.size = size;
        }),
        part("a descriptor without its signature", "part", 1, |part| {
            part.descriptor = Some(part.wide_descriptor()[4..].to_vec());
        }),
        part("a descriptor of the other width", "part", 1, |part| {
            part.descriptor = Some(part.narrow_descriptor())
        }),
        part("encryption", "part", 1, |part| (part.flags, part.local_flags) = (9, 9)),
        part("strong encryption", "part", 1, |part| (part.flags, part.local_flags) = (72, 72)),
        part("a masked directory", "part", 1, |part| {
            (part.flags, part.local_flags) = (1 << 13 | 8, 1 << 13 | 8)
        }),
        part("patched data", "part", 1, |part| (part.flags, part.local_flags) = (40, 40)),
        part("enhanced deflate", "part", 1, |part| (part.method, part.local_method) = (9, 9)),
        part("bzip2", "part", 1, |part| (part.method, part.local_method) = (12, 12)),
        part("Zstandard", "part", 1, |part| (part.method, part.local_method) = (93, 93)),
        part("a version of the future", "part", 1, |part| (part.needs, part.local_needs) = (63, 63)),
        part("a comment", "part", 1, |part| part.comment = b"hello".to_vec()),
        part("another disk", "part", 1, |part| part.disk = 1),
        part("an extra field that is cut off", "part", 1, |part| part.extra = vec![1, 0, 9, 0, 0]),
        part("another name in an extra field", "part", 1, |part| part.extra = vec![0x75, 0x70, 1, 0, 1]),
        part("encryption in an extra field", "part", 1, |part| part.extra = vec![0x01, 0x99, 1, 0, 1]),
        part("two long fields", "part", 1, |part| part.extra = vec![1, 0, 0, 0, 1, 0, 0, 0]),
        part("a long field of another value", "part", 1, |part| {
            part.extra = [&[1, 0, 24, 0][..], &[7; 24]].concat();
        }),
        part("a long field with more than it should", "part", 1, |part| {
            part.extra = [&[1, 0, 8, 0][..], &[0; 8]].concat();
        }),
        part("a size that is nowhere", "part", 1, |part| part.size = u32::MAX),
        part("stored data of two sizes", "part", 1, |part| part.size += 1),
        part("a size and no data", "part", 1, |part| {
            (part.method, part.local_method) = (8, 8);
            (part.data, part.compressed) = (Vec::new(), 0);
        }),
        part("an empty name", "directory", 1, |part| part.rename(b"")),
    ]
}

fn names() -> Vec<Case> {
    vec![
        named("two dots", b"../evil.png", "name"),
        named("two dots within", b"a/../../evil.png", "name"),
        named("two encoded dots", b"a/%2e%2E/evil.png", "name"),
        named("an encoded slash", b"a%2fevil.png", "name"),
        named("an absolute name", b"/etc/evil.png", "name"),
        named("a drive", b"c:/evil.png", "name"),
        named("a backslash", b"a\\..\\evil.png", "name"),
        named("an encoded backslash", b"a%5Cevil.png", "name"),
        named("a stream", b"logo.png:evil", "name"),
        named("a device", b"con", "name"),
        named("a device with an extension", b"a/nul.png", "name"),
        named("a dot at the end", b"logo.png.", "name"),
        named("a space at the end", b"logo.png%20", "name"),
        named("an empty segment", b"a//logo.png", "name"),
        named("a slash at the end", b"logo.png/", "name"),
        named("a control character", b"a%0Ab.png", "name"),
        named("a null byte", b"logo.png%00.exe", "name"),
        named("an escape that is none", b"a%zz.png", "name"),
        named("no UTF-8", b"a%ff%fe.png", "name"),
        named("bytes that are not encoded", "\u{e4}.png".as_bytes(), "name"),
        named("punycode", b"xn--a/logo.png", "name"),
        named("a wildcard", b"*.png", "name"),
        case("too long a segment", "name", |draft| {
            let long = "a".repeat(300);
            draft.parts = Some(Box::new(move |parts| parts[1].rename(long.as_bytes())));
        }),
        parts("one name twice", "collision", |parts| {
            let twin = parts[1].clone();
            parts.push(twin);
        }),
        named("one name twice but for the case", b"App.EXE", "collision"),
        named("one name twice but for the encoding", b"%61pp.exe", "collision"),
        case("one name twice but for the case of an umlaut", "collision", |draft| {
            draft.files.push(("\u{e4}".into(), b"x".to_vec()));
            draft.files.push(("\u{c4}".into(), b"x".to_vec()));
        }),
        named("a file that is a folder", b"app.exe/logo.png", "collision"),
    ]
}

fn missing() -> Vec<Case> {
    vec![
        parts("no content types", "missing", |parts| drop(parts.remove(4))),
        parts("no block map", "missing", |parts| drop(parts.remove(3))),
        case("no manifest", "missing", |draft| {
            draft.parts = Some(Box::new(|parts| drop(parts.remove(2))));
            draft.map = Some(Box::new(|map| {
                let at = map.find("<File Name=\"AppxManifest.xml\"").unwrap();
                map.replace_range(at..map.len() - "</BlockMap>".len(), "");
            }));
        }),
        part("content types in another case", "missing", 4, |part| part.rename(b"[content_types].xml")),
        part("a block map in another case", "missing", 3, |part| part.rename(b"appxblockmap.xml")),
        case("a catalog without a signature", "signature", |draft| {
            draft.parts = Some(Box::new(|parts| {
                parts.push(Raw::new(b"AppxMetadata/CodeIntegrity.cat", 0, b"x", b"x".to_vec()));
            }));
            let from = "<Override PartName=\"/AppxManifest.xml\"";
            let to = "<Override PartName=\"/AppxMetadata/CodeIntegrity.cat\" ContentType=\"a/b\"/><Override PartName=\"/AppxManifest.xml\"";
            draft.types = Some(Box::new(move |types| *types = types.replace(from, to)));
        }),
        parts("a signature that is not the last part", "signature", |parts| {
            parts.insert(0, Raw::new(b"AppxSignature.p7x", 0, b"PKCX", b"PKCX".to_vec()));
        }),
        case("a signature in another case", "signature", |draft| {
            draft.parts = Some(Box::new(|parts| {
                parts.push(Raw::new(b"appxsignature.p7x", 0, b"PKCX", b"PKCX".to_vec()))
            }));
            let from = "<Override PartName=\"/AppxManifest.xml\"";
            let more = "<Override PartName=\"/appxsignature.p7x\" ContentType=\"application/vnd.ms-appx.signature\"/>";
            draft.types = Some(Box::new(move |types| *types = types.replace(from, &format!("{more}{from}"))));
        }),
    ]
}

fn content_types() -> Vec<Case> {
    vec![
        types("content types that are no XML", "<Types ", "<Types <"),
        types("a DTD in the content types", "<Types ", "<!DOCTYPE Types [<!ENTITY a \"b\">]><Types "),
        types(
            "content types of another namespace",
            "package/2006/content-types",
            "package/2007/content-types",
        ),
        types("a part without a type", "<Default Extension=\"png\" ContentType=\"image/png\"/>", ""),
        types("one extension twice", "<Default Extension=\"exe\"", "<Default Extension=\"PNG\""),
        types("one part twice", "/AppxBlockMap.xml", "/appxmanifest.xml"),
        types(
            "an element that does not belong there",
            "<Default Extension=\"png\"",
            "<Other Extension=\"png\"",
        ),
        types(
            "an attribute that does not belong there",
            "<Default Extension=\"png\"",
            "<Default X=\"y\" Extension=\"png\"",
        ),
        types("a part without a slash", "\"/AppxManifest.xml\"", "\"AppxManifest.xml\""),
        types("a part that leads out", "\"/AppxManifest.xml\"", "\"/../AppxManifest.xml\""),
        types("a type that is none", "image/png", "image"),
        types("a manifest of another type", "vnd.ms-appx.manifest+xml", "xml"),
        types("a block map of another type", "vnd.ms-appx.blockmap+xml", "xml"),
        types("text between elements", "<Default Extension=\"png\"", "text<Default Extension=\"png\""),
    ]
}

fn block_maps() -> Vec<Case> {
    const FIRST: &str = "<File Name=\"app.exe\"";
    const SECOND: &str = "<File Name=\"logo.png\"";
    vec![
        map("a block map that is no XML", "map", "<BlockMap ", "<BlockMap <"),
        map("a DTD in the block map", "map", "<BlockMap ", "<!DOCTYPE BlockMap><BlockMap "),
        map("a block map of another namespace", "map", "appx/2010/blockmap", "appx/2011/blockmap"),
        map("digests that can be forged", "map", "2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1"),
        map("an unknown attribute", "map", FIRST, "<File X=\"y\" Name=\"app.exe\""),
        map("an unknown element", "map", FIRST, "<Folder/><File Name=\"app.exe\""),
        map("an unknown element of an undeclared namespace", "map", FIRST, "<x:y/><File Name=\"app.exe\""),
        map("text between files", "map", FIRST, "text<File Name=\"app.exe\""),
        map("one file twice", "map", SECOND, FIRST),
        map("one file twice but for the case", "map", SECOND, "<File Name=\"APP.exe\""),
        map("a name with slashes", "map", SECOND, "<File Name=\"a/logo.png\""),
        map("a name that leads out", "map", SECOND, "<File Name=\"..\\logo.png\""),
        map(
            "a file that is not there",
            "mapping",
            FIRST,
            "<File Name=\"ghost\" Size=\"0\" LfhSize=\"35\"/><File Name=\"app.exe\"",
        ),
        case("a file that is not listed", "mapping", |draft| {
            draft.map = Some(Box::new(|map| {
                let (from, to) = (map.find(FIRST).unwrap(), map.find(SECOND).unwrap());
                map.replace_range(from..to, "");
            }));
        }),
        case("a manifest that is not listed", "mapping", |draft| {
            draft.map = Some(Box::new(|map| {
                let at = map.find("<File Name=\"AppxManifest.xml\"").unwrap();
                map.replace_range(at..map.len() - "</BlockMap>".len(), "");
            }));
        }),
        map(
            "content types that are listed",
            "mapping",
            FIRST,
            "<File Name=\"[Content_Types].xml\" Size=\"0\" LfhSize=\"49\"/><File Name=\"app.exe\"",
        ),
        map(
            "a block map that lists itself",
            "mapping",
            FIRST,
            "<File Name=\"AppxBlockMap.xml\" Size=\"0\" LfhSize=\"46\"/><File Name=\"app.exe\"",
        ),
        map(
            "a signature that is listed",
            "mapping",
            FIRST,
            "<File Name=\"AppxSignature.p7x\" Size=\"0\" LfhSize=\"47\"/><File Name=\"app.exe\"",
        ),
        map("a name in another case", "mapping", SECOND, "<File Name=\"Logo.png\""),
        map("another size", "mapping", "Size=\"200000\"", "Size=\"199999\""),
        map("a size that is no number", "map", "Size=\"200000\"", "Size=\"+200000\""),
        map("a size beyond all numbers", "map", "Size=\"200000\"", "Size=\"99999999999999999999\""),
        map("another size of the header", "mapping", "LfhSize=\"37\"", "LfhSize=\"38\""),
        case("a block too few", "map", |draft| {
            draft.map = Some(Box::new(|map| {
                let end = map.find("</File>").unwrap();
                let at = map[..end].rfind("<Block").unwrap();
                map.replace_range(at..end, "");
            }));
        }),
        case("a block too many", "map", |draft| {
            draft.map = Some(Box::new(|map| {
                let end = map.find("</File>").unwrap();
                let at = map[..end].rfind("<Block").unwrap();
                let block = map[at..end].to_owned();
                map.insert_str(end, &block);
            }));
        }),
        map("a digest that is too short", "map", "Block Hash=\"", "Block Hash=\"AAAA\" X=\""),
        map("a digest that is no base64", "map", "Block Hash=\"", "Block Hash=\"!"),
        case("the digests of two blocks exchanged", "hash", |draft| {
            draft.map = Some(Box::new(|map| {
                let at: Vec<usize> =
                    map.match_indices("Block Hash=\"").map(|(at, text)| at + text.len()).collect();
                let (one, other) = (map[at[0]..at[0] + 44].to_owned(), map[at[1]..at[1] + 44].to_owned());
                map.replace_range(at[0]..at[0] + 44, &other);
                map.replace_range(at[1]..at[1] + 44, &one);
            }));
        }),
        case("another compressed size of a block", "mapping", |draft| {
            draft.map = Some(Box::new(|map| {
                let at = map.find("=\" Size=\"").unwrap() + 9;
                let end = at + map[at..].find('"').unwrap();
                let size: u64 = map[at..end].parse().unwrap();
                map.replace_range(at..end, &(size + 5).to_string());
            }));
        }),
        case("compressed sizes that only add up", "data", |draft| {
            draft.map = Some(Box::new(|map| {
                for by in [-1_i64, 1] {
                    let from = if by < 0 { 0 } else { map.find("/><Block").unwrap() + 5 };
                    let at = from + map[from..].find("=\" Size=\"").unwrap() + 9;
                    let end = at + map[at..].find('"').unwrap();
                    let size: i64 = map[at..end].parse().unwrap();
                    map.replace_range(at..end, &(size + by).to_string());
                }
            }));
        }),
        map("a compressed size of nothing", "map", "/><Block Hash=\"", "/><Block Size=\"0\" Hash=\""),
        case("a block without its compressed size", "mapping", |draft| {
            draft.map = Some(Box::new(|map| {
                let at = map.find("=\" Size=\"").unwrap() + 2;
                let end = at + map[at..].find("/>").unwrap();
                map.replace_range(at..end, "");
            }));
        }),
        case("stored data with a compressed size", "mapping", |draft| {
            draft.map = Some(Box::new(|map| {
                let at = map.find(SECOND).unwrap();
                let at = at + map[at..].find("<Block ").unwrap() + 7;
                map.insert_str(at, "Size=\"1999\" ");
            }));
        }),
        case("another digest of a whole file", "hash", |draft| with_file_hash(draft, |data| data[0] ^= 1)),
        case("bytes that are no text", "map", |draft| {
            draft.map_bytes = Some(Box::new(|bytes| bytes.insert(60, 0xFF)));
        }),
    ]
}

fn data() -> Vec<Case> {
    vec![
        part("another checksum", "checksum", 1, |part| part.crc ^= 1),
        part("another byte of stored data", "hash", 1, |part| part.data[7] ^= 1),
        part("garbage in place of deflated data", "data", 0, |part| part.data.fill(0xFF)),
        part("deflated data that do not end", "data", 0, |part| {
            let end = part.data.len() - 2;
            part.data[end..].copy_from_slice(&[2, 0]);
        }),
        part("other data that inflate as well", "data", 0, |part| {
            let other = flushed(&[7; 65_536], false);
            part.data[..other.len()].copy_from_slice(&other);
        }),
        case("a block that inflates to more", "data", |draft| {
            draft.files[0].1.truncate(60_000);
            draft.pack_with(|data, last| finished(&[data, &[0; 5000]].concat(), last));
        }),
        case("a bomb", "data", |draft| {
            draft.files[0].1 = vec![0; 1000];
            draft.pack_with(|data, last| finished(&[data, &vec![0; 50 << 20]].concat(), last));
        }),
        case("a stream that ends in each block", "data", |draft| {
            draft.pack_with(|data, _| finished(data, true))
        }),
        case("bytes behind the end of the deflated data", "data", |draft| {
            draft.pack_with(|data, last| {
                let mut packed = finished(data, last);
                packed.extend([1, 2, 3]);
                packed
            });
        }),
    ]
}

fn manifests() -> Vec<Case> {
    vec![
        manifest("a manifest that is no XML", "<Package ", "<Package <"),
        manifest("a DTD in the manifest", "<Package ", "<!DOCTYPE Package><Package "),
        manifest("a version of three parts", "1.2.3.0", "1.2.3"),
        manifest("a program that is not there", "app.exe", "ghost.exe"),
        manifest("a program outside", "app.exe", "..\\app.exe"),
        manifest("a name that is none", "Lowbox.Sample", "Lowbox Sample"),
        manifest("a publisher that is none", "CN=Lowbox Test", "Lowbox Test"),
        manifest("an unknown trust level", "appContainer", "root"),
        case("a manifest of two megabytes", "too much", |draft| draft.manifest.extend(vec![b' '; 2 << 20])),
    ]
}

#[test]
fn each_of_more_than_a_hundred_faults_is_refused_for_what_it_is() {
    let rooms = [container(), names(), missing(), content_types(), block_maps(), data(), manifests()];
    let all: Vec<Case> = rooms.into_iter().flatten().collect();
    assert!(all.len() >= 150, "{}", all.len());
    let mut wrong = Vec::new();
    for (name, expected, edit) in &all {
        let mut draft = Draft::new();
        edit(&mut draft);
        match read_all(&draft.make()) {
            Ok(_) => wrong.push(format!("{name}: accepted")),
            Err(error) if kind(&error) != *expected => {
                wrong.push(format!("{name}: {} in place of {expected}: {error}", kind(&error)));
            }
            Err(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

/// Adds the digest of the whole first file to the block map, after a change.
fn with_file_hash(draft: &mut Draft, change: fn(&mut Vec<u8>)) {
    let mut data = draft.files[0].1.clone();
    change(&mut data);
    let hash = corpus::sha256(&data);
    draft.map = Some(Box::new(move |map| {
        let names = "xmlns:b4=\"http://schemas.microsoft.com/appx/2021/blockmap\" IgnorableNamespaces=\"b4\"";
        *map = map.replace("<BlockMap ", &format!("<BlockMap {names} ")).replacen(
            "</File>",
            &format!("<b4:FileHash Hash=\"{hash}\"/></File>"),
            1,
        );
    }));
}

fn odd() -> Vec<Case> {
    let ok = |name, edit: Box<dyn Fn(&mut Draft)>| (name, "", edit);
    let file = |name: &'static str, data: Vec<u8>| -> Box<dyn Fn(&mut Draft)> {
        Box::new(move |draft| draft.files.push((name.to_owned(), data.clone())))
    };
    let every = |edit: fn(&mut Raw)| -> Box<dyn Fn(&mut Draft)> {
        Box::new(move |draft| draft.parts = Some(Box::new(move |parts| parts.iter_mut().for_each(edit))))
    };
    let text = |from: &'static str, to: &'static str| -> Box<dyn Fn(&mut Draft)> {
        Box::new(move |draft| draft.map = Some(Box::new(move |map| *map = map.replace(from, to))))
    };
    let plain = |from: &'static str, to: &'static str| -> Box<dyn Fn(&mut Draft)> {
        Box::new(move |draft| draft.types = Some(Box::new(move |types| *types = types.replace(from, to))))
    };
    vec![
        ok("nothing odd", Box::new(|_| {})),
        ok("short end records", Box::new(|draft| draft.end = Some(Box::new(|end| end.zip64 = false)))),
        ok(
            "disks of all ones",
            Box::new(|draft| draft.end = Some(Box::new(|end| end.disks = [u16::MAX; 2]))),
        ),
        ok(
            "entries counted in the short record too",
            Box::new(|draft| {
                draft.end = Some(Box::new(|end| end.short_entries = end.entries[0] as u16));
            }),
        ),
        ok("a directory in another order", Box::new(|draft| draft.reversed = true)),
        ok("sizes in the headers", every(Raw::plain)),
        ok(
            "narrow descriptors",
            every(|part| {
                (part.needs, part.local_needs) = (20, 20);
                part.descriptor = Some(part.narrow_descriptor());
            }),
        ),
        ok(
            "an old version for stored parts",
            Box::new(|draft| {
                draft.parts = Some(Box::new(|parts| {
                    parts[1].plain();
                    (parts[1].needs, parts[1].local_needs) = (10, 10);
                }));
            }),
        ),
        ok(
            "values in the header and in the descriptor",
            every(|part| {
                part.local_values = [part.crc, part.compressed, part.size];
            }),
        ),
        ok("times in an extra field", every(|part| part.extra = vec![0x55, 0x54, 5, 0, 1, 0, 0, 0, 0])),
        ok("room to grow in an extra field", every(|part| part.extra = vec![0x20, 0xA2, 2, 0, 0, 0])),
        ok(
            "long fields beside short ones",
            Box::new(|draft| {
                draft.parts = Some(Box::new(|parts| {
                    let part = &mut parts[0];
                    let values = [u64::from(part.size), u64::from(part.compressed), 0];
                    part.extra = vec![1, 0, 28, 0];
                    values.iter().for_each(|value| part.extra.extend(value.to_le_bytes()));
                    part.extra.extend([0; 4]);
                }));
            }),
        ),
        ok(
            "long fields in place of short ones",
            Box::new(|draft| {
                draft.parts = Some(Box::new(|parts| {
                    let part = &mut parts[0];
                    part.descriptor = Some(part.wide_descriptor());
                    part.extra = vec![1, 0, 8, 0];
                    part.extra.extend(u64::from(part.size).to_le_bytes());
                    part.size = u32::MAX;
                }));
            }),
        ),
        ok("hints of how it was compressed", every(|part| (part.flags, part.local_flags) = (14, 14))),
        ok("a flag for UTF-8", every(|part| (part.flags, part.local_flags) = (1 << 11 | 8, 1 << 11 | 8))),
        ok("streams that end with their last block", Box::new(|draft| draft.pack_with(finished))),
        ok("deflated data that are not compressed", Box::new(|draft| draft.pack_with(uncompressed))),
        ok("all stored", Box::new(|draft| draft.stored.push("app.exe".into()))),
        ok("all deflated", Box::new(|draft| draft.stored.clear())),
        ok("SHA-384", Box::new(|draft| draft.bits = 384)),
        ok("SHA-512", Box::new(|draft| draft.bits = 512)),
        ok("an empty file", file("empty", Vec::new())),
        ok("a file of a block", file("block", vec![7; 65_536])),
        ok("a file of a block and a byte", file("more", vec![7; 65_537])),
        ok("a file of two blocks", file("two", vec![7; 131_072])),
        ok("a file of a byte", file("byte", vec![7])),
        ok("a file without an extension", file("LICENSE", b"x".to_vec())),
        ok("a file of a dot", file(".hidden", b"x".to_vec())),
        ok("a name with spaces", file("a b c.txt", b"x".to_vec())),
        ok("a name of many characters", file("!#$%&'()+,;=@[]^`{}~.txt", b"x".to_vec())),
        ok("a name of other letters", file("\u{e4}\u{20ac}\u{4e2d}.txt", b"x".to_vec())),
        ok("a name of letters far away", file("\u{1f600}.txt", b"x".to_vec())),
        ok("many folders", file("a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p.txt", b"x".to_vec())),
        ok("a folder beside a file that begins like it", file("app.exe.d/x", b"x".to_vec())),
        ok("a folder called like the manifest's", file("a/AppxManifest.xml", b"x".to_vec())),
        ok("a name that begins like a device's", file("console.txt", b"x".to_vec())),
        ok(
            "five hundred files",
            Box::new(|draft| {
                (0..500).for_each(|at| draft.files.push((format!("many/{at}"), vec![at as u8; 10])));
            }),
        ),
        ok("a file's own digest", Box::new(|draft| with_file_hash(draft, |_| {}))),
        ok(
            "content of an ignorable namespace",
            Box::new(|draft| {
                draft.map = Some(Box::new(|map| {
                    *map = map
                        .replace("<BlockMap ", "<BlockMap xmlns:x=\"urn:x\" IgnorableNamespaces=\"x\" ")
                        .replace("<File ", "<x:y/><File x:z=\"1\" ");
                }));
            }),
        ),
        ok("numbers of files", text("<File Name", "<File Id=\"1\" Name")),
        ok("spaces between files", text("<File", "\r\n  <File")),
        ok("a comment in the block map", text("<File", "<!-- a file --><File")),
        ok(
            "a block map with a byte order mark",
            Box::new(|draft| {
                draft.map_bytes = Some(Box::new(|bytes| drop(bytes.splice(0..0, [0xEF, 0xBB, 0xBF]))));
            }),
        ),
        ok(
            "a block map in UTF-16",
            Box::new(|draft| {
                draft.map_bytes = Some(Box::new(|bytes| {
                    let text = String::from_utf8(bytes.clone()).unwrap();
                    *bytes = [0xFF, 0xFE]
                        .into_iter()
                        .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
                        .collect();
                }));
            }),
        ),
        ok("content types in another case", plain("vnd.ms-appx.manifest+xml", "vnd.MS-appx.Manifest+XML")),
        ok("an extension in another case", plain("\"png\"", "\"PNG\"")),
        ok(
            "a type for what is not there",
            plain(
                "<Default Extension=\"png\"",
                "<Default Extension=\"zzz\" ContentType=\"a/b\"/><Default Extension=\"png\"",
            ),
        ),
    ]
}

#[test]
fn each_of_more_than_forty_odd_packages_is_accepted_as_it_is() {
    let all = odd();
    assert!(all.len() >= 40, "{}", all.len());
    let mut wrong = Vec::new();
    for (name, _, edit) in &all {
        let mut draft = Draft::new();
        edit(&mut draft);
        match read_all(&draft.make()) {
            Ok(read) => {
                if read[..read.len() - 1] != draft.files[..] {
                    wrong.push(format!("{name}: other files"));
                }
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}
