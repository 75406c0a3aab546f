//! What runs in the cluster of an environment.

#[cfg(feature = "cluster")]
use std::collections::HashSet;

#[cfg(feature = "cluster")]
use crate::cluster::ClusterStatus;
#[cfg(feature = "cluster")]
use crate::cluster::Drift;
#[cfg(feature = "cluster")]
use crate::cluster::health::Health;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
#[cfg(feature = "cluster")]
use crate::project::ClusterSettings;
#[cfg(feature = "cluster")]
use crate::project::KeySettings;
#[cfg(feature = "cluster")]
use crate::report::FieldDrift;
#[cfg(feature = "cluster")]
use crate::report::HealthWord;
#[cfg(feature = "cluster")]
use crate::report::ObjectHealth;
#[cfg(feature = "cluster")]
use crate::report::PrunedObjects;
use crate::report::StatusReport;
#[cfg(feature = "cluster")]
use crate::wiring::IfMissing;
use crate::wiring::RolloutRequest;
use crate::wiring::Session;
#[cfg(feature = "cluster")]
use crate::wiring::session::prune::leftovers;
#[cfg(feature = "cluster")]
use crate::workflow::live::of_manifests;

impl Session<'_> {
    /// The release that the cluster holds, the newest one of the history, how each object is, and what others changed. Needs no key; with one it knows which of
    /// that is the release's own.
    #[cfg(feature = "cluster")]
    pub async fn status(&self) -> Result<StatusReport, Problems> {
        let wiring = self.wiring();
        let Some(settings) = &self.settings.cluster else { return Err(self.writes_only().into()) };
        let connection = wiring.connection()?;
        let found = wiring.cluster_of(settings, &connection, RolloutRequest::default()).status().await?;
        let (drift, unused) = match &found {
            Some(found) => self.by_key(settings, found).await.unwrap_or_default(),
            None => (Some(Vec::new()), Some(PrunedObjects::default())),
        };
        let foreign = foreign(found.as_ref(), drift.as_deref());
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
            drift: drift.map(|drift| drift.into_iter().map(field).collect()),
            foreign: foreign.into_iter().map(field).collect(),
            unused,
        })
    }

    /// What has drifted from the release that the cluster holds, and what nothing uses any more; `None` where the history cannot be opened without asking for a
    /// passphrase.
    #[cfg(feature = "cluster")]
    async fn by_key(&self, settings: &ClusterSettings, found: &ClusterStatus) -> Option<(Option<Vec<Drift>>, Option<PrunedObjects>)> {
        if self.settings.keys.contains(&KeySettings::Passphrase) {
            return None;
        }
        let access = self.access(self.keys(IfMissing::Fail).await.ok()?).ok()?;
        let history = access.open(&self.context()).await.ok()?;
        let drift = of_manifests(&history, found.release?, |set| found.drift(set)).await.ok().flatten();
        let cluster = self.cluster(RolloutRequest::default()).ok().flatten()?;
        let unused = leftovers(&history, cluster, settings.keep).await.ok();
        Some((drift, unused.map(|left| PrunedObjects::from(left.found))))
    }

    /// The least role that deploys the project.
    #[cfg(not(feature = "cluster"))]
    #[expect(clippy::unused_async, reason = "with the feature `cluster` it waits")]
    pub async fn role(&self) -> Result<String, Problems> {
        self.cluster(RolloutRequest::default())?;
        Err(self.writes_only().into())
    }

    /// The release that the cluster holds, and how each object is.
    #[cfg(not(feature = "cluster"))]
    #[expect(clippy::unused_async, reason = "with the feature `cluster` it waits")]
    pub async fn status(&self) -> Result<StatusReport, Problems> {
        self.cluster(RolloutRequest::default())?;
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

/// The fields that others set, but for those of the release, which have drifted.
#[cfg(feature = "cluster")]
fn foreign(found: Option<&ClusterStatus>, drift: Option<&[Drift]>) -> Vec<Drift> {
    let taken: HashSet<_> = drift.into_iter().flatten().map(|drift| (&drift.object.kind, &drift.object.name, &drift.field)).collect();
    let foreign = found.map(ClusterStatus::foreign).unwrap_or_default();
    foreign.into_iter().filter(|other| !taken.contains(&(&other.object.kind, &other.object.name, &other.field))).collect()
}

#[cfg(feature = "cluster")]
fn field(Drift { object, field, manager }: Drift) -> FieldDrift {
    FieldDrift { object: object.into(), field, manager }
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
