//! Jobs that are named by their content: a changed Job is another one, and each content runs once.

use std::collections::HashMap;

use crate::digest::Digest;
use crate::manifest::Leaf;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::stage::name::content::canonical;
use crate::stage::name::control::base_name;
use crate::stage::name::naming::BASE_NAME;
use crate::stage::name::naming::CONTENT;
use crate::stage::name::naming::PLACEHOLDER;

/// Gives a Job, whose references were followed, the digest of its spec into its name. Where something in it is not known, as in a review,
/// neither is the name.
///
/// An annotation tells its content by a digest in which the `secrets`, by their final names, have the names that templates give them: where that one
/// ran, a rotated secret alone does not make it run again.
pub(super) fn rename<B: Leaf>(object: &mut Object<B>, known: bool, secrets: &HashMap<&str, &str>) -> Result<(), Problem> {
    let base = base_name(object).to_owned();
    let suffix = digest(object, known, &base, &HashMap::new());
    let content = digest(object, known, &base, secrets);
    let name = format!("{base}-{suffix}");
    if name.len() > LONGEST {
        let reason =
            format!("the name and its suffix have {} characters; the name of a Job must fit into a label of {LONGEST}", name.len());
        let next = format!("shorten the name to {} characters", LONGEST - PLACEHOLDER.len() - 1);
        return Err(Problem::new(Fault::Check, reason, next).at(object.place(object.mark_at(&["metadata", "name"]))));
    }
    object.identity.name.clone_from(&name);
    if let Some(metadata) = object.root.get_mut("metadata") {
        metadata.set("name", Node::text(name));
        if metadata.get("annotations").and_then(Node::as_map).is_none() {
            metadata.set("annotations", Node::made(Value::Map(Vec::new())));
        }
        if let Some(annotations) = metadata.get_mut("annotations") {
            annotations.set(BASE_NAME, Node::text(base));
            annotations.set(CONTENT, Node::text(content));
        }
    }
    Ok(())
}

fn digest<B: Leaf>(object: &Object<B>, known: bool, base: &str, secrets: &HashMap<&str, &str>) -> String {
    let mut spec = Vec::new();
    if let Some(node) = object.root.get("spec") {
        canonical(node, &|text| secrets.get(text).copied().unwrap_or(text), &mut spec);
    }
    let veiled = spec.windows(PLACEHOLDER.len()).any(|window| window == PLACEHOLDER.as_bytes());
    if !known || veiled {
        return PLACEHOLDER.to_owned();
    }
    let identity = &object.identity;
    Digest::plain(&[identity.kind.as_bytes(), identity.namespace.as_bytes(), base.as_bytes(), spec.as_slice()]).suffix()
}

/// The controller writes the name into a label of the pods (`batch.kubernetes.io/job-name`).
const LONGEST: usize = 63;
