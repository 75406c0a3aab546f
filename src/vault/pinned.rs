//! A vault that gives the versions of another time.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::blank::Ask;
use crate::vault::Fetched;
use crate::vault::Finding;
use crate::vault::Found;
use crate::vault::Listed;
use crate::vault::Plan;
use crate::vault::Vault;
use crate::vault::VaultError;

/// A vault before which each ask without a version gets the one that is written down for it.
#[derive(Debug)]
pub struct Pinned {
    vault: Arc<dyn Vault>,
    versions: Arc<BTreeMap<Ask, String>>,
}

impl Pinned {
    /// `vault`, asked for these versions.
    pub fn new(vault: Arc<dyn Vault>, versions: Arc<BTreeMap<Ask, String>>) -> Self {
        Self { vault, versions }
    }

    fn pinned(&self, asks: &[Ask]) -> Vec<Ask> {
        let pin = |ask: &Ask| Ask { version: ask.version.clone().or_else(|| self.versions.get(ask).cloned()), ..ask.clone() };
        asks.iter().map(pin).collect()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Vault for Pinned {
    fn check_name(&self, name: &str) -> Result<(), String> {
        self.vault.check_name(name)
    }

    async fn fetch(&self, asks: &[Ask]) -> Vec<Result<Fetched, VaultError>> {
        self.vault.fetch(&self.pinned(asks)).await
    }

    fn plan(&self, asks: &[Ask]) -> Plan {
        self.vault.plan(&self.pinned(asks))
    }

    async fn probe(&self, asks: &[Ask]) -> Vec<Result<Found, VaultError>> {
        self.vault.probe(&self.pinned(asks)).await
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

impl fmt::Display for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.vault.fmt(f)
    }
}
