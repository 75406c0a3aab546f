//! What can be said of each kind of vault, and which variables fill what is left open.

use crate::project::check::Refusal;
use crate::project::check::address;
use crate::project::check::path;
use crate::project::check::some;
use crate::project::check::vault_path;
use crate::project::path::normalise;
use crate::project::variable;
use crate::project::variable::Variable;
use crate::project::vault::VaultKind;
use crate::suggest::suggest;

/// A key of a kind of vault whose value is one text.
#[derive(Debug, Clone, Copy)]
pub(in crate::project) struct Field {
    /// The key.
    pub(in crate::project) key: &'static str,
    /// What its text is.
    pub(in crate::project) form: Form,
    /// The variables that fill it where the project file leaves it open, the first one first.
    pub(in crate::project) variables: &'static [Variable],
    /// What applies where nobody says anything.
    pub(in crate::project) default: Option<&'static str>,
}

/// What a text is.
#[derive(Debug, Clone, Copy)]
pub(in crate::project) enum Form {
    /// Any text that is not empty.
    Text,
    /// An `http` or `https` address.
    Address,
    /// A path beneath the root; in a variable a path anywhere.
    Path,
    /// A path inside a vault.
    VaultPath,
    /// One of these words, each of which is such a thing.
    Word(&'static [&'static str], &'static str),
}

/// The texts that can be said of a kind.
pub(in crate::project) fn fields(kind: VaultKind) -> &'static [Field] {
    match kind {
        VaultKind::Local => LOCAL,
        VaultKind::Hashicorp => HASHICORP,
        VaultKind::Azure => AZURE,
        VaultKind::Aws => AWS,
        VaultKind::Gcp => GCP,
        VaultKind::Env => ENV,
        VaultKind::Exec => &[],
    }
}

impl Form {
    /// Whether a text of the project file has this form.
    pub(in crate::project) fn check(self, text: &str) -> Result<(), Refusal> {
        match self {
            Self::Text => some(text),
            Self::Address => address(text),
            Self::Path => path(text),
            Self::VaultPath => vault_path(text),
            Self::Word(words, what) => word(text, words, what),
        }
    }

    /// Whether a variable's text has it.
    pub(in crate::project) fn check_variable(self, text: &str) -> Result<(), Refusal> {
        match self {
            Self::Path => some(text),
            other => other.check(text),
        }
    }

    /// The text in the one way of writing it.
    pub(in crate::project) fn tidy(self, text: String) -> String {
        match self {
            Self::Path => normalise(&text).unwrap_or(text),
            Self::VaultPath => text.strip_suffix('/').map_or(text.clone(), str::to_owned),
            Self::Text | Self::Address | Self::Word(..) => text,
        }
    }
}

fn word(text: &str, words: &[&str], what: &str) -> Result<(), Refusal> {
    if words.contains(&text) {
        return Ok(());
    }
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    let next = match suggest(text, words.iter().copied()) {
        Some(word) => format!("write `{word}`"),
        None => format!("write one of {}", quoted.join(", ")),
    };
    Err(Refusal { reason: format!("is not {what}"), next })
}

const fn field(key: &'static str, form: Form) -> Field {
    Field { key, form, variables: &[], default: None }
}

impl Field {
    const fn or(self, variables: &'static [Variable]) -> Self {
        Self { variables, ..self }
    }

    const fn default(self, text: &'static str) -> Self {
        Self { default: Some(text), ..self }
    }
}

const LOCAL: &[Field] = &[field("path", Form::Path)];

const HASHICORP: &[Field] = &[
    field("address", Form::Address).or(&[variable::BAO_ADDR, variable::VAULT_ADDR]),
    field("mount", Form::VaultPath).default("secret"),
    field("engine", Form::Word(&["kv-v1", "kv-v2"], "an engine")).default("kv-v2"),
    field("namespace", Form::VaultPath).or(&[variable::BAO_NAMESPACE, variable::VAULT_NAMESPACE]),
    field("auth", Form::Word(&["token", "approle", "kubernetes", "jwt"], "a way to log in")).default("token"),
    field("authMount", Form::VaultPath),
    field("role", Form::Text).or(&[variable::VAULT_ROLE]),
    field("audience", Form::Text),
    field("tokenFile", Form::Path).or(&[variable::VAULT_TOKEN_FILE]),
    field("ca", Form::Path).or(&[variable::BAO_CACERT, variable::VAULT_CACERT]),
    field("clientCertificate", Form::Path).or(&[variable::BAO_CLIENT_CERT, variable::VAULT_CLIENT_CERT]),
    field("clientKey", Form::Path).or(&[variable::BAO_CLIENT_KEY, variable::VAULT_CLIENT_KEY]),
];

const AZURE: &[Field] = &[
    field("url", Form::Address),
    field("credential", Form::Word(CREDENTIALS, "a credential")),
    field("tenant", Form::Text).or(&[variable::AZURE_TENANT_ID]),
    field("client", Form::Text).or(&[variable::AZURE_CLIENT_ID]),
    field("authority", Form::Address).or(&[variable::AZURE_AUTHORITY_HOST]),
    field("apiVersion", Form::Text),
    field("serviceConnection", Form::Text).or(&[variable::AZURESUBSCRIPTION_SERVICE_CONNECTION_ID]),
    field("certificate", Form::Path).or(&[variable::AZURE_CLIENT_CERTIFICATE_PATH]),
    field("tokenFile", Form::Path).or(&[variable::AZURE_FEDERATED_TOKEN_FILE]),
    field("ca", Form::Path),
];

/// The ways into Azure.
const CREDENTIALS: &[&str] =
    &["client-secret", "client-certificate", "workload-identity", "github", "azure-pipelines", "managed-identity", "azure-cli"];

const AWS: &[Field] = &[
    field("service", Form::Word(&["secrets-manager", "parameter-store"], "a service")).default("secrets-manager"),
    field("region", Form::Text),
    field("profile", Form::Text),
    field("endpoint", Form::Address),
    field("ca", Form::Path).or(&[variable::AWS_CA_BUNDLE]),
];

const GCP: &[Field] = &[
    field("project", Form::Text).or(&[variable::GOOGLE_CLOUD_PROJECT]),
    field("location", Form::Text),
    field("endpoint", Form::Address).or(&[variable::CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER]),
    field("credentials", Form::Path),
    field("ca", Form::Path),
];

const ENV: &[Field] = &[field("prefix", Form::Text)];
