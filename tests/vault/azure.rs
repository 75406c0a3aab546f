//! The adapter for Azure Key Vault against a vault and an authority that fail on demand.

use std::sync::Arc;
use std::time::Duration;

use cloze::blank::SecretRef;
use cloze::clock::Machine;
use cloze::clock::Timestamp;
use cloze::identity::azure::Credential;
use cloze::identity::id_token::IdToken;
use cloze::secret::Secret;
use cloze::service::DiagnosticStep;
use cloze::service::ServiceError;
use cloze::service::ServiceFault;
use cloze::service::http::Authorities;
use cloze::vault::Close;
use cloze::vault::Diagnose;
use cloze::vault::ListSecrets;
use cloze::vault::SecretValue;
use cloze::vault::Vault as _;
use cloze::vault::azure::AzureVault;
use cloze::vault::azure::Settings;
use vault_mock::Authority;
use vault_mock::Credential as Shown;
use vault_mock::Fault;
use vault_mock::Options;
use vault_mock::Script;
use vault_mock::Server;
use vault_mock::azure::Azure;
use vault_mock::azure::Client;
use vault_mock::azure::Federated;
use vault_mock::azure::Seed;
use vault_mock::azure::Version;

use crate::damage::damaged;
use crate::one_fault::DEADLINE;
use crate::one_fault::OneFault;
use crate::one_fault::REDIRECTS;
use crate::read;
use crate::read::CANARY;

const APPLICATION: &str = include_str!("application.pem");

fn seed() -> Seed {
    let secret = Some(format!("{CANARY}-secret"));
    let client = Client { id: "demo-client".to_owned(), secret, ..Client::default() };
    Seed::default().client(client).secret("a", CANARY).secret("b", CANARY)
}

fn server() -> Server<Azure> {
    Azure::serve(seed()).unwrap()
}

fn settings(server: &Server<Azure>) -> Settings {
    let (client, secret) = server.protocol().client();
    let credential = Credential::ClientSecret { tenant: server.protocol().tenant(), client, secret: Secret::copy_of(secret.as_bytes()) };
    let mut settings = Settings { authority: Some(server.url()), ..Settings::new(server.url(), credential) };
    settings.limits.deadline = DEADLINE;
    settings
}

fn made(settings: Settings) -> AzureVault {
    AzureVault::new(settings, Arc::new(Machine), Arc::new(Machine)).unwrap()
}

fn ask(name: &str, version: Option<&str>) -> SecretRef {
    read::ask(name, None, version)
}

async fn one(vault: &AzureVault, name: &str) -> Result<SecretValue, ServiceError> {
    read::one(vault, ask(name, None)).await
}

/// A read of `b`, where what goes `on` fails.
fn one_fault(on: &'static str) -> OneFault<Azure, AzureVault> {
    let server = server();
    let vault = made(settings(&server));
    OneFault { server, vault, ask: ask("b", None), on, grace: Duration::from_secs(1) }
}

