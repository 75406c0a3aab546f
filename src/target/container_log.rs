//! What a container said last.

use crate::manifest::Identity;
use crate::secret::Secret;

/// The end of the log of a container that keeps an object of a release from becoming ready. It may hold values of the release and of others.
#[derive(Debug)]
pub struct ContainerLog {
    /// The object.
    pub object: Identity,
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// Whole lines, oldest first; where who asks may not read them, which right is missing, as a lowercase fragment.
    pub text: Result<Secret, String>,
}
