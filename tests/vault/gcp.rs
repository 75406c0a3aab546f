//! The adapter for Google Secret Manager against a server that fails on demand.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloze::blank::Ask;
use cloze::clock::Machine;
use cloze::secret::Secret;
use cloze::vault::Fetched;
use cloze::vault::Plan;
use cloze::vault::Step;
use cloze::vault::Vault as _;
use cloze::vault::VaultError;
use cloze::vault::VaultFault;
use cloze::vault::gcp::GcpVault;
use cloze::vault::gcp::Settings;
use tokio::time::Instant;
use vault_mock::Credential;
use vault_mock::Fault;
use vault_mock::Script;
use vault_mock::Server;
use vault_mock::gcp::Gcp;
use vault_mock::gcp::Permission;
use vault_mock::gcp::Seed;
use vault_mock::gcp::State;

const CANARY: &str = "canary-7Yq1";
const DEADLINE: Duration = Duration::from_secs(3);
const STRANGE: &str = "the answer is not that of Secret Manager: ";

fn seed() -> Seed {
    Seed::default().secret("a", CANARY).secret("b", "old").secret("b", CANARY).secret("json", &format!(r#"{{"user": "{CANARY}"}}"#))
}

fn server() -> Server<Gcp> {
    Gcp::serve(seed()).unwrap()
}

fn settings(server: &Server<Gcp>, credentials: &str) -> Settings {
    let mut settings = Settings::new("demo-project");
    settings.endpoint = Some(server.url());
    settings.credentials = Some(Secret::copy_of(credentials.as_bytes()));
    settings.limits.deadline = DEADLINE;
    settings
}

fn made(settings: Settings) -> GcpVault {
    GcpVault::new(settings, Arc::new(Machine), Arc::new(Machine)).unwrap()
}

fn with(server: &Server<Gcp>, credentials: &str) -> GcpVault {
    made(settings(server, credentials))
}

/// A vault whose tokens need no request.
fn vault(server: &Server<Gcp>) -> GcpVault {
    with(server, &server.protocol().service_account(&server.url()))
}

/// A vault whose tokens come from the server.
fn user(server: &Server<Gcp>) -> GcpVault {
    with(server, &server.protocol().authorized_user(&server.url()))
}

fn ask(name: &str, key: Option<&str>, version: Option<&str>) -> Ask {
    Ask { vault: "default".to_owned(), name: name.to_owned(), key: key.map(str::to_owned), version: version.map(str::to_owned) }
}

async fn one(vault: &GcpVault, ask: Ask) -> Result<Fetched, VaultError> {
    let answer = vault.fetch(&[ask]).await.remove(0);
    assert!(!format!("{answer:?}").contains(CANARY), "{answer:?}");
    answer
}

/// The outcome of reading `b` while `fault` befalls the first `times` requests, with the number of requests.
async fn under(times: Option<u32>, fault: Fault) -> (Result<Fetched, VaultError>, usize) {
    let server = server();
    server.script(times.map_or_else(|| Script::always("", fault.clone()), |times| Script::new("", times, fault.clone())));
    let started = Instant::now();
    let outcome = one(&vault(&server), ask("b", None, None)).await;
    assert!(started.elapsed() < DEADLINE + Duration::from_secs(1), "{:?}", started.elapsed());
    if let Ok(fetched) = &outcome {
        assert_eq!(fetched.value.expose(), CANARY.as_bytes());
    }
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

fn says(code: u16, variant: &str) -> Fault {
    Fault::variant(code, variant)
}

#[tokio::test]
async fn refusals_are_told_apart_and_not_repeated() {
    use VaultFault::{Denied, Gone, NotFound, Unauthenticated, Unavailable};
    let token = "Google does not accept the token: Request had invalid authentication credentials. Expected OAuth 2 access token, login \
                 cookie or other valid authentication credential";
    fails(Fault::status(401), Unauthenticated, token, 1).await;
    let version = "projects/123456789012/secrets/any/versions/1";
    let lacks = format!(
        "the identity lacks `secretmanager.versions.access` for `b`: Permission 'secretmanager.versions.access' denied for resource \
         '{version}' (or it may not exist)"
    );
    fails(Fault::status(403), Denied, &lacks, 1).await;
    let disabled = "Secret Manager is not enabled in the project `demo-project`, or in the one that pays for the login: Secret Manager \
                    API has not been used in project 123456789012 before or it is disabled";
    fails(says(403, "service-disabled"), Denied, disabled, 1).await;
    let billing = "the project `demo-project` has no billing account: This API method requires billing to be enabled. Please enable \
                   billing on project #123456789012";
    fails(says(403, "billing-disabled"), Denied, billing, 1).await;
    let closed = "there is no project `demo-project`, or it is closed to this identity: Permission denied on resource project demo-project";
    fails(says(403, "consumer-invalid"), Denied, closed, 1).await;
    let scope = "the token was not made for Secret Manager: Request had insufficient authentication scopes";
    fails(says(403, "scope"), Denied, scope, 1).await;
    let perimeter = "a perimeter of VPC Service Controls keeps this machine out: Request is prohibited by organization's policy. \
                     vpcServiceControlsUniqueIdentifier: 1";
    fails(says(403, "perimeter"), Denied, perimeter, 1).await;
    let missing = "the latest version of `b` is not there: Secret [projects/123456789012/secrets/any] not found or has no versions";
    fails(Fault::status(404), NotFound, missing, 1).await;
    let off = format!("the latest version of `b` is disabled: Secret Version [{version}] is in DISABLED state");
    fails(says(400, "disabled"), Gone, &off, 1).await;
    let off = format!("the latest version of `b` was destroyed: Secret Version [{version}] is in DESTROYED state");
    fails(says(400, "destroyed"), Gone, &off, 1).await;
    let invalid = "Secret Manager refused the request with status 400: Request contains an invalid argument";
    fails(Fault::status(400), Unavailable, invalid, 1).await;
    fails(Fault::worded(418, "\u{1b}[31mno\n"), Unavailable, "Secret Manager refused the request with status 418: [31mno", 1).await;
    fails(Fault::status(501), Unavailable, "Secret Manager failed with status 501: Unknown error", 1).await;
    // Bodies that are no errors of Google's are not shown.
    fails(Fault::Body { code: 403, text: CANARY.to_owned() }, Denied, "the identity lacks `secretmanager.versions.access` for `b`", 1)
        .await;
}

#[tokio::test]
async fn passing_faults_are_tried_four_times_and_pass() {
    use VaultFault::Unavailable;
    fails(Fault::status(500), Unavailable, "Secret Manager failed with status 500: Internal error encountered", 4).await;
    fails(Fault::status(503), Unavailable, "Secret Manager failed with status 503: The service is currently unavailable", 4).await;
    let broken = "the connection to the vault broke before the answer was complete";
    fails(Fault::Reset, Unavailable, broken, 4).await;
    fails(Fault::Truncated, Unavailable, broken, 4).await;
    for fault in [Fault::status(500), Fault::status(503), Fault::status(504), Fault::Reset, Fault::Truncated] {
        recovers(3, fault).await;
    }
    recovers(1, Fault::throttled(0)).await;
    recovers(1, Fault::status(429)).await;
}

#[tokio::test]
async fn patience_ends_at_the_deadline() {
    let (outcome, count) = under(None, Fault::status(429)).await;
    let error = outcome.unwrap_err();
    let reason = "Google asks for patience: Quota exceeded for quota metric 'Access requests' and limit 'Access requests per minute'";
    assert_eq!((error.fault, error.reason.as_str()), (VaultFault::RateLimited, reason));
    assert!((2..=4).contains(&count), "{count}");
    fails(Fault::Delay { ms: 60_000 }, VaultFault::Unavailable, "the vault did not answer within 3 s", 1).await;
}

#[tokio::test]
async fn a_damaged_value_is_asked_for_once_more() {
    recovers(1, Fault::WrongCrc).await;
    let reason = "the latest version of `b` was damaged on the way: it does not have the checksum that came with it";
    fails(Fault::WrongCrc, VaultFault::Unavailable, reason, 2).await;
}

/// The body of a version's value.
fn body(name: &str, payload: &str) -> String {
    format!(r#"{{"name": "{name}", "payload": {payload}}}"#)
}

fn payload(value: &str) -> String {
    format!(r#"{{"data": "{}", "dataCrc32c": "{}"}}"#, STANDARD.encode(value), crc32c::crc32c(value.as_bytes()))
}

#[tokio::test]
async fn answers_that_are_none_are_not_believed() {
    let good = "projects/123456789012/secrets/b/versions/2";
    let is = async |text: &str, reason: &str| {
        let fault = Fault::Body { code: 200, text: text.to_owned() };
        fails(fault, VaultFault::Unavailable, &format!("{STRANGE}{reason}"), 1).await;
    };
    is("", "no JSON from byte 0 on").await;
    is(&format!("[\"{CANARY}\"]"), "an array in place of an object").await;
    is("{}", "a version without a `name`").await;
    is(&body("projects/123456789012/secrets/a/versions/2", &payload(CANARY)), "a version of another secret").await;
    is(&body("projects/other-project/secrets/b/versions/2", &payload(CANARY)), "a version of another secret").await;
    is(&body("projects/1/locations/europe-west3/secrets/b/versions/2", &payload(CANARY)), "a version of another secret").await;
    is(&body(good, "1"), "no `payload`").await;
    is(&body(good, &format!(r#"{{"data": "{}"}}"#, STANDARD.encode(CANARY))), "a value without a checksum").await;
    is(&body(good, r#"{"data": "", "dataCrc32c": "x"}"#), "a checksum that is no number").await;
    is(&body(good, &format!(r#"{{"data": "{CANARY}!", "dataCrc32c": "1"}}"#)), "a value that is no base64").await;
    let server = server();
    server.script(Script::always("", Fault::Body { code: 200, text: body(good, &payload(CANARY)) }));
    let error = one(&vault(&server), ask("b", None, Some("1"))).await.unwrap_err();
    assert_eq!(error.reason, format!("{STRANGE}another version than the one asked for"));
    // Empty bytes may be left out, and a checksum may be a number.
    server.heal();
    server.script(Script::always("", Fault::Body { code: 200, text: body(good, r#"{"dataCrc32c": 0}"#) }));
    assert!(one(&vault(&server), ask("b", None, None)).await.unwrap().value.is_empty());
}

#[tokio::test]
async fn no_damage_to_an_answer_shows_the_value() {
    let server = server();
    let vault = vault(&server);
    let encoded = STANDARD.encode(CANARY);
    let good = body("projects/123456789012/secrets/x/versions/1", &payload(CANARY));
    for at in 0..good.len() {
        for text in
            [good[..at].to_owned(), format!("{}\u{1}{}", &good[..at], &good[at..]), format!("{}{CANARY}{}", &good[..at], &good[at..])]
        {
            for code in [200, 400, 403] {
                server.heal();
                server.script(Script::always("", Fault::Body { code, text: text.clone() }));
                for answer in vault.fetch(&[ask("x", None, None), ask("x", Some("absent"), None)]).await {
                    let shown = format!("{answer:?}");
                    assert!(!shown.contains(CANARY) && !shown.contains(&encoded), "{text}: {shown}");
                }
            }
        }
    }
}

#[tokio::test]
async fn redirects_are_not_followed_and_the_token_stays_home() {
    let elsewhere = server();
    for code in [301, 302, 303, 307, 308] {
        let server = server();
        let vault = vault(&server);
        let path = "/v1/projects/demo-project/secrets/b/versions/latest:access";
        for to in [format!("{}{path}", elsewhere.url()), path.to_owned(), "//evil.example/x".to_owned()] {
            server.journal().clear();
            server.script(Script::new("", 1, Fault::Redirect { code, to: to.clone() }));
            let error = one(&vault, ask("b", None, None)).await.unwrap_err();
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
    let vault = vault(&server);
    vault.fetch(&[ask("b", None, None), ask("b", None, Some("1")), ask("json", Some("user"), None)]).await.into_iter().for_each(|answer| {
        assert!(answer.is_ok(), "{answer:?}");
    });
    let mut paths: Vec<String> = server.journal().calls().into_iter().map(|call| format!("{} {}", call.method, call.path)).collect();
    paths.sort();
    let base = "GET /v1/projects/demo-project/secrets";
    assert_eq!(
        paths,
        [format!("{base}/b/versions/1:access"), format!("{base}/b/versions/latest:access"), format!("{base}/json/versions/latest:access")]
    );
    assert!(server.journal().calls().iter().all(|call| call.credential == Credential::Known));
    let mut regional = settings(&server, &server.protocol().service_account(&server.url()));
    regional.location = Some("europe-west3".to_owned());
    let regional = made(regional);
    server.protocol().put("europe-west3/b", b"regional");
    server.journal().clear();
    assert_eq!(one(&regional, ask("b", None, None)).await.unwrap().value.expose(), b"regional");
    assert_eq!(server.journal().calls()[0].path, "/v1/projects/demo-project/locations/europe-west3/secrets/b/versions/latest:access");
    assert_eq!(regional.to_string(), "Google Secret Manager, project demo-project in europe-west3");
}

#[tokio::test]
async fn versions_are_numbers_aliases_and_what_the_answer_says() {
    let server = server();
    server.protocol().alias("b", "stable", 1);
    let vault = vault(&server);
    let asks = [ask("b", None, None), ask("b", None, Some("1")), ask("b", None, Some("2")), ask("b", None, Some("stable"))];
    let told: Vec<(String, Option<bool>)> =
        vault.fetch(&asks).await.into_iter().map(|answer| answer.map(|fetched| (fetched.version, fetched.current)).unwrap()).collect();
    let told: Vec<(&str, Option<bool>)> = told.iter().map(|(version, current)| (version.as_str(), *current)).collect();
    assert_eq!(told, [("2", Some(true)), ("1", Some(false)), ("2", Some(true)), ("1", Some(false))]);
    assert_eq!(one(&vault, ask("b", None, Some("1"))).await.unwrap().current, None);
    let error = one(&vault, ask("b", None, Some("7"))).await.unwrap_err();
    let there = "Secret Version [projects/123456789012/secrets/b/versions/7] not found";
    assert_eq!((error.fault, error.reason), (VaultFault::NotFound, format!("version 7 of `b` is not there: {there}")));
    assert_eq!(error.next, "check the name, the version, the project `demo-project` and the location");
}

#[tokio::test]
async fn a_probe_reads_values_only_where_it_must() {
    let server = Gcp::serve(seed().secret("denied", CANARY).deny("denied")).unwrap();
    let asks = [ask("b", None, None), ask("json", Some("user"), None), ask("denied", None, None), ask("none", None, None)];
    let found = vault(&server).probe(&asks).await;
    let read: Vec<Option<bool>> = found.iter().map(|found| found.as_ref().ok().map(|found| found.read)).collect();
    assert_eq!(read, [Some(false), Some(true), None, None]);
    assert_eq!(found[2].as_ref().unwrap_err().fault, VaultFault::Denied);
    let names: Vec<Vec<String>> = server.journal().of("AccessSecretVersion").into_iter().map(|call| call.subject.names).collect();
    assert!(!names.contains(&vec!["b".to_owned()]), "{names:?}");
    // The least privilege is to read values, and nothing else.
    let server = Gcp::serve(seed().may(&[Permission::Access])).unwrap();
    let found = vault(&server).probe(&[ask("b", None, None)]).await.remove(0).unwrap();
    assert_eq!((found.version.as_str(), found.read), ("2", true));
    // Who may see versions may not always read them.
    let server = Gcp::serve(seed().may(&[Permission::Get])).unwrap();
    assert_eq!(vault(&server).probe(&[ask("b", None, None)]).await.remove(0).unwrap_err().fault, VaultFault::Denied);
    let server = Gcp::serve(seed()).unwrap();
    server.protocol().set("b", Some(1), State::Disabled);
    let error = vault(&server).probe(&[ask("b", None, Some("1"))]).await.remove(0).unwrap_err();
    assert_eq!((error.fault, error.reason.as_str()), (VaultFault::Gone, "version 1 of `b` is disabled"));
    assert_eq!(error.next, "enable it, add a version, or ask for another one");
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    let mut seed = Seed::default();
    for number in 0..600 {
        seed = seed.secret(&format!("shop-{number:03}"), "v").secret(&format!("z{number}"), "v");
    }
    let server = Gcp::serve(seed).unwrap();
    let mut settings = settings(&server, &server.protocol().service_account(&server.url()));
    settings.prefixes = vec!["shop-".to_owned()];
    let vault = made(settings);
    let names: Vec<String> = vault.list().await.unwrap().into_iter().map(|listed| listed.name).collect();
    assert_eq!((names.len(), names[0].as_str(), names[599].as_str()), (600, "shop-000", "shop-599"));
    let queries: Vec<Option<String>> = server.journal().calls().into_iter().map(|call| call.query).collect();
    assert_eq!(queries[..2], [Some("pageSize=250".to_owned()), Some("pageSize=250&pageToken=at%20250".to_owned())]);
    let error = one(&vault, ask("z1", None, None)).await.unwrap_err();
    assert_eq!((error.fault, error.reason.as_str()), (VaultFault::BadName, "`z1` does not begin with what the project allows: `shop-`"));
    for (text, reason) in [
        ("[", "no JSON from byte 1 on"),
        (r#"{"secrets": [{"name": "projects/other-project/secrets/x"}]}"#, "a list with secrets of another place"),
        (r#"{"secrets": [1]}"#, "a list with secrets of another place"),
    ] {
        server.script(Script::new("", 1, Fault::Body { code: 200, text: text.to_owned() }));
        assert_eq!(vault.list().await.unwrap_err().reason, format!("{STRANGE}{reason}"));
    }
    server.script(Script::new("", 1, Fault::Body { code: 403, text: "{}".to_owned() }));
    let error = vault.list().await.unwrap_err();
    assert_eq!(error.reason, "the identity lacks `secretmanager.secrets.list` in the project `demo-project`");
    assert_eq!(error.next, "grant it `roles/secretmanager.viewer`, or do without a list");
}

#[tokio::test]
async fn logins_are_made_when_they_are_needed_and_once() {
    let server = server();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    fs::write(&file, "demo-subject-token").unwrap();
    let federated = server.protocol().external_account(file.to_str().unwrap(), &server.url());
    for vault in [user(&server), with(&server, &federated)] {
        assert_eq!(server.journal().count(), 0, "nothing is sent before the first fetch");
        let asks = [ask("a", None, None), ask("b", None, None), ask("b", None, Some("1"))];
        assert_eq!(vault.plan(&asks), Plan { secrets: 3, calls: 3, ahead: 1, parallel: 16 });
        assert!(vault.fetch(&asks).await.iter().all(Result::is_ok));
        assert!(vault.fetch(&asks).await.iter().all(Result::is_ok));
        assert_eq!((server.journal().of("token").len(), server.journal().count()), (1, 7));
        server.journal().clear();
    }
    assert_eq!(vault(&server).plan(&[ask("a", None, None)]).ahead, 0);
}

#[tokio::test]
async fn logins_that_fail_are_told_in_our_words() {
    let told = async |fault: Fault| {
        let server = server();
        server.script(Script::always("token", fault));
        let vault = user(&server);
        let answers = vault.fetch(&[ask("a", None, None), ask("b", None, None)]).await;
        let error = answers[0].as_ref().unwrap_err().clone();
        assert_eq!(answers[1].as_ref().unwrap_err(), &error);
        assert!(!format!("{error:?}").contains(CANARY) && !error.next.is_empty());
        assert_eq!(server.journal().of("AccessSecretVersion").len(), 0);
        (error.fault, error.reason, server.journal().of("token").len())
    };
    let expired = "the login at Google has expired or was revoked (status 400)".to_owned();
    assert_eq!(told(Fault::worded(400, CANARY)).await, (VaultFault::Unauthenticated, expired, 1));
    let refused = "Google gave no token for these credentials (status 401)".to_owned();
    assert_eq!(told(Fault::variant(401, "invalid_client")).await, (VaultFault::Unauthenticated, refused, 1));
    let failing = "no token could be had for Google (status 503)".to_owned();
    assert_eq!(told(Fault::variant(503, "down")).await, (VaultFault::Unavailable, failing, 3));
    let nothing = "no token could be had for Google".to_owned();
    assert_eq!(told(Fault::Reset).await, (VaultFault::Unavailable, nothing, 3));
    let senseless = "no token can be made from the Google credentials".to_owned();
    assert_eq!(told(Fault::Body { code: 200, text: CANARY.to_owned() }).await, (VaultFault::Unauthenticated, senseless, 1));
    // What fails for once is tried again.
    let server = server();
    server.script(Script::new("token", 2, Fault::variant(503, "down")));
    assert!(one(&user(&server), ask("a", None, None)).await.is_ok());
}

#[tokio::test]
async fn credentials_that_are_none_are_told() {
    let server = server();
    let told = async |json: &str| {
        let error = one(&with(&server, json), ask("a", None, None)).await.unwrap_err();
        assert_eq!(error.fault, VaultFault::Unauthenticated);
        assert!(!format!("{error:?}").contains(CANARY));
        error.reason
    };
    let next = "are not the JSON that they should be";
    assert_eq!(told(CANARY).await, format!("the Google credentials {next}"));
    assert_eq!(told(&format!(r#"{{"type": "{CANARY}"}}"#)).await, "the Google credentials are of no known type");
    assert_eq!(
        told(&format!(r#"{{"type": "service_account", "private_key": "{CANARY}"}}"#)).await,
        format!("the Google credentials {next}")
    );
    let broken = server.protocol().service_account(&server.url()).replace("PRIVATE KEY", CANARY);
    assert_eq!(told(&broken).await, "no token can be made from the Google credentials");
    for (address, reason) in [
        ("http://evil.example/token", "plain http would show the token to the network"),
        ("https://u:p@evil.example/token", "it has a user or a password in it"),
        ("x", "it is no URL"),
    ] {
        let moved = server.protocol().authorized_user(address.trim_end_matches("/token"));
        assert_eq!(told(&moved).await, format!("the Google credentials name an address that cannot be used: {reason}"));
    }
    assert_eq!(server.journal().count(), 0);
    // One that holds no more is Google's to refuse.
    server.protocol().revoke();
    assert!(told(&server.protocol().service_account(&server.url())).await.starts_with("Google does not accept the token"));
}

#[tokio::test]
async fn the_walk_says_who_asks_and_ends_at_the_first_bad_step() {
    let server = server();
    let walk = async |vault: GcpVault| -> Vec<(Step, Result<String, String>)> {
        vault.examine().await.into_iter().map(|finding| (finding.step, finding.outcome.map_err(|error| error.reason))).collect()
    };
    let findings = walk(vault(&server)).await;
    let steps: Vec<Step> = findings.iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, [Step::Resolution, Step::Connection, Step::Tls, Step::Identity, Step::Tenant, Step::Expiry, Step::Permission]);
    let email = "reader@demo-project.iam.gserviceaccount.com";
    assert_eq!(findings[3].1, Ok(format!("the credentials given: a service account's key, {email}")));
    assert_eq!(findings[4].1, Ok("the project `demo-project`".to_owned()));
    assert!(findings[5].1.as_ref().unwrap().ends_with("0 minutes from now; others follow it"), "{findings:?}");
    assert_eq!(findings[6].1, Ok("may list the secrets of the project `demo-project`".to_owned()));
    let findings = walk(user(&server)).await;
    assert_eq!(findings[3].1, Ok("the credentials given: a user's login".to_owned()));
    server.script(Script::new("ListSecrets", 1, Fault::variant(403, "service-disabled")));
    assert!(walk(vault(&server)).await.last().unwrap().1.as_ref().unwrap_err().starts_with("Secret Manager is not enabled"));
    let narrow = Gcp::serve(seed().may(&[Permission::Access])).unwrap();
    let (step, outcome) = walk(vault(&narrow)).await.pop().unwrap();
    assert_eq!(
        (step, outcome),
        (Step::Permission, Ok("may not list secrets; `cloze check --online` tells whether it may read them".to_owned()))
    );
    let mut settings = settings(&server, &server.protocol().service_account(&server.url()));
    settings.project = "other-project".to_owned();
    let (step, outcome) = walk(made(settings)).await.pop().unwrap();
    assert!(step == Step::Permission && outcome.unwrap_err().starts_with("there is no project `other-project`, or it is closed"));
    server.protocol().revoke();
    let (step, outcome) = walk(user(&server)).await.pop().unwrap();
    assert_eq!((step, outcome), (Step::Identity, Err("the login at Google has expired or was revoked (status 400)".to_owned())));
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let error = |settings: Settings| GcpVault::new(settings, Arc::new(Machine), Arc::new(Machine)).unwrap_err();
    let project = error(Settings::new("../x"));
    assert_eq!(project.reason, "`../x` is no id of a project, which is 6 to 30 lower-case letters, digits and hyphens");
    assert_eq!(project.next, "correct the vault's settings; `gcloud projects list` names the projects");
    let mut settings = Settings::new("demo-project");
    settings.endpoint = Some("http://vault.example".to_owned());
    assert_eq!(error(settings).reason, "the endpoint cannot be used: plain http would show the token to the network");
    let server = server();
    let shown = format!("{:?}", vault(&server));
    assert!(!shown.contains("PRIVATE") && !shown.contains("ya29"), "{shown}");
}
