//! What the clouds' own tools take from the environment. The library reads no environment; the binary hands this in.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;

use crate::secret::Secret;

/// What the names of those variables begin with: AWS's, Google's, those of Azure's machines and of its storage, kubectl's.
const PREFIXES: [&str; 11] = [
    "AWS_",
    "GOOGLE_",
    "CLOUDSDK_",
    "GCE_METADATA_",
    "STORAGE_EMULATOR_HOST",
    "AZURE_STORAGE_",
    "IDENTITY_",
    "MSI_",
    "IMDS_",
    "KUBECONFIG",
    "KUBERNETES_SERVICE_",
];

/// The variables of the clouds' own tools, and the user's home directory. `Debug` prints names only.
#[derive(Default)]
pub struct ToolEnvironment {
    variables: BTreeMap<String, Secret>,
    home: Option<PathBuf>,
}

impl ToolEnvironment {
    /// Keeps what the clouds' tools know of a process environment, and drops the rest. What is set to nothing is not set.
    pub fn collect(pairs: impl IntoIterator<Item = (OsString, OsString)>, home: Option<PathBuf>) -> Self {
        let known = |name: &String| PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        let pairs = pairs.into_iter().filter_map(|(name, value)| Some((name.into_string().ok().filter(known)?, value)));
        let variables = pairs.filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, Secret::new(value.into_encoded_bytes())));
        Self { variables: variables.collect(), home }
    }
}

#[cfg(any(feature = "aws", feature = "azure", feature = "cluster", feature = "gcp"))]
impl ToolEnvironment {
    /// A variable that is UTF-8 text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.variables.get(name)?.expose_text()
    }

    /// A variable that is a secret.
    pub(crate) fn secret(&self, name: &str) -> Option<&Secret> {
        self.variables.get(name)
    }

    /// Whether a variable says yes.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// A path below the user's home directory.
    pub(crate) fn at_home(&self, path: impl AsRef<Path>) -> Option<PathBuf> {
        Some(self.home.as_ref()?.join(path))
    }
}

impl fmt::Debug for ToolEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::ToolEnvironment;

    #[test]
    fn only_what_the_clouds_tools_know_is_kept_and_nothing_is_printed() {
        let pairs = [("AWS_REGION", "eu-central-1"), ("AWS_PROFILE", ""), ("PASSWORD", "canary"), ("GOOGLE_CLOUD_PROJECT", "canary")];
        let environment = ToolEnvironment::collect(pairs.map(|(name, value)| (name.into(), value.into())), Some("/home/a".into()));
        assert_eq!(environment.text("AWS_REGION"), Some("eu-central-1"));
        assert_eq!((environment.text("AWS_PROFILE"), environment.text("PASSWORD")), (None, None));
        assert_eq!(environment.at_home(".aws").unwrap(), std::path::Path::new("/home/a/.aws"));
        assert!(!format!("{environment:?}").contains("canary"));
    }
}
