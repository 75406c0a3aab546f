//! `vault set|get|list|edit|import|copy|remove`

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::Sandbox;

#[test]
fn a_value_comes_from_stdin_and_never_from_an_argument() {
    let sandbox = Sandbox::shop();
    sandbox
        .cloze(["vault", "set", "name", "value"])
        .fails(2, &["error: unexpected argument for `cloze vault set` (not shown, it may be a secret)\n  pipe the value"]);
    sandbox.cloze(["vault", "set", "--value=x", "name"]).fails(2, &["error: "]);
    sandbox.feed(["vault", "set", "name"], b"one").fails(0, &["set name, version 1"]);
    assert_eq!(sandbox.cloze(["vault", "get", "name"]).silent().ok(), "one");
    sandbox.feed(["vault", "set", "name"], b"one").fails(0, &["name is unchanged, version 1"]);
    sandbox.feed(["vault", "set", "name"], b"two").fails(0, &["set name, version 2"]);
    assert_eq!(sandbox.cloze(["vault", "get", "name"]).ok(), "two");
    assert_eq!(sandbox.cloze(["vault", "get", "name", "--at", "1"]).ok(), "one");
    sandbox.cloze(["vault", "get", "name", "--at", "3"]).fails(5, &["version"]);
}

#[test]
fn bytes_stay_what_they_are() {
    let sandbox = Sandbox::shop();
    let all: Vec<u8> = (0..=255).chain([b'\n']).collect();
    for value in [&all[..], b"\n\n", b" x ", "ü\u{feff}\r\n".as_bytes()] {
        sandbox.feed(["vault", "set", "binary", "--allow-empty"], value).ok();
        assert_eq!(sandbox.cloze(["vault", "get", "binary"]).stdout, value);
    }
}

#[test]
fn a_field_of_a_structured_secret() {
    let sandbox = Sandbox::shop();
    sandbox.feed(["vault", "set", "smtp"], br#"{"username":"u","password":"p","deep":{"er":"d"}}"#).ok();
    assert_eq!(sandbox.cloze(["vault", "get", "smtp", "--key", "password"]).ok(), "p");
    let err = sandbox.cloze(["vault", "get", "smtp", "--key", "passwort"]).fails(5, &["password"]);
    assert!(!err.contains("\"p\""), "{err}");
}

#[test]
fn one_line_of_the_file_changes_with_one_secret() {
    let sandbox = Sandbox::shop();
    let lines = || sandbox.read("secrets/dev.vault").lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let before = lines();
    sandbox.feed(["vault", "set", "db-password"], b"new").ok();
    let after = lines();
    assert_eq!(before.difference(&after).count(), 0, "old versions stay");
    assert_eq!(after.difference(&before).count(), 1);
    assert!(after.difference(&before).all(|line| line.contains("db-password") && !line.contains("new")));
}

#[test]
fn a_removed_secret_is_gone_for_blanks_and_there_for_pinned_ones() {
    let sandbox = Sandbox::shop();
    sandbox.feed(["vault", "set", "api-token"], b"tok").ok();
    sandbox.cloze(["vault", "remove", "api-token"]).fails(0, &["removed api-token, version 3"]);
    assert!(sandbox.cloze(["vault", "list"]).ok().lines().any(|line| line.starts_with("api-token ") && line.ends_with("removed")));
    sandbox.cloze(["vault", "get", "api-token"]).fails(5, &["`api-token` was removed at"]);
    sandbox.cloze(["deploy"]).fails(5, &["error: templates/secrets.yaml:38:13: ", "`api-token` was removed at"]);
    let secrets = sandbox.read("templates/secrets.yaml").replace("secret(name=\"api-token\")", "secret(name=\"api-token\", version=\"2\")");
    sandbox.write("templates/secrets.yaml", secrets);
    sandbox.cloze(["deploy"]).ok();
    sandbox.feed(["vault", "set", "api-token"], b"again").fails(0, &["version 4"]);
    sandbox.cloze(["vault", "remove", "nowhere"]).fails(5, &["there is no secret `nowhere`"]);
}

#[test]
fn a_list_is_for_people_and_for_programs() {
    let sandbox = Sandbox::shop();
    let out = sandbox.cloze(["vault", "list"]).silent().ok();
    let names: Vec<&str> = out.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["api-token", "db-password", "session-key", "smtp"]);
    assert!(out.lines().all(|line| line.contains("  version 1     2")), "{out}");
    let json: serde_json::Value = serde_json::from_str(&sandbox.cloze(["vault", "list", "--format", "json"]).ok()).unwrap();
    assert_eq!(json["secrets"][3]["name"], "smtp");
}

