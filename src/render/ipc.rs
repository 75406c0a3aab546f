//! What the rendering process and its parent say to each other: frames of a length (4 bytes, big-endian), a kind (1 byte) and a body.
//!
//! Both ends are the same program, so the format has no version. The parent checks all the same: the child handles hostile input.

use std::io;
use std::io::Read;
use std::io::Write;
use std::sync::Arc;

use crate::blank::Allow;
use crate::blank::Blank;
use crate::blank::BlankId;
use crate::blank::ConnectionStyle;
use crate::blank::Filter;
use crate::blank::Piece;
use crate::blank::SecretRef;
use crate::blank::Source;
use crate::place::Place;
use crate::policy::Flaw;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::render::LineMap;
use crate::render::evaluation::Finding;
use crate::render::marker::LineMark;
use crate::schema::Spot;
use crate::schema::Violation;

/// What a frame is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// To the child: random bits, seconds, multiple of the budget, values, and the file to be traced (empty: render all).
    Order = 1,
    /// To the child: one template.
    Template,
    /// To the child: no more templates. To the parent: nothing more.
    End,
    /// To the parent: the library is loaded.
    Library,
    /// To the parent: a text with its blanks.
    Text,
    /// To the parent: a template has a problem.
    Nothing,
    /// To the parent: one problem.
    Problem,
    /// To the parent: all templates were rendered; what follows is what else is wrong with those that failed.
    Examination,
    /// To the parent: a line map.
    Lines,
    /// To the child, in place of an order: seconds, multiple of the budget, whether to say each step, expressions and variables.
    Evaluation,
    /// To the child: an object with the numbers of its expressions.
    Subject,
    /// To the parent: which expression comes next, and the subject if it is over one.
    At,
    /// To the parent: an expression that is not true or has no answer.
    Finding,
    /// To the child, in place of an order: seconds, multiple of the budget, a JSON Schema and values.
    Validation,
    /// To the parent: what the schema refuses.
    Violation,
}

const FRAME_KINDS: [FrameKind; 15] = [
    FrameKind::Order,
    FrameKind::Template,
    FrameKind::End,
    FrameKind::Library,
    FrameKind::Text,
    FrameKind::Nothing,
    FrameKind::Problem,
    FrameKind::Examination,
    FrameKind::Lines,
    FrameKind::Evaluation,
    FrameKind::Subject,
    FrameKind::At,
    FrameKind::Finding,
    FrameKind::Validation,
    FrameKind::Violation,
];

/// Writes a frame whose body is `body` and then `tail`.
pub(super) fn write_frame(output: &mut impl Write, kind: FrameKind, body: &[u8], tail: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len() + tail.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    output.write_all(&length.to_be_bytes())?;
    output.write_all(&[kind as u8])?;
    output.write_all(body)?;
    output.write_all(tail)
}

/// Reads a frame with a body of at most `most` bytes. An error when the stream ends, the kind is unknown or the body is larger.
pub(super) fn read_frame(input: &mut impl Read, most: usize) -> io::Result<(FrameKind, Vec<u8>)> {
    let mut head = [0; 5];
    input.read_exact(&mut head)?;
    let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
    let kind = FRAME_KINDS.into_iter().find(|kind| *kind as u8 == head[4]).ok_or(io::ErrorKind::InvalidData)?;
    if length > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut body = Vec::with_capacity(length.min(1 << 20));
    if input.take(length as u64).read_to_end(&mut body)? < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((kind, body))
}

/// Writes a body.
#[derive(Debug, Default)]
pub(super) struct BodyWriter(pub(super) Vec<u8>);

