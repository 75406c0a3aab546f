//! The kinds of a release's objects, as the API server has them.

use std::collections::BTreeSet;
use std::collections::HashMap;

use futures::StreamExt as _;
use futures::TryStreamExt as _;
use futures::stream;

use crate::cluster::target::refused::Refused;
use crate::cluster::target::resource::Resource;
use crate::cluster::target::server::AT_ONCE;
use crate::cluster::target::server::Server;
use crate::manifest::Identity;

/// Kinds by group and version, and kind.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    known: HashMap<(String, String), Resource>,
}

impl Kinds {
    /// What the server has of these groups and versions: a request for each.
    pub(super) async fn of(server: &Server, versions: BTreeSet<&str>) -> Result<Self, Refused> {
        let asked: Vec<_> = versions.into_iter().map(|version| server.resources(version)).collect();
        let found: Vec<Vec<Resource>> = stream::iter(asked).buffer_unordered(AT_ONCE).try_collect().await?;
        let known = found.into_iter().flatten().map(|resource| ((resource.api_version.clone(), resource.kind.clone()), resource));
        Ok(Self { known: known.collect() })
    }

    /// The kind of an object.
    pub(super) fn find(&self, object: &Identity) -> Option<&Resource> {
        self.known.get(&(object.api_version.clone(), object.kind.clone()))
    }
}
