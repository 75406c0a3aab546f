//! Where the problems of an object go.

use crate::manifest::Mark;
use crate::manifest::Object;
use crate::problem::Fault;
use crate::problem::Problem;

/// Problems of one object.
pub(super) struct Say<'a, B> {
    pub(super) object: &'a Object<B>,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl<B> Say<'_, B> {
    pub(super) fn problem(&mut self, mark: Mark, reason: impl Into<String>, next: impl Into<String>) {
        self.problems.push(Problem::new(Fault::Check, reason, next).at(self.object.place(mark)));
    }
}
