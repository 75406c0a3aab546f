//! The adapter for KV version 2 against a server that fails on demand.

use std::io::Read as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::thread::spawn;
use std::time::Duration;

use cloze::blank::Ask;
use cloze::clock::Machine;
use cloze::clock::Timestamp;
use cloze::secret::Secret;
use cloze::vault::Fetched;
use cloze::vault::Vault as _;
use cloze::vault::VaultError;
use cloze::vault::VaultFault;
use cloze::vault::hashicorp::HashicorpVault;
use cloze::vault::hashicorp::Settings;
use rustls::ServerConfig;
use rustls::ServerConnection;
use rustls::Stream;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use tokio::time::Instant;
use vault_mock::Credential;
use vault_mock::Fault;
use vault_mock::Options;
use vault_mock::Script;
use vault_mock::Server;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Seed;

const CANARY: &str = "canary-7Yq1";
const DEADLINE: Duration = Duration::from_secs(3);

fn server() -> Server<Hashicorp> {
    Hashicorp::serve(Seed::default().secret("secret/a", &[("value", CANARY), ("user", "app")]).secret("secret/b", &[("value", CANARY)]))
        .unwrap()
}

fn vault(server: &Server<Hashicorp>) -> HashicorpVault {
    with_token(server, server.protocol().token())
}

fn with_token(server: &Server<Hashicorp>, token: &str) -> HashicorpVault {
    let mut settings = Settings::new(server.url(), "secret", Secret::copy_of(token.as_bytes()));
    settings.limits.deadline = DEADLINE;
    HashicorpVault::new(settings, Arc::new(Machine)).unwrap()
}

fn ask(name: &str, key: Option<&str>, version: Option<&str>) -> Ask {
    Ask { vault: "default".to_owned(), name: name.to_owned(), key: key.map(str::to_owned), version: version.map(str::to_owned) }
}

async fn one(vault: &HashicorpVault, ask: Ask) -> Result<Fetched, VaultError> {
    vault.fetch(&[ask]).await.remove(0)
}

/// The outcome of reading `b` while `fault` befalls the first `times` requests, with the number of requests.
async fn under(times: Option<u32>, fault: Fault) -> (Result<Fetched, VaultError>, usize) {
    let server = server();
    server.script(Script { on: String::new(), times, until_ms: None, fault });
    let started = Instant::now();
    let outcome = one(&vault(&server), ask("b", None, None)).await;
    assert!(started.elapsed() < DEADLINE + Duration::from_millis(500), "{:?}", started.elapsed());
    if let Ok(fetched) = &outcome {
        assert_eq!(fetched.value.expose(), CANARY.as_bytes());
    }
    assert!(!format!("{outcome:?}").contains(CANARY));
    (outcome, server.journal().count())
}

async fn fails(fault: Fault, expected: VaultFault, reason: &str, requests: usize) {
    let shown = format!("{fault:?}");
    let (outcome, count) = under(None, fault).await;
    let error = outcome.unwrap_err();
    assert_eq!((error.fault, error.reason.as_str(), count), (expected, reason, requests), "{shown}");
    assert!(!error.next.is_empty());
}

async fn recovers(times: u32, fault: Fault) {
    let shown = format!("{fault:?}");
    let (outcome, count) = under(Some(times), fault).await;
    assert!(outcome.is_ok(), "{shown}: {outcome:?}");
    assert_eq!(count, times as usize + 1, "{shown}");
}

fn words(code: u16, words: &str) -> Fault {
    Fault::worded(code, words)
}

#[tokio::test]
async fn refusals_are_told_apart_and_not_repeated() {
    use VaultFault::{Denied, NotFound, Unauthenticated, Unavailable};
    fails(Fault::status(401), Unauthenticated, "the vault does not accept the token", 1).await;
    fails(Fault::status(403), Denied, "the token may not read `secret/data/b`: permission denied", 1).await;
    fails(words(403, "* bad\ttoken\u{1b}[31m"), Unauthenticated, "the vault does not accept the token: * bad token[31m", 1).await;
    let reason = "`b` or the version asked for is not there, or the vault hides it from this token";
    fails(Fault::status(404), NotFound, reason, 1).await;
    fails(words(404, "no handler for route"), NotFound, "there is no `secret/data/b`: no handler for route", 1).await;
    fails(words(400, "odd"), Unavailable, "the vault refused the request with status 400: odd", 1).await;
    fails(Fault::status(405), Unavailable, "the vault refused the request with status 405", 1).await;
    fails(Fault::status(501), Unavailable, "the vault failed with status 501", 1).await;
    // The token itself is never shown, even when a server says it.
    fails(words(403, "no demo-token here"), Denied, "the token may not read `secret/data/b`", 1).await;
}

