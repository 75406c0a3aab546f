//! The URLs of a project's secrets: names are checked, put in segment by segment, and what came out is checked again.

use reqwest::Url;

use crate::service::ServiceError;
use crate::service::http::Base;
use crate::service::words;
use crate::vault::name;
use crate::vault::name::Alphabet;

/// A secret's name (`SecretId` in google.cloud.secretmanager.v1).
pub(super) const NAME: Alphabet = Alphabet { kind: "secret", longest: 255, others: "-_" };
/// The longest alias of a version.
const LONGEST_ALIAS: usize = 63;

/// The secrets of a project, in a location or in none.
#[derive(Debug, Clone)]
pub(super) struct SecretsParent {
    /// `SCHEME://HOST:PORT/…/v1/`.
    base: Base,
    project: String,
    location: Option<String>,
}

impl SecretsParent {
    /// Where Google has a project's secrets, or at `endpoint`; otherwise what is wrong with any of them.
    pub(super) fn new(project: &str, location: Option<&str>, endpoint: Option<&str>) -> Result<Self, String> {
        check_project(project)?;
        location.map(check_location).transpose()?;
        let base = match (endpoint, location) {
            (Some(endpoint), _) => Base::new(endpoint).map_err(|reason| format!("the endpoint cannot be used: {reason}"))?,
            (None, None) => Base::new("https://secretmanager.googleapis.com")?,
            (None, Some(location)) => Base::new(&format!("https://secretmanager.{location}.rep.googleapis.com"))?,
        };
        Ok(Self { base: base.below("v1"), project: project.to_owned(), location: location.map(str::to_owned) })
    }

    /// `SCHEME://HOST:PORT/…/v1/`.
    pub(super) fn base(&self) -> &Base {
        &self.base
    }

    /// The project.
    pub(super) fn project(&self) -> &str {
        &self.project
    }

    /// The location.
    pub(super) fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// A version of a secret, the latest one when none is named; with what follows the colon, if anything does.
    pub(super) fn version(&self, name: &str, version: Option<&str>, verb: Option<&str>) -> Result<Url, String> {
        NAME.check(name)?;
        let version = version.unwrap_or("latest");
        if version != "latest" && check_version(version).is_err() {
            return Err("the version is not one of a secret".to_owned());
        }
        let last = verb.map_or_else(|| version.to_owned(), |verb| format!("{version}:{verb}"));
        self.below(&["secrets", name, "versions", &last], None)
    }

    /// Where the permissions that one has on a secret are asked for.
    pub(super) fn permissions(&self, name: &str) -> Result<Url, String> {
        NAME.check(name)?;
        self.below(&["secrets", &format!("{name}:testIamPermissions")], None)
    }

    /// A page of the secrets.
    pub(super) fn list(&self, size: usize, token: &str) -> Result<Url, String> {
        let query = if token.is_empty() { format!("pageSize={size}") } else { format!("pageSize={size}&pageToken={}", encoded(token)) };
        self.below(&["secrets"], Some(&query))
    }

    fn below(&self, rest: &[&str], query: Option<&str>) -> Result<Url, String> {
        let mut segments = vec!["projects", self.project.as_str()];
        if let Some(location) = &self.location {
            segments.extend(["locations", location.as_str()]);
        }
        segments.extend(rest);
        self.base.place(&segments, query)
    }

    /// What follows `projects/…/secrets/` in a full name, if it is one of here. Google writes the project by its number.
    pub(super) fn within<'a>(&self, resource: &'a str) -> Option<&'a str> {
        let rest = resource.strip_prefix("projects/")?;
        let (project, mut rest) = rest.split_once('/')?;
        if let Some(location) = &self.location {
            rest = rest.strip_prefix("locations/")?.strip_prefix(location.as_str())?.strip_prefix('/')?;
        }
        let ours = project == self.project || is_number(project);
        rest.strip_prefix("secrets/").filter(|_| ours)
    }

    /// The number of a version in its full name, if it is one of the secret `name` here.
    pub(super) fn number<'a>(&self, resource: &'a str, name: &str) -> Option<&'a str> {
        let number = self.within(resource)?.strip_prefix(name)?.strip_prefix("/versions/")?;
        Some(number).filter(|number| is_number(number))
    }
}

