//! The vaults that a run opened.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use crate::vault::Adapter;
use crate::vault::Vault;

/// The vaults that a run opened, by name: to ask them (as a map of [`Vault`]s), and to close them.
#[derive(Debug, Default)]
pub struct OpenVaults {
    adapters: BTreeMap<String, Arc<dyn Adapter>>,
    asked: BTreeMap<String, Arc<dyn Vault>>,
}

impl OpenVaults {
    /// The same vaults; what is asked goes through what `before` puts before each.
    #[must_use]
    pub fn behind(self, before: impl Fn(Arc<dyn Vault>) -> Arc<dyn Vault>) -> Self {
        let asked = self.asked.into_iter().map(|(name, vault)| (name, before(vault))).collect();
        Self { adapters: self.adapters, asked }
    }

    /// The adapters, by name: to list, to diagnose and to close.
    pub fn adapters(&self) -> &BTreeMap<String, Arc<dyn Adapter>> {
        &self.adapters
    }
}

impl FromIterator<(String, Arc<dyn Adapter>)> for OpenVaults {
    fn from_iter<I: IntoIterator<Item = (String, Arc<dyn Adapter>)>>(vaults: I) -> Self {
        let adapters: BTreeMap<String, Arc<dyn Adapter>> = vaults.into_iter().collect();
        let asked = adapters.iter().map(|(name, adapter)| (name.clone(), Arc::clone(adapter) as Arc<dyn Vault>)).collect();
        Self { adapters, asked }
    }
}

impl Deref for OpenVaults {
    type Target = BTreeMap<String, Arc<dyn Vault>>;

    fn deref(&self) -> &Self::Target {
        &self.asked
    }
}
