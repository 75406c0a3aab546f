//! The URLs of a KV version 2 mount: names are put in segment by segment, and what came out is checked before it is used.

use std::net::IpAddr;

use reqwest::Url;

use crate::vault::words;

/// The longest name.
const LONGEST: usize = 1024;

/// A mount on a server.
#[derive(Debug, Clone)]
pub(super) struct Address {
    /// `SCHEME://HOST:PORT/…/v1/`.
    base: Url,
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
        let mut base = Url::parse(address).map_err(|_| "it is no URL".to_owned())?;
        let loopback = base.host_str().is_some_and(is_loopback);
        match base.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err("plain http would show the token to the network".to_owned()),
            _ => return Err("it is neither https nor http".to_owned()),
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err("it has a user or a password in it".to_owned());
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err("it has a query or a fragment".to_owned());
        }
        let mount = mount.trim_matches('/');
        check(mount).map_err(|reason| format!("its mount is none: {reason}"))?;
        match base.path_segments_mut() {
            Ok(mut path) => path.pop_if_empty().extend(["v1", ""]),
            Err(()) => return Err("it has no host".to_owned()),
        };
        Ok(Self { base, mount: mount.to_owned() })
    }

    /// Scheme, host and port, for messages.
    pub(super) fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
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
        let mut url = self.base.clone();
        match url.path_segments_mut() {
            Ok(mut path) => path.pop_if_empty().extend(&segments),
            Err(()) => return Err("the vault's address has no host".to_owned()),
        };
        url.set_query(query);
        if self.holds(&url, &segments, query) { Ok(url) } else { Err("the name would lead to another place in the vault".to_owned()) }
    }

    /// Whether `url` is this server's, below the base, with exactly these segments and this query.
    fn holds(&self, url: &Url, segments: &[&str], query: Option<&str>) -> bool {
        let place = |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default());
        let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none() && url.query() == query;
        let Some(rest) = url.path().strip_prefix(self.base.path()) else { return false };
        let decoded: Option<Vec<String>> = rest.split('/').map(decoded).collect();
        bare && place(url) == place(&self.base) && decoded.is_some_and(|decoded| decoded == segments)
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Percent-decodes a segment (RFC 3986 section 2.1).
fn decoded(segment: &str) -> Option<String> {
    let mut parts = segment.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
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
    fn a_url_of_another_place_is_noticed() {
        let address = address();
        let good = "https://vault.example:8200/behind/proxy/v1/team/kv/data/a";
        let segments = ["team", "kv", "data", "a"];
        assert!(address.holds(&Url::parse(good).unwrap(), &segments, None));
        for other in [
            "http://vault.example:8200/behind/proxy/v1/team/kv/data/a",
            "https://evil.example:8200/behind/proxy/v1/team/kv/data/a",
            "https://vault.example/behind/proxy/v1/team/kv/data/a",
            "https://u@vault.example:8200/behind/proxy/v1/team/kv/data/a",
            "https://vault.example:8200/behind/proxy/v1/team/kv/data/a?x=1",
            "https://vault.example:8200/behind/proxy/v1/team/kv/data/a#x",
            "https://vault.example:8200/behind/proxy/v1/team/kv/data/a/b",
            "https://vault.example:8200/behind/proxy/v1/sys/mounts",
            "https://vault.example:8200/v1/team/kv/data/a",
        ] {
            assert!(!address.holds(&Url::parse(other).unwrap(), &segments, None), "{other}");
        }
    }

    #[test]
    fn addresses_that_would_leak_are_refused() {
        let reason = |address: &str| Address::new(address, "secret").unwrap_err();
        assert_eq!(reason("http://vault.example:8200"), "plain http would show the token to the network");
        assert_eq!(reason("http://127.0.0.1.evil.example"), "plain http would show the token to the network");
        assert_eq!(reason("ftp://vault.example"), "it is neither https nor http");
        assert_eq!(reason("https://user:pass@vault.example"), "it has a user or a password in it");
        assert_eq!(reason("https://vault.example?x"), "it has a query or a fragment");
        assert_eq!(reason("vault"), "it is no URL");
        assert_eq!(Address::new("https://v", "../sys").unwrap_err(), "its mount is none: `../sys` contains `..`, or `.` as a segment");
        for address in ["http://127.0.0.1:8200", "http://localhost:1", "http://[::1]:8200", "https://vault.example"] {
            assert!(Address::new(address, "secret").is_ok(), "{address}");
        }
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
