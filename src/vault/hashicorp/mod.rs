//! `HashiCorp` Vault and `OpenBao`: KV versions 1 and 2 over HTTP (developer.hashicorp.com/vault/api-docs).
//!
//! Each distinct name and version is read once, whatever number of its keys is asked for, with the user's token or with that of one login,
//! which is revoked at the end. The token goes to the configured origin only: redirects are not followed. Its copies
//! in the HTTP and TLS layers are not wiped.

mod address;
mod answer;
mod engine;
mod examine;
mod headers;
mod login;
mod mount;
mod refusal;
mod rights;
mod session;
mod settings;
mod token;

pub use engine::KvEngine;
pub use login::AuthMethod;
pub use settings::Settings;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::blank::SecretRef;
use crate::clock::Entropy;
use crate::secret::Secret;
use crate::service::Diagnostic;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Call;
use crate::service::http::HttpClient;
use crate::vault::CallPlan;
use crate::vault::Close;
use crate::vault::Diagnose;
use crate::vault::ListSecrets;
use crate::vault::ListedSecret;
use crate::vault::NameRule;
use crate::vault::SecretMetadata;
use crate::vault::SecretValue;
use crate::vault::Vault;
use crate::vault::batch::Batch;
use crate::vault::hashicorp::address::Address;
use crate::vault::hashicorp::headers::Namespace;
use crate::vault::hashicorp::mount::Mount;
use crate::vault::hashicorp::mount::VersionedName;
use crate::vault::hashicorp::refusal::Subject;
use crate::vault::hashicorp::rights::Rights;
use crate::vault::hashicorp::session::VaultSession;
use crate::vault::name;
use crate::vault::name_rule::Cover;
use crate::vault::silent;

/// A KV mount of `HashiCorp` Vault or `OpenBao`.
#[derive(Debug)]
pub struct HashicorpVault {
    mount: Mount,
    namespace: Option<String>,
    names: NameRule,
    parallel: usize,
}

impl HashicorpVault {
    /// The vault that `settings` describe. Nothing is sent here.
    ///
    /// # Errors
    /// An address, mount, prefix, namespace or credential that cannot be one, and a machine without CA certificates.
    pub fn new(settings: Settings, entropy: Arc<dyn Entropy>) -> Result<Self, ServiceError> {
        let Settings { address, mount, namespace, engine, login, prefixes, transport, limits } = settings;
        let unusable = |reason: String| {
            ServiceError::new(
                ServiceFault::Unavailable,
                reason,
                "give an address such as `https://vault.example.com:8200`, and the path of a mount",
            )
        };
        // The address itself is not shown: somebody may have put a password into it.
        let address =
            Address::new(&address, &mount, engine).map_err(|reason| unusable(format!("the vault's address cannot be used: {reason}")))?;
        let names = names(&prefixes)?;
        if let Some(mount) = login.mount() {
            address::check(mount).map_err(|reason| unusable(format!("the mount of the login cannot be used: {reason}")))?;
        }
        let client = HttpClient::new(address.base().url(), &transport, &limits, entropy)?;
        let session = VaultSession::new(client, address.clone(), login, Namespace::new(namespace.as_deref())?)?;
        Ok(Self { mount: Mount::new(address, session), namespace, names, parallel: limits.parallel })
    }

