//! How each text with blanks becomes a value: decided before any value is known.

use crate::blank::BlankId;
use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::blank::Filter;
use crate::blank::Piece;
use crate::blank::Source;
use crate::embedded;
use crate::embedded::EmbeddedFault;
use crate::embedded::FilePlan;
use crate::embedded::Format;
use crate::manifest::Object;
use crate::parallel::find;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::stage::derivation::Derivations;
use crate::stage::derivation::ids_of;
use crate::stage::destination::Destination;
use crate::stage::destination::Occurrence;
use crate::stage::destination::visit;
use crate::stage::taint;
use crate::stage::taint::Waiver;

/// A text with blanks, ready to be filled.
#[derive(Debug)]
pub(super) struct PlannedLeaf {
    pub(super) plan: LeafPlan,
    /// Whether the value may be any bytes where it is the whole scalar.
    pub(super) takes_bytes: bool,
    /// Whether the value will be base64-encoded.
    pub(super) is_encoded: bool,
}

/// Where the value comes from.
#[derive(Debug)]
pub(super) enum LeafPlan {
    /// One blank is the whole scalar.
    Whole(BlankId),
    /// One blank is the whole scalar, and its last filter encodes what the destination will encode: the filter's input is the value.
    Decoded(BlankId),
    /// Texts and values one after the other.
    Joined,
    /// A file with a format, under that key.
    File(FilePlan, String),
}

/// What can be known of all objects without a value.
#[derive(Debug)]
pub(super) struct LeafAnalysis {
    /// The leaves of each object in the order of [`crate::manifest::Node::map_leaves`].
    pub(super) leaves: Vec<Vec<PlannedLeaf>>,
    pub(super) waivers: Vec<Waiver>,
    /// Which blanks are needed.
    pub(super) needed: Vec<bool>,
    /// Which blanks are used other than through `| trim`.
    pub(super) untrimmed: Vec<bool>,
    /// Which blanks are used other than right through `| json`.
    pub(super) textual: Vec<bool>,
}

/// Plans every leaf, or reports every blank that may not be there.
pub(super) fn analyse(objects: &[Object<BlankText>], derivations: &Derivations<'_>) -> Result<LeafAnalysis, Problems> {
    let (analysis, tainted) = analyse_all(objects, derivations)?;
    Problems::or(analysis, tainted)
}

/// As [`analyse`], but beside the plans the blanks that would be public: they can be planned all the same.
pub(super) fn analyse_all(objects: &[Object<BlankText>], derivations: &Derivations<'_>) -> Result<(LeafAnalysis, Vec<Problem>), Problems> {
    let none = vec![false; derivations.blanks().len()];
    let mut analysis = LeafAnalysis {
        leaves: Vec::with_capacity(objects.len()),
        waivers: Vec::new(),
        needed: none.clone(),
        untrimmed: none.clone(),
        textual: none,
    };
    let mut tainted = Vec::new();
    let mut problems = Vec::new();
    for mut object in find(objects, |object, found| found.push(ObjectLeaves::of(object, derivations))) {
        analysis.leaves.push(object.leaves);
        analysis.waivers.append(&mut object.waivers);
        object.needed.into_iter().for_each(|id| analysis.need(id, None));
        tainted.append(&mut object.tainted);
        problems.append(&mut object.problems);
    }
    analysis.need_inputs(derivations.blanks());
    analysis.waivers.sort();
    if problems.is_empty() { Ok((analysis, tainted)) } else { Err(tainted.into_iter().chain(problems).collect::<Vec<_>>().into()) }
}

/// What can be known of one object.
#[derive(Debug, Default)]
struct ObjectLeaves {
    leaves: Vec<PlannedLeaf>,
    waivers: Vec<Waiver>,
    /// The blanks that its values are made of.
    needed: Vec<BlankId>,
    tainted: Vec<Problem>,
    problems: Vec<Problem>,
}

