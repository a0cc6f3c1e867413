//! Whether Windows programs can be run, and are told of their container.

use super::Item;
use crate::prepare::Caller;
use crate::wine::{Template, Wine, told};

/// Looks for Wine, and for the add-on in its files. Nothing is missing without it, for who runs Linux programs.
pub(super) fn programs() -> Item {
    const NAME: &str = "Windows programs";
    let found = Caller::current().ok().and_then(|caller| Some((Wine::find(&caller).ok()?, caller)));
    let Some((wine, caller)) = found else {
        return Item::ok(NAME, "are not run here: there is no Wine (Debian, Ubuntu: wine64)");
    };
    let by = format!("are run by {}", wine.loader.display());
    if told::LIBRARY.is_none() {
        return Item::reduced(
            NAME,
            format!("{by}, and not told of their container: {}", told::NOT_BUILT),
            "build lowbox where gcc-mingw-w64-x86-64 is installed, if a program asks whether it is in an AppContainer",
        );
    }
    let template = Template::find(&caller, &wine).ok().flatten();
    match template.and_then(|template| template.not_told()) {
        Some(why) => Item::reduced(
            NAME,
            format!("{by}, and not told of their container: {why}"),
            "no isolation is lost; a program that asks is answered by Wine (docs/windows-programs.md)",
        ),
        None => Item::ok(NAME, format!("{by}, and told of their container")),
    }
}
