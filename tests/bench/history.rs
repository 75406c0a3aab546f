//! What a release costs on a local directory, with every write on the disk before it counts: early in a history and late.

mod releases;

use std::path::Path;
use std::sync::Arc;
use std::sync::LazyLock;

use cloze::clock::Machine;
use cloze::history::History;
use cloze::history::HistorySession;
use cloze::history::HistoryStore;
use cloze::history::LocalDirectory;
use cloze::history::Owner;
use cloze::history::Reader;
use cloze::seal::Keys;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::releases::release;

/// How many manifests a release has; each release changes one.
const MANIFESTS: u64 = 30;

/// Where in a history the cost is measured.
const NUMBERS: [u64; 2] = [10, 10_000];

/// The number before the last of [`NUMBERS`].
const WORST: u64 = NUMBERS[1] - 1;

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys::fresh(&Machine));
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime"));
static HISTORIES: LazyLock<[TempDir; 2]> = LazyLock::new(|| NUMBERS.map(grown));

fn main() {
    divan::main();
}

/// A history that has the releases before `number`, made without waiting for the disk.
fn grown(number: u64) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let store = LocalDirectory::at(folder.path(), Arc::new(Machine)).without_fsync();
    RUNTIME.block_on(async {
        let history = open(&store).await;
        let mut head = None;
        for next in 1..number {
            head = Some(release(&history, next, head.as_ref(), MANIFESTS).await);
        }
    });
    folder
}

async fn open(store: &dyn HistoryStore) -> History<'_> {
    let owner = Owner { project: "shop".to_owned(), environment: "dev".to_owned() };
    let session = HistorySession { keys: &KEYS, keyring: b"keyring", clock: &Machine, entropy: &Machine };
    History::open(Reader::new(store, owner), session).await.expect("a history")
}

fn folder(number: u64) -> &'static Path {
    HISTORIES[usize::from(number != NUMBERS[0])].path()
}

/// Opening the history, finding the head and recording the next release; the record is removed again outside the measure.
#[divan::bench(args = NUMBERS, sample_count = 50, sample_size = 1)]
fn record(bencher: divan::Bencher<'_, '_>, number: u64) {
    let store = LocalDirectory::at(folder(number), Arc::new(Machine));
    bencher
        .with_inputs(|| {
            let record = format!("releases/{:04}/{:02}/{number:08}", number / 10_000, number / 100 % 100);
            RUNTIME.block_on(store.remove(&record)).expect("removed");
        })
        .bench_values(|()| {
            RUNTIME.block_on(async {
                let history = open(&store).await;
                let head = history.head().await.expect("a head");
                let recorded = release(&history, number, head.as_ref(), MANIFESTS).await;
                assert_eq!(recorded.summary.number, number);
            });
        });
}

/// Opening the history and reading all manifests of the release before the last, as a rollback does. Beside the two numbers
/// is the worst one, where the folders on the way to the head are fullest.
#[divan::bench(args = [NUMBERS[0], WORST, NUMBERS[1]], sample_count = 200, sample_size = 1)]
fn read_for_rollback(bencher: divan::Bencher<'_, '_>, number: u64) {
    let store = LocalDirectory::at(folder(number), Arc::new(Machine));
    RUNTIME.block_on(async {
        let history = open(&store).await;
        let head = history.head().await.expect("a head").expect("a release");
        if head.summary.number < number {
            release(&history, number, Some(&head), MANIFESTS).await;
        }
    });
    bencher.bench(|| {
        RUNTIME.block_on(async {
            let history = open(&store).await;
            let newest = history.reader().newest().await.expect("a number");
            assert_eq!(newest, number);
            let release = history.release(newest - 1).await.expect("a release");
            let manifests = history.manifests(&release).await.expect("manifests");
            assert_eq!(manifests.len() as u64, MANIFESTS);
        });
    });
}
