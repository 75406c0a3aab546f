//! What a project is made of: files that are templates and files that are not, env files, kinds of the cluster, names and first lines that
//! are not what they seem.

use serde_yaml::Value;

use crate::commands::starter::documents;
use crate::support::Sandbox;

/// The starter with one more template, rendered.
fn rendered(template: &str) -> Vec<Value> {
    let sandbox = Sandbox::shop();
    sandbox.write("templates/x.yaml", template);
    documents(&sandbox.cloze(["render"]).ok())
}

fn find<'v>(objects: &'v [Value], kind: &str, name: &str) -> &'v Value {
    let base = |object: &Value| {
        let metadata = &object["metadata"];
        metadata["annotations"]["cloze.dev/base-name"].as_str().or(metadata["name"].as_str()).map(str::to_owned)
    };
    objects.iter().find(|object| object["kind"] == kind && base(object).as_deref() == Some(name)).unwrap_or_else(|| panic!("{kind} {name}"))
}

/// The starter with one more entry under `config:`.
fn with_config(entry: &str) -> Sandbox {
    let sandbox = Sandbox::shop();
    let project = sandbox.read("cloze.yaml").replacen("config:\n", &format!("config:\n  - {entry}\n"), 1);
    sandbox.write("cloze.yaml", project);
    sandbox
}

#[test]
fn kinds_of_the_cluster_have_no_namespace() {
    let custom = |group: &str, kind: &str| format!("apiVersion: {group}/v1\nkind: {kind}\nmetadata: {{ name: x }}\nspec: {{}}\n");
    let namespace = |objects: &[Value], kind: &str| find(objects, kind, "x")["metadata"]["namespace"].as_str().map(str::to_owned);
    // One that is well known, and one that nobody knows.
    let objects = rendered(&format!("{}---\n{}", custom("crd.projectcalico.org", "IPPool"), custom("net.example.com", "Pool")));
    assert_eq!([namespace(&objects, "IPPool"), namespace(&objects, "Pool")], [None, Some("shop-dev".to_owned())]);
    // One that the release defines.
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: pools.net.example.com }\n\
                      spec: { group: net.example.com, scope: Cluster, names: { kind: Pool, plural: pools } }\n---\n";
    assert_eq!(namespace(&rendered(&format!("{definition}{}", custom("net.example.com", "Pool"))), "Pool"), None);
    // One that the project file names.
    let sandbox = Sandbox::shop();
    sandbox.write("templates/x.yaml", format!("{}---\n{}", custom("net.example.com", "Pool"), custom("net.example.com", "Other")));
    sandbox.write("cloze.yaml", sandbox.read("cloze.yaml") + "\ncluster-scoped: [{ group: net.example.com, kind: Pool }]\n");
    let objects = documents(&sandbox.cloze(["render"]).ok());
    assert_eq!([namespace(&objects, "Pool"), namespace(&objects, "Other")], [None, Some("shop-dev".to_owned())]);
}

#[test]
fn a_generated_name_is_named_as_the_cause() {
    for head in ["batch/v1\nkind: Job", "v1\nkind: Pod", "argoproj.io/v1alpha1\nkind: Workflow"] {
        let sandbox = Sandbox::shop();
        sandbox.write("templates/x.yaml", format!("apiVersion: {head}\nmetadata: {{ generateName: run- }}\nspec: {{}}\n"));
        sandbox
            .cloze(["check"])
            .fails(4, &["error: templates/x.yaml:3:27: `metadata.generateName` gives the object another name each time"]);
    }
}

#[test]
fn white_space_in_base64_is_passed_over() {
    let sandbox = Sandbox::shop();
    sandbox.feed(["vault", "set", "wrapped"], b"aGVs\r\nbG8g\nd29y\n  bGQ=\n").ok();
    sandbox.write(
        "templates/x.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: { name: x, annotations: { cloze.dev/literals: accepted } }\nstringData:\n  \
         a: '{{ secret(name=\"wrapped\") | b64decode }}'\ndata:\n  b: \"aGVs\\nbG8gd29ybGQ=\"\n",
    );
    let shown = documents(&sandbox.cloze(["deploy", "-o", "-"]).ok());
    for key in ["a", "b"] {
        let value = find(&shown, "Secret", "x")["data"][key].as_str().unwrap();
        assert_eq!(value.split_whitespace().collect::<String>(), "aGVsbG8gd29ybGQ=", "{key}");
    }
}

