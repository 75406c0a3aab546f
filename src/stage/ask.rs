//! What is asked of the vaults: every ask once, all vaults at the same time, and a problem at each blank for each that has no answer.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::join_all;

use crate::blank::Allow;
use crate::blank::BlankId;
use crate::blank::Blanks;
use crate::blank::SecretRef;
use crate::blank::Source;
use crate::clock::Timestamp;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::suggest::suggest;
use crate::vault::Vault;

/// How many seconds before its end a value is warned about.
pub const NEAR: i64 = 14 * 86_400;
/// How many secrets one problem names.
const NAMED: usize = 3;

/// What a vault says to an ask.
#[async_trait]
pub(super) trait Answer: Sized + Send {
    /// Asks the vault.
    async fn of(vault: &dyn Vault, asks: &[SecretRef]) -> Vec<Result<Self, ServiceError>>;

    /// When it is meant to be used, and whether it is what the vault would give now.
    fn term(&self) -> Term;

    /// What else may not be, for one of the blanks that ask it, as reason and next step.
    fn refusals(&self, ask: &SecretRef, used: Use) -> Vec<(String, String)>;
}

/// How a blank uses its answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Use {
    /// What the template allows it to be.
    pub(super) allow: Allow,
    /// Whether it is used other than right through `| json`.
    pub(super) textual: bool,
}

/// When a value is meant to be used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    pub(super) current: Option<bool>,
    pub(super) not_before: Option<Timestamp>,
    pub(super) expires: Option<Timestamp>,
}

/// What the vaults said.
#[derive(Debug)]
pub(super) struct Answers<A> {
    groups: Vec<Group<A>>,
    /// The group of each blank that a vault gives, and the number of its ask there.
    of_blank: Vec<Option<(usize, usize)>>,
}

/// The asks of one vault, and for each of them what came of it.
#[derive(Debug)]
struct Group<A> {
    asks: Vec<SecretRef>,
    asked: Vec<Asked<A>>,
}

/// What came of an ask.
#[derive(Debug)]
pub(super) struct Asked<A> {
    /// The blanks that ask it, in order.
    pub(super) blanks: Vec<BlankId>,
    pub(super) answer: Option<A>,
}

impl<A> Answers<A> {
    /// The answer to a blank that a vault gives.
    pub(super) fn value_of(&self, id: BlankId) -> Option<&A> {
        let (group, number) = (*self.of_blank.get(id.0 as usize)?)?;
        self.groups.get(group)?.asked.get(number)?.answer.as_ref()
    }

    /// Every ask with what came of it, vault by vault.
    pub(super) fn into_list(self) -> impl Iterator<Item = (SecretRef, Asked<A>)> {
        self.groups.into_iter().flat_map(|group| group.asks.into_iter().zip(group.asked))
    }

    /// The same, to be looked at.
    pub(super) fn list(&self) -> impl Iterator<Item = (&SecretRef, &Asked<A>)> {
        self.groups.iter().flat_map(|group| group.asks.iter().zip(&group.asked))
    }
}

/// The distinct asks of all blanks, vault by vault.
pub fn asks(blanks: &Blanks) -> BTreeMap<String, Vec<SecretRef>> {
    let groups = collect::<()>(blanks, |_| true).groups;
    groups.into_iter().filter_map(|group| Some((group.asks.first()?.vault.clone(), group.asks))).collect()
}

/// Asks for what the `needed` blanks ask for. An ask without an answer has a problem at each of its blanks.
pub(super) async fn ask<A: Answer>(
    blanks: &Blanks,
    needed: impl Fn(BlankId) -> bool,
    textual: impl Fn(BlankId) -> bool + Copy + Send,
    vaults: &BTreeMap<String, Arc<dyn Vault>>,
    now: Timestamp,
) -> (Answers<A>, Vec<Problem>) {
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
async fn ask_vault<A: Answer>(
    vault: &Arc<dyn Vault>,
    group: &mut Group<A>,
    blanks: &Blanks,
    textual: impl Fn(BlankId) -> bool + Copy,
    now: Timestamp,
) -> Vec<Problem> {
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
            problems.push(problem.at_all(places(asked, blanks)));
        }
    }
    let results = if good.iter().all(|good| *good) {
        A::of(vault.as_ref(), asks).await
    } else {
        let fine: Vec<SecretRef> = asks.iter().zip(&good).filter(|(_, good)| **good).map(|(ask, _)| ask.clone()).collect();
        A::of(vault.as_ref(), &fine).await
    };
    let count = good.iter().filter(|good| **good).count();
    if results.len() != count {
        let reason = format!("{vault} gave {} answers to {count} questions", results.len());
        problems.push(Problem::new(Fault::Internal, reason, "report this as a bug of cloze"));
        return problems;
    }
    let mut failures = Failures::default();
    let fine = asks.iter().zip(asked).zip(good).filter(|(_, good)| *good).map(|(pair, _)| pair);
    for ((ask, asked), result) in fine.zip(results) {
        match result {
            Ok(answer) => {
                problems.extend(faults_of(ask, asked, &answer, blanks, textual, now));
                asked.answer = Some(answer);
            }
            Err(error) => failures.add(error, ask, places(asked, blanks)),
        }
    }
    problems.extend(failures.into_problems(vault));
    problems
}

/// Why a vault did not answer. One that is down has one problem, however many blanks ask it.
#[derive(Debug, Default)]
pub(super) struct Failures<'a> {
    list: Vec<(ServiceError, Vec<&'a SecretRef>, Vec<Place>)>,
}

