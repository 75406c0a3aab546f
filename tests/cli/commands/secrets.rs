//! `secrets`: where each is used, what is deployed, what its vault knows of it, and what nobody uses

use std::fs;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use serde_json::Value;
use vault_mock::Protocol;
use vault_mock::Server;
use vault_mock::azure::Azure;
use vault_mock::azure::Client;
use vault_mock::azure::Version;
use vault_mock::hashicorp::Capability;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Seed;

use crate::support::Sandbox;
use crate::vaults::seed;
use crate::vaults::shop;

/// The cells of a line of the table that begins with `name`.
#[track_caller]
fn row(table: &str, name: &str) -> Vec<String> {
    let line = table.lines().find(|line| line.split_whitespace().next() == Some(name));
    let line = line.unwrap_or_else(|| panic!("no {name} in:\n{table}"));
    line.split("  ").filter(|cell| !cell.is_empty()).map(|cell| cell.trim().to_owned()).collect()
}

/// The starter with one Secret whose blanks are `blanks`, one a line.
fn with_blanks(sandbox: &Sandbox, blanks: &[&str]) {
    for path in ["templates", "config"] {
        fs::remove_dir_all(sandbox.shop_path(path)).unwrap();
    }
    let text = sandbox.read("cloze.yaml");
    let (head, rest) = text.split_once("config:\n").unwrap();
    sandbox.write("cloze.yaml", format!("{head}{}", &rest[rest.find("# Objects").unwrap()..]));
    let lines: String = blanks.iter().enumerate().map(|(at, blank)| format!("  k{at}: {{{{ secret({blank}) }}}}\n")).collect();
    let names = "annotations: { cloze.dev/names: stable }";
    sandbox.write("templates/a.yaml", format!("apiVersion: v1\nkind: Secret\nmetadata: {{ name: a, {names} }}\nstringData:\n{lines}"));
}

#[test]
fn without_key_and_vault_it_says_where_each_is_used() {
    let sandbox = Sandbox::shop();
    fs::remove_file(sandbox.shop_path(".cloze/dev.key")).unwrap();
    let outcome = sandbox.cloze(["secrets"]);
    let table = outcome.out();
    assert_eq!(
        table.lines().next(),
        Some("SECRET         VAULT    DEPLOYED  WHERE                                                                 USED BY")
    );
    assert_eq!(row(&table, "api-token"), ["api-token", "default", "?", "templates/secrets.yaml:38", "CronJob/report, Secret/report"]);
    assert_eq!(
        row(&table, "smtp#password")[3..],
        ["config/secrets/appsettings.secrets.json:7, templates/secrets.yaml:27", "Deployment/web, Secret/smtp, Secret/web-settings"]
    );
    let err = outcome.fails(0, &["dev: 5 secrets\n", "deployed versions are not known: there is no key file `shop/.cloze/dev.key`\n"]);
    assert!(!err.contains("error") && !err.contains("warning"), "{err}");
}

#[test]
fn the_newest_release_says_what_is_deployed() {
    let sandbox = Sandbox::shop();
    assert_eq!(row(&sandbox.cloze(["secrets"]).ok(), "api-token")[2], "-");
    sandbox.cloze(["deploy"]).ok();
    sandbox.feed(["vault", "set", "api-token"], b"second").ok();
    let secrets = sandbox.read("templates/secrets.yaml");
    sandbox.write("templates/secrets.yaml", secrets.replace("name=\"session-key\"", "name=\"db-password\", version=\"1\""));
    let table = sandbox.cloze(["secrets"]).ok();
    assert_eq!(row(&table, "api-token")[2], "1");
    assert_eq!(row(&table, "db-password@1")[2..4], ["1", "templates/secrets.yaml:14"]);
    // It may not be removed before the next deploy.
    assert_eq!(row(&table, "session-key"), ["session-key", "default", "1", "only in release 1"]);
    let outcome = sandbox.cloze(["secrets", "--online"]);
    let table = outcome.out();
    let cells = row(&table, "api-token");
    assert_eq!((&cells[2..4], &*cells[5]), (&["1".to_owned(), "2 !".to_owned()][..], "-"));
    assert!(cells[4].ends_with('s'), "{cells:?}");
    assert_eq!(row(&table, "db-password@1")[2..4], ["1", "1"]);
    outcome.fails(0, &["dev: 6 secrets, 1 newer in the vault than deployed\n"]);
    sandbox.cloze(["vault", "remove", "api-token"]).ok();
    let outcome = sandbox.cloze(["secrets", "--online", "--format", "json"]);
    let json: Value = serde_json::from_str(&outcome.out()).unwrap();
    assert_eq!((&json["secrets"][0]["deployed"], &json["secrets"][0]["current"]), (&"1".into(), &Value::Null));
    assert!(json["secrets"][0]["problem"].as_str().unwrap().starts_with("`api-token` was removed at "), "{json:#}");
    outcome.fails(5, &["`api-token` was removed at "]);
}

