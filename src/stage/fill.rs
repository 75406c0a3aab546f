//! Fill: the blanks' values are fetched, filtered, escaped and put into their nodes. They are never text of a template
//! or of a manifest, and nothing looks for blanks in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::blank::Ask;
use crate::blank::BlankId;
use crate::blank::Blanks;
use crate::blank::Cloze;
use crate::blank::Filter;
use crate::blank::Source;
use crate::clock::Clock;
use crate::digest::Digest;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::secret::Secret;
use crate::stage::fetch::Answers;
use crate::stage::fetch::fetch;
use crate::stage::fetch::warnings_of;
use crate::stage::leaf::Leaf;
use crate::stage::leaf::LeafPlan;
use crate::stage::leaf::plan_leaves;
use crate::stage::leaf::problem_of;
use crate::stage::lineage::Lineage;
use crate::stage::lineage::ids_of;
use crate::stage::sink::visit;
use crate::stage::taint;
use crate::stage::taint::Waiver;
use crate::stage::value::Values;
use crate::vault::Vault;

/// Objects whose blanks are filled. Only [`fill`] makes one.
///
/// Under a Secret's `data` and `stringData` and a ConfigMap's `binaryData` every filled leaf is the value itself, bytes
/// that are not encoded yet.
#[derive(Debug)]
pub struct Filled {
    objects: Vec<Object<Secret>>,
    used: Vec<Used>,
    waivers: Vec<Waiver>,
    warnings: Vec<Problem>,
}

/// A secret that went into a release, without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// What was asked for.
    pub ask: Ask,
    /// The version that the vault gave; empty where it has none.
    pub version: String,
    /// Whether that is the vault's current version, where the vault said so.
    pub current: Option<bool>,
    /// The keyed fingerprint over vault, name, key (empty without one) and value.
    pub fingerprint: Digest,
    /// Where the templates ask for it, sorted.
    pub places: Vec<Place>,
}

impl Filled {
    /// The objects.
    pub fn objects(&self) -> &[Object<Secret>] {
        &self.objects
    }

    /// What was used, in the order of the templates.
    pub fn used(&self) -> &[Used] {
        &self.used
    }

    /// What the templates waive.
    pub fn waivers(&self) -> &[Waiver] {
        &self.waivers
    }

    /// What is worth a look and no reason to stop.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    pub(super) fn into_parts(self) -> (Vec<Object<Secret>>, Vec<Used>, Vec<Waiver>, Vec<Problem>) {
        (self.objects, self.used, self.waivers, self.warnings)
    }
}

/// Fills every blank of `objects`. What the templates do wrong is reported before any vault is asked; then every ask is
/// fetched once, and all that is wrong with any value is reported at once, at each blank that asks for it.
///
/// `fingerprint` is [`crate::seal::Keys::fingerprint`].
pub async fn fill(
    objects: Vec<Object<Cloze>>,
    blanks: &Blanks,
    vaults: &BTreeMap<String, Arc<dyn Vault>>,
    clock: &dyn Clock,
    fingerprint: &(dyn Fn(&[&[u8]]) -> Digest + Sync),
) -> Result<Filled, Problems> {
    let lineage = Lineage::of(blanks);
    let (waivers, mut problems) = taint::look(&objects, &lineage);
    let (leaves, unplaced) = plan_leaves(&objects, &lineage);
    problems.extend(unplaced);
    Problems::or((), problems)?;

    let now = clock.now();
    let needs = Needs::of(&objects, &leaves, &lineage);
    let (answers, mut problems) = fetch(blanks, &needs.needed, vaults, now).await;
    let (values, unfiltered) = Values::make(blanks, &needs.needed, &answers);
    problems.extend(unfiltered);

    let mut warnings = warnings_of(&answers, blanks, &needs.untrimmed, now);
    let filler = Filler { lineage: &lineage, values: &values };
    let mut leaves = leaves.into_iter();
    let mut filled = Vec::with_capacity(objects.len());
    let mut missing = false;
    for Object { file, identity, root } in objects {
        let root = root.map_leaves(&mut |cloze, _| {
            let Some(leaf) = leaves.next() else { unreachable!("every text with blanks was planned") };
            Ok::<_, Problems>(match filler.fill_leaf(&cloze, &leaf) {
                Ok(Some(value)) => {
                    warnings.extend(filler.warning_of(&cloze, &leaf, &value));
                    Value::Leaf(value)
                }
                Ok(None) => {
                    missing = true;
                    Value::Null
                }
                Err(problem) => {
                    problems.push(problem);
                    Value::Null
                }
            })
        })?;
        filled.push(Object { file, identity, root });
    }
    if missing && problems.is_empty() {
        problems.push(Problem::new(Fault::Internal, "a blank has no value and no reason for it", "report this as a bug of cloze"));
    }
    Problems::or((), problems)?;
    warnings.sort_by(|a, b| (&a.place, &a.reason).cmp(&(&b.place, &b.reason)));
    warnings.dedup();
    Ok(Filled { objects: filled, used: used_of(&answers, blanks, fingerprint), waivers, warnings })
}

/// Which blanks are needed, and which of them other than through `| trim`.
struct Needs {
    needed: Vec<bool>,
    untrimmed: Vec<bool>,
}

