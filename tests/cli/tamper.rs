//! A changed, cut or replayed history is noticed by the commands that read what was changed, and they say what to do.
//!
//! The checkpoint is all that shows a replay: where it was removed, an older copy of the whole store passes for the history.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use crate::support::Sandbox;

/// The commands that must notice.
const ALL: [&[&str]; 4] = [&["history", "--verify"], &["diff"], &["deploy", "--set-string", "logLevel=new"], &["rollback", "1"]];

/// Three releases, and a copy of the project as it was after the second.
struct Past {
    sandbox: Sandbox,
    older: PathBuf,
    whole: PathBuf,
}

fn past() -> Past {
    let sandbox = Sandbox::shop();
    let (older, whole) = (sandbox.root().join("older"), sandbox.root().join("whole"));
    for value in 1..=3 {
        let _ = sandbox.cloze(["deploy", "--set-string", &format!("logLevel=v{value}")]).ok();
        if value == 2 {
            copy(&sandbox.shop_path(""), &older);
        }
    }
    copy(&sandbox.shop_path(""), &whole);
    Past { sandbox, older, whole }
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

impl Past {
    fn store(&self, path: &str) -> PathBuf {
        self.sandbox.shop_path(".cloze/history/dev").join(path)
    }

    fn release(&self, number: u64) -> PathBuf {
        self.store(&format!("releases/0000/00/{number:08}"))
    }

    /// The one pack of a release.
    fn pack(&self, number: u64) -> PathBuf {
        let start = format!("{number:08}-");
        let mut entries = fs::read_dir(self.store("packs/0000/00")).unwrap().map(|entry| entry.unwrap().path());
        entries.find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&start)).unwrap()
    }

    /// That each of `commands` ends with exit code 6 and these words, and changes nothing; then puts all back.
    #[track_caller]
    fn noticed(&self, commands: &[&[&str]], words: &[&str]) {
        let state = self.state();
        for command in commands {
            let _ = self.sandbox.cloze(*command).fails(6, words);
            assert!(self.state() == state, "{command:?} wrote something");
        }
        self.restore();
    }

    fn restore(&self) {
        copy(&self.whole, &self.sandbox.shop_path(""));
        assert_eq!(self.sandbox.proved(), 3);
    }

    fn state(&self) -> Vec<(PathBuf, Vec<u8>)> {
        self.sandbox.files().into_iter().filter(|(path, _)| path.starts_with("work/shop")).collect()
    }
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn the_last_record_cut_off() {
    let past = past();
    fs::remove_file(past.release(3)).unwrap();
    past.noticed(&ALL, &["the history was changed, cut or replayed: the checkpoint knows release 3, and the newest is 2", "restore it"]);
    // Without the checkpoint its events still tell of it.
    fs::remove_file(past.release(3)).unwrap();
    fs::remove_file(past.sandbox.shop_path(".cloze/pins/dev.json")).unwrap();
    past.noticed(&ALL[..1], &["events of a release that is not there", "restore"]);
}

#[test]
fn a_listing_fails_where_the_checkpoint_knows_more() {
    let past = past();
    fs::remove_file(past.release(3)).unwrap();
    let said = past.sandbox.cloze(["history"]);
    assert!(said.out().contains("       2  "), "what is there is listed all the same");
    let _ = said.fails(6, &["the checkpoint knows release 3, and the newest is 2\n  find out who changed the store"]);
    past.restore();
    // The events of the newest release: nothing in the store knows how many there were.
    fs::remove_dir_all(past.store("events/0000/00/00000003")).unwrap();
    for command in [&["history"] as &[&str], &["history", "--verify"], &["show"], &["rollback"], &["deploy"]] {
        let said = past.sandbox.cloze(command);
        assert_eq!(said.code, Some(6), "{command:?}");
        assert!(said.err().contains("the checkpoint knows 1 events of release 3, and 0 are there"), "{}", said.err());
    }
}

#[test]
fn an_older_copy_of_the_store_is_noticed_by_the_remembered_head_alone() {
    let past = past();
    let older = past.older.join(".cloze/history");
    copy(&older, &past.sandbox.shop_path(".cloze/history"));
    past.noticed(
        &ALL,
        &[
            "the history was changed, cut or replayed: the checkpoint knows release 3, and the newest is 2",
            "find out who changed the store",
        ],
    );
    copy(&older, &past.sandbox.shop_path(".cloze/history"));
    fs::remove_file(past.sandbox.shop_path(".cloze/pins/dev.json")).unwrap();
    assert_eq!(past.sandbox.proved(), 2, "nothing is left that could tell");
    past.restore();
    // A fork: the older copy, and another release 3 on top of it.
    copy(&older, &past.sandbox.shop_path(".cloze/history"));
    let pin = past.sandbox.read(".cloze/pins/dev.json");
    fs::remove_file(past.sandbox.shop_path(".cloze/pins/dev.json")).unwrap();
    let _ = past.sandbox.cloze(["deploy", "--set-string", "logLevel=fork"]).ok();
    past.sandbox.write(".cloze/pins/dev.json", pin);
    past.noticed(&ALL, &["release 3 is not the one that the checkpoint knows"]);
    // The store gone, and a damaged memory.
    fs::remove_dir_all(past.store("")).unwrap();
    past.noticed(&ALL, &["dev holds no history: it is empty, or a part is missing; the checkpoint knows release 3", "if it is elsewhere"]);
    past.sandbox.write(".cloze/pins/dev.json", "{}");
    past.noticed(
        &ALL,
        &[".cloze/pins/dev.json is not a valid checkpoint", "check with `cloze history` that the newest release is the last"],
    );
}

