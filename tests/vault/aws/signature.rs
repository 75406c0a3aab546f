//! Keys that are wrong, foreign or expired, and what a signature is made of.

use std::sync::Arc;

use cloze::clock::Machine;
use cloze::clock::Timestamp;
use cloze::service::ServiceFault;
use cloze::vault::aws::AwsVault;
use cloze::vault::aws::Settings;
use vault_mock::Script;
use vault_mock::aws::Aws;
use vault_mock::aws::Key;

use crate::aws::bench::SECRETS;
use crate::aws::bench::ask;
use crate::aws::bench::environment;
use crate::aws::bench::refusal;
use crate::aws::bench::seed;
use crate::aws::bench::server;
use crate::aws::bench::settings;
use crate::aws::bench::with;
use crate::aws::bench::with_key;
use crate::read::one;

#[tokio::test]
async fn a_wrong_secret_key_a_foreign_one_and_an_expired_session_are_told() {
    let mut temporary = Key::new("ASIATEMP", "temporary-secret");
    temporary.session = Some("session-token".to_owned());
    let mut expired = Key { id: "ASIAOLD".to_owned(), ..temporary.clone() };
    expired.expired = true;
    let server = Aws::serve(seed().key(temporary.clone()).key(expired.clone())).unwrap();
    let outcome = async |key: &Key| one(&with_key(&server, SECRETS, key), ask("a")).await.map_err(|error| (error.fault, error.reason));
    assert!(outcome(&temporary).await.is_ok());
    let refused = |words: &str| Some((ServiceFault::Unauthenticated, words.to_owned()));
    assert_eq!(outcome(&expired).await.err(), refused("the credential has expired"));
    let wrong = Key { secret: "other".to_owned(), ..temporary.clone() };
    assert_eq!(outcome(&wrong).await.err(), refused("AWS does not accept the credential (InvalidSignatureException)"));
    let unknown = refused("AWS does not accept the credential (UnrecognizedClientException)");
    assert_eq!(outcome(&Key { session: None, ..temporary.clone() }).await.err(), unknown);
    assert_eq!(outcome(&Key::new("AKIAX", "x")).await.err(), unknown);
    let unusable = Key { session: Some("a\nb".to_owned()), ..temporary.clone() };
    assert_eq!(outcome(&unusable).await.err(), refused("the request cannot be signed with this credential"));
    server.protocol().skew(600);
    assert_eq!(outcome(&temporary).await.err(), refused("AWS does not accept the time of the signature"));
    server.protocol().skew(-600);
    assert_eq!(outcome(&temporary).await.err(), refused("AWS does not accept the time of the signature"));
    // Words that repeat the credential are not shown.
    server.script(Script::always("", refusal(400, "Strange", "x session-token y")));
    assert_eq!(outcome(&temporary).await.unwrap_err().1, "the vault refused the request with status 400 (Strange)");
}

#[tokio::test]
async fn the_signature_has_the_clocks_time_and_the_regions_name() {
    let server = server();
    let environment = environment(server.protocol().key());
    let clock = Arc::new(Timestamp::from_rfc3339("2000-01-01T00:00:00Z").unwrap());
    let vault =
        AwsVault::new(Settings { environment: Arc::clone(&environment), ..settings(&server, SECRETS) }, Arc::new(Machine), clock).unwrap();
    assert_eq!(one(&vault, ask("a")).await.unwrap_err().reason, "AWS does not accept the time of the signature");
    let vault = with(Settings { region: Some("us-east-1".to_owned()), environment, ..settings(&server, SECRETS) });
    assert_eq!(one(&vault, ask("a")).await.unwrap_err().reason, "AWS does not accept the credential (InvalidSignatureException)");
}