impl Needs {
    fn of(objects: &[Object<Cloze>], leaves: &[Leaf], lineage: &Lineage<'_>) -> Self {
        let blanks = lineage.blanks();
        let mut needs = Self { needed: vec![false; blanks.len()], untrimmed: vec![false; blanks.len()] };
        let mut leaves = leaves.iter();
        for object in objects {
            visit(object, &mut |spot| match leaves.next().map(|leaf| &leaf.plan) {
                Some(LeafPlan::Decoded(id)) => {
                    if let Some((_, input)) = lineage.outermost(*id) {
                        ids_of(input).for_each(|inner| needs.add(inner, false));
                    }
                }
                _ => spot.cloze.blanks().for_each(|id| needs.add(id, false)),
            });
        }
        for index in (0..blanks.len()).rev().filter_map(|index| u32::try_from(index).ok()).map(BlankId) {
            if let (true, Source::Derived { filter, input }) = (needs.needed[index.0 as usize], &blanks.get(index).source) {
                let trimmed = *filter == Filter::Trim && input.len() == 1;
                ids_of(input).for_each(|inner| needs.add(inner, trimmed));
            }
        }
        needs
    }

    fn add(&mut self, id: BlankId, trimmed: bool) {
        self.needed[id.0 as usize] = true;
        self.untrimmed[id.0 as usize] |= !trimmed;
    }
}

struct Filler<'a> {
    lineage: &'a Lineage<'a>,
    values: &'a Values<'a>,
}

impl Filler<'_> {
    /// The leaf's value, or `None` where a value that it needs has a problem already.
    fn fill_leaf(&self, cloze: &Cloze, leaf: &Leaf) -> Result<Option<Secret>, Problem> {
        let value = match &leaf.plan {
            LeafPlan::Whole(id) => self.values.get(*id).map(Secret::duplicate),
            LeafPlan::Decoded(id) => match self.lineage.outermost(*id) {
                Some((_, input)) => self.values.join(input).map_err(|problem| self.at_first(problem, cloze))?,
                None => None,
            },
            LeafPlan::Joined => {
                let binary = cloze.blanks().find(|id| self.values.get(*id).is_some_and(|value| value.expose_text().is_none()));
                if let Some(id) = binary {
                    return Err(binary_in_text().at(self.lineage.blanks().get(id).place.clone()));
                }
                self.values.join(&cloze.pieces).map_err(|problem| self.at_first(problem, cloze))?
            }
            LeafPlan::File(plan) => {
                if cloze.blanks().any(|id| self.values.get(id).is_none()) {
                    return Ok(None);
                }
                let missing = Secret::new(Vec::new());
                let value_of = |id: BlankId| self.values.get(id).unwrap_or(&missing);
                let filled =
                    plan.assemble(&value_of).map_err(|fault| problem_of(fault, Fault::Vault, &leaf.key, self.lineage.blanks(), None))?;
                Some(filled)
            }
        };
        match value {
            Some(value) if !leaf.takes_bytes && value.expose_text().is_none() => Err(self.at_first(binary_in_text(), cloze)),
            value => Ok(value),
        }
    }

    /// Says where a value looks like base64 and will be encoded again.
    fn warning_of(&self, cloze: &Cloze, leaf: &Leaf, value: &Secret) -> Option<Problem> {
        let whole = matches!(leaf.plan, LeafPlan::Whole(_) | LeafPlan::Decoded(_));
        (whole && leaf.is_encoded && is_base64(value.expose())).then(|| {
            let reason = "the value is base64 already and a Secret's values are encoded by cloze";
            self.at_first(Problem::new(Fault::Vault, reason, "write `| b64decode` at the blank, or leave it if it is meant"), cloze)
        })
    }

    fn at_first(&self, problem: Problem, cloze: &Cloze) -> Problem {
        match cloze.blanks().next() {
            Some(id) => problem.at(self.lineage.blanks().get(id).place.clone()),
            None => problem,
        }
    }
}

fn binary_in_text() -> Problem {
    Problem::new(
        Fault::Vault,
        "the value is not UTF-8 and stands where only text can",
        "give a binary value a key of its own in a Secret, or write `| b64encode` at the blank",
    )
}

/// Whether the bytes are base64 of something that people encode: it is padded, or it decodes to readable text.
fn is_base64(bytes: &[u8]) -> bool {
    if bytes.len() < 8 || !bytes.len().is_multiple_of(4) {
        return false;
    }
    let mut decoded = Zeroizing::new(vec![0; bytes.len() / 4 * 3]);
    let Ok(length) = STANDARD.decode_slice(bytes, &mut decoded) else { return false };
    bytes.ends_with(b"=") || std::str::from_utf8(&decoded[..length]).is_ok_and(|text| !text.chars().any(|c| c.is_control() && c != '\n'))
}

fn used_of(answers: &Answers, blanks: &Blanks, fingerprint: &(dyn Fn(&[&[u8]]) -> Digest + Sync)) -> Vec<Used> {
    let used = answers.asked.iter().filter_map(|asked| {
        let fetched = asked.answer.as_ref()?;
        let ask = asked.ask.clone();
        let key = ask.key.as_deref().unwrap_or_default();
        let parts = [ask.vault.as_bytes(), ask.name.as_bytes(), key.as_bytes(), fetched.value.expose()];
        let fingerprint = fingerprint(&parts);
        let mut places: Vec<Place> = asked.blanks.iter().map(|id| blanks.get(*id).place.clone()).collect();
        places.sort();
        places.dedup();
        Some(Used { ask, version: fetched.version.clone(), current: fetched.current, fingerprint, places })
    });
    used.collect()
}
