//! The adapter for AWS against moto.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloze::blank::SecretRef;
use cloze::clock::Machine;
use cloze::identity::ToolEnvironment;
use cloze::service::DiagnosticStep;
use cloze::service::ServiceError;
use cloze::service::ServiceFault;
use cloze::vault::Adapter;
use cloze::vault::Diagnose;
use cloze::vault::ListSecrets;
use cloze::vault::SecretValue;
use cloze::vault::Vault;
use cloze::vault::aws::AwsVault;
use cloze::vault::aws::Service;
use cloze::vault::aws::Settings;
use serde_json::json;

use crate::fixture::Moto;
use crate::suite;
use crate::suite::Abilities;
use crate::suite::Seeded;
use crate::suite::Versions;
use crate::suite::ask;

/// A server, and the adapter for one of its services.
#[derive(Debug)]
struct Bench {
    server: Moto,
    service: Service,
    vault: AwsVault,
}

impl Bench {
    fn start(service: Service) -> Option<Self> {
        let server = Moto::start()?;
        let vault = adapter(settings(&server, service));
        Some(Self { server, service, vault })
    }

    async fn put_secret(&self, name: &str, value: &[u8]) {
        let content = match str::from_utf8(value) {
            Ok(text) => ("SecretString", text.to_owned()),
            Err(_) => ("SecretBinary", STANDARD.encode(value)),
        };
        let body = |id: &str| json!({ id: name, content.0: content.1 });
        match self.server.call("secretsmanager.DescribeSecret", json!({ "SecretId": name })).await {
            // moto takes a value for a secret that is scheduled for deletion, and leaves it deleted; AWS refuses it.
            Ok(described) if described["DeletedDate"].is_number() => {
                self.server.done("secretsmanager.RestoreSecret", json!({ "SecretId": name })).await;
            }
            Ok(_) => {}
            Err(kind) => {
                assert_eq!(kind, "ResourceNotFoundException", "{name}");
                self.server.done("secretsmanager.CreateSecret", body("Name")).await;
                return;
            }
        }
        self.server.done("secretsmanager.PutSecretValue", body("SecretId")).await;
    }

    async fn put_parameter(&self, name: &str, value: &str) {
        let tier = if value.len() > 4096 { "Advanced" } else { "Standard" };
        let body = json!({ "Name": name, "Value": value, "Type": "SecureString", "Overwrite": true, "Tier": tier });
        self.server.done("AmazonSSM.PutParameter", body).await;
    }
}

fn settings(server: &Moto, service: Service) -> Settings {
    let mut settings = Settings::new(service);
    settings.region = Some(server.region().to_owned());
    settings.endpoint = Some(server.url().to_owned());
    settings
}

