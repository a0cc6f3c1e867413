//! A maker of packages that are in order but for what is asked of it: apart from the crate's own writer, so that neither's mistakes hide
//! the other's.
#![allow(dead_code, reason = "each test uses what it needs")]

pub mod bundles;
pub mod kinds;
pub mod pri;

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::common::{SIMPLE, simple_files};

/// A ZIP entry, each field of which can be made a lie.
#[derive(Clone)]
pub struct Raw {
    pub name: Vec<u8>,
    pub local_name: Vec<u8>,
    pub signature: u32,
    pub local_signature: u32,
    pub needs: u16,
    pub local_needs: u16,
    pub flags: u16,
    pub local_flags: u16,
    pub method: u16,
    pub local_method: u16,
    pub crc: u32,
    pub compressed: u32,
    pub size: u32,
    pub local_values: [u32; 3],
    pub extra: Vec<u8>,
    pub local_extra: Vec<u8>,
    pub comment: Vec<u8>,
    pub disk: u16,
    /// In place of where it is.
    pub offset: Option<u32>,
    pub data: Vec<u8>,
    /// What follows the data; `None` for what should.
    pub descriptor: Option<Vec<u8>>,
    /// Written before the header.
    pub before: Vec<u8>,
    /// Nothing of it but its entry in the directory.
    pub only_listed: bool,
}

/// The records at the end.
#[derive(Clone)]
pub struct End {
    pub zip64: bool,
    pub entries: [u64; 2],
    pub offset: u64,
    pub size: u64,
    pub disks: [u16; 2],
    pub disks_64: [u32; 2],
    pub record_size: u64,
    /// What is added to the offset in the locator.
    pub locator: u64,
    /// In the short record, in place of *see the other one*.
    pub short_entries: u16,
    pub comment: Vec<u8>,
    pub before: Vec<u8>,
}

type Edit<T> = Option<Box<dyn Fn(&mut T)>>;

/// A package that is to be made.
pub struct Draft {
    pub files: Vec<(String, Vec<u8>)>,
    pub manifest: Vec<u8>,
    /// Names of files that are stored.
    pub stored: Vec<String>,
    /// SHA-256, 384 or 512.
    pub bits: usize,
    /// How a block of deflated data is made of data.
    pub pack: fn(&[u8], bool) -> Vec<u8>,
    /// No block ends the stream: an empty one does.
    pub trailer: bool,
    pub map: Edit<String>,
    pub map_bytes: Edit<Vec<u8>>,
    pub types: Edit<String>,
    pub parts: Edit<Vec<Raw>>,
    pub end: Edit<End>,
    pub bytes: Edit<Vec<u8>>,
    pub reversed: bool,
}

impl Draft {
    pub fn new() -> Draft {
        Draft {
            files: simple_files(),
            manifest: SIMPLE.as_bytes().to_vec(),
            stored: vec!["logo.png".to_owned()],
            bits: 256,
            pack: flushed,
            trailer: true,
            map: None,
            map_bytes: None,
            types: None,
            parts: None,
            end: None,
            bytes: None,
            reversed: false,
        }
    }

    /// Deflated data are made like this, which ends the stream itself.
    pub fn pack_with(&mut self, pack: fn(&[u8], bool) -> Vec<u8>) {
        (self.pack, self.trailer) = (pack, false);
    }

    fn hash(&self, data: &[u8]) -> String {
        STANDARD.encode(match self.bits {
            256 => Sha256::digest(data).to_vec(),
            384 => Sha384::digest(data).to_vec(),
            _ => Sha512::digest(data).to_vec(),
        })
    }

