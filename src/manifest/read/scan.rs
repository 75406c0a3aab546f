//! Text into tokens by the rules of YAML 1.1 as libyaml and go-yaml v2 scan it (YAML 1.1 specification, chapters 5 to 9).

use std::collections::VecDeque;

use crate::manifest::Mark;
use crate::manifest::read::block;
use crate::manifest::read::cursor::Cursor;
use crate::manifest::read::fault::ReadFault;
use crate::manifest::read::plain;
use crate::manifest::read::quoted;
use crate::manifest::read::tag;
use crate::manifest::read::token::TokenKind;
use crate::manifest::read::token::YamlToken;

/// The characters within which the colon of a key must follow that has no `?`.
const LONGEST_KEY: u32 = 1024;

/// Reads tokens on demand, as far ahead as it takes to tell a key from a value.
pub(super) struct Scanner<'t> {
    cursor: Cursor<'t>,
    queue: VecDeque<YamlToken<'t>>,
    /// How many tokens left the queue.
    taken: usize,
    /// What may turn out to be a key, on each level of flow collections, the block level first.
    candidates: Vec<Option<SimpleKey>>,
    /// The columns of the block collections around the cursor.
    indents: Vec<i64>,
    /// Whether a key without `?` may start here.
    key_allowed: bool,
    ended: bool,
}

/// A token that is a key if a colon follows on its line.
#[derive(Clone, Copy)]
struct SimpleKey {
    /// Its number since the start.
    number: usize,
    mark: Mark,
    column: i64,
    /// Whether it can be nothing else.
    required: bool,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(cursor: Cursor<'t>) -> Self {
        Self { cursor, queue: VecDeque::new(), taken: 0, candidates: vec![None], indents: Vec::new(), key_allowed: true, ended: false }
    }

