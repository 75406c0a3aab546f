//! What happens during a run, as facts. The binary turns them into words, JSON or a progress bar.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::problem::Problem;

/// One fact. Never carries a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The templates were rendered and read.
    Prepared {
        /// Templates and text files rendered.
        templates: usize,
        /// Objects that they describe.
        objects: usize,
        /// Blanks in them, filters not counted.
        blanks: usize,
    },
    /// A vault is about to be asked.
    Planned {
        /// Its name.
        vault: String,
        /// Distinct secrets that it is asked for.
        secrets: usize,
        /// Calls that this takes, a login included.
        calls: usize,
        /// Calls that are open at once at most.
        parallel: usize,
        /// How long that takes with calls of the usual length.
        time: Duration,
    },
    /// Every vault that was asked has answered or failed.
    Answered,
    /// It is known of each secret whether it is there.
    Probed {
        /// Distinct secrets that are.
        secrets: usize,
        /// Of how many the value had to be read.
        read: usize,
    },
    /// The vaults were asked.
    Filled {
        /// Distinct secrets fetched, as planned: those that differ in the key only are one.
        secrets: usize,
        /// Vaults asked.
        vaults: usize,
    },
    /// A release was recorded.
    Recorded {
        /// Its number.
        number: u64,
        /// Manifests in all.
        manifests: usize,
        /// Those that the release before does not have, or has with another content.
        changed: usize,
        /// Objects of the release before that are gone.
        removed: usize,
    },
    /// The release is the one that is current already; nothing was recorded.
    Unchanged {
        /// The current release.
        number: u64,
    },
    /// An earlier run was interrupted between recording and emitting; this one carried on.
    Resumed {
        /// The release that had no outcome.
        number: u64,
    },
    /// Manifests were emitted.
    Emitted {
        /// How many.
        manifests: usize,
        /// Bytes of them.
        bytes: usize,
        /// Where to.
        target: String,
        /// Whether they were all there already, and nothing else.
        is_unchanged: bool,
    },
    /// Manifests were applied where they run.
    Applied {
        /// The release.
        number: u64,
        /// Where.
        target: String,
        /// What that did, in numbers.
        summary: String,
    },
    /// A ConfigMap or Secret was changed under the name that it had, and workloads that use it go on.
    ChangedInPlace {
        /// The object.
        object: String,
        /// Workloads whose pods have it as files.
        files: Vec<String>,
        /// Workloads whose pods have it in their environment.
        environment: Vec<String>,
    },
    /// What was applied runs.
    Proven {
        /// The release.
        number: u64,
        /// Where.
        target: String,
    },
    /// What earlier releases left where releases run was removed.
    Pruned {
        /// The objects that were removed.
        removed: Vec<String>,
        /// Objects that no release needs and that stay, since they hold data or say that they must.
        protected: Vec<String>,
    },
    /// A release failed where it runs, and the last one that was proven there comes back.
    GoingBack {
        /// The release that failed.
        from: u64,
        /// The one that comes back.
        to: u64,
        /// Why it failed.
        reason: String,
    },
    /// An environment is about to be taken out of where its releases run.
    Destroying {
        /// How many objects are removed.
        objects: usize,
        /// Where.
        target: String,
    },
    /// Leftovers of interrupted runs were removed.
    Swept {
        /// How many.
        objects: usize,
    },
    /// A key file was made for an environment without keys.
    KeyFileCreated {
        /// Where it is.
        path: PathBuf,
    },
    /// A keyring was made for an environment without keys.
    KeyringCreated {
        /// Where it is.
        path: PathBuf,
        /// The files that belong into version control with it.
        beside: Vec<String>,
    },
    /// The environment has keys and no release: its first release is about to be recorded, as far as this machine knows.
    HistoryBegins {
        /// The store of the history.
        store: String,
    },
    /// A rollback is about to be done.
    RollingBack {
        /// The release whose manifests come back.
        to: u64,
        /// The current release.
        from: u64,
    },
    /// Something to look at that stops nothing.
    Warned(Problem),
}

/// Takes events.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Takes one event, quickly.
    fn observe(&self, event: Event);
}

/// Passes events on and counts the warnings among them.
#[derive(Debug)]
pub struct WarningCount<'a> {
    observer: &'a dyn Observer,
    warnings: AtomicUsize,
}

impl<'a> WarningCount<'a> {
    /// Passes events on to `observer`.
    pub fn new(observer: &'a dyn Observer) -> Self {
        Self { observer, warnings: AtomicUsize::new(0) }
    }

    /// The warnings so far.
    pub fn get(&self) -> usize {
        self.warnings.load(Ordering::Relaxed)
    }
}

impl Observer for WarningCount<'_> {
    fn observe(&self, event: Event) {
        if matches!(event, Event::Warned(_)) {
            self.warnings.fetch_add(1, Ordering::Relaxed);
        }
        self.observer.observe(event);
    }
}