#[tokio::test]
async fn passing_faults_are_tried_four_times() {
    use VaultFault::Unavailable;
    fails(Fault::status(500), Unavailable, "the vault failed with status 500: internal error", 4).await;
    fails(Fault::status(503), Unavailable, "the vault is sealed", 4).await;
    fails(Fault::status(412), Unavailable, "the vault refused the request with status 412", 4).await;
    let broken = "the connection to the vault broke before the answer was complete";
    fails(Fault::Reset, Unavailable, broken, 4).await;
    fails(Fault::Truncated, Unavailable, broken, 4).await;
    fails(Fault::Body { code: 502, text: format!("<html>{CANARY}") }, Unavailable, "the vault failed with status 502", 4).await;
}

#[tokio::test]
async fn a_vault_that_asks_for_patience_is_asked_less_and_less_until_the_deadline() {
    let (outcome, count) = under(None, Fault::status(429)).await;
    let error = outcome.unwrap_err();
    let reason = "the vault asks for patience: request path \"secret/data\": rate limit quota exceeded";
    assert_eq!((error.fault, error.reason.as_str()), (VaultFault::RateLimited, reason));
    assert!((2..=4).contains(&count), "{count}");
}

#[tokio::test]
async fn passing_faults_pass() {
    recovers(1, Fault::status(429)).await;
    for fault in [Fault::status(500), Fault::status(503), Fault::Reset, Fault::Truncated, Fault::throttled(0)] {
        recovers(3, fault).await;
    }
}