    pub fn make(&self) -> Vec<u8> {
        let uri = match self.bits {
            256 => "http://www.w3.org/2001/04/xmlenc#sha256",
            384 => "http://www.w3.org/2001/04/xmldsig-more#sha384",
            _ => "http://www.w3.org/2001/04/xmlenc#sha512",
        };
        let mut map = format!(
            "<?xml version=\"1.0\"?><BlockMap xmlns=\"http://schemas.microsoft.com/appx/2010/blockmap\" HashMethod=\"{uri}\">"
        );
        let mut types = "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
            <Default Extension=\"png\" ContentType=\"image/png\"/><Default Extension=\"exe\" ContentType=\"application/x-msdownload\"/>\
            <Override PartName=\"/AppxManifest.xml\" ContentType=\"application/vnd.ms-appx.manifest+xml\"/>\
            <Override PartName=\"/AppxBlockMap.xml\" ContentType=\"application/vnd.ms-appx.blockmap+xml\"/>"
            .to_owned();
        let mut parts = Vec::new();
        let manifest = ("AppxManifest.xml".to_owned(), self.manifest.clone());
        for (name, data) in self.files.iter().chain([&manifest]) {
            let encoded = encode(name);
            let stored = self.stored.contains(name) || data.is_empty();
            let known = ["png", "exe"].iter().any(|end| name.ends_with(&format!(".{end}")));
            if !known && name != "AppxManifest.xml" {
                types += &format!("<Override PartName=\"/{}\" ContentType=\"a/b\"/>", escape(&encoded));
            }
            let shown = escape(&name.replace('/', "\\"));
            map += &format!(
                "<File Name=\"{shown}\" Size=\"{}\" LfhSize=\"{}\">",
                data.len(),
                30 + encoded.len()
            );
            let mut packed = Vec::new();
            let count = data.len().div_ceil(65536);
            for (at, block) in data.chunks(65536).enumerate() {
                let hash = self.hash(block);
                if stored {
                    packed.extend_from_slice(block);
                    map += &format!("<Block Hash=\"{hash}\"/>");
                } else {
                    let deflated = (self.pack)(block, at + 1 == count);
                    map += &format!("<Block Hash=\"{hash}\" Size=\"{}\"/>", deflated.len());
                    packed.extend_from_slice(&deflated);
                }
            }
            if !stored && self.trailer {
                packed.extend([3, 0]);
            }
            map += "</File>";
            parts.push(Raw::new(encoded.as_bytes(), if stored { 0 } else { 8 }, data, packed));
        }
        map += "</BlockMap>";
        types += "</Types>";
        apply(&self.map, &mut map);
        let mut map = map.into_bytes();
        apply(&self.map_bytes, &mut map);
        apply(&self.types, &mut types);
        for (name, data) in [("AppxBlockMap.xml", map), ("[Content_Types].xml", types.into_bytes())] {
            let mut packed = flushed(&data, true);
            packed.extend([3, 0]);
            parts.push(Raw::new(name.as_bytes(), 8, &data, packed));
        }
        apply(&self.parts, &mut parts);
        let mut bytes = zip(&parts, &self.end, self.reversed);
        apply(&self.bytes, &mut bytes);
        bytes
    }
}

fn apply<T>(edit: &Edit<T>, what: &mut T) {
    if let Some(edit) = edit {
        edit(what);
    }
}

/// A digest as block maps have it.
pub fn sha256(data: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(data))
}

/// A block that inflates alone, and does not end the stream.
pub fn flushed(data: &[u8], _last: bool) -> Vec<u8> {
    let mut compress = flate2::Compress::new(Compression::new(6), false);
    let mut packed = Vec::with_capacity(data.len() + 1000);
    compress.compress_vec(data, &mut packed, flate2::FlushCompress::Full).unwrap();
    packed
}

