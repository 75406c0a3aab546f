//! The environment variables that cloze reads, each a constant. The library reads none; the binary hands them in.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::quote::quote;
use crate::secret::Secret;
use crate::suggest::suggest;

/// An environment variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it sets.
    pub about: &'static str,
    /// Whether its value is a secret, which is shown nowhere.
    pub secret: bool,
}

const fn plain(name: &'static str, about: &'static str) -> Variable {
    Variable { name, about, secret: false }
}

const fn secret(name: &'static str, about: &'static str) -> Variable {
    Variable { name, about, secret: true }
}

/// The project's directory.
pub const DIR: Variable = plain("CLOZE_DIR", "the project's directory, as `-C`");
/// The environment.
pub const ENV: Variable = plain("CLOZE_ENV", "the environment, as `-e`");
/// The namespace of objects that name none.
pub const NAMESPACE: Variable = plain("CLOZE_NAMESPACE", "the namespace of objects that do not name one, as the key `namespace`");
/// How objects are named.
pub const NAMES: Variable = plain("CLOZE_NAMES", "`versioned` or `stable`, as the key `names`");
/// Patterns of templates.
pub const TEMPLATES: Variable = plain("CLOZE_TEMPLATES", "patterns of templates, separated by commas, in place of the project's");
/// More values files.
pub const VALUES: Variable = plain("CLOZE_VALUES", "values files, separated by commas, on top of the environment's");
/// Where the history is kept.
pub const HISTORY_URL: Variable = plain("CLOZE_HISTORY_URL", "where the history is kept, as the key `history.url`");
/// The id of the history that is meant.
pub const STORE_ID: Variable = plain("CLOZE_STORE_ID", "the id of the history that is meant, as `--store-id`");
/// The key file.
pub const KEY_FILE: Variable = plain("CLOZE_KEY_FILE", "the key file, a path anywhere on the machine");
/// The passphrase of a passphrase recipient.
pub const PASSPHRASE: Variable = secret("CLOZE_PASSPHRASE", "the passphrase of a recipient of kind `passphrase`");
/// The age identities.
pub const AGE_KEY_FILE: Variable = plain("CLOZE_AGE_KEY_FILE", "a file of age identities, for keys of kind `age`");
/// The age identities, as SOPS knows them.
pub const SOPS_AGE_KEY_FILE: Variable = plain("SOPS_AGE_KEY_FILE", "as `CLOZE_AGE_KEY_FILE`, and after it");
/// An age identity, as SOPS knows it.
pub const SOPS_AGE_KEY: Variable = secret("SOPS_AGE_KEY", "age identities themselves, where no file of them is named");
/// The context of the kubeconfig.
pub const CONTEXT: Variable = plain("CLOZE_CONTEXT", "the context of the kubeconfig, as the key `cluster.context`");
/// How long vaults may be asked.
pub const DEADLINE: Variable = plain("CLOZE_DEADLINE", "how long vaults may be asked, as `--deadline`");
/// How much a run may cost.
pub const BUDGET: Variable =
    plain("CLOZE_BUDGET", "how much a run may cost: 1 to 64 times the usual text, values, time and memory of rendering");
/// Rules of the owner of the run.
pub const POLICY: Variable =
    plain("CLOZE_POLICY", "a file of rules outside the repository, which objects keep to beside the project's own");
/// Whose masker gets values.
pub const MASK: Variable = plain("CLOZE_MASK", "`auto`, `github` or `azure`: whose log masker gets the values, as `--mask-ci`");
/// The form of the output.
pub const FORMAT: Variable = plain("CLOZE_FORMAT", "`human` or `json`, as `--format`");
/// Whether to colour.
pub const COLOR: Variable = plain("CLOZE_COLOR", "`auto`, `always` or `never`, as `--color`");
/// What shows long results.
pub const PAGER: Variable = plain("CLOZE_PAGER", "the command of a pager for long results, before `PAGER`; empty or `cat` for none");
/// The address of a HashiCorp Vault that has none in the project file.
pub const VAULT_ADDR: Variable = plain("VAULT_ADDR", "the address of a `hashicorp` vault for which the project file does not say it");
/// The same for OpenBao, which comes first.
pub const BAO_ADDR: Variable = plain("BAO_ADDR", "as `VAULT_ADDR`, and before it");
/// The namespace of a HashiCorp Vault that has none in the project file.
pub const VAULT_NAMESPACE: Variable =
    plain("VAULT_NAMESPACE", "the namespace of a `hashicorp` vault for which the project file does not say it");
