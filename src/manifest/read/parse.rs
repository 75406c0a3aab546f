//! Tokens into events: the grammar of a single document (YAML 1.1 specification, chapter 4, as libyaml and go-yaml v2 parse it).

use std::borrow::Cow;

use crate::manifest::Mark;
use crate::manifest::read::cursor::Cursor;
use crate::manifest::read::event::EventKind;
use crate::manifest::read::event::ParseEvent;
use crate::manifest::read::fault::ReadFault;
use crate::manifest::read::scan::Scanner;
use crate::manifest::read::stream::Document;
use crate::manifest::read::token::TokenKind;
use crate::manifest::read::token::YamlToken;

/// The parser of one document.
pub(super) struct Parser<'t> {
    scanner: Scanner<'t>,
    /// What to expect when what is at hand is done, the innermost last.
    expected: Vec<Expected>,
}

#[derive(Debug, Clone, Copy)]
enum Expected {
    Document,
    BlockItem,
    /// An item of a sequence that is not indented within its mapping.
    FlushItem,
    BlockKey,
    BlockValue,
    FlowItem {
        first: bool,
    },
    FlowKey {
        first: bool,
    },
    FlowValue,
    /// The value of a key without a colon.
    NoValue,
    /// A mapping of one pair within a flow sequence.
    PairKey,
    PairValue,
    PairEnd,
}

/// What kinds of node may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NodeContext {
    Flow,
    Block,
    /// Within a block mapping, where the items of a sequence need no indentation.
    BlockOrFlush,
}

impl<'t> Parser<'t> {
    /// # Errors
    /// The text has a character that YAML does not allow, or that Kubernetes' parser loses.
    pub(super) fn new(document: Document<'t>) -> Result<Self, ReadFault> {
        // A byte order mark may start a document.
        let text = document.text.strip_prefix('\u{feff}').unwrap_or(document.text);
        let mut cursor = Cursor::new(text, document.line);
        if let Some(at) = text.find(is_forbidden) {
            while cursor.at() < at {
                if cursor.line_break(0) > 0 {
                    cursor.take_break()
                } else {
                    cursor.take()
                };
            }
            let reason = "there is a control character or byte order mark here";
            return Err(ReadFault::new(cursor.mark(), reason, "write it as an escape in double quotes"));
        }
        Ok(Self { scanner: Scanner::new(cursor), expected: vec![Expected::Document] })
    }

