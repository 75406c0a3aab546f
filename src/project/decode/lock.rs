//! From the tree of a lock file to a [`Lock`].

use crate::manifest::Limits;
use crate::manifest::ReadFault;
use crate::manifest::read;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::check::label;
use crate::project::check::some;
use crate::project::decode::decoder::Decoder;
use crate::project::decode::decoder::ProjectNode;
use crate::project::decode::shape;
use crate::project::lock::LOCK_API_VERSION;
use crate::project::lock::LOCK_LIMIT;
use crate::project::lock::Lock;
use crate::project::lock::LockFile;
use crate::project::lock::LockedSecret;
use crate::project::quote::quote;
use crate::project::root::Root;
use crate::project::spanned::Spanned;

impl Lock {
    /// Looks for the lock file at `path` beneath the root. An error when the machine or the project's bounds refuse it.
    pub fn find(root: &Root, path: &str, environment: &str) -> Result<LockFile, Problems> {
        if !root.exists(path) {
            return Ok(LockFile::Absent);
        }
        let bytes = root.read(path, LOCK_LIMIT)?;
        let lock = if let Ok(text) = str::from_utf8(&bytes) {
            decode(path, text.trim_start_matches('\u{feff}')).and_then(|lock| lock.of(environment))
        } else {
            let problem = Problem::new(Fault::Project, "a lock file is UTF-8 text", "restore it from version control");
            Err(problem.at(Place::file(path)).into())
        };
        Ok(lock.map_or_else(LockFile::Broken, LockFile::Whole))
    }

    fn of(self, environment: &str) -> Result<Self, Problems> {
        if self.environment.value == environment {
            return Ok(self);
        }
        let reason = format!("this is the lock of environment {}, not of `{environment}`", quote(&self.environment.value));
        Err(self.environment.at(Problem::new(Fault::Project, reason, "restore the file from version control")).into())
    }
}

/// Reads and decodes the text of a lock file.
pub(in crate::project) fn decode(file: &str, text: &str) -> Result<Lock, Problems> {
    let limits = Limits { bytes: LOCK_LIMIT, depth: 8, nodes: 1_000_000 };
    let documents = read(text, limits).map_err(|faults| {
        let problem = |fault: ReadFault| {
            Problem::new(Fault::Project, fault.reason, fault.next).at(Place::new(file, fault.mark.line, fault.mark.column))
        };
        Problems::from(faults.into_iter().map(problem).collect::<Vec<_>>())
    })?;
    let mut decoder = Decoder::new(file, "the lock file");
    let lock = if let [document] = documents.as_slice() {
        lock(&mut decoder, document)
    } else {
        decoder.report(Place::file(file), "a lock file is one document", "run `cloze lock`");
        None
    };
    match lock {
        Some(lock) => Problems::or(lock, decoder.problems),
        None => Err(Problems::from(decoder.problems)),
    }
}

/// `None` only where a problem says why.
fn lock(decoder: &mut Decoder, document: &ProjectNode) -> Option<Lock> {
    let fields = decoder.fields(document, "", &shape::LOCK)?;
    if let Some(version) = fields.text(decoder, "apiVersion", some)
        && version.value != LOCK_API_VERSION
    {
        let reason = format!("{} at `apiVersion` is not known to this version of cloze", quote(&version.value));
        let place = version.place.unwrap_or_else(|| decoder.place(fields.mark()));
        decoder.report(place, reason, format!("use a newer cloze, or go back to `{LOCK_API_VERSION}`: run `cloze lock`"));
    }
    let environment = fields.text(decoder, "environment", label);
    let mut lock = Lock::new(environment.unwrap_or_else(|| Spanned::none(String::new())));
    let items = decoder.items(fields.get("secrets")?, "secrets", "a list of mappings").unwrap_or_default();
    for (index, item) in items.iter().enumerate() {
        let path = format!("secrets[{index}]");
        let Some(fields) = decoder.fields(item, &path, &shape::LOCKED) else { continue };
        let vault = fields.text(decoder, "vault", label);
        let name = fields.text(decoder, "name", some);
        let asked = fields.text(decoder, "asked", some).map(|said| said.value);
        let version = fields.text(decoder, "version", some);
        let (Some(vault), Some(name), Some(version)) = (vault, name, version) else { continue };
        let secret = LockedSecret { vault: vault.value, name: name.value, asked };
        let place = decoder.place(item.mark);
        if lock.secrets.contains_key(&secret) {
            decoder.report(place, format!("{secret} is listed twice"), "run `cloze lock`");
            continue;
        }
        lock.secrets.insert(secret, Spanned::new(version.value, place));
    }
    Some(lock)
}
