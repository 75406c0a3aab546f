//! Holds values to a JSON Schema, as an order for that in the rendering process says.

use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::time::Duration;

use rustix::process::Resource;
use serde_json::Value;

use crate::render::Budget;
use crate::render::ipc::BodyReader;
use crate::render::ipc::BodyWriter;
use crate::render::ipc::FrameKind;
use crate::render::ipc::write_frame;
use crate::render::limit::limit;
use crate::render::stopwatch::Stopwatch;
use crate::render::validation::MOST;
use crate::schema::violations;

/// How long before the whole seconds of its processor time are over the process ends, so that its end is a matter of its time.
const HASTE: Duration = Duration::from_millis(300);

/// Serves one order, which was read already, in the rendering process.
pub(super) fn serve(order: &[u8], output: &mut BufWriter<impl Write>) -> io::Result<()> {
    let mut order = BodyReader(order);
    let understood = (|| {
        let (seconds, budget) = (order.number()?, Budget::times(order.number()?)?);
        limit(Resource::As, budget.memory() as u64).ok()?;
        let size = order.size()?;
        let schema: Value = serde_json::from_slice(order.bytes(size)?).ok()?;
        Some((seconds, schema, serde_json::from_slice::<Value>(order.0).ok()?))
    })();
    let (seconds, schema, values) = understood.ok_or(io::ErrorKind::InvalidData)?;
    limit(Resource::Cpu, u64::from(seconds))?;
    let _whole = Stopwatch::wound(Duration::from_secs(seconds.into()).saturating_sub(HASTE))?;
    for violation in violations(&schema, &values, MOST) {
        let mut body = BodyWriter::default();
        body.violation(&violation);
        write_frame(output, FrameKind::Violation, &body.0, &[])?;
    }
    write_frame(output, FrameKind::End, &[], &[])?;
    output.flush()
}
