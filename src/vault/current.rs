//! What is known of pinned versions once the current ones were read too.

use std::collections::BTreeMap;

use crate::blank::SecretRef;
use crate::service::ServiceError;
use crate::vault::SecretMetadata;
use crate::vault::SecretValue;

/// An answer that tells its version.
pub(crate) trait Versioned {
    /// The version, and whether it is the current one.
    fn version(&mut self) -> (&str, &mut Option<bool>);
}

/// Marks what was asked for without a version as current, and a pinned version as current or not where the same answers tell.
pub(crate) fn tell<T: Versioned>(asks: &[SecretRef], answers: &mut [Result<T, ServiceError>]) {
    let mut latest: BTreeMap<&str, String> = BTreeMap::new();
    for (ask, answer) in asks.iter().zip(&mut *answers) {
        if let (None, Ok(answer)) = (&ask.version, answer) {
            let (version, current) = answer.version();
            *current = Some(true);
            if !version.is_empty() {
                latest.insert(&ask.name, version.to_owned());
            }
        }
    }
    for (ask, answer) in asks.iter().zip(answers) {
        if let (Some(_), Ok(answer), Some(latest)) = (&ask.version, answer, latest.get(ask.name.as_str())) {
            let (version, current) = answer.version();
            *current = Some(version == latest);
        }
    }
}

impl Versioned for SecretValue {
    fn version(&mut self) -> (&str, &mut Option<bool>) {
        (&self.version, &mut self.current)
    }
}

impl Versioned for SecretMetadata {
    fn version(&mut self) -> (&str, &mut Option<bool>) {
        (&self.version, &mut self.current)
    }
}
