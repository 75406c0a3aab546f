//! `key init`, and key files: when keys are made, where no key file is made, and what is warned of.

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::Sandbox;

fn git(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let done = Command::new("git").args(arguments).current_dir(sandbox.shop_path("")).env("HOME", sandbox.root()).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).unwrap()
}

/// The starter project in a work tree of git that ignores `dist` only, without a key.
fn exposed() -> Sandbox {
    let sandbox = Sandbox::shop();
    git(&sandbox, &["init", "-q"]);
    sandbox.write(".gitignore", "dist\n");
    for place in [".cloze", "secrets"] {
        fs::remove_dir_all(sandbox.shop_path(place)).unwrap();
    }
    sandbox
}

/// The starter project with a vault behind a network, as a runner finds it that got neither keyring nor key.
fn fresh_runner(keys: &str) -> Sandbox {
    let sandbox = Sandbox::shop();
    for place in [".cloze", "secrets"] {
        fs::remove_dir_all(sandbox.shop_path(place)).unwrap();
    }
    let settings = format!("values/dev.yaml]\n    vaults: {{ default: {{ kind: gcp, project: shop-prod }} }}{keys}");
    sandbox.write("cloze.yaml", sandbox.read("cloze.yaml").replacen("values/dev.yaml]", &settings, 1));
    sandbox
}

#[test]
fn a_run_that_nobody_watches_makes_no_keys() {
    for ci in [None, Some("true")] {
        let mut sandbox = fresh_runner("");
        if let Some(value) = ci {
            sandbox.variable("CI", value);
        }
        let before = sandbox.files();
        let words =
            ["environment `dev` has no keyring at `secrets/dev.keyring`\n  restore it from version control", "run `cloze key init -e dev`"];
        let _ = sandbox.cloze(["deploy"]).fails(5, &words);
        let _ = sandbox.cloze(["deploy", "--dry-run"]).fails(5, &words);
        let _ = sandbox.feed(["vault", "set", "x"], b"y").fails(5, &words);
        assert!(sandbox.files() == before, "nothing was made");
    }
}

#[test]
fn key_init_makes_keys_once_and_says_what_to_commit() {
    let sandbox = fresh_runner("");
    let words = [
        "created the key file shop/.cloze/dev.key: keep a copy in a safe place, and never commit it\n",
        "created the keyring shop/secrets/dev.keyring: commit it, and locks/dev.lock when they exist\n",
    ];
    let _ = sandbox.cloze(["key", "init"]).fails(0, &words);
    let before = sandbox.files();
    let _ = sandbox.cloze(["key", "init"]).fails(0, &["environment `dev` has keys already, and they open `secrets/dev.keyring`"]);
    assert!(sandbox.files() == before);
    let json: serde_json::Value = serde_json::from_str(&sandbox.cloze(["key", "init", "--format", "json"]).ok()).unwrap();
    assert_eq!((&json["created"], &json["environment"]), (&false.into(), &"dev".into()));
    fs::remove_file(sandbox.shop_path(".cloze/dev.key")).unwrap();
    let _ = sandbox.cloze(["key", "init"]).fails(5, &["there is no key file `shop/.cloze/dev.key`"]);
    let shop = Sandbox::shop();
    fs::remove_file(shop.shop_path("secrets/dev.keyring")).unwrap();
    let _ = shop.cloze(["key", "init"]).fails(5, &["environment `dev` has a vault and no keyring"]);
}

#[test]
fn keys_are_made_for_every_recipient_or_for_none() {
    let mut sandbox = fresh_runner("\n    keys: [{ kind: passphrase }, { kind: key-file }]");
    let before = sandbox.files();
    let _ = sandbox
        .cloze(["key", "init"])
        .fails(5, &["environment `dev` has a passphrase among its keys, and it was not given\n  set CLOZE_PASSPHRASE"]);
    sandbox.variable("CLOZE_PASSPHRASE", "eleven char");
    let _ = sandbox.cloze(["key", "init"]).fails(5, &["the passphrase is too short: use at least 12 characters"]);
    assert!(sandbox.files() == before, "nothing was made");
    sandbox.variable("CLOZE_PASSPHRASE", "correct horse battery");
    let _ = sandbox.cloze(["key", "init"]).ok();
    let keyring = sandbox.read("secrets/dev.keyring");
    assert!(keyring.contains("\"key-file\"") && keyring.contains("\"passphrase\""), "{keyring}");
    fs::remove_file(sandbox.shop_path(".cloze/dev.key")).unwrap();
    let _ = sandbox.cloze(["key", "init"]).fails(0, &["has keys already"]);
    sandbox.variable("CLOZE_PASSPHRASE", "correct horse staple");
    let _ = sandbox.cloze(["key", "init"]).fails(5, &["error: environment `dev`: the passphrase is wrong\n  type it again"]);
}

