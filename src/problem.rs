//! A problem for the user to solve: place, reason, next step. A run reports all of its problems at once.

use std::fmt;
use std::sync::Arc;

use crate::place::Place;

/// One problem. Its words are cloze's own: never a secret value, never the text of another crate's error.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// What kind of thing is wrong; decides the exit code.
    pub fault: Fault,
    /// Where, if it has a place.
    pub place: Option<Place>,
    /// Where else the same is wrong, in order.
    pub also: Vec<Place>,
    /// What is wrong, as a lowercase fragment without a period at its end.
    pub reason: String,
    /// What to do about it, as an imperative fragment. Never empty.
    pub next: String,
    /// The rule of the project's policy that is not kept to, by name.
    pub rule: Option<Arc<String>>,
}

/// What kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The command was used wrongly.
    Usage,
    /// The project file, a values file or the layout of the project is wrong.
    Project,
    /// Templates or manifests fail a check.
    Check,
    /// A vault or a key could not give what was asked for.
    Vault,
    /// The history refused: damaged, cut, replayed, or another release came first.
    History,
    /// What was released does not run.
    Rollout,
    /// The machine refused: disk full, permission, a bug.
    Internal,
}

impl Problem {
    /// A problem without a place yet.
    #[must_use]
    pub fn new(fault: Fault, reason: impl Into<String>, next: impl Into<String>) -> Self {
        Self { fault, place: None, also: Vec::new(), reason: reason.into(), next: next.into(), rule: None }
    }

    /// The same problem at a place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// The same problem at all of `places`, which is reported once.
    #[must_use]
    pub fn at_all(self, places: impl IntoIterator<Item = Place>) -> Self {
        let mut places: Vec<Place> = places.into_iter().collect();
        places.sort();
        places.dedup();
        let mut places = places.into_iter();
        Self { place: places.next(), also: places.collect(), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

/// Every problem of a run; at least one. The error type of every stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    list: Vec<Problem>,
}

impl Problems {
    /// `Ok(value)` when `list` is empty, else the problems, sorted by place and without repetition.
    pub fn or<T>(value: T, list: Vec<Problem>) -> Result<T, Self> {
        if list.is_empty() { Ok(value) } else { Err(Self::from(list)) }
    }

    /// The problems, sorted by place.
    pub fn list(&self) -> &[Problem] {
        &self.list
    }

    /// The problems, to be changed or joined with others.
    #[must_use]
    pub fn into_list(self) -> Vec<Problem> {
        self.list
    }

    /// The fault that decides the exit code: the first in the order of [`Fault`], since a bad project explains failed checks.
    pub fn fault(&self) -> Fault {
        self.list.iter().map(|problem| problem.fault).min().unwrap_or(Fault::Internal)
    }
}

impl From<Vec<Problem>> for Problems {
    fn from(mut list: Vec<Problem>) -> Self {
        list.sort_by(|a, b| (&a.place, &a.reason, &a.next).cmp(&(&b.place, &b.reason, &b.next)));
        list.dedup();
        Self { list }
    }
}

impl<E: Into<Problem>> From<E> for Problems {
    fn from(error: E) -> Self {
        Self { list: vec![error.into()] }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use super::{Fault, Problem, Problems};
    use crate::place::Place;

    #[test]
    fn a_problem_of_many_places_is_at_the_first() {
        let [a, b, c] = [("a", 2), ("a", 10), ("b", 1)].map(|(file, line)| Place::new(file, line, 1));
        let problem = Problem::new(Fault::Vault, "down", "wait").at_all([c.clone(), b.clone(), a.clone(), b.clone()]);
        assert_eq!((problem.place, problem.also), (Some(a), vec![b, c]));
        assert_eq!(Problem::new(Fault::Vault, "down", "wait").at_all([]).place, None);
    }

    #[test]
    fn problems_are_sorted_by_place_and_not_repeated() {
        let late = Problem::new(Fault::Check, "late", "mend").at(Place::new("a", 9, 1));
        let early = Problem::new(Fault::Project, "early", "mend").at(Place::new("a", 2, 1));
        let problems = Problems::from(vec![late.clone(), early.clone(), late.clone()]);
        assert_eq!(problems.list(), [early, late]);
        assert_eq!(problems.fault(), Fault::Project);
    }
}
