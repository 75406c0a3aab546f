//! What the starter project means once it is deployed.

use std::collections::BTreeSet;
use std::fs;

use serde::Deserialize;
use serde_yaml::Value;

use crate::support::Sandbox;

/// The documents of a YAML stream.
pub(super) fn documents(stream: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(stream).map(|document| Value::deserialize(document).unwrap()).collect()
}

/// The objects in a directory of the project `shop`, in the order of their files.
pub(super) fn deployed(sandbox: &Sandbox, folder: &str) -> Vec<Value> {
    let mut paths: Vec<_> = fs::read_dir(sandbox.shop_path(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    paths.iter().map(|path| serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap()).collect()
}

fn find<'a>(objects: &'a [Value], kind: &str, base: &str) -> &'a Value {
    let mut found = objects.iter().filter(|object| {
        let metadata = &object["metadata"];
        object["kind"] == kind && (metadata["name"] == base || metadata["annotations"]["cloze.dev/base-name"] == base)
    });
    found.next().unwrap_or_else(|| panic!("no {kind} {base}"))
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap()
}

/// Base64 as kubectl would decode it, of the data of a Secret.
fn plain(secret: &Value, key: &str) -> String {
    let text = secret["data"][key].as_str().unwrap_or_else(|| panic!("no key {key}"));
    let value = |c: u8| b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".iter().position(|d| *d == c);
    let mut bytes = Vec::new();
    for group in text.as_bytes().chunks(4) {
        let digits: Vec<usize> = group.iter().filter_map(|c| value(*c)).collect();
        let bits = digits.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - digits.len()));
        bytes.extend(bits.to_be_bytes()[5..].iter().take(digits.len() - 1));
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn references_follow_the_names() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    let objects = deployed(&sandbox, "dist/dev");
    let named = |kind: &str, base: &str| {
        let object = find(&objects, kind, base);
        assert_eq!(object["immutable"], true, "{base}");
        let suffix = name(object).strip_prefix(&format!("{base}-")).unwrap();
        assert!(suffix.len() == 10 && suffix.bytes().all(|c| b"bcdfghjklmnpqrstvwxz2456789".contains(&c)), "{suffix}");
        name(object)
    };
    let pod = &find(&objects, "Deployment", "web")["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    assert_eq!(container["envFrom"][0]["configMapRef"]["name"], named("ConfigMap", "web-env"));
    assert_eq!(container["envFrom"][1]["secretRef"]["name"], named("Secret", "web-credentials"));
    assert_eq!(container["env"][0]["valueFrom"]["secretKeyRef"]["name"], named("Secret", "smtp"));
    assert_eq!(container["env"][2]["valueFrom"]["configMapKeyRef"]["name"], named("ConfigMap", "web-env"));
    let volumes = &pod["volumes"];
    assert_eq!(volumes[0]["projected"]["sources"][0]["configMap"]["name"], named("ConfigMap", "web-appsettings"));
    assert_eq!(volumes[0]["projected"]["sources"][1]["secret"]["name"], named("Secret", "web-settings"));
    assert_eq!(volumes[0]["projected"]["defaultMode"], 0o440);
    assert_eq!(volumes[1]["configMap"]["name"], named("ConfigMap", "web-files"));
    assert_eq!(volumes[2]["secret"]["secretName"], named("Secret", "smtp"));
    assert_eq!(volumes[2]["secret"]["defaultMode"], 0o400);
    let job = &find(&objects, "CronJob", "report")["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(job["env"][0]["valueFrom"]["secretKeyRef"]["name"], named("Secret", "report"));
    assert_eq!(job["env"][1]["valueFrom"]["configMapKeyRef"]["name"], named("ConfigMap", "web-env"));
    let (namespaces, inside): (Vec<_>, Vec<_>) = objects.iter().partition(|object| object["kind"] == "Namespace");
    assert!(inside.iter().all(|object| object["metadata"]["namespace"] == "shop-dev"));
    // The first file, so that a new cluster takes the whole directory.
    assert_eq!((namespaces, name(&objects[0])), (vec![&objects[0]], "shop-dev"));
}

#[test]
fn values_arrive_escaped_for_the_place_where_they_stand() {
    let sandbox = Sandbox::shop();
    let password = r#"p"w\ö/@: {{x}}%"#;
    sandbox.feed(["vault", "set", "db-password"], password.as_bytes()).ok();
    sandbox.cloze(["deploy"]).ok();
    let objects = deployed(&sandbox, "dist/dev");
    let url = plain(find(&objects, "Secret", "web-credentials"), "DATABASE_URL");
    assert_eq!(url, "postgres://app:p%22w%5C%C3%B6%2F%40%3A%20%7B%7Bx%7D%7D%25@postgres:5432/app");
    let settings = plain(find(&objects, "Secret", "web-settings"), "appsettings.secrets.json");
    let settings: serde_json::Value = serde_json::from_str(&settings).unwrap();
    let main = settings["ConnectionStrings"]["Main"].as_str().unwrap();
    assert_eq!(main, format!("Host=postgres;Port=5432;Database=app;Username=app;Password=\"{}\"", password.replace('"', "\"\"")));
    // The file that it overrides has the same shape.
    let base = find(&objects, "ConfigMap", "web-appsettings")["data"]["appsettings.json"].as_str().unwrap();
    let base: serde_json::Value = serde_json::from_str(base).unwrap();
    assert!(base["ConnectionStrings"]["Main"].is_string() && base["Smtp"]["Port"] == 587);
}

#[test]
fn files_of_every_format_are_keys() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    let objects = deployed(&sandbox, "dist/dev");
    let files = find(&objects, "ConfigMap", "web-files");
    let keys: BTreeSet<&str> = files["data"].as_mapping().unwrap().keys().map(|key| key.as_str().unwrap()).collect();
    let expected = ["defaults.env", "features.json", "limits.toml", "locale.ini", "logging.xml", "messages.properties", "routes.yaml"];
    assert_eq!(keys, BTreeSet::from(expected));
    assert!(files["binaryData"]["logo.png"].as_str().unwrap().starts_with("iVBORw0KGgo"));
    assert_eq!(files["data"]["locale.ini"].as_str().unwrap(), sandbox.read("config/web/locale.ini"));
}