#[test]
fn of_two_histories_forked_from_one_a_machine_follows_the_one_that_it_knows() {
    let sandbox = Sandbox::shop();
    let deploy = |sandbox: &Sandbox, level: &str| drop(sandbox.cloze(["deploy", "--set-string", &format!("logLevel={level}")]).ok());
    for level in ["a", "b"] {
        deploy(&sandbox, level);
    }
    // A machine that knows release 2, the last that both have; and one that goes on elsewhere with a copy of the bucket.
    let (neutral, other) = (sandbox.twin(), sandbox.twin());
    for level in ["c", "d"] {
        deploy(&sandbox, level);
    }
    for level in ["x", "y", "z"] {
        deploy(&other, level);
    }
    let history = |sandbox: &Sandbox| sandbox.shop_path(".cloze/history/dev");
    let swap = |at: &Sandbox, with: &Sandbox| {
        fs::remove_dir_all(history(at)).unwrap();
        copy(&history(with), &history(at));
    };
    let own = sandbox.twin();
    swap(&sandbox, &other);
    for words in [&["history"][..], &["show"], &["rollback", "1"], &["deploy"], &["history", "--verify"]] {
        let _ = sandbox.cloze(words).fails(6, &["release 4 is not the one that the checkpoint knows"]);
    }
    // Who knows nothing beyond the fork cannot tell the branches apart, and neither can anybody who knows nothing.
    for branch in [&own, &other] {
        let neutral = neutral.twin();
        swap(&neutral, branch);
        assert!(neutral.cloze(["history", "--verify"]).ok().starts_with("verified "));
        let _ = neutral.cloze(["deploy", "--set-string", "logLevel=e"]).ok();
    }
    // What was recorded in the other branch and pruned there is not taken for what is remembered.
    let _ = other.cloze(["prune", "--keep", "2", "--yes"]).ok();
    swap(&sandbox, &other);
    let _ = sandbox.cloze(["show"]).fails(6, &["release 4 is not the one that the checkpoint knows"]);
}

#[test]
fn a_changed_record() {
    let past = past();
    flip(&past.release(3));
    past.noticed(&ALL, &["release"]);
    fs::copy(past.release(2), past.release(3)).unwrap();
    past.noticed(&ALL, &["releases/0000/00/00000003"]);
    let bytes = fs::read(past.release(3)).unwrap();
    fs::write(past.release(3), &bytes[..bytes.len() - 1]).unwrap();
    past.noticed(&ALL, &["release"]);
    // One that only those need that go back to it.
    flip(&past.release(1));
    past.noticed(&[ALL[0], ALL[3]], &["releases/0000/00/00000001", "restore the object from a backup of the history"]);
    fs::remove_file(past.release(2)).unwrap();
    past.noticed(&[ALL[0], &["rollback", "2"], &["show", "2"]], &["releases/0000/00/00000002"]);
}

#[test]
fn a_changed_pack_or_event() {
    let past = past();
    for number in [1, 3] {
        flip(&past.pack(number));
        past.noticed(&[ALL[0], ALL[1], ALL[3]], &["packs/0000/00/0000000", "restore the object from a backup of the history"]);
    }
    let (one, three) = (fs::read(past.pack(1)).unwrap(), fs::read(past.pack(3)).unwrap());
    fs::write(past.pack(1), three).unwrap();
    fs::write(past.pack(3), one).unwrap();
    past.noticed(&[ALL[0], ALL[1], ALL[3]], &["packs/0000/00/0000000"]);
    fs::remove_file(past.pack(1)).unwrap();
    past.noticed(&[ALL[0], ALL[3]], &["packs/0000/00/00000001"]);
    let event = |number: u64| past.store(&format!("events/0000/00/{number:08}/0001"));
    flip(&event(3));
    past.noticed(&[ALL[0], &["deploy", "--set-string", "logLevel=v3"]], &["events/0000/00/00000003/0001"]);
    fs::copy(event(2), event(3)).unwrap();
    past.noticed(&ALL[..1], &["events/0000/00/00000003/0001"]);
}

#[test]
fn a_changed_store() {
    let past = past();
    flip(&past.store("store"));
    past.noticed(&ALL, &["store"]);
    fs::remove_file(past.store("store")).unwrap();
    past.noticed(&ALL, &["holds no history: it is empty, or a part is missing; the checkpoint knows release 3"]);
    fs::write(past.store("releases/0000/00/planted"), "x").unwrap();
    past.noticed(&ALL[..1], &["releases/0000/00/planted", "it does not belong here"]);
    let keyring = fs::read_dir(past.store("keyring")).unwrap().next().unwrap().unwrap().path();
    flip(&keyring);
    past.noticed(&ALL[..1], &["keyring/", "it is not the keyring that it was"]);
    // The history of another project in its place.
    let other = Sandbox::shop();
    let _ = other.cloze(["deploy"]).ok();
    copy(&other.shop_path(".cloze/history"), &past.sandbox.shop_path(".cloze/history"));
    past.noticed(&ALL, &["it was written under keyring "]);
}
