//! What a fetch will cost, known before the first call.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::blank::SecretRef;
use crate::service::rounds;

/// Calls that a vault makes to answer some asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallPlan {
    /// Distinct secrets and versions among the asks.
    pub secrets: usize,
    /// Calls that read them, each for one or more.
    pub calls: usize,
    /// Calls before the first of them, such as a login.
    pub ahead: usize,
    /// Calls that are open at once at most, once the vault has shown that it bears them; at least 1.
    pub parallel: usize,
}

impl CallPlan {
    /// For a vault that needs no call.
    pub fn none(secrets: usize) -> Self {
        Self { secrets, calls: 0, ahead: 0, parallel: 1 }
    }

    /// How many secrets and versions are among `asks`: those that differ in the key only are one.
    pub(crate) fn distinct(asks: &[SecretRef]) -> usize {
        asks.iter().map(|ask| (ask.name.as_str(), ask.version.as_deref())).collect::<BTreeSet<_>>().len()
    }

    /// How long the calls take when each takes `call`: those ahead one by one, then rounds of parallel ones, each twice as large as the one before.
    pub fn time(&self, call: Duration) -> Duration {
        let rounds = self.ahead + rounds(self.calls, self.parallel);
        call.saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::CallPlan;

    #[test]
    fn time_is_rounds() {
        let plan = CallPlan { secrets: 167, calls: 167, ahead: 1, parallel: 128 };
        assert_eq!(plan.time(Duration::from_millis(50)), Duration::from_millis(200));
        assert_eq!(CallPlan::none(3).time(Duration::from_secs(1)), Duration::ZERO);
    }
}
