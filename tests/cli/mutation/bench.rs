//! A project with plaintext beside everything that can be mutated.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::canary::canaries::Canary;
use crate::canary::canaries::Make;
use crate::canary::search::Searcher;
use crate::support::Random;
use crate::support::Sandbox;

/// The project as it was before anything went wrong.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    pub(crate) sound: BTreeMap<PathBuf, Vec<u8>>,
    /// Values of the vault, and the key.
    pub(crate) secrets: Searcher,
    /// Plaintext that is in templates, values and other files of the project.
    pub(crate) neighbours: Searcher,
    /// The plaintext itself, to mutate near it.
    pub(crate) words: Vec<Vec<u8>>,
}

impl Bench {
    /// Two releases, and a file of each kind with plaintext in it.
    pub(crate) fn of_starter() -> Self {
        Self::new(11, 9, |sandbox, words| {
            let [a, b, c, d, e, f, g, h, i] = words else { unreachable!() };
            let literal = format!(
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: literal\n  annotations:\n    note: \"{a}\"\ntype: Opaque\nstringData:\n  plain: {b}\n  \
                 quoted: \"{c}\"\n  mixed: 'user:{{{{ secret(name=\"db-password\") }}}}@{d}'\n  file.json: '{{\"a\": \"{e}\", \"b\": \"{{{{ secret(name=\"api-token\") }}}}\"}}'\n"
            );
            sandbox.write("templates/literal.yaml", literal);
            sandbox.write("values/dev.yaml", sandbox.read("values/dev.yaml") + &format!("password: {f}\nnested:\n  token: \"{g}\"\n"));
            sandbox.write("config/web/features.json", format!("{{\"key\": \"{h}\", \"list\": [1, 2]}}\n"));
            sandbox.write("config/secrets/more.toml", format!("key = \"{i}\"\nother = \"{{{{ secret(name=\"session-key\") }}}}\"\n"));
        })
    }

    /// The same of what a project can say beside templates and values, and of what manifests can say that cloze follows, takes apart or warns of.
    pub(crate) fn of_features() -> Self {
        Self::new(12, FEATURES.iter().map(|(_, text)| text.matches("@@").count()).sum(), |sandbox, words| {
            let mut words = words.iter();
            for (path, text) in FEATURES {
                let mut parts = text.split("@@");
                let mut whole = parts.next().unwrap().to_owned();
                for part in parts {
                    whole.push_str(words.next().unwrap());
                    whole.push_str(part);
                }
                let path = sandbox.root().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, whole).unwrap();
            }
            sandbox.cloze(["key", "init", "-e", "qa"]).ok();
            let templates = sandbox.shop_path("templates");
            for starter in fs::read_dir(&templates).unwrap().map(|entry| entry.unwrap().path()) {
                if !starter.ends_with("features.yaml") && !starter.ends_with("objects.json") {
                    if starter.is_dir() { fs::remove_dir_all(starter) } else { fs::remove_file(starter) }.unwrap();
                }
            }
        })
    }

    /// A project with two releases, into which `plant` writes so many `words`.
    fn new(seed: u64, count: usize, plant: impl FnOnce(&Sandbox, &[String])) -> Self {
        let mut random = Random::new(seed);
        let mut word = || random.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 24);
        let words: Vec<String> = (0..count).map(|_| word()).collect();
        let mut sandbox = Sandbox::shop();
        sandbox.variable("CLOZE_ENV", "dev");
        sandbox.variable("EDITOR", "/bin/true");
        let values: Vec<String> = ["db-password", "session-key", "api-token"].map(|_| word()).to_vec();
        for (name, value) in ["db-password", "session-key", "api-token"].iter().zip(&values) {
            sandbox.feed(["vault", "set", name], value.as_bytes()).ok();
        }
        plant(&sandbox, &words);
        sandbox.cloze(["deploy"]).ok();
        sandbox.write("values/dev.yaml", sandbox.read("values/dev.yaml").replace("logLevel: debug", "logLevel: warn"));
        sandbox.cloze(["deploy"]).ok();
        let key = sandbox.read(".cloze/dev.key");
        let key = key.lines().rfind(|line| !line.is_empty()).unwrap().rsplit(['-', ' ', ':']).next().unwrap().to_owned();
        let canary = |text: &String| Canary {
            name: text.clone(),
            value: text.clone().into_bytes(),
            parts: vec![text.clone().into_bytes()],
            make: Make::Line,
        };
        let secrets = Searcher::new(&values.iter().chain([&key]).map(canary).collect::<Vec<_>>());
        let neighbours = Searcher::new(&words.iter().map(canary).collect::<Vec<_>>());
        let sound = sandbox.files();
        let stand = sound.values().flat_map(|bytes| neighbours.find(bytes)).map(|hit| hit.canary).collect::<BTreeSet<_>>();
        assert_eq!(stand.len(), words.len(), "plaintext that is not there cannot be quoted");
        Self { sandbox, sound, secrets, neighbours, words: words.into_iter().map(String::into_bytes).collect() }
    }

    /// Where plaintext is in a file.
    pub(crate) fn marks(&self, bytes: &[u8]) -> Vec<usize> {
        self.words.iter().filter_map(|word| bytes.windows(word.len()).position(|window| window == word)).collect()
    }

    /// Puts every file back; says which were not as they should be.
    pub(crate) fn restore(&self, but: &PathBuf) -> Vec<String> {
        let now = self.sandbox.files();
        let mut changed = Vec::new();
        for (path, bytes) in &self.sound {
            if now.get(path) != Some(bytes) {
                if path != but {
                    changed.push(format!("{} changed", path.display()));
                }
                let path = self.sandbox.root().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
        }
        for path in now.keys().filter(|path| !self.sound.contains_key(*path)) {
            changed.push(format!("{} is new", path.display()));
            fs::remove_file(self.sandbox.root().join(path)).unwrap();
        }
        changed
    }
}

