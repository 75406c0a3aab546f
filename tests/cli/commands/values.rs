//! `values/schema.json`, and values that nothing reads

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;

use crate::support::Sandbox;

/// A project with two environments that share `values/common.yaml`.
fn project(template: &str, common: &str) -> Sandbox {
    let sandbox = Sandbox::shop();
    for folder in ["templates", "config", "values"] {
        fs::remove_dir_all(sandbox.shop_path(folder)).unwrap();
    }
    sandbox.write("cloze.yaml", PROJECT);
    sandbox.write("templates/web.yaml", template);
    sandbox.write("values/common.yaml", common);
    sandbox.write("values/dev.yaml", "{}\n");
    sandbox.write("values/prod.yaml", "{}\n");
    sandbox
}

const PROJECT: &str = "apiVersion: cloze.dev/v1
project: shop
environments:
  dev: { values: [values/common.yaml, values/dev.yaml] }
  prod: { values: [values/common.yaml, values/prod.yaml] }
";

/// A ConfigMap with this line among its data.
fn config(line: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: web, annotations: {{ cloze.dev/names: stable }} }}\ndata:\n  a: b\n{line}\n"
    )
}

/// A ConfigMap that holds `replicas`, `host` and `image.tag`.
const READS: &str = "  replicas: \"{{ replicas }}\"\n  host: \"{{ host }}\"\n  tag: \"{{ image.tag }}\"";

const COMMON: &str = "replicas: 2\nhost: web.example.com\nimage:\n  tag: v1\n";

const SCHEMA: &str = r#"{
  "type": "object",
  "properties": {
    "replicas": { "type": "integer", "minimum": 1 },
    "host": { "type": "string", "format": "hostname" },
    "image": {
      "properties": { "tag": { "type": "string", "pattern": "^v[0-9]+$" } },
      "required": ["tag"],
      "additionalProperties": false
    }
  },
  "required": ["replicas", "host"]
}
"#;

#[test]
fn every_value_that_the_schema_refuses_is_told_at_the_line_that_set_it() {
    let sandbox = project(&config(READS), COMMON);
    sandbox.write("values/schema.json", SCHEMA);
    sandbox.cloze(["check", "-e", "dev"]).ok();
    sandbox.write("values/common.yaml", "replicas: 2\nimage:\n  tag: v1\n  tga: v2\n");
    sandbox.write("values/dev.yaml", "# ours\nreplicas: \"CANARY\"\nimage: { tag: CANARY }\n");
    let parts = [
        "error: values/common.yaml:4:8: `image.tga` is not a key that the schema allows\n  write `tag`",
        "error: values/dev.yaml:2:11: `replicas` is a string, not a whole number\n  write a whole number, without quotes",
        "error: values/dev.yaml:3:15: `image.tag` does not match the pattern `^v[0-9]+$`\n  write it so that it matches",
        "error: values/schema.json:12:28: the value `host` is required, and nothing sets it\n  set it in a values file of the environment",
        "4 problems",
    ];
    let reported = sandbox.cloze(["check", "-e", "dev"]).fails(3, &parts);
    assert!(!reported.contains("CANARY"), "{reported}");
    for command in [&["render"][..], &["deploy"], &["deploy", "--dry-run"], &["plan", "-o", "../plan"], &["diff"], &["check", "--online"]] {
        assert_eq!(sandbox.cloze(command.iter().copied().chain(["-e", "dev"])).fails(3, &[]), reported, "{command:?}");
    }
    // Each environment is held to it with what it has itself.
    let all = sandbox.cloze(["check", "--all"]).fails(3, &["environment prod", "values/schema.json:12:28"]);
    assert_eq!(all.matches("values/common.yaml:4:8").count(), 2, "{all}");
    let sarif: Value = serde_json::from_str(&sandbox.cloze(["check", "-e", "dev", "--format", "sarif"]).out()).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 4);
}

