//! Environments whose secrets lie in a vault behind a network: what is asked, what is reported when it fails, what works without it.

use std::fmt::Write;
use std::fs;

use vault_mock::Fault;
use vault_mock::Script;
use vault_mock::Server;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Seed;

use crate::support::Sandbox;

/// What the starter's templates ask for.
pub(crate) fn seed() -> Seed {
    Seed::default()
        .secret("secret/db-password", &[("value", "p-1")])
        .secret("secret/db-password", &[("value", "p-2")])
        .secret("secret/session-key", &[("value", "s-1")])
        .secret("secret/api-token", &[("value", "a-1")])
        .secret("secret/smtp", &[("username", "u-1"), ("password", "m-1")])
}

/// The starter, its environment's vaults as given.
pub(crate) fn shop(server: &Server<Hashicorp>, vaults: &str) -> Sandbox {
    let mut sandbox = Sandbox::shop();
    sandbox.variable("VAULT_TOKEN", server.protocol().token());
    let vaults = vaults.replace("@@", &format!("kind: hashicorp, address: \"{}\", mount: secret", server.url()));
    let text = sandbox.read("cloze.yaml").replacen("values/dev.yaml]", &format!("values/dev.yaml]\n    vaults: {vaults}"), 1);
    sandbox.write("cloze.yaml", text);
    sandbox
}

fn gets(server: &Server<Hashicorp>) -> usize {
    let calls = server.journal().calls();
    assert!(calls.iter().all(|call| call.method == "GET"));
    calls.len()
}

/// Nothing recorded, nothing emitted.
fn nothing_came_of_it(sandbox: &Sandbox) {
    sandbox.cloze(["history"]).fails(0, &["no releases in shop/.cloze/history/dev"]);
    assert!(!sandbox.shop_path("dist").exists() && !sandbox.shop_path(".cloze/history/dev/packs").exists());
}

#[test]
fn a_deploy_fills_from_it_and_records_the_resolved_versions() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { @@ } }");
    sandbox.cloze(["render"]).ok();
    sandbox.cloze(["check"]).ok();
    assert_eq!(gets(&server), 0, "a review asked the vault");
    sandbox.cloze(["deploy"]).fails(0, &["release 1 recorded: 11 manifests"]);
    assert_eq!(gets(&server), 4, "one request per secret");
    let shown = sandbox.cloze(["show"]).ok();
    for line in ["# secret default/db-password version 2 fingerprint ", "# secret default/smtp#password version 1 fingerprint "] {
        assert!(shown.contains(line), "{shown}");
    }
    let revealed = sandbox.cloze(["show", "--reveal"]).ok();
    assert!(revealed.contains("token: YS0x") && revealed.contains("password: bS0x"), "{revealed}");
    sandbox.cloze(["deploy"]).fails(0, &["nothing changed: release 1 is current"]);
}

#[test]
fn five_hundred_blanks_of_167_secrets_are_167_requests() {
    let mut seed = seed();
    for number in 0..167 {
        seed = seed.secret(&format!("secret/many/{number}"), &[("value", &format!("v{number}"))]);
    }
    let server = Hashicorp::serve(seed).unwrap();
    let sandbox = shop(&server, "{ default: { @@ } }");
    for path in ["templates", "config"] {
        fs::remove_dir_all(sandbox.shop_path(path)).unwrap();
    }
    let text = sandbox.read("cloze.yaml");
    let (head, rest) = text.split_once("config:\n").unwrap();
    sandbox.write("cloze.yaml", format!("{head}{}", &rest[rest.find("# Objects").unwrap()..]));
    let mut template = String::from(
        "apiVersion: v1\nkind: Secret\nmetadata: { name: many, annotations: { cloze.dev/names: stable, cloze.dev/literals: accepted } }\nstringData:\n",
    );
    for blank in 0..500 {
        writeln!(template, "  k{blank}: {{{{ secret(name=\"many/{}\") }}}}", blank % 167).unwrap();
    }
    sandbox.write("templates/many.yaml", template);
    sandbox.cloze(["deploy", "-v"]).fails(0, &["release 1 recorded", "500 blanks"]);
    println!("500 blanks: {} requests, {} at once at most", gets(&server), server.journal().most_at_once());
    assert_eq!(gets(&server), 167);
    assert!((2..=128).contains(&server.journal().most_at_once()), "{} at once", server.journal().most_at_once());
}

