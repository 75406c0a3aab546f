//! What a text must be besides a text: names by Kubernetes' rules, paths, patterns, addresses.

use crate::problem::Problem;
use crate::project::glob::Pattern;
use crate::project::path::normalise;
use crate::project::quote::quote;

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::project) struct BadText {
    /// The end of a sentence that begins with the text.
    pub reason: String,
    /// What to do.
    pub next: String,
}

fn refuse(reason: &str, next: &str) -> Result<(), BadText> {
    Err(BadText { reason: reason.to_owned(), next: next.to_owned() })
}

/// The text in backticks, unless it may be a URL that carries a credential.
pub(in crate::project) fn show(text: &str) -> String {
    if text.contains("//") && text.contains(['@', '?', '#']) { "the URL".to_owned() } else { quote(text) }
}

/// Any text.
#[expect(clippy::unnecessary_wraps, reason = "it is used as other checks are")]
pub(in crate::project) fn any(_text: &str) -> Result<(), BadText> {
    Ok(())
}

/// A number of seconds up to a day, plain or with units as Kubernetes' tools take them: `90`, `90s`, `1m30s`.
pub fn seconds(text: &str) -> Option<u64> {
    let with_units = || humantime::parse_duration(text).ok().filter(|time| time.subsec_nanos() == 0).map(|time| time.as_secs());
    text.parse().ok().or_else(with_units).filter(|seconds| (1..=LONGEST_TIME).contains(seconds))
}

/// A text that [`seconds`] reads.
pub(in crate::project) fn duration(text: &str) -> Result<(), BadText> {
    if seconds(text).is_some() {
        return Ok(());
    }
    refuse("is not a duration", &format!("write whole seconds from 1 to {LONGEST_TIME}, or a time such as `90s` or `2m`"))
}

/// The longest time that can be set: a day.
const LONGEST_TIME: u64 = 86_400;

/// Any text that is not empty.
pub(in crate::project) fn some(text: &str) -> Result<(), BadText> {
    if text.is_empty() { refuse("is empty", "give it a value") } else { Ok(()) }
}

/// A label as in RFC 1123, the rule for namespaces (`apimachinery/pkg/util/validation`, `IsDNS1123Label`).
pub(in crate::project) fn label(text: &str) -> Result<(), BadText> {
    if text.len() <= 63 && is_label(text) {
        return Ok(());
    }
    refuse("is not a DNS label", "use at most 63 lower-case letters, digits and `-`, with a letter or digit at both ends")
}

/// A subdomain as in RFC 1123, the rule for names of objects (`IsDNS1123Subdomain`).
pub(in crate::project) fn subdomain(text: &str) -> Result<(), BadText> {
    if text.len() <= 253 && text.split('.').all(is_label) {
        return Ok(());
    }
    refuse("is not a name of an object", "use at most 253 lower-case letters, digits, `-` and `.`, with a letter or digit at both ends")
}

fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// The public key of an age identity (X25519): Bech32 (BIP 173) with the prefix `age`.
pub(in crate::project) fn age_recipient(text: &str) -> Result<(), BadText> {
    let is_bech32 = |part: &str| part.len() == 58 && part.bytes().all(|byte| b"023456789acdefghjklmnpqrstuvwxyz".contains(&byte));
    if text.strip_prefix("age1").is_some_and(is_bech32) {
        return Ok(());
    }
    refuse("is not an age recipient", "write the public key that `age-keygen -y` prints: `age1…`")
}

/// A key of a ConfigMap or Secret (`IsConfigMapKey`).
pub(in crate::project) fn data_key(text: &str) -> Result<(), BadText> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !text.is_empty() && text.len() <= 253 && text.bytes().all(allowed) && text != "." && !text.starts_with("..") {
        return Ok(());
    }
    refuse("is not a key of a ConfigMap or Secret", "use at most 253 letters, digits, `-`, `_` and `.`, not beginning with `..`")
}

/// A path beneath the root.
pub(in crate::project) fn path(text: &str) -> Result<(), BadText> {
    normalise(text).map(|_| ()).map_err(refusal)
}

/// A pattern of files beneath the root.
pub(in crate::project) fn pattern(text: &str) -> Result<(), BadText> {
    Pattern::parse(text).map(|_| ()).map_err(refusal)
}

/// The problem of a text that its reason quotes first.
pub(in crate::project) fn refusal(problem: Problem) -> BadText {
    let reason = problem.reason.rsplit_once("` ").map_or(problem.reason.as_str(), |(_, reason)| reason).to_owned();
    BadText { reason, next: problem.next }
}

