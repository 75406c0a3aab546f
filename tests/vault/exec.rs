//! The adapter for programs, against programs that do what they should not.

mod program;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cloze::blank::SecretRef;
use cloze::clock::Timestamp;
use cloze::service::DiagnosticStep;
use cloze::service::ServiceError;
use cloze::service::ServiceFault;
use cloze::vault::Diagnose;
use cloze::vault::ListSecrets;
use cloze::vault::Vault as _;
use cloze::vault::exec::ExecVault;
use cloze::vault::exec::Settings;
use tempfile::TempDir;

use crate::damage::damaged;
use crate::read::CANARY;
use crate::read::ask;
use crate::read::one;

const STRANGE: &str = "the program's answer is not that of `cloze.dev/exec/v1`: ";

fn settings(command: &[&str], directory: &Path) -> Settings {
    Settings {
        command: command.iter().map(|&part| part.to_owned()).collect(),
        directory: directory.to_owned(),
        deadline: Duration::from_secs(20),
        prefixes: Vec::new(),
        environment: Vec::new(),
        meter: Arc::default(),
    }
}

fn made(command: &[&str]) -> Result<ExecVault, ServiceError> {
    ExecVault::new(settings(command, Path::new("/")))
}

/// A vault that is this script, and its directory.
fn script(text: &str) -> (ExecVault, TempDir) {
    with_deadline(text, Duration::from_secs(20))
}

fn with_deadline(text: &str, deadline: Duration) -> (ExecVault, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { deadline, ..settings(&["/bin/sh", "-c", text, "helper"], directory.path()) };
    (ExecVault::new(settings).unwrap(), directory)
}

/// A vault whose program answers with the text of the file `answer`.
fn answering() -> (ExecVault, TempDir) {
    script("cat > request; cat answer")
}

/// The error of one ask when the program answers so.
async fn error(text: &str, asked: SecretRef) -> ServiceError {
    let (vault, directory) = answering();
    fs::write(directory.path().join("answer"), text).unwrap();
    let error = one(&vault, asked).await.unwrap_err();
    assert!(!error.next.is_empty());
    error
}

async fn strange(text: &str, reason: &str) {
    strange_for(text, None, reason).await;
}

async fn strange_for(text: &str, version: Option<&str>, reason: &str) {
    let error = error(text, ask("db", None, version)).await;
    assert_eq!((error.fault, error.reason), (ServiceFault::Unavailable, format!("{STRANGE}{reason}")), "{text}");
}

#[tokio::test]
async fn the_protocol_is_as_documented() {
    let (vault, directory) = answering();
    let answer = r#"{"answers": [{"error": {"kind": "not-found", "message": "words"}}, {"base64": "AAH/"},
        {"value": "text", "version": "3", "notBefore": "2026-01-01T00:00:00Z", "expires": "2026-12-31T00:00:00Z"},
        {"fields": {"user": "app", "password": "text"}}], "x": 1}"#;
    fs::write(directory.path().join("answer"), answer).unwrap();
    let asks = [ask("db", None, Some("3")), ask("bytes", None, None), ask("map", Some("user"), None), ask("absent", None, None)];
    let doubled: Vec<SecretRef> = asks.iter().chain(&asks).cloned().collect();
    let answers = vault.fetch(&doubled).await;
    let request = fs::read_to_string(directory.path().join("request")).unwrap();
    let asked = r#"[{"name":"absent"},{"name":"bytes"},{"name":"db","version":"3"},{"name":"map","key":"user"}]"#;
    assert_eq!(request, format!("{{\"apiVersion\":\"cloze.dev/exec/v1\",\"operation\":\"fetch\",\"asks\":{asked}}}\n"));
    for half in answers.chunks(4) {
        let [text, bytes, map, absent] = half else { panic!("four answers") };
        let text = text.as_ref().unwrap();
        assert_eq!((text.value.expose(), text.version.as_str(), text.current), (&b"text"[..], "3", None));
        assert_eq!(text.not_before, Timestamp::from_rfc3339("2026-01-01T00:00:00Z"));
        assert_eq!(text.expires, Timestamp::from_rfc3339("2026-12-31T00:00:00Z"));
        let bytes = bytes.as_ref().unwrap();
        assert_eq!((bytes.value.expose(), bytes.version.as_str(), bytes.current), (&[0, 1, 255][..], "", Some(true)));
        assert_eq!(map.as_ref().unwrap().value.expose(), b"app");
        let absent = absent.as_ref().unwrap_err();
        assert_eq!(absent.reason, "`absent` or its version or key is not there");
    }
}

