//! One request to somebody who is no vault, such as who gives out tokens: the same client, the same care, other words.

use reqwest::Client;
use reqwest::Request;

use crate::service::ServiceFault;
use crate::service::http::Reply;
use crate::service::http::failure::Failure;

/// The largest answer.
const LIMIT: usize = 1 << 20;

/// Sends `request` to `whom`, as messages name it, and reads the answer. A redirect is a failure.
pub(crate) async fn send_once(client: &Client, request: Request, whom: &str) -> Result<Reply, Failure> {
    let url = request.url().clone();
    let answer = async {
        let response = client.execute(request).await.map_err(|error| Failure::of(&error))?;
        Reply::read(response, &url, LIMIT).await
    };
    let reply = answer.await.map_err(|failure| named(failure, whom))?;
    match reply.redirect() {
        Some(error) => Err(named(Failure { error, again: false }, whom)),
        None => Ok(reply),
    }
}

/// Our words, with `whom` where they say `the vault`.
fn named(mut failure: Failure, whom: &str) -> Failure {
    let error = &mut failure.error;
    error.reason = error.reason.replace("the vault", whom);
    error.next = if error.fault == ServiceFault::BadValue { "check the address".to_owned() } else { error.next.replace("the vault", whom) };
    failure
}

#[cfg(test)]
mod tests {
    use super::named;
    use crate::service::ServiceError;
    use crate::service::ServiceFault;
    use crate::service::http::failure::Failure;

    #[test]
    fn words_name_who_was_asked() {
        let error =
            ServiceError::new(ServiceFault::Unavailable, "the vault's certificate is not valid here", "check the vault and the network");
        let error = named(Failure { error, again: true }, "the login service").error;
        assert_eq!(error.reason, "the login service's certificate is not valid here");
        assert_eq!(error.next, "check the login service and the network");
        let error = ServiceError::new(ServiceFault::BadValue, "the vault's answer is larger than 1 MiB", "split the secret");
        assert_eq!(named(Failure { error, again: false }, "it").error.next, "check the address");
    }
}