/// An `http` or `https` address: scheme, host, port, perhaps a path; no credential, query or fragment.
pub(in crate::project) fn address(text: &str) -> Result<(), BadText> {
    let next = "write the scheme, host and port, such as `https://vault.example.com:8200`";
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return refuse("is not an http or https address", next);
    };
    let authority = rest.split('/').next().unwrap_or("");
    if authority.contains('@') {
        return refuse("carries a credential", "remove what is before `@`; credentials come from the environment");
    }
    let port_holds = match authority.rsplit_once(':') {
        Some((_, port)) if !authority.ends_with(']') => port.parse::<u16>().is_ok(),
        _ => true,
    };
    if authority.is_empty()
        || authority.starts_with(':')
        || !port_holds
        || rest.contains(['?', '#', '\\', ' '])
        || rest.contains(char::is_control)
    {
        return refuse("is not a plain http or https address", next);
    }
    Ok(())
}

/// An entry of the origins that may have credentials: `ORIGIN`, or `ORIGIN=AUDIENCE`.
pub(in crate::project) fn trusted(text: &str) -> Result<(), BadText> {
    let (origin, audience) = text.split_once('=').unwrap_or((text, "any"));
    let host = origin.split_once("://").map_or("", |(_, rest)| rest.strip_suffix('/').unwrap_or(rest));
    if address(origin).is_err() || host.contains(['/', '*']) || audience.is_empty() {
        return refuse(
            "is not an origin",
            "write `https://HOST` or `https://HOST:PORT`, and `=AUDIENCE` behind it for id tokens of that audience",
        );
    }
    Ok(())
}

/// A path inside a vault: a mount, a namespace or a prefix.
pub(in crate::project) fn vault_path(text: &str) -> Result<(), BadText> {
    let trimmed = text.strip_suffix('/').unwrap_or(text);
    if trimmed.split('/').any(|step| matches!(step, "" | "." | ".."))
        || trimmed.contains(['\\', '?', '#', '%'])
        || trimmed.contains(char::is_control)
    {
        return refuse("is not a path in a vault", "write plain names separated by `/`, without one at the beginning");
    }
    Ok(())
}

/// A Secret's type (`pkg/apis/core/validation`: a qualified name is what Kubernetes' own types are).
pub(in crate::project) fn secret_type(text: &str) -> Result<(), BadText> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/');
    if !text.is_empty() && text.len() <= 253 && text.bytes().all(allowed) {
        return Ok(());
    }
    refuse("is not a type of Secrets", "write a type such as `Opaque` or `kubernetes.io/tls`")
}

#[cfg(test)]
mod tests {
    use super::BadText;
    use super::address;
    use super::data_key;
    use super::label;
    use super::show;
    use super::subdomain;
    use super::trusted;
    use super::vault_path;

    fn table(check: fn(&str) -> Result<(), BadText>, good: &[&str], bad: &[&str]) {
        for text in good {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        for text in bad {
            assert!(check(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_url_with_a_credential_is_not_shown() {
        assert_eq!(show("https://me:CANARY@v"), "the URL");
        assert_eq!(show("https://v?sig=CANARY"), "the URL");
        assert_eq!(show("https:/v"), "`https:/v`");
    }

    #[test]
    fn labels() {
        table(label, &["a", "9", "shop-dev", &"a".repeat(63)], &["", "-a", "a-", "A", "a.b", "a_b", "ä", &"a".repeat(64)]);
    }

    #[test]
    fn subdomains() {
        table(subdomain, &["a", "a.b-c", "9.9"], &["", "a..b", ".a", "a.", "A", "a.-b", &"a".repeat(254)]);
    }

    #[test]
    fn keys() {
        table(data_key, &["a", ".env", "A_b-c.json", "a..b"], &[".", "..", "..a", "a/b", "a b", "ä", &"a".repeat(254)]);
    }

    #[test]
    fn trusted_origins() {
        table(
            trusted,
            &["https://v", "https://v.example:8200/", "http://127.0.0.1:8200", "https://[::1]:1", "https://v=api://x", "https://v=a=b"],
            &["", "v.example", "https://v/path", "https://*.example", "https://u:p@v", "https://v=", "https://v?x"],
        );
    }

    #[test]
    fn addresses() {
        table(
            address,
            &["https://v", "http://127.0.0.1:8200", "https://[::1]:8200", "https://[::1]", "https://v.example.com:8200/base"],
            &[
                "v:8200",
                "ftp://v",
                "https://",
                "https://:80",
                "https://u:p@v",
                "https://v?x",
                "https://v#x",
                "https://v:99999",
                "https://v w",
                "https://v:",
            ],
        );
    }

    #[test]
    fn vault_paths() {
        table(vault_path, &["kv", "team/app", "team/app/"], &["/kv", "a//b", "a/../b", ".", "a%2fb", "a\\b", "a?b"]);
    }
}
