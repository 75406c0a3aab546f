//! What goes over the wire, and where it does not go.

use cloze::blank::SecretRef;
use cloze::service::http::Authorities;
use cloze::service::http::Transport;
use cloze::vault::ListSecrets;
use cloze::vault::Vault as _;
use proptest::prelude::ProptestConfig;
use proptest::prelude::any;
use proptest::prop_assert;
use proptest::proptest;
use tokio::runtime::Builder;
use vault_mock::Authority;
use vault_mock::Credential;
use vault_mock::Fault;
use vault_mock::Options;
use vault_mock::Script;
use vault_mock::aws::Aws;

use crate::aws::bench::PARAMETERS;
use crate::aws::bench::SECRETS;
use crate::aws::bench::ask;
use crate::aws::bench::environment;
use crate::aws::bench::one_fault;
use crate::aws::bench::seed;
use crate::aws::bench::server;
use crate::aws::bench::settings;
use crate::aws::bench::vault;
use crate::aws::bench::with;
use crate::one_fault::REDIRECTS;
use crate::read::CANARY;
use crate::read::one;

#[tokio::test]
async fn redirects_are_not_followed_and_the_signature_stays_home() {
    let elsewhere = server();
    for service in [SECRETS, PARAMETERS] {
        for code in REDIRECTS {
            for to in [format!("{}/", elsewhere.url()), "/a".to_owned(), "//evil.example/x".to_owned()] {
                let one_fault = one_fault(service);
                one_fault.follows_no_redirect(code, &to).await;
                let server = &one_fault.server;
                server.script(Script::new("", 2, Fault::Redirect { code, to }));
                assert!(vault(server, service).list().await.is_err() && vault(server, service).probe(&[ask("b")]).await[0].is_err());
            }
        }
    }
    assert_eq!(elsewhere.journal().count(), 0);
}

#[test]
fn whatever_a_name_is_it_stays_in_the_body() {
    let server = server();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let vaults = [vault(&server, SECRETS), vault(&server, PARAMETERS)];
    let run = |name: String, version: Option<String>| {
        server.journal().clear();
        for vault in &vaults {
            let asks = [SecretRef { version: version.clone(), ..ask(&name) }, ask("a")];
            runtime.block_on(async {
                vault.fetch(&asks).await;
                vault.probe(&asks[..1]).await;
            });
        }
        server.journal().calls()
    };
    let pieces =
        ["..", "/", "\\", "%2e", "?", "#", "@", ":", "a", "é", "\n", "\0", "\"", "{", "evil.example", "http:", "AWSCURRENT", "!", "+"];
    let hostile = proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..8);
    proptest!(ProptestConfig::with_cases(150), |(name in hostile, version in any::<Option<String>>())| {
        for call in run(name.concat(), version) {
            prop_assert!(call.method == "POST" && call.path == "/" && call.query.is_none());
            prop_assert!(call.credential == Credential::Known);
        }
    });
}

#[tokio::test]
async fn tls_is_by_the_given_authority() {
    let authority = Authority::generate();
    let server = Aws::serve_with(seed(), Options { tls: Some(&authority), ..Options::default() }).unwrap();
    let mut trusting = settings(&server, SECRETS);
    trusting.transport = Transport {
        authorities: Some(Authorities { pem: authority.pem().into_bytes(), source: "`ca.pem`".to_owned() }),
        ..Transport::default()
    };
    trusting.environment = environment(server.protocol().key());
    let vault = with(trusting);
    assert_eq!(one(&vault, ask("a")).await.unwrap().value.expose(), CANARY.as_bytes());
    assert_eq!(vault.to_string(), "AWS Secrets Manager in eu-central-1");
    assert!(!format!("{vault:?}").contains("demo-secret-key"));
}
