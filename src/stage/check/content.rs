//! The values of ConfigMaps and Secrets: encoding, total size, and what a Secret's type demands. Nothing of a value is ever shown.

use serde::de::IgnoredAny;

use crate::manifest::Leaf;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Value;
use crate::stage::check::base64;
#[cfg(feature = "http")]
use crate::stage::check::key_pair;
use crate::stage::check::say::Say;

/// Checks the values of a ConfigMap or Secret.
pub(super) fn check<B: Leaf>(say: &mut Say<'_, B>) {
    let secret = say.object.is_secret();
    if !secret && !say.object.is_config_map() {
        return;
    }
    let root = &say.object.root;
    let mut size = 0;
    for section in ["data", "binaryData"] {
        for (key, mark, bytes) in values(root, section) {
            if !secret && section == "data" {
                size += bytes.len();
            } else if let Some(length) = base64::decoded_length(bytes) {
                size += length;
            } else {
                say.problem(mark, format!("`{section}.{key}` is not base64"), "encode it");
            }
        }
    }
    if size > LIMIT {
        // How large a Secret is says something of its values.
        let reason = if secret {
            format!("the values of the Secret have more than {LIMIT} bytes, which Kubernetes does not allow")
        } else {
            format!("the values of the ConfigMap have {size} bytes; Kubernetes allows {LIMIT}")
        };
        let mark = root.at(&["data"]).or_else(|| root.at(&["binaryData"])).map_or(root.mark, |node| node.mark);
        say.problem(mark, reason, "divide them among several objects, or mount a volume");
    }
    if let Some(kind) = root.get("type").and_then(Node::as_text).filter(|_| secret) {
        demanded(kind, say);
    }
}

/// Warns of a size that client-side apply cannot take, and of a certificate that holds no PEM.
pub(super) fn doubt<B: Leaf>(say: &mut Say<'_, B>) {
    let secret = say.object.is_secret();
    if !secret && !say.object.is_config_map() {
        return;
    }
    let root = &say.object.root;
    let size: usize =
        ["data", "binaryData", "stringData"].iter().flat_map(|section| values(root, section)).map(|(_, _, bytes)| bytes.len()).sum();
    if size > ANNOTATION {
        let mark = root.at(&["metadata", "name"]).map_or(root.mark, |node| node.mark);
        let reason = format!(
            "the {} has more than {ANNOTATION} bytes; `kubectl apply` fails above 256 KiB unless it is called with `--server-side`",
            say.object.identity.kind
        );
        say.problem(mark, reason, "apply it with `kubectl apply --server-side`, or divide it among several objects");
    }
    if secret && root.get("type").and_then(Node::as_text) == Some("kubernetes.io/tls") {
        for (key, label, other) in [("tls.crt", "CERTIFICATE", "PRIVATE KEY"), ("tls.key", "PRIVATE KEY", "CERTIFICATE")] {
            let Some((_, mark, text)) = values(&say.object.root, "data").find(|(known, _, _)| *known == key) else { continue };
            let Some(bytes) = base64::decoded(text) else { continue };
            if let Some((what, next)) = pem_fault(bytes.expose(), label, other) {
                say.problem(mark, format!("the value of `{key}` {what}, which a Secret of type `kubernetes.io/tls` needs"), next);
            }
        }
        #[cfg(feature = "http")]
        pair(say);
    }
}

/// Warns of a certificate and a private key that do not belong together, where both are literals: of what a vault holds, no copy is made here.
#[cfg(feature = "http")]
fn pair<B: Leaf>(say: &mut Say<'_, B>) {
    let literal = |key: &str| {
        let node = say.object.root.at(&["data", key])?;
        base64::decoded(node.as_text()?.as_bytes()).map(|bytes| (node.mark, bytes))
    };
    let (Some((_, certificate)), Some((mark, key))) = (literal("tls.crt"), literal("tls.key")) else { return };
    if key_pair::is_mismatch(certificate.expose(), key.expose()) {
        let reason = "the private key in `tls.key` does not belong to the certificate in `tls.crt`";
        say.problem(mark, reason, "put the two that were made together into the Secret, the server's own certificate first");
    }
}

