//! A cluster as a target: releases are applied there by server-side apply, as members of one inventory.

mod adopt;
mod attempt;
mod check;
mod compare;
mod destroy;
mod diagnosis;
mod drift;
mod external;
mod fence;
mod fields;
mod going;
mod item;
mod kinds;
mod log;
mod mark;
mod members;
mod once;
mod outage;
mod parent;
mod places;
mod prove;
mod prune;
mod put;
mod refused;
mod resource;
mod right;
mod role;
mod server;
mod status;
mod steps;
mod takeover;
mod unchanged;
mod unused;
mod uses;

pub use diagnosis::ClusterFinding;
pub use diagnosis::GrantedRight;
pub use diagnosis::PlannedObject;
pub use drift::Drift;
pub use external::ExternalObject;
pub use status::ClusterStatus;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::cluster::connection::Connection;
use crate::cluster::target::attempt::Rules;
use crate::cluster::target::fence::destroyed;
use crate::cluster::target::fence::inventory;
use crate::cluster::target::kinds::Kinds;
use crate::cluster::target::parent::Inventory;
use crate::cluster::target::parent::Parent;
use crate::cluster::target::refused::unanswered;
use crate::cluster::target::server::Mode;
use crate::cluster::target::server::Server;
use crate::cluster::target::takeover::announced;
use crate::manifest::AFTER;
use crate::manifest::annotation_in;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::target::Claim;
use crate::target::LiveDifference;
use crate::target::ManifestSet;
use crate::target::Needed;
use crate::target::ObservedObject;
use crate::target::Pruned;
use crate::target::Put;
use crate::target::Reservation;
use crate::target::RolloutObserver;
use crate::target::Target;
use crate::target::Unproven;

/// The objects of an environment in a cluster.
pub struct Cluster {
    server: Server,
    parent: Parent,
    id: String,
    adopt: Vec<String>,
    force: bool,
    wait: Duration,
    proves: bool,
    logs: bool,
    external: Vec<ExternalObject>,
    observer: Option<Arc<dyn RolloutObserver>>,
    name: String,
    address: String,
}

/// What is meant in a cluster.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The project.
    pub project: &'a str,
    /// The environment.
    pub environment: &'a str,
    /// The namespace of the inventory.
    pub namespace: &'a str,
    /// The objects of others to take over, as `KIND/NAME`; twice where a tool manages one.
    pub adopt: &'a [String],
    /// Whether fields that other managers hold are taken over.
    pub force: bool,
    /// How long a rollout may take, and an object that others come after.
    pub wait: Duration,
    /// Whether it is waited for a rollout.
    pub proves: bool,
    /// Whether the logs of containers that crashed are asked for.
    pub logs: bool,
    /// What others keep there.
    pub external: &'a [ExternalObject],
    /// Who hears what is waited for.
    pub observer: Option<&'a Arc<dyn RolloutObserver>>,
}

impl Cluster {
    /// The objects of an environment in the cluster of `connection`. Nothing is sent before it is used.
    pub fn new(connection: &Connection, scope: Scope<'_>) -> Self {
        let parent = Parent::of(scope.project, scope.environment, scope.namespace);
        let id = parent.id();
        let name = format!("cluster {}", connection.name());
        Self {
            server: Server::new(connection.client.clone(), scope.observer),
            parent,
            id,
            adopt: scope.adopt.to_vec(),
            force: scope.force,
            wait: scope.wait,
            proves: scope.proves,
            logs: scope.logs,
            external: scope.external.to_vec(),
            observer: scope.observer.cloned(),
            name,
            address: connection.address().to_owned(),
        }
    }

    /// The kinds of the objects of `set`.
    async fn kinds(&self, set: &ManifestSet<'_>) -> Result<Kinds, Problem> {
        let versions = set.manifests.iter().map(|manifest| manifest.identity.api_version.as_str()).collect();
        Kinds::of(&self.server, versions).await.map_err(|refused| unanswered(refused, "ask for the kinds"))
    }

    /// That who asks may do all that a deploy of `set` does. Gives which rights are missing that it can do without.
    async fn permitted(&self, set: &ManifestSet<'_>, kinds: &Kinds) -> Result<Vec<Problem>, Problems> {
        let places = set.manifests.iter().filter_map(|manifest| {
            let identity = manifest.identity;
            Some((kinds.find(identity)?.clone(), identity.namespace.clone()))
        });
        let mut rights = right::rights(&places.collect(), &self.parent, &[]);
        if !self.proves && set.manifests.iter().all(|manifest| annotation_in(manifest.bytes, AFTER).is_none()) {
            // Nothing is waited for.
            rights.retain(|right, _| right.verb != "watch");
        }
        // A server that does not say it answers with what it denies, later.
        let denied = right::missing(&self.server, &rights).await.unwrap_or_default();
        let (problems, warnings) = right::denials(denied);
        Problems::or(warnings, problems)
    }