/// The pods roll where the content changed, and nowhere else.
#[test]
fn a_new_secret_renames_what_holds_it_and_rolls_what_uses_it() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    let before = deployed(&sandbox, "dist/dev");
    sandbox.feed(["vault", "set", "api-token"], b"new").ok();
    sandbox.cloze(["deploy"]).fails(0, &["release 2 recorded: 11 manifests (2 changed"]);
    let after = deployed(&sandbox, "dist/dev");
    let changed: Vec<&str> =
        after.iter().filter(|object| !before.contains(object)).map(|object| object["kind"].as_str().unwrap()).collect();
    assert_eq!(changed, ["Secret", "CronJob"]);
    assert_ne!(name(find(&before, "Secret", "report")), name(find(&after, "Secret", "report")));
}

#[test]
fn stable_names_stay_and_restart_rolls_the_pods() {
    let sandbox = Sandbox::shop();
    let annotate = |path: &str, object: &str, annotations: &str| {
        let text = sandbox.read(path).replacen(&format!("name: {object}\n"), &format!("name: {object}\n  annotations: {annotations}\n"), 1);
        sandbox.write(path, text);
    };
    annotate("templates/config.yaml", "web-env", "{ cloze.dev/names: stable }");
    annotate("templates/secrets.yaml", "report", "{ cloze.dev/names: stable, cloze.dev/restart: \"true\" }");
    sandbox.cloze(["deploy"]).ok();
    let before = deployed(&sandbox, "dist/dev");
    sandbox.feed(["vault", "set", "api-token"], b"new").ok();
    sandbox.cloze(["deploy", "--set", "smtp.host=elsewhere"]).ok();
    let after = deployed(&sandbox, "dist/dev");
    for objects in [&before, &after] {
        for (kind, base) in [("ConfigMap", "web-env"), ("Secret", "report")] {
            let object = find(objects, kind, base);
            assert_eq!(name(object), base);
            assert!(object.get("immutable").is_none(), "{base}");
        }
        let container = &find(objects, "Deployment", "web")["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["envFrom"][0]["configMapRef"]["name"], "web-env");
    }
    let annotations = |objects: &[Value]| {
        find(objects, "CronJob", "report")["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["annotations"].clone()
    };
    assert!(annotations(&before).is_mapping(), "{before:?}");
    assert_ne!(annotations(&before), annotations(&after));
    // Nobody asked for a restart because of `web-env`.
    let pod = |objects: &[Value]| find(objects, "Deployment", "web")["spec"]["template"]["metadata"].clone();
    assert_eq!(pod(&before), pod(&after));
    sandbox.cloze(["deploy", "--set", "smtp.host=elsewhere"]).fails(0, &["nothing changed"]);
}

#[test]
fn stable_as_the_default_of_a_project() {
    let sandbox = Sandbox::shop();
    let text = sandbox.read("cloze.yaml").replace("names: versioned", "names: stable");
    sandbox.write("cloze.yaml", text);
    sandbox.cloze(["deploy"]).ok();
    let objects = deployed(&sandbox, "dist/dev");
    assert!(objects.iter().all(|object| object.get("immutable").is_none()));
    assert_eq!(name(find(&objects, "Secret", "web-settings")), "web-settings");
}