#[tokio::test]
async fn retry_after_is_honoured_up_to_the_deadline() {
    let started = Instant::now();
    recovers(1, Fault::throttled(1)).await;
    assert!(started.elapsed() >= Duration::from_secs(1));
    let started = Instant::now();
    let (outcome, count) = under(None, Fault::throttled(3600)).await;
    assert_eq!((outcome.unwrap_err().fault, count), (VaultFault::RateLimited, 1));
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn answers_that_take_too_long_end_at_the_deadline() {
    fails(Fault::Slow { each_ms: 100 }, VaultFault::Unavailable, "the vault did not answer within 3 s", 1).await;
    fails(Fault::Delay { ms: 60_000 }, VaultFault::Unavailable, "the vault did not answer within 3 s", 1).await;
    recovers(0, Fault::Reset).await;
    let (outcome, _) = under(Some(1), Fault::Slow { each_ms: 1 }).await;
    assert!(outcome.is_ok());
}

#[tokio::test]
async fn answers_that_are_none_are_not_believed() {
    let strange = "the vault's answer is not that of a KV version 2 mount: ";
    let body = |text: &str| Fault::Body { code: 200, text: text.to_owned() };
    let is = async |text: &str, reason: &str| fails(body(text), VaultFault::Unavailable, &format!("{strange}{reason}"), 1).await;
    is("", "no JSON from byte 0 on").await;
    is(&format!("{{\"{CANARY}"), "no JSON from byte 13 on").await;
    is(&format!(r#"{{"data": {{"value": "{CANARY}"}}}}"#), "no `data.metadata`").await;
    is(&format!(r#"{{"data": {{"data": {{"value": "{CANARY}"}}, "metadata": {{}}}}}}"#), "no `data.metadata.version`").await;
    is(&format!(r#"{{"errors": ["{CANARY}"]}}"#), "no `data.metadata`").await;
    let large = Fault::Body { code: 200, text: "x".repeat(2 << 20) };
    fails(large, VaultFault::BadValue, "the vault's answer is larger than 1 MiB", 1).await;
}

#[tokio::test]
async fn no_damage_to_an_answer_shows_the_value() {
    let server = server();
    let vault = vault(&server);
    let good = format!(
        r#"{{"data": {{"data": {{"user": "{CANARY}", "password": "{CANARY}"}}, "metadata": {{"version": 1, "deletion_time": "", "destroyed": false}}}}}}"#
    );
    for at in 0..good.len() {
        let cut = good[..at].to_owned();
        let inserted = format!("{}\u{1}{}", &good[..at], &good[at..]);
        let planted = format!("{}{CANARY}{}", &good[..at], &good[at..]);
        for text in [cut, inserted, planted] {
            server.script(Script::new("", 1, Fault::Body { code: 200, text }));
            for answer in vault.fetch(&[ask("x", None, None), ask("x", Some("absent"), None)]).await {
                // A canary that was planted in a key has become a key's name, which is no value.
                let shown = format!("{answer:?}");
                assert!(names_a_key(&shown), "{shown}");
            }
        }
    }
}

/// Whether every canary in a message, if there is any, stands inside a key's name, in backticks.
fn names_a_key(shown: &str) -> bool {
    shown.split('`').enumerate().all(|(index, part)| index % 2 == 1 || !part.contains(CANARY))
}

#[tokio::test]
async fn redirects_are_not_followed_and_the_token_stays_home() {
    let elsewhere = server();
    for code in [301, 302, 303, 307, 308] {
        let server = server();
        for to in [format!("{}/v1/secret/data/b", elsewhere.url()), "/v1/secret/data/a".to_owned(), "//evil.example/x".to_owned()] {
            server.journal().clear();
            server.script(Script::new("", 1, Fault::Redirect { code, to: to.clone() }));
            let error = one(&vault(&server), ask("b", None, None)).await.unwrap_err();
            let host = if to.contains("evil") { "evil.example" } else { "127.0.0.1" };
            assert_eq!(error.reason, format!("the vault redirects to {host}, and redirects are not followed"));
            assert_eq!((error.fault, server.journal().count()), (VaultFault::Unavailable, 1));
        }
    }
    assert_eq!(elsewhere.journal().count(), 0);
}

#[tokio::test]
async fn the_wire_is_as_documented() {
    let server = server();
    let mut settings = Settings::new(format!("{}/", server.url()), "/secret/", Secret::copy_of(server.protocol().token().as_bytes()));
    settings.namespace = Some("team/shop/".to_owned());
    let vault = HashicorpVault::new(settings, Arc::new(Machine)).unwrap();
    assert!(one(&vault, ask("a", Some("user"), Some("1"))).await.is_ok());
    vault.list().await.unwrap();
    let calls = server.journal().calls();
    assert_eq!(
        (calls[0].method.as_str(), calls[0].path.as_str(), calls[0].query.as_deref()),
        ("GET", "/v1/secret/data/a", Some("version=1"))
    );
    assert_eq!(calls[0].credential, Credential::Known);
    assert_eq!((calls[0].subject.note("marked"), calls[0].subject.note("namespace")), (Some("true"), Some("team/shop/")));
    assert_eq!((calls[1].method.as_str(), calls[1].path.as_str()), ("LIST", "/v1/secret/metadata/"));
}

#[tokio::test]
async fn deleted_destroyed_and_expiring_versions_are_told() {
    let server = server();
    let vault = vault(&server);
    server.protocol().delete("secret/b", &[], "2026-01-02T03:04:05.123456789Z");
    let error = one(&vault, ask("b", None, None)).await.unwrap_err();
    assert_eq!(error.fault, VaultFault::Gone);
    assert_eq!(error.reason, "version 1 of `b` was deleted at 2026-01-02T03:04:05.123456789Z");
    server.protocol().destroy("secret/b", &[1]);
    let error = one(&vault, ask("b", None, Some("1"))).await.unwrap_err();
    assert_eq!((error.fault, error.reason.as_str()), (VaultFault::Gone, "version 1 of `b` was destroyed"));
    server.protocol().delete("secret/a", &[], "2999-01-01T00:00:00Z");
    let fetched = one(&vault, ask("a", Some("value"), None)).await.unwrap();
    assert_eq!(fetched.expires, Timestamp::from_rfc3339("2999-01-01T00:00:00Z"));
}

#[tokio::test]
async fn a_map_without_a_key_names_its_keys() {
    let server = server();
    let error = one(&vault(&server), ask("a", None, None)).await.unwrap_err();
    assert_eq!(error.fault, VaultFault::BadValue);
    assert_eq!(error.reason, "`a` is a map with `user`, `value`, and no key was asked for");
    assert_eq!(error.next, "name the key, as in `secret(name=…, key=…)`");
}

#[tokio::test]
async fn a_map_of_nothing_has_no_value() {
    let server = Hashicorp::serve(Seed::default().secret("secret/a", &[])).unwrap();
    let error = one(&vault(&server), ask("a", None, None)).await.unwrap_err();
    assert_eq!((error.fault, error.reason.as_str()), (VaultFault::BadValue, "`a` has no keys"));
}

#[tokio::test]
async fn lists_that_are_none_are_not_believed() {
    let server = server();
    let vault = vault(&server);
    let strange = "the vault's answer is not that of a KV version 2 mount: ";
    for (text, reason) in [
        ("{\"data\": {}}", "a list without `data.keys`"),
        ("{\"data\": {\"keys\": [1]}}", "a list with something else than names"),
        ("[", "no JSON from byte 1 on"),
    ] {
        server.script(Script::new("", 1, Fault::Body { code: 200, text: text.to_owned() }));
        assert_eq!(vault.list().await.unwrap_err().reason, format!("{strange}{reason}"));
    }
    server.script(Script::new("", 1, Fault::status(403)));
    let error = vault.list().await.unwrap_err();
    assert_eq!((error.fault, error.reason.as_str()), (VaultFault::Denied, "the token may not read `secret/metadata/`: permission denied"));
    // Names that cannot be asked for do not lead anywhere either.
    server.journal().clear();
    let text = r#"{"data": {"keys": ["good", "../sys/", "..", "a%2fb", "/", "", "x\n"]}}"#.to_owned();
    server.script(Script::new("", 1, Fault::Body { code: 200, text }));
    let names: Vec<String> = vault.list().await.unwrap().into_iter().map(|listed| listed.name).collect();
    assert_eq!((names, server.journal().count()), (vec!["good".to_owned()], 1));
    // A server that has a folder in each folder is asked for 32 of them.
    server.journal().clear();
    server.script(Script::always("", Fault::Body { code: 200, text: r#"{"data": {"keys": ["again/"]}}"#.to_owned() }));
    let error = vault.list().await.unwrap_err();
    assert_eq!(error.reason, "the mount has more than 10000 folders, or they are nested deeper than 32");
    assert_eq!((error.fault, server.journal().count()), (VaultFault::Unsupported, 32));
}

#[tokio::test]
async fn current_is_known_where_both_were_read() {
    let server = Hashicorp::serve(Seed::default().secret("secret/a", &[("value", "1")]).secret("secret/a", &[("value", "2")])).unwrap();
    let vault = vault(&server);
    let asks = [ask("a", None, None), ask("a", None, Some("1")), ask("a", None, Some("2"))];
    let current: Vec<Option<bool>> = vault.fetch(&asks).await.iter().map(|answer| answer.as_ref().unwrap().current).collect();
    assert_eq!(current, [Some(true), Some(false), Some(true)]);
    assert_eq!(one(&vault, ask("a", None, Some("1"))).await.unwrap().current, None);
}

#[tokio::test]
async fn a_wrong_token_and_a_narrow_one_are_told_apart() {
    let server = Hashicorp::serve(
        Seed::default()
            .token("narrow", Some(&["secret/data/a"]))
            .secret("secret/a", &[("value", "v")])
            .secret("secret/b", &[("value", "v")]),
    )
    .unwrap();
    let narrow = with_token(&server, "narrow");
    assert!(one(&narrow, ask("a", None, None)).await.is_ok());
    assert_eq!(one(&narrow, ask("b", None, None)).await.unwrap_err().fault, VaultFault::Denied);
    let wrong = with_token(&server, "wrong");
    assert_eq!(one(&wrong, ask("a", None, None)).await.unwrap_err().fault, VaultFault::Unauthenticated);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let stopped = server();
    let vault = vault(&stopped);
    drop(stopped);
    let error = one(&vault, ask("a", None, None)).await.unwrap_err();
    assert_eq!((error.fault, error.reason.as_str()), (VaultFault::Unavailable, "no connection to the vault: connection refused"));
}

#[tokio::test]
async fn a_server_without_tls_is_told() {
    let server = server();
    let address = server.url().replace("http:", "https:");
    let settings = Settings::new(address, "secret", Secret::copy_of(b"token"));
    let error = match HashicorpVault::new(settings, Arc::new(Machine)) {
        Ok(vault) => one(&vault, ask("a", None, None)).await.unwrap_err(),
        // A machine without CA certificates.
        Err(error) => error,
    };
    assert_eq!(error.fault, VaultFault::Unavailable);
    assert!(
        ["TLS with the vault failed", "TLS cannot be set up with the system's certificates"].contains(&error.reason.as_str()),
        "{error:?}"
    );
    assert_eq!(server.journal().count(), 0);
}

/// A TLS server on the loopback whose certificate nobody has signed; gives what a client says after the handshake.
fn untrusted() -> (u16, JoinHandle<usize>) {
    let certificate = CertificateDer::from(include_bytes!("untrusted.certificate.der").to_vec());
    let key = PrivateKeyDer::try_from(include_bytes!("untrusted.key.der").to_vec()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let said = spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
        let mut said = Vec::new();
        // An error is what a client that refuses leaves.
        Stream::new(&mut connection, &mut socket).read_to_end(&mut said).unwrap_or_default();
        said.len()
    });
    (port, said)
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_is_refused_before_the_token_is_sent() {
    let (port, said) = untrusted();
    let settings = Settings::new(format!("https://localhost:{port}"), "secret", Secret::copy_of(b"token"));
    // A machine without CA certificates refuses earlier.
    let Ok(vault) = HashicorpVault::new(settings, Arc::new(Machine)) else { return };
    let error = one(&vault, ask("a", None, None)).await.unwrap_err();
    assert_eq!((error.fault, error.reason.as_str()), (VaultFault::Unavailable, "the vault's certificate is not valid here"));
    assert_eq!(said.join().unwrap(), 0);
}

#[tokio::test]
async fn each_version_is_read_once_and_sixteen_at_a_time() {
    let mut seed = Seed::default();
    for number in 0..167 {
        seed = seed.secret(&format!("secret/{number}"), &[("x", "1"), ("y", "2"), ("z", "3")]);
    }
    let server = Hashicorp::serve_with(seed, Options::latency(Duration::from_millis(5))).unwrap();
    let asks: Vec<Ask> = (0..500).map(|number| ask(&(number % 167).to_string(), Some(["x", "y", "z"][number / 167]), None)).collect();
    let answers = vault(&server).fetch(&asks).await;
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer.as_ref().unwrap().value.expose(), [b'1' + u8::try_from(number / 167).unwrap()]);
    }
    assert_eq!(server.journal().count(), 167);
    assert_eq!(server.journal().most_at_once(), 16);
}

#[tokio::test]
async fn a_dead_vault_is_given_up_on() {
    let server = server();
    server.script(Script::always("", Fault::status(500)));
    let mut settings = Settings::new(server.url(), "secret", Secret::copy_of(server.protocol().token().as_bytes()));
    settings.limits.parallel = 2;
    settings.limits.rest = Duration::from_millis(100);
    let vault = HashicorpVault::new(settings, Arc::new(Machine)).unwrap();
    let asks: Vec<Ask> = (0..200).map(|number| ask(&number.to_string(), None, None)).collect();
    let answers = vault.fetch(&asks).await;
    let reasons: Vec<&str> = answers.iter().map(|answer| answer.as_ref().unwrap_err().reason.as_str()).collect();
    let given_up = reasons.iter().filter(|reason| **reason == "not asked for: the vault could not answer several others").count();
    assert!(given_up >= 190, "{given_up}");
    assert!(reasons.contains(&"the vault failed with status 500: internal error"));
    assert!(server.journal().count() <= 4 * 10);
}
