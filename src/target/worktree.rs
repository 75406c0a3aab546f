//! Whether git would take what lies somewhere: secrets are never written inside a work tree unless it ignores them.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use ignore::Match;
use ignore::gitignore::GitignoreBuilder;

/// Where git would take a file or a directory from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// The work tree.
    pub top: PathBuf,
    /// The path in it.
    pub path: PathBuf,
}

/// What is asked about: rules that end in `/` are for directories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// A file.
    File,
    /// A directory.
    Directory,
}

/// The work tree that holds what is at `path`, or will be, without ignoring it; `None` where there is none. Links on the way are followed.
///
/// Follows gitignore(5): the files `.gitignore` from the top down and `.git/info/exclude`; a later rule wins, and what lies
/// beneath an ignored folder is ignored. The user's global excludes do not count: they hide nothing from a colleague.
pub fn exposed_to_git(path: &Path, kept: Kept) -> Option<Exposure> {
    let path = real(path);
    let top = path.ancestors().skip(usize::from(kept == Kept::File)).find(|folder| fs::symlink_metadata(folder.join(".git")).is_ok())?;
    let parts: Vec<&Path> = path.ancestors().take_while(|part| *part != top).collect();
    let ignored = parts.iter().rev().any(|part| is_ignored(top, part, kept == Kept::Directory || *part != path));
    let within = path.strip_prefix(top).unwrap_or(&path).to_owned();
    (!ignored).then(|| Exposure { top: top.to_owned(), path: within })
}

/// The absolute path without links, of which the end need not exist.
fn real(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = absolute.ancestors().find_map(|part| Some((part.canonicalize().ok()?, absolute.strip_prefix(part).ok()?)));
    // Joined to an empty rest, a path would end in a slash.
    there.map_or_else(|| absolute.clone(), |(there, rest)| if rest.as_os_str().is_empty() { there } else { there.join(rest) })
}

fn is_ignored(top: &Path, folder: &Path, is_dir: bool) -> bool {
    let mut verdict = false;
    let mut sources = vec![(top.to_owned(), top.join(".git/info/exclude"))];
    let parents: Vec<&Path> = folder.ancestors().skip(1).take_while(|parent| parent.starts_with(top)).collect();
    sources.extend(parents.iter().rev().map(|parent| ((*parent).to_owned(), parent.join(".gitignore"))));
    for (base, file) in sources {
        let mut builder = GitignoreBuilder::new(&base);
        if !file.is_file() || builder.add(&file).is_some() {
            continue;
        }
        match builder.build().map(|rules| rules.matched(folder, is_dir).map(|_| ())) {
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
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::path::PathBuf;

    use super::Kept;
    use super::exposed_to_git;

    fn top(target: &Path) -> Option<PathBuf> {
        exposed_to_git(target, Kept::Directory).map(|exposure| exposure.top)
    }

    #[test]
    fn a_work_tree_must_ignore_the_folder_or_one_above_it() {
        let root = tempfile::tempdir().unwrap();
        let root_path = root.path().canonicalize().unwrap();
        let target = root.path().join("shop/dist/dev");
        assert_eq!(top(&target), None, "no work tree");
        fs::create_dir_all(root.path().join(".git/info")).unwrap();
        fs::create_dir(root.path().join("shop")).unwrap();
        assert_eq!(top(&target), Some(root_path.clone()));
        fs::write(root.path().join("shop/.gitignore"), "/dist/\n").unwrap();
        assert_eq!(top(&target), None);
        fs::write(root.path().join("shop/.gitignore"), "/dist/\n!/dist/\n").unwrap();
        assert_eq!(top(&target), Some(root_path.clone()), "a later rule wins");
        fs::write(root.path().join(".git/info/exclude"), "dev\n").unwrap();
        assert_eq!(top(&target), None);
    }
    #[test]
    fn a_file_is_found_where_it_really_lies() {
        let root = tempfile::tempdir().unwrap();
        let tree = root.path().canonicalize().unwrap().join("tree");
        fs::create_dir_all(tree.join(".git")).unwrap();
        fs::create_dir(root.path().join("outside")).unwrap();
        fs::write(root.path().join("outside/key"), "").unwrap();
        let exposed = |path: &str| exposed_to_git(&root.path().join(path), Kept::File).map(|exposure| exposure.path);
        assert_eq!(exposed("outside/key"), None);
        assert_eq!(exposed("tree/.cloze/key"), Some(".cloze/key".into()), "it need not be there");
        symlink(root.path().join("outside/key"), tree.join("link")).unwrap();
        assert_eq!(exposed("tree/link"), None);
        symlink(&tree, root.path().join("other")).unwrap();
        assert_eq!(exposed("other/a/key"), Some("a/key".into()));
        fs::write(tree.join(".gitignore"), "key/\n").unwrap();
        assert_eq!(exposed("tree/key"), Some("key".into()), "the rule is for directories");
        assert_eq!(exposed("tree/key/key"), None);
        fs::write(tree.join(".gitignore"), "key\n").unwrap();
        assert_eq!(exposed("tree/key"), None);
    }
}