/// The same for OpenBao, which comes first.
pub const BAO_NAMESPACE: Variable = plain("BAO_NAMESPACE", "as `VAULT_NAMESPACE`, and before it");
/// The authorities that sign for HashiCorp Vaults.
pub const VAULT_CACERT: Variable = plain("VAULT_CACERT", "a file of authorities (PEM) for `hashicorp` vaults");
/// The same for OpenBao, which comes first.
pub const BAO_CACERT: Variable = plain("BAO_CACERT", "as `VAULT_CACERT`, and before it");
/// The client's certificate for HashiCorp Vaults.
pub const VAULT_CLIENT_CERT: Variable = plain("VAULT_CLIENT_CERT", "a file with the client's certificate (PEM) for `hashicorp` vaults");
/// The same for OpenBao, which comes first.
pub const BAO_CLIENT_CERT: Variable = plain("BAO_CLIENT_CERT", "as `VAULT_CLIENT_CERT`, and before it");
/// The key of the client's certificate for HashiCorp Vaults.
pub const VAULT_CLIENT_KEY: Variable = plain("VAULT_CLIENT_KEY", "a file with the key (PEM) of that certificate");
/// The same for OpenBao, which comes first.
pub const BAO_CLIENT_KEY: Variable = plain("BAO_CLIENT_KEY", "as `VAULT_CLIENT_KEY`, and before it");
/// The role to log in as.
pub const VAULT_ROLE: Variable = plain("VAULT_ROLE", "the role to log in as, where the project file does not say it");
/// The file of the token or JWT.
pub const VAULT_TOKEN_FILE: Variable = plain("VAULT_TOKEN_FILE", "a file with the token, or with the JWT to log in with");
/// The token for HashiCorp Vaults.
pub const VAULT_TOKEN: Variable = secret("VAULT_TOKEN", "the token for `hashicorp` vaults");
/// The same for OpenBao, which comes first.
pub const BAO_TOKEN: Variable = secret("BAO_TOKEN", "as `VAULT_TOKEN`, and before it");
/// The role of an `AppRole` login.
pub const VAULT_ROLE_ID: Variable = secret("VAULT_ROLE_ID", "the role id of an AppRole login");
/// The secret of an `AppRole` login.
pub const VAULT_SECRET_ID: Variable = secret("VAULT_SECRET_ID", "the secret id of an AppRole login");
/// The JWT of a CI system for HashiCorp Vaults.
pub const VAULT_ID_TOKEN: Variable = secret("VAULT_ID_TOKEN", "the JWT of the CI system (GitLab `id_tokens`) for a `jwt` login");
/// The tenant of Azure.
pub const AZURE_TENANT_ID: Variable = plain("AZURE_TENANT_ID", "the tenant of an `azure` vault for which the project file does not say it");
/// The application of Azure.
pub const AZURE_CLIENT_ID: Variable = plain("AZURE_CLIENT_ID", "the application (client) id for `azure` vaults");
/// The secret of the application.
pub const AZURE_CLIENT_SECRET: Variable = secret("AZURE_CLIENT_SECRET", "the client secret of that application");
/// The certificate of the application.
pub const AZURE_CLIENT_CERTIFICATE_PATH: Variable =
    plain("AZURE_CLIENT_CERTIFICATE_PATH", "a file with the certificate and key (PEM) of that application");
/// The federated token of a workload.
pub const AZURE_FEDERATED_TOKEN_FILE: Variable =
    plain("AZURE_FEDERATED_TOKEN_FILE", "the file of the federated token, as AKS workload identity sets it");
/// The JWT of a CI system for Azure.
pub const AZURE_ID_TOKEN: Variable = secret("AZURE_ID_TOKEN", "the JWT of the CI system (GitLab `id_tokens`) for `azure` vaults");
/// The authority of Azure.
pub const AZURE_AUTHORITY_HOST: Variable =
    plain("AZURE_AUTHORITY_HOST", "the authority of `azure` vaults, where the cloud's own is not meant");
