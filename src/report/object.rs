//! Objects in reports.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use crate::manifest::Identity;
use crate::target::Pruned;

/// An object of a release.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectReport {
    /// Group and version, such as `apps/v1`.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The namespace; empty if it belongs to the cluster.
    pub namespace: String,
    /// The name, as its template gives it unless it is said otherwise.
    pub name: String,
}

impl From<Identity> for ObjectReport {
    fn from(Identity { api_version, kind, namespace, name }: Identity) -> Self {
        Self { api_version, kind, namespace, name }
    }
}

/// As [`Identity`] is written.
impl fmt::Display for ObjectReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { api_version, kind, namespace, name } = self.clone();
        Identity { api_version, kind, namespace, name }.fmt(f)
    }
}

/// What was removed of earlier releases, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PrunedObjects {
    /// The objects that were removed from the cluster, under the names that they have there.
    pub removed: Vec<ObjectReport>,
    /// Objects that no release has any more and that stay, since they hold data or say that they must.
    pub protected: Vec<ObjectReport>,
}

impl From<Pruned> for PrunedObjects {
    fn from(Pruned { removed, protected, .. }: Pruned) -> Self {
        let all = |objects: Vec<Identity>| objects.into_iter().map(ObjectReport::from).collect();
        Self { removed: all(removed), protected: all(protected) }
    }
}
