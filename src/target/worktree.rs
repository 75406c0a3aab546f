//! Whether git would take what lies somewhere: secrets are never written inside a work tree unless it ignores them.

use std::ffi::OsStr;
use std::path::Path;
use std::path::PathBuf;

use crate::file;
use crate::file::git;

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
pub enum PathKind {
    /// A file.
    File,
    /// A directory.
    Directory,
}

/// The work tree that holds what is at `path`, or will be, without ignoring it; `None` where there is none. Links on the way are followed.
///
/// What is ignored is git's own verdict. Where no git answers, only a rule that names the path or a folder above it in plain letters counts.
/// The user's global excludes do not: they hide nothing from a colleague.
pub fn exposed_to_git(path: &Path, kept: PathKind) -> Option<Exposure> {
    let path = real(path);
    let top = if kept == PathKind::File { file::work_tree(path.parent()?) } else { file::work_tree(&path) }?;
    let within = path.strip_prefix(top).unwrap_or(&path);
    // Git knows what is a directory by looking; this one may not be there yet, so it is asked about a file in it.
    let asked = if kept == PathKind::Directory { within.join("x") } else { within.to_owned() };
    let ignored = ask_git(top, &["check-ignore", "--quiet", "--"], &asked).unwrap_or_else(|| plainly(top, within, kept));
    (!ignored).then(|| Exposure { top: top.to_owned(), path: within.to_owned() })
}

/// The work tree whose index has the file at `path`, whatever it ignores; `None` where none has. Links on the way are followed.
pub fn tracked_by_git(path: &Path) -> Option<Exposure> {
    let path = real(path);
    let top = file::work_tree(path.parent()?)?;
    let within = path.strip_prefix(top).unwrap_or(&path);
    let tracked = ask_git(top, &["--literal-pathspecs", "ls-files", "--error-unmatch", "--"], within).unwrap_or_else(|| {
        // Where no git answers: up to version 3, the index has whole paths, each with a zero byte at its end (gitformat-index(5)).
        let name = [within.as_os_str().as_encoded_bytes(), b"\0"].concat();
        let index = file::read(&top.join(".git/index"), INDEX_LIMIT).ok().flatten().unwrap_or_default();
        index.windows(name.len()).any(|part| part == name)
    });
    tracked.then(|| Exposure { top: top.to_owned(), path: within.to_owned() })
}

/// The absolute path without links, of which the end need not exist.
fn real(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = absolute.ancestors().find_map(|part| Some((part.canonicalize().ok()?, absolute.strip_prefix(part).ok()?)));
    // Joined to an empty rest, a path would end in a slash.
    there.map_or_else(|| absolute.clone(), |(there, rest)| if rest.as_os_str().is_empty() { there } else { there.join(rest) })
}

/// What git says by the exit code of a command about `within`; `None` where no git is found or it cannot tell.
fn ask_git(top: &Path, arguments: &[&str], within: &Path) -> Option<bool> {
    // Before a path that begins with a colon, the dot keeps git from reading it as a pattern.
    let path = Path::new(".").join(within);
    let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).chain([path.as_os_str()]).collect();
    let said = git(top, &arguments, &[])?;
    match said.status.code() {
        Some(0) => Some(true),
        Some(1) => Some(false),
        _ => None,
    }
}

/// Whether a rule in plain letters names the path or a folder above it, and no rule on the way takes anything back.
fn plainly(top: &Path, within: &Path, kept: PathKind) -> bool {
    let folders: Vec<&Path> = within.ancestors().skip(1).collect();
    let mut sources: Vec<(&Path, PathBuf)> = folders.iter().map(|folder| (*folder, top.join(folder).join(".gitignore"))).collect();
    sources.push((Path::new(""), top.join(".git/info/exclude")));
    let mut named = false;
    for (folder, source) in sources {
        // Git reads no rules through a link either.
        let text = file::read(&source, RULES_LIMIT).ok().flatten().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        for rule in text.lines() {
            if rule.starts_with('!') {
                return false;
            }
            let Some(anchored) = rule.strip_prefix('/').or_else(|| (!rule.trim_end_matches('/').contains('/')).then_some(rule)) else {
                continue;
            };
            let below = within.strip_prefix(folder).unwrap_or(within);
            let parts = below.ancestors().filter(|part| !part.as_os_str().is_empty());
            named |= parts.into_iter().any(|part| {
                let is_folder = kept == PathKind::Directory || part != below;
                part.to_str().is_some_and(|part| anchored == part || is_folder && anchored.strip_suffix('/') == Some(part))
            });
        }
    }
    named
}

