//! A vault that gives the versions of another time.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::blank::SecretRef;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::vault::CallPlan;
use crate::vault::SecretMetadata;
use crate::vault::SecretValue;
use crate::vault::Vault;

/// A vault before which each ask gets the version that is written down for it. An answer with another version is refused; where the version
/// may be why there is no answer, that is said with where it comes from.
#[derive(Debug)]
pub struct Pinned {
    vault: Arc<dyn Vault>,
    pins: Arc<BTreeMap<SecretRef, Pin>>,
}

/// A version that is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The version, as the vault writes it.
    pub version: String,
    /// Where it is written: the end of a sentence such as `as … says`.
    pub source: String,
    /// What to do where the vault has it no more, as an imperative fragment.
    pub otherwise: &'static str,
}

impl Pinned {
    /// `vault`, asked for these versions.
    pub fn new(vault: Arc<dyn Vault>, pins: Arc<BTreeMap<SecretRef, Pin>>) -> Self {
        Self { vault, pins }
    }

    fn pinned(&self, asks: &[SecretRef]) -> Vec<SecretRef> {
        let pin = |ask: &SecretRef| SecretRef {
            version: self.pins.get(ask).map(|pin| pin.version.clone()).or_else(|| ask.version.clone()),
            ..ask.clone()
        };
        asks.iter().map(pin).collect()
    }

    /// The answers, but for those with another version than the one that is written down.
    fn held<T>(
        &self,
        asks: &[SecretRef],
        answers: Vec<Result<T, ServiceError>>,
        version: impl Fn(&T) -> &str,
    ) -> Vec<Result<T, ServiceError>> {
        let hold = |(index, answer): (usize, Result<T, ServiceError>)| {
            let Some(pin) = asks.get(index).and_then(|ask| self.pins.get(ask)) else { return answer };
            match answer {
                Ok(answer) if version(&answer) == pin.version => Ok(answer),
                Ok(answer) => Err(pin.broken(version(&answer))),
                Err(error) if depends_on_version(error.fault) => Err(pin.blamed(&error)),
                Err(error) => Err(error),
            }
        };
        answers.into_iter().enumerate().map(hold).collect()
    }
}

#[async_trait]
impl Vault for Pinned {
    fn check_name(&self, name: &str) -> Result<(), String> {
        self.vault.check_name(name)
    }

    async fn fetch(&self, asks: &[SecretRef]) -> Vec<Result<SecretValue, ServiceError>> {
        self.held(asks, self.vault.fetch(&self.pinned(asks)).await, |fetched| &fetched.version)
    }

    fn plan(&self, asks: &[SecretRef]) -> CallPlan {
        self.vault.plan(&self.pinned(asks))
    }

    async fn probe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        self.held(asks, self.vault.probe(&self.pinned(asks)).await, |found| &found.version)
    }
}

impl fmt::Display for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.vault.fmt(f)
    }
}

impl Pin {
    /// The error of an answer with another version.
    fn broken(&self, version: &str) -> ServiceError {
        ServiceError::new(
            ServiceFault::Unavailable,
            format!("version {} was asked for, as {} says, and the vault answered with {}", self.version, self.source, shown(version)),
            "find out what answers there: it does not give what it is asked for",
        )
    }

    fn blamed(&self, error: &ServiceError) -> ServiceError {
        ServiceError {
            reason: format!("{}; version {} was asked for, as {} says", error.reason, self.version, self.source),
            next: format!("{}, or {}", error.next, self.otherwise),
            fault: error.fault,
        }
    }
}

/// Whether another version could have been had.
fn depends_on_version(fault: ServiceFault) -> bool {
    matches!(fault, ServiceFault::NotFound | ServiceFault::Gone | ServiceFault::BadName | ServiceFault::Unsupported)
}

