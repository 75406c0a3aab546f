//! A project, opened for one command.

use std::cell::RefCell;
use std::fs;
use std::iter;
use std::path::Path;
use std::path::PathBuf;

use cloze::history::HistoryStore;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::project::Flags;
use cloze::project::KeySettings;
use cloze::project::PROJECT_FILE;
use cloze::project::Project;
use cloze::project::Root;
use cloze::project::Set;
use cloze::project::Settings;
use cloze::render::ProcessEngine;
use cloze::secret::Secret;
use cloze::wiring::EnvironmentKeys;
use cloze::wiring::IfMissing;
use cloze::wiring::TrustPrompt;
use cloze::wiring::Wiring;
use cloze::workflow::access::HistoryAccess;
use cloze::workflow::context::Context;

use crate::args::Values;
use crate::commands::passphrase;
use crate::commands::passphrase::Silence;
use crate::commands::trust::Question;
use crate::commands::trust::TrustFile;
use crate::context::Run;
use crate::revision;

/// A project with what applies to this run.
#[derive(Debug)]
pub(crate) struct Desk<'r> {
    run: &'r Run,
    base: PathBuf,
    revision: Option<String>,
    root: Root,
    /// What applies.
    pub(crate) settings: Settings,
    engine: ProcessEngine,
    question: Option<Question>,
    strict: bool,
    passphrase: Option<Secret>,
    silence: RefCell<Option<Silence>>,
}

impl<'r> Desk<'r> {
    /// Opens the project of this run: the one that its directory is in.
    pub(crate) fn open(run: &'r Run, values: &Values) -> Result<Self, Problems> {
        let base = upwards(&run.directory);
        let root = Root::open(&base)?;
        let project = Project::load(&root)?;
        let file = TrustFile::find(&base);
        let sets = |list: &[String], literal| list.iter().map(|text| Set { text: text.clone(), literal }).collect::<Vec<_>>();
        let flags = Flags {
            environment: run.environment.clone(),
            values: values.files.iter().map(|path| path.to_string_lossy().into_owned()).collect(),
            sets: sets(&values.set, false).into_iter().chain(sets(&values.set_string, true)).collect(),
            deadline: run.deadline.clone(),
            trust: file.as_ref().map(TrustFile::entries).transpose()?.unwrap_or_default(),
        };
        let settings = Settings::resolve(&project, &flags, &run.variables)?;
        let engine = ProcessEngine::new(program(), vec!["render-worker".into()], run.entropy.clone());
        let question = Question::of(run, file.as_ref());
        let revision = run.revision.clone().or_else(|| revision::checked_out(&base));
        Ok(Self { run, base, revision, root, settings, engine, question, strict: false, passphrase: None, silence: RefCell::new(None) })
    }

    /// The same where warnings of templates, values and secrets are failures.
    pub(crate) fn strict(self, strict: bool) -> Self {
        Self { strict, ..self }
    }

    /// Takes or asks for the passphrase, where the environment's keyring is held by one; warns of key files that others may have.
    pub(crate) fn unlock(mut self) -> Result<Self, Problems> {
        for warning in self.wiring().key_warnings() {
            self.run.ui.warn(&warning);
        }
        if self.settings.keys.contains(&KeySettings::Passphrase) {
            (self.passphrase, *self.silence.get_mut()) = passphrase::obtain(self.run)?;
        }
        Ok(self)
    }

    /// The same for a command that may make the environment's first keys: a new passphrase is asked for twice.
    pub(crate) fn unlock_for(mut self, missing: IfMissing, store: &dyn HistoryStore) -> Result<Self, Problems> {
        let is_new = missing == IfMissing::Create
            && self.settings.keys.contains(&KeySettings::Passphrase)
            && self.run.wait(async { Ok(self.wiring().is_without_keys(store).await?) })?;
        if !is_new {
            return self.unlock();
        }
        (self.passphrase, *self.silence.get_mut()) = passphrase::choose(self.run, &self.settings.environment)?;
        Ok(self)
    }

    /// The environment's keys. Where a passphrase was typed, the terminal echoes again once they are open.
    pub(crate) async fn keys(&self, store: &dyn HistoryStore, missing: IfMissing) -> Result<EnvironmentKeys, Problems> {
        let opened = self.wiring().keys(store, missing).await;
        self.silence.take();
        opened
    }

    /// The project's root.
    pub(crate) fn root(&self) -> &Root {
        &self.root
    }

    /// For stories about templates.
    pub(crate) fn workbench(&self) -> Context<'_> {
        Context {
            root: &self.root,
            settings: &self.settings,
            engine: &self.engine,
            observer: &self.run.ui,
            clock: self.run.clock.as_ref(),
            entropy: self.run.entropy.as_ref(),
            actor: &self.run.actor,
            revision: self.revision.as_deref(),
            strict: self.strict,
        }
    }

    /// For stories about releases.
    pub(crate) fn past<'a>(&'a self, store: &'a dyn HistoryStore, opened: &'a EnvironmentKeys) -> Result<HistoryAccess<'a>, Problem> {
        Ok(HistoryAccess { store, keys: &opened.keys, keyring: opened.keyring.as_bytes(), checkpoint: self.wiring().checkpoint()? })
    }

    /// For adapters.
    pub(crate) fn wiring(&self) -> Wiring<'_> {
        Wiring {
            root: &self.root,
            base: &self.base,
            settings: &self.settings,
            passphrase: self.passphrase.as_ref(),
            variables: &self.run.variables,
            home: self.run.home.as_deref(),
            tools: &self.run.tools,
            #[cfg(any(feature = "env", feature = "exec"))]
            surroundings: &self.run.surroundings,
            allow_exec: self.run.allow_exec,
            prompt: self.question.as_ref().map(|question| question as &dyn TrustPrompt),
            clock: &self.run.clock,
            entropy: &self.run.entropy,
            meters: &self.run.meters,
        }
    }
}

/// The nearest directory from `start` upwards with a project file, by way of `start`; `start` itself where there is none.
fn upwards(start: &Path) -> PathBuf {
    let real = start.canonicalize().unwrap_or_default();
    let Some(above) = real.ancestors().position(|folder| fs::symlink_metadata(folder.join(PROJECT_FILE)).is_ok()) else {
        return start.to_owned();
    };
    let way = if above > 0 && start == Path::new(".") { Path::new("") } else { start };
    iter::repeat_n("..", above).fold(way.to_owned(), |path, up| path.join(up))
}

/// This program, as it was started, even when its file was replaced since.
fn program() -> PathBuf {
    let own = PathBuf::from("/proc/self/exe");
    if own.exists() { own } else { std::env::current_exe().unwrap_or_else(|_| PathBuf::from("cloze")) }
}
