//! Kills of `key rotate`.

use serde_json::Value;

use crate::kill::Killer;
use crate::support::Sandbox;
use crate::support::rounds;

#[test]
fn a_killed_rotation_leaves_the_old_keyring_or_the_new_one() {
    let aim = rounds(40, 400);
    let (mut kills, mut littered, mut done) = (0, 0, 0);
    while kills < aim {
        let mut killer = Killer::new(Sandbox::shop(), 17 + kills as u64);
        killer.sandbox.cloze(["deploy"]).ok();
        let password = killer.sandbox.cloze(["vault", "get", "db-password"]).ok();
        for serial in 1.. {
            if killer.kills >= 20.min(aim - kills) {
                break;
            }
            let before = killer.sandbox.read("secrets/dev.keyring");
            let command: &[&str] =
                if serial % 4 == 0 { &["-C", "shop", "key", "rotate", "--names"] } else { &["-C", "shop", "key", "rotate"] };
            let end = killer.strike("rotate", command, b"");
            let rotated = killer.sandbox.read("secrets/dev.keyring") != before;
            assert!(rotated || !end.outcome.err().contains("has a new root key"), "a rotation that was reported is lost");
            killer.done += usize::from(end.killed && rotated);
            // Whatever is there opens all that is there.
            assert_eq!(killer.sandbox.cloze(["vault", "get", "db-password"]).ok(), password);
            killer.sandbox.cloze(["history", "--verify"]).ok();
            let set = format!("logLevel=v{serial}");
            killer.sandbox.cloze(["deploy", "--set-string", &set]).ok();
            let _ = killer.calm("rotate", command, b"").outcome.ok();
            assert_eq!(killer.sandbox.cloze(["vault", "get", "db-password"]).ok(), password);
            killer.swept();
        }
        let history: Value = serde_json::from_str(&killer.sandbox.cloze(["history", "--format", "json"]).ok()).unwrap();
        for release in history["releases"].as_array().unwrap() {
            let shown = killer.sandbox.cloze(["show", &release["release"].to_string(), "--reveal"]).ok();
            assert!(shown.contains("kind: Secret"), "{shown}");
        }
        killer.report("rotate");
        kills += killer.kills;
        littered += killer.littered;
        done += killer.done;
    }
    println!("rotate: {kills} kills in all");
    assert!(littered > 0 && done > 0, "kills that matter");
}
