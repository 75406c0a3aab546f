//! `--mask-ci` and `CLOZE_MASK`

use crate::support::Sandbox;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::shop();
    sandbox.feed(["vault", "set", "api-token"], b"tok%en-1").ok();
    sandbox
}

const GITHUB: &str = "::add-mask::tok%25en-1\n::add-mask::dG9rJWVuLTE=\n::add-mask::tok%2525en-1\n";
const AZURE: &str = "##vso[task.setsecret]tok%AZP25en-1\n##vso[task.setsecret]tok%en-1\n##vso[task.setsecret]dG9rJWVuLTE=\n";

#[test]
fn a_runner_is_told_of_each_value_only_where_it_is_asked_for() {
    let mut sandbox = sandbox();
    sandbox.variable("GITHUB_ACTIONS", "true");
    assert_eq!(sandbox.cloze(["vault", "get", "api-token"]).silent().ok(), "tok%en-1");
    assert!(!sandbox.cloze(["deploy"]).err().contains("::add-mask::"));
    assert_eq!(sandbox.cloze(["vault", "get", "api-token", "--mask-ci"]).err(), GITHUB);
    let outcome = sandbox.cloze(["deploy", "--mask-ci"]);
    assert!(outcome.err().contains(GITHUB), "{}", outcome.err());
    outcome.code(0);
    assert!(sandbox.cloze(["vault", "get", "api-token", "--mask-ci=azure"]).err().starts_with(AZURE));
    sandbox.variable("CLOZE_MASK", "auto");
    assert_eq!(sandbox.cloze(["vault", "get", "api-token"]).err(), GITHUB);
    sandbox.variable("GITHUB_ACTIONS", "");
    let warning = "warning: neither GitHub Actions nor Azure Pipelines was found, and no other runner takes masking commands: nothing is \
        masked\n  mask the values in the runner's own settings (GitLab: masked variables)\n";
    assert_eq!(sandbox.cloze(["vault", "get", "api-token"]).err(), warning);
    sandbox.variable("CLOZE_MASK", "");
    assert_eq!(sandbox.cloze(["vault", "get", "api-token"]).err(), "");
    assert_eq!(sandbox.cloze(["vault", "get", "api-token", "--mask-ci"]).err(), warning);
    assert_eq!(sandbox.cloze(["deploy", "--mask-ci=auto"]).err().matches(warning).count(), 1);
    sandbox.variable("CLOZE_MASK", "auto");
    sandbox.variable("TF_BUILD", "True");
    assert!(sandbox.cloze(["vault", "get", "api-token"]).err().starts_with(AZURE));
    for command in ["check", "check --online", "render", "diff", "lock", "history", "show", "config"] {
        assert!(!sandbox.cloze(command.split(' ')).err().contains("##vso"), "{command}");
    }
}

#[test]
fn recorded_values_are_told_before_they_come_out() {
    let sandbox = sandbox();
    sandbox.cloze(["deploy"]).ok();
    assert!(sandbox.cloze(["show", "--reveal", "--mask-ci=github"]).err().contains(GITHUB));
    sandbox.feed(["vault", "set", "api-token"], b"another").ok();
    sandbox.cloze(["deploy"]).ok();
    let err = sandbox.cloze(["rollback", "1", "--mask-ci=github"]).fails(0, &[GITHUB]);
    assert!(err.find(GITHUB) < err.find("release 3 recorded"), "{err}");
}

#[test]
fn a_word_that_is_no_runner_and_a_terminal_are_refused() {
    let mut sandbox = sandbox();
    sandbox.cloze(["vault", "get", "api-token", "--mask-ci=gitlab"]).fails(2, &["invalid value `gitlab` for"]);
    sandbox.variable("CLOZE_MASK", "gitlab");
    sandbox.cloze(["vault", "get", "api-token"]).fails(
        2,
        &["error: `CLOZE_MASK` does not name a runner that masks its logs\n  set it to `auto`, `github` or `azure`, or unset it"],
    );
    sandbox.variable("CLOZE_MASK", "github");
    let (_, out) = sandbox.on_terminal(["vault", "get", "api-token", "--reveal"]).end();
    assert!(
        out.contains("masking commands for a CI runner would go to this terminal\r\n  leave out `--mask-ci` and `CLOZE_MASK`"),
        "{out}"
    );
    assert!(!out.contains("tok%"), "{out}");
}
