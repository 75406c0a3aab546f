//! Asks put together: one call for each version of a secret, whatever number of its keys is asked for.

use std::collections::BTreeMap;

use futures::future::join_all;

use crate::blank::SecretRef;
use crate::service::ServiceError;
use crate::vault::SecretMetadata;
use crate::vault::SecretValue;

/// A version of a secret; the current one without a number.
pub(super) type Version<'a> = (&'a str, Option<u64>);

/// Asks, and which of them one call answers.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    asks: &'a [SecretRef],
    wanted: BTreeMap<Version<'a>, Vec<usize>>,
    refused: Vec<(usize, ServiceError)>,
}

/// An answer that tells its version.
pub(super) trait Versioned {
    fn version(&self) -> &str;
    fn set_current(&mut self, current: bool);
}

impl<'a> Batch<'a> {
    /// `pinned` gives the version that an ask pins, if it can be asked at all.
    pub(super) fn new(asks: &'a [SecretRef], pinned: impl Fn(&SecretRef) -> Result<Option<u64>, ServiceError>) -> Self {
        let mut batch = Self { asks, wanted: BTreeMap::new(), refused: Vec::new() };
        for (index, ask) in asks.iter().enumerate() {
            match pinned(ask) {
                Ok(version) => batch.wanted.entry((&ask.name, version)).or_default().push(index),
                Err(error) => batch.refused.push((index, error)),
            }
        }
        batch
    }

    /// The versions that are wanted.
    pub(super) fn versions(&self) -> impl Iterator<Item = Version<'a>> {
        self.wanted.keys().copied()
    }

    /// All answers in the order of the asks, where `call` gives those to the keys that are wanted of a version.
    pub(super) async fn answers<T, F>(self, call: impl Fn(Version<'a>, Vec<Option<&'a str>>) -> F) -> Vec<Result<T, ServiceError>>
    where
        T: Versioned,
        F: Future<Output = Vec<Result<T, ServiceError>>>,
    {
        let keys = |indexes: &[usize]| indexes.iter().map(|index| self.asks[*index].key.as_deref()).collect();
        let calls: Vec<F> = self.wanted.iter().map(|(version, indexes)| call(*version, keys(indexes))).collect();
        let mut answers: Vec<Option<Result<T, ServiceError>>> = self.asks.iter().map(|_| None).collect();
        for (indexes, list) in self.wanted.values().zip(join_all(calls).await) {
            for (index, answer) in indexes.iter().zip(list) {
                answers[*index] = Some(answer);
            }
        }
        // Where the current version was read as well, a pinned one is known to be current or not.
        let mut current: BTreeMap<&str, String> = BTreeMap::new();
        for ((name, _), indexes) in self.wanted.iter().filter(|((_, version), _)| version.is_none()) {
            let version = indexes.iter().find_map(|index| Some(answers[*index].as_ref()?.as_ref().ok()?.version().to_owned()));
            current.extend(version.map(|version| (*name, version)));
        }
        for (ask, answer) in self.asks.iter().zip(&mut answers) {
            if let (Some(Ok(answer)), Some(version)) = (answer, current.get(ask.name.as_str())) {
                answer.set_current(answer.version() == version);
            }
        }
        for (index, error) in self.refused {
            answers[index] = Some(Err(error));
        }
        answers.into_iter().map(|answer| answer.unwrap_or_else(|| unreachable!("each ask was planned or refused"))).collect()
    }
}

impl Versioned for SecretValue {
    fn version(&self) -> &str {
        &self.version
    }

    fn set_current(&mut self, current: bool) {
        self.current = Some(current);
    }
}

impl Versioned for SecretMetadata {
    fn version(&self) -> &str {
        &self.version
    }

    fn set_current(&mut self, current: bool) {
        self.current = Some(current);
    }
}
