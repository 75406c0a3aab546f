//! The lock file: which version of each secret an environment was resolved to.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::fmt::Write;

use crate::problem::Problems;
use crate::project::spanned::Spanned;

/// The version of the lock file's format.
pub(super) const LOCK_API_VERSION: &str = "cloze.dev/lock/v1";
/// Bytes of a lock file.
pub(super) const LOCK_LIMIT: usize = 4 << 20;

/// The versions of an environment's secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The environment.
    pub environment: Spanned<String>,
    /// The resolved versions, none of them empty, each at its entry's place.
    pub secrets: BTreeMap<LockedSecret, Spanned<String>>,
}

/// What is in the place of a lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockFile {
    /// Nothing.
    Absent,
    /// A file that is not a lock of the environment, and why: `cloze lock` writes it again.
    Broken(Problems),
    /// The lock.
    Whole(Lock),
}

impl LockFile {
    /// The lock, if there is one. What is broken is an error with the way out.
    pub fn whole(self) -> Result<Option<Lock>, Problems> {
        match self {
            Self::Absent => Ok(None),
            Self::Whole(lock) => Ok(Some(lock)),
            Self::Broken(problems) => {
                let mut list = problems.into_list();
                for problem in &mut list {
                    if !problem.next.ends_with(WAY_OUT) {
                        problem.next = format!("{}, or {WAY_OUT}", problem.next);
                    }
                }
                Err(list.into())
            }
        }
    }
}

/// What always helps against a broken lock file.
const WAY_OUT: &str = "run `cloze lock`";

/// What was asked of a vault, whatever the field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockedSecret {
    /// The vault.
    pub vault: String,
    /// The secret's name there.
    pub name: String,
    /// The version that the template asks for, if it does.
    pub asked: Option<String>,
}

/// What differs between two locks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockChange {
    /// Which secret.
    pub secret: LockedSecret,
    /// Its version before, if it had an entry.
    pub before: Option<String>,
    /// Its version after, if it has an entry.
    pub after: Option<String>,
}

impl Lock {
    /// Without any secret.
    pub fn new(environment: Spanned<String>) -> Self {
        Self { environment, secrets: BTreeMap::new() }
    }

    /// The file: sorted, a line for each secret, the same bytes for the same versions.
    pub fn to_text(&self) -> String {
        let mut text = format!(
            "# made by cloze lock\napiVersion: {LOCK_API_VERSION}\nenvironment: {}\nsecrets:{}\n",
            scalar(&self.environment.value),
            if self.secrets.is_empty() { " []" } else { "" }
        );
        for (secret, version) in &self.secrets {
            let asked = secret.asked.as_ref().map(|asked| format!("asked: {}, ", scalar(asked))).unwrap_or_default();
            let (vault, name, version) = (scalar(&secret.vault), scalar(&secret.name), scalar(&version.value));
            let _ = writeln!(text, "  - {{ vault: {vault}, name: {name}, {asked}version: {version} }}");
        }
        text
    }

    /// What `after` changes against this one, sorted.
    pub fn changes(&self, after: &Self) -> Vec<LockChange> {
        let secrets: BTreeSet<&LockedSecret> = self.secrets.keys().chain(after.secrets.keys()).collect();
        let version = |lock: &Self, secret: &LockedSecret| lock.secrets.get(secret).map(|version| version.value.clone());
        let change =
            |secret: &LockedSecret| LockChange { secret: secret.clone(), before: version(self, secret), after: version(after, secret) };
        secrets.into_iter().map(change).filter(|change| change.before != change.after).collect()
    }
}

impl fmt::Display for LockedSecret {
    /// `vault/name@asked`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.vault, self.name)?;
        self.asked.as_ref().map_or(Ok(()), |asked| write!(f, "@{asked}"))
    }
}

