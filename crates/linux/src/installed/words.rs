//! What a package calls itself, in the user's language, and its pictures: `resources.pri` where there is one, else the names in the manifest.

use lowbox_msix::bundle::Machine;
use lowbox_msix::container::Source;
use lowbox_msix::package::Contents;
use lowbox_msix::resources::{Resources, Wanted};

use super::{LeftOut, desktop};
use crate::package::machine;

/// Pixels of a picture in menus.
const PICTURE: u16 = 48;

/// The texts and pictures of a package.
pub(super) struct Words {
    resources: Option<Resources>,
    wanted: Wanted,
}

impl Words {
    /// Reads them. Ones that can't be read keep no package from being installed.
    pub(super) fn of<S: Source + ?Sized>(
        source: &S,
        contents: &Contents,
        left_out: &mut Vec<LeftOut>,
    ) -> Words {
        let Machine { languages, scale, .. } = machine();
        let resources = Resources::of_package(source, contents).unwrap_or_else(|error| {
            left_out.push(LeftOut { name: "texts of resources.pri".to_owned(), why: error.to_string() });
            None
        });
        Words { resources, wanted: Wanted { languages, scale, target_size: Some(PICTURE) } }
    }

    /// A text of the manifest, which may be a reference.
    pub(super) fn text<'a>(&'a self, text: &'a str) -> &'a str {
        self.resources.as_ref().and_then(|resources| resources.text(text, &self.wanted)).unwrap_or(text)
    }

    /// The file of a picture of the manifest.
    pub(super) fn picture(&self, contents: &Contents, named: &str) -> Option<String> {
        let meant = self.resources.as_ref().and_then(|resources| resources.file(named, &self.wanted));
        let meant = meant.and_then(|path| contents.file(&path.replace('\\', "/")));
        meant.map(|file| file.name.as_str().to_owned()).or_else(|| desktop::picture(contents, named))
    }
}
