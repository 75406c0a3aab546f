//! A machine that deploys, goes back, prunes, keeps keyrings and copies, and is killed now and then.

use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use cloze::clock::Clock;
use cloze::clock::Entropy;
use cloze::clock::Timestamp;
use cloze::digest::Digest;
use cloze::history::Action;
use cloze::history::Checkpoint;
use cloze::history::Draft;
use cloze::history::DraftManifest;
use cloze::history::History;
use cloze::history::HistoryError;
use cloze::history::HistorySession;
use cloze::history::NewEvent;
use cloze::history::Owner;
use cloze::history::Patience;
use cloze::history::Reader;
use cloze::history::Release;
use cloze::history::Verification;
use cloze::history::What;
use cloze::history::copy;
use cloze::manifest::Identity;
use cloze::seal::Keys;
use tokio::time::sleep;
use tokio::time::timeout;

use crate::random::Random;
use crate::store::Store;

/// Texts of the keyring: a recipient comes, another goes, and some machine has a checkout from before.
pub(crate) const KEYRINGS: [&[u8]; 3] = [b"{\"keyring\":\"first\"}", b"{\"keyring\":\"second\"}", b"{\"keyring\":\"third\"}"];

/// What a machine's commands reported.
#[derive(Debug, Clone, Default)]
pub(crate) struct Results {
    /// Releases of its own that it found in the history afterwards.
    pub(crate) acknowledged: Vec<(u64, Digest)>,
    /// The notes of releases that were reported as not recorded.
    pub(crate) lost: Vec<String>,
    pub(crate) checkpoint: Option<Checkpoint>,
    /// The keyrings that were reported to open the history from now on.
    pub(crate) kept: Vec<usize>,
    pub(crate) killed: u64,
    /// Copies that were reported as whole.
    pub(crate) copies: u64,
}

/// A machine.
#[derive(Debug)]
pub(crate) struct Machine<'a> {
    id: usize,
    keys: &'a Keys,
    store: &'a Store,
    mirror: &'a Mirror,
    chance: Seeded,
    clock: Timestamp,
    /// Which keyring its checkout has.
    keyring: AtomicUsize,
    results: Mutex<Results>,
}

/// Where the history is copied to.
#[derive(Debug)]
pub(crate) struct Mirror {
    pub(crate) store: Store,
    /// How many copies are under way.
    copying: AtomicUsize,
    /// How many have begun.
    begun: AtomicUsize,
}

impl Mirror {
    pub(crate) fn new(seed: u64, tears: bool) -> Self {
        Self { store: Store::new(seed, tears), copying: AtomicUsize::new(0), begun: AtomicUsize::new(0) }
    }
}

/// That a copy is under way, until it ends or is killed.
struct Copying<'m> {
    mirror: &'m Mirror,
    /// How many had begun with it; `None` where another one was under way.
    begun: Option<usize>,
}

impl<'m> Copying<'m> {
    fn begin(mirror: &'m Mirror) -> Self {
        let begun = mirror.begun.fetch_add(1, Ordering::Relaxed) + 1;
        let others = mirror.copying.fetch_add(1, Ordering::Relaxed);
        Self { mirror, begun: (others == 0).then_some(begun) }
    }

    /// Whether no other one was under way in all this time, not even one that was killed.
    fn is_alone(&self) -> bool {
        self.begun == Some(self.mirror.begun.load(Ordering::Relaxed))
    }
}

impl Drop for Copying<'_> {
    fn drop(&mut self) {
        self.mirror.copying.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Randomness that a seed repeats.
#[derive(Debug)]
pub(crate) struct Seeded(Mutex<Random>);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(Random::new(seed)))
    }

    fn below(&self, end: usize) -> usize {
        self.0.lock().unwrap().below(end)
    }
}

impl Entropy for Seeded {
    fn fill(&self, buffer: &mut [u8]) {
        let mut random = self.0.lock().unwrap();
        for byte in buffer {
            *byte = random.number().to_be_bytes()[0];
        }
    }
}

impl Clock for Seeded {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}

pub(crate) fn reader(store: &Store) -> Reader<'_> {
    let owner = Owner { project: "shop".to_owned(), environment: "dev".to_owned() };
    let patience = Patience { call: Duration::from_secs(2), tries: 4, reads: 4, pause: Duration::from_millis(20) };
    Reader::new(store, owner).with_patience(patience)
}

