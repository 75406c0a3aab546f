//! A template made ready for Tera: every place where a blank could be observed gets a check, and every `secret(…)` and lazy filter
//! learns where it stands.
//!
//! The text is only ever added to, so that each byte of what Tera gets maps back to the author's text.

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::render::lexer::Broken;
use crate::render::lexer::Part;
use crate::render::lexer::parts;
use crate::render::marker::Marker;
use crate::render::statement::Walk;

/// What [`analyse`] makes of a template.
#[derive(Debug)]
pub(super) struct Analysis {
    /// The text for Tera.
    pub(super) text: String,
    /// Where text was added: byte of the source, and how many bytes, in order.
    pub(super) added: Vec<(usize, usize)>,
    /// The places that the text for Tera names by number, counted from `base`.
    pub(super) sites: Vec<Site>,
    /// Names of other templates and of components.
    pub(super) links: Links,
    /// What is wrong with it.
    pub(super) problems: Vec<Problem>,
    /// The source is no template; ask Tera why, and if it does not know, it is here.
    pub(super) broken: Option<usize>,
}

/// What a template says about others. Each name with the byte of the source where it stands.
#[derive(Debug, Default)]
pub(super) struct Links {
    pub(super) includes: Vec<(String, usize)>,
    pub(super) extends: Option<(String, usize)>,
    pub(super) blocks: Vec<(String, usize)>,
    pub(super) components: Vec<(String, usize)>,
    pub(super) calls: Vec<(String, usize)>,
    /// Statements and filters that can make the work grow beyond the length of the source.
    pub(super) growing: usize,
}

/// A place in a template that may have to be named.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) place: Place,
    /// The expression as the author wrote it.
    pub(super) source: String,
    /// What a blank cannot do here.
    pub(super) reason: String,
    /// The way out.
    pub(super) next: &'static str,
}

/// Line and column of bytes of a source.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    file: Arc<str>,
    source: &'a str,
    starts: OnceCell<Vec<usize>>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(file: Arc<str>, source: &'a str) -> Self {
        Self { file, source, starts: OnceCell::new() }
    }

    /// The place of a byte; a byte inside a character counts as its start.
    pub(super) fn place(&self, byte: usize) -> Place {
        let breaks = || self.source.match_indices('\n').map(|(at, _)| at + 1);
        let starts = self.starts.get_or_init(|| std::iter::once(0).chain(breaks()).collect());
        let line = starts.partition_point(|start| *start <= byte);
        let before = self.source.get(starts[line - 1]..byte.min(self.source.len())).unwrap_or_default();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Place::new(Arc::clone(&self.file), number(line), number(before.chars().count() + 1))
    }
}

impl Analysis {
    /// The byte of the source that a byte of the text for Tera comes from.
    pub(super) fn origin(&self, byte: usize) -> usize {
        let mut shift = 0;
        for &(at, length) in &self.added {
            if at + shift + length > byte {
                return if at + shift > byte { byte - shift } else { at };
            }
            shift += length;
        }
        byte - shift
    }
}

/// Text to be added to a source.
#[derive(Debug, Default)]
pub(super) struct Additions {
    list: Vec<(usize, String)>,
}

impl Additions {
    /// Adds `text` before the byte `at`; behind what was added there before.
    pub(super) fn add(&mut self, at: usize, text: impl Into<String>) {
        self.list.push((at, text.into()));
    }

    fn apply(mut self, source: &str) -> (String, Vec<(usize, usize)>) {
        self.list.sort_by_key(|(at, _)| *at);
        let mut text = String::with_capacity(source.len() + self.list.iter().map(|(_, text)| text.len()).sum::<usize>());
        let mut done = 0;
        for (at, added) in &self.list {
            text.push_str(&source[done..*at]);
            text.push_str(added);
            done = *at;
        }
        text.push_str(&source[done..]);
        (text, self.list.into_iter().map(|(at, added)| (at, added.len())).collect())
    }
}

/// What a walk over a template collects.
#[derive(Debug)]
pub(super) struct Findings<'a> {
    pub(super) source: &'a str,
    pub(super) lines: Lines<'a>,
    pub(super) base: usize,
    pub(super) additions: Additions,
    pub(super) sites: Vec<Site>,
    pub(super) links: Links,
    pub(super) problems: Vec<Problem>,
}

