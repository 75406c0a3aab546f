//! What runs in the cluster of an environment.

use std::collections::HashSet;

use crate::cluster::ClusterStatus;
use crate::cluster::Drift;
use crate::cluster::health::Health;
use crate::problem::Problems;
use crate::project::ClusterSettings;
use crate::project::KeySettings;
use crate::report::FieldDrift;
use crate::report::HealthWord;
use crate::report::ObjectHealth;
use crate::report::PrunedObjects;
use crate::report::StatusReport;
use crate::wiring::IfMissing;
use crate::wiring::RolloutRequest;
use crate::wiring::Session;
use crate::wiring::session::prune::leftovers;
use crate::workflow::live::of_manifests;

impl Session<'_> {
    /// The release that the cluster holds, the newest one of the history, how each object is, and what others changed. Needs no key; with one it knows which of
    /// that is the release's own.
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
}

/// The fields that others set, but for those of the release, which have drifted.
fn foreign(found: Option<&ClusterStatus>, drift: Option<&[Drift]>) -> Vec<Drift> {
    let taken: HashSet<_> = drift.into_iter().flatten().map(|drift| (&drift.object.kind, &drift.object.name, &drift.field)).collect();
    let foreign = found.map(ClusterStatus::foreign).unwrap_or_default();
    foreign.into_iter().filter(|other| !taken.contains(&(&other.object.kind, &other.object.name, &other.field))).collect()
}

fn field(Drift { object, field, manager }: Drift) -> FieldDrift {
    FieldDrift { object: object.into(), field, manager }
}

fn word(health: &Health) -> HealthWord {
    match health {
        Health::Ready => HealthWord::Ready,
        Health::Progressing { .. } => HealthWord::Progressing,
        Health::Stuck { .. } => HealthWord::Stuck,
        Health::Failed { .. } => HealthWord::Failed,
    }
}
