//! Manifests made by Microsoft's tools and by hand, whole.

use lowbox_msix::manifest::{Notice, Problem};
use lowbox_msix::{CapabilityElement, Isolation, Manifest, Version};

fn parse(file: &str) -> Result<Manifest, lowbox_msix::ManifestError> {
    let path = format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
    Manifest::parse(&std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}")))
}

fn valid(name: &str) -> Manifest {
    parse(&format!("valid/{name}.xml")).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn files(folder: &str) -> Vec<String> {
    let path = format!("{}/tests/data/{folder}", env!("CARGO_MANIFEST_DIR"));
    let names = std::fs::read_dir(path).unwrap();
    names.map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap())).collect()
}

#[test]
fn every_valid_manifest_is_read() {
    let files = files("valid");
    assert!(files.len() >= 25, "{}", files.len());
    for file in files {
        parse(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    }
}

#[test]
fn every_invalid_manifest_is_refused_where_it_is_wrong() {
    let expected = [
        ("arch", 3, "architecture \"mips\""),
        ("caps-dup", 13, "capability \"internetClient\" stands here a second time"),
        ("caps-order", 13, "Capability comes after DeviceCapability"),
        ("dtd", 2, "DOCTYPE"),
        ("ms-windows8", 3, "Windows 8"),
        ("name-bad", 3, "package name \"Low box!\""),
        ("no-props", 2, "Package has no Properties"),
        ("no-tdf", 5, "Dependencies has no TargetDeviceFamily"),
        ("not-xml", 13, "not well-formed"),
        ("ns-undeclared", 13, "prefix \"nope\" is not declared"),
        ("publisher-bad", 3, "publisher part \"Lowbox\" is not TYPE=value"),
        ("trust", 8, "TrustLevel \"root\""),
        ("unknown-elem", 6, "element Bogus is not known in Package"),
        ("version3", 3, "version \"1.2.3\" has fewer than four parts"),
    ];
    assert_eq!(files("invalid").len(), expected.len());
    for (name, line, words) in expected {
        let error = parse(&format!("invalid/{name}.xml")).expect_err(name);
        assert_eq!(error.position.map(|at| at.line), Some(line), "{name}: {error}");
        assert!(error.to_string().contains(words), "{name}: {error}");
    }
}

#[test]
fn identity_and_names_are_those_that_windows_computes() {
    let manifest = valid("minimal");
    assert_eq!(manifest.identity.family_name(), "Lowbox.Sample_12xz202t9gcxc");
    assert_eq!(manifest.identity.full_name(), "Lowbox.Sample_1.2.3.0_x64__12xz202t9gcxc");
    assert_eq!(manifest.identity.aumid("App"), "Lowbox.Sample_12xz202t9gcxc!App");
    let manifest = valid("neutral-resid");
    assert_eq!(manifest.identity.full_name(), "Lowbox.Sample_1.2.3.0_neutral_beta_12xz202t9gcxc");
    let manifest = valid("ms-intl");
    assert_eq!(manifest.identity.family_name(), "20477fca-282d-49fb-b03e-371dca074f0f_8wekyb3d8bbwe");
    assert_eq!(manifest.properties.display_name, "ms-resource:appName");
}

#[test]
fn capabilities_of_all_groups_are_read_in_order_with_their_namespaces() {
    use CapabilityElement::{Capability, CustomCapability, DeviceCapability};
    let manifest = valid("caps-all-groups");
    let base = "http://schemas.microsoft.com/appx/manifest/";
    let read: Vec<_> = manifest
        .capabilities
        .iter()
        .map(|one| (one.name.as_str(), one.element, one.namespace_uri.strip_prefix(base).unwrap()))
        .collect();
    let foundation = "foundation/windows10";
    assert_eq!(
        read,
        [
            ("internetClient", Capability, foundation),
            ("privateNetworkClientServer", Capability, foundation),
            ("documentsLibrary", Capability, "uap/windows10"),
            ("isolatedWin32-print", Capability, "foundation/windows10/restrictedcapabilities"),
            ("Contoso.cap_8wekyb3d8bbwe", CustomCapability, "uap/windows10/4"),
            ("microphone", DeviceCapability, foundation),
            ("webcam", DeviceCapability, foundation),
        ]
    );
}

#[test]
fn each_generation_of_isolation_attributes_is_understood() {
    for (name, isolation) in [
        ("minimal", Isolation::AppContainer),
        ("silo-preview1", Isolation::AppSilo),
        ("silo-preview2", Isolation::AppSilo),
        ("silo-uap18", Isolation::AppSilo),
        ("silo-uap18-documented", Isolation::AppSilo),
        ("ms-universal-bom", Isolation::Universal),
        ("ms-full-trust-extensions", Isolation::FullTrust),
        ("ms-platform-linux", Isolation::Undeclared),
    ] {
        let manifest = valid(name);
        assert!(manifest.applications.iter().all(|one| one.isolation == isolation), "{name}");
        assert_eq!(isolation.is_isolated(), name != "ms-full-trust-extensions");
    }
    let manifest = valid("silo-uap18-documented");
    assert_eq!(manifest.applications[0].entry_point.as_deref(), Some("Isolated.App"));
}

#[test]
fn warnings_tell_what_will_surprise() {
    let notices = |name: &str| valid(name).warnings.into_iter().map(|one| one.notice).collect::<Vec<_>>();
    assert_eq!(notices("minimal"), []);
    assert_eq!(notices("silo-uap18"), []);
    assert_eq!(notices("ms-full-trust-extensions"), []);
    assert_eq!(
        notices("python-like"),
        [Notice::SiloCapabilityWithPartialTrust("isolatedWin32-promptForAccess".into())]
    );
    assert_eq!(
        notices("silo-uap18-documented"),
        [
            Notice::FullTrustEntryPointBeneath("App".into()),
            Notice::FallsBackToFullTrust {
                found: Version([10, 0, 19041, 0]),
                needed: Version([10, 0, 26100, 0])
            },
        ]
    );
    assert_eq!(notices("silo-preview2"), [Notice::PreviewForm("App".into())]);
}

#[test]
fn applications_dependencies_and_extensions_are_read() {
    let manifest = valid("ms-full-trust-extensions");
    let ids: Vec<_> = manifest.applications.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["TE.ProcessHost", "CCoffee", "CCoffeeMug", "CCoffeeCup", "CCoffeeDDECup"]);
    assert_eq!(manifest.applications[1].executable.as_deref(), Some("ccoffee.exe"));
    assert_eq!(manifest.applications[1].display_name.as_deref(), Some("Centennial Coffee"));
    assert!(manifest.applications[1].extensions.iter().any(|one| one == "windows.comServer"));
    assert_eq!(manifest.extensions, ["windows.firewallRules", "windows.desktopEventLogging"]);
    assert_eq!(manifest.application(Some("ccoffeemug")).unwrap().id, "CCoffeeMug");
    assert_eq!(manifest.application(None), None);

    let manifest = valid("framework-dep");
    assert_eq!(manifest.package_dependencies[0].name, "Lowbox.Framework");
    assert_eq!(manifest.target_device_families[0].name, "Windows.Desktop");
    assert_eq!(valid("ms-platform-linux").target_device_families[0].name, "Linux.All");
    let manifest = valid("resource-only");
    assert!(manifest.properties.resource_package && manifest.applications.is_empty());
}

#[test]
fn utf_16_with_a_byte_order_mark_reads_the_same() {
    let path = format!("{}/tests/data/valid/silo-uap18.xml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let expected = Manifest::parse(text.as_bytes()).unwrap();
    let wide = text.replace("encoding=\"utf-8\"", "encoding=\"UTF-16\"");
    let little: Vec<u8> =
        [0xfeff].into_iter().chain(wide.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = [0xfeff].into_iter().chain(wide.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    assert_eq!(Manifest::parse(&little).unwrap(), expected);
    assert_eq!(Manifest::parse(&big).unwrap(), expected);

    for wrong in [&little[2..], &big[2..], &little[..little.len() - 1], text.as_bytes()[1..].as_ref()] {
        Manifest::parse(wrong).unwrap_err();
    }
    let claims: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let claims = [&[0xff, 0xfe][..], &claims].concat();
    let error = Manifest::parse(&claims).unwrap_err();
    assert!(matches!(error.problem, Problem::Encoding(_)), "{error}");
    assert!(error.to_string().contains("declares encoding \"utf-8\" but is utf-16"), "{error}");
}