#[test]
fn every_fault_is_told_at_its_blank_and_leaves_nothing() {
    let redirect = Fault::Redirect { code: 307, to: "http://127.0.0.1:9/elsewhere".to_owned() };
    let cases = [
        (Fault::status(403), "the token may not read `secret/data/api-token`"),
        (Fault::status(404), "is not there, or the vault hides it from this token"),
        (Fault::throttled(0), "the vault is rate limiting requests"),
        (Fault::status(500), "the vault failed with status 500"),
        (Fault::status(503), "the vault is sealed\n  unseal it"),
        (Fault::Reset, "the connection to the vault broke before the answer was complete"),
        (Fault::Truncated, "the connection to the vault broke before the answer was complete"),
        (Fault::Malformed, "the vault's answer is not that of a KV version 2 mount: no JSON from byte"),
        (
            Fault::Body { code: 200, text: "[]".to_owned() },
            "the vault's answer is not that of a KV version 2 mount: an array in place of an object",
        ),
        (redirect, "the vault redirects to 127.0.0.1, and redirects are not followed"),
    ];
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { @@ } }");
    for (fault, words) in cases {
        server.heal();
        server.script(Script::always("api-token", fault.clone()));
        let blank =
            format!("error: templates/secrets.yaml:38:13: default/api-token of HashiCorp Vault at {}, mount secret: ", server.url());
        let outcome = sandbox.cloze(["deploy", "--deadline", "8"]);
        let line = outcome.err().trim_end().to_owned();
        let err = outcome.fails(5, &[&blank]);
        assert!(line.contains(words), "{fault:?}: {err}");
        assert!(!err.contains("a-1") && !err.contains(server.protocol().token()), "{err}");
        println!("{fault:?}: {}", &line[blank.len()..]);
        nothing_came_of_it(&sandbox);
    }
    server.heal();
    server.script(Script::new("api-token", 2, Fault::status(503)));
    sandbox.cloze(["deploy"]).fails(0, &["release 1 recorded"]);
}

#[test]
fn deleted_and_destroyed_and_unknown_are_all_told_in_one_run() {
    let server = Hashicorp::serve(seed()).unwrap();
    server.protocol().delete("secret/session-key", &[], "2026-01-01T00:00:00Z");
    server.protocol().destroy("secret/api-token", &[]);
    let sandbox = shop(&server, "{ default: { @@ } }");
    let smtp = sandbox
        .read("templates/secrets.yaml")
        .replace("key=\"username\"", "key=\"user\"")
        .replace("name=\"db-password\"", "name=\"db-pasword\"");
    sandbox.write("templates/secrets.yaml", smtp);
    let err = sandbox.cloze(["deploy"]).fails(
        5,
        &[
            "error: templates/secrets.yaml:12:51: default/db-pasword of ",
            "`db-pasword` or the version asked for is not there",
            "error: templates/secrets.yaml:14:19: default/session-key of ",
            "version 1 of `session-key` was deleted at 2026-01-01T00:00:00Z\n  undelete it in the vault, or ask for another version",
            "error: templates/secrets.yaml:26:16: default/smtp#user of ",
            "there is no key `user`; there is `password`, `username`",
            "error: templates/secrets.yaml:38:13: default/api-token of ",
            "version 1 of `api-token` was destroyed\n  write it again, or ask for another version",
            "4 problems",
        ],
    );
    assert!(!err.contains("m-1"), "{err}");
    nothing_came_of_it(&sandbox);
}

