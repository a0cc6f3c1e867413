//! Packages for tests.
#![allow(dead_code, reason = "each test uses what it needs")]

pub mod signing;
pub mod token;

use lowbox_msix::block_map::BLOCK;
use lowbox_msix::container::Method;
use lowbox_msix::package::{Package, PackageError};
use lowbox_msix::part_name::{MANIFEST, PartName};
use lowbox_msix::writer::{BlockPacker, Options, PackageWriter, WriteError, method_for};
use rsa::rand_core::{CryptoRng, RngCore};

/// A manifest whose application is `app.exe`.
pub const SIMPLE: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"
    xmlns:uap="http://schemas.microsoft.com/appx/manifest/uap/windows10"
    xmlns:uap10="http://schemas.microsoft.com/appx/manifest/uap/windows10/10" IgnorableNamespaces="uap uap10">
  <Identity Name="Lowbox.Sample" Publisher="CN=Lowbox Test" Version="1.2.3.0" ProcessorArchitecture="x64"/>
  <Properties>
    <DisplayName>Sample</DisplayName>
    <PublisherDisplayName>Lowbox</PublisherDisplayName>
    <Logo>logo.png</Logo>
  </Properties>
  <Dependencies>
    <TargetDeviceFamily Name="Windows.Desktop" MinVersion="10.0.19041.0" MaxVersionTested="10.0.26100.0"/>
    <TargetDeviceFamily Name="Linux.All" MinVersion="0.0.0.0" MaxVersionTested="0.0.0.0"/>
  </Dependencies>
  <Resources><Resource Language="en-us"/></Resources>
  <Applications>
    <Application Id="App" Executable="app.exe" uap10:TrustLevel="appContainer"
        uap10:RuntimeBehavior="packagedClassicApp">
      <uap:VisualElements DisplayName="Sample" Description="A sample" BackgroundColor="transparent"
          Square150x150Logo="logo.png" Square44x44Logo="logo.png"/>
    </Application>
  </Applications>
  <Capabilities><Capability Name="internetClient"/></Capabilities>
</Package>"#;

/// The files that it names.
pub fn simple_files() -> Vec<(String, Vec<u8>)> {
    let program: Vec<u8> =
        (0..150_000_u32).flat_map(|number| (number / 7).to_le_bytes()).take(200_000).collect();
    vec![
        ("app.exe".into(), program),
        ("logo.png".into(), (0..2000_u32).map(|at| ((at * 7919) >> 3) as u8).collect()),
    ]
}

/// Writes a package of these files.
pub fn pack(files: &[(String, Vec<u8>)], manifest: &str, options: Options) -> Result<Vec<u8>, WriteError> {
    let mut writer = PackageWriter::new(Vec::new(), options);
    let manifest = (MANIFEST.to_owned(), manifest.as_bytes().to_vec());
    for (name, data) in files.iter().chain([&manifest]) {
        let name = PartName::new(name).expect("a part's name");
        let method = method_for(&name, data.len() as u64);
        let mut packer = BlockPacker::new(options.algorithm);
        let mut file = writer.begin(name, method)?;
        for block in data.chunks(BLOCK as usize) {
            let packed = match method {
                Method::Stored => packer.store(block.to_vec()),
                Method::Deflated => packer.deflate(block),
            };
            file.add(&packed)?;
        }
        file.finish()?;
    }
    writer.finish()
}

/// Opens a package and reads all of it.
pub fn read_all(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, PackageError> {
    let package = Package::open(bytes)?;
    let mut all = Vec::new();
    for (file, _) in package.contents().files() {
        let mut data = Vec::new();
        let mut reader = package.contents().reader(bytes, file);
        while let Some(block) = reader.next_block()? {
            data.extend_from_slice(block);
        }
        all.push((file.name.to_string(), data));
    }
    Ok(all)
}

/// Numbers without a pattern, the same each time.
pub struct Random(pub u64);

impl RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        self.next_u64() as u32
    }

    fn next_u64(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.next_u32() as u8);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Random {}
