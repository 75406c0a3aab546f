//! What one run may cost, over all its templates, files and processes.

use std::num::NonZeroU32;

use crate::problem::Fault;
use crate::problem::Problem;

/// The budget of a run: a multiple of fixed amounts, which 40,000 ordinary objects need a half of. The owner of the run raises it; a
/// project cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    times: NonZeroU32,
}

/// The largest multiple.
pub const MOST_TIMES: u32 = 64;

impl Default for Budget {
    fn default() -> Self {
        Self { times: NonZeroU32::MIN }
    }
}

impl Budget {
    /// That multiple, from 1 to [`MOST_TIMES`].
    pub fn times(times: u32) -> Option<Self> {
        NonZeroU32::new(times).filter(|times| times.get() <= MOST_TIMES).map(|times| Self { times })
    }

    /// The multiple.
    pub fn multiple(self) -> u32 {
        self.times.get()
    }

    /// Bytes that all templates together may render to, and that all files of the run may have together.
    pub fn bytes(self) -> usize {
        self.of(64 << 20)
    }

    /// Nodes of all rendered manifests, aliases expanded.
    pub fn nodes(self) -> usize {
        self.of(2_000_000)
    }

    /// Address space of the rendering process, in bytes.
    pub(super) fn memory(self) -> usize {
        self.of(256 << 20)
    }

    /// Processor time of the rendering process for a small request, in seconds.
    pub(super) fn seconds(self) -> usize {
        self.of(2)
    }

    /// The next step where it was not enough: `first`, or a larger budget.
    pub fn next(self, first: &str) -> String {
        let more = self.times.get().saturating_mul(2).min(MOST_TIMES);
        format!("{first}; if that much is meant, raise the budget of the run with `CLOZE_BUDGET={more}`")
    }

    /// Its templates and values are too many or too large.
    pub fn exceeded_by_project(self) -> Problem {
        let reason = format!("the templates and values of this run are more than {} MiB", self.bytes() >> 20);
        Problem::new(Fault::Project, reason, self.next("split the project"))
    }

    fn of(self, amount: usize) -> usize {
        amount.saturating_mul(usize::try_from(self.times.get()).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn a_budget_is_a_multiple_from_1_to_64() {
        assert_eq!(Budget::times(1), Some(Budget::default()));
        assert_eq!([0, 65].map(Budget::times), [None, None]);
        assert_eq!(Budget::times(3).map(Budget::nodes), Some(6_000_000));
        assert!(Budget::default().next("bound the loops").ends_with("`CLOZE_BUDGET=2`"));
        assert!(Budget::times(64).unwrap().next("x").ends_with("`CLOZE_BUDGET=64`"));
    }
}
