//! What the changes of a release come to: which secrets get other values, and which workloads get other pods.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::convert::Infallible;

use crate::blank::SecretRef;
use crate::digest::Digest;
use crate::history::RecordedBlank;
use crate::manifest::Identity;
use crate::manifest::Limits;
use crate::manifest::Node;
use crate::manifest::Value;
use crate::manifest::read;
use crate::report::SecretDiff;
use crate::secret::SecretBuffer;
use crate::stage::diff::Change;
use crate::stage::diff::ChangeKind;
use crate::stage::diff::Reviewed;
use crate::stage::fill::Used;
use crate::stage::name::PLACEHOLDER;
use crate::workflow::document::written;

/// The secrets whose values differ, by vault, name and field. One that gets another version with the same value does not.
pub(crate) fn secrets(before: &[RecordedBlank], after: &[RecordedBlank]) -> Vec<SecretDiff> {
    fn used(RecordedBlank { vault, name, key, version, fingerprint, .. }: &RecordedBlank) -> Use<'_, &Digest> {
        ((vault, name, key.as_deref()), fingerprint, version)
    }
    differing([before.iter().map(used).collect(), after.iter().map(used).collect()])
}

/// The secrets that only one side asks for, or in another version.
pub(crate) fn asked(before: &[SecretRef], after: &[SecretRef]) -> Vec<SecretDiff> {
    fn used(SecretRef { vault, name, key, version }: &SecretRef) -> Use<'_, Option<&str>> {
        ((vault, name, key.as_deref()), version.as_deref(), version.as_deref().unwrap_or_default())
    }
    differing([before.iter().map(used).collect(), after.iter().map(used).collect()])
}

/// The same with what vaults said of the later versions: when the newest was made, and until when the one that ends first is meant to be used.
pub(crate) fn dated(secrets: Vec<SecretDiff>, used: &[Used]) -> Vec<SecretDiff> {
    let mut said: HashMap<Key<'_>, Vec<&Used>> = HashMap::new();
    for used in used {
        said.entry((&used.ask.vault, &used.ask.name, used.ask.key.as_deref())).or_default().push(used);
    }
    let one = |secret: SecretDiff| {
        let said = said.get(&(secret.vault.as_str(), secret.name.as_str(), secret.key.as_deref())).map(Vec::as_slice).unwrap_or_default();
        let created = said.iter().filter_map(|used| used.created).max().map(|time| time.to_string());
        let expires = said.iter().filter_map(|used| used.expires).min().map(|time| time.to_string());
        SecretDiff { created, expires, ..secret }
    };
    secrets.into_iter().map(one).collect()
}

/// A secret by vault, name and field.
type Key<'a> = (&'a str, &'a str, Option<&'a str>);
/// A secret, what tells its values apart, and its version.
type Use<'a, V> = (Key<'a>, V, &'a str);
/// The versions of a secret, by what tells its values apart.
type Versions<'a, V> = BTreeMap<V, &'a str>;

fn differing<V: Ord>(sides: [Vec<Use<'_, V>>; 2]) -> Vec<SecretDiff> {
    let mut all: BTreeMap<Key<'_>, [Versions<'_, V>; 2]> = BTreeMap::new();
    for (side, uses) in sides.into_iter().enumerate() {
        for (secret, value, version) in uses {
            all.entry(secret).or_insert_with(|| [BTreeMap::new(), BTreeMap::new()])[side].insert(value, version);
        }
    }
    let differs = all.into_iter().filter(|(_, [before, after])| !before.keys().eq(after.keys()));
    let versions = |versions: Versions<'_, V>| -> Vec<String> {
        versions.into_values().filter(|version| !version.is_empty()).map(str::to_owned).collect()
    };
    let one = |((vault, name, key), [before, after]): (Key<'_>, [Versions<'_, V>; 2])| SecretDiff {
        change: match (before.is_empty(), after.is_empty()) {
            (true, _) => ChangeKind::Added,
            (_, true) => ChangeKind::Removed,
            _ => ChangeKind::Changed,
        },
        vault: vault.to_owned(),
        name: name.to_owned(),
        key: key.map(str::to_owned),
        before: versions(before),
        after: versions(after),
        created: None,
        expires: None,
        used_by: Vec::new(),
    };
    differs.map(one).collect()
}

/// The manifests of an object that changes, before and after.
pub(crate) type Trees = (Node<Infallible>, Node<Infallible>);

/// The manifests of each of `changes` that is not of an object that comes or goes.
pub(crate) fn trees(changes: &[Change]) -> Vec<Option<Trees>> {
    let of = |change: &Change| match change {
        Change::Changed { before, after, .. } => Some((document(before)?, document(after)?)),
        Change::Added(_) | Change::Removed(_) => None,
    };
    changes.iter().map(of).collect()
}

