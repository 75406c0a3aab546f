//! Where an effective value came from.

use std::fmt;

use crate::place::Place;

/// A source of settings. Later ones win; the order of the variants is the order of precedence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// What cloze does when nobody says otherwise.
    Default,
    /// A file of the project.
    File(Place),
    /// An environment variable, by name.
    Variable(&'static str),
    /// A flag, as it is typed.
    Flag(&'static str),
}

/// A setting as it applies, and what it hides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedSetting {
    /// The setting, such as `vaults.default.path`.
    pub key: String,
    /// The value as text. Never a secret.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
    /// The values that it hides, the strongest first.
    pub overridden: Vec<(String, Origin)>,
}

/// The candidates for one setting, the strongest first.
#[derive(Debug)]
pub struct Choice<T> {
    candidates: Vec<(T, Origin)>,
}

impl<T: Clone> Choice<T> {
    /// The choice between `candidates`, which are given in any order; of two with equal rank the first is stronger.
    pub fn of(candidates: impl IntoIterator<Item = Option<(T, Origin)>>) -> Self {
        let mut candidates: Vec<_> = candidates.into_iter().flatten().collect();
        candidates.sort_by_key(|(_, origin)| std::cmp::Reverse(origin.rank()));
        Self { candidates }
    }

    /// The strongest candidate.
    pub fn value(&self) -> Option<T> {
        self.candidates.first().map(|(value, _)| value.clone())
    }

    /// Where the strongest candidate came from.
    pub fn origin(&self) -> Option<Origin> {
        self.candidates.first().map(|(_, origin)| origin.clone())
    }

    /// The setting under `key`, each candidate written by `show`.
    pub fn effective(&self, key: impl Into<String>, show: impl Fn(&T) -> String) -> Option<ResolvedSetting> {
        let mut shown = self.candidates.iter().map(|(value, origin)| (show(value), origin.clone()));
        let (value, origin) = shown.next()?;
        Some(ResolvedSetting { key: key.into(), value, origin, overridden: shown.collect() })
    }
}

impl Origin {
    fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File(_) => 1,
            Self::Variable(_) => 2,
            Self::Flag(_) => 3,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(place) => place.fmt(f),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Choice;
    use super::Origin;
    use crate::place::Place;

    #[test]
    fn the_order_is_the_precedence() {
        let file = Origin::File(Place::file("cloze.yaml"));
        assert!(Origin::Default < file && file < Origin::Variable("CLOZE_ENV") && Origin::Variable("Z") < Origin::Flag("-e"));
    }

    #[test]
    fn the_strongest_wins_and_hides_the_others() {
        let near = Origin::File(Place::new("cloze.yaml", 9, 1));
        let far = Origin::File(Place::new("cloze.yaml", 2, 1));
        let choice =
            Choice::of([Some((1, Origin::Default)), Some((2, near.clone())), Some((3, far.clone())), Some((4, Origin::Flag("--n"))), None]);
        assert_eq!(choice.value(), Some(4));
        let effective = choice.effective("n", ToString::to_string).unwrap();
        assert_eq!((effective.value.as_str(), effective.origin), ("4", Origin::Flag("--n")));
        assert_eq!(effective.overridden, [("2".to_owned(), near), ("3".to_owned(), far), ("1".to_owned(), Origin::Default)]);
        assert_eq!(Choice::<u8>::of([]).effective("n", ToString::to_string), None);
    }
}
