//! `key list`, `add`, `remove` and `rotate`: who opens a keyring, and how that changes.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::Sandbox;

const PASSPHRASE: &str = "correct horse battery";

/// Sets what the project file says of `keys`.
fn names(sandbox: &Sandbox, keys: &str) {
    let text = sandbox.read("cloze.yaml");
    let lines = text.lines().filter(|line| !line.starts_with("    keys:")).map(|line| format!("{line}\n")).collect::<String>();
    sandbox.write("cloze.yaml", lines.replacen("  dev:\n", &format!("  dev:\n    keys: [{keys}]\n"), 1));
}

fn keyring(sandbox: &Sandbox) -> Value {
    serde_json::from_str(&sandbox.read("secrets/dev.keyring")).unwrap()
}

/// The kinds and ids of those that open the keyring.
fn holders(sandbox: &Sandbox) -> Vec<String> {
    let holder = |slot: &Value| format!("{} {}", slot["holder"]["kind"].as_str().unwrap(), slot["holder"]["id"].as_str().unwrap());
    keyring(sandbox)["slots"].as_array().unwrap().iter().map(holder).collect()
}

fn id_of(sandbox: &Sandbox, path: &str) -> String {
    sandbox.read(path).split(' ').nth(1).unwrap().to_owned()
}

/// The starter project with a release, whose keyring a key file and a passphrase open.
fn shared() -> Sandbox {
    let mut sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    names(&sandbox, "{ kind: key-file }, { kind: passphrase }");
    sandbox.variable("CLOZE_PASSPHRASE", PASSPHRASE);
    sandbox.cloze(["key", "add"]).ok();
    sandbox
}

#[test]
fn keys_come_and_go_by_their_commands_only() {
    let mut sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    let file = id_of(&sandbox, ".cloze/dev.key");
    assert_eq!(sandbox.cloze(["key", "list"]).ok(), format!("key-file  {file}  opens the keyring\n"));
    names(&sandbox, "{ kind: key-file }, { kind: passphrase }");
    let before = sandbox.files();
    let words = [
        "error: environment `dev`: `keys:` names the passphrase, which does not open `secrets/dev.keyring`\n  run `cloze key add -e dev` where",
    ];
    let _ = sandbox.cloze(["deploy"]).fails(3, &words);
    let _ = sandbox.cloze(["deploy", "--dry-run"]).fails(3, &words);
    let _ = sandbox.cloze(["rollback", "1"]).fails(3, &words);
    let _ = sandbox.feed(["vault", "set", "x"], b"y").fails(3, &words);
    let _ = sandbox.cloze(["key", "rotate"]).fails(3, &words);
    assert!(sandbox.files() == before, "nothing was wrapped or sealed");
    sandbox.cloze(["show"]).ok();
    let listed = sandbox.cloze(["key", "list"]).ok();
    assert!(listed.contains("passphrase  passphrase        does not open the keyring, not at hand: run `cloze key add`\n"), "{listed}");
    let words = ["environment `dev` has a passphrase among its keys, and it was not given\n  set CLOZE_PASSPHRASE"];
    let _ = sandbox.cloze(["key", "add"]).fails(5, &words);
    sandbox.variable("CLOZE_PASSPHRASE", "eleven char");
    let _ = sandbox.cloze(["key", "add"]).fails(5, &["the passphrase is too short"]);
    sandbox.variable("CLOZE_PASSPHRASE", PASSPHRASE);
    let words = ["passphrase opens `secrets/dev.keyring` from now on\n", "commit `secrets/dev.keyring`\n"];
    let _ = sandbox.cloze(["key", "add"]).fails(0, &words);
    assert_eq!(holders(&sandbox), [format!("key-file {file}"), "passphrase passphrase".to_owned()]);
    let _ = sandbox.cloze(["key", "add"]).fails(0, &["nothing to add: each key that `keys:` names opens `secrets/dev.keyring`"]);
    sandbox.cloze(["deploy"]).ok();
    // One of them goes.
    names(&sandbox, "{ kind: passphrase }");
    let words =
        [&*format!("error: environment `dev`: key-file {file} opens `secrets/dev.keyring`, and `keys:` does not name it\n  add it to")];
    let _ = sandbox.cloze(["deploy"]).fails(3, &words);
    let listed = sandbox.cloze(["key", "list"]).ok();
    assert!(
        listed.contains(&format!("key-file    {file}  opens the keyring, and `keys:` does not name it: run `cloze key remove`")),
        "{listed}"
    );
    let words = [
        &*format!("key-file {file} does not open `secrets/dev.keyring` any more\n"),
        "still reads every secret and release, also those to come: run `cloze key rotate -e dev`, then change the secrets",
    ];
    let _ = sandbox.cloze(["key", "remove"]).fails(0, &words);
    let _ = sandbox.cloze(["key", "remove"]).fails(0, &["nothing to remove: `keys:` names each key that opens"]);
    assert_eq!(holders(&sandbox), ["passphrase passphrase"]);
    names(&sandbox, "{ kind: key-file }");
    let _ =
        sandbox.cloze(["show"]).fails(5, &["`shop/.cloze/dev.key` (key file ", "does not open the keyring; it opens with a passphrase"]);
    let _ = sandbox.cloze(["key", "remove"]).fails(5, &["does not open the keyring; it opens with a passphrase"]);
}

