//! Azure Key Vault, the secrets of the data plane: <https://learn.microsoft.com/rest/api/keyvault/secrets/>.

mod address;
mod anonymous;
mod answer;
mod cloud;
mod examine;
mod link;
mod read;
mod refusal;
mod settings;

pub(crate) use cloud::is_service;
pub use settings::Settings;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::blank::SecretRef;
use crate::clock::Clock;
use crate::clock::Entropy;
use crate::identity::azure::Login;
use crate::identity::azure::LoginParts;
use crate::identity::bearer::Bearer;
use crate::identity::renewal;
use crate::identity::renewal::Authenticated;
use crate::secret::Secret;
use crate::service::Diagnostic;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Call;
use crate::service::http::HttpClient;
use crate::service::http::Rate;
use crate::service::http::RequestLimits;
use crate::vault::CallPlan;
use crate::vault::Close;
use crate::vault::Diagnose;
use crate::vault::ListSecrets;
use crate::vault::ListedSecret;
use crate::vault::NameRule;
use crate::vault::SecretMetadata;
use crate::vault::SecretValue;
use crate::vault::Vault;
use crate::vault::azure::address::Address;
use crate::vault::azure::cloud::Cloud;
use crate::vault::azure::link::Link;
use crate::vault::azure::read::PAGES;
use crate::vault::batch::Batch;
use crate::vault::name;
use crate::vault::name_rule::Cover;

/// The version of the interface that every cloud, Azure Stack and every emulator has. Later ones add nothing that is used here.
const API_VERSION: &str = "7.5";
/// What a vault takes, as published: everything but the making of secrets.
const RATE: Rate = Rate { calls: 4000, per: Duration::from_secs(10) };

/// A key vault.
#[derive(Debug)]
pub struct AzureVault {
    link: Link,
    api_version: String,
    names: NameRule,
    parallel: usize,
}

impl AzureVault {
    /// A vault as its settings say. Nothing is sent.
    ///
    /// # Errors
    /// Settings that cannot work.
    pub fn new(settings: Settings, entropy: Arc<dyn Entropy>, clock: Arc<dyn Clock>) -> Result<Self, ServiceError> {
        let Settings { url, credential, authority, api_version, prefixes, environment, transport, mut limits } = settings;
        let api_version = api_version.unwrap_or_else(|| API_VERSION.to_owned());
        let address = Address::new(&url, &api_version).map_err(|reason| {
            let next = "give a key vault's address, such as https://NAME.vault.azure.net";
            ServiceError::new(ServiceFault::Unavailable, format!("the vault's address cannot be used: {reason}"), next)
        })?;
        let names = names(&prefixes)?;
        let cloud = Cloud::of(address.host());
        let own = cloud.unwrap_or_else(Cloud::public);
        let RequestLimits { parallel, ref meter, .. } = limits;
        let parts = LoginParts {
            authority: authority.unwrap_or_else(|| own.authority.to_owned()),
            audience: own.exchange,
            transport: transport.anonymous(),
            meter: Arc::clone(meter),
            environment,
            entropy: Arc::clone(&entropy),
            clock,
        };
        let login = Login::new(credential, parts)?;
        limits.rate.get_or_insert(RATE);
        let client = HttpClient::new(address.base().url(), &transport, &limits, entropy)?;
        let scope = OnceCell::new_with(cloud.map(|cloud| format!("{}/.default", cloud.resource)));
        Ok(Self { link: Link { address, scope, login, client }, api_version, names, parallel })
    }

    /// What a version of a key of the vault, or the current one, answers to `verb`.
    pub(crate) async fn operate(
        &self,
        name: &str,
        version: Option<&str>,
        verb: &str,
        body: Secret,
    ) -> Result<Authenticated<Bearer>, ServiceError> {
        let url = self.link.address.key(name, version, verb).map_err(name::refused)?;
        let call = Call::post(url, "application/json", body);
        renewal::ask(&self.link, &self.link.client, &call, self.link.client.until()).await
    }

    /// The client that it is asked by.
    pub(crate) fn client(&self) -> &HttpClient {
        &self.link.client
    }

