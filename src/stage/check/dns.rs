//! What a name may look like (apimachinery `pkg/util/validation`).

/// RFC 1123 subdomain: at most 253 characters.
pub(super) fn is_subdomain(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_word)
}

/// RFC 1123 label: at most 63 characters.
pub(super) fn is_label(name: &str) -> bool {
    name.len() <= 63 && is_word(name)
}

/// What is in one segment of a URL's path.
pub(super) fn is_path_segment(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '%'])
}

/// A label's or annotation's key: `name` or `prefix/name`.
pub(super) fn is_qualified(key: &str) -> bool {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    prefix.is_none_or(is_subdomain) && !name.is_empty() && is_label_value(name)
}

/// A label's value: empty, or at most 63 letters, digits, `-`, `_` and `.` between letters or digits.
pub(super) fn is_label_value(value: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_alphanumeric);
    let bytes = value.as_bytes();
    bytes.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// A key of a ConfigMap or Secret (`IsConfigMapKey`).
pub(super) fn is_data_key(key: &str) -> bool {
    !key.is_empty()
        && key.len() <= 253
        && key != "."
        && !key.starts_with("..")
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// The name of an environment variable as `envFrom` takes it from a key (`IsEnvVarName`).
pub(super) fn is_variable(name: &str) -> bool {
    is_data_key(name) && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn is_word(word: &str) -> bool {
    let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = word.as_bytes();
    bytes.first().is_some_and(alphanumeric)
        && bytes.last().is_some_and(alphanumeric)
        && bytes.iter().all(|byte| alphanumeric(byte) || *byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::is_data_key;
    use super::is_label;
    use super::is_label_value;
    use super::is_path_segment;
    use super::is_qualified;
    use super::is_subdomain;
    use super::is_variable;

    #[test]
    fn subdomains_and_labels() {
        for good in ["a", "a-b", "a.b-c.1", "0"] {
            assert!(is_subdomain(good), "{good}");
        }
        for bad in ["", "A", "-a", "a-", "a..b", ".a", "a_b", "ä", "a b"] {
            assert!(!is_subdomain(bad), "{bad}");
        }
        assert!(is_subdomain(&"a".repeat(253)) && !is_subdomain(&"a".repeat(254)));
        assert!(is_label(&"a".repeat(63)) && !is_label(&"a".repeat(64)) && !is_label("a.b"));
    }

    #[test]
    fn path_segments() {
        assert!(is_path_segment("system:node") && is_path_segment("A b"));
        assert!(!is_path_segment("..") && !is_path_segment("a/b") && !is_path_segment("a%b") && !is_path_segment(""));
    }

    #[test]
    fn labels() {
        for good in ["app", "app.kubernetes.io/name", "a/B_c.d-e"] {
            assert!(is_qualified(good), "{good}");
        }
        for bad in ["", "/a", "a/", "a/b/c", "A/b", "-a", "a b"] {
            assert!(!is_qualified(bad), "{bad}");
        }
        assert!(is_label_value("") && is_label_value("A.b_c-1") && is_label_value(&"a".repeat(63)));
        assert!(!is_label_value("a b") && !is_label_value("-a") && !is_label_value("a.") && !is_label_value(&"a".repeat(64)));
    }

    #[test]
    fn keys_and_variables() {
        assert!(is_data_key("a.B_c-1") && is_data_key(".dockercfg") && is_data_key(&"a".repeat(253)));
        for bad in ["", ".", "..", "..a", "a/b", "a b", "ä"] {
            assert!(!is_data_key(bad), "{bad}");
        }
        assert!(!is_data_key(&"a".repeat(254)));
        assert!(is_variable("LOG_LEVEL") && is_variable("a.b") && !is_variable("1A") && !is_variable("a b"));
    }
}
