//! Keys, vault files and histories that are not what they should be.

use std::fs;

use crate::support::Sandbox;

/// A second project beside `shop`.
fn other(sandbox: &Sandbox, path: &str) -> Vec<u8> {
    sandbox.run(["init", "other", "-q"]).ok();
    fs::read(sandbox.work().join("other").join(path)).unwrap()
}

#[test]
fn the_key_file_of_another_project() {
    let sandbox = Sandbox::shop();
    let key = other(&sandbox, ".cloze/dev.key");
    sandbox.write(".cloze/dev.key", key);
    for command in ["deploy", "diff", "show"] {
        let err = sandbox.cloze([command]).fails(5, &["error: "]);
        assert_eq!(err.lines().count(), 2, "{err}");
        println!("{err}");
        assert!(err.contains("`shop/.cloze/dev.key` (key file "), "{err}");
    }
}

#[test]
fn the_keyring_of_another_project() {
    let sandbox = Sandbox::shop();
    let keyring = other(&sandbox, "secrets/dev.keyring");
    sandbox.write("secrets/dev.keyring", keyring);
    let err = sandbox.cloze(["deploy"]).fails(
        5,
        &["error: the keyring was made for environment `dev` of project `other`, not for `dev` of `shop`\n  set `project: other`"],
    );
    println!("{err}");
}

#[test]
fn the_history_of_another_project() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    fs::remove_dir_all(sandbox.shop_path("secrets")).unwrap();
    for (from, to, words) in [
        ("project: \"shop\"", "project: store", "not to environment dev of project store"),
        ("  dev:\n", "  test:\n", "not to environment test of project shop"),
    ] {
        let text = sandbox.read("cloze.yaml");
        sandbox.write("cloze.yaml", text.replacen(from, to, 1));
        if to.contains("test") {
            fs::rename(sandbox.shop_path(".cloze/history/dev"), sandbox.shop_path(".cloze/history/test")).unwrap();
        }
        for command in [&["history"] as &[&str], &["show"], &["rollback"]] {
            let err = sandbox
                .cloze(command)
                .fails(6, &["error: this history belongs to environment dev of project shop, ", words, "\n  correct `project:`"]);
            assert_eq!(err.lines().count(), 2, "{err}");
        }
        sandbox.write("cloze.yaml", text);
    }
}

#[test]
fn the_vault_of_another_project() {
    let sandbox = Sandbox::shop();
    let vault = other(&sandbox, "secrets/dev.vault");
    sandbox.write("secrets/dev.vault", vault);
    let words = ["error: shop/secrets/dev.vault belongs to keyring `", "`\n  restore the keyring and the vault from the same commit\n"];
    let err = sandbox.cloze(["vault", "list"]).fails(5, &words);
    println!("{err}");
}

#[test]
fn a_damaged_line_of_the_vault() {
    let sandbox = Sandbox::shop();
    let text = sandbox.read("secrets/dev.vault");
    let line = text.lines().nth(1).unwrap();
    let mut broken = line.to_owned().into_bytes();
    let last = broken.len() - 5;
    broken[last] = if broken[last] == b'A' { b'B' } else { b'A' };
    sandbox.write("secrets/dev.vault", text.replace(line, std::str::from_utf8(&broken).unwrap()));
    let words = [
        " of local vault shop/secrets/dev.vault: version 1 of `",
        "does not open: its line was changed",
        "\n  restore the line from version control\n",
    ];
    let err = sandbox.cloze(["deploy"]).fails(5, &words);
    println!("{err}");
}

#[test]
fn a_damaged_record() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    let path = sandbox.shop_path(".cloze/history/dev/releases/0000/00/00000001");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, &bytes).unwrap();
    for command in ["show", "deploy", "rollback"] {
        let err = sandbox.cloze([command]).fails(6, &["error: "]);
        println!("{err}");
        assert!(
            err.contains("releases/0000/00/00000001")
                || err.contains("changed, cut or replayed: release 1 is not the one that the checkpoint knows"),
            "{err}"
        );
    }
}

#[test]
fn a_missing_pack() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    fs::remove_dir_all(sandbox.shop_path(".cloze/history/dev/packs")).unwrap();
    let err = sandbox.cloze(["show"]).fails(6, &["the history is damaged", "packs/"]);
    println!("{err}");
    sandbox.cloze(["history", "--verify"]).fails(6, &["packs/"]);
}

#[test]
fn a_history_that_was_cut() {
    let sandbox = Sandbox::shop();
    sandbox.cloze(["deploy"]).ok();
    sandbox.cloze(["deploy", "--set", "replicas=2"]).ok();
    fs::remove_file(sandbox.shop_path(".cloze/history/dev/releases/0000/00/00000002")).unwrap();
    let err = sandbox
        .cloze(["deploy"])
        .fails(6, &["the history was changed, cut or replayed: the checkpoint knows release 2, and the newest is 1"]);
    println!("{err}");
}
