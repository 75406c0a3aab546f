//! The run's own variables as a vault.

use std::sync::Arc;

use crate::problem::Problem;
use crate::project::VaultSettings;
use crate::vault::Adapter;
use crate::vault::env::EnvVault;
use crate::vault::env::Settings;
use crate::vault::env::names;
use crate::wiring::Wiring;
use crate::wiring::setup::Setup;
use crate::wiring::setup::refused;

pub(super) const SETUP: Setup = Setup::here(adapter, |settings| names(settings.text("prefix"), &settings.prefixes()));

fn adapter(wiring: &Wiring<'_>, settings: &VaultSettings) -> Result<Arc<dyn Adapter>, Problem> {
    let given = Settings {
        prefix: settings.text("prefix").to_owned(),
        variables: Arc::clone(wiring.ports.surroundings),
        prefixes: settings.prefixes(),
    };
    Ok(Arc::new(EnvVault::new(given).map_err(|error| refused(settings, error))?))
}
