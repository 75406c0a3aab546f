//! Asking the vaults: every ask once, all vaults at the same time, and every failure reported.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use futures::future::join_all;

use crate::blank::Allow;
use crate::blank::Ask;
use crate::blank::BlankId;
use crate::blank::Blanks;
use crate::blank::Source;
use crate::clock::Timestamp;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::vault::Fetched;
use crate::vault::Vault;

/// The longest value: what a whole Secret may hold (`MaxSecretSize` of Kubernetes' `core/types.go`).
const LONGEST: usize = 1 << 20;
/// How many seconds before its end a value is warned about.
const NEAR: i64 = 14 * 86_400;

/// What the vaults gave.
#[derive(Debug)]
pub(super) struct Answers {
    /// Each ask with the blanks that ask it, in the order of the blanks.
    pub(super) asked: Vec<Asked>,
    /// The number of the ask of each blank that is one.
    of_blank: Vec<Option<usize>>,
}

/// One ask and its answer.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) ask: Ask,
    pub(super) blanks: Vec<BlankId>,
    pub(super) answer: Option<Fetched>,
}

impl Answers {
    /// The value of a blank that a vault gives.
    pub(super) fn value_of(&self, id: BlankId) -> Option<&Fetched> {
        self.asked.get((*self.of_blank.get(id.0 as usize)?)?)?.answer.as_ref()
    }
}

/// Fetches what the `needed` blanks ask for. An ask without an answer has a problem at each of its blanks.
pub(super) async fn fetch(
    blanks: &Blanks,
    needed: &[bool],
    vaults: &BTreeMap<String, Arc<dyn Vault>>,
    now: Timestamp,
) -> (Answers, Vec<Problem>) {
    let mut answers = collect(blanks, needed);
    let mut problems = Vec::new();
    let groups = group(&answers, blanks, vaults, &mut problems);
    let calls = groups.iter().map(|(vault, numbers)| {
        let asks: Vec<Ask> = numbers.iter().map(|number| answers.asked[*number].ask.clone()).collect();
        async move { vault.fetch(&asks).await }
    });
    let results = join_all(calls).await;
    for ((vault, numbers), results) in groups.into_iter().zip(results) {
        if results.len() != numbers.len() {
            let reason = format!("{vault} gave {} answers to {} questions", results.len(), numbers.len());
            problems.push(Problem::new(Fault::Internal, reason, "report this as a bug of cloze"));
            continue;
        }
        for (number, result) in numbers.into_iter().zip(results) {
            let asked = &mut answers.asked[number];
            match result {
                Ok(fetched) => {
                    problems.extend(faults_of(asked, &fetched, blanks, now));
                    asked.answer = Some(fetched);
                }
                Err(error) => problems.extend(asked.blanks.iter().map(|id| {
                    let reason = format!("{} of {vault}: {}", asked.ask, error.reason);
                    Problem::new(Fault::Vault, reason, error.next.clone()).at(blanks.get(*id).place.clone())
                })),
            }
        }
    }
    (answers, problems)
}

/// What is worth a look in the values that came. `untrimmed` are the blanks that are used other than through `| trim`.
pub(super) fn warnings_of(answers: &Answers, blanks: &Blanks, untrimmed: &[bool], now: Timestamp) -> Vec<Problem> {
    let mut warnings = Vec::new();
    for asked in &answers.asked {
        let (Some(fetched), Some(first)) = (&asked.answer, asked.blanks.first()) else { continue };
        let mut warn = |id: &BlankId, reason: &str, next: &str| {
            let problem = Problem::new(Fault::Vault, format!("{} {reason}", asked.ask), next);
            warnings.push(problem.at(blanks.get(*id).place.clone()));
        };
        if let Some((reason, next)) = asked.blanks.iter().find(|id| untrimmed[id.0 as usize]).and_then(|_| edge_of(fetched)) {
            asked.blanks.iter().filter(|id| untrimmed[id.0 as usize]).for_each(|id| warn(id, reason, next));
        }
        if let Some(end) = fetched.expires.filter(|end| *end > now && end.0 - now.0 <= NEAR) {
            warn(first, &format!("expires at {end}"), "renew it in the vault");
        }
        if fetched.current == Some(false) {
            warn(first, "is not the vault's current version", "take the version out of the blank, or leave it if it is meant");
        }
    }
    warnings
}

fn collect(blanks: &Blanks, needed: &[bool]) -> Answers {
    let mut answers = Answers { asked: Vec::new(), of_blank: vec![None; blanks.len()] };
    let mut numbers: HashMap<&Ask, usize> = HashMap::new();
    for (id, blank) in blanks.iter().filter(|(id, _)| needed[id.0 as usize]) {
        if let Source::Vault { ask, .. } = &blank.source {
            let number = *numbers.entry(ask).or_insert_with(|| {
                answers.asked.push(Asked { ask: ask.clone(), blanks: Vec::new(), answer: None });
                answers.asked.len() - 1
            });
            answers.asked[number].blanks.push(id);
            answers.of_blank[id.0 as usize] = Some(number);
        }
    }
    answers
}