#[test]
fn a_vault_that_nobody_named_is_a_usage_error() {
    let sandbox = Sandbox::shop();
    let parts = ["error: there is no vault `other`\n  name one of: default"];
    sandbox.cloze(["vault", "list", "--vault", "other"]).fails(2, &parts);
    sandbox.feed(["vault", "set", "x", "--vault", "other"], b"y").fails(2, &parts);
}

#[test]
fn a_value_that_is_too_large_or_a_name_that_is_none() {
    let sandbox = Sandbox::shop();
    let before = sandbox.read("secrets/dev.vault");
    sandbox.feed(["vault", "set", "large"], &vec![b'x'; (64 << 10) + 1]).fails(2, &["the value is larger than 64 KiB"]);
    for name in ["", "../x", "a b", "a\nb", "/a", "a/"] {
        sandbox.feed(["vault", "set", name], b"y").fails(5, &[]);
    }
    assert_eq!(sandbox.read("secrets/dev.vault"), before);
    sandbox.feed(["vault", "set", "large"], &vec![b'x'; 64 << 10]).ok();
}

#[test]
fn a_key_file_elsewhere() {
    let mut sandbox = Sandbox::shop();
    let elsewhere = sandbox.root().join("home/shop.key");
    fs::rename(sandbox.shop_path(".cloze/dev.key"), &elsewhere).unwrap();
    sandbox.cloze(["vault", "list"]).fails(5, &["there is no key file `shop/.cloze/dev.key`"]);
    sandbox.variable("CLOZE_KEY_FILE", elsewhere.to_str().unwrap());
    sandbox.cloze(["vault", "list"]).ok();
    sandbox.cloze(["deploy"]).ok();
}

/// The starter with a second environment that has keys.
fn two_environments() -> Sandbox {
    let sandbox = Sandbox::shop();
    sandbox.write(
        "cloze.yaml",
        sandbox.read("cloze.yaml") + "\n  staging:\n    namespace: shop-staging\n    values: [values/common.yaml, values/dev.yaml]\n",
    );
    sandbox.cloze(["key", "init", "-e", "staging"]).ok();
    sandbox
}

fn value(sandbox: &Sandbox, name: &str) -> String {
    sandbox.cloze(["vault", "get", name, "-e", "dev"]).ok()
}

