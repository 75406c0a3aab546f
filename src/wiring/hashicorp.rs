//! A HashiCorp Vault or OpenBao from its settings.

use std::sync::Arc;

use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::HashicorpTarget;
use crate::project::VaultSettings;
use crate::project::variable;
use crate::vault::hashicorp::HashicorpVault;
use crate::vault::hashicorp::Settings;
use crate::wiring::Wiring;

impl Wiring<'_> {
    /// The vault that `target` describes.
    pub(super) fn hashicorp(
        &self,
        settings: &VaultSettings,
        target: &HashicorpTarget,
        prefixes: Vec<String>,
    ) -> Result<HashicorpVault, Problem> {
        let name = &settings.entry.name.value;
        let HashicorpTarget { address, mount, namespace, .. } = target;
        let token = self
            .variables
            .secret(variable::BAO_TOKEN)
            .or_else(|| self.variables.secret(variable::VAULT_TOKEN))
            .ok_or_else(|| Problem::new(Fault::Vault, format!("vault `{name}` at {address} needs a token"), "set VAULT_TOKEN"))?;
        let given = Settings { namespace: namespace.clone(), prefixes, ..Settings::new(address, mount, token.duplicate()) };
        HashicorpVault::new(given, Arc::clone(self.entropy)).map_err(|error| Problem::new(Fault::Vault, error.reason, error.next))
    }
}
