//! Why an image cannot be had.

use crate::cluster::health::verdict::Health;

/// The verdict on a container that waits for its image, with the reason that the kubelet gives (kubelet/images/types.go).
///
/// A registry that answers that there is no such image, or that it is not for us, has decided; one that cannot be reached or has too much to do
/// may change its mind.
pub(super) fn verdict(reason: &str, message: &str, image: &str) -> Health {
    let image = shown(image);
    let message = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    match reason {
        "InvalidImageName" => Health::failed(format!("{image} is not a valid name of an image (InvalidImageName)")),
        "ErrImageNeverPull" => Health::failed(format!("{image} is not on the node and may not be pulled (ErrImageNeverPull)")),
        "SignatureValidationFailed" => {
            Health::failed(format!("{image} has no signature that the node accepts (SignatureValidationFailed)"))
        }
        _ if says(&["not found", "manifest unknown", "does not exist", "no match for platform", "no matching manifest"]) => {
            Health::failed(format!("{image} cannot be pulled: not found ({reason})"))
        }
        _ if says(&[
            "unauthorized",
            "authorization failed",
            "access denied",
            "access forbidden",
            "authentication required",
            "403 forbidden",
        ]) =>
        {
            Health::failed(format!("{image} cannot be pulled: access denied ({reason})"))
        }
        _ if says(&[
            "timeout",
            "connection refused",
            "no such host",
            "toomanyrequests",
            "429",
            "500",
            "502",
            "503",
            "504",
            "eof",
            "reset by",
        ]) =>
        {
            Health::stuck(format!("{image} cannot be pulled: the registry does not answer or limits requests ({reason})"))
        }
        "ImagePullBackOff" => Health::failed(format!("{image} cannot be pulled (ImagePullBackOff)")),
        _ => Health::stuck(format!("{image} cannot be pulled ({reason})")),
    }
}

/// Whether a container that waits for `reason` waits for its image.
pub(super) fn waits_for_image(reason: &str) -> bool {
    matches!(
        reason,
        "ErrImagePull"
            | "ImagePullBackOff"
            | "InvalidImageName"
            | "ErrImageNeverPull"
            | "ImageInspectError"
            | "RegistryUnavailable"
            | "SignatureValidationFailed"
    )
}

/// The image as the manifest names it, when it can be a reference of an image at all.
fn shown(image: &str) -> String {
    let is_reference = |character: char| character.is_ascii_alphanumeric() || "-_./:@+".contains(character);
    if !image.is_empty() && image.len() <= 512 && image.chars().all(is_reference) {
        format!("image `{image}`")
    } else {
        "the image".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::verdict;
    use crate::cluster::health::Health;

    #[test]
    fn a_registry_that_has_decided_fails_and_one_that_may_recover_does_not() {
        for (reason, message, expected) in [
            (
                "ErrImagePull",
                "rpc error: code = NotFound desc = app:2: not found",
                Health::failed("image `app:2` cannot be pulled: not found (ErrImagePull)"),
            ),
            (
                "ImagePullBackOff",
                "Back-off pulling image \"app:2\": ErrImagePull: pull access denied, repository does not exist or may require authorization",
                Health::failed("image `app:2` cannot be pulled: not found (ImagePullBackOff)"),
            ),
            (
                "ErrImagePull",
                "failed to authorize: 403 Forbidden",
                Health::failed("image `app:2` cannot be pulled: access denied (ErrImagePull)"),
            ),
            (
                "ImagePullBackOff",
                "Back-off pulling image \"app:2\": ErrImagePull: dial tcp: i/o timeout",
                Health::stuck("image `app:2` cannot be pulled: the registry does not answer or limits requests (ImagePullBackOff)"),
            ),
            ("ErrImagePull", "something else", Health::stuck("image `app:2` cannot be pulled (ErrImagePull)")),
            ("ImagePullBackOff", "Back-off pulling image \"app:2\"", Health::failed("image `app:2` cannot be pulled (ImagePullBackOff)")),
            ("InvalidImageName", "", Health::failed("image `app:2` is not a valid name of an image (InvalidImageName)")),
            ("ErrImageNeverPull", "", Health::failed("image `app:2` is not on the node and may not be pulled (ErrImageNeverPull)")),
        ] {
            assert_eq!(verdict(reason, message, "app:2"), expected);
        }
        assert_eq!(verdict("InvalidImageName", "", "a b"), Health::failed("the image is not a valid name of an image (InvalidImageName)"));
    }
}