#[tokio::test]
async fn each_kind_of_error_has_its_fault_and_words() {
    use ServiceFault::{BadName, BadValue, Denied, Gone, NotFound, RateLimited, Unauthenticated, Unavailable, Unsupported};
    for (kind, fault, reason) in [
        ("not-found", NotFound, "`db` or its version or key is not there"),
        ("gone", Gone, "`db` was removed or disabled"),
        ("denied", Denied, "`db` may not be read"),
        ("unauthenticated", Unauthenticated, "`db` needs a login that the program does not have"),
        ("bad-name", BadName, "`db` does not have a valid name there"),
        ("bad-value", BadValue, "`db` has a value that cannot be used"),
        ("rate-limited", RateLimited, "`db` was asked for too often"),
        ("unavailable", Unavailable, "`db` is not available now"),
        ("unsupported", Unsupported, "`db` cannot be asked for in this way"),
        ("whatever", Unavailable, "`db` was not given"),
    ] {
        let failed = error(&format!(r#"{{"answers": [{{"error": {{"kind": "{kind}"}}}}]}}"#), ask("db", None, None)).await;
        assert_eq!((failed.fault, failed.reason.as_str()), (fault, reason), "{kind}");
    }
    for (kind, reason) in [
        ("not-found", "what was asked for or its version or key is not there"),
        ("gone", "what was asked for was removed or disabled"),
        ("denied", "what was asked for may not be read"),
        ("unauthenticated", "what was asked for needs a login that the program does not have"),
        ("bad-name", "what was asked for does not have a valid name there"),
        ("bad-value", "what was asked for has a value that cannot be used"),
        ("rate-limited", "what was asked for was asked for too often"),
        ("unavailable", "what was asked for is not available now"),
        ("unsupported", "what was asked for cannot be asked for in this way"),
        ("whatever", "what was asked for was not given"),
    ] {
        let failed = error(&format!(r#"{{"error": {{"kind": "{kind}", "message": "log\u001b[31m in"}}}}"#), ask("db", None, None)).await;
        assert_eq!(failed.reason, format!("{reason}: log[31m in"), "{kind}");
    }
}

#[tokio::test]
async fn a_message_beside_a_value_is_not_shown() {
    let (vault, directory) = answering();
    let refused = r#"{"error": {"kind": "denied", "message": "no hunter2, no aHVudGVyMg=="}}"#;
    for value in [
        format!(r#"{{"value": "{CANARY}"}}"#),
        r#"{"value": "{\"k\": \"hunter2\"}"}"#.to_owned(),
        r#"{"fields": {"k": "hunter2"}}"#.to_owned(),
        r#"{"fields": {"k": ["hunter2"]}, "version": "1"}"#.to_owned(),
        r#"{"base64": "Y2FuYXJ5LTdZcTE="}"#.to_owned(),
        format!(r#"{{"fields": {{"k": "{CANARY}\n"}}}}"#),
    ] {
        fs::write(directory.path().join("answer"), format!(r#"{{"answers": [{refused}, {value}]}}"#)).unwrap();
        let answers = vault.fetch(&[ask("db", None, None), ask("other", Some("k"), None)]).await;
        assert_eq!(answers[0].as_ref().unwrap_err().reason, "`db` may not be read", "{value}");
    }
    for whole in [
        r#"{"error": {"kind": "denied", "message": "no hunter2"}, "answers": [{"value": "hunter2"}]}"#,
        r#"{"error": {"kind": "denied", "message": "no hunter2"}, "answers": {"db": {"value": "hunter2"}}}"#,
        r#"{"error": {"kind": "denied", "message": "no hunter2"}, "value": "hunter2"}"#,
    ] {
        assert_eq!(error(whole, ask("db", None, None)).await.reason, "what was asked for may not be read", "{whole}");
    }
    // Where there is none, it is.
    fs::write(directory.path().join("answer"), format!(r#"{{"answers": [{refused}, {refused}]}}"#)).unwrap();
    let answers = vault.fetch(&[ask("db", None, None), ask("other", Some("k"), None)]).await;
    assert_eq!(answers[0].as_ref().unwrap_err().reason, "`db` may not be read: no hunter2, no aHVudGVyMg==");
    let long = format!(r#"{{"answers": [{{"error": {{"kind": "gone", "message": "{}"}}}}]}}"#, "m".repeat(300));
    assert_eq!(error(&long, ask("db", None, None)).await.reason, format!("`db` was removed or disabled: {}…", "m".repeat(200)));
}

#[tokio::test]
async fn answers_that_are_none_are_not_believed() {
    strange("", "no JSON from byte 0 on").await;
    strange(&format!("{{\"answers\": [{{\"value\": \"{CANARY}\"}}]"), "no JSON from byte 38 on").await;
    strange("[]", "an array in place of an object").await;
    strange("{}", "no list `answers`").await;
    strange(r#"{"answers": {}}"#, "no list `answers`").await;
    strange(r#"{"answers": []}"#, "0 answers to 1 asks").await;
    strange(r#"{"answers": [{}, {}]}"#, "2 answers to 1 asks").await;
    strange(r#"{"answers": [1]}"#, "an answer that is not an object").await;
    strange(r#"{"answers": [{}]}"#, "an answer without a value or an error").await;
    strange(r#"{"answers": [{"value": 1}]}"#, "a `value` that is not text").await;
    strange(r#"{"answers": [{"base64": "canary-7Yq1"}]}"#, "a `base64` that is not base64").await;
    strange(r#"{"answers": [{"fields": []}]}"#, "`fields` that are not an object").await;
    strange(r#"{"answers": [{"value": "a", "base64": ""}]}"#, "an answer that is several things at once").await;
    strange(r#"{"answers": [{"value": "a", "value": "b"}]}"#, "`value` more than once").await;
    strange_for(r#"{"answers": [{"value": "a", "version": "4"}]}"#, Some("3"), "another version than the one asked for").await;
    strange_for(r#"{"answers": [{"value": "a"}]}"#, Some("3"), "no version, where one was asked for").await;
    strange(r#"{"answers": [{"value": "a", "version": 3}]}"#, "a `version` that is not 1 to 128 visible characters of ASCII").await;
    strange(r#"{"answers": [{"value": "a", "expires": "soon"}]}"#, "a `expires` that is not a time such as `2026-01-31T00:00:00Z`").await;
    strange(r#"{"answers": [{"error": "no"}]}"#, "an error without a `kind`").await;
    let map = error(r#"{"answers": [{"fields": {"user": "canary-7Yq1"}}]}"#, ask("db", None, None)).await;
    assert_eq!((map.fault, map.reason.as_str()), (ServiceFault::BadValue, "`db` has the keys `user`, and the blank does not name one"));
    let map = error(r#"{"answers": [{"fields": {}}]}"#, ask("db", None, None)).await;
    assert_eq!(map.reason, "`db` has no keys");
    let version = error("", ask("db", None, Some("a b"))).await;
    assert_eq!(
        (version.fault, version.reason.as_str()),
        (ServiceFault::NotFound, "`a b` is not a version; versions have 1 to 128 visible characters of ASCII")
    );
}

#[tokio::test]
async fn no_damage_to_an_answer_shows_the_value() {
    let (vault, directory) = answering();
    let good = format!(r#"{{"answers": [{{"value": "{CANARY}", "version": "3"}}, {{"fields": {{"user": "{CANARY}"}}}}]}}"#);
    for text in damaged(&good) {
        fs::write(directory.path().join("answer"), &text).unwrap();
        for answer in vault.fetch(&[ask("db", None, None), ask("map", Some("absent"), None)]).await {
            // A canary that was planted in a key has become a key's name, and one in a version a version: no values.
            let shown = format!("{answer:?}");
            let planted = text.matches(CANARY).count() > 2;
            let named =
                shown.split(['`', '"']).all(|part| part == CANARY || !part.contains(CANARY) || planted && part.len() < CANARY.len() + 9);
            assert!(named && (planted || !shown.contains(CANARY)), "{text}: {shown}");
        }
    }
}

#[tokio::test]
async fn prefixes_hold_and_lists_are_sorted() {
    let directory = tempfile::tempdir().unwrap();
    let answer = r#"{"answers": [{"name": "shop/b"}, {"name": "shop/a", "version": "2"}, {"name": "shop/b"}, {"name": "shopping"}, {"name": "shop/../x"}]}"#;
    fs::write(directory.path().join("answer"), answer).unwrap();
    let settings = settings(&["/bin/sh", "-c", "cat > request; cat answer"], directory.path());
    let vault = ExecVault::new(Settings { prefixes: vec!["shop/".to_owned()], ..settings }).unwrap();
    let listed = vault.list().await.unwrap();
    assert_eq!(listed.iter().map(|listed| listed.name.as_str()).collect::<Vec<_>>(), ["shop/a", "shop/b"]);
    assert_eq!(listed[0].version.as_deref(), Some("2"));
    fs::remove_file(directory.path().join("request")).unwrap();
    let error = one(&vault, ask("shopping", None, None)).await.unwrap_err();
    assert_eq!(
        (error.fault, error.reason.as_str()),
        (ServiceFault::BadName, "`shopping` is outside the prefixes that the project allows: `shop`")
    );
    assert!(!directory.path().join("request").exists(), "the program was run");
    fs::write(directory.path().join("answer"), r#"{"answers": [{}]}"#).unwrap();
    assert_eq!(vault.list().await.unwrap_err().reason, format!("{STRANGE}an entry without a `name`"));
    assert_eq!(vault.to_string(), "the program /bin/sh");
}

#[tokio::test]
async fn a_program_that_cannot_probe_is_asked_for_values() {
    let (vault, _directory) = script(
        "read -r request\n\
         case $request in *probe*) echo '{\"error\": {\"kind\": \"unsupported\"}}';; *) echo '{\"answers\": [{\"value\": \"v\"}]}';; esac",
    );
    let found = vault.probe(&[ask("db", None, None)]).await.remove(0).unwrap();
    assert!(found.read);
    let (vault, directory) = answering();
    fs::write(directory.path().join("answer"), r#"{"answers": [{"version": "7"}]}"#).unwrap();
    let found = vault.probe(&[ask("db", None, None)]).await.remove(0).unwrap();
    assert_eq!((found.version.as_str(), found.read, found.current), ("7", false, Some(true)));
}

#[tokio::test]
async fn the_walk_ends_at_the_first_bad_step() {
    let walk = async |vault: &ExecVault| {
        let findings = vault.diagnose().await;
        let last = findings.last().unwrap().clone();
        (findings.len(), last.step, last.outcome.map_err(|error| error.reason))
    };
    let absent = "the program `/absent` is not there, or what it needs to start is not".to_owned();
    assert_eq!(walk(&made(&["/absent"]).unwrap()).await, (1, DiagnosticStep::Setup, Err(absent)));
    assert_eq!(
        walk(&made(&["/etc/passwd"]).unwrap()).await,
        (1, DiagnosticStep::Setup, Err("the program `/etc/passwd` may not be run".to_owned()))
    );
    let (vault, directory) = answering();
    fs::write(directory.path().join("answer"), "{}").unwrap();
    assert_eq!(walk(&vault).await, (2, DiagnosticStep::Service, Err(format!("{STRANGE}no list `answers`"))));
    for good in [r#"{"answers": []}"#, r#"{"error": {"kind": "unsupported"}}"#] {
        fs::write(directory.path().join("answer"), good).unwrap();
        assert_eq!(walk(&vault).await, (2, DiagnosticStep::Service, Ok("it answers as `cloze.dev/exec/v1` says".to_owned())));
    }
}

#[tokio::test]
async fn a_probe_that_falls_back_to_a_fetch_has_one_deadline_for_both() {
    let directory = TempDir::new().unwrap();
    let slow = r#"sleep 0.7; echo '{"error": {"kind": "unsupported"}}'"#;
    let deadline = Duration::from_secs(1);
    let settings = Settings { deadline, ..settings(&["/bin/sh", "-c", slow], directory.path()) };
    let error = ExecVault::new(settings).unwrap().probe(&[ask("db", None, None)]).await.remove(0).unwrap_err();
    assert!(error.reason.contains("did not end within 1 s"), "{error:?}");
}
