//! The secret values of releases, cut out of what servers and programs say.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::hash::RandomState;
use std::ops::Range;

use crate::blank::Filter;
use crate::blank::Piece;
use crate::history::DraftManifest;
use crate::manifest::Identity;
use crate::manifest::Limits;
use crate::manifest::Node;
use crate::manifest::read;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::secret::Secret;
use crate::stage::path::Step;
use crate::workflow::form::forms;
use crate::workflow::recipe::Recipe;

/// The values of releases, in the forms in which a text can have them.
#[derive(Debug, Default)]
pub(crate) struct Redaction {
    /// By a hash of their first bytes.
    long: HashMap<u64, Vec<Secret>>,
    hash: RandomState,
    /// What is too short to be told from parts of other words.
    short: Vec<Secret>,
    /// Names of objects, which every review shows.
    names: Vec<String>,
}

/// Bytes of a value that is looked for within words.
const HEAD: usize = 6;
/// Bytes of the shortest value that is looked for, as a word of its own.
const SHORTEST: usize = 2;
/// What is there in place of a value.
const CUT: &str = "***";
/// Characters of a line of a log.
const WIDTH: usize = 400;

impl Redaction {
    /// The values of these manifests: those of Secrets, and what blanks filled.
    pub(crate) fn of<'a>(manifests: impl IntoIterator<Item = DraftManifest<'a>>) -> Self {
        let mut redaction = Self::default();
        for manifest in manifests {
            let Identity { kind, namespace, name, .. } = manifest.identity;
            redaction.names.extend([kind, namespace, name].map(String::clone));
            for value in values(&manifest) {
                for form in forms(&value) {
                    // What is left of it in a text without control characters.
                    if let Some(text) = form.expose_text().filter(|text| text.contains(char::is_control)) {
                        redaction.learn(Secret::new(plain(text).into_bytes()));
                    }
                    redaction.learn(form);
                }
            }
        }
        redaction
    }

    fn learn(&mut self, form: Secret) {
        match form.expose().first_chunk::<HEAD>() {
            Some(head) => self.long.entry(self.hash.hash_one(head)).or_default().push(form),
            None if form.len() >= SHORTEST => self.short.push(form),
            None => {}
        }
    }

    /// The lines of a log, without values and what terminals obey.
    pub(crate) fn lines(&self, log: &[u8]) -> Vec<String> {
        // Once more after that: what a program colours may hide a value.
        let plain = plain(&String::from_utf8_lossy(&self.cut(log, |_| true)));
        let text = String::from_utf8_lossy(&self.cut(plain.as_bytes(), |_| true)).into_owned();
        let narrow = |line: &str| match line.char_indices().nth(WIDTH) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line.to_owned(),
        };
        text.lines().map(narrow).collect()
    }

    /// The problem, whose words may repeat what a server says. Names of objects stay, and so does what is too short to be a secret.
    pub(crate) fn problem(&self, problem: Problem) -> Problem {
        Problem { reason: self.words(&problem.reason), next: self.words(&problem.next), ..problem }
    }

    /// The same for problems.
    pub(crate) fn problems(&self, problems: Problems) -> Problems {
        problems.into_list().into_iter().map(|problem| self.problem(problem)).collect::<Vec<_>>().into()
    }

    /// The same for words.
    pub(crate) fn words(&self, text: &str) -> String {
        let is_said = |form: &Secret| form.len() >= HEAD && !self.names.iter().any(|name| holds(name.as_bytes(), form.expose()));
        String::from_utf8_lossy(&self.cut(text.as_bytes(), is_said)).into_owned()
    }

    /// Whether a text has one of the values, but for those that are too short to be told from other words.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        !self.ranges(text.as_bytes(), |_| true).is_empty()
    }

    /// Where a text has those values that are looked for within words, and that `is_cut` says.
    fn ranges(&self, text: &[u8], is_cut: impl Fn(&Secret) -> bool) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for (at, head) in text.windows(HEAD).enumerate() {
            let forms = head.first_chunk::<HEAD>().and_then(|head| self.long.get(&self.hash.hash_one(head))).into_iter().flatten();
            found.extend(forms.filter(|form| text[at..].starts_with(form.expose()) && is_cut(form)).map(|form| at..at + form.len()));
        }
        found
    }

    /// The text without those forms that `is_cut` says.
    fn cut(&self, text: &[u8], is_cut: impl Fn(&Secret) -> bool) -> Vec<u8> {
        let mut found = self.ranges(text, &is_cut);
        let is_letter = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
        for form in self.short.iter().filter(|form| is_cut(form)) {
            for (at, _) in text.windows(form.len()).enumerate().filter(|(_, window)| *window == form.expose()) {
                let end = at + form.len();
                if !is_letter(at.checked_sub(1).and_then(|before| text.get(before))) && !is_letter(text.get(end)) {
                    found.push(at..end);
                }
            }
        }
        found.sort_by_key(|range| range.start);
        let (mut kept, mut end) = (Vec::with_capacity(text.len()), 0);
        for range in found {
            if range.start >= end {
                kept.extend_from_slice(&text[end..range.start]);
                kept.extend_from_slice(CUT.as_bytes());
            }
            end = end.max(range.end);
        }
        kept.extend_from_slice(&text[end..]);
        kept
    }
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// A text of several lines without the sequences that colour it (ECMA-48) and other control characters.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '\u{1b}' if rest.next_if_eq(&'[').is_some() => while rest.next().is_some_and(|next| !('@'..='~').contains(&next)) {},
            '\n' => plain.push(next),
            '\t' => plain.push(' '),
            next if !next.is_control() => plain.push(next),
            _ => {}
        }
    }
    plain
}

