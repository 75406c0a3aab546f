//! Azure Key Vault.

use std::sync::Arc;
use std::time::Duration;

use cloze::clock::Machine;
use cloze::secret::Secret;
use cloze::vault::Vault;
use cloze::vault::VaultFault;
use cloze::vault::azure::AzureVault;
use cloze::vault::azure::Credential;
use cloze::vault::azure::Settings;
use cloze::vault::http::Limits;
use vault_mock::Fault;
use vault_mock::Journal;
use vault_mock::Options;
use vault_mock::Script;
use vault_mock::Server;
use vault_mock::azure::Azure;
use vault_mock::azure::Seed;

use crate::rig::Rig;
use crate::rig::SECRETS;
use crate::rig::name;
use crate::rig::value;

#[derive(Debug)]
pub(super) struct AzureRig {
    server: Server<Azure>,
}

impl AzureRig {
    pub(super) fn new(latency_ms: u64) -> Self {
        let seed = (0..SECRETS).fold(Seed::default(), |seed, number| seed.secret(&name(number), &value(number)));
        Self { server: Azure::serve_with(seed, Options::latency(Duration::from_millis(latency_ms))).unwrap() }
    }
}

impl Rig for AzureRig {
    fn kind(&self) -> &'static str {
        "azure"
    }

    fn vault(&self, limits: Limits) -> Arc<dyn Vault> {
        let (client, secret) = self.server.protocol().client();
        let tenant = self.server.protocol().tenant();
        let credential = Credential::ClientSecret { tenant, client, secret: Secret::copy_of(secret.as_bytes()) };
        let url = self.server.url();
        let settings = Settings { authority: Some(url.clone()), limits, ..Settings::new(url, credential) };
        Arc::new(AzureVault::new(settings, Arc::new(Machine), Arc::new(Machine)).unwrap())
    }

    fn script(&self, script: Script) {
        self.server.script(script);
    }

    fn heal(&self) {
        self.server.heal();
    }

    fn journal(&self) -> &Journal {
        self.server.journal()
    }

    fn calls(&self, secrets: usize) -> (usize, usize) {
        (secrets, 2)
    }

    fn credentials(&self) -> Vec<String> {
        vec![self.server.protocol().client().1]
    }

    fn refusals(&self) -> Vec<(Fault, VaultFault)> {
        vec![
            (Fault::status(401), VaultFault::Unauthenticated),
            (Fault::variant(403, "disabled"), VaultFault::Gone),
            (Fault::variant(403, "firewall"), VaultFault::Denied),
            (Fault::variant(403, "connection"), VaultFault::Denied),
            (Fault::variant(403, "rbac"), VaultFault::Denied),
            (Fault::variant(403, "policy"), VaultFault::Denied),
            (Fault::status(404), VaultFault::NotFound),
            (Fault::status(429), VaultFault::RateLimited),
            (Fault::throttled(3600), VaultFault::RateLimited),
        ]
    }
}