fn shown(version: &str) -> String {
    if version.is_empty() { "no version".to_owned() } else { format!("version {}", version.chars().take(64).collect::<String>()) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Pin;
    use super::Pinned;
    use crate::blank::SecretRef;
    use crate::secret::Secret;
    use crate::vault::Vault;
    use crate::vault::memory::MemoryVault;
    use crate::vault::suite::ask;

    fn pin(version: &str, source: &str) -> Pin {
        Pin { version: version.to_owned(), source: source.to_owned(), otherwise: "run `cloze lock` for the versions that are there" }
    }

    #[tokio::test]
    async fn the_version_and_where_it_comes_from_are_told() {
        let memory = MemoryVault::default();
        memory.set("a", Secret::copy_of(b"one"));
        let pins = [(ask("a"), pin("9", "locks/dev.lock:5:5")), (ask("b"), pin("8", "the lock file"))];
        let vault = Pinned::new(Arc::new(memory), Arc::new(pins.into()));
        let asks = [ask("a"), ask("b"), ask("c")];
        let fetched = vault.fetch(&asks).await.into_iter().map(|answer| answer.map(drop));
        let probed = vault.probe(&asks).await.into_iter().map(|answer| answer.map(drop));
        for answers in [fetched.collect::<Vec<_>>(), probed.collect()] {
            let shown: Vec<String> =
                answers.into_iter().map(|answer| answer.unwrap_err()).map(|e| format!("{}; {}", e.reason, e.next)).collect();
            assert!(shown[0].contains("; version 9 was asked for, as locks/dev.lock:5:5 says; "), "{shown:?}");
            assert!(shown[1].contains("; version 8 was asked for, as the lock file says; "), "{shown:?}");
            assert!(shown[..2].iter().all(|shown| shown.ends_with(", or run `cloze lock` for the versions that are there")), "{shown:?}");
            assert!(!shown[2].contains("lock"), "{shown:?}");
        }
    }

    #[tokio::test]
    async fn what_is_written_down_is_asked_for_and_held_against_the_answer() {
        let memory = MemoryVault::default();
        for value in ["one", "two", "three"] {
            memory.set("a", Secret::copy_of(value.as_bytes()));
            memory.set("b", Secret::copy_of(value.as_bytes()));
        }
        let staged = SecretRef { version: Some("3".to_owned()), ..ask("a") };
        let versions = [(ask("a"), pin("2", "x")), (ask("b"), pin("1", "x")), (staged.clone(), pin("1", "x"))].into();
        let pinned = Pinned::new(Arc::new(memory), Arc::new(versions));
        let values: Vec<String> = pinned
            .fetch(&[ask("a"), ask("b"), staged, SecretRef { version: Some("3".to_owned()), ..ask("b") }])
            .await
            .into_iter()
            .map(|answer| answer.unwrap().value.expose_text().unwrap().to_owned())
            .collect();
        assert_eq!(values, ["two", "one", "one", "three"]);
        assert_eq!(pinned.probe(&[ask("a")]).await.remove(0).unwrap().version, "2");
    }

    #[tokio::test]
    async fn another_version_than_the_one_asked_for_is_refused() {
        let lying = Lying::default();
        let pinned = Pinned::new(Arc::new(lying), Arc::new([(ask("a"), pin("3", "x")), (ask("b"), pin("3", "x"))].into()));
        let shown = |error: crate::service::ServiceError| format!("{}; {}", error.reason, error.next);
        let fetched = pinned.fetch(&[ask("a"), ask("other")]).await;
        assert!(fetched[1].is_ok());
        assert_eq!(
            fetched.into_iter().next().unwrap().map(|_| ()).map_err(shown).unwrap_err(),
            "version 3 was asked for, as x says, and the vault answered with version 4; find out what answers there: it does not give what it is asked for"
        );
        let probed = pinned.probe(&[ask("b")]).await.remove(0).map(|_| ()).map_err(shown).unwrap_err();
        assert!(probed.starts_with("version 3 was asked for, as x says, and the vault answered with no version; "), "{probed}");
    }

    /// Answers everything with version 4, and a probe with none.
    #[derive(Debug, Default)]
    struct Lying {
        memory: MemoryVault,
    }

    impl std::fmt::Display for Lying {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a vault that lies")
        }
    }

    #[async_trait::async_trait]
    impl Vault for Lying {
        fn check_name(&self, name: &str) -> Result<(), String> {
            self.memory.check_name(name)
        }

        async fn fetch(&self, asks: &[SecretRef]) -> Vec<Result<crate::vault::SecretValue, crate::service::ServiceError>> {
            let fetched = |_: &SecretRef| crate::vault::SecretValue {
                value: Secret::copy_of(b"v"),
                shape: crate::vault::Shape::Plain,
                version: "4".to_owned(),
                current: None,
                not_before: None,
                expires: None,
                created: None,
            };
            asks.iter().map(fetched).map(Ok).collect()
        }

        fn plan(&self, asks: &[SecretRef]) -> crate::vault::CallPlan {
            self.memory.plan(asks)
        }

        async fn probe(&self, asks: &[SecretRef]) -> Vec<Result<crate::vault::SecretMetadata, crate::service::ServiceError>> {
            let none = |found: crate::vault::SecretValue| crate::vault::SecretMetadata {
                version: String::new(),
                ..crate::vault::SecretMetadata::from(&found)
            };
            self.fetch(asks).await.into_iter().map(|answer| answer.map(none)).collect()
        }
    }
}
