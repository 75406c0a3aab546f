//! What can be said of a project before a release: its manifests with masked values, its problems, its settings, its lock file.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::Lock;
use crate::project::LockFile;
use crate::project::Spanned;
use crate::project::Values;
use crate::report::CheckReport;
use crate::report::ConfigReport;
use crate::report::DiffReport;
use crate::report::LockReport;
use crate::report::LockState;
use crate::report::ProbedSecrets;
use crate::report::RenderReport;
use crate::report::RenderedManifest;
use crate::report::SettingReport;
use crate::report::VersionChange;
use crate::report::WaiverReport;
use crate::stage::probe::Probe;
use crate::target::Claim;
use crate::target::Directory;
use crate::target::Exposure;
use crate::target::PathKind;
use crate::target::Target;
use crate::target::exposed_to_git;
use crate::target::file_names;
use crate::wiring::Session;
use crate::workflow::lock;
use crate::workflow::online;
use crate::workflow::review::Review;
use crate::workflow::review::check;
use crate::workflow::review::review;
use crate::workflow::revision::compare_revisions;

impl Session<'_> {
    /// The manifests with masked values, which are written to `directory` where one is named. Needs no key, no vault, no network.
    pub async fn render(&self, directory: Option<&Path>) -> Result<RenderReport, Problems> {
        let review = self.reviewed(review(&self.context())?);
        let set = review.set();
        let files = file_names(&set);
        if let Some(path) = directory {
            let directory = Directory::at(path, Arc::clone(self.ports.entropy))?;
            let put = directory.reserve(&Claim::default()).await?.put(&set).await?;
            for warning in put.warnings {
                self.warn(warning);
            }
        }
        drop(set);
        let waivers = review.waivers.iter().map(WaiverReport::from).collect();
        let manifest = |(file, text): (String, String)| RenderedManifest { file, manifest: directory.is_none().then_some(text) };
        Ok(RenderReport {
            project: self.settings.project.clone(),
            environment: self.settings.environment.clone(),
            directory: directory.map(|path| path.to_string_lossy().into_owned()),
            manifests: files.into_iter().zip(review.objects.into_iter().map(|object| object.text)).map(manifest).collect(),
            waivers,
            warnings: self.observer.get(),
        })
    }

    /// What the project changes against the one of `base`, another revision of it that is called `name`. Needs no key, no vault, no network.
    pub fn diff_base(&self, base: &Session<'_>, name: &str) -> Result<DiffReport, Problems> {
        Ok(compare_revisions(&self.context(), &base.context(), name)?.report(&self.settings, self.observer.get()))
    }

    /// That the project has no problem, as far as that can be known without a key, a vault or a network.
    pub fn check(&self) -> Result<CheckReport, Problems> {
        let review = self.reviewed(check(&self.context())?);
        Ok(self.checked(&review, None))
    }

    /// The same, and that every secret exists and can be read; where `locked`, in the versions of the lock file.
    pub async fn check_online(&self, locked: bool) -> Result<CheckReport, Problems> {
        let lock = self.lock_file(locked)?;
        self.closing(async {
            let prepared = self.judged()?;
            let vaults = self.vaults(&prepared.vaults()).await?;
            let (review, probe) = online::check_online(&self.context(), prepared, &vaults, lock.as_ref()).await?;
            let review = self.reviewed(review);
            for warning in &probe.warnings {
                self.warn(warning.clone());
            }
            Ok(self.checked(&review, Some(&probe)))
        })
        .await
    }

    /// A review whose warnings are reported.
    fn reviewed(&self, mut review: Review) -> Review {
        for warning in std::mem::take(&mut review.warnings) {
            self.warn(warning);
        }
        review
    }

    fn checked(&self, review: &Review, probe: Option<&Probe>) -> CheckReport {
        CheckReport {
            project: self.settings.project.clone(),
            environment: self.settings.environment.clone(),
            objects: review.objects.len(),
            warnings: self.observer.get(),
            waivers: review.waivers.iter().map(WaiverReport::from).collect(),
            secrets: probe.map(Probe::counts).map(|(found, read)| ProbedSecrets { found, read }),
        }
    }

    /// Each effective setting and value.
    pub fn config(&self) -> Result<ConfigReport, Problems> {
        let values = Values::load(&self.root, &self.settings)?.effective();
        Ok(ConfigReport {
            project: self.settings.project.clone(),
            environment: self.settings.environment.clone(),
            settings: self.settings.effective.iter().chain(&values).map(SettingReport::from).collect(),
        })
    }

    /// Resolves the version of every secret and writes the lock file; if `check`, writes nothing.
    pub async fn lock(&self, check: bool) -> Result<LockReport, Problems> {
        let settings = &self.settings;
        let path = self.wiring().beneath(&settings.lock)?;
        let before = Lock::find(&self.root, &settings.lock, &settings.environment)?;
        let after = self
            .closing(async {
                let prepared = self.prepare()?;
                let vaults = self.vaults(&prepared.vaults()).await?;
                lock::resolve(&self.context(), prepared.parsed.blanks(), &vaults).await
            })
            .await?;
        let nothing = Lock::new(Spanned::none(settings.environment.clone()));
        let changes = if let LockFile::Whole(before) = &before { before } else { &nothing }.changes(&after);
        let state = match &before {
            LockFile::Whole(_) if changes.is_empty() => LockState::UpToDate,
            _ if !check => LockState::Written,
            LockFile::Whole(_) => LockState::OutOfDate,
            LockFile::Absent => LockState::Missing,
            LockFile::Broken(_) => LockState::Invalid,
        };
        if let LockFile::Broken(problems) = &before
            && let Some(first) = problems.list().first()
        {
            let next = if check { "run `cloze lock` to rewrite it" } else { "review the rewritten file" };
            self.warn(Problem { reason: format!("{}, so the lock file is ignored", first.reason), next: next.to_owned(), ..first.clone() });
        }
        if state == LockState::Written {
            lock::write(&self.context(), &path, &after)?;
        }
        Ok(LockReport {
            project: settings.project.clone(),
            environment: settings.environment.clone(),
            lock: settings.lock.clone(),
            secrets: after.secrets.len(),
            changes: changes.iter().map(VersionChange::from).collect(),
            state,
            written: state == LockState::Written,
        })
    }

    /// The directory that manifests are written to: the one at `path`, or the environment's. Nothing is written yet.
    ///
    /// # Errors
    /// When secrets must not be written there: it holds other files, or git would take them.
    pub fn directory(&self, path: Option<&Path>) -> Result<Directory, Problem> {
        let path: PathBuf = match path {
            Some(path) => path.to_owned(),
            None => self.wiring().beneath(&self.settings.output)?,
        };
        if let Some(Exposure { top, .. }) = exposed_to_git(&path, PathKind::Directory) {
            let reason = format!("`{}` lies in the git work tree `{}`, which does not ignore it", path.display(), top.display());
            return Err(Problem::new(
                Fault::Usage,
                reason,
                "add it to .gitignore, or name a directory outside with -o: manifests hold secrets",
            ));
        }
        Directory::at(&path, Arc::clone(self.ports.entropy))
    }
}