    /// The inventory, if there is one.
    ///
    /// # Errors
    /// It does not admit `claim`.
    async fn admitted(&self, claim: &Claim) -> Result<Option<Inventory>, Problem> {
        let there = inventory(&self.server, &self.parent).await?;
        if let Some(there) = &there {
            there.admits(&self.asked(claim))?;
        }
        Ok(there)
    }

    /// The claim, to any inventory where this one is to be taken over.
    fn asked(&self, claim: &Claim) -> Claim {
        let is_adopted = self.adopt.iter().any(|named| self.parent.identity().is_called(named));
        Claim { inventory: claim.inventory.clone().filter(|_| !is_adopted), ..claim.clone() }
    }

    fn rules(&self, mode: Mode) -> Rules<'_> {
        let (server, id, adopt) = (&self.server, &self.id, &self.adopt);
        Rules { server, id, adopt, force: self.force, mode, logs: self.logs, observer: self.observer.as_deref() }
    }
}

#[async_trait]
impl Target for Cluster {
    /// Tries each object on the server (dry run), unless it is there already.
    async fn check(&self, claim: &Claim, set: &ManifestSet<'_>) -> Result<Vec<Problem>, Problems> {
        let kinds = self.kinds(set).await?;
        let warnings = self.permitted(set, &kinds).await?;
        self.admitted(claim).await?;
        let tried = check::check(&self.rules(Mode::DryRun), &self.external, set, &kinds, BTreeSet::new()).await?;
        let announced = announced(&self.server, &tried).await.map_err(|refused| unanswered(refused, "read its objects"))?;
        Ok(warnings.into_iter().chain(announced).collect())
    }

    /// Takes what the server's dry run gives against what is live.
    async fn compare(&self, claim: &Claim, set: &ManifestSet<'_>) -> Result<Option<LiveDifference>, Problems> {
        self.difference(claim, set).await.map(Some)
    }

    async fn reserve(&self, claim: &Claim) -> Result<Box<dyn Reservation + '_>, Problem> {
        Ok(Box::new(Reserved { cluster: self, claim: self.asked(claim) }))
    }

    async fn observe(&self) -> Result<Option<Vec<ObservedObject>>, Problem> {
        Ok(None)
    }

    fn runs(&self) -> bool {
        true
    }
}

struct Reserved<'a> {
    cluster: &'a Cluster,
    claim: Claim,
}

#[async_trait]
impl Reservation for Reserved<'_> {
    /// Applies what differs. Objects that the release does not have stay: pods may still use them.
    async fn put(&mut self, set: &ManifestSet<'_>) -> Result<Put, Problem> {
        let put = put::put(&self.cluster.rules(Mode::Real), &self.cluster.parent, &self.claim, set, self.cluster.wait).await?;
        self.claim.inventory = inventory(&self.cluster.server, &self.cluster.parent).await?.map(|there| there.uid().to_owned());
        Ok(put)
    }

    fn inventory(&self) -> Option<&str> {
        self.claim.inventory.as_deref()
    }

    async fn finished(&mut self, set: &ManifestSet<'_>) -> Vec<String> {
        once::finished(&self.cluster.server, set, &self.claim.done).await
    }

    async fn remembered(&mut self, set: &ManifestSet<'_>) {
        once::expire(&self.cluster.server, &self.cluster.id, set).await;
    }

    async fn prove(&mut self, set: &ManifestSet<'_>) -> Result<bool, Unproven> {
        let Cluster { server, parent, wait, proves, .. } = self.cluster;
        if !proves {
            return Ok(false);
        }
        let proven = prove::prove(&self.cluster.rules(Mode::Real), set, *wait, &self.claim).await;
        // The objects that were looked at may have become those of a newer release meanwhile.
        match inventory(server, parent).await? {
            Some(there) => there.admits(&self.claim).map_err(Unproven::Overtaken)?,
            None => return Err(Unproven::Overtaken(destroyed())),
        }
        proven.map(|()| true)
    }

    async fn prune(&mut self, needed: &Needed, dry_run: bool) -> Result<Pruned, Problem> {
        prune::prune(&self.cluster.server, &self.cluster.parent, &self.claim, needed, dry_run).await
    }
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("name", &self.name).field("parent", &self.parent).finish_non_exhaustive()
    }
}