#[test]
fn prefixes_are_enforced_before_anything_is_asked() {
    let server = Hashicorp::serve(seed().secret("secret/shop/own", &[("value", "x")])).unwrap();
    let sandbox = shop(&server, "{ default: { @@, prefixes: [shop] } }");
    let err = sandbox.cloze(["deploy"]).fails(4, &["`api-token` is outside the prefixes that the project allows: `shop`", "8 problems"]);
    assert!(err.contains("error: templates/secrets.yaml:38:13: default/api-token cannot be asked of"), "{err}");
    assert_eq!(gets(&server), 0);
    nothing_came_of_it(&sandbox);
    assert_eq!(sandbox.cloze(["vault", "get", "shop/own"]).ok(), "x");
    sandbox.cloze(["vault", "get", "api-token"]).fails(5, &["`api-token` is outside the prefixes that the project allows: `shop`"]);
}

#[test]
fn a_missing_or_wrong_token_is_told_and_never_shown() {
    let server = Hashicorp::serve(seed()).unwrap();
    let mut sandbox = shop(&server, "{ default: { @@ } }");
    sandbox.variable("VAULT_TOKEN", "");
    let words = "vault `default` needs a token for `auth: token`\n  set VAULT_TOKEN, or log in with `vault login`";
    sandbox.cloze(["deploy"]).fails(5, &["error: cloze.yaml:", words]);
    sandbox.cloze(["vault", "list"]).fails(5, &[words]);
    assert_eq!(gets(&server), 0);
    sandbox.variable("VAULT_TOKEN", "hvs.wrong-token");
    let err = sandbox.cloze(["deploy"]).fails(5, &["the vault does not accept the token", "get a new token"]);
    assert!(!err.contains("hvs.wrong"), "{err}");
    nothing_came_of_it(&sandbox);
}

#[test]
fn list_and_get_read_it_and_set_does_not_write_it() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { @@ } }");
    assert_eq!(sandbox.cloze(["vault", "get", "db-password"]).ok(), "p-2");
    assert_eq!(sandbox.cloze(["vault", "get", "db-password", "--at", "1"]).ok(), "p-1");
    assert_eq!(sandbox.cloze(["vault", "get", "smtp", "--key", "password"]).ok(), "m-1");
    assert_eq!(sandbox.cloze(["vault", "get", "smtp"]).ok(), r#"{"password":"m-1","username":"u-1"}"#);
    let set = sandbox.feed(["vault", "set", "db-password"], b"p-3");
    set.fails(2, &["error: vault `default` is of kind `hashicorp`, not in this project\n  change its secrets there"]);
    sandbox.cloze(["vault", "remove", "db-password"]).fails(2, &["change its secrets there"]);
    assert_eq!(sandbox.cloze(["vault", "get", "db-password"]).ok(), "p-2");
}

#[test]
fn diff_asks_it_only_online() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { @@ } }");
    // Blanks beside literals, in both fields.
    let mixed = "---\napiVersion: v1\nkind: Secret\nmetadata: { name: mixed, annotations: { cloze.dev/names: stable, cloze.dev/literals: accepted } }\n\
        stringData:\n  z: literal\n  b: {{ secret(name=\"api-token\") }}\ndata:\n  a: bGl0ZXJhbA==\n  c: {{ secret(name=\"api-token\") | b64encode }}\n";
    sandbox.write("templates/mixed.yaml", mixed);
    sandbox.cloze(["deploy"]).ok();
    let before = gets(&server);
    server.protocol().put("secret/api-token", [("value".to_owned(), "a-2".into())].into_iter().collect()).unwrap();
    let warning = "warning: remote vaults were not asked: their secrets show as they were recorded\n  add `--online`";
    let outcome = sandbox.cloze(["diff", "--exit-code"]);
    assert_eq!(outcome.out(), "no differences\n");
    outcome.fails(0, &[warning]);
    assert_eq!(gets(&server), before);
    let out = sandbox.cloze(["diff", "--exit-code", "--online"]).silent().code(1);
    assert!(out.contains("  token: default/api-token@1 → @2\n") && !out.contains("a-2"), "{out}");
    assert!(gets(&server) > before);
}