/// Bytes of a file of rules, and of an index.
const RULES_LIMIT: u64 = 1 << 20;
const INDEX_LIMIT: u64 = 256 << 20;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::path::PathBuf;
    use std::process::Command;

    use tempfile::TempDir;

    use super::PathKind;
    use super::exposed_to_git;
    use super::plainly;
    use super::tracked_by_git;

    fn top(target: &Path) -> Option<PathBuf> {
        exposed_to_git(target, PathKind::Directory).map(|exposure| exposure.top)
    }

    fn repository() -> TempDir {
        let root = tempfile::tempdir().unwrap();
        let made = Command::new("git").args(["init", "-q"]).current_dir(root.path()).env("HOME", root.path()).status();
        assert!(made.unwrap().success());
        root
    }

    #[test]
    fn a_work_tree_must_ignore_the_folder_or_one_above_it() {
        let root = repository();
        let root_path = root.path().canonicalize().unwrap();
        let target = root.path().join("shop/dist/dev");
        assert_eq!(top(&tempfile::tempdir().unwrap().path().join("x")), None, "no work tree");
        fs::create_dir(root.path().join("shop")).unwrap();
        assert_eq!(top(&target), Some(root_path.clone()));
        fs::write(root.path().join("shop/.gitignore"), "/dist/\n").unwrap();
        assert_eq!(top(&target), None);
        fs::write(root.path().join("shop/.gitignore"), "/dist/\n!/dist/\n").unwrap();
        assert_eq!(top(&target), Some(root_path.clone()), "a later rule wins");
        fs::create_dir_all(root.path().join(".git/info")).unwrap();
        fs::write(root.path().join(".git/info/exclude"), "dev\n").unwrap();
        assert_eq!(top(&target), None);
    }

    #[test]
    fn a_file_is_found_where_it_really_lies() {
        let (root, tree) = (tempfile::tempdir().unwrap(), repository());
        let tree = tree.path().canonicalize().unwrap();
        fs::write(root.path().join("key"), "").unwrap();
        let exposed = |path: &Path| exposed_to_git(path, PathKind::File).map(|exposure| exposure.path);
        assert_eq!(exposed(&root.path().join("key")), None);
        assert_eq!(exposed(&tree.join(".cloze/key")), Some(".cloze/key".into()), "it need not be there");
        symlink(root.path().join("key"), tree.join("link")).unwrap();
        assert_eq!(exposed(&tree.join("link")), None);
        symlink(&tree, root.path().join("other")).unwrap();
        assert_eq!(exposed(&root.path().join("other/a/key")), Some("a/key".into()));
        fs::write(tree.join(".gitignore"), "key/\n").unwrap();
        assert_eq!(exposed(&tree.join("key")), Some("key".into()), "the rule is for directories");
        assert_eq!(exposed(&tree.join("key/key")), None);
        fs::write(tree.join(".gitignore"), "key\n").unwrap();
        assert_eq!(exposed(&tree.join("key")), None);
    }

    #[test]
    fn what_is_in_the_index_is_tracked_whatever_is_ignored() {
        let root = repository();
        let tracked = |name: &str| tracked_by_git(&root.path().join(name)).map(|exposure| exposure.path);
        fs::create_dir(root.path().join("a")).unwrap();
        for name in ["a/key", "a/key2", ":key", "*"] {
            fs::write(root.path().join(name), "").unwrap();
        }
        assert_eq!(tracked("a/key"), None);
        let added = Command::new("git").args(["--literal-pathspecs", "add", "a/key", ":key"]).current_dir(root.path()).status();
        assert!(added.unwrap().success());
        fs::write(root.path().join(".gitignore"), "*\n").unwrap();
        for (name, is_tracked) in [("a/key", true), ("a/key2", false), (":key", true), ("*", false), ("none", false)] {
            assert_eq!(tracked(name), is_tracked.then(|| name.into()), "{name}");
        }
        // A head that git cannot read: the index is read without it.
        fs::remove_file(root.path().join(".git/HEAD")).unwrap();
        assert_eq!((tracked("a/key"), tracked("a/key2")), (Some("a/key".into()), None));
        assert_eq!(tracked_by_git(&tempfile::tempdir().unwrap().path().join("x")), None, "no work tree");
    }

    /// What a reading of gitignore(5) of one's own got wrong, and what a repository could use against git.
    #[test]
    fn the_verdict_is_gits_own() {
        let root = repository();
        let target = root.path().join("dist/dev");
        let rules = root.path().join(".gitignore");
        for (text, ignored) in
            [("{dist,x}\n", false), ("dist\t\n", false), ("dist \n", true), ("\\dist\n", true), ("d[i]st\n", true), ("**/dev/\n", true)]
        {
            fs::write(&rules, text).unwrap();
            assert_eq!(top(&target).is_none(), ignored, "{text:?}");
        }
        fs::remove_file(&rules).unwrap();
        fs::write(root.path().join("rules"), "dist/\n").unwrap();
        symlink("rules", &rules).unwrap();
        assert!(top(&target).is_some(), "git follows no link to rules");
        fs::remove_file(&rules).unwrap();
        let ran = root.path().join("ran");
        let monitor = root.path().join("monitor");
        fs::write(&monitor, format!("#!/bin/sh\ntouch {}\n", ran.display())).unwrap();
        Command::new("chmod").arg("+x").arg(&monitor).status().unwrap();
        let config = format!("[core]\n\tfsmonitor = {0}\n\texcludesFile = {1}\n", monitor.display(), root.path().join("rules").display());
        fs::write(root.path().join(".git/config"), fs::read_to_string(root.path().join(".git/config")).unwrap() + &config).unwrap();
        assert!(top(&target).is_some(), "what only this repository's configuration says hides nothing");
        assert!(!ran.exists());
    }

    #[test]
    fn without_git_only_plain_rules_count() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(".git")).unwrap();
        let within = Path::new("shop/dist/dev");
        fs::create_dir(root.path().join("shop")).unwrap();
        for (text, ignored) in [
            ("/dist/\n", true),
            ("dist/\n", true),
            ("/dist/dev\n", true),
            ("{dist,x}\n", false),
            ("d*\n", false),
            ("/dist/\n!/dist/\n", false),
            ("/dis/\n", false),
            ("", false),
        ] {
            fs::write(root.path().join("shop/.gitignore"), text).unwrap();
            assert_eq!(plainly(root.path(), within, PathKind::Directory), ignored, "{text:?}");
            // An empty `.git` is not a repository, so git cannot tell.
            assert_eq!(top(&root.path().join(within)).is_none(), ignored, "{text:?}");
        }
    }
}
