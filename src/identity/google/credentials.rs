//! The JSON of Google's credentials, as `gcloud` writes it.

use crate::identity::google::external::ExternalAccount;
use crate::identity::google::field::lacking;
use crate::identity::google::field::secret;
use crate::identity::google::field::text;
use crate::identity::google::field::unusable;
use crate::identity::signed_jwt::Algorithm;
use crate::identity::signed_jwt::JwtSigner;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::json::Json;
use crate::service::json::JsonKind;

/// Where refresh tokens are exchanged, where the credentials do not say it.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// Credentials.
#[derive(Debug)]
pub(super) struct Credentials {
    pub(super) source: TokenSource,
    /// The project that pays.
    pub(super) quota_project: Option<String>,
}

/// Where tokens come from.
#[derive(Debug)]
pub(super) enum TokenSource {
    /// A service account's key signs tokens.
    ServiceAccount { email: String, key_id: Option<String>, signer: JwtSigner },
    /// A user's refresh token.
    User { token_uri: String, client_id: String, client_secret: Secret, refresh_token: Secret },
    /// The token of another identity provider.
    External(Box<ExternalAccount>),
    /// Another login that may act as a service account.
    Impersonated { url: String, delegates: Vec<String>, source: Box<TokenSource> },
    /// The machine's service account.
    MetadataServer,
}

impl Credentials {
    /// Reads the JSON.
    pub(super) fn read(json: &Secret) -> Result<Self, ServiceError> {
        let json = Json::parse(json.expose()).map_err(|_| unusable("are not JSON"))?;
        let quota_project = json.get("quota_project_id").and_then(|project| project.text());
        Ok(Self { source: source(json, 0)?, quota_project })
    }

    /// Those of the machine.
    pub(super) fn of_metadata_server() -> Self {
        Self { source: TokenSource::MetadataServer, quota_project: None }
    }
}

impl TokenSource {
    /// What it is, for a message.
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::ServiceAccount { .. } => "a service account's key",
            Self::User { .. } => "a user's login",
            Self::External(_) => "a federated workload",
            Self::Impersonated { .. } => "an impersonated service account",
            Self::MetadataServer => "the metadata server's service account",
        }
    }
}

fn source(json: Json<'_>, depth: u32) -> Result<TokenSource, ServiceError> {
    let kind = json.get("type").and_then(|kind| kind.text()).unwrap_or_default();
    Ok(match kind.as_str() {
        "service_account" => {
            let signer = JwtSigner::new(secret(json, "private_key")?.expose(), Algorithm::Rs256)
                .map_err(|_| unusable("have a private key that cannot be used"))?;
            let key_id = json.get("private_key_id").and_then(|id| id.text());
            TokenSource::ServiceAccount { email: text(json, "client_email")?, key_id, signer }
        }
        "authorized_user" => TokenSource::User {
            token_uri: json.get("token_uri").and_then(|uri| uri.text()).unwrap_or_else(|| TOKEN_URI.to_owned()),
            client_id: text(json, "client_id")?,
            client_secret: secret(json, "client_secret")?,
            refresh_token: secret(json, "refresh_token")?,
        },
        "external_account" => TokenSource::External(Box::new(ExternalAccount::read(json)?)),
        // One login can be the source of another, but hardly of a fifth.
        "impersonated_service_account" if depth < 4 => {
            let inner = json.get("source_credentials").filter(|inner| inner.kind() == JsonKind::Object);
            let inner = inner.ok_or_else(|| lacking("source_credentials"))?;
            let delegates = json.get("delegates").into_iter().flat_map(|list| list.members()).filter_map(|(_, name)| name.text());
            TokenSource::Impersonated {
                url: text(json, "service_account_impersonation_url")?,
                delegates: delegates.collect(),
                source: Box::new(source(inner, depth + 1)?),
            }
        }
        _ => return Err(unusable("are of an unknown type")),
    })
}
