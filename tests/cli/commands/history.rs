//! Where a history is, and its copies.

use crate::support::Sandbox;

#[test]
fn a_copy_is_carried_on_and_is_a_history() {
    let sandbox = Sandbox::shop();
    let _ = sandbox.cloze(["deploy"]).ok();
    let copy = || sandbox.cloze(["history", "copy", ".cloze/history/dev", "releases/dev"]).ok();
    let first = copy();
    assert!(first.contains("has 1 release: 5 objects written, 0 were there already"), "{first}");
    let _ = sandbox.cloze(["deploy", "--set-string", "logLevel=trace"]).ok();
    let second = copy();
    assert!(second.contains("has 2 releases: 3 objects written, 5 were there already"), "{second}");
    let verified = sandbox.cloze(["history", "--verify", "--history", "releases/dev"]).ok();
    assert!(verified.starts_with("verified 2 releases"), "{verified}");
    let shown = sandbox.cloze(["config", "--history", "releases/dev"]).ok();
    assert!(shown.lines().any(|line| line.contains("history.url") && line.contains("--history")), "{shown}");
}

#[test]
fn a_copy_needs_two_urls_of_one_history() {
    let sandbox = Sandbox::shop();
    let empty = sandbox.cloze(["history", "copy", ".cloze/history/dev", "releases/dev"]);
    let _ = empty.fails(6, &["there are no releases in "]);
    let _ = sandbox.cloze(["deploy"]).ok();
    let unknown = sandbox.cloze(["history", "copy", "ftp://releases", "releases/dev"]);
    let _ = unknown.fails(2, &["`ftp://releases` of `FROM` names a store that is not known", "write a directory of the project"]);
    let other = Sandbox::shop();
    let _ = other.cloze(["deploy"]).ok();
    let elsewhere = format!("file://{}", other.shop_path(".cloze/history/dev").canonicalize().unwrap().display());
    let differs = sandbox.cloze(["history", "copy", ".cloze/history/dev", &elsewhere]);
    let _ = differs.fails(6, &["is not a copy of ", ": store is another one there", "copy to a place that is empty"]);
}

#[cfg(all(feature = "s3", feature = "gs", feature = "az"))]
#[test]
fn an_endpoint_that_only_the_project_names_gets_nothing() {
    let entries = [
        ("s3://releases/dev", "region: eu-central-1, endpoint: \"https://s3.evil.example\"", "https://s3.evil.example"),
        (
            "s3://releases/dev",
            "endpoint: \"https://releases.s3.eu-central-1.amazonaws.com\"",
            "https://releases.s3.eu-central-1.amazonaws.com",
        ),
        ("gs://releases/dev", "endpoint: \"https://releases.storage.googleapis.com\"", "https://releases.storage.googleapis.com"),
        ("az://releases/dev", "account: shop, endpoint: \"https://a.shop.blob.core.windows.net\"", "https://a.shop.blob.core.windows.net"),
    ];
    for (url, also, origin) in entries {
        let mut sandbox = Sandbox::shop();
        for (name, value) in [("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "canary"), ("AZURE_STORAGE_KEY", "Y2FuYXJ5")]
        {
            sandbox.variable(name, value);
        }
        let history = format!("values/dev.yaml]\n    history: {{ url: \"{url}\", {also} }}");
        sandbox.write("cloze.yaml", sandbox.read("cloze.yaml").replacen("values/dev.yaml]", &history, 1));
        let refused = sandbox.cloze(["history"]);
        let reason = format!("the history would send this run's credentials to {origin}, which is not a trusted origin");
        let _ = refused.fails(6, &[&reason, &format!("add {origin} to CLOZE_TRUST")]);
    }
}

#[cfg(feature = "az")]
#[test]
fn what_a_store_lacks_is_said() {
    let mut sandbox = Sandbox::shop();
    sandbox.variable("CLOZE_DEADLINE", "1");
    let said = |url: &str, words: &[&str]| drop(sandbox.cloze(["history", "--history", url]).fails(6, words));
    said("az://releases/dev", &["the history `az://releases/dev` has no storage account", "AZURE_STORAGE_ACCOUNT"]);
    said(
        "s3://releases/dev",
        &["the history `s3://releases/dev`: no AWS region is set", "set `region` beside the history's URL, or AWS_REGION"],
    );
}
