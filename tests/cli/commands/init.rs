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
    let err = sandbox.run(["init", "shop", "--deploy"]).fails(0, &["release 1 recorded: 10 manifests (10 changed"]);
    assert!(err.contains("wrote 10 manifests"), "{err}");
    assert_eq!(fs::read_dir(sandbox.shop_path("dist/dev")).unwrap().count(), 11);
}

#[test]
fn what_is_there_stays() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.work().join("shop")).unwrap();
    fs::write(sandbox.work().join("shop/mine"), "mine").unwrap();
    let before = sandbox.files();
    sandbox.run(["init", "shop"]).fails(2, &["error: `./shop` is there already\n  name another project, or move it away"]);
    assert_eq!(sandbox.files(), before);
}

#[test]
fn names_are_dns_labels() {
    let sandbox = Sandbox::new();
    let long = "a".repeat(64);
    for name in ["../x", "Shop", "", "a b", "a/b", "a.b", "-a", "a-", "ü", &long] {
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
    assert_eq!(made["project"], "shop");
    let deployed: Value = serde_json::from_str(&sandbox.run(["init", "web", "--deploy", "--format", "json"]).silent().ok()).unwrap();
    assert_eq!(deployed["release"], 1);
}
