//! HashiCorp Vault's KV version 2.

use std::sync::Arc;
use std::time::Duration;

use cloze::clock::Machine;
use cloze::secret::Secret;
use cloze::service::ServiceFault;
use cloze::service::http::Limits;
use cloze::vault::Adapter;
use cloze::vault::hashicorp::Settings;
use vault_mock::Fault;
use vault_mock::Options;
use vault_mock::Server;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Seed;

use crate::rig::Rig;
use crate::rig::secrets;
use cloze::vault::hashicorp::HashicorpVault;

pub(super) fn serve(latency: Duration) -> Server<Hashicorp> {
    let seed = secrets().fold(Seed::default(), |seed, (name, value)| seed.secret(&format!("secret/{name}"), &[("value", &value)]));
    Hashicorp::serve_with(seed, Options::latency(latency)).unwrap()
}

impl Rig for Server<Hashicorp> {
    fn kind(&self) -> &'static str {
        "hashicorp"
    }

    fn vault(&self, limits: Limits) -> Arc<dyn Adapter> {
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

    fn refusals(&self) -> Vec<(Fault, ServiceFault)> {
        vec![
            (Fault::status(401), ServiceFault::Unauthenticated),
            (Fault::status(403), ServiceFault::Denied),
            (Fault::worded(403, "1 error occurred: * invalid token"), ServiceFault::Unauthenticated),
            (Fault::status(404), ServiceFault::NotFound),
            (Fault::status(429), ServiceFault::RateLimited),
            (Fault::throttled(3600), ServiceFault::RateLimited),
            (Fault::status(412), ServiceFault::Unavailable),
        ]
    }
}
