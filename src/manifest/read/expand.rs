//! A written tree into nodes: aliases and merge keys expanded, scalars resolved, keys made strings and found unique.

use std::convert::Infallible;

use compact_str::CompactString;

use crate::manifest::Entry;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Number;
use crate::manifest::Value;
use crate::manifest::read::entries::Entries;
use crate::manifest::read::fault::ReadFault;
use crate::manifest::read::limits::Limits;
use crate::manifest::read::limits::too_deep;
use crate::manifest::read::limits::too_many_bytes;
use crate::manifest::read::limits::too_many_nodes;
use crate::manifest::read::number;
use crate::manifest::read::resolve;
use crate::manifest::read::resolve::Resolved;
use crate::manifest::read::resolve::TagFault;
use crate::manifest::read::tree::Id;
use crate::manifest::read::tree::NodeKind;
use crate::manifest::read::tree::Tree;

/// How many faults are looked for in one text.
const MOST_FAULTS: usize = 100;

/// Nothing more can be read; the fault is with the others.
pub(super) struct Stop;

/// What expanding costs, and the faults found on the way, for all documents of a text.
pub(super) struct Expansion {
    limits: Limits,
    nodes: usize,
    bytes: usize,
    /// The faults so far.
    pub(super) faults: Vec<ReadFault>,
    /// Keys that come out as others than they were written.
    pub(super) renamed: Vec<ReadFault>,
}

impl Expansion {
    /// Nothing spent yet.
    pub(super) fn new(limits: Limits, faults: Vec<ReadFault>) -> Self {
        Self { limits, nodes: 0, bytes: 0, faults, renamed: Vec::new() }
    }

    /// The root node of `tree`.
    ///
    /// # Errors
    /// A limit is reached, or the tree contains itself. Other faults leave null in the place of what cannot be read.
    pub(super) fn root(&mut self, tree: &Tree<'_>) -> Result<Node<Infallible>, Stop> {
        // go-yaml counts the document itself too.
        let mut walk = Expander { expansion: self, tree, open: Vec::new(), aliases: 0, decoded: 1, by_alias: 0 };
        walk.node(0)
    }
}

struct Expander<'a, 't> {
    expansion: &'a mut Expansion,
    tree: &'a Tree<'t>,
    /// The collections around the node at hand, through aliases.
    open: Vec<Id>,
    /// How many of them are reached by an alias.
    aliases: usize,
    decoded: u32,
    by_alias: u32,
}

impl Expander<'_, '_> {
    fn fault(&mut self, mark: Mark, reason: impl Into<String>, next: impl Into<String>) {
        self.expansion.faults.push(ReadFault::new(mark, reason, next));
    }

    fn stop<T>(&mut self, fault: ReadFault) -> Result<T, Stop> {
        self.expansion.faults.push(fault);
        Err(Stop)
    }

    /// Counts a node, and stops where that is one too many.
    ///
    /// go-yaml refuses documents that consist of aliases for the most part (CVE-2019-11254).
    fn count(&mut self, mark: Mark) -> Result<(), Stop> {
        self.decoded += 1;
        self.by_alias += u32::from(self.aliases > 0);
        let (decoded, by_alias) = (f64::from(self.decoded), f64::from(self.by_alias));
        let allowed = 0.99 - 0.89 * ((decoded - 400_000.0) / 3_600_000.0).clamp(0.0, 1.0);
        if self.by_alias > 100 && self.decoded > 1000 && by_alias / decoded > allowed {
            return self.stop(ReadFault::new(mark, "almost all of the document comes from aliases", "write the values out"));
        }
        if self.expansion.faults.len() >= MOST_FAULTS {
            return Err(Stop);
        }
        self.expansion.nodes += 1;
        if self.expansion.nodes > self.expansion.limits.nodes {
            let limits = self.expansion.limits;
            return self.stop(too_many_nodes(mark, limits));
        }
        Ok(())
    }