#[test]
fn one_field_of_a_structured_secret_is_set() {
    let sandbox = Sandbox::shop();
    sandbox.feed(["vault", "set", "db", "--key", "user"], b"app").fails(0, &["set db, version 1"]);
    sandbox.feed(["vault", "set", "db", "--key", "password"], b"p\"\\\n").fails(0, &["set db, version 2"]);
    assert_eq!(value(&sandbox, "db"), r#"{"user":"app","password":"p\"\\\n"}"#);
    sandbox.feed(["vault", "set", "db", "--key", "password"], b"p\"\\\n").fails(0, &["db is unchanged, version 2"]);
    assert_eq!(sandbox.cloze(["vault", "get", "db", "--key", "password"]).ok(), "p\"\\\n");
    // What is not structured stays as it is.
    let err = sandbox
        .feed(["vault", "set", "db-password", "--key", "x"], b"hunter2")
        .fails(5, &["the secret is there already and is not a JSON object"]);
    assert!(!err.contains("hunter2"), "{err}");
    sandbox.feed(["vault", "set", "db", "--key", "x"], b"\xff").fails(5, &["the value of a field is not UTF-8 text"]);
    sandbox.feed(["vault", "set", "db", "--key", "x"], &vec![b'x'; 64 << 10]).fails(5, &["larger than 64 KiB"]);
}

#[test]
fn a_value_is_made_up() {
    let sandbox = Sandbox::shop();
    for (name, arguments, length) in [("a", &["--generate"][..], 32), ("b", &["--generate", "48"], 48), ("c", &["--generate=1"], 1)] {
        let mut command = vec!["vault", "set", name];
        command.extend(arguments);
        sandbox.cloze(command).fails(0, &[&format!("set {name}, version 1")]);
        let made = value(&sandbox, name);
        assert!(made.len() == length && made.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{made}");
    }
    sandbox.cloze(["vault", "set", "smtp", "--key", "password", "--generate"]).fails(0, &["set smtp, version 2"]);
    assert_eq!(sandbox.cloze(["vault", "get", "smtp", "--key", "password"]).ok().len(), 32);
    for wrong in ["0", "4097", "hunter2"] {
        let err = sandbox.cloze(["vault", "set", "made", "--generate", wrong]).fails(2, &["error: "]);
        assert!(!err.contains("hunter2"), "{err}");
    }
}

#[test]
fn an_empty_value_is_refused_unless_it_is_meant() {
    let sandbox = Sandbox::shop();
    let parts = ["error: the value is empty\n  check the command before the pipe, or pass `--allow-empty` if it is meant"];
    sandbox.feed(["vault", "set", "x"], b"").fails(2, &parts);
    sandbox.feed(["vault", "set", "x", "--key", "k"], b"").fails(2, &parts);
    for blanks in [b"\n".as_slice(), b" \t ", b"\r\n"] {
        sandbox.feed(["vault", "set", "x"], blanks).fails(2, &["error: the value is nothing but white space\n  check the command"]);
    }
    sandbox.cloze(["vault", "get", "x"]).fails(5, &[]);
    sandbox.feed(["vault", "set", "x", "--allow-empty"], b"").fails(0, &["set x, version 1"]);
    assert_eq!(value(&sandbox, "x"), "");
}

#[test]
fn a_field_without_a_name_and_a_length_that_is_not_one_are_refused() {
    let sandbox = Sandbox::shop();
    for key in ["", " "] {
        for verb in ["set", "get", "edit"] {
            let _ = sandbox
                .feed(["vault", verb, "x", "--key", key], b"v")
                .fails(2, &["error: `--key` names no field\n  write the field's name"]);
        }
    }
    for length in ["0", "4097", "-1", "hunter2"] {
        let flag = format!("--generate={length}");
        let err =
            sandbox.cloze(["vault", "set", "x", &flag]).fails(2, &["error: `--generate` takes a length from 1 to 4096\n  write a number"]);
        assert!(!err.contains("hunter2"), "{err}");
    }
    sandbox.cloze(["vault", "get", "x"]).fails(5, &[]);
}

#[test]
fn a_value_is_edited_in_memory() {
    let mut sandbox = Sandbox::shop();
    let work = sandbox.root().join("seen");
    let editor = |script: &str| format!("f() {{ printf '%s\\n' \"$1\" >> {0}; stat -c %a \"$1\" >> {0}; {script}; }}; f", work.display());
    sandbox.variable("EDITOR", &editor("sed -i s/old/new/ \"$1\"; echo left > \"$1~\""));
    sandbox.feed(["vault", "set", "shop/db"], b"old value").ok();
    sandbox.cloze(["vault", "edit", "shop/db"]).fails(0, &["set shop/db, version 2"]);
    assert_eq!(value(&sandbox, "shop/db"), "new value");
    let seen = fs::read_to_string(&work).unwrap();
    let (path, mode) = seen.trim_end().split_once('\n').unwrap();
    assert_eq!(mode, "600");
    assert!(path.ends_with("/db") && ["/dev/shm/", "/run/"].iter().any(|memory| path.starts_with(memory)), "{path}");
    assert!(!Path::new(path).parent().unwrap().exists());
    // Once more: nothing changes. A new secret, a field, and the line end that an editor adds.
    sandbox.cloze(["vault", "edit", "shop/db"]).fails(0, &["shop/db is unchanged, version 2"]);
    sandbox.variable("EDITOR", &editor("echo typed > \"$1\""));
    sandbox.cloze(["vault", "edit", "fresh"]).fails(0, &["set fresh, version 1"]);
    assert_eq!(value(&sandbox, "fresh"), "typed");
    sandbox.cloze(["vault", "edit", "smtp", "--key", "password"]).fails(0, &["set smtp, version 2"]);
    assert_eq!(sandbox.cloze(["vault", "get", "smtp", "--key", "password"]).ok(), "typed");
    // VISUAL comes first; one that fails or leaves nothing changes nothing.
    sandbox.variable("VISUAL", &editor("echo hunter2 > \"$1\"; false"));
    let err = sandbox.cloze(["vault", "edit", "fresh"]).fails(2, &["error: the editor failed (exit status: 1); nothing was changed"]);
    assert!(!err.contains("hunter2"), "{err}");
    sandbox.variable("VISUAL", &editor("rm \"$1\""));
    sandbox.cloze(["vault", "edit", "fresh"]).fails(5, &["error: the editor removed the file"]);
    sandbox.variable("VISUAL", &editor(": > \"$1\""));
    sandbox
        .cloze(["vault", "edit", "fresh"])
        .fails(2, &["error: the value is empty\n  save a value, or use `cloze vault set --allow-empty`"]);
    assert_eq!(value(&sandbox, "fresh"), "typed");
    sandbox.feed(["vault", "set", "binary"], b"\xff\xfe").ok();
    sandbox.cloze(["vault", "edit", "binary"]).fails(2, &["error: the value of `binary` is not UTF-8 text"]);
    for path in fs::read_to_string(&work).unwrap().lines().filter(|line| line.starts_with('/')) {
        assert!(!Path::new(path).exists(), "{path}");
    }
}

#[test]
fn what_people_have_elsewhere_is_imported() {
    let sandbox = Sandbox::shop();
    sandbox.write("in/.env", "export A=1\nB=\"two words\" # c\n");
    sandbox.write("in/smtp.json", r#"{"host": "mail", "port": 25}"#);
    sandbox
        .write("in/secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: { name: db }\ndata: { user: YXBw }\nstringData: { pass: x }\n");
    sandbox.write("in/files/tls/key", "k\n");
    let path = |path: &str| sandbox.shop_path(path).to_str().unwrap().to_owned();
    sandbox.cloze(["vault", "import", &path("in/.env"), "--prefix", "app/"]).fails(0, &["set app/A, version 1\nset app/B, version 1\n"]);
    sandbox.cloze(["vault", "import", &path("in/.env"), "--prefix", "app/"]).fails(0, &["app/A is unchanged, version 1\n"]);
    sandbox.cloze(["vault", "import", &path("in/smtp.json"), "--into", "mail"]).fails(0, &["set mail, version 1"]);
    sandbox.cloze(["vault", "import", &path("in/secret.yaml")]).fails(0, &["set db/user, version 1\nset db/pass, version 1\n"]);
    sandbox.cloze(["vault", "import", &path("in/files")]).fails(0, &["set tls/key, version 1"]);
    sandbox.feed(["vault", "import", "-", "--from", "json"], br#"{"one": "1"}"#).fails(0, &["set one, version 1"]);
    for (name, expected) in [
        ("app/B", "two words"),
        ("mail", r#"{"host":"mail","port":"25"}"#),
        ("db/user", "app"),
        ("db/pass", "x"),
        ("tls/key", "k\n"),
        ("one", "1"),
    ] {
        assert_eq!(value(&sandbox, name), expected, "{name}");
    }
    let report: serde_json::Value =
        serde_json::from_str(&sandbox.cloze(["vault", "import", &path("in/.env"), "--format", "json"]).ok()).unwrap();
    assert_eq!(
        (&report["kind"], &report["secrets"][1]["name"], &report["secrets"][1]["written"]),
        (&"VaultChangesReport".into(), &"B".into(), &true.into())
    );
    // All or nothing, and never a value in a message.
    sandbox.write("in/bad.env", "GOOD=1\nhunter2\n");
    let before = sandbox.read("secrets/dev.vault");
    let err = sandbox.cloze(["vault", "import", &path("in/bad.env")]).fails(2, &["bad.env:2:1: the line has no `=`"]);
    sandbox.write("in/bad.json", r#"{"good": "1", "not a name": "hunter2"}"#);
    let other = sandbox.cloze(["vault", "import", &path("in/bad.json")]).fails(5, &["a secret's name begins with `not` and has ' '"]);
    assert!(!err.contains("hunter2") && !other.contains("hunter2"), "{err}{other}");
    sandbox.write("in/what", "x");
    sandbox.cloze(["vault", "import", &path("in/what")]).fails(2, &["its name does not say what it is\n  pass `--from env`"]);
    sandbox.cloze(["vault", "import", "nowhere.env"]).fails(2, &["there is no such file"]);
    sandbox.feed(["vault", "import", "-"], b"A=1").fails(2, &["stdin does not say what it is"]);
    assert_eq!(sandbox.read("secrets/dev.vault"), before);
}

#[test]
fn secrets_are_copied_to_another_environment() {
    let sandbox = two_environments();
    let staging = |name: &str| sandbox.cloze(["vault", "get", name, "-e", "staging"]).ok();
    sandbox
        .cloze(["vault", "copy", "smtp", "api-token", "-e", "dev", "--to", "staging"])
        .fails(0, &["set smtp, version 1\nset api-token, version 1\n"]);
    assert_eq!(staging("smtp"), value(&sandbox, "smtp"));
    sandbox.cloze(["vault", "remove", "session-key", "-e", "dev"]).ok();
    sandbox
        .cloze(["vault", "copy", "--all", "-e", "dev", "--to", "staging"])
        .fails(0, &["set db-password, version 1", "smtp is unchanged, version 1"]);
    assert_eq!(staging("db-password"), value(&sandbox, "db-password"));
    sandbox.cloze(["vault", "get", "session-key", "-e", "staging"]).fails(5, &["there is no secret `session-key`"]);
    let before = sandbox.read("secrets/staging.vault");
    sandbox.cloze(["vault", "copy", "db-password", "nowhere", "-e", "dev", "--to", "staging"]).fails(5, &["there is no secret `nowhere`"]);
    sandbox.cloze(["vault", "copy", "smtp", "-e", "dev", "--to", "dev"]).fails(2, &["`smtp` would be copied onto itself"]);
    sandbox.cloze(["vault", "copy", "-e", "dev", "--to", "staging"]).fails(2, &["needs `<NAMES>...`"]);
    sandbox.cloze(["vault", "copy", "--all", "smtp", "-e", "dev", "--to", "staging"]).fails(2, &["cannot be used together"]);
    sandbox.cloze(["vault", "copy", "smtp", "-e", "dev", "--to", "nowhere"]).fails(2, &["nowhere"]);
    assert_eq!(sandbox.read("secrets/staging.vault"), before);
}

/// What a message says to type is typed, word for word.
#[test]
fn advice_runs_as_it_is_printed() {
    let sandbox = two_environments();
    let ask = "{{ secret(name=\"new/one\", key=\"the key\") }}{{ secret(name=\"smtp\", key=\"extra\") }}{{ secret(name=\"plain\") }}";
    sandbox.write("templates/x.yaml", format!("apiVersion: v1\nkind: Secret\nmetadata: {{ name: x }}\nstringData:\n  a: '{ask}'\n"));
    let reported = sandbox.cloze(["deploy", "-e", "dev"]).fails(5, &[]);
    let advice: BTreeSet<&str> = reported.split('`').filter(|part| part.starts_with("cloze vault set ")).collect();
    let expected =
        ["cloze vault set new/one --key 'the key' -e dev", "cloze vault set plain -e dev", "cloze vault set smtp --key extra -e dev"];
    assert_eq!(advice, BTreeSet::from(expected), "{reported}");
    let program = Path::new(env!("CARGO_BIN_EXE_cloze")).parent().unwrap().display();
    for command in advice {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("printf x | {command}")]).current_dir(sandbox.shop_path("")).env_clear();
        let output = shell.env("HOME", sandbox.root().join("home")).env("PATH", format!("{program}:/usr/bin:/bin")).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
    sandbox.cloze(["deploy", "-e", "dev"]).ok();
}
