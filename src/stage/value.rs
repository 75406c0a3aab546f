//! The values of blanks: what vaults gave, and what filters make of it, each worked out once.

use crate::blank::BlankId;
use crate::blank::Blanks;
use crate::blank::Filter;
use crate::blank::FilterFault;
use crate::blank::Piece;
use crate::blank::Source;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::stage::ask::Answers;
use crate::vault::SecretValue;

/// The longest value that filters may make: a few times what a whole Secret may hold.
const LONGEST: usize = 4 << 20;

/// The value of every needed blank that has one.
#[derive(Debug)]
pub(super) struct BlankValues<'a> {
    answers: &'a Answers<SecretValue>,
    made: Vec<Option<Secret>>,
}

impl<'a> BlankValues<'a> {
    /// Applies the filters. A derived blank rests on earlier ones only, so one pass in order does.
    pub(super) fn make(blanks: &Blanks, needed: &[bool], answers: &'a Answers<SecretValue>) -> (Self, Vec<Problem>) {
        let mut values = Self { answers, made: Vec::with_capacity(blanks.len()) };
        let mut problems = Vec::new();
        for (id, blank) in blanks.iter() {
            let made = match &blank.source {
                Source::Derived { filter, input } if needed[id.0 as usize] => match values.filtered(filter, input) {
                    Ok(made) => made,
                    Err(problem) => {
                        problems.push(problem.at(blank.place.clone()));
                        None
                    }
                },
                _ => None,
            };
            values.made.push(made);
        }
        (values, problems)
    }

    pub(super) fn get(&self, id: BlankId) -> Option<&Secret> {
        self.made.get(id.0 as usize)?.as_ref().or_else(|| self.answers.value_of(id).map(|fetched| &fetched.value))
    }

    /// Texts and values one after the other; `None` where a value is missing.
    pub(super) fn join(&self, pieces: &[Piece]) -> Result<Option<Secret>, Problem> {
        let mut parts: Vec<&[u8]> = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match piece {
                Piece::Text(text) => parts.push(text.as_bytes()),
                Piece::Blank(id) => match self.get(*id) {
                    Some(value) => parts.push(value.expose()),
                    None => return Ok(None),
                },
            }
        }
        let length = parts.iter().map(|part| part.len()).sum();
        if length > LONGEST {
            return Err(too_long());
        }
        let mut out = SecretBuffer::with_capacity(length);
        for part in parts {
            out.extend(part);
        }
        Ok(Some(out.into()))
    }

    fn filtered(&self, filter: &Filter, input: &[Piece]) -> Result<Option<Secret>, Problem> {
        let joined;
        if let ([Piece::Blank(id)], Filter::Json) = (input, filter)
            && let Some(json) = self.answers.value_of(*id).and_then(SecretValue::json)
        {
            return Ok(Some(json));
        }
        let value = if let [Piece::Blank(id)] = input {
            self.get(*id)
        } else {
            joined = self.join(input)?;
            joined.as_ref()
        };
        let Some(value) = value else { return Ok(None) };
        if longest_after(filter, value.expose()) > LONGEST {
            return Err(too_long());
        }
        filter.apply(value).map(Some).map_err(|fault| match fault {
            FilterFault::NotText => Problem::new(
                Fault::Vault,
                format!("`| {filter}` works on text and the value is not UTF-8"),
                "take the filter away, or store text in the vault",
            ),
            FilterFault::NotBase64 => Problem::new(
                Fault::Vault,
                format!("`| {filter}` works on base64, and the value is not base64"),
                "take the filter away, or store base64 in the vault",
            ),
            FilterFault::Nul => Problem::new(
                Fault::Vault,
                format!("`| {filter}` cannot quote the value: it has a NUL character in it"),
                "store a text without NUL in the vault",
            ),
        })
    }
}

fn too_long() -> Problem {
    Problem::new(Fault::Vault, "the blank's filters make a text of more than 4 MiB", "derive a shorter text")
}

/// A bound on the length of what a filter makes.
fn longest_after(filter: &Filter, value: &[u8]) -> usize {
    match filter {
        Filter::Indent { width, .. } => {
            let lines = value.split(|byte| *byte == b'\n').count();
            value.len().saturating_add(lines.saturating_mul(usize::from(*width)))
        }
        Filter::Replace { from, to } => (value.len() / from.len().max(1)).saturating_mul(to.len()).saturating_add(value.len()),
        _ => value.len(),
    }
}
