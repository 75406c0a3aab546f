//! 3 a.m. on an empty machine: the URL of a history, and one key that opens it. No project, no checkpoint.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::Sandbox;

/// A project with two releases.
fn released() -> Sandbox {
    let sandbox = Sandbox::shop();
    let _ = sandbox.cloze(["deploy", "-o", "out/1"]).ok();
    let _ = sandbox.cloze(["deploy", "-o", "out/2", "--set-string", "logLevel=trace"]).ok();
    sandbox
}

/// A machine on which nothing is but the key of `sandbox`, and the variable that names it.
fn machine(sandbox: &Sandbox) -> Sandbox {
    let mut machine = Sandbox::new();
    let key = machine.root().join("home/one.key");
    fs::copy(sandbox.shop_path(".cloze/dev.key"), &key).unwrap();
    machine.variable("CLOZE_KEY_FILE", key.to_str().unwrap());
    machine
}

fn url(sandbox: &Sandbox) -> String {
    format!("file://{}", sandbox.shop_path(".cloze/history/dev").display())
}

fn store_id(sandbox: &Sandbox) -> String {
    let report = sandbox.cloze(["history", "--format", "json"]).ok();
    serde_json::from_str::<Value>(&report).unwrap()["storeId"].as_str().unwrap().to_owned()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = entry.map(|entry| (entry.path(), to.join(entry.file_name()))).unwrap();
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

#[test]
fn the_url_and_one_key_are_enough_to_look_and_to_go_back() {
    let sandbox = released();
    let (machine, url, id) = (machine(&sandbox), url(&sandbox), store_id(&sandbox));
    assert!(sandbox.cloze(["history"]).err().contains(&format!("store id {id}")));
    // Looking needs no key, and says that nothing is proven.
    let listed = machine.run(["history", "--history", &url]);
    assert!(listed.err().contains(&format!("store id {id}")) && listed.err().contains("nothing shows yet that this is the history"));
    assert_eq!(listed.ok().lines().count(), 3);
    // What opens values needs to know that it is the right one, once.
    let refused = machine.run(["show", "1", "--history", &url, "-e", "dev"]).fails(
        6,
        &[
            "nothing shows yet that this is the history that you mean: its store id is ",
            &id,
            "then name it with `--store-id` or CLOZE_STORE_ID",
        ],
    );
    assert!(!refused.contains("kind:"), "{refused}");
    let shown = machine.run(["show", "1", "--history", &url, "-e", "dev", "--store-id", &id]).ok();
    assert!(shown.starts_with("# release 1: deploy"), "{shown}");
    assert!(machine.run(["show", "--history", &url]).ok().starts_with("# release 2: deploy"));
    let compared = machine.run(["diff", "1", "2", "--history", &url, "-e", "dev"]).ok();
    assert_eq!(compared, sandbox.cloze(["diff", "1", "2"]).ok());
    assert_eq!(machine.run(["show", "2", "--diff", "--history", &url]).ok(), compared);
    let manifests = machine.run(["rollback", "1", "--history", &url, "-e", "dev", "-o", "-"]).ok();
    assert_eq!(manifests, sandbox.cloze(["show", "1", "--reveal"]).ok());
    let _ = machine.run(["rollback", "2", "--history", &url]).ok();
    assert!(machine.work().join("dist/dev").is_dir(), "as from a project, where no output is named");
    let listed = machine.run(["history", "--history", &url]);
    assert!(!listed.err().contains("nothing shows yet"), "{}", listed.err());
    assert_eq!(listed.ok().lines().count(), 5);
    assert!(machine.run(["history", "--verify", "--history", &url]).ok().starts_with("verified 4 releases"));
    // The project goes on from there.
    let _ = sandbox.cloze(["deploy"]).ok();
    assert_eq!(sandbox.cloze(["history"]).ok().lines().count(), 6);
}

#[test]
fn the_variables_say_it_as_well() {
    let sandbox = released();
    let mut machine = machine(&sandbox);
    for (name, value) in [("CLOZE_HISTORY_URL", url(&sandbox)), ("CLOZE_ENV", "dev".to_owned()), ("CLOZE_STORE_ID", store_id(&sandbox))] {
        machine.variable(name, &value);
    }
    assert!(machine.run(["show"]).ok().starts_with("# release 2"));
}

#[test]
fn a_planted_history_is_refused() {
    let sandbox = released();
    let url = url(&sandbox);
    let id = store_id(&sandbox);
    let history = sandbox.shop_path(".cloze/history/dev");
    // The same project, the same key: another history.
    let evil = Sandbox::shop();
    fs::copy(sandbox.shop_path(".cloze/dev.key"), evil.shop_path(".cloze/dev.key")).unwrap();
    fs::remove_file(evil.shop_path("secrets/dev.keyring")).unwrap();
    fs::remove_file(evil.shop_path("secrets/dev.vault")).unwrap();
    fs::remove_dir_all(evil.shop_path("templates")).unwrap();
    evil.write("cloze.yaml", "apiVersion: cloze.dev/v1\nproject: shop\nenvironments:\n  dev:\n");
    evil.write("templates/evil.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: evil }\ndata: { level: \"{{ level }}\" }\n");
    let _ = evil.cloze(["key", "init"]).ok();
    for level in ["1", "2", "3"] {
        let _ = evil.cloze(["deploy", "--set", &format!("level={level}")]).ok();
    }
    let planted = evil.shop_path(".cloze/history/dev");
    let known = machine(&sandbox);
    let _ = known.run(["show", "--history", &url, "--store-id", &id]).ok();
    fs::rename(&history, history.with_extension("old")).unwrap();
    copy(&planted, &history);
    let new = machine(&sandbox);
    let _ = new.run(["show", "--history", &url]).fails(6, &["nothing shows yet that this is the history that you mean"]);
    for words in [&["show"][..], &["history"], &["rollback", "1", "-o", "-"]] {
        let also = ["--history", &url, "--store-id", &id];
        let outcome = new.run([words, &also].concat());
        let _ = outcome.fails(
            6,
            &["this is another history than the one that is meant: its store id is ", &format!(", not {id}"), "correct the URL or the id"],
        );
        let _ = known.run([words, &also[..2]].concat()).fails(6, &["the history was changed, cut or replayed", "remove the checkpoint"]);
    }
    let _ = sandbox.cloze(["history", "--store-id", &id]).fails(6, &["this is another history than the one that is meant"]);
    // An identity of the right id beside what another key sealed.
    fs::copy(history.with_extension("old").join("store"), history.join("store")).unwrap();
    let _ = new.run(["show", "--history", &url, "--store-id", &id]).fails(6, &[" was written under keyring "]);
}

#[test]
fn files_where_the_command_runs_have_no_say() {
    let sandbox = released();
    let (machine, url) = (machine(&sandbox), url(&sandbox));
    copy(&sandbox.shop_path(".cloze/pins"), &machine.work().join(".cloze/pins"));
    copy(&sandbox.shop_path("secrets"), &machine.work().join("secrets"));
    let _ = machine.run(["show", "--history", &url]).fails(6, &["nothing shows yet that this is the history that you mean"]);
    assert!(!machine.work().join("dist").exists());
}

#[test]
fn a_terminal_shows_the_id_and_asks_once() {
    let sandbox = released();
    let (machine, url, id) = (machine(&sandbox), url(&sandbox), store_id(&sandbox));
    let question = "This is the history of environment dev of project shop, with the store id";
    let mut terminal = machine.terminal(["show", "--history", &url]);
    terminal.shows(question).shows(&id).shows("(yes/no)").types("no");
    assert!(terminal.ends(6).contains("nothing shows yet"));
    let mut terminal = machine.terminal(["show", "--history", &url]);
    terminal.shows(question).shows(&id).shows("(yes/no)").types("yes");
    assert!(terminal.ends(0).contains("# release 2"));
    assert!(!machine.terminal(["show", "--history", &url]).ends(0).contains("(yes/no)"));
}

#[test]
fn what_is_wrong_is_said() {
    let sandbox = released();
    let (mut machine, url, id) = (machine(&sandbox), url(&sandbox), store_id(&sandbox));
    let said = |machine: &Sandbox, words: &[&str], code, parts: &[&str]| drop(machine.run(words).fails(code, parts));
    let other = ["history", "--history", &url, "-e", "prod"];
    said(
        &machine,
        &other,
        6,
        &["this history belongs to environment dev of project shop, not to environment prod", "name it with `-e dev`"],
    );
    said(&machine, &["show", "--history", "file:///nothing"], 6, &["there are no releases in /nothing", "CLOZE_HISTORY_URL"]);
    let bad = ["show", "--history", &url, "--store-id", "A1"];
    said(
        &machine,
        &bad,
        2,
        &["`A1` of `--store-id` is not the id of a history", "write the 32 hexadecimal digits that `cloze history` prints"],
    );
    let current = ["rollback", "1", "--history", &url, "--store-id", &id, "--secrets", "current"];
    said(&machine, &current, 2, &["only the project says which vaults to ask", "go back with the recorded values"]);
    said(&machine, &["deploy", "--history", &url], 3, &["there is no file `cloze.yaml`"]);
    said(&machine, &["show"], 3, &["there is no file `cloze.yaml`"]);
    machine.variable("CLOZE_KEY_FILE", "/nothing/here");
    said(&machine, &["show", "--history", &url], 5, &["there is no key file `/nothing/here`", "name it with CLOZE_KEY_FILE"]);
    machine.variable("HOME", "relative");
    said(&machine, &["history", "--history", &url], 2, &["there is no home directory in which to remember", "set HOME or XDG_STATE_HOME"]);
}
