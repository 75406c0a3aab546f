//! Which project, which environment, how loud: what every command takes.

use std::fs;

use serde_json::Value;

use crate::support::Outcome;
use crate::support::Sandbox;

/// A second environment, made by hand.
pub(super) fn with_prod(sandbox: &Sandbox) {
    let text = sandbox.read("cloze.yaml");
    sandbox.write("cloze.yaml", format!("{text}\n  prod:\n    namespace: shop\n    values: [values/common.yaml, values/prod.yaml]\n"));
}

#[test]
fn the_only_environment_needs_no_name() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["check"]).fails(0, &["dev: 11 objects, no problems"]);
    sandbox.cloze(["check", "-e", "prod"]).fails(2, &["error: there is no environment `prod`\n  choose one with `-e`: `dev`"]);
}

#[test]
fn several_environments_need_a_name() {
    let mut sandbox = Sandbox::shop();
    with_prod(&sandbox);
    sandbox.cloze(["check"]).fails(2, &["dev", "prod", "`-e`"]);
    assert!(sandbox.cloze(["render", "-e", "prod"]).ok().contains("replicas: 3"));
    sandbox.variable("CLOZE_ENV", "prod");
    assert!(sandbox.cloze(["render"]).ok().contains("replicas: 3"));
    assert!(sandbox.cloze(["render", "--environment=dev"]).ok().contains("replicas: 1"));
    sandbox.variable("CLOZE_ENV", "nowhere");
    sandbox.cloze(["render"]).fails(2, &["there is no environment `nowhere`"]);
}

#[test]
fn all_environments_are_checked_each_by_itself() {
    let sandbox = Sandbox::shop();
    with_prod(&sandbox);
    sandbox
        .cloze(["check", "--all"])
        .fails(0, &["environment dev:\n", "dev: 11 objects, no problems", "environment prod:\n", "prod: 11 objects"]);
    sandbox.cloze(["check", "--all", "-e", "dev"]).fails(2, &["`--all` cannot be used together with `--environment"]);
    let values = sandbox.read("values/prod.yaml");
    sandbox.write("values/prod.yaml", format!("{values}image: none\n"));
    let err = sandbox
        .cloze(["check", "--all"])
        .fails(4, &["dev: 11 objects, no problems", "environment prod:\nerror: templates/cronjob.yaml:32:"]);
    assert!(!err.contains("prod: 11 objects"), "{err}");
    sandbox.cloze(["check", "--all", "--quiet"]).fails(4, &["environment prod:\nerror: "]);
    let outcome = sandbox.cloze(["check", "--all", "--format", "json"]);
    let report: Value = serde_json::from_str(&outcome.out()).unwrap();
    let schema: Value = serde_json::from_str(&sandbox.run(["schema", "--of", "check-all"]).silent().ok()).unwrap();
    assert!(jsonschema::is_valid(&schema, &report), "{report:#}");
    let environments = report["environments"].as_array().unwrap();
    assert_eq!((&environments[0]["check"]["objects"], &environments[0]["problems"]), (&11.into(), &0.into()));
    assert_eq!((&environments[1]["environment"], &environments[1]["check"]), (&"prod".into(), &Value::Null));
    let problem: Value = serde_json::from_str(outcome.err().lines().find(|line| line.contains("\"error\"")).unwrap()).unwrap();
    assert_eq!(problem["environment"], "prod");
    assert_eq!(outcome.code, Some(4));
}

