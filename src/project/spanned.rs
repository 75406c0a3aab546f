//! A value together with the place where someone wrote it.

use crate::place::Place;
use crate::problem::Problem;

/// A value and where it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// What was said.
    pub value: T,
    /// Where; `None` for flags, environment variables and defaults.
    pub place: Option<Place>,
}

impl<T> Spanned<T> {
    /// A value that stands in a file.
    pub fn at(value: T, place: Place) -> Self {
        Self { value, place: Some(place) }
    }

    /// A value that stands in no file.
    pub fn nowhere(value: T) -> Self {
        Self { value, place: None }
    }

    /// `problem`, at this value's place.
    pub fn blame(&self, problem: Problem) -> Problem {
        match &self.place {
            Some(place) => problem.at(place.clone()),
            None => problem,
        }
    }
}
