//! Which ConfigMap, Secret or key a pod refers to and does not find.

use crate::cluster::health::verdict::Health;
use crate::cluster::token::name_between;

/// What the kubelet misses, out of its message (`kubelet_pods.go`, `volume/configmap`, `volume/secret`).
///
/// A key that is missing in an object that is there stays missing; a whole object may be about to come from an operator, such as a Secret that
/// a certificate or an external secret produces.
pub(super) fn missing(message: &str) -> Option<Health> {
    let object = |kind: &str, name: &str| Health::stuck(format!("{kind} `{name}` does not exist"));
    if let Some(name) = name_between(message, "secret \"", "\" not found") {
        return Some(object("Secret", name));
    }
    if let Some(name) = name_between(message, "configmap \"", "\" not found") {
        return Some(object("ConfigMap", name));
    }
    for kind in ["ConfigMap", "Secret"] {
        let key = name_between(message, "couldn't find key ", &format!(" in {kind} "));
        // NAMESPACE/NAME
        let name = name_between(message, &format!(" in {kind} "), "").and_then(|path| path.split_once('/'));
        if let (Some(key), Some((_, name))) = (key, name) {
            return Some(Health::failed(format!("{kind} `{name}` has no key `{key}`")));
        }
    }
    for (kind, words) in [("ConfigMap", "references non-existent config key: "), ("Secret", "references non-existent secret key: ")] {
        if let Some(key) = name_between(message, words, "") {
            return Some(Health::failed(format!("the {kind} of a volume has no key `{key}`")));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::missing;
    use crate::cluster::health::Health;

    #[test]
    fn what_is_missing_is_named() {
        for (message, expected) in [
            ("secret \"db\" not found", Some(Health::stuck("Secret `db` does not exist"))),
            (
                "MountVolume.SetUp failed for volume \"v\" : configmap \"app\" not found",
                Some(Health::stuck("ConfigMap `app` does not exist")),
            ),
            ("couldn't find key url in ConfigMap shop/app", Some(Health::failed("ConfigMap `app` has no key `url`"))),
            ("couldn't find key url in Secret shop/app", Some(Health::failed("Secret `app` has no key `url`"))),
            (
                "MountVolume.SetUp failed for volume \"v\" : references non-existent secret key: tls.crt",
                Some(Health::failed("the Secret of a volume has no key `tls.crt`")),
            ),
            ("container has runAsNonRoot and image will run as root", None),
        ] {
            assert_eq!(missing(message), expected, "{message}");
        }
    }
}
