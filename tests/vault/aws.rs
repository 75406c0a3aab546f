//! The adapter for AWS against a server that checks its signatures and fails on demand.

use std::env::current_exe;
use std::env::var;
use std::fs::write;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use cloze::blank::Ask;
use cloze::clock::Clock;
use cloze::clock::Machine;
use cloze::clock::Timestamp;
use cloze::secret::Secret;
use cloze::vault::Fetched;
use cloze::vault::Plan;
use cloze::vault::Step;
use cloze::vault::Vault as _;
use cloze::vault::VaultError;
use cloze::vault::VaultFault;
use cloze::vault::aws::AwsVault;
use cloze::vault::aws::Service;
use cloze::vault::aws::Settings;
use cloze::vault::http::Tls;
use proptest::prelude::ProptestConfig;
use proptest::prelude::any;
use proptest::prop_assert;
use proptest::proptest;
use tokio::runtime::Builder;
use tokio::time::Instant;
use vault_mock::Authority;
use vault_mock::Credential;
use vault_mock::Fault;
use vault_mock::Options;
use vault_mock::Script;
use vault_mock::Server;
use vault_mock::aws::Aws;
use vault_mock::aws::Key;
use vault_mock::aws::Seed;
use vault_mock::aws::Value;

const CANARY: &str = "canary-7Yq1";
const DEADLINE: Duration = Duration::from_secs(3);
const SECRETS: Service = Service::SecretsManager;
const PARAMETERS: Service = Service::ParameterStore;

fn seed() -> Seed {
    Seed::default().secret("a", CANARY).secret("b", CANARY).parameter("/a", CANARY).parameter("/b", CANARY)
}

fn server() -> Server<Aws> {
    Aws::serve(seed()).unwrap()
}

fn settings(server: &Server<Aws>, service: Service) -> Settings {
    let mut settings = Settings::new(service);
    settings.region = Some("eu-central-1".to_owned());
    settings.endpoint = Some(server.url());
    settings.limits.deadline = DEADLINE;
    settings
}

fn credentials(key: &Key) -> Credentials {
    Credentials::new(&key.id, &key.secret, key.session.clone(), None, "test")
}

fn with_key(server: &Server<Aws>, service: Service, key: &Key) -> AwsVault {
    AwsVault::with_credentials(settings(server, service), credentials(key), Arc::new(Machine), Arc::new(Machine)).unwrap()
}

fn vault(server: &Server<Aws>, service: Service) -> AwsVault {
    with_key(server, service, server.protocol().key())
}

fn ask(name: &str) -> Ask {
    Ask { vault: "default".to_owned(), name: name.to_owned(), key: None, version: None }
}

fn pinned(name: &str, version: &str) -> Ask {
    Ask { version: Some(version.to_owned()), ..ask(name) }
}

async fn one(vault: &AwsVault, ask: Ask) -> Result<Fetched, VaultError> {
    vault.fetch(&[ask]).await.remove(0)
}

/// The outcome of reading the secret `b`, or the parameter `/b`, while `fault` befalls the first `times` requests, with their number.
async fn under(service: Service, times: Option<u32>, fault: Fault) -> (Result<Fetched, VaultError>, usize) {
    let server = server();
    server.script(Script { on: String::new(), times, until_ms: None, fault });
    let started = Instant::now();
    let outcome = one(&vault(&server, service), ask(if service == SECRETS { "b" } else { "/b" })).await;
    assert!(started.elapsed() < DEADLINE + Duration::from_millis(500), "{:?}", started.elapsed());
    if let Ok(fetched) = &outcome {
        assert_eq!(fetched.value.expose(), CANARY.as_bytes());
    }
    assert!(!format!("{outcome:?}").contains(CANARY));
    (outcome, server.journal().count())
}

async fn fails(service: Service, fault: Fault, expected: VaultFault, reason: &str) {
    let shown = format!("{fault:?}");
    let (outcome, _) = under(service, None, fault).await;
    let error = outcome.unwrap_err();
    assert_eq!((error.fault, error.reason.as_str()), (expected, reason), "{shown}");
    assert!(!error.next.is_empty() && !error.next.ends_with('.'));
}

fn refusal(code: u16, kind: &str, words: &str) -> Fault {
    Fault::Status { code, variant: Some(kind.to_owned()), retry_after: None, words: Some(vec![words.to_owned()]) }
}

