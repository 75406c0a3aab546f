//! Collects what was chosen for each setting, and what is wrong with it.

use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::check::BadText;
use crate::project::check::show;
use crate::project::origin::Choice;
use crate::project::origin::Origin;
use crate::project::origin::ResolvedSetting;
use crate::project::spanned::Spanned;
use crate::project::variable::Variable;
use crate::project::variable::Variables;

/// What the resolution of settings reads and what it collects.
pub(in crate::project) struct Resolver<'v> {
    /// The environment variables.
    pub(in crate::project) variables: &'v Variables,
    /// Every setting as text.
    pub(in crate::project) effective: Vec<ResolvedSetting>,
    /// What is wrong.
    pub(in crate::project) problems: Vec<Problem>,
}

impl Resolver<'_> {
    /// Notes what was chosen for `key`.
    pub(in crate::project) fn note<T: Clone>(
        &mut self,
        key: impl Into<String>,
        choice: &Choice<T>,
        show: impl Fn(&T) -> String,
    ) -> Option<T> {
        self.effective.extend(choice.effective(key, show));
        choice.value()
    }

    /// Reports a text that `source` gave.
    pub(in crate::project) fn refuse(&mut self, source: &str, text: &str, refusal: BadText) {
        self.problems.push(Problem::new(Fault::Usage, format!("{} of `{source}` {}", show(text), refusal.reason), refusal.next));
    }

    /// The text that `source` gave, if it passes `check`.
    pub(in crate::project) fn checked(
        &mut self,
        source: &str,
        text: Option<&str>,
        check: impl Fn(&str) -> Result<(), BadText>,
    ) -> Option<String> {
        let text = text?;
        match check(text) {
            Ok(()) => Some(text.to_owned()),
            Err(refusal) => {
                self.refuse(source, text, refusal);
                None
            }
        }
    }

    pub(in crate::project) fn variable(
        &mut self,
        variable: Variable,
        check: impl Fn(&str) -> Result<(), BadText>,
    ) -> Option<(String, Origin)> {
        let text = self.variables.get(variable);
        self.checked(variable.name, text, check).map(|value| (value, Origin::Variable(variable.name)))
    }

    /// Whether a variable is set to something.
    pub(in crate::project) fn is_set(&self, variable: Variable) -> bool {
        self.variables.get(variable).is_some()
    }

    /// Reports a problem.
    pub(in crate::project) fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

/// A value of a file as a candidate.
pub(in crate::project) fn file<T, U>(said: &Spanned<T>, value: impl FnOnce(&T) -> U) -> Option<(U, Origin)> {
    let place: &Place = said.place.as_ref()?;
    Some((value(&said.value), Origin::File(place.clone())))
}
