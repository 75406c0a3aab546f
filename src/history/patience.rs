//! How long to wait for a store.

use std::time::Duration;

/// How long to wait for a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For one answer.
    pub call: Duration,
    /// How often to try to create one object; at least once.
    pub tries: u32,
    /// How often to ask for what can be asked for twice; at least once. A store that asks again by itself is asked once.
    pub reads: u32,
    /// Between the first try and the second; doubled each time.
    pub pause: Duration,
}

impl Default for Patience {
    /// Four tries of 30 seconds, 100 milliseconds after the first.
    fn default() -> Self {
        Self { call: Duration::from_secs(30), tries: 4, reads: 4, pause: Duration::from_millis(100) }
    }
}