#[tokio::test]
async fn every_refusal_has_its_words() {
    use VaultFault::{Denied, Gone, NotFound, RateLimited, Unauthenticated, Unavailable};
    let is = async |code, kind: &str, words: &str, fault, reason: &str| fails(SECRETS, refusal(code, kind, words), fault, reason).await;
    is(400, "ResourceNotFoundException", "Secrets Manager can't find it.", NotFound, "`b` is not there, in this region of this account")
        .await;
    let stage = "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT";
    is(400, "ResourceNotFoundException", stage, NotFound, "`b` has no current version").await;
    let gone = "You can't perform this operation on the secret because it was marked for deletion.";
    is(400, "InvalidRequestException", gone, Gone, "`b` is scheduled for deletion").await;
    let other = "the vault refused the request with status 400 (InvalidRequestException): no";
    is(400, "InvalidRequestException", "no.", Unavailable, other).await;
    is(400, "DecryptionFailure", "The key is disabled.", Denied, "`b` cannot be decrypted: The key is disabled").await;
    let kms = "Access to KMS is not allowed";
    is(400, "AccessDeniedException", kms, Denied, "`b` cannot be decrypted with this credential: Access to KMS is not allowed").await;
    let denied = "the credential may not do `secretsmanager:GetSecretValue` with `b`: User: x is not authorized";
    is(400, "AccessDeniedException", "User: x is not authorized", Denied, denied).await;
    is(403, "com.amazonaws.x#AccessDeniedException", "User: x is not authorized", Denied, denied).await;
    is(400, "header:AccessDeniedException", "User: x is not authorized", Denied, denied).await;
    is(400, "ExpiredTokenException", "", Unauthenticated, "the credential has expired").await;
    is(403, "ExpiredToken", "", Unauthenticated, "the credential has expired").await;
    let time = "AWS does not accept the time of the signature";
    is(400, "InvalidSignatureException", "Signature expired: x is now earlier than y", Unauthenticated, time).await;
    is(400, "RequestTimeTooSkewed", "", Unauthenticated, time).await;
    for kind in ["UnrecognizedClientException", "InvalidSignatureException", "MissingAuthenticationTokenException", "IncompleteSignature"] {
        is(400, kind, "x", Unauthenticated, &format!("AWS does not accept the credential ({kind})")).await;
    }
    is(403, "OptInRequired", "", Unauthenticated, "the account may not use AWS Secrets Manager here (OptInRequired)").await;
    is(400, "ThrottlingException", "Rate exceeded", RateLimited, "the vault asks for patience: Rate exceeded").await;
    is(500, "InternalServiceError", "x", Unavailable, "the vault failed with status 500: x").await;
    is(503, "", "", Unavailable, "the vault failed with status 503").await;
    is(404, "", "", Unavailable, "the vault refused the request with status 404").await;
    let unknown = "the vault refused the request with status 400 (UnknownOperationException)";
    is(400, "UnknownOperationException", "", Unavailable, unknown).await;
    let is = async |kind: &str, fault, reason: &str| fails(PARAMETERS, refusal(400, kind, ""), fault, reason).await;
    is("AccessDeniedException", Denied, "the credential may not do `ssm:GetParameters` with `/b`").await;
    is("InvalidKeyId", Denied, "`/b` cannot be decrypted").await;
    is("OptInRequired", Unauthenticated, "the account may not use AWS Parameter Store here (OptInRequired)").await;
}

#[tokio::test]
async fn passing_faults_pass_and_throttling_is_known_by_its_code() {
    for service in [SECRETS, PARAMETERS] {
        for fault in [
            Fault::status(500),
            Fault::status(503),
            Fault::Reset,
            Fault::Truncated,
            Fault::variant(400, "ThrottlingException"),
            Fault::variant(400, "header:ThrottlingException"),
            Fault::variant(400, "RequestTimeoutException"),
        ] {
            let (outcome, count) = under(service, Some(1), fault.clone()).await;
            assert!(outcome.is_ok(), "{fault:?}: {outcome:?}");
            assert_eq!(count, 2);
        }
    }
}

#[tokio::test]
async fn batches_are_of_twenty_and_of_ten_and_planned() {
    let mut seed = Seed::default();
    for number in 0..45 {
        seed = seed.secret(&format!("s{number}"), &format!("{CANARY}-{number}")).parameter(&format!("/p/{number}"), &number.to_string());
    }
    let server = Aws::serve(seed).unwrap();
    let (secrets, parameters) = (vault(&server, SECRETS), vault(&server, PARAMETERS));
    let asks: Vec<Ask> = (0..45).rev().map(|number| ask(&format!("s{number}"))).collect();
    assert_eq!(secrets.plan(&asks), Plan { secrets: 45, calls: 3, ahead: 0, parallel: 16 });
    for (ask, answer) in asks.iter().zip(secrets.fetch(&asks).await) {
        assert_eq!(answer.unwrap().value.expose(), format!("{CANARY}-{}", &ask.name[1..]).as_bytes());
    }
    let calls = server.journal().calls();
    assert!(calls.iter().all(|call| call.credential == Credential::Known && call.subject.operation == "BatchGetSecretValue"));
    let sizes: Vec<usize> = calls.iter().map(|call| call.subject.names.len()).collect();
    assert_eq!(sizes, [20, 20, 5]);
    server.journal().clear();
    let asks: Vec<Ask> = (0..45).map(|number| ask(&format!("p/{number}"))).chain([pinned("/p/0", "1"), pinned("/p/1", "1")]).collect();
    assert_eq!(parameters.plan(&asks), Plan { secrets: 47, calls: 6, ahead: 0, parallel: 16 });
    for (ask, answer) in asks.iter().zip(parameters.fetch(&asks).await) {
        let fetched = answer.unwrap();
        assert_eq!(fetched.value.expose(), ask.name.rsplit('/').next().unwrap().as_bytes());
        assert_eq!(fetched.current, Some(true));
    }
    assert_eq!(server.journal().of("GetParameters").len(), 6);
}

