//! The calls to vaults: their plan, their deadline, and the line on a terminal while they are made.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use vault_mock::Fault;
use vault_mock::Script;
use vault_mock::hashicorp::Hashicorp;

use crate::support::Sandbox;
use crate::vaults::seed;
use crate::vaults::shop;

#[test]
fn the_plan_is_told_before_and_the_tally_after() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { @@ } }");
    for command in ["check --online -v", "lock -v", "deploy -v", "diff --online -v"] {
        let err =
            sandbox.cloze(command.split(' ')).fails(0, &["default: 4 secrets in ", " calls, 4 at once, about 0.", "made ", " calls in 0."]);
        assert!(err.find("at once, about") < err.find("made "), "{err}");
    }
    assert!(!sandbox.cloze(["deploy"]).err().contains("calls"));
    let err = Sandbox::shop().cloze(["deploy", "-v"]).fails(0, &["default: ", " secrets, no calls\n"]);
    assert!(!err.contains("made "), "{err}");
}

#[test]
fn a_vault_gets_no_more_requests_at_once_than_the_project_says() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { @@, concurrency: 1 } }");
    sandbox.cloze(["deploy", "-v"]).fails(0, &[" calls, 1 at once, about 0."]);
    assert_eq!(server.journal().most_at_once(), 1);
}

#[test]
fn a_deadline_holds_for_the_whole_run() {
    let server = Hashicorp::serve(seed()).unwrap();
    server.script(Script::always("api-token", Fault::Delay { ms: 20_000 }));
    let mut sandbox = shop(&server, "{ default: { @@ } }");
    let begin = Instant::now();
    sandbox.cloze(["deploy", "--deadline", "1"]).fails(5, &["error: templates/secrets.yaml:38:13: default/api-token of "]);
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    sandbox.variable("CLOZE_DEADLINE", "1");
    let begin = Instant::now();
    sandbox.cloze(["check", "--online"]).fails(5, &["default/api-token of "]);
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    assert!(sandbox.cloze(["config"]).ok().contains("deadline = 1  (variable CLOZE_DEADLINE)\n    overrides 30  (default)\n"));
    for (time, seconds) in [("90s", 90), ("2m", 120), ("1m30s", 90), ("5m0s", 300), ("24h", 86_400)] {
        assert!(sandbox.cloze(["config", "--deadline", time]).ok().contains(&format!("deadline = {seconds}  (flag --deadline)")), "{time}");
    }
    for wrong in ["0", "-1", "x", "1.5", "86401", "1500ms", "25h", "1m30", "s", "-1s"] {
        let words = format!(
            "error: `{wrong}` of `CLOZE_DEADLINE` is not a duration\n  write whole seconds from 1 to 86400, or a time such as `90s` or `2m`"
        );
        sandbox.variable("CLOZE_DEADLINE", wrong);
        sandbox.cloze(["check"]).fails(2, &[&words]);
    }
}

/// What a command writes on a terminal, perhaps interrupted after some seconds.
fn on_a_terminal(sandbox: &Sandbox, arguments: &str, interrupt: Option<&str>) -> String {
    let program = sandbox.command(["-C", "shop"]);
    let line = format!("{} -C shop {arguments}", program.get_program().to_str().unwrap());
    let line = match interrupt {
        Some(seconds) => format!("timeout --foreground -s INT {seconds} {line}; echo ended with $?"),
        None => line,
    };
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).current_dir(sandbox.work()).env_clear();
    script.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    script.env("NO_COLOR", "1").env("SHELL", "/bin/sh").env("TERM", "xterm").env("PATH", "/usr/bin:/bin");
    String::from_utf8(script.stdin(Stdio::null()).output().unwrap().stdout).unwrap()
}

/// What is on the screen at the end: a line that begins again or is erased is gone.
fn screen(text: &str) -> String {
    let mut lines: Vec<String> = vec![String::new()];
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let erased = ["\u{1b}[2K", "\u{1b}[K", "\u{1b}[0K", "\u{1b}[J", "\u{1b}[0J"].iter().find(|code| rest.starts_with(**code));
        let length = match (erased, character) {
            (Some(code), _) => {
                lines.last_mut().unwrap().clear();
                code.len()
            }
            (None, '\u{1b}') => 1 + rest[1..].find(|c: char| c.is_ascii_alphabetic()).map_or(0, |at| at + 1),
            (None, '\n') => {
                lines.push(String::new());
                1
            }
            (None, '\r') => 1,
            (None, other) => {
                lines.last_mut().unwrap().push(other);
                other.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    lines.join("\n")
}

#[test]
fn a_line_shows_what_takes_long_and_leaves_nothing() {
    let server = Hashicorp::serve(seed()).unwrap();
    let sandbox = shop(&server, "{ default: { @@ } }");
    assert!(!on_a_terminal(&sandbox, "check --online", None).contains("asking"), "nothing before 250 ms");
    server.script(Script::always("api-token", Fault::Delay { ms: 1_200 }));
    let text = on_a_terminal(&sandbox, "check --online", None);
    assert!(text.contains("asking default … ") && text.contains(" calls"), "{text:?}");
    let screen_after = screen(&text);
    assert!(screen_after.contains("4 secrets found") && !screen_after.contains("asking"), "{text:?}");
    for quiet in ["check --online -q", "check --online -v", "check --online --format json"] {
        assert!(!on_a_terminal(&sandbox, quiet, None).contains("asking"), "{quiet}");
    }
    assert!(!sandbox.cloze(["check", "--online"]).err().contains("asking"));
    // Interrupted, and after an error.
    let text = on_a_terminal(&sandbox, "check --online", Some("0.9"));
    assert!(text.contains("asking default") && !screen(&text).contains("asking"), "{text:?}");
    server.heal();
    server.script(Script::always("api-token", Fault::Delay { ms: 20_000 }));
    let text = on_a_terminal(&sandbox, "deploy --deadline 1", None);
    assert!(text.contains("asking default") && screen(&text).contains("error: ") && !screen(&text).contains("asking"), "{text:?}");
}

#[test]
fn the_figures_of_a_run_agree() {
    let sandbox = Sandbox::shop();
    let err = sandbox.cloze(["deploy", "-v"]).fails(0, &["default: 4 secrets, no calls\n", "fetched 4 secrets from 1 vault\n"]);
    assert!(err.contains(" 11 objects, 8 blanks\n"), "{err}");
    sandbox.write(
        "templates/x.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: { name: x }\nstringData: { a: '{{ secret(name=\"a\") | trim | upper }}' }\n",
    );
    sandbox.write("vault.sh", "#!/bin/sh\nread -r request\necho '{\"answers\": [{\"value\": \"hunter2\", \"version\": \"1\"}]}'\n");
    fs::set_permissions(sandbox.shop_path("vault.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    let vaults = "environments: { dev: { vaults: { default: { kind: exec, command: [./vault.sh] } } } }";
    sandbox.write("cloze.yaml", format!("apiVersion: cloze.dev/v1\nproject: shop\ntemplates: [templates/x.yaml]\n{vaults}\n"));
    for command in ["deploy -v --allow-exec", "check --online -v --allow-exec"] {
        let err = sandbox.cloze(command.split(' ')).fails(0, &[", 1 blank\n", "default: 1 secret in 1 call, ", "made 1 call in "]);
        assert!(err.contains("fetched 1 secret from 1 vault\n") || err.contains("1 secret found"), "{err}");
    }
}
