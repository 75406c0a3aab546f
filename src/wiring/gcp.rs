//! A project of Google Cloud from its settings.

use std::sync::Arc;

use crate::problem::Problem;
use crate::project::GcpTarget;
use crate::project::VaultSettings;
use crate::vault::gcp::GcpVault;
use crate::vault::gcp::Settings;
use crate::wiring::Wiring;
use crate::wiring::vaults::prefixes;
use crate::wiring::vaults::refused;

impl Wiring<'_> {
    /// The vault that `target` describes.
    pub(super) fn gcp(&self, settings: &VaultSettings, target: &GcpTarget) -> Result<GcpVault, Problem> {
        let given = Settings {
            project: target.project.clone(),
            location: target.location.clone(),
            endpoint: target.endpoint.clone(),
            credentials: target.credentials.as_ref().map(|location| self.file(location, "the file of credentials")).transpose()?,
            environment: Arc::clone(self.ports.tools),
            prefixes: prefixes(settings),
            transport: self.transport(target.ca.as_ref(), None)?,
            limits: self.limits(settings),
        };
        GcpVault::new(given, Arc::clone(self.ports.entropy), Arc::clone(self.ports.clock)).map_err(|error| refused(settings, error))
    }
}
