//! `deploy`, `diff`, `history`, `show`

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;
use serde_yaml::Value;

use crate::commands::init::mode;
use crate::commands::starter::deployed;
use crate::commands::starter::documents;
use crate::support::Sandbox;

/// The files of the history, by path.
fn history(sandbox: &Sandbox) -> Vec<PathBuf> {
    sandbox.files().into_keys().filter(|path| path.to_string_lossy().contains(".cloze/history/")).collect()
}

#[test]
fn a_deploy_writes_a_file_per_object_in_apply_order() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).fails(0, &["release 1 recorded: 11 manifests (11 changed", "wrote 11 manifests"]);
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(sandbox.shop_path("dist/dev")).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        names.push(path.file_name().unwrap().to_string_lossy().into_owned());
    }
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    assert_eq!(names[..2], ["00_namespace_shop-dev.yaml", "30_configmap_shop-dev_web-appsettings.yaml"]);
    let kinds: Vec<&str> = names.iter().map(|name| name.split('_').nth(1).unwrap()).collect();
    let expected = ["namespace"].into_iter().chain(["configmap"; 3]).chain(["secret"; 4]).chain(["service", "deployment", "cronjob"]);
    assert_eq!(kinds, expected.collect::<Vec<_>>());
}

#[test]
fn a_file_keeps_its_name_while_its_object_is_released() {
    let sandbox = Sandbox::shop();
    let names = || -> Vec<String> {
        let files = fs::read_dir(sandbox.shop_path("dist/dev")).unwrap();
        let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    sandbox.cloze(["deploy"]).ok();
    let first = names();
    let _ = sandbox.feed(["vault", "set", "session-key"], b"another").ok();
    sandbox.write("templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { a: b }\n");
    sandbox.cloze(["deploy", "--set", "replicas=3"]).ok();
    let second = names();
    let fresh: Vec<&String> = second.iter().filter(|name| !first.contains(name)).collect();
    assert_eq!(fresh, ["30_configmap_shop-dev_a.yaml"]);
    assert_eq!(second.len(), first.len() + 1);
    sandbox.cloze(["rollback"]).ok();
    assert_eq!(names(), first);
}

#[test]
fn stdout_holds_the_same_objects_as_the_directory() {
    let sandbox = Sandbox::shop();
    let stream = documents(&sandbox.cloze(["deploy", "-o", "-"]).ok());
    assert!(!sandbox.shop_path("dist").exists());
    sandbox.cloze(["deploy"]).fails(0, &["nothing changed: release 1 is current", "wrote 11 manifests"]);
    let again = sandbox.cloze(["deploy"]).fails(0, &["nothing changed: release 1 is current", "11 manifests already in "]);
    assert!(!again.contains("wrote"), "{again}");
    assert_eq!(stream, deployed(&sandbox, "dist/dev"));
    let json = sandbox.cloze(["deploy", "-o", "-", "--syntax", "json"]).ok();
    let values: Vec<Value> = serde_json::Deserializer::from_str(&json).into_iter().map(Result::unwrap).collect();
    assert_eq!(values, stream);
    assert!(stream.iter().all(|object| object.get("stringData").is_none()));
}

#[test]
fn json_files_hold_the_same_objects() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    let out = sandbox.root().join("json");
    sandbox.cloze(["deploy", "-o", out.to_str().unwrap(), "--syntax", "json"]).ok();
    let mut paths: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let objects: Vec<Value> = paths.iter().map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap()).collect();
    assert_eq!(objects, deployed(&sandbox, "dist/dev"));
}

