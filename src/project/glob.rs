//! Patterns of files beneath the root, as a shell with `**` reads them.

use std::collections::BTreeSet;
use std::io;

use globset::GlobBuilder;
use globset::GlobMatcher;

use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::path::normalise;
use crate::project::quote::quote;
use crate::project::root::Root;
use crate::project::root::io_problem;
use crate::project::root::leaves;
use crate::project::root::not_regular;
use crate::project::spanned::Spanned;

/// Most files that one expansion yields.
pub const MOST_FILES: usize = 100_000;

/// Most directory entries that one expansion looks at.
const MOST_ENTRIES: usize = 1_000_000;

/// A pattern: names, names with `*`, `?`, `[…]` or `{…}`, and `**` for any depth of directories.
///
/// As in a shell, a name that begins with a dot is matched only by a step that begins with one, and `**` neither enters
/// directories whose name does nor follows links to directories.
#[derive(Debug, Clone)]
pub struct Pattern {
    steps: Vec<PatternPart>,
}

#[derive(Debug, Clone)]
enum PatternPart {
    Name(String),
    Wild { matcher: GlobMatcher, dot: bool },
    Deep,
}

impl Pattern {
    /// Reads a pattern. Refuses what [`normalise`] refuses of a path.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let path = normalise(text)?;
        let mut steps = Vec::new();
        for part in path.split('/') {
            match part {
                "**" if matches!(steps.last(), Some(PatternPart::Deep)) => {}
                "**" => steps.push(PatternPart::Deep),
                _ if part.contains(['*', '?', '[', ']', '{', '}']) => steps.push(wild(text, part)?),
                _ => steps.push(PatternPart::Name(part.to_owned())),
            }
        }
        if matches!(steps.last(), Some(PatternPart::Deep)) {
            steps.push(wild(text, "*")?);
        }
        Ok(Self { steps })
    }
}

fn wild(whole: &str, part: &str) -> Result<PatternPart, Problem> {
    let glob = GlobBuilder::new(part).literal_separator(true).backslash_escape(false).build().map_err(|_| {
        let reason = format!("{} is not a pattern of files", quote(whole));
        Problem::new(Fault::Project, reason, "close each `[` and `{`, and write no `/` between braces")
    })?;
    Ok(PatternPart::Wild { matcher: glob.compile_matcher(), dot: part.starts_with('.') })
}

/// A file that a pattern matches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundFile {
    /// Its path beneath the root.
    pub path: String,
    /// The path that links lead to, where it is another.
    pub real: Option<String>,
}

impl Root {
    /// The regular files that `patterns` match, each once, in the order of their bytes. A pattern that matches none is a
    /// problem at its place, as is a link among the matches that leads out of the root or to nothing.
    pub fn expand(&self, patterns: &[Spanned<String>]) -> Result<Vec<String>, Problems> {
        Ok(self.find(patterns)?.into_iter().map(|found| found.path).collect())
    }

    /// The same, and where they really are.
    pub fn find(&self, patterns: &[Spanned<String>]) -> Result<Vec<FoundFile>, Problems> {
        let mut all = BTreeSet::new();
        let mut problems = Vec::new();
        for said in patterns {
            let pattern = match Pattern::parse(&said.value) {
                Ok(pattern) => pattern,
                Err(problem) => {
                    problems.push(said.at(problem));
                    continue;
                }
            };
            let mut walk = GlobWalk { root: self, found: BTreeSet::new(), problems: Vec::new(), entries: 0 };
            match walk.step("", &pattern.steps) {
                Ok(()) if walk.found.is_empty() && walk.problems.is_empty() => {
                    let reason = format!("{} matches no file", quote(&said.value));
                    walk.problems.push(Problem::new(Fault::Project, reason, "correct the pattern, or remove it"));
                }
                Ok(()) => {}
                Err(TooMany) => {
                    let reason = format!("{} matches or looks at too many files; {MOST_FILES} is the limit", quote(&said.value));
                    walk.problems.push(Problem::new(Fault::Project, reason, "begin the pattern with the directory that is meant"));
                }
            }
            problems.extend(walk.problems.into_iter().map(|problem| said.at(problem)));
            all.append(&mut walk.found);
        }
        Problems::or(all.into_iter().collect(), problems)
    }
}

