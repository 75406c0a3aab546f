//! Literal values of Secrets: no review shows them, and a warning says that they are there.

use std::fs;

use crate::commands::starter::documents;
use crate::support::Sandbox;

/// Canaries in each place that a literal can be written, raw and as base64.
const CANARIES: [&str; 5] = ["canary-one", "Y2FuYXJ5LW9uZQ", "canary-two", "canary-three", "Y2FuYXJ5"];

/// The shop with literals under `data`, `stringData` and in a file of `config:`.
fn literal_shop(one: &str) -> Sandbox {
    let sandbox = Sandbox::shop();
    write_literals(&sandbox, one);
    fs::create_dir_all(sandbox.shop_path("config/tls")).unwrap();
    sandbox.write("config/tls/tls.key", "-----BEGIN PRIVATE KEY-----\ncanary-three\n-----END PRIVATE KEY-----\n");
    let project = sandbox
        .read("cloze.yaml")
        .replace("\nconfig:\n", "\nconfig:\n  - { kind: Secret, name: tls, files: [\"config/tls/*\"], names: stable }\n");
    assert!(project.contains("name: tls"), "the starter has no `config:`");
    sandbox.write("cloze.yaml", project);
    sandbox
}

fn write_literals(sandbox: &Sandbox, one: &str) {
    sandbox.write(
        "templates/literal.yaml",
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{ name: literal, annotations: {{ cloze.dev/names: stable }} }}\ndata: {{ one: {one} }}\n\
             stringData:\n  two: canary-two\n  mixed: \"user:{{{{ secret(name=\"db-password\") }}}}\"\n"
        ),
    );
}

fn assert_hidden(text: &str) {
    for canary in CANARIES {
        assert!(!text.contains(canary), "{canary} is in:\n{text}");
    }
}

#[test]
fn no_review_shows_a_literal() {
    let sandbox = literal_shop("Y2FuYXJ5LW9uZQ==");
    for arguments in [
        &["render"] as &[&str],
        &["render", "--format", "json"],
        &["check"],
        &["diff"],
        &["diff", "--format", "json"],
        &["deploy", "--dry-run"],
    ] {
        if arguments[0] == "diff" {
            sandbox.cloze(["deploy"]).ok();
            fs::remove_file(sandbox.shop_path("templates/literal.yaml")).unwrap();
        }
        let outcome = sandbox.cloze(arguments.iter().copied());
        assert_hidden(&outcome.out());
        assert_hidden(&outcome.err());
        outcome.ok();
        write_literals(&sandbox, "Y2FuYXJ5LW9uZQ==");
    }
    for arguments in [&["show"] as &[&str], &["show", "--format", "json"], &["rollback", "1", "--dry-run"]] {
        sandbox.cloze(["deploy"]).ok();
        let outcome = sandbox.cloze(arguments.iter().copied());
        assert_hidden(&outcome.out());
        assert_hidden(&outcome.err());
        outcome.ok();
    }
    assert!(sandbox.cloze(["show", "--reveal"]).ok().contains("Y2FuYXJ5LW9uZQ=="));
    let objects = documents(&sandbox.cloze(["render"]).ok());
    let of = |name: &str| &objects.iter().find(|object| object["metadata"]["name"] == name).unwrap()["stringData"];
    assert_eq!((of("literal")["one"].as_str(), of("literal")["two"].as_str()), (Some("<literal>"), Some("<literal>")));
    assert_eq!(of("literal")["mixed"], "user:<secret default/db-password>");
    assert_eq!(of("tls")["tls.key"], "<literal>");
}

#[test]
fn a_changed_literal_shows_as_changed() {
    let sandbox = literal_shop("Y2FuYXJ5LW9uZQ==");
    sandbox.cloze(["deploy"]).ok();
    assert_eq!(sandbox.cloze(["diff"]).ok(), "no differences\n");
    write_literals(&sandbox, "Y2FuYXJ5LTI=");
    sandbox.write("config/tls/tls.key", "another key\n");
    for arguments in [&["diff"] as &[&str], &["deploy", "--dry-run"]] {
        let diff = sandbox.cloze(arguments.iter().copied()).ok();
        assert_hidden(&diff);
        for key in ["one", "tls.key"] {
            assert!(diff.contains(&format!("\n~ {key}: another literal value\n")), "{key} in\n{diff}");
        }
        assert!(!diff.contains(" two:"), "{diff}");
    }
    sandbox.cloze(["deploy"]).ok();
    let preview = sandbox.cloze(["rollback", "1", "--dry-run"]).ok();
    assert_hidden(&preview);
    assert!(preview.contains("\n~ one: another literal value\n"), "{preview}");
}

#[test]
fn a_secret_with_literals_is_warned_of_once() {
    let sandbox = literal_shop("Y2FuYXJ5LW9uZQ==");
    let reported = |sandbox: &Sandbox| {
        let err = sandbox.cloze(["check"]).err();
        err.lines().filter(|line| line.contains("holds literal values")).map(str::to_owned).collect::<Vec<_>>()
    };
    let lines = reported(&sandbox);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("templates/literal.yaml:4:") && line.ends_with("`one`, `two`")), "{lines:?}");
    let accepted = sandbox.read("templates/literal.yaml").replace("names: stable", "names: stable, cloze.dev/literals: accepted");
    sandbox.write("templates/literal.yaml", accepted);
    let config = sandbox.read("cloze.yaml").replace("names: stable }", "names: stable, annotations: { cloze.dev/literals: accepted } }");
    sandbox.write("cloze.yaml", config);
    assert_eq!(reported(&sandbox), Vec::<String>::new());
    let wrong = sandbox.read("templates/literal.yaml").replace("literals: accepted", "literals: fine");
    sandbox.write("templates/literal.yaml", wrong);
    sandbox.cloze(["check"]).fails(4, &["`cloze.dev/literals` is not `accepted`", "write `accepted`, or remove it"]);
}

#[test]
fn a_log_masker_is_told_of_literals() {
    let mut sandbox = literal_shop("Y2FuYXJ5LW9uZQ==");
    sandbox.variable("GITHUB_ACTIONS", "true");
    let err = sandbox.cloze(["deploy", "--mask-ci"]).err();
    for line in ["::add-mask::canary-one", "::add-mask::canary-two", "::add-mask::canary-three"] {
        assert!(err.contains(line), "{line} in\n{err}");
    }
}
