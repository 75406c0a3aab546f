//! The commit that is checked out, as the files of `.git` say (gitrepository-layout(5)). No git is started: a repository is not trusted.

use std::path::Path;

use cloze::file;

/// Bytes of a file of git, at most: a list of packed refs can be long.
const LIMIT: u64 = 16 << 20;

/// References that refer to references, at most, as git has it.
const DEPTH: usize = 5;

/// The commit that is checked out in the work tree that holds `directory`; `None` where there is none, or git keeps it in another way.
pub(crate) fn checked_out(directory: &Path) -> Option<String> {
    let real = directory.canonicalize().ok()?;
    let top = file::work_tree(&real)?;
    let mut git = top.join(".git");
    if git.is_file() {
        // A worktree or a submodule.
        git = top.join(text(&git)?.strip_prefix("gitdir:")?.trim());
    }
    let common = text(&git.join("commondir")).map_or_else(|| git.clone(), |path| git.join(path.trim()));
    let mut held = text(&git.join("HEAD"))?;
    for _ in 0..DEPTH {
        let Some(name) = held.strip_prefix("ref:").map(str::trim) else { break };
        if !name.starts_with("refs/") || name.split('/').any(|part| part == "..") {
            return None;
        }
        held = text(&git.join(name)).or_else(|| text(&common.join(name))).or_else(|| packed(&common, name))?;
    }
    commit(held.trim())
}

/// The path of `directory` within the work tree that holds it, with forward slashes; empty at its top, and outside of one.
pub(crate) fn folder(directory: &Path) -> String {
    let real = directory.canonicalize().unwrap_or_default();
    file::work_tree(&real).and_then(|top| real.strip_prefix(top).ok()).map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()
}

fn packed(common: &Path, name: &str) -> Option<String> {
    let list = text(&common.join("packed-refs"))?;
    list.lines().find_map(|line| line.split_once(' ').filter(|(_, packed)| *packed == name).map(|(id, _)| id.to_owned()))
}

/// An object's name in SHA-1 or SHA-256.
fn commit(id: &str) -> Option<String> {
    (matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_owned())
}

fn text(path: &Path) -> Option<String> {
    String::from_utf8(file::read(path, LIMIT).ok()??).ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::checked_out;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn from_a_branch_a_pack_a_worktree_and_a_detached_head() {
        let root = tempfile::tempdir().unwrap();
        let (top, git) = (root.path().join("top"), root.path().join("top/.git"));
        fs::create_dir_all(top.join("deep/down")).unwrap();
        let [one, two, three] = ["1", "2", "3"].map(|digit| digit.repeat(40));
        write(&git.join("HEAD"), "ref: refs/heads/main\n");
        assert_eq!(checked_out(&top), None, "a branch without a commit");
        write(&git.join("packed-refs"), &format!("# pack-refs with: peeled\n{three} refs/heads/main2\n{one} refs/heads/main\n^{two}\n"));
        assert_eq!(checked_out(&top.join("deep/down")), Some(one.clone()));
        write(&git.join("refs/heads/main"), &format!("{two}\n"));
        assert_eq!(checked_out(&top), Some(two));
        let checkout = root.path().join("tree");
        write(&checkout.join(".git"), &format!("gitdir: {}\n", git.join("worktrees/checkout").display()));
        write(&git.join("worktrees/checkout/commondir"), "../..\n");
        write(&git.join("worktrees/checkout/HEAD"), "ref: refs/heads/main2\n");
        assert_eq!(checked_out(&checkout), Some(three));
        let long = "a".repeat(64);
        write(&git.join("HEAD"), &format!("{long}\n"));
        assert_eq!(checked_out(&top), Some(long));
    }

    #[test]
    fn only_a_commit_is_one() {
        let root = tempfile::tempdir().unwrap();
        let git = root.path().join(".git");
        assert_eq!(checked_out(root.path().join("missing").as_path()), None);
        write(&root.path().join("secret"), &"1".repeat(40));
        for head in ["", "hello", "ref: refs/../../secret", "ref: secret", "ref: refs/heads/.invalid", "ref: refs/loop", &"g".repeat(40)] {
            write(&git.join("HEAD"), head);
            write(&git.join("refs/loop"), "ref: refs/loop\n");
            assert_eq!(checked_out(root.path()), None, "{head}");
        }
    }
}