impl<'a> Failures<'a> {
    /// Adds that `ask` failed, which is asked at `places`.
    pub(super) fn add(&mut self, error: ServiceError, ask: &'a SecretRef, places: impl IntoIterator<Item = Place>) {
        match self.list.iter_mut().find(|(known, ..)| is_of_vault(error.fault) && *known == error) {
            Some((_, asks, all)) => {
                asks.push(ask);
                all.extend(places);
            }
            None => self.list.push((error, vec![ask], places.into_iter().collect())),
        }
    }

    /// A problem for each reason.
    pub(super) fn into_problems(self, vault: &impl fmt::Display) -> Vec<Problem> {
        let problem = |(error, asks, places): (ServiceError, Vec<&SecretRef>, Vec<Place>)| {
            let reason = format!("{} of {vault}: {}", some_of(&asks), error.reason);
            Problem::new(Fault::Vault, reason, error.next).at_all(places)
        };
        self.list.into_iter().map(problem).collect()
    }
}

/// Whether a failure is the vault's or the credential's, whatever was asked for.
fn is_of_vault(fault: ServiceFault) -> bool {
    matches!(fault, ServiceFault::Unauthenticated | ServiceFault::RateLimited | ServiceFault::Unavailable)
}

/// The first few of what is asked for, and how many more.
fn some_of(asks: &[&SecretRef]) -> String {
    let named = asks.len().min(NAMED);
    let list = asks[..named].iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if asks.len() > named { format!("{list} and {} more", asks.len() - named) } else { list }
}

/// Where an ask is asked for.
fn places<A>(asked: &Asked<A>, blanks: &Blanks) -> impl Iterator<Item = Place> {
    asked.blanks.iter().map(|id| blanks.get(*id).place.clone())
}

fn collect<A>(blanks: &Blanks, needed: impl Fn(BlankId) -> bool) -> Answers<A> {
    let mut answers = Answers { groups: Vec::new(), of_blank: vec![None; blanks.len()] };
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    let mut numbers: HashMap<&SecretRef, (usize, usize)> = HashMap::new();
    for (id, blank) in blanks.iter().filter(|(id, _)| needed(*id)) {
        let Source::Vault { ask, .. } = &blank.source else { continue };
        let (group, number) = *numbers.entry(ask).or_insert_with(|| {
            let group = *groups.entry(&ask.vault).or_insert(answers.groups.len());
            if group == answers.groups.len() {
                answers.groups.push(Group { asks: Vec::new(), asked: Vec::new() });
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
fn vault_of<'v, A>(
    group: &Group<A>,
    blanks: &Blanks,
    vaults: &'v BTreeMap<String, Arc<dyn Vault>>,
    problems: &mut Vec<Problem>,
) -> Option<&'v Arc<dyn Vault>> {
    let name = &group.asks.first()?.vault;
    let vault = vaults.get(name);
    if vault.is_none() {
        let next = match suggest(name, vaults.keys().map(String::as_str)) {
            Some(near) => format!("write `{near}` if that is meant, or add the vault under `vaults:`"),
            None => "add it under `vaults:` in the project file".to_owned(),
        };
        let problem = Problem::new(Fault::Check, format!("the environment has no vault `{name}`"), next);
        problems.push(problem.at_all(group.asked.iter().flat_map(|asked| places(asked, blanks))));
    }
    vault
}

/// Why an answer may not be used, for each of its blanks; a template can allow some of it at the blank.
fn faults_of<A: Answer>(
    ask: &SecretRef,
    asked: &Asked<A>,
    answer: &A,
    blanks: &Blanks,
    textual: impl Fn(BlankId) -> bool,
    now: Timestamp,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let term = answer.term();
    for id in &asked.blanks {
        let blank = blanks.get(*id);
        let allow = match &blank.source {
            Source::Vault { allow, .. } => *allow,
            Source::Derived { .. } => Allow::default(),
        };
        let mut refusals = answer.refusals(ask, Use { allow, textual: textual(*id) });
        if let Some(end) = term.expires.filter(|end| *end <= now && !allow.expired) {
            let next = "renew it in the vault, or write `allow=\"expired\"` at the blank";
            refusals.push((format!("expired at {end}"), next.to_owned()));
        }
        if let Some(start) = term.not_before.filter(|start| *start > now) {
            let next = "wait, pin the version before it, or change its start in the vault";
            refusals.push((format!("is not valid before {start}"), next.to_owned()));
        }
        let problem =
            |(reason, next): (String, String)| Problem::new(Fault::Vault, format!("{ask} {reason}"), next).at(blank.place.clone());
        problems.extend(refusals.into_iter().map(problem));
    }
    problems
}

/// What is worth a look in the term of an answer, as reason and next step.
pub(super) fn looks_of(ask: &SecretRef, term: Term, now: Timestamp) -> Vec<(String, &'static str)> {
    let mut looks = Vec::new();
    if let Some(end) = term.expires.filter(|end| *end > now && end.0 - now.0 <= NEAR) {
        looks.push((format!("expires at {end}"), "renew it in the vault"));
    }
    if term.current == Some(false) {
        let next = match ask.version {
            Some(_) => "take the version out of the blank, or leave it if it is meant",
            None => "lock the current one with `cloze lock`, or leave it if it is meant",
        };
        looks.push(("is not the vault's current version".to_owned(), next));
    }
    looks
}
