//! The variables by which a run itself gets in somewhere. No vault gives them: whoever may change the project could have them put into a
//! manifest.

/// What the names of such variables begin with: cloze's own and those of the vaults' own tools and of CI systems.
const FAMILIES: &[&str] = &[
    "ACTIONS_",
    "ARM_",
    "AWS_",
    "AZURE_",
    "AZURESUBSCRIPTION_",
    "BAO_",
    "CI_JOB_",
    "CLOUDSDK_",
    "CLOZE_",
    "GOOGLE_",
    "IDENTITY_",
    "MSI_",
    "SYSTEM_",
    "VAULT_",
];
/// Others, by their whole names.
const NAMES: &[&str] = &[
    "ALL_PROXY",
    "CI_DEPLOY_PASSWORD",
    "CI_REGISTRY_PASSWORD",
    "DOCKER_AUTH_CONFIG",
    "GH_ENTERPRISE_TOKEN",
    "GH_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "KUBECONFIG",
];

/// Whether a variable is one of a run's own credentials, or says where they go. In upper or lower case, as proxies are written.
pub(super) fn is_credential(variable: &str) -> bool {
    let upper = variable.to_ascii_uppercase();
    FAMILIES.iter().any(|family| upper.starts_with(family)) || NAMES.contains(&upper.as_str())
}

#[cfg(test)]
mod tests {
    use super::is_credential;

    #[test]
    fn what_lets_a_run_in_is_known() {
        for name in [
            "CLOZE_PASSPHRASE",
            "VAULT_TOKEN",
            "BAO_TOKEN",
            "VAULT_SECRET_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AZURE_CLIENT_SECRET",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
            "ACTIONS_RUNTIME_TOKEN",
            "GITHUB_TOKEN",
            "CI_JOB_TOKEN",
            "CI_JOB_JWT_V2",
            "SYSTEM_ACCESSTOKEN",
            "https_proxy",
        ] {
            assert!(is_credential(name), "{name}");
        }
        for name in ["SHOP_DB_PASSWORD", "DB_PASSWORD", "MY_VAULT_TOKEN", "GITHUB_REF", "VAULT", "AWS", "SYSTEMD_X"] {
            assert!(!is_credential(name), "{name}");
        }
    }
}
