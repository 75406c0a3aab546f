//! AWS Secrets Manager.

use std::sync::Arc;
use std::time::Duration;

use cloze::clock::Machine;
use cloze::identity::Environment;
use cloze::service::ServiceFault;
use cloze::service::http::Limits;
use cloze::vault::Adapter;
use cloze::vault::aws::Service;
use cloze::vault::aws::Settings;
use vault_mock::Fault;
use vault_mock::Options;
use vault_mock::Server;
use vault_mock::aws::Aws;
use vault_mock::aws::Seed;

use crate::rig::Rig;
use crate::rig::secrets;
use cloze::vault::aws::AwsVault;

pub(super) fn serve(latency: Duration) -> Server<Aws> {
    let seed = secrets().fold(Seed::default(), |seed, (name, value)| seed.secret(&name, &value));
    Aws::serve_with(seed, Options::latency(latency)).unwrap()
}

impl Rig for Server<Aws> {
    fn kind(&self) -> &'static str {
        "aws"
    }

    fn vault(&self, limits: Limits) -> Arc<dyn Adapter> {
        let key = self.protocol().key();
        let pairs = [("AWS_ACCESS_KEY_ID", &key.id), ("AWS_SECRET_ACCESS_KEY", &key.secret)];
        let settings = Settings {
            region: Some("eu-central-1".to_owned()),
            endpoint: Some(self.url()),
            environment: Arc::new(Environment::collect(pairs.map(|(name, value)| (name.into(), value.into())), None)),
            limits,
            ..Settings::new(Service::SecretsManager)
        };
        Arc::new(AwsVault::new(settings, Arc::new(Machine), Arc::new(Machine)).unwrap())
    }

    fn calls(&self, secrets: usize) -> (usize, usize) {
        (secrets.div_ceil(20), 0)
    }

    fn credentials(&self) -> Vec<String> {
        vec![self.protocol().key().secret.clone()]
    }

    fn refusals(&self) -> Vec<(Fault, ServiceFault)> {
        vec![
            (Fault::variant(400, "UnrecognizedClientException"), ServiceFault::Unauthenticated),
            (Fault::variant(400, "ExpiredTokenException"), ServiceFault::Unauthenticated),
            (Fault::variant(400, "AccessDeniedException"), ServiceFault::Denied),
            (Fault::variant(400, "ResourceNotFoundException"), ServiceFault::NotFound),
            (Fault::variant(400, "ThrottlingException"), ServiceFault::RateLimited),
        ]
    }
}
