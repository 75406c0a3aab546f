//! Evaluates conditions on objects, and serves an order for that in the rendering process.

use std::io;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Read;
use std::io::Write;
use std::time::Duration;

use rustix::process::Resource;

use crate::policy::Expressions;
use crate::render::Budget;
use crate::render::evaluation::EvaluationRequest;
use crate::render::evaluation::EvaluationSubject;
use crate::render::evaluation::Finding;
use crate::render::ipc::BodyReader;
use crate::render::ipc::BodyWriter;
use crate::render::ipc::FrameKind;
use crate::render::ipc::read_frame;
use crate::render::ipc::write_frame;
use crate::render::limit::limit;
use crate::render::stopwatch::Stopwatch;

/// Processor time of one expression over one object for each part of the budget.
const EACH: Duration = Duration::from_secs(1);

/// What an evaluation tells as it gets on.
pub(super) enum Told<'f> {
    /// It comes to an expression, and perhaps an object.
    At(usize, Option<usize>),
    Found(&'f Finding),
}

/// Serves one order, whose first frame was read already.
pub(super) fn serve(order: &[u8], input: &mut BufReader<impl Read>, output: &mut BufWriter<impl Write>) -> io::Result<()> {
    let mut order = BodyReader(order);
    let understood = (|| {
        let (seconds, budget, careful) = (order.number()?, Budget::times(order.number()?)?, order.number()? == 1);
        let expressions = (0..order.size()?).map(|_| order.text().map(str::to_owned)).collect::<Option<Vec<String>>>()?;
        Some((
            seconds,
            careful,
            EvaluationRequest { expressions, variables: serde_json::from_slice(order.0).ok()?, subjects: Vec::new(), budget },
        ))
    })();
    let (seconds, careful, request) = understood.ok_or(io::ErrorKind::InvalidData)?;
    limit(Resource::As, request.budget.memory() as u64)?;
    limit(Resource::Cpu, u64::from(seconds))?;
    let mut each = Stopwatch::wound(EACH * request.budget.multiple())?;
    let mut subjects = std::iter::from_fn(|| match read_frame(input, usize::MAX) {
        Ok((FrameKind::Subject, body)) => Some(subject(&body).ok_or(io::ErrorKind::InvalidData.into())),
        Ok((FrameKind::End, _)) => None,
        Ok(_) => Some(Err(io::ErrorKind::InvalidData.into())),
        Err(error) => Some(Err(error)),
    });
    evaluate(&request, &mut subjects, &mut |told| {
        let mut body = BodyWriter::default();
        match told {
            Told::At(expression, subject) => {
                each.wind()?;
                if careful {
                    body.pair(expression, subject);
                    write_frame(output, FrameKind::At, &body.0, &[])?;
                    output.flush()?;
                }
                Ok(())
            }
            Told::Found(finding) => {
                body.finding(finding);
                write_frame(output, FrameKind::Finding, &body.0, &[])
            }
        }
    })?;
    write_frame(output, FrameKind::End, &[], &[])?;
    output.flush()
}

fn subject(body: &[u8]) -> Option<EvaluationSubject> {
    let mut parts = BodyReader(body);
    let expressions = (0..parts.size()?).map(|_| parts.size()).collect::<Option<Vec<usize>>>()?;
    Some(EvaluationSubject { json: parts.0.to_vec(), expressions })
}

/// Evaluates the expressions of `request` over `subjects`.
pub(super) fn evaluate(
    request: &EvaluationRequest,
    subjects: &mut dyn Iterator<Item = io::Result<EvaluationSubject>>,
    tell: &mut dyn FnMut(Told<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut expressions = Expressions::new(&request.variables);
    for (number, source) in request.expressions.iter().enumerate() {
        tell(Told::At(number, None))?;
        if let Err(flaw) = expressions.add(source) {
            tell(Told::Found(&Finding { expression: number, subject: None, flaw: Some(flaw) }))?;
        }
    }
    for (number, subject) in subjects.enumerate() {
        let EvaluationSubject { json, expressions: asked } = subject?;
        let object = serde_json::from_slice(&json).map_err(|_| io::ErrorKind::InvalidData)?;
        drop(json);
        let subject = expressions.subject(&object);
        drop(object);
        for expression in asked {
            tell(Told::At(expression, Some(number)))?;
            let flaw = match expressions.holds(expression, &subject) {
                Ok(true) => continue,
                Ok(false) => None,
                Err(flaw) => Some(flaw),
            };
            tell(Told::Found(&Finding { expression, subject: Some(number), flaw }))?;
        }
    }
    Ok(())
}