#[test]
fn an_environment_made_by_hand_gets_its_first_keys_by_key_init() {
    let sandbox = Sandbox::shop();
    with_prod(&sandbox);
    sandbox
        .cloze(["vault", "list", "-e", "prod"])
        .fails(5, &["environment `prod` has no keyring at `secrets/prod.keyring`", "run `cloze key init -e prod` and commit the keyring"]);
    assert!(!sandbox.shop_path(".cloze/prod.key").exists());
    let set = |name: &str, value: &str| sandbox.feed(["-e", "prod", "vault", "set", name], value.as_bytes());
    sandbox.cloze(["-e", "prod", "key", "init"]).fails(0, &["created the key file shop/.cloze/prod.key: keep a copy"]);
    set("db-password", "one").fails(0, &["set db-password, version 1"]);
    let err = set("session-key", "two").fails(0, &["set session-key, version 1"]);
    assert!(!err.contains("created"), "{err}");
    set("api-token", "three").ok();
    set("smtp", r#"{"username":"u","password":"p"}"#).ok();
    sandbox.cloze(["deploy", "-e", "prod"]).fails(0, &["release 1 recorded"]);
    assert!(sandbox.shop_path("dist/prod").is_dir() && !sandbox.shop_path("dist/dev").exists());
    // The keys of the two have nothing to do with each other.
    sandbox.cloze(["deploy", "-e", "dev"]).fails(0, &["release 1 recorded"]);
}

#[test]
fn an_environment_without_secrets_needs_keys_too() {
    let sandbox = Sandbox::shop();
    with_prod(&sandbox);
    let name = sandbox.shop_path("templates/secrets.yaml");
    fs::remove_file(name).unwrap();
    for path in ["templates/deployment.yaml", "templates/cronjob.yaml", "config/secrets/appsettings.secrets.json"] {
        fs::remove_file(sandbox.shop_path(path)).unwrap();
    }
    let text = sandbox.read("cloze.yaml").replace("  - { kind: Secret, name: web-settings, files: [\"config/secrets/*\"] }\n", "");
    sandbox.write("cloze.yaml", text);
    sandbox.cloze(["deploy", "-e", "prod"]).fails(5, &["environment `prod` has no keyring", "cloze key init -e prod"]);
    sandbox.cloze(["key", "init", "-e", "prod"]).ok();
    sandbox.cloze(["deploy", "-e", "prod"]).fails(0, &["release 1 recorded"]);
    sandbox.cloze(["deploy", "-e", "prod"]).fails(0, &["nothing changed: release 1 is current"]);
}

#[test]
fn directory_by_flag_or_variable() {
    let mut sandbox = Sandbox::shop();
    sandbox.run(["check"]).fails(
        3,
        &["error: there is no file `cloze.yaml` in this directory, nor in one above it\n  go to a project's directory, name one with `-C`"],
    );
    sandbox.run(["check", "-C", "shop"]).ok();
    sandbox.run(["check", "--directory", "shop"]).ok();
    sandbox.run(["-C", "nowhere", "check"]).fails(2, &["there is no directory `nowhere`"]);
    sandbox.variable("CLOZE_DIR", "shop");
    sandbox.run(["check"]).ok();
    sandbox.run(["check", "-C", "nowhere"]).fails(2, &["there is no directory `nowhere`"]);
}

#[test]
fn the_project_is_found_upwards() {
    let sandbox = Sandbox::shop();
    fs::create_dir_all(sandbox.shop_path("deep/down")).unwrap();
    let within =
        |folder: &str, arguments: &[&str]| Outcome::of(sandbox.command(arguments).current_dir(sandbox.shop_path(folder)).output().unwrap());
    within("deep/down", &["check"]).fails(0, &["dev: 11 objects, no problems"]);
    sandbox.run(["-C", "shop/templates", "check"]).fails(0, &["dev: 11 objects, no problems"]);
    within("deep/down", &["deploy"]).fails(0, &["../../dist/dev"]);
    assert!(sandbox.shop_path("dist/dev").is_dir() && !sandbox.shop_path("deep/down/dist").exists());
    within("deep/down", &["-C", "..", "deploy"]).fails(0, &["nothing changed: release 1 is current"]);
    // The nearest one counts, and `init` does not search.
    within("deep", &["init", "inner"]).ok();
    within("deep/inner/values", &["config"]).ok();
    let config = within("deep/inner/values", &["config", "--format", "json"]).out();
    assert_eq!(serde_json::from_str::<Value>(&config).unwrap()["project"], "inner");
    within("deep", &["init", "--here", "outer", "--bare"]).fails(0, &["wrote project outer to ."]);
    assert_eq!(serde_json::from_str::<Value>(&within("deep/down", &["config", "--format", "json"]).out()).unwrap()["project"], "outer");
}

#[test]
fn a_release_knows_its_actor_and_its_commit() {
    let mut sandbox = Sandbox::shop();
    let id = "0123456789".repeat(4);
    sandbox.write(".git/HEAD", format!("{id}\n"));
    sandbox.write(".gitignore", "/.cloze/\n/dist/\n");
    sandbox.cloze(["deploy"]).ok();
    sandbox.variable("LOGNAME", "anna");
    sandbox.variable("GITHUB_SHA", "abc");
    sandbox.cloze(["deploy", "--set", "replicas=2"]).ok();
    let history: Value = serde_json::from_str(&sandbox.cloze(["history", "--format", "json"]).ok()).unwrap();
    let releases = history["releases"].as_array().unwrap();
    assert_eq!((&releases[0]["actor"], &releases[0]["revision"]), (&"anna".into(), &"abc".into()));
    assert_ne!(releases[1]["actor"], "unknown");
    assert_eq!(releases[1]["revision"], id.as_str());
}

#[test]
fn a_misspelt_variable_is_noticed() {
    let mut sandbox = Sandbox::shop();
    sandbox.variable("CLOZE_ENVV", "dev");
    sandbox.cloze(["check"]).fails(0, &["warning: unknown environment variable `CLOZE_ENVV`\n  write `CLOZE_ENV`"]);
}

#[test]
fn quiet_is_silent() {
    let sandbox = Sandbox::new();
    sandbox.run(["init", "shop", "-q"]).silent().ok();
    for command in [&["check"] as &[&str], &["deploy"], &["deploy"], &["history"], &["rollback", "1"], &["vault", "list"]] {
        let arguments = command.iter().copied().chain(["-q"]);
        sandbox.cloze(arguments).silent().ok();
    }
    assert!(sandbox.feed(["-q", "vault", "set", "x"], b"y").silent().ok().is_empty());
    assert_eq!(sandbox.cloze(["-q", "check"]).ok(), "");
    assert_eq!(sandbox.cloze(["-q", "deploy"]).ok(), "");
    sandbox.cloze(["-q", "show", "9"]).fails(6, &["error: there is no release 9"]);
    sandbox.cloze(["-q", "-v", "check"]).fails(2, &["cannot be used together with"]);
}

#[test]
fn everything_is_json_for_machines() {
    let sandbox = Sandbox::shop();
    let commands: &[&[&str]] = &[
        &["check"],
        &["render"],
        &["render", "-o", "masked"],
        &["config"],
        &["deploy", "--dry-run"],
        &["deploy"],
        &["deploy"],
        &["diff"],
        &["history"],
        &["history", "--verify"],
        &["show"],
        &["deploy", "--set", "replicas=2"],
        &["rollback", "--dry-run"],
        &["rollback"],
        &["vault", "list"],
        &["vault", "remove", "db-password"],
        &["schema"],
        &["deploy", "-o", "-", "--syntax", "json", "--set", "replicas=3"],
    ];
    for command in commands {
        if *command == ["deploy", "-o", "-", "--syntax", "json", "--set", "replicas=3"] {
            sandbox.feed(["vault", "set", "db-password"], b"again").ok();
        }
        let out = sandbox.cloze(["--format", "json"].iter().chain(*command)).silent().ok();
        let values: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(&out).into_iter().collect();
        assert!(values.is_ok_and(|values| !values.is_empty()), "{command:?}: {out}");
    }
    let out = sandbox.feed(["--format", "json", "vault", "set", "x"], b"y").silent().ok();
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["version"], 1);
}

