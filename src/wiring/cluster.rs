//! The cluster that an environment is deployed to.

#[cfg(feature = "cluster")]
use crate::cluster::Cluster;
#[cfg(feature = "cluster")]
use crate::cluster::Connection;
#[cfg(feature = "cluster")]
use crate::cluster::ExternalObject;
#[cfg(feature = "cluster")]
use crate::cluster::Scope;
#[cfg(feature = "cluster")]
use crate::cluster::Selection;
#[cfg(feature = "cluster")]
use crate::manifest::ConfigKind;
#[cfg(not(feature = "cluster"))]
use crate::problem::Fault;
use crate::problem::Problem;
#[cfg(feature = "cluster")]
use crate::project::ClusterSettings;
#[cfg(feature = "cluster")]
use crate::project::ExternalEntry;
#[cfg(feature = "cluster")]
use crate::project::Origin;
#[cfg(feature = "cluster")]
use crate::project::ResolvedSetting;
#[cfg(feature = "cluster")]
use crate::project::Settings;
use crate::target::Target;
use crate::wiring::Wiring;

/// How a release goes to a cluster.
#[derive(Debug, Clone, Copy, Default)]
pub struct RolloutRequest<'a> {
    /// The objects of others to take over, as `KIND/NAME`; twice where a tool manages one.
    pub adopt: &'a [String],
    /// Whether fields that other managers hold are taken over.
    pub force: bool,
    /// Whether it is waited for.
    pub proves: bool,
}

#[cfg(feature = "cluster")]
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
        RolloutRequest { adopt, force, proves }: RolloutRequest<'_>,
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
        let scope = Scope { project, environment, namespace, adopt, force, wait: settings.wait, proves, external: &external };
        Cluster::new(connection, scope)
    }
}

/// Whether the context is one that only the project names.
#[cfg(feature = "cluster")]
fn by_project(setting: &ResolvedSetting) -> bool {
    setting.key == "cluster.context" && matches!(setting.origin, Origin::File(_))
}

#[cfg(not(feature = "cluster"))]
impl Wiring<'_> {
    /// The environment's objects in its cluster; `None` where deploys only write.
    pub(super) fn cluster(&self, _: RolloutRequest<'_>) -> Result<Option<Box<dyn Target>>, Problem> {
        match &self.settings.cluster {
            None => Ok(None),
            Some(_) => Err(Problem::new(
                Fault::Project,
                "the environment has a `cluster:`, and this build of cloze leaves out the feature `cluster`",
                "use a build with that feature, or write the manifests with `-o`",
            )),
        }
    }
}
