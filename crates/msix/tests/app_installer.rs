//! `.appinstaller` files: what they say, and what is refused, with its place.

use lowbox_msix::app_installer::AppInstaller;
use proptest::prelude::*;

const FULL: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<AppInstaller xmlns="http://schemas.microsoft.com/appx/appinstaller/2017/2"
    xmlns:s3="http://schemas.microsoft.com/appx/appinstaller/2018" xmlns:s4="http://schemas.microsoft.com/appx/appinstaller/2021"
    Version="1.0.0.4" Uri="https://example.com/app.appinstaller">
  <MainBundle Name="Contoso.App" Publisher="CN=Contoso" Version="2.0.0.0" Uri="https://example.com/app.msixbundle"/>
  <OptionalPackages>
    <Bundle Name="Contoso.More" Publisher="CN=Contoso" Version="2.0.0.0" Uri="more.msixbundle"/>
    <Package Name="Contoso.Extra" Publisher="CN=Contoso" Version="2.0.0.0" ProcessorArchitecture="x64" Uri="extra.msix"/>
  </OptionalPackages>
  <Dependencies>
    <Package Name="Contoso.Frame" Publisher="CN=Contoso" Version="1.0.0.0" ProcessorArchitecture="x86" Uri="\\server\share\frame.msix"/>
  </Dependencies>
  <UpdateSettings>
    <OnLaunch HoursBetweenUpdateChecks="12" s3:ShowPrompt="true" s3:UpdateBlocksActivation="false"/>
    <AutomaticBackgroundTask/>
    <s3:ForceUpdateFromAnyVersion>true</s3:ForceUpdateFromAnyVersion>
  </UpdateSettings>
  <s4:UpdateUris><s4:UpdateUri>https://other.example/app.appinstaller</s4:UpdateUri></s4:UpdateUris>
</AppInstaller>"#;

#[test]
fn all_that_a_file_says_is_read() {
    let file = AppInstaller::parse(FULL.as_bytes()).unwrap();
    assert_eq!(
        (file.version.to_string().as_str(), file.uri.as_deref()),
        ("1.0.0.4", Some("https://example.com/app.appinstaller"))
    );
    assert!(file.main.is_bundle);
    assert_eq!(file.main.identity.name(), "Contoso.App");
    assert_eq!(file.main.uri, "https://example.com/app.msixbundle");
    let kinds: Vec<bool> = file.optional.iter().map(|one| one.is_bundle).collect();
    assert_eq!(kinds, [true, false]);
    assert_eq!(file.dependencies[0].identity.architecture().as_str(), "x86");
    assert_eq!(file.dependencies[0].uri, r"\\server\share\frame.msix");
    let launch = file.updates.on_launch.unwrap();
    assert_eq!((launch.hours_between, launch.show_prompt, launch.blocks_activation), (12, true, false));
    assert!(file.updates.in_background && file.updates.from_any_version);
    assert_eq!(file.update_uris, ["https://other.example/app.appinstaller"]);
    assert!(file.related.is_empty() && file.repair_uris.is_empty());
}

#[test]
fn what_a_file_does_not_say_is_what_the_format_has_for_it() {
    for year in ["2017", "2017/2", "2018", "2021"] {
        let text = format!(
            "<AppInstaller xmlns=\"http://schemas.microsoft.com/appx/appinstaller/{year}\" Version=\"1.0.0.0\"><MainPackage Name=\"Contoso.App\" \
             Publisher=\"CN=C\" Version=\"1.0.0.0\" Uri=\"a.msix\"/><UpdateSettings><OnLaunch/></UpdateSettings></AppInstaller>"
        );
        let file = AppInstaller::parse(text.as_bytes()).unwrap();
        assert_eq!(file.updates.on_launch.unwrap().hours_between, 24, "{year}");
        assert_eq!((file.uri, file.main.is_bundle), (None, false));
        assert_eq!(file.main.identity.architecture().as_str(), "neutral");
    }
}

#[test]
fn each_fault_is_refused_with_its_place() {
    for (from, to, place, what) in [
        ("<AppInstaller ", "<!DOCTYPE x><AppInstaller ", "line 2", "DOCTYPE"),
        ("appinstaller/2017/2", "appinstaller/2016", "", "root"),
        (" Version=\"1.0.0.4\"", "", "line 2, column 1", "no Version"),
        ("1.0.0.4", "1.0.0", "line 2, column 1", "1.0.0"),
        (
            "<MainBundle Name=\"Contoso.App\" Publisher=\"CN=Contoso\" Version=\"2.0.0.0\" Uri=\"https://example.com/app.msixbundle\"/>",
            "",
            "line 2",
            "MainPackage or MainBundle",
        ),
        (
            "<MainBundle Name",
            "<MainBundle ProcessorArchitecture=\"x64\" Name",
            "line 5, column 3",
            "ProcessorArchitecture",
        ),
        ("\"Contoso.App\"", "\"Contoso App\"", "line 5", "Contoso App"),
        (
            "Publisher=\"CN=Contoso\" Version=\"2.0.0.0\" Uri=\"more",
            "Publisher=\"Contoso\" Version=\"2.0.0.0\" Uri=\"more",
            "line 7",
            "Publisher",
        ),
        ("Uri=\"extra.msix\"", "", "line 8", "no Uri"),
        ("Uri=\"extra.msix\"", "Uri=\" \"", "line 8", "no address"),
        ("\"x86\"", "\"mips\"", "line 11", "mips"),
        ("\"12\"", "\"256\"", "line 14", "255"),
        ("\"12\"", "\"-1\"", "line 14", "number"),
        ("s3:ShowPrompt=\"true\"", "s3:ShowPrompt=\"yes\"", "line 14", "yes"),
        ("s3:ShowPrompt", "s3:Other", "line 14", "Other"),
        ("s3:ShowPrompt=\"true\"", "ShowPrompt=\"true\" s3:ShowPrompt=\"true\"", "line 14", "ShowPrompt"),
        (
            "<AutomaticBackgroundTask/>",
            "<AutomaticBackgroundTask/><AutomaticBackgroundTask/>",
            "line 15",
            "Automatic",
        ),
        (">true<", ">maybe<", "line 16", "maybe"),
        ("<Dependencies>", "<Dependencies>text", "line 10", "text"),
        ("<Dependencies>", "<Other/><Dependencies>", "line 10, column 3", "Other"),
        ("<Dependencies>", "<x:y xmlns:x=\"urn:x\"/><Dependencies>", "line 10", "y"),
        ("</UpdateSettings>", "</UpdateSettings><UpdateSettings/>", "line 17", "UpdateSettings"),
        ("</s4:UpdateUris>", "<s4:RepairUri/></s4:UpdateUris>", "line 18", "RepairUri"),
        ("</AppInstaller>", "", "", "never closed"),
    ] {
        assert!(FULL.contains(from), "{from}");
        let error = AppInstaller::parse(FULL.replacen(from, to, 1).as_bytes()).unwrap_err().to_string();
        assert!(error.contains(place) && error.contains(what), "{from} → {to}: {error}");
    }
    let big = FULL.replace("</AppInstaller>", &format!("{}</AppInstaller>", " ".repeat(1 << 20)));
    assert!(AppInstaller::parse(big.as_bytes()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_damaged_file_gets_an_answer(at in 0..FULL.len(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = FULL.as_bytes().to_vec();
        bytes[at] = byte;
        if cut {
            bytes.truncate(at);
            prop_assert!(AppInstaller::parse(&bytes).is_err());
        } else {
            let _ = AppInstaller::parse(&bytes);
        }
    }
}
