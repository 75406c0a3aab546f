//! What a path of Secret Manager names.

/// The project's number, by which answers name it.
pub(crate) const NUMBER: &str = "123456789012";

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// The project, by its id or its number.
    pub(crate) project: String,
    pub(crate) location: Option<String>,
    pub(crate) secret: Option<String>,
    pub(crate) version: Option<String>,
    /// Whether all versions of the secret are meant.
    pub(crate) versions: bool,
    /// What follows the colon; empty when there is none.
    pub(crate) verb: String,
}

impl Route {
    /// Reads a decoded path; `None` when it names nothing here.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let (path, verb) = path.rsplit_once(':').unwrap_or((path, ""));
        let mut parts = path.strip_prefix("/v1/projects/")?.split('/');
        let project = parts.next()?.to_owned();
        let mut route = Self { project, location: None, secret: None, version: None, versions: false, verb: verb.to_owned() };
        let mut collection = parts.next()?;
        if collection == "locations" {
            route.location = Some(parts.next()?.to_owned());
            collection = parts.next()?;
        }
        if collection != "secrets" {
            return None;
        }
        route.secret = parts.next().map(str::to_owned);
        match parts.next() {
            None => {}
            Some("versions") => {
                route.version = parts.next().map(str::to_owned);
                route.versions = route.version.is_none();
            }
            Some(_) => return None,
        }
        parts.next().is_none().then_some(route)
    }

    /// The operation in Google's words.
    pub(crate) fn operation(&self, method: &str) -> &'static str {
        match (method, &self.secret, &self.version, self.verb.as_str()) {
            ("GET", Some(_), None, "") if self.versions => "ListSecretVersions",
            ("GET", None, None, "") => "ListSecrets",
            ("GET", Some(_), Some(_), "") => "GetSecretVersion",
            ("GET", Some(_), Some(_), "access") => "AccessSecretVersion",
            ("POST", Some(_), None, "testIamPermissions") => "TestIamPermissions",
            _ => "",
        }
    }

    /// The secret's full name, as answers have it.
    pub(crate) fn resource(&self) -> String {
        let location = self.location.as_ref().map(|location| format!("/locations/{location}")).unwrap_or_default();
        format!("projects/{NUMBER}{location}/secrets/{}", self.secret.as_deref().unwrap_or_default())
    }

    /// The secret's name in the store.
    pub(crate) fn name(&self) -> String {
        let secret = self.secret.as_deref().unwrap_or_default();
        self.location.as_ref().map_or_else(|| secret.to_owned(), |location| format!("{location}/{secret}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Route;

    #[test]
    fn paths_name_what_they_name() {
        let operation = |method: &str, path: &str| Route::of(path).map(|route| route.operation(method)).unwrap_or_default();
        assert_eq!(operation("GET", "/v1/projects/p/secrets"), "ListSecrets");
        assert_eq!(operation("GET", "/v1/projects/p/secrets/s/versions/1:access"), "AccessSecretVersion");
        assert_eq!(operation("GET", "/v1/projects/p/locations/l/secrets/s/versions/latest"), "GetSecretVersion");
        assert_eq!(operation("POST", "/v1/projects/p/secrets/s:testIamPermissions"), "TestIamPermissions");
        assert_eq!(operation("GET", "/v1/projects/p/secrets/s/versions"), "ListSecretVersions");
        for path in ["/", "/v1/projects/p", "/v1/projects/p/keys/k", "/v1/projects/p/secrets/versions", "/v1/projects/p/secrets/s/x/y"] {
            assert_eq!(operation("GET", path), "", "{path}");
        }
        assert_eq!(Route::of("/v1/projects/p/locations/l/secrets/s").unwrap().name(), "l/s");
    }
}