    /// What another engine than KV, at the mount, answers when it does `verb` with what has that name.
    pub(crate) async fn operate(&self, verb: &str, name: &str, body: Secret) -> Result<Secret, ServiceError> {
        let Mount { address, session, .. } = &self.mount;
        let url = address.operation(verb, name).map_err(name::refused)?;
        let heard = session.ask(&Call::post(url, "application/json", body), session.client().until()).await?;
        if heard.reply.status == 200 {
            return Ok(heard.reply.body);
        }
        let answered = heard.answered();
        let said = answered.unshown();
        let path = format!("{}/{verb}/{name}", address.mount());
        if heard.reply.status == 400 && said.contains("key not found") {
            return Err(ServiceError::new(
                ServiceFault::NotFound,
                format!("there is no key for `{path}`"),
                "check the mount and the key's name",
            ));
        }
        if heard.reply.status == 400 && said.contains("disallowed by policy") {
            return Err(ServiceError::new(
                ServiceFault::Gone,
                format!("the version of the key that wrapped this is older than the key's minimum: `{path}`"),
                "lower the key's `min_decryption_version` until `cloze key rotate` wrapped it again",
            ));
        }
        let mut error = answered.refusal(Subject { mount: address.mount(), path: &path, name, right: "update" });
        // The documentation names no way to tell these from other requests that are wrong.
        if heard.reply.status == 400 && !answered.is_stranger() {
            error.fault = ServiceFault::BadValue;
            "use a key of type `aes256-gcm96` or `chacha20-poly1305` that is not derived".clone_into(&mut error.next);
        } else if error.fault == ServiceFault::Denied && verb == "encrypt" {
            error.next.push_str("; where there is no such key, Vault says the same: make the key");
        }
        Err(error)
    }

    /// The client that it is asked by.
    pub(crate) fn client(&self) -> &HttpClient {
        self.mount.session.client()
    }

    /// What an ask is for, if its name and version can be asked for at all.
    fn wanted<'a>(&self, ask: &'a SecretRef) -> Result<VersionedName<'a>, ServiceError> {
        self.names.checked(&ask.name)?;
        if ask.version.is_some() && self.mount.address.engine() == KvEngine::V1 {
            let reason = format!("the mount `{}` is KV version 1, which has no versions", self.mount.address.mount());
            return Err(ServiceError::new(ServiceFault::Unsupported, reason, "take the version out of the blank"));
        }
        Ok((&ask.name, ask.version.as_deref().map(name::version).transpose()?))
    }
}

/// Which names a mount's secrets can have.
///
/// # Errors
/// A prefix that cannot be one.
pub fn names(prefixes: &[String]) -> Result<NameRule, ServiceError> {
    NameRule::new(address::check, Cover::Segments, prefixes)
}

impl fmt::Display for HashicorpVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HashiCorp Vault at {}, mount {}", self.mount.address.origin(), self.mount.address.mount())
    }
}

#[async_trait]
impl Vault for HashicorpVault {
    fn check_name(&self, name: &str) -> Result<(), String> {
        self.names.check(name)
    }

    async fn fetch(&self, asks: &[SecretRef]) -> Vec<Result<SecretValue, ServiceError>> {
        let (mount, until) = (&self.mount, self.mount.session.client().until());
        let batch = Batch::new(asks, |ask| self.wanted(ask));
        batch.answers(move |version, keys| async move { mount.read(version, &keys, until).await }).await
    }

    /// Counts no call that only a failure needs.
    fn plan(&self, asks: &[SecretRef]) -> CallPlan {
        let secrets = Batch::new(asks, |ask| self.wanted(ask)).wanted().len();
        let ahead = if secrets == 0 { 0 } else { self.mount.session.ahead() };
        CallPlan { secrets, calls: secrets, ahead, parallel: self.parallel }
    }

    /// By the secrets' keys without values where the token may read those, by the metadata where no key is asked for, and else by a read.
    async fn probe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        let (mount, until) = (&self.mount, self.mount.session.client().until());
        let batch = Batch::new(asks, |ask| self.wanted(ask));
        let names: BTreeSet<&str> = batch.wanted().map(|(name, _)| *name).collect();
        let verbs: &[&str] = match mount.address.engine() {
            KvEngine::V1 => &[],
            KvEngine::V2 => &["data", "subkeys", "metadata"],
        };
        let paths: Vec<String> = names.iter().flat_map(|name| verbs.iter().map(|verb| mount.address.path(verb, name))).collect();
        let rights = &Rights::of(&mount.address, &mount.session, &paths, until).await;
        batch.answers(move |version, keys| async move { mount.probe(version, &keys, rights, until).await }).await
    }
}

