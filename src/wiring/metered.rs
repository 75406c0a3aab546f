//! A vault whose calls are counted from outside.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::blank::SecretRef;
use crate::service::Diagnostic;
use crate::service::Meter;
use crate::service::ServiceError;
use crate::vault::ListedSecret;
use crate::vault::Plan;
use crate::vault::SecretMetadata;
use crate::vault::SecretValue;
use crate::vault::Vault;

/// A vault that takes one call for all that it is asked at once, as its plan says, and that has no meter of its own.
#[derive(Debug)]
pub(super) struct Metered<V> {
    vault: V,
    meter: Arc<Meter>,
}

impl<V> Metered<V> {
    /// `vault`, counted by `meter`.
    pub(super) fn new(vault: V, meter: Arc<Meter>) -> Self {
        Self { vault, meter }
    }

    async fn counted<T>(&self, asks: &[SecretRef], call: impl Future<Output = T>) -> T {
        if asks.is_empty() {
            return call.await;
        }
        self.meter.send();
        let answer = call.await;
        self.meter.answer();
        answer
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<V: Vault> Vault for Metered<V> {
    fn check_name(&self, name: &str) -> Result<(), String> {
        self.vault.check_name(name)
    }

    async fn fetch(&self, asks: &[SecretRef]) -> Vec<Result<SecretValue, ServiceError>> {
        self.counted(asks, self.vault.fetch(asks)).await
    }

    fn plan(&self, asks: &[SecretRef]) -> Plan {
        self.vault.plan(asks)
    }

    async fn probe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        self.counted(asks, self.vault.probe(asks)).await
    }

    async fn list(&self) -> Result<Vec<ListedSecret>, ServiceError> {
        self.vault.list().await
    }

    async fn examine(&self) -> Vec<Diagnostic> {
        self.vault.examine().await
    }

    async fn close(&self) -> Result<(), ServiceError> {
        self.vault.close().await
    }
}

impl<V: fmt::Display> fmt::Display for Metered<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.vault.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Metered;
    use crate::blank::SecretRef;
    use crate::service::Meter;
    use crate::vault::Vault;
    use crate::vault::memory::MemoryVault;

    #[tokio::test]
    async fn asking_for_something_is_a_call() {
        let meter = Arc::new(Meter::default());
        let vault = Metered::new(MemoryVault::default(), Arc::clone(&meter));
        let ask = SecretRef { vault: "v".to_owned(), name: "a".to_owned(), key: None, version: None };
        assert!(vault.fetch(&[]).await.is_empty());
        assert_eq!((meter.sent(), meter.answered()), (0, 0));
        assert!(vault.fetch(&[ask.clone(), ask.clone()]).await[0].is_err());
        assert!(vault.probe(&[ask]).await[0].is_err());
        assert_eq!((meter.sent(), meter.answered()), (2, 2));
    }
}
