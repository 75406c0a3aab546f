//! What AWS's own settings say of region and addresses: its environment variables, then its profile files.

use std::sync::Arc;

use crate::identity::ToolEnvironment;
use crate::identity::aws::endpoint::EndpointKind;
use crate::identity::aws::profiles::Profiles;
use crate::identity::aws::profiles::Section;
use crate::service::ServiceError;

/// AWS's own settings.
#[derive(Debug)]
pub(crate) struct Config {
    pub(super) environment: Arc<ToolEnvironment>,
    pub(super) profiles: Profiles,
    /// The profile that the caller names: it alone gives the credential.
    pub(super) named: Option<String>,
}

impl Config {
    /// Reads the files.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(crate) fn read(environment: &Arc<ToolEnvironment>, profile: Option<&str>) -> Result<Self, ServiceError> {
        let profiles = Profiles::read(environment)?;
        Ok(Self { environment: Arc::clone(environment), profiles, named: profile.map(str::to_owned) })
    }

    /// The name of the profile that is meant.
    pub(super) fn profile_name(&self) -> &str {
        self.named.as_deref().or_else(|| self.environment.text("AWS_PROFILE")).unwrap_or("default")
    }

    fn profile(&self) -> Option<&Section> {
        self.profiles.profile(self.profile_name())
    }

    fn setting(&self, variable: &str, key: &str) -> Option<&str> {
        self.environment.text(variable).or_else(|| self.profile()?.get(key))
    }

    /// The region, if one is set.
    pub(crate) fn region(&self) -> Option<&str> {
        self.environment.text("AWS_REGION").or_else(|| self.setting("AWS_DEFAULT_REGION", "region"))
    }

    /// The address of the service with this id, such as `Secrets Manager`: by its own setting, or by the one for all services.
    pub(crate) fn endpoint(&self, service: &str) -> Option<&str> {
        let name = service.replace(' ', "_");
        if self.environment.is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
            return None;
        }
        let own = self.environment.text(&format!("AWS_ENDPOINT_URL_{}", name.to_uppercase()));
        let of_profile = || {
            let services = self.profiles.section("services", self.profile()?.get("services")?)?;
            services.get(&format!("{}.endpoint_url", name.to_lowercase()))
        };
        own.or_else(of_profile).or_else(|| self.setting("AWS_ENDPOINT_URL", "endpoint_url"))
    }

    /// Which of a region's addresses is wanted.
    pub(crate) fn kind(&self) -> EndpointKind {
        let is_set = |variable, key| self.setting(variable, key).is_some_and(|text| text.eq_ignore_ascii_case("true"));
        EndpointKind {
            fips: is_set("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
            dual_stack: is_set("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use super::Config;
    use crate::identity::ToolEnvironment;

    #[test]
    fn variables_go_before_the_profile() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(".aws")).unwrap();
        let config = "[default]\nregion = eu-west-1\nendpoint_url = http://localhost:1\nuse_fips_endpoint = true\nservices = local\n\
                      [services local]\nssm =\n  endpoint_url = http://localhost:2\n[profile other]\nregion = us-east-1\n";
        fs::write(home.path().join(".aws/config"), config).unwrap();
        let of = |pairs: &[(&str, &str)], profile| {
            let pairs = pairs.iter().map(|(name, value)| (name.into(), value.into()));
            Config::read(&Arc::new(ToolEnvironment::collect(pairs, Some(home.path().to_owned()))), profile).unwrap()
        };
        let plain = of(&[], None);
        assert_eq!(
            (plain.region(), plain.endpoint("SSM"), plain.endpoint("STS")),
            (Some("eu-west-1"), Some("http://localhost:2"), Some("http://localhost:1"))
        );
        assert!(plain.kind().fips && !plain.kind().dual_stack);
        let set = of(
            &[
                ("AWS_DEFAULT_REGION", "eu-north-1"),
                ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://localhost:3"),
                ("AWS_USE_FIPS_ENDPOINT", "false"),
            ],
            None,
        );
        assert_eq!((set.region(), set.endpoint("Secrets Manager")), (Some("eu-north-1"), Some("http://localhost:3")));
        assert!(!set.kind().fips);
        assert_eq!(of(&[("AWS_REGION", "a"), ("AWS_DEFAULT_REGION", "b")], None).region(), Some("a"));
        assert_eq!(
            (of(&[], Some("other")).region(), of(&[("AWS_PROFILE", "other")], None).region()),
            (Some("us-east-1"), Some("us-east-1"))
        );
        assert_eq!(of(&[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")], None).endpoint("SSM"), None);
    }
}
