//! Full disks, files that may not grow, read-only places.

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::chown;
use std::os::unix::fs::lchown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;

use crate::support::Outcome;
use crate::support::Sandbox;
use crate::support::mount::Mount;
use crate::support::rounds;

/// What a run in a place without space came to: whether it went well, or a clean error with one of `codes`.
#[track_caller]
fn clean(outcome: &Outcome, codes: &[i32]) -> bool {
    if outcome.code == Some(0) {
        return true;
    }
    let err = outcome.err();
    assert!(outcome.code.is_some_and(|code| codes.contains(&code)), "{:?} {:?}: {err}", outcome.code, outcome.signal);
    assert!(err.starts_with("error: ") || err.contains("\nerror: "), "{err}");
    assert!(!err.contains("internal error") && !err.contains("bug"), "{err}");
    false
}

fn deploy(sandbox: &Sandbox, value: usize) -> Outcome {
    sandbox.cloze(["deploy", "--set-string", &format!("logLevel=v{value}"), "--note", &format!("deploy {value}")])
}

/// That the newest release is whole and written out once `deploy` went well again.
#[track_caller]
fn sound(sandbox: &Sandbox) {
    let releases = sandbox.releases();
    assert_eq!(sandbox.proved(), releases.len() as u64);
    assert!(sandbox.emitted().unwrap() == sandbox.shown(releases.len() as u64));
    assert_eq!(sandbox.leftovers(), Vec::<PathBuf>::new());
}

/// Deploys in a project whose folder `place` has ever less space, and then again once there is some.
fn starve(place: &str, codes: &[i32], words: &str) {
    let sandbox = Sandbox::shop();
    let _ = deploy(&sandbox, 0).ok();
    let Some(mount) = Mount::small(&sandbox.shop_path(place), 4096) else { return };
    let (mut failed, mut explained) = (0, 0);
    for value in 1..=rounds(8, 48) {
        mount.fill((value - 1) * 24 / rounds(8, 48));
        let before = sandbox.emitted().unwrap();
        let outcome = deploy(&sandbox, value);
        if !clean(&outcome, codes) {
            failed += 1;
            explained += usize::from(outcome.err().contains(words));
            let releases = sandbox.releases();
            assert_eq!(sandbox.proved(), releases.len() as u64, "nothing torn");
            let emitted = sandbox.emitted().unwrap();
            let there = emitted == before || emitted == sandbox.shown(releases.len() as u64);
            assert!(there, "what is written out is one release, whole");
        }
        mount.free();
        let _ = deploy(&sandbox, value).ok();
        sound(&sandbox);
        assert_eq!(sandbox.releases().len(), value + 1, "recorded once");
    }
    println!("full {place}: {failed} clean errors, {explained} of them in these words: {words}");
    assert!(failed > 0 && explained > 0);
}

#[test]
fn a_full_disk_under_the_history_is_a_clean_error() {
    starve(".cloze/history", &[6], "/.cloze/history/dev: no space left");
}

#[test]
fn a_full_disk_under_the_remembered_head_is_a_clean_error() {
    starve(".cloze/pins", &[8], "cannot write the checkpoint: no space left");
}

#[test]
fn a_full_disk_under_the_output_is_a_clean_error() {
    starve("dist", &[8], "cannot be written: no space left");
}

#[test]
fn a_full_disk_under_the_vault_is_a_clean_error() {
    let sandbox = Sandbox::shop();
    let Some(mount) = Mount::small(&sandbox.shop_path("secrets"), 256) else { return };
    let mut failed = 0;
    for version in 1..=8 {
        mount.fill(version * 4);
        let value = format!("{version}").repeat(3000);
        let outcome = sandbox.feed(["vault", "set", "big"], value.as_bytes());
        if !clean(&outcome, &[5]) {
            failed += 1;
            let _ = outcome.fails(5, &["cannot write", "dev.vault: no space left", "free some space"]);
            let _ = sandbox.cloze(["vault", "get", "db-password"]).ok();
        }
        mount.free();
        let _ = sandbox.feed(["vault", "set", "big"], value.as_bytes()).ok();
        assert_eq!(sandbox.cloze(["vault", "get", "big", "--at", &version.to_string()]).ok(), value);
        assert_eq!(sandbox.leftovers(), Vec::<PathBuf>::new());
    }
    println!("full secrets: {failed} clean errors");
    assert!(failed > 0);
}

#[test]
fn a_full_disk_under_a_new_project_leaves_none() {
    let sandbox = Sandbox::new();
    let Some(mount) = Mount::small(&sandbox.work(), 256) else { return };
    for left in [0, 8, 16, 32, 64] {
        mount.fill(left);
        let _ = sandbox.run(["init", "shop"]).fails(8, &["cannot be written: no space left", "free some space"]);
        assert_eq!(fs::read_dir(sandbox.work()).unwrap().count(), 1, "only what fills the disk");
        mount.free();
    }
    let _ = sandbox.run(["init", "shop"]).ok();
    let _ = sandbox.cloze(["check"]).ok();
}

