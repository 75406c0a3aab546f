//! Workload identity federation: another identity provider's token is exchanged for one of Google's (RFC 8693, google.aip.dev/auth/4117).

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Url;
use reqwest::header::AUTHORIZATION;
use reqwest::header::HeaderName;
use serde_json::json;

use crate::clock::Timestamp;
use crate::identity::aws;
use crate::identity::file;
use crate::identity::google::exchange::Exchange;
use crate::identity::google::exchange::LoginParts;
use crate::identity::google::exchange::SCOPE;
use crate::identity::google::exchange::TokenWithEnd;
use crate::identity::google::exchange::form;
use crate::identity::google::field::text;
use crate::identity::google::field::unusable;
use crate::identity::google::refusal::Granting;
use crate::identity::program;
use crate::identity::token_service;
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::service::ServiceError;
use crate::service::http::Call;
use crate::service::json::Json;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// The user allows programs by this variable, as for Google's own clients.
const ALLOWED: &str = "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES";
const VERIFICATION: &str = "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";

/// A workload of another identity provider.
#[derive(Debug)]
pub(super) struct ExternalAccount {
    audience: String,
    token_type: String,
    token_url: String,
    /// The client of the pool, where it has one.
    client: Option<(String, Secret)>,
    user_project: Option<String>,
    /// Where a token of a service account is got for the workload's.
    pub(super) impersonation_url: Option<String>,
    source: SubjectTokenSource,
    /// The field of a JSON text in which the token is; the whole text without one.
    field: Option<String>,
}

/// Where the workload's own token comes from.
#[derive(Debug)]
enum SubjectTokenSource {
    File(PathBuf),
    Url { url: String, headers: Vec<(String, Secret)> },
    Program { command: String, output: Option<PathBuf> },
    Aws { verification: String },
}

impl ExternalAccount {
    /// Reads the JSON.
    pub(super) fn read(json: Json<'_>) -> Result<Self, ServiceError> {
        let optional = |name: &str| json.get(name).and_then(|value| value.text());
        let source = json.get("credential_source").ok_or_else(|| unusable("lack the field `credential_source`"))?;
        let format = source.get("format");
        let field = match format.and_then(|format| format.get("type")) {
            Some(kind) if kind.is("json") => Some(text(format.unwrap_or(source), "subject_token_field_name")?),
            _ => None,
        };
        let client = optional("client_id").zip(json.get("client_secret").and_then(|secret| secret.secret()));
        Ok(Self {
            audience: text(json, "audience")?,
            token_type: text(json, "subject_token_type")?,
            token_url: text(json, "token_url")?,
            client,
            user_project: optional("workforce_pool_user_project"),
            impersonation_url: optional("service_account_impersonation_url"),
            source: SubjectTokenSource::read(source)?,
            field,
        })
    }

    /// A token of Google's.
    pub(super) async fn token(&self, exchange: Exchange<'_>) -> Result<TokenWithEnd, ServiceError> {
        let subject = self.subject(exchange).await?;
        let mut fields = vec![
            ("grant_type", GRANT.as_bytes()),
            ("audience", self.audience.as_bytes()),
            ("scope", SCOPE.as_bytes()),
            ("requested_token_type", ACCESS_TOKEN.as_bytes()),
            ("subject_token_type", self.token_type.as_bytes()),
            ("subject_token", subject.expose()),
        ];
        let options =
            self.user_project.as_ref().filter(|_| self.client.is_none()).map(|project| json!({"userProject": project}).to_string());
        fields.extend(options.as_ref().map(|options| ("options", options.as_bytes())));
        let mut call = form(&self.token_url, &fields)?;
        if let Some((id, secret)) = &self.client {
            let mut pair = SecretBuffer::with_capacity(id.len() + secret.len() + 1);
            pair.extend(id.as_bytes());
            pair.push(b':');
            pair.extend(secret.expose());
            let value = Secret::new(format!("Basic {}", BASE64_STANDARD.encode(pair.expose())).into_bytes());
            call = call.with_secret(AUTHORIZATION, &value).ok_or_else(|| unusable("have a client that cannot be sent"))?;
        }
        exchange.granted(call, Granting::Token).await
    }

    /// The workload's own token.
    async fn subject(&self, exchange: Exchange<'_>) -> Result<Secret, ServiceError> {
        let text = match &self.source {
            SubjectTokenSource::File(path) => {
                file::read(path).map_err(|reason| unusable(&format!("name the file `{}`, which {reason}", path.display())))?
            }
            SubjectTokenSource::Url { url, headers } => {
                let url = Url::parse(url).map_err(|_| unusable("name an address that is not a URL"))?;
                let mut call = Call::get(url);
                for (name, value) in headers {
                    let name = HeaderName::from_bytes(name.as_bytes()).ok();
                    call =
                        name.and_then(|name| call.with_secret(name, value)).ok_or_else(|| unusable("name a header that cannot be sent"))?;
                }
                let reply = exchange.ask(&call, "the service that the Google credentials name").await?;
                if reply.status != 200 {
                    return Err(unusable(&format!("name a service that did not give a token (status {})", reply.status)));
                }
                reply.body
            }
            SubjectTokenSource::Program { command, output } => return self.of_program(exchange, command, output.as_ref()).await,
            SubjectTokenSource::Aws { verification } => return self.of_aws(exchange, verification).await,
        };
        let token = match &self.field {
            Some(field) => Json::parse(text.expose()).ok().and_then(|json| token_service::token(json, field)),
            None => Some(Secret::copy_of(text.expose().trim_ascii())).filter(|token| !token.is_empty()),
        };
        token.ok_or_else(|| unusable("name a source without a token"))
    }

