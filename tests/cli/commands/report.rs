//! Every report with `--format json` is what its published schema says.

use std::fs;

use serde_json::Value;

use crate::support::Sandbox;

#[track_caller]
fn valid(sandbox: &Sandbox, command: &str, of: &str) -> Value {
    let out = sandbox.cloze(command.split(' ').chain(["--format", "json"])).out();
    let document: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{command}: {out}"));
    let schema: Value = serde_json::from_str(&sandbox.run(["schema", "--of", of]).silent().ok()).unwrap();
    let faults: Vec<String> = jsonschema::validator_for(&schema).unwrap().iter_errors(&document).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{command}: {faults:?}\n{document:#}");
    assert_eq!((&document["apiVersion"], &document["kind"]), (&"cloze.dev/v1".into(), &schema["title"]), "{command}");
    assert_eq!((&document["project"], &document["environment"]), (&"shop".into(), &"dev".into()), "{command}");
    document
}

#[test]
fn every_report_is_valid_against_its_schema() {
    let sandbox = Sandbox::shop();
    sandbox.write(
        "templates/x.yaml",
        "apiVersion: x.dev/v1\nkind: X\nmetadata: { name: x }\nspec: { a: '{{ secret(name=\"api-token\") | reveal }}' }\n",
    );
    let check = valid(&sandbox, "check", "check");
    assert_eq!((&check["waivers"][0]["rule"], &check["waivers"][0]["field"]), (&"reveal".into(), &"spec.a".into()));
    assert_eq!(valid(&sandbox, "check --online", "check")["secrets"]["found"], 4);
    valid(&sandbox, "config", "config");
    let rendered = valid(&sandbox, "render", "render");
    assert!(rendered["manifests"][0]["manifest"].as_str().unwrap().starts_with("apiVersion: v1\n"), "{rendered:#}");
    let written = valid(&sandbox, "render -o review", "render");
    assert_eq!((&written["directory"], &written["manifests"][0]["manifest"]), (&"review".into(), &Value::Null));
    assert_eq!(written["manifests"][0]["file"], rendered["manifests"][0]["file"]);
    assert_eq!(valid(&sandbox, "key init", "key-init")["created"], false);
    assert_eq!(valid(&sandbox, "key list", "key-list")["keys"][0]["inKeyring"], true);
    assert_eq!(valid(&sandbox, "key add", "key-change")["added"], serde_json::json!([]));
    assert_eq!(valid(&sandbox, "key remove", "key-change")["removed"], serde_json::json!([]));
    assert_eq!(valid(&sandbox, "key rotate", "key-change")["vaults"], serde_json::json!(["secrets/dev.vault"]));
    valid(&sandbox, "doctor", "doctor");
    assert_eq!(valid(&sandbox, "secrets", "secrets")["unused"], Value::Null);
    assert_eq!(valid(&sandbox, "secrets --online --unused", "secrets")["secrets"][0]["current"], "1");
    valid(&sandbox, "history", "history");
    let locked = |command: &str| valid(&sandbox, command, "lock")["state"].clone();
    assert_eq!([locked("lock"), locked("lock --check")], ["written", "up-to-date"]);
    let planned = valid(&sandbox, "diff --online", "diff");
    assert_eq!((&planned["against"], planned["changes"].as_array().unwrap().len()), (&Value::Null, 12));
    let deployed = valid(&sandbox, "deploy --note first", "deploy");
    assert_eq!((&deployed["changes"][0]["change"], &deployed["waivers"][0]["rule"]), (&"added".into(), &"reveal".into()));
    let history = valid(&sandbox, "history", "history");
    assert_eq!((&history["releases"][0]["outcome"], &history["releases"][0]["changed"]), (&"emitted".into(), &12.into()));
    valid(&sandbox, "history --verify", "history-verify");
    assert_eq!(valid(&sandbox, "history copy .cloze/history/dev releases/copy", "history-copy")["releases"], 1);
    let shown = valid(&sandbox, "show", "show");
    assert_eq!(
        (&shown["summary"]["release"], &shown["summary"]["note"], shown["secrets"].as_array().unwrap().len()),
        (&1.into(), &"first".into(), 5)
    );
    fs::remove_file(sandbox.shop_path("templates/x.yaml")).unwrap();
    assert_eq!(valid(&sandbox, "deploy --dry-run", "diff")["changes"][0]["change"], "removed");
    sandbox.cloze(["deploy"]).ok();
    let changed = valid(&sandbox, "diff --set replicas=3 --set-string logLevel=warn", "diff");
    let fields: Vec<&Value> =
        changed["changes"].as_array().unwrap().iter().flat_map(|change| change["fields"].as_array().unwrap()).collect();
    for part in ["lines", "before", "after"] {
        assert!(fields.iter().any(|field| field.get(part).is_some()) && fields.iter().any(|field| field.get(part).is_none()), "{part}");
    }
    assert_eq!(valid(&sandbox, "diff --base shop", "diff")["base"], "shop");
    assert_eq!(valid(&sandbox, "rollback --dry-run", "diff")["changes"][0]["change"], "added");
    assert_eq!(valid(&sandbox, "rollback", "deploy")["release"], 3);
    assert_eq!(valid(&sandbox, "vault list", "vault-list")["secrets"][3]["name"], "smtp");
    assert_eq!(valid(&sandbox, "vault remove smtp", "vault-change")["written"], true);
    fs::remove_dir_all(sandbox.shop_path("")).unwrap();
    fs::create_dir(sandbox.shop_path("")).unwrap();
    valid(&sandbox, "init --here", "init");
}

#[test]
fn a_report_without_a_schema_is_named() {
    let sandbox = Sandbox::new();
    let err =
        sandbox.run(["schema", "--of", "nothing"]).fails(2, &["error: invalid value `nothing` for `--of <REPORT>`\n  use one of `check`"]);
    assert!(err.contains("`vault-list`"), "{err}");
}
