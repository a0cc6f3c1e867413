//! The capability catalogue against an independent list of names.

use lowbox_policy::{Element, Verdict, capabilities, capability};
use lowbox_security::derive::capability_sid;
use std::collections::{BTreeSet, HashSet};

/// Every capability named by Microsoft's documentation of declarations and of Win32 app isolation, and by published
/// lists of what less privileged containers need, grouped by the element that declares it.
const NAMES: &[(&str, &str)] = &[
    ("Capability", "internetClient internetClientServer privateNetworkClientServer codeGeneration allJoyn"),
    (
        "uap:Capability",
        "documentsLibrary picturesLibrary videosLibrary musicLibrary removableStorage objects3D enterpriseAuthentication
         sharedUserCertificates appointments contacts chat phoneCall userAccountInformation voipCall blockedChatMessages",
    ),
    ("uap2:Capability", "phoneCallHistoryPublic spatialPerception"),
    ("uap3:Capability", "userNotificationListener backgroundMediaPlayback remoteSystem"),
    ("uap4:Capability", "offlineMapsManagement userDataTasks"),
    ("uap6:Capability", "graphicsCapture"),
    ("uap7:Capability", "globalMediaControl"),
    ("uap11:Capability", "graphicsCaptureWithoutBorder graphicsCaptureProgrammatic"),
    ("mobile:Capability", "recordedCallsFolder"),
    ("iot:Capability", "lowLevelDevices systemManagement"),
    ("systemai:Capability", "systemAIModels"),
    (
        "DeviceCapability",
        "webcam microphone location bluetooth bluetooth.rfcomm bluetooth.genericAttributeProfile usb
         humaninterfacedevice serialcommunication pointOfService lowLevel wiFiControl radios optical proximity activity
         gazeInput gpu humanPresence",
    ),
    (
        "rescap:Capability",
        "isolatedWin32-promptForAccess isolatedWin32-accessToPublisherDirectory isolatedWin32-print
         isolatedWin32-sysTrayIcon isolatedWin32-shellExtensionContextMenu isolatedWin32-profilesRootMinimal
         isolatedWin32-userProfileMinimal isolatedWin32-volumeRootMinimal isolatedWin32-dotNetBreadcrumbStore
         email broadFileSystemAccess runFullTrust unvirtualizedResources learningModeLogging permissiveLearningMode
         allowElevation packagedServices localSystemServices uiAccess inputInjectionBrokered oemDeployment
         packageManagement packageQuery inputObservation inputSuppression inputForegroundObservation modifiableApp
         customInstallActions deviceManagementFoundation deviceManagementEmailAccount deviceManagementDmAccount
         deviceManagementWapSecurityPolicies
         registryRead lpacCom lpacCryptoServices lpacIdentityServices lpacInstrumentation lpacMedia lpacAppExperience
         lpacPnPNotifications lpacServicesManagement lpacSessionManagement lpacEnterprisePolicyChangeNotifications
         lpacClipboard lpacIME lpacPrinting lpacWebPlatform lpacPayments lpacPackageManagerOperation lpacDeviceAccess
         sessionImpersonation constrainedImpersonation",
    ),
];

const PRIVACY: &str = "documentsLibrary picturesLibrary videosLibrary musicLibrary appointments contacts chat phoneCall
    email userAccountInformation userNotificationListener graphicsCapture graphicsCaptureWithoutBorder webcam microphone
    location activity gazeInput broadFileSystemAccess";

const REFUSED: &str = "allowElevation packagedServices localSystemServices uiAccess inputInjectionBrokered permissiveLearningMode";

fn words(text: &'static str) -> BTreeSet<&'static str> {
    text.split_whitespace().collect()
}

#[test]
fn the_catalogue_holds_exactly_the_names_of_the_list() {
    let expected: BTreeSet<String> = NAMES
        .iter()
        .flat_map(|(element, names)| {
            names.split_whitespace().map(move |name| format!("<{element} Name=\"{name}\"/>"))
        })
        .collect();
    let found: BTreeSet<String> = capabilities().map(|one| one.to_string()).collect();
    let missing: Vec<_> = expected.difference(&found).collect();
    let surplus: Vec<_> = found.difference(&expected).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "missing {missing:?}, not in the list {surplus:?}");
}

