//! A vault that is asked for the versions of a lock file, and says so where it has none of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::blank::Ask;
use crate::project::Said;
use crate::vault::Fetched;
use crate::vault::Finding;
use crate::vault::Found;
use crate::vault::Listed;
use crate::vault::Plan;
use crate::vault::Vault;
use crate::vault::VaultError;
use crate::vault::VaultFault;
use crate::vault::pinned::Pinned;

/// A vault before which each ask gets its version of the lock file.
#[derive(Debug)]
pub(super) struct Locked {
    vault: Pinned,
    versions: Arc<BTreeMap<Ask, Said<String>>>,
}

impl Locked {
    /// `vault`, asked for these versions.
    pub(super) fn new(vault: Arc<dyn Vault>, versions: Arc<BTreeMap<Ask, Said<String>>>) -> Self {
        let plain = versions.iter().map(|(ask, version)| (ask.clone(), version.value.clone())).collect();
        Self { vault: Pinned::new(vault, Arc::new(plain)), versions }
    }

    /// The answers; where a version may be why there is none, that is said with where it comes from.
    fn told<T>(&self, asks: &[Ask], answers: Vec<Result<T, VaultError>>) -> Vec<Result<T, VaultError>> {
        let tell = |(index, answer): (usize, Result<T, VaultError>)| {
            answer.map_err(|error| match asks.get(index).and_then(|ask| self.versions.get(ask)) {
                Some(version) if depends_on_version(error.fault) => blamed(&error, version),
                _ => error,
            })
        };
        answers.into_iter().enumerate().map(tell).collect()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Vault for Locked {
    fn check_name(&self, name: &str) -> Result<(), String> {
        self.vault.check_name(name)
    }

    async fn fetch(&self, asks: &[Ask]) -> Vec<Result<Fetched, VaultError>> {
        self.told(asks, self.vault.fetch(asks).await)
    }

    fn plan(&self, asks: &[Ask]) -> Plan {
        self.vault.plan(asks)
    }

    async fn probe(&self, asks: &[Ask]) -> Vec<Result<Found, VaultError>> {
        self.told(asks, self.vault.probe(asks).await)
    }

    async fn list(&self) -> Result<Vec<Listed>, VaultError> {
        self.vault.list().await
    }

    async fn examine(&self) -> Vec<Finding> {
        self.vault.examine().await
    }

    async fn close(&self) -> Result<(), VaultError> {
        self.vault.close().await
    }
}

impl fmt::Display for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.vault.fmt(f)
    }
}

/// Whether another version could have been had.
fn depends_on_version(fault: VaultFault) -> bool {
    matches!(fault, VaultFault::NotFound | VaultFault::Gone | VaultFault::BadName | VaultFault::Unsupported)
}

fn blamed(error: &VaultError, version: &Said<String>) -> VaultError {
    let source = version.place.as_ref().map_or_else(|| "the lock file".to_owned(), ToString::to_string);
    VaultError {
        reason: format!("{}; version {} was asked for, as {source} says", error.reason, version.value),
        next: format!("{}, or run `cloze lock` for the versions that are there", error.next),
        fault: error.fault,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Locked;
    use crate::blank::Ask;
    use crate::place::Place;
    use crate::project::Said;
    use crate::secret::Secret;
    use crate::vault::Vault;
    use crate::vault::memory::MemoryVault;

    #[tokio::test]
    async fn the_version_and_where_it_comes_from_are_told() {
        let memory = MemoryVault::default();
        memory.set("a", Secret::copy_of(b"one"));
        let ask = |name: &str| Ask { vault: "v".to_owned(), name: name.to_owned(), key: None, version: None };
        let versions =
            [(ask("a"), Said::at("9".to_owned(), Place::new("locks/dev.lock", 5, 5))), (ask("b"), Said::nowhere("8".to_owned()))];
        let vault = Locked::new(Arc::new(memory), Arc::new(versions.into()));
        let asks = [ask("a"), ask("b"), ask("c")];
        let fetched = vault.fetch(&asks).await.into_iter().map(|answer| answer.map(drop));
        let probed = vault.probe(&asks).await.into_iter().map(|answer| answer.map(drop));
        for answers in [fetched.collect::<Vec<_>>(), probed.collect()] {
            let told: Vec<String> =
                answers.into_iter().map(|answer| answer.unwrap_err()).map(|e| format!("{}; {}", e.reason, e.next)).collect();
            assert!(told[0].contains("; version 9 was asked for, as locks/dev.lock:5:5 says; "), "{told:?}");
            assert!(told[1].contains("; version 8 was asked for, as the lock file says; "), "{told:?}");
            assert!(told[..2].iter().all(|told| told.ends_with(", or run `cloze lock` for the versions that are there")), "{told:?}");
            assert!(!told[2].contains("lock"), "{told:?}");
        }
    }
}
