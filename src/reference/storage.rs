//! Parameters of a `StorageClass` that name a Secret.

use crate::manifest::ConfigKind;
use crate::manifest::Entry;
use crate::manifest::Value;
use crate::reference::Presence;
use crate::reference::ReferenceSite;
use crate::reference::Visit;
use crate::reference::shape::is_pattern;
use crate::reference::shape::text;

/// Shows `visitor` the Secret that a parameter of a `StorageClass` names, and writes what it answers.
pub(super) fn parameter<B>(entries: &mut [Entry<B>], index: usize, fixed: Option<&'static str>, visitor: &mut impl Visit) {
    let entry = &entries[index];
    let (Some((beside, presence)), Some(name)) = (secret(&entry.key), entry.node.as_text()) else { return };
    if is_pattern(name) {
        return;
    }
    let namespace = text(entries, &beside).filter(|namespace| !is_pattern(namespace));
    let mark = entry.node.mark;
    let site = ReferenceSite { referent: ConfigKind::Secret, name, namespace, keys: Vec::new(), text_only: false, presence, fixed, mark };
    if let Some(name) = visitor.reference(&site) {
        entries[index].node.value = Value::Text(name.into());
    }
}

/// Whether the parameter names a Secret, the parameter that names its namespace, and whether the Secret has to be there.
fn secret(parameter: &str) -> Option<(String, Presence)> {
    if let Some(driver) = parameter.strip_prefix("csi.storage.k8s.io/").and_then(|rest| rest.strip_suffix("-secret-name")) {
        return Some((format!("csi.storage.k8s.io/{driver}-secret-namespace"), Presence::Required));
    }
    // Some provisioners make these Secrets themselves.
    match parameter {
        "secretName" | "secretRef" => Some(("secretNamespace".to_owned(), Presence::Optional)),
        "adminSecretName" => Some(("adminSecretNamespace".to_owned(), Presence::Optional)),
        "userSecretName" => Some(("userSecretNamespace".to_owned(), Presence::Optional)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::secret;
    use crate::reference::Presence;

    #[test]
    fn tells_secrets_from_other_parameters() {
        let (namespace, presence) = secret("csi.storage.k8s.io/node-stage-secret-name").unwrap();
        assert_eq!(namespace, "csi.storage.k8s.io/node-stage-secret-namespace");
        assert_eq!(presence, Presence::Required);
        assert_eq!(secret("adminSecretName").unwrap(), ("adminSecretNamespace".to_owned(), Presence::Optional));
        assert!(secret("secretRef").is_some() && secret("userSecretName").is_some());
        assert_eq!(secret("csi.storage.k8s.io/fstype"), None);
        assert_eq!(secret("secretNamespace"), None);
    }
}
