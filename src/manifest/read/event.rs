//! What a YAML parser tells of a document, in the order of the text.

use std::borrow::Cow;

use crate::manifest::Mark;

/// One event.
#[derive(Debug, PartialEq)]
pub(super) struct ParseEvent<'t> {
    /// Where it starts, its properties included.
    pub(super) mark: Mark,
    /// What it is.
    pub(super) kind: EventKind<'t>,
}

/// What a parser can meet.
#[derive(Debug, PartialEq)]
pub(super) enum EventKind<'t> {
    /// A scalar.
    Scalar {
        /// Its text.
        text: Cow<'t, str>,
        /// Its tag, written out.
        tag: Option<Box<str>>,
        /// Its anchor.
        anchor: Option<Box<str>>,
        /// Whether its type follows from its text: it is plain and has no tag.
        plain: bool,
    },
    /// An alias of the anchor of that name.
    Alias(Box<str>),
    /// A sequence starts.
    List {
        /// Its anchor.
        anchor: Option<Box<str>>,
    },
    /// A mapping starts.
    Map {
        /// Its anchor.
        anchor: Option<Box<str>>,
    },
    /// The innermost sequence or mapping ends.
    End,
}
