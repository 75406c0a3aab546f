//! Annotations of well-known controllers that name a ConfigMap or Secret.

use crate::manifest::ConfigKind;
use crate::manifest::Entry;
use crate::manifest::Value;
use crate::reference::Presence;
use crate::reference::ReferenceSite;
use crate::reference::Visit;

/// How an annotation writes names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `name` or `namespace/name`, with `secret://` before it where the controller knows that.
    One,
    /// Names, separated by commas, that may be absent.
    List,
    /// JSON, with the name under `secretName`.
    Json,
}

/// Shows `visitor` what the annotation names, and writes what it answers. Whether the annotation is one of those that name something.
pub(super) fn annotated<B>(entry: &mut Entry<B>, fixed: Option<&'static str>, visitor: &mut impl Visit) -> bool {
    let Some((_, referent, form)) = ANNOTATIONS.iter().find(|(known, _, _)| *known == entry.key) else { return false };
    let Some(text) = entry.node.as_text() else { return true };
    let mark = entry.node.mark;
    let presence = if *form == Form::One { Presence::Required } else { Presence::Optional };
    let mut ask = |text: &str| {
        let (scheme, text) = text.split_once("://").map_or(("", text), |(scheme, text)| (scheme, text));
        if !matches!(scheme, "" | "secret") || text.contains(['$', '{']) {
            return None;
        }
        let (namespace, name) = text.split_once('/').map_or((None, text), |(namespace, name)| (Some(namespace), name));
        let site = ReferenceSite { referent: *referent, name, namespace, keys: Vec::new(), text_only: false, presence, fixed, mark };
        let name = visitor.reference(&site)?;
        let scheme = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
        Some(namespace.map_or_else(|| format!("{scheme}{name}"), |namespace| format!("{scheme}{namespace}/{name}")))
    };
    let changed = match form {
        Form::One => ask(text),
        Form::List => {
            let names: Vec<String> = text.split(',').map(|name| ask(name.trim()).unwrap_or_else(|| name.to_owned())).collect();
            Some(names.join(",")).filter(|new| new != text)
        }
        Form::Json => secret_name(text).and_then(|(start, end)| {
            let name = ask(&text[start..end])?;
            Some(format!("{}{name}{}", &text[..start], &text[end..]))
        }),
    };
    if let Some(text) = changed {
        entry.node.value = Value::Text(text.into());
    }
    true
}

/// Where the name is that a JSON text has under `secretName`.
fn secret_name(text: &str) -> Option<(usize, usize)> {
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    let name = json.get("secretName")?.as_str()?;
    let key = "\"secretName\"";
    let quoted = format!("\"{name}\"");
    let after = text.find(key)? + key.len();
    let start = after + text[after..].find(&quoted)? + 1;
    // Nothing but a colon and white space lies between a key and its value.
    text[after..start - 1].trim().eq(":").then_some((start, start + name.len()))
}

const ANNOTATIONS: [(&str, ConfigKind, Form); 27] = [
    ("alb.ingress.kubernetes.io/auth-idp-oidc", ConfigKind::Secret, Form::Json),
    ("cert-manager.io/inject-ca-from-secret", ConfigKind::Secret, Form::List),
    ("configmap.reloader.stakater.com/reload", ConfigKind::ConfigMap, Form::List),
    ("haproxy-ingress.github.io/auth-secret", ConfigKind::Secret, Form::One),
    ("haproxy-ingress.github.io/auth-tls-secret", ConfigKind::Secret, Form::One),
    ("haproxy-ingress.github.io/secure-crt-secret", ConfigKind::Secret, Form::One),
    ("haproxy-ingress.github.io/secure-verify-ca-secret", ConfigKind::Secret, Form::One),
    ("haproxy.org/auth-secret", ConfigKind::Secret, Form::One),
    ("haproxy.org/client-ca", ConfigKind::Secret, Form::One),
    ("haproxy.org/server-ca", ConfigKind::Secret, Form::One),
    ("haproxy.org/server-crt", ConfigKind::Secret, Form::One),
    ("ingress.kubernetes.io/auth-secret", ConfigKind::Secret, Form::One),
    ("ingress.kubernetes.io/auth-tls-secret", ConfigKind::Secret, Form::One),
    ("konghq.com/client-cert", ConfigKind::Secret, Form::One),
    ("nginx.com/jwt-key", ConfigKind::Secret, Form::One),
    ("nginx.ingress.kubernetes.io/auth-proxy-set-headers", ConfigKind::ConfigMap, Form::One),
    ("nginx.ingress.kubernetes.io/auth-secret", ConfigKind::Secret, Form::One),
    ("nginx.ingress.kubernetes.io/auth-tls-secret", ConfigKind::Secret, Form::One),
    ("nginx.ingress.kubernetes.io/custom-headers", ConfigKind::ConfigMap, Form::One),
    ("nginx.ingress.kubernetes.io/fastcgi-params-configmap", ConfigKind::ConfigMap, Form::One),
    ("nginx.ingress.kubernetes.io/proxy-ssl-secret", ConfigKind::Secret, Form::One),
    ("nginx.org/basic-auth-secret", ConfigKind::Secret, Form::One),
    ("nginx.org/jwt-key", ConfigKind::Secret, Form::One),
    ("secret.reloader.stakater.com/reload", ConfigKind::Secret, Form::List),
    ("traefik.ingress.kubernetes.io/auth-secret", ConfigKind::Secret, Form::One),
    ("vault.hashicorp.com/agent-configmap", ConfigKind::ConfigMap, Form::One),
    ("vault.hashicorp.com/tls-secret", ConfigKind::Secret, Form::One),
];

#[cfg(test)]
mod tests {
    use super::ANNOTATIONS;
    use super::secret_name;

    #[test]
    fn each_annotation_is_listed_once() {
        assert!(ANNOTATIONS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn a_name_in_json_is_found_where_it_stands() {
        let found = |text: &'static str| secret_name(text).map(|(start, end)| &text[start..end]);
        assert_eq!(found(r#"{"issuer":"https://a","secretName":"front-tls"}"#), Some("front-tls"));
        assert_eq!(found(r#"{ "secretName" : "front-tls" }"#), Some("front-tls"));
        assert_eq!(found(r#"{"secret":"front-tls"}"#), None);
        assert_eq!(found(r#"{"secretName":7}"#), None);
        assert_eq!(found("secretName: front-tls"), None);
    }
}