#[test]
fn a_key_file_is_made_for_a_colleague_and_opens_alone() {
    let mut sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    names(&sandbox, "{ kind: key-file }, { kind: key-file, path: .cloze/colleague.key }");
    let words = ["created the key file shop/.cloze/colleague.key: keep a copy in a safe place, and never commit it\n"];
    let _ = sandbox.cloze(["key", "add"]).fails(0, &words);
    let id = id_of(&sandbox, ".cloze/colleague.key");
    assert_eq!(holders(&sandbox)[1], format!("key-file {id}"));
    // The colleague has this one key; the other slot is the other key file's, as far as can be seen.
    fs::rename(sandbox.shop_path(".cloze/colleague.key"), sandbox.root().join("home/my.key")).unwrap();
    fs::remove_file(sandbox.shop_path(".cloze/dev.key")).unwrap();
    sandbox.variable("CLOZE_KEY_FILE", sandbox.root().join("home/my.key").to_str().unwrap());
    sandbox.cloze(["deploy", "--set", "replicas=3"]).ok();
    // Of two slots one is to go, and which one only the other key file says.
    names(&sandbox, "{ kind: key-file }");
    let before = sandbox.read("secrets/dev.keyring");
    let _ = sandbox.cloze(["key", "remove"]).ok();
    assert_eq!(holders(&sandbox), [format!("key-file {id}")]);
    sandbox.write("secrets/dev.keyring", before);
    names(&sandbox, "{ kind: key-file }, { kind: passphrase }");
    sandbox.variable("CLOZE_KEY_FILE", "/nowhere");
    let words =
        ["the keyring has more key files than `keys:` names, and one of those is not at hand", "run the command where all key files"];
    let _ = sandbox.cloze(["key", "remove"]).fails(5, &words);
}

#[test]
fn no_key_file_is_made_where_git_would_take_it() {
    let sandbox = Sandbox::shop();
    names(&sandbox, "{ kind: key-file }, { kind: key-file, path: keys/more.key }");
    git(&sandbox, &["init", "-q"]);
    let before = sandbox.read("secrets/dev.keyring");
    let _ = sandbox.cloze(["key", "add"]).fails(3, &["/keys/more.key` would lie in the git work tree `"]);
    assert!(sandbox.read("secrets/dev.keyring") == before && !sandbox.shop_path("keys/more.key").exists());
}

