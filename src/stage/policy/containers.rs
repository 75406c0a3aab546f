//! What a policy asks of containers, in every kind that has a pod spec at any depth.

use crate::blank::BlankText;
use crate::blank::Piece;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::policy::Amount;
use crate::reference::pod_specs;
use crate::stage::policy::violation::Violation;

type PodNode = Node<BlankText>;

/// The images without a digest that have no tag, or the tag `latest`.
pub(super) fn images(object: &Object<BlankText>) -> Vec<Violation> {
    let mut found = Vec::new();
    for container in pods(object).flat_map(|pod| containers(pod, &["initContainers", "containers", "ephemeralContainers"])) {
        let Some(node) = container.get("image") else { continue };
        let Some(image) = image(node) else { continue };
        let what = match tag(&image) {
            Some("latest") => "has the tag `latest`",
            Some(_) => continue,
            None => "has no tag",
        };
        found.push(Violation {
            place: object.place(node.mark),
            reason: format!("the image `{image}` of container `{}` {what}", name(container)),
            next: "name a version, as in `nginx:1.29.4`, or a digest".to_owned(),
        });
    }
    found
}

/// The containers that do not say one of `wanted`. What a whole pod says (Kubernetes 1.34) counts for all of its containers.
pub(super) fn amounts(object: &Object<BlankText>, wanted: &[Amount]) -> Vec<Violation> {
    let mut found = Vec::new();
    for pod in pods(object) {
        for container in containers(pod, &["initContainers", "containers"]) {
            let says = |amount: &Amount| [container, pod].into_iter().any(|node| is_said(node, *amount));
            let missing: Vec<String> =
                wanted.iter().filter(|amount| !says(amount)).map(|one| format!("`{}.{}`", one.kind, one.resource)).collect();
            if missing.is_empty() {
                continue;
            }
            let mark = container.get("resources").map_or(container.mark, |resources| resources.mark);
            found.push(Violation {
                place: object.place(mark),
                reason: format!("container `{}` sets no {}", name(container), missing.join(", ")),
                next: format!("add {} to its `resources`", if missing.len() == 1 { "it" } else { "them" }),
            });
        }
    }
    found
}

/// Whether `node` says an amount. A request that is left out is what the limit is (`pkg/apis/core/v1/defaults.go`, `SetDefaults_Pod`).
fn is_said(node: &PodNode, Amount { kind, resource }: Amount) -> bool {
    let at = |kind| node.at(&["resources", kind, resource]).is_some_and(|amount| !matches!(amount.value, Value::Null));
    at(kind) || (kind == "requests" && at("limits"))
}

fn pods(object: &Object<BlankText>) -> impl Iterator<Item = &PodNode> {
    pod_specs(&object.root).into_iter()
}

fn containers<'p>(pod: &'p PodNode, lists: &'static [&'static str]) -> impl Iterator<Item = &'p PodNode> {
    lists.iter().flat_map(|list| pod.get(list).and_then(Node::as_list).unwrap_or_default())
}

fn name(container: &PodNode) -> &str {
    container.get("name").and_then(Node::as_text).unwrap_or("?")
}

/// An image's name, with a word in place of each blank; `None` where a vault has all of it.
fn image(node: &PodNode) -> Option<String> {
    match &node.value {
        Value::Text(text) => Some(text.to_string()),
        Value::Leaf(text) if text.whole().is_none() => {
            let piece = |piece: &Piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Blank(_) => "blank".to_owned(),
            };
            Some(text.pieces.iter().map(piece).collect())
        }
        _ => None,
    }
}

/// The tag or the digest of an image (`github.com/distribution/reference`): a colon before the last `/` belongs to the registry's port.
fn tag(image: &str) -> Option<&str> {
    if let Some((_, digest)) = image.split_once('@') {
        return Some(digest);
    }
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split_once(':').map(|(_, tag)| tag).filter(|tag| !tag.is_empty())
}

#[cfg(test)]
mod tests {
    use super::tag;

    #[test]
    fn a_port_is_no_tag() {
        let tags = [
            ("nginx", None),
            ("nginx:", None),
            ("nginx:1.29", Some("1.29")),
            ("localhost:5000/nginx", None),
            ("localhost:5000/team/nginx:latest", Some("latest")),
            ("nginx@sha256:ab", Some("sha256:ab")),
            ("localhost:5000/nginx:latest@sha256:ab", Some("sha256:ab")),
        ];
        for (image, expected) in tags {
            assert_eq!(tag(image), expected, "{image}");
        }
    }
}
