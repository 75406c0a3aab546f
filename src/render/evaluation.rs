//! Conditions on objects, evaluated where templates are rendered: in a child process that ends on its limits.

use crate::policy::Flaw;
use crate::render::Budget;

/// What is to be evaluated.
#[derive(Debug, Clone, Default)]
pub struct EvaluationRequest {
    /// The expressions, in CEL.
    pub expressions: Vec<String>,
    /// The variables beside `object`.
    pub variables: serde_json::Map<String, serde_json::Value>,
    /// What they are evaluated over.
    pub subjects: Vec<EvaluationSubject>,
    /// What the run may cost.
    pub budget: Budget,
}

/// An object, and the expressions that are evaluated over it.
#[derive(Debug, Clone)]
pub struct EvaluationSubject {
    /// The object as JSON, without any secret.
    pub json: Vec<u8>,
    /// Numbers of expressions.
    pub expressions: Vec<usize>,
}

/// An expression that is not true of an object, or has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The number of the expression.
    pub expression: usize,
    /// The number of the subject; `None` where none was needed to know it.
    pub subject: Option<usize>,
    /// Why it has no answer; `None` where it is not true.
    pub flaw: Option<Flaw>,
}
