//! Kills of `init`, and of `key init`.

use std::fs;

use crate::kill::Killer;
use crate::support::Sandbox;
use crate::support::rounds;

#[test]
fn a_killed_init_leaves_a_whole_project_or_none() {
    let aim = rounds(25, 250);
    let mut killer = Killer::new(Sandbox::new(), 11);
    for serial in 0.. {
        if killer.kills >= aim {
            break;
        }
        let name = format!("p{serial}");
        let folder = killer.sandbox.work().join(&name);
        let end = killer.strike("init", &["init", &name], b"");
        let there = folder.exists();
        assert!(there || (end.killed && !end.outcome.err().contains("wrote project")), "a project that was reported is lost");
        killer.done += usize::from(end.killed && there);
        let again = killer.calm("init", &["init", &name], b"").outcome;
        if there {
            let _ = again.fails(2, &["already exists"]);
        } else {
            let _ = again.ok();
        }
        killer.swept();
        let deployed = killer.sandbox.run(["-C", &name, "deploy", "-o", "-"]).ok();
        assert_eq!(deployed.matches("\nkind: ").count(), 11, "{deployed}");
        assert!(killer.sandbox.run(["-C", &name, "vault", "list"]).ok().lines().count() >= 4);
        fs::remove_dir_all(folder).unwrap();
    }
    killer.report("init");
    assert!(killer.littered > 0, "kills that matter");
}

#[test]
fn killed_while_making_the_first_keys() {
    let aim = rounds(15, 150);
    let mut killer = Killer::new(Sandbox::shop(), 13);
    for serial in 0..u64::MAX {
        if killer.kills >= aim {
            break;
        }
        // No key, no keyring, no vault: a new environment.
        for path in [".cloze", "secrets"] {
            fs::remove_dir_all(killer.sandbox.shop_path(path)).unwrap();
        }
        let value = serial.to_string();
        let arguments = ["-C", "shop", "key", "init"];
        let end = killer.strike("found", &arguments, b"");
        let there = killer.sandbox.shop_path("secrets/dev.keyring").exists();
        assert!(there || !end.outcome.err().contains("created the keyring"), "keys that were reported are lost");
        killer.done += usize::from(end.killed && there);
        let _ = killer.calm("found", &arguments, b"").outcome.ok();
        killer.sandbox.feed(["vault", "set", "first"], value.as_bytes()).ok();
        assert_eq!(killer.sandbox.cloze(["vault", "get", "first"]).ok(), value);
        assert!(killer.sandbox.cloze(["vault", "list"]).ok().contains("version 1"));
        killer.swept();
    }
    killer.report("first keys");
    assert!(killer.littered > 0, "kills that matter");
}
