//! The values held to the JSON Schema that the project has of them, before any template sees them.

use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::Setter;
use crate::project::VALUES_SCHEMA;
use crate::project::Values;
use crate::project::ValuesSchema;
use crate::render::ValidationRequest;
use crate::schema::Spot;
use crate::schema::Violation;
use crate::workflow::context::Context;
use crate::workflow::source::budget;

/// Holds the merged values to the project's schema, if it has one.
///
/// # Errors
/// Every value that the schema refuses, at the line that set it; what is wrong with the schema.
pub(super) fn validate(context: &Context<'_>, values: &Values) -> Result<(), Problems> {
    let Some(schema) = ValuesSchema::load(context.root)? else { return Ok(()) };
    let request = ValidationRequest { schema: schema.json(), values: values.merged(), budget: budget(context) };
    let found = context.engine.validate(request).map_err(|problem| match problem.fault {
        Fault::Internal => problem,
        _ => problem.at(Place::file(VALUES_SCHEMA)),
    })?;
    Problems::or((), found.into_iter().map(|violation| problem(violation, &schema, values)).collect())
}

fn problem(Violation { spot, reason, next, see }: Violation, schema: &ValuesSchema, values: &Values) -> Problem {
    let next = match see {
        Some(keyword) => format!("{next}; see {}", schema.place(&keyword)),
        None => next,
    };
    let (place, reason) = match spot {
        Spot::Schema(pointer) => (Some(schema.place(&pointer)), reason),
        Spot::Value(pointer) => match values.setter(&pointer) {
            Some(Setter::File(place)) => (Some(place), reason),
            Some(Setter::Assignment(origin)) => (None, format!("{reason} (set by `{origin}`)")),
            None => (Some(schema.place("")), reason),
        },
    };
    Problem { place, ..Problem::new(Fault::Project, reason, next) }
}