impl BodyWriter {
    pub(super) fn number(&mut self, number: u32) -> &mut Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    pub(super) fn size(&mut self, size: usize) -> &mut Self {
        self.number(u32::try_from(size).unwrap_or(u32::MAX))
    }

    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.size(text.len()).0.extend_from_slice(text.as_bytes());
        self
    }

    fn optional(&mut self, text: Option<&String>) {
        self.number(u32::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn place(&mut self, place: &Place) {
        self.text(&place.file).number(place.line).number(place.column).number(u32::from(place.rendered));
    }

    pub(super) fn problem(&mut self, problem: &Problem) {
        let fault = FAULTS.iter().position(|fault| *fault == problem.fault).unwrap_or_default();
        self.size(fault).number(u32::from(problem.place.is_some()));
        if let Some(place) = &problem.place {
            self.place(place);
        }
        self.text(&problem.reason).text(&problem.next);
    }

    pub(super) fn blank(&mut self, blank: &Blank) {
        self.place(&blank.place);
        match &blank.source {
            Source::Vault { ask, allow } => {
                self.number(0).text(&ask.vault).text(&ask.name);
                self.optional(ask.key.as_ref());
                self.optional(ask.version.as_ref());
                self.number(u32::from(allow.empty)).number(u32::from(allow.expired));
            }
            Source::Derived { filter, input } => {
                self.number(1);
                match filter {
                    Filter::Indent { width, first } => self.number(INDENT).number(u32::from(*width)).number(u32::from(*first)),
                    Filter::Replace { from, to } => self.number(REPLACE).text(from).text(to),
                    simple => self.size(SIMPLE.iter().position(|known| known == simple).unwrap_or_default()),
                };
                self.size(input.len());
                for piece in input {
                    match piece {
                        Piece::Text(text) => self.number(0).text(text),
                        Piece::Blank(id) => self.number(1).number(id.0),
                    };
                }
            }
        }
    }

    pub(super) fn pair(&mut self, expression: usize, subject: Option<usize>) -> &mut Self {
        self.size(expression).number(u32::from(subject.is_some())).size(subject.unwrap_or_default())
    }

    pub(super) fn finding(&mut self, Finding { expression, subject, flaw }: &Finding) {
        self.pair(*expression, *subject).number(u32::from(flaw.is_some()));
        if let Some(Flaw { reason, next, always }) = flaw {
            self.text(reason).text(next).number(u32::from(*always));
        }
    }

    pub(super) fn violation(&mut self, Violation { spot, reason, next, see }: &Violation) {
        let (is_value, pointer) = match spot {
            Spot::Value(pointer) => (true, pointer),
            Spot::Schema(pointer) => (false, pointer),
        };
        self.number(u32::from(is_value)).text(pointer).text(reason).text(next);
        self.optional(see.as_ref());
    }

    pub(super) fn lines(&mut self, map: &LineMap) {
        self.size(map.marks().len());
        for marks in map.marks() {
            self.size(marks.len());
            for mark in marks {
                self.number(mark.column).number(u32::from(mark.exact)).place(&mark.origin);
            }
        }
    }
}

const FAULTS: [Fault; 6] = [Fault::Usage, Fault::Project, Fault::Check, Fault::Vault, Fault::History, Fault::Internal];

const SIMPLE: [Filter; 13] = [
    Filter::Urlencode,
    Filter::B64encode,
    Filter::B64decode,
    Filter::Json,
    Filter::Sha256,
    Filter::Trim,
    Filter::Upper,
    Filter::Lower,
    Filter::Reveal,
    Filter::Raw,
    Filter::Connstr(ConnectionStyle::AdoNet),
    Filter::Connstr(ConnectionStyle::Libpq),
    Filter::Connstr(ConnectionStyle::Odbc),
];
const INDENT: u32 = 100;
const REPLACE: u32 = 101;

/// Reads a body; `None` when it is not what was expected.
#[derive(Debug)]
pub(super) struct BodyReader<'a>(pub(super) &'a [u8]);

impl<'a> BodyReader<'a> {
    pub(super) fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    pub(super) fn size(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = self.size()?;
        std::str::from_utf8(self.bytes(length)?).ok()
    }

    fn truth(&mut self) -> Option<bool> {
        match self.number()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    #[expect(clippy::option_option, reason = "the outer one says whether the body could be read")]
    fn optional(&mut self) -> Option<Option<String>> {
        Some(if self.truth()? { Some(self.text()?.to_owned()) } else { None })
    }

    fn place(&mut self) -> Option<Place> {
        let file: Arc<str> = Arc::from(self.text()?);
        Some(Place { file, line: self.number()?, column: self.number()?, rendered: self.truth()? })
    }

    pub(super) fn problem(&mut self) -> Option<Problem> {
        let fault = *FAULTS.get(self.size()?)?;
        let place = if self.truth()? { Some(self.place()?) } else { None };
        Some(Problem { place, ..Problem::new(fault, self.text()?, self.text()?) })
    }

    /// A blank that is derived from blanks below number `count` only.
    pub(super) fn blank(&mut self, count: usize) -> Option<Blank> {
        let place = self.place()?;
        if !self.truth()? {
            let (vault, name) = (self.text()?.to_owned(), self.text()?.to_owned());
            let ask = SecretRef { vault, name, key: self.optional()?, version: self.optional()? };
            let allow = Allow { empty: self.truth()?, expired: self.truth()? };
            return Some(Blank { place, source: Source::Vault { ask, allow } });
        }
        let filter = match self.number()? {
            INDENT => Filter::Indent { width: u16::try_from(self.number()?).ok()?, first: self.truth()? },
            REPLACE => Filter::Replace { from: self.text()?.to_owned(), to: self.text()?.to_owned() },
            simple => SIMPLE.get(usize::try_from(simple).ok()?)?.clone(),
        };
        let mut input = Vec::new();
        for _ in 0..self.size()? {
            input.push(if self.truth()? {
                let id = self.number()?;
                (usize::try_from(id).ok()? < count).then_some(Piece::Blank(BlankId(id)))?
            } else {
                Piece::Text(self.text()?.to_owned())
            });
        }
        Some(Blank { place, source: Source::Derived { filter, input } })
    }

    pub(super) fn pair(&mut self) -> Option<(usize, Option<usize>)> {
        let (expression, is_over, subject) = (self.size()?, self.truth()?, self.size()?);
        Some((expression, is_over.then_some(subject)))
    }

    pub(super) fn finding(&mut self) -> Option<Finding> {
        let (expression, subject) = self.pair()?;
        let flaw = if self.truth()? {
            Some(Flaw { reason: self.text()?.to_owned(), next: self.text()?.to_owned(), always: self.truth()? })
        } else {
            None
        };
        Some(Finding { expression, subject, flaw })
    }

    pub(super) fn violation(&mut self) -> Option<Violation> {
        let (is_value, pointer) = (self.truth()?, self.text()?.to_owned());
        let spot = if is_value { Spot::Value(pointer) } else { Spot::Schema(pointer) };
        Some(Violation { spot, reason: self.text()?.to_owned(), next: self.text()?.to_owned(), see: self.optional()? })
    }

    pub(super) fn lines(&mut self) -> Option<LineMap> {
        let mut lines = Vec::new();
        for _ in 0..self.size()? {
            let mut marks = Vec::new();
            for _ in 0..self.size()? {
                marks.push(LineMark { column: self.number()?, exact: self.truth()?, origin: self.place()? });
            }
            lines.push(marks);
        }
        Some(LineMap::of_marks(lines))
    }
}

#[cfg(test)]
mod tests {
    use super::BodyReader;
    use super::BodyWriter;
    use super::FrameKind;
    use super::SIMPLE;
    use super::read_frame;
    use super::write_frame;
    use crate::blank::Allow;
    use crate::blank::Blank;
    use crate::blank::BlankId;
    use crate::blank::Filter;
    use crate::blank::Piece;
    use crate::blank::SecretRef;
    use crate::blank::Source;
    use crate::place::Place;
    use crate::problem::Fault;
    use crate::problem::Problem;
    use crate::render::LineMap;
    use crate::render::marker::LineMark;
    use crate::schema::Spot;
    use crate::schema::Violation;