#[tokio::test]
async fn one_bad_secret_does_not_spoil_a_batch() {
    use VaultFault::{BadName, Denied, Gone, NotFound};
    let mut seed = seed().secret("gone", CANARY).secret("locked", CANARY).secret("denied", CANARY).secret("kms", CANARY);
    seed.deleted = vec!["gone".to_owned()];
    seed.undecryptable = vec!["locked".to_owned()];
    let key = Key::new("AKIAX", "secret-x").without("secretsmanager:GetSecretValue", Some("denied")).without("kms:Decrypt", Some("kms"));
    let server = Aws::serve(seed.key(key.clone())).unwrap();
    let names = ["a", "absent", "gone", "locked", "denied", "kms", "b", "not a name"];
    let answers = with_key(&server, SECRETS, &key).fetch(&names.map(ask)).await;
    let faults: Vec<Option<VaultFault>> = answers.iter().map(|answer| answer.as_ref().err().map(|error| error.fault)).collect();
    assert_eq!(faults, [None, Some(NotFound), Some(Gone), Some(Denied), Some(Denied), Some(Denied), None, Some(BadName)]);
    assert_eq!(server.journal().count(), 1);
    let reason = |index: usize| answers[index].as_ref().unwrap_err().reason.clone();
    assert!(reason(3).starts_with("`locked` cannot be decrypted: Secrets Manager can't decrypt"), "{}", reason(3));
    assert!(
        reason(4).starts_with("the credential may not do `secretsmanager:GetSecretValue` with `denied`: User: arn:aws:iam"),
        "{}",
        reason(4)
    );
    assert_eq!(reason(5), "`kms` cannot be decrypted with this credential: Access to KMS is not allowed");
}

#[tokio::test]
async fn where_batches_are_denied_each_is_read() {
    let key = Key::new("AKIAX", "secret-x").without("secretsmanager:BatchGetSecretValue", None);
    let server = Aws::serve(seed().key(key.clone())).unwrap();
    let vault = with_key(&server, SECRETS, &key);
    for calls in [3, 5] {
        assert!(vault.fetch(&["a", "b"].map(ask)).await.iter().all(Result::is_ok));
        assert_eq!(server.journal().count(), calls);
    }
}

#[tokio::test]
async fn what_fails_for_a_moment_in_a_batch_is_asked_for_alone() {
    let server = server();
    let vault = vault(&server, SECRETS);
    for code in ["ThrottlingException", "InternalServiceError"] {
        let text = format!(
            r#"{{"SecretValues": [{{"Name": "a", "VersionId": "v", "SecretString": "one"}}], "Errors": [{{"SecretId": "b", "ErrorCode": "{code}"}}]}}"#
        );
        server.script(Script::new("BatchGet", 1, Fault::Body { code: 200, text }));
        server.journal().clear();
        let answers = vault.fetch(&["a", "b"].map(ask)).await;
        assert_eq!(answers[0].as_ref().unwrap().value.expose(), b"one");
        assert_eq!(answers[1].as_ref().unwrap().value.expose(), CANARY.as_bytes());
        assert_eq!(server.journal().of("GetSecretValue").len(), 1);
    }
    let text = r#"{"SecretValues": [], "Errors": [], "NextToken": "more"}"#.to_owned();
    server.script(Script::new("BatchGet", 1, Fault::Body { code: 200, text }));
    assert!(vault.fetch(&["a", "b"].map(ask)).await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn errors_may_name_the_secret_by_its_arn() {
    let server = Aws::serve(seed().secret("b-AbCdEf", CANARY)).unwrap();
    let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:b-AbCdEf";
    let text = format!(
        r#"{{"SecretValues": [{{"Name": "a", "VersionId": "v", "SecretString": "1"}}, {{"Name": "b-AbCdEf", "VersionId": "v", "SecretString": "2"}}],
            "Errors": [{{"SecretId": "{arn}", "ErrorCode": "DecryptionFailure", "Message": "no"}}]}}"#
    );
    server.script(Script::new("", 1, Fault::Body { code: 200, text }));
    let answers = vault(&server, SECRETS).fetch(&["a", "b", "b-AbCdEf"].map(ask)).await;
    assert_eq!(answers[1].as_ref().unwrap_err().reason, "`b` cannot be decrypted: no");
    assert_eq!(answers[2].as_ref().unwrap().value.expose(), b"2");
}

#[tokio::test]
async fn one_bad_parameter_does_not_spoil_a_batch() {
    let key = Key::new("AKIAX", "secret-x").without("ssm:GetParameters", Some("/b")).without("kms:Decrypt", Some("/c"));
    let server = Aws::serve(seed().parameter("/c", CANARY).key(key.clone())).unwrap();
    let asks = [ask("/a"), ask("/b"), ask("/c"), ask("/absent"), pinned("/a", "7"), ask("absent")];
    let vault = with_key(&server, PARAMETERS, &key);
    let answers = vault.fetch(&asks).await;
    let reasons: Vec<String> = answers.iter().skip(1).map(|answer| answer.as_ref().unwrap_err().reason.clone()).collect();
    assert!(answers[0].is_ok());
    assert!(reasons[0].starts_with("the credential may not do `ssm:GetParameters` with `/b`: User: arn:aws:iam"), "{}", reasons[0]);
    assert!(reasons[1].starts_with("`/c` cannot be decrypted with this credential: The ciphertext refers"), "{}", reasons[1]);
    assert_eq!(reasons[2], "`/absent` is not there, in this region of this account");
    assert_eq!(reasons[3], "`/a` or its version `7` is not there");
    assert_eq!(reasons[4], "`absent` is not there, in this region of this account");
}

