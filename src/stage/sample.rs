//! Objects with blanks and a vault, for the tests of stages.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;

use async_trait::async_trait;

use crate::blank::Allow;
use crate::blank::Blank;
use crate::blank::BlankId;
use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::blank::Filter;
use crate::blank::Piece;
use crate::blank::SecretRef;
use crate::blank::Source;
use crate::clock::Timestamp;
use crate::manifest::Entry;
use crate::manifest::Identity;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::place::Place;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::vault::CallPlan;
use crate::vault::SecretMetadata;
use crate::vault::SecretValue;
use crate::vault::Shape;
use crate::vault::Vault;

/// Noon of a day in 2026.
pub(super) const NOON: Timestamp = Timestamp(1_790_000_000);

/// A vault that holds what it is given and notes what it is asked.
#[derive(Debug, Default)]
pub(super) struct Chest {
    pub(super) values: BTreeMap<String, SampleValue>,
    pub(super) asked: Mutex<Vec<SecretRef>>,
    /// Whether it forgets its last answer.
    pub(super) forgets: bool,
}

/// A value with its metadata.
#[derive(Debug, Clone, Default)]
pub(super) struct SampleValue {
    pub(super) value: Vec<u8>,
    pub(super) not_before: Option<Timestamp>,
    pub(super) expires: Option<Timestamp>,
    pub(super) current: Option<bool>,
    /// What the value is, where it is no text.
    pub(super) json: Option<&'static str>,
}

impl Chest {
    pub(super) fn with(values: &[(&str, &[u8])]) -> Self {
        let held = |value: &[u8]| SampleValue { value: value.to_vec(), ..SampleValue::default() };
        Self { values: values.iter().map(|(name, value)| ((*name).to_owned(), held(value))).collect(), ..Self::default() }
    }

    pub(super) fn into_default(self) -> BTreeMap<String, Arc<dyn Vault>> {
        let vault: Arc<dyn Vault> = Arc::new(self);
        BTreeMap::from([("default".to_owned(), vault)])
    }
}

impl fmt::Display for Chest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the chest")
    }
}

#[async_trait]
impl Vault for Chest {
    fn check_name(&self, name: &str) -> Result<(), String> {
        if name.contains(' ') { Err("a space is in the name".into()) } else { Ok(()) }
    }

    async fn fetch(&self, asks: &[SecretRef]) -> Vec<Result<SecretValue, ServiceError>> {
        self.asked.lock().unwrap().extend_from_slice(asks);
        let answer = |ask: &SecretRef| match self.values.get(&ask.name) {
            Some(held) => Ok(SecretValue {
                value: Secret::copy_of(&held.value),
                shape: held.json.map_or(Shape::Plain, Shape::Json),
                version: "1".into(),
                current: held.current,
                not_before: held.not_before,
                expires: held.expires,
                created: None,
            }),
            None => {
                Err(ServiceError { fault: ServiceFault::NotFound, reason: "there is no such secret".into(), next: "put it there".into() })
            }
        };
        let answered = asks.len() - usize::from(self.forgets);
        asks[..answered].iter().map(answer).collect()
    }

    fn plan(&self, asks: &[SecretRef]) -> CallPlan {
        CallPlan::none(asks.len())
    }

    async fn probe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        self.fetch(asks).await.into_iter().map(|answer| answer.map(|fetched| SecretMetadata::from(&fetched))).collect()
    }
}

/// Adds a blank that the default vault gives, at a line of its own.
pub(super) fn ask(blanks: &mut Blanks, name: &str) -> BlankId {
    ask_of(blanks, "default", name, Allow::default())
}

pub(super) fn ask_of(blanks: &mut Blanks, vault: &str, name: &str, allow: Allow) -> BlankId {
    let ask = SecretRef { vault: vault.into(), name: name.into(), key: None, version: None };
    let place = Place::new("t.yaml", u32::try_from(blanks.len() + 1).unwrap(), 1);
    blanks.add(Blank { place, source: Source::Vault { ask, allow } })
}

/// Adds a blank that a filter makes of another.
pub(super) fn derive(blanks: &mut Blanks, filter: Filter, of: BlankId) -> BlankId {
    let place = blanks.get(of).place.clone();
    blanks.add(Blank { place, source: Source::Derived { filter, input: vec![Piece::Blank(of)] } })
}

/// A text with `_` for the blanks, in order.
pub(super) fn cloze(template: &str, ids: &[BlankId]) -> Node<BlankText> {
    let mut pieces = Vec::new();
    for (index, part) in template.split('_').enumerate() {
        if index > 0 {
            pieces.push(Piece::Blank(ids[index - 1]));
        }
        if !part.is_empty() {
            pieces.push(Piece::Text(part.to_owned()));
        }
    }
    Node { mark: Mark { line: 7, column: 3 }, value: Value::Leaf(BlankText { pieces }) }
}

pub(super) fn map(entries: Vec<(&str, Node<BlankText>)>) -> Node<BlankText> {
    let entry = |(key, node): (&str, Node<BlankText>)| Entry { key: key.into(), mark: Mark { line: 7, column: 1 }, node };
    Node::made(Value::Map(entries.into_iter().map(entry).collect()))
}

/// A `v1` object named after its kind, with these fields.
pub(super) fn object(kind: &str, fields: Vec<(&str, Node<BlankText>)>) -> Object<BlankText> {
    let identity = Identity { api_version: "v1".into(), kind: kind.into(), namespace: "shop".into(), name: kind.to_lowercase() };
    Object { file: "t.yaml".into(), identity, root: map(fields) }
}