/// The service connection of Azure Pipelines.
pub const AZURESUBSCRIPTION_SERVICE_CONNECTION_ID: Variable =
    plain("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "the service connection, as Azure Pipelines sets it");
/// Where Azure Pipelines gives tokens.
pub const SYSTEM_OIDCREQUESTURI: Variable = plain("SYSTEM_OIDCREQUESTURI", "where Azure Pipelines gives a JWT");
/// The job's token of Azure Pipelines.
pub const SYSTEM_ACCESSTOKEN: Variable = secret("SYSTEM_ACCESSTOKEN", "the job's token of Azure Pipelines");
/// Where GitHub Actions gives tokens.
pub const ACTIONS_ID_TOKEN_REQUEST_URL: Variable = plain("ACTIONS_ID_TOKEN_REQUEST_URL", "where GitHub Actions gives a JWT");
/// The job's token of GitHub Actions.
pub const ACTIONS_ID_TOKEN_REQUEST_TOKEN: Variable = secret("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "the job's token of GitHub Actions");
/// The authorities that sign for AWS.
pub const AWS_CA_BUNDLE: Variable = plain("AWS_CA_BUNDLE", "a file of authorities (PEM) for `aws` vaults");
/// The project of Google Cloud.
pub const GOOGLE_CLOUD_PROJECT: Variable =
    plain("GOOGLE_CLOUD_PROJECT", "the project of a `gcp` vault for which the project file does not say it");
/// The endpoint of Secret Manager, as `gcloud` knows it.
pub const CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER: Variable = plain(
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER",
    "the endpoint of `gcp` vaults for which the project file does not say it, as `gcloud` knows it",
);
/// The endpoint of Cloud KMS, as `gcloud` knows it.
pub const CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS: Variable = plain(
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS",
    "the endpoint of `gcp` keys for which the project file does not say it, as `gcloud` knows it",
);
/// Who may have credentials.
pub const TRUST: Variable = plain(
    "CLOZE_TRUST",
    "origins that may have the run's credentials, separated by commas or white space; `ORIGIN=AUDIENCE` for id tokens of an audience",
);
/// The proxy on the way to vaults, as curl has it: the lower case first.
pub const HTTPS_PROXY: Variable = secret("HTTPS_PROXY", "the HTTP proxy by which services are reached, such as `http://proxy:3128`");
/// The same, and before it.
pub const HTTPS_PROXY_LOWER: Variable = secret("https_proxy", "as `HTTPS_PROXY`, and before it");
/// The proxy for whatever has no proxy of its own.
pub const ALL_PROXY: Variable = secret("ALL_PROXY", "as `HTTPS_PROXY`, and after it");
/// The same, and before it.
pub const ALL_PROXY_LOWER: Variable = secret("all_proxy", "as `ALL_PROXY`, and before it");
/// What is reached without a proxy.
pub const NO_PROXY: Variable = plain("NO_PROXY", "domains, addresses and networks that are reached without the proxy, separated by commas");
/// The same, and before it.
pub const NO_PROXY_LOWER: Variable = plain("no_proxy", "as `NO_PROXY`, and before it");
/// The authorities that are believed in place of the system's.
pub const SSL_CERT_FILE: Variable =
    plain("SSL_CERT_FILE", "a file of authorities (PEM) in place of the system's, for vaults whose settings do not name one");
/// The variables that name a proxy, the first one first.
pub const PROXIES: &[Variable] = &[HTTPS_PROXY_LOWER, HTTPS_PROXY, ALL_PROXY_LOWER, ALL_PROXY];
/// Whether programs may be run as vaults.
pub const ALLOW_EXEC: Variable =
    plain("CLOZE_ALLOW_EXEC", "`1` or `true` lets vaults of kind `exec` run their programs, as `--allow-exec`");

/// The variables that programs get beside the usual few.
pub const EXEC_ENV: Variable =
    plain("CLOZE_EXEC_ENV", "names of variables that vaults of kind `exec` get too, separated by commas; `OP_*` is all that begin so");

/// What the variables of cloze's own begin with.
const PREFIX: &str = "CLOZE_";

/// All of them.
pub const ALL: &[Variable] = &[
    DIR,
    ENV,
    NAMESPACE,
    NAMES,
    TEMPLATES,
    VALUES,
    HISTORY_URL,
    STORE_ID,
    KEY_FILE,
    PASSPHRASE,
    AGE_KEY_FILE,
    SOPS_AGE_KEY_FILE,
    SOPS_AGE_KEY,
    CONTEXT,
    DEADLINE,
    BUDGET,
    POLICY,
    MASK,
    FORMAT,
    COLOR,
    PAGER,
    VAULT_ADDR,
    BAO_ADDR,
    VAULT_NAMESPACE,
    BAO_NAMESPACE,
    VAULT_CACERT,
    BAO_CACERT,
    VAULT_CLIENT_CERT,
    BAO_CLIENT_CERT,
    VAULT_CLIENT_KEY,
    BAO_CLIENT_KEY,
    VAULT_ROLE,
    VAULT_TOKEN_FILE,
    VAULT_TOKEN,
    BAO_TOKEN,
    VAULT_ROLE_ID,
    VAULT_SECRET_ID,
    VAULT_ID_TOKEN,
    AZURE_TENANT_ID,
    AZURE_CLIENT_ID,
    AZURE_CLIENT_SECRET,
    AZURE_CLIENT_CERTIFICATE_PATH,
    AZURE_FEDERATED_TOKEN_FILE,
    AZURE_ID_TOKEN,
    AZURE_AUTHORITY_HOST,
    AZURESUBSCRIPTION_SERVICE_CONNECTION_ID,
    SYSTEM_OIDCREQUESTURI,
    SYSTEM_ACCESSTOKEN,
    ACTIONS_ID_TOKEN_REQUEST_URL,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN,
    AWS_CA_BUNDLE,
    GOOGLE_CLOUD_PROJECT,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS,
    HTTPS_PROXY,
    HTTPS_PROXY_LOWER,
    ALL_PROXY,
    ALL_PROXY_LOWER,
    NO_PROXY,
    NO_PROXY_LOWER,
    SSL_CERT_FILE,
    TRUST,
    ALLOW_EXEC,
    EXEC_ENV,
];

/// The values of those variables that are set and not empty. `Debug` prints names only.
#[derive(Default)]
pub struct Variables {
    plain: BTreeMap<&'static str, String>,
    secret: BTreeMap<&'static str, Secret>,
    unknown: Vec<Problem>,
}

/// The variables, ours and those of the vaults' and the clouds' tools, whose value is the path of a file that is secret or that no message should quote.
const PATHS: [&str; 15] = [
    "CLOZE_KEY_FILE",
    "VAULT_TOKEN_FILE",
    "VAULT_CLIENT_CERT",
    "BAO_CLIENT_CERT",
    "VAULT_CLIENT_KEY",
    "BAO_CLIENT_KEY",
    "VAULT_CACERT",
    "BAO_CACERT",
    "SSL_CERT_FILE",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "KUBECONFIG",
];

/// Whether a value is a key, a token, a certificate or a document rather than a path: CI systems hold secrets as texts, and some as files.
fn is_content(value: &[u8]) -> bool {
    let begins = ["cloze-key-", "-----BEGIN", "{", "eyJ", "hvs.", "AGE-SECRET-KEY-", "apiVersion:"]
        .iter()
        .any(|start| value.trim_ascii_start().starts_with(start.as_bytes()));
    begins || value.trim_ascii().contains(&b'\n') || value.len() > 4096
}

impl Variables {
    /// Keeps the variables of cloze in a process environment and drops the rest.
    pub fn collect(pairs: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Self, Problems> {
        let mut variables = Self::default();
        let mut problems = Vec::new();
        for (name, value) in pairs {
            let Some(name) = name.to_str() else { continue };
            if PATHS.contains(&name) && is_content(value.as_encoded_bytes()) {
                let reason = format!("`{name}` names a file, and holds what belongs into it");
                problems.push(Problem::new(
                    Fault::Usage,
                    reason,
                    "write its value to a file that only you can read, and set it to the path of that file",
                ));
                continue;
            }
            match ALL.iter().find(|known| known.name == name) {
                Some(_) if value.is_empty() => {}
                Some(known) if known.secret => {
                    variables.secret.insert(known.name, Secret::new(value.into_encoded_bytes()));
                }
                Some(known) => match value.into_string() {
                    Ok(value) => {
                        variables.plain.insert(known.name, value);
                    }
                    Err(_) => {
                        problems.push(Problem::new(Fault::Usage, format!("`{name}` is not UTF-8 text"), "set it to text, or unset it"));
                    }
                },
                None if name.starts_with(PREFIX) => {
                    // What all of them begin with says nothing of which is meant.
                    let next = match suggest(&name[PREFIX.len()..], ALL.iter().filter_map(|known| known.name.strip_prefix(PREFIX))) {
                        Some(known) => format!("write `{PREFIX}{known}`"),
                        None => "unset it".to_owned(),
                    };
                    variables.unknown.push(Problem::new(Fault::Usage, format!("unknown environment variable {}", quote(name)), next));
                }
                None => {}
            }
        }
        variables.unknown.sort();
        Problems::or(variables, problems)
    }

    /// The value of a variable that is not a secret.
    pub fn get(&self, variable: Variable) -> Option<&str> {
        self.plain.get(variable.name).map(String::as_str)
    }

    /// The value of a variable that is a secret.
    pub fn secret(&self, variable: Variable) -> Option<&Secret> {
        self.secret.get(variable.name)
    }

    /// A warning for each variable that begins with `CLOZE_` and that means nothing to cloze.
    pub fn unknown(&self) -> &[Problem] {
        &self.unknown
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.plain.keys()).entries(self.secret.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use super::ALL;
    use super::ENV;
    use super::VAULT_TOKEN;
    use super::Variables;

    fn pairs(list: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        list.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect()
    }

    #[test]
    fn what_names_a_file_does_not_hold_it() {
        for (name, value) in [
            ("CLOZE_KEY_FILE", "cloze-key-v1 44044404 CANARY="),
            ("VAULT_TOKEN_FILE", "hvs.CANARY"),
            ("VAULT_CLIENT_KEY", "-----BEGIN PRIVATE KEY-----\nCANARY"),
            ("AZURE_FEDERATED_TOKEN_FILE", "eyJhbGciOi.CANARY"),
            ("GOOGLE_APPLICATION_CREDENTIALS", " { \"type\": \"service_account\", \"private_key\": \"CANARY\" }"),
            ("KUBECONFIG", "kind: Config\ntoken: CANARY"),
        ] {
            let problems = Variables::collect(pairs(&[(name, value)])).unwrap_err();
            let said = format!("{problems:?}");
            assert!(said.contains(&format!("`{name}` names a file, and holds what belongs into it")) && !said.contains("CANARY"), "{said}");
            Variables::collect(pairs(&[(name, "/run/secrets/a file:b"), (name, "C:key"), (name, "")])).unwrap();
        }
    }

    #[test]
    fn only_known_variables_are_kept_and_secrets_do_not_print() {
        let variables =
            Variables::collect(pairs(&[("CLOZE_ENV", "dev"), ("VAULT_TOKEN", "CANARY"), ("PATH", "/bin"), ("CLOZE_NAMES", "")])).unwrap();
        assert_eq!(variables.get(ENV), Some("dev"));
        assert_eq!(variables.get(VAULT_TOKEN), None);
        assert_eq!(variables.secret(VAULT_TOKEN).unwrap().expose(), b"CANARY");
        assert_eq!(format!("{variables:?}"), r#"{"CLOZE_ENV", "VAULT_TOKEN"}"#);
    }

    #[test]
    fn a_slip_in_a_name_is_told() {
        let variables = Variables::collect(pairs(&[("CLOZE_NAMSPACE", "x"), ("CLOZE_", ""), ("CLOZE_TOKEN", "")])).unwrap();
        let lines: Vec<String> = variables.unknown().iter().map(|problem| format!("{problem}; {}", problem.next)).collect();
        assert_eq!(
            lines,
            [
                "unknown environment variable `CLOZE_NAMSPACE`; write `CLOZE_NAMESPACE`",
                "unknown environment variable `CLOZE_TOKEN`; unset it",
                "unknown environment variable `CLOZE_`; unset it"
            ]
        );
    }

    #[test]
    fn what_is_no_text_is_a_problem() {
        let problems = Variables::collect([(OsString::from("CLOZE_ENV"), OsString::from_vec(vec![0xff]))]).unwrap_err();
        assert_eq!(format!("{problems}; {}", problems.list()[0].next), "`CLOZE_ENV` is not UTF-8 text; set it to text, or unset it");
    }

    #[test]
    fn every_variable_stands_in_the_list_once_and_is_described() {
        let source = include_str!("variable.rs");
        let constants = source.lines().filter(|line| line.starts_with("pub const ") && line.contains(": Variable =")).count();
        assert_eq!(ALL.len(), constants);
        let mut names: Vec<&str> = ALL.iter().map(|variable| variable.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), constants);
        assert!(ALL.iter().all(|variable| !variable.about.is_empty()));
    }
}
