//! Going back, exactly.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::support::Outcome;
use crate::support::Sandbox;

/// A Secret with a value of any bytes, one of several lines, and one inside a text.
const EXTRA: &str = r#"apiVersion: v1
kind: Secret
metadata: { name: extra }
type: Opaque
data:
  raw: {{ secret(name="raw") }}
stringData:
  lines: {{ secret(name="lines") }}
  text: "user:{{ secret(name="db-password") | urlencode }}:{{ logLevel }}"
"#;

/// The secrets of release `number`.
fn values(number: u8) -> [(&'static str, Vec<u8>); 3] {
    let raw = (0..=255).map(|byte: u8| byte.wrapping_mul(number).wrapping_add(number)).chain([0xff, 0xfe, 0]).collect();
    let lines = format!("-----BEGIN {number}-----\nä \"quoted\" '$x' {{{{ no }}}}\n\n\t# no comment: yes\n-----END-----\n");
    [("raw", raw), ("lines", lines.into_bytes()), ("db-password", format!("p@ss/w0rd&{number}").into_bytes())]
}

fn set(sandbox: &Sandbox, number: u8) {
    for (name, value) in values(number) {
        let _ = sandbox.feed(["vault", "set", name], &value).ok();
    }
}

fn deploy(sandbox: &Sandbox, number: u8) -> Outcome {
    sandbox.cloze(["deploy", "--set-string", &format!("logLevel=v{number}"), "--note", &format!("the note {number}")])
}

/// The emitted files by name.
fn files(sandbox: &Sandbox) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(sandbox.shop_path("dist/dev")).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap())).collect()
}

/// `shop` with releases 1 to `count`, each with other values and secrets, and what each wrote out.
fn releases(count: u8) -> (Sandbox, Vec<BTreeMap<String, Vec<u8>>>) {
    let sandbox = Sandbox::shop();
    sandbox.write("templates/extra.yaml", EXTRA);
    let mut written = vec![BTreeMap::new()];
    for number in 1..=count {
        set(&sandbox, number);
        if number % 2 == 0 {
            sandbox.write(
                "templates/more.yaml",
                format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: more }}\ndata: {{ a: \"{number}\" }}\n"),
            );
        } else {
            let _ = fs::remove_file(sandbox.shop_path("templates/more.yaml"));
        }
        let _ = deploy(&sandbox, number).ok();
        written.push(files(&sandbox));
    }
    (sandbox, written)
}

fn remove(sandbox: &Sandbox, places: &[&str]) {
    for place in places {
        fs::remove_dir_all(sandbox.shop_path(place)).unwrap();
    }
}

