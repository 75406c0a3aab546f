//! What each command asks of a history in a bucket, early and late: calls, how many of them wait for each other, bytes, and the time with 30 ms
//! a call.
//!
//! `cargo bench --bench calls [-- RELEASE…]`; without numbers at releases 10, 1,000 and 10,000, of 100 objects. Then a release of 4,000
//! manifests, against what it costs without the 30 ms.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::format_push_string,
    reason = "a bench measures, prints and may end early"
)]

mod releases;
mod s3;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use cloze::bucket;
use cloze::clock::Machine;
use cloze::history::History;
use cloze::history::HistorySession;
use cloze::history::NewEvent;
use cloze::history::Owner;
use cloze::history::Reader;
use cloze::history::What;
use cloze::identity::ToolEnvironment;
use cloze::key::KeyFile;
use cloze::key::Keyring;
use cloze::secret::Secret;
use cloze::service::http::RequestLimits;
use cloze::service::http::Transport;

use crate::releases::release;
use crate::s3::Store;
use crate::s3::in_a_row;

/// How much longer each call takes.
const DELAY: Duration = Duration::from_millis(30);
/// Releases that the program itself makes, before the one that is measured.
const REAL: u64 = 4;

fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|argument| argument.replace(['_', ','], "").parse().ok()).collect();
    let numbers = if numbers.is_empty() { vec![10, 1_000, 10_000] } else { numbers };
    let folder = tempfile::tempdir().unwrap();
    let store = Store::start();
    println!("{:<10} {:<26} {:>6} {:>8} {:>12} {:>8}", "release", "command", "calls", "in a row", "bytes", "ms");
    for number in numbers {
        let place = Place { store: &store, project: folder.path().join(format!("at-{number}")), url: format!("s3://bench/at-{number}") };
        place.init(100);
        place.grow(number - REAL - 1);
        for run in 0..REAL {
            place.run(&["deploy", "--set", &format!("level={run}")]);
        }
        let measured: [(&str, &[&str]); 6] = [
            ("deploy, one object", &["deploy", "--set", "level=changed"]),
            ("deploy, nothing changes", &["deploy", "--set", "level=changed"]),
            ("diff", &["diff", "--set", "level=other"]),
            ("show", &["show"]),
            ("history (20)", &["history"]),
            ("rollback", &["rollback"]),
        ];
        for (what, words) in measured {
            let (calls, row, bytes, took) = place.measured(words, DELAY);
            println!("{number:<10} {what:<26} {calls:>6} {row:>8} {bytes:>12} {:>8.0}", took.as_secs_f64() * 1e3);
        }
    }
    let place = Place { store: &store, project: folder.path().join("large"), url: "s3://bench/large".to_owned() };
    place.init(4_000);
    place.run(&["deploy"]);
    for (what, level) in [("a deploy of 4,000", "one"), ("the same again", "two")] {
        let (_, _, _, local) = place.measured(&["deploy", "--set", &format!("level={level}-here")], Duration::ZERO);
        let (calls, row, bytes, took) = place.measured(&["deploy", "--set", &format!("level={level}-there")], DELAY);
        let least = local + DELAY * u32::try_from(row).unwrap();
        println!(
            "{what}: {calls} calls, {row} in a row, {bytes} bytes; {:.0} ms without a delay, {:.0} ms with it: {:.2} of {row} x {} ms + {:.0} ms",
            local.as_secs_f64() * 1e3,
            took.as_secs_f64() * 1e3,
            took.as_secs_f64() / least.as_secs_f64(),
            DELAY.as_millis(),
            local.as_secs_f64() * 1e3,
        );
    }
}

/// A project and its history.
struct Place<'s> {
    store: &'s Store,
    project: std::path::PathBuf,
    url: String,
}

