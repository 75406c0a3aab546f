//! A project of Google Cloud from its settings.

use std::sync::Arc;

use crate::identity::trust::CredentialDestination;
use crate::key::CloudKmsSettings;
use crate::key::KeyWrap;
use crate::key::cloud_kms;
use crate::key::is_cloud_kms;
use crate::problem::Problem;
use crate::project::VaultSettings;
use crate::project::variable;
use crate::vault::Adapter;
use crate::vault::gcp::GcpVault;
use crate::vault::gcp::Settings;
use crate::vault::gcp::is_service;
use crate::vault::gcp::names;
use crate::wiring::Wiring;
use crate::wiring::setup::Setup;
use crate::wiring::setup::refused;

pub(super) const SETUP: Setup = Setup::remote(adapter, |settings| names(&settings.prefixes()), destinations, key);

fn adapter(wiring: &Wiring<'_>, settings: &VaultSettings) -> Result<Arc<dyn Adapter>, Problem> {
    let credentials = settings.location("credentials");
    let given = Settings {
        project: settings.text("project").to_owned(),
        location: settings.owned("location"),
        endpoint: settings.owned("endpoint"),
        credentials: credentials.map(|location| wiring.file(&location, "the file of credentials")).transpose()?,
        environment: Arc::clone(wiring.ports.tools),
        prefixes: settings.prefixes(),
        transport: wiring.transport(settings.location("ca"), None)?,
        limits: wiring.limits(settings),
    };
    let vault = GcpVault::new(given, Arc::clone(wiring.ports.entropy), Arc::clone(wiring.ports.clock));
    Ok(Arc::new(vault.map_err(|error| refused(settings, error))?))
}

fn key(wiring: &Wiring<'_>, settings: &VaultSettings) -> Result<Box<dyn KeyWrap>, Problem> {
    let credentials = settings.location("credentials");
    let given = CloudKmsSettings {
        key: settings.key_id(),
        endpoint: settings.owned("endpoint"),
        credentials: credentials.map(|location| wiring.file(&location, "the file of credentials")).transpose()?,
        environment: Arc::clone(wiring.ports.tools),
        transport: wiring.transport(settings.location("ca"), None)?,
        limits: wiring.limits(settings),
        entropy: Arc::clone(wiring.ports.entropy),
        clock: Arc::clone(wiring.ports.clock),
    };
    Ok(Box::new(cloud_kms(given).map_err(|error| refused(settings, error))?))
}

fn destinations<'s>(wiring: &'s Wiring<'_>, settings: &'s VaultSettings) -> Vec<CredentialDestination<'s>> {
    let (is_service, variable): (fn(&str) -> bool, _) = match settings.entry.key {
        Some(_) => (is_cloud_kms, variable::CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS),
        None => (is_service, variable::CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER),
    };
    let named = wiring.set(variable);
    let endpoint = settings.get("endpoint");
    endpoint.map(|address| CredentialDestination { address, audience: None, is_service, named, loopback: true }).into_iter().collect()
}
