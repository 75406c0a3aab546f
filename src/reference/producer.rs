//! What operators make while they run: ConfigMaps and Secrets that exist without standing in the release.

use crate::manifest::ConfigKind;
use crate::manifest::Node;
use crate::manifest::Object;

/// An object that some other object has made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Product {
    /// ConfigMap or Secret.
    pub referent: ConfigKind,
    /// Its namespace; `None` when it is made in namespaces that the release does not tell.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// What an operator makes of `object`.
pub fn products<B>(object: &Object<B>) -> Vec<Product> {
    let identity = &object.identity;
    let made = PRODUCERS.iter().filter(|producer| producer.group == identity.group() && producer.kind == identity.kind);
    let mut products: Vec<Product> = made.flat_map(|producer| producer.products(object)).collect();
    if matches!(identity.kind.as_str(), "Ingress" | "Gateway") && annotations(object).any(|key| ISSUING.contains(&key)) {
        let mut names = Vec::new();
        texts(&object.root, &["spec", "tls", "secretName"], &mut names);
        texts(&object.root, &["spec", "listeners", "tls", "certificateRefs", "name"], &mut names);
        products.extend(names.iter().map(|name| Product::of(object, ConfigKind::Secret, name)));
    }
    if let ("Service", "") = (identity.kind.as_str(), identity.group()) {
        let mut names = Vec::new();
        texts(&object.root, &["metadata", "annotations", "service.beta.openshift.io/serving-cert-secret-name"], &mut names);
        products.extend(names.iter().map(|name| Product::of(object, ConfigKind::Secret, name)));
    }
    products
}

/// Whether every namespace has it without anyone's doing: the cluster's certificate authorities, tokens of service accounts, pull secrets
/// of an `OpenShift` registry.
pub fn always_there(referent: ConfigKind, name: &str) -> bool {
    match referent {
        ConfigKind::ConfigMap => matches!(name, "kube-root-ca.crt" | "openshift-service-ca.crt" | "extension-apiserver-authentication"),
        ConfigKind::Secret => ["-token-", "-dockercfg-"].iter().any(|middle| {
            name.rsplit_once(middle).is_some_and(|(account, random)| {
                !account.is_empty() && random.len() == 5 && random.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            })
        }),
    }
}

/// A kind that has ConfigMaps or Secrets made.
struct Producer {
    group: &'static str,
    kind: &'static str,
    referent: ConfigKind,
    /// The field that names what is made, lists stepped into; empty when the object's own name does.
    path: &'static [&'static str],
    /// Where the namespace of what is made comes from.
    place: Where,
    /// Whether the object's own name is meant where the field is absent.
    own_name: bool,
}

enum Where {
    /// The object's own namespace.
    Own,
    /// A field; the object's own where it is absent.
    Field(&'static [&'static str]),
    /// Namespaces that are chosen in the cluster.
    Any,
}

const PRODUCERS: [Producer; 15] = [
    // cert-manager; an ACME account's key is made where it does not exist.
    secret("cert-manager.io", "Certificate", &["spec", "secretName"], Where::Own, false),
    secret("cert-manager.io", "Issuer", &["spec", "acme", "privateKeySecretRef", "name"], Where::Own, false),
    secret("cert-manager.io", "ClusterIssuer", &["spec", "acme", "privateKeySecretRef", "name"], Where::Any, false),
    Producer { referent: ConfigKind::ConfigMap, ..secret("trust.cert-manager.io", "Bundle", &[], Where::Any, true) },
    // External Secrets
    secret("external-secrets.io", "ExternalSecret", &["spec", "target", "name"], Where::Own, true),
    secret("external-secrets.io", "ClusterExternalSecret", &["spec", "externalSecretSpec", "target", "name"], Where::Any, false),
    secret("external-secrets.io", "ClusterExternalSecret", &["spec", "externalSecretName"], Where::Any, true),
    // Sealed Secrets
    secret("bitnami.com", "SealedSecret", &["spec", "template", "metadata", "name"], Where::Own, true),
    // Secrets Store CSI driver
    secret("secrets-store.csi.x-k8s.io", "SecretProviderClass", &["spec", "secretObjects", "secretName"], Where::Own, false),
    // Vault Secrets Operator
    secret("secrets.hashicorp.com", "VaultStaticSecret", &["spec", "destination", "name"], Where::Own, false),
    secret("secrets.hashicorp.com", "VaultDynamicSecret", &["spec", "destination", "name"], Where::Own, false),
    secret("secrets.hashicorp.com", "VaultPKISecret", &["spec", "destination", "name"], Where::Own, false),
    // akv2k8s
    secret("spv.no", "AzureKeyVaultSecret", &["spec", "output", "secret", "name"], Where::Own, false),
    // 1Password
    secret("onepassword.com", "OnePasswordItem", &[], Where::Own, true),
    // Doppler
    secret(
        "secrets.doppler.com",
        "DopplerSecret",
        &["spec", "managedSecret", "name"],
        Where::Field(&["spec", "managedSecret", "namespace"]),
        false,
    ),
];

/// Annotations by which cert-manager makes the certificates that an Ingress or Gateway names (ingress-shim, gateway-shim).
const ISSUING: [&str; 3] = ["cert-manager.io/cluster-issuer", "cert-manager.io/issuer", "kubernetes.io/tls-acme"];

const fn secret(group: &'static str, kind: &'static str, path: &'static [&'static str], place: Where, own_name: bool) -> Producer {
    Producer { group, kind, referent: ConfigKind::Secret, path, place, own_name }
}

