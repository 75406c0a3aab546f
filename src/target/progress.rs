//! What is waited for while a release comes to run, or goes.

use std::fmt::Debug;

use crate::manifest::Identity;

/// One step of a wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RolloutProgress {
    /// That many objects are waited for.
    Began {
        /// How many.
        of: usize,
    },
    /// The health of one of them is another one.
    Changed {
        /// The object.
        object: Identity,
        /// `ready`, `progressing`, `stuck` or `failed`; where objects are removed, `deleting` or `gone`.
        health: &'static str,
        /// What is missing yet, or keeps it; `None` where it is ready or gone.
        reason: Option<String>,
        /// How many are ready, or gone.
        ready: usize,
        /// How many are waited for.
        of: usize,
    },
    /// What runs them does not answer, and the wait goes on.
    Away {
        /// Why, as a lowercase fragment.
        reason: String,
    },
    /// It answers again.
    Back,
    /// The wait is over.
    Ended,
}

/// Takes the steps of waits.
pub trait RolloutObserver: Debug + Send + Sync {
    /// Takes one, quickly.
    fn progress(&self, progress: RolloutProgress);
}
