//! A vault behind a network that fails in every way, with the canaries in its answers.

use std::fs;

use serde_json::Value;
use serde_json::json;
use vault_mock::Fault;
use vault_mock::Script;
use vault_mock::Server;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Seed;

use crate::canary::canaries::Make;
use crate::canary::project::canaries;
use crate::canary::project::plant;
use crate::canary::project::strays;
use crate::canary::runs::May;
use crate::canary::runs::Runs;
use crate::support::Random;
use crate::support::Sandbox;
use crate::support::rounds;

/// The text of a canary, or its base64 where it is none.
fn text(value: &[u8]) -> String {
    String::from_utf8(value.to_vec()).unwrap_or_else(|_| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, value))
}

/// A server that holds the canaries, the structured ones as maps.
fn server() -> Server<Hashicorp> {
    let server = Hashicorp::serve(Seed::default()).unwrap();
    for canary in canaries() {
        let data = if canary.make == Make::Structured {
            serde_json::from_slice(&canary.value).unwrap()
        } else {
            json!({ "value": text(&canary.value) })
        };
        let Value::Object(data) = data else { unreachable!() };
        server.protocol().put(&format!("secret/{}", canary.name), data).unwrap();
    }
    let Value::Object(data) = json!({ "value": text(&canaries()[0].value) }) else { unreachable!() };
    server.protocol().put("secret/changing", data).unwrap();
    server
}

/// A project whose blanks ask the server. A structured secret is not asked for as a whole: a KV engine has none.
fn project(server: &Server<Hashicorp>) -> Sandbox {
    let mut sandbox = Sandbox::shop();
    plant(&sandbox, "far");
    for file in ["whole", "ways", "files"] {
        let path = format!("templates/{file}.yaml");
        let keep = |line: &&str| !line.contains("\"structured-") || line.contains(", key=");
        let text = sandbox.read(&path);
        sandbox.write(&path, text.lines().filter(keep).map(|line| format!("{line}\n")).collect::<String>());
    }
    let vaults = format!("vaults:\n      far: {{ kind: hashicorp, address: \"{}\", mount: secret }}\n    values: [", server.url());
    sandbox.write("cloze.yaml", sandbox.read("cloze.yaml").replacen("values: [", &vaults, 1));
    sandbox.variable("VAULT_TOKEN", server.protocol().token());
    sandbox
}

/// Faults, among them every one whose answer holds canaries.
fn faults() -> Vec<(String, Fault)> {
    let all = canaries().iter().map(|canary| text(&canary.value)).collect::<Vec<_>>().join(" ");
    let structured = text(&canaries()[33].value);
    let body = |code: u16, text: String| (format!("body {code}"), Fault::Body { code, text });
    let errors = Fault::worded;
    let mut list = vec![
        ("reset".to_owned(), Fault::Reset),
        ("truncated".to_owned(), Fault::Truncated),
        ("malformed".to_owned(), Fault::Malformed),
        body(200, all.clone()),
        body(200, json!({ "data": { "data": { "value": [all] }, "metadata": { "version": 1 } } }).to_string()),
        body(200, json!({ "data": { "data": { "value": 1, "other": all }, "metadata": { "version": all } } }).to_string()),
        body(200, json!({ "data": { "data": all, "metadata": { "version": 1, "deletion_time": "2020" } } }).to_string()),
        body(200, json!({ "data": { "value": all }, "lease_id": all }).to_string()),
        body(200, format!("{structured}{structured}")),
        body(500, all.clone()),
        body(400, format!("<html>{all}</html>")),
        body(
            404,
            json!({ "data": { "data": null, "metadata": { "version": 3, "destroyed": true, "custom_metadata": { "a": all } } } })
                .to_string(),
        ),
        body(403, json!({ "warnings": [all], "request_id": all }).to_string()),
        ("token echoed".to_owned(), errors(403, "permission denied for token demo-token")),
        ("redirect".to_owned(), Fault::Redirect { code: 307, to: format!("http://127.0.0.1:1/v1/{}", text(&canaries()[3].value)) }),
        ("redirect home".to_owned(), Fault::Redirect { code: 302, to: format!("/v1/x?token={}", text(&canaries()[4].value)) }),
    ];
    // An answer that is cut, or has a wrong character, at any place.
    let answer = json!({ "data": { "data": { "value": text(&canaries()[12].value), "b": text(&canaries()[16].value) }, "metadata": { "version": 1 } } });
    let mut random = Random::new(3);
    for _ in 0..rounds(6, 200) {
        let mut characters: Vec<char> = answer.to_string().chars().collect();
        let at = random.below(characters.len());
        if random.below(2) == 0 {
            characters.truncate(at);
        } else {
            characters[at] = ['"', '\\', '{', ']', '\u{1}', '9'][random.below(6)];
        }
        list.push(body(200, characters.into_iter().collect()));
    }
    list
}

#[test]
fn a_failing_vault_gives_no_canary_away() {
    let server = server();
    let sandbox = project(&server);
    let sound = sandbox.cloze(["-v", "deploy"]);
    assert_eq!(sound.code, Some(0), "{}", sound.err());
    assert_eq!(strays(&sandbox, None), Vec::<String>::new());
    let clean = sandbox.twin();
    let mut runs = Runs::default();
    for (number, (what, fault)) in faults().into_iter().enumerate() {
        server.heal();
        server.script(Script::always("", fault));
        let commands: [&[&str]; 5] = [
            &["deploy"],
            &["vault", "get", "token-4", "--vault", "far"],
            &["diff", "--online"],
            &["rollback", "1", "--secrets", "pinned"],
            &["vault", "list", "--vault", "far"],
        ];
        for (at, command) in commands.iter().enumerate() {
            if at > 0 && rounds((at + number) % 4, 0) > 0 {
                continue;
            }
            let talk: &[&str] = if (at + number) % 2 == 0 { &["-v", "-v"] } else { &["--format", "json"] };
            // A body that is a secret's true answer makes `vault get` print what it was asked for.
            let may = if command[1..].starts_with(&["get"]) { May::Everything } else { May::Nothing };
            runs.go(&what, (&sandbox, &clean), &[talk, command].concat(), may);
        }
    }
    let runs = runs.end("failing vault");
    assert!(runs.codes[&Some(5)] > 20, "{:?}", runs.codes);
    assert!(fs::read_dir(sandbox.shop_path("dist/dev")).unwrap().count() > 3);
}
