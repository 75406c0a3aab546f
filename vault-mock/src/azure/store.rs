//! A key vault's secrets as a data structure: versions, of which some are switched off, and names that were deleted.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::{Map, Value, json};

use crate::azure::seed::Version;
use crate::time;

/// How many days a deleted secret can be recovered.
const DAYS: u64 = 90;

/// The secrets by their names in lower case: Key Vault does not tell cases apart.
#[derive(Debug, Default)]
pub(crate) struct Store {
    secrets: BTreeMap<String, Secret>,
    serial: u64,
}

/// A secret.
#[derive(Debug)]
pub(crate) struct Secret {
    pub(crate) name: String,
    versions: Vec<Stored>,
    deleted: Option<u64>,
}

/// A version as it is kept.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) id: String,
    pub(crate) disabled: bool,
    created: u64,
    content: Version,
}

impl Store {
    /// Adds a version and gives its id; `None` while a deleted secret has the name.
    pub(crate) fn put(&mut self, name: &str, content: Version) -> Option<String> {
        self.serial += 1;
        let key = name.to_ascii_lowercase();
        let mut hasher = DefaultHasher::new();
        (&key, self.serial).hash(&mut hasher);
        let id = format!("{:016x}{:016x}", hasher.finish(), self.serial);
        let secret = self.secrets.entry(key).or_insert_with(|| Secret { name: name.to_owned(), versions: Vec::new(), deleted: None });
        if secret.deleted.is_some() {
            return None;
        }
        // The service counts whole seconds; a test writes faster than people do.
        let created = secret.versions.last().map_or(0, |last| last.created + 1).max(time::now().as_secs());
        secret.versions.push(Stored { id: id.clone(), disabled: content.disabled, created, content });
        Some(id)
    }

    /// The secret with this name, deleted or not.
    pub(crate) fn get(&self, name: &str) -> Option<&Secret> {
        self.secrets.get(&name.to_ascii_lowercase())
    }

    /// The secrets that were not deleted.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Secret> {
        self.secrets.values().filter(|secret| secret.deleted.is_none())
    }

    /// The secrets that were deleted and can be recovered.
    pub(crate) fn deleted(&self) -> impl Iterator<Item = &Secret> {
        self.secrets.values().filter(|secret| secret.deleted.is_some())
    }

    /// Switches versions off: the named one, or the current one.
    pub(crate) fn disable(&mut self, name: &str, version: Option<&str>) {
        let Some(secret) = self.secrets.get_mut(&name.to_ascii_lowercase()) else { return };
        let last = secret.versions.len().saturating_sub(1);
        for (index, stored) in secret.versions.iter_mut().enumerate() {
            stored.disabled |= version.map_or(index == last, |version| stored.id == version);
        }
    }

    /// Deletes a secret; it can be recovered.
    pub(crate) fn delete(&mut self, name: &str) -> Option<&Secret> {
        let secret = self.secrets.get_mut(&name.to_ascii_lowercase()).filter(|secret| secret.deleted.is_none())?;
        secret.deleted = Some(time::now().as_secs());
        Some(secret)
    }
}

impl Secret {
    /// Whether it is there.
    pub(crate) fn alive(&self) -> bool {
        self.deleted.is_none()
    }

    /// The named version, or the current one.
    pub(crate) fn version(&self, version: Option<&str>) -> Option<&Stored> {
        match version {
            None => self.versions.last(),
            Some(version) => self.versions.iter().find(|stored| stored.id.eq_ignore_ascii_case(version)),
        }
    }

    /// What a list of secrets says of it.
    pub(crate) fn item(&self, origin: &str) -> Value {
        let id = format!("{origin}/secrets/{}", self.name);
        self.versions.last().map_or(Value::Null, |last| Value::Object(last.properties(&id)))
    }

    /// What a list of its versions says of each. The service keeps no order; here it is that of their ids.
    pub(crate) fn items(&self, origin: &str) -> Vec<Value> {
        let mut list: Vec<&Stored> = self.versions.iter().collect();
        list.sort_by_key(|stored| &stored.id);
        list.iter().map(|stored| Value::Object(stored.properties(&format!("{origin}/secrets/{}/{}", self.name, stored.id)))).collect()
    }

    /// What a read of a version answers.
    pub(crate) fn bundle(&self, origin: &str, stored: &Stored) -> Value {
        let mut bundle = stored.properties(&format!("{origin}/secrets/{}/{}", self.name, stored.id));
        bundle.insert("value".to_owned(), Value::from(stored.content.value.as_str()));
        Value::Object(bundle)
    }

    /// What `deletedsecrets/NAME` answers; nothing for one that was not deleted.
    pub(crate) fn grave(&self, origin: &str) -> Option<Value> {
        let version = &self.versions.last()?.id;
        self.tombstone(&format!("{origin}/secrets/{}/{version}", self.name), origin)
    }

    /// What a list of deleted secrets says of it; nothing for one that was not deleted.
    pub(crate) fn buried(&self, origin: &str) -> Option<Value> {
        self.tombstone(&format!("{origin}/secrets/{}", self.name), origin)
    }

    fn tombstone(&self, id: &str, origin: &str) -> Option<Value> {
        let (deleted, last) = (self.deleted?, self.versions.last()?);
        let mut bundle = last.properties(id);
        bundle.insert("recoveryId".to_owned(), Value::from(format!("{origin}/deletedsecrets/{}", self.name)));
        bundle.insert("deletedDate".to_owned(), Value::from(deleted));
        bundle.insert("scheduledPurgeDate".to_owned(), Value::from(deleted + DAYS * 86_400));
        Some(Value::Object(bundle))
    }
}

impl Stored {
    fn properties(&self, id: &str) -> Map<String, Value> {
        let Version { content_type, nbf, exp, tags, .. } = &self.content;
        let mut attributes = json!({
            "enabled": !self.disabled, "created": self.created, "updated": self.created,
            "recoveryLevel": "Recoverable+Purgeable", "recoverableDays": DAYS,
        });
        for (name, time) in [("nbf", nbf), ("exp", exp)] {
            if let Some(time) = time {
                attributes[name] = Value::from(*time);
            }
        }
        let mut properties = Map::new();
        properties.insert("id".to_owned(), Value::from(id));
        properties.insert("attributes".to_owned(), attributes);
        properties.insert("tags".to_owned(), json!(tags));
        if let Some(kind) = content_type {
            properties.insert("contentType".to_owned(), Value::from(kind.as_str()));
        }
        properties
    }
}

#[cfg(test)]
mod tests {
    use super::Store;
    use crate::azure::seed::Version;

    #[test]
    fn cases_are_one_and_a_deleted_name_is_taken() {
        let mut store = Store::default();
        let first = store.put("Db", Version::default()).unwrap();
        let second = store.put("db", Version::default()).unwrap();
        let secret = store.get("DB").unwrap();
        assert_eq!((secret.version(None).unwrap().id.as_str(), secret.version(Some(&first)).unwrap().disabled), (second.as_str(), false));
        assert!(first.len() == 32 && first != second);
        store.disable("db", None);
        assert!(
            store.get("db").unwrap().version(None).unwrap().disabled && !store.get("db").unwrap().version(Some(&first)).unwrap().disabled
        );
        assert!(store.delete("db").is_some() && store.delete("db").is_none());
        assert_eq!((store.put("db", Version::default()), store.all().count()), (None, 0));
    }
}
