//! Evaluates conditions on objects in a child process.

use std::io::BufWriter;
use std::io::Write;

use crate::policy::Flaw;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::render::evaluation::EvaluationRequest;
use crate::render::evaluation::Finding;
use crate::render::ipc::BodyReader;
use crate::render::ipc::BodyWriter;
use crate::render::ipc::FrameKind;
use crate::render::ipc::write_frame;
use crate::render::process::BYTES_PER_SECOND;
use crate::render::process::End;
use crate::render::process::ProcessEngine;
use crate::render::process::too_large;

/// Evaluations for which there is one more second.
const EVALUATIONS_PER_SECOND: usize = 4_000;

/// Bytes of a frame of the child.
const MOST: usize = 1 << 20;

/// What the child has said so far.
#[derive(Default)]
struct Answer {
    findings: Vec<Finding>,
    /// The expression and the subject that it came to last.
    at: Option<(usize, Option<usize>)>,
}

impl ProcessEngine {
    /// Evaluates in a child process. One that exceeds a limit is killed, and its end is a flaw of the expression that it was at: that is found by doing all of it once more,
    /// with a word of where it is before each step, which would cost the usual run too much.
    pub(super) fn evaluated(&self, request: &EvaluationRequest) -> Result<Vec<Finding>, Problem> {
        let (end, answer) = self.evaluate_once(request, false)?;
        if end == End::Whole {
            return Ok(answer.findings);
        }
        let (end, mut answer) = self.evaluate_once(request, true)?;
        match (end, answer.at) {
            (End::Whole, _) => {}
            (End::Dead(_) | End::Late, Some((expression, subject))) => {
                let next =
                    request.budget.next("bound what it goes through: `all` and `exists` within each other, and the texts that it joins");
                let flaw = Flaw { reason: "costs more than a rule may".to_owned(), next, always: false };
                answer.findings.push(Finding { expression, subject, flaw: Some(flaw) });
            }
            _ => {
                let next = "run the command again; if it ends so each time, report this as a bug of cloze";
                return Err(Problem::new(Fault::Internal, "the process that evaluates the policy ended without an answer", next));
            }
        }
        Ok(answer.findings)
    }

    fn evaluate_once(&self, request: &EvaluationRequest, careful: bool) -> Result<(End, Answer), Problem> {
        let variables = serde_json::to_vec(&request.variables).unwrap_or_default();
        let size = variables.len() + request.subjects.iter().map(|subject| subject.json.len()).sum::<usize>();
        if size > 2 * request.budget.bytes() {
            return Err(too_large("the objects of this run", 2 * request.budget.bytes(), &request.budget.next("split the project")));
        }
        let evaluations = request.subjects.iter().map(|subject| subject.expressions.len()).sum::<usize>();
        let seconds = request.budget.seconds() + size / BYTES_PER_SECOND + evaluations / EVALUATIONS_PER_SECOND;
        let mut order = BodyWriter::default();
        order.size(seconds).number(request.budget.multiple()).number(u32::from(careful)).size(request.expressions.len());
        for expression in &request.expressions {
            order.text(expression);
        }
        order.0.extend_from_slice(&variables);
        let mut answer = Answer::default();
        let end = self.converse(
            seconds,
            MOST,
            |input| {
                let mut input = BufWriter::with_capacity(64 << 10, input);
                write_frame(&mut input, FrameKind::Evaluation, &order.0, &[])?;
                for subject in &request.subjects {
                    let mut body = BodyWriter::default();
                    body.size(subject.expressions.len());
                    for expression in &subject.expressions {
                        body.size(*expression);
                    }
                    write_frame(&mut input, FrameKind::Subject, &body.0, &subject.json)?;
                }
                write_frame(&mut input, FrameKind::End, &[], &[])?;
                input.flush()
            },
            &mut |kind, body| answer.take(request, evaluations, kind, body),
        )?;
        Ok((end, answer))
    }
}

impl Answer {
    /// Takes a frame over; `None` when it is not what the child may say.
    fn take(&mut self, request: &EvaluationRequest, evaluations: usize, kind: FrameKind, body: &[u8]) -> Option<()> {
        let mut parts = BodyReader(body);
        let known = |expression: usize, subject: Option<usize>| {
            expression < request.expressions.len() && subject.is_none_or(|subject| subject < request.subjects.len())
        };
        match kind {
            FrameKind::At => self.at = Some(parts.pair()?).filter(|(expression, subject)| known(*expression, *subject)),
            FrameKind::Finding if self.findings.len() < evaluations + request.expressions.len() => {
                let finding = parts.finding()?;
                known(finding.expression, finding.subject).then(|| self.findings.push(finding))?;
            }
            _ => return None,
        }
        Some(())
    }
}
