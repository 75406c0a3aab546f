//! Environment variables that stand for flags.

use crate::support::Sandbox;

#[test]
fn a_value_that_is_none_of_theirs_is_refused() {
    for (name, values, words) in [
        ("CLOZE_FORMAT", &["xml", "JSON", " json"][..], "is not a format\n  set it to `human` or `json`, or unset it\n"),
        ("CLOZE_COLOR", &["pink", "Never", "1"], "is not a colour mode\n  set it to `auto`, `always` or `never`, or unset it\n"),
        (
            "CLOZE_ALLOW_EXEC",
            &["yes", "True", "2", " "],
            "is not a boolean\n  set it to `1` or `true` if you trust the project, to `0` or `false` if not, or unset it\n",
        ),
    ] {
        for value in values {
            let mut sandbox = Sandbox::new();
            sandbox.variable(name, value);
            let outcome = sandbox.run(["check"]);
            assert_eq!(outcome.err(), format!("error: `{value}` of `{name}` {words}"));
            outcome.code(2);
        }
    }
}

#[test]
fn their_own_values_are_taken_and_a_flag_goes_before_them() {
    let mut sandbox = Sandbox::shop();
    for (name, values) in [
        ("CLOZE_FORMAT", &["human", ""][..]),
        ("CLOZE_COLOR", &["auto", "always", "never", ""]),
        ("CLOZE_ALLOW_EXEC", &["0", "1", "true", "false", ""]),
    ] {
        for value in values {
            sandbox.variable(name, value);
            sandbox.cloze(["check"]).fails(0, &["dev: 11 objects, no problems"]);
        }
    }
    sandbox.variable("CLOZE_FORMAT", "json");
    assert!(sandbox.cloze(["check"]).silent().ok().starts_with('{'));
    sandbox.cloze(["check", "--format", "human"]).fails(0, &["dev: 11 objects, no problems"]);
    let project = sandbox.read("cloze.yaml");
    let vaults = "values/dev.yaml]\n    vaults: { default: { kind: exec, command: [/bin/false] } }";
    sandbox.write("cloze.yaml", project.replace("values/dev.yaml]", vaults));
    sandbox.variable("CLOZE_FORMAT", "");
    let refused = "vault `default` runs a program, which this run does not allow";
    for (value, runs) in [("0", false), ("false", false), ("", false), ("1", true), ("true", true)] {
        sandbox.variable("CLOZE_ALLOW_EXEC", value);
        let err = sandbox.cloze(["check", "--online"]).fails(5, &[]);
        assert_eq!(err.contains(refused), !runs, "{value}: {err}");
    }
}
