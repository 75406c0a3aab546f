//! HashiCorp Vault's KV version 2.

use std::sync::Arc;
use std::time::Duration;

use cloze::clock::Machine;
use cloze::secret::Secret;
use cloze::vault::Vault;
use cloze::vault::VaultFault;
use cloze::vault::hashicorp::HashicorpVault;
use cloze::vault::hashicorp::Settings;
use cloze::vault::http::Limits;
use vault_mock::Fault;
use vault_mock::Options;
use vault_mock::Server;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Seed;

use crate::rig::Rig;
use crate::rig::secrets;

pub(super) fn serve(latency: Duration) -> Server<Hashicorp> {
    let seed = secrets().fold(Seed::default(), |seed, (name, value)| seed.secret(&format!("secret/{name}"), &[("value", &value)]));
    Hashicorp::serve_with(seed, Options::latency(latency)).unwrap()
}

impl Rig for Server<Hashicorp> {
    fn kind(&self) -> &'static str {
        "hashicorp"
    }

    fn vault(&self, limits: Limits) -> Arc<dyn Vault> {
        let token = Secret::copy_of(self.protocol().token().as_bytes());
        let settings = Settings { limits, ..Settings::new(self.url(), "secret", token) };
        Arc::new(HashicorpVault::new(settings, Arc::new(Machine)).unwrap())
    }

    fn calls(&self, secrets: usize) -> (usize, usize) {
        (secrets, 0)
    }

    fn credentials(&self) -> Vec<String> {
        vec![self.protocol().token().to_owned()]
    }

    fn refusals(&self) -> Vec<(Fault, VaultFault)> {
        vec![
            (Fault::status(401), VaultFault::Unauthenticated),
            (Fault::status(403), VaultFault::Denied),
            (Fault::worded(403, "1 error occurred: * invalid token"), VaultFault::Unauthenticated),
            (Fault::status(404), VaultFault::NotFound),
            (Fault::status(429), VaultFault::RateLimited),
            (Fault::throttled(3600), VaultFault::RateLimited),
            (Fault::status(412), VaultFault::Unavailable),
        ]
    }
}
