//! `lock` and `--locked`

use std::fs;

use serde_json::Value;
use vault_mock::Server;
use vault_mock::hashicorp::Hashicorp;

use crate::support::Sandbox;
use crate::vaults::seed;
use crate::vaults::shop;

const FIRST: &str = "\
# made by cloze lock
apiVersion: cloze.dev/lock/v1
environment: \"dev\"
secrets:
  - { vault: \"default\", name: \"api-token\", version: \"1\" }
  - { vault: \"default\", name: \"db-password\", version: \"2\" }
  - { vault: \"default\", name: \"session-key\", version: \"1\" }
  - { vault: \"default\", name: \"smtp\", version: \"1\" }
";

pub(crate) fn put(server: &Server<Hashicorp>, name: &str, value: &str) {
    server.protocol().put(&format!("secret/{name}"), [("value".to_owned(), value.into())].into_iter().collect()).unwrap();
}

#[test]
fn it_writes_the_resolved_versions_and_says_what_changed() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { @@ } }");
    let outcome = sandbox.cloze(["lock", "--check"]);
    assert_eq!(outcome.out().lines().next(), Some("default/api-token new → 1"));
    outcome.fails(1, &["locks/dev.lock does not exist: run `cloze lock`"]);
    assert!(!sandbox.shop_path("locks").exists());
    sandbox.cloze(["lock"]).fails(0, &["4 secrets found", "wrote locks/dev.lock: 4 secrets"]);
    assert_eq!(sandbox.read("locks/dev.lock"), FIRST);
    let outcome = sandbox.cloze(["lock", "--check"]);
    assert_eq!(outcome.out(), "");
    outcome.fails(0, &["locks/dev.lock is up to date: 4 secrets"]);
    put(&server, "api-token", "a-2");
    let outcome = sandbox.cloze(["lock", "--check", "--format", "json"]);
    let json: Value = serde_json::from_str(&outcome.out()).unwrap();
    assert_eq!(json["changes"][0]["name"], "api-token");
    assert_eq!((&json["changes"][0]["before"], &json["changes"][0]["after"], &json["written"]), (&"1".into(), &"2".into(), &false.into()));
    outcome.code(1);
    sandbox.cloze(["lock", "--check"]).fails(1, &["locks/dev.lock is out of date: run `cloze lock`"]);
    assert_eq!(sandbox.read("locks/dev.lock"), FIRST);
    assert_eq!(sandbox.cloze(["lock"]).ok(), "default/api-token 1 → 2\n");
    assert_eq!(sandbox.read("locks/dev.lock"), FIRST.replace("api-token\", version: \"1", "api-token\", version: \"2"));
}

#[test]
fn a_locked_run_fills_with_exactly_those_versions() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { @@ } }");
    let absent = "error: environment `dev` has no lock file at `locks/dev.lock`\n  run `cloze lock`, and keep the file in version control";
    sandbox.cloze(["deploy", "--locked"]).fails(3, &[absent]);
    sandbox.cloze(["check", "--online", "--locked"]).fails(3, &[absent]);
    sandbox.cloze(["check", "--locked"]).fails(2, &["--online"]);
    sandbox.cloze(["lock"]).ok();
    put(&server, "api-token", "a-2");
    sandbox.cloze(["check", "--online", "--locked"]).fails(0, &["4 secrets found"]);
    sandbox.cloze(["deploy", "--locked"]).fails(0, &["release 1 recorded"]);
    assert!(sandbox.cloze(["show", "--reveal"]).ok().contains("token: YS0x\n"));
    sandbox
        .cloze(["diff", "--locked"])
        .fails(2, &["error: `--locked` compares values, and remote vaults are not asked for any\n  add `--online`"]);
    assert_eq!(sandbox.cloze(["diff", "--online", "--locked"]).ok(), "no differences\n");
    sandbox.cloze(["deploy"]).fails(0, &["release 2 recorded"]);
    assert!(sandbox.cloze(["show", "--reveal"]).ok().contains("token: YS0y\n"));
}

#[test]
fn a_blank_without_an_entry_is_an_error_and_an_entry_without_a_blank_a_warning() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { @@ } }");
    let lock = FIRST.replace("name: \"api-token\", version", "name: \"api-tokens\", version");
    sandbox.write("locks/dev.lock", &lock);
    let words =
        "error: templates/secrets.yaml:38:13: the lock file of environment `dev` has no version of default/api-token\n  run `cloze lock`";
    for command in ["deploy --locked", "check --online --locked", "diff --online --locked"] {
        sandbox.cloze(command.split(' ')).fails(4, &[words]);
    }
    assert!(server.journal().calls().is_empty());
    sandbox.write("locks/dev.lock", format!("{FIRST}  - {{ vault: other, name: old, version: \"1\" }}\n"));
    let words = "warning: locks/dev.lock:9:5: no template uses other/old\n  run `cloze lock` to remove it";
    for command in ["deploy --locked", "check --online --locked", "diff --online --locked"] {
        sandbox.cloze(command.split(' ')).fails(0, &[words]);
    }
    assert_eq!(sandbox.cloze(["lock"]).ok(), "other/old 1 → removed\n");
}