#[tokio::test]
async fn versions_labels_and_bytes() {
    let server = Aws::serve(Seed::default()).unwrap();
    let aws = server.protocol();
    let bytes: Vec<u8> = (0..=255).collect();
    let ids: Vec<String> = [&b"one"[..], b"two", &bytes].iter().map(|value| aws.put("s", value)).collect();
    let secrets = vault(&server, SECRETS);
    let asks =
        [ask("s"), pinned("s", &ids[0]), pinned("s", &ids[2]), pinned("s", "AWSPREVIOUS"), pinned("s", "AWSCURRENT"), ask(&aws.arn("s"))];
    let read: Vec<(Vec<u8>, String, Option<bool>)> = secrets
        .fetch(&asks)
        .await
        .into_iter()
        .map(|answer| answer.map(|fetched| (fetched.value.expose().to_vec(), fetched.version, fetched.current)).unwrap())
        .collect();
    let of = |index: usize, current| (vec![&b"one"[..], b"two", &bytes][index].to_vec(), ids[index].clone(), Some(current));
    assert_eq!(read, [of(2, true), of(0, false), of(2, true), of(1, false), of(2, true), of(2, true)]);
    let error = one(&secrets, pinned("s", "00000000-0000-4000-8000-000000000000")).await.unwrap_err();
    assert_eq!(
        (error.fault, error.reason.as_str()),
        (VaultFault::NotFound, "`s` or its version `00000000-0000-4000-8000-000000000000` is not there")
    );
    let probed = secrets.probe(&asks).await;
    for (index, (found, read)) in probed.iter().zip(&read).enumerate() {
        let found = found.as_ref().unwrap();
        // The oldest version has no label, so only reading tells.
        assert_eq!((&found.version, found.current, found.read), (&read.1, read.2, index == 1));
    }
    for (kind, value) in [("String", "v1"), ("String", "v2"), ("StringList", "a,b")] {
        aws.put_parameter("/p", kind, value);
    }
    let parameters = vault(&server, PARAMETERS);
    let asks = [ask("/p"), pinned("/p", "1"), pinned("/p", "3")];
    let read: Vec<(String, Option<bool>)> = parameters
        .fetch(&asks)
        .await
        .into_iter()
        .map(|answer| answer.map(|fetched| (fetched.value.expose_text().unwrap().to_owned(), fetched.current)).unwrap())
        .collect();
    assert_eq!(read, [("a,b".to_owned(), Some(true)), ("v1".to_owned(), Some(false)), ("a,b".to_owned(), Some(true))]);
    let reads: Vec<bool> = parameters.probe(&asks).await.into_iter().map(|found| found.unwrap().read).collect();
    assert_eq!(reads, [false, true, false]);
}

