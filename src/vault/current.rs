//! What is known of pinned versions once the current ones were read too.

use std::collections::BTreeMap;

use crate::blank::SecretRef;
use crate::service::ServiceError;
use crate::vault::SecretValue;

/// Marks what was asked for without a version as current, and a pinned version as current or not where the same answers tell.
pub(crate) fn tell(asks: &[SecretRef], answers: &mut [Result<SecretValue, ServiceError>]) {
    let mut current = BTreeMap::new();
    for (ask, answer) in asks.iter().zip(&mut *answers) {
        if let (None, Ok(fetched)) = (&ask.version, answer) {
            fetched.current = Some(true);
            if !fetched.version.is_empty() {
                current.insert(ask.name.as_str(), fetched.version.clone());
            }
        }
    }
    for (ask, answer) in asks.iter().zip(answers) {
        if let (Some(_), Ok(fetched), Some(version)) = (&ask.version, answer, current.get(ask.name.as_str())) {
            fetched.current = Some(fetched.version == *version);
        }
    }
}