/// One pattern's way through the directories.
struct GlobWalk<'r> {
    root: &'r Root,
    found: BTreeSet<FoundFile>,
    problems: Vec<Problem>,
    entries: usize,
}

struct TooMany;

impl GlobWalk<'_> {
    /// Follows `steps` from the directory `at`, which is empty for the root.
    fn step(&mut self, at: &str, steps: &[PatternPart]) -> Result<(), TooMany> {
        match steps {
            [] => Ok(()),
            [PatternPart::Name(name)] => self.keep(beneath(at, name), true),
            [PatternPart::Name(name), rest @ ..] => self.step(&beneath(at, name), rest),
            [PatternPart::Wild { matcher, dot }] => {
                let list = self.list(at)?;
                let real = self.real(at).filter(|real| real != at);
                for (name, kind) in list {
                    if !matcher.is_match(&name) || !*dot && name.starts_with('.') {
                        continue;
                    }
                    // Of a directory of regular files nothing more has to be asked.
                    match kind {
                        EntryKind::File => self.take(beneath(at, &name), real.as_ref().map(|real| beneath(real, &name)))?,
                        _ => self.keep(beneath(at, &name), false)?,
                    }
                }
                Ok(())
            }
            [PatternPart::Wild { matcher, dot }, rest @ ..] => {
                for (name, kind) in self.list(at)? {
                    if matches!(kind, EntryKind::Directory | EntryKind::Link) && matcher.is_match(&name) && (*dot || !name.starts_with('.'))
                    {
                        self.step(&beneath(at, &name), rest)?;
                    }
                }
                Ok(())
            }
            [PatternPart::Deep, rest @ ..] => {
                self.step(at, rest)?;
                for (name, kind) in self.list(at)? {
                    if kind == EntryKind::Directory && !name.starts_with('.') {
                        self.step(&beneath(at, &name), steps)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Takes `path` when it is a regular file; a directory is passed over unless the pattern names it outright.
    fn keep(&mut self, path: String, named: bool) -> Result<(), TooMany> {
        match self.root.dir().metadata(&path) {
            Ok(metadata) if metadata.is_file() => {
                let real = self.real(&path).filter(|real| *real != path);
                self.take(path, real)?;
            }
            Ok(metadata) if metadata.is_dir() && !named => {}
            Ok(_) => self.problems.push(not_regular(&path)),
            Err(error) => self.report(&path, &error),
        }
        Ok(())
    }

    fn take(&mut self, path: String, real: Option<String>) -> Result<(), TooMany> {
        self.found.insert(FoundFile { path, real });
        if self.found.len() > MOST_FILES { Err(TooMany) } else { Ok(()) }
    }

    /// Where links lead; the root is the empty path.
    fn real(&self, path: &str) -> Option<String> {
        if path.is_empty() { None } else { self.root.real(path) }
    }

    /// The entries of a directory. One that is not there has none.
    fn list(&mut self, at: &str) -> Result<Vec<(String, EntryKind)>, TooMany> {
        let shown = if at.is_empty() { "." } else { at };
        let entries = match self.root.dir().read_dir(shown) {
            Ok(entries) => entries,
            Err(error) => {
                self.report(shown, &error);
                return Ok(Vec::new());
            }
        };
        let mut list = Vec::new();
        for entry in entries {
            self.entries += 1;
            if self.entries > MOST_ENTRIES {
                return Err(TooMany);
            }
            let read = entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?)));
            let (name, kind) = match read {
                Ok(read) => read,
                Err(error) => {
                    self.report(shown, &error);
                    continue;
                }
            };
            let kind = if kind.is_dir() {
                EntryKind::Directory
            } else if kind.is_symlink() {
                EntryKind::Link
            } else if kind.is_file() {
                EntryKind::File
            } else {
                EntryKind::Other
            };
            match name.into_string() {
                Ok(name) => list.push((name, kind)),
                Err(name) => {
                    let path = beneath(at, &name.to_string_lossy());
                    let reason = format!("the name of {} is not UTF-8", quote(&path));
                    self.problems.push(Problem::new(Fault::Project, reason, "rename the file"));
                }
            }
        }
        Ok(list)
    }

    fn report(&mut self, path: &str, error: &io::Error) {
        match error.kind() {
            io::ErrorKind::PermissionDenied if error.raw_os_error().is_none() => self.problems.push(leaves(path)),
            io::ErrorKind::NotFound if self.root.dir().symlink_metadata(path).is_ok() => {
                self.problems.push(Problem::new(
                    Fault::Project,
                    format!("{} is a link to nothing", quote(path)),
                    "mend or remove the link",
                ));
            }
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {}
            _ => self.problems.push(io_problem(&quote(path), error)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EntryKind {
    Directory,
    Link,
    File,
    Other,
}

fn beneath(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}/{name}") }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::Pattern;
    use crate::place::Place;
    use crate::project::root::Root;
    use crate::project::spanned::Spanned;

    fn tree(files: &[&str]) -> (TempDir, Root) {
        let dir = TempDir::new().unwrap();
        for file in files {
            let path = dir.path().join("in").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let root = Root::open(&dir.path().join("in")).unwrap();
        (dir, root)
    }

    fn expand(root: &Root, patterns: &[&str]) -> Result<Vec<String>, String> {
        let said: Vec<_> = patterns.iter().map(|pattern| Spanned::new((*pattern).to_owned(), Place::new("cloze.yaml", 3, 13))).collect();
        root.expand(&said).map_err(|problems| {
            let lines: Vec<String> = problems.list().iter().map(|problem| format!("{problem}; {}", problem.next)).collect();
            lines.join("\n")
        })
    }

    #[test]
    fn files_come_once_and_in_order() {
        let (_dir, root) = tree(&["t/b.yaml", "t/a.yaml", "t/x/c.yaml", "t/x/y/d.yaml", "t/e.txt", "u/f.yaml"]);
        assert_eq!(expand(&root, &["t/*.yaml"]).unwrap(), ["t/a.yaml", "t/b.yaml"]);
        assert_eq!(expand(&root, &["t/**/*.yaml", "t/a.yaml"]).unwrap(), ["t/a.yaml", "t/b.yaml", "t/x/c.yaml", "t/x/y/d.yaml"]);
        assert_eq!(expand(&root, &["**/d.yaml"]).unwrap(), ["t/x/y/d.yaml"]);
        assert_eq!(expand(&root, &["t/x/**"]).unwrap(), ["t/x/c.yaml", "t/x/y/d.yaml"]);
        assert_eq!(expand(&root, &["{t,u}/[a-f].{yaml,txt}"]).unwrap(), ["t/a.yaml", "t/b.yaml", "t/e.txt", "u/f.yaml"]);
        assert_eq!(expand(&root, &["*/?.txt"]).unwrap(), ["t/e.txt"]);
        assert_eq!(expand(&root, &["t/**/**/y/**/*"]).unwrap(), ["t/x/y/d.yaml"]);
    }

    #[test]
    fn dots_are_matched_by_dots_only() {
        let (_dir, root) = tree(&["c/app.env", "c/.env", "c/.a.swp", ".git/config.yaml", "t/.hidden/b.yaml"]);
        assert_eq!(expand(&root, &["c/*"]).unwrap(), ["c/app.env"]);
        assert_eq!(expand(&root, &["c/.env", "c/.e*"]).unwrap(), ["c/.env"]);
        assert_eq!(
            expand(&root, &["**/*.yaml"]).unwrap_err(),
            "cloze.yaml:3:13: `**/*.yaml` matches no file; correct the pattern, or remove it"
        );
        assert_eq!(expand(&root, &["t/.hidden/*"]).unwrap(), ["t/.hidden/b.yaml"]);
    }

    #[test]
    fn links_that_lead_back_to_themselves_are_named() {
        let (dir, root) = tree(&["t/a.yaml"]);
        for (target, link) in [("self.yaml", "self.yaml"), ("two.yaml", "one.yaml"), ("one.yaml", "two.yaml"), ("folder", "folder")] {
            symlink(target, dir.path().join("in/t").join(link)).unwrap();
        }
        for (pattern, link) in [("t/self.yaml", "t/self.yaml"), ("t/o*.yaml", "t/one.yaml"), ("t/folder/*", "t/folder")] {
            let wanted =
                format!("cloze.yaml:3:13: `{link}` is a link that leads back to itself; remove the link, or let it lead to a file");
            assert_eq!(expand(&root, &[pattern]).unwrap_err(), wanted);
        }
    }

    #[test]
    fn links_are_followed_within_and_reported_when_they_leave() {
        let (dir, root) = tree(&["t/a.yaml", "shared/b.yaml"]);
        fs::write(dir.path().join("secret.yaml"), "").unwrap();
        symlink("../shared/b.yaml", dir.path().join("in/t/b.yaml")).unwrap();
        symlink("../shared", dir.path().join("in/t/dir")).unwrap();
        symlink("..", dir.path().join("in/shared/loop")).unwrap();
        assert_eq!(expand(&root, &["t/**/*.yaml"]).unwrap(), ["t/a.yaml", "t/b.yaml"]);
        assert_eq!(expand(&root, &["t/dir/*.yaml"]).unwrap(), ["t/dir/b.yaml"]);
        assert_eq!(expand(&root, &["**/*.yaml"]).unwrap(), ["shared/b.yaml", "t/a.yaml", "t/b.yaml"]);
        symlink("../../secret.yaml", dir.path().join("in/t/out.yaml")).unwrap();
        symlink("nothing", dir.path().join("in/t/void.yaml")).unwrap();
        symlink(dir.path(), dir.path().join("in/up")).unwrap();
        assert_eq!(
            expand(&root, &["t/*.yaml", "up/*.yaml"]).unwrap_err(),
            "cloze.yaml:3:13: `t/out.yaml` is a link that leaves the project, or goes through one; put a copy into the project in place of the link\n\
             cloze.yaml:3:13: `t/void.yaml` is a link to nothing; mend or remove the link\n\
             cloze.yaml:3:13: `up` is a link that leaves the project, or goes through one; put a copy into the project in place of the link"
        );
    }

    #[test]
    fn a_directory_by_name_is_no_file() {
        let (_dir, root) = tree(&["t/a.yaml"]);
        assert_eq!(expand(&root, &["t"]).unwrap_err(), "cloze.yaml:3:13: `t` is not a regular file; name a regular file");
    }

    #[test]
    fn bad_patterns_are_told_at_once() {
        let (_dir, root) = tree(&["t/a.yaml"]);
        assert_eq!(
            expand(&root, &["t/[a.yaml", "../*", "none/*"]).unwrap_err(),
            "cloze.yaml:3:13: `../*` leaves the project with `..`; keep the file beneath the project's directory and name it from there\n\
             cloze.yaml:3:13: `none/*` matches no file; correct the pattern, or remove it\n\
             cloze.yaml:3:13: `t/[a.yaml` is not a pattern of files; close each `[` and `{`, and write no `/` between braces"
        );
        assert_eq!(Pattern::parse("{a/b,c}").unwrap_err().reason, "`{a/b,c}` is not a pattern of files");
    }
}