    /// The next event, `None` at the document's end.
    pub(super) fn next(&mut self) -> Result<Option<ParseEvent<'t>>, ReadFault> {
        let Some(expected) = self.expected.pop() else { return Ok(None) };
        match expected {
            Expected::Document => self.document(),
            Expected::BlockItem => self.block_item().map(Some),
            Expected::FlushItem => self.flush_item().map(Some),
            Expected::BlockKey => self.block_key().map(Some),
            Expected::BlockValue => self.block_value().map(Some),
            Expected::FlowItem { first } => self.flow_item(first).map(Some),
            Expected::FlowKey { first } => self.flow_key(first).map(Some),
            Expected::FlowValue => self.value_or_nothing(Expected::FlowKey { first: false }).map(Some),
            Expected::NoValue => {
                self.expected.push(Expected::FlowKey { first: false });
                self.nothing().map(Some)
            }
            Expected::PairKey => {
                self.expected.push(Expected::PairValue);
                match self.scanner.peek()?.kind {
                    TokenKind::Value => self.nothing().map(Some),
                    _ => self.flow_node_or_nothing().map(Some),
                }
            }
            Expected::PairValue => self.value_or_nothing(Expected::PairEnd).map(Some),
            Expected::PairEnd => {
                self.expected.push(Expected::FlowItem { first: false });
                let mark = self.scanner.peek()?.mark;
                Ok(Some(ParseEvent { mark, kind: EventKind::End }))
            }
        }
    }

    /// Proves that nothing follows the document.
    ///
    /// # Errors
    /// Text follows, which Kubernetes' parser would leave out without a word.
    pub(super) fn finish(&mut self) -> Result<(), ReadFault> {
        loop {
            let mark = match self.scanner.take() {
                Ok(YamlToken { kind: TokenKind::DocumentEnd, .. }) => continue,
                Ok(YamlToken { kind: TokenKind::StreamEnd, .. }) => return Ok(()),
                Ok(token) => token.mark,
                Err(fault) => fault.mark,
            };
            let reason = "the document is over before this; Kubernetes would leave the rest out";
            return Err(ReadFault::new(mark, reason, "correct the indentation, or put `---` on a line between documents"));
        }
    }

    fn document(&mut self) -> Result<Option<ParseEvent<'t>>, ReadFault> {
        match self.scanner.peek()?.kind {
            TokenKind::StreamEnd => return Ok(None),
            TokenKind::DocumentStart => {
                self.scanner.take()?;
                if let TokenKind::DocumentStart | TokenKind::DocumentEnd | TokenKind::StreamEnd = self.scanner.peek()?.kind {
                    return self.nothing().map(Some);
                }
            }
            _ => {}
        }
        self.node(NodeContext::Block).map(Some)
    }

    /// A node: properties, then an alias, a scalar or the start of a collection.
    fn node(&mut self, context: NodeContext) -> Result<ParseEvent<'t>, ReadFault> {
        let mark = self.scanner.peek()?.mark;
        if let TokenKind::Alias(name) = self.scanner.peek()?.kind {
            self.scanner.take()?;
            return Ok(ParseEvent { mark, kind: EventKind::Alias(name.into()) });
        }
        let (anchor, tag) = self.properties()?;
        let next = self.scanner.peek()?;
        let opened = match next.kind {
            TokenKind::Entry if context == NodeContext::BlockOrFlush => {
                // The item's own token is the first that the sequence expects.
                self.expected.push(Expected::FlushItem);
                return Ok(ParseEvent { mark, kind: EventKind::List { anchor } });
            }
            TokenKind::FlowListStart => Expected::FlowItem { first: true },
            TokenKind::FlowMapStart => Expected::FlowKey { first: true },
            TokenKind::BlockListStart if context != NodeContext::Flow => Expected::BlockItem,
            TokenKind::BlockMapStart if context != NodeContext::Flow => Expected::BlockKey,
            TokenKind::Scalar { .. } => {
                let TokenKind::Scalar { text, plain } = self.scanner.take()?.kind else { return self.nothing() };
                let plain = plain && tag.is_none();
                return Ok(ParseEvent { mark, kind: EventKind::Scalar { text, tag, anchor, plain } });
            }
            _ if anchor.is_some() || tag.is_some() => {
                let plain = tag.is_none();
                return Ok(ParseEvent { mark, kind: EventKind::Scalar { text: Cow::Borrowed(""), tag, anchor, plain } });
            }
            _ => return Err(ReadFault::new(next.mark, "a value is missing before this", "add it, or quote the text")),
        };
        self.scanner.take()?;
        self.expected.push(opened);
        let kind = if let Expected::FlowItem { .. } | Expected::BlockItem = opened {
            EventKind::List { anchor }
        } else {
            EventKind::Map { anchor }
        };
        Ok(ParseEvent { mark, kind })
    }

    /// An anchor and a tag, in either order.
    #[expect(clippy::type_complexity, reason = "two optional names")]
    fn properties(&mut self) -> Result<(Option<Box<str>>, Option<Box<str>>), ReadFault> {
        let (mut anchor, mut tag) = (None, None);
        loop {
            match self.scanner.peek()?.kind {
                TokenKind::Anchor(name) if anchor.is_none() => {
                    anchor = Some(name.into());
                    self.scanner.take()?;
                }
                TokenKind::Tag(_) if tag.is_none() => {
                    if let TokenKind::Tag(written) = self.scanner.take()?.kind {
                        tag = Some(written);
                    }
                }
                _ => return Ok((anchor, tag)),
            }
        }
    }

    /// Null, where a value may be left out.
    fn nothing(&mut self) -> Result<ParseEvent<'t>, ReadFault> {
        let mark = self.scanner.peek()?.mark;
        Ok(empty(mark))
    }

    fn end(&mut self) -> Result<ParseEvent<'t>, ReadFault> {
        let mark = self.scanner.take()?.mark;
        Ok(ParseEvent { mark, kind: EventKind::End })
    }

    fn block_item(&mut self) -> Result<ParseEvent<'t>, ReadFault> {
        let token = self.scanner.peek()?;
        match token.kind {
            TokenKind::Entry => {
                let mark = self.scanner.take()?.mark;
                self.expected.push(Expected::BlockItem);
                match self.scanner.peek()?.kind {
                    TokenKind::Entry | TokenKind::BlockEnd => Ok(empty(mark)),
                    _ => self.node(NodeContext::Block),
                }
            }
            TokenKind::BlockEnd => self.end(),
            _ => Err(ReadFault::new(token.mark, "a list item is expected here", "start the line with `- ` or correct the indentation")),
        }
    }

    fn flush_item(&mut self) -> Result<ParseEvent<'t>, ReadFault> {
        let mark = self.scanner.peek()?.mark;
        if self.scanner.peek()?.kind != TokenKind::Entry {
            return Ok(ParseEvent { mark, kind: EventKind::End });
        }
        self.scanner.take()?;
        self.expected.push(Expected::FlushItem);
        match self.scanner.peek()?.kind {
            TokenKind::Entry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => Ok(empty(mark)),
            _ => self.node(NodeContext::Block),
        }
    }

    fn block_key(&mut self) -> Result<ParseEvent<'t>, ReadFault> {
        let token = self.scanner.peek()?;
        match token.kind {
            TokenKind::Key => {
                let mark = self.scanner.take()?.mark;
                self.expected.push(Expected::BlockValue);
                self.block_content(mark)
            }
            TokenKind::BlockEnd => self.end(),
            _ => Err(ReadFault::new(token.mark, "a mapping key is expected here", "write `key: value` or correct the indentation")),
        }
    }

    fn block_value(&mut self) -> Result<ParseEvent<'t>, ReadFault> {
        self.expected.push(Expected::BlockKey);
        let token = self.scanner.peek()?;
        let mark = token.mark;
        if token.kind != TokenKind::Value {
            return Ok(empty(mark));
        }
        self.scanner.take()?;
        self.block_content(mark)
    }

    /// What follows `?` or `:` in a block mapping.
    fn block_content(&mut self, mark: Mark) -> Result<ParseEvent<'t>, ReadFault> {
        match self.scanner.peek()?.kind {
            TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => Ok(empty(mark)),
            _ => self.node(NodeContext::BlockOrFlush),
        }
    }

    /// Steps over the comma before every item but the first.
    fn comma(&mut self, first: bool) -> Result<(), ReadFault> {
        let token = self.scanner.peek()?;
        if !first {
            if token.kind != TokenKind::Comma {
                return Err(ReadFault::new(
                    token.mark,
                    "a comma or the closing bracket is expected before this",
                    "add it, or quote the text",
                ));
            }
            self.scanner.take()?;
        }
        Ok(())
    }

    fn flow_item(&mut self, first: bool) -> Result<ParseEvent<'t>, ReadFault> {
        if self.scanner.peek()?.kind == TokenKind::FlowListEnd {
            return self.end();
        }
        self.comma(first)?;
        match self.scanner.peek()?.kind {
            TokenKind::FlowListEnd => self.end(),
            TokenKind::Key => {
                let mark = self.scanner.take()?.mark;
                self.expected.push(Expected::PairKey);
                Ok(ParseEvent { mark, kind: EventKind::Map { anchor: None } })
            }
            _ => {
                self.expected.push(Expected::FlowItem { first: false });
                self.node(NodeContext::Flow)
            }
        }
    }

    fn flow_key(&mut self, first: bool) -> Result<ParseEvent<'t>, ReadFault> {
        if self.scanner.peek()?.kind == TokenKind::FlowMapEnd {
            return self.end();
        }
        self.comma(first)?;
        match self.scanner.peek()?.kind {
            TokenKind::FlowMapEnd => self.end(),
            TokenKind::Key => {
                self.scanner.take()?;
                self.expected.push(Expected::FlowValue);
                match self.scanner.peek()?.kind {
                    TokenKind::Value => self.nothing(),
                    _ => self.flow_node_or_nothing(),
                }
            }
            _ => {
                self.expected.push(Expected::NoValue);
                self.node(NodeContext::Flow)
            }
        }
    }

    /// What follows `:` in a flow mapping, or null where there is none; then `after`.
    fn value_or_nothing(&mut self, after: Expected) -> Result<ParseEvent<'t>, ReadFault> {
        self.expected.push(after);
        if self.scanner.peek()?.kind != TokenKind::Value {
            return self.nothing();
        }
        self.scanner.take()?;
        self.flow_node_or_nothing()
    }

    fn flow_node_or_nothing(&mut self) -> Result<ParseEvent<'t>, ReadFault> {
        match self.scanner.peek()?.kind {
            TokenKind::Comma | TokenKind::FlowListEnd | TokenKind::FlowMapEnd => self.nothing(),
            _ => self.node(NodeContext::Flow),
        }
    }
}

fn empty<'t>(mark: Mark) -> ParseEvent<'t> {
    ParseEvent { mark, kind: EventKind::Scalar { text: Cow::Borrowed(""), tag: None, anchor: None, plain: true } }
}

/// What YAML 1.1 forbids, and the byte order mark, after which go-yaml v2 can lose a character.
fn is_forbidden(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' => false,
        '\u{feff}' | '\u{fffe}' | '\u{ffff}' => true,
        _ => character < '\u{a0}',
    }
}
