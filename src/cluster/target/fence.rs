//! The fence: the inventory says which release the cluster holds, and an older one is kept from writing.

use std::collections::BTreeSet;

use crate::cluster::target::members::Members;
use crate::cluster::target::parent::Inventory;
use crate::cluster::target::parent::Parent;
use crate::cluster::target::refused::Refused;
use crate::cluster::target::refused::unanswered;
use crate::cluster::target::resource::Resource;
use crate::cluster::target::server::Part;
use crate::cluster::target::server::Server;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::target::Claim;

/// The inventory of an environment, and the release that wants to write.
pub(super) struct Fence<'a> {
    /// The server.
    pub(super) server: &'a Server,
    /// Where the inventory is.
    pub(super) parent: &'a Parent,
    /// The release.
    pub(super) claim: &'a Claim,
}

impl Fence<'_> {
    /// Reads the members, then makes the inventory say that the cluster holds the release, and that it has objects of these kinds and namespaces. Whoever
    /// raises the fence afterwards writes afterwards, too: what was read here no longer is what it was then, and the applies that carry its
    /// resourceVersions are refused. `None` where the inventory's namespace does not exist.
    pub(super) async fn raise(
        &self,
        places: &BTreeSet<(Resource, String)>,
        kinds: &BTreeSet<String>,
        namespaces: &BTreeSet<String>,
    ) -> Result<Option<Members>, Problem> {
        let Self { server, parent, claim } = self;
        loop {
            let there = inventory(server, parent).await?;
            if let Some(there) = &there {
                there.admits(claim)?;
            }
            let members =
                Members::of(server, &parent.id(), places.clone()).await.map_err(|refused| unanswered(refused, "list its objects"))?;
            let is_there = there.is_some();
            let next = there.unwrap_or_else(|| parent.inventory()).widened(claim, &parent.namespace, kinds.clone(), namespaces.clone());
            let sent = if is_there {
                server.replace(&parent.path(), next.object()).await
            } else {
                server.create(&parent.folder(), next.object()).await
            };
            match sent {
                Ok(_) => return Ok(Some(members)),
                Err(Refused::Stale | Refused::Absent) => {}
                Err(Refused::NoNamespace) => return Ok(None),
                Err(refused) => return Err(unanswered(refused, "write its inventory")),
            }
        }
    }

    /// That no newer release has raised it.
    pub(super) async fn check(&self) -> Result<(), Problem> {
        match inventory(self.server, self.parent).await? {
            Some(there) => there.admits(self.claim),
            None => Err(destroyed()),
        }
    }
}

/// What a release finds that has written the inventory before, and whose inventory is gone.
pub(super) fn destroyed() -> Problem {
    Problem::new(
        Fault::History,
        "the environment was taken out of the cluster meanwhile, with `cloze destroy`",
        "deploy again if it is to be there",
    )
}

/// The inventory, if there is one.
pub(super) async fn inventory(server: &Server, parent: &Parent) -> Result<Option<Inventory>, Problem> {
    match server.get(&parent.path(), Part::Whole).await {
        Ok(object) => parent.read(object).map(Some),
        Err(Refused::Absent | Refused::NoNamespace) => Ok(None),
        Err(refused) => Err(unanswered(refused, "read its inventory")),
    }
}
