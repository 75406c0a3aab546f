//! The kinds of vaults: the word of each, and the keys that can be said of it. The reader of project files, the settings, the published schema
//! and the documentation's test all read these tables.

use crate::project::variable;
use crate::project::vault::field::Field;
use crate::project::vault::field::Form;
use crate::project::vault::field::field;

/// What a vault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VaultKind {
    /// A file of the project with one sealed entry per secret version.
    Local,
    /// The KV engine of HashiCorp Vault or OpenBao.
    Hashicorp,
    /// Azure Key Vault.
    Azure,
    /// AWS Secrets Manager or SSM Parameter Store.
    Aws,
    /// Google Secret Manager.
    Gcp,
    /// Environment variables.
    Env,
    /// A program of the user's.
    Exec,
}

/// A kind of vault: its word, what it is, and its keys besides `kind` and `prefixes`.
type Kind = (VaultKind, &'static str, &'static str, &'static [Field]);

const KINDS: &[Kind] = &[
    (VaultKind::Local, "local", "A file of the project with one sealed entry per secret version.", LOCAL),
    (VaultKind::Hashicorp, "hashicorp", "The KV engine of HashiCorp Vault or OpenBao.", HASHICORP),
    (VaultKind::Azure, "azure", "Azure Key Vault.", AZURE),
    (VaultKind::Aws, "aws", "AWS Secrets Manager or SSM Parameter Store, with the credentials of AWS's standard chain.", AWS),
    (VaultKind::Gcp, "gcp", "Google Secret Manager, with application default credentials.", GCP),
    (VaultKind::Env, "env", "Environment variables, as CI systems inject them.", ENV),
    (
        VaultKind::Exec,
        "exec",
        "A program that gives values: run only where the run allows it with --allow-exec or CLOZE_ALLOW_EXEC=1.",
        EXEC,
    ),
];

impl VaultKind {
    /// All kinds with their words in project files.
    pub(in crate::project) fn all() -> Vec<(&'static str, Self)> {
        KINDS.iter().map(|(kind, word, ..)| (*word, *kind)).collect()
    }

    /// The word in project files.
    pub fn word(self) -> &'static str {
        self.row().1
    }

    /// What it is, as the schema says it.
    pub(in crate::project) fn about(self) -> &'static str {
        self.row().2
    }

    /// The keys that can be said of it besides `kind` and `prefixes`.
    pub(in crate::project) fn fields(self) -> &'static [Field] {
        self.row().3
    }

    /// The keys that the project file itself has to say.
    pub(in crate::project) fn required(self) -> Vec<&'static str> {
        ["kind"].into_iter().chain(self.fields().iter().filter(|field| field.is_said()).map(|field| field.key)).collect()
    }

    fn row(self) -> &'static Kind {
        KINDS.iter().find(|(kind, ..)| *kind == self).unwrap_or_else(|| unreachable!("each kind has a row"))
    }
}

const LOCAL: &[Field] = &[field("path", Form::Path, "The file.").default("secrets/ENV.vault")];

const HASHICORP: &[Field] = &[
    field("address", Form::Address, "Scheme, host and port.").or(&[variable::BAO_ADDR, variable::VAULT_ADDR]).required(),
    field("mount", Form::VaultPath, "The engine's mount path.").default("secret"),
    field("engine", Form::Word(&["kv-v1", "kv-v2"], "an engine"), "The engine's version.").default("kv-v2"),
    field("namespace", Form::VaultPath, "The Vault namespace.").or(&[variable::BAO_NAMESPACE, variable::VAULT_NAMESPACE]),
    field(
        "auth",
        Form::Word(&["token", "approle", "kubernetes", "jwt"], "a way to log in"),
        "How to log in. A token is that of VAULT_TOKEN, a token file or ~/.vault-token.",
    )
    .default("token"),
    field("authMount", Form::VaultPath, "Where that method is mounted, if not at its own name."),
    field("role", Form::Text, "The role to log in as.").or(&[variable::VAULT_ROLE]),
    field("audience", Form::Text, "The audience of the token that is asked for at the CI system, if not the address."),
    field("tokenFile", Form::Path, "The file of the token, or of the JWT to log in with.").or(&[variable::VAULT_TOKEN_FILE]),
    CA.or(&[variable::BAO_CACERT, variable::VAULT_CACERT]),
    field("clientCertificate", Form::Path, "The client's certificate in PEM.")
        .or(&[variable::BAO_CLIENT_CERT, variable::VAULT_CLIENT_CERT]),
    field("clientKey", Form::Path, "Its key in PEM.").or(&[variable::BAO_CLIENT_KEY, variable::VAULT_CLIENT_KEY]),
    CONCURRENCY,
];

