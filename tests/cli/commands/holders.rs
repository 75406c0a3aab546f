//! Keys that services hold: set up, opened, rotated, examined.

use serde_json::Value;
use vault_mock::Protocol;
use vault_mock::Server;
use vault_mock::aws;
use vault_mock::azure;
use vault_mock::gcp;
use vault_mock::hashicorp;

use crate::support::Sandbox;

/// The project file's line for `keys`.
fn names(sandbox: &Sandbox, keys: &str) {
    let text = sandbox.read("cloze.yaml");
    let lines = text.lines().filter(|line| !line.starts_with("    keys:")).map(|line| format!("{line}\n")).collect::<String>();
    sandbox.write("cloze.yaml", lines.replacen("  dev:\n", &format!("  dev:\n    keys: [{keys}]\n"), 1));
}

fn holders(sandbox: &Sandbox) -> Vec<String> {
    let keyring: Value = serde_json::from_str(&sandbox.read("secrets/dev.keyring")).unwrap();
    let holder = |slot: &Value| format!("{} {}", slot["holder"]["kind"].as_str().unwrap(), slot["holder"]["id"].as_str().unwrap());
    keyring["slots"].as_array().unwrap().iter().map(holder).collect()
}

/// What a server's clients find it by.
fn found<P: Protocol>(sandbox: &mut Sandbox, server: &Server<P>) {
    for (name, value) in server.protocol().exports(&server.url()) {
        sandbox.variable(name, &value);
    }
}

/// A project whose keyring `key` opens beside the key file, which then goes away.
fn held_by(sandbox: &Sandbox, key: &str, id: &str) {
    sandbox.cloze(["deploy"]).ok();
    names(sandbox, &format!("{{ kind: key-file }}, {key}"));
    let said = sandbox.cloze(["key", "add"]);
    assert!(said.err().contains(&format!("{id} opens `secrets/dev.keyring` from now on")), "{}", said.err());
    said.ok();
    std::fs::remove_file(sandbox.shop_path(".cloze/dev.key")).unwrap();
    sandbox.cloze(["deploy", "--set", "replicas=2"]).ok();
    sandbox.cloze(["history", "--verify"]).ok();
    names(sandbox, key);
    sandbox.cloze(["key", "remove"]).ok();
    assert_eq!(holders(sandbox), [id]);
    sandbox.cloze(["key", "rotate"]).ok();
    sandbox.cloze(["deploy"]).ok();
    assert!(sandbox.cloze(["key", "list"]).ok().contains(&format!("{}  opens the keyring\n", id.replacen(' ', "  ", 1))));
    let doctor = sandbox.cloze(["doctor"]);
    let (out, err) = (doctor.out(), doctor.err());
    assert!(out.contains("it opens `secrets/dev.keyring`") && out.contains(&format!("{id}  connection ")), "{out}");
    assert!(err.contains("1 vault, 1 key and the history: no problems"), "{err}");
    doctor.ok();
}

#[test]
fn a_transit_key_opens_the_keyring() {
    let role = hashicorp::Role::new("deploy", "secret-id", &["deploy"]);
    let can = [hashicorp::Capability::Update];
    let server = hashicorp::Hashicorp::serve(hashicorp::Seed::default().rule("deploy", "transit", &can).approle(role)).unwrap();
    let mut sandbox = Sandbox::shop();
    found(&mut sandbox, &server);
    sandbox.variable("VAULT_ROLE_ID", "deploy");
    sandbox.variable("VAULT_SECRET_ID", "secret-id");
    held_by(&sandbox, "{ kind: hashicorp, key: cloze, auth: approle }", "hashicorp transit/cloze");
    let protocol = server.protocol();
    assert!(!protocol.issued().is_empty() && protocol.issued().iter().all(|token| !protocol.holds(token)), "each login is ended");
}

#[test]
fn an_aws_key_opens_the_keyring() {
    let server = aws::Aws::serve(aws::Seed::default()).unwrap();
    let mut sandbox = Sandbox::shop();
    found(&mut sandbox, &server);
    held_by(&sandbox, "{ kind: aws, key: alias/cloze }", "aws alias/cloze");
    // The history alone says which key opens it.
    let history: Value = serde_json::from_str(&sandbox.cloze(["history", "--format", "json"]).ok()).unwrap();
    let (url, id) =
        (format!("file://{}", sandbox.shop_path(".cloze/history/dev").display()), history["storeId"].as_str().unwrap().to_owned());
    let shown = sandbox.run(["show", "--history", &url, "--store-id", &id]).ok();
    assert!(shown.contains("kind: ConfigMap"), "{shown}");
    // Who may encrypt by that key could have put another history and its keyring in this one's place: the copy alone is no proof.
    std::fs::remove_file(sandbox.shop_path("secrets/dev.keyring")).unwrap();
    std::fs::remove_dir_all(sandbox.shop_path(".cloze/pins")).unwrap();
    let _ = sandbox.cloze(["show"]).fails(6, &[&format!("nothing shows yet that this is the history that you mean: its store id is {id}")]);
    sandbox.cloze(["show", "--store-id", &id]).ok();
    sandbox.cloze(["show"]).ok();
}

