//! Mask: what a review shows. Each blank is shown by what it asks for and no literal of a Secret is shown at all; no vault, key or value is needed.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashSet;
use std::convert::Infallible;

use crate::blank::BlankId;
use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::blank::Filter;
use crate::blank::Piece;
use crate::embedded::FilePlan;
use crate::embedded::Treatment;
use crate::manifest::Identity;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::parallel::find_mut;
use crate::parallel::map;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::secret::Secret;
use crate::stage::derivation::Derivations;
use crate::stage::leaf::LeafAnalysis;
use crate::stage::leaf::LeafPlan;
use crate::stage::leaf::PlannedLeaf;
use crate::stage::leaf::analyse_all;
use crate::stage::leaf::problem_of;
use crate::stage::literal::LiteralMask;
use crate::stage::literal::hide_literals;
use crate::stage::literal::keys_with_blanks;
use crate::stage::taint::Waiver;

/// Objects for a review. Only [`mask`] makes one.
#[derive(Debug)]
pub struct Masked {
    objects: Vec<Object<Infallible>>,
    /// The objects with blanks, and of a Secret the keys whose values have them.
    unknown: BTreeMap<Identity, BTreeSet<String>>,
    waivers: Vec<Waiver>,
}

impl Masked {
    /// The objects whose content a review knows, because no blank is in it.
    pub fn known(&self) -> impl Iterator<Item = &Object<Infallible>> {
        self.objects.iter().filter(|object| !self.unknown.contains_key(&object.identity))
    }

    /// What the templates waive.
    pub fn waivers(&self) -> &[Waiver] {
        &self.waivers
    }

    /// The objects with every literal of a Secret hidden by `mask`, and those of them whose content a review cannot know. A Secret's values are all under
    /// `stringData`; what is masked in a ConfigMap is under `data`.
    pub fn into_objects(mut self, mask: LiteralMask<'_>) -> (Vec<Object<Infallible>>, HashSet<Identity>) {
        let none = BTreeSet::new();
        find_mut(&mut self.objects, |object, _: &mut Vec<()>| {
            if object.is_secret() {
                let masked = self.unknown.get(&object.identity).unwrap_or(&none);
                hide_literals(&mut object.root, &|key| masked.contains(key), &|key, value| mask(&object.identity, key, value));
            }
        });
        (self.objects, self.unknown.into_keys().collect())
    }
}

/// Masks every blank of `objects`, or reports every blank that may not be there.
pub fn mask(objects: Vec<Object<BlankText>>, blanks: &Blanks) -> Result<Masked, Problems> {
    let (masked, tainted) = mask_all(objects, blanks)?;
    Problems::or(masked, tainted)
}

/// As [`mask`], but beside the objects the blanks that would be public, so that the checks that follow can be reported together with them.
pub fn mask_all(objects: Vec<Object<BlankText>>, blanks: &Blanks) -> Result<(Masked, Vec<Problem>), Problems> {
    let derivations = Derivations::of(blanks);
    let (LeafAnalysis { leaves, waivers, .. }, tainted) = analyse_all(&objects, &derivations)?;
    let mut problems = Vec::new();
    let mut unknown = BTreeMap::new();
    let mut masked = Vec::with_capacity(objects.len());
    let planned = objects.into_iter().zip(leaves).collect();
    for (object, keys, mut found) in map(planned, |(object, leaves)| mask_object(object, leaves, &derivations)) {
        if let Some(keys) = keys {
            unknown.insert(object.identity.clone(), keys);
        }
        problems.append(&mut found);
        masked.push(object);
    }
    Problems::or((Masked { objects: masked, unknown, waivers }, tainted), problems)
}

/// The object with every blank masked; where there are blanks the keys of a Secret that have them; and the blanks that cannot be masked.
fn mask_object(
    object: Object<BlankText>,
    leaves: Vec<PlannedLeaf>,
    derivations: &Derivations<'_>,
) -> (Object<Infallible>, Option<BTreeSet<String>>, Vec<Problem>) {
    let keys = (!leaves.is_empty()).then(|| if object.is_secret() { keys_with_blanks(&object) } else { BTreeSet::new() });
    let moved = masked_binaries(&object);
    let Object { file, identity, root } = object;
    let mut leaves = leaves.into_iter();
    let mut problems = Vec::new();
    let masked = root.map_leaves(&mut |cloze, _| {
        let Some(leaf) = leaves.next() else { unreachable!("every text with blanks was planned") };
        Ok::<_, Infallible>(match mask_leaf(&cloze, &leaf, derivations) {
            Ok(text) => Value::Text(text.into()),
            Err(problem) => {
                problems.push(problem);
                Value::Null
            }
        })
    });
    let Ok(root) = masked;
    let mut object = Object { file, identity, root };
    move_masks(&mut object, &moved);
    (object, keys, problems)
}

fn mask_leaf(cloze: &BlankText, leaf: &PlannedLeaf, derivations: &Derivations<'_>) -> Result<String, Problem> {
    match &leaf.plan {
        LeafPlan::Whole(id) | LeafPlan::Decoded(id) => Ok(derivations.blanks().mask(*id)),
        LeafPlan::Joined => Ok(cloze
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Blank(id) => derivations.blanks().mask(*id),
            })
            .collect()),
        LeafPlan::File(plan, key) => mask_file(plan, key, derivations),
    }
}