#[test]
fn values_of_the_command_line_name_their_flag() {
    let mut sandbox = project(&config(READS), COMMON);
    sandbox.write("values/schema.json", SCHEMA);
    sandbox.write("values/extra.yaml", "image: { tag: CANARY }\n");
    let cloze = |sandbox: &Sandbox, arguments: &[&str]| sandbox.cloze(["check", "-e", "dev"].iter().chain(arguments).copied());
    let reported = cloze(&sandbox, &["--set", "replicas=0", "--set-string", "image.tag=CANARY"]).fails(
        3,
        &[
            "error: `replicas` is less than the minimum of 1 (set by `--set`)",
            "error: `image.tag` does not match the pattern `^v[0-9]+$` (set by `--set-string`)",
        ],
    );
    assert!(!reported.contains("CANARY"), "{reported}");
    cloze(&sandbox, &["--values", "values/extra.yaml"]).fails(3, &["error: values/extra.yaml:1:15: `image.tag` does not match"]);
    cloze(&sandbox, &["--set", "host=null"]).fails(3, &["values/schema.json:12:28: the value `host` is required"]);
    sandbox.variable("CLOZE_VALUES", "values/extra.yaml");
    sandbox.cloze(["check", "-e", "dev"]).fails(3, &["error: values/extra.yaml:1:15: "]);
}

#[test]
fn what_is_wrong_with_the_schema_is_told_at_its_line() {
    let sandbox = project(&config(READS), COMMON);
    let told = |schema: &str, part: &str| {
        sandbox.write("values/schema.json", schema);
        sandbox.cloze(["check", "-e", "dev"]).fails(3, &[part]);
    };
    told("{\n  \"type\": \"object\",\n}", "error: values/schema.json:3:1: this is not JSON\n  check quotes, commas and brackets");
    told(
        "{\n  \"type\": \"objet\"\n}",
        "error: values/schema.json:2:11: this is not a JSON Schema: `type` is not one of the values that the schema lists",
    );
    told(
        "{\n  \"$schema\": \"https://example.com/x\"\n}",
        "error: values/schema.json:2:14: `https://example.com/x` is not a draft of JSON Schema",
    );
    told(
        "{\n\t\"$ref\": \"other.json\"\n}",
        "error: values/schema.json:2:10: the reference `other.json` points to another file or a server",
    );
    told(
        "{\n\t\"$ref\": \"#/$defs/x\"\n}",
        "error: values/schema.json:2:10: the reference `#/$defs/x` does not point to anything in the schema",
    );
    told(&format!("{{\"title\": \"{}\"}}", "x".repeat(1 << 20)), "error: values/schema.json: the schema has 1048589 bytes");
    fs::remove_file(sandbox.shop_path("values/schema.json")).unwrap();
    symlink("/etc/passwd", sandbox.shop_path("values/schema.json")).unwrap();
    sandbox.cloze(["check", "-e", "dev"]).fails(3, &["error: values/schema.json: `values/schema.json` is a link that leaves the project"]);
}

#[test]
fn a_hostile_schema_ends_as_a_problem() {
    let sandbox = project(&config(READS), COMMON);
    let deep = |depth: usize| format!("{}{{\"type\": \"string\"}}{}", "{\"not\": ".repeat(depth), "}".repeat(depth));
    let doubled: Vec<String> = (0..40)
        .map(|level| {
            let next = format!("{{\"$ref\": \"#/$defs/d{}\"}}", level + 1);
            format!("\"d{level}\": {{\"anyOf\": [{next}, {next}]}}")
        })
        .collect();
    let doubled = format!("{{\"$ref\": \"#/$defs/d0\", \"$defs\": {{{}, \"d40\": {{\"type\": \"string\"}}}}}}", doubled.join(","));
    sandbox.write("values/dev.yaml", format!("text: {}\n", "a".repeat(50_000)));
    for (schema, words) in [
        (
            doubled,
            "error: values/schema.json: checking the values against the schema takes too much time or memory\n  simplify its patterns",
        ),
        ("{\"$ref\": \"#\"}".to_owned(), "refers to itself in an endless loop"),
        ("{\"additionalProperties\": {\"$ref\": \"#\"}, \"type\": \"object\"}".to_owned(), "is a number, not a mapping"),
        ("{\"properties\": {\"text\": {\"pattern\": \"^(a|aa)+$(b)\"}}}".to_owned(), "does not match the pattern"),
        ("{\"properties\": {\"text\": {\"pattern\": \"^((a{1,999}){1,999}){1,999}$\"}}}".to_owned(), "error: values/schema.json"),
        (deep(5_000), "this is not JSON"),
    ] {
        sandbox.write("values/schema.json", &schema);
        let begun = Instant::now();
        sandbox.cloze(["check", "-e", "dev"]).fails(3, &[words]);
        assert!(begun.elapsed() < Duration::from_mins(1), "{:?} {:.80}", begun.elapsed(), schema);
    }
}

