//! Fetching: the values of the blanks, and why one cannot be used.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::blank::BlankId;
use crate::blank::Blanks;
use crate::blank::SecretRef;
use crate::clock::Timestamp;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::service::ServiceError;
use crate::stage::ask;
use crate::stage::ask::Answer;
use crate::stage::ask::Answers;
use crate::stage::ask::Term;
use crate::stage::ask::Use;
use crate::stage::ask::looks_of;
use crate::vault::SecretValue;
use crate::vault::Shape;
use crate::vault::Vault;

/// The longest value: what a whole Secret may hold (`MaxSecretSize` of Kubernetes' `core/types.go`).
const LONGEST: usize = 1 << 20;

#[async_trait]
impl Answer for SecretValue {
    async fn of(vault: &dyn Vault, asks: &[SecretRef]) -> Vec<Result<Self, ServiceError>> {
        vault.fetch(asks).await
    }

    fn term(&self) -> Term {
        Term { current: self.current, not_before: self.not_before, expires: self.expires }
    }

    fn refusals(&self, ask: &SecretRef, used: Use) -> Vec<(String, String)> {
        let mut refusals = Vec::new();
        let mut refuse = |reason: String, next: &str| refusals.push((reason, next.to_owned()));
        if let Shape::Json(kind) = self.shape
            && used.textual
        {
            match self.keys().filter(|_| ask.key.is_none()) {
                Some(keys) if keys.is_empty() => refuse("is a map without keys".to_owned(), "store a key, or write `| json` at the blank"),
                Some(keys) => refuse(
                    format!("is a map with {keys}, and no key was asked for"),
                    "name the key, as in `secret(name=…, key=…)`, or write `| json` at the blank",
                ),
                None => refuse(format!("holds {kind}, not text"), "write `| json` at the blank, name a `key`, or store it as text"),
            }
        }
        if self.value.is_empty() && !used.allow.empty {
            refuse("is empty".to_owned(), "set it in the vault, or write `allow=\"empty\"` at the blank");
        }
        if self.value.len() > LONGEST {
            refuse("is longer than a whole Secret may be (1 MiB)".to_owned(), "keep it out of Secrets, or split it");
        }
        refusals
    }
}

/// Fetches what the `needed` blanks ask for. An ask without an answer has a problem at each of its blanks, and so has a value that is no text
/// at those of them that are `textual`: used other than right through `| json`.
pub(super) async fn fetch(
    blanks: &Blanks,
    needed: &[bool],
    textual: &[bool],
    vaults: &BTreeMap<String, Arc<dyn Vault>>,
    now: Timestamp,
) -> (Answers<SecretValue>, Vec<Problem>) {
    ask::ask(blanks, |id| needed[id.0 as usize], |id| textual[id.0 as usize], vaults, now).await
}

/// What is worth a look in the values that came. `untrimmed` are the blanks that are used other than through `| trim`.
pub(super) fn warnings_of(answers: &Answers<SecretValue>, blanks: &Blanks, untrimmed: &[bool], now: Timestamp) -> Vec<Problem> {
    let mut warnings = Vec::new();
    for (ask, asked) in answers.list() {
        let (Some(fetched), Some(first)) = (&asked.answer, asked.blanks.first()) else { continue };
        let mut warn = |id: &BlankId, reason: &str, next: &str| {
            let problem = Problem::new(Fault::Vault, format!("{ask} {reason}"), next);
            warnings.push(problem.at(blanks.get(*id).place.clone()));
        };
        if let Some((reason, next)) = asked.blanks.iter().find(|id| untrimmed[id.0 as usize]).and_then(|_| edge_of(fetched)) {
            asked.blanks.iter().filter(|id| untrimmed[id.0 as usize]).for_each(|id| warn(id, reason, next));
        }
        for (reason, next) in looks_of(ask, fetched.term(), now) {
            warn(first, &reason, next);
        }
    }
    warnings
}

/// Whether a text begins and ends as a PEM file does, whose last line has an end (RFC 7468, section 2).
fn is_pem(text: &str) -> bool {
    let last = text.strip_suffix('\n').and_then(|text| text.rsplit('\n').next());
    text.starts_with("-----BEGIN ")
        && last.is_some_and(|line| line.starts_with("-----END ") && line.trim_end_matches('\r').ends_with("-----"))
}

/// What is at the ends of a value that people seldom mean.
fn edge_of(fetched: &SecretValue) -> Option<(&'static str, &'static str)> {
    const TRIM: &str = "write `| trim` at the blank, or leave it if it is meant";
    let text = fetched.value.expose_text()?;
    if text.starts_with('\u{feff}') {
        Some(("begins with a byte-order mark", "store it in the vault without the mark"))
    } else if is_pem(text) {
        None
    } else if text.ends_with('\n') {
        Some(("ends with a newline", TRIM))
    } else if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        Some(("begins or ends with white space", TRIM))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::is_pem;

    #[test]
    fn the_last_line_of_pem_has_an_end() {
        let pem = "-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n";
        assert!(is_pem(pem) && is_pem(&pem.replace('\n', "\r\n")) && is_pem(&format!("{pem}{pem}")));
        for other in [format!("{pem}\n"), format!(" {pem}"), "hunter2\n".to_owned(), format!("{pem}x\n")] {
            assert!(!is_pem(&other), "{other:?}");
        }
    }
}