#[test]
fn all_environments_are_one_table() {
    let sandbox = Sandbox::shop();
    sandbox.write(
        "cloze.yaml",
        sandbox.read("cloze.yaml").replacen(
            "environments:\n",
            "environments:\n  prod: { values: [values/common.yaml, values/dev.yaml] }\n",
            1,
        ),
    );
    let outcome = sandbox.cloze(["secrets", "--all"]);
    let table = outcome.out();
    assert!(table.starts_with("ENVIRONMENT  SECRET  "), "{table}");
    assert_eq!(table.lines().filter(|line| line.contains("api-token")).count(), 2, "{table}");
    outcome.fails(0, &["environment prod:\nprod: 5 secrets\n", "environment dev:\ndev: 5 secrets\n"]);
    let json: Value = serde_json::from_str(&sandbox.cloze(["secrets", "--all", "--format", "json"]).ok()).unwrap();
    let schema: Value = serde_json::from_str(&sandbox.run(["schema", "--of", "secrets-all"]).ok()).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&json), "{json:#}");
    assert_eq!(json["environments"].as_array().unwrap().len(), 2);
}

/// Key Vault with the secrets of the starter, in which the client may do `may`.
fn key_vault(may: &[&str], versions: &[(&str, Version)]) -> (Sandbox, Server<Azure>) {
    let client = Client {
        id: "c".to_owned(),
        secret: Some("s".to_owned()),
        may: Some(may.iter().map(|&right| right.to_owned()).collect()),
        ..Client::default()
    };
    let mut seed = vault_mock::azure::Seed::default().client(client);
    for (name, version) in versions {
        seed.secrets.entry((*name).to_owned()).or_default().push(version.clone());
    }
    let server = Azure::serve(seed).unwrap();
    let mut sandbox = Sandbox::shop();
    for (name, value) in server.protocol().exports(&server.url()) {
        sandbox.variable(name, &value);
    }
    sandbox.variable("AZURE_CLIENT_ID", "c");
    sandbox.variable("AZURE_CLIENT_SECRET", "s");
    let vaults = format!("vaults: {{ default: {{ kind: azure, url: \"{}\", prefixes: [shop] }} }}", server.url());
    sandbox.write("cloze.yaml", sandbox.read("cloze.yaml").replacen("values/dev.yaml]", &format!("values/dev.yaml]\n    {vaults}"), 1));
    (sandbox, server)
}

fn version(value: &str, days_left: Option<i64>) -> Version {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let exp = days_left.map(|days| u64::try_from(now + days * 86_400 + 60).unwrap());
    Version { value: value.to_owned(), exp, ..Version::default() }
}

#[test]
fn a_review_says_until_when_what_comes_may_be_used_and_asks_for_no_further_right() {
    let versions = [("shop-near", version("canary-1", Some(6))), ("shop-far", version("canary-2", Some(400)))];
    let (sandbox, server) = key_vault(&["get"], &versions);
    with_blanks(&sandbox, &["name=\"shop-near\"", "name=\"shop-far\""]);
    let out = sandbox.cloze(["diff", "--online", "--stat"]).ok();
    let line = |name: &str| out.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{out}"));
    assert!(line("shop-near").contains("  made today, expires in 6d !  used by Secret shop-dev/a"), "{out}");
    assert!(line("shop-far").contains("  made today, expires in 400d  used by Secret shop-dev/a"), "{out}");
    let calls = server.journal().calls();
    let reads = calls.iter().filter(|call| call.path.starts_with("/secrets/")).count();
    assert_eq!(reads, 2, "each is asked for once: {calls:?}");
    let json: Value = serde_json::from_str(&sandbox.cloze(["diff", "--online", "--format", "json"]).ok()).unwrap();
    let day = json["secrets"][1]["expires"].as_str().unwrap().split_once('T').unwrap().0.to_owned();
    let made = json["secrets"][1]["created"].as_str().unwrap().split_once('T').unwrap().0.to_owned();
    for format in ["markdown", "html"] {
        let out = sandbox.cloze(["diff", "--online", "--format", format]).ok();
        assert!(out.contains(&format!("made {made}, expires {day}")), "{out}");
    }
    // Without the vault nothing is said of it.
    assert!(!sandbox.cloze(["diff", "--stat"]).ok().contains("expires"));
}