/// The secret values of a manifest.
fn values(manifest: &DraftManifest<'_>) -> Vec<Secret> {
    let text = std::str::from_utf8(manifest.content).ok();
    let Some(mut root) = text.and_then(|text| read(text, Limits::default()).ok()?.pop()) else { return Vec::new() };
    let mut found = Vec::new();
    if manifest.identity.kind == "Secret" {
        let data = root.get("data").and_then(Node::as_map).unwrap_or_default();
        found.extend(data.iter().filter_map(|entry| decoded(entry.node.as_text()?)));
    }
    let recipe = manifest.recipe.and_then(|recipe| Recipe::decode(recipe.bytes).ok());
    for site in recipe.iter().flat_map(|recipe| &recipe.sites) {
        if let Some(value) = at(&root, &site.path) {
            filled(&site.pieces, &value, &mut found);
        }
    }
    root.wipe();
    found
}

fn decoded(text: &str) -> Option<Secret> {
    Filter::B64decode.apply(&Secret::copy_of(text.as_bytes())).ok()
}

/// The value at the path that a template has it at: encoding moves `stringData` to `data`, and what is not text to `binaryData`.
fn at<B>(root: &Node<B>, path: &[Step<'_>]) -> Option<Secret> {
    let moved = match path {
        [Step::Key(from), Step::Key(key)] if from == "stringData" => root.get("data").and_then(|data| data.get(key)),
        [Step::Key(from), Step::Key(key)] if from == "data" => root.get("binaryData").and_then(|data| data.get(key)),
        _ => None,
    };
    if let Some(text) = moved.and_then(Node::as_text) {
        return decoded(text);
    }
    let down = |node, step: &Step<'_>| match (step, node) {
        (Step::Key(key), Some(node)) => Node::get(node, key),
        (Step::Index(index), Some(node)) => Node::as_list(node)?.get(*index),
        (_, None) => None,
    };
    let text = path.iter().fold(Some(root), down)?.as_text()?;
    Some(Secret::copy_of(text.as_bytes()))
}

/// What blanks put between the texts of a scalar; all of it where that cannot be told.
fn filled(pieces: &[Piece], value: &Secret, found: &mut Vec<Secret>) {
    let mut rest = value.expose();
    let mut parts = Vec::new();
    let mut is_open = false;
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Blank(_) => is_open = true,
            Piece::Text(text) => {
                let text = text.as_bytes();
                let at = match (is_open, index + 1 == pieces.len()) {
                    (false, _) => rest.starts_with(text).then_some(0),
                    (true, true) => rest.ends_with(text).then(|| rest.len() - text.len()),
                    (true, false) => rest.windows(text.len().max(1)).position(|window| window == text),
                };
                let Some(at) = at else {
                    found.push(value.duplicate());
                    return;
                };
                parts.push(&rest[..at]);
                rest = &rest[at + text.len()..];
                is_open = false;
            }
        }
    }
    parts.push(rest);
    found.extend(parts.into_iter().filter(|part| !part.is_empty()).map(Secret::copy_of));
}

#[cfg(test)]
mod tests {
    use super::Redaction;
    use super::filled;
    use super::plain;
    use crate::blank::BlankId;
    use crate::blank::Piece;
    use crate::history::DraftManifest;
    use crate::manifest::Identity;
    use crate::problem::Fault;
    use crate::problem::Problem;
    use crate::secret::Secret;

    fn secret(name: &str) -> Identity {
        Identity { api_version: "v1".into(), kind: "Secret".into(), namespace: "shop".into(), name: name.into() }
    }

    fn of(content: &str) -> Redaction {
        let identity = secret("database");
        Redaction::of([DraftManifest { identity: &identity, base: "database", file: "a.yaml", content: content.as_bytes(), recipe: None }])
    }

