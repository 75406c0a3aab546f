//! The tree of a document as it is written, before aliases and merge keys are expanded and types are resolved.

use std::borrow::Cow;
use std::collections::HashMap;

use zeroize::Zeroize;

use crate::manifest::Mark;
use crate::manifest::read::event::EventKind;
use crate::manifest::read::event::ParseEvent;
use crate::manifest::read::fault::ReadFault;
use crate::manifest::read::limits::Limits;
use crate::manifest::read::limits::too_deep;
use crate::manifest::read::limits::too_many_nodes;

/// A node's index in its tree.
pub(super) type Id = usize;

/// All nodes of a document; the root is the first.
#[derive(Debug, Default)]
pub(super) struct Tree<'t> {
    nodes: Vec<WrittenNode<'t>>,
}

/// A node as it is written.
#[derive(Debug)]
pub(super) struct WrittenNode<'t> {
    /// Where it starts.
    pub(super) mark: Mark,
    /// What it is.
    pub(super) kind: NodeKind<'t>,
}

/// What a node can be.
#[derive(Debug)]
pub(super) enum NodeKind<'t> {
    /// A scalar.
    Scalar {
        /// Its text.
        text: Cow<'t, str>,
        /// Its tag, written out.
        tag: Option<Box<str>>,
        /// Whether its type follows from its text.
        plain: bool,
    },
    /// Stands for the node of that index.
    Alias(Id),
    /// Items.
    List(Vec<Id>),
    /// Keys and values in turn.
    Map(Vec<Id>),
}

impl Drop for Tree<'_> {
    /// Wipes what is not a part of the source: it may be a secret.
    fn drop(&mut self) {
        for node in &mut self.nodes {
            if let NodeKind::Scalar { text: Cow::Owned(text), .. } = &mut node.kind {
                text.zeroize();
            }
        }
    }
}

impl<'t> Tree<'t> {
    /// Builds a tree of the events of one document; `None` when there is no event.
    ///
    /// # Errors
    /// The parser's fault, an alias of nothing, or the limits on depth and nodes.
    pub(super) fn build(
        mut next: impl FnMut() -> Result<Option<ParseEvent<'t>>, ReadFault>,
        limits: Limits,
    ) -> Result<Option<Self>, ReadFault> {
        let mut tree = Self::default();
        let mut anchors: HashMap<Box<str>, Id> = HashMap::new();
        let mut open: Vec<(Id, Vec<Id>)> = Vec::new();
        while let Some(ParseEvent { mark, kind }) = next()? {
            let id = tree.nodes.len();
            if id >= limits.nodes {
                return Err(too_many_nodes(mark, limits));
            }
            let (kind, anchor, opens) = match kind {
                EventKind::Scalar { text, tag, anchor, plain } => (NodeKind::Scalar { text, tag, plain }, anchor, false),
                EventKind::Alias(name) => match anchors.get(&name) {
                    Some(target) => (NodeKind::Alias(*target), None, false),
                    None => return Err(ReadFault::new(mark, "the alias has no anchor before it", "define the anchor or quote the text")),
                },
                EventKind::List { anchor } => (NodeKind::List(Vec::new()), anchor, true),
                EventKind::Map { anchor } => (NodeKind::Map(Vec::new()), anchor, true),
                EventKind::End => {
                    if let Some((closed, children)) = open.pop() {
                        match &mut tree.nodes[closed].kind {
                            NodeKind::List(place) | NodeKind::Map(place) => *place = children,
                            NodeKind::Scalar { .. } | NodeKind::Alias(_) => {}
                        }
                    }
                    continue;
                }
            };
            if let Some((_, siblings)) = open.last_mut() {
                siblings.push(id);
            }
            if let Some(name) = anchor {
                anchors.insert(name, id);
            }
            if opens {
                if open.len() >= limits.depth {
                    return Err(too_deep(mark, limits));
                }
                open.push((id, Vec::new()));
            }
            tree.nodes.push(WrittenNode { mark, kind });
        }
        Ok((!tree.nodes.is_empty()).then_some(tree))
    }

    /// All nodes, by index.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &WrittenNode<'t>> {
        self.nodes.iter()
    }

    /// The node of that index.
    pub(super) fn get(&self, id: Id) -> &WrittenNode<'t> {
        &self.nodes[id]
    }
}
