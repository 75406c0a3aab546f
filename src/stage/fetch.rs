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
use crate::nearest::nearest;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::vault::Fetched;
use crate::vault::Shape;
use crate::vault::Vault;

/// The longest value: what a whole Secret may hold (`MaxSecretSize` of Kubernetes' `core/types.go`).
const LONGEST: usize = 1 << 20;
/// How many seconds before its end a value is warned about.
const NEAR: i64 = 14 * 86_400;

/// What the vaults gave.
#[derive(Debug)]
pub(super) struct Answers {
    groups: Vec<Group>,
    /// The group of each blank that a vault gives, and the number of its ask there.
    of_blank: Vec<Option<(usize, usize)>>,
}

/// The asks of one vault, and for each of them what came of it.
#[derive(Debug, Default)]
struct Group {
    asks: Vec<Ask>,
    asked: Vec<Asked>,
}

/// What came of an ask.
#[derive(Debug)]
pub(super) struct Asked {
    /// The blanks that ask it, in order.
    pub(super) blanks: Vec<BlankId>,
    pub(super) answer: Option<Fetched>,
}

impl Answers {
    /// The value of a blank that a vault gives.
    pub(super) fn value_of(&self, id: BlankId) -> Option<&Fetched> {
        let (group, number) = (*self.of_blank.get(id.0 as usize)?)?;
        self.groups.get(group)?.asked.get(number)?.answer.as_ref()
    }

    /// Every ask with what came of it, vault by vault.
    pub(super) fn into_list(self) -> impl Iterator<Item = (Ask, Asked)> {
        self.groups.into_iter().flat_map(|group| group.asks.into_iter().zip(group.asked))
    }

    fn list(&self) -> impl Iterator<Item = (&Ask, &Asked)> {
        self.groups.iter().flat_map(|group| group.asks.iter().zip(&group.asked))
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
) -> (Answers, Vec<Problem>) {
    let mut answers = collect(blanks, needed);
    let mut problems = Vec::new();
    let mut calls = Vec::new();
    for group in answers.groups.iter_mut().filter(|group| !group.asks.is_empty()) {
        if let Some(vault) = vault_of(group, blanks, vaults, &mut problems) {
            calls.push(ask_vault(vault, group, blanks, textual, now));
        }
    }
    problems.extend(join_all(calls).await.into_iter().flatten());
    (answers, problems)
}

/// Asks one vault for all that is asked of it, but for names that it cannot have.
async fn ask_vault(vault: &Arc<dyn Vault>, group: &mut Group, blanks: &Blanks, textual: &[bool], now: Timestamp) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Group { asks, asked } = group;
    let mut good = vec![true; asks.len()];
    for ((ask, asked), good) in asks.iter().zip(asked.iter()).zip(&mut good) {
        if let Err(reason) = vault.check_name(&ask.name) {
            *good = false;
            let problem = Problem::new(
                Fault::Check,
                format!("{ask} cannot be asked of {vault}: {reason}"),
                "write the secret's name as the vault has it",
            );
            problems.extend(at_each(&problem, asked, blanks));
        }
    }
    let results = if good.iter().all(|good| *good) {
        vault.fetch(asks).await
    } else {
        let fine: Vec<Ask> = asks.iter().zip(&good).filter(|(_, good)| **good).map(|(ask, _)| ask.clone()).collect();
        vault.fetch(&fine).await
    };
    let count = good.iter().filter(|good| **good).count();
    if results.len() != count {
        let reason = format!("{vault} gave {} answers to {count} questions", results.len());
        problems.push(Problem::new(Fault::Internal, reason, "report this as a bug of cloze"));
        return problems;
    }
    let fine = asks.iter().zip(asked).zip(good).filter(|(_, good)| *good).map(|(pair, _)| pair);
    for ((ask, asked), result) in fine.zip(results) {
        match result {
            Ok(fetched) => {
                problems.extend(faults_of(ask, asked, &fetched, blanks, textual, now));
                asked.answer = Some(fetched);
            }
            Err(error) => {
                let problem = Problem::new(Fault::Vault, format!("{ask} of {vault}: {}", error.reason), error.next);
                problems.extend(at_each(&problem, asked, blanks));
            }
        }
    }
    problems
}

