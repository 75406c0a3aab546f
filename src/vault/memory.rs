//! A vault in memory, for tests: as strict as the real ones, with versions, removal and expiry.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use async_trait::async_trait;

use crate::blank::SecretRef;
use crate::clock::Timestamp;
use crate::secret::Secret;
use crate::service::Diagnostic;
use crate::service::DiagnosticStep;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::vault::CallPlan;
use crate::vault::Close;
use crate::vault::Diagnose;
use crate::vault::ListSecrets;
use crate::vault::ListedSecret;
use crate::vault::SecretMetadata;
use crate::vault::SecretValue;
use crate::vault::Vault;
use crate::vault::name;

/// A vault in memory.
#[derive(Debug, Default)]
pub(crate) struct MemoryVault {
    state: Mutex<VaultState>,
}

#[derive(Debug, Default)]
struct VaultState {
    secrets: BTreeMap<String, Vec<MemoryVersion>>,
}

/// A version; without a value it is a removed one.
#[derive(Debug, Default)]
struct MemoryVersion {
    value: Option<Secret>,
    not_before: Option<Timestamp>,
    expires: Option<Timestamp>,
}

impl MemoryVault {
    /// Adds a version of a secret and gives its number.
    ///
    /// # Panics
    /// When `name` cannot be a name: a test is wrong.
    pub(crate) fn set(&self, name: &str, value: Secret) -> u64 {
        assert_eq!(name::check(name), Ok(()));
        self.push(name, MemoryVersion { value: Some(value), ..MemoryVersion::default() })
    }

    /// Removes a secret; pinned old versions still open.
    pub(crate) fn remove(&self, name: &str) -> u64 {
        self.push(name, MemoryVersion::default())
    }

    /// Says from when until when the current version of a secret is meant to be used.
    pub(crate) fn limit(&self, name: &str, not_before: Option<Timestamp>, expires: Option<Timestamp>) {
        if let Some(version) = self.lock().secrets.get_mut(name).and_then(|versions| versions.last_mut()) {
            version.not_before = not_before;
            version.expires = expires;
        }
    }

    fn push(&self, name: &str, version: MemoryVersion) -> u64 {
        let mut state = self.lock();
        let versions = state.secrets.entry(name.to_owned()).or_default();
        versions.push(version);
        versions.len() as u64
    }

    fn lock(&self) -> MutexGuard<'_, VaultState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl VaultState {
    fn answer(&self, ask: &SecretRef) -> Result<SecretValue, ServiceError> {
        let error = |fault, reason: String| ServiceError::new(fault, reason, "mend the test's vault");
        let name = &ask.name;
        name::check(name).map_err(|reason| error(ServiceFault::BadName, reason))?;
        let pinned = ask.version.as_deref().map(name::version).transpose()?;
        let absent = || error(ServiceFault::NotFound, format!("there is no secret `{name}`"));
        let versions = self.secrets.get(name).ok_or_else(absent)?;
        let last = versions.len() as u64;
        let number = pinned.unwrap_or(last);
        let at = usize::try_from(number - 1).unwrap_or(usize::MAX);
        let version = versions.get(at).ok_or_else(|| error(ServiceFault::NotFound, format!("`{name}` has no version {number}")))?;
        let value = version.value.as_ref().ok_or_else(|| error(ServiceFault::Gone, format!("version {number} of `{name}` was removed")))?;
        let MemoryVersion { not_before, expires, .. } = *version;
        let whole = SecretValue::plain(value.duplicate(), number.to_string(), Some(number == last));
        SecretValue { not_before, expires, ..whole }.of_key(ask.key.as_deref())
    }
}

impl fmt::Display for MemoryVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("vault in memory")
    }
}

#[async_trait]
impl Vault for MemoryVault {
    fn check_name(&self, name: &str) -> Result<(), String> {
        name::check(name)
    }

    async fn fetch(&self, asks: &[SecretRef]) -> Vec<Result<SecretValue, ServiceError>> {
        let state = self.lock();
        asks.iter().map(|ask| state.answer(ask)).collect()
    }

    fn plan(&self, asks: &[SecretRef]) -> CallPlan {
        CallPlan::none(CallPlan::distinct(asks))
    }

    async fn probe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        let state = self.lock();
        asks.iter().map(|ask| state.answer(ask).map(|fetched| SecretMetadata { read: false, ..SecretMetadata::from(&fetched) })).collect()
    }
}

#[async_trait]
impl ListSecrets for MemoryVault {
    async fn list(&self) -> Result<Vec<ListedSecret>, ServiceError> {
        let state = self.lock();
        let listed = state.secrets.iter().map(|(name, versions)| ListedSecret {
            name: name.clone(),
            version: Some(versions.len().to_string()),
            created: None,
            removed: versions.last().is_none_or(|version| version.value.is_none()),
        });
        Ok(listed.collect())
    }

    async fn describe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        self.probe(asks).await
    }
}

#[async_trait]
impl Diagnose for MemoryVault {
    async fn diagnose(&self) -> Vec<Diagnostic> {
        vec![Diagnostic::good(DiagnosticStep::Setup, "in memory")]
    }
}

impl Close for MemoryVault {}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::MemoryVault;
    use crate::clock::Timestamp;
    use crate::secret::Secret;
    use crate::vault::Adapter;
    use crate::vault::Vault;
    use crate::vault::suite;
    use crate::vault::suite::Abilities;
    use crate::vault::suite::Seeded;
    use crate::vault::suite::ask;

    #[async_trait]
    impl Seeded for MemoryVault {
        fn vault(&self) -> &dyn Adapter {
            self
        }

        async fn put(&self, name: &str, value: &[u8]) {
            self.set(name, Secret::copy_of(value));
        }

        async fn put_fields(&self, name: &str, json: &str) {
            self.set(name, Secret::copy_of(json.as_bytes()));
        }

        async fn remove(&self, name: &str) {
            MemoryVault::remove(self, name);
        }

        fn abilities(&self) -> Abilities {
            Abilities { binary: true, probes: true, ..Abilities::default() }
        }
    }

    #[tokio::test]
    async fn conforms() {
        suite::all(&MemoryVault::default()).await;
    }

    #[tokio::test]
    async fn expiry_is_said() {
        let vault = MemoryVault::default();
        vault.set("a", Secret::copy_of(b"v"));
        vault.limit("a", Some(Timestamp(1)), Some(Timestamp(2)));
        let fetched = vault.fetch(&[ask("a")]).await.remove(0).unwrap();
        assert_eq!((fetched.not_before, fetched.expires), (Some(Timestamp(1)), Some(Timestamp(2))));
    }
}
