//! Permissions that are cut down to objects by name.

use crate::manifest::ConfigKind;
use crate::manifest::Entry;
use crate::manifest::Node;
use crate::manifest::Value;
use crate::reference::Permission;
use crate::reference::Visit;

/// `resourceNames` of a rule (rbac.authorization.k8s.io/v1 `PolicyRule`) whose `resources` are ConfigMaps or Secrets. A name stays beside the
/// new ones where the rule covers other resources too.
pub(super) fn permissions<B>(entries: &mut [Entry<B>], index: usize, visitor: &mut impl Visit) {
    let texts = |key| entries.iter().find(|entry| entry.key == key).and_then(|entry| entry.node.as_list());
    let has = |key, wanted: &str| texts(key).is_some_and(|list: &[Node<B>]| list.iter().any(|item| item.as_text() == Some(wanted)));
    if texts("apiGroups").is_some() && !has("apiGroups", "") && !has("apiGroups", "*") {
        return;
    }
    let covered: Vec<ConfigKind> = [(ConfigKind::ConfigMap, "configmaps"), (ConfigKind::Secret, "secrets")]
        .into_iter()
        .filter(|(_, plural)| has("resources", plural) || has("resources", "*"))
        .map(|(referent, _)| referent)
        .collect();
    let writes = ["update", "patch", "*"].into_iter().any(|verb| has("verbs", verb));
    let others = texts("resources").is_some_and(|list| list.len() > covered.len()) || has("resources", "*");
    let Some(names) = entries[index].node.as_list_mut() else { return };
    let mut renamed: Vec<Node<B>> = Vec::with_capacity(names.len());
    for node in names.drain(..) {
        let mark = node.mark;
        let new: Vec<String> = match node.as_text() {
            Some(name) => {
                covered.iter().flat_map(|referent| visitor.permission(&Permission { referent: *referent, name, writes, mark })).collect()
            }
            None => Vec::new(),
        };
        if others || new.is_empty() {
            renamed.push(node);
        }
        for name in new {
            if !renamed.iter().any(|known| known.as_text() == Some(&name)) {
                renamed.push(Node { mark, value: Value::Text(name.into()) });
            }
        }
    }
    *names = renamed;
}