#[test]
fn a_program_is_told_what_came_out_and_where() {
    let sandbox = Sandbox::shop();
    let report = |arguments: &[&str]| -> serde_json::Value { serde_json::from_str(&sandbox.cloze(arguments).silent().ok()).unwrap() };
    let first = report(&["deploy", "--format", "json"]);
    let brief = |report: &serde_json::Value| {
        json!([report["release"], report["recorded"], report["manifests"], report["target"], report["changes"].as_array().unwrap().len()])
    };
    assert_eq!(brief(&first), json!([1, true, 11, "shop/dist/dev", 11]));
    assert_eq!(
        json!([first["apiVersion"], first["kind"], first["project"], first["environment"], first["waivers"]]),
        json!(["cloze.dev/v1", "DeployReport", "shop", "dev", []])
    );
    let secrets = first["secrets"].as_array().unwrap();
    let secret = secrets.iter().find(|secret| secret["name"] == "session-key").unwrap();
    assert_eq!(json!([secret["vault"], secret["key"], secret["version"], secret["pinned"]]), json!(["default", null, "1", false]));
    let again = report(&["deploy", "--format", "json", "-o", "out"]);
    assert_eq!(brief(&again), json!([1, false, 11, "out", 0]));
    fs::remove_file(sandbox.shop_path("templates/service.yaml")).unwrap();
    let gone = json!({ "change": "removed", "apiVersion": "v1", "kind": "Service", "namespace": "shop-dev", "name": "web" });
    let planned = report(&["deploy", "--dry-run", "--format", "json"]);
    assert_eq!(json!([planned["kind"], planned["against"], planned["changes"][0]["change"]]), json!(["DiffReport", 1, "removed"]));
    assert_eq!(report(&["deploy", "--format", "json"])["changes"], json!([gone]));
    let raw = sandbox.cloze(["vault", "get", "api-token"]).ok();
    assert_eq!(sandbox.cloze(["vault", "get", "api-token", "--format", "json"]).ok(), raw);
    assert_eq!(raw.len(), 40);
}

#[test]
fn a_release_keeps_what_the_command_line_set() {
    let sandbox = Sandbox::shop();
    let literal = "apiVersion: v1\nkind: Secret\nmetadata: { name: a }\nstringData: { a: 'x{{ pin }}y' }\n";
    sandbox.write("templates/literal.yaml", literal);
    sandbox.cloze(["deploy", "--set", "image.tag=1.5.0,pin=4711", "--set-string", "smtp.authority=mail"]).ok();
    let out = sandbox.cloze(["show"]).ok();
    for line in ["# set image.tag = \"1.5.0\"\n", "# set pin, digest ", "# set smtp.authority, digest "] {
        assert!(out.contains(line), "{out}");
    }
    assert!(!out.contains("4711"), "it stands in a Secret");
    let shown: serde_json::Value = serde_json::from_str(&sandbox.cloze(["show", "--format", "json"]).ok()).unwrap();
    assert_eq!(
        json!([shown["values"][0]["path"], shown["values"][0]["value"], shown["values"][1]["value"]]),
        json!(["image.tag", "\"1.5.0\"", null])
    );
    sandbox.cloze(["deploy", "--set", "image.tag=1.5.1,pin=0"]).ok();
    sandbox.cloze(["rollback"]).ok();
    assert!(sandbox.cloze(["show"]).ok().contains("# set image.tag = \"1.5.0\"\n"));
}

#[test]
fn a_value_that_nothing_reads_is_warned_of() {
    let sandbox = Sandbox::shop();
    let wrong = |set: &str| {
        let err = sandbox.cloze(["check", "--set", set]).err();
        err.lines().skip_while(|line| !line.contains("knows")).take(2).map(|line| line.trim().to_owned()).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(
        wrong("image.tga=2"),
        "warning: no template and no values file knows `image.tga` of `--set`; write `image.tag` if that is meant, or leave it out"
    );
    assert_eq!(
        wrong("nothing.like.it=2"),
        "warning: no template and no values file knows `nothing.like.it` of `--set`; correct the path, or leave it out"
    );
    for known in ["image.tag=2", "replicas=2", "replicas=null"] {
        assert_eq!(wrong(known), "", "{known}");
    }
    sandbox.write(
        "templates/x.yaml",
        "{% for key, value in extra %}\napiVersion: x.dev/v1\nkind: X\nmetadata: { name: '{{ key }}' }\n{% endfor %}\n",
    );
    assert_eq!(wrong("extra.one=1"), "");
    sandbox.cloze(["check", "--strict", "--set", "image.tga=2,extra.one=1"]).fails(4, &["error: no template and no values file knows"]);
}

#[test]
fn what_templates_waive_is_reported_by_every_review() {
    let sandbox = Sandbox::shop();
    let open = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: open }\ndata: { a: '{{ secret(name=\"session-key\") | reveal }}' }\n";
    sandbox.write("templates/open.yaml", open);
    let line = "templates/open.yaml:4:45: reveal lets ";
    for command in [["check"].as_slice(), &["diff"], &["deploy", "--dry-run"], &["deploy"], &["rollback", "1", "--secrets", "current"]] {
        sandbox.cloze(command).fails(0, &[line]);
        let report: serde_json::Value = match command[0] {
            "check" => continue,
            _ => serde_json::from_str(&sandbox.cloze(command.iter().chain(&["--format", "json"])).ok()).unwrap(),
        };
        assert_eq!(report["waivers"][0]["place"], "templates/open.yaml:4:45", "{command:?}");
    }
}

