//! Azure Key Vault.

use std::sync::Arc;
use std::time::Duration;

use cloze::clock::Machine;
use cloze::identity::azure::Credential;
use cloze::secret::Secret;
use cloze::service::ServiceFault;
use cloze::service::http::Limits;
use cloze::vault::Adapter;
use cloze::vault::azure::Settings;
use vault_mock::Fault;
use vault_mock::Options;
use vault_mock::Server;
use vault_mock::azure::Azure;
use vault_mock::azure::Seed;

use crate::rig::Rig;
use crate::rig::secrets;
use cloze::vault::azure::AzureVault;

pub(super) fn serve(latency: Duration) -> Server<Azure> {
    let seed = secrets().fold(Seed::default(), |seed, (name, value)| seed.secret(&name, &value));
    Azure::serve_with(seed, Options::latency(latency)).unwrap()
}

impl Rig for Server<Azure> {
    fn kind(&self) -> &'static str {
        "azure"
    }

    fn vault(&self, limits: Limits) -> Arc<dyn Adapter> {
        let (client, secret) = self.protocol().client();
        let tenant = self.protocol().tenant();
        let credential = Credential::ClientSecret { tenant, client, secret: Secret::copy_of(secret.as_bytes()) };
        let url = self.url();
        let settings = Settings { authority: Some(url.clone()), limits, ..Settings::new(url, credential) };
        Arc::new(AzureVault::new(settings, Arc::new(Machine), Arc::new(Machine)).unwrap())
    }

    fn calls(&self, secrets: usize) -> (usize, usize) {
        (secrets, 2)
    }

    fn credentials(&self) -> Vec<String> {
        vec![self.protocol().client().1]
    }

    fn refusals(&self) -> Vec<(Fault, ServiceFault)> {
        vec![
            (Fault::status(401), ServiceFault::Unauthenticated),
            (Fault::variant(403, "disabled"), ServiceFault::Gone),
            (Fault::variant(403, "firewall"), ServiceFault::Denied),
            (Fault::variant(403, "connection"), ServiceFault::Denied),
            (Fault::variant(403, "rbac"), ServiceFault::Denied),
            (Fault::variant(403, "policy"), ServiceFault::Denied),
            (Fault::status(404), ServiceFault::NotFound),
            (Fault::status(429), ServiceFault::RateLimited),
            (Fault::throttled(3600), ServiceFault::RateLimited),
        ]
    }
}
