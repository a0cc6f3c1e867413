//! What Windows asks of manifests beside what they are read for, and that every error says what to write instead.

mod manifest_text;

use lowbox_msix::Manifest;
use lowbox_msix::manifest::{MAX_BYTES, Notice, Problem};
use manifest_text::{notices, parse, text};

#[test]
fn what_applications_look_like_is_complete() {
    let with = |from: &str, to: &str| Manifest::parse(text("", "", "", "").replace(from, to).as_bytes());
    with("transparent", "#aB01ff").unwrap();
    with("transparent", "white").unwrap();
    with("Square44x44Logo=\"l.png\"", "Square44x44Logo=\"Assets\\A.JPEG\"").unwrap();
    for name in ["DisplayName", "Description", "BackgroundColor", "Square150x150Logo", "Square44x44Logo"] {
        let error = with(&format!(" {name}="), &format!(" x:{name}=")).unwrap_err();
        assert!(matches!(error.problem, Problem::Missing { missing, .. } if missing == name), "{error}");
        assert_eq!(error.position.unwrap().line, 14, "{error}");
    }
    for (from, to) in [
        ("transparent", "#12345"),
        ("transparent", ""),
        ("transparent", "rgb(1,2,3)"),
        ("Square150x150Logo=\"l.png\"", "Square150x150Logo=\"l.gif\""),
        ("Square150x150Logo=\"l.png\"", "Square150x150Logo=\"../l.png\""),
        ("Square150x150Logo=\"l.png\"", "Square150x150Logo=\"c:\\l.png\""),
        ("<Logo>l.png", "<Logo>l"),
        ("<Logo>l.png", "<Logo>/l.png"),
        ("Description=\"A\"", "Description=\"\""),
    ] {
        let error = with(from, to).expect_err(to);
        assert!(matches!(error.problem, Problem::Value { .. }), "{error}");
    }
}

#[test]
fn versions_languages_and_kinds_of_packages_fit_together() {
    let with = |from: &str, to: &str| Manifest::parse(text("", "", "", "").replace(from, to).as_bytes());
    let error = with("MaxVersionTested=\"10.0.26100.0\"", "MaxVersionTested=\"10.0.26099.0\"").unwrap_err();
    assert!(error.to_string().contains("write 10.0.26100.0 or higher"), "{error}");
    let resources = |language: &str| {
        parse("", "", "", &format!("<Resources><Resource Language='{language}'/></Resources>"))
    };
    for good in ["en-us", "x-generate", "zh-Hans-CN", "de"] {
        resources(good).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    for bad in ["", "en_us", "-", "toolonganame-x", "1a"] {
        resources(bad).expect_err(bad);
    }
    let error = with("<Logo>", "<ResourcePackage>true</ResourcePackage><Logo>").unwrap_err();
    assert!(error.to_string().contains("no Applications"), "{error}");
}

#[test]
fn a_program_of_another_name_and_full_trust_without_its_capability_are_told() {
    assert_eq!(
        notices(&parse("Executable='a' u10:TrustLevel='appContainer'", "", "", "").unwrap()),
        [&Notice::NotExe("App".into())]
    );
    let full = "Executable='a.EXE' EntryPoint='Windows.FullTrustApplication'";
    assert_eq!(notices(&parse(full, "", "", "").unwrap()), [&Notice::NoRunFullTrust("App".into())]);
    assert!(parse(full, "", "<r:Capability Name='runFullTrust'/>", "").unwrap().warnings.is_empty());
}

/// What is wrong stands before a semicolon, and what to write behind it.
#[test]
fn every_error_says_what_to_write_instead() {
    let replaced = |from: &str, to: &str| text("", "", "", "").replace(from, to);
    let deep = "<x:a>".repeat(60);
    let cases = [
        text("", "", "<Capability/>", ""),
        text("", "", "<Capability Name='A'/>", ""),
        text("", "", "<DeviceCapability Name='a'/><Capability Name='abc'/>", ""),
        text("", "", "<Capability Name='abc'/><Capability Name='abc'/>", ""),
        text("", "<Bogus/>", "", ""),
        text("", "<y:Bogus/>", "", ""),
        text("bogus='1'", "", "", ""),
        text("Executable='/a'", "", "", ""),
        text("EntryPoint='a'", "", "", ""),
        text("Executable='a.exe' u10:TrustLevel='root'", "", "", ""),
        text("Executable='a.exe' u18:RuntimeBehavior='appSilo'", "", "", ""),
        text("", "stray", "", ""),
        text("", &deep, "", ""),
        text("", "<Extensions><u:Extension/></Extensions>", "", ""),
        text("", "<Extensions><u:Extension Category='x'/></Extensions>", "", ""),
        text("", "", "", "<Properties/>"),
        text("", "", "", "<q:a/>"),
        text("", "", "", "<a b='1' b='2'/>"),
        text("", "", "", "<a>"),
        text("", "", "", "&bogus;"),
        text("", "", "", "<a b=1/>"),
        replaced("Id=\"App\"", "Id=\"1\""),
        replaced("Id=\"App\"", ""),
        replaced("Contoso.App", "A"),
        replaced("Contoso.App", "A b"),
        replaced("CN=Contoso", "Contoso"),
        replaced("CN=Contoso", "Q=Contoso"),
        replaced("CN=Contoso", ""),
        replaced("Version=\"1.0.0.0\"", "Version=\"1\""),
        replaced("Version=\"1.0.0.0\"", ""),
        replaced("Version=\"1.0.0.0\"", "Version=\"1.0.0.0\" ProcessorArchitecture=\"mips\""),
        replaced("Version=\"1.0.0.0\"", "Version=\"1.0.0.0\" ResourceId=\"\""),
        replaced("Windows.Desktop", "Windows Desktop"),
        replaced("<Logo>l.png</Logo>", ""),
        replaced("<DisplayName>App", "<DisplayName>"),
        replaced("\"x u18 p2\"", "\"nobody\""),
        replaced("<Package", "<!DOCTYPE a><Package"),
        "<html/>".to_owned(),
        " ".repeat(MAX_BYTES + 1),
        "\u{1}".to_owned(),
    ];
    for case in cases {
        let error = Manifest::parse(case.as_bytes()).expect_err(&case[..case.len().min(2000)]);
        let told = error.to_string();
        assert!(told.contains("; "), "{told}");
        let whole_file = matches!(error.problem, Problem::TooLarge(_));
        assert!(whole_file || error.position.is_some(), "{told}");
    }
}
