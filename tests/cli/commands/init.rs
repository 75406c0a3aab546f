//! `cloze init`

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use crate::support::Sandbox;

pub(super) fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_new_project_is_whole_and_says_what_is_next() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run(["init", "shop"]);
    let err = outcome.err();
    assert!(outcome.ok().is_empty());
    assert!(err.contains("wrote project shop to ./shop; its key is ./shop/.cloze/dev.key, which git ignores"), "{err}");
    assert!(err.contains("next: cloze -C shop render, then cloze -C shop deploy"), "{err}");
    for path in ["cloze.yaml", "templates/deployment.yaml", "values/common.yaml", "secrets/dev.vault", "secrets/dev.keyring", ".gitignore"]
    {
        assert!(sandbox.shop_path(path).is_file(), "{path}");
    }
    assert_eq!(mode(&sandbox.shop_path(".cloze/dev.key")), 0o600);
    assert!(!sandbox.shop_path(".cloze/history").exists());
    assert_eq!(fs::read_dir(sandbox.work()).unwrap().count(), 1, "something lies beside the project");
}

#[test]
fn deploy_at_once() {
    let sandbox = Sandbox::new();
    let err = sandbox.run(["init", "shop", "--deploy"]).fails(0, &["release 1 recorded: 11 manifests (11 changed"]);
    assert!(err.contains("wrote 11 manifests"), "{err}");
    assert_eq!(fs::read_dir(sandbox.shop_path("dist/dev")).unwrap().count(), 12);
}

#[test]
fn what_is_there_stays() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.work().join("shop")).unwrap();
    fs::write(sandbox.work().join("shop/mine"), "mine").unwrap();
    let before = sandbox.files();
    sandbox.run(["init", "shop"]).fails(2, &["error: ./shop already exists\n  choose another name, or run `cloze -C shop init --here`"]);
    assert_eq!(sandbox.files(), before);
}

#[test]
fn a_path_says_where_and_its_last_part_is_the_name() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.work().join("apps")).unwrap();
    let absolute = sandbox.work().join("whole");
    for (path, directory, name) in [
        ("apps/shop", "./apps/shop", "shop"),
        ("./web", "./web", "web"),
        ("site/", "./site", "site"),
        (absolute.to_str().unwrap(), absolute.to_str().unwrap(), "whole"),
    ] {
        let err = sandbox.run(["init", path]).fails(0, &[&format!("wrote project {name} to ")]);
        assert!(err.contains(directory.trim_start_matches("./")), "{err}");
        assert!(sandbox.work().join(path).join("cloze.yaml").is_file(), "{path}");
    }
    sandbox
        .run(["init", "apps/shop"])
        .fails(2, &["apps/shop already exists\n  choose another name, or run `cloze -C apps/shop init --here`"]);
    sandbox.run(["init", "nowhere/shop"]).fails(2, &["there is no directory `./nowhere`\n  create it first, or name another"]);
    sandbox.run(["init", "--here", "apps/other"]).fails(2, &["`apps/other` is not a DNS label"]);
}

#[test]
fn names_are_dns_labels() {
    let sandbox = Sandbox::new();
    let long = "a".repeat(64);
    for name in ["../X", "Shop", "", "a b", "./a.b", "a.b", "-a", "a-", "ü", "..", "./..", &long] {
        sandbox.run(["init", "--", name]).fails(2, &["is not a DNS label\n  use at most 63 lower-case letters, digits and `-`"]);
    }
    assert_eq!(fs::read_dir(sandbox.work()).unwrap().count(), 0);
    sandbox.run(["init", &"b".repeat(60)]).fails(2, &["leaves no room for the namespace", "use at most 59 characters"]);
    for name in ["0", "a-1", &"b".repeat(59)] {
        sandbox.run(["init", name]).ok();
    }
}

#[test]
fn a_number_as_a_name_deploys_too() {
    let sandbox = Sandbox::new();
    for name in ["42", "null", "0x10", "1e3"] {
        sandbox.run(["init", name, "--deploy", "-q"]).silent().ok();
    }
}

#[test]
fn two_projects_share_nothing() {
    let sandbox = Sandbox::shop();
    sandbox.run(["init", "other"]).ok();
    let read = |path: &str| fs::read(sandbox.work().join(path)).unwrap();
    assert_ne!(read("shop/.cloze/dev.key"), read("other/.cloze/dev.key"));
    assert_ne!(
        sandbox.run(["-C", "shop", "vault", "get", "db-password"]).ok(),
        sandbox.run(["-C", "other", "vault", "get", "db-password"]).ok()
    );
}

