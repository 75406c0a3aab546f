//! `doctor`

use std::fs;

use serde_json::Value;
use vault_mock::Authority;
use vault_mock::Options;
use vault_mock::hashicorp::Hashicorp;

use crate::support::Sandbox;
use crate::vaults::seed;
use crate::vaults::shop;

#[test]
fn each_vault_is_walked_to_and_told_line_by_line() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { kind: local }, shared: { @@ } }");
    let out = sandbox.cloze(["doctor", "-q"]).silent().out();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "default  setup            shop/secrets/dev.vault holds 4 secrets");
    assert_eq!(lines[1], "default  permission       the key opens the current version of each");
    assert_eq!(lines[2], format!("shared   trust            {}: this machine", server.url()));
    assert_eq!(lines[3], "shared   name resolution  127.0.0.1 is 127.0.0.1");
    assert!(lines[4].starts_with("shared   connection       127.0.0.1:"), "{out}");
    let json: Value = serde_json::from_str(&sandbox.cloze(["doctor", "--format", "json", "--vault", "default"]).ok()).unwrap();
    assert_eq!(json["vaults"][0]["name"], "default");
    assert_eq!(json["vaults"][0]["findings"][0]["found"], "shop/secrets/dev.vault holds 4 secrets");
    sandbox.cloze(["doctor", "--vault", "other"]).fails(2, &["error: there is no vault `other`\n  name one of: default, shared"]);
}

#[test]
fn the_step_that_fails_is_the_last_one_and_says_what_to_do() {
    let server = Hashicorp::serve(seed()).unwrap();
    let mut sandbox = shop(&server, "{ default: { @@ } }");
    let port = server.url().rsplit(':').next().unwrap().to_owned();
    drop(server);
    let outcome = sandbox.cloze(["doctor"]);
    let out = outcome.out();
    assert!(
        out.contains(&format!("default  connection       failed: no connection to 127.0.0.1 port {port}: connection refused"))
            && out.contains("between here and there\nhistory  connection "),
        "{out}"
    );
    outcome.fails(5, &["1 vault and the history: 1 failed"]);
    let outcome = sandbox.cloze(["doctor", "--format", "json"]);
    let json: Value = serde_json::from_str(&outcome.out()).unwrap();
    assert_eq!((&json["vaults"][0]["ok"], &json["vaults"][0]["findings"][2]["ok"]), (&Value::from(false), &Value::from(false)));
    outcome.silent().code(5);
    sandbox.variable("VAULT_TOKEN", "");
    let outcome = sandbox.cloze(["doctor"]);
    let out = outcome.out();
    assert!(out.contains("\ndefault  setup       failed: ") && out.contains(" vault `default` "), "{out}");
    assert!(out.contains(" needs a token for `auth: token`\n                     set VAULT_TOKEN"), "{out}");
    outcome.code(5);
}

#[test]
fn a_missing_key_is_a_finding_of_the_vault_that_needs_it() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ shared: { @@ }, default: { kind: local } }");
    fs::remove_file(sandbox.shop_path(".cloze/dev.key")).unwrap();
    let outcome = sandbox.cloze(["doctor"]);
    let out = outcome.out();
    assert!(out.contains("\nshared   name resolution  127.0.0.1 is 127.0.0.1\n"), "{out}");
    assert!(out.contains("\ndefault  setup            failed: there is no key file `shop/.cloze/dev.key`\n"), "{out}");
    assert!(out.contains("restore it from where your team keeps it, or name it with CLOZE_KEY_FILE\n"), "{out}");
    outcome.code(5);
    // Without a local vault no key is needed, and the default one that nobody set up is not walked to.
    let remote = shop(&server, "{ shared: { @@ } }");
    fs::remove_file(remote.shop_path(".cloze/dev.key")).unwrap();
    fs::remove_file(remote.shop_path("secrets/dev.vault")).unwrap();
    let out = remote.cloze(["doctor"]).out();
    assert!(out.contains("\nshared   name resolution  ") && !out.contains("default"), "{out}");
    let fresh = Sandbox::shop();
    fs::remove_file(fresh.shop_path("secrets/dev.vault")).unwrap();
    let before = fresh.files();
    assert_eq!(
        fresh.cloze(["doctor"]).ok(),
        "default  setup       shop/secrets/dev.vault is not there yet: `cloze vault set` makes it\n\
         history  connection  shop/.cloze/history/dev: no releases yet\n\
         history  service     nobody's yet\n\
         history  permission  not tried: the first deploy makes the directory\n"
    );
    assert!(fresh.files() == before, "nothing was made");
}