impl Place<'_> {
    /// A project of so many objects, of which `level` changes one, and the Deployment that refers to it.
    fn init(&self, count: usize) {
        let name = self.project.file_name().unwrap().to_str().unwrap();
        self.run_in(self.project.parent().unwrap(), &["init", name]);
        for folder in ["templates", "config"] {
            fs::remove_dir_all(self.project.join(folder)).unwrap();
            fs::create_dir(self.project.join(folder)).unwrap();
        }
        fs::write(self.project.join("cloze.yaml"), PROJECT.replace("NAME", name)).unwrap();
        fs::write(self.project.join("values/dev.yaml"), "level: \"0\"\n").unwrap();
        let object = |number: usize| OBJECT.replace("NUMBER", &number.to_string());
        let rest: String = (2..count).map(object).collect();
        fs::write(self.project.join("templates/all.yaml"), format!("{LEVEL}{APP}{rest}")).unwrap();
    }

    /// Releases up to `last`, recorded by the library under the project's own keys, each with an object of its own.
    fn grow(&self, last: u64) {
        let text = |path: &str| fs::read(self.project.join(path)).unwrap();
        let keyring = text("secrets/dev.keyring");
        let file = KeyFile::parse(&Secret::new(text(".cloze/dev.key"))).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let keys = runtime.block_on(Keyring::parse(&String::from_utf8_lossy(&keyring)).unwrap().open(&[&file])).unwrap();
        let pairs = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_REGION", "us-east-1")];
        let settings = bucket::BucketSettings {
            bucket: "bench".to_owned(),
            prefix: self.url.rsplit('/').next().unwrap().to_owned(),
            name: "the history".to_owned(),
            endpoint: Some(self.store.endpoint.clone()),
            environment: Arc::new(ToolEnvironment::collect(pairs.into_iter().map(|(name, value)| (name.into(), value.into())), None)),
            transport: Transport::default(),
            limits: RequestLimits::default(),
            clock: Arc::new(Machine),
            entropy: Arc::new(Machine),
        };
        let store = bucket::s3(settings, None).unwrap();
        let owner = Owner { project: self.project.file_name().unwrap().to_str().unwrap().to_owned(), environment: "dev".to_owned() };
        let session = HistorySession { keys: &keys, keyring: &keyring, clock: &Machine, entropy: &Machine };
        runtime.block_on(async {
            let history = History::open(Reader::new(&store, owner), session).await.unwrap();
            let mut head = None;
            for number in 1..=last {
                let release = release(&history, number, head.as_ref(), 100).await;
                history.add_event(&release, NewEvent { actor: "ada", what: What::Emitted, detail: "" }).await.unwrap();
                head = Some(release);
            }
        });
    }

    fn run(&self, words: &[&str]) {
        self.run_in(&self.project, words);
    }

    fn run_in(&self, folder: &Path, words: &[&str]) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloze"));
        command.arg("-q").args(words).current_dir(folder).env_clear().env("HOME", folder).env("USER", "ada");
        command.env("CLOZE_HISTORY_URL", &self.url).env("AWS_ENDPOINT_URL_S3", &self.store.endpoint).env("AWS_REGION", "us-east-1");
        command.env("AWS_ACCESS_KEY_ID", "id").env("AWS_SECRET_ACCESS_KEY", "secret");
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
        assert!(status.success(), "{words:?} failed");
    }

    /// Calls, how many of them wait for each other, bytes, and the time.
    fn measured(&self, words: &[&str], delay: Duration) -> (usize, usize, usize, Duration) {
        self.store.delay(delay);
        self.store.calls();
        let began = Instant::now();
        self.run(words);
        let took = began.elapsed();
        self.store.delay(Duration::ZERO);
        let calls = self.store.calls();
        (calls.len(), in_a_row(&calls), calls.iter().map(|call| call.bytes).sum(), took)
    }
}

const PROJECT: &str = "apiVersion: cloze.dev/v1
project: NAME
templates: [\"templates/*.yaml\"]
environments:
  dev:
    namespace: bench
    values: [values/dev.yaml]
";

const LEVEL: &str = "apiVersion: v1
kind: ConfigMap
metadata:
  name: level
data:
  level: \"{{ level }}\"
";

const APP: &str = "---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: app
  template:
    metadata:
      labels:
        app.kubernetes.io/name: app
    spec:
      containers:
        - name: app
          image: registry.example.com/app:1.2.3
          envFrom:
            - configMapRef:
                name: level
";

const OBJECT: &str = "---
apiVersion: v1
kind: ConfigMap
metadata:
  name: app-NUMBER
data:
  LOG_LEVEL: info
  ENDPOINT: https://app-NUMBER.example.com/api
  application.properties: |
    server.port=8080
    server.name=app-NUMBER
    feature.flags=a,b,c
";
