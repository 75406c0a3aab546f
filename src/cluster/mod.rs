//! The cluster: which one is meant, what deploys do there, and histories in it.
//!
//! The crate `kube` speaks to the API server, with the credentials that the kubeconfig names (client-go's rules, plug-ins included). What it would
//! read from the process environment by itself, the place of the kubeconfig and the proxy, is handed in.

mod admission;
mod connection;
pub mod health;
mod refusal;
mod secrets;
mod target;
mod token;

pub use connection::Connection;
pub use connection::Selection;
pub use secrets::SecretStore;
pub use target::Cluster;
pub use target::ClusterFinding;
pub use target::ClusterStatus;
pub use target::Drift;
pub use target::ExternalObject;
pub use target::GrantedRight;
pub use target::PlannedObject;
pub use target::Scope;
