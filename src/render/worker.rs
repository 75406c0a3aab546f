//! The rendering process: takes an order on its input, gives texts on its output, and can do nothing else.

use std::io;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Read;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Resource;

use crate::render::Budget;
use crate::render::RenderRequest;
use crate::render::Template;
use crate::render::engine::Done;
use crate::render::engine::run;
use crate::render::engine::trace;
use crate::render::evaluator;
use crate::render::ipc::BodyReader;
use crate::render::ipc::BodyWriter;
use crate::render::ipc::FrameKind;
use crate::render::ipc::read_frame;
use crate::render::ipc::write_frame;
use crate::render::limit::bound;
use crate::render::limit::limit;
use crate::render::stopwatch::Stopwatch;
use crate::render::validator;

/// Processor time of one template for each part of the budget: below two seconds, so that the answer is there within them.
const EACH: Duration = Duration::from_millis(1700);

/// Serves one order of a [`crate::render::ProcessEngine`], then returns. For the program's hidden command only: it takes limits on
/// this process that cannot be lifted again (256 MiB of memory, processor time, no files, no further processes, no core dump).
///
/// # Errors
/// When a limit cannot be taken, the order is not understood, or the other side hangs up.
pub fn serve(input: impl Read, output: impl Write) -> io::Result<()> {
    for (resource, most) in [(Resource::Fsize, 0), (Resource::Core, 0), (Resource::Nofile, 0), (Resource::Nproc, 0)] {
        limit(resource, most)?;
    }
    let mut input = BufReader::with_capacity(64 << 10, input);
    let mut output = BufWriter::with_capacity(64 << 10, output);
    let (kind, order) = read_frame(&mut input, usize::MAX)?;
    if kind == FrameKind::Evaluation {
        return evaluator::serve(&order, &mut input, &mut output);
    }
    if kind == FrameKind::Validation {
        return validator::serve(&order, &mut output);
    }
    let mut order = BodyReader(&order);
    let understood = (|| {
        let random: [u8; 16] = order.bytes(16)?.try_into().ok()?;
        let (seconds, budget) = (order.number()?, Budget::times(order.number()?)?);
        let whole = bound(budget, seconds).ok()?;
        Some((random, whole, budget, order.text()?.to_owned(), serde_json::from_slice(order.0).ok()?))
    })();
    let (FrameKind::Order, Some((random, _whole, budget, traced, values))) = (kind, understood) else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let mut each: Option<Stopwatch> = None;
    let mut request = RenderRequest { values, templates: Vec::new(), budget };
    loop {
        match read_frame(&mut input, usize::MAX)? {
            (FrameKind::Template, body) => request.templates.push(template(&body).ok_or(io::ErrorKind::InvalidData)?),
            (FrameKind::End, _) => break,
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
    drop(input);
    if traced.is_empty() {
        run(&request, &random, &mut |done| {
            match &mut each {
                Some(each) => each.wind()?,
                // Loading a large library may take longer than a template.
                None => each = Some(Stopwatch::wound(EACH * budget.multiple())?),
            }
            tell(&mut output, &done)
        })?;
    } else {
        let mut body = BodyWriter::default();
        body.lines(&trace(&request, &traced, &random));
        write_frame(&mut output, FrameKind::Lines, &body.0, &[])?;
    }
    write_frame(&mut output, FrameKind::End, &[], &[])?;
    output.flush()
}

fn template(body: &[u8]) -> Option<Template> {
    let mut parts = BodyReader(body);
    let file = Arc::from(parts.text()?);
    Some(Template { file, text: std::str::from_utf8(parts.0).ok()?.to_owned() })
}

fn tell(output: &mut impl Write, done: &Done) -> io::Result<()> {
    let mut body = BodyWriter::default();
    match done {
        // Reported at once, so that the parent knows which template does not end.
        Done::Slow => output.flush(),
        Done::Library => {
            write_frame(output, FrameKind::Library, &[], &[])?;
            output.flush()
        }
        Done::Template { number, text: None, .. } => write_frame(output, FrameKind::Nothing, &body.size(*number).0, &[]),
        Done::Template { number, text: Some(text), minted } => {
            body.size(*number).size(minted.len());
            for blank in minted {
                body.blank(blank);
            }
            write_frame(output, FrameKind::Text, &body.0, text.as_bytes())
        }
        Done::Problems(problems) | Done::Further(problems) => {
            for problem in problems {
                let mut body = BodyWriter::default();
                body.problem(problem);
                write_frame(output, FrameKind::Problem, &body.0, &[])?;
            }
            // Reported at once, since an examination may not end.
            write_frame(output, FrameKind::Examination, &[], &[])?;
            output.flush()
        }
    }
}