#[test]
fn a_rollback_works_with_the_server_gone() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { @@ } }");
    sandbox.cloze(["deploy"]).ok();
    let first = sandbox.cloze(["show", "1", "--reveal"]).ok();
    server.protocol().put("secret/api-token", [("value".to_owned(), "a-2".into())].into_iter().collect()).unwrap();
    sandbox.cloze(["deploy"]).fails(0, &["release 2 recorded: 11 manifests (2 changed"]);
    drop(server);
    sandbox.cloze(["deploy"]).fails(5, &["no connection to the vault"]);
    sandbox.cloze(["rollback"]).fails(0, &["going back to release 1 from release 2:", "release 3 recorded: 11 manifests (2 changed"]);
    assert_eq!(sandbox.cloze(["show", "3", "--reveal"]).ok(), first);
    assert_eq!(sandbox.cloze(["deploy", "-o", "-"]).code, Some(5));
    sandbox.cloze(["rollback", "2", "--secrets", "pinned"]).fails(5, &["no connection to the vault"]);
}

#[test]
fn two_vaults_in_one_environment() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { kind: local }, shared: { @@ } }");
    let text = sandbox.read("templates/secrets.yaml").replace("name=\"api-token\"", "name=\"api-token\", vault=\"shared\"");
    sandbox.write("templates/secrets.yaml", text);
    sandbox.feed(["vault", "set", "session-key"], b"local").ok();
    sandbox.cloze(["deploy", "-v"]).fails(0, &["from 2 vaults", "release 1 recorded"]);
    assert_eq!(gets(&server), 1);
    let revealed = sandbox.cloze(["show", "--reveal"]).ok();
    assert!(revealed.contains("token: YS0x") && revealed.contains("SESSION_KEY: bG9jYWw="), "{revealed}");
    let shown = sandbox.cloze(["show"]).ok();
    assert!(shown.contains("# secret shared/api-token version 1 ") && shown.contains("# secret default/session-key version 2 "), "{shown}");
    // A failure of each is reported in the same run.
    server.protocol().destroy("secret/api-token", &[]);
    sandbox.cloze(["vault", "remove", "session-key"]).ok();
    sandbox.cloze(["deploy"]).fails(5, &["version 1 of `api-token` was destroyed", "`session-key` was removed at", "2 problems"]);
    sandbox.cloze(["history"]).fails(0, &[]);
    let wrong = text_with(&sandbox, "vault=\"shared\"", "vault=\"shard\"");
    sandbox.write("templates/secrets.yaml", wrong);
    sandbox.cloze(["check"]).fails(4, &["secrets.yaml:38:13: the environment has no vault `shard`\n  write `shared` if that is meant"]);
}

#[test]
fn a_vault_that_no_blank_asks_need_not_work() {
    let server = Hashicorp::serve(seed()).unwrap();
    let mut sandbox = shop(&server, "{ default: { kind: local }, spare: { @@ } }");
    sandbox.variable("VAULT_TOKEN", "");
    sandbox.cloze(["deploy"]).fails(0, &["release 1 recorded"]);
    sandbox.feed(["vault", "set", "api-token"], b"next").ok();
    let out = sandbox.cloze(["diff", "--exit-code"]).silent().code(1);
    assert!(out.contains("  token: default/api-token@1 → @2\n"), "{out}");
    sandbox.cloze(["deploy"]).fails(0, &["release 2 recorded"]);
    sandbox.cloze(["rollback", "1", "--secrets", "current"]).fails(0, &["nothing changed: release 2 is current"]);
    assert_eq!(gets(&server), 0);
    // One that is asked must.
    let asked = text_with(&sandbox, "name=\"api-token\"", "name=\"api-token\", vault=\"spare\"");
    sandbox.write("templates/secrets.yaml", asked);
    for command in ["deploy", "check --online", "diff --online"] {
        sandbox.cloze(command.split(' ')).fails(5, &["vault `spare` needs a token for `auth: token`\n  set VAULT_TOKEN"]);
    }
}

