//! What `init` reports.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::Report;

/// A new project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct InitReport {
    /// Its name.
    pub project: String,
    /// The environment that works at once.
    pub environment: String,
    /// The directory that it was written to.
    pub directory: String,
    /// The files that were written, relative to that.
    pub files: Vec<String>,
}

impl Report for InitReport {
    const KIND: &'static str = "InitReport";
}
