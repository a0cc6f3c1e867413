//! Files to pack: real ones of this machine, in an order that depends on their paths alone, and some that can't be compressed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The publisher of the manifest.
pub const PUBLISHER: &str = "CN=lowbox-bench";

/// The manifest. Without the attributes of isolation, which makemsix does not read.
const MANIFEST: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"
    xmlns:uap="http://schemas.microsoft.com/appx/manifest/uap/windows10"
    xmlns:uap10="http://schemas.microsoft.com/appx/manifest/uap/windows10/10" IgnorableNamespaces="uap uap10">
  <Identity Name="Lowbox.Bench" Publisher="CN=lowbox-bench" Version="1.0.0.0" ProcessorArchitecture="x64"/>
  <Properties>
    <DisplayName>Bench</DisplayName><PublisherDisplayName>lowbox</PublisherDisplayName><Logo>logo.png</Logo>
  </Properties>
  <Dependencies><TargetDeviceFamily Name="Windows.Desktop" MinVersion="10.0.19041.0" MaxVersionTested="10.0.26100.0"/></Dependencies>
  <Resources><Resource Language="en-us"/></Resources>
  <Applications>
    <Application Id="App" Executable="app.exe" uap10:TrustLevel="appContainer" uap10:RuntimeBehavior="packagedClassicApp">
      <uap:VisualElements DisplayName="Bench" Description="Bench" BackgroundColor="transparent"
          Square150x150Logo="logo.png" Square44x44Logo="logo.png"/>
    </Application>
  </Applications>
</Package>"#;

const FILES: usize = 3_700;
const BYTES: u64 = 204_000_000;
/// Files that can't be compressed, of a megabyte each.
const NOISE: usize = 10;
const ROOTS: [&str; 4] = ["/usr/lib", "/usr/bin", "/usr/include", "/usr/share"];

/// Makes the folder; how many files, of how many bytes.
pub fn make(folder: &Path) -> io::Result<(usize, u64)> {
    if folder.exists() {
        return count(folder);
    }
    begin(folder)?;
    for number in 0..NOISE {
        fs::write(folder.join(format!("noise-{number}.bin")), noise(number as u64, 1_000_000))?;
    }
    let mut found = Vec::new();
    ROOTS.iter().try_for_each(|root| walk(Path::new(root), &mut found))?;
    found.sort_by_cached_key(|(path, _)| {
        let mut hasher = DefaultHasher::new();
        path.hash(&mut hasher);
        (hasher.finish(), path.clone())
    });
    let (mut files, mut bytes) = (FILES - NOISE - 3, BYTES - NOISE as u64 * 1_000_000);
    let (mut number, usual) = (0, bytes / files as u64);
    for (path, size) in found {
        let Some(mean) = bytes.checked_div(files as u64) else { break };
        // Larger ones as long as those before were small.
        let (least, most) = if mean > usual { (8, 40) } else { (64, 4) };
        if size > usual * most || size < usual / least {
            continue;
        }
        let extension = path.extension().and_then(|text| text.to_str()).unwrap_or_default();
        let plain = !extension.is_empty() && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let name = if plain { format!("{number}.{extension}") } else { number.to_string() };
        let to = folder.join(format!("files/{}", number / 100));
        fs::create_dir_all(&to)?;
        // Names that only root may read are no loss.
        let Ok(data) = fs::read(&path) else { continue };
        fs::write(to.join(name), &data)?;
        (number, files, bytes) = (number + 1, files - 1, bytes.saturating_sub(data.len() as u64));
    }
    count(folder)
}

/// A package without anything to measure.
pub fn begin(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("AppxManifest.xml"), MANIFEST)?;
    fs::copy("/bin/true", folder.join("app.exe"))?;
    fs::write(folder.join("logo.png"), "no picture")
}

fn walk(folder: &Path, found: &mut Vec<(PathBuf, u64)>) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), found)?;
        } else if kind.is_file() {
            found.push((entry.path(), entry.metadata()?.len()));
        }
    }
    Ok(())
}

fn count(folder: &Path) -> io::Result<(usize, u64)> {
    let mut found = Vec::new();
    walk(folder, &mut found)?;
    Ok((found.len(), found.iter().map(|(_, size)| size).sum()))
}

/// Bytes that look random (xorshift64), the same for the same seed.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
