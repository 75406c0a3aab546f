//! What `render` prints, before a schema checker that others wrote: kubeconform, strictly, with the schemas that the API server publishes.

mod kinds;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use kube::Client;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::fixture::Cluster;
use crate::fixture::User;
use crate::fixture::installed;

/// A folder with a project, and one with the schemas of the API server.
struct Checker {
    program: PathBuf,
    schemas: TempDir,
    folder: TempDir,
}

impl Checker {
    /// `None` where one of the programs is not installed.
    async fn new() -> Option<Self> {
        let program = installed("kubeconform", "kubeconform")?;
        let cluster = Cluster::start().await?;
        let checker = Self { program, schemas: tempfile::tempdir().unwrap(), folder: tempfile::tempdir().unwrap() };
        write_schemas(&cluster.client(User::Admin), checker.schemas.path()).await;
        Some(checker)
    }

    /// What cloze prints in this folder.
    #[track_caller]
    fn cloze(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloze"));
        let output = command.args(arguments).current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What the checker says of manifests: how many are valid, and what is wrong with others.
    fn check(&self, manifests: &str) -> (u64, Vec<String>) {
        let location = format!("{}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json", self.schemas.path().display());
        let mut command = Command::new(&self.program);
        command.args(["-strict", "-summary", "-output", "json", "-schema-location", &location, "-"]).env_clear();
        // Whatever it might ask the network for, it does not get.
        command.env("HTTPS_PROXY", "http://127.0.0.1:1").env("HTTP_PROXY", "http://127.0.0.1:1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(manifests.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let wrong = report["resources"].as_array().into_iter().flatten();
        let wrong: Vec<String> = wrong.map(|one| format!("{} {}: {}", one["kind"], one["name"], one["msg"])).collect();
        assert_eq!(output.status.success(), wrong.is_empty(), "{report:#}");
        (report["summary"]["valid"].as_u64().unwrap(), wrong)
    }

    /// That all manifests that `render` prints in a project are valid, and as many as `check` counts.
    #[track_caller]
    fn passes(&self, project: &str) -> String {
        let manifests = self.cloze(&["-C", project, "render", "-o", "-"]);
        let objects =
            serde_json::from_str::<Value>(&self.cloze(&["-C", project, "check", "--format", "json"])).unwrap()["objects"].as_u64();
        assert_eq!((Some(self.check(&manifests).0), self.check(&manifests).1), (objects, Vec::new()));
        manifests
    }
}

#[tokio::test]
async fn what_render_prints_is_valid_to_a_schema_checker() {
    let Some(checker) = Checker::new().await else { return };
    checker.cloze(&["init", "shop"]);
    let manifests = checker.passes("shop");
    assert!(manifests.contains("stringData:") && manifests.contains("<secret default/db-password"), "{manifests}");
    // It is not the checker that is content with anything.
    for (right, wrong, words) in [
        ("replicas: 1", "replicas: one", "want integer"),
        ("replicas: 1", "replica: 1", "replica"),
        ("stringData:", "stringDatum:", "stringDatum"),
        ("apiVersion: apps/v1", "apiVersion: apps/v7", "could not find schema"),
    ] {
        let (_, found) = checker.check(&manifests.replacen(right, wrong, 1));
        assert!(found.len() == 1 && found[0].contains(words), "{wrong}: {found:?}");
    }
    checker.cloze(&["init", "empty", "--bare"]);
    let bare = checker.folder.path().join("empty/templates");
    fs::create_dir_all(&bare).unwrap();
    fs::write(bare.join("kinds.yaml"), kinds::TEMPLATE).unwrap();
    let manifests = checker.passes("empty");
    let kinds: BTreeSet<&str> = manifests.lines().filter_map(|line| line.strip_prefix("kind: ")).collect();
    assert!(kinds.len() >= 35, "{kinds:?}");
}

/// Writes a JSON Schema for each kind that the server knows, as kubeconform names them (`deployment-apps-v1.json`), with nothing allowed that
/// the server does not know.
async fn write_schemas(client: &Client, folder: &Path) {
    let index = raw(client, "/openapi/v3").await;
    for (path, group) in index["paths"].as_object().unwrap() {
        if !path.starts_with("api/") && !path.starts_with("apis/") {
            continue;
        }
        let document = raw(client, group["serverRelativeURL"].as_str().unwrap()).await;
        let Some(schemas) = document["components"]["schemas"].as_object() else { continue };
        for schema in schemas.values() {
            for kind in schema["x-kubernetes-group-version-kind"].as_array().into_iter().flatten() {
                let [group, version, kind] = ["group", "version", "kind"].map(|part| kind[part].as_str().unwrap().to_lowercase());
                let group = group.split('.').next().filter(|group| !group.is_empty()).map(|group| format!("-{group}")).unwrap_or_default();
                let mut definitions = Map::new();
                collect(schema, schemas, &mut definitions);
                let mut whole = strict(schema);
                whole["definitions"] = definitions.into();
                fs::write(folder.join(format!("{kind}{group}-{version}.json")), whole.to_string()).unwrap();
            }
        }
    }
}

const COMPONENTS: &str = "#/components/schemas/";

/// Adds what `schema` refers to.
fn collect(schema: &Value, schemas: &Map<String, Value>, definitions: &mut Map<String, Value>) {
    match schema {
        Value::Object(members) => {
            if let Some(name) = members.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix(COMPONENTS))
                && !definitions.contains_key(name)
            {
                definitions.insert(name.to_owned(), strict(&schemas[name]));
                collect(&schemas[name], schemas, definitions);
            }
            members.values().for_each(|member| collect(member, schemas, definitions));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, schemas, definitions)),
        _ => {}
    }
}

/// The schema as one of a file of its own, in which an object has the properties that are named and no others.
fn strict(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| match value.as_str().and_then(|text| text.strip_prefix(COMPONENTS)) {
                Some(name) if key == "$ref" => (key.clone(), json!(format!("#/definitions/{name}"))),
                _ => (key.clone(), strict(value)),
            };
            let mut strict: Map<String, Value> = members.iter().map(member).collect();
            if members.get("properties").is_some_and(Value::is_object) && members.get("type") == Some(&json!("object")) {
                strict.entry("additionalProperties").or_insert(json!(false));
            }
            strict.into()
        }
        Value::Array(items) => items.iter().map(strict).collect(),
        other => other.clone(),
    }
}

async fn raw(client: &Client, path: &str) -> Value {
    client.request(http::Request::get(path).body(Vec::new()).unwrap()).await.unwrap()
}
