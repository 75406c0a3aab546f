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

#[test]
fn what_is_pruned_is_gone_and_the_rest_goes_on() {
    let sandbox = Sandbox::shop();
    for level in 1..=6 {
        let _ = sandbox.cloze(["deploy", "--set-string", &format!("logLevel=l{level}")]).ok();
    }
    // Another machine, which remembers release 6.
    let twin = sandbox.twin();
    for level in 7..=9 {
        let _ = sandbox.cloze(["deploy", "--set-string", &format!("logLevel=l{level}")]).ok();
    }
    let before = sandbox.files();
    let would = sandbox.cloze(["prune", "--keep", "2", "--dry-run"]).ok();
    assert!(would.starts_with("would remove 7 releases (") && would.ends_with("8 to 9 stay\n"), "{would}");
    let asked = sandbox.cloze(["prune", "--keep", "2"]);
    let _ = asked.fails(2, &["nothing was removed: `prune` asks first", "answer yes at a terminal, or add `--yes`"]);
    assert_eq!(sandbox.files(), before);
    let mut terminal = sandbox.on_terminal(["prune", "--keep", "4"]);
    terminal.shows("Remove ").shows(" of 5 releases from shop/.cloze/history/dev, for good? (yes/no)").types("yes");
    assert!(terminal.ends(0).contains("removed 5 releases"));
    let outcome = sandbox.cloze(["prune", "--keep", "1", "--yes", "--format", "json"]);
    assert!(outcome.err().contains("2 releases stay, not 1: from 8 on, which is needed"), "{}", outcome.err());
    let report: serde_json::Value = serde_json::from_str(&outcome.ok()).unwrap();
    assert_eq!(
        (&report["first"], &report["newest"], &report["removed"], &report["dryRun"]),
        (&8.into(), &9.into(), &[6, 7].into(), &false.into())
    );
    assert_eq!(sandbox.cloze(["history"]).ok().lines().count(), 3);
    assert!(sandbox.cloze(["history", "--verify"]).ok().starts_with("verified 2 releases"));
    let _ = sandbox
        .cloze(["show", "3"])
        .fails(6, &["release 3 was pruned; the oldest that was kept is 8", "list the releases with `cloze history`"]);
    let _ = sandbox.cloze(["rollback"]).ok();
    let _ = sandbox.cloze(["prune"]).fails(2, &["it is not said how many releases stay", "add `--keep COUNT`"]);
    let _ = sandbox.cloze(["prune", "--keep", "0", "--yes"]).fails(2, &["`0` is not a number of releases to keep", "write 1 or more"]);
    // The machine that remembers a release that is gone believes the marker, and no other history.
    let history = |sandbox: &Sandbox| sandbox.shop_path(".cloze/history/dev");
    std::fs::remove_dir_all(history(&twin)).unwrap();
    let copied = format!("file://{}", history(&twin).display());
    let _ = sandbox.cloze(["history", "copy", ".cloze/history/dev", &copied]).ok();
    assert!(twin.cloze(["show"]).ok().starts_with("# release 10"));
    std::fs::remove_file(history(&twin).join("pruned/00000008")).unwrap();
    let _ = twin.cloze(["show"]).fails(6, &["releases/0000/00/00000006: it is gone"]);
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

/// What reviews show is compressed; what holds a value is not, nor what says more of it than they show.
#[test]
fn nothing_that_a_review_hides_is_compressed() {
    let filler = "a line of text that is there many times\n    ".repeat(1600);
    let length_with = |beside: &str| {
        let sandbox = Sandbox::shop();
        sandbox.write(
            "templates/long.yaml",
            format!(
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: long\nstringData:\n  notes: |\n    {filler}{beside}\n---\n\
                 apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: long\ndata:\n  notes: |\n    {filler}\n"
            ),
        );
        sandbox.cloze(["deploy"]).ok();
        let folder = sandbox.shop_path(".cloze/history/dev/packs/0000/00");
        std::fs::read_dir(folder).unwrap().map(|pack| pack.unwrap().metadata().unwrap().len()).sum::<u64>()
    };
    // The Secret itself in base64, and nothing else of that length.
    let shown = length_with("{{ secret(name=\"db-password\") }}");
    assert!((80_000..120_000).contains(&shown), "{shown}");
    // The recipe, too: it says what the review does not.
    for beside in [
        "postgres://app:hunter2@db/{{ secret(name=\"db-password\") }}",
        "{{ secret(name=\"db-password\") | replace(from=\"a\", to=\"b\") }}",
        "{{ (\"text\" ~ secret(name=\"db-password\")) | sha256 }}",
    ] {
        let hidden = length_with(beside);
        assert!((220_000..300_000).contains(&hidden), "{beside}: {hidden}");
    }
    // A Secret without a blank has no recipe.
    let literal = length_with("nothing else");
    assert!((80_000..120_000).contains(&literal), "{literal}");
}