fn adapter(settings: Settings) -> AwsVault {
    let pairs = [("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "any")];
    let environment = Arc::new(ToolEnvironment::collect(pairs.map(|(name, value)| (name.into(), value.into())), None));
    AwsVault::new(Settings { environment, ..settings }, Arc::new(Machine), Arc::new(Machine)).unwrap()
}

#[async_trait]
impl Seeded for Bench {
    fn vault(&self) -> &dyn Adapter {
        &self.vault
    }

    async fn put(&self, name: &str, value: &[u8]) {
        match self.service {
            Service::SecretsManager => self.put_secret(name, value).await,
            Service::ParameterStore => self.put_parameter(name, str::from_utf8(value).unwrap()).await,
        }
    }

    async fn put_fields(&self, name: &str, json: &str) {
        self.put(name, json.as_bytes()).await;
    }

    async fn remove(&self, name: &str) {
        match self.service {
            Service::SecretsManager => self.server.done("secretsmanager.DeleteSecret", json!({ "SecretId": name })).await,
            Service::ParameterStore => self.server.done("AmazonSSM.DeleteParameter", json!({ "Name": name })).await,
        };
    }

    fn abilities(&self) -> Abilities {
        let all = Abilities { empty: false, probes: true, ..Abilities::default() };
        match self.service {
            Service::SecretsManager => Abilities {
                versions: Versions::Opaque,
                binary: true,
                good: &["a", "a-b_c.d", "shop/prod/db", ".env", "/prod/db", "rds!db-1", "db-AbCdEf", "a+b=c@d"],
                lawful: &["/", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a/../b", "a/./b", "//evil.example/a"],
                ..all
            },
            Service::ParameterStore => Abilities {
                large: 8192,
                remembers: false,
                good: &["a", "a-b_c.d", "shop/prod/db", ".env", "/prod/db"],
                lawful: &["/a", ".", "..", "../a", "a/..", "a/../b", "a/./b"],
                ..all
            },
        }
    }

    fn name(&self, neutral: &str) -> String {
        let deep = self.service == Service::ParameterStore && neutral.contains('/');
        if deep { format!("/{neutral}") } else { neutral.to_owned() }
    }
}

#[tokio::test]
async fn secrets_manager_conforms() {
    let Some(bench) = Bench::start(Service::SecretsManager) else { return };
    suite::all(&bench).await;
}

#[tokio::test]
async fn parameter_store_conforms() {
    let Some(bench) = Bench::start(Service::ParameterStore) else { return };
    suite::all(&bench).await;
}

fn pinned(name: &str, version: &str) -> SecretRef {
    SecretRef { version: Some(version.to_owned()), ..ask(name) }
}

fn read(answers: Vec<Result<SecretValue, ServiceError>>) -> Vec<Result<String, ServiceFault>> {
    let text = |fetched: SecretValue| fetched.value.expose_text().unwrap().to_owned();
    answers.into_iter().map(|answer| answer.map(text).map_err(|error| error.fault)).collect()
}

#[tokio::test]
async fn secrets_are_found_by_label_and_by_arn() {
    let Some(bench) = Bench::start(Service::SecretsManager) else { return };
    for value in ["one", "two", "three"] {
        bench.put("shop/db", value.as_bytes()).await;
    }
    let described = bench.server.done("secretsmanager.DescribeSecret", json!({ "SecretId": "shop/db" })).await;
    let asks = [pinned("shop/db", "AWSCURRENT"), pinned("shop/db", "AWSPREVIOUS"), ask(described["ARN"].as_str().unwrap()), ask("shop/db")];
    let expected = ["three", "two", "three", "three"].map(|value| Ok(value.to_owned()));
    assert_eq!(read(bench.vault.fetch(&asks).await), expected);
    for (found, current) in bench.vault.probe(&asks).await.into_iter().zip([true, false, true, true]) {
        let found = found.unwrap();
        assert_eq!((found.current, found.read), (Some(current), false));
    }
}

#[tokio::test]
async fn a_secret_without_a_value_does_not_spoil_the_others() {
    let Some(bench) = Bench::start(Service::SecretsManager) else { return };
    bench.put("a", b"one").await;
    bench.put("b", b"two").await;
    bench.put("gone", b"three").await;
    bench.remove("gone").await;
    // moto answers a batch with such a secret in it by an error for all of them; AWS has it among the errors of the batch.
    bench.server.done("secretsmanager.CreateSecret", json!({ "Name": "empty" })).await;
    let answers = read(bench.vault.fetch(&["a", "empty", "b", "absent", "gone"].map(ask)).await);
    let (a, b) = (Ok("one".to_owned()), Ok("two".to_owned()));
    assert_eq!(answers, [a, Err(ServiceFault::NotFound), b, Err(ServiceFault::NotFound), Err(ServiceFault::Gone)]);
    let removed: Vec<(String, bool)> = bench.vault.list().await.unwrap().into_iter().map(|listed| (listed.name, listed.removed)).collect();
    assert_eq!(removed, [("a", false), ("b", false), ("empty", false), ("gone", true)].map(|(name, removed)| (name.to_owned(), removed)));
}

#[tokio::test]
async fn parameters_are_found_by_label_and_whatever_their_type() {
    let Some(bench) = Bench::start(Service::ParameterStore) else { return };
    for (name, kind, value) in
        [("/shop/url", "String", "one"), ("/shop/url", "String", "two"), ("/shop/hosts", "StringList", "a,b"), ("other", "String", "three")]
    {
        let body = json!({ "Name": name, "Value": value, "Type": kind, "Overwrite": true });
        bench.server.done("AmazonSSM.PutParameter", body).await;
    }
    let label = json!({ "Name": "/shop/url", "ParameterVersion": 1, "Labels": ["live"] });
    bench.server.done("AmazonSSM.LabelParameterVersion", label).await;
    let asks = [
        pinned("/shop/url", "live"),
        ask("shop/url"),
        pinned("/shop/url", "1"),
        ask("/shop/hosts"),
        pinned("/shop/url", "dead"),
        ask("other"),
        pinned("other", "2"),
    ];
    let expected = ["one", "two", "one", "a,b", "", "three", ""]
        .map(|value| if value.is_empty() { Err(ServiceFault::NotFound) } else { Ok(value.to_owned()) });
    assert_eq!(read(bench.vault.fetch(&asks).await), expected);
    let mut settings = settings(&bench.server, Service::ParameterStore);
    settings.prefixes = vec!["/shop".to_owned()];
    let listed = adapter(settings).list().await.unwrap();
    assert_eq!(listed.into_iter().map(|listed| listed.name).collect::<Vec<_>>(), ["/shop/hosts", "/shop/url"]);
}

#[tokio::test]
async fn the_doctor_sees_who_asks() {
    let Some(server) = Moto::start() else { return };
    for service in [Service::SecretsManager, Service::ParameterStore] {
        let findings = adapter(settings(&server, service)).diagnose().await;
        assert!(findings.iter().all(|finding| finding.outcome.is_ok()), "{findings:?}");
        let identity = findings.iter().find(|finding| finding.step == DiagnosticStep::Identity).unwrap();
        assert!(identity.outcome.as_ref().is_ok_and(|words| words.contains("123456789012")), "{identity:?}");
    }
}