#[test]
fn a_schema_is_no_manifest_and_no_file_of_config() {
    let sandbox = project(&config(READS), COMMON);
    sandbox.write("values/schema.json", SCHEMA);
    sandbox
        .write("cloze.yaml", PROJECT.replace("project: shop\n", "project: shop\ntemplates: [\"{templates,values}/**/*.{yaml,json}\"]\n"));
    let reported = sandbox.cloze(["check", "-e", "dev"]).err();
    assert!(!reported.contains("schema.json"), "{reported}");
    let entry = "config: [{ kind: ConfigMap, name: files, files: [\"values/*.json\"] }]\n";
    sandbox.write("cloze.yaml", PROJECT.replace("environments:", &format!("{entry}environments:")));
    sandbox
        .cloze(["check", "-e", "dev"])
        .fails(3, &["`values/schema.json` is the schema of the values, which never becomes part of a manifest"]);
    fs::rename(sandbox.shop_path("values/schema.json"), sandbox.shop_path("values.schema.json")).unwrap();
    sandbox.write("cloze.yaml", PROJECT);
    sandbox.cloze(["check", "-e", "dev"]).fails(0, &["warning: values.schema.json: `values.schema.json` is not read"]);
}

#[test]
fn a_revision_is_held_to_its_own_schema() {
    let sandbox = project(&config(READS), COMMON);
    sandbox.write("values/schema.json", SCHEMA);
    let (base, shop) = (sandbox.work().join("base"), sandbox.shop_path("."));
    assert!(std::process::Command::new("cp").arg("-r").arg(&shop).arg(&base).status().unwrap().success());
    sandbox.write("values/common.yaml", COMMON.replace("v1", "1.0"));
    sandbox
        .write("values/schema.json", SCHEMA.replace("^v[0-9]+$", "^[0-9.]+$").replace("\"type\": \"string\", \"pattern\"", "\"pattern\""));
    sandbox.cloze(["diff", "--base", base.to_str().unwrap(), "-e", "dev"]).ok();
    fs::write(base.join("values/common.yaml"), COMMON.replace("v1", "CANARY")).unwrap();
    let reported = sandbox
        .cloze(["diff", "--base", base.to_str().unwrap(), "-e", "dev"])
        .fails(3, &["/values/common.yaml:4:8: `image.tag` does not match"]);
    assert!(!reported.contains("CANARY"), "{reported}");
}

