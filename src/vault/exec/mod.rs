//! A program of the user's as a vault: it is run once for all asks, reads them as JSON and writes its answers as JSON.
//!
//! # The program
//!
//! It is named by an absolute path, or by a path with a `/` in it that is relative to the project's root and does not leave it, such as
//! `./bin/secrets`. A name alone is refused: programs are searched for neither in `PATH` nor in the current directory, so that what runs is
//! what the project names. It runs in the project's root with the variables that it is given and no others. It has a
//! process group of its own; when it takes too long, or writes more than 16 MiB, all of the group is killed. Exit codes other than 0 are
//! errors. Its standard error is read to its end and not shown, since it may hold values.
//!
//! # The protocol `cloze.dev/exec/v1`
//!
//! On its standard input it gets one line, and then the end of the input:
//!
//! ```json
//! {"apiVersion": "cloze.dev/exec/v1", "operation": "fetch", "asks": [{"name": "shop/db", "key": "password", "version": "3"}]}
//! ```
//!
//! `key` and `version` are there when the template asks for them. A name has letters, digits, `-`, `.`, `_` and `/`, without empty or dotted
//! segments. No two asks are equal. The program answers on its standard output, with an answer for each ask in their order:
//!
//! ```json
//! {"answers": [{"value": "text", "version": "3", "notBefore": "2026-01-01T00:00:00Z", "expires": "2026-12-31T00:00:00Z"},
//!              {"base64": "AAH/"},
//!              {"fields": {"user": "app", "password": "text"}},
//!              {"error": {"kind": "not-found", "message": "words"}}]}
//! ```
//!
//! - `value` is the whole secret as text, `base64` as bytes (RFC 4648 section 4). Where a key was asked for, it has to be the text of a JSON
//!   object, of which cloze takes that field.
//! - `fields` is a secret that has fields, as an object; the one that was asked for is enough.
//! - `version`, `notBefore` and `expires` (RFC 3339) may be left out; `version` is any text of up to 128 visible ASCII characters.
//! - `error.kind` is `not-found`, `gone` (removed or disabled), `denied`, `unauthenticated`, `bad-name`, `bad-value`, `rate-limited`,
//!   `unavailable` or `unsupported`. `message` may be left out. It is shown without control characters, up to 200 of them, and only
//!   where no value is anywhere in the document.
//! - `{"error": {…}}` in place of `answers` is an error of everything that was asked.
//! - Other members are ignored.
//!
//! The operation `probe` asks the same without values: an answer may be `{}`, or have `version`, `notBefore` and `expires`. A program that
//! answers it with an error of kind `unsupported` is asked to `fetch`. The operation `list` comes with no asks and is answered by an entry
//! `{"name": "…", "version": "…"}` for each secret, the version being optional.

mod answer;
#[cfg(test)]
mod fuzz;
mod program;
mod refusal;
mod request;
mod settings;

pub use settings::Settings;

use std::fmt;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::blank::SecretRef;
use crate::service::Diagnostic;
use crate::service::DiagnosticStep;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::vault::CallPlan;
use crate::vault::Close;
use crate::vault::Diagnose;
use crate::vault::ListSecrets;
use crate::vault::ListedSecret;
use crate::vault::NameRule;
use crate::vault::SecretMetadata;
use crate::vault::SecretValue;
use crate::vault::Vault;
use crate::vault::batch::Batch;
use crate::vault::current::Versioned;
use crate::vault::exec::answer::ProgramAnswer;
use crate::vault::exec::program::Program;
use crate::vault::exec::request::Operation;
use crate::vault::name;
use crate::vault::name_rule::Cover;

/// A program of the user's.
#[derive(Debug)]
pub struct ExecVault {
    program: Program,
    names: NameRule,
}

impl ExecVault {
    /// The program that `settings` name. Nothing is run here.
    ///
    /// # Errors
    /// A command without a path, and a prefix that cannot be used.
    pub fn new(settings: Settings) -> Result<Self, ServiceError> {
        let names = names(&settings.prefixes)?;
        Ok(Self { program: Program::new(settings)?, names })
    }