    /// The next token.
    pub(super) fn peek(&mut self) -> Result<&YamlToken<'t>, ReadFault> {
        while self.queue.is_empty() || self.head_may_be_key()? {
            self.fetch()?;
        }
        Ok(&self.queue[0])
    }

    /// Takes the next token.
    pub(super) fn take(&mut self) -> Result<YamlToken<'t>, ReadFault> {
        self.peek()?;
        self.taken += 1;
        self.queue.pop_front().ok_or_else(|| ReadFault::new(self.cursor.mark(), "the text has ended", "complete it"))
    }

    fn head_may_be_key(&mut self) -> Result<bool, ReadFault> {
        let head = self.taken;
        match self.candidates.iter().position(|candidate| candidate.is_some_and(|candidate| candidate.number == head)) {
            Some(level) => self.still_possible(level),
            None => Ok(false),
        }
    }

    /// Whether the candidate of `level` can be a key yet: on this line, and not too long.
    fn still_possible(&mut self, level: usize) -> Result<bool, ReadFault> {
        let Some(candidate) = self.candidates[level] else { return Ok(false) };
        let here = self.cursor.mark();
        if candidate.mark.line == here.line && candidate.mark.column + LONGEST_KEY >= here.column {
            return Ok(true);
        }
        self.drop_candidate_of(level)?;
        Ok(false)
    }

    fn drop_candidate_of(&mut self, level: usize) -> Result<(), ReadFault> {
        match self.candidates[level].take() {
            Some(SimpleKey { required: true, mark, .. }) => {
                let reason = "neither a key with a colon nor a part of the value before it";
                Err(ReadFault::new(mark, reason, "add the colon or correct the indentation"))
            }
            _ => Ok(()),
        }
    }

    fn drop_candidate(&mut self) -> Result<(), ReadFault> {
        self.drop_candidate_of(self.candidates.len() - 1)
    }

    fn in_flow(&self) -> bool {
        self.candidates.len() > 1
    }

    fn indent(&self) -> i64 {
        self.indents.last().copied().unwrap_or(-1)
    }

    /// Remembers that what starts here may be a key.
    fn save_candidate(&mut self) -> Result<(), ReadFault> {
        if self.key_allowed {
            self.drop_candidate()?;
            let column = self.cursor.column();
            let required = !self.in_flow() && self.indent() == column;
            let number = self.taken + self.queue.len();
            let last = self.candidates.len() - 1;
            self.candidates[last] = Some(SimpleKey { number, mark: self.cursor.mark(), column, required });
        }
        Ok(())
    }

    fn push(&mut self, mark: Mark, kind: TokenKind<'t>) {
        self.queue.push_back(YamlToken { mark, kind });
    }

    /// Opens a block collection where the column is deeper than the one around it; its token goes to `place` in the queue.
    fn deepen(&mut self, column: i64, place: usize, mark: Mark, kind: TokenKind<'t>) {
        if !self.in_flow() && self.indent() < column {
            self.indents.push(column);
            self.queue.insert(place, YamlToken { mark, kind });
        }
    }

    /// Closes the block collections deeper than `column`.
    fn close_deeper(&mut self, column: i64) {
        if !self.in_flow() {
            while self.indent() > column {
                self.indents.pop();
                self.push(self.cursor.mark(), TokenKind::BlockEnd);
            }
        }
    }

    fn fault<T>(&self, reason: &str, next: &str) -> Result<T, ReadFault> {
        Err(ReadFault::new(self.cursor.mark(), reason, next))
    }

    fn skip_to_token(&mut self) {
        loop {
            // A tab must not indent where a key could start.
            while self.cursor.byte(0) == b' ' || self.cursor.byte(0) == b'\t' && (self.in_flow() || !self.key_allowed) {
                self.cursor.skip(1);
            }
            self.cursor.skip_comment();
            if self.cursor.line_break(0) == 0 {
                return;
            }
            self.cursor.take_break();
            if !self.in_flow() {
                self.key_allowed = true;
            }
        }
    }

    fn fetch(&mut self) -> Result<(), ReadFault> {
        self.skip_to_token();
        self.close_deeper(self.cursor.column());
        let mark = self.cursor.mark();
        if self.cursor.ended() {
            if self.ended {
                return self.fault("the text has ended", "complete it");
            }
            self.ended = true;
            return self.fetch_boundary(0, TokenKind::StreamEnd);
        }
        if mark.column == 1 && self.cursor.byte(0) == b'%' {
            return self.fault("kubectl cannot read directives", "remove the line");
        }
        if self.cursor.document_indicator() {
            let kind = if self.cursor.byte(0) == b'-' { TokenKind::DocumentStart } else { TokenKind::DocumentEnd };
            return self.fetch_boundary(3, kind);
        }
        let gap_follows = self.cursor.gap(1);
        let (indent, in_flow) = (self.indent(), self.in_flow());
        match self.cursor.byte(0) {
            b'[' => self.fetch_flow_start(TokenKind::FlowListStart),
            b'{' => self.fetch_flow_start(TokenKind::FlowMapStart),
            b']' => self.fetch_flow_end(TokenKind::FlowListEnd),
            b'}' => self.fetch_flow_end(TokenKind::FlowMapEnd),
            b',' => self.fetch_indicator(TokenKind::Comma, true),
            b'-' if gap_follows => self.fetch_entry(),
            b'?' if gap_follows || in_flow => self.fetch_key(),
            b':' if gap_follows || in_flow => self.fetch_value(),
            b'*' => self.fetch_keylike(|cursor| tag::scan_name(cursor).map(TokenKind::Alias)),
            b'&' => self.fetch_keylike(|cursor| tag::scan_name(cursor).map(TokenKind::Anchor)),
            b'!' => self.fetch_keylike(|cursor| tag::scan(cursor).map(TokenKind::Tag)),
            b'|' | b'>' if !in_flow => {
                self.drop_candidate()?;
                // A key may follow a block.
                self.key_allowed = true;
                let text = block::scan(&mut self.cursor, indent)?;
                self.push(mark, TokenKind::Scalar { text: text.into(), plain: false });
                Ok(())
            }
            b'\'' => self.fetch_keylike(|cursor| quoted::scan_single(cursor).map(|text| TokenKind::Scalar { text, plain: false })),
            b'"' => self.fetch_keylike(|cursor| quoted::scan_double(cursor).map(|text| TokenKind::Scalar { text, plain: false })),
            b'\t' => self.fault("a tab cannot indent", "indent with spaces"),
            b'#' | b'|' | b'>' | b'%' | b'@' | b'`' => self.fault("this character cannot start a value", "quote the value"),
            _ => {
                self.save_candidate()?;
                let scalar = plain::scan(&mut self.cursor, indent + 1, in_flow)?;
                // What follows on a later line may be a key.
                self.key_allowed = scalar.ends_on_later_line;
                self.push(mark, TokenKind::Scalar { text: scalar.text, plain: true });
                Ok(())
            }
        }
    }

    /// Something that ends every block collection.
    fn fetch_boundary(&mut self, width: u32, kind: TokenKind<'t>) -> Result<(), ReadFault> {
        self.close_deeper(-1);
        self.drop_candidate()?;
        self.key_allowed = false;
        self.push(self.cursor.mark(), kind);
        self.cursor.skip(width);
        Ok(())
    }

    /// One character that ends what may have been a key.
    fn fetch_indicator(&mut self, kind: TokenKind<'t>, key_may_follow: bool) -> Result<(), ReadFault> {
        self.drop_candidate()?;
        self.key_allowed = key_may_follow;
        self.push(self.cursor.mark(), kind);
        self.cursor.skip(1);
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: TokenKind<'t>) -> Result<(), ReadFault> {
        self.save_candidate()?;
        self.candidates.push(None);
        self.fetch_indicator(kind, true)
    }

    fn fetch_flow_end(&mut self, kind: TokenKind<'t>) -> Result<(), ReadFault> {
        self.fetch_indicator(kind, false)?;
        if self.in_flow() {
            self.candidates.pop();
        }
        Ok(())
    }

    fn fetch_entry(&mut self) -> Result<(), ReadFault> {
        if !self.in_flow() {
            if !self.key_allowed {
                return self.fault("a list item cannot start here", "put it on a line of its own or quote the text");
            }
            self.deepen(self.cursor.column(), self.queue.len(), self.cursor.mark(), TokenKind::BlockListStart);
        }
        self.fetch_indicator(TokenKind::Entry, true)
    }

    fn fetch_key(&mut self) -> Result<(), ReadFault> {
        if !self.in_flow() {
            if !self.key_allowed {
                return self.fault("a mapping key cannot start here", "put it on a line of its own or quote the text");
            }
            self.deepen(self.cursor.column(), self.queue.len(), self.cursor.mark(), TokenKind::BlockMapStart);
        }
        self.fetch_indicator(TokenKind::Key, !self.in_flow())
    }

    fn fetch_value(&mut self) -> Result<(), ReadFault> {
        let level = self.candidates.len() - 1;
        if self.still_possible(level)?
            && let Some(SimpleKey { number, mark, column, .. }) = self.candidates[level].take()
        {
            let place = number.saturating_sub(self.taken);
            self.queue.insert(place, YamlToken { mark, kind: TokenKind::Key });
            self.deepen(column, place, mark, TokenKind::BlockMapStart);
            return self.fetch_indicator(TokenKind::Value, false);
        }
        if !self.in_flow() {
            if !self.key_allowed {
                return self.fault("a mapping cannot start here", "quote the text or put the mapping on the next line");
            }
            self.deepen(self.cursor.column(), self.queue.len(), self.cursor.mark(), TokenKind::BlockMapStart);
        }
        self.fetch_indicator(TokenKind::Value, !self.in_flow())
    }

    /// Something that may be a key or precede one.
    fn fetch_keylike(&mut self, scan: impl FnOnce(&mut Cursor<'t>) -> Result<TokenKind<'t>, ReadFault>) -> Result<(), ReadFault> {
        self.save_candidate()?;
        self.key_allowed = false;
        let mark = self.cursor.mark();
        let kind = scan(&mut self.cursor)?;
        self.push(mark, kind);
        Ok(())
    }
}
