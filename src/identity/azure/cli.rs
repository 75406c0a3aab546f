//! The Azure CLI, run for a token. What it writes is not shown: it may be one.

use tokio::process::Command;

use crate::clock::Timestamp;
use crate::identity::azure::entra;
use crate::identity::program;
use crate::identity::token_service;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::json::Json;

/// A token for `scope`, and its end if the program says it.
pub(super) async fn token(scope: &str, tenant: Option<&str>) -> Result<(Secret, Option<Timestamp>), ServiceError> {
    let mut command = Command::new("az");
    command.args(["account", "get-access-token", "--output", "json", "--scope", scope]);
    if let Some(tenant) = tenant {
        command.args(["--tenant", tenant]);
    }
    let output = program::run(command).await.map_err(|_| refusal(Some(127), ""))?;
    if output.code != Some(0) {
        return Err(refusal(output.code, &String::from_utf8_lossy(output.stderr.expose())));
    }
    granted(&output.stdout).ok_or_else(|| refusal(Some(0), ""))
}

fn granted(output: &Secret) -> Option<(Secret, Option<Timestamp>)> {
    let json = Json::parse(output.expose()).ok()?;
    let expires = json.get("expires_on").and_then(|seconds| i64::try_from(seconds.number()?).ok()).map(Timestamp);
    Some((token_service::token(json, "accessToken")?, expires))
}

fn refusal(code: Option<i32>, said: &str) -> ServiceError {
    let (reason, next) = if code == Some(127) {
        ("the Azure CLI was not found".to_owned(), "install `az`, or choose another credential")
    } else if let Some(sentence) = entra::sentence(said) {
        (format!("the Azure CLI did not give a token: {sentence}"), "run `az login` again")
    } else if said.contains("az login") {
        ("no user is logged in to the Azure CLI".to_owned(), "run `az login`")
    } else {
        ("the Azure CLI did not give a token".to_owned(), "run `az account get-access-token` and see what it says")
    };
    ServiceError::new(ServiceFault::Unauthenticated, reason, next)
}

#[cfg(test)]
mod tests {
    use super::granted;
    use super::refusal;
    use crate::clock::Timestamp;
    use crate::secret::Secret;

    #[test]
    fn a_token_is_read_with_its_end() {
        let of = |text: &str| granted(&Secret::copy_of(text.as_bytes())).map(|(token, end)| (token.expose().to_vec(), end));
        let new = r#"{"accessToken": "t", "expiresOn": "2026-01-01 00:00:00", "expires_on": 1767225600}"#;
        assert_eq!(of(new), Some((b"t".to_vec(), Some(Timestamp(1_767_225_600)))));
        assert_eq!(of(r#"{"accessToken": "t"}"#), Some((b"t".to_vec(), None)));
        assert_eq!((of("{}"), of("canary")), (None, None));
    }

    #[test]
    fn what_it_says_is_reported_in_our_words() {
        let is = |code, said: &str, reason: &str, next: &str| {
            let error = refusal(code, said);
            assert_eq!((error.reason.as_str(), error.next.as_str()), (reason, next));
        };
        is(Some(127), "sh: az: not found", "the Azure CLI was not found", "install `az`, or choose another credential");
        is(Some(1), "ERROR: Please run 'az login' to setup account.", "no user is logged in to the Azure CLI", "run `az login`");
        is(
            Some(1),
            "ERROR: AADSTS50076: Due to a change. You must",
            "the Azure CLI did not give a token: AADSTS50076: Due to a change",
            "run `az login` again",
        );
        is(None, "canary", "the Azure CLI did not give a token", "run `az account get-access-token` and see what it says");
    }
}