#[test]
fn expiry_and_a_disabled_version_are_seen_and_no_value_is_read() {
    let disabled = Version { disabled: true, ..version("canary-4", None) };
    let versions = [
        ("shop-near", version("canary-1", Some(6))),
        ("shop-over", version("canary-2", Some(-3))),
        ("shop-far", version("canary-3", Some(400))),
        ("shop-off", disabled),
        ("shop-left", version("canary-5", Some(3))),
        ("other-left", version("canary-6", None)),
    ];
    let (sandbox, server) = key_vault(&["get", "list"], &versions);
    with_blanks(
        &sandbox,
        &["name=\"shop-near\", key=\"k\"", "name=\"shop-over\"", "name=\"shop-far\"", "name=\"shop-off\"", "name=\"shop-none\""],
    );
    let outcome = sandbox.cloze(["secrets", "--online"]);
    let table = outcome.out();
    for (name, end) in
        [("shop-near#k", "in 6d !"), ("shop-over", "2d ago !"), ("shop-far", "in 400d"), ("shop-off", "-"), ("shop-none", "-")]
    {
        assert_eq!(row(&table, name)[5], end, "{table}");
    }
    assert_eq!([row(&table, "shop-off")[3].as_str(), &row(&table, "shop-none")[3]], ["?", "?"]);
    assert_eq!(row(&table, "shop-far")[3].chars().count(), 12, "the beginning of a long version: {table}");
    let said = outcome.fails(
        5,
        &[
            "dev: 5 secrets, 1 expired, 1 expiring within 14 days\n",
            "error: templates/a.yaml:8:10: default/shop-off of ",
            "error: templates/a.yaml:9:10: default/shop-none of ",
        ],
    );
    let unused = sandbox.cloze(["secrets", "--unused"]);
    let list = unused.out();
    assert_eq!(row(&list, "shop-left")[..3], ["shop-left", "default", "-"]);
    assert_eq!(list.lines().count(), 2, "only what begins with the prefix: {list}");
    unused.fails(0, &["dev: 1 unused secret\n"]);
    for text in [table, said, list] {
        assert!(!text.contains("canary"), "{text}");
    }
    let calls = server.journal().calls();
    assert!(calls.iter().all(|call| !call.path.starts_with("/secrets/") || call.path.contains("/versions")), "{calls:?}");
}

#[test]
fn a_vault_that_may_not_be_listed_is_named() {
    let (sandbox, _server) = key_vault(&["get"], &[("shop-a", version("canary", None))]);
    with_blanks(&sandbox, &["name=\"shop-a\""]);
    let outcome = sandbox.cloze(["secrets", "--online"]);
    assert_eq!(row(&outcome.out(), "shop-a")[2..5], ["-", "?", "-"]);
    outcome.fails(5, &["error: templates/a.yaml:5:10: default/shop-a of "]);
    let outcome = sandbox.cloze(["secrets", "--unused", "--format", "json"]);
    let json: Value = serde_json::from_str(&outcome.out()).unwrap();
    assert_eq!((&json["unlisted"][0]["vault"], &json["unused"]), (&"default".into(), &serde_json::json!([])));
    outcome.code(5);
}

#[test]
fn a_vault_that_says_nothing_without_values_is_no_failure() {
    let server = Hashicorp::serve(Seed::default().mount("old", 1).secret("old/a", &[("value", "canary")])).unwrap();
    let sandbox = shop(&server, "{ default: { @@, engine: kv-v1, prefixes: [shop] }, ci: { kind: env } }");
    sandbox.write("cloze.yaml", sandbox.read("cloze.yaml").replace("mount: secret", "mount: old").replace(", prefixes: [shop]", ""));
    with_blanks(&sandbox, &["name=\"a\""]);
    let outcome = sandbox.cloze(["secrets", "--online"]);
    assert_eq!(row(&outcome.out(), "a")[2..6], ["-", "?", "-", "-"]);
    outcome.fails(0, &["dev: 1 secret\n"]);
    sandbox.cloze(["secrets", "--unused"]).fails(
        0,
        &[
            "warning: the environment's variables gives no list: without a prefix, all of the environment would be listed\n  give the vault a prefix",
            "warning: vault `default` has no `prefixes`, so what others keep in it counts as unused, too\n  add `prefixes:` to it",
            "dev: 0 unused secrets, 1 vault not listed\n",
        ],
    );
}