#[tokio::test]
async fn refusals_are_told_apart() {
    use ServiceFault::{Denied, Gone, NotFound, Unauthenticated, Unavailable};
    let is = async |fault: Fault, expected: ServiceFault, reason: &str, next: &str| {
        // A token that is not accepted is renewed once.
        let calls = if expected == Unauthenticated { 2 } else { 1 };
        let error = one_fault("GetSecret").fails_after(fault, expected, reason, calls).await;
        assert!(error.next.contains(next), "{}", error.next);
    };
    is(Fault::variant(403, "disabled"), Gone, "`b` is disabled", "enable it").await;
    let firewall =
        "the vault's firewall does not let this machine in: Client address is not authorized and caller is not a trusted service.";
    is(Fault::variant(403, "firewall"), Denied, firewall, "networking").await;
    let closed = "the vault is not open to public networks: Public network access is disabled and request is not from a private link.";
    is(Fault::variant(403, "connection"), Denied, closed, "private link").await;
    let rbac = "no role allows to read b: Caller is not authorized to perform action on resource.";
    is(Fault::variant(403, "rbac"), Denied, rbac, "Key Vault Secrets User").await;
    let policy =
        "the vault's access policy does not allow to read b: The application does not have secrets get permission on the key vault.";
    is(Fault::variant(403, "policy"), Denied, policy, "access policies").await;
    let other = Fault::Body { code: 403, text: r#"{"error":{"code":"Forbidden","message":"odd\u001b[31m"}}"#.to_owned() };
    is(other, Denied, "the vault does not allow to read b: odd[31m", "Key Vault Secrets User").await;
    is(Fault::status(404), NotFound, "`b` or the version asked for is not in the vault", "check the name").await;
    let issuer = "the vault does not accept the token: AKV10032: Invalid issuer.";
    is(Fault::worded(401, "AKV10032: Invalid issuer."), Unauthenticated, issuer, "another tenant").await;
    is(Fault::worded(400, "odd"), Unavailable, "the vault refused the request with status 400: odd", "`apiVersion`").await;
}

#[tokio::test]
async fn passing_faults_are_tried_again() {
    let reason = "the vault failed with status 503: The service is unavailable.";
    one_fault("GetSecret").fails_after(Fault::status(503), ServiceFault::Unavailable, reason, 4).await;
    let reason = "the vault is rate limiting requests: Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached";
    one_fault("GetSecret").fails(Fault::status(429), ServiceFault::RateLimited, reason).await;
    let server = server();
    for fault in [Fault::status(500), Fault::Reset, Fault::Truncated, Fault::throttled(0)] {
        server.script(Script::new("GetSecret", 1, fault));
        assert!(one(&made(settings(&server)), "b").await.is_ok());
    }
}

#[tokio::test]
async fn a_login_that_fails_is_told_and_not_repeated_for_each() {
    let is = async |fault: Fault, expected: ServiceFault, reason: &str| one_fault("Token").fails_after(fault, expected, reason, 1).await;
    let worded = |words: &str| Fault::Status {
        code: 401,
        variant: Some("7000215".to_owned()),
        retry_after: None,
        words: Some(vec![words.to_owned()]),
    };
    let reason = "the login service did not give a token: AADSTS7000215: Invalid client secret provided";
    is(worded("Invalid client secret provided."), ServiceFault::Unauthenticated, reason).await;
    let quoting = format!("Invalid client secret {CANARY}-secret.");
    is(worded(&quoting), ServiceFault::Unauthenticated, "the login service did not give a token (status 401)").await;
    let body = Fault::Body { code: 200, text: format!("{{\"access_token\": 1, \"x\": \"{CANARY}") };
    is(body, ServiceFault::Unauthenticated, "the answer for application demo-client with a client secret does not contain a token").await;
    let to = "https://evil.example/token".to_owned();
    let reason = "the login service redirects to evil.example, and redirects are not followed";
    is(Fault::Redirect { code: 307, to }, ServiceFault::Unavailable, reason).await;
    let server = server();
    server.script(Script::always("Token", Fault::variant(400, "90002")));
    let asks: Vec<SecretRef> = (0..40).map(|number| ask(&number.to_string(), None)).collect();
    let answers = made(settings(&server)).fetch(&asks).await;
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap_err().next == "check the tenant's id"));
    assert_eq!((server.journal().of("Token").len(), server.journal().of("GetSecret").len()), (1, 0));
    server.heal();
    server.script(Script::new("Token", 2, Fault::status(503)));
    assert!(one(&made(settings(&server)), "a").await.is_ok());
}