#[test]
fn the_history_is_walked_to_and_nothing_is_left_in_it() {
    let mut sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    let report: Value = serde_json::from_str(&sandbox.cloze(["history", "--format", "json"]).ok()).unwrap();
    let id = report["storeId"].as_str().unwrap();
    let before = sandbox.files();
    let out = sandbox.cloze(["doctor"]).ok();
    let words = format!(
        "history  connection  shop/.cloze/history/dev: release 1 is the newest\n\
         history  service     that of shop/dev, store id {id}\n\
         history  permission  it may list, get, create and remove; what exists is not created again\n"
    );
    assert!(out.ends_with(&words), "{out}");
    assert!(sandbox.files() == before, "nothing is left");
    assert!(!sandbox.cloze(["doctor", "--vault", "default"]).ok().contains("history"));
    let json: Value = serde_json::from_str(&sandbox.cloze(["doctor", "--format", "json"]).ok()).unwrap();
    assert_eq!((&json["history"]["name"], &json["history"]["findings"][2]["step"]), (&"history".into(), &"permission".into()));
    // Another's history, and one that is not to be had, are left alone.
    let _ = sandbox.run(["init", "store", "--deploy"]).ok();
    let url = format!("file://{}", sandbox.work().join("store/.cloze/history/dev").display());
    sandbox.variable("CLOZE_HISTORY_URL", &url);
    let outcome = sandbox.cloze(["doctor"]);
    assert!(
        outcome.out().contains("history  service     failed: this history belongs to environment dev of project store"),
        "{}",
        outcome.out()
    );
    outcome.fails(6, &["1 vault and the history: 1 failed"]);
    sandbox.variable("CLOZE_HISTORY_URL", "az://releases/shop");
    let outcome = sandbox.cloze(["doctor"]);
    assert!(
        outcome.out().contains("history  setup  failed: the history `az://releases/shop` has no storage account\n"),
        "{}",
        outcome.out()
    );
    // The vault lacks the keys that the history may have.
    outcome.code(5);
}

#[test]
fn the_proxy_and_the_authorities_of_the_machine_are_shown() {
    let authority = Authority::generate();
    let server = Hashicorp::serve_with(seed(), Options { tls: Some(&authority), ..Options::default() }).unwrap();
    let mut sandbox = shop(&server, "{ default: { @@ } }");
    let path = sandbox.shop_path("corp.pem");
    sandbox.write("corp.pem", authority.pem());
    sandbox.variable("SSL_CERT_FILE", path.to_str().unwrap());
    sandbox.variable("HTTPS_PROXY", "http://user:hunter2@127.0.0.1:9");
    let out = sandbox.cloze(["doctor", "-q"]).silent().out();
    assert!(out.contains("\ndefault  proxy            not used: the address is on this machine\n"), "{out}");
    assert!(out.contains(&format!("default  TLS              the certificate is valid by `{}`\n", path.display())), "{out}");
    assert!(!out.contains("hunter2"), "{out}");
    sandbox.variable("https_proxy", "socks5://user:hunter2@proxy");
    let out = sandbox.cloze(["doctor", "-q"]).out();
    assert!(out.contains("the proxy in https_proxy cannot be used: it is not the address of an HTTP proxy"), "{out}");
    assert!(out.contains("write it as `http://HOST:PORT`, or unset the variable") && !out.contains("hunter2"), "{out}");
}
