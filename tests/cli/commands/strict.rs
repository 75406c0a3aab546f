//! `--strict`, and warnings of fields that a cluster never lets change

use crate::support::Sandbox;

const LITERAL: &str = "apiVersion: v1
kind: Secret
metadata: { name: pull, annotations: { cloze.dev/names: stable } }
type: Opaque
stringData: { a: b }
";

#[test]
fn a_warning_fails_a_strict_run_before_anything_is_written() {
    let sandbox = Sandbox::shop();
    for arguments in [&["check"][..], &["check", "--online"], &["render"], &["diff"], &["deploy", "--dry-run"]] {
        sandbox.cloze(arguments.iter().copied().chain(["--strict"])).ok();
    }
    sandbox.write("templates/pull.yaml", LITERAL);
    let before = sandbox.files();
    for arguments in
        [&["check"][..], &["check", "--online"], &["render"], &["render", "-o", "review"], &["diff"], &["deploy", "--dry-run"], &["deploy"]]
    {
        let parts = ["error: templates/pull.yaml:5:18: Secret shop-dev/pull holds literal values"];
        let outcome = sandbox.cloze(arguments.iter().copied().chain(["--strict"]));
        let reported = outcome.fails(4, &parts);
        assert!(!reported.contains("warning:"), "{reported}");
    }
    assert!(sandbox.files() == before);
    sandbox.cloze(["deploy"]).fails(0, &["warning: templates/pull.yaml:5:18: Secret shop-dev/pull holds literal values"]);
}

#[test]
fn another_type_of_a_stable_secret_is_warned_of() {
    let sandbox = Sandbox::shop();
    let write = |kind: &str| {
        let accepted = LITERAL.replace("stable }", "stable, cloze.dev/literals: accepted }");
        sandbox.write("templates/pull.yaml", accepted.replace("Opaque", kind));
    };
    write("Opaque");
    sandbox.cloze(["deploy"]).ok();
    write("example.com/own");
    let reason = "the type of Secret shop-dev/pull differs from the release before, and Kubernetes refuses to change it\n";
    let warning = format!("warning: {reason}  give it another name, or a versioned one, or delete it in the cluster before you apply");
    sandbox.cloze(["diff"]).fails(0, &[&warning]);
    sandbox.cloze(["deploy", "--strict"]).fails(4, &[&format!("error: {reason}")]);
    sandbox.cloze(["deploy"]).fails(0, &["release 2 recorded", &warning]);
    sandbox.cloze(["deploy", "--strict"]).ok();
    sandbox.cloze(["rollback"]).fails(0, &[&warning]);
}