#[test]
fn a_hyphen_in_a_name_is_told_from_a_minus() {
    let sandbox = Sandbox::shop();
    sandbox.write("values/common.yaml", sandbox.read("values/common.yaml") + "\nimage-tag: \"7\"\nhost-a: { name-b: x }\n");
    let config = |value: &str| {
        sandbox.write("templates/x.yaml", format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: x }}\ndata:\n  a: \"{value}\"\n"));
        sandbox.cloze(["check"])
    };
    for (written, known) in [
        ("image-tag", "cloze.values[\"image-tag\"]"),
        ("host-a.name-b", "cloze.values[\"host-a\"][\"name-b\"]"),
        ("smtp.host-name", "smtp[\"host-name\"]"),
    ] {
        let reported =
            config(&format!("{{{{ {written} }}}}")).fails(4, &[&format!("`-` is minus: write `{known}` for the value `{written}`")]);
        assert_eq!(reported.matches("error: ").count(), 1, "{reported}");
    }
    config("{{ cloze.values['image-tag'] }}{{ cloze.values['host-a']['name-b'] }}").fails(0, &["no problems"]);
}

#[test]
fn a_file_that_is_not_a_template_goes_in_as_it_is() {
    const BRACES: &str = "{{ .Values.x }} {% nothing %} ${#a[@]} {{#if}}";
    // A manifest.
    let sandbox = Sandbox::shop();
    sandbox.write("vendor/x.yaml", format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: x }}\ndata:\n  a: '{BRACES}'\n"));
    let project = sandbox.read("cloze.yaml").replace(
        "templates: [\"templates/**/*.yaml\"]",
        "templates: [\"templates/**/*.yaml\", { files: \"vendor/*.yaml\", template: false }]",
    );
    sandbox.write("cloze.yaml", project);
    assert_eq!(find(&documents(&sandbox.cloze(["render"]).ok()), "ConfigMap", "x")["data"]["a"], BRACES);
    // A template that another pattern says is none.
    let project = sandbox.read("cloze.yaml").replace("vendor/*.yaml", "templates/y.yaml");
    sandbox.write("cloze.yaml", project);
    sandbox.write("templates/y.yaml", sandbox.read("vendor/x.yaml"));
    assert_eq!(find(&documents(&sandbox.cloze(["render"]).ok()), "ConfigMap", "x")["data"]["a"], BRACES);
    // A problem in one is at its own line.
    sandbox.write("templates/y.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\ndata: { a: 1 }\n");
    sandbox.cloze(["check"]).fails(4, &["error: templates/y.yaml:4:12: "]);
    // A file of `config:`.
    let sandbox = with_config("{ kind: ConfigMap, name: x, template: false, files: [\"vendor/run.tpl\"] }");
    sandbox.write("vendor/run.tpl", BRACES);
    assert_eq!(find(&documents(&sandbox.cloze(["render"]).ok()), "ConfigMap", "x")["data"]["run.tpl"], BRACES);
}

#[test]
fn the_lines_of_an_env_file_are_keys() {
    let sandbox = with_config("{ kind: ConfigMap, name: x, env-file: config/app.env }");
    sandbox.write("config/app.env", "# comment\nA=1\nLEVEL={{ logLevel }}\nQUOTED=\"q\"\nEMPTY=\n");
    let objects = documents(&sandbox.cloze(["render"]).ok());
    let data = &find(&objects, "ConfigMap", "x")["data"];
    assert_eq!([&data["A"], &data["LEVEL"], &data["QUOTED"], &data["EMPTY"]], ["1", "debug", "\"q\"", ""]);
    // Beside files, with blanks, in a Secret.
    let sandbox = with_config("{ kind: Secret, name: x, env-file: config/app.env, files: [\"config/extra.txt\"] }");
    sandbox.write("config/app.env", "TOKEN={{ secret(name=\"api-token\") }}\n");
    sandbox.write("config/extra.txt", "{{ secret(name=\"api-token\") }}");
    let objects = documents(&sandbox.cloze(["deploy", "-o", "-"]).ok());
    let data = &find(&objects, "Secret", "x")["data"];
    assert!(data["TOKEN"].is_string() && data["TOKEN"] == data["extra.txt"]);
    // What is not a variable, with its line and without its text.
    sandbox.write("config/app.env", "A=1\nA=2\nexport B=hunter2\nhunter2\n");
    let reported = sandbox.cloze(["check"]).fails(
        4,
        &[
            "error: config/app.env:2:1: the key `A` is there twice",
            "error: config/app.env:3:1: ",
            "error: config/app.env:4:1: the line has no `=`",
        ],
    );
    assert!(!reported.contains("hunter2"), "{reported}");
}

