//! Machines that share a history, and everything that can happen to them, as one seed decides: calls are late, overtake each other, are lost or
//! answered wrongly, runs are killed, and clocks lie years apart; of what is written to a directory, half may be there. What was acknowledged is
//! never lost, no number is given twice, the history is proven whole at the end, as is each copy of it, and what was pruned is not taken for a
//! cut. A record in the place of another is noticed, and so is half an object.
//!
//! Time is tokio's, which stands still while anything can go on, so a seed is one schedule. A seed that fails prints itself; `CLOZE_SEED=N` runs
//! it alone. 200 seeds, or 10,000 with `CLOZE_LONG=1`.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as expected")]

mod machine;
#[expect(dead_code, reason = "others need more of it")]
#[path = "../cli/support/random.rs"]
mod random;
mod store;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use cloze::history::Continuity;
use cloze::history::History;
use cloze::history::HistoryError;
use cloze::seal::Keys;
use futures::future::join_all;
use tokio::time::sleep;

use crate::machine::KEYRINGS;
use crate::machine::Machine;
use crate::machine::Mirror;
use crate::machine::Results;
use crate::machine::Seeded;
use crate::machine::reader;
use crate::random::Random;
use crate::store::Store;

/// What a seed led to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Outcome {
    /// A digest of every call in its order.
    trace: u64,
    acknowledged: u64,
    pruned: u64,
    killed: u64,
    mishaps: u64,
    copies: u64,
    kept: u64,
    /// How often half an object was there.
    torn: u64,
    /// Records that came second, each of which was noticed in the other's place.
    forks: u64,
}

impl Outcome {
    fn add(&mut self, other: Self) {
        let Self { trace: _, acknowledged, pruned, killed, mishaps, copies, kept, torn, forks } = other;
        self.acknowledged += acknowledged;
        self.pruned += pruned;
        self.killed += killed;
        self.mishaps += mishaps;
        self.copies += copies;
        self.kept += kept;
        self.torn += torn;
        self.forks += forks;
    }
}

fn run(seed: u64) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let keys = Keys::fresh(&Seeded::new(seed));
        let store = Store::new(seed, seed % 4 == 3);
        let mut random = Random::new(seed ^ 0x5eed);
        let mirror = Mirror::new(random.number(), seed % 3 == 2);
        let years = [0, 10, -10, 40];
        let machines: Vec<Machine<'_>> =
            (0..2 + random.below(3)).map(|id| Machine::new(id, &keys, &store, &mirror, random.number(), years[id % 4])).collect();
        join_all(machines.iter().map(|machine| machine.work(4 + usize::try_from(seed % 9).unwrap()))).await;
        // What is late comes, and then nothing goes wrong any more.
        sleep(Duration::from_mins(1)).await;
        store.calm();
        mirror.store.calm();
        let torn = store.torn();
        halves_are_noticed(&keys, &store, &torn).await;
        store.repair();
        check(&keys, &store, &machines).await;
        let last = Machine::new(9, &keys, &store, &mirror, random.number(), 0);
        last.deploy("afterwards").await.unwrap();
        let forks = forks_are_noticed(&keys, &store).await;
        last.prune(2).await.unwrap();
        check(&keys, &store, &machines).await;
        let keyring = random.below(KEYRINGS.len());
        last.keep_keyring(keyring).await.unwrap();
        assert_eq!(reader(&store).keyring().await.unwrap().unwrap(), KEYRINGS[keyring]);
        last.copy().await.unwrap();
        let newest = reader(&mirror.store).newest().await.unwrap();
        assert_eq!(newest, reader(&store).newest().await.unwrap(), "a copy has the newest release");
        let results: Vec<Results> = machines.iter().map(Machine::results).collect();
        Outcome {
            trace: store.trace(),
            acknowledged: results.iter().map(|results| results.acknowledged.len() as u64).sum(),
            pruned: reader(&store).first().await.unwrap() - 1,
            killed: results.iter().map(|results| results.killed).sum(),
            mishaps: store.mishaps(),
            copies: results.iter().map(|results| results.copies).sum(),
            kept: results.iter().map(|results| results.kept.len() as u64).sum(),
            torn: store.halves() + mirror.store.halves(),
            forks,
        }
    })
}

/// The defects of the history in a store: their paths.
async fn defects(keys: &Keys, store: &Store) -> Vec<String> {
    let (clock, entropy) = (Seeded::new(1), Seeded::new(2));
    let session = cloze::history::HistorySession { keys, keyring: KEYRINGS[0], clock: &clock, entropy: &entropy };
    match History::open(reader(store), session).await {
        Ok(history) => history.verify().await.unwrap().defects.into_iter().map(|defect| defect.path).collect(),
        Err(HistoryError::Damaged { path, .. }) => vec![path],
        Err(error) => panic!("{error}"),
    }
}

/// Of what killed runs left in half, each is reported as damaged, unless nothing needs it.
async fn halves_are_noticed(keys: &Keys, store: &Store, torn: &[String]) {
    let found = defects(keys, store).await;
    let first = reader(store).first().await.unwrap();
    let is_needed = |path: &&String| {
        let mut parts = path.split('/');
        match (parts.next(), parts.nth(2)) {
            (Some("releases" | "events"), Some(number)) => number.parse::<u64>().unwrap() >= first,
            (root, _) => root == Some("store"),
        }
    };
    for path in torn.iter().filter(is_needed) {
        assert!(found.contains(path) || found == ["store"], "{path} is there in half, and the proof says: {found:?}");
    }
}

