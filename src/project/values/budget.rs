//! What reading a values file may cost, and the words for why it ended.

use std::cell::Cell;
use std::cell::RefCell;

use serde::de::Error;

use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;

/// Bounds on what one values file may cost.
#[derive(Debug, Clone, Copy)]
pub struct ValuesLimits {
    /// Bytes of text.
    pub bytes: usize,
    /// Depth of nesting.
    pub depth: usize,
    /// Values after aliases and merge keys are expanded.
    pub nodes: usize,
}

impl Default for ValuesLimits {
    fn default() -> Self {
        Self { bytes: 1 << 20, depth: 64, nodes: 100_000 }
    }
}

/// What is left to spend, and the words for what went wrong: `serde_yaml`'s own words may quote the file.
pub(super) struct ValuesBudget {
    limits: ValuesLimits,
    nodes: Cell<usize>,
    fault: RefCell<Option<(String, &'static str)>>,
}

impl ValuesBudget {
    pub(super) fn new(limits: ValuesLimits) -> Self {
        Self { limits, nodes: Cell::new(0), fault: RefCell::new(None) }
    }

    /// Notes why reading ends, in words of our own. The first reason stays.
    pub(super) fn fail<E: Error>(&self, reason: impl Into<String>, next: &'static str) -> E {
        self.fault.borrow_mut().get_or_insert_with(|| (reason.into(), next));
        E::custom("")
    }

    /// Takes one value at `depth` off the budget.
    pub(super) fn spend<E: Error>(&self, depth: usize) -> Result<(), E> {
        self.nodes.set(self.nodes.get() + 1);
        if self.nodes.get() > self.limits.nodes {
            return Err(self.fail(format!("more than {} values, aliases expanded", self.limits.nodes), "write fewer or smaller aliases"));
        }
        if depth > self.limits.depth {
            return Err(self.fail(format!("values nest deeper than {} levels", self.limits.depth), "flatten the values"));
        }
        Ok(())
    }

    /// The problem that ended the reading of `text`, at the parser's place.
    pub(super) fn problem(&self, file: &str, text: &str, error: &serde_yaml::Error) -> Problem {
        let place = error.location().map_or_else(
            || Place::file(file),
            |location| {
                let line = u32::try_from(location.line()).unwrap_or(u32::MAX);
                Place::new(file, line, u32::try_from(location.column()).unwrap_or(u32::MAX))
            },
        );
        let (reason, next) = self.fault.borrow_mut().take().unwrap_or_else(|| {
            let line = usize::try_from(place.line).unwrap_or(0).checked_sub(1).and_then(|index| text.lines().nth(index)).unwrap_or("");
            if line.trim_start_matches(' ').starts_with('\t') {
                ("a tab indents this line, which YAML forbids".to_owned(), "indent with spaces")
            } else {
                ("this is not valid YAML".to_owned(), "check quotes, brackets, colons and indentation at and above this line")
            }
        });
        Problem::new(Fault::Project, reason, next).at(place)
    }
}