/// The same, but the last block ends the stream.
pub fn finished(data: &[u8], last: bool) -> Vec<u8> {
    if !last {
        return flushed(data, false);
    }
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(9));
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// Blocks of deflate that hold the data as they are.
pub fn uncompressed(data: &[u8], last: bool) -> Vec<u8> {
    let mut packed = Vec::new();
    let chunks: Vec<&[u8]> = data.chunks(60_000).collect();
    for (at, chunk) in chunks.iter().enumerate() {
        packed.push(u8::from(last && at + 1 == chunks.len()));
        let length = chunk.len() as u16;
        packed.extend(length.to_le_bytes());
        packed.extend((!length).to_le_bytes());
        packed.extend_from_slice(chunk);
    }
    packed
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

pub fn encode(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~$*:<>?|\"\\/".contains(&byte);
    name.bytes()
        .map(
            |byte| {
                if plain(byte) && byte != b'$' {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}

impl Raw {
    pub fn new(name: &[u8], method: u16, data: &[u8], packed: Vec<u8>) -> Raw {
        let mut crc = Crc::new();
        crc.update(data);
        Raw {
            name: name.to_vec(),
            local_name: name.to_vec(),
            signature: 0x0201_4b50,
            local_signature: 0x0403_4b50,
            needs: 45,
            local_needs: 45,
            flags: 8,
            local_flags: 8,
            method,
            local_method: method,
            crc: crc.sum(),
            compressed: packed.len() as u32,
            size: data.len() as u32,
            local_values: [0; 3],
            extra: Vec::new(),
            local_extra: Vec::new(),
            comment: Vec::new(),
            disk: 0,
            offset: None,
            data: packed,
            descriptor: None,
            before: Vec::new(),
            only_listed: false,
        }
    }

    /// With sizes in the header, and nothing behind the data.
    pub fn plain(&mut self) {
        (self.flags, self.local_flags, self.needs, self.local_needs) = (0, 0, 20, 20);
        self.local_values = [self.crc, self.compressed, self.size];
        self.descriptor = Some(Vec::new());
    }

    /// Another name, in both places.
    pub fn rename(&mut self, name: &[u8]) {
        (self.name, self.local_name) = (name.to_vec(), name.to_vec());
    }

    pub fn wide_descriptor(&self) -> Vec<u8> {
        let mut bytes = 0x0807_4b50_u32.to_le_bytes().to_vec();
        bytes.extend(self.crc.to_le_bytes());
        bytes.extend(u64::from(self.compressed).to_le_bytes());
        bytes.extend(u64::from(self.size).to_le_bytes());
        bytes
    }

    pub fn narrow_descriptor(&self) -> Vec<u8> {
        let mut bytes = 0x0807_4b50_u32.to_le_bytes().to_vec();
        for value in [self.crc, self.compressed, self.size] {
            bytes.extend(value.to_le_bytes());
        }
        bytes
    }
}

pub fn zip(parts: &[Raw], edit: &Edit<End>, reversed: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut offsets = Vec::new();
    for part in parts {
        bytes.extend(&part.before);
        offsets.push(bytes.len() as u32);
        if part.only_listed {
            continue;
        }
        bytes.extend(part.local_signature.to_le_bytes());
        for value in [part.local_needs, part.local_flags, part.local_method, 0, 33] {
            bytes.extend(value.to_le_bytes());
        }
        part.local_values.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        bytes.extend((part.local_name.len() as u16).to_le_bytes());
        bytes.extend((part.local_extra.len() as u16).to_le_bytes());
        bytes.extend(&part.local_name);
        bytes.extend(&part.local_extra);
        bytes.extend(&part.data);
        bytes.extend(part.descriptor.clone().unwrap_or_else(|| part.wide_descriptor()));
    }
    let mut entries: Vec<(&Raw, u32)> = parts.iter().zip(offsets).collect();
    if reversed {
        entries.reverse();
    }
    let mut directory = Vec::new();
    for (part, offset) in &entries {
        directory.extend(part.signature.to_le_bytes());
        for value in [45, part.needs, part.flags, part.method, 0, 33] {
            directory.extend(value.to_le_bytes());
        }
        for value in [part.crc, part.compressed, part.size] {
            directory.extend(value.to_le_bytes());
        }
        let lengths = [part.name.len(), part.extra.len(), part.comment.len()];
        lengths.iter().for_each(|length| directory.extend((*length as u16).to_le_bytes()));
        directory.extend(part.disk.to_le_bytes());
        directory.extend([0; 6]);
        directory.extend(part.offset.unwrap_or(*offset).to_le_bytes());
        directory.extend(&part.name);
        directory.extend(&part.extra);
        directory.extend(&part.comment);
    }
    let count = entries.len() as u64;
    let mut end = End {
        zip64: true,
        entries: [count; 2],
        offset: bytes.len() as u64,
        size: directory.len() as u64,
        disks: [0; 2],
        disks_64: [0; 2],
        record_size: 44,
        locator: 0,
        short_entries: u16::MAX,
        comment: Vec::new(),
        before: Vec::new(),
    };
    apply(edit, &mut end);
    bytes.extend(directory);
    bytes.extend(&end.before);
    if end.zip64 {
        let record = bytes.len() as u64 + end.locator;
        bytes.extend(0x0606_4b50_u32.to_le_bytes());
        bytes.extend(end.record_size.to_le_bytes());
        bytes.extend([45, 0, 45, 0]);
        end.disks_64.iter().for_each(|disk| bytes.extend(disk.to_le_bytes()));
        for value in [end.entries[0], end.entries[1], end.size, end.offset] {
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend(0x0706_4b50_u32.to_le_bytes());
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend(record.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
    }
    bytes.extend(0x0605_4b50_u32.to_le_bytes());
    end.disks.iter().for_each(|disk| bytes.extend(disk.to_le_bytes()));
    if end.zip64 {
        bytes.extend(end.short_entries.to_le_bytes());
        bytes.extend(end.short_entries.to_le_bytes());
        bytes.extend([0xFF; 8]);
    } else {
        end.entries.iter().for_each(|count| bytes.extend((*count as u16).to_le_bytes()));
        bytes.extend((end.size as u32).to_le_bytes());
        bytes.extend((end.offset as u32).to_le_bytes());
    }
    bytes.extend((end.comment.len() as u16).to_le_bytes());
    bytes.extend(&end.comment);
    bytes
}