/// A record that came second does not go for the one that came first; how many were tried.
async fn forks_are_noticed(keys: &Keys, store: &Store) -> u64 {
    let objects = store.objects();
    let (first, newest) = (reader(store).first().await.unwrap(), reader(store).newest().await.unwrap());
    let mut tried = 0;
    for (path, bytes) in store.beaten() {
        let number: u64 = path.rsplit('/').next().unwrap().parse().unwrap();
        // Nothing in a history says of the newest that it is another one: that is what a checkpoint is for.
        if objects.get(&path).is_some_and(|there| *there != bytes) && (first..newest).contains(&number) {
            let next = number + 1;
            let next = format!("releases/{:04}/{:02}/{next:08}", next / 10_000, next / 100 % 100);
            let mut forked = objects.clone();
            forked.insert(path.clone(), bytes);
            let results = defects(keys, &Store::of(forked)).await;
            assert!(results.contains(&next), "{path} is another record, and {next} does not tell: {results:?}");
            tried += 1;
        }
    }
    tried
}

/// Everything that must hold, whatever happened.
async fn check(keys: &Keys, store: &Store, machines: &[Machine<'_>]) {
    let (clock, entropy) = (Seeded::new(1), Seeded::new(2));
    let session = cloze::history::HistorySession { keys, keyring: KEYRINGS[0], clock: &clock, entropy: &entropy };
    let history = History::open(reader(store), session).await.unwrap();
    let report = history.verify().await.unwrap();
    assert_eq!(report.defects, []);
    let (first, newest) = (history.reader().first().await.unwrap(), history.reader().newest().await.unwrap());
    assert!(newest == 0 || first < newest || (first, newest) == (1, 1), "{first} to {newest}");
    let mut notes = BTreeMap::new();
    let mut digests = BTreeMap::new();
    for number in first..=newest {
        let release = history.release(number).await.unwrap();
        digests.insert(number, release.digest);
        assert!(notes.insert(release.summary.note.clone().unwrap(), number).is_none(), "a run recorded two releases");
        for stored in history.manifests(&release).await.unwrap() {
            let expected = machine::content(&stored.manifest.identity.name);
            assert_eq!(stored.content.expose(), expected.as_bytes());
        }
    }
    let mut given = BTreeMap::new();
    for results in machines.iter().map(Machine::results) {
        for (number, digest) in results.acknowledged {
            assert!(given.insert(number, digest).is_none_or(|other| other == digest), "number {number} was given twice");
            assert!(number <= newest, "release {number} was acknowledged, and the newest is {newest}");
            assert!(number < first || digests[&number] == digest, "release {number} was acknowledged, and is another");
        }
        for note in results.lost {
            assert!(!notes.contains_key(&note), "{note} was reported as lost, and is release {}", notes[&note]);
        }
        for kept in results.kept {
            let copies = store.objects().into_iter().filter(|(path, bytes)| path.starts_with("keyring/") && bytes == KEYRINGS[kept]);
            assert_eq!(copies.count(), 1, "a keyring that was kept is lost");
        }
        if let Some(checkpoint) = results.checkpoint
            && checkpoint.check(history.reader()).await.unwrap() == Continuity::Pruned
        {
            history.prove_pruning().await.unwrap();
        }
    }
}

/// The seed of the environment, or how many there are to run.
#[expect(clippy::disallowed_methods, reason = "tests read from variables how long to run")]
fn asked() -> Result<u64, u64> {
    if let Ok(seed) = std::env::var("CLOZE_SEED") {
        return Ok(seed.parse().unwrap());
    }
    Err(if std::env::var("CLOZE_LONG").is_ok_and(|value| value == "1") { 10_000 } else { 200 })
}

#[test]
fn nothing_acknowledged_is_lost() {
    let count = match asked() {
        Ok(seed) => return println!("{:?}", run(seed)),
        Err(count) => count,
    };
    let next = Arc::new(AtomicU64::new(0));
    let workers: Vec<_> = (0..thread::available_parallelism().unwrap().get())
        .map(|_| {
            let next = Arc::clone(&next);
            thread::spawn(move || {
                let mut all = Outcome::default();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= count {
                        return all;
                    }
                    if seed > 0 && seed.is_multiple_of(1_000) {
                        println!("{seed} seeds have begun");
                    }
                    let came = catch_unwind(AssertUnwindSafe(|| run(seed))).unwrap_or_else(|panic| {
                        println!("seed {seed} fails; run it alone with CLOZE_SEED={seed}");
                        resume_unwind(panic)
                    });
                    all.add(came);
                }
            })
        })
        .collect();
    let mut all = Outcome::default();
    for worker in workers {
        all.add(worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
    }
    println!("{count} seeds: {all:?}");
    assert!(all.acknowledged > count && all.pruned > count && all.killed > count && all.mishaps > count, "{all:?}");
    assert!(all.copies > count && all.kept > count / 4 && all.torn > count / 20 && all.forks > count / 4, "{all:?}");
}

#[test]
fn a_seed_is_one_schedule() {
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}
