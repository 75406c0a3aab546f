//! A project that uses every canary in every way.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::Weak;

use crate::canary::canaries::Canary;
use crate::canary::canaries::Make;
use crate::canary::canaries::generate;
use crate::canary::search::Hit;
use crate::canary::search::Searcher;
use crate::support::Sandbox;
use crate::support::rounds;

/// The canaries.
pub(crate) fn canaries() -> &'static [Canary] {
    static CANARIES: OnceLock<Vec<Canary>> = OnceLock::new();
    CANARIES.get_or_init(|| generate(2026))
}

/// Their searcher.
pub(crate) fn searcher() -> &'static Searcher {
    static SEARCHER: OnceLock<Searcher> = OnceLock::new();
    SEARCHER.get_or_init(|| Searcher::new(canaries()))
}

/// The canary that a ConfigMap reveals.
pub(crate) const REVEALED: &str = "token-9";

/// The project with two releases; the second has another value of one secret. Tests that run at once share one.
pub(crate) fn shared() -> Arc<Sandbox> {
    static SHARED: Mutex<Weak<Sandbox>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap();
    if let Some(project) = shared.upgrade() {
        return project;
    }
    let sandbox = Sandbox::shop();
    for canary in canaries() {
        sandbox.feed(["vault", "set", &canary.name], &canary.value).ok();
    }
    sandbox.feed(["vault", "set", "changing"], &canaries()[0].value).ok();
    plant(&sandbox, "default");
    sandbox.cloze(["deploy"]).ok();
    sandbox.feed(["vault", "set", "changing"], &canaries()[1].value).ok();
    sandbox.cloze(["deploy"]).ok();
    let project = Arc::new(sandbox);
    *shared = Arc::downgrade(&project);
    project
}

/// Writes the templates, whose blanks ask `vault`.
pub(crate) fn plant(sandbox: &Sandbox, vault: &str) {
    let secret = |name: &str, more: &str| format!("secret(name=\"{name}\", vault=\"{vault}\"{more})");
    let mut whole = head("Secret", "whole");
    let mut ways = head("Secret", "ways");
    let mut files = head("Secret", "files");
    for (number, canary) in canaries().iter().enumerate() {
        let name = &canary.name;
        let asked = secret(name, "");
        let _ = writeln!(whole, "  {name}: {{{{ {asked} }}}}");
        if canary.make == Make::Binary {
            let _ = writeln!(ways, "  {name}.b64: {{{{ {asked} | b64encode }}}}\n  {name}.sha: {{{{ {asked} | sha256 }}}}");
            continue;
        }
        let wrap = |text: &str| text.replace('B', &format!("{{{{ {asked} }}}}"));
        let filters = ["b64encode", "json", "sha256", "trim", "upper", "urlencode"]
            .map(|filter| format!("by-{filter}: x{{{{ {asked} | {filter} }}}}"));
        let indent = format!("indent: |\n    outer:\n      {{{{ {asked} | indent(width=6) }}}}\n    end");
        let mut in_files =
            vec![wrap("json: '{\"a\": \"B\"}'"), wrap("yaml: 'a: \"B\"'"), format!("x.json: '{{\"a\": {{{{ {asked} | json }}}}}}'")];
        if canary.make == Make::Line {
            let forms = ["toml: 'a = \"B\"'", "properties: 'a=B'", "xml: '<a b=\"B\">B</a>'", "env: 'A=\"B\"'"];
            in_files.extend(forms.map(wrap));
        }
        if name.starts_with("token") || name.starts_with("digits") {
            in_files.push(wrap("ini: \"[a]\\na = B\""));
        }
        // By default two of the filters and two of the files for each, others for the next.
        let some = |list: Vec<String>, short| -> Vec<String> {
            let length = list.len();
            list.into_iter().cycle().skip(number % length).take(rounds(short, length)).map(|line| format!("  {name}.{line}\n")).collect()
        };
        ways.extend(some(filters.into_iter().chain([indent]).collect(), 2));
        files.extend(some(in_files, 2));
        if canary.make == Make::Structured {
            for key in ["username", "password"] {
                let field = secret(name, &format!(", key=\"{key}\""));
                let _ = writeln!(ways, "  {name}.{key}: {{{{ {field} }}}}");
            }
        }
    }
    for (name, text) in [("whole", whole), ("ways", ways), ("files", files)] {
        sandbox.write(&format!("templates/{name}.yaml"), text);
    }
    let revealed =
        head("ConfigMap", "revealed").replace("stringData", "data") + &format!("  url: {{{{ {} | reveal }}}}\n", secret(REVEALED, ""));
    sandbox.write("templates/revealed.yaml", revealed);
    let stable = "metadata:\n  annotations: { cloze.dev/names: stable, cloze.dev/restart: \"true\" }";
    let changing = head("Secret", "changing").replacen("metadata:", stable, 1) + &format!("  key: {{{{ {} }}}}\n", secret("changing", ""));
    sandbox.write("templates/changing.yaml", changing);
    let pod = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: user }\nspec:\n  selector: { matchLabels: { app: user } }\n  template:\n    \
               metadata: { labels: { app: user } }\n    spec:\n      containers:\n        - name: user\n          image: user:1\n          envFrom:\n            \
               - secretRef: { name: changing }\n            - configMapRef: { name: revealed }\n";
    sandbox.write("templates/user.yaml", pod);
}

fn head(kind: &str, name: &str) -> String {
    format!("apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\nstringData:\n")
}

/// Where a file below the sandbox may hold which canaries.
fn belongs(path: &Path, hit: &Hit) -> bool {
    let text = path.to_string_lossy();
    let manifest = text.contains("dist/") || text.contains("out/");
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    manifest && (file.contains("_secret_") || (file.contains("_configmap_") && file.contains("revealed") && hit.canary == REVEALED))
}

/// Canaries that are where they do not belong among the files of a sandbox and their names. `clean` holds what was looked at before.
pub(crate) fn strays(sandbox: &Sandbox, clean: Option<&Sandbox>) -> Vec<String> {
    let mut strays = Vec::new();
    for (path, bytes) in sandbox.files() {
        if clean.is_some_and(|clean| fs::read(clean.root().join(&path)).is_ok_and(|before| before == bytes)) {
            continue;
        }
        let hits = searcher().find(&bytes).into_iter().filter(|hit| !belongs(&path, hit));
        strays.extend(hits.chain(searcher().find(path.to_string_lossy().as_bytes())).map(|hit| format!("{}: {hit:?}", path.display())));
    }
    strays
}
