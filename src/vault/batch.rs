//! Asks put together: each version of a secret is read once, whatever number of its keys is asked for.

use std::collections::BTreeMap;

use futures::future::join_all;

use crate::blank::SecretRef;
use crate::service::ServiceError;
use crate::vault::current;
use crate::vault::current::Versioned;

/// What a list of answers holds.
pub(crate) type BatchAnswers<T> = Vec<Result<T, ServiceError>>;

/// Asks, and which of them have one answer in common: those with an equal `W`, which is what the vault is asked for.
#[derive(Debug)]
pub(crate) struct Batch<'a, W> {
    asks: &'a [SecretRef],
    wanted: BTreeMap<W, Vec<usize>>,
    refused: Vec<(usize, ServiceError)>,
}

impl<'a, W: Ord> Batch<'a, W> {
    /// `wanted` gives what an ask is for, if it can be asked at all.
    pub(crate) fn new(asks: &'a [SecretRef], wanted: impl Fn(&'a SecretRef) -> Result<W, ServiceError>) -> Self {
        let mut batch = Self { asks, wanted: BTreeMap::new(), refused: Vec::new() };
        for (index, ask) in asks.iter().enumerate() {
            match wanted(ask) {
                Ok(wanted) => batch.wanted.entry(wanted).or_default().push(index),
                Err(error) => batch.refused.push((index, error)),
            }
        }
        batch
    }

    /// What is wanted, in order.
    pub(crate) fn wanted(&self) -> impl ExactSizeIterator<Item = &W> {
        self.wanted.keys()
    }

    /// The same with the keys that are wanted of each; the whole without one.
    pub(crate) fn keyed(&self) -> impl Iterator<Item = (&W, Vec<Option<&'a str>>)> {
        let keys = |indexes: &[usize]| indexes.iter().map(|index| self.asks[*index].key.as_deref()).collect();
        self.wanted.iter().map(move |(wanted, indexes)| (wanted, keys(indexes)))
    }

    /// All answers in the order of the asks, where nothing could be read.
    pub(crate) fn failed<T: Versioned>(self, error: &ServiceError) -> BatchAnswers<T> {
        let reads = self.wanted.keys().map(|_| Err::<(), _>(error.clone())).collect();
        self.collect(reads, |(), _| Err(error.clone()))
    }

    /// All answers in the order of the asks, where `reads` are those to what is wanted, and `of` takes a key out of one.
    pub(crate) fn collect<R, T: Versioned>(
        self,
        reads: Vec<Result<R, ServiceError>>,
        of: impl Fn(&R, Option<&str>) -> Result<T, ServiceError>,
    ) -> BatchAnswers<T> {
        let lists = self.keyed().zip(reads).map(|((_, keys), read)| match read {
            Ok(read) => keys.into_iter().map(|key| of(&read, key)).collect(),
            Err(error) => keys.iter().map(|_| Err(error.clone())).collect(),
        });
        let lists = lists.collect();
        self.placed(lists)
    }

    /// All answers in the order of the asks, where `call` gives those to the keys that are wanted of one secret and version.
    pub(crate) async fn answers<T, F>(self, call: impl Fn(W, Vec<Option<&'a str>>) -> F) -> BatchAnswers<T>
    where
        W: Copy,
        T: Versioned,
        F: Future<Output = BatchAnswers<T>>,
    {
        let calls: Vec<F> = self.keyed().map(|(wanted, keys)| call(*wanted, keys)).collect();
        let lists = join_all(calls).await;
        self.placed(lists)
    }

    fn placed<T: Versioned>(self, lists: Vec<BatchAnswers<T>>) -> BatchAnswers<T> {
        let mut answers: Vec<Option<Result<T, ServiceError>>> = self.asks.iter().map(|_| None).collect();
        for (index, answer) in self.wanted.values().zip(lists).flat_map(|(indexes, list)| indexes.iter().zip(list)) {
            answers[*index] = Some(answer);
        }
        for (index, error) in self.refused {
            answers[index] = Some(Err(error));
        }
        let mut answers: BatchAnswers<T> =
            answers.into_iter().map(|answer| answer.unwrap_or_else(|| unreachable!("each ask is wanted or refused"))).collect();
        current::tell(self.asks, &mut answers);
        answers
    }
}
