//! What can go wrong with a history, by what the caller can do about it.

use crate::history::store::StoreError;
use crate::history::store::StoreFault;
use crate::history::summary::Summary;
use crate::problem::Fault;
use crate::problem::Problem;

/// Why the history refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// Another release came first. Nothing was recorded; the caller looks at the winner and decides.
    #[error("release {} was recorded meanwhile by {}", .winner.number, .winner.actor)]
    Conflict {
        /// The release that has the number.
        winner: Box<Summary>,
    },
    /// There is no such release.
    #[error("there is no release {number}; the newest is {newest}")]
    NoRelease {
        /// What was asked for.
        number: u64,
        /// The newest.
        newest: u64,
    },
    /// The release was pruned.
    #[error("release {number} was pruned; the oldest that was kept is {first}")]
    Pruned {
        /// What was asked for.
        number: u64,
        /// The oldest that was kept.
        first: u64,
    },
    /// There are no releases at all.
    #[error("there are no releases in {store}")]
    Empty {
        /// The store that was looked at.
        store: String,
    },
    /// There is no release where some are known to have been.
    #[error("{store} holds no history: it is empty, or a part is missing; the checkpoint knows release {number}")]
    Gone {
        /// The store that was looked at.
        store: String,
        /// The newest release that is known.
        number: u64,
    },
    /// An object is not what was written.
    #[error("the history is damaged: {path}: {reason}")]
    Damaged {
        /// The object, within the store.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The history is shorter than it was, or another one than it was.
    #[error("the history was changed, cut or replayed: {reason}")]
    CutOrReplayed {
        /// What shows it.
        reason: String,
    },
    /// The store holds the history of another key, project or environment.
    #[error("{reason}")]
    Other {
        /// Whose it is and whose was wanted.
        reason: String,
    },
    /// An object was sealed under a generation of keys that the keyring does not have, such as after a rotation elsewhere.
    #[error("{path} is sealed under keys that this keyring does not have")]
    Rekeyed {
        /// The object, within the store.
        path: String,
    },
    /// An object was written by a newer cloze.
    #[error("{path} has format {format}, which this cloze does not know")]
    Newer {
        /// The object, within the store.
        path: String,
        /// Its format.
        format: u64,
    },
    /// The release is too large, or a field of it is.
    #[error("{reason}")]
    TooLarge {
        /// What is.
        reason: String,
    },
    /// The store cannot keep a history.
    #[error("{reason}")]
    Unfit {
        /// Why.
        reason: String,
        /// What the store says to do.
        next: Option<String>,
    },
    /// There is no space. Nothing was recorded.
    #[error("cannot write to the history {reason} ({path})")]
    Full {
        /// The object, within the store.
        path: String,
        /// The store's words.
        reason: String,
        /// What the store says to do.
        next: Option<String>,
    },
    /// The credential or a file's mode forbids it. Nothing was recorded.
    #[error("cannot access the history {reason} ({path})")]
    Denied {
        /// The object, within the store.
        path: String,
        /// The store's words.
        reason: String,
        /// What the store says to do.
        next: Option<String>,
    },
    /// The store does not answer. Whether the object was written is not known.
    #[error("it is not known whether {path} was written: {reason}")]
    Unsure {
        /// The object, within the store.
        path: String,
        /// The store's words.
        reason: String,
        /// What the store says to do.
        next: Option<String>,
    },
    /// The store does not answer. Nothing was recorded.
    #[error("cannot reach the history {reason} ({path})")]
    Unavailable {
        /// The object, within the store.
        path: String,
        /// The store's words.
        reason: String,
        /// What the store says to do.
        next: Option<String>,
    },
    /// The checkpoint's file holds none.
    #[error("{path} is not a valid checkpoint: a history that was cut or replayed would not be noticed")]
    Forgotten {
        /// The file.
        path: String,
    },
    /// A file of this machine, such as the checkpoint, could not be read or written.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
        /// What to do about it.
        next: &'static str,
    },
}

impl HistoryError {
    /// What to do about it, as an imperative fragment.
    pub fn next(&self) -> String {
        match self {
            Self::Unfit { next: Some(next), .. }
            | Self::Full { next: Some(next), .. }
            | Self::Denied { next: Some(next), .. }
            | Self::Unavailable { next: Some(next), .. } => next.clone(),
            Self::Conflict { winner } => format!("inspect it with `cloze show {}`, then deploy again", winner.number),
            Self::Empty { .. } => "deploy first; or, if there were releases, name the history that has them with CLOZE_HISTORY_URL".to_owned(),
            Self::NoRelease { .. } | Self::Pruned { .. } => "list the releases with `cloze history`".to_owned(),
            Self::Damaged { .. } => {
                "see what is affected with `cloze history --verify`, and restore the object from a backup of the history".to_owned()
            }
            Self::Gone { .. } => {
                "name the history with `--history` or `history.url` if it is elsewhere; if it was cut or removed, restore it, or remove the checkpoint under `.cloze/pins` (`~/.local/state/cloze/histories` where no project is on disk) to begin again".to_owned()
            }
            Self::CutOrReplayed { .. } => {
                "find out who changed the store and restore it; if the change was meant, remove the checkpoint under `.cloze/pins` (`~/.local/state/cloze/histories` where no project is on disk), then run `cloze history --verify`".to_owned()
            }
            Self::Other { .. } => {
                "correct `project:`, the environment's name or `history:` in cloze.yaml; each environment needs a history of its own".to_owned()
            }
            Self::Rekeyed { .. } => {
                "if the keys were rotated, pull the newest `secrets/ENV.keyring`; if it is the newest, run `cloze history --verify`".to_owned()
            }
            Self::Newer { .. } => "update cloze".to_owned(),
            Self::TooLarge { .. } => "split the project, or shorten what is too long".to_owned(),
            Self::Unfit { .. } => "use a local directory, or an object store that honours conditional writes".to_owned(),
            Self::Full { .. } => "free some space, then run the command again".to_owned(),
            Self::Denied { .. } => "fix the permissions or the credential, then run the command again".to_owned(),
            Self::Unsure { .. } => "look with `cloze history` whether it is there, then run the command again".to_owned(),
            Self::Unavailable { .. } => "check that the store can be reached, then run the command again".to_owned(),
            Self::Forgotten { .. } => {
                "restore it; or check with `cloze history` that the newest release is the last one that was made, and remove it".to_owned()
            }
            Self::File { next, .. } => (*next).to_owned(),
        }
    }