/// Whether `version` is a number or can be an alias. `latest` is no pin.
pub(super) fn check_version(version: &str) -> Result<(), ServiceError> {
    let alias = version.len() <= LONGEST_ALIAS
        && version.starts_with(|first: char| first.is_ascii_alphabetic())
        && version.chars().all(|character| character.is_ascii_alphanumeric() || character == '-' || character == '_')
        && version != "latest";
    if alias || (is_number(version) && version.parse::<i64>().is_ok()) {
        return Ok(());
    }
    Err(name::no_version(version, "versions here are 1, 2, 3, …, or an alias"))
}

/// Whether it is a number as Google writes numbers.
pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A project's id (6 to 30 lower-case letters, digits and hyphens), one of the old ids with a domain before it, or a number.
fn check_project(project: &str) -> Result<(), String> {
    let (domain, id) = project.rsplit_once(':').unwrap_or(("a.b", project));
    let plain = |text: &str, also: &str| text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || also.contains(c));
    let named = (6..=30).contains(&id.len()) && plain(id, "-") && id.starts_with(|c: char| c.is_ascii_lowercase()) && !id.ends_with('-');
    let domain =
        domain.contains('.') && plain(domain, "-.") && !domain.contains("..") && !domain.starts_with('.') && !domain.ends_with('.');
    if (named && domain) || (is_number(project) && project.len() <= 19) {
        return Ok(());
    }
    Err(format!("`{}` is not the id of a project, which is 6 to 30 lower-case letters, digits and hyphens", words::tame(project, 64)))
}

/// Whether a host is Secret Manager's own, or that of a location. Private connections have names that their users choose.
pub(crate) fn is_service(host: &str) -> bool {
    let location = host.strip_prefix("secretmanager.").and_then(|rest| rest.strip_suffix(".rep.googleapis.com"));
    host == "secretmanager.googleapis.com" || location.is_some_and(|location| check_location(location).is_ok())
}

fn check_location(location: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = location.starts_with(|c: char| c.is_ascii_lowercase()) && !location.ends_with('-');
    if fits && location.len() <= 63 && location.chars().all(plain) {
        return Ok(());
    }
    Err(format!("`{}` is not a location; one looks like `europe-west3`", words::tame(location, 64)))
}

