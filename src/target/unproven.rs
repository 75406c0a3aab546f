//! Why a release that was put is not known to run.

use crate::problem::Problem;

/// Why a release that was put to a target is not known to run there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unproven {
    /// It does not run.
    Fails(Problem),
    /// A newer release came while it was waited for: what runs there, or does not, is that one.
    Overtaken(Problem),
}

impl From<Problem> for Unproven {
    fn from(problem: Problem) -> Self {
        Self::Fails(problem)
    }
}
