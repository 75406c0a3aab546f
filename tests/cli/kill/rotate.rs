//! Kills of `key rotate`.

use serde_json::Value;

use crate::kill::Siege;
use crate::support::Sandbox;
use crate::support::rounds;

#[test]
fn a_killed_rotation_leaves_the_old_keyring_or_the_new_one() {
    let aim = rounds(40, 400);
    let (mut kills, mut littered, mut done) = (0, 0, 0);
    while kills < aim {
        let mut siege = Siege::new(Sandbox::shop(), 17 + kills as u64);
        siege.sandbox.cloze(["deploy"]).ok();
        let password = siege.sandbox.cloze(["vault", "get", "db-password"]).ok();
        for serial in 1.. {
            if siege.kills >= 20.min(aim - kills) {
                break;
            }
            let before = siege.sandbox.read("secrets/dev.keyring");
            let command: &[&str] =
                if serial % 4 == 0 { &["-C", "shop", "key", "rotate", "--names"] } else { &["-C", "shop", "key", "rotate"] };
            let end = siege.strike("rotate", command, b"");
            let rotated = siege.sandbox.read("secrets/dev.keyring") != before;
            assert!(rotated || !end.outcome.err().contains("has a new root key"), "a rotation that was reported is lost");
            siege.done += usize::from(end.killed && rotated);
            // Whatever is there opens all that is there.
            assert_eq!(siege.sandbox.cloze(["vault", "get", "db-password"]).ok(), password);
            siege.sandbox.cloze(["history", "--verify"]).ok();
            let set = format!("logLevel=v{serial}");
            siege.sandbox.cloze(["deploy", "--set-string", &set]).ok();
            let _ = siege.calm("rotate", command, b"").outcome.ok();
            assert_eq!(siege.sandbox.cloze(["vault", "get", "db-password"]).ok(), password);
            siege.swept();
        }
        let history: Value = serde_json::from_str(&siege.sandbox.cloze(["history", "--format", "json"]).ok()).unwrap();
        for release in history["releases"].as_array().unwrap() {
            let shown = siege.sandbox.cloze(["show", &release["release"].to_string(), "--reveal"]).ok();
            assert!(shown.contains("kind: Secret"), "{shown}");
        }
        siege.report("rotate");
        kills += siege.kills;
        littered += siege.littered;
        done += siege.done;
    }
    println!("rotate: {kills} kills in all");
    assert!(littered > 0 && done > 0, "kills that matter");
}