    #[test]
    fn frames_go_both_ways_and_end_with_the_stream() {
        let mut stream = Vec::new();
        write_frame(&mut stream, FrameKind::Text, b"ab", b"c").unwrap();
        assert_eq!(read_frame(&mut stream.as_slice(), 3).unwrap(), (FrameKind::Text, b"abc".to_vec()));
        assert!(read_frame(&mut &stream[..7], 3).is_err());
        assert!(read_frame(&mut stream.as_slice(), 2).is_err());
        assert!(read_frame(&mut [0u8, 0, 0, 0, 99].as_slice(), 3).is_err());
        assert!(read_frame(&mut [255u8, 0, 0, 0, 1].as_slice(), 3).is_err());
    }

    fn blanks() -> Vec<Blank> {
        let place = Place::new("a.yaml", 3, 4);
        let ask = SecretRef { vault: "v".into(), name: "n".into(), key: Some("k".into()), version: None };
        let mut blanks = vec![Blank { place: place.clone(), source: Source::Vault { ask, allow: Allow { empty: true, expired: false } } }];
        let input = || vec![Piece::Text("x".into()), Piece::Blank(BlankId(0))];
        let indent = Filter::Indent { width: 7, first: true };
        let replace = Filter::Replace { from: "a".into(), to: String::new() };
        for filter in SIMPLE.into_iter().chain([indent, replace]) {
            blanks.push(Blank { place: place.clone(), source: Source::Derived { filter, input: input() } });
        }
        blanks
    }

    #[test]
    fn every_blank_goes_both_ways() {
        for blank in blanks() {
            let mut body = BodyWriter::default();
            body.blank(&blank);
            assert_eq!(BodyReader(&body.0).blank(1), Some(blank));
        }
    }

    #[test]
    fn every_violation_goes_both_ways() {
        for (spot, see) in [(Spot::Value("/a/b".into()), None), (Spot::Schema(String::new()), Some("/properties/a".to_owned()))] {
            let violation = Violation { spot, reason: "r".into(), next: "n".into(), see };
            let mut body = BodyWriter::default();
            body.violation(&violation);
            assert_eq!(BodyReader(&body.0).violation(), Some(violation));
            assert_eq!(BodyReader(&body.0[1..]).violation(), None);
        }
    }

    #[test]
    fn a_blank_from_nowhere_is_refused() {
        let mut body = BodyWriter::default();
        body.blank(&blanks()[1]);
        assert_eq!(BodyReader(&body.0).blank(0), None);
        for cut in 0..body.0.len() {
            assert_eq!(BodyReader(&body.0[..cut]).blank(1), None);
        }
    }

    #[test]
    fn problems_and_lines_go_both_ways() {
        for problem in [Problem::new(Fault::History, "r", "n"), Problem::new(Fault::Usage, "r", "n").at(Place::rendered("f", 1, 2))] {
            let mut body = BodyWriter::default();
            body.problem(&problem);
            assert_eq!(BodyReader(&body.0).problem(), Some(problem));
        }
        let map = LineMap::of_marks(vec![vec![], vec![LineMark { column: 1, origin: Place::new("f", 2, 3), exact: true }]]);
        let mut body = BodyWriter::default();
        body.lines(&map);
        assert_eq!(BodyReader(&body.0).lines(), Some(map));
    }
}
