//! A service of AWS from its settings.

use std::sync::Arc;

use crate::identity::aws::is_service;
use crate::identity::trust::CredentialDestination;
use crate::key::KeyWrap;
use crate::key::KmsSettings;
use crate::key::kms;
use crate::problem::Problem;
use crate::project::VaultSettings;
use crate::vault::Adapter;
use crate::vault::aws::AwsVault;
use crate::vault::aws::Service;
use crate::vault::aws::Settings;
use crate::vault::aws::names;
use crate::wiring::Wiring;
use crate::wiring::setup::Setup;
use crate::wiring::setup::refused;

pub(super) const SETUP: Setup =
    Setup::remote(adapter, |settings| names(Service::of(settings.text("service")), &settings.prefixes()), destinations, key);

fn adapter(wiring: &Wiring<'_>, settings: &VaultSettings) -> Result<Arc<dyn Adapter>, Problem> {
    let given = Settings {
        service: Service::of(settings.text("service")),
        region: settings.owned("region"),
        profile: settings.owned("profile"),
        endpoint: settings.owned("endpoint"),
        environment: Arc::clone(wiring.ports.tools),
        prefixes: settings.prefixes(),
        transport: wiring.transport(settings.location("ca"), None)?,
        limits: wiring.limits(settings),
    };
    let vault = AwsVault::new(given, Arc::clone(wiring.ports.entropy), Arc::clone(wiring.ports.clock));
    Ok(Arc::new(vault.map_err(|error| refused(settings, error))?))
}

fn key(wiring: &Wiring<'_>, settings: &VaultSettings) -> Result<Box<dyn KeyWrap>, Problem> {
    Ok(Box::new(kms(KmsSettings {
        key: settings.key_id(),
        region: settings.owned("region"),
        profile: settings.owned("profile"),
        endpoint: settings.owned("endpoint"),
        environment: Arc::clone(wiring.ports.tools),
        transport: wiring.transport(settings.location("ca"), None)?,
        limits: wiring.limits(settings),
        entropy: Arc::clone(wiring.ports.entropy),
        clock: Arc::clone(wiring.ports.clock),
    })))
}

fn destinations<'s>(wiring: &'s Wiring<'_>, settings: &'s VaultSettings) -> Vec<CredentialDestination<'s>> {
    let service = if settings.entry.key.is_some() { None } else { Some(Service::of(settings.text("service"))) };
    let (is_service, own): (fn(&str) -> bool, _) = match service {
        None => (|host| is_service("kms", host), "AWS_ENDPOINT_URL_KMS"),
        Some(Service::ParameterStore) => (|host| is_service("ssm", host), "AWS_ENDPOINT_URL_SSM"),
        Some(Service::SecretsManager) => (|host| is_service("secretsmanager", host), "AWS_ENDPOINT_URL_SECRETS_MANAGER"),
    };
    let named = [own, "AWS_ENDPOINT_URL"].into_iter().find_map(|name| Some((name, wiring.ports.tools.text(name)?)));
    let endpoint = settings.get("endpoint");
    endpoint.map(|address| CredentialDestination { address, audience: None, is_service, named, loopback: true }).into_iter().collect()
}
