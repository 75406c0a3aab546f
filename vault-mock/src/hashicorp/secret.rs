//! A secret of KV version 2: versions, of which some are deleted or destroyed.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// How many versions a secret keeps, as the engine's default.
const KEPT: usize = 10;

/// A secret.
#[derive(Debug, Default)]
pub(crate) struct Secret {
    created: String,
    updated: String,
    current: u64,
    versions: BTreeMap<u64, Version>,
}

/// A version of a secret.
#[derive(Debug)]
pub(crate) struct Version {
    data: Option<Map<String, Value>>,
    created: String,
    deletion_time: String,
    destroyed: bool,
}

/// What can happen to a version.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// Soft deletion at a time; one to come counts from then.
    Delete(String),
    /// Its end.
    Undelete,
    /// The data is gone for good.
    Destroy,
}

impl Secret {
    /// Writes a version. `expected` is check-and-set: the version that must be current, 0 for none.
    pub(crate) fn put(&mut self, data: Map<String, Value>, expected: Option<u64>, now: &str) -> Result<Value, &'static str> {
        if expected.is_some_and(|expected| expected != self.current) {
            return Err("check-and-set parameter did not match the current version");
        }
        if self.created.is_empty() {
            now.clone_into(&mut self.created);
        }
        now.clone_into(&mut self.updated);
        self.current += 1;
        let version = Version { data: Some(data), created: now.to_owned(), deletion_time: String::new(), destroyed: false };
        let metadata = version.metadata(self.current);
        self.versions.insert(self.current, version);
        while self.versions.len() > KEPT {
            self.versions.pop_first();
        }
        Ok(metadata)
    }

    /// Does `change` to the named versions, or to the current one when none is named.
    pub(crate) fn change(&mut self, versions: &[u64], change: &Change) {
        let current = [self.current];
        for number in if versions.is_empty() { &current[..] } else { versions } {
            let Some(version) = self.versions.get_mut(number) else { continue };
            match change {
                Change::Delete(at) => version.deletion_time.clone_from(at),
                Change::Undelete => version.deletion_time.clear(),
                Change::Destroy => {
                    version.destroyed = true;
                    version.data = None;
                }
            }
        }
    }

    /// The version with this number, or the current one for 0.
    pub(crate) fn version(&self, number: u64) -> Option<(u64, &Version)> {
        let number = if number == 0 { self.current } else { number };
        Some((number, self.versions.get(&number)?))
    }

    /// What `metadata/PATH` answers.
    pub(crate) fn metadata(&self) -> Value {
        let versions: Map<String, Value> = self
            .versions
            .iter()
            .map(|(number, version)| {
                let Version { created, deletion_time, destroyed, .. } = version;
                (number.to_string(), json!({"created_time": created, "deletion_time": deletion_time, "destroyed": destroyed}))
            })
            .collect();
        json!({
            "cas_required": false, "created_time": self.created, "current_version": self.current, "custom_metadata": null,
            "delete_version_after": "0s", "max_versions": 0, "oldest_version": self.versions.keys().next().copied().unwrap_or(0),
            "updated_time": self.updated, "versions": versions,
        })
    }
}

impl Version {
    /// The data, unless it was deleted before `now` or destroyed.
    pub(crate) fn readable(&self, now: &str) -> Option<&Map<String, Value>> {
        let deleted = !self.deletion_time.is_empty() && self.deletion_time.as_str() <= now;
        self.data.as_ref().filter(|_| !deleted && !self.destroyed)
    }

    /// What is beside the data of version `number`.
    pub(crate) fn metadata(&self, number: u64) -> Value {
        json!({
            "created_time": self.created, "custom_metadata": null, "deletion_time": self.deletion_time, "destroyed": self.destroyed,
            "version": number,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::{Change, Secret};

    const NOW: &str = "2026-06-01T00:00:00Z";

    fn secret() -> Secret {
        let mut secret = Secret::default();
        secret.put(Map::new(), None, NOW).unwrap();
        secret
    }

    #[test]
    fn check_and_set_is_checked() {
        let mut secret = secret();
        assert!(secret.put(Map::new(), Some(0), NOW).is_err());
        assert!(secret.put(Map::new(), Some(1), NOW).is_ok());
        assert!(Secret::default().put(Map::new(), Some(0), NOW).is_ok());
    }

    #[test]
    fn ten_versions_are_kept() {
        let mut secret = secret();
        for _ in 0..10 {
            secret.put(Map::new(), None, NOW).unwrap();
        }
        assert!(secret.version(1).is_none() && secret.version(2).is_some() && secret.version(11).is_some());
    }

    #[test]
    fn deletion_to_come_still_reads() {
        let mut secret = secret();
        let mut after = |versions: &[u64], change: &Change| {
            secret.change(versions, change);
            secret.version(0).unwrap().1.readable(NOW).is_some()
        };
        assert!(after(&[], &Change::Delete("2999-01-01T00:00:00Z".to_owned())));
        assert!(!after(&[1], &Change::Delete("2020-01-01T00:00:00Z".to_owned())));
        assert!(after(&[1], &Change::Undelete));
        assert!(!after(&[1], &Change::Destroy));
    }
}