fn git(sandbox: &Sandbox, arguments: &[&str]) {
    let done = Command::new("git").args(arguments).current_dir(sandbox.shop_path("")).env("HOME", sandbox.root()).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn a_key_file_that_git_tracks_is_warned_of() {
    let sandbox = Sandbox::shop();
    git(&sandbox, &["init", "-q"]);
    git(&sandbox, &["add", "-f", ".cloze/dev.key"]);
    let words = ["git tracks the key file `shop/.cloze/dev.key` in `", "run `git rm --cached .cloze/dev.key`, make another key"];
    let _ = sandbox.cloze(["deploy"]).fails(0, &words);
    git(&sandbox, &["rm", "-q", "--cached", ".cloze/dev.key"]);
    assert!(!sandbox.cloze(["deploy"]).err().contains("git tracks"));
}

#[test]
fn a_keyring_that_came_with_the_project_is_refused_where_a_passphrase_was_given() {
    let refused = [
        "`secrets/dev.keyring` opens with a key file of the project, and not with the passphrase of CLOZE_PASSPHRASE\n  restore your own keyring",
    ];
    let mut sandbox = Sandbox::shop();
    sandbox.variable("CLOZE_PASSPHRASE", PASSPHRASE);
    sandbox.cloze(["deploy"]).ok();
    git(&sandbox, &["init", "-q"]);
    git(&sandbox, &["add", "-f", "-A"]);
    let before = sandbox.files();
    let _ = sandbox.cloze(["deploy", "--set", "replicas=2"]).fails(5, &refused);
    let _ = sandbox.feed(["vault", "set", "x"], b"y").fails(5, &refused);
    assert!(sandbox.files() == before);
    fs::remove_dir_all(sandbox.shop_path(".git")).unwrap();
    sandbox.variable("CI", "true");
    let _ = sandbox.cloze(["deploy", "--set", "replicas=2"]).fails(5, &refused);
    // What the run's owner names is the owner's.
    let mut named = sandbox.twin();
    named.variable("CLOZE_KEY_FILE", named.shop_path(".cloze/dev.key").to_str().unwrap());
    named.cloze(["deploy", "--set", "replicas=2"]).ok();
    let mut sandbox = shared();
    sandbox.variable("CI", "true");
    sandbox.cloze(["deploy", "--set", "replicas=2"]).ok();
    sandbox.variable("CLOZE_PASSPHRASE", "correct horse staple");
    let _ = sandbox.cloze(["deploy"]).fails(5, &refused);
}

#[test]
fn rotation_renews_the_root_key_and_keeps_what_is_there() {
    let sandbox = shared();
    let before = (sandbox.read("secrets/dev.keyring"), sandbox.read("secrets/dev.vault"), sandbox.cloze(["show", "--reveal"]).out());
    let words = [
        "environment `dev` has a new root key: commit `secrets/dev.keyring` and `secrets/dev.vault`\n",
        "names of Secrets stay: anybody who had the earlier keys can test guesses of values against them until `cloze key rotate --names`",
    ];
    let _ = sandbox.cloze(["key", "rotate"]).fails(0, &words);
    assert_ne!(sandbox.read("secrets/dev.keyring"), before.0);
    assert_eq!(holders(&sandbox).len(), 2);
    let lines = |text: &str| text.lines().map(|line| line.rsplit_once(' ').map_or("", |(start, _)| start).to_owned()).collect::<Vec<_>>();
    let vault = sandbox.read("secrets/dev.vault");
    assert_eq!(lines(&vault)[1..], lines(&before.1)[1..], "names, versions and times stay");
    assert!(vault.lines().skip(1).zip(before.1.lines().skip(1)).all(|(now, then)| now != then), "each line is sealed under the new key");
    // Equal content is the current release: no name is new, and nothing restarts.
    let _ = sandbox.cloze(["deploy"]).fails(0, &["nothing changed: release 1 is current"]);
    assert_eq!(sandbox.cloze(["show", "--reveal"]).out(), before.2);
    let copies = || fs::read_dir(sandbox.shop_path(".cloze/history/dev/keyring")).unwrap().count();
    assert_eq!(copies(), 3, "the history has a copy of the new keyring");
    let _ = sandbox.cloze(["deploy", "--set", "replicas=4"]).fails(0, &["release 2 recorded"]);
    let _ = sandbox.cloze(["rollback", "1"]).ok();
    assert_eq!(sandbox.cloze(["show", "--reveal"]).out(), before.2);
    sandbox.cloze(["history", "--verify"]).ok();
    // The earlier keyring does not know the new root key.
    sandbox.write("secrets/dev.keyring", &before.0);
    let _ = sandbox.cloze(["vault", "get", "api-token", "--reveal"]).fails(5, &["is sealed under keys that this keyring does not have\n  if the keys were rotated, restore the keyring and the vault from the same commit"]);
    let words = ["is sealed under keys that this keyring does not have\n  if the keys were rotated, pull the newest `secrets/ENV.keyring`"];
    for command in [&["show"][..], &["rollback", "1"]] {
        let _ = sandbox.cloze(command.iter().copied()).fails(6, &words);
    }
    let _ = sandbox.cloze(["key", "rotate"]).fails(6, &["error: "]);
    assert_eq!(sandbox.read("secrets/dev.keyring"), before.0, "a rotation beside a newer one changes nothing");
}

#[test]
fn rotation_with_names_renames_every_secret_once() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    let names = |kind: &str| {
        let text = sandbox.cloze(["show", "--reveal"]).out();
        let of_kind = text.split("---\n").filter(|manifest| manifest.contains(&format!("\nkind: {kind}\n"))).map(str::to_owned);
        let name = |manifest: String| manifest.lines().find(|line| line.trim_start().starts_with("name: ")).unwrap().to_owned();
        of_kind.map(name).collect::<Vec<_>>()
    };
    let before = (names("Secret"), names("ConfigMap"));
    let _ = sandbox.cloze(["key", "rotate", "--names"]).fails(0, &["every Secret gets a new name with the next deploy, once"]);
    let _ = sandbox.cloze(["deploy"]).fails(0, &["release 2 recorded"]);
    assert!(!before.0.is_empty() && names("Secret").iter().zip(&before.0).all(|(now, then)| now != then), "{before:?}");
    assert_eq!(names("ConfigMap"), before.1);
    let _ = sandbox.cloze(["deploy"]).fails(0, &["nothing changed: release 2 is current"]);
    let _ = sandbox.cloze(["key", "rotate"]).ok();
    let _ = sandbox.cloze(["deploy"]).fails(0, &["nothing changed: release 2 is current"]);
}

