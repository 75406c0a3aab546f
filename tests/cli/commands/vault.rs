//! `vault set|get|list|remove`

use std::collections::BTreeSet;
use std::fs;

use crate::support::Sandbox;

#[test]
fn a_value_comes_from_stdin_and_never_from_an_argument() {
    let sandbox = Sandbox::shop();
    sandbox
        .cloze(["vault", "set", "name", "value"])
        .fails(2, &["error: unexpected argument for `cloze vault set` (not shown, it may be a secret)\n  pipe the value"]);
    sandbox.cloze(["vault", "set", "--value=x", "name"]).fails(2, &["error: "]);
    sandbox.feed(["vault", "set", "name"], b"one").fails(0, &["set name, version 1"]);
    assert_eq!(sandbox.cloze(["vault", "get", "name"]).silent().ok(), "one");
    sandbox.feed(["vault", "set", "name"], b"one").fails(0, &["name is unchanged, version 1"]);
    sandbox.feed(["vault", "set", "name"], b"two").fails(0, &["set name, version 2"]);
    assert_eq!(sandbox.cloze(["vault", "get", "name"]).ok(), "two");
    assert_eq!(sandbox.cloze(["vault", "get", "name", "--at", "1"]).ok(), "one");
    sandbox.cloze(["vault", "get", "name", "--at", "3"]).fails(5, &["version"]);
}

#[test]
fn bytes_stay_what_they_are() {
    let sandbox = Sandbox::shop();
    let all: Vec<u8> = (0..=255).chain([b'\n']).collect();
    for value in [&all[..], b"\n\n", b" x ", "ü\u{feff}\r\n".as_bytes()] {
        sandbox.feed(["vault", "set", "binary"], value).ok();
        assert_eq!(sandbox.cloze(["vault", "get", "binary"]).stdout, value);
    }
}

#[test]
fn a_field_of_a_structured_secret() {
    let sandbox = Sandbox::shop();
    sandbox.feed(["vault", "set", "smtp"], br#"{"username":"u","password":"p","deep":{"er":"d"}}"#).ok();
    assert_eq!(sandbox.cloze(["vault", "get", "smtp", "--key", "password"]).ok(), "p");
    let err = sandbox.cloze(["vault", "get", "smtp", "--key", "passwort"]).fails(5, &["password"]);
    assert!(!err.contains("\"p\""), "{err}");
}

#[test]
fn one_line_of_the_file_changes_with_one_secret() {
    let sandbox = Sandbox::shop();
    let lines = || sandbox.read("secrets/dev.vault").lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let before = lines();
    sandbox.feed(["vault", "set", "db-password"], b"new").ok();
    let after = lines();
    assert_eq!(before.difference(&after).count(), 0, "old versions stay");
    assert_eq!(after.difference(&before).count(), 1);
    assert!(after.difference(&before).all(|line| line.contains("db-password") && !line.contains("new")));
}

#[test]
fn a_removed_secret_is_gone_for_blanks_and_there_for_pinned_ones() {
    let sandbox = Sandbox::shop();
    sandbox.feed(["vault", "set", "api-token"], b"tok").ok();
    sandbox.cloze(["vault", "remove", "api-token"]).fails(0, &["removed api-token, version 3"]);
    assert!(sandbox.cloze(["vault", "list"]).ok().lines().any(|line| line.starts_with("api-token ") && line.ends_with("removed")));
    sandbox.cloze(["vault", "get", "api-token"]).fails(5, &["`api-token` was removed at"]);
    sandbox.cloze(["deploy"]).fails(5, &["error: templates/secrets.yaml:38:13: ", "`api-token` was removed at"]);
    let secrets = sandbox.read("templates/secrets.yaml").replace("secret(name=\"api-token\")", "secret(name=\"api-token\", version=\"2\")");
    sandbox.write("templates/secrets.yaml", secrets);
    sandbox.cloze(["deploy"]).ok();
    sandbox.feed(["vault", "set", "api-token"], b"again").fails(0, &["version 4"]);
    sandbox.cloze(["vault", "remove", "nowhere"]).fails(5, &["there is no secret `nowhere`"]);
}

#[test]
fn a_list_is_for_people_and_for_programs() {
    let sandbox = Sandbox::shop();
    let out = sandbox.cloze(["vault", "list"]).silent().ok();
    let names: Vec<&str> = out.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["api-token", "db-password", "session-key", "smtp"]);
    assert!(out.lines().all(|line| line.contains("  version 1     2")), "{out}");
    let json: serde_json::Value = serde_json::from_str(&sandbox.cloze(["vault", "list", "--format", "json"]).ok()).unwrap();
    assert_eq!(json["secrets"][3]["name"], "smtp");
}

#[test]
fn a_vault_that_nobody_named_is_a_usage_error() {
    let sandbox = Sandbox::shop();
    let parts = ["error: there is no vault `other`\n  name one of: default"];
    sandbox.cloze(["vault", "list", "--vault", "other"]).fails(2, &parts);
    sandbox.feed(["vault", "set", "x", "--vault", "other"], b"y").fails(2, &parts);
}

#[test]
fn a_value_that_is_too_large_or_a_name_that_is_none() {
    let sandbox = Sandbox::shop();
    let before = sandbox.read("secrets/dev.vault");
    sandbox.feed(["vault", "set", "large"], &vec![b'x'; (64 << 10) + 1]).fails(2, &["the value is larger than 64 KiB"]);
    for name in ["", "../x", "a b", "a\nb", "/a", "a/"] {
        sandbox.feed(["vault", "set", name], b"y").fails(5, &[]);
    }
    assert_eq!(sandbox.read("secrets/dev.vault"), before);
    sandbox.feed(["vault", "set", "large"], &vec![b'x'; 64 << 10]).ok();
}

#[test]
fn a_key_file_elsewhere() {
    let mut sandbox = Sandbox::shop();
    let elsewhere = sandbox.root().join("home/shop.key");
    fs::rename(sandbox.shop_path(".cloze/dev.key"), &elsewhere).unwrap();
    sandbox.cloze(["vault", "list"]).fails(5, &["there is no key file `shop/.cloze/dev.key`"]);
    sandbox.variable("CLOZE_KEY_FILE", elsewhere.to_str().unwrap());
    sandbox.cloze(["vault", "list"]).ok();
    sandbox.cloze(["deploy"]).ok();
}