/// The asks of each vault by number; without those that no vault can be asked.
fn group<'v>(
    answers: &Answers,
    blanks: &Blanks,
    vaults: &'v BTreeMap<String, Arc<dyn Vault>>,
    problems: &mut Vec<Problem>,
) -> Vec<(&'v Arc<dyn Vault>, Vec<usize>)> {
    let mut groups: BTreeMap<&str, (&Arc<dyn Vault>, Vec<usize>)> = BTreeMap::new();
    for (number, asked) in answers.asked.iter().enumerate() {
        let mut refuse = |reason: String, next: String| {
            for id in &asked.blanks {
                problems.push(Problem::new(Fault::Check, reason.clone(), next.clone()).at(blanks.get(*id).place.clone()));
            }
        };
        let Some((name, vault)) = vaults.get_key_value(&asked.ask.vault) else {
            let next = match nearest(&asked.ask.vault, vaults.keys()) {
                Some(name) => format!("write `{name}` if that is meant, or add the vault under `vaults:`"),
                None => "add it under `vaults:` in the project file".to_owned(),
            };
            refuse(format!("the environment has no vault `{}`", asked.ask.vault), next);
            continue;
        };
        match vault.check_name(&asked.ask.name) {
            Ok(()) => groups.entry(name).or_insert((vault, Vec::new())).1.push(number),
            Err(reason) => {
                refuse(format!("{} cannot be asked of {vault}: {reason}", asked.ask), "write the secret's name as the vault has it".into());
            }
        }
    }
    groups.into_values().collect()
}

/// Why a value may not be used, for each of its blanks; a template can allow some of it at the blank.
fn faults_of(asked: &Asked, fetched: &Fetched, blanks: &Blanks, now: Timestamp) -> Vec<Problem> {
    let mut problems = Vec::new();
    for id in &asked.blanks {
        let blank = blanks.get(*id);
        let allow = match &blank.source {
            Source::Vault { allow, .. } => *allow,
            Source::Derived { .. } => Allow::default(),
        };
        let mut refuse = |reason: &str, next: &str| {
            problems.push(Problem::new(Fault::Vault, format!("{} {reason}", asked.ask), next).at(blank.place.clone()));
        };
        if fetched.value.is_empty() && !allow.empty {
            refuse("is empty", "set it in the vault, or write `allow=\"empty\"` at the blank");
        }
        if fetched.value.len() > LONGEST {
            refuse("is longer than a whole Secret may be (1 MiB)", "keep it out of Secrets, or split it");
        }
        if let Some(end) = fetched.expires.filter(|end| *end <= now && !allow.expired) {
            refuse(&format!("expired at {end}"), "renew it in the vault, or write `allow=\"expired\"` at the blank");
        }
        if let Some(start) = fetched.not_before.filter(|start| *start > now) {
            refuse(&format!("is not valid before {start}"), "wait, pin the version before it, or change its start in the vault");
        }
    }
    problems
}

/// What stands at the ends of a value that people seldom mean.
fn edge_of(fetched: &Fetched) -> Option<(&'static str, &'static str)> {
    const TRIM: &str = "write `| trim` at the blank, or leave it if it is meant";
    let text = fetched.value.expose_text()?;
    if text.starts_with('\u{feff}') {
        Some(("begins with a byte-order mark", "store it in the vault without the mark"))
    } else if text.ends_with('\n') {
        Some(("ends with a newline", TRIM))
    } else if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        Some(("begins or ends with white space", TRIM))
    } else {
        None
    }
}

/// The name that differs in the fewest letters, if it is near (Levenshtein).
fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n String>) -> Option<&'n str> {
    let distance = |other: &str| {
        let mut row: Vec<usize> = (0..=other.chars().count()).collect();
        for (index, letter) in name.chars().enumerate() {
            let mut diagonal = std::mem::replace(&mut row[0], index + 1);
            for (column, other_letter) in other.chars().enumerate() {
                let cost = diagonal + usize::from(letter != other_letter);
                diagonal = row[column + 1];
                row[column + 1] = cost.min(diagonal + 1).min(row[column] + 1);
            }
        }
        row.last().copied().unwrap_or_default()
    };
    known
        .map(|other| (distance(other), other))
        .filter(|(far, other)| *far <= other.len().div_ceil(3))
        .min()
        .map(|(_, other)| other.as_str())
}