fn text_with(sandbox: &Sandbox, from: &str, to: &str) -> String {
    let text = sandbox.read("templates/secrets.yaml");
    assert!(text.contains(from));
    text.replace(from, to)
}

#[test]
fn a_token_comes_from_a_file_too_and_the_file_that_the_project_names_is_first() {
    let server = Hashicorp::serve(seed()).unwrap();
    let token = server.protocol().token().to_owned();
    let mut sandbox = shop(&server, "{ default: { @@ } }");
    sandbox.variable("VAULT_TOKEN", "");
    let folder = sandbox.shop_path("templates");
    sandbox.variable("VAULT_TOKEN_FILE", folder.to_str().unwrap());
    sandbox.cloze(["vault", "list"]).fails(5, &["the token file `", "` is not a file\n  check the path and its permissions"]);
    sandbox.variable("VAULT_TOKEN_FILE", "/nowhere/token");
    sandbox.cloze(["vault", "list"]).fails(5, &["the token file `/nowhere/token` cannot be read: it does not exist"]);
    sandbox.write("run/token", "x".repeat(2 << 20));
    sandbox.variable("VAULT_TOKEN_FILE", sandbox.shop_path("run/token").to_str().unwrap());
    sandbox.cloze(["vault", "list"]).fails(5, &["the token file `", "` is larger than 1024 KiB"]);
    sandbox.write("run/token", format!("{token}\n"));
    assert!(sandbox.cloze(["vault", "list"]).ok().contains("api-token"));
    // The variable is another vault's; the project says which file is this one's.
    let mut named = shop(&server, "{ default: { @@, tokenFile: run/token } }");
    named.write("run/token", token);
    named.variable("VAULT_TOKEN", "hvs.of-another-vault");
    assert!(named.cloze(["vault", "list"]).ok().contains("api-token"));
}

#[test]
fn a_check_without_a_network_knows_the_names_that_each_vault_refuses() {
    let sandbox = Sandbox::shop();
    let vaults = "{ default: { kind: local }, far: { kind: hashicorp, address: \"https://vault.invalid\", prefixes: [shop] }, \
        cloud: { kind: azure, url: \"https://shop.vault.azure.net\", prefixes: [shop-] }, parameters: { kind: aws, service: parameter-store, \
        region: eu-central-1 }, google: { kind: gcp, project: shop-prod }, variables: { kind: env, prefix: SHOP_ } }";
    let text = sandbox.read("cloze.yaml").replacen("values/dev.yaml]", &format!("values/dev.yaml]\n    vaults: {vaults}"), 1);
    sandbox.write("cloze.yaml", text);
    let names = [
        ("far", "shop/db", None),
        ("far", "shopping", Some("`shopping` is outside the prefixes that the project allows: `shop`")),
        ("far", "shop/../db", Some("`shop/../db` contains `..`, or `.` as a segment")),
        ("cloud", "SHOP-db", None),
        ("cloud", "shop/db", Some("a secret's name begins with `shop` and has '/'; it is made of letters, digits and `-`")),
        ("cloud", "other", Some("`other` is outside the prefixes that the project allows: `shop-`")),
        ("parameters", "/shop/db", None),
        ("parameters", "shop//db", Some("`shop//db` has an empty segment")),
        ("google", "a/b", Some("a secret's name begins with `a` and has '/'; it is made of letters, digits and `-` `_`")),
        ("variables", "a-b", Some("a variable's name begins with `SHOP_a` and has '-'; it is made of letters, digits and `_`")),
        ("default", "a b", Some("a secret's name begins with `a` and has ' '")),
    ];
    let lines =
        names.iter().enumerate().map(|(at, (vault, name, _))| format!("  k{at}: {{{{ secret(vault=\"{vault}\", name=\"{name}\") }}}}\n"));
    let head = "apiVersion: v1\nkind: Secret\nmetadata: { name: x }\nstringData:\n";
    sandbox.write("templates/x.yaml", format!("{head}{}", lines.collect::<String>()));
    let err = sandbox.cloze(["check"]).fails(4, &["8 problems"]);
    for (line, (vault, name, reason)) in (5..).zip(names) {
        let place = format!("error: templates/x.yaml:{line}:");
        match reason {
            None => assert!(!err.contains(&place), "{err}"),
            Some(reason) => {
                let words = format!("{vault}/{name} cannot be asked of vault `{vault}`: {reason}");
                assert!(err.lines().any(|line| line.starts_with(&place) && line.contains(&words)), "{words}\n{err}");
            }
        }
    }
}

