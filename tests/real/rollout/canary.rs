//! No secret value is anywhere in a cluster but in the data of Secrets, nor in what is sent to it, nor in what any command says.

use std::fmt::Write as _;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use serde_json::Value;
use serde_json::json;

use super::Rollout;
use super::deploy::config_map;
use super::deployment;
use super::shop::Shop;
use super::with_container;
use crate::canary::canaries::Canary;
use crate::canary::canaries::Make;
use crate::canary::canaries::generate;
use crate::canary::encoding::Encoding;
use crate::canary::search::Searcher;
use crate::fixture::Proxy;

impl Rollout {
    async fn get(&self, path: &str) -> Value {
        self.client.request(Request::get(path).body(Vec::new()).unwrap()).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// All that the API server has, a list for each kind, without the data of Secrets.
    async fn everything(&self) -> Vec<(String, Value)> {
        let groups = self.get("/apis").await;
        let versions = groups["groups"].as_array().unwrap().iter().flat_map(|group| group["versions"].as_array().unwrap());
        let roots: Vec<String> = versions.map(|version| format!("/apis/{}", version["groupVersion"].as_str().unwrap())).collect();
        let mut found = Vec::new();
        for root in roots.into_iter().chain(["/api/v1".to_owned()]) {
            for resource in self.get(&root).await["resources"].as_array().unwrap() {
                let name = resource["name"].as_str().unwrap();
                if name.contains('/') || !resource["verbs"].as_array().unwrap().contains(&json!("list")) {
                    continue;
                }
                let path = format!("{root}/{name}");
                // A definition of another test may be gone meanwhile.
                let request = Request::get(&path).body(Vec::new()).unwrap();
                let Ok(mut list) = self.client.request::<Value>(request).await else { continue };
                if path == "/api/v1/secrets" {
                    list["items"].as_array_mut().unwrap().iter_mut().for_each(|secret| drop(secret["data"].take()));
                }
                found.push((path, list));
            }
        }
        assert!(found.len() > 40, "{}", found.len());
        found
    }
}

/// What of the request may be searched: all but the data of a Secret that it applies.
fn public(request: &[u8]) -> Vec<u8> {
    let end = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let (head, body) = request.split_at(end);
    if !String::from_utf8_lossy(head).lines().next().unwrap().contains("/secrets/") || body.is_empty() {
        return request.to_vec();
    }
    let mut object: Value = serde_yaml::from_slice(body).unwrap();
    if let Some(object) = object.as_object_mut() {
        object.remove("data");
    }
    [head, object.to_string().as_bytes()].concat()
}

/// A log that has the canaries in several forms, each in a line.
fn log(canaries: &[Canary]) -> Vec<u8> {
    let mut log = Vec::new();
    for canary in canaries.iter().filter(|canary| canary.value.len() < 90) {
        for encoding in [Encoding::Raw, Encoding::Json, Encoding::Base64(0), Encoding::Base64(1), Encoding::HexLower, Encoding::Percent] {
            for form in encoding.forms(&canary.value).into_iter().take(1) {
                log.extend([b"value ".as_slice(), &form, b".\n"].concat());
            }
        }
    }
    assert!(log.len() > 8_000, "{}", log.len());
    log
}

/// The project, whose Secrets have every canary, alone and among other text.
fn with_canaries<'r>(rollout: &'r Rollout, canaries: &[Canary]) -> Shop<'r> {
    let shop = Shop::new(rollout);
    let values = shop.folder.path().join("secret");
    fs::create_dir(&values).unwrap();
    let (mut whole, mut parts) = (String::new(), String::new());
    for canary in canaries {
        fs::write(values.join(&canary.name), &canary.value).unwrap();
        let blank = format!("{{{{ secret(name=\"{}\") }}}}", canary.name);
        let _ = writeln!(whole, "  {}: {blank}", canary.name);
        if canary.make == Make::Line {
            let _ = writeln!(
                parts,
                "  {}.json: '{{\"password\": \"{blank}\"}}'\n  {}.url: \"https://app:{blank}@db/\"",
                canary.name, canary.name
            );
        }
    }
    shop.ok(&["vault", "import", "secret"]);
    for (name, data) in [("whole", whole), ("parts", parts)] {
        shop.template(&format!("{name}.yaml"), &format!("apiVersion: v1\nkind: Secret\nmetadata: {{ name: {name} }}\nstringData:\n{data}"));
    }
    shop.template("web.yaml", &web("web:1"));
    shop
}

