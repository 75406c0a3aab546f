//! Where the keys of a document are, as it is written: aliases stay aliases.

use crate::manifest::Mark;
use crate::manifest::read::limits::Limits;
use crate::manifest::read::stream;
use crate::manifest::read::tree;
use crate::manifest::read::tree::Id;
use crate::manifest::read::tree::NodeKind;

/// The keys and items of the first document of a text, with their places. Holds no value.
#[derive(Debug)]
pub struct Outline {
    nodes: Vec<(Mark, Kind)>,
    /// The nodes that some alias stands for.
    shared: Vec<Id>,
}

#[derive(Debug)]
enum Kind {
    Scalar,
    Alias(Id),
    List(Vec<Id>),
    Map(Vec<Key>),
}

#[derive(Debug)]
struct Key {
    name: String,
    mark: Mark,
    node: Id,
}

impl Outline {
    /// The outline of a text in YAML or JSON; `None` where it cannot be read.
    pub fn of(text: &str, limits: Limits) -> Option<Self> {
        let lines = stream::json(stream::lines(text));
        let tree = tree(*stream::documents(&lines, &mut Vec::new()).first()?, limits).ok()??;
        let mut shared = Vec::new();
        let nodes = tree.nodes().map(|node| {
            let kind = match &node.kind {
                NodeKind::Scalar { .. } => Kind::Scalar,
                NodeKind::Alias(target) => {
                    shared.push(*target);
                    Kind::Alias(*target)
                }
                NodeKind::List(items) => Kind::List(items.clone()),
                NodeKind::Map(pairs) => Kind::Map(
                    pairs
                        .chunks_exact(2)
                        .filter_map(|pair| {
                            let key = tree.get(pair[0]);
                            let NodeKind::Scalar { text, .. } = &key.kind else { return None };
                            Some(Key { name: text.clone().into_owned(), mark: key.mark, node: pair[1] })
                        })
                        .collect(),
                ),
            };
            (node.mark, kind)
        });
        let nodes = nodes.collect();
        Some(Self { nodes, shared })
    }

    /// Where the value at a path of keys and numbers of items is; where it is not there, the nearest around it. Aliases and merge keys are followed.
    /// The place of a mapping or a list is that of its key.
    pub fn place<'p>(&self, path: impl IntoIterator<Item = &'p str>) -> Mark {
        let (mut mark, mut node) = (Mark::default(), 0);
        for step in path {
            let Some((place, next)) = self.step(node, step, 0) else { break };
            node = self.target(next);
            mark = if matches!(self.nodes[node].1, Kind::Scalar) { self.nodes[node].0 } else { place };
        }
        mark
    }

    fn step(&self, node: Id, step: &str, depth: usize) -> Option<(Mark, Id)> {
        if depth > DEEPEST {
            return None;
        }
        match &self.nodes[self.target(node)].1 {
            Kind::Map(keys) => {
                let own = keys.iter().find(|key| key.name == step).map(|key| (key.mark, key.node));
                own.or_else(|| keys.iter().filter(|key| key.name == MERGE).find_map(|key| self.step(key.node, step, depth + 1)))
            }
            // What is merged may be a list of mappings.
            Kind::List(items) if depth > 0 => items.iter().find_map(|item| self.step(*item, step, depth + 1)),
            Kind::List(items) => step.parse().ok().and_then(|item: usize| items.get(item)).map(|item| (self.nodes[*item].0, *item)),
            Kind::Scalar | Kind::Alias(_) => None,
        }
    }

    fn target(&self, node: Id) -> Id {
        match self.nodes[node].1 {
            Kind::Alias(target) => target,
            _ => node,
        }
    }

    /// The places of the key at a path, or of keys within it: the topmost that have nothing in them that an alias stands for. None where the key
    /// is not written there itself.
    pub fn unshared(&self, path: &[String]) -> Vec<(Vec<String>, Mark)> {
        let (mut mark, mut node) = (Mark::default(), 0);
        for step in path {
            if self.shared.contains(&node) {
                return Vec::new();
            }
            let Kind::Map(keys) = &self.nodes[node].1 else { return Vec::new() };
            let Some(key) = keys.iter().find(|key| key.name == *step) else { return Vec::new() };
            (mark, node) = (key.mark, key.node);
        }
        let mut found = Vec::new();
        self.collect(path.to_vec(), mark, node, &mut found);
        found
    }

    fn collect(&self, path: Vec<String>, mark: Mark, node: Id, found: &mut Vec<(Vec<String>, Mark)>) {
        if !self.holds_shared(node) {
            found.push((path, mark));
        } else if !self.shared.contains(&node)
            && let Kind::Map(keys) = &self.nodes[node].1
        {
            for key in keys {
                self.collect([path.clone(), vec![key.name.clone()]].concat(), key.mark, key.node, found);
            }
        }
    }

    fn holds_shared(&self, node: Id) -> bool {
        self.shared.contains(&node)
            || match &self.nodes[node].1 {
                Kind::Scalar | Kind::Alias(_) => false,
                Kind::List(items) => items.iter().any(|item| self.holds_shared(*item)),
                Kind::Map(keys) => keys.iter().any(|key| self.holds_shared(key.node)),
            }
    }
}

