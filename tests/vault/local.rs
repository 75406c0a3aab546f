//! The local vault used by several processes at once, some of which are killed.

use std::collections::BTreeSet;
use std::env;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use cloze::clock::Entropy;
use cloze::clock::Machine;
use cloze::seal::Keys;
use cloze::secret::Secret;
use cloze::vault::local::LocalChange;
use cloze::vault::local::LocalVault;

/// The same bytes for everybody, so that each process has the same keys. Salts come from the machine.
#[derive(Debug)]
struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

fn vault(directory: &Path) -> LocalVault {
    LocalVault::open(directory.join("dev.vault"), Arc::new(Keys::fresh(&Fixed)), "shop", "dev")
}

/// Not a test by itself: what the tests below start as processes.
#[test]
#[ignore = "started by the other tests"]
fn writer() {
    let (Ok(directory), Ok(name), Ok(rounds)) = (variable("DIRECTORY"), variable("NAME"), variable("ROUNDS")) else { return };
    let vault = vault(Path::new(&directory));
    for round in 0..rounds.parse::<u32>().unwrap() {
        for target in [name.as_str(), "shared"] {
            let value = format!("{name}-{round}");
            assert!(matches!(vault.set(target, &Secret::copy_of(value.as_bytes()), &Machine, &Machine), Ok(LocalChange::Written(_))));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how a test talks to the process that it started")]
fn variable(name: &str) -> Result<String, env::VarError> {
    env::var(format!("CLOZE_TEST_{name}"))
}

fn start(directory: &Path, name: &str, rounds: u32) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "local::writer", "--ignored"])
        .env("CLOZE_TEST_DIRECTORY", directory)
        .env("CLOZE_TEST_NAME", name)
        .env("CLOZE_TEST_ROUNDS", rounds.to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn processes_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut writers: Vec<Child> = (0..4).map(|number| start(directory.path(), &format!("own/{number}"), 10)).collect();
    assert!(writers.iter_mut().all(|writer| writer.wait().unwrap().success()));
    let vault = vault(directory.path());
    let shared: BTreeSet<Vec<u8>> = (1..=40).map(|version| vault.get("shared", Some(version)).unwrap().value.expose().to_vec()).collect();
    assert_eq!(shared.len(), 40);
    assert!(vault.get("shared", Some(41)).is_err());
    for number in 0..4 {
        assert_eq!(vault.get(&format!("own/{number}"), Some(10)).unwrap().value.expose(), format!("own/{number}-9").as_bytes());
    }
}

#[test]
fn a_kill_leaves_the_old_file_or_the_new_one() {
    let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let vault = vault(directory.path());
    vault.set("kept", &Secret::copy_of(b"precious"), &Machine, &Machine).unwrap();
    let mut versions = 0;
    for round in 0..60_u64 {
        let mut writer = start(directory.path(), &format!("w{round}"), 100_000);
        sleep(Duration::from_micros(15_000 + round * 977 % 20_000));
        writer.kill().unwrap();
        writer.wait().unwrap();
        // What was there still is, and the next writer goes on without a repair.
        assert_eq!(vault.get("kept", None).unwrap().value.expose(), b"precious");
        let change = vault.set("shared", &Secret::copy_of(format!("after {round}").as_bytes()), &Machine, &Machine).unwrap();
        let LocalChange::Written(number) = change else { panic!("a new value was taken for an old one") };
        assert!(number > versions, "versions were lost");
        versions = number;
    }
    assert!(versions > 60, "no writer wrote anything before it was killed");
    for version in 1..=versions {
        assert!(vault.get("shared", Some(version)).is_ok(), "version {version} of {versions}");
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "a killed run's leftovers lie about");
}
