//! What a scanner tells about a file: its skeleton, and where the blanks are in it.

use crate::embedded::Escape;

/// The byte that stands for a blank in a text that is scanned. It never occurs in UTF-8.
pub(super) const BLANK: u8 = 0xff;

/// A scanner of one format. Of a text with or without blanks, it reports to the sink in order.
pub(super) type Scan = fn(&[u8], &mut dyn ScanSink) -> Result<(), ScanError>;

/// Takes what a scanner finds.
pub(super) trait ScanSink {
    /// Something that carries structure begins at byte `at`. `kind` is the scanner's own letter for it.
    fn token(&mut self, kind: u8, at: usize);
    /// The next blank is at such a spot.
    fn blank(&mut self, spot: BlankSpot);
    /// The scalar with blanks from byte `start` to `end`, delimiters included, is of a style that cannot carry all values.
    fn weak(&mut self, style: WeakStyle, start: usize, end: usize);
}

/// A piece of structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StructureToken {
    pub(super) kind: u8,
    pub(super) at: usize,
}

/// Where a blank is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlankSpot {
    /// In a scalar that can carry any value so escaped.
    Fits(Escape),
    /// As a whole value without quotes.
    Value,
    /// Where no value may land.
    Refused(SpotRefusal),
}

/// Why no value may land somewhere, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SpotRefusal {
    pub(super) reason: &'static str,
    pub(super) next: &'static str,
}

/// Styles of scalars that are rewritten, in a style that can carry all values, before they are filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WeakStyle {
    /// YAML without quotes.
    YamlPlain,
    /// YAML in single quotes.
    YamlSingle,
    /// TOML in single quotes.
    TomlLiteral,
    /// TOML in three single quotes.
    TomlMultiLiteral,
    /// An assignment's value without quotes and without anything that a shell expands.
    EnvUnquoted,
}

/// The text is not of the scanner's format, from byte `at` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ScanError {
    pub(super) at: usize,
    pub(super) reason: &'static str,
}

pub(super) const IN_COMMENT: SpotRefusal = SpotRefusal { reason: "a blank is in a comment", next: "take it out of the comment" };
pub(super) const IN_KEY: SpotRefusal = SpotRefusal { reason: "a blank is in a key", next: "write the key out; only values can be filled" };
pub(super) const IN_ESCAPE: SpotRefusal =
    SpotRefusal { reason: "a blank is in an escape sequence", next: "finish the escape sequence before the blank" };
pub(super) const UNQUOTED: SpotRefusal = SpotRefusal {
    reason: "a blank is outside quotes",
    next: "put it in quotes, or write `| json` after it for a JSON string or `| raw` for the value as it is",
};

/// Keeps everything that a scanner finds in a text with blanks.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    pub(super) tokens: Vec<StructureToken>,
    pub(super) spots: Vec<BlankSpot>,
    pub(super) weak: Vec<(WeakStyle, usize, usize)>,
}

impl ScanSink for Recorder {
    fn token(&mut self, kind: u8, at: usize) {
        self.tokens.push(StructureToken { kind, at });
    }

    fn blank(&mut self, spot: BlankSpot) {
        self.spots.push(spot);
    }

    fn weak(&mut self, style: WeakStyle, start: usize, end: usize) {
        self.weak.push((style, start, end));
    }
}

/// Compares the skeleton of a filled text with the one that was recorded, token by token, and keeps nothing of the text.
#[derive(Debug)]
pub(super) struct Prover<'a> {
    expected: &'a [StructureToken],
    seen: usize,
    /// Of each blank in order.
    moves: &'a [Move],
    /// The byte of the first token that does not fit.
    differs: Option<usize>,
}

/// How a blank moved what is behind it: the byte where it was, and the byte where its value ends now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    pub(super) blank: usize,
    pub(super) end: usize,
}

impl<'a> Prover<'a> {
    pub(super) fn new(expected: &'a [StructureToken], moves: &'a [Move]) -> Self {
        Self { expected, seen: 0, moves, differs: None }
    }

    /// Whether every token came, in order, each where it belongs, and no other.
    pub(super) fn holds(&self) -> bool {
        self.differs.is_none() && self.seen == self.expected.len()
    }

    /// The number of the blank whose value changed the structure, as far as it can be said: the last one before the first difference.
    pub(super) fn culprit(&self) -> usize {
        let Some(at) = self.differs else { return self.moves.len().saturating_sub(1) };
        self.moves.partition_point(|step| step.end <= at).min(self.moves.len().saturating_sub(1))
    }

    fn moved(&self, at: usize) -> usize {
        let before = self.moves.partition_point(|step| step.blank < at);
        match before.checked_sub(1).map(|index| self.moves[index]) {
            None => at,
            Some(step) => step.end + (at - step.blank - 1),
        }
    }
}

impl ScanSink for Prover<'_> {
    fn token(&mut self, kind: u8, at: usize) {
        let fits = self.expected.get(self.seen).is_some_and(|token| token.kind == kind && self.moved(token.at) == at);
        if !fits {
            self.differs.get_or_insert(at);
        }
        self.seen += 1;
    }

    fn blank(&mut self, _: BlankSpot) {
        self.differs.get_or_insert(0);
    }

    fn weak(&mut self, _: WeakStyle, _: usize, _: usize) {}
}

/// How many blanks are in a part of a text.
pub(super) fn count_blanks(part: &[u8]) -> usize {
    part.split(|byte| *byte == BLANK).count() - 1
}

/// Tells the sink the same spot for each blank in a part of a text.
pub(super) fn tell(sink: &mut dyn ScanSink, part: &[u8], spot: BlankSpot) {
    for _ in 0..count_blanks(part) {
        sink.blank(spot);
    }
}

/// The byte after the line that `at` is in, not counting the line's end.
pub(super) fn line_end(text: &[u8], at: usize) -> usize {
    text[at..].iter().position(|byte| matches!(byte, b'\n' | b'\r')).map_or(text.len(), |length| at + length)
}

#[cfg(test)]
mod tests {
    use super::Move;
    use super::Prover;
    use super::ScanSink;
    use super::StructureToken;

    fn proves(tokens: &[(u8, usize)]) -> bool {
        // `{b}` with b standing for a value of three bytes: `{vvv}`.
        let expected = [StructureToken { kind: b'{', at: 0 }, StructureToken { kind: b'}', at: 2 }];
        let moves = [Move { blank: 1, end: 4 }];
        let mut prover = Prover::new(&expected, &moves);
        for (kind, at) in tokens {
            prover.token(*kind, *at);
        }
        prover.holds()
    }

    #[test]
    fn tokens_move_by_the_lengths_of_the_values() {
        assert!(proves(&[(b'{', 0), (b'}', 4)]));
    }

    #[test]
    fn a_token_out_of_a_value_is_a_difference() {
        assert!(!proves(&[(b'{', 0), (b'}', 2), (b'}', 4)]));
        assert!(!proves(&[(b'{', 0), (b'}', 3)]));
        assert!(!proves(&[(b'{', 0)]));
        assert!(!proves(&[(b'{', 0), (b'}', 4), (b'}', 5)]));
    }
}