fn web(image: &str) -> String {
    let from = ["whole", "parts"].map(|name| json!({ "secretRef": { "name": name } }));
    with_container(deployment(image), &json!({ "envFrom": from })).to_string()
}

#[tokio::test]
async fn no_canary_is_in_the_cluster_in_requests_or_in_what_commands_say() {
    let Some(rollout) = Rollout::new().await else { return };
    let canaries = generate(4711);
    let searcher = Searcher::new(&canaries);
    let shop = with_canaries(&rollout, &canaries);
    let proxy: Proxy = rollout.cluster.proxy();
    proxy.log(&log(&canaries));
    proxy.sent();
    let run = |code: i32, words: &[&str]| {
        let output = shop.through(&proxy, words);
        let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        assert_eq!(output.status.code(), Some(code), "{words:?}: {err}");
        assert_eq!(searcher.find(out.as_bytes()), [], "{words:?}: {out}");
        assert_eq!(searcher.find(err.as_bytes()), [], "{words:?}: {err}");
        for sent in proxy.sent() {
            assert!(String::from_utf8_lossy(&sent).contains("user-agent: cloze/"), "{words:?}");
            assert_eq!(searcher.find(&public(&sent)), [], "{words:?}: {}", String::from_utf8_lossy(&sent[..200.min(sent.len())]));
        }
        err
    };
    run(0, &["deploy", "--dry-run"]);
    run(0, &["deploy"]);
    // What kubectl made, with the copy that it keeps.
    let data = json!({ "pw": STANDARD.encode(&canaries[0].value) });
    let mut theirs = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "theirs" }, "data": data });
    theirs["metadata"]["annotations"] = json!({ "kubectl.kubernetes.io/last-applied-configuration": theirs.to_string() });
    rollout.create(theirs).await;
    let ours = "metadata: { name: theirs, annotations: { cloze.dev/names: stable } }";
    let blank = format!("{{{{ secret(name=\"{}\") }}}}", canaries[0].name);
    shop.template("theirs.yaml", &format!("apiVersion: v1\nkind: Secret\n{ours}\nstringData: {{ pw: '{blank}' }}\n"));
    run(4, &["deploy"]);
    run(0, &["deploy", "--adopt", "Secret/theirs"]);
    // What differs, and what crashes.
    rollout.change("v1", "Secret", "theirs", json!({ "data": { "pw": STANDARD.encode(&canaries[1].value) } })).await;
    run(4, &["diff", "--live"]);
    run(0, &["deploy", "--force-conflicts"]);
    run(0, &["status"]);
    run(0, &["doctor"]);
    shop.template("plain.yaml", &config_map("plain", "1"));
    shop.template("web.yaml", &web("broken:2"));
    run(0, &["diff", "--live"]);
    let said = run(7, &["deploy", "--logs"]);
    assert!(said.matches("  | value ***").count() > 50, "{said}");
    run(7, &["deploy", "--logs", "--format", "json"]);
    shop.template("web.yaml", &web("web:3"));
    run(0, &["deploy"]);
    run(0, &["rollback", "--yes"]);
    run(0, &["prune", "--keep", "1", "--yes"]);
    run(0, &["show"]);
    for after in ["deployed", "destroyed"] {
        for (path, list) in rollout.everything().await {
            assert_eq!(searcher.find(list.to_string().as_bytes()), [], "{after}: {path}");
        }
        if after == "deployed" {
            run(0, &["destroy", "--yes"]);
        }
    }
}
