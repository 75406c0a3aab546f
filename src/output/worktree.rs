//! Whether git would take what is written somewhere: secrets are never written inside a work tree unless it ignores them.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use ignore::Match;
use ignore::gitignore::GitignoreBuilder;

/// The work tree that holds the directory `path` (absolute, need not exist) without ignoring it, or `None`.
///
/// Follows gitignore(5): the files `.gitignore` from the top down and `.git/info/exclude`; a later rule wins, and what lies
/// beneath an ignored folder is ignored. The user's global excludes do not count: they hide nothing from a colleague.
pub fn exposed_to_git(path: &Path) -> Option<PathBuf> {
    let top = path.ancestors().find(|folder| fs::symlink_metadata(folder.join(".git")).is_ok())?;
    let folders: Vec<&Path> = path.ancestors().take_while(|folder| *folder != top).collect();
    let ignored = folders.iter().rev().any(|folder| is_ignored(top, folder));
    (!ignored).then(|| top.to_owned())
}

fn is_ignored(top: &Path, folder: &Path) -> bool {
    let mut verdict = false;
    let mut sources = vec![(top.to_owned(), top.join(".git/info/exclude"))];
    let parents: Vec<&Path> = folder.ancestors().skip(1).take_while(|parent| parent.starts_with(top)).collect();
    sources.extend(parents.iter().rev().map(|parent| ((*parent).to_owned(), parent.join(".gitignore"))));
    for (base, file) in sources {
        let mut builder = GitignoreBuilder::new(&base);
        if !file.is_file() || builder.add(&file).is_some() {
            continue;
        }
        match builder.build().map(|rules| rules.matched(folder, true).map(|_| ())) {
            Ok(Match::Ignore(())) => verdict = true,
            Ok(Match::Whitelist(())) => verdict = false,
            Ok(Match::None) | Err(_) => {}
        }
    }
    verdict
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::exposed_to_git;

    #[test]
    fn a_work_tree_must_ignore_the_folder_or_one_above_it() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("shop/dist/dev");
        assert_eq!(exposed_to_git(&target), None, "no work tree");
        fs::create_dir_all(root.path().join(".git/info")).unwrap();
        fs::create_dir(root.path().join("shop")).unwrap();
        assert_eq!(exposed_to_git(&target), Some(root.path().to_owned()));
        fs::write(root.path().join("shop/.gitignore"), "/dist/\n").unwrap();
        assert_eq!(exposed_to_git(&target), None);
        fs::write(root.path().join("shop/.gitignore"), "/dist/\n!/dist/\n").unwrap();
        assert_eq!(exposed_to_git(&target), Some(root.path().to_owned()), "a later rule wins");
        fs::write(root.path().join(".git/info/exclude"), "dev\n").unwrap();
        assert_eq!(exposed_to_git(&target), None);
    }
}
