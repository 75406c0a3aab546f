//! What needs no credential: `render`, `check`, `config`, `schema`.

use std::fs;

use serde_yaml::Value;

use crate::commands::starter::documents;
use crate::support::Sandbox;

#[test]
fn render_needs_no_key_no_vault_and_no_network() {
    let sandbox = Sandbox::shop();
    let with = sandbox.cloze(["render"]).silent().ok();
    fs::remove_dir_all(sandbox.shop_path(".cloze")).unwrap();
    fs::remove_dir_all(sandbox.shop_path("secrets")).unwrap();
    let config = sandbox.read("cloze.yaml").replace(
        "values/dev.yaml]",
        "values/dev.yaml]\n    vaults: { default: { kind: hashicorp, address: \"https://vault.invalid:8200\", mount: kv } }",
    );
    sandbox.write("cloze.yaml", config);
    let before = sandbox.files();
    assert_eq!(sandbox.cloze(["render"]).silent().ok(), with);
    sandbox.cloze(["check"]).fails(0, &["dev: 11 objects, no problems"]);
    assert_eq!(sandbox.files(), before, "a review wrote something");
}

#[test]
fn masked_values_stand_under_string_data() {
    let sandbox = Sandbox::shop();
    let objects = documents(&sandbox.cloze(["render"]).ok());
    assert_eq!(objects.len(), 11);
    let mut secrets = 0;
    for object in &objects {
        let name = object["metadata"]["name"].as_str().unwrap();
        if object["kind"] == "Secret" {
            secrets += 1;
            assert!(name.ends_with("-xxxxxxxxxx"), "{name}");
            assert!(object.get("data").is_none() && object["stringData"].is_mapping(), "{name}");
        }
        assert!(!name.ends_with("-xxxxxxxxxx") || object["kind"] == "Secret", "{name}");
    }
    assert_eq!(secrets, 4);
    let credentials = objects.iter().find(|object| object["metadata"]["name"] == "web-credentials-xxxxxxxxxx").unwrap();
    assert_eq!(credentials["stringData"]["DATABASE_URL"], "postgres://app:<secret default/db-password | urlencode>@postgres:5432/app");
    let smtp = objects.iter().find(|object| object["metadata"]["name"] == "smtp-xxxxxxxxxx").unwrap();
    assert_eq!(smtp["stringData"]["password"], "<secret default/smtp#password>");
}

