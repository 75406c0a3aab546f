//! Annotations of an Ingress that name a ConfigMap or Secret, as `name` or `namespace/name`.

use crate::manifest::ConfigKind;

/// What the annotation names, if it is one of those that do.
pub(super) fn referent(key: &str) -> Option<ConfigKind> {
    ANNOTATIONS.iter().find(|(known, _)| *known == key).map(|(_, referent)| *referent)
}

const ANNOTATIONS: [(&str, ConfigKind); 9] = [
    ("ingress.kubernetes.io/auth-secret", ConfigKind::Secret),
    ("nginx.com/jwt-key", ConfigKind::Secret),
    ("nginx.ingress.kubernetes.io/auth-proxy-set-headers", ConfigKind::ConfigMap),
    ("nginx.ingress.kubernetes.io/auth-secret", ConfigKind::Secret),
    ("nginx.ingress.kubernetes.io/auth-tls-secret", ConfigKind::Secret),
    ("nginx.ingress.kubernetes.io/custom-headers", ConfigKind::ConfigMap),
    ("nginx.ingress.kubernetes.io/fastcgi-params-configmap", ConfigKind::ConfigMap),
    ("nginx.ingress.kubernetes.io/proxy-ssl-secret", ConfigKind::Secret),
    ("nginx.org/basic-auth-secret", ConfigKind::Secret),
];

#[cfg(test)]
mod tests {
    use super::ANNOTATIONS;
    use super::referent;

    #[test]
    fn knows_its_annotations_and_no_others() {
        assert!(ANNOTATIONS.iter().all(|(key, kind)| referent(key) == Some(*kind)));
        assert!(ANNOTATIONS.is_sorted());
        assert_eq!(referent("nginx.ingress.kubernetes.io/rewrite-target"), None);
    }
}
