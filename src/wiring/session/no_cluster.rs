//! What a build without the feature `cluster` says of clusters.

use crate::problem::Problems;
use crate::report::DestroyReport;
use crate::report::StatusReport;
use crate::wiring::DestroyRequest;
use crate::wiring::RolloutRequest;
use crate::wiring::Session;

#[expect(clippy::unused_async, reason = "with the feature `cluster` they wait")]
impl Session<'_> {
    /// What runs in the cluster.
    pub async fn status(&self) -> Result<StatusReport, Problems> {
        self.no_cluster()
    }

    /// The least role that deploys the project.
    pub async fn role(&self) -> Result<String, Problems> {
        self.no_cluster()
    }

    /// Takes the environment out of its cluster.
    pub async fn destroy(&self, _: DestroyRequest<'_>) -> Result<DestroyReport, Problems> {
        self.no_cluster()
    }

    fn no_cluster<T>(&self) -> Result<T, Problems> {
        self.cluster(RolloutRequest::default())?;
        Err(self.writes_only().into())
    }
}