fn mask_file(plan: &FilePlan, key: &str, derivations: &Derivations<'_>) -> Result<String, Problem> {
    let masks: BTreeMap<BlankId, Secret> = plan
        .blanks()
        .iter()
        .map(|(id, _)| {
            let mask = Secret::new(derivations.blanks().mask(*id).into_bytes());
            // A blank that brings its own quotes shows them.
            let quoted = if derivations.treatment(*id) == Treatment::Json { Filter::Json.apply(&mask).ok() } else { None };
            (*id, quoted.unwrap_or(mask))
        })
        .collect();
    let missing = Secret::new(Vec::new());
    let mask_of = |id: BlankId| masks.get(&id).unwrap_or(&missing);
    let text = plan.assemble(&mask_of).map_err(|fault| problem_of(fault, Fault::Check, key, derivations.blanks(), None))?;
    Ok(String::from_utf8_lossy(text.expose()).into_owned())
}

/// The keys of a ConfigMap's base64 values that are blanks.
fn masked_binaries(object: &Object<BlankText>) -> Vec<String> {
    let entries = object.root.get("binaryData").and_then(Node::as_map).filter(|_| object.is_config_map()).unwrap_or_default();
    entries.iter().filter(|entry| matches!(entry.node.value, Value::Leaf(_))).map(|entry| entry.key.to_string()).collect()
}

/// Moves masks out of a ConfigMap's `binaryData`, where they would not be base64, to `data`.
fn move_masks(object: &mut Object<Infallible>, keys: &[String]) {
    if keys.is_empty() {
        return;
    }
    let Some(source) = object.root.get_mut("binaryData").and_then(Node::as_map_mut) else { return };
    let (moved, kept): (Vec<_>, Vec<_>) = std::mem::take(source).into_iter().partition(|entry| keys.iter().any(|key| entry.key == *key));
    let empty = kept.is_empty();
    *source = kept;
    if empty {
        object.root.take("binaryData");
    }
    if object.root.get("data").is_none_or(|node| node.as_map().is_none()) {
        object.root.set("data", Node::made(Value::Map(Vec::new())));
    }
    if let Some(target) = object.root.get_mut("data").and_then(Node::as_map_mut) {
        target.extend(moved);
        target.sort_by(|a, b| a.key.cmp(&b.key));
    }
}

#[cfg(test)]
mod tests {
    use crate::blank::Blanks;
    use crate::blank::Filter;
    use crate::manifest::Node;
    use crate::stage::literal::MASK;
    use crate::stage::mask::mask;
    use crate::stage::sample::ask;
    use crate::stage::sample::cloze;
    use crate::stage::sample::derive;
    use crate::stage::sample::map;
    use crate::stage::sample::object;

    #[test]
    fn masks_stand_where_texts_may() {
        let mut blanks = Blanks::default();
        let id = ask(&mut blanks, "a\"b");
        let json = derive(&mut blanks, Filter::Json, id);
        let data = vec![("p", cloze("_", &[id])), ("q", Node::text("b2xk")), ("r", cloze("_", &[id]))];
        let text = vec![("c.json", cloze("{\"a\": \"_\", \"b\": _}", &[id, json])), ("r", Node::text("wins"))];
        let secret = object("Secret", vec![("data", map(data)), ("stringData", map(text))]);
        let masked = mask(vec![secret, object("ConfigMap", vec![("data", map(vec![("a", Node::text("b"))]))])], &blanks).unwrap();
        assert_eq!(masked.known().map(|object| object.identity.to_string()).collect::<Vec<_>>(), ["ConfigMap shop/configmap"]);
        let (objects, unknown) = masked.into_objects(&|_, _, _| MASK.to_owned());
        assert_eq!(unknown.iter().map(ToString::to_string).collect::<Vec<_>>(), ["Secret shop/secret"]);
        let root = &objects[0].root;
        let entries = root.get("stringData").and_then(Node::as_map).unwrap();
        let texts: Vec<(&str, &str)> = entries.iter().map(|entry| (entry.key.as_str(), entry.node.as_text().unwrap())).collect();
        let [("c.json", file), ("p", "<secret default/a\"b>"), ("q" | "r", "<literal>"), ("r", "<literal>")] = texts.as_slice() else {
            panic!("{texts:?}")
        };
        let read: serde_json::Value = serde_json::from_str(file).unwrap();
        assert_eq!(read, serde_json::json!({"a": "<secret default/a\"b>", "b": "<secret default/a\"b | json>"}));
        assert!(root.get("data").is_none());
        assert_eq!(objects[1].root.at(&["data", "a"]).and_then(Node::as_text), Some("b"));
    }

    #[test]
    fn a_blank_in_a_wrong_place_of_a_file_is_reported_without_a_vault() {
        let mut blanks = Blanks::default();
        let id = ask(&mut blanks, "pw");
        let text = vec![("c.json", cloze("{\n\"_\": 1}", &[id])), ("d.env", cloze("A='_", &[id]))];
        let secret = object("Secret", vec![("stringData", map(text)), ("data", map(vec![("x", cloze("a_", &[id]))]))]);
        let problems = mask(vec![secret], &blanks).unwrap_err();
        assert_eq!(
            problems.to_string(),
            "t.yaml:1:1: a blank is in a key (line 2 of `c.json`)\n\
             t.yaml:1:1: a blank is mixed with other text under `data`, whose values are base64\n\
             t.yaml (rendered):7:3: this file with blanks cannot be read as env: a quote is not closed (line 1 of `d.env`)"
        );
    }
}
