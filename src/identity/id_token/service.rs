//! The services of CI systems that give out tokens to jobs.

use std::time::Duration;

use reqwest::Method;
use reqwest::Url;
use reqwest::header::ACCEPT;
use reqwest::header::AUTHORIZATION;
use reqwest::header::CONTENT_LENGTH;
use reqwest::header::HeaderName;
use tokio::time::Instant;

use crate::identity::token_service;
use crate::identity::token_service::TokenService;
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::service::Meter;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Call;
use crate::service::http::Transport;
use crate::service::http::safe;
use crate::service::json::Json;

/// As messages name them.
pub(super) const GITHUB: &str = "GitHub's token service";
pub(super) const AZURE_PIPELINES: &str = "the token service of Azure Pipelines";
/// The version of the interface of Azure Pipelines, as `azure_identity` has it.
const PIPELINES_VERSION: &str = "7.1";
/// How long all attempts may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// A token from GitHub Actions: `GET URL&audience=…` → `{"value": …}`.
pub(super) async fn github(url: &str, token: &Secret, audience: &str, transport: &Transport) -> Result<Secret, ServiceError> {
    let mut url = place(url, GITHUB, "ACTIONS_ID_TOKEN_REQUEST_URL")?;
    url.query_pairs_mut().append_pair("audience", audience);
    let call = Call::get(url).with(ACCEPT, "application/json; api-version=2.0");
    let next = "give the job the permission `id-token: write`";
    obtained(call, token, "value", Whom { name: GITHUB, next, transport }).await
}

/// A token for a service connection of Azure Pipelines: `POST URL?api-version=…&serviceConnectionId=…` → `{"oidcToken": …}`.
pub(super) async fn azure_pipelines(url: &str, connection: &str, token: &Secret, transport: &Transport) -> Result<Secret, ServiceError> {
    let mut url = place(url, AZURE_PIPELINES, "SYSTEM_OIDCREQUESTURI")?;
    url.query_pairs_mut().append_pair("api-version", PIPELINES_VERSION).append_pair("serviceConnectionId", connection);
    // Without the last one a refusal is a redirect to a page for people.
    let call = Call::new(Method::POST, url)
        .with(ACCEPT, "application/json")
        .with(CONTENT_LENGTH, "0")
        .with(HeaderName::from_static("x-tfs-fedauthredirect"), "Suppress");
    let next = "pass `SYSTEM_ACCESSTOKEN: $(System.AccessToken)` to the step, and check the service connection's id";
    obtained(call, token, "oidcToken", Whom { name: AZURE_PIPELINES, next, transport }).await
}

/// Who is asked, and what helps when it refuses.
#[derive(Debug, Clone, Copy)]
struct Whom<'a> {
    name: &'static str,
    next: &'static str,
    transport: &'a Transport,
}

fn place(url: &str, whom: &str, variable: &str) -> Result<Url, ServiceError> {
    let checked = Url::parse(url).map_err(|_| "it is not a URL".to_owned()).and_then(|url| safe(&url).map(|()| url));
    checked.map_err(|reason| {
        let reason = format!("the address of {whom} cannot be used: {reason}");
        ServiceError::new(ServiceFault::Unauthenticated, reason, format!("give it as the variable `{variable}` has it"))
    })
}

async fn obtained(call: Call, token: &Secret, field: &str, whom: Whom<'_>) -> Result<Secret, ServiceError> {
    let bad = |reason: &str| ServiceError::new(ServiceFault::Unauthenticated, format!("{} {reason}", whom.name), whom.next);
    if token.is_empty() {
        return Err(bad("was not asked: the job's own token is empty"));
    }
    let mut value = SecretBuffer::with_capacity(token.len() + 7);
    value.extend(b"Bearer ");
    value.extend(token.expose());
    let call = call.with_secret(AUTHORIZATION, &value.into());
    let call = call.ok_or_else(|| bad("was not asked: the job's own token has characters that a token cannot have"))?;
    let service = TokenService { name: whom.name, transport: whom.transport, meter: &Meter::default(), attempts: token_service::ATTEMPTS };
    let reply = service.ask(&call, Instant::now() + DEADLINE).await?;
    if reply.status != 200 {
        return Err(refusal(reply.status, whom));
    }
    let json = Json::parse(reply.body.expose()).ok();
    json.and_then(|json| json.get(field)?.secret()).ok_or_else(|| bad(&format!("answered without `{field}`")))
}