#[tokio::test]
async fn one_token_is_asked_for_whoever_asks() {
    let server = server();
    let vault = made(settings(&server));
    let (asks, again) = ([ask("a", None), ask("b", None)], [ask("a", None)]);
    let (first, second, third) = tokio::join!(vault.fetch(&asks), vault.fetch(&again), vault.probe(&again));
    assert!(first.iter().chain(&second).all(Result::is_ok) && third[0].is_ok());
    assert_eq!(server.journal().of("Token").len(), 1);
    vault.close().await.unwrap();
    assert!(one(&vault, "a").await.is_ok());
    // A token that ends within five minutes is not kept.
    let short = Azure::serve(Seed { token_seconds: Some(200), ..seed() }).unwrap();
    let vault = made(settings(&short));
    assert!(one(&vault, "a").await.is_ok() && one(&vault, "a").await.is_ok());
    assert_eq!(short.journal().of("Token").len(), 2);
}

#[tokio::test]
async fn a_token_that_is_rejected_in_the_middle_of_a_run_is_renewed_once() {
    let server = server();
    let vault = made(settings(&server));
    let logins = || server.journal().of("Token").len();
    assert!(one(&vault, "a").await.is_ok() && logins() == 1);
    server.script(Script::new("GetSecret", 1, Fault::status(401)));
    assert!(one(&vault, "a").await.is_ok() && logins() == 2);
    server.script(Script::always("GetSecret", Fault::status(401)));
    let asks: Vec<SecretRef> = (0..20).map(|number| ask(&number.to_string(), None)).collect();
    assert!(vault.fetch(&asks).await.iter().all(|answer| answer.as_ref().unwrap_err().fault == ServiceFault::Unauthenticated));
    assert_eq!(logins(), 3, "one more login for all of them");
}

