//! A vault whose values somebody hears of before anyone uses them.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::blank::SecretRef;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::vault::CallPlan;
use crate::vault::SecretMetadata;
use crate::vault::SecretValue;
use crate::vault::Vault;

/// Hears of values.
pub trait Listener: fmt::Debug + Send + Sync {
    /// Hears of a value that was fetched.
    fn hear(&self, value: &Secret);
}

/// A vault that tells a listener of each value before it gives it.
#[derive(Debug)]
pub struct Announced {
    vault: Arc<dyn Vault>,
    listener: Arc<dyn Listener>,
}

impl Announced {
    /// `vault`, listened to.
    pub fn new(vault: Arc<dyn Vault>, listener: Arc<dyn Listener>) -> Self {
        Self { vault, listener }
    }
}

#[async_trait]
impl Vault for Announced {
    fn check_name(&self, name: &str) -> Result<(), String> {
        self.vault.check_name(name)
    }

    async fn fetch(&self, asks: &[SecretRef]) -> Vec<Result<SecretValue, ServiceError>> {
        let answers = self.vault.fetch(asks).await;
        for fetched in answers.iter().flatten() {
            self.listener.hear(&fetched.value);
        }
        answers
    }

    fn plan(&self, asks: &[SecretRef]) -> CallPlan {
        self.vault.plan(asks)
    }

    async fn probe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        self.vault.probe(asks).await
    }
}

impl fmt::Display for Announced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.vault.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::Mutex;

    use super::Announced;
    use super::Listener;
    use crate::secret::Secret;
    use crate::vault::Vault;
    use crate::vault::memory::MemoryVault;
    use crate::vault::suite::ask;

    #[derive(Debug, Default)]
    struct Heard(Mutex<Vec<Vec<u8>>>);

    impl Listener for Heard {
        fn hear(&self, value: &Secret) {
            self.0.lock().unwrap().push(value.expose().to_vec());
        }
    }

    #[tokio::test]
    async fn each_fetched_value_is_heard_and_no_probed_one() {
        let memory = MemoryVault::default();
        memory.set("a", Secret::copy_of(b"one"));
        let heard = Arc::new(Heard::default());
        let vault = Announced::new(Arc::new(memory), Arc::clone(&heard) as Arc<dyn Listener>);
        assert!(vault.probe(&[ask("a")]).await[0].is_ok());
        assert!(heard.0.lock().unwrap().is_empty());
        let answers = vault.fetch(&[ask("a"), ask("none")]).await;
        assert!(answers[0].is_ok() && answers[1].is_err());
        assert_eq!(*heard.0.lock().unwrap(), [b"one".to_vec()]);
    }
}