#[test]
fn a_directory_is_emptied_of_what_an_earlier_release_wrote_and_of_nothing_else() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    sandbox.cloze(["deploy"]).ok();
    for path in ["templates/cronjob.yaml", "templates/service.yaml"] {
        fs::remove_file(sandbox.shop_path(path)).unwrap();
    }
    sandbox.cloze(["deploy", "--set", "replicas=2"]).fails(
        0,
        &["release 2 recorded: 9 manifests (1 changed, 2 removed)\n", "\nremoved Service shop-dev/web: a cluster that has it keeps it"],
    );
    assert_eq!(deployed(&sandbox, "dist/dev").len(), 9);
    sandbox.write("dist/dev/mine.txt", "mine");
    sandbox.cloze(["deploy"]).fails(2, &["error: `shop/dist/dev` holds `mine.txt`, which cloze did not write\n  move it away"]);
    assert_eq!(sandbox.read("dist/dev/mine.txt"), "mine");
}

#[test]
fn one_changed_config_map_costs_a_pack_a_record_and_an_outcome() {
    let sandbox = Sandbox::shop();
    sandbox
        .write("templates/alone.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: alone }\ndata: { count: \"{{ replicas }}\" }\n");
    let deployment = sandbox.read("templates/deployment.yaml").replace("{{ replicas }}", "1");
    sandbox.write("templates/deployment.yaml", deployment);
    sandbox.cloze(["deploy"]).ok();
    let before = history(&sandbox);
    sandbox.cloze(["deploy", "--set", "replicas=2"]).fails(0, &["release 2 recorded: 12 manifests (1 changed, 0 removed)\n"]);
    let after = history(&sandbox);
    let fresh: Vec<String> = after.iter().filter(|path| !before.contains(path)).map(|path| path.to_string_lossy().into_owned()).collect();
    assert!(before.iter().all(|path| after.contains(path)));
    assert_eq!(fresh.len(), 3, "{fresh:?}");
    for folder in ["/packs/", "/releases/", "/events/"] {
        assert!(fresh.iter().any(|path| path.contains(folder)), "{fresh:?}");
    }
    println!("history: {} files, {} after one changed ConfigMap", before.len(), after.len());
    sandbox.cloze(["deploy", "--set", "replicas=2"]).ok();
    assert_eq!(history(&sandbox), after, "a deploy that changes nothing left something");
}

#[test]
fn a_dry_run_shows_and_leaves_nothing() {
    let sandbox = Sandbox::shop();
    let before = sandbox.files();
    let out = sandbox.cloze(["deploy", "--dry-run"]).ok();
    assert!(
        out.contains("\n\nSecret shop-dev/web-credentials\n+apiVersion: v1\n") && out.contains("<secret default/session-key@1 "),
        "{out}"
    );
    assert_eq!(sandbox.files(), before);
    sandbox.cloze(["deploy"]).ok();
    let before = sandbox.files();
    assert_eq!(sandbox.cloze(["deploy", "--dry-run"]).ok(), "no differences\n");
    let out = sandbox.cloze(["deploy", "--dry-run", "--set", "replicas=4"]).ok();
    assert!(out.ends_with("\n\nDeployment shop-dev/web\n~ spec.replicas: 1 → 4\n"), "{out}");
    assert_eq!(sandbox.files(), before);
}

