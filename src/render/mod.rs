//! The seam to the template engine: templates and values go in, texts with tokens and the table of blanks come out.
//!
//! The language is Tera 2 (<https://keats.github.io/tera/>), closed: a template sees the values that it is given and nothing else.
//! [`TeraEngine`] renders in this process; [`ProcessEngine`] renders in a child process with hard limits, for templates that nobody vouches for.

mod allowed;
mod analysis;
mod budget;
mod call;
mod checks;
mod engine;
mod evaluation;
mod evaluator;
mod examination;
mod expression;
mod failure;
mod filters;
mod findings;
mod foreign;
mod functions;
#[cfg(test)]
mod fuzz;
mod guard;
mod ipc;
mod judging;
mod lexer;
mod library;
mod limit;
mod marker;
mod mentions;
mod process;
mod reader;
mod registry;
mod renderer;
mod repair;
mod statement;
mod stopwatch;
mod token;
mod validating;
mod validation;
mod validator;
mod worker;

pub use budget::Budget;
pub use budget::MOST_TIMES;
pub use engine::TeraEngine;
pub use evaluation::EvaluationRequest;
pub use evaluation::EvaluationSubject;
pub use evaluation::Finding;
pub use foreign::filled_placeholders;
pub use marker::LineMap;
pub use mentions::mentions;
pub use process::ProcessEngine;
pub use token::Arrivals;
pub use token::Mangled;
pub use token::Tokens;
pub use validation::ValidationRequest;
pub use worker::serve;

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::blank::Blanks;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::schema::Violation;

/// A template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its path relative to the project's root, with forward slashes; by this name others include it.
    pub file: Arc<str>,
    /// Its source.
    pub text: String,
}

/// What is to be rendered.
#[derive(Debug, Clone, Default)]
pub struct RenderRequest {
    /// What the templates see: an object whose members are the variables.
    pub values: serde_json::Value,
    /// The templates. Those whose file name begins with `_` are partials: others include them, they have no output of their own.
    pub templates: Vec<Template>,
    /// What the run may cost.
    pub budget: Budget,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The text of each template that is not a partial, in the order of the request.
    pub texts: Vec<RenderedText>,
    /// Every blank that the templates minted.
    pub blanks: Blanks,
    /// Finds them in the texts.
    pub tokens: Tokens,
}

/// What a template rendered to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedText {
    /// The template.
    pub file: Arc<str>,
    /// Its text, with tokens.
    pub text: String,
}

/// What takes the texts one by one, and may break off.
pub type TakeText<'a> = &'a mut dyn FnMut(RenderedText) -> ControlFlow<()>;

/// Renders templates.
pub trait Engine: fmt::Debug + Send + Sync {
    /// Renders every template of the request, or reports every problem that it finds.
    ///
    /// The same request gives the same texts but for the tokens, on any machine.
    fn render(&self, request: &RenderRequest) -> Result<Rendered, Problems> {
        let mut texts = Vec::new();
        let (blanks, tokens) = self.render_each(request, &mut |text| {
            texts.push(text);
            ControlFlow::Continue(())
        })?;
        Ok(Rendered { texts, blanks, tokens })
    }

    /// The same, giving each text to `take` as soon as it is there, in the order of the request. Nothing holds of those that were given when problems follow.
    /// Where `take` breaks off, the rest is not rendered, and what would be wrong with it is not reported.
    fn render_each(&self, request: &RenderRequest, take: TakeText<'_>) -> Result<(Blanks, Tokens), Problems>;

    /// Evaluates conditions on objects, and gives those that are not true or have no answer. What cannot be read, or costs more than it may, is among the latter.
    fn evaluate(&self, request: &EvaluationRequest) -> Result<Vec<Finding>, Problem>;

    /// Holds values to a JSON Schema, and gives what it refuses of them, or what is wrong with it.
    ///
    /// # Errors
    /// It costs more than it may, or there is no answer.
    fn validate(&self, request: ValidationRequest<'_>) -> Result<Vec<Violation>, Problem>;

    /// Traces the lines of what `file` renders to. Renders it again, so ask only when a problem needs its place. Where nothing can
    /// be traced the map is empty.
    fn lines(&self, request: &RenderRequest, file: &str) -> LineMap;
}

impl Template {
    /// Whether it has no output of its own.
    pub fn is_partial(&self) -> bool {
        self.file.rsplit('/').next().is_some_and(|name| name.starts_with('_'))
    }
}

/// Blanks that the templates of a run may mint.
pub const MAX_BLANKS: usize = 1 << 20;
