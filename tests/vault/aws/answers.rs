//! Answers that are none.

use cloze::service::ServiceFault;
use cloze::vault::Vault as _;
use vault_mock::Fault;
use vault_mock::Script;

use crate::aws::bench::PARAMETERS;
use crate::aws::bench::SECRETS;
use crate::aws::bench::ask;
use crate::aws::bench::one_fault;
use crate::aws::bench::server;
use crate::aws::bench::vault;
use crate::read::CANARY;

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
        (entry(&format!(r#", "SecretString": ["{CANARY}"]"#)), "`SecretString` is not text"),
        (entry(&format!(r#", "SecretBinary": "{CANARY}""#)), "`SecretBinary` is not base64"),
        (entry(&format!(r#", "SecretString": "{CANARY}", "SecretString": "b""#)), "`SecretString` more than once"),
        (entry(&format!(r#", "VersionStages": "{CANARY}""#)), "`VersionStages` is not a list"),
    ];
    for (text, reason) in cases {
        let reason = format!("the vault's answer is not that of AWS Secrets Manager: {reason}");
        one_fault(SECRETS).fails(Fault::Body { code: 200, text }, ServiceFault::Unavailable, &reason).await;
    }
    let parameter = |more: &str| format!(r#"{{"Parameters": [{{"Name": "/b"{more}}}]}}"#);
    let cases = [
        ("{}".to_owned(), "a parameter was left out"),
        (format!(r#"{{"Parameters": "{CANARY}"}}"#), "`Parameters` is not a list"),
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
        one_fault(PARAMETERS).fails(Fault::Body { code: 200, text }, ServiceFault::Unavailable, &reason).await;
    }
    let large = || Fault::Body { code: 200, text: "x".repeat(9 << 20) };
    one_fault(SECRETS).fails(large(), ServiceFault::BadValue, "the vault's answer is larger than 8 MiB").await;
    one_fault(PARAMETERS).fails(large(), ServiceFault::BadValue, "the vault's answer is larger than 1 MiB").await;
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
