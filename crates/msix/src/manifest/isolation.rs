//! How an application asks to be run: the attributes of five generations, and what they mean together.

use super::error::{ManifestError, Problem, clip};
use super::namespace::Namespace;
use super::reader::Reader;
use super::warning::Notice;
use roxmltree::Node;

/// How an application is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Isolation {
    /// In an AppContainer without brokering: ungranted access is denied.
    AppContainer,
    /// Win32 app isolation: an AppContainer whose user is asked (`appSilo`).
    AppSilo,
    /// A universal application: by its nature in an AppContainer.
    Universal,
    /// Nothing declared; treated as [`Isolation::AppContainer`].
    Undeclared,
    /// Not in an AppContainer.
    FullTrust,
}

impl Isolation {
    /// Whether the application runs in an AppContainer of any kind.
    #[must_use]
    pub fn is_isolated(self) -> bool {
        self != Self::FullTrust
    }

    /// Whether it is an isolated Win32 application, the only kind for which `isolatedWin32-…` works.
    #[must_use]
    pub fn is_silo(self) -> bool {
        self == Self::AppSilo
    }
}

/// The generation of attributes that made an application a silo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generation {
    Preview1,
    Preview2,
    Uap18,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TrustLevel {
    AppContainer,
    MediumIl,
    AppSilo,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Behavior {
    WindowsApp,
    PackagedClassicApp,
    Win32App,
    AppSilo,
}

/// The attributes of one namespace.
#[derive(Clone, Copy, Default)]
struct Layer<'n> {
    trust: Option<TrustLevel>,
    behavior: Option<Behavior>,
    entry_point: Option<&'n str>,
}

/// What the attributes of an `Application` say, later generations overriding earlier ones.
pub(super) struct Declared<'n> {
    pub isolation: Isolation,
    /// The entry point that counts.
    pub entry_point: Option<&'n str>,
    /// The plain `EntryPoint`, which older systems see.
    pub base_entry_point: Option<&'n str>,
    pub generation: Option<Generation>,
}

/// Reads the isolation attributes of an `Application`.
pub(super) fn read<'n>(
    reader: &mut Reader<'_>,
    node: Node<'n, '_>,
    id: &str,
) -> Result<Declared<'n>, ManifestError> {
    let mut uap10 = Layer { entry_point: node.attribute("EntryPoint"), ..Layer::default() };
    let (mut preview1, mut preview2, mut uap18) = (Layer::default(), Layer::default(), Layer::default());
    for one in node.attributes() {
        let namespace = Namespace::of(one.namespace());
        if !matches!(one.name(), "TrustLevel" | "RuntimeBehavior" | "EntryPoint")
            || namespace == Namespace::None
        {
            continue;
        }
        let layer = match namespace {
            Namespace::Uap(10) if one.name() != "EntryPoint" => &mut uap10,
            Namespace::Uap(18) => &mut uap18,
            Namespace::PreviewSecurity(1) => &mut preview1,
            Namespace::PreviewSecurity(2) => &mut preview2,
            _ => {
                reader.unknown_attribute(node, &one)?;
                reader.warn(node, Notice::UnknownIsolationAttribute(one.name().to_owned()));
                continue;
            }
        };
        let silo_known = namespace != Namespace::Uap(10);
        match one.name() {
            "TrustLevel" => {
                layer.trust = Some(match one.value() {
                    "appContainer" => TrustLevel::AppContainer,
                    "mediumIL" => TrustLevel::MediumIl,
                    "appSilo" if namespace == Namespace::PreviewSecurity(1) => TrustLevel::AppSilo,
                    other => {
                        return Err(reader.value(
                            node,
                            "TrustLevel",
                            other,
                            "write appContainer or mediumIL",
                        ));
                    }
                });
            }
            "RuntimeBehavior" => {
                layer.behavior = Some(match one.value() {
                    "windowsApp" => Behavior::WindowsApp,
                    "packagedClassicApp" => Behavior::PackagedClassicApp,
                    "win32App" => Behavior::Win32App,
                    "appSilo" if silo_known => Behavior::AppSilo,
                    "appSilo" => {
                        let rule = "appSilo is a value of uap18:RuntimeBehavior; declare and use uap18";
                        return Err(reader.value(node, "uap10:RuntimeBehavior", "appSilo", rule));
                    }
                    other => {
                        let rule = "write windowsApp, packagedClassicApp, win32App or (uap18) appSilo";
                        return Err(reader.value(node, "RuntimeBehavior", other, rule));
                    }
                });
            }
            _ => {
                check_entry_point(reader, node, one.value())?;
                layer.entry_point = Some(one.value());
            }
        }
    }
    if let Some(plain) = uap10.entry_point {
        check_entry_point(reader, node, plain)?;
    }
    decide(reader, node, id, uap10, preview1, preview2, uap18)
}

