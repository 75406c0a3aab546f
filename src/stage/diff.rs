//! What changes between two releases, as reviews show them: no value, but its source, version and fingerprint.

mod certificate;
mod field;
mod lines;
mod pair;

pub use field::Difference;
pub use field::FieldChange;
pub use field::fields;

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::manifest::Identity;

/// An object as a review shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    /// What it is, under the name that its template gives it.
    pub identity: Identity,
    /// Its manifest with masked values.
    pub text: String,
}

/// What happens to one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It comes.
    Added(Reviewed),
    /// It goes.
    Removed(Reviewed),
    /// It becomes another.
    Changed {
        /// What it is, under the name that its template gives it.
        identity: Identity,
        /// How it was.
        before: String,
        /// How it will be.
        after: String,
    },
}

/// What can happen to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ChangeKind {
    /// Only the later release has it.
    Added,
    /// Both have it, with other contents.
    Changed,
    /// Only the earlier release has it.
    Removed,
}

/// The changes from `before` to `after`, in the order of `after`, then what is gone in the order of `before`.
pub fn diff(before: Vec<Reviewed>, after: Vec<Reviewed>) -> Vec<Change> {
    let mut old: HashMap<Identity, (usize, String)> =
        before.into_iter().enumerate().map(|(index, object)| (object.identity, (index, object.text))).collect();
    let mut changes = Vec::new();
    for object in after {
        match old.remove(&object.identity) {
            None => changes.push(Change::Added(object)),
            Some((_, before)) if before == object.text => {}
            Some((_, before)) => changes.push(Change::Changed { identity: object.identity, before, after: object.text }),
        }
    }
    let mut gone: Vec<_> = old.into_iter().collect();
    gone.sort_by_key(|(_, (index, _))| *index);
    changes.extend(gone.into_iter().map(|(identity, (_, text))| Change::Removed(Reviewed { identity, text })));
    changes
}

#[cfg(test)]
mod tests {
    use super::Change;
    use super::Reviewed;
    use super::diff;
    use crate::manifest::Identity;

    fn object(name: &str, text: &str) -> Reviewed {
        let identity = Identity { api_version: "v1".into(), kind: "ConfigMap".into(), namespace: "dev".into(), name: name.into() };
        Reviewed { identity, text: text.into() }
    }

    #[test]
    fn objects_come_go_and_change() {
        let changes = diff(
            vec![object("b", "1"), object("a", "1"), object("c", "1"), object("e", "1")],
            vec![object("d", "1"), object("c", "2"), object("e", "1")],
        );
        let expected = [
            Change::Added(object("d", "1")),
            Change::Changed { identity: object("c", "").identity, before: "1".into(), after: "2".into() },
            Change::Removed(object("b", "1")),
            Change::Removed(object("a", "1")),
        ];
        assert_eq!(changes, expected);
        assert_eq!(diff(vec![object("a", "1")], vec![object("a", "1")]), []);
    }
}