#[test]
fn names_are_unique_whatever_their_case() {
    let mut seen = HashSet::new();
    for one in capabilities() {
        assert!(seen.insert(one.name.to_uppercase()), "{}", one.name);
    }
}

#[test]
fn each_capability_has_a_sid_of_its_own() {
    let mut seen = HashSet::new();
    for one in capabilities() {
        let sid = capability_sid(one.name).to_string();
        assert!(sid.starts_with("S-1-15-3-"), "{}: {sid}", one.name);
        assert_eq!(
            sid.starts_with("S-1-15-3-65536-"),
            one.name.starts_with("isolatedWin32-"),
            "{}: {sid}",
            one.name
        );
        assert_eq!(capability_sid(&one.name.to_lowercase()).to_string(), sid);
        assert!(seen.insert(sid), "{}", one.name);
    }
    assert_eq!(capability_sid("internetClient").to_string(), "S-1-15-3-1");
    assert_eq!(capability_sid("contacts").to_string(), "S-1-15-3-12");
    assert_eq!(
        capability_sid("registryRead").to_string(),
        "S-1-15-3-1024-1065365936-1281604716-3511738428-1654721687-432734479-3232135806-4053264122-3456934681"
    );
}

#[test]
fn a_look_up_ignores_case_and_answers_the_canonical_spelling() {
    for one in capabilities() {
        for spelling in [one.name.to_owned(), one.name.to_uppercase(), one.name.to_lowercase()] {
            assert_eq!(capability(&spelling), Some(one), "{spelling}");
        }
    }
    for unknown in
        ["", "internet", "internetClientX", "#", "#internetClient", "internetClient ", "Capability", "|"]
    {
        assert_eq!(capability(unknown), None, "{unknown}");
    }
}

#[test]
fn a_spelling_that_gets_the_sid_of_a_refused_capability_is_refused() {
    // U+017F upper-cases to S, U+0131 to I: the hash can't tell them apart, so the look-up must not.
    for spelling in
        ["permi\u{17f}\u{17f}iveLearningMode", "allowElevat\u{131}on", "\u{131}nputInjectionBrokered"]
    {
        let found = capability(spelling).unwrap_or_else(|| panic!("{spelling}"));
        assert!(matches!(found.verdict, Verdict::Refuse(_)));
        assert_eq!(capability_sid(spelling).to_string(), capability_sid(found.name).to_string());
    }
}

#[test]
fn privacy_marks_and_verdicts_are_those_of_the_list() {
    let privacy: BTreeSet<_> = capabilities().filter(|one| one.privacy).map(|one| one.name).collect();
    assert_eq!(privacy, words(PRIVACY));
    let refused: BTreeSet<_> =
        capabilities().filter(|one| matches!(one.verdict, Verdict::Refuse(_))).map(|one| one.name).collect();
    assert_eq!(refused, words(REFUSED));
    for warned in ["runFullTrust", "oemDeployment", "enterpriseAuthentication", "packageManagement"] {
        assert!(matches!(capability(warned).unwrap().verdict, Verdict::Warn(_)), "{warned}");
    }
    assert_eq!(capability("musicLibrary").unwrap().verdict, Verdict::Accept);
}

#[test]
fn a_declaration_is_compared_by_element_and_namespace_uri() {
    let uap = "http://schemas.microsoft.com/appx/manifest/uap/windows10";
    let foundation = "http://schemas.microsoft.com/appx/manifest/foundation/windows10";
    let music = capability("musicLibrary").unwrap();
    assert_eq!(music.to_string(), "<uap:Capability Name=\"musicLibrary\"/>");
    assert!(music.is_declared_by(Element::Capability, uap));
    assert!(!music.is_declared_by(Element::Capability, foundation));
    assert!(!music.is_declared_by(Element::DeviceCapability, uap));
    let webcam = capability("webcam").unwrap();
    assert!(webcam.is_declared_by(Element::DeviceCapability, foundation));
    let gaze = capability("gazeInput").unwrap();
    assert!(gaze.is_declared_by(Element::Capability, &format!("{uap}/7")));
    assert!(gaze.is_declared_by(Element::DeviceCapability, foundation));
}
