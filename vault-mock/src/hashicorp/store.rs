//! KV version 2 as a data structure: secrets with versions, of which some are deleted or destroyed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::time;

/// Now, as the protocol writes it.
pub(crate) fn now() -> String {
    time::rfc3339(time::now())
}

/// How many versions a secret keeps, as the engine's default.
const KEPT: usize = 10;

/// All mounts.
#[derive(Debug, Default)]
pub(crate) struct Store {
    mounts: BTreeMap<String, BTreeMap<String, Secret>>,
}

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
    pub(crate) data: Option<Map<String, Value>>,
    created: String,
    deletion_time: String,
    destroyed: bool,
}

impl Store {
    pub(crate) fn new(mounts: &[String]) -> Self {
        Self { mounts: mounts.iter().map(|mount| (mount.trim_matches('/').to_owned(), BTreeMap::new())).collect() }
    }

    /// Splits `mount/rest` at a mount.
    pub(crate) fn route<'p>(&self, path: &'p str) -> Option<(String, &'p str)> {
        self.mounts.keys().rev().find_map(|mount| {
            let rest = path.strip_prefix(mount.as_str())?;
            Some((mount.clone(), rest.strip_prefix('/')?))
        })
    }

    pub(crate) fn get(&self, mount: &str, path: &str) -> Option<&Secret> {
        self.mounts.get(mount)?.get(path)
    }

    /// Writes a version. `expected` is check-and-set: the version that must be current, 0 for none.
    pub(crate) fn put(&mut self, mount: &str, path: &str, data: Map<String, Value>, expected: Option<u64>) -> Result<Value, &'static str> {
        let secrets = self.mounts.get_mut(mount).ok_or("no such mount")?;
        let current = secrets.get(path).map_or(0, |secret| secret.current);
        if expected.is_some_and(|expected| expected != current) {
            return Err("check-and-set parameter did not match the current version");
        }
        let time = now();
        let secret = secrets.entry(path.to_owned()).or_default();
        if secret.created.is_empty() {
            secret.created.clone_from(&time);
        }
        secret.updated.clone_from(&time);
        secret.current += 1;
        let version = Version { data: Some(data), created: time, deletion_time: String::new(), destroyed: false };
        let metadata = version.metadata(secret.current);
        secret.versions.insert(secret.current, version);
        while secret.versions.len() > KEPT {
            secret.versions.pop_first();
        }
        Ok(metadata)
    }

    /// Does `change` to the named versions, or to the current one when none is named.
    pub(crate) fn change(&mut self, mount: &str, path: &str, versions: &[u64], change: &Change) {
        let Some(secret) = self.mounts.get_mut(mount).and_then(|secrets| secrets.get_mut(path)) else { return };
        let current = [secret.current];
        for number in if versions.is_empty() { &current[..] } else { versions } {
            let Some(version) = secret.versions.get_mut(number) else { continue };
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

    /// Forgets a secret with all its versions.
    pub(crate) fn forget(&mut self, mount: &str, path: &str) {
        if let Some(secrets) = self.mounts.get_mut(mount) {
            secrets.remove(path);
        }
    }

    /// The names right under `folder`; folders end with `/`.
    pub(crate) fn list(&self, mount: &str, folder: &str) -> BTreeSet<String> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{}/", folder.trim_end_matches('/')) };
        let Some(secrets) = self.mounts.get(mount) else { return BTreeSet::new() };
        secrets
            .keys()
            .filter_map(|path| path.strip_prefix(prefix.as_str()))
            .map(|rest| rest.split_inclusive('/').next().unwrap_or_default().to_owned())
            .collect()
    }
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
    /// The data, unless it was deleted before now or destroyed.
    pub(crate) fn readable(&self) -> Option<&Map<String, Value>> {
        let deleted = !self.deletion_time.is_empty() && self.deletion_time <= now();
        self.data.as_ref().filter(|_| !deleted && !self.destroyed)
    }

    /// What stands beside the data of version `number`.
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

    use super::{Change, Store};

    fn store() -> Store {
        let mut store = Store::new(&["secret".to_owned()]);
        for path in ["a", "b/c", "b/d/e"] {
            store.put("secret", path, Map::new(), None).unwrap();
        }
        store
    }

    #[test]
    fn lists_one_level() {
        assert_eq!(store().list("secret", "").into_iter().collect::<Vec<_>>(), ["a", "b/"]);
        assert_eq!(store().list("secret", "b/").into_iter().collect::<Vec<_>>(), ["c", "d/"]);
        assert!(store().list("secret", "x").is_empty());
    }

    #[test]
    fn check_and_set_is_checked() {
        let mut store = store();
        assert!(store.put("secret", "a", Map::new(), Some(0)).is_err());
        assert!(store.put("secret", "a", Map::new(), Some(1)).is_ok());
        assert!(store.put("secret", "new", Map::new(), Some(0)).is_ok());
    }

    #[test]
    fn ten_versions_are_kept() {
        let mut store = store();
        for _ in 0..10 {
            store.put("secret", "a", Map::new(), None).unwrap();
        }
        let secret = store.get("secret", "a").unwrap();
        assert!(secret.version(1).is_none() && secret.version(2).is_some() && secret.version(11).is_some());
    }

    #[test]
    fn deletion_to_come_still_reads() {
        let mut store = store();
        store.change("secret", "a", &[], &Change::Delete("2999-01-01T00:00:00Z".to_owned()));
        assert!(store.get("secret", "a").unwrap().version(0).unwrap().1.readable().is_some());
        store.change("secret", "a", &[1], &Change::Delete("2020-01-01T00:00:00Z".to_owned()));
        assert!(store.get("secret", "a").unwrap().version(0).unwrap().1.readable().is_none());
        store.change("secret", "a", &[1], &Change::Undelete);
        assert!(store.get("secret", "a").unwrap().version(0).unwrap().1.readable().is_some());
        store.change("secret", "a", &[1], &Change::Destroy);
        assert!(store.get("secret", "a").unwrap().version(0).unwrap().1.readable().is_none());
    }
}
