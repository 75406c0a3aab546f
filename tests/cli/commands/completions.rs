//! What a shell offers: environments, secrets and releases of the project, without a key, a network or a word when something fails.

use std::fs;

use crate::support::Sandbox;

/// What bash is offered behind these words.
fn offered(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let index = words.len().to_string();
    let mut command = sandbox.command(["--", "cloze"].iter().chain(words));
    command.env("CLOZE_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", index).env("_CLAP_IFS", "\n");
    let output = command.output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn offers(sandbox: &Sandbox, words: &[&str], expected: &[&str]) {
    let words: Vec<&str> = words.iter().copied().chain([""]).collect();
    let offered = offered(sandbox, &words);
    let values: Vec<&str> = offered.iter().map(String::as_str).filter(|value| !value.starts_with('-')).collect();
    assert_eq!(values, expected, "{words:?}");
}

#[test]
fn names_of_the_project_are_offered() {
    let mut sandbox = Sandbox::shop();
    sandbox.write("cloze.yaml", sandbox.read("cloze.yaml") + "\n  staging: {}\n");
    sandbox.cloze(["deploy", "-e", "dev"]).ok();
    sandbox.cloze(["deploy", "-e", "dev", "--set", "replicas=2"]).ok();
    sandbox.cloze(["vault", "remove", "smtp", "-e", "dev"]).ok();
    // Nothing of this needs a key.
    fs::remove_file(sandbox.shop_path(".cloze/dev.key")).unwrap();
    offers(&sandbox, &["-C", "shop", "check", "-e"], &["dev", "staging"]);
    offers(&sandbox, &["-C", "shop", "vault", "copy", "x", "--to"], &["dev", "staging"]);
    for command in ["get", "set", "edit", "remove", "copy"] {
        offers(&sandbox, &["-C", "shop", "-e", "dev", "vault", command], &["api-token", "db-password", "session-key"]);
    }
    offers(&sandbox, &["-C", "shop", "-e", "staging", "vault", "get"], &[]);
    for command in ["show", "rollback"] {
        offers(&sandbox, &["-C", "shop", "--environment=dev", command], &["2", "1"]);
    }
    sandbox.variable("CLOZE_ENV", "dev");
    offers(&sandbox, &["-C", "shop/templates", "vault", "get"], &["api-token", "db-password", "session-key"]);
    assert_eq!(offered(&sandbox, &["-C", "shop", "vault", "get", "db"]), ["db-password"]);
}

#[test]
fn names_of_other_vaults_come_from_the_lock_file() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["lock"]).ok();
    fs::remove_file(sandbox.shop_path("secrets/dev.vault")).unwrap();
    offers(&sandbox, &["-C", "shop", "vault", "get"], &["api-token", "db-password", "session-key", "smtp"]);
}

#[test]
fn what_cannot_be_read_offers_nothing_and_says_nothing() {
    let sandbox = Sandbox::shop();
    for (file, text) in [("cloze.yaml", "apiVersion: [\n"), ("secrets/dev.vault", "nonsense\n\u{0}\n"), ("locks/dev.lock", "nonsense")] {
        let broken = sandbox.twin();
        broken.write(file, text);
        let _ = offered(&broken, &["-C", "shop", "vault", "get", ""]);
        let _ = offered(&broken, &["-C", "shop", "check", "-e", ""]);
        let _ = offered(&broken, &["-C", "shop", "show", ""]);
    }
    offers(&sandbox, &["-C", "nowhere", "check", "-e"], &[]);
    offers(&sandbox, &["-C", "shop", "-e", "nowhere", "vault", "get"], &[]);
    offers(&Sandbox::new(), &["vault", "get"], &[]);
    // A shell that nobody knows.
    let mut command = sandbox.command(["--", "cloze", ""]);
    let output = command.env("CLOZE_COMPLETE", "cobol").output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty());
}

#[test]
fn bash_asks_by_the_script_that_is_printed() {
    let sandbox = Sandbox::shop();
    let script = sandbox.run(["completions", "bash"]).ok();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_cloze")).parent().unwrap().display();
    let ask = format!(
        "{script}\nCOMP_WORDS=(cloze -C shop vault get sess); COMP_CWORD=5; _clap_complete_cloze cloze sess get; echo \"${{COMPREPLY[@]}}\""
    );
    let mut bash = std::process::Command::new("bash");
    bash.args(["--noprofile", "--norc", "-c", &ask]).current_dir(sandbox.work()).env_clear();
    let output = bash.env("HOME", sandbox.root().join("home")).env("PATH", format!("{program}:/usr/bin:/bin")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "session-key", "{}", String::from_utf8_lossy(&output.stderr));
}