    fn copy(&mut self, text: &str, mark: Mark) -> Result<CompactString, Stop> {
        self.expansion.bytes += text.len();
        if self.expansion.bytes > self.expansion.limits.bytes {
            let limits = self.expansion.limits;
            return self.stop(too_many_bytes(mark, limits));
        }
        Ok(text.into())
    }

    fn enter(&mut self, id: Id, mark: Mark) -> Result<(), Stop> {
        if self.open.len() >= self.expansion.limits.depth {
            let limits = self.expansion.limits;
            return self.stop(too_deep(mark, limits));
        }
        self.open.push(id);
        Ok(())
    }

    /// Runs `inside` within what the alias at `mark` stands for.
    fn follow<T>(&mut self, target: Id, mark: Mark, inside: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        if self.open.contains(&target) {
            return self.stop(ReadFault::new(mark, "the alias is within its own anchor", "write the value out"));
        }
        self.aliases += 1;
        let result = inside(self);
        self.aliases -= 1;
        result
    }

    fn node(&mut self, id: Id) -> Result<Node<Infallible>, Stop> {
        let tree = self.tree;
        let written = tree.get(id);
        let mark = written.mark;
        self.count(mark)?;
        let value = match &written.kind {
            NodeKind::Alias(target) => return self.follow(*target, mark, |walk| Ok(Node { mark, ..walk.node(*target)? })),
            NodeKind::Scalar { text, .. } => {
                let resolved = self.resolve(id);
                self.scalar(text, resolved, mark)?
            }
            NodeKind::List(items) => {
                self.enter(id, mark)?;
                let mut nodes = Vec::with_capacity(items.len());
                for item in items {
                    nodes.push(self.node(*item)?);
                }
                self.open.pop();
                Value::List(nodes)
            }
            NodeKind::Map(_) => Value::Map(self.map(id)?.into_list()),
        };
        Ok(Node { mark, value })
    }

    fn resolve(&mut self, id: Id) -> Resolved {
        let written = self.tree.get(id);
        let NodeKind::Scalar { text, tag, plain } = &written.kind else { return Resolved::Text };
        match tag {
            Some(tag) => resolve::tagged(tag, text).unwrap_or_else(|fault| {
                let (reason, next) = match fault {
                    TagFault::Mismatch => ("the value is not of its tag's type", "remove the tag or correct the value"),
                    TagFault::NotBase64 => ("the value is not standard base64", "correct the value"),
                    TagFault::NotText => ("the decoded value is not text", "remove the tag and put the value under `binaryData` or `data`"),
                    TagFault::Timestamp => ("the tag means nothing to Kubernetes", "remove the tag and quote the value"),
                };
                self.fault(written.mark, reason, next);
                Resolved::Null
            }),
            None if *plain => resolve::plain(text),
            None => Resolved::Text,
        }
    }

    fn scalar(&mut self, text: &str, resolved: Resolved, mark: Mark) -> Result<Value<Infallible>, Stop> {
        Ok(match resolved {
            Resolved::Null => Value::Null,
            Resolved::Bool(flag) => Value::Bool(flag),
            Resolved::Integer(number) => Value::Number(number),
            Resolved::Float(value) if value.is_finite() => Value::Number(number::through_json(value)),
            Resolved::Float(_) => {
                self.fault(mark, "Kubernetes has no such number", "quote it if it is text");
                Value::Null
            }
            Resolved::Text => Value::Text(self.copy(text, mark)?),
            Resolved::Decoded(text) => Value::Text(self.copy(&text, mark)?),
        })
    }

