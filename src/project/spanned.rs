//! A value together with the place where someone wrote it.

use crate::place::Place;
use crate::problem::Problem;

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where; `None` for flags, environment variables and defaults.
    pub place: Option<Place>,
}

impl<T> Spanned<T> {
    /// A value that is written in a file.
    pub fn new(value: T, place: Place) -> Self {
        Self { value, place: Some(place) }
    }

    /// A value that is written in no file.
    pub fn none(value: T) -> Self {
        Self { value, place: None }
    }

    /// `problem`, at this value's place.
    pub fn at(&self, problem: Problem) -> Problem {
        match &self.place {
            Some(place) => problem.at(place.clone()),
            None => problem,
        }
    }
}
