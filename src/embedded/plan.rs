//! Which escape each blank of a file needs, and the filled file with its proof.

use crate::blank::BlankId;
use crate::blank::Piece;
use crate::embedded::EmbeddedFault;
use crate::embedded::Escape;
use crate::embedded::Format;
use crate::embedded::Treatment;
use crate::embedded::env;
use crate::embedded::ini;
use crate::embedded::json;
use crate::embedded::properties;
use crate::embedded::rewrite::rewrite;
use crate::embedded::skeleton::BLANK;
use crate::embedded::skeleton::BlankSpot;
use crate::embedded::skeleton::Move;
use crate::embedded::skeleton::Prover;
use crate::embedded::skeleton::Recorder;
use crate::embedded::skeleton::Scan;
use crate::embedded::skeleton::ScanError;
use crate::embedded::skeleton::StructureToken;
use crate::embedded::skeleton::UNQUOTED;
use crate::embedded::toml;
use crate::embedded::write::write;
use crate::embedded::xml;
use crate::embedded::yaml;
use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// A file with blanks whose places are known. Holds nothing secret.
#[derive(Debug)]
pub struct FilePlan {
    format: Format,
    /// The file with one mark byte for each blank.
    text: Vec<u8>,
    blanks: Vec<(BlankId, Escape)>,
    /// The skeleton; `None` where a raw blank makes it unknowable.
    skeleton: Option<Vec<StructureToken>>,
}

/// Decides the escape for every blank of a file, or says for each why it may not be there.
///
/// Scalars in a style that cannot carry every value (YAML plain and single-quoted, TOML literal, an env value without
/// quotes) are written in one that can; they mean the same.
pub fn place(format: Format, pieces: &[Piece], treatment_of: &dyn Fn(BlankId) -> Treatment) -> Result<FilePlan, Vec<EmbeddedFault>> {
    let (mut text, blanks) = with_marks(pieces);
    let treatments: Vec<Treatment> = blanks.iter().map(|id| treatment_of(*id)).collect();
    let raw = treatments.contains(&Treatment::Raw);
    if treatments.iter().all(|treatment| *treatment == Treatment::Raw) {
        let blanks = blanks.into_iter().map(|id| (id, Escape::None)).collect();
        return Ok(FilePlan { format, text, blanks, skeleton: None });
    }
    let scan = scan_of(format);
    let mut found = record(scan, &text).map_err(|broken| vec![not_this_format(format, &text, broken)])?;
    if let Some(rewritten) = rewrite(&text, &found.weak, &treatments) {
        text = rewritten;
        found = record(scan, &text).map_err(|broken| vec![not_this_format(format, &text, broken)])?;
    }
    debug_assert_eq!(found.spots.len(), blanks.len(), "a scanner reports every blank once");
    let mut faults = Vec::new();
    let mut placed = Vec::with_capacity(blanks.len());
    let (mut at, mut line) = (0, 1);
    for (index, (id, treatment)) in blanks.into_iter().zip(treatments).enumerate() {
        let before = text[at..].split(|byte| *byte == BLANK).next().unwrap_or_default();
        line += before.split(|byte| *byte == b'\n').count() - 1;
        at += before.len() + 1;
        let refusal = match (treatment, found.spots.get(index)) {
            (Treatment::Raw, _) => {
                placed.push((id, Escape::None));
                continue;
            }
            (Treatment::Json, Some(BlankSpot::Value)) => {
                placed.push((id, Escape::JsonValue));
                continue;
            }
            (_, Some(BlankSpot::Fits(escape))) => {
                placed.push((id, *escape));
                continue;
            }
            (_, Some(BlankSpot::Refused(refusal))) => *refusal,
            (_, Some(BlankSpot::Value) | None) => UNQUOTED,
        };
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        faults.push(EmbeddedFault { blank: Some(id), line, reason: refusal.reason.into(), next: refusal.next.into() });
    }
    if faults.is_empty() { Ok(FilePlan { format, text, blanks: placed, skeleton: (!raw).then_some(found.tokens) }) } else { Err(faults) }
}

impl FilePlan {
    /// Whether the structure of the filled file will be proven; it is not where a blank is raw.
    pub fn is_proven(&self) -> bool {
        self.skeleton.is_some()
    }

