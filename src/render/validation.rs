//! Values held to a JSON Schema, where templates are rendered: in a child process that ends on its limits.

use serde_json::Value;

use crate::render::Budget;

/// What is to be held to a schema.
#[derive(Debug, Clone, Copy)]
pub struct ValidationRequest<'a> {
    /// The schema.
    pub schema: &'a Value,
    /// The values.
    pub values: &'a Value,
    /// What the run may cost.
    pub budget: Budget,
}

/// Most violations of one run; who has that many has another file in mind.
pub(super) const MOST: usize = 1_000;
