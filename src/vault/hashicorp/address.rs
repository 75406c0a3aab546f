//! The URLs of a KV version 2 mount: names are put in segment by segment, and what came out is checked before it is used.

use reqwest::Url;

use crate::vault::http::Base;
use crate::vault::words;

/// The longest name.
const LONGEST: usize = 1024;

/// A mount on a server.
#[derive(Debug, Clone)]
pub(super) struct Address {
    /// `SCHEME://HOST:PORT/…/v1/`.
    base: Base,
    mount: String,
}

/// Whether `name` can be the path of a secret, or else why not. `HashiCorp` allows almost anything that does not end in a period; what could
/// be read as another path by a proxy, or not be read at all by a person, is refused.
pub(super) fn check(name: &str) -> Result<(), String> {
    let shown = || words::tame(name, 64);
    if name.is_empty() {
        return Err("a secret's name is empty".to_owned());
    }
    if name.len() > LONGEST {
        return Err(format!("a secret's name is longer than {LONGEST} bytes"));
    }
    let allowed = |character: char| match character {
        '\\' | '%' | '?' | '#' => false,
        ' ' | '!'..='~' => true,
        other => other.is_alphanumeric(),
    };
    if let Some(character) = name.chars().find(|character| !allowed(*character)) {
        return Err(format!("`{}` has {character:?}, which no name here may have", shown()));
    }
    if name.split('/').any(str::is_empty) {
        return Err(format!("`{}` has an empty segment", shown()));
    }
    if name.split('/').any(|segment| segment == "." || segment.contains("..")) {
        return Err(format!("`{}` contains `..`, or `.` as a segment", shown()));
    }
    if name.ends_with('.') || name.split('/').any(|segment| segment.trim() != segment) {
        return Err(format!("`{}` ends in a period, or has white space at the end of a segment", shown()));
    }
    Ok(())
}

impl Address {
    /// The mount `mount` of the server at `address`; otherwise what is wrong with either.
    pub(super) fn new(address: &str, mount: &str) -> Result<Self, String> {
        let base = Base::new(address)?;
        let mount = mount.trim_matches('/');
        check(mount).map_err(|reason| format!("its mount is none: {reason}"))?;
        Ok(Self { base: base.below("v1"), mount: mount.to_owned() })
    }

    /// Scheme, host and port, for messages.
    pub(super) fn origin(&self) -> String {
        self.base.origin()
    }

    /// `SCHEME://HOST:PORT/…/v1/`.
    pub(super) fn base(&self) -> &Base {
        &self.base
    }

    /// The mount's path.
    pub(super) fn mount(&self) -> &str {
        &self.mount
    }

    /// Where `version` of a secret is read; otherwise why it has no such place.
    pub(super) fn secret(&self, name: &str, version: Option<u64>) -> Result<Url, String> {
        check(name)?;
        let query = version.map(|number| format!("version={number}"));
        self.place("data", name.split('/').collect(), query.as_deref())
    }

    /// Where the names in `folder` are listed; `""` is the mount itself.
    pub(super) fn folder(&self, folder: &str) -> Result<Url, String> {
        let mut segments: Vec<&str> = Vec::new();
        if !folder.is_empty() {
            check(folder)?;
            segments.extend(folder.split('/'));
        }
        segments.push("");
        self.place("metadata", segments, None)
    }