impl ObjectLeaves {
    fn of(object: &Object<BlankText>, derivations: &Derivations<'_>) -> Self {
        let mut found = Self::default();
        visit(object, &mut |occurrence| {
            let heavy = occurrence.cloze.blanks().any(|id| taint::is_too_heavy(derivations, id));
            let problems = if heavy { &mut found.problems } else { &mut found.tainted };
            taint::look(occurrence, derivations, &mut found.waivers, problems);
            let plan = plan_leaf(occurrence, derivations, &mut found.problems);
            match &plan {
                LeafPlan::Decoded(id) => found.needed.extend(derivations.outermost(*id).into_iter().flat_map(|(_, input)| ids_of(input))),
                LeafPlan::File(plan, _) => found.needed.extend(plan.blanks().iter().map(|(id, _)| *id)),
                _ => found.needed.extend(occurrence.cloze.blanks()),
            }
            let is_encoded =
                matches!(occurrence.destination, Destination::SecretData(_) | Destination::SecretText(_) | Destination::ConfigBytes(_));
            found.leaves.push(PlannedLeaf { plan, takes_bytes: occurrence.destination.takes_bytes(), is_encoded });
        });
        found
    }
}

impl LeafAnalysis {
    /// `through` is the filter that the blank goes into alone.
    fn need(&mut self, id: BlankId, through: Option<&Filter>) {
        self.needed[id.0 as usize] = true;
        self.untrimmed[id.0 as usize] |= through != Some(&Filter::Trim);
        self.textual[id.0 as usize] |= through != Some(&Filter::Json);
    }

    /// What is derived needs what it is derived from, which is always older.
    fn need_inputs(&mut self, blanks: &Blanks) {
        for id in (0..blanks.len()).rev().filter_map(|index| u32::try_from(index).ok()).map(BlankId) {
            if let (true, Source::Derived { filter, input }) = (self.needed[id.0 as usize], &blanks.get(id).source) {
                let through = (input.len() == 1).then_some(filter);
                ids_of(input).for_each(|inner| self.need(inner, through));
            }
        }
    }
}

/// The problem that a fault in a file is, at the blank or else at the text.
pub(super) fn problem_of(fault: EmbeddedFault, kind: Fault, key: &str, blanks: &Blanks, text: Option<Place>) -> Problem {
    let reason = format!("{} (line {} of `{key}`)", fault.reason, fault.line);
    let problem = Problem::new(kind, reason, fault.next);
    match fault.blank.map(|id| blanks.get(id).place.clone()).or(text) {
        Some(place) => problem.at(place),
        None => problem,
    }
}

fn plan_leaf(occurrence: &Occurrence<'_>, derivations: &Derivations<'_>, problems: &mut Vec<Problem>) -> LeafPlan {
    let (pieces, destination) = (&occurrence.cloze.pieces, occurrence.destination);
    let plan_file = |text: &[Piece], problems: &mut Vec<Problem>| {
        let key = destination.key()?;
        let format = Format::of_key(key).filter(|_| !is_one_blank(text))?;
        match embedded::place(format, text, &|id| derivations.treatment(id)) {
            Ok(plan) => Some(LeafPlan::File(plan, key.to_owned())),
            Err(faults) => {
                let at = || Some(occurrence.object.place(occurrence.mark));
                problems.extend(faults.into_iter().map(|fault| problem_of(fault, Fault::Check, key, derivations.blanks(), at())));
                None
            }
        }
    };
    if let Some(id) = occurrence.cloze.whole() {
        return match derivations.outermost(id) {
            Some((Filter::B64encode, input)) if destination.is_encoded() => {
                let file = if derivations.is_raw(id) { None } else { plan_file(input, problems) };
                file.unwrap_or(LeafPlan::Decoded(id))
            }
            _ => LeafPlan::Whole(id),
        };
    }
    if destination.is_encoded() {
        let place = ids_of(pieces).next().map(|id| derivations.blanks().get(id).place.clone());
        let (field, next) = match destination {
            Destination::ConfigBytes(_) => ("binaryData", "data"),
            _ => ("data", "stringData"),
        };
        let reason = format!("a blank is mixed with other text under `{field}`, whose values are base64");
        problems.push(Problem { place, ..Problem::new(Fault::Check, reason, format!("write the text under `{next}`")) });
        return LeafPlan::Joined;
    }
    plan_file(pieces, problems).unwrap_or(LeafPlan::Joined)
}

/// Whether one blank is the whole file but for white space around it: the value is the file.
fn is_one_blank(pieces: &[Piece]) -> bool {
    let space = |piece: &Piece| matches!(piece, Piece::Text(text) if text.trim().is_empty());
    ids_of(pieces).count() == 1 && pieces.iter().all(|piece| matches!(piece, Piece::Blank(_)) || space(piece))
}
