//! What `render` reports: the manifests with masked values.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::Report;
use crate::report::WaiverReport;

/// The manifests of a project, without any secret value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RenderReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The directory that they were written to; only with `-o DIR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The manifests, in the order in which they are applied.
    pub manifests: Vec<RenderedManifest>,
    /// The rules that templates waive.
    pub waivers: Vec<WaiverReport>,
    /// How many warnings were printed.
    pub warnings: usize,
}

/// A manifest with masked values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RenderedManifest {
    /// The name of its file in a directory.
    pub file: String,
    /// Its text as YAML; not with `-o DIR`, where the file has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
}

impl Report for RenderReport {
    const KIND: &'static str = "RenderReport";
}