#[test]
fn problems_are_json_lines_for_machines() {
    let sandbox = Sandbox::shop();
    sandbox.write("templates/service.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: web, labels: {port: 80}}\n");
    let outcome = sandbox.cloze(["--format", "json", "check"]);
    let err = outcome.fails(4, &[]);
    let problem: Value = serde_json::from_str(err.lines().next().unwrap()).unwrap();
    assert_eq!(problem["level"], "error");
    assert_eq!(problem["place"]["file"], "templates/service.yaml");
    assert_eq!((problem["place"]["line"].as_u64(), problem["place"]["rendered"].as_bool()), (Some(3), Some(false)));
    assert!(err.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{err}");
}

#[test]
fn help_and_version_are_results() {
    let sandbox = Sandbox::new();
    assert!(sandbox.run(["--help"]).silent().ok().contains("Exit codes:\n  0  done\n"));
    assert!(sandbox.run(["deploy", "--help"]).silent().ok().contains("--dry-run"));
    assert_eq!(sandbox.run(["--version"]).silent().ok(), format!("cloze {}\n", env!("CARGO_PKG_VERSION")));
    assert!(sandbox.run([""; 0]).fails(2, &["Usage:"]).contains("rollback"));
    for (asked, says) in [
        (&["help"][..], "Release:\n  diff "),
        (&["help", "vault", "set"], "Usage: cloze vault set"),
        (&["render", "-h"], "--output <DIR|->"),
        (&["version"], "cloze "),
        (&["doctor", "-h"], "--deadline"),
    ] {
        let out = sandbox.run(asked).silent().ok();
        assert!(out.contains(says) && !out.contains("render-worker"), "{asked:?}: {out}");
    }
    for (command, option) in
        [("schema", "--deadline"), ("completions", "--environment"), ("init", "--allow-exec"), ("render", "--deadline")]
    {
        assert!(!sandbox.run([command, "--help"]).ok().contains(option), "{command} {option}");
    }
    assert!(!sandbox.run(["completions", "bash"]).ok().contains("render-worker"));
}

#[test]
fn wrong_usage_is_a_problem_with_a_next_step() {
    let sandbox = Sandbox::shop();
    for (typed, says) in [
        ("deploi", "error: there is no command `deploi`\n  did you mean `deploy`?\n"),
        ("apply", "error: there is no command `apply`\n  see `cloze --help`\n"),
        ("vault sett x", "error: there is no command `sett`\n  did you mean `set`?\n"),
        ("help nope", "error: there is no command `nope`\n  see `cloze --help`\n"),
        ("deploy --force", "error: unexpected argument `--force` for `cloze deploy`\n  see `cloze deploy --help`\n"),
        ("deploy --dry-rum", "error: unexpected argument `--dry-rum` for `cloze deploy`\n  did you mean `--dry-run`?\n"),
        (
            "--values x.yaml render",
            "error: `--values` is an option of `cloze render`, and is written before the command\n  write it after the command: `cloze render --values …`\n",
        ),
        (
            "-o out deploy",
            "error: `-o` is an option of `cloze deploy`, and is written before the command\n  write it after the command: `cloze deploy -o …`\n",
        ),
        ("--number 3 history", "error: unexpected argument `--number` for `cloze history`\n  see `cloze history --help`\n"),
        ("deploy --syntax xml", "error: invalid value `xml` for `--syntax <SYNTAX>`\n  use one of `yaml`, `json`\n"),
        ("deploy --note", "error: `--note <TEXT>` needs a value\n  see `cloze deploy --help`\n"),
        ("show -- -1", "error: `-1` is not a release number\n  list the releases with `cloze history`\n"),
        ("history --limit many", "error: `many` is not a number of releases\n  write a number such as 20\n"),
        ("check -q -v", "error: `--quiet` cannot be used together with `--verbose...`\n  see `cloze check --help`\n"),
        ("vault", "Usage: cloze vault"),
    ] {
        let err = sandbox.cloze(typed.split(' ')).fails(2, &[says]);
        if typed != "vault" {
            assert_eq!(err, says, "{typed}");
        }
        let line = sandbox.cloze(["--format", "json"].into_iter().chain(typed.split(' '))).fails(2, &[]);
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["fault"], "usage", "{line}");
    }
    for syntax in ["yaml", "json"] {
        for command in ["render", "deploy", "rollback"] {
            sandbox.cloze([command, "-o", syntax]).fails(2, &["`-o` says where manifests go", "--syntax yaml|json"]);
        }
        assert!(!sandbox.work().join(syntax).exists());
    }
    sandbox.cloze(["render", "--env", "dev", "--output", "out"]).ok();
    assert!(sandbox.work().join("out").is_dir());
}