/// That nothing is wrong with the history in a store; how many releases it has.
pub(crate) async fn prove(keys: &Keys, store: &Store) -> u64 {
    let Verification { releases, defects, .. } = verify(keys, store).await;
    assert_eq!(defects, []);
    releases
}

/// That nothing is wrong with a copy but that it may be cut short: of its newest releases, events can be missing.
async fn prove_cut(keys: &Keys, store: &Store) {
    let mut defects = verify(keys, store).await.defects;
    defects.retain(|defect| !defect.reason.contains("events are gone"));
    assert_eq!(defects, []);
}

async fn verify(keys: &Keys, store: &Store) -> Verification {
    let (clock, entropy) = (Seeded::new(1), Seeded::new(2));
    let session = HistorySession { keys, keyring: KEYRINGS[0], clock: &clock, entropy: &entropy };
    History::open(reader(store), session).await.unwrap().verify().await.unwrap()
}

/// What the manifest of that name holds, always.
pub(crate) fn content(name: &str) -> String {
    format!("content of {name}")
}

impl<'a> Machine<'a> {
    /// A machine whose clock is so many years ahead.
    pub(crate) fn new(id: usize, keys: &'a Keys, store: &'a Store, mirror: &'a Mirror, seed: u64, years: i64) -> Self {
        let clock = Timestamp(1_800_000_000 + years * 365 * 86_400);
        Self { id, keys, store, mirror, chance: Seeded::new(seed), clock, keyring: AtomicUsize::new(0), results: Mutex::default() }
    }

    pub(crate) fn results(&self) -> Results {
        self.results.lock().unwrap().clone()
    }

    /// Does so many things, and is killed in the midst of some.
    pub(crate) async fn work(&self, steps: usize) {
        for step in 0..steps {
            sleep(Duration::from_millis(self.chance.below(400) as u64)).await;
            let life = if self.chance.below(4) == 0 { self.chance.below(1_500) as u64 } else { 3_600_000 };
            let note = format!("run {} of machine {}", step, self.id);
            let work = async {
                match self.chance.below(12) {
                    0..5 => self.deploy(&note).await,
                    5 | 6 => self.roll_back(&note).await,
                    7 => self.prune(2 + self.chance.below(4) as u64).await,
                    8 => self.keep_keyring(self.chance.below(KEYRINGS.len())).await,
                    9 | 10 => self.copy().await,
                    _ => self.open().await?.sweep(0).await.map(drop),
                }
            };
            match timeout(Duration::from_millis(life), work).await {
                Err(_) => self.results.lock().unwrap().killed += 1,
                // Beside a run that prunes, what it removes may be missing before its marker is seen; beside one whose half record is taken
                // away, that record.
                Ok(
                    Ok(())
                    | Err(
                        HistoryError::Unsure { .. }
                        | HistoryError::Unavailable { .. }
                        | HistoryError::Conflict { .. }
                        | HistoryError::Pruned { .. }
                        | HistoryError::Empty { .. }
                        | HistoryError::Damaged { .. },
                    ),
                ) => {}
                Ok(Err(HistoryError::NoRelease { .. })) if self.store.tears() => {}
                Ok(Err(error)) => panic!("{note}: {error}"),
            }
        }
    }

