//! Names, values and errors from outside never move a terminal.

use vault_mock::Fault;
use vault_mock::Script;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Seed;

use crate::support::Sandbox;
use crate::support::rounds;

/// Colours, moves, titles, C1 controls, directions, erasure.
const NAUGHTY: [&str; 8] = [
    "a\u{1b}[31mb\u{9b}2J",
    "a\u{202e}b\u{8}c\u{202c}",
    "a\u{9b}2Jb",
    "a\u{1b}]0;b\u{7}c",
    "a\u{2066}b\u{2069}",
    "a\u{8}\u{8}b",
    "a\rb",
    "a\u{7f}\u{85}\u{200f}b",
];

/// C0 and C1 controls but for line ends and tabs, and marks of direction.
fn unsafe_in(text: &str) -> Vec<char> {
    let bidi = |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.replace("\r\n", "\n").chars().filter(|c| bidi(*c) || (c.is_control() && !"\n\t".contains(*c))).collect()
}

/// Runs it with and without a terminal.
#[track_caller]
fn holds_still(sandbox: &Sandbox, arguments: &[&str]) {
    let outcome = sandbox.run(arguments);
    for (where_, text) in
        [("stdout", outcome.out()), ("stderr", outcome.err()), ("a terminal", sandbox.terminal(arguments.iter().copied()).end().1)]
    {
        assert_eq!(unsafe_in(&text), Vec::<char>::new(), "{where_} of {arguments:?}: {text:?}");
    }
}

#[test]
fn arguments_and_variables_are_shown_safely() {
    for naughty in NAUGHTY.into_iter().take(rounds(2, 8)) {
        let mut sandbox = Sandbox::shop();
        let set = format!("{naughty}={naughty}");
        let out = format!("out/{naughty}");
        for arguments in [
            &[naughty][..],
            &["-C", naughty, "check"],
            &["-C", "shop", "-e", naughty, "check"],
            &["-C", "shop", "check", naughty],
            &["-C", "shop", "check", "--format", naughty],
            &["-C", "shop", "check", "--values", naughty],
            &["-C", "shop", "config", "--set", &set],
            &["-C", "shop", "config", "--set-string", &format!("logLevel={naughty}")],
            &["-C", "shop", "render", "--set-string", &format!("logLevel={naughty}")],
            &["-C", "shop", "vault", "get", naughty],
            &["-C", "shop", "vault", "get", "smtp", "--key", naughty],
            &["-C", "shop", "vault", "get", "smtp", "--at", naughty],
            &["-C", "shop", "vault", "remove", naughty],
            &["-C", "shop", "vault", "list", "--vault", naughty],
            &["-C", "shop", "show", naughty],
            &["-C", "shop", "deploy", "--note", naughty],
            &["-C", "shop", "deploy", "-o", &out],
            &["-C", "shop", "diff", "--set-string", &format!("logLevel={naughty}")],
            &["-C", "shop", "history"],
            &["-C", "shop", "show"],
            &["init", naughty],
        ] {
            holds_still(&sandbox, arguments);
        }
        for name in ["USER", "GITHUB_SHA", "CLOZE_HISTORY_URL", "CLOZE_TEMPLATES", "CLOZE_NAMES", "CLOZE_ENV"] {
            sandbox.variable(name, naughty);
            for command in ["check", "history", "show"] {
                holds_still(&sandbox, &["-C", "shop", command]);
            }
            holds_still(&sandbox, &["-C", "shop", "deploy", "--set-string", &format!("logLevel={name}")]);
        }
    }
}

#[test]
fn files_are_shown_safely() {
    for (number, naughty) in NAUGHTY.into_iter().enumerate().take(rounds(4, 8)) {
        let escaped = serde_yaml_quoted(naughty);
        let map = |name: &str, more: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: {name} }}\ndata:\n  {more}\n");
        let files: [(&str, String); 13] = [
            ("templates/a.yaml", map("a", &format!("key: {escaped}"))),
            ("templates/a.yaml", map("a", &format!("{escaped}: value"))),
            ("templates/a.yaml", map(&escaped, "a: b")),
            ("templates/a.yaml", map("a", &format!("a: '{{{{ secret(name=\"{naughty}\") }}}}'"))),
            ("templates/a.yaml", map("a", &format!("a: '{{{{ x | {naughty} }}}}'"))),
            ("templates/a.yaml", map("a", &format!("a: '{{{{ {naughty} }}}}'"))),
            ("templates/a.yaml", format!("{{% include \"{naughty}\" %}}")),
            ("templates/a.yaml", format!("{naughty}: [")),
            (&format!("templates/{naughty}.yaml"), "a: [".to_owned()),
            (&format!("templates/{naughty}.yaml"), map("a", "a: b")),
            ("values/dev.yaml", format!("{escaped}: {escaped}\n")),
            ("cloze.yaml", format!("{escaped}: 1\nproject: {escaped}\n")),
            ("secrets/dev.vault", format!("cloze-vault 1 {naughty}\n{naughty} 1 x\n")),
        ];
        let sandbox = Sandbox::shop();
        sandbox.cloze(["deploy"]).ok();
        for (path, text) in &files {
            let before = sandbox.shop_path(path).exists().then(|| sandbox.read(path));
            sandbox.write(path, text);
            for command in [&["check"][..], &["render"], &["config"], &["diff"], &["deploy", "--dry-run"], &["vault", "list"]] {
                // On a terminal only some, for that is slow.
                if number == 0 && command == ["check"] {
                    holds_still(&sandbox, &[&["-C", "shop"], command].concat());
                }
                let outcome = sandbox.cloze(command);
                assert_eq!(unsafe_in(&(outcome.out() + &outcome.err())), Vec::<char>::new(), "{path}: {command:?}: {outcome:?}");
            }
            match before {
                Some(before) => sandbox.write(path, before),
                None => std::fs::remove_file(sandbox.shop_path(path)).unwrap(),
            }
        }
    }
}

#[test]
fn a_vaults_words_are_shown_safely() {
    let server = Hashicorp::serve(Seed::default()).unwrap();
    let mut sandbox = Sandbox::shop();
    let vaults = format!("vaults:\n      default: {{ kind: hashicorp, address: \"{}\", mount: secret }}\n    values: [", server.url());
    sandbox.write("cloze.yaml", sandbox.read("cloze.yaml").replacen("values: [", &vaults, 1));
    sandbox.variable("VAULT_TOKEN", server.protocol().token());
    for naughty in NAUGHTY {
        for code in [400, 403, 404, 500] {
            server.heal();
            server.script(Script::always("", Fault::worded(code, naughty)));
            holds_still(&sandbox, &["-C", "shop", "vault", "get", "smtp"]);
        }
        server.heal();
        server.script(Script::always(
            "",
            Fault::Body { code: 200, text: serde_json::json!({ "data": { "keys": [naughty, "b"] } }).to_string() },
        ));
        holds_still(&sandbox, &["-C", "shop", "vault", "list"]);
    }
}

/// A YAML scalar in double quotes, all but ASCII escaped.
fn serde_yaml_quoted(text: &str) -> String {
    let one = |c: char| if c.is_ascii_graphic() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) };
    format!("\"{}\"", text.chars().map(one).collect::<String>())
}