/// What is wrong with a PEM file (RFC 7468) that should have a block called so, and what to do.
fn pem_fault(bytes: &[u8], label: &str, other: &str) -> Option<(String, &'static str)> {
    const WHOLE: &str = "give it the text from `-----BEGIN` to `-----END …-----`, with its line ends";
    let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    let block = |label: &str| has(format!(" {label}-----").as_bytes());
    if bytes.trim_ascii().is_empty() {
        Some(("is empty, without the PEM".to_owned(), WHOLE))
    } else if !has(b"-----BEGIN ") {
        Some(("holds no PEM".to_owned(), WHOLE))
    } else if has(b"-----\\n") || !bytes.trim_ascii().contains(&b'\n') {
        Some(("has lost the line ends of the PEM".to_owned(), WHOLE))
    } else if has(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || has(b"Proc-Type: 4,ENCRYPTED") {
        Some(("is encrypted and not the open private key".to_owned(), "decrypt it, with `openssl pkey` for example"))
    } else if !block(label) {
        let what = if block(other) {
            format!("holds a {} and no {}", other.to_lowercase(), label.to_lowercase())
        } else {
            format!("holds no {}", label.to_lowercase())
        };
        Some((what, "put the certificate under `tls.crt` and its private key under `tls.key`"))
    } else {
        None
    }
}

/// What the last-applied annotation of client-side apply may hold (`TotalAnnotationSizeLimitB`).
const ANNOTATION: usize = 256 << 10;

/// The most bytes of all values of an object together, decoded (`MaxSecretSize`).
const LIMIT: usize = 1 << 20;

/// What a type demands of a value (`ValidateSecret`).
fn demanded<B: Leaf>(kind: &str, say: &mut Say<'_, B>) {
    let key = match kind {
        "kubernetes.io/dockercfg" => ".dockercfg",
        "kubernetes.io/dockerconfigjson" => ".dockerconfigjson",
        "kubernetes.io/ssh-auth" => "ssh-privatekey",
        _ => return,
    };
    let Some((_, mark, text)) = values(&say.object.root, "data").find(|(known, _, _)| *known == key) else { return };
    let Some(bytes) = base64::decoded(text) else { return };
    if key == "ssh-privatekey" {
        if bytes.is_empty() {
            say.problem(mark, format!("the value of `{key}` is empty"), "give it the private key");
        }
    } else if !is_json_object(bytes.expose()) {
        let next = "give it a Docker configuration, {\"auths\": {…}}";
        say.problem(mark, format!("the value of `{key}` is not a JSON object"), next);
    }
}

fn is_json_object(bytes: &[u8]) -> bool {
    // The parser skips without keeping a copy of what it skips.
    bytes.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

fn values<'a, B: Leaf>(root: &'a Node<B>, section: &str) -> impl Iterator<Item = (&'a str, Mark, &'a [u8])> {
    let entries = root.get(section).and_then(Node::as_map).unwrap_or_default();
    entries.iter().filter_map(|entry| match &entry.node.value {
        Value::Text(text) => Some((entry.key.as_str(), entry.node.mark, text.as_bytes())),
        Value::Leaf(leaf) => Some((entry.key.as_str(), entry.node.mark, leaf.bytes())),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::Value as Json;
    use serde_json::json;

    use crate::manifest::Node;
    use crate::manifest::Value;
    use crate::problem::Problem;
    use crate::reference::sample::object;
    use crate::secret::Secret;
    use crate::stage::check::content;
    use crate::stage::check::doubts;

    fn found(kind: &str, rest: &Json) -> Vec<Problem> {
        let mut json = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}});
        for (key, value) in rest.as_object().unwrap() {
            json[key] = value.clone();
        }
        content(&[object::<Secret>(&json)])
    }

    /// A Secret of a type whose filled value under `key` is the base64 of `value`.
    fn filled(kind: &str, key: &str, value: &[u8]) -> Vec<Problem> {
        let mut object =
            object::<Secret>(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "type": kind, "data": {}}));
        let text = Secret::new(STANDARD.encode(value).into_bytes());
        object.root.get_mut("data").unwrap().set(key, Node::made(Value::Leaf(text)));
        content(&[object])
    }

    #[test]
    fn a_mebibyte_is_the_most() {
        let text = |length: usize| json!({"data": {"a": "x".repeat(length)}});
        assert!(found("ConfigMap", &text(1 << 20)).is_empty());
        let problems = found("ConfigMap", &text((1 << 20) + 1));
        assert_eq!(problems[0].reason, "the values of the ConfigMap have 1048577 bytes; Kubernetes allows 1048576");
        assert_eq!(problems[0].next, "divide them among several objects, or mount a volume");
        assert!(problems[0].place.is_some());
        let half = STANDARD.encode(vec![0; 1 << 19]);
        assert!(found("ConfigMap", &json!({"data": {"a": "x".repeat(1 << 19)}, "binaryData": {"b": half}})).is_empty());
        assert_eq!(found("ConfigMap", &json!({"data": {"a": "x".repeat((1 << 19) + 1)}, "binaryData": {"b": half}})).len(), 1);
    }

    #[test]
    fn a_secrets_size_counts_decoded_and_is_not_told() {
        assert!(filled("Opaque", "a", &vec![7; 1 << 20]).is_empty());
        let problems = filled("Opaque", "a", &vec![7; (1 << 20) + 1]);
        assert_eq!(problems[0].reason, "the values of the Secret have more than 1048576 bytes, which Kubernetes does not allow");
    }

    #[test]
    fn a_filled_value_has_to_be_base64() {
        let mut object = object::<Secret>(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {}}));
        object.root.get_mut("data").unwrap().set("pin", Node::made(Value::Leaf(Secret::copy_of(b"canary!"))));
        let problems = content(&[object]);
        assert_eq!(problems[0].reason, "`data.pin` is not base64");
        assert!(!format!("{problems:?}").contains("canary"));
    }

    #[test]
    fn docker_configurations_are_json_objects() {
        for (kind, key) in [("kubernetes.io/dockercfg", ".dockercfg"), ("kubernetes.io/dockerconfigjson", ".dockerconfigjson")] {
            assert!(filled(kind, key, br#" {"auths": {"a": {"auth": "canary"}}}"#).is_empty());
            for bad in [&b"canary"[..], b"[\"canary\"]", b"{\"canary\": }", b"", b"{} canary", b"\xff"] {
                let problems = filled(kind, key, bad);
                assert_eq!(problems.len(), 1);
                assert_eq!(problems[0].reason, format!("the value of `{key}` is not a JSON object"));
                assert_eq!(problems[0].next, "give it a Docker configuration, {\"auths\": {…}}");
                assert!(!format!("{problems:?}").contains("canary"));
            }
        }
    }

    #[test]
    fn a_private_key_is_not_empty() {
        assert!(filled("kubernetes.io/ssh-auth", "ssh-privatekey", b"x").is_empty());
        let problems = filled("kubernetes.io/ssh-auth", "ssh-privatekey", b"");
        assert_eq!(
            (problems[0].reason.as_str(), problems[0].next.as_str()),
            ("the value of `ssh-privatekey` is empty", "give it the private key")
        );
    }

    #[test]
    fn more_than_client_side_apply_takes_is_warned_of() {
        let doubts = |length: usize, kind: &str| {
            let json = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}, "data": {"a": "x".repeat(length)}});
            doubts(&[object::<Secret>(&json)])
        };
        assert!(doubts(256 << 10, "ConfigMap").is_empty());
        let warnings = doubts((256 << 10) + 1, "ConfigMap");
        assert!(warnings[0].reason.starts_with("the ConfigMap has more than 262144 bytes"));
        assert!(warnings[0].next.contains("--server-side"));
        assert_eq!(doubts(300_000, "Secret").len(), 1);
        assert!(doubts(300_000, "Widget").is_empty());
    }

    #[test]
    fn a_certificate_without_pem_is_warned_of() {
        let warned = |crt: &[u8], key: &[u8]| {
            let data = json!({"tls.crt": STANDARD.encode(crt), "tls.key": STANDARD.encode(key)});
            let json = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "type": "kubernetes.io/tls", "data": data});
            let warnings = doubts(&[object::<Secret>(&json)]);
            assert!(!format!("{warnings:?}").contains("canary"));
            warnings.len()
        };
        let pem = |label: &str| format!("-----BEGIN {label}-----\nYQ==\n-----END {label}-----\n");
        let (certificate, key) = (pem("CERTIFICATE"), pem("EC PRIVATE KEY"));
        let (certificate, key) = (certificate.as_bytes(), key.as_bytes());
        assert_eq!(warned(certificate, key), 0);
        assert_eq!(warned(&[certificate, certificate].concat(), pem("PRIVATE KEY").replace('\n', "\r\n").as_bytes()), 0);
        assert_eq!(warned(b"canary", key), 1);
        assert_eq!(warned(b"canary", b"YmFzZTY0 canary"), 2);
        assert_eq!(warned(b"", b"\n"), 2);
        assert_eq!(warned(key, certificate), 2);
        assert_eq!(warned(certificate, pem("ENCRYPTED PRIVATE KEY").as_bytes()), 1);
        for lost in ["", " ", "\\n"] {
            assert_eq!(warned(pem("CERTIFICATE").trim_end().replace('\n', lost).as_bytes(), key), 1, "{lost:?}");
        }
    }

    #[test]
    fn other_kinds_and_types_are_left() {
        assert!(found("Widget", &json!({"data": {"a": "x".repeat(2 << 20)}})).is_empty());
        assert!(filled("example.com/own", ".dockercfg", b"x").is_empty());
    }
}