#[test]
fn a_review_shows_the_names_of_config_maps_as_they_will_be() {
    let sandbox = Sandbox::shop();
    let names = |objects: Vec<Value>| -> Vec<String> {
        let maps = objects.iter().filter(|object| object["kind"] == "ConfigMap");
        maps.map(|object| object["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let reviewed = names(documents(&sandbox.cloze(["render"]).ok()));
    assert_eq!(reviewed.len(), 3);
    assert_eq!(reviewed, names(documents(&sandbox.cloze(["deploy", "-o", "-"]).ok())));
}

#[test]
fn render_to_a_directory() {
    let sandbox = Sandbox::shop();
    let stream = documents(&sandbox.cloze(["render"]).ok());
    let out = sandbox.work().join("masked");
    sandbox.cloze(["render", "-o", out.to_str().unwrap()]).fails(0, &["wrote 11 manifests with masked values to"]);
    let mut paths: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    let files: Vec<Value> = paths.iter().map(|path| serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap()).collect();
    assert_eq!(files, stream);
}

#[test]
fn values_files_and_flags_win_in_order() {
    let sandbox = Sandbox::shop();
    sandbox.write("values/extra.yaml", "replicas: 5\nimage: { tag: extra }\n");
    let render = |arguments: &[&str]| sandbox.cloze(["render"].iter().chain(arguments)).ok();
    let text = render(&["--values", "values/extra.yaml"]);
    assert!(text.contains("replicas: 5") && text.contains("image: nginxinc/nginx-unprivileged:extra"), "{text}");
    assert!(render(&["--values", "values/extra.yaml", "--set", "replicas=6"]).contains("replicas: 6"));
    assert!(render(&["--set", "replicas=6", "--set", "replicas=7"]).contains("replicas: 7"));
    assert!(render(&["--set", "database.port=16"]).contains("@postgres:16/app"));
    sandbox
        .cloze(["render", "--set", "database.port=0x10"])
        .fails(2, &["`--set` has a number that a template would write in another form"]);
    assert!(render(&["--set-string", "database.port=0x10"]).contains("@postgres:0x10/app"));
    sandbox.cloze(["render", "--values", "values/none.yaml"]).fails(3, &["values/none.yaml"]);
    sandbox.cloze(["render", "--set", "replicas"]).fails(2, &["error: `--set` has no `=`\n  write `path=value`"]);
}

#[test]
fn check_reports_every_problem_at_its_place_in_the_template() {
    let sandbox = Sandbox::shop();
    sandbox.write(
        "templates/broken.yaml",
        concat!(
            "apiVersion: v1\n",
            "kind: ConfigMap\n",
            "metadata: { name: broken }\n",
            "data:\n",
            "  {% for n in [1, 2] %}\n",
            "  port{{ n }}: {{ n }}\n",
            "  {% endfor %}\n",
            "  leak: {{ secret(name=\"db-password\") }}\n",
            "  bad/key: x\n",
            "---\n",
            "apiVersion: v1\n",
            "kind: Pod\n",
            "metadata: { name: p }\n",
            "spec:\n",
            "  containers:\n",
            "    - name: c\n",
            "      image: i\n",
            "      envFrom:\n",
            "        - configMapRef: { name: nowhere }\n",
        ),
    );
    let err = sandbox.cloze(["check"]).fails(
        4,
        &[
            "error: templates/broken.yaml:6:",
            "error: templates/broken.yaml:8:12: ",
            "error: templates/broken.yaml:9:3: ",
            "error: templates/broken.yaml:19:33: ",
            "problems",
        ],
    );
    assert!(!err.contains("(rendered)"), "{err}");
    assert!(err.ends_with("\n5 problems\n"), "{err}");
}

#[test]
fn check_shows_what_a_template_waives() {
    let sandbox = Sandbox::shop();
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: open }\ndata:\n  user: {{ secret(name=\"smtp\", key=\"username\") | reveal }}\n";
    sandbox.write("templates/open.yaml", map);
    let line = "templates/open.yaml:5:50: reveal lets <secret default/smtp#username | reveal> into data.user of ConfigMap shop-dev/open";
    sandbox.cloze(["check"]).fails(0, &[line, "12 objects"]);
    let out = sandbox.cloze(["check", "--format", "json"]).ok();
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["waivers"][0]["rule"], "reveal");
    assert_eq!(json["waivers"][0]["place"], "templates/open.yaml:5:50");
}

#[test]
fn check_warns_where_one_variable_hides_another() {
    let sandbox = Sandbox::shop();
    let deployment = sandbox.read("templates/deployment.yaml").replace("name: APP_ENVIRONMENT", "name: ENVIRONMENT");
    sandbox.write("templates/deployment.yaml", deployment);
    let err = sandbox.cloze(["check"]).fails(0, &["warning: templates/deployment.yaml:", "`ENVIRONMENT`", "no problem"]);
    assert!(!err.contains("(rendered)"), "{err}");
}

#[test]
fn config_says_where_each_value_comes_from() {
    let mut sandbox = Sandbox::shop();
    sandbox.variable("CLOZE_ENV", "dev");
    let out = sandbox.cloze(["config", "--set", "replicas=9"]).silent().ok();
    for line in [
        "environment = dev  (variable CLOZE_ENV)",
        "namespace = shop-dev  (cloze.yaml:27:16)",
        "vaults.default.kind = local  (default)",
        "values.logLevel = \"debug\"  (values/dev.yaml",
        "values.replicas = 9  (flag --set",
        "values.smtp.port = 587  (values/common.yaml",
    ] {
        assert!(out.contains(line), "`{line}` is not in:\n{out}");
    }
    let json: serde_json::Value = serde_json::from_str(&sandbox.cloze(["config", "--format", "json"]).ok()).unwrap();
    let level = json["settings"].as_array().unwrap().iter().find(|entry| entry["key"] == "values.logLevel").unwrap();
    assert_eq!(level["overridden"][0]["value"], "\"info\"");
}

#[test]
fn the_schema_is_valid_and_the_starter_follows_it() {
    let sandbox = Sandbox::shop();
    let schema: serde_json::Value = serde_json::from_str(&sandbox.run(["schema"]).silent().ok()).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let project: serde_json::Value = serde_yaml::from_str(&sandbox.read("cloze.yaml")).unwrap();
    let errors: Vec<String> = validator.iter_errors(&project).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    assert!(!validator.is_valid(&serde_json::json!({ "apiVersion": "cloze.dev/v1", "project": "x", "enviroments": {} })));
}
