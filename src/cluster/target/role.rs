//! The least role of a deployer, as manifests of RBAC.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;

use crate::cluster::target::right::NeededRights;
use crate::cluster::target::right::ObjectRights;
use crate::cluster::target::right::Right;
use crate::cluster::target::right::RightPurpose;
use crate::cluster::target::right::by_objects;
use crate::manifest::Entry;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Value;
use crate::manifest::write;
use crate::secret::SecretBuffer;

type Tree = Node<Infallible>;

/// The roles called `name` that grant `rights`, each with a binding whose subject is to be filled in: YAML documents.
pub(super) fn role(name: &str, rights: NeededRights) -> String {
    let mut places: BTreeMap<String, NeededRights> = BTreeMap::new();
    for right in rights.into_keys() {
        // A rule does not say what it is for.
        places.entry(right.namespace.clone()).or_default().insert(right, RightPurpose::Deploy);
    }
    let mut text = String::new();
    for (namespace, rights) in places {
        let is_wide = namespace.is_empty();
        let kind = if is_wide { "ClusterRole" } else { "Role" };
        let metadata = || {
            let namespace = (!is_wide).then(|| ("namespace", Node::text(namespace.as_str())));
            map([("name", Node::text(name))].into_iter().chain(namespace))
        };
        let head =
            |kind: &str| [("apiVersion", Node::text("rbac.authorization.k8s.io/v1")), ("kind", Node::text(kind)), ("metadata", metadata())];
        let granted = map(head(kind).into_iter().chain([("rules", list(rules(rights)))]));
        let to = map([("apiGroup", Node::text("rbac.authorization.k8s.io")), ("kind", Node::text(kind)), ("name", Node::text(name))]);
        let subject =
            map([("apiGroup", Node::text("rbac.authorization.k8s.io")), ("kind", Node::text("User")), ("name", Node::text(SUBJECT))]);
        let binding = map(head(&format!("{kind}Binding")).into_iter().chain([("roleRef", to), ("subjects", list(vec![subject]))]));
        for document in [granted, binding] {
            let mut out = SecretBuffer::with_capacity(1 << 10);
            write(&document, &mut out);
            text.push_str(if text.is_empty() { "" } else { "---\n" });
            text.push_str(&String::from_utf8_lossy(out.expose()));
        }
    }
    text
}

/// Who is to have it.
const SUBJECT: &str = "FILL-IN-THE-DEPLOYER";

/// What rules are grouped by: an API group, the name of one object, verbs.
type RuleKey = (String, Option<String>, Vec<Cow<'static, str>>);

/// The rules: kinds with the same verbs in one.
fn rules(rights: NeededRights) -> Vec<Tree> {
    let mut rules: BTreeMap<RuleKey, Vec<String>> = BTreeMap::new();
    for ObjectRights { right: Right { group, plural, name, .. }, verbs, .. } in by_objects(rights) {
        rules.entry((group, name, verbs)).or_default().push(plural);
    }
    let texts = |texts: Vec<String>| list(texts.into_iter().map(Node::text).collect());
    let rule = |((group, name, verbs), plurals): (RuleKey, Vec<String>)| {
        let name = name.map(|name| ("resourceNames", texts(vec![name])));
        let verbs = ("verbs", texts(verbs.into_iter().map(Cow::into_owned).collect()));
        map([("apiGroups", texts(vec![group])), ("resources", texts(plurals))].into_iter().chain(name).chain([verbs]))
    };
    rules.into_iter().map(rule).collect()
}

fn map<'k>(entries: impl IntoIterator<Item = (&'k str, Tree)>) -> Tree {
    let entry = |(key, node): (&str, Tree)| Entry { key: key.into(), mark: Mark::default(), node };
    Node::made(Value::Map(entries.into_iter().map(entry).collect()))
}

fn list(items: Vec<Tree>) -> Tree {
    Node::made(Value::List(items))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::role;
    use crate::cluster::target::right::NeededRights;
    use crate::cluster::target::right::Right;
    use crate::cluster::target::right::RightPurpose;

    #[test]
    fn a_role_for_each_namespace_and_one_for_the_cluster() {
        let right = |namespace: &str, plural: &str, name: Option<&str>, verb| {
            let (group, name) = (String::new(), name.map(str::to_owned));
            let purpose = if verb == "list" { RightPurpose::Reasons } else { RightPurpose::Deploy };
            (Right { namespace: namespace.into(), group, plural: plural.into(), name, verb: Cow::Borrowed(verb) }, purpose)
        };
        let rights = NeededRights::from([
            right("", "namespaces", None, "get"),
            right("shop", "configmaps", None, "list"),
            right("shop", "configmaps", None, "get"),
            right("shop", "secrets", None, "get"),
            right("shop", "secrets", None, "list"),
            right("shop", "configmaps", Some("one"), "update"),
        ]);
        let expected = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: cloze.shop.prod
rules:
- apiGroups:
  - \"\"
  resources:
  - namespaces
  verbs:
  - get
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: cloze.shop.prod
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: cloze.shop.prod
subjects:
- apiGroup: rbac.authorization.k8s.io
  kind: User
  name: FILL-IN-THE-DEPLOYER
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: cloze.shop.prod
  namespace: shop
rules:
- apiGroups:
  - \"\"
  resources:
  - configmaps
  - secrets
  verbs:
  - get
  - list
- apiGroups:
  - \"\"
  resources:
  - configmaps
  resourceNames:
  - one
  verbs:
  - update
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: cloze.shop.prod
  namespace: shop
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: cloze.shop.prod
subjects:
- apiGroup: rbac.authorization.k8s.io
  kind: User
  name: FILL-IN-THE-DEPLOYER
";
        assert_eq!(role("cloze.shop.prod", rights), expected);
    }
}
