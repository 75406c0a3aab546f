//! The cluster that an environment is deployed to.

use crate::cluster::Cluster;
use crate::cluster::Connection;
use crate::cluster::ExternalObject;
use crate::cluster::Scope;
use crate::cluster::Selection;
use crate::manifest::ConfigKind;
use crate::problem::Problem;
use crate::project::ClusterSettings;
use crate::project::ExternalEntry;
use crate::project::Origin;
use crate::project::ResolvedSetting;
use crate::project::Settings;
use crate::target::Target;
use crate::wiring::RolloutRequest;
use crate::wiring::Wiring;

impl Wiring<'_> {
    /// A connection to the cluster that the settings mean.
    pub(super) fn connection(&self) -> Result<Connection, Problem> {
        Connection::open(&Selection {
            environment: self.ports.tools,
            context: self.settings.context.as_deref(),
            unconfirmed: self.ports.ephemeral && self.settings.effective.iter().any(by_project),
            proxies: &self.proxies()?,
        })
    }

    /// The environment's objects in its cluster; `None` where deploys only write.
    pub(super) fn cluster(&self, rollout: RolloutRequest<'_>) -> Result<Option<Box<dyn Target>>, Problem> {
        let Some(settings) = &self.settings.cluster else { return Ok(None) };
        Ok(Some(Box::new(self.cluster_of(settings, &self.connection()?, rollout))))
    }

    /// The environment's objects in the cluster of `connection`.
    pub(super) fn cluster_of(
        &self,
        settings: &ClusterSettings,
        connection: &Connection,
        RolloutRequest { adopt, force, proves, logs, observer }: RolloutRequest<'_>,
    ) -> Cluster {
        let Settings { project, environment, .. } = self.settings;
        let external = |entry: &ExternalEntry| ExternalObject {
            place: entry.place.clone(),
            is_secret: entry.kind.value == ConfigKind::Secret,
            namespace: entry.namespace.as_ref().map_or_else(|| self.settings.namespace.clone(), |said| said.value.clone()),
            name: entry.name.value.clone(),
            keys: entry.keys.iter().flatten().map(|key| key.value.clone()).collect(),
        };
        let external: Vec<ExternalObject> = self.settings.external.iter().map(external).collect();
        let namespace = &settings.namespace;
        let wait = settings.wait;
        let scope = Scope { project, environment, namespace, adopt, force, wait, proves, logs, external: &external, observer };
        Cluster::new(connection, scope)
    }
}

/// Whether the context is one that only the project names.
fn by_project(setting: &ResolvedSetting) -> bool {
    setting.key == "cluster.context" && matches!(setting.origin, Origin::File(_))
}