#[test]
fn metadata_that_a_policy_forbids_are_a_problem_with_its_place() {
    let seed = seed().rule("deploy", "secret/data", &[Capability::Read]).rule("deploy", "secret/metadata/api-token", &[Capability::Read]);
    let server = Hashicorp::serve(seed.policed("limited", &["deploy"])).unwrap();
    let mut sandbox = shop(&server, "{ default: { @@ } }");
    sandbox.variable("VAULT_TOKEN", "limited");
    let outcome = sandbox.cloze(["secrets", "--online"]);
    let table = outcome.out();
    assert_eq!((row(&table, "api-token")[3].as_str(), row(&table, "session-key")[3].as_str()), ("1", "?"));
    outcome.fails(5, &["error: templates/secrets.yaml:14:", "`secret/metadata/session-key`"]);
    assert!(server.journal().calls().iter().all(|call| !call.path.contains("/data/")), "a value was read");
}

#[test]
fn what_another_environment_uses_in_the_same_vault_is_used() {
    let server = Hashicorp::serve(seed().secret("secret/prod-only", &[("value", "x")]).secret("secret/left", &[("value", "x")])).unwrap();
    let sandbox = shop(&server, "{ default: { @@ } }");
    let text = sandbox.read("cloze.yaml");
    let vaults = text.lines().find(|line| line.trim_start().starts_with("vaults:")).unwrap().trim().to_owned();
    sandbox.write(
        "cloze.yaml",
        text.replacen(
            "environments:\n",
            &format!("environments:\n  prod: {{ values: [values/common.yaml, values/dev.yaml], {vaults} }}\n"),
            1,
        ),
    );
    let only = "{% if cloze.environment == \"prod\" %}\n  only: {{ secret(name=\"prod-only\") }}\n{% endif %}";
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: p }\nstringData:\n  a: {{ secret(name=\"smtp\", key=\"username\") }}\n";
    sandbox.write("templates/p.yaml", format!("{secret}{only}\n"));
    let outcome = sandbox.cloze(["secrets", "--unused", "-e", "dev"]);
    assert_eq!(outcome.out().lines().map(|line| line.split(' ').next().unwrap()).collect::<Vec<_>>(), ["SECRET", "left"]);
    outcome.fails(0, &["dev: 1 unused secret\n"]);
    // What its newest release has is used until the next one, which no template shows.
    sandbox.cloze(["key", "init", "-e", "prod"]).ok();
    sandbox.cloze(["deploy", "-e", "prod"]).ok();
    sandbox.write("templates/p.yaml", format!("{secret}\n"));
    sandbox.cloze(["secrets", "--unused", "-e", "dev"]).fails(0, &["dev: 1 unused secret\n"]);
    fs::remove_file(sandbox.shop_path(".cloze/prod.key")).unwrap();
    let words = "warning: what the newest release of environment `prod` was filled with is not known: there is no key file `shop/.cloze/prod.key`\n  \
                 before you remove a secret, run `cloze secrets -e prod` where its history opens";
    sandbox.cloze(["secrets", "--unused", "-e", "dev"]).fails(0, &[words, "dev: 2 unused secrets\n"]);
    // What the other one uses is not known where it does not render.
    sandbox.write("templates/p.yaml", format!("{secret}{}\n", only.replace("secret(", "sekret(")));
    sandbox.cloze(["secrets", "--unused", "-e", "dev"]).fails(4, &["sekret"]);
}

#[test]
fn a_terminal_is_not_overrun() {
    let sandbox = Sandbox::shop();
    for (option, columns) in [("--online", 80), ("--all", 80), ("--online", 64)] {
        let mut terminal = sandbox.on_narrow_terminal(columns, ["secrets", option]);
        let shown = terminal.ends(0);
        let table: Vec<&str> = shown.lines().map(|line| line.trim_end_matches('\r')).filter(|line| !line.starts_with("dev:")).collect();
        assert!(table.iter().any(|line| line.contains(" +2")), "{shown}");
        assert!(table.iter().all(|line| line.chars().count() <= columns), "{columns}:\n{shown}");
    }
}
