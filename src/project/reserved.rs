//! The files that the project, cloze and git keep for themselves: no manifest and no `config:` may hand them out.

use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::document::Environment;
use crate::project::document::PROJECT_FILE;
use crate::project::document::Project;
use crate::project::document::RecipientEntry;
use crate::project::glob::FoundFile;
use crate::project::history::HistoryUrl;
use crate::project::location::Location;
use crate::project::path::normalise;
use crate::project::quote::quote;
use crate::project::root::Root;
use crate::project::values::VALUES_SCHEMA;
use crate::project::vault::VaultKind;

/// Paths beneath the root with what each is; a directory stands for all that is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservedPaths {
    paths: Vec<(String, &'static str)>,
}

/// Names that are reserved in every directory.
const NAMES: [(&str, &str); 3] = [(".git", "git's own"), (".cloze", "cloze's own"), (".cloze-output", "cloze's own")];

/// What a history's directory is.
const HISTORY: &str = "a history";

/// Endings that are reserved in every directory.
const ENDINGS: [(&str, &str); 2] = [(".keyring", "a keyring"), (".vault", "a vault file")];

impl ReservedPaths {
    /// What all environments of a project keep.
    pub fn of(project: &Project) -> Self {
        let paths = vec![(PROJECT_FILE.to_owned(), "the project file"), (VALUES_SCHEMA.to_owned(), "the schema of the values")];
        let mut reserved = Self { paths };
        for environment in &project.environments {
            reserved.add(environment);
        }
        reserved
    }

    fn add(&mut self, environment: &Environment) {
        let name = &environment.name.value;
        let mut keep = |path: &str, what| self.paths.extend(normalise(path).ok().map(|path| (path, what)));
        keep(&format!("dist/{name}"), "a directory of filled manifests");
        keep(&format!("locks/{name}.lock"), "a lock file");
        for vault in environment.vaults.iter().filter(|vault| vault.kind == VaultKind::Local) {
            if let Some(path) = vault.text("path") {
                keep(&path.value, "a vault file");
            }
        }
        for key in &environment.keys {
            if let RecipientEntry::KeyFile { path: Some(path) } = &key.value {
                keep(path, "a key file");
            }
        }
        if let Some(HistoryUrl::Directory(Location::Beneath(path))) = environment.history.as_ref().map(|history| &history.url.value) {
            keep(path, HISTORY);
        }
    }

    /// What the file at `path` is where it is reserved, by this path or by the one that links lead to.
    pub fn what(&self, root: &Root, path: &str) -> Option<&'static str> {
        self.of_file(&FoundFile { path: path.to_owned(), real: root.real(path) })
    }

    /// The same of a file that a pattern matches.
    pub fn of_file(&self, file: &FoundFile) -> Option<&'static str> {
        [Some(&file.path), file.real.as_ref()].into_iter().flatten().find_map(|path| self.named(path))
    }

    /// Whether a pattern of manifests passes over the file at `path`; what it is of no use to pass over is an error.
    ///
    /// A pattern with wildcards passes over what lies in its way, but not over manifests in the directory of a history.
    pub fn passes_over(&self, file: &FoundFile, pattern: &str) -> Result<bool, Problem> {
        match self.of_file(file) {
            None => Ok(false),
            Some(what) if what == HISTORY => {
                let reason = format!("{} is in the directory of {what}", quote(&file.path));
                Err(Problem::new(Fault::Project, reason, "give the history a directory of its own in `history.url`"))
            }
            Some(_) if pattern.contains(['*', '?', '[', '{']) => Ok(true),
            Some(what) => Err(refusal(&file.path, what)),
        }
    }

    /// Refuses a reserved file.
    pub fn refuse(&self, root: &Root, path: &str) -> Result<(), Problem> {
        self.what(root, path).map_or(Ok(()), |what| Err(refusal(path, what)))
    }

    fn named(&self, path: &str) -> Option<&'static str> {
        // File systems may ignore case.
        let path = path.to_lowercase();
        let by_name = path.split('/').find_map(|step| NAMES.iter().find(|(name, _)| step == *name).map(|(_, what)| *what));
        let by_ending = || ENDINGS.iter().find(|(ending, _)| path.ends_with(ending)).map(|(_, what)| *what);
        let beneath = |reserved: &str| path.strip_prefix(reserved).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let listed = || self.paths.iter().find(|(reserved, _)| beneath(&reserved.to_lowercase())).map(|(_, what)| *what);
        by_name.or_else(by_ending).or_else(listed)
    }
}

