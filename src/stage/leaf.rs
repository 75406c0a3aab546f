//! How each text with blanks becomes a value: decided before any value is known.

use crate::blank::BlankId;
use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::blank::Filter;
use crate::blank::Piece;
use crate::blank::Source;
use crate::embedded;
use crate::embedded::EmbeddedFault;
use crate::embedded::Format;
use crate::embedded::Plan;
use crate::manifest::Object;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::stage::lineage::Lineage;
use crate::stage::lineage::ids_of;
use crate::stage::sink::Sink;
use crate::stage::sink::Spot;
use crate::stage::sink::visit;
use crate::stage::taint;
use crate::stage::taint::Waiver;

/// A text with blanks, ready to be filled.
#[derive(Debug)]
pub(super) struct Leaf {
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
    /// One blank is the whole scalar, and its last filter encodes what the sink will encode: the filter's input is the value.
    Decoded(BlankId),
    /// Texts and values one after the other.
    Joined,
    /// A file with a format, under that key.
    File(Plan, String),
}

/// What can be known of all objects without a value.
#[derive(Debug)]
pub(super) struct Survey {
    /// The leaves in the order of [`crate::manifest::Node::map_leaves`], object by object.
    pub(super) leaves: Vec<Leaf>,
    pub(super) waivers: Vec<Waiver>,
    /// Which blanks are needed.
    pub(super) needed: Vec<bool>,
    /// Which blanks are used other than through `| trim`.
    pub(super) untrimmed: Vec<bool>,
    /// Which blanks are used other than right through `| json`.
    pub(super) textual: Vec<bool>,
}

/// Plans every leaf, or reports every blank that may not stand where it does.
pub(super) fn survey(objects: &[Object<BlankText>], lineage: &Lineage<'_>) -> Result<Survey, Problems> {
    let (survey, tainted) = outlook(objects, lineage)?;
    Problems::or(survey, tainted)
}

/// As [`survey`], but beside the plans the blanks that would be public: they can be planned all the same.
pub(super) fn outlook(objects: &[Object<BlankText>], lineage: &Lineage<'_>) -> Result<(Survey, Vec<Problem>), Problems> {
    let none = vec![false; lineage.blanks().len()];
    let mut survey = Survey { leaves: Vec::new(), waivers: Vec::new(), needed: none.clone(), untrimmed: none.clone(), textual: none };
    let mut tainted = Vec::new();
    let mut problems = Vec::new();
    for object in objects {
        visit(object, &mut |spot| {
            let heavy = spot.cloze.blanks().any(|id| taint::is_too_heavy(lineage, id));
            taint::look(spot, lineage, &mut survey.waivers, if heavy { &mut problems } else { &mut tainted });
            let plan = plan_leaf(spot, lineage, &mut problems);
            match &plan {
                LeafPlan::Decoded(id) => {
                    if let Some((_, input)) = lineage.outermost(*id) {
                        ids_of(input).for_each(|inner| survey.need(inner, None));
                    }
                }
                _ => spot.cloze.blanks().for_each(|id| survey.need(id, None)),
            }
            let is_encoded = matches!(spot.sink, Sink::SecretData | Sink::SecretText(_) | Sink::ConfigBytes);
            survey.leaves.push(Leaf { plan, takes_bytes: spot.sink.takes_bytes(), is_encoded });
        });
    }
    survey.need_inputs(lineage.blanks());
    survey.waivers.sort();
    if problems.is_empty() { Ok((survey, tainted)) } else { Err(tainted.into_iter().chain(problems).collect::<Vec<_>>().into()) }
}

impl Survey {
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

fn plan_leaf(spot: &Spot<'_>, lineage: &Lineage<'_>, problems: &mut Vec<Problem>) -> LeafPlan {
    let pieces = &spot.cloze.pieces;
    if let Some(id) = spot.cloze.whole() {
        let decoded = spot.sink.is_encoded() && matches!(lineage.outermost(id), Some((Filter::B64encode, _)));
        return if decoded { LeafPlan::Decoded(id) } else { LeafPlan::Whole(id) };
    }
    if spot.sink.is_encoded() {
        let place = ids_of(pieces).next().map(|id| lineage.blanks().get(id).place.clone());
        let (field, next) = match spot.sink {
            Sink::ConfigBytes => ("binaryData", "data"),
            _ => ("data", "stringData"),
        };
        problems.push(Problem {
            fault: Fault::Check,
            place,
            reason: format!("a blank stands beside other text under `{field}`, whose values are base64"),
            next: format!("write the text under `{next}`"),
        });
        return LeafPlan::Joined;
    }
    let (Sink::SecretText(key) | Sink::ConfigText(key)) = spot.sink else { return LeafPlan::Joined };
    let Some(format) = Format::of_key(key).filter(|_| !is_one_blank(pieces)) else { return LeafPlan::Joined };
    match embedded::place(format, pieces, &|id| lineage.treatment(id)) {
        Ok(plan) => LeafPlan::File(plan, key.to_owned()),
        Err(faults) => {
            let text = || Some(spot.object.place(spot.mark));
            problems.extend(faults.into_iter().map(|fault| problem_of(fault, Fault::Check, key, lineage.blanks(), text())));
            LeafPlan::Joined
        }
    }
}

/// Whether one blank is the whole file but for white space around it: the value is the file.
fn is_one_blank(pieces: &[Piece]) -> bool {
    let space = |piece: &Piece| matches!(piece, Piece::Text(text) if text.trim().is_empty());
    ids_of(pieces).count() == 1 && pieces.iter().all(|piece| matches!(piece, Piece::Blank(_)) || space(piece))
}