#[test]
fn a_pinned_blank_is_locked_as_it_asks() {
    let sandbox = Sandbox::shop();
    sandbox.feed(["vault", "set", "api-token"], b"second").ok();
    let secrets = sandbox.read("templates/secrets.yaml").replace("name=\"api-token\"", "name=\"api-token\", version=\"1\"");
    sandbox.write("templates/secrets.yaml", secrets);
    assert!(sandbox.cloze(["lock"]).ok().starts_with("default/api-token@1 new → 1\n"));
    assert!(sandbox.read("locks/dev.lock").contains("{ vault: \"default\", name: \"api-token\", asked: \"1\", version: \"1\" }\n"));
    sandbox.cloze(["deploy", "--locked"]).ok();
}

#[test]
fn what_is_no_lock_is_refused_where_it_is_used_and_written_anew_by_lock() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["lock"]).ok();
    let good = sandbox.read("locks/dev.lock");
    let changed = |from: &str, to: &str| good.replacen(from, to, 1).into_bytes();
    let conflict = format!("<<<<<<< ours\n{good}=======\n{good}>>>>>>> theirs\n").into_bytes();
    let cases = [
        (
            changed("apiVersion: cloze.dev/lock/v1\n", ""),
            ":2:1: the lock file has no `apiVersion`",
            "add `apiVersion: …`, or run `cloze lock`",
        ),
        (changed("name: \"smtp\"", "nmae: \"smtp\""), ":8:5: `secrets[3]` has no `name`", "write `name`, or run `cloze lock`"),
        (
            changed("\"dev\"", "\"prod\""),
            ":3:14: this is the lock of environment `prod`, not of `dev`",
            "restore the file from version control, or run `cloze lock`",
        ),
        (
            changed("lock/v1", "lock/v2"),
            ":2:13: `cloze.dev/lock/v2` at `apiVersion` is not known to this version of cloze",
            "use a newer cloze, or go back to `cloze.dev/lock/v1`: run `cloze lock`",
        ),
        (Vec::new(), ": a lock file is one document", "run `cloze lock`"),
        (vec![0xff, 0, b'x'], ": a lock file is UTF-8 text", "restore it from version control, or run `cloze lock`"),
        (b"garbage".to_vec(), ":1:1: ", ", or run `cloze lock`"),
        (conflict, ":", ", or run `cloze lock`"),
    ];
    for (bytes, reason, next) in cases {
        sandbox.write("locks/dev.lock", &bytes);
        for command in ["deploy --locked", "check --online --locked", "diff --locked"] {
            let err = sandbox.cloze(command.split(' ')).fails(3, &[&format!("error: locks/dev.lock{reason}"), &format!("{next}\n")]);
            assert!(err.lines().filter(|line| line.starts_with("  ")).all(|line| line.ends_with("run `cloze lock`")), "{err}");
        }
        let warning = format!("warning: locks/dev.lock{reason}");
        let ignored = ", so the lock file is ignored\n  ";
        sandbox.cloze(["lock", "--check"]).fails(
            1,
            &[&warning, ignored, "run `cloze lock` to rewrite it\n", "locks/dev.lock is not a lock file: run `cloze lock` to rewrite it"],
        );
        assert_eq!(fs::read(sandbox.shop_path("locks/dev.lock")).unwrap(), bytes);
        let outcome = sandbox.cloze(["lock"]);
        assert!(outcome.out().contains("default/smtp new → 1\n"), "{}", outcome.out());
        outcome.fails(0, &[&warning, ignored, "review the rewritten file\n", "wrote locks/dev.lock: 4 secrets"]);
        assert_eq!(sandbox.read("locks/dev.lock"), good);
    }
}

#[test]
fn a_locked_version_that_is_not_there_is_told_with_its_line() {
    let server = Hashicorp::serve(seed()).unwrap();
    for sandbox in [Sandbox::shop(), shop(&server, "{ default: { @@ } }")] {
        sandbox.cloze(["lock"]).ok();
        let lock = sandbox.read("locks/dev.lock");
        sandbox.write("locks/dev.lock", lock.replacen("version: \"1\"", "version: \"9\"", 1));
        for command in ["deploy --locked", "check --online --locked"] {
            sandbox.cloze(command.split(' ')).fails(
                5,
                &[
                    "error: templates/secrets.yaml:38:13: ",
                    "; version 9 was asked for, as locks/dev.lock:5:5 says\n  ",
                    ", or run `cloze lock` for the versions that are there\n",
                ],
            );
        }
        sandbox.cloze(["deploy"]).ok();
    }
}

#[test]
fn a_lock_file_lies_in_the_project() {
    let sandbox = Sandbox::shop();
    std::os::unix::fs::symlink(sandbox.root().join("home"), sandbox.shop_path("locks")).unwrap();
    sandbox.cloze(["lock"]).fails(3, &["leaves the project"]);
    assert_eq!(fs::read_dir(sandbox.root().join("home")).unwrap().count(), 0);
}