#[test]
fn bytes_out_are_bytes_recorded_with_nothing_but_the_history_and_its_key() {
    let (sandbox, written) = releases(6);
    // No vault, no keyring, no templates, no values, no earlier output.
    remove(&sandbox, &["secrets", "templates", "values", "config", "dist"]);
    let mut number = 6;
    for target in [1, 5, 2, 6, 3, 4, 1] {
        let said = sandbox.cloze(["rollback", &target.to_string()]);
        let err = said.err();
        let _ = said.ok();
        number += 1;
        assert!(err.contains(&format!("release {number} recorded: ")), "{err}");
        assert!(files(&sandbox) == written[target], "release {target}: names and bytes");
        assert!(sandbox.shown(number) == sandbox.shown(target as u64));
        let _ = sandbox.cloze(["rollback", &target.to_string(), "-o", "-"]).ok();
    }
    assert_eq!(sandbox.proved(), number);
    // The values are those that were set.
    let text = sandbox.cloze(["show", "1", "--reveal"]).ok();
    for (name, value) in values(1) {
        assert!(name == "db-password" || text.contains(&base64(&value)), "{name}");
    }
    let stream = sandbox.cloze(["rollback", "3", "-o", "-"]);
    assert!(stream.stdout == sandbox.shown(3));
    println!("rollback: 8 rollbacks over 6 releases, all bytes as recorded");
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn pinned_fetches_the_recorded_versions_without_templates() {
    let (sandbox, written) = releases(3);
    remove(&sandbox, &["templates", "values", "config"]);
    set(&sandbox, 9);
    for target in [1, 2] {
        let _ = sandbox.cloze(["rollback", &target.to_string(), "--secrets", "pinned"]).ok();
        assert!(files(&sandbox) == written[target], "release {target}");
    }
    // A vault that does not have them is an error that names each, and nothing is recorded.
    let keyring = sandbox.read("secrets/dev.keyring");
    remove(&sandbox, &["secrets"]);
    sandbox.write("secrets/dev.keyring", keyring);
    set(&sandbox, 9);
    let _ =
        sandbox.cloze(["rollback", "2", "--secrets", "pinned"]).fails(5, &["`raw` has no version 2", "`lines` has no version 2", "smtp"]);
    assert_eq!(sandbox.releases().len(), 5);
}

#[test]
fn current_fills_in_what_the_vault_holds_now() {
    let (sandbox, written) = releases(3);
    fs::remove_file(sandbox.shop_path("templates/extra.yaml")).unwrap();
    set(&sandbox, 9);
    let _ = sandbox.cloze(["rollback", "1", "--secrets", "current"]).ok();
    let now = files(&sandbox);
    assert!(now != written[1]);
    let same = |name: &&String| !name.contains("secret") && written[1].get(*name) == now.get(*name);
    assert!(now.keys().filter(same).count() >= 4, "what holds no secret is as it was");
    // It is what a deploy of the sources of then makes now.
    sandbox.write("templates/extra.yaml", EXTRA);
    let said = deploy(&sandbox, 1);
    assert!(said.err().contains("nothing changed: release 4 is current"), "{}", said.err());
    let _ = said.ok();
    // A secret that is gone is an error; the recorded values still serve.
    let _ = sandbox.cloze(["vault", "remove", "raw"]).ok();
    let _ = sandbox.cloze(["rollback", "2", "--secrets", "current"]).fails(5, &["`raw` was removed at "]);
    let said = sandbox.cloze(["rollback", "2"]);
    let err = said.err();
    let _ = said.ok();
    assert!(
        err.contains("default/raw is restored at version 2, and local vault ") && err.contains(" no longer gives it: `raw` was removed")
    );
    assert!(err.contains("default/lines is restored at version 2, and local vault ") && err.contains(" holds version 4"), "{err}");
    assert!(err.contains("check that the restored value is still accepted, or use `--secrets current`"), "{err}");
    assert!(!err.contains("smtp is restored"), "what is current is not warned of: {err}");
    assert!(files(&sandbox) == written[2]);
}

#[test]
fn the_default_is_the_newest_earlier_release_with_other_manifests() {
    let (sandbox, written) = releases(2);
    let back = |expected: usize, said: &str| {
        let outcome = sandbox.cloze(["rollback"]);
        assert!(outcome.err().contains(said), "{}", outcome.err());
        let _ = outcome.ok();
        assert!(files(&sandbox) == written[expected]);
    };
    back(1, "going back to release 1 from release 2:");
    // Back and forth: the rollback of a rollback.
    back(2, "going back to release 2 from release 3:");
    back(1, "going back to release 3 from release 4:");
    let actions: Vec<String> = sandbox.releases().into_iter().map(|release| release.action).collect();
    assert_eq!(actions, ["deploy", "deploy", "rollback to 1", "rollback to 2", "rollback to 3"]);
}

/// Deploys number `number` to a stdout that takes nothing.
fn deploy_into_the_void(sandbox: &Sandbox, number: u8) {
    let mut command = sandbox.command(["-C", "shop", "deploy", "-o", "-", "--set-string", &format!("logLevel=v{number}")]);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let _ = Outcome::of(command.stdout(full).output().unwrap()).code(8);
}

fn outcomes(sandbox: &Sandbox) -> Vec<String> {
    sandbox.releases().into_iter().map(|release| release.outcome).collect()
}

#[test]
fn what_was_never_written_out_is_gone_back_to_on_demand_only() {
    let sandbox = Sandbox::shop();
    deploy_into_the_void(&sandbox, 1);
    let _ = deploy(&sandbox, 2).ok();
    let none = "no earlier release with other manifests is known to have been written";
    let _ = sandbox.cloze(["rollback"]).fails(6, &[none, "name the release to go back to"]);
    let said = sandbox.cloze(["rollback", "1"]);
    let err = said.err();
    let _ = said.ok();
    assert!(err.contains("release 1 failed") && err.contains("review its manifests"), "{err}");
    deploy_into_the_void(&sandbox, 4);
    let _ = deploy(&sandbox, 5).ok();
    let said = sandbox.cloze(["rollback"]);
    let err = said.err();
    let _ = said.ok();
    assert!(err.contains("going back to release 3 from release 5:") && !err.contains("failed"), "{err}");
    // What a killed run left has no outcome; the checkpoint would know that there was one.
    fs::remove_dir_all(sandbox.shop_path(".cloze/history/dev/events")).unwrap();
    fs::remove_dir_all(sandbox.shop_path(".cloze/pins")).unwrap();
    let _ = deploy(&sandbox, 7).ok();
    let _ = sandbox.cloze(["rollback"]).fails(6, &["no earlier release with other manifests is known"]);
    let said = sandbox.cloze(["rollback", "5"]);
    assert!(said.err().contains("the outcome of release 5 is unknown: it may not have been written"), "{}", said.err());
    let _ = said.ok();
}

#[test]
fn what_was_written_out_once_stays_so() {
    let sandbox = Sandbox::shop();
    let _ = deploy(&sandbox, 1).ok();
    deploy_into_the_void(&sandbox, 1);
    assert_eq!(outcomes(&sandbox), ["emitted"]);
    deploy_into_the_void(&sandbox, 2);
    assert_eq!(outcomes(&sandbox), ["emitted", "failed"]);
    let _ = deploy(&sandbox, 2).ok();
    assert_eq!(outcomes(&sandbox), ["emitted", "emitted"]);
}

#[test]
fn to_what_is_current_nothing_changes() {
    let (sandbox, written) = releases(2);
    for secrets in ["recorded", "current", "pinned"] {
        let said = sandbox.cloze(["rollback", "2", "--secrets", secrets]);
        assert!(said.err().contains("nothing changed: release 2 is current"), "{}", said.err());
        let _ = said.ok();
    }
    let _ = sandbox.cloze(["rollback", "1"]).ok();
    // Release 3 has the manifests of release 1.
    let report: Value = serde_json::from_str(&sandbox.cloze(["rollback", "1", "--format", "json"]).ok()).unwrap();
    assert_eq!((report["release"].as_u64(), report["recorded"].as_bool()), (Some(3), Some(false)));
    assert_eq!(sandbox.releases().len(), 3);
    assert!(files(&sandbox) == written[1]);
}

#[test]
fn the_masked_difference_is_shown_before_anything_is_done() {
    let (sandbox, _) = releases(2);
    let before = (sandbox.files(), sandbox.releases());
    let dry = sandbox.cloze(["rollback", "1", "--dry-run"]).ok();
    assert!(dry.contains("\n~ LOG_LEVEL: v2 → v1\n"), "{dry}");
    assert!(sandbox.files() == before.0 && sandbox.releases() == before.1, "a dry run changes nothing");
    let said = sandbox.cloze(["rollback", "1", "--note", "because of\nthe fire"]);
    let err = said.err();
    assert_eq!(said.ok(), "");
    let (shown, done) = (err.find("\n~ LOG_LEVEL: v2 → v1").unwrap(), err.find("release 3 recorded").unwrap());
    assert!(shown < done && err.contains(dry.trim_end()), "{err}");
    assert!(err.contains("default/raw"), "a changed secret is named: {err}");
    for number in 1..=2 {
        for (name, value) in values(number) {
            let raw = String::from_utf8_lossy(&value).into_owned();
            assert!(!err.contains(raw.trim()) && !err.contains(&base64(&value)), "the value of {name}");
        }
    }
    assert_eq!(sandbox.releases()[2].note, "because of\nthe fire");
    assert!(sandbox.cloze(["show", "3"]).ok().contains("# because of\n# the fire\n"));
}

#[test]
fn where_there_is_nothing_to_go_back_to() {
    let sandbox = Sandbox::shop();
    let _ = sandbox
        .cloze(["rollback"])
        .fails(6, &["there are no releases in shop/.cloze/history/dev", "deploy first; or, if there were releases"]);
    let _ = sandbox.cloze(["deploy"]).ok();
    let _ = sandbox.cloze(["rollback"]).fails(6, &["no earlier release has other manifests", "name the release to go back to"]);
    for number in ["2", "99", "0"] {
        let words = format!("there is no release {number}; the newest is 1");
        let _ = sandbox.cloze(["rollback", number]).fails(6, &[&words, "list the releases with `cloze history`"]);
    }
    let _ = sandbox.cloze(["rollback", "one"]).fails(2, &["`one` is not a release number"]);
    // Without the key there is no way, and the error says where it should be.
    fs::remove_file(sandbox.shop_path(".cloze/dev.key")).unwrap();
    let _ = sandbox.cloze(["rollback", "1"]).fails(5, &["there is no key file `shop/.cloze/dev.key`", "restore it"]);
}