    /// The error of an ask that the program is not asked.
    fn check(&self, ask: &SecretRef) -> Result<(), ServiceError> {
        self.names.checked(&ask.name)?;
        match ask.version.as_deref() {
            Some(version) if version.is_empty() || version.len() > 128 || !version.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Err(name::no_version(version, "versions have 1 to 128 visible characters of ASCII"))
            }
            _ => Ok(()),
        }
    }

    /// Runs the program for all asks at once; `take` makes something of each answer.
    async fn run<T: Versioned>(
        &self,
        operation: Operation,
        (asks, until): (&[SecretRef], Instant),
        take: impl Fn(&ProgramAnswer<'_>, usize, &SecretRef) -> Result<T, ServiceError>,
    ) -> Vec<Result<T, ServiceError>> {
        let batch = Batch::new(asks, |ask| self.check(ask).map(|()| ask));
        let distinct: Vec<&SecretRef> = batch.wanted().copied().collect();
        if distinct.is_empty() {
            return batch.collect(Vec::<Result<(), _>>::new(), |(), _| unreachable!("nothing is wanted"));
        }
        let output = self.program.run(&request::text(operation, &distinct), until).await;
        match output.as_ref().map_err(ServiceError::clone).and_then(|output| ProgramAnswer::read(output, Some(distinct.len()))) {
            Ok(read) => {
                // Equal asks are given one answer each.
                let places = (0..distinct.len()).map(Ok).collect();
                batch.collect(places, |place, _| take(&read, *place, distinct[*place]))
            }
            Err(error) => batch.failed(&error),
        }
    }

    async fn probe_by(&self, asks: &[SecretRef], until: Instant) -> Vec<Result<SecretMetadata, ServiceError>> {
        #[expect(clippy::redundant_closure_for_method_calls, reason = "the method alone is of one lifetime, not of any")]
        self.run(Operation::Probe, (asks, until), |answers, index, ask| answers.found(index, ask)).await
    }

    async fn fetch_by(&self, asks: &[SecretRef], until: Instant) -> Vec<Result<SecretValue, ServiceError>> {
        #[expect(clippy::redundant_closure_for_method_calls, reason = "the method alone is of one lifetime, not of any")]
        self.run(Operation::Fetch, (asks, until), |answers, index, ask| answers.fetched(index, ask)).await
    }
}

/// Which names a program's secrets can have.
///
/// # Errors
/// A prefix that cannot be one.
pub fn names(prefixes: &[String]) -> Result<NameRule, ServiceError> {
    NameRule::new(name::check, Cover::Segments, prefixes)
}

impl fmt::Display for ExecVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the program {}", self.program.name())
    }
}

#[async_trait]
impl Vault for ExecVault {
    fn check_name(&self, name: &str) -> Result<(), String> {
        self.names.check(name)
    }

    async fn fetch(&self, asks: &[SecretRef]) -> Vec<Result<SecretValue, ServiceError>> {
        self.fetch_by(asks, self.program.until()).await
    }

    fn plan(&self, asks: &[SecretRef]) -> CallPlan {
        CallPlan { secrets: CallPlan::distinct(asks), calls: usize::from(!asks.is_empty()), ahead: 0, parallel: 1 }
    }

    async fn probe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        let until = self.program.until();
        let answers = self.probe_by(asks, until).await;
        if answers.iter().any(|answer| answer.as_ref().is_err_and(|error| error.fault == ServiceFault::Unsupported)) {
            return self
                .fetch_by(asks, until)
                .await
                .into_iter()
                .map(|answer| answer.map(|fetched| SecretMetadata::from(&fetched)))
                .collect();
        }
        answers
    }
}

#[async_trait]
impl ListSecrets for ExecVault {
    /// Names that cannot be asked for are left out.
    async fn list(&self) -> Result<Vec<ListedSecret>, ServiceError> {
        let output = self.program.run(&request::text(Operation::List, &[]), self.program.until()).await?;
        ProgramAnswer::read(&output, None)?.listed(|name| self.check_name(name).is_ok())
    }

    async fn describe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        self.probe_by(asks, self.program.until()).await
    }
}

#[async_trait]
impl Diagnose for ExecVault {
    async fn diagnose(&self) -> Vec<Diagnostic> {
        let there = Diagnostic { step: DiagnosticStep::Setup, outcome: self.program.there().await };
        if there.outcome.is_err() {
            return vec![there];
        }
        let spoken = match self.program.run(&request::text(Operation::Probe, &[]), self.program.until()).await {
            Ok(output) => ProgramAnswer::read(&output, None).map(drop),
            Err(error) => Err(error),
        };
        let spoken = match spoken {
            Err(error) if error.fault != ServiceFault::Unsupported => Err(error),
            _ => Ok(format!("it answers as `{}` says", request::PROTOCOL)),
        };
        vec![there, Diagnostic { step: DiagnosticStep::Service, outcome: spoken }]
    }
}

impl Close for ExecVault {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::Mutex;
    use std::thread::spawn;
    use std::time::Duration;