    /// The history, once it goes on from what this machine remembers.
    async fn open(&self) -> Result<History<'_>, HistoryError> {
        let reader = reader(self.store);
        if let Some(checkpoint) = self.results().checkpoint {
            checkpoint.check(&reader).await?;
        }
        let keyring = KEYRINGS[self.keyring.load(Ordering::Relaxed)];
        let session = HistorySession { keys: self.keys, keyring, clock: &self.clock, entropy: &self.chance };
        History::open(reader, session).await
    }

    /// Records a release of a few manifests that come again and again, and one that is its own.
    pub(crate) async fn deploy(&self, note: &str) -> Result<(), HistoryError> {
        let history = self.open().await?;
        let head = history.head().await?;
        let mut names: Vec<String> = (0..3).map(|which| format!("m{which} version {}", self.chance.below(3))).collect();
        names.push(note.to_owned());
        self.record(&history, &names, note, Action::Deploy, head.as_ref()).await
    }

    /// Records the manifests of an earlier release again.
    async fn roll_back(&self, note: &str) -> Result<(), HistoryError> {
        let history = self.open().await?;
        let Some(head) = history.head().await? else { return Ok(()) };
        let first = history.reader().first().await?;
        let number = first + self.chance.below(usize::try_from(head.summary.number + 1 - first).unwrap()) as u64;
        let release = history.release(number).await?;
        let stored = history.manifests(&release).await?;
        let names: Vec<String> = stored.iter().map(|stored| stored.manifest.identity.name.clone()).collect();
        self.record(&history, &names, note, Action::Rollback { of: number }, Some(&head)).await
    }

    pub(crate) async fn prune(&self, keep: u64) -> Result<(), HistoryError> {
        let history = self.open().await?;
        let pinned = self.results().checkpoint.map(|checkpoint| checkpoint.number);
        let plan = history.plan_prune(keep, pinned).await?;
        history.prune(&plan, "ada").await
    }

    /// Makes another keyring the one that opens the history.
    pub(crate) async fn keep_keyring(&self, keyring: usize) -> Result<(), HistoryError> {
        self.keyring.store(keyring, Ordering::Relaxed);
        if self.open().await?.keep_keyring().await? {
            self.results.lock().unwrap().kept.push(keyring);
        }
        Ok(())
    }

    /// Copies the history. It is proven right then: whole, unless another copy was under way, which can have begun later and not have come to the
    /// events of newer releases.
    pub(crate) async fn copy(&self) -> Result<(), HistoryError> {
        let copying = Copying::begin(self.mirror);
        let (was_whole, halves) = (self.store.is_whole(), self.store.halves());
        copy(&reader(self.store), &reader(&self.mirror.store), &self.chance).await?;
        // Of what is there in half, half is copied, and the whole the next time.
        if was_whole && halves == self.store.halves() && self.store.is_whole() {
            let mut copied = self.mirror.store.objects();
            if copying.is_alone() {
                prove(self.keys, &Store::of(copied)).await;
            } else {
                // The other one writes newer releases right now.
                for path in self.mirror.store.torn() {
                    copied.remove(&path);
                }
                prove_cut(self.keys, &Store::of(copied)).await;
            }
            self.results.lock().unwrap().copies += 1;
        }
        Ok(())
    }

    async fn record(
        &self,
        history: &History<'_>,
        names: &[String],
        note: &str,
        action: Action,
        head: Option<&Release>,
    ) -> Result<(), HistoryError> {
        let texts: Vec<(Identity, String)> = names
            .iter()
            .map(|name| {
                let (api_version, kind) = ("v1".to_owned(), "ConfigMap".to_owned());
                (Identity { api_version, kind, namespace: "shop".to_owned(), name: name.clone() }, content(name))
            })
            .collect();
        let manifests = texts.iter().map(|(identity, text)| DraftManifest {
            identity,
            base: &identity.name,
            file: "templates/a.yaml",
            content: text.as_bytes(),
            recipe: None,
        });
        let draft = Draft {
            actor: format!("machine {}", self.id),
            revision: None,
            note: Some(note.to_owned()),
            action,
            blanks: Vec::new(),
            templates: Vec::new(),
            values: Vec::new(),
            manifests: manifests.collect(),
        };
        let release = match history.record(&draft, head).await {
            Ok(release) => release,
            Err(error @ HistoryError::Unsure { .. }) => return Err(error),
            Err(error) => {
                self.results.lock().unwrap().lost.push(note.to_owned());
                return Err(error);
            }
        };
        // The listing that follows each record: a newer one says that this run was overtaken, and perhaps pruned.
        let number = release.summary.number;
        let newest = history.reader().newest().await?;
        assert!(newest >= number, "release {number} was recorded, and the newest is {newest}");
        if newest > number && history.reader().first().await? > number {
            return Ok(());
        }
        {
            let results = &mut self.results.lock().unwrap();
            results.acknowledged.push((number, release.digest));
            results.checkpoint = Some(Checkpoint::new(self.keys.store(), history.reader().owner(), number, release.digest));
        }
        let what = if self.chance.below(5) == 0 { What::Failed } else { What::Emitted };
        history.add_event(&release, NewEvent { actor: "ada", what, detail: "" }).await.map(drop)
    }
}
