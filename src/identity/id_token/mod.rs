//! A token that a platform gives a job so that it can say who it is (`OpenID` Connect Core 1.0 section 2): a vault's login takes it in place of a
//! stored secret.

mod service;

use std::path::Path;
use std::path::PathBuf;

use crate::identity::file;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Transport;

/// Where the token comes from.
#[derive(Debug)]
pub enum IdToken {
    /// The token itself, such as GitLab puts into a variable. Its audience was chosen by the one who made it.
    Text(Secret),
    /// A file that the platform renews, such as a projected service account token; read again at each login.
    File(PathBuf),
    /// GitHub Actions: the variables `ACTIONS_ID_TOKEN_REQUEST_URL` and `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    GitHub {
        /// Where tokens are asked for.
        url: String,
        /// The job's own token.
        token: Secret,
        /// The way there.
        transport: Box<Transport>,
    },
    /// Azure Pipelines: the variables `SYSTEM_OIDCREQUESTURI` and `SYSTEM_ACCESSTOKEN`, and a service connection.
    /// Its audience is always that of Entra ID, [`IdToken::AZURE_PIPELINES_AUDIENCE`].
    AzurePipelines {
        /// Where tokens are asked for.
        url: String,
        /// The id of the service connection.
        connection: String,
        /// The job's own token.
        token: Secret,
        /// The way there.
        transport: Box<Transport>,
    },
}

impl IdToken {
    /// The audience of every token that Azure Pipelines gives.
    pub const AZURE_PIPELINES_AUDIENCE: &'static str = "api://AzureADTokenExchange";

    /// A token for `audience`, where that can be chosen.
    ///
    /// # Errors
    /// A file that cannot be read, a service that does not give a token, and what is not a token. No error holds any part of a token.
    pub async fn obtain(&self, audience: &str) -> Result<Secret, ServiceError> {
        let (token, source) = match self {
            Self::Text(token) => (token.duplicate(), "the text that is given as the id token".to_owned()),
            Self::File(path) => (of_file(path)?, format!("the file `{}`", path.display())),
            Self::GitHub { url, token, transport } => {
                (service::github(url, token, audience, transport).await?, format!("the answer of {}", service::GITHUB))
            }
            Self::AzurePipelines { url, connection, token, transport } => {
                (service::azure_pipelines(url, connection, token, transport).await?, format!("the answer of {}", service::AZURE_PIPELINES))
            }
        };
        trimmed(&token).ok_or_else(|| {
            let next = "give a token of three parts with dots between, as the platform issues it";
            ServiceError::new(ServiceFault::Unauthenticated, format!("{source} is not an id token"), next)
        })
    }

    /// Where the token comes from, for a message.
    pub fn words(&self) -> String {
        match self {
            Self::Text(_) => "the job's id token".to_owned(),
            Self::File(path) => format!("the id token in `{}`", path.display()),
            Self::GitHub { .. } => "the id token of GitHub Actions".to_owned(),
            Self::AzurePipelines { connection, .. } => format!("the id token of the service connection {connection}"),
        }
    }
}

fn of_file(path: &Path) -> Result<Secret, ServiceError> {
    file::read(path).map_err(|reason| {
        let reason = format!("the id token's file `{}` {reason}", path.display());
        ServiceError::new(ServiceFault::Unauthenticated, reason, "check the path, and that this user may read it")
    })
}

/// The token in `text` without white space around it, if it is a JSON Web Signature in compact form (RFC 7515 section 3.1): nothing else that
/// lies in a file or a variable by mistake is sent anywhere.
fn trimmed(text: &Secret) -> Option<Secret> {
    let token = text.expose().trim_ascii();
    let parts: Vec<&[u8]> = token.split(|byte| *byte == b'.').collect();
    let encoded = |part: &&[u8]| !part.is_empty() && part.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    (parts.len() == 3 && parts.iter().all(encoded)).then(|| Secret::copy_of(token))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::IdToken;
    use crate::secret::Secret;
    use crate::service::ServiceFault;

    const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.c2ln";

    async fn reason(source: IdToken) -> String {
        let error = source.obtain("a").await.unwrap_err();
        assert_eq!(error.fault, ServiceFault::Unauthenticated);
        assert!(!format!("{error:?}").contains("canary") && !error.next.is_empty());
        error.reason
    }

    fn text(text: &str) -> IdToken {
        IdToken::Text(Secret::copy_of(text.as_bytes()))
    }

    #[tokio::test]
    async fn a_text_is_a_token_or_nothing() {
        assert_eq!(text(&format!(" {TOKEN}\n")).obtain("a").await.unwrap().expose(), TOKEN.as_bytes());
        for wrong in ["", "canary", "canary.canary", "a..b", "a.b.c.d", "a.b.canary!", "a.b.c\nd"] {
            assert_eq!(reason(text(wrong)).await, "the text that is given as the id token is not an id token", "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_file_is_read_anew_each_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        let source = || IdToken::File(path.clone());
        let shown = path.display();
        assert_eq!(reason(source()).await, format!("the id token's file `{shown}` cannot be opened: it does not exist"));
        fs::write(&path, format!("{TOKEN}\n")).unwrap();
        assert_eq!(source().obtain("a").await.unwrap().expose(), TOKEN.as_bytes());
        fs::write(&path, "x.y.z").unwrap();
        assert_eq!(source().obtain("a").await.unwrap().expose(), b"x.y.z");
        fs::write(&path, "canary: a key\n").unwrap();
        assert_eq!(reason(source()).await, format!("the file `{shown}` is not an id token"));
        fs::write(&path, "canary".repeat(20_000)).unwrap();
        assert_eq!(reason(source()).await, format!("the id token's file `{shown}` is larger than 64 KiB"));
        assert_eq!(
            reason(IdToken::File(directory.path().to_owned())).await,
            format!("the id token's file `{}` is not a regular file", directory.path().display())
        );
    }

    #[test]
    fn words_say_where_from() {
        assert_eq!(text(TOKEN).words(), "the job's id token");
        assert_eq!(IdToken::File("/var/run/token".into()).words(), "the id token in `/var/run/token`");
        let token = || Secret::copy_of(b"canary");
        assert_eq!(
            IdToken::GitHub { url: String::new(), token: token(), transport: Box::default() }.words(),
            "the id token of GitHub Actions"
        );
        let pipelines =
            IdToken::AzurePipelines { url: String::new(), connection: "c-1".to_owned(), token: token(), transport: Box::default() };
        assert_eq!(pipelines.words(), "the id token of the service connection c-1");
        assert!(!format!("{pipelines:?}{:?}", text(TOKEN)).contains("canary"));
    }
}
