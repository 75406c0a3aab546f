//! Answers that are damaged at every byte show nothing of what they hold.

use crate::damage::damaged;
use crate::hashicorp::bench::logged_in;
use crate::hashicorp::bench::server;
use crate::hashicorp::bench::vault;
use crate::read::CANARY;
use crate::read::ask;
use crate::read::one;
use cloze::secret::Secret;
use cloze::vault::Vault as _;
use cloze::vault::hashicorp::AuthMethod;
use vault_mock::Fault;
use vault_mock::Script;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Role;
use vault_mock::hashicorp::Seed;

#[tokio::test]
async fn no_damage_to_an_answer_shows_the_value() {
    let server = server();
    let vault = vault(&server);
    let good = format!(
        r#"{{"data": {{"data": {{"user": "{CANARY}", "password": "{CANARY}"}}, "metadata": {{"version": 1, "deletion_time": "", "destroyed": false}}}}}}"#
    );
    for text in damaged(&good) {
        server.script(Script::new("", 1, Fault::Body { code: 200, text }));
        for answer in vault.fetch(&[ask("x", None, None), ask("x", Some("absent"), None)]).await {
            // A canary that was planted in a key has become a key's name, which is no value.
            let shown = format!("{answer:?}");
            assert!(names_a_key(&shown), "{shown}");
        }
    }
}

#[tokio::test]
async fn no_damage_to_what_is_known_without_a_value_shows_anything() {
    let metadata = r#"{"version": 1, "deletion_time": "", "destroyed": false}"#;
    let version = r#"{"created_time": "", "deletion_time": "", "destroyed": false}"#;
    for (operation, key, good) in [
        ("subkeys", Some("user"), format!(r#"{{"data": {{"subkeys": {{"user": null}}, "metadata": {metadata}}}}}"#)),
        ("metadata", None, format!(r#"{{"data": {{"current_version": 1, "versions": {{"1": {version}}}}}}}"#)),
    ] {
        let server = server();
        if operation == "metadata" {
            server.script(Script::always("subkeys", Fault::status(405)));
        }
        let vault = vault(&server);
        for text in damaged(&good) {
            server.script(Script::new(operation, 1, Fault::Body { code: 200, text }));
            let found = vault.probe(&[ask("a", key, None)]).await;
            // A canary that was planted in a time has become a time.
            let shown = format!("{found:?}").replace(&format!("deleted at {CANARY}"), "");
            assert!(names_a_key(&shown), "{shown}");
        }
    }
}

/// Whether every canary in a message, if there is any, is inside a key's name, in backticks.
fn names_a_key(shown: &str) -> bool {
    shown.split('`').enumerate().all(|(index, part)| index % 2 == 1 || !part.contains(CANARY))
}

#[tokio::test]
async fn no_damage_to_a_login_shows_the_token() {
    let server = Hashicorp::serve(Seed::default().approle(Role::new("role", "secret", &[])).secret("secret/a", &[("value", "v")])).unwrap();
    let good =
        format!(r#"{{"auth": {{"client_token": "{CANARY}", "lease_duration": 60, "token_type": "service", "mfa_requirement": null}}}}"#);
    for text in damaged(&good) {
        for code in [200, 400, 403] {
            let login = AuthMethod::AppRole {
                mount: "approle".to_owned(),
                role_id: Secret::copy_of(b"role"),
                secret_id: Some(Secret::copy_of(CANARY.as_bytes())),
            };
            let vault = logged_in(&server, login);
            server.heal();
            server.script(Script::new("login", 1, Fault::Body { code, text: text.clone() }));
            let answer = one(&vault, ask("a", None, None)).await;
            assert!(!format!("{answer:?}{vault:?}").contains(CANARY), "{answer:?}");
        }
    }
}