    /// What a program gives that the user allows (google.aip.dev/auth/4117, "executable-sourced credentials").
    async fn of_program(&self, exchange: Exchange<'_>, command: &str, output: Option<&PathBuf>) -> Result<Secret, ServiceError> {
        let now = exchange.parts.clock.now();
        if let Some(token) = output.and_then(|path| file::read(path).ok()).and_then(|text| subject_of_program(&text, now)) {
            return Ok(token);
        }
        if exchange.parts.environment.text(ALLOWED) != Some("1") {
            let error = unusable("ask for a token by a program");
            return Err(ServiceError { next: format!("set {ALLOWED}=1 if the program is yours"), ..error });
        }
        let mut shell = program::shell(command);
        shell.env("GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE", &self.audience).env("GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE", &self.token_type);
        shell.env("GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE", "0");
        if let Some(path) = output {
            shell.env("GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE", path);
        }
        let ran = program::run(shell).await.ok().filter(|ran| ran.code == Some(0));
        ran.and_then(|ran| subject_of_program(&ran.stdout, now)).ok_or_else(|| unusable("name a program that did not give a token"))
    }

    /// A request to AWS STS that only the machine's role can sign, for Google to make.
    async fn of_aws(&self, exchange: Exchange<'_>, verification: &str) -> Result<Secret, ServiceError> {
        let LoginParts { environment, transport, meter, clock, .. } = exchange.parts;
        let parts = aws::LoginParts { transport: transport.anonymous(), meter: Arc::clone(meter), clock: Arc::clone(clock) };
        let signed = aws::signed_identity(verification, &self.audience, environment, &parts, exchange.until).await?;
        let mut token = SecretBuffer::with_capacity(signed.len() * 3);
        token_service::encode(signed.expose(), &mut token);
        Ok(token.into())
    }
}

impl SubjectTokenSource {
    fn read(json: Json<'_>) -> Result<Self, ServiceError> {
        let optional = |name: &str| json.get(name).and_then(|value| value.text());
        if optional("environment_id").is_some() {
            let verification = optional("regional_cred_verification_url").unwrap_or_else(|| VERIFICATION.to_owned());
            return Ok(Self::Aws { verification });
        }
        if let Some(path) = optional("file") {
            return Ok(Self::File(path.into()));
        }
        if let Some(url) = optional("url") {
            let headers = json.get("headers").into_iter().flat_map(|headers| headers.members());
            let headers = headers.filter_map(|(name, value)| Some((name?.text()?, value.secret()?))).collect();
            return Ok(Self::Url { url, headers });
        }
        let executable = json.get("executable").ok_or_else(|| unusable("do not say where the workload's token comes from"))?;
        let output = executable.get("output_file").and_then(|path| path.text()).map(Into::into);
        Ok(Self::Program { command: text(executable, "command")?, output })
    }
}

/// The token in what a program wrote, if it has not ended.
fn subject_of_program(text: &Secret, now: Timestamp) -> Option<Secret> {
    let json = Json::parse(text.expose()).ok().filter(|json| json.get("success").is_some_and(|success| success.is_true()))?;
    let expired =
        json.get("expiration_time").and_then(|end| end.number()).is_some_and(|end| i64::try_from(end).is_ok_and(|end| end <= now.0));
    if expired {
        return None;
    }
    token_service::token(json, "id_token").or_else(|| token_service::token(json, "saml_response"))
}

#[cfg(test)]
mod tests {
    use super::subject_of_program;
    use crate::clock::Timestamp;
    use crate::secret::Secret;

    #[test]
    fn what_a_program_writes_is_a_token_while_it_lasts() {
        let of = |text: &str| subject_of_program(&Secret::copy_of(text.as_bytes()), Timestamp(100)).map(|token| token.expose().to_vec());
        assert_eq!(of(r#"{"version": 1, "success": true, "id_token": "t", "expiration_time": 101}"#), Some(b"t".to_vec()));
        assert_eq!(of(r#"{"success": true, "saml_response": "s"}"#), Some(b"s".to_vec()));
        for none in
            [r#"{"success": true, "id_token": "t", "expiration_time": 100}"#, r#"{"success": false, "id_token": "t"}"#, "{}", "canary"]
        {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
