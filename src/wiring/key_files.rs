//! The files of keys: made for a new recipient, and what others could do with them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use crate::key::KeyFile;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::target::Exposure;
use crate::target::PathKind;
use crate::target::exposed_to_git;
use crate::target::tracked_by_git;
use crate::wiring::Wiring;

impl Wiring<'_> {
    /// Makes the key files at these paths that do not exist, or none where git would take one of them; gives those that it made.
    pub(super) fn make_key_files(&self, paths: Vec<PathBuf>) -> Result<Vec<PathBuf>, Problems> {
        let exposed: Vec<Problem> = paths.iter().filter(|path| !path.exists()).filter_map(|path| exposed(path, "would lie")).collect();
        if !exposed.is_empty() {
            return Err(exposed.into());
        }
        let mut made = Vec::new();
        for path in paths {
            let key = KeyFile::generate(self.ports.entropy.as_ref());
            if self.create(&path, key.to_secret_text().expose(), 0o600)? {
                made.push(path);
            }
        }
        Ok(made)
    }

    /// What to warn of before a key file is read: that others have it, or could.
    pub(super) fn key_warnings(&self) -> Vec<Problem> {
        let mut warnings = Vec::new();
        for path in self.key_paths().unwrap_or_default() {
            let Ok(metadata) = std::fs::metadata(&path) else { continue };
            warnings.extend(committed(&path).or_else(|| exposed(&path, "lies")));
            let mode = metadata.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                let reason = format!("the key file `{}` is open to others: its mode is {mode:04o}", path.display());
                warnings.push(Problem::new(Fault::Vault, reason, format!("run `chmod 600 {}`", path.display())));
            }
        }
        warnings
    }
}

/// That git has the key file at `path` already, whatever it ignores.
fn committed(path: &Path) -> Option<Problem> {
    let Exposure { top, path: within } = tracked_by_git(path)?;
    let reason = format!("git tracks the key file `{}` in `{}`: a copy of the repository has the key, too", path.display(), top.display());
    let next = format!(
        "run `git rm --cached {}`, make another key, and take this one out with `cloze key remove` and `cloze key rotate`",
        within.display()
    );
    Some(Problem::new(Fault::Project, reason, next))
}

/// That git would take the key file at `path`, which `lies` or `would lie` there.
fn exposed(path: &Path, lies: &str) -> Option<Problem> {
    let Exposure { top, path: within } = exposed_to_git(path, PathKind::File)?;
    // cloze keeps nothing in a folder of its name that belongs into version control.
    let own = within.parent().filter(|folder| folder.ends_with(".cloze"));
    let line = own.map_or_else(|| format!("/{}", within.display()), |folder| format!("/{}/", folder.display()));
    let reason = format!("the key file `{}` {lies} in the git work tree `{}`, which does not ignore it", path.display(), top.display());
    let mut next = format!("add the line `{line}` to `{}`: with the key, every secret can be read", top.join(".gitignore").display());
    if lies == "lies" {
        next.push_str("; use no key that came with a repository or was ever committed");
    }
    Some(Problem::new(Fault::Project, reason, next))
}
