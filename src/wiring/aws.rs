//! A service of AWS from its settings.

use std::sync::Arc;

use crate::problem::Problem;
use crate::project::AwsTarget;
use crate::project::VaultSettings;
use crate::vault::aws::AwsVault;
use crate::vault::aws::Service;
use crate::vault::aws::Settings;
use crate::wiring::Wiring;
use crate::wiring::vaults::prefixes;
use crate::wiring::vaults::refused;

impl Wiring<'_> {
    /// The vault that `target` describes.
    pub(super) fn aws(&self, settings: &VaultSettings, target: &AwsTarget) -> Result<AwsVault, Problem> {
        let given = Settings {
            service: Service::of(&target.service),
            region: target.region.clone(),
            profile: target.profile.clone(),
            endpoint: target.endpoint.clone(),
            environment: Arc::clone(self.ports.tools),
            prefixes: prefixes(settings),
            transport: self.transport(target.ca.as_ref(), None)?,
            limits: self.limits(settings),
        };
        AwsVault::new(given, Arc::clone(self.ports.entropy), Arc::clone(self.ports.clock)).map_err(|error| refused(settings, error))
    }
}
