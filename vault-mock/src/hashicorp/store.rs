//! The mounts, of both versions of the KV engine.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::hashicorp::secret::{Change, Secret};

/// A mount of a KV engine.
#[derive(Debug)]
pub(crate) enum Mount {
    /// Maps without versions.
    One(BTreeMap<String, Map<String, Value>>),
    /// Secrets with versions.
    Two(BTreeMap<String, Secret>),
}

impl Mount {
    pub(crate) fn new(version: u8) -> Option<Self> {
        match version {
            1 => Some(Self::One(BTreeMap::new())),
            2 => Some(Self::Two(BTreeMap::new())),
            _ => None,
        }
    }

    pub(crate) fn version(&self) -> u8 {
        match self {
            Self::One(_) => 1,
            Self::Two(_) => 2,
        }
    }

    /// The names right under `folder`; folders end with `/`.
    pub(crate) fn list(&self, folder: &str) -> BTreeSet<String> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{}/", folder.trim_end_matches('/')) };
        let below = |paths: Vec<&String>| {
            let rests = paths.into_iter().filter_map(|path| path.strip_prefix(prefix.as_str()));
            rests.map(|rest| rest.split_inclusive('/').next().unwrap_or_default().to_owned()).collect()
        };
        match self {
            Self::One(maps) => below(maps.keys().collect()),
            Self::Two(secrets) => below(secrets.keys().collect()),
        }
    }
}

/// All mounts, by their paths with their namespaces.
#[derive(Debug, Default)]
pub(crate) struct Store {
    mounts: BTreeMap<String, Mount>,
}

impl Store {
    pub(crate) fn add(&mut self, path: &str, mount: Mount) {
        self.mounts.insert(path.trim_matches('/').to_owned(), mount);
    }

    /// Splits `mount/rest` at a mount; `rest` is empty for the mount itself.
    pub(crate) fn route<'p>(&self, path: &'p str) -> Option<(&'p str, &'p str)> {
        self.mounts.keys().rev().find_map(|mount| {
            let rest = path.strip_prefix(mount.as_str())?;
            Some((&path[..mount.len()], if rest.is_empty() { "" } else { rest.strip_prefix('/')? }))
        })
    }

    pub(crate) fn mount(&self, mount: &str) -> Option<&Mount> {
        self.mounts.get(mount)
    }

    /// The mount that has `path`, and the rest of it.
    pub(crate) fn at<'p>(&mut self, path: &'p str) -> Option<(&mut Mount, &'p str)> {
        let (mount, rest) = self.route(path)?;
        Some((self.mounts.get_mut(mount)?, rest))
    }

    /// Writes a version of `mount/path`, or the whole of it where there are no versions; `None` when no mount has it.
    pub(crate) fn put(&mut self, path: &str, data: Map<String, Value>, now: &str) -> Option<()> {
        match self.at(path)? {
            (_, "") => return None,
            (Mount::One(maps), rest) => drop(maps.insert(rest.to_owned(), data)),
            (Mount::Two(secrets), rest) => drop(secrets.entry(rest.to_owned()).or_default().put(data, None, now)),
        }
        Some(())
    }

    /// Changes versions of `mount/path`; where there are none, every change but the return of a version removes it.
    pub(crate) fn change(&mut self, path: &str, versions: &[u64], change: &Change) {
        match self.at(path) {
            Some((Mount::Two(secrets), rest)) => {
                if let Some(secret) = secrets.get_mut(rest) {
                    secret.change(versions, change);
                }
            }
            Some((Mount::One(maps), rest)) if !matches!(change, Change::Undelete) => drop(maps.remove(rest)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::{Mount, Store};

    #[test]
    fn lists_one_level() {
        for version in [1, 2] {
            let mut store = Store::default();
            store.add("secret/", Mount::new(version).unwrap());
            for path in ["secret/a", "secret/b/c", "secret/b/d/e"] {
                store.put(path, Map::new(), "").unwrap();
            }
            let list = |folder: &str| store.mount("secret").unwrap().list(folder).into_iter().collect::<Vec<_>>();
            assert_eq!(list(""), ["a", "b/"]);
            assert_eq!(list("b/"), ["c", "d/"]);
            assert!(list("x").is_empty());
        }
    }

    #[test]
    fn the_longest_mount_has_the_path() {
        let mut store = Store::default();
        for path in ["kv", "kv/deep", "kvs"] {
            store.add(path, Mount::new(2).unwrap());
        }
        assert_eq!(store.route("kv/deep/a"), Some(("kv/deep", "a")));
        assert_eq!(store.route("kv/deeper/a"), Some(("kv", "deeper/a")));
        assert_eq!(store.route("kv"), Some(("kv", "")));
        assert_eq!(store.route("k/a"), None);
        assert!(Mount::new(3).is_none());
    }
}