#[test]
fn programs_get_every_problem_and_people_a_thousand() {
    let sandbox = Sandbox::shop();
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: { name: web, labels: { port: 80 } }\n";
    sandbox.write("templates/service.yaml", service.repeat(1_200));
    let reported = sandbox.cloze(["check"]).fails(4, &["\n… and "]);
    let machine = sandbox.cloze(["check", "--format", "json"]).fails(4, &[]);
    let more: usize = reported.lines().rev().nth(1).unwrap().trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
    assert_eq!(machine.lines().count(), 1_000 + more);
}

#[test]
fn colour_only_where_asked() {
    let sandbox = Sandbox::shop();
    assert!(!sandbox.cloze(["show"]).err().contains('\u{1b}'));
    assert!(sandbox.cloze(["show", "--color", "always"]).err().starts_with("\u{1b}[1;31merror:\u{1b}[0m"));
}

#[test]
fn completions_for_shells() {
    let sandbox = Sandbox::new();
    for (shell, word) in [
        ("bash", "complete -o"),
        ("zsh", "#compdef cloze"),
        ("fish", "complete "),
        ("elvish", "edit:completion"),
        ("powershell", "Register"),
    ] {
        let script = sandbox.run(["completions", shell]).silent().ok();
        assert!(script.contains(word) && script.contains("CLOZE_COMPLETE"), "{shell}: {script}");
    }
    sandbox.run(["completions", "cobol"]).fails(2, &["invalid value `cobol` for"]);
}
