//! What a shell may complete: names that files of the project hold in the clear. No key, no credential and no network is used, and what cannot be
//! read gives nothing.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::project::Flags;
use crate::project::HistoryUrl;
use crate::project::Location;
use crate::project::Lock;
use crate::project::Project;
use crate::project::Root;
use crate::project::Settings;
use crate::project::Variables;
use crate::vault::local::names_in;

/// The project in `directory` and the environment that a command line names.
#[derive(Debug)]
pub struct Candidates {
    directory: PathBuf,
    root: Root,
    project: Project,
    settings: Option<Settings>,
}

impl Candidates {
    /// Reads the project file. `None` where there is none, or where it cannot be read.
    pub fn read(directory: &Path, environment: Option<String>, variables: &Variables) -> Option<Self> {
        let root = Root::open(directory).ok()?;
        let project = Project::load(&root).ok()?;
        let flags = Flags { environment, ..Flags::default() };
        let settings = Settings::resolve(&project, &flags, variables).ok();
        Some(Self { directory: directory.to_owned(), root, project, settings })
    }

    /// The environments.
    pub fn environments(&self) -> Vec<String> {
        self.project.environments.iter().map(|environment| environment.name.value.clone()).collect()
    }

    /// The secrets of a vault: those in the file of a local one, and those that the lock file names.
    pub fn secrets(&self, vault: &str) -> Vec<String> {
        let Some(settings) = &self.settings else { return Vec::new() };
        let local = settings.vault(vault).filter(|known| known.is_local());
        let local = local.and_then(|known| self.root.read(known.text("path"), MOST).ok());
        let mut names = local.map(|bytes| names_in(&bytes)).unwrap_or_default();
        let lock = Lock::find(&self.root, &settings.lock, &settings.environment).ok().and_then(|lock| lock.whole().ok().flatten());
        names.extend(
            lock.iter().flat_map(|lock| lock.secrets.keys()).filter(|secret| secret.vault == vault).map(|secret| secret.name.clone()),
        );
        names.sort();
        names.dedup();
        names
    }

    /// The numbers of the releases in a history that is a directory, the newest first.
    pub fn releases(&self) -> Vec<String> {
        let history = self.settings.as_ref().and_then(|settings| match &settings.history.url {
            HistoryUrl::Directory(Location::Beneath(path)) => Some(self.directory.join(path)),
            HistoryUrl::Directory(Location::Anywhere(path)) => Some(path.clone()),
            HistoryUrl::Bucket(_) | HistoryUrl::Cluster(_) => None,
        });
        let mut numbers = Vec::new();
        if let Some(history) = history {
            collect(&history.join("releases"), 2, &mut numbers);
        }
        numbers.sort_unstable_by(|one: &u64, other| other.cmp(one));
        numbers.into_iter().take(MOST_RELEASES).map(|number| number.to_string()).collect()
    }
}

/// Numbers of files, so many folders deep.
fn collect(folder: &Path, deep: usize, numbers: &mut Vec<u64>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if deep > 0 {
            collect(&entry.path(), deep - 1, numbers);
        } else {
            numbers.extend(entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
        }
    }
}

/// Bytes of a file that is read for a completion.
const MOST: usize = 4 << 20;
/// Releases that are offered.
const MOST_RELEASES: usize = 100;
