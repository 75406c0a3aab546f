//! The URLs of a KV mount and of what is beside it: names are put in segment by segment, and what came out is checked before it is used.

use reqwest::Url;

use crate::service::http::Base;
use crate::service::words;
use crate::vault::hashicorp::KvEngine;

/// The longest name.
const LONGEST: usize = 1024;

/// A mount on a server.
#[derive(Debug, Clone)]
pub(super) struct Address {
    /// `SCHEME://HOST:PORT/…/v1/`.
    base: Base,
    mount: String,
    engine: KvEngine,
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
    pub(super) fn new(address: &str, mount: &str, engine: KvEngine) -> Result<Self, String> {
        let base = Base::new(address)?;
        let mount = mount.trim_matches('/');
        check(mount).map_err(|reason| format!("its mount is not a path: {reason}"))?;
        Ok(Self { base: base.below("v1"), mount: mount.to_owned(), engine })
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

    /// The version of the mount's engine.
    pub(super) fn engine(&self) -> KvEngine {
        self.engine
    }

    /// Where `version` of a secret is read; otherwise why it has no such place.
    pub(super) fn secret(&self, name: &str, version: Option<u64>) -> Result<Url, String> {
        let query = version.map(|number| format!("version={number}"));
        self.named("data", name, query.as_deref())
    }

    /// Where the keys of `version` of a secret are listed without their values.
    pub(super) fn subkeys(&self, name: &str, version: Option<u64>) -> Result<Url, String> {
        let query = version.map_or_else(|| "depth=1".to_owned(), |number| format!("depth=1&version={number}"));
        self.named("subkeys", name, Some(&query))
    }

    /// Where the versions of a secret are listed.
    pub(super) fn metadata(&self, name: &str) -> Result<Url, String> {
        self.named("metadata", name, None)
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

    /// Where one logs in at the auth mount `mount`.
    pub(super) fn login(&self, mount: &str) -> Result<Url, String> {
        check(mount)?;
        let segments: Vec<&str> = ["auth"].into_iter().chain(mount.split('/')).chain(["login"]).collect();
        self.base.place(&segments, None)
    }

    /// A path of the vault's own, such as `sys/health`.
    pub(super) fn own(&self, path: &'static str) -> Result<Url, String> {
        self.base.place(&path.split('/').collect::<Vec<_>>(), None)
    }

    /// Where the mount says what it is.
    pub(super) fn about_mount(&self) -> Result<Url, String> {
        let segments: Vec<&str> = ["sys", "internal", "ui", "mounts"].into_iter().chain(self.mount.split('/')).collect();
        self.base.place(&segments, None)
    }

    /// Where another engine than KV, at the mount, does `verb` with what has that name.
    pub(super) fn operation(&self, verb: &str, name: &str) -> Result<Url, String> {
        check(name)?;
        let segments: Vec<&str> = self.mount.split('/').chain([verb]).chain(name.split('/')).collect();
        self.base.place(&segments, None)
    }

    /// The path of a secret or a folder as policies write it.
    pub(super) fn path(&self, verb: &str, name: &str) -> String {
        match self.engine {
            KvEngine::V1 => format!("{}/{name}", self.mount),
            KvEngine::V2 => format!("{}/{verb}/{name}", self.mount),
        }
    }

    fn named(&self, verb: &str, name: &str, query: Option<&str>) -> Result<Url, String> {
        check(name)?;
        self.place(verb, name.split('/').collect(), query)
    }

    /// Version 1 has no verbs.
    fn place(&self, verb: &str, name: Vec<&str>, query: Option<&str>) -> Result<Url, String> {
        let verb = (self.engine == KvEngine::V2).then_some(verb);
        let segments: Vec<&str> = self.mount.split('/').chain(verb).chain(name).collect();
        self.base.place(&segments, query)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::ProptestConfig;
    use proptest::prelude::Strategy;
    use proptest::prelude::any;
    use proptest::prop_assert;
    use proptest::prop_assert_eq;
    use proptest::proptest;
    use reqwest::Url;

    use super::Address;
    use super::check;
    use crate::service::http::fuzz_names;
    use crate::vault::hashicorp::KvEngine;

    fn address() -> Address {
        of(KvEngine::V2)
    }

    fn of(engine: KvEngine) -> Address {
        Address::new("https://vault.example:8200/behind/proxy/", "team/kv", engine).unwrap()
    }

    fn name() -> impl Strategy<Value = String> {
        fuzz_names(&["v1", "sys", "data"])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(34_000))]
        #[test]
        fn no_name_leaves_the_prefix(name in name(), version in any::<Option<u64>>(), way in 0..6) {
            let address = address();
            let base = "/behind/proxy/v1";
            let version_of = |number: u64| format!("version={number}");
            let (url, prefix, query) = match way {
                0 => (address.folder(&name), format!("{base}/team/kv/metadata/"), None),
                1 => (address.secret(&name, version), format!("{base}/team/kv/data/"), version.map(version_of)),
                2 => {
                    let query = version.map_or("depth=1".to_owned(), |number| format!("depth=1&{}", version_of(number)));
                    (address.subkeys(&name, version), format!("{base}/team/kv/subkeys/"), Some(query))
                }
                3 => (address.metadata(&name), format!("{base}/team/kv/metadata/"), None),
                4 => (address.login(&name), format!("{base}/auth/"), None),
                _ => (of(KvEngine::V1).secret(&name, None), format!("{base}/team/kv/"), None),
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
                prop_assert!(path.starts_with(&prefix), "{}", path);
                for decoding in [path.to_lowercase(), path.to_lowercase().replace("%25", "%")] {
                    let plain = decoding.replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
                    prop_assert!(!plain.split('/').any(|segment| segment == ".." || segment == "."), "{}", path);
                }
                prop_assert_eq!(again.query().map(str::to_owned), query);
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
    fn version_1_has_no_verbs() {
        let address = of(KvEngine::V1);
        let base = "/behind/proxy/v1/team/kv/";
        assert_eq!(address.secret("shop/db", None).unwrap().path(), format!("{base}shop/db"));
        assert_eq!(address.folder("shop").unwrap().path(), format!("{base}shop/"));
        assert_eq!((address.path("data", "a"), of(KvEngine::V2).path("data", "a")), ("team/kv/a".into(), "team/kv/data/a".into()));
    }

    #[test]
    fn what_stands_beside_the_mount_is_reached() {
        let url = |url: Result<Url, String>| url.unwrap().path().to_owned();
        assert_eq!(url(address().login("approle/ci")), "/behind/proxy/v1/auth/approle/ci/login");
        assert_eq!(url(address().own("sys/health")), "/behind/proxy/v1/sys/health");
        assert_eq!(url(address().about_mount()), "/behind/proxy/v1/sys/internal/ui/mounts/team/kv");
    }

    #[test]
    fn a_mount_is_a_path() {
        assert_eq!(
            Address::new("https://v", "../sys", KvEngine::V2).unwrap_err(),
            "its mount is not a path: `../sys` contains `..`, or `.` as a segment"
        );
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
