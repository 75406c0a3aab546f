//! Refusals, each in its words, and faults that pass.

use cloze::service::ServiceFault;
use vault_mock::Fault;

use crate::aws::bench::PARAMETERS;
use crate::aws::bench::SECRETS;
use crate::aws::bench::one_fault;
use crate::aws::bench::refusal;

#[tokio::test]
async fn every_refusal_has_its_words() {
    use ServiceFault::{Denied, Gone, NotFound, RateLimited, Unauthenticated, Unavailable};
    let is = async |code, kind: &str, words: &str, fault, reason: &str| {
        one_fault(SECRETS).fails(refusal(code, kind, words), fault, reason).await
    };
    is(400, "ResourceNotFoundException", "Secrets Manager can't find it.", NotFound, "`b` is not there, in this region of this account")
        .await;
    let stage = "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT";
    is(400, "ResourceNotFoundException", stage, NotFound, "`b` has no current version").await;
    let gone = "You can't perform this operation on the secret because it was marked for deletion.";
    is(400, "InvalidRequestException", gone, Gone, "`b` is scheduled for deletion").await;
    let other = "the vault refused the request with status 400 (InvalidRequestException): no";
    is(400, "InvalidRequestException", "no.", Unavailable, other).await;
    is(400, "DecryptionFailure", "The key is disabled.", Denied, "`b` cannot be decrypted: The key is disabled").await;
    let kms = "Access to KMS is not allowed";
    is(400, "AccessDeniedException", kms, Denied, "`b` cannot be decrypted with this credential: Access to KMS is not allowed").await;
    let denied = "the credential may not do `secretsmanager:GetSecretValue` with `b`: User: x is not authorized";
    is(400, "AccessDeniedException", "User: x is not authorized", Denied, denied).await;
    is(403, "com.amazonaws.x#AccessDeniedException", "User: x is not authorized", Denied, denied).await;
    is(400, "header:AccessDeniedException", "User: x is not authorized", Denied, denied).await;
    is(400, "ExpiredTokenException", "", Unauthenticated, "the credential has expired").await;
    is(403, "ExpiredToken", "", Unauthenticated, "the credential has expired").await;
    let time = "AWS does not accept the time of the signature";
    is(400, "InvalidSignatureException", "Signature expired: x is now earlier than y", Unauthenticated, time).await;
    is(400, "RequestTimeTooSkewed", "", Unauthenticated, time).await;
    for kind in ["UnrecognizedClientException", "InvalidSignatureException", "MissingAuthenticationTokenException", "IncompleteSignature"] {
        is(400, kind, "x", Unauthenticated, &format!("AWS does not accept the credential ({kind})")).await;
    }
    is(403, "OptInRequired", "", Unauthenticated, "the account may not use AWS Secrets Manager here (OptInRequired)").await;
    is(400, "ThrottlingException", "Rate exceeded", RateLimited, "the vault is rate limiting requests: Rate exceeded").await;
    is(500, "InternalServiceError", "x", Unavailable, "the vault failed with status 500: x").await;
    is(503, "", "", Unavailable, "the vault failed with status 503").await;
    is(404, "", "", Unavailable, "the vault refused the request with status 404").await;
    let unknown = "the vault refused the request with status 400 (UnknownOperationException)";
    is(400, "UnknownOperationException", "", Unavailable, unknown).await;
    let is = async |kind: &str, fault, reason: &str| one_fault(PARAMETERS).fails(refusal(400, kind, ""), fault, reason).await;
    is("AccessDeniedException", Denied, "the credential may not do `ssm:GetParameters` with `/b`").await;
    is("InvalidKeyId", Denied, "`/b` cannot be decrypted").await;
    is("OptInRequired", Unauthenticated, "the account may not use AWS Parameter Store here (OptInRequired)").await;
}

#[tokio::test]
async fn passing_faults_pass_and_throttling_is_known_by_its_code() {
    for service in [SECRETS, PARAMETERS] {
        for fault in [
            Fault::status(500),
            Fault::status(503),
            Fault::Reset,
            Fault::Truncated,
            Fault::variant(400, "ThrottlingException"),
            Fault::variant(400, "header:ThrottlingException"),
            Fault::variant(400, "RequestTimeoutException"),
        ] {
            one_fault(service).recovers(1, fault).await;
        }
    }
}
