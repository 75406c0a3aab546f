//! The project file as it was written: what is said and where. Defaults come later, in [`crate::project::Settings`].

use crate::manifest::ConfigKind;
use crate::manifest::Names;
use crate::place::Place;
use crate::policy::Rule;
use crate::project::cluster::ClusterEntry;
use crate::project::history::HistoryEntry;
use crate::project::spanned::Spanned;
use crate::project::vault::VaultEntry;

/// The name of the project file, at the root.
pub const PROJECT_FILE: &str = "cloze.yaml";

/// Largest project file, in bytes.
pub const PROJECT_FILE_LIMIT: usize = 1 << 20;

/// A project file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The project's name, a DNS label.
    pub name: Spanned<String>,
    /// Patterns of manifests.
    pub templates: Option<Vec<ManifestFiles>>,
    /// How ConfigMaps and Secrets are named where they do not say it themselves.
    pub names: Option<Spanned<Names>>,
    /// ConfigMaps and Secrets made of files.
    pub config: Vec<ConfigEntry>,
    /// Objects that people manage by hand.
    pub external: Vec<ExternalEntry>,
    /// Fields of custom resources that name a ConfigMap or Secret.
    pub references: Vec<ReferenceEntry>,
    /// Group and kind of custom resources without a namespace.
    pub cluster_scoped: Vec<(String, String)>,
    /// Rules for the objects of every environment.
    pub policy: Vec<Rule>,
    /// The environments, in the order of the file; at least one.
    pub environments: Vec<Environment>,
}

/// A pattern of manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestFiles {
    /// The pattern.
    pub files: Spanned<String>,
    /// Whether its files are templates. A file that another pattern says it of too is not a template where one says no.
    pub template: bool,
}

/// A ConfigMap or Secret made of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigEntry {
    /// Where it is said.
    pub place: Place,
    /// ConfigMap or Secret.
    pub kind: Spanned<ConfigKind>,
    /// The object's name, without a suffix.
    pub name: Spanned<String>,
    /// The object's namespace; the environment's when absent.
    pub namespace: Option<Spanned<String>>,
    /// A Secret's type; `Opaque` when absent. A ConfigMap has none.
    pub secret_type: Option<Spanned<String>>,
    /// How it is named; as the environment or project says when absent.
    pub names: Option<Spanned<Names>>,
    /// Patterns of files; each file's base name is its key.
    pub files: Vec<Spanned<String>>,
    /// Keys with the file that each holds.
    pub keys: Vec<(Spanned<String>, Spanned<String>)>,
    /// A file of `NAME=value` lines, each of which is a key.
    pub env_file: Option<Spanned<String>>,
    /// Whether text files are templates; they are unless this says no.
    pub template: bool,
    /// Labels of the object.
    pub labels: Vec<(Spanned<String>, Spanned<String>)>,
    /// Annotations of the object.
    pub annotations: Vec<(Spanned<String>, Spanned<String>)>,
}

/// An object that is referred to and not made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalEntry {
    /// Where it is said.
    pub place: Place,
    /// ConfigMap or Secret.
    pub kind: Spanned<ConfigKind>,
    /// Its name.
    pub name: Spanned<String>,
    /// Its namespace; the environment's when absent.
    pub namespace: Option<Spanned<String>>,
    /// The keys that it holds, if they are listed; references to others are then problems.
    pub keys: Option<Vec<Spanned<String>>>,
}

/// A field of a custom resource that names a ConfigMap or Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceEntry {
    /// The kind's API group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The keys from the root to the field; lists on the way are stepped into.
    pub path: Vec<String>,
    /// What the field names.
    pub refers_to: ConfigKind,
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name, a DNS label.
    pub name: Spanned<String>,
    /// The namespace of objects that name none.
    pub namespace: Option<Spanned<String>>,
    /// Patterns of manifests, in place of the project's.
    pub templates: Option<Vec<ManifestFiles>>,
    /// How objects are named, in place of the project's.
    pub names: Option<Spanned<Names>>,
    /// ConfigMaps and Secrets made of files, beside the project's, and in place of those of the same kind, name and namespace.
    pub config: Vec<ConfigEntry>,
    /// Values files; later ones win.
    pub values: Vec<Spanned<String>>,
    /// Vaults by name.
    pub vaults: Vec<VaultEntry>,
    /// Where the history is kept.
    pub history: Option<HistoryEntry>,
    /// Recipients of the environment's root key.
    pub keys: Vec<Spanned<RecipientEntry>>,
    /// Rules for its objects, beside the project's, and in place of those of the same name.
    pub policy: Vec<Rule>,
    /// The cluster that deploys apply to.
    pub cluster: Option<ClusterEntry>,
}

/// A recipient of the root key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipientEntry {
    /// A key file beneath the project's root; `.cloze/ENV.key` when no path is said.
    KeyFile {
        /// The file.
        path: Option<String>,
    },
    /// A passphrase, which the program asks for or takes from the environment.
    Passphrase,
    /// Who has an age identity.
    Age {
        /// The public key, `age1…`.
        recipient: String,
    },
    /// A key that a service holds, entered as the vault of that kind is.
    Service(VaultEntry),
}

impl Project {
    /// The environment of that name.
    pub fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|environment| environment.name.value == name)
    }
}