/// The workloads among `changes`, which have those `trees`, whose pods are replaced because their pod template differs.
pub(crate) fn restarts(changes: &[Change], trees: &[Option<Trees>]) -> Vec<Identity> {
    let of = |(change, trees): (&Change, &Option<Trees>)| {
        let (Change::Changed { identity, .. }, Some((before, after))) = (change, trees) else { return None };
        let mut scratch = SecretBuffer::with_capacity(4 << 10);
        let before = written(pods(before)?, &mut scratch);
        (before.expose() != written(pods(after)?, &mut scratch).expose()).then(|| identity.clone())
    };
    changes.iter().zip(trees).filter_map(of).collect()
}

/// As [`restarts`], where `after` has masks in the place of the names that follow contents: a pod template that mentions the mask of an object that
/// changes will name another one.
pub(crate) fn restarts_masked(changes: &[Change], trees: &[Option<Trees>], after: &[Reviewed]) -> BTreeSet<Identity> {
    let renamed: BTreeSet<(&str, String)> = changes.iter().zip(trees).filter_map(masked_name).collect();
    let mentions = |object: &&Reviewed| {
        let namespace = object.identity.namespace.as_str();
        let is_renamed = |text: &str| text.ends_with(PLACEHOLDER) && renamed.contains(&(namespace, text.to_owned()));
        let root = if renamed.is_empty() { None } else { document(&object.text) };
        root.as_ref().and_then(pods).is_some_and(|template| any_text(template, &is_renamed))
    };
    let mentioned = after.iter().filter(mentions).map(|object| object.identity.clone());
    restarts(changes, trees).into_iter().chain(mentioned).collect()
}

/// Namespace and masked name of an object that changes and is named by its content.
fn masked_name<'c>((change, trees): (&'c Change, &Option<Trees>)) -> Option<(&'c str, String)> {
    let (Change::Changed { identity, .. }, Some((_, after))) = (change, trees) else { return None };
    let name = after.at(&["metadata", "name"])?.as_text()?.to_owned();
    name.ends_with(PLACEHOLDER).then_some((&identity.namespace, name))
}

fn document(text: &str) -> Option<Node<Infallible>> {
    read(text, Limits::default()).ok()?.pop()
}

/// The pod template of a workload that replaces its pods when it changes. A Job never does; the next Job of a `CronJob` has it.
fn pods(root: &Node<Infallible>) -> Option<&Node<Infallible>> {
    let template = root.at(&["spec", "template"])?;
    let is_job = root.get("kind").and_then(Node::as_text) == Some("Job");
    template.at(&["spec", "containers"]).filter(|_| !is_job).map(|_| template)
}