#[async_trait]
impl ListSecrets for HashicorpVault {
    /// Names that cannot be asked for are left out. Below prefixes, if there are any, and not the prefixes themselves.
    async fn list(&self) -> Result<Vec<ListedSecret>, ServiceError> {
        let until = self.mount.session.client().until();
        let names = self.mount.names(self.names.prefixes(), until).await?;
        Ok(names.into_iter().map(ListedSecret::named).collect())
    }

    async fn describe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        let (mount, until) = (&self.mount, self.mount.session.client().until());
        let batch = Batch::new(asks, |ask| self.wanted(ask));
        match mount.address.engine() {
            KvEngine::V1 => batch.failed(&silent("KV version 1")),
            KvEngine::V2 => batch.answers(move |version, keys| async move { mount.metadata(version, &keys, until).await }).await,
        }
    }
}

#[async_trait]
impl Diagnose for HashicorpVault {
    async fn diagnose(&self) -> Vec<Diagnostic> {
        examine::examine(&self.mount, self.namespace.as_deref(), self.names.prefixes()).await
    }
}

#[async_trait]
impl Close for HashicorpVault {
    /// Revokes what a login of our own got. The user's token is left alone.
    async fn close(&self) -> Result<(), ServiceError> {
        self.mount.session.close().await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use serde_json::Map;
    use serde_json::Value;
    use vault_mock::Server;
    use vault_mock::hashicorp::Hashicorp;
    use vault_mock::hashicorp::Role;
    use vault_mock::hashicorp::Seed;

    use super::AuthMethod;
    use super::HashicorpVault;
    use super::KvEngine;
    use super::Settings;
    use crate::clock::Machine;
    use crate::secret::Secret;
    use crate::service::ServiceError;
    use crate::service::ServiceFault;
    use crate::vault::Adapter;
    use crate::vault::ListSecrets;
    use crate::vault::Vault;
    use crate::vault::suite;
    use crate::vault::suite::Abilities;
    use crate::vault::suite::Seeded;
    use crate::vault::suite::Versions;
    use crate::vault::suite::ask;

    #[derive(Debug)]
    struct Bench {
        server: Server<Hashicorp>,
        vault: HashicorpVault,
    }

    impl Bench {
        fn new() -> Self {
            Self::of(Seed::default(), |_| {})
        }

        fn of(seed: Seed, change: impl FnOnce(&mut Settings)) -> Self {
            let server = Hashicorp::serve(seed).unwrap();
            let mut settings = Settings::new(server.url(), "secret", Secret::copy_of(server.protocol().token().as_bytes()));
            change(&mut settings);
            Self { vault: HashicorpVault::new(settings, Arc::new(Machine)).unwrap(), server }
        }

        fn engine(&self) -> KvEngine {
            self.vault.mount.address.engine()
        }

        fn write(&self, name: &str, data: Map<String, Value>) {
            self.server.protocol().put(&format!("secret/{name}"), data).unwrap();
        }
    }

    #[async_trait]
    impl Seeded for Bench {
        fn vault(&self) -> &dyn Adapter {
            &self.vault
        }

        async fn put(&self, name: &str, value: &[u8]) {
            let value = Value::from(str::from_utf8(value).unwrap());
            self.write(name, Map::from_iter([("value".to_owned(), value)]));
        }

        async fn put_fields(&self, name: &str, json: &str) {
            self.write(name, serde_json::from_str(json).unwrap());
        }

        async fn remove(&self, name: &str) {
            self.server.protocol().delete(&format!("secret/{name}"), &[], "2026-01-01T00:00:00Z");
        }

        fn abilities(&self) -> Abilities {
            match self.engine() {
                KvEngine::V1 => Abilities { versions: Versions::None, remembers: false, ..Abilities::default() },
                KvEngine::V2 => Abilities { probes: true, ..Abilities::default() },
            }
        }

        fn calls(&self) -> Option<usize> {
            Some(self.server.journal().count())
        }
    }

    #[tokio::test]
    async fn version_2_conforms() {
        suite::all(&Bench::new()).await;
    }

    #[tokio::test]
    async fn version_1_conforms() {
        suite::all(&Bench::of(Seed::default().mount("secret", 1), |settings| settings.engine = KvEngine::V1)).await;
    }

    #[tokio::test]
    async fn a_vault_with_a_login_of_its_own_conforms() {
        let login = AuthMethod::AppRole {
            mount: "approle".to_owned(),
            role_id: Secret::copy_of(b"role-id"),
            secret_id: Some(Secret::copy_of(b"secret-id")),
        };
        suite::all(&Bench::of(Seed::default().approle(Role::new("role-id", "secret-id", &[])), |settings| settings.login = login)).await;
    }

    fn refused(change: impl FnOnce(&mut Settings)) -> ServiceError {
        let mut settings = Settings::new("https://vault.example", "secret", Secret::copy_of(b"token"));
        change(&mut settings);
        HashicorpVault::new(settings, Arc::new(Machine)).unwrap_err()
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let error = refused(|settings| settings.login = AuthMethod::Token(Secret::copy_of(b"hunter2\n")));
        assert_eq!(error.fault, ServiceFault::Unauthenticated);
        assert_eq!(error.reason, "the token is empty or has characters that a token cannot have");
        assert_eq!(refused(|settings| settings.login = AuthMethod::Token(Secret::copy_of(b""))).fault, ServiceFault::Unauthenticated);
        let error = refused(|settings| settings.namespace = Some("a\nb".to_owned()));
        assert_eq!(error.reason, "the namespace has characters that no namespace has");
        let error = refused(|settings| settings.address = "https://user:hunter2@vault.example".to_owned());
        assert_eq!(error.reason, "the vault's address cannot be used: it has a user or a password in it");
        let error = refused(|settings| settings.prefixes = vec!["shop/..".to_owned()]);
        assert_eq!(error.reason, "a prefix cannot be used: `shop/..` contains `..`, or `.` as a segment");
        let approle = |mount: &str, role_id: &[u8]| {
            let (mount, role_id) = (mount.to_owned(), Secret::copy_of(role_id));
            refused(|settings| settings.login = AuthMethod::AppRole { mount, role_id, secret_id: None }).reason
        };
        assert_eq!(approle("../sys", b"r"), "the mount of the login cannot be used: `../sys` contains `..`, or `.` as a segment");
        assert_eq!(approle("approle", b"r\n"), "the role_id is empty or has characters that it cannot have");
    }

    #[tokio::test]
    async fn prefixes_hold_for_reading_and_listing() {
        let bench = Bench::new();
        for name in ["shop/db", "shop/deep/er/key", "shopping", "other"] {
            bench.put(name, b"v").await;
        }
        let mut settings = Settings::new(bench.server.url(), "secret", Secret::copy_of(bench.server.protocol().token().as_bytes()));
        settings.prefixes = vec!["shop/".to_owned()];
        let vault = HashicorpVault::new(settings, Arc::new(Machine)).unwrap();
        let names: Vec<String> = vault.list().await.unwrap().into_iter().map(|listed| listed.name).collect();
        assert_eq!(names, ["shop/db", "shop/deep/er/key"]);
        bench.server.journal().clear();
        let answers = vault.fetch(&[ask("shop/db"), ask("shopping"), ask("other")]).await;
        assert!(answers[0].is_ok());
        let error = answers[1].as_ref().unwrap_err();
        assert_eq!(error.fault, ServiceFault::BadName);
        assert_eq!(error.reason, "`shopping` is outside the prefixes that the project allows: `shop`");
        assert_eq!(bench.server.journal().count(), 1);
    }

    #[tokio::test]
    async fn display_names_the_instance() {
        let bench = Bench::new();
        assert_eq!(bench.vault.to_string(), format!("HashiCorp Vault at {}, mount secret", bench.server.url()));
        assert!(!format!("{:?}", bench.vault).contains(bench.server.protocol().token()));
    }
}
