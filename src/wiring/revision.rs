//! The files of a project in another revision of its repository, read from git's own objects, without a checkout.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Component;
use std::path::Path;

use tempfile::TempDir;

use crate::file;
use crate::file::git;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::quote;

/// A project as it is in another revision, in a folder that is removed when this goes.
#[derive(Debug)]
pub struct Revision {
    folder: TempDir,
}

/// A file or link of a tree (git-ls-tree(1)).
struct Entry<'a> {
    is_link: bool,
    object: &'a str,
    path: &'a Path,
}

impl Revision {
    /// The project in `directory` as it is in `name`: a branch, a tag, a commit, or what else gitrevisions(7) has.
    ///
    /// What git would change on the way to a work tree, such as line ends and LFS, is left as it is stored. Submodules are left out. The files go to a folder of their own in `temporary`.
    pub fn of(directory: &Path, name: &str, temporary: &Path) -> Result<Self, Problem> {
        let problem = |reason: String, next: &str| Problem::new(Fault::Usage, reason, next);
        let real = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
        let Some(top) = file::work_tree(&real) else {
            let reason = format!("{} is not in a git repository", quote(&directory.to_string_lossy()));
            return Err(problem(reason, "run it in a clone, or compare with `--base DIR`"));
        };
        let ask = |arguments: &[&str], input: &[u8]| {
            git(top, &arguments.iter().map(OsStr::new).collect::<Vec<_>>(), input)
                .ok_or_else(|| problem("git cannot be started".to_owned(), "install git, or compare with `--base DIR`"))
        };
        let within = real.strip_prefix(top).unwrap_or(&real).to_string_lossy();
        let commit = format!("{name}^{{commit}}");
        let found = ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit], &[])?;
        let id = String::from_utf8_lossy(&found.stdout).trim().to_owned();
        if !found.status.success() || id.is_empty() {
            let next = "fetch it (`git fetch`; `fetch-depth: 0` of actions/checkout), or correct its name";
            return Err(problem(format!("there is no revision {} in this clone", quote(name)), next));
        }
        let tree = format!("{id}:{within}");
        let listed = ask(&["ls-tree", "-r", "-z", "-l", "--full-tree", "--end-of-options", &tree], &[])?;
        let entries = entries(&listed.stdout);
        if !listed.status.success() || !entries.iter().any(|entry| entry.path == Path::new("cloze.yaml")) {
            let place = if within.is_empty() { "its top".to_owned() } else { quote(&within) };
            return Err(problem(
                format!("revision {} has no `cloze.yaml` in {place}", quote(name)),
                "compare with a revision that has the project",
            ));
        }
        let wanted: String = entries.iter().map(|entry| format!("{}\n", entry.object)).collect();
        let contents = ask(&["cat-file", "--batch"], wanted.as_bytes())?;
        let incomplete =
            || problem(format!("git does not give all files of revision {}", quote(name)), "see what `git fsck` says of the clone");
        let blobs = blobs(&contents.stdout, &entries).filter(|_| contents.status.success()).ok_or_else(incomplete)?;
        write(&entries, &blobs, temporary).map(|folder| Self { folder }).map_err(|error| file::unwritten(temporary, &error))
    }

    /// Where its files are.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// The files and links of a listing, but those that are too large to be read from a project, and those that would leave it.
fn entries(listing: &[u8]) -> Vec<Entry<'_>> {
    listing.split(|byte| *byte == 0).filter_map(entry).collect()
}

/// What a line `MODE TYPE OBJECT SIZE<TAB>PATH` stands for.
fn entry(line: &[u8]) -> Option<Entry<'_>> {
    let (words, path) = line.split_at_checked(line.iter().position(|byte| *byte == b'\t')?)?;
    let mut words = std::str::from_utf8(words).ok()?.split_ascii_whitespace();
    let (mode, kind, object, size) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let path = Path::new(OsStr::from_bytes(path.get(1..)?));
    let is_plain = path.components().all(|part| matches!(part, Component::Normal(name) if name != ".git"));
    (kind == "blob" && is_plain && size.parse::<u64>().ok()? <= LARGEST).then_some(Entry { is_link: mode == "120000", object, path })
}

