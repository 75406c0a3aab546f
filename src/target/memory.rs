//! A target in memory, for tests and for callers that hand manifests on themselves.

use std::fmt;
use std::sync::Mutex;
use std::sync::PoisonError;

use async_trait::async_trait;
use futures::lock;

use crate::problem::Problem;
use crate::secret::Secret;
use crate::target::Claim;
use crate::target::Effect;
use crate::target::ManifestSet;
use crate::target::ObjectEffect;
use crate::target::ObservedObject;
use crate::target::Put;
use crate::target::Reservation;
use crate::target::Target;

/// A target in memory.
#[derive(Debug, Default)]
pub struct MemoryTarget {
    held: Mutex<Vec<(ObservedObject, Secret)>>,
    writer: lock::Mutex<()>,
}

#[async_trait]
impl Target for MemoryTarget {
    async fn reserve(&self, _: &Claim) -> Result<Box<dyn Reservation + '_>, Problem> {
        Ok(Box::new(Reserved { target: self, _writer: self.writer.lock().await }))
    }

    async fn observe(&self) -> Result<Option<Vec<ObservedObject>>, Problem> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Some(held.iter().map(|(object, _)| object.clone()).collect()))
    }
}

struct Reserved<'a> {
    target: &'a MemoryTarget,
    _writer: lock::MutexGuard<'a, ()>,
}

#[async_trait]
impl Reservation for Reserved<'_> {
    async fn put(&mut self, set: &ManifestSet<'_>) -> Result<Put, Problem> {
        let mut held = self.target.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = std::mem::take(&mut *held);
        let mut objects = Vec::with_capacity(set.manifests.len());
        for manifest in &set.manifests {
            let object = manifest.named_by_template();
            let old = before.iter().position(|(old, _)| old.named_by_template() == object).map(|index| before.remove(index));
            let effect = match old {
                None => Effect::Created,
                Some((old, bytes)) if old.identity == *manifest.identity && bytes.expose() == manifest.bytes => Effect::Unchanged,
                Some(_) => Effect::Changed,
            };
            objects.push(ObjectEffect { object, effect });
            let observed = ObservedObject { identity: manifest.identity.clone(), base: manifest.base.to_owned() };
            held.push((observed, Secret::copy_of(manifest.bytes)));
        }
        objects.extend(before.iter().map(|(old, _)| ObjectEffect { object: old.named_by_template(), effect: Effect::Removed }));
        Ok(Put { objects, ..Put::default() })
    }
}

impl fmt::Display for MemoryTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("memory")
    }
}

#[cfg(test)]
mod tests {
    use super::MemoryTarget;
    use crate::target::suite;

    #[tokio::test]
    async fn passes_the_suite() {
        suite::run(&MemoryTarget::default()).await;
    }
}
