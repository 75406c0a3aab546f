//! What an AWS account holds: secrets with versions, parameters with versions.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use crate::aws::seed::{Parameter, Value};
use crate::aws::signature::hex;
use crate::time::now;

/// The account's number.
pub(crate) const ACCOUNT: &str = "123456789012";

/// An account's holdings in one region.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) region: String,
    pub(crate) secrets: BTreeMap<String, Secret>,
    pub(crate) undecryptable: BTreeSet<String>,
    pub(crate) parameters: BTreeMap<String, Held>,
}

/// A secret.
#[derive(Debug, Default)]
pub(crate) struct Secret {
    pub(crate) versions: Vec<Version>,
    /// Whether it is scheduled for deletion.
    pub(crate) deleted: bool,
}

/// A version of a secret.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) id: String,
    pub(crate) value: Value,
    pub(crate) created: f64,
}

/// A parameter with the times of its versions.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) parameter: Parameter,
    pub(crate) modified: f64,
}

impl Store {
    pub(crate) fn new(region: &str) -> Self {
        let region = region.to_owned();
        Self { region, secrets: BTreeMap::new(), undecryptable: BTreeSet::new(), parameters: BTreeMap::new() }
    }

    /// Adds a version of a secret, restores the secret if need be, and gives the version's id.
    pub(crate) fn put(&mut self, name: &str, value: Value) -> String {
        let secret = self.secrets.entry(name.to_owned()).or_default();
        secret.deleted = false;
        let id = uuid(&format!("{name}\0{}", secret.versions.len()));
        secret.versions.push(Version { id: id.clone(), value, created: now().as_secs_f64() });
        id
    }

    /// Adds a version of a parameter.
    pub(crate) fn put_parameter(&mut self, name: &str, kind: &str, value: &str) {
        let new = || Held { parameter: Parameter { kind: None, values: Vec::new(), labels: BTreeMap::new() }, modified: 0.0 };
        let held = self.parameters.entry(name.to_owned()).or_insert_with(new);
        held.parameter.kind = Some(kind.to_owned());
        held.parameter.values.push(value.to_owned());
        held.modified = now().as_secs_f64();
    }

    /// The ARN of a secret, with the six characters that Secrets Manager adds.
    pub(crate) fn arn(&self, name: &str) -> String {
        let suffix: String = uuid(name).chars().filter(char::is_ascii_alphanumeric).take(6).collect();
        format!("arn:aws:secretsmanager:{}:{ACCOUNT}:secret:{name}-{suffix}", self.region)
    }

    /// The name of the secret that a name or an ARN, whole or without its six characters, stands for.
    pub(crate) fn name_of(&self, id: &str) -> Option<&str> {
        if let Some((name, _)) = self.secrets.get_key_value(id) {
            return Some(name);
        }
        let is_meant = |name: &&String| {
            let arn = self.arn(name);
            arn == id || arn.rsplit_once('-').is_some_and(|(partial, _)| partial == id)
        };
        // The ARN of each secret is a digest's work.
        id.starts_with("arn:").then(|| self.secrets.keys().find(is_meant)).flatten().map(String::as_str)
    }

    /// The ARN of a parameter.
    pub(crate) fn parameter_arn(&self, name: &str) -> String {
        let slash = if name.starts_with('/') { "" } else { "/" };
        format!("arn:aws:ssm:{}:{ACCOUNT}:parameter{slash}{name}", self.region)
    }
}

impl Secret {
    /// The labels of the version at `index`.
    pub(crate) fn stages(&self, index: usize) -> Vec<&'static str> {
        match self.versions.len() - index {
            1 => vec!["AWSCURRENT"],
            2 => vec!["AWSPREVIOUS"],
            _ => Vec::new(),
        }
    }

    /// The index of the version with this id, or this label.
    pub(crate) fn version(&self, id: Option<&str>, stage: Option<&str>) -> Option<usize> {
        (0..self.versions.len()).find(|index| {
            let labelled = || self.stages(*index).contains(&stage.unwrap_or("AWSCURRENT"));
            id.map_or_else(labelled, |id| self.versions[*index].id == id && (stage.is_none() || labelled()))
        })
    }
}

impl Held {
    /// The number of the version that a selector such as `:3` or `:label` stands for.
    pub(crate) fn version(&self, selector: Option<&str>) -> Option<usize> {
        let count = self.parameter.values.len();
        let number = match selector {
            None => count,
            Some(label) => label.parse().ok().or_else(|| usize::try_from(*self.parameter.labels.get(label)?).ok())?,
        };
        (1..=count).contains(&number).then_some(number)
    }

    pub(crate) fn kind(&self) -> &str {
        self.parameter.kind.as_deref().unwrap_or("SecureString")
    }
}

/// An id with the shape of a UUID, the same for the same text.
fn uuid(text: &str) -> String {
    let hex = hex(&Sha256::digest(text));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32])
}

#[cfg(test)]
mod tests {
    use super::Store;
    use crate::aws::seed::Value;

    #[test]
    fn the_last_two_versions_have_labels() {
        let mut store = Store::new("eu-central-1");
        let ids: Vec<String> = (0..3).map(|number| store.put("a", Value::Text(number.to_string()))).collect();
        let secret = &store.secrets["a"];
        assert_eq!(secret.version(None, None), Some(2));
        assert_eq!(secret.version(None, Some("AWSPREVIOUS")), Some(1));
        assert_eq!(secret.version(Some(&ids[0]), None), Some(0));
        assert_eq!(secret.version(Some(&ids[0]), Some("AWSCURRENT")), None);
        assert_eq!(ids[0].len(), 36);
        let arn = store.arn("a");
        assert_eq!(store.name_of(&arn), Some("a"));
        assert_eq!(store.name_of(&arn[..arn.len() - 7]), Some("a"));
        assert_eq!(store.name_of("b"), None);
    }
}