/// The service's own words are not shown: they may repeat what was sent.
fn refusal(status: u16, whom: Whom<'_>) -> ServiceError {
    let reason = |verb: &str| format!("{} {verb} with status {status}", whom.name);
    match status {
        429 => ServiceError::new(ServiceFault::RateLimited, reason("is throttling requests"), "try again later"),
        500.. => ServiceError::new(ServiceFault::Unavailable, reason("failed"), "try again later"),
        _ => ServiceError::new(ServiceFault::Unauthenticated, reason("refused to give a token"), whom.next),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use vault_mock::Answer;
    use vault_mock::Asked;
    use vault_mock::Credential;
    use vault_mock::Fault;
    use vault_mock::Options;
    use vault_mock::Protocol;
    use vault_mock::Script;
    use vault_mock::Server;
    use vault_mock::Subject;

    use crate::identity::id_token::IdToken;
    use crate::secret::Secret;
    use crate::service::ServiceError;
    use crate::service::ServiceFault;

    const TOKEN: &str = "aGVhZA.Y2FuYXJ5.c2ln";
    const OWN: &str = "canary-own";

    /// Both services, as their documentation has them.
    #[derive(Debug)]
    struct Tokens;

    impl Protocol for Tokens {
        fn answer(&self, asked: &Asked<'_>) -> Answer {
            let is = |name: &str, value: &str| asked.parameter(name).as_deref() == Some(value);
            match (asked.method, asked.path) {
                ("GET", "/github") if is("audience", "api://a b") && is("job", "1") => {
                    Answer::json(200, &json!({"count": 9, "value": TOKEN}))
                }
                ("POST", "/pipelines")
                    if is("api-version", "7.1")
                        && is("serviceConnectionId", "c&1")
                        && asked.header("x-tfs-fedauthredirect") == Some("Suppress") =>
                {
                    Answer::json(200, &json!({"oidcToken": TOKEN}))
                }
                _ => Answer::empty(404),
            }
        }

        fn failure(&self, _: &Asked<'_>, code: u16, _: Option<&str>, _: Option<&[String]>) -> Answer {
            Answer::json(code, &json!({"message": OWN}))
        }

        fn credential(&self, asked: &Asked<'_>) -> Credential {
            match asked.bearer() {
                None => Credential::None,
                Some(OWN) => Credential::Known,
                Some(_) => Credential::Unknown,
            }
        }

        fn subject(&self, _: &Asked<'_>) -> Subject {
            Subject::default()
        }

        fn exports(&self, _: &str) -> Vec<(&'static str, String)> {
            Vec::new()
        }
    }

    fn server() -> Server<Tokens> {
        Server::start(Arc::new(Tokens), Options::default()).unwrap()
    }

    fn github(url: &str) -> IdToken {
        IdToken::GitHub { url: url.to_owned(), token: Secret::copy_of(OWN.as_bytes()), transport: Box::default() }
    }

    fn pipelines(url: &str) -> IdToken {
        IdToken::AzurePipelines {
            url: url.to_owned(),
            connection: "c&1".to_owned(),
            token: Secret::copy_of(OWN.as_bytes()),
            transport: Box::default(),
        }
    }

    async fn error(source: &IdToken) -> ServiceError {
        let error = source.obtain("api://a b").await.unwrap_err();
        assert!(!format!("{error:?}").contains("canary") && !error.next.is_empty(), "{error:?}");
        error
    }

    #[tokio::test]
    async fn both_give_a_token() {
        let server = server();
        let url = server.url();
        for source in [github(&format!("{url}/github?job=1")), pipelines(&format!("{url}/pipelines"))] {
            assert_eq!(source.obtain("api://a b").await.unwrap().expose(), TOKEN.as_bytes());
        }
        assert!(server.journal().calls().iter().all(|call| call.credential == Credential::Known));
    }

    #[tokio::test]
    async fn refusals_have_a_next_step() {
        let server = server();
        let source = github(&format!("{}/github?job=1", server.url()));
        server.script(Script::new("", 1, Fault::status(403)));
        let refused = error(&source).await;
        assert_eq!(
            (refused.fault, refused.reason.as_str()),
            (ServiceFault::Unauthenticated, "GitHub's token service refused to give a token with status 403")
        );
        assert_eq!(refused.next, "give the job the permission `id-token: write`");
        assert_eq!(server.journal().count(), 1);
        server.script(Script::new("", 3, Fault::status(429)));
        let refused = error(&source).await;
        assert_eq!(
            (refused.fault, refused.reason.as_str()),
            (ServiceFault::RateLimited, "GitHub's token service is throttling requests with status 429")
        );
        assert_eq!(server.journal().count(), 4);
        server.script(Script::new("", 1, Fault::status(503)));
        assert!(source.obtain("api://a b").await.is_ok());
        let refused = error(&pipelines(&format!("{}/elsewhere", server.url()))).await;
        assert_eq!(refused.reason, "the token service of Azure Pipelines refused to give a token with status 404");
        assert!(refused.next.starts_with("pass `SYSTEM_ACCESSTOKEN: $(System.AccessToken)`"));
    }

    #[tokio::test]
    async fn redirects_are_not_followed() {
        let (server, elsewhere) = (server(), server());
        let to = format!("{}/github?job=1&audience=api%3A%2F%2Fa+b", elsewhere.url());
        server.script(Script::new("", 1, Fault::Redirect { code: 307, to }));
        let refused = error(&github(&format!("{}/github?job=1", server.url()))).await;
        assert_eq!(refused.reason, "GitHub's token service redirects to 127.0.0.1, and redirects are not followed");
        assert_eq!(elsewhere.journal().connections(), 0);
    }

    #[tokio::test]
    async fn answers_without_a_token_are_refused() {
        let server = server();
        let source = github(&format!("{}/github?job=1", server.url()));
        for text in [r#"{"canary": 1}"#, r#"{"value": 5}"#, "canary", "[]"] {
            server.script(Script::new("", 1, Fault::Body { code: 200, text: text.to_owned() }));
            assert_eq!(error(&source).await.reason, "GitHub's token service answered without `value`", "{text}");
        }
        server.script(Script::new("", 1, Fault::Body { code: 200, text: r#"{"value": "canary"}"#.to_owned() }));
        assert_eq!(error(&source).await.reason, "the answer of GitHub's token service is not an id token");
    }

    #[tokio::test]
    async fn addresses_and_tokens_that_cannot_be_are_refused() {
        let reason = async |url: &str| error(&github(url)).await.reason;
        let begin = "the address of GitHub's token service cannot be used: ";
        assert_eq!(reason("http://tokens.example/x").await, format!("{begin}plain http would show the token to the network"));
        assert_eq!(reason("https://canary:x@tokens.example").await, format!("{begin}it has a user or a password in it"));
        assert_eq!(reason("").await, format!("{begin}it is not a URL"));
        for (token, words) in [("", "is empty"), ("canary\n", "has characters that a token cannot have")] {
            let source = IdToken::GitHub {
                url: "https://tokens.example".to_owned(),
                token: Secret::copy_of(token.as_bytes()),
                transport: Box::default(),
            };
            assert_eq!(error(&source).await.reason, format!("GitHub's token service was not asked: the job's own token {words}"));
        }
    }
}
