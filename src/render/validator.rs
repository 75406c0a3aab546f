//! Holds values to a JSON Schema, as an order for that in the rendering process says.

use std::io;
use std::io::BufWriter;
use std::io::Write;

use serde_json::Value;

use crate::render::Budget;
use crate::render::ipc::BodyReader;
use crate::render::ipc::BodyWriter;
use crate::render::ipc::FrameKind;
use crate::render::ipc::write_frame;
use crate::render::limit::bound;
use crate::render::validation::MOST;
use crate::schema::violations;

/// Serves one order, which was read already, in the rendering process.
pub(super) fn serve(order: &[u8], output: &mut BufWriter<impl Write>) -> io::Result<()> {
    let mut order = BodyReader(order);
    let understood = (|| {
        let (seconds, budget) = (order.number()?, Budget::times(order.number()?)?);
        let whole = bound(budget, seconds).ok()?;
        let size = order.size()?;
        let schema: Value = serde_json::from_slice(order.bytes(size)?).ok()?;
        Some((whole, schema, serde_json::from_slice::<Value>(order.0).ok()?))
    })();
    let (_whole, schema, values) = understood.ok_or(io::ErrorKind::InvalidData)?;
    for violation in violations(&schema, &values, MOST) {
        let mut body = BodyWriter::default();
        body.violation(&violation);
        write_frame(output, FrameKind::Violation, &body.0, &[])?;
    }
    write_frame(output, FrameKind::End, &[], &[])?;
    output.flush()
}