/// Files by their path in the sandbox; `@@` is a word of plaintext.
const FEATURES: [(&str, &str); 14] = [
    (
        "work/shop/cloze.yaml",
        r#"apiVersion: cloze.dev/v1
project: shop
templates:
  - "templates/**/*.yaml"
  - "templates/*.json"
  - { files: "vendor/*.yaml", template: false }
config:
  - { kind: Secret, name: from-env, env-file: config/app.env }
  - { kind: Secret, name: pull, type: kubernetes.io/dockerconfigjson, keys: { .dockerconfigjson: config/pull.json } }
  - { kind: Secret, name: ini, files: ["config/*.ini"] }
  - { kind: ConfigMap, name: plain, template: false, files: ["config/plain/*"] }
external:
  - { kind: Secret, name: by-hand, keys: [ca.crt] }
references:
  - { group: example.com, kind: Cache, path: spec.auth.secret, refers-to: Secret }
  - { group: example.com, kind: Cache, path: 'metadata.annotations["example.com/settings"]', refers-to: ConfigMap }
cluster-scoped:
  - { group: example.com, kind: Galaxy }
environments:
  dev:
    namespace: shop-dev
    values: [values/dev.yaml]
  qa: {}
"#,
    ),
    (
        "work/shop/templates/features.yaml",
        r#"apiVersion: v1
kind: Secret
metadata: { name: connection, annotations: { cloze.dev/names: stable, cloze.dev/literals: accepted } }
stringData:
  ado: 'Server=db;User=app;Password={{ secret(name="db-password") | connstr }};Comment=@@'
  libpq: host=db password={{ secret(name="db-password") | connstr(style="libpq") }} user=@@
  app.ini: |
    ; @@
    [db]
    password = "{{ secret(name="session-key") }}"
    other = @@
---
apiVersion: v1
kind: Secret
metadata: { name: registry }
type: kubernetes.io/dockerconfigjson
stringData:
  .dockerconfigjson: '{"auths": {"r.example.com": {"username": "@@", "password": "{{ secret(name="api-token") }}"}}}'
---
apiVersion: v1
kind: ConfigMapList
items:
  - { apiVersion: v1, kind: ConfigMap, metadata: { name: one }, data: { tag: "{{ image.tag }}", level: "{{ logLevel }}" } }
  - apiVersion: v1
    kind: ConfigMap
    metadata: { name: two }
    data: { script: 'for i in "${#a[@]}"; do echo "$i"; done' }
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: caches.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { kind: Cache, plural: caches }
  versions:
    - { name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object, properties: { spec: { type: object, properties: { tls: { type: object, properties: { secretName: { type: string } } } } } } } } }
