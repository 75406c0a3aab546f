//! Placeholders of other tools, which stay as they are: nothing fills them here.

use crate::blank::BlankText;
use crate::blank::Piece;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Value;
use crate::stage::check::say::Say;

/// Warns of the first placeholder of an object. Its text is not repeated: it may be in a Secret.
pub(super) fn check(say: &mut Say<'_, BlankText>) {
    let root = &say.object.root;
    let annotations = root.at(&["metadata", "annotations"]).and_then(Node::as_map).unwrap_or_default();
    let by_path = annotations.iter().any(|entry| entry.key == AVP_PATH);
    if let Some((mark, what)) = find(root, by_path) {
        let reason = format!("a placeholder of {what} stays as it is: cloze does not fill it");
        say.problem(mark, reason, "write `secret(name=…)` in its place, or leave it if that tool runs afterwards");
    }
}

fn find(node: &Node<BlankText>, by_path: bool) -> Option<(Mark, &'static str)> {
    let named = |text: &str| (by_path && is_named(text)).then_some("argocd-vault-plugin (`<key>`)");
    match &node.value {
        Value::Text(text) => placeholder(text).or_else(|| named(text)).map(|what| (node.mark, what)),
        Value::Leaf(text) => text.pieces.iter().find_map(|piece| match piece {
            Piece::Text(text) => placeholder(text).or_else(|| named(text)).map(|what| (node.mark, what)),
            Piece::Blank(_) => None,
        }),
        Value::List(items) => items.iter().find_map(|item| find(item, by_path)),
        Value::Map(entries) => entries.iter().find_map(|entry| match (entry.key.as_str(), entry.node.get("mac")) {
            ("sops", Some(_)) => Some((entry.mark, "SOPS (`sops:`)")),
            _ => find(&entry.node, by_path),
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// The tool whose placeholder is in a text: argocd-vault-plugin, SOPS, vals, 1Password, Bank-Vaults, Octopus Deploy and Azure Pipelines'
/// replace tokens.
fn placeholder(text: &str) -> Option<&'static str> {
    if text
        .split("<path:")
        .skip(1)
        .any(|rest| rest.split_once('>').is_some_and(|(path, _)| path.contains('#') && !path.contains(['\n', ' '])))
    {
        return Some("argocd-vault-plugin (`<path:…>`)");
    }
    if text.split("ENC[AES256_GCM,").skip(1).any(|rest| rest.contains(']')) {
        return Some("SOPS (`ENC[…]`)");
    }
    if text.split_whitespace().any(|word| {
        let word = word.trim_start_matches(['"', '\'']);
        word.strip_prefix("ref+")
            .or_else(|| word.strip_prefix("secretref+"))
            .and_then(|rest| rest.split_once("://"))
            .is_some_and(|(scheme, _)| is_name(scheme))
    }) {
        return Some("vals (`ref+…://`)");
    }
    if text.strip_prefix("op://").is_some_and(|path| path.matches('/').count() >= 2 && !path.contains(char::is_whitespace)) {
        return Some("1Password (`op://…`)");
    }
    if text.strip_prefix("vault:").is_some_and(|path| path.contains('/') && path.contains('#') && !path.contains(char::is_whitespace)) {
        return Some("Bank-Vaults (`vault:…#…`)");
    }
    let token = |begin: &str, end: &str| text.split(begin).skip(1).any(|rest| rest.split_once(end).is_some_and(|(name, _)| is_name(name)));
    if token("#{", "}#") || text.starts_with("#{") && text.ends_with('}') && is_name(&text[2..text.len() - 1]) {
        return Some("a token replacer (`#{…}#`)");
    }
    None
}

/// Whether `<key>` or `<key | base64encode>` is in a text: what argocd-vault-plugin fills from the path of the object's annotation.
fn is_named(text: &str) -> bool {
    text.split('<').skip(1).any(|rest| {
        let key = rest.split_once('>').map(|(inner, _)| inner.split_once('|').map_or(inner, |(key, _)| key.trim_end()));
        key.is_some_and(|key| is_name(key) && !key.starts_with('-'))
    })
}

/// The annotation with the path of an object's placeholders (argocd-vault-plugin.readthedocs.io/en/stable/howitworks).
const AVP_PATH: &str = "avp.kubernetes.io/path";

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::placeholder;
    use crate::reference::sample::object;
    use crate::stage::check::placeholders;

    #[test]
    fn placeholders_are_known_by_their_form() {
        for text in [
            "<path:kv/data/db#password>",
            "a: <path:secret#key | base64encode>x<path:kv/db#pw>",
            "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]",
            "ref+vault://kv/db#/password",
            "url: \"ref+awssecrets://db\"",
            "#{DbPassword}#",
            "op://shop/db/password",
            "vault:secret/data/db#password",
            "#{Db.Password}",
        ] {
            assert!(placeholder(text).is_some(), "{text}");
        }
        for text in [
            "<path: none>",
            "<path:x>",
            "ENC[]",
            "see ref+notes",
            "${#a}",
            "#{",
            "a #{not a name}# b",
            "color: #{c}",
            "see op://",
            "vault: x#y",
            "vault:8200",
        ] {
            assert!(placeholder(text).is_none(), "{text}");
        }
    }

    #[test]
    fn angle_brackets_are_placeholders_beside_the_plugins_annotation_only() {
        let warned = |annotation: &str, text: &str| {
            let json = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "annotations": {annotation: "kv/data/db"}},
                "stringData": {"a": text}});
            placeholders(&[object(&json)]).into_iter().map(|warning| warning.reason).collect::<Vec<_>>()
        };
        for text in ["<password>", "postgres://<user>:<password>@db", "<password | base64encode>", "<db.password>"] {
            let said = warned("avp.kubernetes.io/path", text);
            assert_eq!(said, ["a placeholder of argocd-vault-plugin (`<key>`) stays as it is: cloze does not fill it"], "{text}");
            assert_eq!(warned("note", text), [""; 0]);
        }
        for text in ["a < b > c", "<>", "<!-- note -->", "<a href=\"x\">", "1 << 2"] {
            assert_eq!(warned("avp.kubernetes.io/path", text), [""; 0], "{text}");
        }
    }

    #[test]
    fn an_object_is_warned_of_once_and_its_text_is_not_repeated() {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"},
            "stringData": {"a": "<path:kv/canary#x>", "b": "<path:kv/canary#y>"}});
        let encrypted = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "sops": {"mac": "x"}});
        let warnings = placeholders(&[object(&secret), object(&encrypted)]);
        let reasons: Vec<_> = warnings.iter().map(|warning| warning.reason.as_str()).collect();
        assert_eq!(
            reasons,
            [
                "a placeholder of argocd-vault-plugin (`<path:…>`) stays as it is: cloze does not fill it",
                "a placeholder of SOPS (`sops:`) stays as it is: cloze does not fill it"
            ]
        );
    }
}