fn at_each(problem: &Problem, asked: &Asked, blanks: &Blanks) -> impl Iterator<Item = Problem> {
    asked.blanks.iter().map(|id| problem.clone().at(blanks.get(*id).place.clone()))
}

/// What is worth a look in the values that came. `untrimmed` are the blanks that are used other than through `| trim`.
pub(super) fn warnings_of(answers: &Answers, blanks: &Blanks, untrimmed: &[bool], now: Timestamp) -> Vec<Problem> {
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
    let mut answers = Answers { groups: Vec::new(), of_blank: vec![None; blanks.len()] };
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    let mut numbers: HashMap<&Ask, (usize, usize)> = HashMap::new();
    for (id, blank) in blanks.iter().filter(|(id, _)| needed[id.0 as usize]) {
        let Source::Vault { ask, .. } = &blank.source else { continue };
        let (group, number) = *numbers.entry(ask).or_insert_with(|| {
            let group = *groups.entry(&ask.vault).or_insert(answers.groups.len());
            if group == answers.groups.len() {
                answers.groups.push(Group::default());
            }
            let Group { asks, asked } = &mut answers.groups[group];
            asks.push(ask.clone());
            asked.push(Asked { blanks: Vec::with_capacity(1), answer: None });
            (group, asks.len() - 1)
        });
        answers.groups[group].asked[number].blanks.push(id);
        answers.of_blank[id.0 as usize] = Some((group, number));
    }
    answers
}

/// The vault that a group names, or a problem at each of its blanks.
fn vault_of<'v>(
    group: &Group,
    blanks: &Blanks,
    vaults: &'v BTreeMap<String, Arc<dyn Vault>>,
    problems: &mut Vec<Problem>,
) -> Option<&'v Arc<dyn Vault>> {
    let name = &group.asks.first()?.vault;
    let vault = vaults.get(name);
    if vault.is_none() {
        let next = match nearest(name, vaults.keys().map(String::as_str)) {
            Some(near) => format!("write `{near}` if that is meant, or add the vault under `vaults:`"),
            None => "add it under `vaults:` in the project file".to_owned(),
        };
        let problem = Problem::new(Fault::Check, format!("the environment has no vault `{name}`"), next);
        problems.extend(group.asked.iter().flat_map(|asked| at_each(&problem, asked, blanks)));
    }
    vault
}

/// Why a value may not be used, for each of its blanks; a template can allow some of it at the blank.
fn faults_of(ask: &Ask, asked: &Asked, fetched: &Fetched, blanks: &Blanks, textual: &[bool], now: Timestamp) -> Vec<Problem> {
    let mut problems = Vec::new();
    for id in &asked.blanks {
        let blank = blanks.get(*id);
        let allow = match &blank.source {
            Source::Vault { allow, .. } => *allow,
            Source::Derived { .. } => Allow::default(),
        };
        let mut refuse = |reason: &str, next: &str| {
            problems.push(Problem::new(Fault::Vault, format!("{ask} {reason}"), next).at(blank.place.clone()));
        };
        if let Shape::Json(kind) = fetched.shape
            && textual[id.0 as usize]
        {
            match fetched.keys().filter(|_| ask.key.is_none()) {
                Some(keys) if keys.is_empty() => refuse("is a map without keys", "store a key, or write `| json` at the blank"),
                Some(keys) => refuse(
                    &format!("is a map with {keys}, and no key was asked for"),
                    "name the key, as in `secret(name=…, key=…)`, or write `| json` at the blank",
                ),
                None => refuse(&format!("holds {kind}, not text"), "write `| json` at the blank, name a `key`, or store it as text"),
            }
        }
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