#[test]
fn a_google_key_opens_the_keyring() {
    let server = gcp::Gcp::serve(gcp::Seed::default()).unwrap();
    let mut sandbox = Sandbox::shop();
    found(&mut sandbox, &server);
    let key = "projects/demo-project/locations/europe-west3/keyRings/cloze/cryptoKeys/cloze";
    held_by(&sandbox, &format!("{{ kind: gcp, key: {key}, endpoint: \"{}\" }}", server.url()), &format!("gcp {key}"));
}

#[test]
fn an_azure_key_opens_the_keyring() {
    let server = azure::Azure::serve(azure::Seed::default()).unwrap();
    let mut sandbox = Sandbox::shop();
    found(&mut sandbox, &server);
    let key = format!("{}/keys/cloze", server.url());
    held_by(&sandbox, &format!("{{ kind: azure, key: \"{key}\" }}"), &format!("azure {key}"));
    names(&sandbox, &format!("{{ kind: azure, key: \"{key}/0123\" }}"));
    let words = [&*format!(
        "key `azure {key}/0123`: it is not the address of a key without a version\n  write `key: https://VAULT.vault.azure.net/keys/NAME`"
    )];
    let _ = sandbox.cloze(["deploy"]).fails(5, &words);
}

#[test]
fn keys_on_this_machine_are_asked_first_and_services_at_once() {
    let (one, two) = (hashicorp::Hashicorp::serve(hashicorp::Seed::default()).unwrap(), aws::Aws::serve(aws::Seed::default()).unwrap());
    let mut sandbox = Sandbox::shop();
    found(&mut sandbox, &one);
    found(&mut sandbox, &two);
    names(&sandbox, "{ kind: aws, key: alias/cloze }, { kind: hashicorp, key: cloze }, { kind: key-file }");
    sandbox.cloze(["key", "add"]).ok();
    let (asked_one, asked_two) = (one.journal().count(), two.journal().count());
    sandbox.cloze(["vault", "list"]).ok();
    assert_eq!((one.journal().count(), two.journal().count()), (asked_one, asked_two), "no service was asked");
    std::fs::remove_file(sandbox.shop_path(".cloze/dev.key")).unwrap();
    // One that does not answer well leaves it to the other.
    one.protocol().seal(true);
    sandbox.cloze(["vault", "list"]).ok();
    two.protocol().disable_key("cloze", true);
    let words = ["error: environment `dev`: ", "hashicorp transit/cloze: the vault is sealed", "aws alias/cloze: the key is disabled"];
    let _ = sandbox.cloze(["vault", "list"]).fails(5, &words);
}

#[test]
fn a_key_at_a_server_that_only_the_project_names_gets_no_credential() {
    let server = hashicorp::Hashicorp::serve(hashicorp::Seed::default()).unwrap();
    let mut sandbox = Sandbox::shop();
    sandbox.variable("VAULT_TOKEN", server.protocol().token());
    sandbox.variable("VAULT_ADDR", "https://vault.example.com:8200");
    for (key, named) in [
        (format!("{{ kind: hashicorp, key: cloze, address: \"{}\" }}", server.url()), "key `hashicorp transit/cloze` would send"),
        ("{ kind: azure, key: \"https://evil.example/keys/cloze\" }".to_owned(), "key `azure https://evil.example/keys/cloze` would send"),
        ("{ kind: aws, key: alias/cloze, endpoint: \"https://evil.example\" }".to_owned(), "key `aws alias/cloze` would send"),
    ] {
        names(&sandbox, &format!("{{ kind: key-file }}, {key}"));
        let _ = sandbox.cloze(["key", "add"]).fails(5, &[named, "which is not a trusted origin\n  add "]);
        assert!(sandbox.cloze(["doctor"]).out().contains("trust"), "doctor says so");
    }
    assert_eq!(server.journal().count(), 0, "nothing was sent");
}

#[test]
fn the_first_keys_can_be_a_service_s() {
    let server = hashicorp::Hashicorp::serve(hashicorp::Seed::default()).unwrap();
    let mut sandbox = Sandbox::shop();
    found(&mut sandbox, &server);
    for place in [".cloze", "secrets"] {
        std::fs::remove_dir_all(sandbox.shop_path(place)).unwrap();
    }
    names(&sandbox, "{ kind: hashicorp, key: none }");
    let _ = sandbox.cloze(["key", "init"]).fails(5, &["may not update `transit/encrypt/none`", "make the key"]);
    names(&sandbox, "{ kind: hashicorp, key: cloze }");
    sandbox.cloze(["key", "init"]).ok();
    sandbox.feed(["vault", "set", "x"], b"y").ok();
    assert_eq!(sandbox.cloze(["vault", "get", "x"]).ok(), "y");
    assert_eq!(holders(&sandbox), ["hashicorp transit/cloze"]);
}