/// The warnings of values that nothing reads in an environment, without their next step.
fn unread(sandbox: &Sandbox, environment: &str) -> Vec<String> {
    let reported = sandbox.cloze(["check", "-e", environment]).err();
    assert!(!reported.contains("error:"), "{reported}");
    let lines = reported.lines().filter_map(|line| line.strip_prefix("warning: ")).filter(|line| line.contains("no template reads"));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_value_that_nothing_reads_is_warned_of_once_at_its_topmost_key() {
    let common = format!("{COMMON}  pull: Always\nold:\n  a: 1\n  b: {{ c: 2 }}\n");
    let sandbox = project(&config(READS), &common);
    let (pull, old) =
        ("values/common.yaml:5:3: no template reads the value `image.pull`", "values/common.yaml:6:1: no template reads the value `old`");
    let next = "remove it, or correct its name; top-level keys that begin with `x-` are not checked";
    sandbox
        .cloze(["check", "-e", "dev"])
        .fails(0, &[&format!("warning: {pull}\n  {next}"), &format!("warning: {old}\n  {next}"), "2 warnings"]);
    assert_eq!(unread(&sandbox, "prod"), [pull, old]);
    // Of what environments share, it is told once.
    sandbox.write("values/prod.yaml", "x.y: 1\n");
    let all = sandbox.cloze(["check", "--all"]).fails(0, &[pull, old, "values/prod.yaml:1:1: no template reads the value `x\\.y`"]);
    assert_eq!(all.matches("no template reads").count(), 3, "{all}");
    let strict = sandbox.cloze(["check", "-e", "dev", "--strict"]).fails(4, &[&format!("error: {pull}"), &format!("error: {old}")]);
    assert!(!strict.contains("warning:"), "{strict}");
    // In place of a warning about the flag: the file has the key, too.
    sandbox.cloze(["check", "-e", "dev", "--set", "old.a=2"]).fails(0, &[old]);
}

#[test]
fn whatever_may_read_a_value_silences_the_warning() {
    let values = "image: { tag: v1, pull: Always }\n";
    for line in [
        "  v: \"{% for key, value in image %}{{ key }}{% endfor %}\"",
        "  v: \"{{ image | length }}\"",
        "  v: '{{ image | get(key=\"pull\") }}{{ image.tag }}'",
        "  v: \"{% set name = cloze.environment %}{{ image[name] | default(value=1) }}\"",
        "  v: \"{% set all = image %}{{ all.pull }}{{ all.tag }}\"",
        "  v: \"{% if image.pull %}{{ image.tag }}{% endif %}\"",
        "  v: '{{ image[\"pull\"] }}{{ image[`tag`] }}'",
        "  v: \"{{ [image.tag, image.pull] | length }}\"",
        "  v: \"{% if cloze.environment == 'never' %}{{ image.pull }}{{ image.tag }}{% endif %}\"",
    ] {
        let sandbox = project(&config(line), values);
        assert_eq!(unread(&sandbox, "dev"), Vec::<String>::new(), "{line}");
    }
}

#[test]
fn partials_components_and_files_read_values_as_well() {
    let sandbox = project(&config("  v: \"{% include 'templates/_part.yaml' %}\""), "a: 1\nb: 2\nc: { d: 3, e: 4 }\n");
    sandbox.write("templates/_part.yaml", "{{ a }}");
    assert_eq!(unread(&sandbox, "dev").len(), 2);
    sandbox.write(
        "templates/_more.yaml",
        "{% component label(of) %}{{ of.d }}{% endcomponent label %}{% component other() %}{{ b }}{% endcomponent other %}",
    );
    sandbox.write("templates/web.yaml", config("  v: \"{% include 'templates/_part.yaml' %}{{<label of={c} />}}\""));
    assert_eq!(unread(&sandbox, "dev"), Vec::<String>::new());
    sandbox.write("templates/_more.yaml", "{# {{ b }} #}{% raw %}{{ b }}{% endraw %}");
    sandbox.write("templates/web.yaml", config("  v: \"{% include 'templates/_part.yaml' %}{{ c.d }}{{ c.e }}\""));
    assert_eq!(unread(&sandbox, "dev"), ["values/common.yaml:2:1: no template reads the value `b`"]);
    sandbox.write("config/app.ini", "x = {{ b }}\n");
    let entry = "config: [{ kind: ConfigMap, name: files, files: [\"config/*\"] }]\n";
    sandbox.write("cloze.yaml", PROJECT.replace("environments:", &format!("{entry}environments:")));
    assert_eq!(unread(&sandbox, "dev"), Vec::<String>::new());
    // A file that is no template reads nothing.
    sandbox
        .write("cloze.yaml", PROJECT.replace("environments:", &format!("{}environments:", entry.replace(" }]", ", template: false }]"))));
    assert_eq!(unread(&sandbox, "dev").len(), 1);
}

#[test]
fn anchors_and_keys_for_people_are_left_alone() {
    let common = "x-owner: { team: web }\nbase: &base { cpu: 1, memory: 2, more: [1] }\nweb: { <<: *base, cpu: 3 }\napi: *base\nlist: [&one a]\ncopy: *one\nnothing: ~\n";
    let sandbox = project(&config("  v: \"{{ web.cpu }}{{ web.memory }}{{ api.more }}{{ copy }}\""), common);
    assert_eq!(unread(&sandbox, "dev"), Vec::<String>::new());
    sandbox.write("values/common.yaml", common.replace("cpu: 3 }", "cpu: 3, own: 4 }").replace("&one a", "a").replace("*one", "1"));
    let told =
        ["values/common.yaml:3:27: no template reads the value `web.own`", "values/common.yaml:5:1: no template reads the value `list`"];
    assert_eq!(unread(&sandbox, "dev"), told);
}

#[test]
fn a_file_that_environments_share_is_read_by_each_of_them() {
    let sandbox = project(&config("  v: \"{{ a }}\""), "a: 1\nonly-prod: 2\nfor_config: 3\nnobody: 4\n");
    sandbox.write("prod/more.yaml", config("  v: \"{{ a }}{{ cloze.values['only-prod'] }}\"").replace("name: web", "name: more"));
    sandbox.write("files/app.ini", "x = {{ for_config }}\n");
    let own = "prod: { templates: [\"prod/*.yaml\"], config: [{ kind: ConfigMap, name: files, files: [\"files/*\"] }],";
    sandbox.write("cloze.yaml", PROJECT.replace("prod: {", own));
    let told = ["values/common.yaml:4:1: no template reads the value `nobody`"];
    assert_eq!((unread(&sandbox, "dev"), unread(&sandbox, "prod")), (told.map(str::to_owned).to_vec(), told.map(str::to_owned).to_vec()));
    // What the other environment does not have, it does not read.
    sandbox.write("values/dev.yaml", "for_config: 5\n");
    assert_eq!(unread(&sandbox, "dev").last().unwrap(), "values/dev.yaml:1:1: no template reads the value `for_config`");
    // A template that cannot be read could read all.
    sandbox.write("prod/broken.yaml", "{{ nobody");
    assert_eq!(unread(&sandbox, "dev"), ["values/dev.yaml:1:1: no template reads the value `for_config`"]);
    // A file of the command line may be meant for any of them.
    sandbox.write("values/extra.yaml", "only-prod: 1\nnone: 2\n");
    fs::remove_file(sandbox.shop_path("prod/broken.yaml")).unwrap();
    let reported = sandbox.cloze(["check", "-e", "dev", "--values", "values/extra.yaml"]).err();
    assert!(reported.contains("values/extra.yaml:2:1: no template reads the value `none`"), "{reported}");
    assert!(!reported.contains("values/extra.yaml:1:1"), "{reported}");
}

#[test]
fn all_values_at_once_and_files_handed_on_whole_are_read() {
    let common = "a-b: 1\nc: { d: 2 }\n";
    let sandbox = project(&config("  v: \"{% for key, value in cloze.values %}{{ key }}{% endfor %}\""), common);
    assert_eq!(unread(&sandbox, "dev"), Vec::<String>::new());
    sandbox.write("templates/web.yaml", config("  v: \"{{ cloze.values['a-b'] }}\""));
    assert_eq!(unread(&sandbox, "dev"), ["values/common.yaml:2:1: no template reads the value `c`"]);
    let entry = "config: [{ kind: ConfigMap, name: files, files: [\"values/common.yaml\"] }]\n";
    sandbox.write("cloze.yaml", PROJECT.replace("environments:", &format!("{entry}environments:")));
    assert_eq!(unread(&sandbox, "dev"), Vec::<String>::new());
}

#[test]
fn what_the_schema_asks_for_is_left_alone_and_what_it_only_describes_is_not() {
    let sandbox = project(&config("  v: b"), "tier: web\nowner: ada\nold: 1\nmeta: { cost: 5 }\n");
    let schema = r#"{
      "properties": { "tier": {}, "owner": {}, "old": { "type": "integer" }, "meta": { "required": ["cost"] } },
      "if": { "properties": { "tier": { "const": "db" } } }, "then": { "minProperties": 5 }, "required": ["owner"]
    }"#;
    sandbox.write("values/schema.json", schema);
    assert_eq!(unread(&sandbox, "dev"), ["values/common.yaml:3:1: no template reads the value `old`"]);
}