#[test]
fn rotation_needs_all_keys() {
    let sandbox = shared();
    let before = sandbox.files();
    fs::remove_file(sandbox.shop_path(".cloze/dev.key")).unwrap();
    let _ = sandbox.cloze(["key", "rotate"]).fails(5, &["there is no key file `shop/.cloze/dev.key`"]);
    let changed: Vec<_> = before.iter().filter(|(path, bytes)| fs::read(path).is_ok_and(|now| now != **bytes)).collect();
    assert!(changed.is_empty(), "{changed:?}");
}

#[test]
fn a_keyring_of_the_history_is_put_back_into_the_project() {
    let sandbox = shared();
    sandbox.cloze(["deploy", "--set", "replicas=5"]).ok();
    fs::remove_dir_all(sandbox.shop_path("secrets")).unwrap();
    assert_eq!(sandbox.cloze(["key", "list"]).ok().lines().count(), 2);
    sandbox.cloze(["key", "rotate"]).ok();
    assert_eq!(holders(&sandbox).len(), 2);
    sandbox.cloze(["show"]).ok();
}

#[test]
fn a_passphrase_that_is_added_is_typed_twice() {
    let sandbox = Sandbox::shop();
    names(&sandbox, "{ kind: key-file }, { kind: passphrase }");
    let (first, again) = ("new passphrase for environment dev (at least 12 characters): ", "repeat the passphrase: ");
    let shown = sandbox.on_terminal(["key", "add"]).shows(first).types("correct horse 1").shows(again).types("correct horse 2").ends(2);
    assert!(shown.contains("the two passphrases differ"), "{shown}");
    let shown = sandbox.on_terminal(["key", "add"]).shows(first).types("correct horse 1").shows(again).types("correct horse 1").ends(0);
    assert!(shown.contains("passphrase opens `secrets/dev.keyring` from now on") && !shown.contains("correct horse"), "{shown}");
}

#[test]
fn an_environment_without_a_keyring_has_no_keys_to_change() {
    let sandbox = Sandbox::shop();
    fs::remove_dir_all(sandbox.shop_path("secrets")).unwrap();
    for command in ["list", "add", "remove", "rotate"] {
        let _ = sandbox.cloze(["key", command]).fails(5, &["environment `dev` has no keyring at `secrets/dev.keyring`"]);
    }
}
