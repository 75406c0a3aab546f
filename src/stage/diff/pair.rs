//! Which item of a list after a change is which item before it, as Kubernetes tells them apart.

use std::collections::HashSet;
use std::convert::Infallible;

use crate::manifest::Node;
use crate::manifest::Number;
use crate::manifest::Value;

type Tree = Node<Infallible>;

/// The fields by which the API server merges the items of a list of that name (`patchMergeKey` and `listMapKey` in `k8s.io/api/core/v1/types.go`).
const KEYS: [(&str, &[&str]); 9] = [
    ("ports", &["containerPort", "protocol"]),
    ("ports", &["port", "protocol"]),
    ("volumeMounts", &["mountPath"]),
    ("volumeDevices", &["devicePath"]),
    ("hostAliases", &["ip"]),
    ("topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
    ("conditions", &["type"]),
    ("addresses", &["type"]),
    ("items", &["key"]),
];

/// The fields that tell apart the items of any other list: those of the API server's own, and what custom resources use.
const NAMES: [&str; 4] = ["name", "key", "id", "type"];

/// What tells the items of two lists apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pairing {
    fields: &'static [&'static str],
}

impl Pairing {
    /// The fields that each item of both lists has, with a text of its own; `None` where there are none such.
    pub(super) fn of(list: &str, before: &[Tree], after: &[Tree]) -> Option<Self> {
        let known = KEYS.iter().filter(|(name, _)| *name == list).map(|(_, fields)| *fields);
        let names = NAMES.chunks(1);
        known.chain(names).map(|fields| Self { fields }).find(|pairing| pairing.fits(before) && pairing.fits(after))
    }

    fn fits(self, items: &[Tree]) -> bool {
        let mut seen = HashSet::with_capacity(items.len());
        items.iter().all(|item| self.key(item).is_some_and(|key| seen.insert(key)))
    }

    /// What an item is known by, such as `name=web`.
    pub(super) fn key(self, item: &Tree) -> Option<String> {
        let mut key = String::new();
        for (at, field) in self.fields.iter().enumerate() {
            let text = match item.get(field).map(|node| &node.value) {
                Some(Value::Text(text)) => text.to_string(),
                Some(Value::Number(Number::Int(number))) => number.to_string(),
                // The protocol is TCP where it is not said.
                None if at > 0 => continue,
                _ => return None,
            };
            if at > 0 {
                key.push(',');
            }
            key.extend([field, "=", &text]);
        }
        Some(key)
    }
}