#[test]
fn a_runs_own_credentials_are_no_secrets_of_variables_and_programs_do_not_get_them() {
    let mut sandbox = Sandbox::shop();
    let program = "#!/bin/sh\ncat > /dev/null\nprintf '{\"answers\": [{\"value\": \"%s\"}]}' \"$(env | sort | tr '\\n' ' ')\"\n";
    sandbox.write("bin/all", program);
    fs::set_permissions(sandbox.shop_path("bin/all"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let vaults = "{ default: { kind: local }, all: { kind: env }, program: { kind: exec, command: [./bin/all] } }";
    let text = sandbox.read("cloze.yaml").replacen("values/dev.yaml]", &format!("values/dev.yaml]\n    vaults: {vaults}"), 1);
    sandbox.write("cloze.yaml", text);
    let own =
        ["VAULT_TOKEN", "AWS_SECRET_ACCESS_KEY", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GITHUB_TOKEN", "CLOZE_PASSPHRASE", "CI_JOB_TOKEN"];
    for name in own {
        sandbox.variable(name, "canary-own-credential");
        let words = format!("`{name}` is one of the run's own credentials or settings, which no vault gives");
        let outcome = sandbox.cloze(["vault", "get", "--vault", "all", name]);
        assert!(outcome.err().contains(&words) && outcome.out().is_empty(), "{}", outcome.err());
        outcome.code(5);
        sandbox.write("templates/x.yaml", format!("apiVersion: v1\nkind: Secret\nmetadata: {{ name: x }}\nstringData:\n  a: {{{{ secret(vault=\"all\", name=\"{name}\") }}}}\n"));
        sandbox.cloze(["check"]).fails(4, &["error: templates/x.yaml:5:", &words]);
    }
    fs::remove_file(sandbox.shop_path("templates/x.yaml")).unwrap();
    sandbox.variable("CLOZE_ALLOW_EXEC", "1");
    sandbox.variable("OP_SESSION", "lent");
    let seen = |sandbox: &Sandbox| sandbox.cloze(["vault", "get", "--vault", "program", "x"]).ok();
    let all = seen(&sandbox);
    assert!(all.contains("HOME=") && !all.contains("OP_SESSION") && !all.contains("canary-own-credential"), "{all}");
    sandbox.variable("CLOZE_EXEC_ENV", "OTHER, OP_*");
    let all = seen(&sandbox);
    assert!(all.contains("OP_SESSION=lent") && !all.contains("canary-own-credential") && !all.contains("CLOZE_"), "{all}");
}

#[test]
fn a_vault_that_is_down_is_one_problem_with_all_its_places() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { @@ } }");
    drop(server);
    let outcome = sandbox.cloze(["deploy"]);
    let err = outcome.err();
    assert_eq!(err.matches("no connection to the vault: connection refused").count(), 1, "{err}");
    assert_eq!(err.matches("check the address, and that the vault runs").count(), 1, "{err}");
    assert!(err.contains(" and 1 more of HashiCorp Vault at ") || err.contains(" and 2 more of HashiCorp Vault at "), "{err}");
    assert!(err.contains("\n  also at config/secrets/"), "{err}");
    outcome.code(5);
    let outcome = sandbox.cloze(["deploy", "--format", "json"]);
    let line = outcome.err().lines().find(|line| line.contains("no connection")).unwrap().to_owned();
    let problem: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert!(problem["also"].as_array().unwrap().len() >= 3 && problem["place"]["line"].is_u64(), "{line}");
    outcome.code(5);
}