fn any_text(node: &Node<Infallible>, wanted: &dyn Fn(&str) -> bool) -> bool {
    match &node.value {
        Value::Text(text) => wanted(text),
        Value::List(items) => items.iter().any(|item| any_text(item, wanted)),
        Value::Map(entries) => entries.iter().any(|entry| any_text(&entry.node, wanted)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Leaf(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::asked;
    use super::dated;
    use super::secrets;
    use super::trees;
    use crate::blank::SecretRef;
    use crate::clock::Timestamp;
    use crate::digest::Digest;
    use crate::history::RecordedBlank;
    use crate::manifest::Identity;
    use crate::report::SecretDiff;
    use crate::stage::diff::Change;
    use crate::stage::diff::ChangeKind;
    use crate::stage::diff::Reviewed;
    use crate::stage::fill::Used;

    fn blank(name: &str, key: Option<&str>, version: &str, value: u8) -> RecordedBlank {
        RecordedBlank {
            vault: "default".to_owned(),
            name: name.to_owned(),
            key: key.map(str::to_owned),
            version: version.to_owned(),
            pinned: false,
            fingerprint: Digest([value; 32]),
            places: Vec::new(),
        }
    }

    fn differing(before: &[RecordedBlank], after: &[RecordedBlank]) -> Vec<(ChangeKind, String, Vec<String>, Vec<String>)> {
        let one = |SecretDiff { change, name, key, before, after, .. }| {
            (change, key.map_or(name.clone(), |key| format!("{name}#{key}")), before, after)
        };
        secrets(before, after).into_iter().map(one).collect()
    }

    #[test]
    fn a_secret_differs_by_its_value() {
        let before = [blank("db", Some("password"), "3", 1), blank("gone", None, "1", 2), blank("same", None, "1", 3)];
        let after = [blank("db", Some("password"), "4", 9), blank("same", None, "2", 3), blank("new", None, "", 4)];
        let one = |text: &str| vec![text.to_owned()];
        assert_eq!(
            differing(&before, &after),
            [
                (ChangeKind::Changed, "db#password".to_owned(), one("3"), one("4")),
                (ChangeKind::Removed, "gone".to_owned(), one("1"), vec![]),
                (ChangeKind::Added, "new".to_owned(), vec![], vec![]),
            ]
        );
    }

    #[test]
    fn a_field_is_a_secret_of_its_own_and_the_order_of_versions_does_not_count() {
        assert!(
            differing(&[blank("a", None, "1", 1), blank("a", None, "2", 2)], &[blank("a", None, "2", 2), blank("a", None, "1", 1)])
                .is_empty()
        );
        assert_eq!(differing(&[blank("a", None, "1", 1)], &[blank("a", Some("k"), "1", 1)]).len(), 2);
        assert!(differing(&[], &[]).is_empty());
    }

    #[test]
    fn dates_are_those_of_the_version_that_comes() {
        let ask = |name: &str, version: Option<&str>| SecretRef {
            vault: "default".to_owned(),
            name: name.to_owned(),
            key: None,
            version: version.map(str::to_owned),
        };
        let used = |name: &str, version: Option<&str>, created: i64, expires: Option<i64>| Used {
            ask: ask(name, version),
            version: String::new(),
            current: None,
            fingerprint: Digest([0; 32]),
            expires: expires.map(Timestamp),
            created: Some(Timestamp(created)),
            places: Vec::new(),
        };
        let used = [used("a", None, 100, Some(900)), used("a", Some("1"), 50, Some(800)), used("b", None, 7, None)];
        let secrets = dated(asked(&[ask("gone", None)], &[ask("a", None), ask("b", None)]), &used);
        let found: Vec<_> = secrets.into_iter().map(|secret| (secret.name, secret.created, secret.expires)).collect();
        let time = |seconds| Some(Timestamp(seconds).to_string());
        assert_eq!(found, [("a".to_owned(), time(100), time(800)), ("b".to_owned(), time(7), None), ("gone".to_owned(), None, None)]);
    }

    #[test]
    fn without_values_a_secret_differs_by_the_version_that_is_asked_for() {
        let ask = |name: &str, version: Option<&str>| SecretRef {
            vault: "default".to_owned(),
            name: name.to_owned(),
            key: None,
            version: version.map(str::to_owned),
        };
        let found = asked(
            &[ask("same", None), ask("pinned", Some("1")), ask("gone", None)],
            &[ask("same", None), ask("pinned", Some("2")), ask("new", None)],
        );
        let words: Vec<_> =
            found.iter().map(|secret| (secret.name.as_str(), secret.change, secret.before.join(","), secret.after.join(","))).collect();
        let none = String::new;
        assert_eq!(
            words,
            [
                ("gone", ChangeKind::Removed, none(), none()),
                ("new", ChangeKind::Added, none(), none()),
                ("pinned", ChangeKind::Changed, "1".to_owned(), "2".to_owned()),
            ]
        );
    }

    fn object(kind: &str, text: &str) -> Reviewed {
        let identity = Identity { api_version: "x/v1".into(), kind: kind.into(), namespace: "shop".into(), name: "a".into() };
        Reviewed { identity, text: format!("kind: {kind}\n{text}\n") }
    }

    fn restarts(changes: &[Change]) -> Vec<Identity> {
        super::restarts(changes, &trees(changes))
    }

    fn restarts_masked(changes: &[Change], after: &[Reviewed]) -> usize {
        super::restarts_masked(changes, &trees(changes), after).len()
    }

    fn changed(kind: &str, before: &str, after: &str) -> Change {
        let (before, after) = (object(kind, before), object(kind, after));
        Change::Changed { identity: before.identity, before: before.text, after: after.text }
    }

    #[test]
    fn pods_are_replaced_where_their_template_differs() {
        let template = |image: &str| format!("spec: {{replicas: 1, template: {{spec: {{containers: [{{image: {image}}}]}}}}}}");
        for kind in ["Deployment", "StatefulSet", "DaemonSet", "Rollout"] {
            assert_eq!(restarts(&[changed(kind, &template("a"), &template("b"))]).len(), 1, "{kind}");
            assert!(restarts(&[changed(kind, &template("a"), &template("a").replace('1', "2"))]).is_empty(), "{kind}");
        }
        assert!(restarts(&[changed("Job", &template("a"), &template("b"))]).is_empty());
        assert!(restarts(&[changed("CronJob", "spec: {jobTemplate: {a: b}}", "spec: {jobTemplate: {a: c}}")]).is_empty());
        assert!(restarts(&[Change::Added(object("Deployment", &template("a")))]).is_empty());
    }

    #[test]
    fn a_masked_name_that_will_follow_replaces_pods_too() {
        let secret = |value: &str| format!("metadata: {{name: db-xxxxxxxxxx}}\nstringData: {{a: {value}}}");
        let workload = |name: &str| {
            object(
                "Deployment",
                &format!("spec: {{template: {{spec: {{containers: [], volumes: [{{secret: {{secretName: {name}}}}}]}}}}}}"),
            )
        };
        let after = [workload("db-xxxxxxxxxx"), workload("dbs-xxxxxxxxxx"), object("Secret", &secret("c"))];
        assert_eq!(restarts_masked(&[changed("Secret", &secret("b"), &secret("c"))], &after), 1);
        assert_eq!(restarts_masked(&[], &after), 0);
        let stable = |value: &str| format!("metadata: {{name: db}}\nstringData: {{a: {value}}}");
        assert_eq!(restarts_masked(&[changed("Secret", &stable("b"), &stable("c"))], &[workload("db")]), 0);
    }
}
