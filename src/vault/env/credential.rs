//! The variables by which a run itself gets in somewhere. No vault gives them: anyone who may change the project could have them put into a
//! manifest.

/// What the names of such variables begin with: cloze's own, those of the tools of vaults and clusters, and those that CI systems keep for
/// what they set themselves, be it a credential or not.
const FAMILIES: &[&str] = &[
    "ACTIONS_",
    "ANSIBLE_VAULT_",
    "ARM_",
    "AWS_",
    "AZP_",
    "AZURE_",
    "AZURESUBSCRIPTION_",
    "BAO_",
    "BITBUCKET_",
    "BUILDKITE_",
    "CIRCLE_",
    "CI_",
    "CLOUDSDK_",
    "CLOZE_",
    "CODEBUILD_",
    "CONSUL_",
    "DRONE_",
    "GH_",
    "GITHUB_",
    "GITLAB_",
    "GOOGLE_",
    "IDENTITY_",
    "JENKINS_",
    "MSI_",
    "NOMAD_",
    "NPM_CONFIG_",
    "OP_",
    "SOPS_",
    "SSH_",
    "SYSTEM_",
    "TEAMCITY_",
    "TF_TOKEN_",
    "TRAVIS_",
    "VAULT_",
    "VSS_",
];
/// Others, by their whole names.
const NAMES: &[&str] = &["ALL_PROXY", "DOCKER_AUTH_CONFIG", "HTTPS_PROXY", "HTTP_PROXY", "KUBECONFIG", "NODE_AUTH_TOKEN", "NPM_TOKEN"];

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
            "CIRCLE_OIDC_TOKEN_V2",
            "BUILDKITE_AGENT_ACCESS_TOKEN",
            "CI_DEPENDENCY_PROXY_PASSWORD",
            "CI_REPOSITORY_URL",
            "BITBUCKET_STEP_OIDC_TOKEN",
            "VSS_NUGET_ACCESSTOKEN",
            "AZP_TOKEN",
            "OP_SERVICE_ACCOUNT_TOKEN",
            "SOPS_AGE_KEY",
            "ANSIBLE_VAULT_PASSWORD",
            "NPM_TOKEN",
            "SSH_AUTH_SOCK",
            "GITHUB_REF",
        ] {
            assert!(is_credential(name), "{name}");
        }
        for name in ["SHOP_DB_PASSWORD", "DB_PASSWORD", "MY_VAULT_TOKEN", "CIRCLE", "OPS_TOKEN", "VAULT", "AWS", "SYSTEMD_X"] {
            assert!(!is_credential(name), "{name}");
        }
    }
}