fn refusal(path: &str, what: &str) -> Problem {
    let reason = format!("{} is {what}, which never becomes part of a manifest", quote(path));
    Problem::new(Fault::Project, reason, "name the files that are meant, or move them to a directory of their own")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::ReservedPaths;
    use crate::project::document::Project;
    use crate::project::glob::FoundFile;
    use crate::project::root::Root;

    const PROJECT: &str = "\
apiVersion: cloze.dev/v1
project: shop
environments:
  dev:
    vaults: { default: { kind: local, path: store/passwords } }
    keys: [{ kind: key-file, path: keys/dev }]
    history: { url: releases/dev }
  prod: {}
";

    #[test]
    fn what_is_kept_is_known_by_path_and_by_link() {
        let dir = TempDir::new().unwrap();
        for file in ["store/passwords", "keys/dev", "releases/dev/packs/1", ".git/config", "secrets/dev.keyring", "config/app.env"] {
            fs::create_dir_all(dir.path().join(file).parent().unwrap()).unwrap();
            fs::write(dir.path().join(file), "x").unwrap();
        }
        symlink("../keys/dev", dir.path().join("config/harmless")).unwrap();
        symlink("../.git", dir.path().join("config/dir")).unwrap();
        let root = Root::open(dir.path()).unwrap();
        let reserved = ReservedPaths::of(&Project::parse("cloze.yaml", PROJECT).unwrap());
        for (path, what) in [
            ("store/passwords", "a vault file"),
            ("keys/dev", "a key file"),
            ("releases/dev/packs/1", "a history"),
            (".git/config", "git's own"),
            ("sub/.GIT/config", "git's own"),
            (".cloze/dev.key", "cloze's own"),
            ("secrets/dev.keyring", "a keyring"),
            ("secrets/prod.vault", "a vault file"),
            ("locks/prod.lock", "a lock file"),
            ("dist/prod/000-secret.yaml", "a directory of filled manifests"),
            ("cloze.yaml", "the project file"),
            ("config/harmless", "a key file"),
            ("config/dir/config", "git's own"),
        ] {
            assert_eq!(reserved.what(&root, path), Some(what), "{path}");
        }
        for path in ["config/app.env", "keys/device", "store/passwords.txt", "gitconfig", ".gitignore", "dist", "missing"] {
            assert_eq!(reserved.what(&root, path), None, "{path}");
        }
        assert_eq!(
            reserved.refuse(&root, "config/harmless").unwrap_err().to_string(),
            "`config/harmless` is a key file, which never becomes part of a manifest"
        );
        let passes_over = |path: &str, pattern: &str| {
            let file = FoundFile { path: path.to_owned(), real: root.real(path) };
            reserved.passes_over(&file, pattern).map_err(|problem| problem.reason)
        };
        assert_eq!(passes_over("config/app.env", "config/*"), Ok(false));
        for path in ["cloze.yaml", ".cloze/dev.key", "secrets/dev.keyring", "dist/prod/000-secret.yaml"] {
            assert_eq!(passes_over(path, "**/*"), Ok(true), "{path}");
            assert!(passes_over(path, path).is_err_and(|reason| reason.ends_with("never becomes part of a manifest")), "{path}");
        }
        for pattern in ["releases/dev/a.yaml", "**/*.yaml"] {
            assert_eq!(
                passes_over("releases/dev/a.yaml", pattern),
                Err("`releases/dev/a.yaml` is in the directory of a history".to_owned())
            );
        }
    }
}