/// An environment's entries come beside the project's, and in place of those that make the same object.
#[test]
fn an_environment_has_files_of_its_own() {
    let sandbox =
        with_config("{ kind: ConfigMap, name: nginx, files: [config/n/*] }\n  - { kind: ConfigMap, name: both, files: [config/n/*] }");
    let project = sandbox.read("cloze.yaml");
    let own = "    config:\n      - { kind: ConfigMap, name: nginx, files: [config/dev/*] }\n      - { kind: Secret, name: nginx, files: [config/dev/*] }\n";
    sandbox.write(
        "cloze.yaml",
        format!(
            "{}\n  qa:\n    values: [values/common.yaml, values/dev.yaml]\n",
            project.replacen("\n  dev:\n", &format!("\n  dev:\n{own}"), 1)
        ),
    );
    sandbox.write("config/n/a.conf", "shared");
    sandbox.write("config/dev/b.conf", "own");
    let dev = documents(&sandbox.cloze(["render", "-e", "dev"]).ok());
    assert_eq!(find(&dev, "ConfigMap", "nginx")["data"], serde_yaml::from_str::<Value>("b.conf: own").unwrap());
    assert_eq!(find(&dev, "ConfigMap", "both")["data"]["a.conf"], "shared");
    assert!(find(&dev, "Secret", "nginx")["stringData"]["b.conf"].is_string());
    let qa = documents(&sandbox.cloze(["render", "-e", "qa"]).ok());
    assert_eq!(find(&qa, "ConfigMap", "nginx")["data"]["a.conf"], "shared");
    // Problems name the place in the environment.
    let doubled = own.replace("kind: Secret", "kind: ConfigMap");
    sandbox.write("cloze.yaml", project.replacen("\n  dev:\n", &format!("\n  dev:\n{doubled}"), 1));
    sandbox.cloze(["check"]).fails(3, &["ConfigMap `nginx` is listed twice"]);
    sandbox.write("cloze.yaml", project.replacen("\n  dev:\n", "\n  dev:\n    config: [{ kind: ConfigMap, name: x }]\n", 1));
    sandbox.cloze(["check"]).fails(3, &["`environments.dev.config[0]` names no file"]);
}

#[test]
fn files_with_another_ending_of_manifests_are_named() {
    let sandbox = Sandbox::shop();
    let warning = |file: &str, pattern: &str| {
        format!("warning: {file}: `{file}` is not read: no pattern of `templates:` matches it\n  add `{pattern}` to `templates:`")
    };
    sandbox.write("templates/deep/x.yml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\n");
    sandbox.write("templates/y.json", "{}");
    sandbox
        .cloze(["check"])
        .fails(0, &[&warning("templates/deep/x.yml", "templates/**/*.yml"), &warning("templates/y.json", "templates/**/*.json")]);
    sandbox.cloze(["deploy", "--strict"]).fails(4, &["templates/y.json"]);
    // What the project reads already is not named.
    let project = sandbox
        .read("cloze.yaml")
        .replace("templates: [\"templates/**/*.yaml\"]", "templates: [\"templates/**/*.yaml\", \"templates/**/*.yml\"]");
    sandbox.write("cloze.yaml", project);
    std::fs::remove_file(sandbox.shop_path("templates/y.json")).unwrap();
    sandbox.cloze(["check"]).fails(0, &["dev: 12 objects, no problems"]);
}

#[test]
fn the_first_line_of_a_script_stays_first() {
    for (line, rest) in
        [("#!/bin/sh", "echo {{ logLevel }}"), ("<?php", "echo '{{ logLevel }}';"), ("<?xml version=\"1.0\"?>", "<a>{{ logLevel }}</a>")]
    {
        let sandbox = with_config("{ kind: ConfigMap, name: x, files: [\"config/script\"] }");
        for before in ["{% set a = 1 %}\n", "{% if true %}\n{% endif %}\n", "{# licence #}\n"] {
            sandbox.write("config/script", format!("{before}{line}\n{rest}\n"));
            let objects = documents(&sandbox.cloze(["render"]).ok());
            let text = find(&objects, "ConfigMap", "x")["data"]["script"].as_str().unwrap().to_owned();
            assert!(text.starts_with(&format!("{line}\n")) && text.contains("debug"), "{before:?} {text:?}");
        }
    }
    // In a manifest it is warned of.
    let sandbox = Sandbox::shop();
    sandbox.write(
        "templates/x.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\ndata:\n  run: |\n    {%- raw %}\n\n    #!/bin/sh\n    {%- endraw %}\n",
    );
    sandbox.cloze(["check"]).fails(0, &["#!"]);
}

