//! One rule at a time, on a small manifest with pieces swapped.

mod manifest_text;

use lowbox_msix::manifest::{MAX_BYTES, Notice, Problem};
use lowbox_msix::{Isolation, Manifest, ManifestError};
use manifest_text::{notices, parse, text};

fn isolation(attributes: &str) -> Result<Isolation, ManifestError> {
    parse(&format!("Executable=\"a.exe\" {attributes}"), "", "", "").map(|one| one.applications[0].isolation)
}

#[test]
fn attributes_decide_about_isolation() {
    use Isolation::{AppContainer, AppSilo, FullTrust, Undeclared, Universal};
    for (attributes, expected) in [
        ("", Undeclared),
        ("EntryPoint='App.Main'", Universal),
        ("EntryPoint='Windows.FullTrustApplication'", FullTrust),
        ("EntryPoint='windows.fullTrustApplication'", FullTrust),
        ("u10:TrustLevel='mediumIL'", FullTrust),
        ("u10:TrustLevel='appContainer' u10:RuntimeBehavior='packagedClassicApp'", AppContainer),
        ("EntryPoint='Windows.PartialTrustApplication'", AppContainer),
        ("u10:TrustLevel='appContainer' u10:RuntimeBehavior='windowsApp'", Universal),
        ("u10:TrustLevel='appContainer' p2:RuntimeBehavior='appSilo'", AppSilo),
        ("u18:TrustLevel='appContainer' u18:RuntimeBehavior='appSilo'", AppSilo),
        // uap18 overrides what older systems see.
        (
            "EntryPoint='Windows.FullTrustApplication' u10:TrustLevel='mediumIL' u18:EntryPoint='Isolated.App' \
             u18:TrustLevel='appContainer' u18:RuntimeBehavior='appSilo'",
            AppSilo,
        ),
        ("u10:TrustLevel='mediumIL' u18:TrustLevel='appContainer'", AppContainer),
        ("u10:TrustLevel='appContainer' u18:TrustLevel='mediumIL'", FullTrust),
        // The same names without a namespace's prefix, or in a dropped one, are not these attributes.
        ("x:TrustLevel='mediumIL'", Undeclared),
    ] {
        assert_eq!(
            isolation(attributes).unwrap_or_else(|e| panic!("{attributes}: {e}")),
            expected,
            "{attributes}"
        );
    }
}

#[test]
fn contradicting_isolation_attributes_are_refused() {
    for attributes in [
        "u10:TrustLevel='appContainer' EntryPoint='Windows.FullTrustApplication'",
        "u10:TrustLevel='mediumIL' EntryPoint='Windows.PartialTrustApplication'",
        "u18:RuntimeBehavior='appSilo'",
        "u18:RuntimeBehavior='appSilo' u18:TrustLevel='mediumIL'",
        "u18:EntryPoint='Isolated.App' u18:TrustLevel='appContainer'",
        "u18:RuntimeBehavior='appSilo' u18:TrustLevel='appContainer' EntryPoint='Windows.PartialTrustApplication'",
    ] {
        let error = isolation(attributes).expect_err(attributes);
        assert!(matches!(error.problem, Problem::Isolation { .. }), "{attributes}: {error}");
        assert_eq!(error.position.unwrap().line, 14, "{error}");
    }
    for attributes in [
        "u10:TrustLevel='root'",
        "u10:TrustLevel='appSilo'",
        "u10:RuntimeBehavior='appSilo'",
        "u18:RuntimeBehavior='silo'",
        "TrustLevel='appContainer'",
        "y:TrustLevel='appContainer'",
        "u:TrustLevel='appContainer'",
        "EntryPoint=''",
    ] {
        isolation(attributes).expect_err(attributes);
    }
}

#[test]
fn only_ignorable_namespaces_may_hold_unknown_content() {
    let fine =
        parse("x:a='1' x:b='2' x:c='3'", "<x:Any><x:More/></x:Any>", "<x:Thing/>", "<x:End/>").unwrap();
    assert_eq!(notices(&fine), Vec::<&Notice>::new());
    for (application, inside, capabilities, more) in [
        ("y:a='1'", "", "", ""),
        ("a='1'", "", "", ""),
        ("", "<y:Any/>", "", ""),
        ("", "<Any/>", "", ""),
        ("", "", "<y:Capability Name='internetClient'/>", ""),
        ("", "", "<u:Thing Name='internetClient'/>", ""),
        ("", "", "<Capability Name='internetClient' Other='1'/>", ""),
        ("", "", "", "<y:End/>"),
        ("", "", "", "<u:End/>"),
        ("", "", "", "<Properties/>"),
        ("", "", "stray", ""),
    ] {
        parse(application, inside, capabilities, more)
            .expect_err(&format!("{application}{inside}{capabilities}{more}"));
    }
    // Foreign capabilities in an ignorable namespace are dropped, and that is said.
    let manifest = parse("", "", "<x:Capability Name='internetClient'/>", "").unwrap();
    assert!(manifest.capabilities.is_empty());
    assert_eq!(notices(&manifest), [&Notice::ForeignCapability("internetClient".into())]);
    // A prefix that nobody declared.
    let text = text("", "", "", "").replace("\"x u18 p2\"", "\"x nobody\"");
    assert!(Manifest::parse(text.as_bytes()).unwrap_err().to_string().contains("\"nobody\""));
}