    use async_trait::async_trait;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use rustix::fs::CWD;
    use rustix::fs::Mode;
    use rustix::fs::mkfifoat;
    use serde_json::Value;
    use serde_json::json;
    use tempfile::TempDir;

    use super::ExecVault;
    use super::Settings;
    use crate::vault::Adapter;
    use crate::vault::suite;
    use crate::vault::suite::Abilities;
    use crate::vault::suite::Seeded;

    /// What the program knows: versions of values, and which secrets were removed.
    #[derive(Debug, Default)]
    struct Store {
        secrets: BTreeMap<String, Vec<Option<Value>>>,
        runs: usize,
    }

    impl Store {
        fn answer(&mut self, request: &Value) -> Value {
            self.runs += 1;
            assert_eq!(request["apiVersion"], "cloze.dev/exec/v1");
            let answers: Vec<Value> = match request["operation"].as_str().unwrap() {
                "list" => self.secrets.keys().map(|name| json!({ "name": name })).collect(),
                operation => request["asks"].as_array().unwrap().iter().map(|ask| self.one(ask, operation == "probe")).collect(),
            };
            json!({ "answers": answers })
        }

        fn one(&self, ask: &Value, probe: bool) -> Value {
            let error = |kind: &str| json!({ "error": { "kind": kind, "message": "so it is" } });
            let Some(versions) = self.secrets.get(ask["name"].as_str().unwrap()) else { return error("not-found") };
            let wanted = ask["version"].as_str().map_or_else(|| versions.len().to_string(), str::to_owned);
            let found = versions.iter().zip(1..).find(|(_, number)| *number.to_string() == wanted);
            match found {
                None => error("not-found"),
                Some((None, _)) => error("gone"),
                Some((Some(_), number)) if probe => json!({ "version": number.to_string() }),
                Some((Some(value), number)) => {
                    let mut answer = value.clone();
                    answer["version"] = json!(number.to_string());
                    answer
                }
            }
        }
    }

    /// A shell that hands requests to a thread through named pipes.
    #[derive(Debug)]
    struct Bench {
        _directory: TempDir,
        store: Arc<Mutex<Store>>,
        vault: ExecVault,
    }

    impl Bench {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let (requests, answers) = (directory.path().join("requests"), directory.path().join("answers"));
            for pipe in [&requests, &answers] {
                mkfifoat(CWD, pipe, Mode::RUSR | Mode::WUSR).unwrap();
            }
            let store = Arc::new(Mutex::new(Store::default()));
            let known = Arc::clone(&store);
            // The thread waits for requests until the pipes are gone with their directory, or the process ends.
            spawn(move || {
                while let Ok(text) = fs::read(&requests) {
                    let answer = known.lock().unwrap().answer(&serde_json::from_slice(&text).unwrap());
                    fs::write(&answers, answer.to_string()).unwrap();
                }
            });
            let vault = ExecVault::new(settings(directory.path())).unwrap();
            Self { _directory: directory, store, vault }
        }
    }

    fn settings(directory: &Path) -> Settings {
        let command = ["/bin/sh", "-c", "cat > requests; cat answers"].map(str::to_owned).to_vec();
        let deadline = Duration::from_secs(20);
        Settings {
            command,
            directory: directory.to_owned(),
            deadline,
            prefixes: Vec::new(),
            environment: Vec::new(),
            meter: Arc::default(),
        }
    }

    #[async_trait]
    impl Seeded for Bench {
        fn vault(&self) -> &dyn Adapter {
            &self.vault
        }

        async fn put(&self, name: &str, value: &[u8]) {
            let answer = match str::from_utf8(value) {
                Ok(text) => json!({ "value": text }),
                Err(_) => json!({ "base64": STANDARD.encode(value) }),
            };
            self.store.lock().unwrap().secrets.entry(name.to_owned()).or_default().push(Some(answer));
        }

        async fn put_fields(&self, name: &str, json: &str) {
            let fields: Value = serde_json::from_str(json).unwrap();
            self.store.lock().unwrap().secrets.entry(name.to_owned()).or_default().push(Some(json!({ "fields": fields })));
        }

        async fn remove(&self, name: &str) {
            *self.store.lock().unwrap().secrets.get_mut(name).unwrap().last_mut().unwrap() = None;
        }

        fn abilities(&self) -> Abilities {
            Abilities { binary: true, probes: true, ..Abilities::default() }
        }

        fn calls(&self) -> Option<usize> {
            Some(self.store.lock().unwrap().runs)
        }
    }

    #[tokio::test]
    async fn conforms() {
        suite::all(&Bench::new()).await;
    }
}
