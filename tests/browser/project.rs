//! A project whose review has everything that a page can show.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::Output;

/// What would be an element if it were not text.
pub(crate) const MARKUP: &str = "</pre></section><script>alert(1)</script><img src=x onerror=alert(1)> & \"quoted\" 'text' &lt;";

/// What a long name looks like.
const LONG: &str = "a-configuration-with-a-name-that-goes-on-and-on-until-it-is-too-long-for-a-telephone";

/// The review of the starter after a secret was rotated, with an object of every fate.
pub(crate) fn review() -> String {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| cloze(folder.path(), arguments);
    run(&["init", "shop"]);
    let shop = folder.path().join("shop");
    let template = |age: u32, text: &str| {
        let line = format!("add_header Strict-Transport-Security \"max-age={age}; {}\" always;", "includeSubDomains; ".repeat(20));
        let quoted = serde_json::to_string(text).unwrap();
        let names = "annotations: { cloze.dev/names: stable }";
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: {LONG}, {names} }}\ndata:\n  nginx.conf: |\n    server {{\n      {line}\n    }}\n  text: {quoted}\n"
        )
    };
    fs::write(shop.join("templates/long.yaml"), template(31_536_000, "plain")).unwrap();
    run(&["-C", "shop", "deploy"]);
    run(&["-C", "shop", "vault", "set", "db-password", "--generate"]);
    fs::write(shop.join("templates/long.yaml"), template(600, MARKUP)).unwrap();
    fs::remove_file(shop.join("templates/service.yaml")).unwrap();
    fs::write(shop.join("templates/new.yaml"), "apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: new }\n").unwrap();
    let output = run(&["-C", "shop", "diff", "--format", "html"]);
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn cloze(folder: &Path, arguments: &[impl AsRef<OsStr> + std::fmt::Debug]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloze"));
    let output = command.args(arguments).current_dir(folder).env_clear().env("HOME", folder).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
