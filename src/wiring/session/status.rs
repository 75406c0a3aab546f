//! What runs in the cluster of an environment.

#[cfg(feature = "cluster")]
use crate::cluster::health::Health;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
#[cfg(feature = "cluster")]
use crate::report::HealthWord;
#[cfg(feature = "cluster")]
use crate::report::ObjectHealth;
use crate::report::StatusReport;
use crate::wiring::Session;

impl Session<'_> {
    /// The release that the cluster holds, the newest one of the history, and how each object is. Needs no key.
    #[cfg(feature = "cluster")]
    pub async fn status(&self) -> Result<StatusReport, Problems> {
        let wiring = self.wiring();
        let Some(settings) = &self.settings.cluster else { return Err(self.writes_only().into()) };
        let connection = wiring.connection()?;
        let found = wiring.cluster_of(settings, &connection, &[], None).status().await?;
        let (mut history, checked) = self.history(1).await?;
        checked?;
        let recorded = if history.releases.is_empty() { None } else { Some(history.releases.remove(0)) };
        let (release, objects, others) = found.map_or((None, Vec::new(), 0), |found| (found.release, found.objects, found.others));
        let objects = objects.into_iter().map(|(identity, health)| {
            let reason = health.reason().map(str::to_owned);
            ObjectHealth { object: identity.into(), health: word(&health), reason }
        });
        Ok(StatusReport {
            project: self.settings.project.clone(),
            environment: self.settings.environment.clone(),
            cluster: connection.name().to_owned(),
            release,
            recorded,
            objects: objects.collect(),
            others,
        })
    }

    /// The release that the cluster holds, and how each object is.
    #[cfg(not(feature = "cluster"))]
    #[expect(clippy::unused_async, reason = "with the feature `cluster` it waits")]
    pub async fn status(&self) -> Result<StatusReport, Problems> {
        self.cluster(&[], false)?;
        Err(self.writes_only().into())
    }

    pub(super) fn writes_only(&self) -> Problem {
        let reason = format!("the environment `{}` has no `cluster:`, so that its deploys only write manifests", self.settings.environment);
        Problem::new(
            Fault::Project,
            reason,
            "add `cluster: { context: NAME }` to the environment, or list its releases with `cloze history`",
        )
    }
}

#[cfg(feature = "cluster")]
fn word(health: &Health) -> HealthWord {
    match health {
        Health::Ready => HealthWord::Ready,
        Health::Progressing { .. } => HealthWord::Progressing,
        Health::Stuck { .. } => HealthWord::Stuck,
        Health::Failed { .. } => HealthWord::Failed,
    }
}
