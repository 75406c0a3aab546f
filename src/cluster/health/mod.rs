//! Whether live objects have become what their manifests say: the verdict on one of them, and waiting until all are ready.

mod awaited;
mod batch;
mod conditions;
mod configuration;
mod container;
#[cfg(test)]
mod facts;
mod image;
mod infrastructure;
mod live;
mod object;
mod pod;
mod related;
mod scene;
mod scheduling;
mod tracker;
mod verdict;
mod wait;
mod watch;
mod workload;

pub use awaited::Awaited;
pub use awaited::Progress;
pub use awaited::Verdict;
pub use awaited::WaitLimits;
pub use object::health;
pub use object::is_ready_when_applied;
pub use pod::CrashedContainer;
pub use related::Neighbors;
pub use related::Related;
pub use verdict::Health;
pub use wait::wait;