/// The contents of the entries in what `git cat-file --batch` says: a line `OBJECT TYPE SIZE`, the bytes, a line's end.
fn blobs<'a>(mut said: &'a [u8], entries: &[Entry<'_>]) -> Option<Vec<&'a [u8]>> {
    let mut blobs = Vec::with_capacity(entries.len());
    for entry in entries {
        let (line, rest) = said.split_at_checked(said.iter().position(|byte| *byte == b'\n')? + 1)?;
        let size = std::str::from_utf8(line).ok()?.trim_end().strip_prefix(entry.object)?.strip_prefix(" blob ")?.parse().ok()?;
        let (bytes, rest) = rest.split_at_checked(size)?;
        blobs.push(bytes);
        said = rest.strip_prefix(b"\n")?;
    }
    Some(blobs)
}

/// Files first, so that none is written through a link.
fn write(entries: &[Entry<'_>], blobs: &[&[u8]], temporary: &Path) -> io::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("cloze-").tempdir_in(temporary)?;
    for links in [false, true] {
        for (entry, bytes) in entries.iter().zip(blobs).filter(|(entry, _)| entry.is_link == links) {
            let path = folder.path().join(entry.path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            if links { symlink(OsStr::from_bytes(bytes), path)? } else { fs::write(path, bytes)? }
        }
    }
    Ok(folder)
}

/// The most bytes of one file that a project reads, unless its budget is raised.
const LARGEST: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::process::Command;

    use tempfile::TempDir;

    use super::Revision;
    use super::blobs;
    use super::entries;

    fn run(folder: &Path, arguments: &[&str]) {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=ada", "-c", "user.email=ada@example.com"]).args(arguments).current_dir(folder);
        assert!(command.env("HOME", folder).output().unwrap().status.success(), "git {arguments:?}");
    }

    /// A repository with a project in the folder `deploy`, in one commit.
    fn repository() -> TempDir {
        let root = tempfile::tempdir().unwrap();
        let project = root.path().join("deploy");
        fs::create_dir_all(project.join("templates")).unwrap();
        fs::write(project.join("cloze.yaml"), "project: shop\n").unwrap();
        fs::write(project.join("templates/ä b.yaml"), [0xff, b'\r', b'\n', 0]).unwrap();
        fs::write(root.path().join("other"), "not of the project").unwrap();
        symlink("templates/ä b.yaml", project.join("link")).unwrap();
        symlink("/etc", project.join("away")).unwrap();
        run(root.path(), &["init", "-q", "-b", "main"]);
        run(root.path(), &["add", "-A"]);
        run(root.path(), &["commit", "-q", "-m", "one"]);
        root
    }

    fn of(root: &Path, name: &str) -> Result<Revision, String> {
        let temporary = tempfile::tempdir().unwrap().keep();
        Revision::of(&root.join("deploy"), name, &temporary).map_err(|problem| format!("{}; {}", problem.reason, problem.next))
    }

    #[test]
    fn a_project_is_as_its_commit_has_it() {
        let root = repository();
        let project = root.path().join("deploy");
        fs::write(project.join("cloze.yaml"), "project: changed\n").unwrap();
        run(root.path(), &["commit", "-q", "-a", "-m", "two"]);
        run(root.path(), &["tag", "-a", "v2", "-m", "two"]);
        fs::write(project.join("cloze.yaml"), "project: not committed\n").unwrap();
        let text = |name: &str| fs::read_to_string(of(root.path(), name).unwrap().path().join("cloze.yaml")).unwrap();
        assert_eq!(text("main~1"), "project: shop\n");
        assert_eq!((text("HEAD"), text("v2")), ("project: changed\n".to_owned(), "project: changed\n".to_owned()));
        let revision = of(root.path(), "main").unwrap();
        assert_eq!(fs::read(revision.path().join("templates/ä b.yaml")).unwrap(), [0xff, b'\r', b'\n', 0]);
        assert_eq!(fs::read_link(revision.path().join("link")).unwrap(), Path::new("templates/ä b.yaml"));
        assert!(!revision.path().join("other").exists() && !revision.path().join(".git").exists());
        let place = revision.path().to_owned();
        drop(revision);
        assert!(!place.exists(), "its files are removed");
    }

    #[test]
    fn what_is_not_there_is_named() {
        let root = repository();
        let missing = "; fetch it (`git fetch`; `fetch-depth: 0` of actions/checkout), or correct its name";
        for name in ["nothing", "--output=x", "-h", "HEAD:deploy", "", "v1^{tree}"] {
            assert_eq!(of(root.path(), name).unwrap_err(), format!("there is no revision `{name}` in this clone{missing}"));
        }
        run(root.path(), &["mv", "deploy/cloze.yaml", "cloze.yaml"]);
        run(root.path(), &["commit", "-q", "-m", "moved"]);
        let moved = "revision `HEAD` has no `cloze.yaml` in `deploy`; compare with a revision that has the project";
        assert_eq!(of(root.path(), "HEAD").unwrap_err(), moved);
        let outside = tempfile::tempdir().unwrap();
        fs::create_dir(outside.path().join("deploy")).unwrap();
        assert!(of(outside.path(), "HEAD").unwrap_err().contains("is not in a git repository; run it in a clone"));
    }

    #[test]
    fn hostile_trees_stay_in_their_folder() {
        let line = |mode: &str, kind: &str, size: &str, path: &str| format!("{mode} {kind} {} {size}\t{path}\0", "a".repeat(40));
        let listing = [
            line("100644", "blob", "3", "good"),
            line("100644", "blob", "3", "../up"),
            line("100644", "blob", "3", "/etc/passwd"),
            line("100644", "blob", "3", "a/../../up"),
            line("100644", "blob", "3", ".git/config"),
            line("160000", "commit", "-", "submodule"),
            line("100644", "blob", "99999999999", "large"),
            "nonsense\0".to_owned(),
        ];
        let listing = listing.concat();
        let found = entries(listing.as_bytes());
        assert_eq!(found.iter().map(|entry| entry.path).collect::<Vec<_>>(), [Path::new("good")]);
        let said = format!("{} blob 3\nabc\n", "a".repeat(40));
        assert_eq!(blobs(said.as_bytes(), &found), Some(vec![b"abc".as_slice()]));
        for broken in [&said[..said.len() - 1], &said.replace("blob", "missing"), &said.replace("blob 3", "blob 9"), ""] {
            assert_eq!(blobs(broken.as_bytes(), &found), None, "{broken:?}");
        }
    }
}