    fn place(&self, verb: &str, name: Vec<&str>, query: Option<&str>) -> Result<Url, String> {
        let segments: Vec<&str> = self.mount.split('/').chain([verb]).chain(name).collect();
        self.base.place(&segments, query)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::ProptestConfig;
    use proptest::prelude::Strategy;
    use proptest::prelude::any;
    use proptest::prelude::prop;
    use proptest::prop_assert;
    use proptest::prop_assert_eq;
    use proptest::prop_oneof;
    use proptest::proptest;
    use reqwest::Url;

    use super::Address;
    use super::check;

    fn address() -> Address {
        Address::new("https://vault.example:8200/behind/proxy/", "team/kv").unwrap()
    }

    /// Names of the parts that traversals are made of.
    fn hostile() -> impl Strategy<Value = String> {
        let parts = prop::sample::select(vec![
            "..",
            ".",
            "/",
            "//",
            "\\",
            "%2e",
            "%2E%2e",
            "%2f",
            "%5c",
            "%252e",
            "%00",
            "?",
            "#",
            "@",
            ":",
            ";",
            "&",
            "=",
            "+",
            "a",
            "b c",
            "é",
            "\t",
            "\n",
            "\r",
            "\0",
            "\u{ff0e}",
            "\u{2024}",
            "\u{2215}",
            "\u{200b}",
            "v1",
            "sys",
            "data",
            "evil.example",
            "http:",
            "*",
            "~",
            "[::1]",
            " ",
        ]);
        prop_oneof![prop::collection::vec(parts, 0..8).prop_map(|parts| parts.concat()), any::<String>()]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12_000))]
        #[test]
        fn no_name_leaves_the_prefix(name in hostile(), version in any::<Option<u64>>(), folder in any::<bool>()) {
            let address = address();
            let (url, prefix) = if folder {
                (address.folder(&name), "/behind/proxy/v1/team/kv/metadata/")
            } else {
                (address.secret(&name, version), "/behind/proxy/v1/team/kv/data/")
            };
            if let Ok(url) = url {
                // What the server sees, parsed once more and without the code under test.
                let text = url.as_str();
                prop_assert!(text.is_ascii() && !text.contains(['\\', '\n', '\r', '\t']));
                let again = Url::parse(text).unwrap();
                prop_assert_eq!(again.as_str(), text);
                prop_assert_eq!((again.scheme(), again.host_str(), again.port()), ("https", Some("vault.example"), Some(8200)));
                prop_assert!(again.username().is_empty() && again.password().is_none() && again.fragment().is_none());
                let path = again.path();
                prop_assert!(path.starts_with(prefix), "{}", path);
                for decoding in [path.to_lowercase(), path.to_lowercase().replace("%25", "%")] {
                    let plain = decoding.replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
                    prop_assert!(!plain.split('/').any(|segment| segment == ".." || segment == "."), "{}", path);
                }
                prop_assert_eq!(again.query().map(str::to_owned), version.filter(|_| !folder).map(|number| format!("version={number}")));
            }
        }
    }

    #[test]
    fn good_names_go_in_segment_by_segment() {
        let url = |name: &str| address().secret(name, Some(3)).unwrap().to_string();
        let base = "https://vault.example:8200/behind/proxy/v1/team/kv/data/";
        assert_eq!(url("shop/db"), format!("{base}shop/db?version=3"));
        assert_eq!(url("with space/é&=+"), format!("{base}with%20space/%C3%A9&=+?version=3"));
        assert_eq!(address().folder("a/b").unwrap().path(), "/behind/proxy/v1/team/kv/metadata/a/b/");
        assert_eq!(address().folder("").unwrap().path(), "/behind/proxy/v1/team/kv/metadata/");
    }

    #[test]
    fn a_mount_is_a_path() {
        assert_eq!(Address::new("https://v", "../sys").unwrap_err(), "its mount is none: `../sys` contains `..`, or `.` as a segment");
    }

    #[test]
    fn names_that_cannot_be_names_are_told_why() {
        assert_eq!(check("a%2e").unwrap_err(), "`a%2e` has '%', which no name here may have");
        assert_eq!(check("a/").unwrap_err(), "`a/` has an empty segment");
        assert_eq!(check("a/../b").unwrap_err(), "`a/../b` contains `..`, or `.` as a segment");
        assert_eq!(check("a.").unwrap_err(), "`a.` ends in a period, or has white space at the end of a segment");
        assert_eq!(check("").unwrap_err(), "a secret's name is empty");
        assert_eq!(check(&"n".repeat(1025)).unwrap_err(), "a secret's name is longer than 1024 bytes");
    }
}