impl Producer {
    fn products<B>(&self, object: &Object<B>) -> Vec<Product> {
        let mut names = Vec::new();
        if !self.path.is_empty() {
            texts(&object.root, self.path, &mut names);
        }
        if names.is_empty() && self.own_name {
            names.push(&object.identity.name);
        }
        let namespace = match self.place {
            Where::Own => Some(object.identity.namespace.clone()),
            Where::Field(path) => Some(object.root.at(path).and_then(Node::as_text).unwrap_or(&object.identity.namespace).to_owned()),
            Where::Any => None,
        };
        names.into_iter().map(|name| Product { referent: self.referent, namespace: namespace.clone(), name: name.to_owned() }).collect()
    }
}

impl Product {
    fn of<B>(object: &Object<B>, referent: ConfigKind, name: &str) -> Self {
        Self { referent, namespace: Some(object.identity.namespace.clone()), name: name.to_owned() }
    }
}

fn annotations<B>(object: &Object<B>) -> impl Iterator<Item = &str> {
    let annotations = object.root.at(&["metadata", "annotations"]).and_then(Node::as_map).unwrap_or_default();
    annotations.iter().map(|entry| entry.key.as_str())
}

/// The texts at a path, lists stepped into.
fn texts<'a, B>(node: &'a Node<B>, path: &[&str], found: &mut Vec<&'a str>) {
    if let Some(items) = node.as_list() {
        for item in items {
            texts(item, path, found);
        }
    } else if let Some((key, rest)) = path.split_first() {
        if let Some(node) = node.get(key) {
            texts(node, rest, found);
        }
    } else {
        found.extend(node.as_text());
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use serde_json::json;

    use super::Product;
    use super::always_there;
    use super::products;
    use crate::manifest::ConfigKind;
    use crate::reference::sample::object;

    fn made(json: &serde_json::Value) -> Vec<(ConfigKind, Option<String>, String)> {
        products(&object::<Infallible>(json)).into_iter().map(|Product { referent, namespace, name }| (referent, namespace, name)).collect()
    }

    fn own(name: &str) -> Vec<(ConfigKind, Option<String>, String)> {
        vec![(ConfigKind::Secret, Some("shop".to_owned()), name.to_owned())]
    }

    fn of(api: &str, kind: &str, spec: &serde_json::Value) -> Vec<(ConfigKind, Option<String>, String)> {
        made(&json!({"apiVersion": api, "kind": kind, "metadata": {"name": "web", "namespace": "shop"}, "spec": spec}))
    }

    #[test]
    fn fields_name_what_is_made() {
        assert_eq!(of("cert-manager.io/v1", "Certificate", &json!({"secretName": "web-tls"})), own("web-tls"));
        assert_eq!(of("external-secrets.io/v1", "ExternalSecret", &json!({"target": {"name": "db"}})), own("db"));
        assert_eq!(of("bitnami.com/v1alpha1", "SealedSecret", &json!({"template": {"metadata": {"name": "db"}}})), own("db"));
        let class = json!({"secretObjects": [{"secretName": "a"}, {"secretName": "b"}]});
        assert_eq!(of("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass", &class), [own("a"), own("b")].concat());
        let doppler = json!({"managedSecret": {"name": "db", "namespace": "other"}});
        assert_eq!(
            of("secrets.doppler.com/v1alpha1", "DopplerSecret", &doppler),
            [(ConfigKind::Secret, Some("other".to_owned()), "db".to_owned())]
        );
    }

    #[test]
    fn the_own_name_stands_in_where_the_kind_says_so() {
        assert_eq!(of("external-secrets.io/v1", "ExternalSecret", &json!({})), own("web"));
        assert_eq!(of("bitnami.com/v1alpha1", "SealedSecret", &json!({})), own("web"));
        assert_eq!(of("onepassword.com/v1", "OnePasswordItem", &json!({})), own("web"));
        assert!(of("cert-manager.io/v1", "Certificate", &json!({})).is_empty());
        assert_eq!(of("trust.cert-manager.io/v1alpha1", "Bundle", &json!({})), [(ConfigKind::ConfigMap, None, "web".to_owned())]);
    }

    #[test]
    fn an_issuing_annotation_makes_an_ingress_produce() {
        let ingress = |annotations| {
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
                "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
                "spec": {"tls": [{"secretName": "web-tls"}]}})
        };
        assert_eq!(made(&ingress(json!({"cert-manager.io/cluster-issuer": "letsencrypt"}))), own("web-tls"));
        assert!(made(&ingress(json!({"other": "x"}))).is_empty());
    }

    #[test]
    fn a_service_may_ask_openshift_for_a_certificate() {
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop",
            "annotations": {"service.beta.openshift.io/serving-cert-secret-name": "web-tls"}}});
        assert_eq!(made(&service), own("web-tls"));
    }

    #[test]
    fn some_objects_are_always_there() {
        assert!(always_there(ConfigKind::ConfigMap, "kube-root-ca.crt"));
        assert!(always_there(ConfigKind::Secret, "default-token-x7k2p"));
        assert!(always_there(ConfigKind::Secret, "builder-dockercfg-x7k2p"));
        assert!(!always_there(ConfigKind::Secret, "kube-root-ca.crt"));
        assert!(!always_there(ConfigKind::Secret, "my-token-secret"));
        assert!(!always_there(ConfigKind::Secret, "-token-x7k2p"));
    }
}