    /// Each blank with the escape for its place, in order.
    pub fn blanks(&self) -> &[(BlankId, Escape)] {
        &self.blanks
    }

    /// The filled file: every value escaped for its place, in one buffer, and its structure proven.
    pub fn assemble<'a>(&self, value_of: &dyn Fn(BlankId) -> &'a Secret) -> Result<Secret, EmbeddedFault> {
        let values: usize = self.blanks.iter().map(|(id, _)| value_of(*id).len()).sum();
        let mut out = SecretBuffer::with_capacity(self.text.len() + values + values / 4 + 16);
        let mut moves = Vec::with_capacity(self.blanks.len());
        let mut done = 0;
        for (id, escape) in &self.blanks {
            let blank = self.text[done..].iter().position(|byte| *byte == BLANK).map_or(self.text.len(), |length| done + length);
            out.extend(&self.text[done..blank]);
            let fault = |reason: &str, next: &str| EmbeddedFault {
                blank: Some(*id),
                line: line_of(&self.text, blank),
                reason: reason.to_owned(),
                next: next.to_owned(),
            };
            let text = value_of(*id).expose_text().ok_or_else(|| {
                fault("the value is not UTF-8 and is inside a text", "give a binary value a key of its own, or use `| b64encode`")
            })?;
            write(*escape, text, &mut out).map_err(|refusal| fault(refusal.reason, refusal.next))?;
            moves.push(Move { blank, end: out.len() });
            done = blank + 1;
        }
        out.extend(&self.text[done.min(self.text.len())..]);
        self.prove(&out, &moves)?;
        Ok(out.into())
    }

    fn prove(&self, filled: &SecretBuffer, moves: &[Move]) -> Result<(), EmbeddedFault> {
        let Some(skeleton) = &self.skeleton else { return Ok(()) };
        let mut prover = Prover::new(skeleton, moves);
        let scanned = scan_of(self.format)(filled.expose(), &mut prover);
        if scanned.is_ok() && prover.holds() {
            return Ok(());
        }
        let culprit = prover.culprit();
        Err(EmbeddedFault {
            blank: self.blanks.get(culprit).map(|(id, _)| *id),
            line: moves.get(culprit).map_or(1, |step| line_of(&self.text, step.blank)),
            reason: format!("the value would change the structure of this {} file", self.format),
            next: match self.format {
                Format::Json => {
                    "put the blank in quotes, write `| json | raw` for an object or a list, or give the value a key of its own".into()
                }
                _ => "put the blank in quotes of its own, or give the value a key of its own".into(),
            },
        })
    }
}

fn scan_of(format: Format) -> Scan {
    match format {
        Format::Json => json::scan,
        Format::Yaml => yaml::scan,
        Format::Toml => toml::scan,
        Format::Properties => properties::scan,
        Format::Ini => ini::scan,
        Format::Env => env::scan,
        Format::Xml => xml::scan,
    }
}

fn with_marks(pieces: &[Piece]) -> (Vec<u8>, Vec<BlankId>) {
    let mut text = Vec::new();
    let mut blanks = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(literal) => text.extend_from_slice(literal.as_bytes()),
            Piece::Blank(id) => {
                text.push(BLANK);
                blanks.push(*id);
            }
        }
    }
    (text, blanks)
}

fn record(scan: Scan, text: &[u8]) -> Result<Recorder, ScanError> {
    let mut recorder = Recorder { tokens: Vec::with_capacity(32), ..Recorder::default() };
    scan(text, &mut recorder)?;
    Ok(recorder)
}

fn not_this_format(format: Format, text: &[u8], broken: ScanError) -> EmbeddedFault {
    EmbeddedFault {
        blank: None,
        line: line_of(text, broken.at),
        reason: format!("this file with blanks cannot be read as {format}: {}", broken.reason),
        next: format!("correct the file, or give the key an ending that does not say {format}"),
    }
}

