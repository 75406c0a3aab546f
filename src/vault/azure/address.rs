//! The URLs of a key vault's secrets: names are put in as segments, and what came out is checked before it is used.

use reqwest::Url;

use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Base;
use crate::service::http::is_loopback;
use crate::vault::azure::cloud;
use crate::vault::name;
use crate::vault::name::Alphabet;

/// How many items a page has at most.
const PAGE: u32 = 25;

/// Key Vault's rule: `^[0-9a-zA-Z-]{1,127}$`.
pub(super) const NAME: Alphabet = Alphabet { kind: "secret", longest: 127, others: "-" };

/// A version that was asked for, which has 32 hexadecimal digits.
pub(super) fn version(text: &str) -> Result<&str, ServiceError> {
    let known = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if known { Ok(text) } else { Err(name::no_version(text, "versions here are 32 hexadecimal digits")) }
}

/// A key vault.
#[derive(Debug, Clone)]
pub(super) struct Address {
    base: Base,
    host: String,
    query: String,
}

impl Address {
    /// The vault at `url`; otherwise what is wrong with it.
    pub(super) fn new(url: &str, api_version: &str) -> Result<Self, String> {
        let base = Base::new(url)?;
        let host = base.url().host_str().unwrap_or_default().to_owned();
        if cloud::is_hsm(&host) {
            return Err("a managed HSM keeps keys and no secrets".to_owned());
        }
        if base.url().path() != "/" {
            return Err("it has a path; a vault's address ends with its host".to_owned());
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        if api_version.is_empty() || !api_version.bytes().all(plain) {
            return Err("its version of the interface is not one such as 7.5".to_owned());
        }
        Ok(Self { base, host, query: format!("api-version={api_version}") })
    }

    /// The vault's host.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Scheme, host and port.
    pub(super) fn base(&self) -> &Base {
        &self.base
    }

    /// Where a version of a secret is read, or the current one; otherwise why it has no such place.
    pub(super) fn secret(&self, name: &str, version: Option<&str>) -> Result<Url, String> {
        NAME.check(name)?;
        let segments: Vec<&str> = ["secrets", name].into_iter().chain(version).collect();
        self.base.place(&segments, Some(&self.query))
    }

    /// Where the first page of the versions of a secret is.
    pub(super) fn versions(&self, name: &str) -> Result<Url, String> {
        NAME.check(name)?;
        self.base.place(&["secrets", name, "versions"], Some(&format!("{}&maxresults={PAGE}", self.query)))
    }

    /// Where the first page of the list of secrets is.
    pub(super) fn list(&self, items: u32) -> Result<Url, String> {
        self.base.place(&["secrets"], Some(&format!("{}&maxresults={}", self.query, items.min(PAGE))))
    }

    /// Where a deleted secret is described.
    pub(super) fn deleted(&self, name: &str) -> Result<Url, String> {
        NAME.check(name)?;
        self.base.place(&["deletedsecrets", name], Some(&self.query))
    }

    /// Where a version of a key, or the current one, does `verb`; otherwise why there is no such place.
    pub(super) fn key(&self, name: &str, version: Option<&str>, verb: &str) -> Result<Url, String> {
        NAME.check(name)?;
        let segments: Vec<&str> = ["keys", name].into_iter().chain(version).chain([verb]).collect();
        self.base.place(&segments, Some(&self.query))
    }

    /// Where the page after `page` is: on the same server, in the same place, with another query. Otherwise nothing is sent there.
    pub(super) fn next(&self, page: &Url, link: &str) -> Result<Url, ServiceError> {
        let next =
            Url::parse(link).ok().filter(|next| next.username().is_empty() && next.password().is_none() && next.fragment().is_none());
        next.filter(|next| next.origin() == page.origin() && next.path() == page.path()).ok_or_else(|| {
            let reason = "the vault's list goes on at another place, and no credential is sent there";
            ServiceError::new(ServiceFault::Unavailable, reason, "check the vault's address")
        })
    }

    /// The name and the version in an `id` of this vault, such as `https://shop.vault.azure.net/secrets/db/0123…`.
    pub(super) fn identified(&self, id: &str) -> Option<(String, Option<String>)> {
        let url = Url::parse(id).ok()?;
        let host = url.host_str()?;
        // An emulator on this machine may know itself by another of its names.
        let own = host == self.host || is_loopback(host) && is_loopback(&self.host);
        let mut segments = url.path_segments()?;
        if !own || segments.next() != Some("secrets") {
            return None;
        }
        let name = segments.next().filter(|name| NAME.check(name).is_ok())?.to_owned();
        let version = segments.next().filter(|version| !version.is_empty());
        let fit = version.is_none_or(|version| version.len() <= 64 && version.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        (fit && segments.next().is_none()).then(|| (name, version.map(str::to_owned)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::ProptestConfig;
    use proptest::prelude::Strategy;
    use proptest::prop_assert;
    use proptest::prop_assert_eq;
    use proptest::prop_oneof;
    use proptest::proptest;
    use reqwest::Url;

    use super::Address;
    use super::NAME;
    use super::version;
    use crate::service::http::fuzz_names;

    const VERSION: &str = "0123456789abcdef0123456789ABCDEF";

    fn address() -> Address {
        Address::new("https://shop.vault.azure.net", "7.5").unwrap()
    }

    fn name() -> impl Strategy<Value = String> {
        prop_oneof![2 => fuzz_names(&["secrets", "keys", "deletedsecrets", "versions"]), 1 => "[0-9a-zA-Z-]{1,130}"]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(34_000))]
        #[test]
        fn no_name_leaves_the_prefix(name in name(), text in prop_oneof![name(), "[0-9a-f]{32}"], which in 0..3_u8) {
            let address = address();
            let pinned = version(&text).ok();
            let (url, prefix, rest) = match which {
                0 => (address.secret(&name, pinned), "/secrets/", 1 + usize::from(pinned.is_some())),
                1 => (address.versions(&name), "/secrets/", 2),
                _ => (address.deleted(&name), "/deletedsecrets/", 1),
            };
            prop_assert_eq!(url.is_ok(), NAME.check(&name).is_ok());
            if let Ok(url) = url {
                // What the server sees, parsed once more and without the code under test.
                let again = Url::parse(url.as_str()).unwrap();
                prop_assert_eq!(again.as_str(), url.as_str());
                prop_assert_eq!((again.scheme(), again.host_str(), again.port()), ("https", Some("shop.vault.azure.net"), None));
                prop_assert!(again.username().is_empty() && again.password().is_none() && again.fragment().is_none());
                let below = again.path().strip_prefix(prefix).unwrap();
                prop_assert_eq!(below.split('/').count(), rest, "{}", again.path());
                prop_assert!(below.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'/')));
                prop_assert!(matches!(again.query(), Some("api-version=7.5" | "api-version=7.5&maxresults=25")));
            }
        }
    }

    #[test]
    fn names_and_versions_that_cannot_be_are_told_why() {
        assert_eq!(NAME.check("").unwrap_err(), "a secret's name is empty");
        assert_eq!(NAME.check(&"n".repeat(128)).unwrap_err(), "a secret's name is longer than 127 characters");
        assert_eq!(
            NAME.check("DB_URL").unwrap_err(),
            "a secret's name begins with `DB` and has '_'; it is made of letters, digits and `-`"
        );
        assert_eq!(version("latest").unwrap_err().reason, "`latest` is not a version; versions here are 32 hexadecimal digits");
        assert_eq!(version(VERSION).unwrap(), VERSION);
    }

    #[test]
    fn addresses_that_are_no_vaults_are_refused() {
        let reason = |url: &str| Address::new(url, "7.5").unwrap_err();
        assert_eq!(reason("https://shop.managedhsm.azure.net"), "a managed HSM keeps keys and no secrets");
        assert_eq!(reason("https://shop.vault.azure.net/secrets/db"), "it has a path; a vault's address ends with its host");
        assert_eq!(reason("http://shop.vault.azure.net"), "plain http would show the token to the network");
        let reason = Address::new("https://shop.vault.azure.net/", "7.5&x=1").unwrap_err();
        assert_eq!(reason, "its version of the interface is not one such as 7.5");
    }

    #[test]
    fn a_list_goes_on_in_its_own_place_only() {
        let address = address();
        let page = address.list(25).unwrap();
        assert_eq!(page.as_str(), "https://shop.vault.azure.net/secrets?api-version=7.5&maxresults=25");
        let next = address.next(&page, "https://shop.vault.azure.net:443/secrets?api-version=7.5&$skiptoken=abc&maxresults=25").unwrap();
        assert_eq!(next.query(), Some("api-version=7.5&$skiptoken=abc&maxresults=25"));
        for link in [
            "https://evil.example/secrets?x",
            "http://shop.vault.azure.net/secrets?x",
            "https://shop.vault.azure.net:444/secrets?x",
            "https://shop.vault.azure.net/keys?x",
            "https://u@shop.vault.azure.net/secrets?x",
            "/secrets?x",
        ] {
            let error = address.next(&page, link).unwrap_err();
            assert_eq!(error.reason, "the vault's list goes on at another place, and no credential is sent there", "{link}");
        }
    }

    #[test]
    fn an_id_is_of_this_vault_or_of_none() {
        let address = address();
        let id = |rest: &str| address.identified(&format!("https://shop.vault.azure.net{rest}"));
        assert_eq!(id("/secrets/db/v1"), Some(("db".to_owned(), Some("v1".to_owned()))));
        assert_eq!(id(":443/secrets/db"), Some(("db".to_owned(), None)));
        for rest in ["/keys/db/v1", "/secrets", "/secrets/d_b/v1", "/secrets/db/v%31", "/secrets/db/v1/x"] {
            assert_eq!(id(rest), None, "{rest}");
        }
        assert_eq!(address.identified("https://other.vault.azure.net/secrets/db/v1"), None);
        let local = Address::new("http://127.0.0.1:8443", "7.5").unwrap();
        assert!(local.identified("https://localhost:8443/secrets/db/v1").is_some());
    }
}