#[test]
fn diff_of_nothing_of_a_value_and_of_a_secret() {
    let sandbox = Sandbox::shop();
    let out = sandbox.cloze(["diff"]).silent().ok();
    assert_eq!(out.matches("\n+apiVersion: ").count(), 11);
    sandbox.cloze(["diff", "--exit-code"]).code(1);
    sandbox.cloze(["deploy"]).ok();
    assert_eq!(sandbox.cloze(["diff", "--exit-code"]).silent().ok(), "no differences\n");
    let out = sandbox.cloze(["diff", "--set", "replicas=4", "--exit-code"]).code(1);
    assert_eq!(out.split_once("\n\n").unwrap().1, "Deployment shop-dev/web\n~ spec.replicas: 1 → 4\n", "{out}");

    let old = sandbox.cloze(["vault", "get", "db-password"]).ok();
    sandbox.feed(["vault", "set", "db-password"], b"a-new-password").ok();
    let outcome = sandbox.cloze(["diff"]);
    let (out, err) = (outcome.out(), outcome.err());
    let report = sandbox.cloze(["diff", "--format", "json"]).ok();
    let print = |version: &str| {
        let rest = report.split_once(&format!("<secret default/db-password@{version} ")).unwrap().1;
        rest.split([' ', '>']).next().unwrap().to_owned()
    };
    assert!(print("1").len() == 12 && print("2").len() == 12 && print("1") != print("2"), "{out}");
    for out in [&out, &report] {
        assert!(!out.contains("a-new-password") && !out.contains(old.trim()) && err.is_empty(), "{out}{err}");
    }
    assert!(!out.contains("ConfigMap shop-dev"), "{out}");
    // The same value as a new version is the same content.
    sandbox.feed(["vault", "set", "db-password"], old.as_bytes()).ok();
    assert_eq!(sandbox.cloze(["diff", "--exit-code"]).ok(), "no differences\n");
    sandbox.cloze(["deploy"]).fails(0, &["nothing changed: release 1 is current"]);
}

#[test]
fn diff_against_any_release() {
    let sandbox = Sandbox::shop();
    for replicas in 1..=3 {
        sandbox.cloze(["deploy", "--set", &format!("replicas={replicas}")]).fails(0, &[&format!("release {replicas} recorded")]);
    }
    let against = |number: &str| sandbox.cloze(["diff", "--set", "replicas=3", "--against", number]);
    assert!(against("1").ok().contains("\n~ spec.replicas: 1 → 3\n"));
    assert!(against("2").ok().contains("\n~ spec.replicas: 2 → 3\n"));
    assert_eq!(against("3").ok(), "no differences\n");
    against("4").fails(6, &["error: there is no release 4; the newest is 3\n  list the releases with `cloze history`"]);
    against("0").fails(6, &["there is no release 0"]);
    against("two").fails(2, &["`two` is not a release number"]);
}