/// Files may not grow beyond so many bytes (`RLIMIT_FSIZE`): the system refuses the write, or with `signal` ends the program.
#[test]
fn files_that_may_not_grow_are_a_clean_error() {
    let sandbox = Sandbox::shop();
    let _ = deploy(&sandbox, 0).ok();
    let (mut failed, mut explained, mut ended) = (0, 0, 0);
    for value in 1..=rounds(16, 64) {
        // POSIX counts in blocks of 512 bytes.
        let (signal, blocks) = (value % 4 == 0, value % 16);
        let trap = if signal { "" } else { "trap '' XFSZ;" };
        let mut command = std::process::Command::new("sh");
        command.arg("-c").arg(format!("{trap} ulimit -f {blocks}; exec \"$@\"")).arg("sh").arg(env!("CARGO_BIN_EXE_cloze"));
        command.args(["-C", "shop", "deploy", "--set-string", &format!("logLevel=v{value}")]);
        let like = sandbox.command(["check"]);
        command.current_dir(sandbox.work()).env_clear().envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let outcome = Outcome::of(command.output().unwrap());
        if signal && outcome.code.is_none() {
            ended += 1;
        } else if !clean(&outcome, &[6, 8]) {
            failed += 1;
            explained += usize::from(outcome.err().contains("it is too large"));
        }
        assert_eq!(sandbox.proved(), sandbox.releases().len() as u64);
        let _ = deploy(&sandbox, value).ok();
        sound(&sandbox);
        assert_eq!(sandbox.releases().len(), value + 1);
    }
    println!("files that may not grow: {failed} clean errors, {ended} ended by the system");
    assert!(failed > 0 && explained > 0 && ended > 0);
}

#[test]
fn read_only_places_are_a_clean_error() {
    let sandbox = Sandbox::shop();
    let _ = deploy(&sandbox, 0).ok();
    let vault = |value: &str| sandbox.feed(["vault", "set", "a"], value.as_bytes());
    let places: [(&str, i32, &str); 4] = [
        (".cloze/history", 6, "the file system is read-only"),
        (".cloze/pins", 8, "cannot write the checkpoint: the file system is read-only"),
        ("dist", 8, "cannot be written: the file system is read-only"),
        ("secrets", 5, "dev.vault: the file system is read-only"),
    ];
    for (index, (place, code, words)) in places.into_iter().enumerate() {
        let Some(mount) = Mount::read_only(&sandbox.shop_path(place)) else { return };
        let outcome = if place == "secrets" { vault("x") } else { deploy(&sandbox, index + 1) };
        let _ = outcome.fails(code, &[words]);
        assert_eq!(sandbox.proved(), sandbox.releases().len() as u64);
        for reading in [vec!["history"], vec!["show"], vec!["diff"], vec!["vault", "list"], vec!["render"]] {
            let _ = sandbox.cloze(reading).ok();
        }
        drop(mount);
        let _ = vault("x").ok();
        let _ = deploy(&sandbox, index + 1).ok();
        sound(&sandbox);
    }
}

/// Runs as somebody whom permissions bind; `None`, said aloud, where that cannot be.
fn bound(sandbox: &Sandbox, arguments: &[&str]) -> Option<Outcome> {
    let mut command = sandbox.command(["-C", "shop"].iter().chain(arguments));
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    match command.output() {
        Ok(output) => Some(Outcome::of(output)),
        Err(error) => {
            println!("skipped: nobody cannot run the program: {error}");
            None
        }
    }
}

/// Gives all below `folder` to nobody, where that is not who we are.
fn give_away(folder: &Path) {
    if rustix::process::geteuid().is_root() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() && !entry.is_symlink() {
                give_away(&entry);
            }
            lchown(entry, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

const NOBODY: u32 = 65534;

#[test]
fn what_was_replaced_and_cannot_be_removed_stops_nothing() {
    let sandbox = Sandbox::shop();
    give_away(sandbox.root());
    let value = |number: u8| format!("logLevel=v{number}");
    let Some(first) = bound(&sandbox, &["deploy", "--set-string", &value(1)]) else { return };
    let _ = first.ok();
    fs::set_permissions(sandbox.shop_path("dist/dev"), Permissions::from_mode(0o555)).unwrap();
    for number in 2..4 {
        let said = bound(&sandbox, &["deploy", "--set-string", &value(number)]).unwrap();
        let err = said.err();
        let _ = said.ok();
        let [left] = &sandbox.leftovers()[..] else { panic!("{:?}", sandbox.leftovers()) };
        let path =
            format!("dist/{}`, which holds older manifests, cannot be removed: permission denied", left.file_name().unwrap().display());
        assert!(err.contains(&path) && err.contains("remove it, it may hold secrets"), "{err}");
        assert_eq!(err.matches("warning").count(), 1, "{err}");
        assert!(sandbox.emitted().unwrap() == sandbox.shown(u64::from(number)));
    }
    assert!(sandbox.releases().iter().all(|release| release.outcome == "emitted"));
    fs::set_permissions(sandbox.work().join(&sandbox.leftovers()[0]), Permissions::from_mode(0o755)).unwrap();
    let said = bound(&sandbox, &["deploy", "--set-string", &value(4)]).unwrap();
    assert!(!said.err().contains("cannot be removed"), "{}", said.err());
    let _ = said.ok();
    sound(&sandbox);
}
