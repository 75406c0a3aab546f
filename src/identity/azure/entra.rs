//! What Entra ID, or a machine's identity service, says when it did not give a token.

use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Reply;
use crate::service::json::Json;
use crate::service::words;

/// The longest sentence that is shown.
const LONGEST: usize = 200;
/// A run of so many characters that was sent as a secret and came back is one too many.
const RUN: usize = 8;

/// The error of an answer without a token to a request with this body.
pub(super) fn refusal(reply: &Reply, whom: &str, sent: &[u8]) -> ServiceError {
    let said = Json::parse(reply.body.expose()).ok().and_then(|json| json.get("error_description")?.text()).unwrap_or_default();
    let said = sentence(&said).filter(|said| !repeats(said, sent));
    let number = said.as_deref().and_then(code);
    let shown = said.map(|said| format!(": {said}")).unwrap_or_default();
    let status = reply.status;
    if status == 429 {
        return ServiceError::new(ServiceFault::RateLimited, format!("{whom} is throttling requests{shown}"), "try again later");
    }
    if status >= 500 {
        return ServiceError::new(ServiceFault::Unavailable, format!("{whom} failed with status {status}{shown}"), "try again later");
    }
    let reason = if shown.is_empty() {
        format!("{whom} did not give a token (status {status})")
    } else {
        format!("{whom} did not give a token{shown}")
    };
    ServiceError::new(ServiceFault::Unauthenticated, reason, next(number, whom))
}

/// What helps, by the numbers of Entra ID's reference of errors.
pub(super) fn next(number: Option<u32>, whom: &str) -> &'static str {
    match number {
        Some(7_000_215) => "give the client secret's value, not its id",
        Some(7_000_222) => "the client secret has expired: make a new one, or use a federated credential, which needs no secret",
        Some(700_016) => "check the client's id, and that it is an application of this tenant",
        Some(90_002 | 900_023 | 50_059) => "check the tenant's id",
        Some(70_021 | 700_211 | 700_212 | 700_213) => {
            "give the application a federated credential with exactly the token's issuer, subject and audience"
        }
        Some(700_024) => "check this machine's clock, and that the token is not an old one",
        Some(700_027 | 50_027) => "upload this certificate to the application, or check the token",
        Some(500_011 | 500_341) => "check that the vault and the tenant belong to the same cloud",
        Some(53_003) => "allow the application in the tenant's conditional access policies",
        _ if whom.contains("machine") => "assign the identity to this machine, and name its client id if it has several",
        _ => "check the tenant, the client and its credential",
    }
}

/// The first sentence of a description, such as `AADSTS7000215: Invalid client secret provided`; nothing without Entra ID's number.
pub(super) fn sentence(text: &str) -> Option<String> {
    let start = text.find("AADSTS")?;
    let line = text[start..].lines().next().unwrap_or_default();
    let end = line.match_indices(". ").map(|(at, _)| at).next().unwrap_or(line.len());
    let sentence = words::tame(line[..end].trim_end_matches('.'), LONGEST);
    code(&sentence).map(|_| sentence)
}

/// The number after `AADSTS`.
pub(super) fn code(sentence: &str) -> Option<u32> {
    let digits = sentence.strip_prefix("AADSTS")?;
    digits.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

/// Whether a sentence repeats a part of what was sent as a secret.
fn repeats(sentence: &str, sent: &[u8]) -> bool {
    let secrets = sent
        .split(|byte| *byte == b'&')
        .filter_map(|pair| pair.strip_prefix(b"client_secret=").or_else(|| pair.strip_prefix(b"client_assertion=")));
    let bytes = sentence.as_bytes();
    secrets.filter(|secret| !secret.is_empty()).any(|secret| {
        let length = secret.len().min(RUN);
        secret.windows(length).any(|run| bytes.windows(length).any(|window| window == run))
    })
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::refusal;
    use super::sentence;
    use crate::service::ServiceFault;
    use crate::service::http::Reply;

    fn reply(status: u16, body: &str) -> Reply {
        Reply::sample("the login service", status, body.as_bytes(), HeaderMap::default())
    }

    fn said(words: &str, sent: &str) -> String {
        let body = serde_json::json!({"error": "x", "error_description": words}).to_string();
        refusal(&reply(401, &body), "the login service", sent.as_bytes()).reason
    }

    #[test]
    fn the_first_sentence_is_shown() {
        let words = "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent … Trace ID: x";
        assert_eq!(said(words, ""), "the login service did not give a token: AADSTS7000215: Invalid client secret provided");
        assert_eq!(
            said("AADSTS90002: Tenant 'a' not found\r\nTrace ID: x", ""),
            "the login service did not give a token: AADSTS90002: Tenant 'a' not found"
        );
        assert_eq!(said("canary", ""), "the login service did not give a token (status 401)");
        assert_eq!(sentence("AADSTS: x"), None);
        assert_eq!(sentence(&format!("AADSTS1: {}", "x".repeat(400))).unwrap().chars().count(), 201);
    }

    #[test]
    fn what_was_sent_does_not_come_back() {
        let none = "the login service did not give a token (status 401)";
        assert_eq!(said("AADSTS1: no hunter2-long-canary here", "client_id=a&client_secret=hunter2-long%7Ecanary&scope=x"), none);
        assert_eq!(said("AADSTS1: eyJhbGciOiJ is odd", "client_assertion=eyJhbGciOiJub25lIn0.e.s"), none);
        assert_eq!(said("AADSTS1: ab is odd", "client_secret=ab"), none);
        assert_eq!(
            said("AADSTS1: application a", "client_id=a&client_secret=zzzzzzzzzz"),
            "the login service did not give a token: AADSTS1: application a"
        );
    }

    #[test]
    fn each_kind_has_its_next_step() {
        let of = |status, words: &str| {
            let body = serde_json::json!({"error_description": words}).to_string();
            let error = refusal(&reply(status, &body), "the login service", b"");
            (error.fault, error.next)
        };
        let is = |words: &str, next: &str| assert_eq!(of(400, words), (ServiceFault::Unauthenticated, next.to_owned()), "{words}");
        is("AADSTS7000215: x", "give the client secret's value, not its id");
        is("AADSTS7000222: x", "the client secret has expired: make a new one, or use a federated credential, which needs no secret");
        is("AADSTS700016: x", "check the client's id, and that it is an application of this tenant");
        is("AADSTS90002: x", "check the tenant's id");
        is("AADSTS700213: x", "give the application a federated credential with exactly the token's issuer, subject and audience");
        is("AADSTS700024: x", "check this machine's clock, and that the token is not an old one");
        is("AADSTS700027: x", "upload this certificate to the application, or check the token");
        is("AADSTS500011: x", "check that the vault and the tenant belong to the same cloud");
        is("AADSTS53003: x", "allow the application in the tenant's conditional access policies");
        is("AADSTS1: x", "check the tenant, the client and its credential");
        assert_eq!(of(429, "AADSTS90055: x").0, ServiceFault::RateLimited);
        assert_eq!(of(503, "").0, ServiceFault::Unavailable);
        let error = refusal(&reply(400, "canary"), "the machine's identity service", b"");
        assert_eq!(error.reason, "the machine's identity service did not give a token (status 400)");
        assert_eq!(error.next, "assign the identity to this machine, and name its client id if it has several");
    }
}
