//! Batches, and what one bad secret or parameter does to the others.

use cloze::blank::SecretRef;
use cloze::service::ServiceFault;
use cloze::vault::CallPlan;
use cloze::vault::Vault as _;
use vault_mock::Credential;
use vault_mock::Fault;
use vault_mock::Script;
use vault_mock::aws::Aws;
use vault_mock::aws::Key;
use vault_mock::aws::Seed;

use crate::aws::bench::PARAMETERS;
use crate::aws::bench::SECRETS;
use crate::aws::bench::ask;
use crate::aws::bench::pinned;
use crate::aws::bench::seed;
use crate::aws::bench::server;
use crate::aws::bench::vault;
use crate::aws::bench::with_key;
use crate::read::CANARY;

#[tokio::test]
async fn batches_are_of_twenty_and_of_ten_and_planned() {
    let mut seed = Seed::default();
    for number in 0..45 {
        seed = seed.secret(&format!("s{number}"), &format!("{CANARY}-{number}")).parameter(&format!("/p/{number}"), &number.to_string());
    }
    let server = Aws::serve(seed).unwrap();
    let (secrets, parameters) = (vault(&server, SECRETS), vault(&server, PARAMETERS));
    let asks: Vec<SecretRef> = (0..45).rev().map(|number| ask(&format!("s{number}"))).collect();
    assert_eq!(secrets.plan(&asks), CallPlan { secrets: 45, calls: 3, ahead: 0, parallel: 128 });
    for (ask, answer) in asks.iter().zip(secrets.fetch(&asks).await) {
        assert_eq!(answer.unwrap().value.expose(), format!("{CANARY}-{}", &ask.name[1..]).as_bytes());
    }
    let calls = server.journal().calls();
    assert!(calls.iter().all(|call| call.credential == Credential::Known && call.subject.operation == "BatchGetSecretValue"));
    let sizes: Vec<usize> = calls.iter().map(|call| call.subject.names.len()).collect();
    assert_eq!(sizes, [20, 20, 5]);
    server.journal().clear();
    let asks: Vec<SecretRef> =
        (0..45).map(|number| ask(&format!("p/{number}"))).chain([pinned("/p/0", "1"), pinned("/p/1", "1")]).collect();
    assert_eq!(parameters.plan(&asks), CallPlan { secrets: 47, calls: 6, ahead: 0, parallel: 128 });
    for (ask, answer) in asks.iter().zip(parameters.fetch(&asks).await) {
        let fetched = answer.unwrap();
        assert_eq!(fetched.value.expose(), ask.name.rsplit('/').next().unwrap().as_bytes());
        assert_eq!(fetched.current, Some(true));
    }
    assert_eq!(server.journal().of("GetParameters").len(), 6);
}

#[tokio::test]
async fn one_bad_secret_does_not_spoil_a_batch() {
    use ServiceFault::{BadName, Denied, Gone, NotFound};
    let mut seed = seed().secret("gone", CANARY).secret("locked", CANARY).secret("denied", CANARY).secret("kms", CANARY);
    seed.deleted = vec!["gone".to_owned()];
    seed.undecryptable = vec!["locked".to_owned()];
    let key = Key::new("AKIAX", "secret-x").without("secretsmanager:GetSecretValue", Some("denied")).without("kms:Decrypt", Some("kms"));
    let server = Aws::serve(seed.key(key.clone())).unwrap();
    let names = ["a", "absent", "gone", "locked", "denied", "kms", "b", "not a name"];
    let answers = with_key(&server, SECRETS, &key).fetch(&names.map(ask)).await;
    let faults: Vec<Option<ServiceFault>> = answers.iter().map(|answer| answer.as_ref().err().map(|error| error.fault)).collect();
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
