//! Kills of `init`, and of `key init`.

use std::fs;

use crate::kill::Siege;
use crate::support::Sandbox;
use crate::support::rounds;

#[test]
fn a_killed_init_leaves_a_whole_project_or_none() {
    let aim = rounds(25, 250);
    let mut siege = Siege::new(Sandbox::new(), 11);
    for serial in 0.. {
        if siege.kills >= aim {
            break;
        }
        let name = format!("p{serial}");
        let folder = siege.sandbox.work().join(&name);
        let end = siege.strike("init", &["init", &name], b"");
        let there = folder.exists();
        assert!(there || (end.killed && !end.outcome.err().contains("wrote project")), "a project that was reported is lost");
        siege.done += usize::from(end.killed && there);
        let again = siege.calm("init", &["init", &name], b"").outcome;
        if there {
            let _ = again.fails(2, &["already exists"]);
        } else {
            let _ = again.ok();
        }
        siege.swept();
        let deployed = siege.sandbox.run(["-C", &name, "deploy", "-o", "-"]).ok();
        assert_eq!(deployed.matches("\nkind: ").count(), 11, "{deployed}");
        assert!(siege.sandbox.run(["-C", &name, "vault", "list"]).ok().lines().count() >= 4);
        fs::remove_dir_all(folder).unwrap();
    }
    siege.report("init");
    assert!(siege.littered > 0, "kills that matter");
}

#[test]
fn killed_while_making_the_first_keys() {
    let aim = rounds(15, 150);
    let mut siege = Siege::new(Sandbox::shop(), 13);
    for serial in 0..u64::MAX {
        if siege.kills >= aim {
            break;
        }
        // No key, no keyring, no vault: a new environment.
        for path in [".cloze", "secrets"] {
            fs::remove_dir_all(siege.sandbox.shop_path(path)).unwrap();
        }
        let value = serial.to_string();
        let arguments = ["-C", "shop", "key", "init"];
        let end = siege.strike("found", &arguments, b"");
        let there = siege.sandbox.shop_path("secrets/dev.keyring").exists();
        assert!(there || !end.outcome.err().contains("created the keyring"), "keys that were reported are lost");
        siege.done += usize::from(end.killed && there);
        let _ = siege.calm("found", &arguments, b"").outcome.ok();
        siege.sandbox.feed(["vault", "set", "first"], value.as_bytes()).ok();
        assert_eq!(siege.sandbox.cloze(["vault", "get", "first"]).ok(), value);
        assert!(siege.sandbox.cloze(["vault", "list"]).ok().contains("version 1"));
        siege.swept();
    }
    siege.report("first keys");
    assert!(siege.littered > 0, "kills that matter");
}
