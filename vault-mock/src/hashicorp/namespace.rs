//! Namespaces: a header, or the beginning of a path (`OpenBao`'s `internal/vault/namespace_store.go`).

/// A path within a namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Empty for the root, else such as `team/shop/`.
    pub(crate) namespace: String,
    /// The rest, without `/` at its beginning.
    pub(crate) path: String,
}

impl Place {
    /// The place that `header` and `path` name; `None` when the header is no namespace of `known`. A server that has no namespaces does
    /// not read the header, as those servers do that cannot have any.
    pub(crate) fn find(known: &[String], header: Option<&str>, path: &str) -> Option<Self> {
        let header = match header.map(canonical).unwrap_or_default() {
            _ if known.is_empty() => String::new(),
            header if header == "root/" => String::new(),
            header => header,
        };
        let full = format!("{header}{path}");
        let namespace = known.iter().filter(|namespace| full.starts_with(*namespace)).max_by_key(|namespace| namespace.len());
        let namespace = namespace.cloned().unwrap_or_default();
        namespace.starts_with(&header).then(|| Self { path: full[namespace.len()..].to_owned(), namespace })
    }

    /// The path with its namespace.
    pub(crate) fn full(&self) -> String {
        format!("{}{}", self.namespace, self.path)
    }
}

/// No `/` at the beginning, one at the end; nothing for the root.
pub(crate) fn canonical(namespace: &str) -> String {
    let name = namespace.trim_matches('/');
    if name.is_empty() { String::new() } else { format!("{name}/") }
}

#[cfg(test)]
mod tests {
    use super::Place;

    fn find(header: Option<&str>, path: &str) -> Option<(String, String)> {
        let known = ["team/", "team/shop/"].map(str::to_owned);
        Place::find(&known, header, path).map(|place| (place.namespace, place.path))
    }

    #[test]
    fn header_and_prefix_are_the_same_thing() {
        let shop = Some(("team/shop/".to_owned(), "secret/data/a".to_owned()));
        assert_eq!(find(Some("team/shop"), "secret/data/a"), shop);
        assert_eq!(find(Some("/team/shop/"), "secret/data/a"), shop);
        assert_eq!(find(Some("team/"), "shop/secret/data/a"), shop);
        assert_eq!(find(None, "team/shop/secret/data/a"), shop);
        assert_eq!(find(Some("root"), "team/shop/secret/data/a"), shop);
        assert_eq!(find(None, "secret/data/a"), Some((String::new(), "secret/data/a".to_owned())));
    }

    #[test]
    fn a_header_must_be_known_as_a_whole() {
        assert_eq!(find(Some("team/other"), "secret/data/a"), None);
        assert_eq!(find(Some("other"), "team/secret/data/a"), None);
        assert_eq!(Place::find(&[], Some("other"), "secret/a").unwrap().full(), "secret/a");
    }
}
