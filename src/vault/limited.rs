//! A vault of which the project lets templates see only a part.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::blank::SecretRef;
use crate::service::Diagnostic;
use crate::service::ServiceError;
use crate::vault::ListedSecret;
use crate::vault::Plan;
use crate::vault::SecretMetadata;
use crate::vault::SecretValue;
use crate::vault::Vault;

/// A vault before which only names beneath some prefixes pass.
#[derive(Debug)]
pub struct Limited {
    vault: Arc<dyn Vault>,
    prefixes: Vec<String>,
}

impl Limited {
    /// `vault`, limited to names that are one of `prefixes` or lie beneath one, segment by segment.
    pub fn new(vault: Arc<dyn Vault>, prefixes: &[String]) -> Self {
        let prefixes = prefixes.iter().map(|prefix| prefix.trim_matches('/').to_owned()).collect();
        Self { vault, prefixes }
    }

    fn allows(&self, name: &str) -> bool {
        self.prefixes.iter().any(|prefix| match name.strip_prefix(prefix.as_str()) {
            Some(rest) => rest.is_empty() || rest.starts_with('/'),
            None => false,
        })
    }

    fn allowed(&self, asks: &[SecretRef]) -> Vec<SecretRef> {
        asks.iter().filter(|ask| self.allows(&ask.name)).cloned().collect()
    }

    /// Puts the answers to what was allowed in their places among refusals.
    fn fill<T>(&self, asks: &[SecretRef], answers: Vec<Result<T, ServiceError>>) -> Vec<Result<T, ServiceError>> {
        let mut answers = answers.into_iter();
        let answer = |ask: &SecretRef| match self.check_name(&ask.name) {
            Err(reason) if !self.allows(&ask.name) => Err(ServiceError::limited(reason)),
            _ => answers.next().unwrap_or_else(|| Err(ServiceError::limited("the vault gave no answer".to_owned()))),
        };
        asks.iter().map(answer).collect()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Vault for Limited {
    fn check_name(&self, name: &str) -> Result<(), String> {
        if self.allows(name) {
            self.vault.check_name(name)
        } else {
            Err(format!("the project limits this vault to {}", self.prefixes.join(", ")))
        }
    }

    async fn fetch(&self, asks: &[SecretRef]) -> Vec<Result<SecretValue, ServiceError>> {
        let answers = self.vault.fetch(&self.allowed(asks)).await;
        self.fill(asks, answers)
    }

    fn plan(&self, asks: &[SecretRef]) -> Plan {
        self.vault.plan(&self.allowed(asks))
    }

    async fn probe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        let answers = self.vault.probe(&self.allowed(asks)).await;
        self.fill(asks, answers)
    }

    async fn list(&self) -> Result<Vec<ListedSecret>, ServiceError> {
        let mut list = self.vault.list().await?;
        list.retain(|listed| self.allows(&listed.name));
        Ok(list)
    }

    async fn examine(&self) -> Vec<Diagnostic> {
        self.vault.examine().await
    }

    async fn close(&self) -> Result<(), ServiceError> {
        self.vault.close().await
    }
}

impl ServiceError {
    fn limited(reason: String) -> Self {
        Self {
            fault: crate::service::ServiceFault::Denied,
            reason,
            next: "use another secret, or extend the vault's `prefixes` in the project file".to_owned(),
        }
    }
}

impl fmt::Display for Limited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.vault.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Limited;
    use crate::vault::Vault;
    use crate::vault::memory::MemoryVault;

    #[test]
    fn only_what_lies_beneath_a_prefix_passes() {
        let vault = Limited::new(Arc::new(MemoryVault::default()), &["apps/shop/".to_owned(), "shared".to_owned()]);
        for name in ["apps/shop", "apps/shop/db", "shared/x"] {
            assert_eq!(vault.check_name(name), Ok(()), "{name}");
        }
        for name in ["apps", "apps/shopping", "other/shared", "apps/shop2/db"] {
            assert_eq!(vault.check_name(name), Err("the project limits this vault to apps/shop, shared".to_owned()), "{name}");
        }
    }
}