---
apiVersion: example.com/v1
kind: Cache
metadata: { name: cache, annotations: { example.com/settings: one } }
spec: { auth: { secret: from-env }, tls: { secretName: registry }, other: from-env, byHand: by-hand }
---
apiVersion: example.com/v1
kind: Galaxy
metadata: { name: milky-way }
spec: { token: { valueFrom: { secretKeyRef: { name: connection, key: ado } } } }
---
apiVersion: batch/v1
kind: Job
metadata: { name: migrate, annotations: { cloze.dev/names: versioned } }
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - { name: migrate, image: "shop:{{ image.tag }}", args: ["--config=one", "--note=@@"], envFrom: [{ secretRef: { name: from-env } }, { configMapRef: { name: two } }] }
      volumes:
        - { name: a, secret: { secretName: ini } }
        - { name: b, configMap: { name: plain } }
        - { name: c, secret: { secretName: by-hand, items: [{ key: ca.crt, path: ca.crt }] } }
      imagePullSecrets: [{ name: pull }]
"#,
    ),
    (
        "work/shop/templates/objects.json",
        r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "of-json"}, "stringData": {"a.json": "{\"k\": \"{{ secret(name="api-token") }}\", \"n\": \"@@\"}", "lock": "\ud83d\udd10\/@@"}},
  {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "json"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}},
    "spec": {"containers": [{"name": "c", "image": "i", "envFrom": [{"secretRef": {"name": "of-json"}}]}]}}}}
]}
"#,
    ),
    ("work/shop/import/values.env", "# @@\nIMPORTED=@@\nQUOTED=\"a @@ b\"\nexport SINGLE='@@'\n"),
    ("work/shop/import/values.json", r#"{"one": "@@", "two": {"user": "@@", "port": 5432}, "three": ["@@"]}"#),
    (
        "work/shop/import/secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: { name: imported }\nstringData: { plain: \"@@\" }\ndata: { encoded: YWJj }\n",
    ),
    (
        "work/shop/vendor/dashboards.yaml",
        r#"apiVersion: v1
kind: ConfigMap
metadata: { name: dashboards, labels: { grafana_dashboard: "1" } }
data:
  a.json: '{"legendFormat": "{{ namespace }}", "note": "@@"}'
"#,
    ),
    (
        "work/shop/config/app.env",
        r#"# @@
USER=@@
PASSWORD={{ secret(name="db-password") }}
QUOTED="a b"
"#,
    ),
    (
        "work/shop/config/pull.json",
        r#"{"auths": {"r.example.com": {"username": "@@", "password": "{{ secret(name="api-token") }}", "auth": "{{ secret(name="api-token") | b64encode }}"}}}
"#,
    ),
    (
        "work/shop/config/app.ini",
        r#"; @@
[db]
user = app
password = "{{ secret(name="db-password") }}"
note = "@@"
"#,
    ),
    (
        "work/shop/config/plain/nginx.conf",
        r#"server {
  # {{ not a template }} @@
  set $a "{% x %}";
}
"#,
    ),
    (
        "work/shop/values/dev.yaml",
        r#"logLevel: debug
image: { tag: "1.10", name: "@@" }
numbers: ["0e12345", "5.184e+06", 1000, 12345678901234567890, 1.5]
"#,
    ),
    (
        "home/.config/cloze/trust.yaml",
        r"# The servers that may have credentials.
- https://vault.example.com:8200
- https://vault.example.com=audience
",
    ),
    ("work/assignments", r"image.tag=2.1,numbers[0]=10,logLevel=info,a.b\.c={x,y},note=@@"),
];