fn decide<'n>(
    reader: &Reader<'_>,
    node: Node<'n, '_>,
    id: &str,
    uap10: Layer<'n>,
    preview1: Layer<'n>,
    preview2: Layer<'n>,
    uap18: Layer<'n>,
) -> Result<Declared<'n>, ManifestError> {
    let contradiction = |what| {
        let application = clip(id);
        Err(reader.error(node, Problem::Isolation { application, what }))
    };
    let trust = uap18.trust.or(preview2.trust).or(preview1.trust).or(uap10.trust);
    let behavior = uap18.behavior.or(preview2.behavior).or(preview1.behavior).or(uap10.behavior);
    let entry_point =
        uap18.entry_point.or(preview2.entry_point).or(preview1.entry_point).or(uap10.entry_point);
    let is = |name: &str| entry_point.is_some_and(|entry| entry.eq_ignore_ascii_case(name));
    let isolated_app = is("Isolated.App");
    let full_trust = is("Windows.FullTrustApplication");
    let partial_trust = is("Windows.PartialTrustApplication");
    let declared = |isolation, generation| {
        Ok(Declared { isolation, entry_point, base_entry_point: uap10.entry_point, generation })
    };

    let silo_behavior = behavior == Some(Behavior::AppSilo);
    if silo_behavior || isolated_app || trust == Some(TrustLevel::AppSilo) {
        let generation = if uap18.behavior == Some(Behavior::AppSilo) || isolated_app {
            Generation::Uap18
        } else if silo_behavior {
            Generation::Preview2
        } else {
            Generation::Preview1
        };
        if !matches!(trust, Some(TrustLevel::AppContainer | TrustLevel::AppSilo)) {
            return contradiction(
                "is an appSilo without TrustLevel=\"appContainer\"; add uap18:TrustLevel=\"appContainer\"",
            );
        }
        if isolated_app && !silo_behavior {
            return contradiction(
                "has EntryPoint Isolated.App without uap18:RuntimeBehavior=\"appSilo\"; add that attribute",
            );
        }
        if generation != Generation::Preview1 && partial_trust {
            return contradiction(
                "is an appSilo with EntryPoint Windows.PartialTrustApplication; remove the EntryPoint",
            );
        }
        return declared(Isolation::AppSilo, Some(generation));
    }
    match trust {
        Some(TrustLevel::MediumIl) if partial_trust => contradiction(
            "has TrustLevel mediumIL with EntryPoint Windows.PartialTrustApplication; \
             write appContainer, or Windows.FullTrustApplication",
        ),
        Some(TrustLevel::MediumIl) => declared(Isolation::FullTrust, None),
        Some(_) if full_trust => contradiction(
            "has TrustLevel appContainer with EntryPoint Windows.FullTrustApplication; \
             write Windows.PartialTrustApplication or drop the EntryPoint to isolate it, or mediumIL for full trust",
        ),
        Some(_) if behavior == Some(Behavior::WindowsApp) => declared(Isolation::Universal, None),
        Some(_) => declared(Isolation::AppContainer, None),
        None if full_trust => declared(Isolation::FullTrust, None),
        None if partial_trust => declared(Isolation::AppContainer, None),
        None if entry_point.is_some() || node.attribute("StartPage").is_some() => {
            declared(Isolation::Universal, None)
        }
        None => declared(Isolation::Undeclared, None),
    }
}

/// `ST_EntryPoint`: 1 to 256 characters, no white space around.
fn check_entry_point(reader: &Reader<'_>, node: Node<'_, '_>, value: &str) -> Result<(), ManifestError> {
    if value.is_empty()
        || value.chars().count() > 256
        || value.trim() != value
        || value.contains(char::is_control)
    {
        let rule =
            "write 1 to 256 characters without white space around, like Windows.PartialTrustApplication";
        return Err(reader.value(node, "EntryPoint", value, rule));
    }
    Ok(())
}