    /// The error of a call to a store.
    pub(crate) fn of(path: &str, error: StoreError) -> Self {
        let StoreError { fault, reason, next } = error;
        let path = path.to_owned();
        match fault {
            StoreFault::Unsure | StoreFault::Broken => Self::Unavailable { path, reason, next },
            StoreFault::Full => Self::Full { path, reason, next },
            StoreFault::Denied => Self::Denied { path, reason, next },
            StoreFault::Unreadable => Self::Damaged { path, reason },
            StoreFault::Unsupported => Self::Unfit { reason, next },
        }
    }

    /// The error of a creation about which the store does not say what became of it.
    pub(crate) fn unsure(path: &str, error: StoreError) -> Self {
        Self::Unsure { path: path.to_owned(), reason: error.reason, next: error.next }
    }

    /// The same for a write without which nothing is recorded.
    pub(crate) fn before_the_record(self) -> Self {
        match self {
            Self::Unsure { path, reason, next } => Self::Unavailable { path, reason, next },
            other => other,
        }
    }

    /// An object is not what was written.
    pub(crate) fn damaged(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Damaged { path: path.into(), reason: reason.into() }
    }
}

impl From<HistoryError> for Problem {
    fn from(error: HistoryError) -> Self {
        let fault = if matches!(error, HistoryError::File { .. }) { Fault::Internal } else { Fault::History };
        Self::new(fault, error.to_string(), error.next())
    }
}

#[cfg(test)]
mod tests {
    use super::HistoryError;
    use crate::history::fixtures;
    use crate::problem::Fault;
    use crate::problem::Problem;

    #[test]
    fn every_error_says_what_is_wrong_and_what_to_do() {
        let (path, reason) = (|| "releases/0000/00/00000007".to_owned(), || "no answer".to_owned());
        let all = [
            (HistoryError::Conflict { winner: Box::new(fixtures::summary(7)) }, "release 7 was recorded meanwhile by ada"),
            (HistoryError::NoRelease { number: 9, newest: 7 }, "there is no release 9; the newest is 7"),
            (HistoryError::Pruned { number: 3, first: 7 }, "release 3 was pruned; the oldest that was kept is 7"),
            (HistoryError::Empty { store: "dir".to_owned() }, "there are no releases in dir"),
            (
                HistoryError::Gone { store: "dir".to_owned(), number: 3 },
                "dir holds no history: it is empty, or a part is missing; the checkpoint knows release 3",
            ),
            (HistoryError::damaged(path(), "no answer"), "the history is damaged: releases/0000/00/00000007: no answer"),
            (HistoryError::CutOrReplayed { reason: reason() }, "the history was changed, cut or replayed: no answer"),
            (HistoryError::Other { reason: reason() }, "no answer"),
            (HistoryError::Rekeyed { path: path() }, "releases/0000/00/00000007 is sealed under keys that this keyring does not have"),
            (HistoryError::Newer { path: path(), format: 2 }, "releases/0000/00/00000007 has format 2, which this cloze does not know"),
            (HistoryError::TooLarge { reason: reason() }, "no answer"),
            (HistoryError::Unfit { reason: reason(), next: None }, "no answer"),
            (
                HistoryError::Full { path: path(), reason: reason(), next: None },
                "cannot write to the history no answer (releases/0000/00/00000007)",
            ),
            (
                HistoryError::Denied { path: path(), reason: reason(), next: None },
                "cannot access the history no answer (releases/0000/00/00000007)",
            ),
            (
                HistoryError::Unsure { path: path(), reason: reason(), next: None },
                "it is not known whether releases/0000/00/00000007 was written: no answer",
            ),
            (
                HistoryError::Unavailable { path: path(), reason: reason(), next: None },
                "cannot reach the history no answer (releases/0000/00/00000007)",
            ),
            (
                HistoryError::Forgotten { path: path() },
                "releases/0000/00/00000007 is not a valid checkpoint: a history that was cut or replayed would not be noticed",
            ),
            (HistoryError::File { path: path(), reason: reason(), next: "fix it" }, "releases/0000/00/00000007: no answer"),
        ];
        for (error, words) in all {
            let fault = if matches!(error, HistoryError::File { .. }) { Fault::Internal } else { Fault::History };
            let problem = Problem::from(error);
            assert_eq!((problem.reason.as_str(), problem.fault), (words, fault));
            assert!(!problem.next.is_empty() && !problem.next.ends_with('.'), "{}", problem.next);
        }
    }
}