#[tokio::test]
async fn a_probe_reads_only_where_describing_is_not_enough() {
    let denied = Key::new("AKIAX", "secret-x").without("secretsmanager:DescribeSecret", None).without("ssm:DescribeParameters", None);
    let plain = Key::new("AKIADEMO", "demo-secret-key");
    let mut seed = seed().secret("gone", CANARY).secret("j", r#"{"k": "v"}"#).key(plain.clone()).key(denied.clone());
    seed.deleted = vec!["gone".to_owned()];
    let server = Aws::serve(seed).unwrap();
    let keyed = |name: &str, key: &str| Ask { key: Some(key.to_owned()), ..ask(name) };
    let asks = [ask("a"), ask("absent"), ask("gone"), keyed("j", "k"), keyed("j", "x"), ask("not a name")];
    for (key, reads) in [(&plain, false), (&denied, true)] {
        let vault = with_key(&server, SECRETS, key);
        server.journal().clear();
        let (probed, fetched) = (vault.probe(&asks).await, vault.fetch(&asks).await);
        for (probed, fetched) in probed.iter().zip(&fetched) {
            match (probed, fetched) {
                (Ok(found), Ok(fetched)) => assert_eq!(found.version, fetched.version),
                (Err(one), Err(other)) => assert_eq!((one.fault, &one.reason), (other.fault, &other.reason)),
                (one, other) => assert_eq!(one.is_ok(), other.is_ok(), "{one:?} {other:?}"),
            }
        }
        assert_eq!((probed[0].as_ref().unwrap().read, probed[3].as_ref().unwrap().read), (reads, true));
        let vault = with_key(&server, PARAMETERS, key);
        let probed = vault.probe(&[ask("/a"), ask("/absent"), pinned("/a", "2")]).await;
        // A `SecureString` that is not decrypted is no value.
        assert!(!probed[0].as_ref().unwrap().read);
        for found in &probed[1..] {
            assert_eq!(found.as_ref().unwrap_err().fault, VaultFault::NotFound);
        }
    }
}

#[tokio::test]
async fn lists_come_in_pages_below_prefixes() {
    let mut seed = Seed::default();
    for number in 0..250 {
        seed = seed.secret(&format!("shop/{number:03}"), "v").parameter(&format!("/shop/{number:03}"), "v");
    }
    let server = Aws::serve(seed.secret("shopping", "v").secret("/x", "v").parameter("shop", "v").parameter("/shopping", "v")).unwrap();
    for (service, all, calls, below) in [(SECRETS, 252, 3, 250), (PARAMETERS, 252, 6, 251)] {
        server.journal().clear();
        let listed = vault(&server, service).list().await.unwrap();
        assert_eq!((listed.len(), server.journal().count()), (all, calls));
        assert!(listed.is_sorted_by_key(|listed| listed.name.clone()));
        assert!(listed.iter().all(|listed| listed.version.is_some() && !listed.removed));
        let mut settings = settings(&server, service);
        settings.prefixes = vec!["shop/".to_owned()];
        let key = server.protocol().key();
        let vault = AwsVault::with_credentials(settings, credentials(key), Arc::new(Machine), Arc::new(Machine)).unwrap();
        assert_eq!(vault.list().await.unwrap().len(), below);
        let errors = vault.fetch(&[ask("shopping"), ask("shop/000"), ask(&server.protocol().arn("shopping"))]).await;
        let error = errors[0].as_ref().unwrap_err();
        assert_eq!(
            (error.fault, error.reason.as_str()),
            (VaultFault::BadName, "`shopping` is not below a prefix that the project allows: `shop`")
        );
        assert!(errors[1].is_ok() && errors[2].is_err());
    }
    server.protocol().delete("shopping");
    let removed = vault(&server, SECRETS).list().await.unwrap().into_iter().find(|listed| listed.removed).unwrap();
    assert_eq!(removed.name, "shopping");
    let loops = r#"{"SecretList": [], "NextToken": "page-100"}"#.to_owned();
    server.script(Script::always("", Fault::Body { code: 200, text: loops }));
    let error = vault(&server, SECRETS).list().await.unwrap_err();
    assert_eq!(error.reason, "the vault's answer is not that of AWS Secrets Manager: a page that leads to itself");
    server.heal();
    server.script(Script::always("", Fault::status(403)));
    let error = vault(&server, SECRETS).list().await.unwrap_err();
    assert_eq!(
        (error.fault, error.reason.as_str()),
        (VaultFault::Denied, "the credential may not do `secretsmanager:ListSecrets` with this: denied")
    );
}

#[tokio::test]
async fn answers_that_are_none_are_not_believed() {
    let entry = |more: &str| format!(r#"{{"Name": "b", "VersionId": "v"{more}}}"#);
    let cases = [
        (String::new(), "no JSON from byte 0 on"),
        (format!("{{\"{CANARY}"), "no JSON from byte 13 on"),
        (format!("[\"{CANARY}\"]"), "an array in place of an object"),
        (format!(r#"{{"VersionId": "{CANARY}"}}"#), "no `Name`"),
        (format!(r#"{{"Name": "x", "SecretString": "{CANARY}"}}"#), "a secret that was not asked for"),
        (format!(r#"{{"Name": "b", "SecretString": "{CANARY}"}}"#), "no `VersionId`"),
        (entry(""), "neither `SecretString` nor `SecretBinary`"),
        (
            entry(&format!(r#", "SecretString": "{CANARY}", "SecretBinary": "AA=="#)).replace("==", "==\""),
            "both `SecretString` and `SecretBinary`",
        ),
        (entry(&format!(r#", "SecretString": ["{CANARY}"]"#)), "`SecretString` is no text"),
        (entry(&format!(r#", "SecretBinary": "{CANARY}""#)), "`SecretBinary` is no base64"),
        (entry(&format!(r#", "SecretString": "{CANARY}", "SecretString": "b""#)), "`SecretString` stands there more than once"),
        (entry(&format!(r#", "VersionStages": "{CANARY}""#)), "`VersionStages` is no list"),
    ];
    for (text, reason) in cases {
        let reason = format!("the vault's answer is not that of AWS Secrets Manager: {reason}");
        fails(SECRETS, Fault::Body { code: 200, text }, VaultFault::Unavailable, &reason).await;
    }
    let parameter = |more: &str| format!(r#"{{"Parameters": [{{"Name": "/b"{more}}}]}}"#);
    let cases = [
        ("{}".to_owned(), "a parameter was left out"),
        (format!(r#"{{"Parameters": "{CANARY}"}}"#), "`Parameters` is no list"),
        (format!(r#"{{"Parameters": [{{"Value": "{CANARY}"}}]}}"#), "no `Name`"),
        (parameter(&format!(r#", "Value": "{CANARY}""#)), "no `Version`"),
        (parameter(r#", "Version": 1"#), "no `Value`"),
        (parameter(&format!(r#"x", "Version": 1, "Value": "{CANARY}""#)).replace("/b\"x", "/bx"), "a parameter that was not asked for"),
        (r#"{"InvalidParameters": ["/b", "/b"]}"#.to_owned(), "a parameter that was answered twice"),
        (r#"{"InvalidParameters": ["/c"]}"#.to_owned(), "a parameter that was not asked for"),
        (r#"{"InvalidParameters": [1]}"#.to_owned(), "`InvalidParameters` has something else than names"),
    ];
    for (text, reason) in cases {
        let reason = format!("the vault's answer is not that of AWS Parameter Store: {reason}");
        fails(PARAMETERS, Fault::Body { code: 200, text }, VaultFault::Unavailable, &reason).await;
    }
    let large = || Fault::Body { code: 200, text: "x".repeat(9 << 20) };
    fails(SECRETS, large(), VaultFault::BadValue, "the vault's answer is larger than 8 MiB").await;
    fails(PARAMETERS, large(), VaultFault::BadValue, "the vault's answer is larger than 1 MiB").await;
}

#[tokio::test]
async fn batches_that_are_none_are_not_believed() {
    let server = server();
    let vault = vault(&server, SECRETS);
    let a = format!(r#"{{"Name": "a", "VersionId": "v", "SecretString": "{CANARY}"}}"#);
    for (text, reason) in [
        (format!(r#"{{"SecretValues": [{a}]}}"#), "a secret was left out"),
        (format!(r#"{{"SecretValues": [{a}, {a}]}}"#), "a secret that was answered twice"),
        (format!(r#"{{"SecretValues": [{}]}}"#, a.replace("\"a\"", "\"c\"")), "a secret that was not asked for"),
        (r#"{"Errors": [{"SecretId": "c", "ErrorCode": "DecryptionFailure"}]}"#.to_owned(), "a secret that was not asked for"),
        (r#"{"Errors": [{"SecretId": "a"}]}"#.to_owned(), "no `ErrorCode`"),
        (r#"{"Errors": [{}]}"#.to_owned(), "no `SecretId`"),
    ] {
        server.script(Script::new("", 1, Fault::Body { code: 200, text }));
        for answer in vault.fetch(&["a", "b"].map(ask)).await {
            let error = answer.unwrap_err();
            assert_eq!(error.reason, format!("the vault's answer is not that of AWS Secrets Manager: {reason}"));
        }
    }
}

#[tokio::test]
async fn no_damage_to_an_answer_shows_the_value() {
    let server = server();
    let (secrets, parameters) = (vault(&server, SECRETS), vault(&server, PARAMETERS));
    let batch = format!(
        r#"{{"SecretValues": [{{"ARN": "arn:x", "Name": "a", "VersionId": "v", "SecretString": "{CANARY}", "VersionStages": ["AWSCURRENT"]}}, {{"Name": "b", "VersionId": "v", "SecretString": "{CANARY}"}}], "Errors": []}}"#
    );
    let names = format!(
        r#"{{"Parameters": [{{"Name": "/a", "Type": "String", "Value": "{CANARY}", "Version": 1}}], "InvalidParameters": ["/b"]}}"#
    );
    for (vault, good, asks) in [(&secrets, batch, ["a", "b"]), (&parameters, names, ["/a", "/b"])] {
        for at in 0..good.len() {
            let (before, after) = good.split_at(at);
            for text in
                [before.to_owned(), format!("{before}\u{1}{after}"), format!("{before}{CANARY}{after}"), format!("{before}\"{after}")]
            {
                server.script(Script::new("", 1, Fault::Body { code: 200, text }));
                for answer in vault.fetch(&asks.map(ask)).await {
                    // The version is no secret, even where the value was planted into it.
                    let shown = answer.map_or_else(|error| format!("{error:?}"), |fetched| format!("{:?}", fetched.value));
                    assert!(!shown.contains(CANARY), "{shown}");
                }
                server.heal();
            }
        }
    }
}

#[tokio::test]
async fn redirects_are_not_followed_and_the_signature_stays_home() {
    let elsewhere = server();
    for service in [SECRETS, PARAMETERS] {
        for code in [301, 302, 303, 307, 308] {
            let server = server();
            for to in [format!("{}/", elsewhere.url()), "/a".to_owned(), "//evil.example/x".to_owned()] {
                server.journal().clear();
                server.script(Script::new("", 1, Fault::Redirect { code, to: to.clone() }));
                let error = one(&vault(&server, service), ask("b")).await.unwrap_err();
                let host = if to.contains("evil") { "evil.example" } else { "127.0.0.1" };
                assert_eq!(error.reason, format!("the vault redirects to {host}, and redirects are not followed"));
                assert_eq!((error.fault, server.journal().count()), (VaultFault::Unavailable, 1));
                server.script(Script::new("", 2, Fault::Redirect { code, to }));
                assert!(vault(&server, service).list().await.is_err() && vault(&server, service).probe(&[ask("b")]).await[0].is_err());
                server.heal();
            }
        }
    }
    assert_eq!(elsewhere.journal().count(), 0);
}

#[tokio::test]
async fn a_wrong_secret_key_a_foreign_one_and_an_expired_session_are_told() {
    let mut temporary = Key::new("ASIATEMP", "temporary-secret");
    temporary.session = Some("session-token".to_owned());
    let mut expired = Key { id: "ASIAOLD".to_owned(), ..temporary.clone() };
    expired.expired = true;
    let server = Aws::serve(seed().key(temporary.clone()).key(expired.clone())).unwrap();
    let outcome = async |key: &Key| one(&with_key(&server, SECRETS, key), ask("a")).await.map_err(|error| (error.fault, error.reason));
    assert!(outcome(&temporary).await.is_ok());
    let refused = |words: &str| Some((VaultFault::Unauthenticated, words.to_owned()));
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

#[derive(Debug)]
struct Stopped(Timestamp);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}

#[tokio::test]
async fn the_signature_has_the_clocks_time_and_the_regions_name() {
    let server = server();
    let key = credentials(server.protocol().key());
    let clock = Arc::new(Stopped(Timestamp::from_rfc3339("2000-01-01T00:00:00Z").unwrap()));
    let vault = AwsVault::with_credentials(settings(&server, SECRETS), key.clone(), Arc::new(Machine), clock).unwrap();
    assert_eq!(one(&vault, ask("a")).await.unwrap_err().reason, "AWS does not accept the time of the signature");
    let mut elsewhere = settings(&server, SECRETS);
    elsewhere.region = Some("us-east-1".to_owned());
    let vault = AwsVault::with_credentials(elsewhere, key, Arc::new(Machine), Arc::new(Machine)).unwrap();
    assert_eq!(one(&vault, ask("a")).await.unwrap_err().reason, "AWS does not accept the credential (InvalidSignatureException)");
}

#[test]
fn whatever_a_name_is_it_stays_in_the_body() {
    let server = server();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let vaults = [vault(&server, SECRETS), vault(&server, PARAMETERS)];
    let run = |name: String, version: Option<String>| {
        server.journal().clear();
        for vault in &vaults {
            let asks = [Ask { version: version.clone(), ..ask(&name) }, ask("a")];
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
async fn values_of_all_kinds_come_back() {
    let server = Aws::serve(Seed::default()).unwrap();
    let (secrets, parameters) = (vault(&server, SECRETS), vault(&server, PARAMETERS));
    let text = "zwei\nZeilen\t\"und\" \\ 'mehr' \u{0}\u{1f} é 😀 \u{feff} \u{2028}\n";
    // As large as they may be, and each character as long as it gets in JSON.
    let large = "\u{1}".repeat(65_536);
    let names: Vec<String> = (0..20).map(|number| format!("large/{number}")).collect();
    for name in &names {
        server.protocol().put(name, large.as_bytes());
    }
    let asks: Vec<Ask> = names.iter().map(|name| ask(name)).collect();
    assert!(secrets.fetch(&asks).await.iter().all(|answer| answer.as_ref().unwrap().value.expose() == large.as_bytes()));
    server.protocol().put("text", text.as_bytes());
    server.protocol().put_parameter("text", "SecureString", text);
    for vault in [&secrets, &parameters] {
        assert_eq!(one(vault, ask("text")).await.unwrap().value.expose(), text.as_bytes());
    }
}

#[tokio::test]
async fn a_doctor_walks_to_the_permission() {
    let narrow = Key::new("AKIANARROW", "narrow").without("secretsmanager:ListSecrets", None);
    let plain = Key::new("AKIADEMO", "demo-secret-key");
    let server = Aws::serve(seed().key(plain.clone()).key(narrow.clone())).unwrap();
    let walk = async |vault: &AwsVault| -> Vec<(Step, Result<String, String>)> {
        vault.examine().await.into_iter().map(|finding| (finding.step, finding.outcome.map_err(|error| error.reason))).skip(3).collect()
    };
    let good = |step, words: &str| (step, Ok(words.to_owned()));
    let service = good(Step::Service, "AWS Secrets Manager in eu-central-1");
    let expected = |id: &str, may: &str| {
        vec![
            service.clone(),
            good(Step::Identity, &format!("arn:aws:iam::123456789012:user/{id}, by AWS's chain")),
            good(Step::Tenant, "account 123456789012, region eu-central-1"),
            good(Step::Expiry, "the credential has no end"),
            good(Step::Permission, &format!("{may}; what it may read shows when it reads")),
        ]
    };
    assert_eq!(walk(&vault(&server, SECRETS)).await, expected("akiademo", "it may list names"));
    let may_not = "it may not list names, which only `cloze vault list` needs";
    assert_eq!(walk(&with_key(&server, SECRETS, &narrow)).await, expected("akianarrow", may_not));
    let refused = "AWS does not accept the credential (UnrecognizedClientException)".to_owned();
    let stranger = walk(&with_key(&server, SECRETS, &Key::new("AKIAX", "x"))).await;
    assert_eq!(stranger, [service.clone(), (Step::Identity, Err(refused))]);
    server.script(Script::always("GetCallerIdentity", Fault::status(403)));
    let walked = walk(&vault(&server, SECRETS)).await;
    assert_eq!(walked[1], good(Step::Identity, "by AWS's chain; AWS STS could not be asked whose it is"));
    assert_eq!(walked[2], good(Step::Tenant, "region eu-central-1"));
    server.script(Script::always("List", Fault::status(404)));
    let walked = walk(&vault(&server, SECRETS)).await;
    let reason = "the vault refused the request with status 404 (ValidationException): 1 validation error detected".to_owned();
    assert_eq!(walked, [(Step::Service, Err(reason))]);
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let refused = |change: fn(&mut Settings)| {
        let mut settings = Settings::new(SECRETS);
        change(&mut settings);
        AwsVault::new(settings, Arc::new(Machine), Arc::new(Machine)).unwrap_err().reason
    };
    assert_eq!(
        refused(|settings| settings.region = Some("eu-central-1.evil.example".to_owned())),
        "the region is none: regions are written like `eu-central-1`"
    );
    assert_eq!(
        refused(|settings| settings.endpoint = Some("http://moto:5000".to_owned())),
        "the endpoint cannot be used: plain http would show the token to the network"
    );
    assert_eq!(
        refused(|settings| settings.prefixes = vec!["a b".to_owned()]),
        "a prefix cannot be used: a secret's name begins with `a` and has ' '; it is made of letters, digits and `/` `_` `+` `=` `.` `@` `!` `-`"
    );
    assert_eq!(refused(|settings| settings.prefixes = vec!["arn:aws".to_owned()]), "a prefix cannot be used: it is an ARN");
    assert_eq!(refused(|settings| settings.tls.authorities = Some(b"canary".to_vec())), "the file of authorities holds no certificate");
}

#[tokio::test]
async fn a_vault_without_a_region_says_so() {
    let key = Credentials::new("id", "secret", None, None, "test");
    let vault = AwsVault::with_credentials(Settings::new(PARAMETERS), key, Arc::new(Machine), Arc::new(Machine)).unwrap();
    assert_eq!(vault.to_string(), "AWS Parameter Store");
    let error = one(&vault, ask("/a")).await.unwrap_err();
    assert_eq!((error.fault, error.reason.as_str()), (VaultFault::Unavailable, "no AWS region is set"));
    assert_eq!(vault.examine().await[0].step, Step::Setup);
    assert_eq!(vault.probe(&[ask("/a")]).await[0].as_ref().unwrap_err().reason, "no AWS region is set");
    assert!(vault.list().await.is_err());
    assert!(vault.close().await.is_ok() && vault.close().await.is_ok());
}

#[tokio::test]
async fn tls_is_by_the_given_authority() {
    let authority = Authority::generate();
    let server = Aws::serve_with(seed(), Options { tls: Some(&authority), ..Options::default() }).unwrap();
    let mut trusting = settings(&server, SECRETS);
    trusting.tls = Tls { authorities: Some(authority.pem().as_bytes().to_vec()), identity: None };
    let key = credentials(server.protocol().key());
    let vault = AwsVault::with_credentials(trusting, key, Arc::new(Machine), Arc::new(Machine)).unwrap();
    assert_eq!(one(&vault, ask("a")).await.unwrap().value.expose(), CANARY.as_bytes());
    assert_eq!(vault.to_string(), "AWS Secrets Manager in eu-central-1");
    assert!(!format!("{vault:?}").contains("demo-secret-key"));
}

#[test]
fn a_seed_can_hold_bytes() {
    let mut seed = Seed::default();
    seed.secrets.insert("bytes".to_owned(), vec![Value::Binary { binary: "AAEC".to_owned() }]);
    let server = Aws::serve(seed).unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let read = runtime.block_on(one(&vault(&server, SECRETS), ask("bytes"))).unwrap();
    assert!(read.value.ct_eq(&Secret::copy_of(&[0, 1, 2])));
}

/// What a second process is told by this variable: the name to read.
const INNER: &str = "CLOZE_TEST_AWS_CHAIN";

/// Runs this very test in a second process that has nothing in its environment but `variables`; gives what it says.
fn in_an_environment(variables: &[(&str, String)]) -> String {
    let mut inner = Command::new(current_exe().unwrap());
    inner.args(["--exact", "aws::awss_own_chain_is_heeded", "--nocapture"]).env_clear().env(INNER, "a");
    // Neither a file of the user's nor the machine's own metadata is asked.
    inner.env("HOME", "/nonexistent").env("AWS_EC2_METADATA_DISABLED", "true");
    let output = inner.envs(variables.iter().map(|(name, value)| (name, value))).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split_once("chain: ")).map(|(_, said)| said.to_owned()).collect::<Vec<_>>().join("; ")
}

/// What the second process does: reads by a profile, if one is named, and says where from.
#[expect(clippy::disallowed_methods, reason = "a test of what AWS's own chain takes from the environment")]
fn inner(name: &str) {
    let mut settings = Settings::new(SECRETS);
    settings.profile = var("CLOZE_TEST_AWS_PROFILE").ok();
    settings.limits.deadline = DEADLINE;
    let vault = AwsVault::new(settings, Arc::new(Machine), Arc::new(Machine)).unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    match runtime.block_on(one(&vault, ask(name))) {
        Ok(fetched) if fetched.value.expose() == CANARY.as_bytes() => {
            let walk = runtime.block_on(vault.examine());
            let identity = walk.iter().find(|finding| finding.step == Step::Identity).unwrap();
            println!("chain: {}", identity.outcome.as_ref().unwrap());
        }
        Ok(_) => println!("chain: another value"),
        Err(error) => println!("chain: {}", error.reason),
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test of what AWS's own chain takes from the environment")]
fn awss_own_chain_is_heeded() {
    if let Ok(name) = var(INNER) {
        return inner(&name);
    }
    let mut key = Key::new("AKIACHAIN", "chain-secret");
    key.session = Some("chain-session".to_owned());
    let server = Aws::serve(seed().key(key)).unwrap();
    let url = server.url();
    let files = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| -> String {
        let path = files.path().join(name);
        write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let keys = "aws_access_key_id = AKIACHAIN\naws_secret_access_key = chain-secret\naws_session_token = chain-session\n";
    let config = file("config", &format!("[profile shop]\nregion = eu-central-1\nendpoint_url = {url}\n{keys}"));
    let token = file("token", "web-identity-token");
    let place = [("AWS_ENDPOINT_URL", url.clone()), ("AWS_REGION", "eu-central-1".to_owned())];
    let of = |more: &[(&'static str, String)]| in_an_environment(&[&place, more].concat());
    let text = |text: &str| text.to_owned();
    let own = [
        ("AWS_ACCESS_KEY_ID", text("AKIACHAIN")),
        ("AWS_SECRET_ACCESS_KEY", text("chain-secret")),
        ("AWS_SESSION_TOKEN", text("chain-session")),
    ];
    let who = |source: &str| format!("arn:aws:iam::123456789012:user/akiachain, by {source}");
    assert_eq!(of(&own), who("the environment"));
    let specific =
        [("AWS_ENDPOINT_URL_SECRETS_MANAGER", url.clone()), ("AWS_ENDPOINT_URL_STS", url.clone()), ("AWS_REGION", text("eu-central-1"))];
    assert_eq!(in_an_environment(&[&own[..], &specific].concat()), who("the environment"));
    let profile = [("AWS_CONFIG_FILE", config.clone()), ("AWS_PROFILE", text("shop"))];
    assert_eq!(in_an_environment(&profile), who("a profile"));
    // The profile that the settings name goes before what the environment has.
    let named = [
        ("AWS_CONFIG_FILE", config),
        ("CLOZE_TEST_AWS_PROFILE", text("shop")),
        ("AWS_ACCESS_KEY_ID", text("x")),
        ("AWS_SECRET_ACCESS_KEY", text("y")),
    ];
    assert_eq!(in_an_environment(&named), who("a profile"));
    let web = [("AWS_ROLE_ARN", text("arn:aws:iam::123456789012:role/r")), ("AWS_WEB_IDENTITY_TOKEN_FILE", token)];
    assert_eq!(of(&web), who("web identity"));
    assert_eq!(of(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{url}/container-credentials"))]), who("the container's role"));
    let metadata = [("AWS_EC2_METADATA_DISABLED", text("false")), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)];
    assert_eq!(of(&metadata), who("the instance's role"));
    assert!(of(&[]).starts_with("no AWS credential was found: none in the environment"), "{}", of(&[]));
    assert_eq!(in_an_environment(&own), "no AWS region is set");
}
