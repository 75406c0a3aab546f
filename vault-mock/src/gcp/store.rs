//! Secrets with numbered versions.

use std::collections::BTreeMap;

use crate::gcp::seed::State;
use crate::time::{now, rfc3339};

/// The secrets of one project, regional ones under `LOCATION/NAME`.
#[derive(Debug, Default)]
pub(crate) struct Store {
    secrets: BTreeMap<String, Secret>,
}

/// A secret.
#[derive(Debug, Default)]
struct Secret {
    versions: Vec<Version>,
    aliases: BTreeMap<String, u64>,
}

/// A version.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) number: u64,
    pub(crate) value: Vec<u8>,
    pub(crate) state: State,
    pub(crate) created: String,
}

/// What is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Secret,
    Version,
}

impl Store {
    /// Adds a version and gives its number.
    pub(crate) fn put(&mut self, name: &str, value: &[u8]) -> u64 {
        let secret = self.secrets.entry(name.to_owned()).or_default();
        let number = secret.versions.len() as u64 + 1;
        secret.versions.push(Version { number, value: value.to_vec(), state: State::Enabled, created: rfc3339(now()) });
        number
    }

    /// Changes a version's state, the newest one's when none is named. Whether there is one.
    pub(crate) fn set(&mut self, name: &str, number: Option<u64>, state: State) -> bool {
        let Some(secret) = self.secrets.get_mut(name) else { return false };
        let newest = secret.versions.len() as u64;
        let Some(version) = secret.versions.iter_mut().find(|version| version.number == number.unwrap_or(newest)) else { return false };
        version.state = state;
        if state == State::Destroyed {
            version.value.clear();
        }
        true
    }

    /// Names a version.
    pub(crate) fn alias(&mut self, name: &str, alias: &str, number: u64) {
        self.secrets.entry(name.to_owned()).or_default().aliases.insert(alias.to_owned(), number);
    }

    /// A version by its number, as `latest` or by an alias. `latest` is the newest one, whatever its state.
    pub(crate) fn version(&self, name: &str, version: &str) -> Result<&Version, Missing> {
        let secret = self.secrets.get(name).filter(|secret| !secret.versions.is_empty()).ok_or(Missing::Secret)?;
        let number = match version {
            "latest" => secret.versions.len() as u64,
            alias if !alias.starts_with(|first: char| first.is_ascii_digit()) => *secret.aliases.get(alias).ok_or(Missing::Version)?,
            number => number.parse().map_err(|_| Missing::Version)?,
        };
        secret.versions.iter().find(|version| version.number == number).ok_or(Missing::Version)
    }

    /// The versions of a secret, oldest first.
    pub(crate) fn versions(&self, name: &str) -> Option<&[Version]> {
        self.secrets.get(name).map(|secret| secret.versions.as_slice())
    }

    /// The names in a location, or of the secrets that have none, in order.
    pub(crate) fn names(&self, location: Option<&str>) -> Vec<&str> {
        let all = self.secrets.keys().map(String::as_str);
        all.filter_map(|name| match (name.split_once('/'), location) {
            (None, None) => Some(name),
            (Some((place, name)), Some(location)) if place == location => Some(name),
            _ => None,
        })
        .collect()
    }
}