impl Findings<'_> {
    /// Notes a problem at a byte of the source.
    pub(super) fn problem(&mut self, at: usize, reason: impl Into<String>, next: impl Into<String>) {
        self.problems.push(Problem::new(Fault::Check, reason, next).at(self.lines.place(at)));
    }

    /// Notes a place and gives its number.
    pub(super) fn site(&mut self, range: Range<usize>, reason: String, next: &'static str) -> usize {
        let place = self.lines.place(range.start);
        self.sites.push(Site { place, source: self.source[range].to_owned(), reason, next });
        self.base + self.sites.len() - 1
    }
}

/// Reads a template and makes it ready. Its places are numbered from `base`. With a `marker`, its lines are marked too.
pub(super) fn analyse(file: &Arc<str>, source: &str, base: usize, marker: Option<&Marker>) -> Analysis {
    let lines = Lines::new(Arc::clone(file), source);
    let additions = Additions::default();
    let findings = Findings { source, lines, base, additions, sites: Vec::new(), links: Links::default(), problems: Vec::new() };
    let mut walk = Walk::new(findings);
    let broken = match parts(source) {
        Ok(parts) => {
            let broken = parts.iter().find_map(|part| match part {
                Part::Tag(tag) => walk.tag(tag).err(),
                _ => None,
            });
            if let (None, Some(marker)) = (&broken, marker) {
                marker.mark(&parts, &mut walk.findings);
            }
            broken.map(|stop| stop.0)
        }
        Err(Broken(at)) => Some(at),
    };
    let Findings { additions, sites, links, problems, .. } = walk.findings;
    let (text, added) = if broken.is_some() { (String::new(), Vec::new()) } else { additions.apply(source) };
    Analysis { text, added, sites, links, problems, broken }
}

#[cfg(test)]
mod tests {
    use super::Analysis;
    use super::Lines;
    use super::analyse;

    fn analysed(source: &str) -> Analysis {
        analyse(&"t".into(), source, 0, None)
    }

    fn text(source: &str) -> String {
        let analysis = analysed(source);
        assert_eq!(analysis.broken, None, "{source}");
        assert_eq!(analysis.problems, [], "{source}");
        analysis.text
    }

    #[test]
    fn plain_output_is_left_alone() {
        for source in ["a", "{{ a.b.c }}", "{{ 1 + 2 }}", "{% for x in [1, 2] %}{{ loop.index }}{% endfor %}", "{{ 'a' ~ 1 }}", "{{ -1 }}"]
        {
            assert_eq!(text(source), source);
        }
    }

    #[test]
    fn observations_get_a_check() {
        for (source, expected) in [
            ("{% if a %}", "{% if a|__plain(__at=0) %}"),
            ("{{ a == b ~ 'c' }}", "{{ a|__plain(__at=1) == (b|__defined(__at=0) ~ 'c')|__plain(__at=2) }}"),
            ("{{ a | length }}", "{{ a|__plain(__at=0) | length }}"),
            ("{{ a | trim }}", "{{ a | __lazy_trim(__at=0) }}"),
            ("{{ a | indent(width=2) }}", "{{ a | __lazy_indent(__at=0,width=2) }}"),
            ("{{ secret(name='a') | urlencode }}", "{{ secret(__at=0,name='a') | urlencode(__at=1) }}"),
            ("{{ a[0] }}", "{{ a[0]|__defined(__at=0,__p0=a) }}"),
            ("{{ a?.b | default(value=1) }}", "{{ a?.b|__known(__at=0,__p0=a) | default(value=1) }}"),
            ("{% filter length %}x{% endfilter %}", "{% filter __plain(__at=0) | length %}x{% endfilter %}"),
            ("{% for a in b.c %}", "{% for a in b.c|__whole(__at=0) %}"),
        ] {
            assert_eq!(text(source), expected);
        }
    }

    #[test]
    fn bytes_map_back_to_the_source() {
        let source = "{% if aa %}{{ b | trim }}";
        let analysis = analysed(source);
        for (at, _) in source.match_indices(['a', 'b', 't']) {
            let word = &source[at..=at];
            let given = analysis.text.match_indices(word).map(|(given, _)| analysis.origin(given));
            assert!(given.into_iter().any(|origin| origin == at), "{word} at {at}");
        }
        assert_eq!(analysis.origin(analysis.text.len()), source.len());
    }

    #[test]
    fn places_count_characters() {
        let lines = Lines::new("t".into(), "ä\nöü x");
        assert_eq!(lines.place(3).to_string(), "t:2:1");
        assert_eq!(lines.place(8).to_string(), "t:2:4");
        assert_eq!(lines.place(99).to_string(), "t:2:5");
    }
}