const AZURE: &[Field] = &[
    field("url", Form::Address, "The vault, such as https://shop.vault.azure.net").required(),
    field(
        "credential",
        Form::Word(
            &["client-secret", "client-certificate", "workload-identity", "github", "azure-pipelines", "managed-identity", "azure-cli"],
            "a credential",
        ),
        "The way in. Default: what the environment's variables are set for, and the Azure CLI where they are not set",
    ),
    field("tenant", Form::Text, "The tenant's id.").or(&[variable::AZURE_TENANT_ID]),
    field("client", Form::Text, "The application's or identity's client id.").or(&[variable::AZURE_CLIENT_ID]),
    field("authority", Form::Address, "The authority, one of Microsoft Entra's or on the loopback, if not that of the vault's cloud.")
        .or(&[variable::AZURE_AUTHORITY_HOST]),
    field("apiVersion", Form::Text, "The version of the service's interface."),
    field("serviceConnection", Form::Text, "The service connection of Azure Pipelines.")
        .or(&[variable::AZURESUBSCRIPTION_SERVICE_CONNECTION_ID]),
    field("certificate", Form::Path, "The client certificate and its key in PEM.").or(&[variable::AZURE_CLIENT_CERTIFICATE_PATH]),
    field("tokenFile", Form::Path, "The file of the federated token.").or(&[variable::AZURE_FEDERATED_TOKEN_FILE]),
    CA,
    CONCURRENCY,
];

const AWS: &[Field] = &[
    field("service", Form::Word(&["secrets-manager", "parameter-store"], "a service"), "The service.").default("secrets-manager"),
    field("region", Form::Text, "The region. Default: that of AWS's standard chain"),
    field("profile", Form::Text, "The profile of the shared configuration. Default: AWS_PROFILE"),
    field(
        "endpoint",
        Form::Address,
        "Another endpoint of AWS's or on the loopback. Default: AWS_ENDPOINT_URL, which may be any, or the region's own",
    ),
    CA.or(&[variable::AWS_CA_BUNDLE]),
    CONCURRENCY,
];

const GCP: &[Field] = &[
    field("project", Form::Text, "The project's id.").or(&[variable::GOOGLE_CLOUD_PROJECT]).required(),
    field("location", Form::Text, "The location of regional secrets."),
    field("endpoint", Form::Address, "Another endpoint of Google's or on the loopback.")
        .or(&[variable::CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER]),
    field("credentials", Form::Path, "A file of credentials, in place of the application default ones."),
    CA,
    CONCURRENCY,
];

const ENV: &[Field] = &[field("prefix", Form::Text, "What the variables' names begin with; a secret's name is what follows.")];

const EXEC: &[Field] = &[field("command", Form::Texts, "The program and its arguments.").required()];

/// How many requests are open at once at most.
const CONCURRENCY: Field =
    field("concurrency", Form::Count, "The most requests that are open at once; fewer where the vault refuses or slows down.")
        .default("128");

/// Whose signature makes the server's certificate valid.
const CA: Field = field("ca", Form::Path, "A file of authorities in PEM, in place of the system's.");