    /// What an ask is for, if it can be asked for at all.
    fn wanted<'a>(&self, ask: &'a SecretRef) -> Result<Wanted<'a>, ServiceError> {
        self.names.checked(&ask.name)?;
        Ok((&ask.name, ask.version.as_deref().map(address::version).transpose()?))
    }

    /// Sees to a token before the first read, so that one failure is that of all.
    async fn enter(&self, batch: &Batch<'_, Wanted<'_>>, until: Instant) -> Result<(), ServiceError> {
        if batch.wanted().len() > 0 {
            renewal::Login::token(&self.link, None, until).await?;
        }
        Ok(())
    }
}

/// A secret, and a version of it; the current one without a number.
type Wanted<'a> = (&'a str, Option<&'a str>);

/// Which names a key vault's secrets can have; it does not tell case.
///
/// # Errors
/// A prefix that cannot be one.
pub fn names(prefixes: &[String]) -> Result<NameRule, ServiceError> {
    NameRule::new(|name| address::NAME.check(name), Cover::StartAnyCase, prefixes)
}

impl fmt::Display for AzureVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Azure Key Vault at {}", self.link.address.base().origin())
    }
}

#[async_trait]
impl Vault for AzureVault {
    fn check_name(&self, name: &str) -> Result<(), String> {
        self.names.check(name)
    }

    async fn fetch(&self, asks: &[SecretRef]) -> Vec<Result<SecretValue, ServiceError>> {
        let until = self.link.client.until();
        let batch = Batch::new(asks, |ask| self.wanted(ask));
        if let Err(error) = self.enter(&batch, until).await {
            return batch.failed(&error);
        }
        let reads: Vec<_> = batch.wanted().map(|(name, version)| self.link.read(name, *version, until)).collect();
        let reads = join_all(reads).await;
        batch.collect(reads, SecretValue::of_key)
    }

    fn plan(&self, asks: &[SecretRef]) -> CallPlan {
        let secrets = CallPlan::distinct(asks);
        let ahead = if secrets == 0 {
            0
        } else {
            usize::from(!self.link.scope.initialized()) + usize::from(!self.link.login.is_ready(Instant::now()))
        };
        CallPlan { secrets, calls: secrets, ahead, parallel: self.parallel }
    }

    /// By the list of versions, which holds no value; where that is not allowed, by a read.
    async fn probe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        let until = self.link.client.until();
        let batch = Batch::new(asks, |ask| self.wanted(ask));
        if let Err(error) = self.enter(&batch, until).await {
            return batch.failed(&error);
        }
        // Whether there is a field in a value shows in the value only.
        let probe = batch.answers(move |(name, version), keys| async move {
            if keys.iter().all(Option::is_none) {
                let look = self.link.look(name, version, until).await;
                return keys.iter().map(|_| look.clone()).collect();
            }
            match self.link.read(name, version, until).await {
                Ok(read) => keys.iter().map(|key| Ok(SecretMetadata::from(&read.of_key(*key)?))).collect(),
                Err(error) => keys.iter().map(|_| Err(error.clone())).collect::<Vec<_>>(),
            }
        });
        probe.await
    }
}

#[async_trait]
impl ListSecrets for AzureVault {
    /// Names that cannot be asked for are left out.
    async fn list(&self) -> Result<Vec<ListedSecret>, ServiceError> {
        let until = self.link.client.until();
        let first = self.link.address.list(u32::MAX).map_err(name::refused)?;
        let items = self.link.pages(first, "its list", until).await?.ok_or_else(|| {
            let reason = format!("the vault's list has more than {PAGES} pages");
            ServiceError::new(ServiceFault::Unsupported, reason, "name the secrets; they can be read all the same")
        })?;
        let mut seen = BTreeSet::new();
        let mut listed: Vec<ListedSecret> = items
            .into_iter()
            .filter(|item| self.check_name(&item.name).is_ok() && seen.insert(item.name.clone()))
            .map(answer::Properties::listed)
            .collect();
        listed.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(listed)
    }