/// The text as a double-quoted scalar in ASCII (YAML 1.2, 7.3.1).
fn scalar(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            ' '..='~' => out.push(character),
            _ => out.push_str(&format!("\\U{:08x}", u32::from(character))),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::any;
    use proptest::prop_assert_eq;
    use proptest::proptest;
    use tempfile::TempDir;

    use super::Lock;
    use super::LockFile;
    use super::LockedSecret;
    use crate::project::decode::decode_lock;
    use crate::project::root::Root;
    use crate::project::spanned::Spanned;

    fn lock(secrets: &[(&str, &str, Option<&str>, &str)]) -> Lock {
        let mut lock = Lock::new(Spanned::none("dev".to_owned()));
        for (vault, name, asked, version) in secrets {
            let secret = LockedSecret { vault: (*vault).to_owned(), name: (*name).to_owned(), asked: asked.map(str::to_owned) };
            lock.secrets.insert(secret, Spanned::none((*version).to_owned()));
        }
        lock
    }

    fn wrong(text: &str) -> Vec<String> {
        let problems = decode_lock("locks/dev.lock", text).unwrap_err();
        problems.list().iter().map(|problem| format!("{problem}; {}", problem.next)).collect()
    }

    const HEAD: &str = "apiVersion: cloze.dev/lock/v1\nenvironment: dev\n";

    #[test]
    fn the_file_is_sorted_with_a_line_for_each_secret() {
        let lock =
            lock(&[("shared", "b", None, "2"), ("default", "team/a", Some("AWSPENDING"), "x-1"), ("default", "team/a", None, "yes")]);
        assert_eq!(
            lock.to_text(),
            concat!(
                "# made by cloze lock\n",
                "apiVersion: cloze.dev/lock/v1\n",
                "environment: \"dev\"\n",
                "secrets:\n",
                "  - { vault: \"default\", name: \"team/a\", version: \"yes\" }\n",
                "  - { vault: \"default\", name: \"team/a\", asked: \"AWSPENDING\", version: \"x-1\" }\n",
                "  - { vault: \"shared\", name: \"b\", version: \"2\" }\n",
            )
        );
        assert!(Lock::new(Spanned::none("dev".to_owned())).to_text().ends_with("secrets: []\n"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(secrets in proptest::collection::btree_map("\\PC{1,20}", "\\PC{1,20}", 0..20), odd in any::<char>()) {
            let mut list: Vec<(&str, &str, Option<&str>, &str)> = secrets.iter().map(|(name, version)| ("v", name.as_str(), None, version.as_str())).collect();
            let odd = odd.to_string();
            list.push(("w", &odd, Some(&odd), &odd));
            let before = lock(&list);
            let after = decode_lock("locks/dev.lock", &before.to_text()).unwrap();
            prop_assert_eq!(before.changes(&after), []);
            prop_assert_eq!(&after.environment.value, "dev");
            prop_assert_eq!(after.to_text(), before.to_text());
        }
    }

    #[test]
    fn changes_are_told_for_each_secret() {
        let before = lock(&[("v", "a", None, "1"), ("v", "b", None, "1"), ("v", "c", None, "1")]);
        let after = lock(&[("v", "a", None, "1"), ("v", "b", None, "2"), ("v", "d", Some("x"), "1")]);
        let reported: Vec<String> = before
            .changes(&after)
            .iter()
            .map(|change| format!("{} {:?} {:?}", change.secret, change.before.as_deref(), change.after.as_deref()))
            .collect();
        assert_eq!(reported, [r#"v/b Some("1") Some("2")"#, r#"v/c Some("1") None"#, r#"v/d@x None Some("1")"#]);
    }

    #[test]
    fn every_slip_has_its_place_and_next_step() {
        assert_eq!(wrong(""), ["locks/dev.lock: a lock file is one document; run `cloze lock`"]);
        assert_eq!(
            wrong("apiVersion: cloze.dev/lock/v2\nenvironment: dev\nsecrets: []\n"),
            ["locks/dev.lock:1:13: `cloze.dev/lock/v2` at `apiVersion` is not known to this version of cloze; \
                use a newer cloze, or go back to `cloze.dev/lock/v1`: run `cloze lock`"]
        );
        assert_eq!(
            wrong("apiVersion: cloze.dev/lock/v1\nenvironment: dev\nsecret: []\n"),
            [
                "locks/dev.lock:1:1: the lock file has no `secrets`; add `secrets: …`",
                "locks/dev.lock:3:1: unknown key `secret`; remove it: credentials come from the environment, never from a file of the project",
            ]
        );
        let entries = "secrets:\n  - { vault: v, name: a, version: \"1\" }\n  - { vault: v, name: a, version: \"2\" }\n  \
            - { vault: v, name: b, version: 3 }\n  - { vault: v, name: c, verson: \"3\" }\n  - { vault: v, name: d, version: \"\" }\n";
        assert_eq!(
            wrong(&format!("{HEAD}{entries}")),
            [
                "locks/dev.lock:5:5: v/a is listed twice; run `cloze lock`",
                "locks/dev.lock:6:35: expected a string at `secrets[2].version`, found a number; put the value in quotes",
                "locks/dev.lock:7:5: `secrets[3]` has no `version`; add `version: …`",
                "locks/dev.lock:7:26: unknown key `verson` in `secrets[3]`; write `version`",
                "locks/dev.lock:8:35: `secrets[4].version` is empty; give it a value, or remove the key",
            ]
        );
    }

    #[test]
    fn a_lock_belongs_to_its_environment_and_may_be_absent() {
        let folder = TempDir::new().unwrap();
        let root = Root::open(folder.path()).unwrap();
        assert_eq!(Lock::find(&root, "locks/dev.lock", "dev"), Ok(LockFile::Absent));
        fs::create_dir(folder.path().join("locks")).unwrap();
        fs::write(folder.path().join("locks/dev.lock"), lock(&[]).to_text()).unwrap();
        assert!(Lock::find(&root, "locks/dev.lock", "dev").unwrap().whole().unwrap().is_some());
        let problems = Lock::find(&root, "locks/dev.lock", "prod").unwrap().whole().unwrap_err();
        assert_eq!(
            format!("{problems}; {}", problems.list()[0].next),
            "locks/dev.lock:3:14: this is the lock of environment `dev`, not of `prod`; \
            restore the file from version control, or run `cloze lock`"
        );
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("locks/out.lock")).unwrap();
        let problems = Lock::find(&root, "locks/out.lock", "dev").unwrap_err();
        assert!(problems.to_string().contains("is a link that leaves the project"), "{problems}");
    }
}
