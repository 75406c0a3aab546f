//! Google Secret Manager.

use std::sync::Arc;
use std::time::Duration;

use cloze::clock::Machine;
use cloze::secret::Secret;
use cloze::service::ServiceFault;
use cloze::service::http::Limits;
use cloze::vault::Adapter;
use cloze::vault::gcp::Settings;
use vault_mock::Fault;
use vault_mock::Options;
use vault_mock::Server;
use vault_mock::gcp::Gcp;
use vault_mock::gcp::Seed;

use crate::rig::Rig;
use crate::rig::secrets;
use cloze::vault::gcp::GcpVault;

pub(super) fn serve(latency: Duration) -> Server<Gcp> {
    let seed = secrets().fold(Seed::default(), |seed, (name, value)| seed.secret(&name, &value));
    Gcp::serve_with(seed, Options::latency(latency)).unwrap()
}

impl Rig for Server<Gcp> {
    fn kind(&self) -> &'static str {
        "gcp"
    }

    fn vault(&self, limits: Limits) -> Arc<dyn Adapter> {
        let credentials = self.protocol().authorized_user(&self.url());
        let settings = Settings {
            endpoint: Some(self.url()),
            credentials: Some(Secret::copy_of(credentials.as_bytes())),
            limits,
            ..Settings::new("demo-project")
        };
        Arc::new(GcpVault::new(settings, Arc::new(Machine), Arc::new(Machine)).unwrap())
    }

    fn calls(&self, secrets: usize) -> (usize, usize) {
        (secrets, 1)
    }

    fn credentials(&self) -> Vec<String> {
        Vec::new()
    }

    fn refusals(&self) -> Vec<(Fault, ServiceFault)> {
        vec![
            (Fault::status(401), ServiceFault::Unauthenticated),
            (Fault::status(403), ServiceFault::Denied),
            (Fault::status(404), ServiceFault::NotFound),
            (Fault::status(429), ServiceFault::RateLimited),
            (Fault::throttled(3600), ServiceFault::RateLimited),
            (Fault::WrongCrc, ServiceFault::Unavailable),
        ]
    }
}
