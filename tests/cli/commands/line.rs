//! Data that would be a line of its own in a log, where runners of CI systems obey what begins a line.

use crate::support::Outcome;
use crate::support::Sandbox;

/// A text of several lines that GitHub Actions, Azure Pipelines, `TeamCity` and a terminal would obey.
const HOSTILE: &str = "x\\n::stop-commands::pwn\\n  ::error::y\\n##vso[task.setvariable variable=a]b\\r##[group]\\u0085\\u2028\\u2029\\u000b\\u000c##teamcity[z]";

/// The same, as it is.
fn hostile() -> String {
    serde_json::from_str(&format!("\"{HOSTILE}\"")).unwrap()
}

/// That nothing in what was written is obeyed; gives stdout and stderr.
#[track_caller]
fn tame(outcome: &Outcome) -> String {
    let reported = outcome.out() + &outcome.err();
    for line in reported.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}', '\u{b}', '\u{c}']) {
        assert!(!line.trim_start().starts_with("::"), "{line:?} in\n{reported}");
        assert!(!["##vso[", "##[", "##teamcity["].iter().any(|begin| line.contains(begin)), "{line:?} in\n{reported}");
    }
    assert!(!reported.contains(['\r', '\u{85}', '\u{2028}', '\u{2029}', '\u{b}', '\u{c}']), "{reported:?}");
    reported
}

#[test]
fn a_waiver_keeps_to_its_line() {
    let sandbox = Sandbox::shop();
    sandbox.write(
        "templates/x.yaml",
        format!(
            "apiVersion: x.dev/v1\nkind: X\nmetadata: {{ name: x }}\nspec: {{ \"{HOSTILE}\": '{{{{ secret(name=\"pw\") | reveal }}}}' }}\n"
        ),
    );
    for command in ["check", "render -o out", "check --format json", "render -o out --format json"] {
        let outcome = sandbox.cloze(command.split(' '));
        let reported = tame(&outcome);
        outcome.code(0);
        assert!(reported.contains("stop-commands::pwn"), "{command}: {reported}");
    }
    let reported = sandbox.cloze(["check"]).err();
    assert!(reported.contains("x\\n::stop-commands::pwn\\n  ::error::y\\n#\\u{23}vso[task"), "{reported}");
}

#[test]
fn a_problem_keeps_to_its_lines() {
    let sandbox = Sandbox::shop();
    for (template, lines) in [
        (format!("apiVersion: v1\nkind: \"{HOSTILE}\"\nmetadata: {{}}\n"), 2),
        (format!("apiVersion: v1\nkind: Secret\nmetadata: {{ name: x, annotations: {{ \"{HOSTILE}\": 1 }} }}\n"), 5),
        (
            format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: x }}\ndata: {{ \"{HOSTILE}\": '{{{{ secret(name=\"pw\") }}}}' }}\n"
            ),
            5,
        ),
        (format!("apiVersion: v1\nkind: Secret\nmetadata: {{ name: \"{HOSTILE}\" }}\n"), 2),
    ] {
        sandbox.write("templates/x.yaml", &template);
        for command in ["check", "render", "deploy", "check --format json"] {
            let outcome = sandbox.cloze(command.split(' '));
            let reported = tame(&outcome);
            assert!(reported.lines().count() <= lines, "{command}: {reported}");
            outcome.code(4);
        }
    }
    sandbox.write("templates/x.yaml", "");
    let name = hostile().replace('/', "-");
    for (path, code) in [("templates/::error::##[x.yaml".to_owned(), 4), (format!("templates/{name}.yaml"), 3)] {
        sandbox.write(&path, "apiVersion: v1\n");
        for command in ["check", "check --format json"] {
            let outcome = sandbox.cloze(command.split(' '));
            tame(&outcome);
            outcome.code(code);
        }
    }
}

#[test]
fn what_is_recorded_keeps_to_its_lines() {
    let mut sandbox = Sandbox::shop();
    sandbox.variable("GITHUB_ACTOR", &hostile()[..60]);
    sandbox.variable("GITHUB_SHA", &hostile()[..60]);
    let template = |value: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: x }}\ndata:\n  a: \"{value}\"\n  b: |\n    one\n    ::error::x ::error::y\n    two\n"
        )
    };
    sandbox.write("templates/x.yaml", template(HOSTILE));
    sandbox.cloze(["deploy", "--note", &hostile()]).ok();
    sandbox.write("templates/x.yaml", template(&format!("\\n{HOSTILE}")));
    for command in ["diff", "diff --format json", "deploy --dry-run", "deploy", "history", "history --format json", "show 1", "config"] {
        let outcome = sandbox.cloze(command.split(' '));
        tame(&outcome);
        outcome.code(0);
    }
    let rows = sandbox.cloze(["history"]).ok();
    assert_eq!(rows.lines().count(), 3, "{rows}");
    let shown = sandbox.cloze(["show", "1"]).ok();
    assert!(shown.lines().take_while(|line| *line != "---").all(|line| line.starts_with("# ")), "{shown}");
    let reported = sandbox.cloze(["rollback", "1"]);
    tame(&reported);
    let reported = reported.fails(0, &["\n\nConfigMap shop-dev/x\n", "release 3 recorded"]);
    assert!(reported.contains("\n \\u{3a}:stop-commands::"), "{reported}");
}

#[test]
fn the_command_line_and_vaults_do_not_speak_either() {
    let sandbox = Sandbox::shop();
    let hostile = hostile();
    for arguments in [
        vec!["check", &hostile],
        vec!["check", "-e", &hostile],
        vec!["check", "--format", &hostile],
        vec!["vault", "get", &hostile],
        vec!["vault", "list", "--vault", &hostile],
        vec!["doctor", "--vault", &hostile],
        vec!["check", "--values", &hostile],
        vec!["check", "--set", &hostile],
        vec!["render", "-o", &hostile],
        vec!["init", &hostile],
    ] {
        tame(&sandbox.cloze(arguments));
    }
    sandbox.feed(["vault", "set", "::error::x"], b"value").fails(5, &["correct the name"]);
}
