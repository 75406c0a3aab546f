//! AWS's shared files `config` and `credentials` (docs.aws.amazon.com/sdkref/latest/guide/file-format.html).

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::identity::ToolEnvironment;
use crate::identity::file;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;

/// The profiles, sign-on sessions and services of both files. `Debug` prints names only.
#[derive(Default)]
pub(super) struct Profiles {
    /// By the section's kind and name, such as `profile shop` and `sso-session corp`.
    sections: BTreeMap<String, Section>,
}

/// The settings of one section. A setting below another is `OUTER.INNER`.
#[derive(Default)]
pub(super) struct Section {
    settings: BTreeMap<String, Secret>,
}

impl Profiles {
    /// Reads the files that are there.
    ///
    /// # Errors
    /// A file that cannot be read or has a line that is no setting.
    pub(super) fn read(environment: &ToolEnvironment) -> Result<Self, ServiceError> {
        let mut profiles = Self::default();
        // What is in `credentials` goes before the same in `config`.
        for (variable, usual, bare) in
            [("AWS_CONFIG_FILE", ".aws/config", false), ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", true)]
        {
            let named = environment.text(variable).map(|path| match path.strip_prefix("~/") {
                Some(rest) => environment.at_home(rest).unwrap_or_else(|| PathBuf::from(path)),
                None => PathBuf::from(path),
            });
            let Some(path) = named.or_else(|| environment.at_home(usual)).filter(|path| path.exists()) else { continue };
            let bad = |reason: String| {
                let reason = format!("AWS's file `{}` {reason}", path.display());
                ServiceError::new(ServiceFault::Unauthenticated, reason, "correct the file, or name another one")
            };
            let text = file::read(&path).map_err(bad)?;
            let text = text.expose_text().ok_or_else(|| bad("is not UTF-8 text".to_owned()))?;
            profiles.add(text, bare).map_err(|line| bad(format!("has a line that is not a setting: line {line}")))?;
        }
        Ok(profiles)
    }

    /// A profile by its name.
    pub(super) fn profile(&self, name: &str) -> Option<&Section> {
        self.sections.get(&format!("profile {name}"))
    }

    /// A section of another kind, such as `sso-session`.
    pub(super) fn section(&self, kind: &str, name: &str) -> Option<&Section> {
        self.sections.get(&format!("{kind} {name}"))
    }

    /// Adds what a file says. In the file of credentials, sections are profiles' `bare` names. Otherwise the number of the first bad line.
    fn add(&mut self, text: &str, bare: bool) -> Result<(), usize> {
        let mut section: Option<&mut Section> = None;
        let mut outer = String::new();
        for (number, line) in (1_usize..).zip(text.lines()) {
            let content = line.trim();
            if content.is_empty() || content.starts_with(['#', ';']) {
                continue;
            }
            if let Some(rest) = content.strip_prefix('[') {
                let (name, _) = rest.split_once(']').ok_or(number)?;
                let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
                let name = if bare || name == "default" { format!("profile {name}") } else { name };
                section = Some(self.sections.entry(name).or_default());
                continue;
            }
            let (key, value) = content.split_once('=').ok_or(number)?;
            // A comment after a value has white space before it.
            let end = [" #", " ;", "\t#", "\t;"].iter().filter_map(|mark| value.find(mark)).min().unwrap_or(value.len());
            let (key, value) = (key.trim().to_lowercase(), value[..end].trim());
            let key = if line.starts_with([' ', '\t']) { format!("{outer}.{key}") } else { key };
            if !line.starts_with([' ', '\t']) {
                outer.clone_from(&key);
            }
            section.as_mut().ok_or(number)?.settings.insert(key, Secret::copy_of(value.as_bytes()));
        }
        Ok(())
    }
}

impl Section {
    /// A setting that is not empty.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.settings.get(key)?.expose_text().filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Profiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.sections.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Profiles;

    #[test]
    fn sections_settings_and_nested_settings_are_read() {
        let config = "# a comment\n[default]\nregion = eu-central-1 # here\n\n[profile  shop]\nsso_session=corp\nservices = local\naws_access_key_id = a#b\n\
                      [sso-session corp]\nsso_region = us-east-1\n[services local]\nssm =\n  endpoint_url = http://localhost:1\n\
                      secrets_manager =\n  endpoint_url = http://localhost:2\n";
        let mut profiles = Profiles::default();
        profiles.add(config, false).unwrap();
        profiles.add("[shop]\nAWS_ACCESS_KEY_ID = id\naws_secret_access_key = canary=\n", true).unwrap();
        let get = |name: &str, key: &str| profiles.profile(name).and_then(|profile| profile.get(key));
        assert_eq!(get("default", "region"), Some("eu-central-1"));
        assert_eq!((get("shop", "aws_access_key_id"), get("shop", "aws_secret_access_key")), (Some("id"), Some("canary=")));
        assert_eq!(profiles.section("sso-session", "corp").unwrap().get("sso_region"), Some("us-east-1"));
        let services = profiles.section("services", "local").unwrap();
        assert_eq!(services.get("ssm.endpoint_url"), Some("http://localhost:1"));
        assert_eq!(services.get("secrets_manager.endpoint_url"), Some("http://localhost:2"));
        assert!(profiles.profile("corp").is_none() && !format!("{profiles:?}").contains("canary"));
    }

    #[test]
    fn a_line_that_is_not_a_setting_is_reported_by_its_number() {
        let of = |text: &str| Profiles::default().add(text, false);
        assert_eq!((of("[default\n"), of("region = x\n"), of("[default]\n\nregion\n")), (Err(1), Err(1), Err(3)));
    }
}
