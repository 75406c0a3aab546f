//! The tokens of YAML, between the scanner and the parser.

use std::borrow::Cow;

use crate::manifest::Mark;

/// A token and where it starts.
#[derive(Debug)]
pub(super) struct YamlToken<'t> {
    /// Where it starts.
    pub(super) mark: Mark,
    /// What it is.
    pub(super) kind: TokenKind<'t>,
}

/// What the scanner can meet. Starts and ends of block collections come from indentation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TokenKind<'t> {
    /// `---`
    DocumentStart,
    /// `...`
    DocumentEnd,
    /// The text is over.
    StreamEnd,
    /// A block sequence starts.
    BlockListStart,
    /// A block mapping starts.
    BlockMapStart,
    /// A block collection ends.
    BlockEnd,
    /// `[`
    FlowListStart,
    /// `]`
    FlowListEnd,
    /// `{`
    FlowMapStart,
    /// `}`
    FlowMapEnd,
    /// `-`
    Entry,
    /// `,`
    Comma,
    /// `?`, or the place before a key that has none.
    Key,
    /// `:`
    Value,
    /// `*name`
    Alias(&'t str),
    /// `&name`
    Anchor(&'t str),
    /// `!tag`, written out.
    Tag(Box<str>),
    /// A scalar.
    Scalar {
        /// Its text.
        text: Cow<'t, str>,
        /// Whether it is neither quoted nor a block.
        plain: bool,
    },
}
