//! The user's own file of origins that may have credentials, and the question that adds to it, as ssh keeps known hosts.

use std::fs;
use std::fs::OpenOptions;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use cloze::file;
use cloze::problem::Fault;
use cloze::problem::Problem;

use crate::commands::question::ask;
use crate::environment;
use crate::ui::Ui;

/// Bytes of the file.
const LIMIT: u64 = 64 << 10;
/// The first line of a new one.
const HEAD: &str = "# Where cloze may send your credentials: ORIGIN, or ORIGIN=AUDIENCE for id tokens of that audience.\n";

/// The file of the user who runs cloze.
#[derive(Debug, Clone)]
pub(crate) struct TrustFile {
    path: PathBuf,
}

impl TrustFile {
    /// The file, which may not be there yet. None in a repository: a person who changes that would say who gets the credentials.
    pub(crate) fn find(project: &Path) -> Option<Self> {
        let path = environment::trust_file()?;
        is_outside(&path, project).then_some(Self { path })
    }

    /// What it lists.
    ///
    /// # Errors
    /// A file that cannot be read, or is not a list.
    pub(crate) fn entries(&self) -> Result<Vec<String>, Problem> {
        let shown = self.path.display();
        // A link of the user's own is followed.
        let real = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        let bytes = file::read(&real, LIMIT).map_err(|error| {
            let reason = format!("the file of trusted origins `{shown}` cannot be read: {}", file::cause(&error));
            Problem::new(Fault::Usage, reason, "check the file and its permissions")
        })?;
        let text = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let list: Result<Option<Vec<String>>, _> = serde_yaml::from_str(&text);
        list.map(Option::unwrap_or_default).map_err(|_| {
            let reason = format!("the file of trusted origins `{shown}` is not a list of texts");
            Problem::new(Fault::Usage, reason, "write one origin a line, such as `- https://vault.example.com:8200`")
        })
    }

    /// Asks at the terminal whether a vault or the history may have credentials by `entry`, and keeps a yes.
    pub(crate) fn ask(&self, asker: &str, entry: &str, ui: &Ui) -> bool {
        let (origin, audience) = entry.split_once('=').map_or((entry, None), |(origin, audience)| (origin, Some(audience)));
        let what = audience.map_or_else(|| "your credentials".to_owned(), |audience| format!("an id token for `{audience}`"));
        let text = format!("The project's {asker} would send {what} to {origin}, which you have not trusted before.");
        let yes = ask(&format!("{text}\nTrust it, and remember it in {}?", self.path.display()));
        if yes && let Err(error) = self.add(entry) {
            ui.warn(&file::unwritten(&self.path, &error));
        }
        yes
    }

    fn add(&self, entry: &str) -> io::Result<()> {
        self.path.parent().map_or(Ok(()), fs::create_dir_all)?;
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        let before = fs::read(&self.path)?;
        let head = match before.last() {
            None => HEAD,
            Some(b'\n') => "",
            Some(_) => "\n",
        };
        file.write_all(format!("{head}- \"{}\"\n", entry.replace('\\', "\\\\").replace('"', "\\\"")).as_bytes())
    }
}

/// Whether a path is neither in the project nor in any git work tree, by its name and by where it leads.
fn is_outside(path: &Path, project: &Path) -> bool {
    let folder = path.ancestors().find_map(|folder| folder.canonicalize().ok()).unwrap_or_else(|| path.to_owned());
    let project = project.canonicalize().unwrap_or_else(|_| project.to_owned());
    let is_free = |path: &Path| !path.starts_with(&project) && !path.ancestors().any(|folder| folder.join(".git").exists());
    is_free(path) && is_free(&folder)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::TrustFile;
    use super::is_outside;

    #[test]
    fn what_is_added_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = TrustFile { path: folder.path().join("cloze/trust.yaml") };
        assert_eq!(file.entries().unwrap(), Vec::<String>::new());
        let entries = ["https://vault.example:8200", "https://vault.example:8200=api://x#\"y\\"];
        for entry in entries {
            file.add(entry).unwrap();
        }
        assert_eq!(file.entries().unwrap(), entries);
        fs::write(&file.path, "# by hand\n- https://a.example").unwrap();
        file.add("https://b.example").unwrap();
        assert_eq!(file.entries().unwrap(), ["https://a.example", "https://b.example"]);
        fs::write(&file.path, "origins: 1\n").unwrap();
        assert!(file.entries().unwrap_err().reason.ends_with("is not a list of texts"));
    }

    #[test]
    fn a_file_in_a_repository_or_the_project_is_not_the_users_own() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for path in ["home/.config", "work/shop/.config", "repository/.git", "repository/deep"] {
            fs::create_dir_all(at(path)).unwrap();
        }
        std::os::unix::fs::symlink(at("repository/deep"), at("home/linked")).unwrap();
        let outside = |path: &str| is_outside(&at(path), &at("work/shop"));
        assert!(outside("home/.config/cloze/trust.yaml"));
        for path in ["work/shop/.config/cloze/trust.yaml", "repository/deep/cloze/trust.yaml", "home/linked/cloze/trust.yaml"] {
            assert!(!outside(path), "{path}");
        }
    }
}