/// Percent-encodes a part of a query (RFC 3986 section 2.3).
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
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

    use super::NAME;
    use super::SecretsParent;
    use super::check_version;
    use super::is_service;
    use crate::service::http::fuzz_names;

    fn place(location: Option<&str>) -> SecretsParent {
        SecretsParent::new("demo-project", location, Some("https://vault.example:8200/behind")).unwrap()
    }

    fn name() -> impl Strategy<Value = String> {
        fuzz_names(&[":destroy", "versions", "secrets", "latest", "1"])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(34_000))]
        #[test]
        fn nothing_leaves_the_prefix(name in name(), version in prop_oneof![name(), "[a-zA-Z0-9_-]{1,8}"], token in name()) {
            let place = place(Some("europe-west3"));
            let prefix = "/behind/v1/projects/demo-project/locations/europe-west3/secrets";
            let urls = [
                (place.version(&name, Some(&version), Some("access")), format!("{prefix}/{name}/versions/{version}:access")),
                (place.version(&name, None, None), format!("{prefix}/{name}/versions/latest")),
                (place.permissions(&name), format!("{prefix}/{name}:testIamPermissions")),
                (place.list(7, &token), prefix.to_owned()),
            ];
            for (url, path) in urls {
                let Ok(url) = url else { continue };
                // What the server sees, parsed once more and without the code under test.
                let again = Url::parse(url.as_str()).unwrap();
                prop_assert_eq!((again.scheme(), again.host_str(), again.port()), ("https", Some("vault.example"), Some(8200)));
                prop_assert!(again.username().is_empty() && again.password().is_none() && again.fragment().is_none());
                prop_assert_eq!(again.path(), path);
                let parameters: Vec<(String, String)> = again.query_pairs().into_owned().collect();
                match parameters.as_slice() {
                    [] => {}
                    [(size, seven)] => prop_assert_eq!((size.as_str(), seven.as_str(), token.as_str()), ("pageSize", "7", "")),
                    [_, (name, value)] => prop_assert_eq!((name.as_str(), value), ("pageToken", &token)),
                    _ => prop_assert!(false, "{}", again),
                }
            }
        }
    }

    #[test]
    fn places_are_where_google_has_them() {
        let place = SecretsParent::new("demo-project", None, None).unwrap();
        let base = "https://secretmanager.googleapis.com/v1/projects/demo-project/secrets";
        assert_eq!(place.version("db", None, Some("access")).unwrap().as_str(), format!("{base}/db/versions/latest:access"));
        assert_eq!(place.version("db", Some("7"), None).unwrap().as_str(), format!("{base}/db/versions/7"));
        assert_eq!(place.list(250, "a b&c").unwrap().as_str(), format!("{base}?pageSize=250&pageToken=a%20b%26c"));
        let place = SecretsParent::new("example.com:demo-project", Some("europe-west3"), None).unwrap();
        assert_eq!(
            place.permissions("db").unwrap().as_str(),
            "https://secretmanager.europe-west3.rep.googleapis.com/v1/projects/example.com:demo-project/locations/europe-west3/secrets/db:testIamPermissions"
        );
    }

    #[test]
    fn only_exact_hosts_are_googles_own() {
        assert!(is_service("secretmanager.googleapis.com") && is_service("secretmanager.europe-west3.rep.googleapis.com"));
        for host in [
            "storage.googleapis.com",
            "evil.storage.googleapis.com",
            "secretmanager-evil.p.googleapis.com",
            "secretmanager.a.b.rep.googleapis.com",
            "secretmanager.googleapis.com.evil.example",
            "googleapis.com",
        ] {
            assert!(!is_service(host), "{host}");
        }
    }

    #[test]
    fn full_names_are_believed_where_they_are_of_here() {
        let global = place(None);
        assert_eq!(global.number("projects/123/secrets/db/versions/7", "db"), Some("7"));
        assert_eq!(global.number("projects/demo-project/secrets/db/versions/7", "db"), Some("7"));
        let regional = place(Some("europe-west3"));
        assert_eq!(regional.number("projects/123/locations/europe-west3/secrets/db/versions/7", "db"), Some("7"));
        for wrong in [
            "projects/other-project/secrets/db/versions/7",
            "projects/123/secrets/db2/versions/7",
            "projects/123/secrets/db/versions/latest",
            "projects/123/secrets/db/versions/07",
            "projects/123/secrets/db/versions/",
            "projects/123/secrets/db/versions/7/x",
            "projects/123/locations/europe-west3/secrets/db/versions/7",
            "",
        ] {
            assert_eq!(global.number(wrong, "db"), None, "{wrong}");
        }
        assert_eq!(regional.number("projects/123/secrets/db/versions/7", "db"), None);
    }

    #[test]
    fn settings_that_cannot_be_are_told_why() {
        let reason = |project: &str, location, endpoint| SecretsParent::new(project, location, endpoint).unwrap_err();
        let rule = "is not the id of a project, which is 6 to 30 lower-case letters, digits and hyphens";
        for project in
            ["", "short", "Demo-Project", "1demo-project", "demo-project-", "demo/../project", "a:demo-project", "..:demo-project", "0123"]
        {
            assert_eq!(reason(project, None, None), format!("`{project}` {rule}"));
        }
        for location in ["", "a.b", "evil.example/", "Europe", "-a", "a-", "a/b"] {
            assert_eq!(
                reason("demo-project", Some(location), None),
                format!("`{location}` is not a location; one looks like `europe-west3`")
            );
        }
        assert_eq!(
            reason("demo-project", None, Some("http://vault.example")),
            "the endpoint cannot be used: plain http would show the token to the network"
        );
        assert!(SecretsParent::new("123456789012", None, None).is_ok());
    }

    #[test]
    fn names_and_versions_are_told_why() {
        assert_eq!(NAME.check("a_B-9"), Ok(()));
        assert_eq!(
            NAME.check("a/b").unwrap_err(),
            "a secret's name begins with `a` and has '/'; it is made of letters, digits and `-` `_`"
        );
        assert_eq!(NAME.check(&"n".repeat(256)).unwrap_err(), "a secret's name is longer than 255 characters");
        for version in ["1", "9223372036854775807", "stable", "Blue_2-b"] {
            assert!(check_version(version).is_ok(), "{version}");
        }
        for version in ["", "0", "01", "-1", "1.0", "latest", "1&x=2", "99999999999999999999", "_a", "1a", "a/b", "a:b", &"a".repeat(64)] {
            assert!(check_version(version).is_err(), "{version}");
        }
        let error = check_version("latest").unwrap_err();
        assert_eq!(error.reason, "`latest` is not a version; versions here are 1, 2, 3, …, or an alias");
        assert_eq!(error.next, "pin a version that the vault has, or leave `version` out");
    }
}
