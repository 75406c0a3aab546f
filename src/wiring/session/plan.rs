//! Plans: what a deploy would release, sealed in a file, and its deploy.

use std::fs;
use std::io;
use std::path::Path;

use crate::file;
use crate::history::History;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::quote;
use crate::report::DiffReport;
use crate::report::PlanReport;
use crate::target::Target;
use crate::wiring::DeployResult;
use crate::wiring::IfMissing;
use crate::wiring::Session;
use crate::workflow::deploy::Emission;
use crate::workflow::plan::OpenedPlan;
use crate::workflow::plan::plan;

impl Session<'_> {
    /// Fills the blanks and writes what a deploy would release to the file at `path`, sealed for those who can open the history. Records nothing. Says what it changes
    /// of what is live in `target`, or against the current release where there is none.
    pub async fn plan(&self, locked: bool, note: Option<&str>, path: &Path, target: Option<&dyn Target>) -> Result<PlanReport, Problems> {
        replaceable(path)?;
        self.filling(locked, async |keys, prepared, filling| {
            let (context, access) = (self.context(), self.access(keys)?);
            let planned = Box::pin(plan(&context, prepared, &access, filling, note, target)).await?;
            file::replace(path, &planned.file, 0o600, context.entropy).map_err(|error| file::unwritten(path, &error))?;
            Ok(PlanReport {
                project: self.settings.project.clone(),
                environment: self.settings.environment.clone(),
                file: path.to_string_lossy().into_owned(),
                release: planned.release,
                follows: planned.follows,
                changes: planned.comparison.report(&self.settings, self.observer.get()),
            })
        })
        .await
    }

    /// Releases exactly what the plan in the file at `path` holds. Asks no vault for a value; where `online`, whether each secret still has the version that
    /// was planned.
    ///
    /// # Errors
    /// It is not a plan of this environment, or something came in between.
    pub async fn deploy_plan(
        &self,
        path: &Path,
        online: bool,
        note: Option<&str>,
        emission: Emission<'_>,
    ) -> Result<DeployResult, Problems> {
        let bytes = read(path)?;
        self.closing(async {
            let access = self.access(self.sealing_keys(IfMissing::Fail).await?)?;
            let history = access.open(&self.context()).await?;
            let opened = self.opened_plan(&history, path, &bytes, online).await?;
            let listener = self.ports.listener.as_deref();
            let released = Box::pin(opened.deploy(&self.context(), &access, &history, listener, note, emission)).await?;
            Ok(released.report(&self.settings, &[], emission.target, self.observer.get()))
        })
        .await
    }

    /// What [`Session::deploy_plan`] would change of what is live in `target`, or against the current release where there is none. Records and writes nothing.
    pub async fn preview_plan(&self, path: &Path, online: bool, target: Option<&dyn Target>) -> Result<DiffReport, Problems> {
        let bytes = read(path)?;
        self.closing(async {
            let access = self.access(self.keys(IfMissing::Fail).await?)?;
            let history = access.open(&self.context()).await?;
            let opened = self.opened_plan(&history, path, &bytes, online).await?;
            let compared = opened.compare(&self.context(), &history, target).await?;
            Ok(compared.report(&self.settings, self.observer.get()))
        })
        .await
    }

    async fn opened_plan(&self, history: &History<'_>, path: &Path, bytes: &[u8], online: bool) -> Result<OpenedPlan, Problems> {
        let opened = OpenedPlan::open(history, path, bytes).await?;
        if online {
            let mut problems = Vec::new();
            let vaults = self.open_all(&opened.vaults(), &mut problems).await;
            Problems::or((), problems)?;
            opened.check_versions(&self.context(), &vaults).await?;
        }
        Ok(opened)
    }
}

/// That what is at `path`, where a plan goes, is a file or nothing: a device, a pipe or a link must not be replaced by one.
fn replaceable(path: &Path) -> Result<(), Problem> {
    match fs::symlink_metadata(path) {
        Ok(there) if !there.is_file() => {
            let reason = format!("{} is not a regular file, and a plan is written to one", quote(&path.to_string_lossy()));
            Err(Problem::new(Fault::Usage, reason, "name another file"))
        }
        _ => Ok(()),
    }
}

/// The most bytes of a plan.
const LIMIT: u64 = 1 << 30;

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    let file = quote(&path.to_string_lossy());
    let (reason, next) = match file::read(path, LIMIT) {
        Ok(Some(bytes)) => return Ok(bytes),
        Ok(None) => (format!("there is no file {file}"), "make the plan with `cloze plan -o FILE`"),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => (format!("{file} is not a regular file"), "name the file itself"),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            (format!("{file} has more than {} MiB", LIMIT >> 20), "name a file that `cloze plan -o FILE` wrote")
        }
        Err(error) => (format!("{file} cannot be read: {}", file::cause(&error)), "check its path and permissions"),
    };
    Err(Problem::new(Fault::Usage, reason, next))
}
