//! The cluster of an environment, in a build without the feature `cluster`.

use crate::problem::Fault;
use crate::problem::Problem;
use crate::target::Target;
use crate::wiring::RolloutRequest;
use crate::wiring::Wiring;

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
