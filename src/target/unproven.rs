//! Why a release that was put is not known to run.

use crate::manifest::Identity;
use crate::problem::Problem;
use crate::target::ContainerLog;

/// Why a release that was put to a target is not known to run there.
#[derive(Debug)]
pub enum Unproven {
    /// It does not run.
    Fails {
        /// The objects that do not become ready, each with the reason, a lowercase fragment.
        failures: Vec<(Identity, String)>,
        /// What their containers said last, where that was asked for.
        logs: Vec<ContainerLog>,
    },
    /// It cannot be seen whether it runs.
    Unseen(Problem),
    /// A newer release came while it was waited for: what runs there, or does not, is that one.
    Overtaken(Problem),
}

impl From<Problem> for Unproven {
    fn from(problem: Problem) -> Self {
        Self::Unseen(problem)
    }
}