#[test]
fn history_needs_no_key_and_opening_values_does() {
    let mut sandbox = Sandbox::shop();
    sandbox.cloze(["history"]).fails(0, &["no releases in shop/.cloze/history/dev"]);
    sandbox.variable("USER", "ada");
    sandbox.variable("CI_COMMIT_SHA", "0123abcd");
    sandbox.cloze(["deploy", "--note", "the first\nof many"]).ok();
    sandbox.cloze(["deploy", "--set", "replicas=2"]).ok();
    assert!(sandbox.cloze(["history", "--verify"]).ok().contains("verified 2 releases"));
    fs::remove_dir_all(sandbox.shop_path("secrets")).unwrap();
    fs::remove_file(sandbox.shop_path(".cloze/dev.key")).unwrap();
    let listed = sandbox.cloze(["history"]);
    assert!(listed.err().starts_with("store id ") && listed.err().lines().count() == 1, "{}", listed.err());
    let out = listed.ok();
    let rows: Vec<&str> = out.lines().collect();
    assert!(rows[0].starts_with(" RELEASE  TIME"), "{out}");
    assert!(rows[1].starts_with("       2  ") && rows[1].contains("emitted") && rows[1].ends_with("ada"), "{out}");
    assert!(rows[2].starts_with("       1  ") && rows[2].ends_with("ada  the first of many"), "{out}");
    assert_eq!(sandbox.cloze(["history", "--limit", "1"]).ok().lines().count(), 2);
    let json: serde_json::Value = serde_json::from_str(&sandbox.cloze(["history", "--format", "json"]).ok()).unwrap();
    assert_eq!(json["releases"][1]["note"], "the first\nof many");
    assert_eq!(json["releases"][1]["revision"], "0123abcd");
    for command in [&["history", "--verify"] as &[&str], &["show"], &["diff"], &["deploy"], &["rollback"]] {
        sandbox.cloze(command).fails(5, &["error: there is no key file `shop/.cloze/dev.key`\n  restore it from where your team keeps it"]);
    }
}

#[test]
fn show_masks_and_reveal_gives_the_bytes() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["show"]).fails(6, &["error: there are no releases in shop/.cloze/history/dev\n  deploy first"]);
    sandbox.feed(["vault", "set", "api-token"], b"tok-1").ok();
    sandbox.cloze(["deploy"]).ok();
    let first: BTreeMap<_, _> = sandbox.files().into_iter().filter(|(path, _)| path.to_string_lossy().ends_with(".yaml")).collect();
    sandbox.feed(["vault", "set", "api-token"], b"tok-2").ok();
    sandbox.cloze(["deploy"]).ok();
    let shown = sandbox.cloze(["show", "1"]).ok();
    assert!(shown.starts_with("# release 1: deploy, "), "{shown}");
    assert!(shown.contains("# secret default/api-token version 2 fingerprint "), "{shown}");
    assert!(shown.contains("token: \"<secret default/api-token@2 "), "{shown}");
    assert!(!shown.contains("tok-1") && !shown.contains("dG9rLTE="), "{shown}");
    assert_eq!(documents(&shown).len(), 11);
    let revealed = sandbox.cloze(["show", "1", "--reveal"]).ok();
    assert!(revealed.contains("token: dG9rLTE="), "{revealed}");
    for (path, bytes) in first.iter().filter(|(path, _)| path.to_string_lossy().contains("dist/")) {
        assert!(revealed.contains(std::str::from_utf8(bytes).unwrap()), "{}", path.display());
    }
    assert!(sandbox.cloze(["show"]).ok().starts_with("# release 2: "));
}

#[test]
fn secrets_are_not_written_where_git_would_take_them() {
    let sandbox = Sandbox::shop();
    let git = |arguments: &[&str]| {
        let done = Command::new("git").args(arguments).current_dir(sandbox.shop_path("")).env("HOME", sandbox.root()).output().unwrap();
        assert!(done.status.success());
    };
    git(&["init", "-q"]);
    let out = sandbox.shop_path("out");
    let out = out.to_str().unwrap();
    let next = "add it to .gitignore, or name a directory outside with -o: manifests hold secrets";
    sandbox.cloze(["deploy", "-o", out]).fails(2, &["which does not ignore it", next]);
    sandbox.cloze(["history"]).fails(0, &["no releases in shop/.cloze/history/dev"]);
    // dist/ is ignored by the project itself.
    sandbox.cloze(["deploy"]).ok();
    sandbox.write(".gitignore", format!("{}/out/\n", sandbox.read(".gitignore")));
    sandbox.cloze(["deploy", "-o", out]).ok();
    git(&["add", "-A"]);
    let listed = Command::new("git").args(["ls-files"]).current_dir(sandbox.shop_path("")).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(
        listed.contains("secrets/dev.vault") && !listed.contains("dist/") && !listed.contains("out/") && !listed.contains(".key\n"),
        "{listed}"
    );
}