    fn map(&mut self, id: Id) -> Result<Entries, Stop> {
        let tree = self.tree;
        let mark = tree.get(id).mark;
        let NodeKind::Map(children) = &tree.get(id).kind else { return Ok(Entries::default()) };
        let mut entries = Entries::with_capacity(children.len() / 2);
        self.enter(id, mark)?;
        for pair in children.chunks_exact(2) {
            let (key, value) = (pair[0], pair[1]);
            if is_merge(tree, key) {
                self.merge(value, &mut entries)?;
                continue;
            }
            let key_mark = tree.get(key).mark;
            let key = self.key(key)?;
            let node = self.node(value)?;
            if let Some(key) = key
                && let Err(first) = entries.set(Entry { key, mark: key_mark, node })
            {
                self.fault(key_mark, format!("the key is in this mapping already, at line {}", first.line), "remove one of the two");
            }
        }
        self.open.pop();
        Ok(entries)
    }

    /// The key as a string, as sigs.k8s.io/yaml makes it; `None` after a fault.
    fn key(&mut self, id: Id) -> Result<Option<CompactString>, Stop> {
        let tree = self.tree;
        let mark = tree.get(id).mark;
        self.count(mark)?;
        let mut scalar = id;
        if let NodeKind::Alias(target) = tree.get(id).kind {
            self.follow(target, mark, |walk| walk.count(mark))?;
            scalar = target;
        }
        let NodeKind::Scalar { text, .. } = &tree.get(scalar).kind else {
            self.fault(mark, "a mapping key must be a string", "write a string");
            return Ok(None);
        };
        let (name, kind) = match self.resolve(scalar) {
            Resolved::Text => return self.copy(text, mark).map(Some),
            Resolved::Decoded(text) => return self.copy(&text, mark).map(Some),
            Resolved::Bool(flag) => (flag.to_string(), "boolean"),
            Resolved::Integer(Number::Int(value)) => (value.to_string(), "number"),
            Resolved::Float(value) => (number::float_key(value), "number"),
            Resolved::Null | Resolved::Integer(_) => {
                self.fault(mark, "a mapping key must be a string", "quote it");
                return Ok(None);
            }
        };
        if name != **text && self.expansion.renamed.len() < MOST_FAULTS {
            let reason = format!("the key is read as a {kind} and comes out as `{name}`");
            self.expansion.renamed.push(ReadFault::new(mark, reason, "quote it"));
        }
        Ok(Some(name.into()))
    }

    /// Puts the entries of a merge key's value into `entries`.
    fn merge(&mut self, id: Id, entries: &mut Entries) -> Result<(), Stop> {
        let tree = self.tree;
        let mark = tree.get(id).mark;
        let brought = match &tree.get(id).kind {
            NodeKind::List(items) => {
                let mut brought = Entries::default();
                for item in items {
                    if let Some(more) = self.merged(*item)? {
                        brought.fill(more);
                    }
                }
                Some(brought)
            }
            _ => self.merged(id)?,
        };
        if let Some(brought) = brought
            && let Err(first) = entries.merge(brought)
        {
            let reason = format!("the merge brings a key that is in this mapping already, at line {}", first.line);
            self.fault(mark, reason, "put the merge key first, and only one of them");
        }
        Ok(())
    }

    fn merged(&mut self, id: Id) -> Result<Option<Entries>, Stop> {
        let tree = self.tree;
        let mark = tree.get(id).mark;
        self.count(mark)?;
        match tree.get(id).kind {
            NodeKind::Map(_) => self.map(id).map(Some),
            NodeKind::Alias(target) if matches!(tree.get(target).kind, NodeKind::Map(_)) => self.follow(target, mark, |walk| {
                walk.count(mark)?;
                walk.map(target).map(Some)
            }),
            _ => {
                self.fault(mark, "a merge key takes a mapping or a list of mappings", "correct the value or quote the key");
                Ok(None)
            }
        }
    }
}

fn is_merge(tree: &Tree<'_>, key: Id) -> bool {
    match &tree.get(key).kind {
        NodeKind::Scalar { text, tag, plain } => text == "<<" && (*plain || tag.as_deref() == Some("tag:yaml.org,2002:merge")),
        _ => false,
    }
}