#[tokio::test]
async fn no_credential_goes_astray() {
    let elsewhere = server();
    for code in REDIRECTS {
        let to = format!("{}/secrets/b?api-version=7.5", elsewhere.url());
        one_fault("GetSecret").follows_no_redirect(code, &to).await;
    }
    // A challenge for another domain gets no token, and no request with one is made.
    for resource in ["https://vault.azure.net", "https://graph.microsoft.com", "https://management.azure.com"] {
        let server = Azure::serve(Seed { resource: Some(resource.to_owned()), ..seed() }).unwrap();
        let error = one(&made(settings(&server)), "b").await.unwrap_err();
        let host = resource.trim_start_matches("https://");
        assert_eq!(error.reason, format!("the vault asks for a token for {host}, which 127.0.0.1 does not belong to; none was sent"));
        let calls = server.journal().calls();
        assert!(calls.len() == 1 && calls[0].credential == Shown::None && calls[0].subject.note("credential").is_none());
    }
    let server = server();
    let text = format!(r#"{{"value": [], "nextLink": "{}/secrets?api-version=7.5"}}"#, elsewhere.url());
    server.script(Script::new("ListSecrets", 1, Fault::status(401)));
    server.script(Script::always("ListSecrets", Fault::Body { code: 200, text }));
    let error = made(settings(&server)).list().await.unwrap_err();
    assert_eq!(error.reason, "the vault's list goes on at another place, and no credential is sent there");
    assert_eq!(elsewhere.journal().connections(), 0);
}

#[tokio::test]
async fn no_damage_to_an_answer_shows_the_value() {
    let server = server();
    let vault = made(settings(&server));
    assert!(one(&vault, "b").await.is_ok());
    let id = format!("{}/secrets/b/0123456789abcdef0123456789abcdef", server.url());
    let good = format!(r#"{{"value": "{CANARY}", "id": "{id}", "attributes": {{"enabled": true, "nbf": 1, "exp": 2}}}}"#);
    for text in damaged(&good) {
        server.script(Script::new("GetSecret", 1, Fault::Body { code: 200, text: text.clone() }));
        let asks = [ask("b", None), SecretRef { key: Some("k".to_owned()), ..ask("b", None) }];
        for answer in vault.fetch(&asks).await {
            // A version is no value; a canary that was planted into one comes back as it.
            if let Err(error) = answer {
                assert!(!format!("{error:?}").contains(CANARY), "{error:?} of {text}");
            }
        }
    }
}

#[tokio::test]
async fn answers_that_are_none_are_not_believed() {
    let server = server();
    let vault = made(settings(&server));
    let id = |rest: &str| format!(r#""id": "{}/secrets/{rest}""#, server.url());
    let version = "0123456789abcdef0123456789abcdef";
    for (text, reason) in [
        (String::new(), "no JSON from byte 0 on"),
        ("[]".to_owned(), "an array in place of an object"),
        (format!(r#"{{"value": "{CANARY}"}}"#), "no `id`"),
        (format!(r#"{{"id": "https://other.vault.azure.net/secrets/b/{version}"}}"#), "an `id` that is not of this vault"),
        (format!("{{{}}}", id("b")), "no `attributes`"),
        (format!(r#"{{{}, "attributes": {{}}}}"#, id("b")), "an `id` without a version"),
        (format!(r#"{{{}, "attributes": {{}}}}"#, id(&format!("a/{version}"))), "another secret than the one asked for"),
        (format!(r#"{{{}, "attributes": {{}}, "value": 5}}"#, id(&format!("b/{version}"))), "no `value` that is text"),
        (
            format!(r#"{{{}, "attributes": {{"exp": "soon"}}}}"#, id(&format!("b/{version}"))),
            "a time that is not a whole number of seconds",
        ),
    ] {
        server.script(Script::new("GetSecret", 1, Fault::Body { code: 200, text }));
        assert_eq!(one(&vault, "b").await.unwrap_err().reason, format!("the vault's answer is not that of a key vault: {reason}"));
    }
    server.script(Script::new("ListSecrets", 1, Fault::Body { code: 200, text: "{}".to_owned() }));
    assert_eq!(vault.list().await.unwrap_err().reason, "the vault's answer is not that of a key vault: a list without `value`");
}

#[tokio::test]
async fn times_versions_and_removal_are_told() {
    let server = server();
    let vault = made(settings(&server));
    let first = one(&vault, "a").await.unwrap().version;
    let timed = Version { value: "v".to_owned(), nbf: Some(1), exp: Some(2), ..Version::default() };
    let second = server.protocol().put("a", timed).unwrap();
    let answers = vault.fetch(&[ask("a", None), ask("a", Some(&first)), ask("a", Some(&second))]).await;
    let current: Vec<Option<bool>> = answers.iter().map(|answer| answer.as_ref().unwrap().current).collect();
    assert_eq!(current, [Some(true), Some(false), Some(true)]);
    let fetched = answers[0].as_ref().unwrap();
    assert_eq!((fetched.not_before, fetched.expires), (Some(Timestamp(1)), Some(Timestamp(2))));
    server.protocol().delete("b");
    let error = one(&vault, "b").await.unwrap_err();
    assert_eq!(error.fault, ServiceFault::Gone);
    assert!(
        error.reason.starts_with("`b` was deleted at 20") && error.reason.contains(" and can be recovered until 20"),
        "{}",
        error.reason
    );
    assert_eq!(vault.probe(&[ask("b", None)]).await[0].as_ref().unwrap_err(), &error);
}

#[tokio::test]
async fn lists_have_pages_and_a_probe_falls_back_to_a_read() {
    let mut seed = seed();
    for number in 0..60 {
        seed = seed.secret(&format!("n-{number}"), "v");
    }
    let server = Azure::serve(seed).unwrap();
    let vault = made(settings(&server));
    assert_eq!(vault.list().await.unwrap().len(), 62);
    assert_eq!(server.journal().of("ListSecrets").len(), 1 + 3);
    assert!(!vault.probe(&[ask("a", None)]).await[0].as_ref().unwrap().read);
    assert_eq!(server.journal().of("GetSecret").len(), 0);
    server.script(Script::always("ListSecretVersions", Fault::variant(403, "policy")));
    assert!(vault.probe(&[ask("a", None)]).await[0].as_ref().unwrap().read);
    assert_eq!(server.journal().of("GetSecret").len(), 1);
}

#[tokio::test]
async fn certificates_and_tokens_of_others_log_in() {
    let federated = Federated { issuer: "https://ci.test".to_owned(), subject: "repo:shop".to_owned(), audience: "api://x".to_owned() };
    let seed = Seed::default()
        .client(Client { id: "signed".to_owned(), certificate: Some(APPLICATION.to_owned()), ..Client::default() })
        .client(Client { id: "foreign".to_owned(), federated: Some(federated), ..Client::default() })
        .secret("a", CANARY);
    let authority = Authority::generate();
    let server = Azure::serve_with(seed, Options { tls: Some(&authority), ..Options::default() }).unwrap();
    let with = |credential: Credential| {
        let mut settings = Settings { authority: Some(server.url()), ..Settings::new(server.url(), credential) };
        settings.transport.authorities = Some(Authorities { pem: authority.pem().into_bytes(), source: "`ca.pem`".to_owned() });
        made(settings)
    };
    let tenant = server.protocol().tenant();
    let pem = |text: &str| Secret::copy_of(text.as_bytes());
    let vault = with(Credential::ClientCertificate { tenant: tenant.clone(), client: "signed".to_owned(), pem: pem(APPLICATION) });
    assert_eq!(one(&vault, "a").await.unwrap().value.expose(), CANARY.as_bytes());
    let foreign = |payload: &str| {
        let token = IdToken::Text(Secret::copy_of(format!("e30.{payload}.e30").as_bytes()));
        with(Credential::Federated { tenant: tenant.clone(), client: "foreign".to_owned(), token })
    };
    // {"iss":"https://ci.test","sub":"repo:shop","aud":"api://x","exp":4102444800}
    let good = "eyJpc3MiOiJodHRwczovL2NpLnRlc3QiLCJzdWIiOiJyZXBvOnNob3AiLCJhdWQiOiJhcGk6Ly94IiwiZXhwIjo0MTAyNDQ0ODAwfQ";
    assert!(one(&foreign(good), "a").await.is_ok());
    // {"iss":"https://ci.test","sub":"repo:evil","aud":"api://x","exp":4102444800}
    let evil = "eyJpc3MiOiJodHRwczovL2NpLnRlc3QiLCJzdWIiOiJyZXBvOmV2aWwiLCJhdWQiOiJhcGk6Ly94IiwiZXhwIjo0MTAyNDQ0ODAwfQ";
    let error = one(&foreign(evil), "a").await.unwrap_err();
    assert!(
        error.reason.starts_with("the login service did not give a token: AADSTS700213: No matching federated identity record"),
        "{}",
        error.reason
    );
    assert!(error.next.contains("issuer, subject and audience"));
    let none = with(Credential::Federated { tenant, client: "foreign".to_owned(), token: IdToken::Text(pem(CANARY)) });
    assert_eq!(one(&none, "a").await.unwrap_err().reason, "the text that is given as the id token is not an id token");
}

#[tokio::test]
async fn the_doctor_walks_to_the_first_that_is_bad() {
    let walk = async |on: &str, fault: Option<Fault>| {
        let server = server();
        if let Some(fault) = fault {
            server.script(Script::always(on, fault));
        }
        let findings = made(settings(&server)).diagnose().await;
        let bad = findings.iter().position(|finding| finding.outcome.is_err());
        assert!(bad.is_none_or(|at| at == findings.len() - 1));
        assert!(!format!("{findings:?}").contains(CANARY));
        let last = findings.last().unwrap();
        (last.step, last.outcome.clone().map_err(|error| error.fault))
    };
    assert_eq!(walk("", None).await, (DiagnosticStep::Permission, Ok("secrets can be read and listed".to_owned())));
    assert_eq!(walk("Token", Some(Fault::variant(401, "7000222"))).await, (DiagnosticStep::Identity, Err(ServiceFault::Unauthenticated)));
    assert_eq!(walk("GetSecret", Some(Fault::variant(403, "rbac"))).await, (DiagnosticStep::Permission, Err(ServiceFault::Denied)));
    assert_eq!(walk("ListSecrets", Some(Fault::status(404))).await, (DiagnosticStep::Service, Err(ServiceFault::Unavailable)));
}