#[test]
fn a_history_that_begins_again_is_reported() {
    let mut sandbox = Sandbox::shop();
    // Whoever just made the keys knows that there were no releases.
    assert!(!sandbox.twin().cloze(["deploy"]).err().contains("starting a new history"));
    fs::remove_dir_all(sandbox.shop_path(".cloze/pins")).unwrap();
    let begins = "starting a new history in shop/.cloze/history/dev with release 1: earlier releases, if any, are not in it";
    let _ = sandbox.cloze(["deploy"]).fails(0, &[begins]);
    assert!(!sandbox.cloze(["deploy", "--set", "replicas=2"]).err().contains("starting a new history"));
    // A fresh checkout has the keyring and not the history.
    for path in [".cloze/history", ".cloze/pins"] {
        fs::remove_dir_all(sandbox.shop_path(path)).unwrap();
    }
    sandbox.variable("CI", "true");
    let lost = "warning: the history `shop/.cloze/history/dev` is empty, and ends with this CI runner: `rollback` will not know this release\n  keep that";
    let _ = sandbox.cloze(["deploy"]).fails(0, &[lost]);
    assert!(!sandbox.cloze(["deploy", "--set", "replicas=2"]).err().contains("runner"), "it was kept");
    let kept = sandbox.work().join("kept");
    sandbox.variable("CLOZE_HISTORY_URL", &format!("file://{}", kept.display()));
    fs::remove_dir_all(sandbox.shop_path(".cloze/pins")).unwrap();
    let _ = sandbox.cloze(["deploy"]).fails(0, &["starting a new history in "]);
}

#[test]
fn no_key_is_made_where_git_would_take_it() {
    let sandbox = exposed();
    let before = sandbox.files();
    let words = ["/.cloze/dev.key` would lie in the git work tree `", "add the line `/.cloze/` to `", "/shop/.gitignore`: with the key"];
    let _ = sandbox.cloze(["key", "init"]).fails(3, &words);
    assert!(sandbox.files() == before, "nothing was made");
    sandbox.write(".gitignore", "dist\n/.cloze/\n");
    let said = sandbox.cloze(["key", "init"]);
    assert!(!said.err().contains("work tree"), "{}", said.err());
    let _ = said.ok();
    git(&sandbox, &["add", "-A"]);
    let listed = git(&sandbox, &["ls-files"]);
    assert!(listed.contains("secrets/dev.keyring") && !listed.contains(".cloze"), "{listed}");
}

#[test]
fn a_key_that_others_may_have_is_warned_of() {
    let sandbox = Sandbox::shop();
    let said = |arguments: &[&str]| {
        let outcome = sandbox.cloze(arguments);
        let err = outcome.err();
        let _ = outcome.ok();
        err
    };
    assert!(!said(&["deploy"]).contains("warning"));
    git(&sandbox, &["init", "-q"]);
    assert!(!said(&["deploy"]).contains("warning"), "the starter's rules are enough");
    let key = sandbox.shop_path(".cloze/dev.key");
    fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
    let err = said(&["show", "1"]);
    assert!(err.contains("/.cloze/dev.key` is open to others: its mode is 0640\n  run `chmod 600 "), "{err}");
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    // A repository that brings its own key.
    fs::rename(&key, sandbox.shop_path("evil.key")).unwrap();
    let project = sandbox.read("cloze.yaml").replace("  dev:\n", "  dev:\n    keys: [{ kind: key-file, path: evil.key }]\n");
    sandbox.write("cloze.yaml", project);
    for arguments in [&["deploy"][..], &["rollback", "1"], &["history", "--verify"], &["vault", "list"]] {
        let err = said(arguments);
        assert!(err.contains("/evil.key` lies in the git work tree `") && err.contains("add the line `/evil.key` to `"), "{err}");
        assert!(err.contains("use no key that came with a repository or was ever committed"), "{err}");
    }
    assert!(!said(&["render"]).contains("warning"), "no key is read");
    sandbox.write(".gitignore", "dist\n.cloze\n/evil.key\n");
    assert!(!said(&["deploy"]).contains("warning"));
}

#[test]
fn a_new_passphrase_is_asked_for_twice_and_not_shown() {
    let sandbox = Sandbox::shop();
    for place in [".cloze", "secrets"] {
        fs::remove_dir_all(sandbox.shop_path(place)).unwrap();
    }
    sandbox.write(
        "cloze.yaml",
        sandbox.read("cloze.yaml").replacen("values/dev.yaml]", "values/dev.yaml]\n    keys: [{ kind: passphrase }]", 1),
    );
    let (first, again) = ("new passphrase for environment dev (at least 12 characters): ", "repeat the passphrase: ");
    let mut terminal = sandbox.on_terminal(["key", "init"]);
    let shown = terminal.shows(first).types("correct horse 1").shows(again).types("correct horse 2").ends(2);
    assert!(shown.contains("error: the two passphrases differ") && !shown.contains("correct horse"), "{shown}");
    let shown = sandbox.on_terminal(["key", "init"]).shows(first).types("short").ends(5);
    assert!(!shown.contains(again), "{shown}");
    assert!(!sandbox.shop_path("secrets/dev.keyring").exists(), "a keyring was made all the same");
    let shown = sandbox.on_terminal(["key", "init"]).shows(first).types("correct horse 1").shows(again).types("correct horse 1").ends(0);
    assert!(!shown.contains("correct horse"), "{shown}");
    // What exists is asked for once, and no key is made where it is wrong.
    let shown = sandbox
        .on_terminal(["vault", "set", "a"])
        .shows("passphrase: ")
        .types("correct horse 1")
        .shows("value of a: ")
        .types("hunter2")
        .ends(0);
    assert!(!shown.contains("hunter2") && !shown.contains("again"), "{shown}");
    sandbox.on_terminal(["vault", "get", "a", "--reveal"]).shows("passphrase: ").types("correct horse 2").ends(5);
}
