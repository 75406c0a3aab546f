//! Which kinds belong to the cluster and which to a namespace.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::manifest::Node;

/// The scopes of kinds: those of Kubernetes and of well-known custom resources, and what the definitions of a release say.
#[derive(Debug, Default)]
pub struct Scopes {
    defined: HashMap<(String, String), bool>,
}

impl Scopes {
    /// The scopes that hold in a release of these documents, whose project lists kinds without a namespace by group and kind.
    pub fn of<'a, B: 'a>(roots: impl IntoIterator<Item = &'a Node<B>>, listed: &[(String, String)]) -> Self {
        let mut scopes = Self { defined: listed.iter().map(|kind| (kind.clone(), true)).collect() };
        for root in roots {
            scopes.learn(root);
        }
        scopes
    }

    /// Takes note of a `CustomResourceDefinition`; anything else says nothing about scopes.
    fn learn<B>(&mut self, root: &Node<B>) {
        let text = |path: &[&str]| root.at(path).and_then(Node::as_text);
        if text(&["kind"]) != Some("CustomResourceDefinition") {
            return;
        }
        if let (Some(group), Some(kind), Some(scope)) =
            (text(&["spec", "group"]), text(&["spec", "names", "kind"]), text(&["spec", "scope"]))
        {
            self.defined.insert((group.to_owned(), kind.to_owned()), scope == "Cluster");
        }
    }

    /// Whether objects of that kind have no namespace. A kind that nobody knows has one; the version does not matter.
    pub fn is_cluster(&self, api_version: &str, kind: &str) -> bool {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        if !self.defined.is_empty()
            && let Some(cluster) = self.defined.get(&(group.to_owned(), kind.to_owned()))
        {
            return *cluster;
        }
        CLUSTER.get(group).is_some_and(|kinds| kinds.contains(&kind) || kinds.contains(&"*"))
    }
}

/// Kinds without a namespace, by group; `*` is all of the group's.
static CLUSTER: LazyLock<HashMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let rows = include_str!("cluster.tsv").lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|row| row.split_once('\t')).map(|(group, kinds)| (group, kinds.split(' ').collect())).collect()
});

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use serde_json::json;

    use super::CLUSTER;
    use super::Scopes;
    use crate::reference::sample::node;

    #[test]
    fn kubernetes_own_kinds_are_known() {
        assert_eq!(CLUSTER.len(), include_str!("cluster.tsv").lines().filter(|line| !line.starts_with('#')).count());
        let scopes = Scopes::default();
        for (api, kind) in [
            ("v1", "Namespace"),
            ("rbac.authorization.k8s.io/v1", "ClusterRole"),
            ("cert-manager.io/v1", "ClusterIssuer"),
            ("crd.projectcalico.org/v1", "IPPool"),
            ("constraints.gatekeeper.sh/v1beta1", "K8sAnyName"),
            ("kueue.x-k8s.io/v1beta1", "ClusterQueue"),
            ("spire.spiffe.io/v1alpha1", "ClusterSPIFFEID"),
            ("elbv2.k8s.aws/v1beta1", "IngressClassParams"),
        ] {
            assert!(scopes.is_cluster(api, kind), "{kind}");
        }
        for (api, kind) in
            [("v1", "ConfigMap"), ("apps/v1", "Deployment"), ("example.com/v1", "Namespace"), ("cert-manager.io/v1", "Issuer")]
        {
            assert!(!scopes.is_cluster(api, kind), "{kind}");
        }
    }

    #[test]
    fn a_definition_in_the_release_or_the_project_says_the_scope() {
        let definition = |kind: &str, scope: &str| {
            node::<Infallible>(&json!({"kind": "CustomResourceDefinition",
                "spec": {"group": "example.com", "names": {"kind": kind}, "scope": scope}}))
        };
        let roots = [definition("Galaxy", "Cluster"), definition("Planet", "Namespaced"), node(&json!({"kind": "Pod"}))];
        let scopes = Scopes::of(&roots, &[("example.com".to_owned(), "Star".to_owned())]);
        assert!(scopes.is_cluster("example.com/v1", "Galaxy"));
        assert!(!scopes.is_cluster("example.com/v1", "Planet"));
        assert!(scopes.is_cluster("example.com/v2", "Star"));
        assert!(scopes.is_cluster("v1", "Node"));
    }
}
