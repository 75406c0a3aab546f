//! The other environments of a project, as far as they have files in common with the one at hand.

use crate::project::document::ConfigEntry;
use crate::project::document::Environment;
use crate::project::document::ManifestFiles;
use crate::project::document::Project;
use crate::project::path::normalise;
use crate::project::spanned::Spanned;

/// Another environment of the project, as far as it has values files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sibling {
    /// Its values files.
    pub values: Vec<String>,
    /// Its patterns of manifests.
    pub templates: Vec<ManifestFiles>,
    /// Its ConfigMaps and Secrets made of files.
    pub config: Vec<ConfigEntry>,
}

/// The other environments than `environment`.
pub(super) fn siblings(project: &Project, environment: &Environment) -> Vec<Sibling> {
    let others = project.environments.iter().filter(|other| other.name.value != environment.name.value);
    let sibling = |other: &Environment| Sibling {
        values: other.values.iter().filter_map(|said| normalise(&said.value).ok()).collect(),
        templates: other.templates.clone().or_else(|| project.templates.clone()).unwrap_or_else(|| vec![usual_templates()]),
        config: config(project, other),
    };
    others.map(sibling).collect()
}

/// Where templates are where nobody says it.
pub(super) fn usual_templates() -> ManifestFiles {
    ManifestFiles { files: Spanned::none("templates/**/*.yaml".to_owned()), template: true }
}

/// The project's entries and those of the environment, which take the place of those that make the same object.
pub(super) fn config(project: &Project, environment: &Environment) -> Vec<ConfigEntry> {
    let object = |entry: &ConfigEntry| {
        let namespace = entry.namespace.as_ref().map(|namespace| namespace.value.clone());
        (entry.kind.value, entry.name.value.clone(), namespace)
    };
    let own: Vec<_> = environment.config.iter().map(object).collect();
    let shared = project.config.iter().filter(|entry| !own.contains(&object(entry)));
    shared.chain(&environment.config).cloned().collect()
}