/// The key of merges (yaml.org/type/merge.html).
const MERGE: &str = "<<";

/// Merges within each other that are followed.
const DEEPEST: usize = 32;

#[cfg(test)]
mod tests {
    use super::Outline;
    use crate::manifest::Limits;

    fn outline(text: &str) -> Outline {
        Outline::of(text, Limits::default()).unwrap()
    }

    #[test]
    fn values_have_places() {
        let yaml =
            outline("# c\nimage: {tag: v1, name: web}\nhosts:\n  - a\n  - b: 1\nbase: &b\n  cpu: 1\nweb:\n  <<: [*b]\n  x: 2\napi: *b\n");
        let place = |path: &str| {
            let mark = yaml.place(path.split('.').filter(|step| !step.is_empty()));
            (mark.line, mark.column)
        };
        assert_eq!([place("image"), place("image.tag"), place("image.gone")], [(2, 1), (2, 14), (2, 1)]);
        assert_eq!([place("hosts"), place("hosts.0"), place("hosts.1.b"), place("hosts.7")], [(3, 1), (4, 5), (5, 8), (3, 1)]);
        assert_eq!([place("web.cpu"), place("web.x"), place("api.cpu"), place("")], [(7, 8), (10, 6), (7, 8), (0, 0)]);
        let json = outline("{\n\t\"a\\/b\": {\"c\": [1,\n\t\t2]}\n}\n");
        let mark = json.place(["a/b", "c", "1"]);
        assert_eq!((mark.line, mark.column), (3, 3));
        assert!(Outline::of("a: [", Limits::default()).is_none());
    }

    #[test]
    fn what_aliases_stand_for_is_left_out() {
        let written = outline("x: {a: &a 1, b: 2, c: [&c 3]}\ny: [*a, *c]\nz: &z {d: 1}\nm: {<<: *z, e: 1}\nunused: &u 1\n");
        let found = |path: &str| -> Vec<String> {
            let steps: Vec<String> = path.split('.').map(str::to_owned).collect();
            written.unshared(&steps).into_iter().map(|(path, mark)| format!("{} {}:{}", path.join("."), mark.line, mark.column)).collect()
        };
        assert_eq!(found("x"), ["x.b 1:14"]);
        assert_eq!(found("y"), ["y 2:1"]);
        assert_eq!(found("m"), ["m 4:1"]);
        assert_eq!(found("unused"), ["unused 5:1"]);
        for silent in ["z", "z.d", "m.d", "x.a", "gone"] {
            assert_eq!(found(silent), Vec::<String>::new(), "{silent}");
        }
    }
}
