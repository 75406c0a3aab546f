//! How a release is to go to a cluster.

/// How a release goes to a cluster.
#[derive(Debug, Clone, Copy, Default)]
pub struct RolloutRequest<'a> {
    /// The objects of others to take over, as `KIND/NAME`; twice where a tool manages one.
    pub adopt: &'a [String],
    /// Whether fields that other managers hold are taken over.
    pub force: bool,
    /// Whether it is waited for.
    pub proves: bool,
    /// Whether the logs of containers that crash are asked for.
    pub logs: bool,
}