#[test]
fn the_foundation_namespace_cannot_be_made_ignorable() {
    let text = text("", "", "", "<Bogus/>")
        .replace(
            "xmlns:x=",
            "xmlns:f=\"http://schemas.microsoft.com/appx/manifest/foundation/windows10\" xmlns:x=",
        )
        .replace("\"x u18", "\"f x u18");
    let error = Manifest::parse(text.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("Bogus"), "{error}");
}

#[test]
fn capability_names_orders_and_repetitions_are_checked() {
    for good in [
        "<Capability Name='internetClient'/><u:Capability Name='musicLibrary'/><r:Capability Name='lpacCom'/>",
        "<r:Capability Name='isolatedWin32-x'/><Capability Name='neverHeardOf'/>",
        "<u4:CustomCapability Name='a.b_8wekyb3d8bbwe'/><DeviceCapability Name='webcam'/>",
        "<DeviceCapability Name='usb'><Device Id='any'><Function Type='name:x'/></Device></DeviceCapability>",
        "<DeviceCapability Name='2eef81be-33fa-4800-9670-1cd474972c3f'/>",
    ] {
        parse("", "", good, "").unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    for bad in [
        "<Capability/>",
        "<Capability Name=''/>",
        "<Capability Name='InternetClient'/>",
        "<Capability Name='a/../b'/>",
        "<Capability Name='tab&#9;'/>",
        "<Capability Name='internetClient'/><u:Capability Name='INTERNETcLIENT'/>",
        "<Capability Name='internetClient'/><Capability Name='internetclient'/>",
        "<DeviceCapability Name='usb'/><Capability Name='internetClient'/>",
        "<DeviceCapability Name='usb'/><u4:CustomCapability Name='a.b_8wekyb3d8bbwe'/>",
        "<u4:CustomCapability Name='a.b_8wekyb3d8bbwi'/>",
        "<u4:CustomCapability Name='a.b'/>",
        "<u:CustomCapability Name='a.b_8wekyb3d8bbwe'/>",
        "<DeviceCapability Name='web cam'/>",
        "<Capability Name='internetClient'><Device/></Capability>",
    ] {
        parse("", "", bad, "").expect_err(bad);
    }
    let many: String = (0..101).map(|n| format!("<r:Capability Name='cap{n}'/>")).collect();
    assert!(matches!(parse("", "", &many, "").unwrap_err().problem, Problem::Limit { limit: 100, .. }));
}

#[test]
fn executables_stay_inside_the_package() {
    for good in ["a.exe", "bin/a", "bin\\a.exe", ".hidden/x", "..a/b"] {
        parse(&format!("Executable='{good}'"), "", "", "").unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    for bad in
        ["", "/bin/sh", "..", "../a", "a/../b", "a//b", "C:\\a.exe", "a\\b/c", "a/", "a.", " a", "%x%", "a*"]
    {
        parse(&format!("Executable='{bad}'"), "", "", "").expect_err(bad);
    }
    parse("EntryPoint='A.B'", "", "", "").expect_err("an entry point without a program");
}

#[test]
fn run_full_trust_is_explained_not_refused() {
    let run = "<r:Capability Name='runFullTrust'/>";
    let com = "<Extensions><com:Extension Category='windows.comServer'><com:ComServer/></com:Extension></Extensions>";
    let silo = "Executable='a.exe' u18:TrustLevel='appContainer' u18:RuntimeBehavior='appSilo'";
    assert_eq!(notices(&parse(silo, "", run, "").unwrap()), [&Notice::FullTrustBesideIsolation]);
    assert_eq!(notices(&parse(silo, com, run, "").unwrap()), Vec::<&Notice>::new());
    assert_eq!(
        notices(&parse(silo, com, "", "").unwrap()),
        [&Notice::NeedsFullTrust("windows.comServer".into())]
    );
    let protocol = |scope| {
        format!(
            "<Extensions><u:Extension Category='windows.protocol' {scope}><u:Protocol Name='xy'/></u:Extension></Extensions>"
        )
    };
    assert_eq!(notices(&parse(silo, &protocol(""), "", "").unwrap()), [&Notice::ProtocolScope]);
    assert!(parse(silo, &protocol("d7:Scope='user'"), "", "").unwrap().warnings.is_empty());
    assert_eq!(
        notices(&parse(silo, &protocol("d7:Scope='user' Executable='b'"), "", "").unwrap()),
        [&Notice::ExtensionOverrides("windows.protocol".into(), "Executable")]
    );
}

#[test]
fn hostile_sizes_end_in_an_error_and_not_in_a_crash() {
    let problem = |text: &str| Manifest::parse(text.as_bytes()).unwrap_err().problem;
    assert!(matches!(problem(&" ".repeat(MAX_BYTES + 1)), Problem::TooLarge(_)));
    // The XML parser recurses: without a limit this overflows the stack.
    let deep = "<a>".repeat(300_000);
    assert!(matches!(problem(&deep), Problem::Limit { what: "levels of nested elements", .. }));
    let deep = text("", &"<x:a b='>'>".repeat(60), "", "");
    assert!(matches!(problem(&deep), Problem::Limit { what: "levels of nested elements", .. }));
    // It compares attributes pairwise and copies namespaces to each element that declares one.
    let wide: String = (0..100_000).map(|n| format!(" a{n}=''")).collect();
    assert!(matches!(
        problem(&format!("<a{wide}/>")),
        Problem::Limit { what: "attributes on one element", .. }
    ));
    let spaces = format!("<a>{}</a>", "<b xmlns:c='d'/>".repeat(50_000));
    assert!(matches!(problem(&spaces), Problem::Limit { what: "namespace declarations", .. }));
    let sections = format!("<a>{}</a>", "<![CDATA[x]]>y".repeat(50_000));
    assert!(matches!(problem(&sections), Problem::Limit { what: "CDATA sections", .. }));
    let many = format!("<a>{}</a>", "<b/>".repeat(200_000));
    assert!(matches!(problem(&many), Problem::Limit { what: "elements and texts", .. }));
    assert!(matches!(problem("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"), Problem::Dtd));
    // Not tags, so not nested: comments, sections, instructions, quoted brackets.
    let quiet = "<!-- <a><a> -->".repeat(60) + &"<?p <a> ?>".repeat(60);
    parse("", &quiet, "", "").unwrap();
}

#[test]
fn many_warnings_are_cut_off_and_that_is_said() {
    let extension = "<u:Extension Category='windows.protocol'/>".repeat(5000);
    let silo = "Executable='a.exe' u18:TrustLevel='appContainer' u18:RuntimeBehavior='appSilo'";
    let manifest = parse(silo, &format!("<Extensions>{extension}</Extensions>"), "", "").unwrap();
    assert_eq!(manifest.warnings.len(), 65);
    assert_eq!(manifest.warnings[64].notice, Notice::More);
}

#[test]
fn other_documents_are_named_for_what_they_are() {
    let error = |text: &str| Manifest::parse(text.as_bytes()).unwrap_err().to_string();
    assert!(error("<Package/>").contains("must be in the namespace"));
    assert!(
        error("<Bundle xmlns='http://schemas.microsoft.com/appx/2013/bundle'/>")
            .contains("bundle's manifest")
    );
    assert!(error("<html/>").contains("starts with <Package"));
    assert!(error("").contains("not well-formed"));
    assert!(error("PK\u{3}\u{4}").contains("control character"));
}

#[test]
fn comments_do_not_cut_texts_and_directions_are_positions() {
    let split = text("", "", "", "").replace("<DisplayName>App<", "<DisplayName>A<!-- x -->pp<");
    assert_eq!(Manifest::parse(split.as_bytes()).unwrap().properties.display_name, "App");
    let wrong = text("", "", "<Capability Name='Ä'/>", "");
    let error = Manifest::parse(wrong.as_bytes()).unwrap_err();
    assert_eq!(error.position.map(|at| (at.line, at.column)), Some((15, 15)), "{error}");
}

#[test]
fn messages_hold_nothing_that_a_terminal_would_obey() {
    let csi = "\u{9b}31m\u{202e}";
    for bad in [
        text("", "", &format!("<Capability Name='{csi}'/>"), ""),
        text(&format!("Executable='{csi}'"), "", "", ""),
        text("", "", csi, ""),
        text("", "", "", &format!("<z:a xmlns:z='{csi}'/>")),
        text("", "", "", &format!("<Bogus a={csi}/>")),
        text(&format!("EntryPoint='{csi}'"), "", "", ""),
        text("", "", "", "").replace("Contoso.App", csi),
        text("", "", "", "").replace("CN=Contoso", csi),
        text("", "", "", "").replace("CN=Contoso", &format!("CN={csi}")),
        text("", "", "", "").replace("<DisplayName>App", &format!("<DisplayName>{csi}")),
        text("", "", "", "").replace("DisplayName=\"App\"", &format!("DisplayName=\"{csi}\"")),
        text("", "", "", "").replace("1.0.0.0", csi),
    ] {
        let error = Manifest::parse(bad.as_bytes()).unwrap_err().to_string();
        assert!(!error.contains(|c: char| c.is_control() || c == '\u{202e}'), "{error:?}");
    }
}
