//! Grants of single paths, folded to folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lowbox_policy::GrantRights;

/// So many names directly in one folder that need the same rights become one grant of the folder.
pub const FOLD_FROM: usize = 8;

/// Puts grants together. The rule, in this order:
///
/// 1. Several for one path become one with the rights of all.
/// 2. Where [`FOLD_FROM`] or more names directly in one folder need the same rights, the folder is granted instead, with those
///    rights; then the same for the folder above it. Never a folder that `foldable` refuses, never `/` or a folder directly in
///    it, and none with a grant that is refused to fold.
/// 3. What lies in a folder that is granted with the same rights or more is left out.
pub fn fold(
    grants: impl IntoIterator<Item = (PathBuf, GrantRights)>,
    foldable: impl Fn(&Path) -> bool,
) -> Vec<(PathBuf, GrantRights)> {
    let mut all: BTreeMap<PathBuf, GrantRights> = BTreeMap::new();
    for (path, rights) in grants {
        let known = all.entry(path).or_default();
        *known = known.union(rights);
    }
    drop_covered(&mut all);
    loop {
        let mut siblings: BTreeMap<(PathBuf, String), (GrantRights, Vec<PathBuf>)> = BTreeMap::new();
        for (path, rights) in &all {
            let Some(folder) = path.parent() else { continue };
            if folder.iter().count() > 2 && foldable(folder) {
                let key = (folder.to_path_buf(), rights.to_string());
                siblings.entry(key).or_insert((*rights, Vec::new())).1.push(path.clone());
            }
        }
        siblings.retain(|_, (_, paths)| paths.len() >= FOLD_FROM);
        // The deepest first: a folder that was made of many counts as one name of the folder above.
        let depth = |folder: &Path| folder.iter().count();
        let Some(deepest) = siblings.keys().map(|(folder, _)| depth(folder)).max() else { break };
        siblings.retain(|(folder, _), _| depth(folder) == deepest);
        for ((folder, _), (rights, paths)) in siblings {
            for path in paths {
                all.remove(&path);
            }
            let known = all.entry(folder).or_default();
            *known = known.union(rights);
        }
        drop_covered(&mut all);
    }
    all.into_iter().collect()
}

fn drop_covered(all: &mut BTreeMap<PathBuf, GrantRights>) {
    let copy = all.clone();
    all.retain(|path, rights| {
        !path.ancestors().skip(1).any(|above| copy.get(above).is_some_and(|have| have.contains(*rights)))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn folded(grants: &[(&str, GrantRights)]) -> Vec<(String, String)> {
        let grants = grants.iter().map(|(path, rights)| (PathBuf::from(path), *rights));
        fold(grants, |folder| folder != Path::new("/home/ada"))
            .into_iter()
            .map(|(path, rights)| (path.display().to_string(), rights.to_string()))
            .collect()
    }

    fn names(folder: &str, count: usize) -> Vec<String> {
        (0..count).map(|number| format!("{folder}/{number}")).collect()
    }

    #[test]
    fn eight_files_of_a_folder_become_the_folder_and_seven_do_not() {
        for (count, expected) in [(7, 7), (8, 1)] {
            let paths = names("/home/ada/p", count);
            let grants: Vec<_> = paths.iter().map(|path| (path.as_str(), GrantRights::READ)).collect();
            assert_eq!(folded(&grants).len(), expected);
        }
    }

    #[test]
    fn files_that_need_other_rights_stay_as_they_are() {
        let paths = names("/home/ada/p", 8);
        let mut grants: Vec<_> = paths.iter().map(|path| (path.as_str(), GrantRights::READ)).collect();
        grants.push(("/home/ada/p/out", GrantRights::READ_WRITE));
        assert_eq!(
            folded(&grants),
            [("/home/ada/p".into(), "r".into()), ("/home/ada/p/out".to_owned(), "rw".to_owned())]
        );
    }

    #[test]
    fn the_home_folder_and_what_lies_in_the_root_are_never_made_of_many() {
        for folder in ["/home/ada", "", "/srv"] {
            let paths = names(folder, 20);
            let grants: Vec<_> = paths.iter().map(|path| (path.as_str(), GrantRights::READ)).collect();
            assert_eq!(folded(&grants).len(), 20, "{folder}");
        }
    }

    #[test]
    fn what_a_wider_grant_holds_is_left_out() {
        let grants = [
            ("/a/b", GrantRights::READ_WRITE),
            ("/a/b/c", GrantRights::READ),
            ("/a/b/d", GrantRights::READ_EXECUTE),
            ("/a/b", GrantRights::READ),
        ];
        assert_eq!(folded(&grants), [("/a/b".into(), "rw".into()), ("/a/b/d".to_owned(), "rx".to_owned())]);
    }

    proptest! {
        #[test]
        fn everything_that_was_needed_is_granted(
            paths in proptest::collection::vec(("(/[a-c]){3,4}/[a-z]", 0_u8..3), 0..60)
        ) {
            let rights = [GrantRights::READ, GrantRights::READ_WRITE, GrantRights::READ_EXECUTE];
            let grants: Vec<_> = paths
                .iter()
                .map(|(path, which)| (PathBuf::from(path), rights[usize::from(*which)]))
                .collect();
            let folded = fold(grants.clone(), |_| true);
            for (path, wanted) in grants {
                let held = folded
                    .iter()
                    .filter(|(place, _)| path.starts_with(place))
                    .fold(GrantRights::default(), |all, (_, rights)| all.union(*rights));
                prop_assert!(held.contains(wanted), "{path:?} {wanted} in {folded:?}");
            }
        }
    }
}
