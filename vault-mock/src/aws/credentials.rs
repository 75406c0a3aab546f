//! Where AWS gives credentials out: STS, the container agent, the instance's metadata.

use serde_json::json;

use crate::answer::Answer;
use crate::asked::Asked;
use crate::aws::refused::Refused;
use crate::aws::seed::Key;
use crate::aws::store::ACCOUNT;
use crate::time::{now, rfc3339};

/// How long the credentials last that are given out.
const HOUR: u64 = 3600;

/// The answer at one of the paths where credentials are given out; `None` for every other path.
pub(crate) fn at_path(asked: &Asked<'_>, key: &Key) -> Option<Answer> {
    const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
    let token = asked.header("x-aws-ec2-metadata-token") == Some("metadata-token");
    Some(match (asked.method, asked.path) {
        ("PUT", "/latest/api/token") if asked.header("x-aws-ec2-metadata-token-ttl-seconds").is_some() => {
            Answer::text(200, "text/plain", "metadata-token").with("x-aws-ec2-metadata-token-ttl-seconds", "21600")
        }
        ("GET", path) if path.starts_with("/latest/") && !token => Answer::empty(401),
        ("GET", ROLES) => Answer::text(200, "text/plain", "demo-role"),
        ("GET", path) if path.strip_prefix(ROLES) == Some("demo-role") => given(key),
        ("GET", "/container-credentials") => given(key),
        ("GET", "/federation/credentials") if asked.header("x-amz-sso_bearer_token") == Some("sign-on-token") => signed_on(key),
        ("GET", "/federation/credentials") => Answer::empty(401),
        (_, path) if path.starts_with("/latest/") => Answer::empty(404),
        _ => return None,
    })
}

fn given(key: &Key) -> Answer {
    let expiration = rfc3339(now() + std::time::Duration::from_secs(HOUR));
    let body = json!({
        "Code": "Success", "LastUpdated": rfc3339(now()), "Type": "AWS-HMAC", "AccessKeyId": key.id, "SecretAccessKey": key.secret,
        "Token": key.session.as_deref().unwrap_or_default(), "Expiration": expiration, "RoleArn": key.arn(),
    });
    Answer::json(200, &body)
}

/// `GetRoleCredentials` of single sign-on, which counts milliseconds.
fn signed_on(key: &Key) -> Answer {
    let expiration = (now().as_secs() + HOUR) * 1000;
    let token = key.session.as_deref().unwrap_or_default();
    let body =
        json!({"roleCredentials": {"accessKeyId": key.id, "secretAccessKey": key.secret, "sessionToken": token, "expiration": expiration}});
    Answer::json(200, &body)
}

/// `AssumeRoleWithWebIdentity`, which carries no signature: the token is the credential.
pub(crate) fn assume(asked: &Asked<'_>, key: &Key) -> Answer {
    if asked.form("WebIdentityToken").as_deref() != Some("web-identity-token") {
        return Refused::new("InvalidIdentityToken", "No OpenIDConnect provider found in your account for the token").xml();
    }
    assumed("AssumeRoleWithWebIdentity", key)
}

/// The answer of an action that gives the credential of a role.
pub(crate) fn assumed(action: &str, key: &Key) -> Answer {
    let expiration = rfc3339(now() + std::time::Duration::from_secs(HOUR));
    let (id, secret, arn) = (&key.id, &key.secret, key.arn());
    let token = key.session.as_deref().unwrap_or_default();
    Answer::text(
        200,
        "text/xml",
        format!(
            "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>\
             <Credentials><AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{token}</SessionToken>\
             <Expiration>{expiration}</Expiration></Credentials><AssumedRoleUser><Arn>{arn}</Arn><AssumedRoleId>AROADEMO:demo</AssumedRoleId></AssumedRoleUser>\
             </{action}Result></{action}Response>"
        ),
    )
}

/// `GetCallerIdentity`.
pub(crate) fn identity(key: &Key) -> Answer {
    let arn = key.arn();
    let body = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>{arn}</Arn>\
         <UserId>AIDADEMO</UserId><Account>{ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    );
    Answer::text(200, "text/xml", body)
}