    async fn describe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        let until = self.link.client.until();
        let batch = Batch::new(asks, |ask| self.wanted(ask));
        if let Err(error) = self.enter(&batch, until).await {
            return batch.failed(&error);
        }
        let described = batch.answers(move |(name, version), keys| async move {
            let listed = self.link.listed(name, version, until).await.and_then(|found| found.ok_or_else(unclear));
            keys.iter().map(|_| listed.clone()).collect::<Vec<_>>()
        });
        described.await
    }
}

fn unclear() -> ServiceError {
    let reason = "which version is current is not certain: several were made in the same second, or there are too many";
    ServiceError::new(ServiceFault::Unsupported, reason, "look at the secret in the vault")
}

#[async_trait]
impl Diagnose for AzureVault {
    async fn diagnose(&self) -> Vec<Diagnostic> {
        examine::examine(&self.link, &self.api_version).await
    }
}

#[async_trait]
impl Close for AzureVault {
    async fn close(&self) -> Result<(), ServiceError> {
        self.link.login.forget();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use vault_mock::Server;
    use vault_mock::azure::Azure;
    use vault_mock::azure::Seed;
    use vault_mock::azure::Version;

    use super::AzureVault;
    use super::Settings;
    use crate::clock::Machine;
    use crate::identity::azure::Credential;
    use crate::secret::Secret;
    use crate::service::ServiceError;
    use crate::service::ServiceFault;
    use crate::vault::Adapter;
    use crate::vault::CallPlan;
    use crate::vault::ListSecrets;
    use crate::vault::Vault;
    use crate::vault::suite;
    use crate::vault::suite::Abilities;
    use crate::vault::suite::Seeded;
    use crate::vault::suite::Versions;
    use crate::vault::suite::ask;

    #[derive(Debug)]
    struct Bench {
        server: Server<Azure>,
        vault: AzureVault,
    }

    fn settings(server: &Server<Azure>) -> Settings {
        let (client, secret) = server.protocol().client();
        let credential =
            Credential::ClientSecret { tenant: server.protocol().tenant(), client, secret: Secret::copy_of(secret.as_bytes()) };
        Settings { authority: Some(server.url()), ..Settings::new(server.url(), credential) }
    }

    fn made(settings: Settings) -> Result<AzureVault, ServiceError> {
        AzureVault::new(settings, Arc::new(Machine), Arc::new(Machine))
    }

    impl Bench {
        fn new() -> Self {
            let server = Azure::serve(Seed::default()).unwrap();
            Self { vault: made(settings(&server)).unwrap(), server }
        }
    }

    #[async_trait]
    impl Seeded for Bench {
        fn vault(&self) -> &dyn Adapter {
            &self.vault
        }

        async fn put(&self, name: &str, value: &[u8]) {
            let value = str::from_utf8(value).unwrap().to_owned();
            self.server.protocol().put(name, Version { value, ..Version::default() }).unwrap();
        }

        async fn put_fields(&self, name: &str, json: &str) {
            self.put(name, json.as_bytes()).await;
        }

        async fn remove(&self, name: &str) {
            self.server.protocol().disable(name, None);
        }

        fn abilities(&self) -> Abilities {
            let good = &["a", "A-b-9", "shop-prod-db", "0", "-"];
            Abilities { versions: Versions::Opaque, large: 25 << 10, probes: true, good, ..Abilities::default() }
        }

        fn name(&self, neutral: &str) -> String {
            neutral.replace('/', "-")
        }

        fn calls(&self) -> Option<usize> {
            Some(self.server.journal().count())
        }
    }

    #[tokio::test]
    async fn conforms() {
        suite::all(&Bench::new()).await;
    }

    fn refused(change: impl FnOnce(&mut Settings)) -> ServiceError {
        let credential = Credential::ClientSecret { tenant: "t".to_owned(), client: "c".to_owned(), secret: Secret::copy_of(b"canary") };
        let mut settings = Settings::new("https://shop.vault.azure.net", credential);
        change(&mut settings);
        let error = made(settings).unwrap_err();
        assert!(!format!("{error:?}").contains("canary"));
        error
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let error = refused(|settings| settings.url = "https://shop.managedhsm.azure.net".to_owned());
        assert_eq!(error.reason, "the vault's address cannot be used: a managed HSM keeps keys and no secrets");
        assert_eq!(error.next, "give a key vault's address, such as https://NAME.vault.azure.net");
        let error = refused(|settings| settings.prefixes = vec!["shop/".to_owned()]);
        assert_eq!(error.fault, ServiceFault::BadName);
        assert!(error.reason.starts_with("a prefix cannot be used: a secret's name begins with `shop` and has '/'"));
        let error = refused(|settings| settings.authority = Some("http://login.example".to_owned()));
        assert_eq!(error.reason, "the authority's address cannot be used: plain http would show the token to the network");
        let error = refused(|settings| settings.authority = Some("https://login.example/tenant".to_owned()));
        assert_eq!(error.reason, "the authority's address cannot be used: it has a path");
        let with = |tenant: &str, client: &str, secret: &[u8]| {
            let (tenant, client, secret) = (tenant.to_owned(), client.to_owned(), Secret::copy_of(secret));
            refused(|settings| settings.credential = Credential::ClientSecret { tenant, client, secret }).reason
        };
        assert_eq!(with("a/b", "c", b"canary"), "the tenant is empty or has characters that a tenant cannot have");
        assert_eq!(with("", "c", b"canary"), "the tenant is empty or has characters that a tenant cannot have");
        assert_eq!(with("t", "", b"canary"), "the client's id is empty or has characters that an id cannot have");
        assert_eq!(with("t", "c", b" "), "the client secret is empty or not text");
        let error = refused(|settings| settings.credential = Credential::AzureCli { tenant: Some("t; rm".to_owned()) });
        assert_eq!(error.reason, "the tenant is empty or has characters that a tenant cannot have");
    }

    #[tokio::test]
    async fn prefixes_hold_for_reading_probing_and_listing() {
        let bench = Bench::new();
        for name in ["shop-db", "shop-key", "shopping", "other"] {
            bench.put(name, b"v").await;
        }
        let vault = made(Settings { prefixes: vec!["shop-".to_owned()], ..settings(&bench.server) }).unwrap();
        let names: Vec<String> = vault.list().await.unwrap().into_iter().map(|listed| listed.name).collect();
        assert_eq!(names, ["shop-db", "shop-key"]);
        bench.server.journal().clear();
        let asks = [ask("shop-db"), ask("shopping"), ask("other")];
        assert!(vault.check_name("SHOP-DB").is_ok());
        let answers = vault.fetch(&asks).await;
        assert!(answers[0].is_ok());
        let error = answers[1].as_ref().unwrap_err();
        assert_eq!(error.fault, ServiceFault::BadName);
        assert_eq!(error.reason, "`shopping` is outside the prefixes that the project allows: `shop-`");
        assert_eq!(vault.probe(&asks).await[2].as_ref().unwrap_err().fault, ServiceFault::BadName);
        assert_eq!(bench.server.journal().count(), 2);
    }

    #[tokio::test]
    async fn the_plan_knows_what_comes_first() {
        let bench = Bench::new();
        bench.put("a", b"v").await;
        let asks = [ask("a"), ask("a"), ask("b")];
        assert_eq!(bench.vault.plan(&asks), CallPlan { secrets: 2, calls: 2, ahead: 2, parallel: 128 });
        assert_eq!(bench.vault.plan(&[]), CallPlan { secrets: 0, calls: 0, ahead: 0, parallel: 128 });
        bench.vault.fetch(&asks[..1]).await;
        assert_eq!(bench.vault.plan(&asks).ahead, 0);
        let known = Settings::new("https://shop.vault.azure.net", settings(&bench.server).credential);
        assert_eq!(made(known).unwrap().plan(&asks).ahead, 1);
    }

    #[tokio::test]
    async fn display_names_the_instance() {
        let bench = Bench::new();
        assert_eq!(bench.vault.to_string(), format!("Azure Key Vault at {}", bench.server.url()));
        bench.vault.fetch(&[ask("a")]).await;
        assert!(!format!("{:?}", bench.vault).contains("demo-secret"));
    }
}