#[test]
fn machines_get_json() {
    let sandbox = Sandbox::new();
    let made: Value = serde_json::from_str(&sandbox.run(["init", "shop", "--format", "json"]).silent().ok()).unwrap();
    assert_eq!((&made["kind"], &made["project"], &made["environment"]), (&"InitReport".into(), &"shop".into(), &"dev".into()));
    assert!(made["files"].as_array().unwrap().contains(&".cloze/dev.key".into()), "{made}");
    let deployed: Value = serde_json::from_str(&sandbox.run(["init", "web", "--deploy", "--format", "json"]).silent().ok()).unwrap();
    assert_eq!(deployed["release"], 1);
}

#[test]
fn a_bare_project_in_a_directory_that_exists() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.work().join("shop")).unwrap();
    sandbox.write(".gitignore", "target\n/dist/");
    sandbox.write("values/mine.yaml", "a: 1\n");
    sandbox.write("templates/web.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: web }\ndata: { a: b }\n");
    let err = sandbox.cloze(["init", "--here", "--bare"]).fails(0, &["wrote project shop to shop; its key is shop/.cloze/dev.key"]);
    assert!(err.contains("next: write manifests to shop/templates, then run cloze -C shop check"), "{err}");
    assert_eq!(sandbox.read(".gitignore"), "target\n/dist/\n/.cloze/\n");
    assert_eq!(mode(&sandbox.shop_path(".cloze/dev.key")), 0o600);
    assert_eq!(mode(&sandbox.shop_path(".cloze")), 0o700);
    assert!(!sandbox.shop_path("secrets/dev.vault").exists() && !sandbox.shop_path("README.md").exists());
    let mut names: Vec<_> = fs::read_dir(sandbox.shop_path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [".cloze", ".gitignore", "cloze.yaml", "secrets", "templates", "values"]);
    sandbox.cloze(["check"]).fails(0, &["dev: 1 object, no problems"]);
    sandbox.cloze(["deploy"]).fails(0, &["release 1 recorded"]);
    let before = sandbox.files();
    for arguments in [&["init", "--here"] as &[&str], &["init", "."], &["init", "--here", "other", "--bare"]] {
        sandbox.cloze(arguments).fails(2, &["error: this directory is already a cloze project: it has a `cloze.yaml`\n  edit that file"]);
    }
    assert_eq!(sandbox.files(), before);
}

#[test]
fn the_example_in_a_directory_that_exists() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.work().join("shop")).unwrap();
    sandbox.write("README.md", "mine");
    std::os::unix::fs::symlink("/tmp", sandbox.shop_path("values")).unwrap();
    let before = sandbox.files();
    sandbox
        .cloze(["init", "."])
        .fails(2, &["init does not overwrite what already exists: `shop/README.md`, `shop/values`\n  move it away"]);
    assert_eq!(sandbox.files(), before);
    fs::remove_file(sandbox.shop_path("README.md")).unwrap();
    fs::remove_file(sandbox.shop_path("values")).unwrap();
    sandbox.cloze(["init", ".", "--deploy"]).fails(0, &["wrote project shop to shop", "release 1 recorded: 11 manifests (11 changed"]);
}

#[test]
fn a_name_is_given_or_the_directory_s() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.work().join("My Shop")).unwrap();
    let words =
        ["the project cannot have the directory's name: `My Shop` is not a DNS label\n  give it another with `cloze init --here NAME`"];
    sandbox.run(["-C", "My Shop", "init", "--here"]).fails(2, &words);
    sandbox
        .run(["init"])
        .fails(2, &["error: the project needs a name\n  give the project a name, e.g. `cloze init acme`, or use `cloze init --here`"]);
    sandbox.run(["-C", "nowhere", "init", "shop"]).fails(2, &["there is no directory `nowhere`"]);
    sandbox.run(["init", "shop", "-e", "prod"]).fails(2, &["a new project has the environment `dev`, not `prod`\n  leave out `-e`"]);
    sandbox.run(["init", "shop", "--bare", "--deploy"]).fails(2, &["cannot be used together with"]);
    let err = sandbox.run(["-C", "My Shop", "init", "--here", "shop", "-e", "dev"]).fails(0, &["wrote project shop to My Shop"]);
    assert!(err.contains("next: cloze -C 'My Shop' render, then cloze -C 'My Shop' deploy"), "{err}");
}
