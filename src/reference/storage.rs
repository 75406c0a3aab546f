//! Parameters of a `StorageClass` that name a Secret.

use crate::reference::Presence;

/// Whether the parameter names a Secret, the parameter that names its namespace, and whether the Secret has to be there.
pub(super) fn secret(parameter: &str) -> Option<(String, Presence)> {
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
