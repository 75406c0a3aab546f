//! Where on a server a name leads: below its base, segment by segment, and nowhere else.

use std::net::IpAddr;

use reqwest::Url;

/// An address of a server that everything asked of it lies below.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    /// `SCHEME://HOST:PORT/…/`, with the slash.
    url: Url,
}

impl Base {
    /// The server at `address`; otherwise what is wrong with it. Plain `http` is for the loopback only.
    pub(crate) fn new(address: &str) -> Result<Self, String> {
        let mut url = Url::parse(address).map_err(|_| "it is not a URL".to_owned())?;
        safe(&url)?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err("it has a query or a fragment".to_owned());
        }
        match url.path_segments_mut() {
            Ok(mut path) => path.pop_if_empty().push(""),
            Err(()) => return Err("it has no host".to_owned()),
        };
        Ok(Self { url })
    }

    /// The base one segment deeper.
    pub(crate) fn below(mut self, segment: &str) -> Self {
        if let Ok(mut path) = self.url.path_segments_mut() {
            path.pop_if_empty().extend([segment, ""]);
        }
        self
    }

    /// The base itself.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether it is on this machine.
    pub(crate) fn is_local(&self) -> bool {
        self.url.host_str().is_some_and(is_loopback)
    }

    /// Scheme, host and port, for messages.
    pub(crate) fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// The place with exactly these segments and this query (percent-encoded already); otherwise why there is none. An empty last segment is a
    /// slash at the end.
    pub(crate) fn place(&self, segments: &[&str], query: Option<&str>) -> Result<Url, String> {
        let mut url = self.url.clone();
        match url.path_segments_mut() {
            Ok(mut path) => path.pop_if_empty().extend(segments),
            Err(()) => return Err("the vault's address has no host".to_owned()),
        };
        url.set_query(query);
        if self.holds(&url, segments, query) { Ok(url) } else { Err("the name would lead to another place in the vault".to_owned()) }
    }

    /// Whether `url` is this server's, below the base, with exactly these segments and this query.
    fn holds(&self, url: &Url, segments: &[&str], query: Option<&str>) -> bool {
        let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none() && url.query() == query;
        let Some(rest) = url.path().strip_prefix(self.url.path()) else { return false };
        let decoded: Option<Vec<String>> = rest.split('/').map(decoded).collect();
        bare && url.origin() == self.url.origin() && decoded.is_some_and(|decoded| decoded == segments)
    }
}

/// Whether a credential may be sent to a URL at all: `https`, or `http` on the loopback, and nothing else of a secret in it; otherwise why not.
pub(crate) fn safe(url: &Url) -> Result<(), String> {
    let loopback = url.host_str().is_some_and(is_loopback);
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => return Err("plain http would show the token to the network".to_owned()),
        _ => return Err("it is neither https nor http".to_owned()),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it has a user or a password in it".to_owned());
    }
    Ok(())
}

/// Whether a host is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
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
    use reqwest::Url;

    use super::Base;

    #[test]
    fn a_url_of_another_place_is_noticed() {
        let base = Base::new("https://vault.example:8200/behind/proxy").unwrap().below("v1");
        let good = "https://vault.example:8200/behind/proxy/v1/team/kv/data/a";
        let segments = ["team", "kv", "data", "a"];
        assert!(base.holds(&Url::parse(good).unwrap(), &segments, None));
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
            assert!(!base.holds(&Url::parse(other).unwrap(), &segments, None), "{other}");
        }
    }

    #[test]
    fn segments_that_move_are_refused() {
        let base = Base::new("https://vault.example").unwrap();
        assert_eq!(base.place(&["a b", "é%2f"], Some("x=1")).unwrap().as_str(), "https://vault.example/a%20b/%C3%A9%252f?x=1");
        for segment in ["..", ".", "a\tb", "a\nb"] {
            assert_eq!(base.place(&[segment], None).unwrap_err(), "the name would lead to another place in the vault", "{segment:?}");
        }
    }

    #[test]
    fn addresses_that_would_leak_are_refused() {
        let reason = |address: &str| Base::new(address).unwrap_err();
        assert_eq!(reason("http://vault.example:8200"), "plain http would show the token to the network");
        assert_eq!(reason("http://127.0.0.1.evil.example"), "plain http would show the token to the network");
        assert_eq!(reason("ftp://vault.example"), "it is neither https nor http");
        assert_eq!(reason("https://user:pass@vault.example"), "it has a user or a password in it");
        assert_eq!(reason("https://vault.example?x"), "it has a query or a fragment");
        assert_eq!(reason("vault"), "it is not a URL");
        for address in ["http://127.0.0.1:8200", "http://localhost:1", "http://[::1]:8200", "https://vault.example"] {
            assert!(Base::new(address).is_ok(), "{address}");
        }
    }
}
