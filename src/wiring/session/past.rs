//! The releases of an environment.

use futures::join;

use crate::history::Copied;
use crate::history::History;
use crate::history::HistoryError;
use crate::history::Outcome;
use crate::history::Reader;
use crate::history::RecordedFile;
use crate::history::Release;
use crate::history::copy;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::HistorySettings;
use crate::report::CopyReport;
use crate::report::EventReport;
use crate::report::HistoryReport;
use crate::report::ReleaseReport;
use crate::report::SetValue;
use crate::report::ShowReport;
use crate::report::UsedSecret;
use crate::report::VerifyReport;
use crate::secret::SecretBuffer;
use crate::wiring::IfMissing;
use crate::wiring::Session;
use crate::workflow::access::check_remembered;
use crate::workflow::access::owner;
use crate::workflow::assigned::read_recorded;
use crate::workflow::compare::reviewed;
use crate::workflow::recorded;

impl Session<'_> {
    /// The newest releases, at most `limit`, and what the checkpoint holds against them. Needs no key.
    pub async fn history(&self, limit: usize) -> Result<(HistoryReport, Result<(), Problem>), Problems> {
        let store = self.store()?;
        let reader = Reader::new(store, owner(&self.settings));
        // What was cut or replayed is listed all the same: who has to find out what happened needs to see what is there.
        let checkpoint = self.wiring().checkpoint()?;
        let (owned, checked, newest) = join!(reader.check_owner(), check_remembered(&checkpoint, &reader), reader.newest());
        owned?;
        let store_id = reader.store_id().await?;
        self.warn_of_a_stranger(store_id.as_deref())?;
        let rows = reader.overview(newest?, limit as u64).await.into_iter();
        let releases = rows.map(|row| row.map(|(summary, outcome)| ReleaseReport::new(&summary, &outcome))).collect::<Result<_, _>>()?;
        let (project, environment) = (self.settings.project.clone(), self.settings.environment.clone());
        Ok((HistoryReport { project, environment, history: store.to_string(), store_id, releases }, checked.map(drop)))
    }

    /// Copies a history of this environment from one URL to another. Needs no key.
    pub async fn copy_history(&self, from: &str, to: &str) -> Result<CopyReport, Problems> {
        let wiring = self.wiring();
        let (from, to) = (HistorySettings::at("FROM", from)?, HistorySettings::at("TO", to)?);
        let (source, target) = (wiring.store_of(&from)?, wiring.store_of(&to)?);
        let reader = |store| Reader::new(store, owner(&self.settings));
        let Copied { releases, written, there } =
            copy(&reader(source.as_ref()), &reader(target.as_ref()), self.ports.entropy.as_ref()).await?;
        Ok(CopyReport {
            project: self.settings.project.clone(),
            environment: self.settings.environment.clone(),
            from: source.to_string(),
            to: target.to_string(),
            releases,
            written,
            there,
        })
    }

    /// That every object of the history is what it was.
    pub async fn verify(&self) -> Result<VerifyReport, Problems> {
        let access = self.access(self.keys(IfMissing::Fail).await?)?;
        let verified = access.open(&self.context()).await?.verify().await?;
        let problem = |path: &str, reason: &str| {
            Problem::new(Fault::History, format!("`{path}`: {reason}"), "restore the object from a backup of the history")
        };
        Problems::or((), verified.defects.iter().map(|defect| problem(&defect.path, &defect.reason)).collect())?;
        Ok(VerifyReport {
            project: self.settings.project.clone(),
            environment: self.settings.environment.clone(),
            releases: verified.releases,
            objects: verified.objects,
        })
    }

    /// The release of that number, or the current one, with masked manifests.
    pub async fn show(&self, number: Option<u64>) -> Result<ShowReport, Problems> {
        let access = self.access(self.keys(IfMissing::Fail).await?)?;
        let history = access.open(&self.context()).await?;
        let release = wanted(&history, number).await?;
        let objects = reviewed(&history, &release).await?;
        let events = history.events(&release).await?;
        let outcome = Outcome::from(events.iter().map(|(event, _)| event.clone()).collect::<Vec<_>>());
        Ok(ShowReport {
            project: self.settings.project.clone(),
            environment: self.settings.environment.clone(),
            summary: ReleaseReport::new(&release.summary, &outcome),
            events: events.into_iter().map(EventReport::from).collect(),
            values: release.body.values.iter().filter_map(set_value).collect(),
            secrets: release.body.blanks.iter().map(UsedSecret::from).collect(),
            manifests: objects.into_iter().map(|object| object.text).collect(),
        })
    }

    /// The manifests of the release of that number, or of the current one, byte for byte.
    pub async fn reveal(&self, number: Option<u64>) -> Result<SecretBuffer, Problems> {
        let access = self.access(self.keys(IfMissing::Fail).await?)?;
        let history = access.open(&self.context()).await?;
        let release = wanted(&history, number).await?;
        let manifests = history.manifests(&release).await?;
        if let Some(listener) = &self.ports.listener {
            recorded::announce(&manifests, listener.as_ref());
        }
        let mut stream = SecretBuffer::with_capacity(manifests.iter().map(|stored| stored.content.expose().len() + 4).sum());
        for stored in &manifests {
            stream.extend(b"---\n");
            stream.extend(stored.content.expose());
        }
        Ok(stream)
    }
}

/// A value that the command line set, where that is what was recorded.
fn set_value(recorded: &RecordedFile) -> Option<SetValue> {
    let (path, value) = read_recorded(recorded)?;
    Some(SetValue { path, value, digest: recorded.digest.to_string() })
}

/// The release of that number, or the current one.
pub(super) async fn wanted(history: &History<'_>, number: Option<u64>) -> Result<Release, HistoryError> {
    match number {
        Some(number) => history.release(number).await,
        None => history.head().await?.ok_or_else(|| history.reader().empty()),
    }
}
