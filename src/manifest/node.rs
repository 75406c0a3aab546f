//! The tree of a document. Its leaf type says which stage it has reached: what may be where a text with blanks was.

use std::convert::Infallible;

use compact_str::CompactString;
use zeroize::Zeroize;

use crate::secret::Secret;

/// A value with its place.
#[derive(Debug)]
pub struct Node<B> {
    /// Where it is in the text it was read from.
    pub mark: Mark,
    /// What it is.
    pub value: Value<B>,
}

/// Line and column in the text that was read, both from 1; zero where the node was made by cloze.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// What JSON knows, and a leaf `B`: a [`crate::blank::BlankText`] after parsing, a [`Secret`] after filling, and
/// [`Infallible`] where there can be neither.
#[derive(Debug)]
pub enum Value<B> {
    /// Null.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Public text.
    Text(CompactString),
    /// A text with blanks, or what became of it.
    Leaf(B),
    /// A sequence.
    List(Vec<Node<B>>),
    /// A mapping, in the order of the source; keys are unique.
    Map(Vec<Entry<B>>),
}

/// A key with its value.
#[derive(Debug)]
pub struct Entry<B> {
    /// The key, as Kubernetes' reader turns it into a string.
    pub key: CompactString,
    /// Where the key is.
    pub mark: Mark,
    /// The value.
    pub node: Node<B>,
}

/// A number as Kubernetes' reader resolves it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Fits 64 bits with sign.
    Int(i64),
    /// Above [`i64::MAX`], fits 64 bits without sign.
    Uint(u64),
    /// Anything else; finite.
    Float(f64),
}

/// A leaf that the writer can write as a string.
pub trait Leaf {
    /// The text's bytes, UTF-8.
    fn bytes(&self) -> &[u8];
}

impl Leaf for Secret {
    fn bytes(&self) -> &[u8] {
        self.expose()
    }
}

impl Leaf for Infallible {
    fn bytes(&self) -> &[u8] {
        match *self {}
    }
}

impl<B> Node<B> {
    /// A node that cloze made itself.
    pub fn made(value: Value<B>) -> Self {
        Self { mark: Mark::default(), value }
    }

    /// A text that cloze made itself.
    pub fn text(text: impl Into<CompactString>) -> Self {
        Self::made(Value::Text(text.into()))
    }

    /// The entries of a mapping.
    pub fn as_map(&self) -> Option<&[Entry<B>]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The entries of a mapping, to be changed.
    pub fn as_map_mut(&mut self) -> Option<&mut Vec<Entry<B>>> {
        match &mut self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items of a sequence.
    pub fn as_list(&self) -> Option<&[Node<B>]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The items of a sequence, to be changed.
    pub fn as_list_mut(&mut self) -> Option<&mut Vec<Node<B>>> {
        match &mut self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// A public text.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of `key` in a mapping.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// The value of `key` in a mapping, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        self.as_map_mut()?.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.node)
    }

    /// The value at a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Puts `node` under `key`, in place of what is there. Does nothing where this is not a mapping.
    pub fn set(&mut self, key: &str, node: Self) {
        if let Some(entries) = self.as_map_mut() {
            if let Some(entry) = entries.iter_mut().find(|entry| entry.key == key) {
                entry.node = node;
                return;
            }
            // One more is the rule and several are not: the room that `push` would make ahead stays empty in most objects.
            entries.reserve_exact(1);
            entries.push(Entry { key: key.into(), mark: Mark::default(), node });
        }
    }

    /// Takes the value of `key` out of a mapping.
    pub fn take(&mut self, key: &str) -> Option<Self> {
        let entries = self.as_map_mut()?;
        let index = entries.iter().position(|entry| entry.key == key)?;
        Some(entries.remove(index).node)
    }

    /// Whether both are the same value; the order of keys does not count.
    pub fn is_same(&self, other: &Self) -> bool
    where
        B: PartialEq,
    {
        match (&self.value, &other.value) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(one), Value::Bool(other)) => one == other,
            (Value::Number(one), Value::Number(other)) => one == other,
            (Value::Text(one), Value::Text(other)) => one == other,
            (Value::Leaf(one), Value::Leaf(other)) => one == other,
            (Value::List(one), Value::List(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.is_same(other))
            }
            (Value::Map(one), Value::Map(entries)) => {
                one.len() == entries.len() && one.iter().all(|entry| other.get(&entry.key).is_some_and(|other| entry.node.is_same(other)))
            }
            _ => false,
        }
    }

    /// Wipes every text in the tree, where it was read from something secret.
    pub fn wipe(&mut self) {
        match &mut self.value {
            Value::Text(text) => text.zeroize(),
            Value::List(items) => items.iter_mut().for_each(Self::wipe),
            Value::Map(entries) => entries.iter_mut().for_each(|entry| entry.node.wipe()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Leaf(_) => {}
        }
    }

    /// The same tree, all of it at that mark.
    #[must_use]
    pub fn marked(mut self, mark: Mark) -> Self {
        self.mark_all(mark);
        self
    }

    fn mark_all(&mut self, mark: Mark) {
        self.mark = mark;
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|item| item.mark_all(mark)),
            Value::Map(entries) => {
                for entry in entries {
                    entry.mark = mark;
                    entry.node.mark_all(mark);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Leaf(_) => {}
        }
    }

    /// The same tree with every leaf turned into a value of the next stage's tree.
    pub fn map_leaves<C, E>(self, change: &mut impl FnMut(B, Mark) -> Result<Value<C>, E>) -> Result<Node<C>, E> {
        let mark = self.mark;
        let value = match self.value {
            Value::Null => Value::Null,
            Value::Bool(flag) => Value::Bool(flag),
            Value::Number(number) => Value::Number(number),
            Value::Text(text) => Value::Text(text),
            Value::Leaf(leaf) => change(leaf, mark)?,
            Value::List(items) => Value::List(items.into_iter().map(|item| item.map_leaves(change)).collect::<Result<_, _>>()?),
            Value::Map(entries) => Value::Map(
                entries
                    .into_iter()
                    .map(|Entry { key, mark, node }| Ok(Entry { key, mark, node: node.map_leaves(change)? }))
                    .collect::<Result<_, E>>()?,
            ),
        };
        Ok(Node { mark, value })
    }

    /// What the value is called in messages: `a string`, `a number`, ….
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) | Value::Leaf(_) => "a string",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}