/// Objects that `config:` makes have no template: what is wrong with one is at its entry.
#[test]
fn a_problem_of_an_object_that_config_makes_is_at_its_entry() {
    let entry = |entry: &str, status: i32, parts: &[&str]| {
        let sandbox = with_config(entry);
        sandbox.write("config/a.txt", "text");
        sandbox.cloze(["check"]).fails(status, parts);
    };
    entry("{ kind: Secret, name: x, files: [\"config/a.txt\"] }", 0, &["warning: cloze.yaml:13:5: Secret shop-dev/x holds literal values"]);
    entry(
        "{ kind: ConfigMap, name: x, files: [\"config/a.txt\"] }",
        0,
        &["warning: cloze.yaml:13:5: nothing in the release refers to ConfigMap shop-dev/x"],
    );
    entry("{ kind: ConfigMap, name: web-env, files: [\"config/a.txt\"] }", 4, &["cloze.yaml:13:5: "]);
    entry("{ kind: Secret, type: kubernetes.io/tls, name: x, files: [\"config/a.txt\"] }", 4, &["error: cloze.yaml:13:5: "]);
}

/// The calls of a deploy, as strace tells them; `None` without strace.
fn calls_of_deploy(sandbox: &Sandbox, arguments: &[&str]) -> Option<String> {
    let trace = sandbox.root().join("trace");
    let mut command = std::process::Command::new("strace");
    command.args(["-f", "-y", "-e", "trace=fsync,fdatasync,syncfs,rename,renameat,renameat2", "-o"]).arg(&trace);
    command.arg(env!("CARGO_BIN_EXE_cloze")).args(["-C", "shop", "deploy"]).args(arguments).current_dir(sandbox.work()).env_clear();
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", sandbox.root().join("home"));
    match command.output() {
        Ok(done) if done.status.success() => Some(std::fs::read_to_string(trace).unwrap()),
        Ok(done) => panic!("{}", String::from_utf8_lossy(&done.stderr)),
        Err(_) => {
            println!("skipped: there is no strace");
            None
        }
    }
}

/// What a later release makes durable, and in which order: nothing stands in for what a power cut could take away, and nothing is waited for in
/// vain.
#[test]
fn a_release_waits_for_the_disk_as_often_as_it_has_to() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    let Some(trace) = calls_of_deploy(&sandbox, &["--set", "replicas=3", "-o", "-"]) else { return };
    let expected = [
        ("fdatasync(", "/packs/0000/00/.00000002-"),
        ("renameat2(", "/packs/0000/00>"),
        ("fsync(", "/packs/0000/00>"),
        ("fdatasync(", "/releases/0000/00/.00000002."),
        ("renameat2(", "/releases/0000/00>"),
        ("fsync(", "/releases/0000/00>"),
        ("fdatasync(", "/pins/.dev.json."),
        ("renameat(", "/pins>"),
        ("fsync(", "/events/0000/00>"),
        ("fdatasync(", "/events/0000/00/00000002/.0001."),
        ("renameat2(", "/events/0000/00/00000002>"),
        ("fsync(", "/events/0000/00/00000002>"),
        ("fdatasync(", "/pins/.dev.json."),
        ("renameat(", "/pins>"),
    ];
    let calls: Vec<&str> = trace.lines().filter(|line| line.contains(" = 0")).filter(|line| line.contains("/.cloze/")).collect();
    let is_as_expected = |(call, (name, place)): (&&str, &(&str, &str))| call.contains(name) && call.contains(place);
    assert!(calls.len() == expected.len() && calls.iter().zip(&expected).all(is_as_expected), "{trace}");
}

/// A first release makes folders, too; what it tries the store with does not last.
#[test]
fn a_probe_does_not_wait_for_the_disk() {
    let sandbox = Sandbox::shop();
    let Some(trace) = calls_of_deploy(&sandbox, &["-o", "-"]) else { return };
    let synced = |place: &str| trace.lines().filter(|line| line.contains("sync(") && line.contains(place)).count();
    assert_eq!(synced("/probe"), 0, "{trace}");
    assert_eq!((synced("/.cloze>"), synced("/.cloze/history>")), (1, 1), "the history's own folders last: {trace}");
    assert_eq!(synced("/.cloze"), 25, "{trace}");
}

/// Manifests outlive a power cut: each is synced before the directory gets its name.
#[test]
fn what_is_written_is_synced_first() {
    let sandbox = Sandbox::shop();
    let Some(trace) = calls_of_deploy(&sandbox, &[]) else { return };
    let line = |part: &str| trace.lines().position(|line| line.contains(part)).unwrap_or_else(|| panic!("{part} in {trace}"));
    let renamed = trace.lines().position(|line| line.contains("rename") && line.contains("/dist/")).unwrap();
    for part in ["_configmap_shop-dev_web-env.yaml", "_secret_shop-dev_smtp.yaml", "_deployment_shop-dev_web.yaml"] {
        let synced = line(part);
        assert!(trace.lines().nth(synced).unwrap().contains("fdatasync(") && synced < renamed, "{part}");
    }
    assert!(trace.lines().skip(renamed).any(|line| line.contains("fsync(") && line.contains("/dist>")), "{trace}");
}
