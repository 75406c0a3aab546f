//! Key files: where none is made, and what is warned of.

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

#[test]
fn no_key_is_made_where_git_would_take_it() {
    let sandbox = exposed();
    let before = sandbox.files();
    let words = ["/.cloze/dev.key` would lie in the git work tree `", "add the line `/.cloze/` to `", "/shop/.gitignore`: with the key"];
    let _ = sandbox.cloze(["deploy"]).fails(3, &words);
    let _ = sandbox.feed(["vault", "set", "x"], b"y").fails(3, &words);
    assert!(sandbox.files() == before, "nothing was made");
    sandbox.write(".gitignore", "dist\n/.cloze/\n");
    let said = sandbox.feed(["vault", "set", "x"], b"y");
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