fn line_of(text: &[u8], at: usize) -> u32 {
    let lines = text[..at.min(text.len())].split(|byte| *byte == b'\n').count();
    u32::try_from(lines).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use crate::blank::BlankId;
    use crate::blank::Piece;
    use crate::embedded::EmbeddedFault;
    use crate::embedded::Format;
    use crate::embedded::Treatment;
    use crate::embedded::place;
    use crate::secret::Secret;

    /// The file with each `_` filled by `value`.
    fn fill(format: Format, template: &str, value: &[u8], treatment: Treatment) -> Result<String, EmbeddedFault> {
        let mut pieces = Vec::new();
        for (index, part) in template.split('_').enumerate() {
            if index > 0 {
                pieces.push(Piece::Blank(BlankId(0)));
            }
            if !part.is_empty() {
                pieces.push(Piece::Text(part.to_owned()));
            }
        }
        let secret = Secret::copy_of(value);
        let plan = place(format, &pieces, &|_| treatment).map_err(|mut faults| faults.remove(0))?;
        assert_eq!(plan.is_proven(), treatment != Treatment::Raw);
        plan.assemble(&|_| &secret).map(|filled| filled.expose_text().unwrap().to_owned())
    }

    fn reason(format: Format, template: &str, value: &str) -> String {
        fill(format, template, value.as_bytes(), Treatment::Escape).unwrap_err().reason
    }

    #[test]
    fn where_no_value_may_land_it_is_refused() {
        let cases = [
            (Format::Json, "{\"_\": 1}", "a blank is in a key"),
            (Format::Json, "{\"a\": _}", "a blank is outside quotes"),
            (Format::Json, "{\"a\": 1_}", "a blank is outside quotes"),
            (Format::Json, "[1 // _\n]", "a blank is in a comment"),
            (Format::Json, "[\"\\_\"]", "a blank is in an escape sequence"),
            (Format::Json, "[\"\\u00_\"]", "a blank is in an escape sequence"),
            (Format::Yaml, "_: 1\n", "a blank is in a key"),
            (Format::Yaml, "\"a_\" : 1\n", "a blank is in a key"),
            (Format::Yaml, "{a: {_: 1}}\n", "a blank is in a key"),
            (Format::Yaml, "? _\n: 1\n", "a blank is in a key"),
            (Format::Yaml, "a: 1 # _\n", "a blank is in a comment"),
            (Format::Yaml, "a: &_ 1\n", "a blank is in an anchor, an alias, a tag or a directive"),
            (Format::Yaml, "a: b\n  _\nc: 1\n", "a blank is in text without quotes that runs over several lines"),
            (Format::Yaml, "a: _\n  b\nc: 1\n", "a blank is in text without quotes that runs over several lines"),
            (Format::Yaml, "a: >\n  _\n", "a blank is in a folded block (`>`), which joins lines"),
            (Format::Yaml, "a: \"\\x4_\"\n", "a blank is in an escape sequence"),
            (Format::Toml, "_ = 1\n", "a blank is in a key"),
            (Format::Toml, "[a._]\n", "a blank is in the name of a table"),
            (Format::Toml, "a = _\n", "a blank is outside quotes"),
            (Format::Toml, "a = {_ = 1}\n", "a blank is in a key"),
            (Format::Toml, "a = 1 # _\n", "a blank is in a comment"),
            (Format::Properties, "a_ = 1\n", "a blank is in a key"),
            (Format::Properties, "# _\n", "a blank is in a comment"),
            (Format::Properties, "a = \\_\n", "a blank is in an escape sequence"),
            (Format::Ini, "[_]\n", "a blank is in the name of a section"),
            (Format::Ini, "_\n", "a blank is in a key"),
            (Format::Ini, "; _\n", "a blank is in a comment"),
            (Format::Env, "A_=1\n", "a blank is in a key"),
            (Format::Env, "A=1 # _\n", "a blank is in a comment"),
            (Format::Env, "A=#_\n", "a blank is behind a `#` that some readers take for a comment"),
            (Format::Env, "A=\"${B_}\"\n", "a blank is in an expansion that a shell would run"),
            (Format::Env, "A=$B_\n", "a blank is in an expansion that a shell would run"),
            (Format::Env, "A=`id _`\n", "a blank is in an expansion that a shell would run"),
            (Format::Xml, "<_/>", "a blank is in a tag outside of quotes"),
            (Format::Xml, "<a b=_/>", "a blank is in a tag outside of quotes"),
            (Format::Xml, "<!-- _ --><a/>", "a blank is in a comment"),
            (Format::Xml, "<a>&_;</a>", "a blank is in an escape sequence"),
            (Format::Xml, "<?a _?><a/>", "a blank is in a declaration or a processing instruction"),
        ];
        for (format, template, expected) in cases {
            assert_eq!(reason(format, template, "x"), expected, "{template}");
        }
    }

    #[test]
    fn a_value_that_the_format_cannot_carry_is_refused() {
        let cases = [
            (Format::Ini, "a = _\n", "x\ny", "the value has a newline or another control character in it, which no ini file can carry"),
            (Format::Ini, "a = \"_\"\n", "x\"", "the value has the quote in it that it is in, and ini files have no escape for it"),
            (Format::Ini, "a = _\n", " x", "the value begins or ends with white space, which readers of ini files cut off"),
            (Format::Ini, "a = _\n", "#x", "the value has `#` or `;` in it, where some readers of ini files begin a comment"),
            (Format::Ini, "a = _\n", "x ;y", "the value has `#` or `;` in it, where some readers of ini files begin a comment"),
            (Format::Ini, "a = _\n", "x\\", "the value ends with a backslash, which readers of ini files take as a continued line"),
            (Format::Ini, "a = \"_\"\n", "p#a;b", "the value has `#` or `;` in it, where some readers of ini files begin a comment"),
            (Format::Ini, "a = _\n", "50% off", "the value has `%` in it, which Python's configparser expands or refuses"),
            (Format::Ini, "a = '_'\n", "100%", "the value has `%` in it, which Python's configparser expands or refuses"),
            (Format::Ini, "a = x_\n", "%z", "the value has `%` in it, which Python's configparser expands or refuses"),
            (Format::Ini, "a = x_\n", "%(user)s", "the value has `%(`, `%%`, `${` or `$__` in it, which some readers of ini files expand"),
            (Format::Ini, "a = `_`\n", "${HOME}", "the value has `%(`, `%%`, `${` or `$__` in it, which some readers of ini files expand"),
            (
                Format::Ini,
                "a = '_'\n",
                "x\\y",
                "the value has a backslash in it and is in quotes, where some readers of ini files take it for an escape",
            ),
            (Format::Ini, "a = `_`\n", "x`", "the value has the quote in it that it is in, and ini files have no escape for it"),
            (Format::Env, "a=_\n", "x\0", "the value has a NUL in it, which no environment variable can carry"),
            (Format::Xml, "<a>_</a>", "\u{1}", "the value has a character in it that XML cannot carry, such as a control character"),
            (Format::Xml, "<![CDATA[_]]>", "\r", "the value has a carriage return in it, which a CDATA section cannot carry"),
            (
                Format::Yaml,
                "a: |\n  _\n",
                "\r",
                "the value has a carriage return or another character in it that a YAML block cannot carry",
            ),
            (
                Format::Yaml,
                "a: |\n  _\n",
                " x",
                "the value begins with white space and would set the indentation of the YAML block that it begins",
            ),
            (Format::Yaml, "a: |-\n  _\n", "x\n", "the value ends in a newline that the YAML block would drop"),
            (Format::Yaml, "a: |\n  _\n", "", "the value would change the structure of this YAML file"),
            (Format::Xml, "<![CDATA[_>]]>", "]]", "the value would change the structure of this XML file"),
            (Format::Toml, "a = \"\"\"_\nx\"\"\"\n", "", "the value would change the structure of this TOML file"),
        ];
        for (format, template, value, expected) in cases {
            assert_eq!(reason(format, template, value), expected, "{template} {value:?}");
        }
        let fault = fill(Format::Json, "[\n\"_\"]", b"\xff", Treatment::Escape).unwrap_err();
        assert_eq!((fault.line, fault.reason.as_str()), (2, "the value is not UTF-8 and is inside a text"));
    }

    #[test]
    fn quotes_that_go_ini_reads_as_they_are_carry_signs_of_comments() {
        for template in ["a = \"\"\"_\"\"\"\n", "a = `_`\n"] {
            let filled = fill(Format::Ini, template, b"p#a;b \\", Treatment::Escape).unwrap();
            assert_eq!(filled, template.replace('_', "p#a;b \\"));
        }
        assert_eq!(fill(Format::Ini, "a = _\n", b"C:\\x y=z", Treatment::Escape).unwrap(), "a = C:\\x y=z\n");
    }

    #[test]
    fn a_file_that_is_not_of_its_format_is_refused_with_the_line() {
        let cases = [
            (Format::Json, "{\n\"a\": \"_\"", "this file with blanks cannot be read as JSON: a bracket is not closed"),
            (Format::Json, "\"_\" 1", "this file with blanks cannot be read as JSON: a comma or a closing bracket is missing"),
            (Format::Yaml, "a: \"_\n", "this file with blanks cannot be read as YAML: a quote is not closed"),
            (Format::Yaml, "a: [_\n", "this file with blanks cannot be read as YAML: a bracket is not closed"),
            (Format::Toml, "a\nb = \"_\"", "this file with blanks cannot be read as TOML: a key has no value"),
            (Format::Env, "a='_\n", "this file with blanks cannot be read as env: a quote is not closed"),
            (Format::Xml, "<a b='_'", "this file with blanks cannot be read as XML: a tag is not closed"),
        ];
        for (format, template, expected) in cases {
            assert_eq!(reason(format, template, "x"), expected, "{template}");
        }
        assert_eq!(fill(Format::Toml, "a = \"\n_", b"x", Treatment::Escape).unwrap_err().line, 1);
    }

    #[test]
    fn raw_goes_in_as_it_is() {
        assert_eq!(fill(Format::Json, "{\"port\": _, _}", b"\"a\": 1", Treatment::Raw).unwrap(), "{\"port\": \"a\": 1, \"a\": 1}");
    }

    #[test]
    fn json_outside_of_quotes_must_be_one_value() {
        assert_eq!(fill(Format::Yaml, "a: _\n", b"\"x\"", Treatment::Json).unwrap(), "a: \"x\"\n");
        assert_eq!(fill(Format::Toml, "a = _\n", b"\"x\"", Treatment::Json).unwrap(), "a = \"x\"\n");
        assert_eq!(fill(Format::Json, "[\"_\"]", b"\"x\"", Treatment::Json).unwrap(), "[\"\\\"x\\\"\"]");
        assert!(fill(Format::Json, "[_]", b"\"x\", 1", Treatment::Json).is_err());
    }

    #[test]
    fn weak_styles_are_written_in_strong_ones() {
        let yaml = "- a: b _\n  c: 'it''s _'\n  d: plain\n";
        assert_eq!(fill(Format::Yaml, yaml, b"x: y", Treatment::Escape).unwrap(), "- a: \"b x: y\"\n  c: \"it's x: y\"\n  d: plain\n");
        assert_eq!(fill(Format::Toml, "a = 'C:\\_'\n", b"\"", Treatment::Escape).unwrap(), "a = \"C:\\\\\\\"\"\n");
        assert_eq!(fill(Format::Env, "A=_\nB=x _ # c\n", b"safe", Treatment::Escape).unwrap(), "A=safe\nB='x safe' # c\n");
        assert_eq!(fill(Format::Env, "A=_\n", b"it's", Treatment::Escape).unwrap(), "A=\"it's\"\n");
    }

    #[test]
    fn a_certificate_stands_in_a_block_as_it_is() {
        let yaml = "tls:\n  - cert: |\n      _\n    key: |\n      _\n";
        let filled = fill(Format::Yaml, yaml, b"-----BEGIN\nAA==\n-----END\n", Treatment::Escape).unwrap();
        let block = "|\n      -----BEGIN\n      AA==\n      -----END\n";
        assert_eq!(filled, format!("tls:\n  - cert: {block}    key: {block}"));
    }

    #[test]
    fn blocks_below_anchors_and_documents_are_found() {
        let yaml = "%YAML 1.2\n---\n&a k: |\n  _\n...\n---\n- - |2\n     _\n- !t {x: *a, \"y\":\"_\"}\n";
        let filled = fill(Format::Yaml, yaml, b"x\ny", Treatment::Escape).unwrap();
        assert_eq!(filled, "%YAML 1.2\n---\n&a k: |\n  x\n  y\n...\n---\n- - |2\n     x\n    y\n- !t {x: *a, \"y\":\"x\\ny\"}\n");
    }
}