    #[test]
    fn values_are_cut_out_of_a_log_as_they_are_and_encoded() {
        // `p@ss "word" ü`, and two lines.
        let redaction = of("kind: Secret\ndata:\n  pw: cEBzcyAid29yZCIgw7w=\n  key: Zmlyc3QgbGluZQpzZWNvbmQgbGluZQo=\n  user: bWU=\n");
        for (said, shown) in [
            ("pw is p@ss \"word\" ü.", "pw is ***."),
            (r#"{"pw":"p@ss \"word\" ü"}"#, r#"{"pw":"***"}"#),
            (r#"{"pw":"p@ss \"word\" \u00fc"}"#, r#"{"pw":"***"}"#),
            ("GET /?pw=p%40ss%20%22word%22%20%C3%BC HTTP/1.1", "GET /?pw=*** HTTP/1.1"),
            ("pw=p%40ss%20%22word%22%20%c3%bc", "pw=***"),
            ("raw 704073732022776f72642220c3bc", "raw ***"),
            ("base64 cEBzcyAid29yZCIgw7w=", "base64 ***"),
            // `app:p@ss "word" ü`, as in a header of HTTP: what comes before it shares a character.
            ("Basic YXBwOnBAc3MgIndvcmQiIMO8", "Basic YXBwOn***"),
            ("<b>p@ss &quot;word&quot; ü</b>", "<b>***</b>"),
            ("it begins with second line, and more", "it begins with ***, and more"),
            ("it is me, some measure of me", "it is ***, some measure of ***"),
            ("\u{1b}[31mp@ss \u{1b}[1m\"word\"\u{1b}[0m ü", "***"),
            ("nothing here", "nothing here"),
        ] {
            assert_eq!(redaction.lines(said.as_bytes()), [shown], "{said}");
        }
        let long = redaction.lines(&[b'x'; 500]).remove(0);
        assert_eq!(long.chars().count(), 401);
    }

    #[test]
    fn a_value_is_found_in_a_text_where_it_is_long_enough() {
        let redaction = of("kind: Secret\ndata:\n  pw: cEBzcyAid29yZCIgw7w=\n  user: bWU=\n");
        for text in
            ["pw=p@ss \"word\" ü", "cEBzcyAid29yZCIgw7w=", r#"{"pw":"p@ss \"word\" \u00fc"}"#, "x?pw=p%40ss%20%22word%22%20%C3%BC&y"]
        {
            assert!(redaction.is_in(text), "{text}");
        }
        for text in ["it is me", "p@ss", "nothing here", ""] {
            assert!(!redaction.is_in(text), "{text}");
        }
    }

    #[test]
    fn values_with_control_characters_are_cut_out_as_writers_of_json_leave_them_and_without_them() {
        // `pass"<DEL>word<U+0085>x`.
        let redaction = of("kind: Secret\ndata:\n  pw: cGFzcyJ/d29yZMKFeA==\n  url: b25lPH8mdHdv\n");
        // As Go writes `one<<DEL>&two`.
        assert_eq!(redaction.lines("\\u003c is in one\\u003c\u{7f}\\u0026two".as_bytes()), ["\\u003c is in ***"]);
        for said in ["pass\"\u{7f}word\u{85}x", "pass\\\"\u{7f}word\u{85}x", "pass\"wordx", "pass\\\"wordx", "pass\\\"\\u007fword\\u0085x"]
        {
            assert_eq!(redaction.lines(said.as_bytes()), ["***"], "{said:?}");
        }
    }

    #[test]
    fn values_are_cut_out_of_messages_but_for_names_and_what_is_short() {
        // `hunter2-and-more`, `database`, `info`.
        let redaction = of("kind: Secret\ndata:\n  pw: aHVudGVyMi1hbmQtbW9yZQ==\n  name: ZGF0YWJhc2U=\n  level: aW5mbw==\n");
        let said = Problem::new(Fault::Rollout, "Secret shop/database: `.spec.hunter2-and-more` is info", "see hunter2-and-more");
        let cut = redaction.problem(said);
        assert_eq!((cut.reason.as_str(), cut.next.as_str()), ("Secret shop/database: `.spec.***` is info", "see ***"));
    }

    #[test]
    fn what_blanks_filled_is_found_between_the_texts_of_a_scalar() {
        let text = |text: &str| Piece::Text(text.to_owned());
        let blank = || Piece::Blank(BlankId(0));
        for (pieces, value, expected) in [
            (vec![blank()], "hunter2", &["hunter2"][..]),
            (vec![text("postgres://app:"), blank(), text("@host/db")], "postgres://app:hunter2@host/db", &["hunter2"]),
            (vec![text("a="), blank(), text("\nb="), blank(), text("\n")], "a=1\nb=2\n\n", &["1", "2\n"]),
            (vec![blank(), blank()], "onetwo", &["onetwo"]),
            (vec![text("other"), blank()], "hunter2", &["hunter2"]),
        ] {
            let mut found = Vec::new();
            filled(&pieces, &Secret::copy_of(value.as_bytes()), &mut found);
            assert_eq!(found.iter().filter_map(Secret::expose_text).collect::<Vec<_>>(), expected, "{value:?}");
        }
    }

    #[test]
    fn a_log_loses_colours_and_control_characters() {
        assert_eq!(plain("\u{1b}[1;31merror\u{1b}[0m\tat\r\n\u{7}two\u{1b}]"), "error at\ntwo]");
    }
}
