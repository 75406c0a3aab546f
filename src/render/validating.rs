//! Holds values to a JSON Schema in a child process.

use std::io::BufWriter;
use std::io::Write;

use crate::problem::Fault;
use crate::problem::Problem;
use crate::render::ipc::BodyReader;
use crate::render::ipc::BodyWriter;
use crate::render::ipc::FrameKind;
use crate::render::ipc::write_frame;
use crate::render::process::BYTES_PER_SECOND;
use crate::render::process::End;
use crate::render::process::ProcessEngine;
use crate::render::validation::MOST;
use crate::render::validation::ValidationRequest;
use crate::schema::Violation;

/// Bytes of a frame of the child.
const LARGEST: usize = 1 << 20;

impl ProcessEngine {
    /// Validates in a child process. One that exceeds a limit is killed, and its end is a problem of the schema.
    pub(super) fn validated(&self, request: ValidationRequest<'_>) -> Result<Vec<Violation>, Problem> {
        let json = |value| serde_json::to_vec(value).unwrap_or_default();
        let (schema, values) = (json(request.schema), json(request.values));
        let seconds = request.budget.seconds() + (schema.len() + values.len()) / BYTES_PER_SECOND;
        let mut order = BodyWriter::default();
        order.size(seconds).number(request.budget.multiple()).size(schema.len()).0.extend_from_slice(&schema);
        let mut found = Vec::new();
        let end = self.converse(
            seconds,
            LARGEST,
            |input| {
                let mut input = BufWriter::new(input);
                write_frame(&mut input, FrameKind::Validation, &order.0, &values)?;
                input.flush()
            },
            &mut |kind, body| {
                let violation = (kind == FrameKind::Violation && found.len() < MOST).then(|| BodyReader(body).violation())??;
                found.push(violation);
                Some(())
            },
        )?;
        match end {
            End::Whole => Ok(found),
            End::Dead(_) | End::Late => {
                let next = request.budget.next("simplify its patterns and its combinations of `anyOf`, `oneOf` and `$ref`");
                Err(Problem::new(Fault::Project, "checking the values against the schema takes too much time or memory", next))
            }
            End::Nonsense => {
                let next = "report this as a bug of cloze";
                Err(Problem::new(
                    Fault::Internal,
                    "the answer of the process that checks the values against the schema cannot be read",
                    next,
                ))
            }
        }
    }
}
