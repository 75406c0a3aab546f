//! A template made ready for Tera: every place where a blank could be observed gets a check, and every `secret(…)` and lazy filter
//! learns where it is.
//!
//! The text is only ever added to, so that each byte of what Tera gets maps back to the author's text.

use std::ops::Range;
use std::sync::Arc;

use crate::problem::Problem;
use crate::render::findings::Additions;
use crate::render::findings::Findings;
use crate::render::findings::Lines;
use crate::render::findings::Links;
use crate::render::findings::TemplateSite;
use crate::render::lexer::LexError;
use crate::render::lexer::TemplatePart;
use crate::render::lexer::parts;
use crate::render::marker::Marker;
use crate::render::reader::GrammarEnd;
use crate::render::repair::Repair;
use crate::render::repair::silence;
use crate::render::statement::Walk;

/// What [`analyse`] makes of a template.
#[derive(Debug)]
pub(super) struct Analysis {
    /// The text for Tera.
    pub(super) text: String,
    /// Where text was added: byte of the source, and how many bytes, in order.
    pub(super) added: Vec<(usize, usize)>,
    /// The places that the text for Tera names by number, counted from `base`.
    pub(super) sites: Vec<TemplateSite>,
    /// Names of other templates and of components.
    pub(super) links: Links,
    /// What is wrong with it.
    pub(super) problems: Vec<Problem>,
    /// The source is not a template; ask Tera why, and if it does not know, it is here.
    pub(super) broken: Option<usize>,
    /// The tags that an examination passes over because they cannot be read, each with the byte where that shows.
    pub(super) unread: Vec<(Range<usize>, usize)>,
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

    /// Whether a byte of the text for Tera was added to the source.
    pub(super) fn is_added(&self, byte: usize) -> bool {
        let mut shift = 0;
        for &(at, length) in &self.added {
            if byte < at + shift + length {
                return byte >= at + shift;
            }
            shift += length;
        }
        false
    }
}

/// Reads a template and makes it ready. Its places are numbered from `base`. With a `marker`, its lines are marked too; where it is
/// `examined`, what is not defined does not end it.
pub(super) fn analyse(file: &Arc<str>, source: &str, base: usize, marker: Option<&Marker>, examined: bool) -> Analysis {
    let lines = Lines::new(Arc::clone(file), source);
    let additions = Additions::default();
    let findings = Findings { source, lines, base, examined, additions, sites: Vec::new(), links: Links::default(), problems: Vec::new() };
    let mut walk = Walk::new(findings);
    let (mut repair, mut unread) = (Repair::default(), Vec::new());
    let broken = match parts(source) {
        Ok(parts) => {
            let broken = parts.iter().find_map(|part| match part {
                TemplatePart::Tag(tag) if examined => {
                    let problems = walk.findings.problems.len();
                    match walk.tag(tag) {
                        Ok(()) if walk.findings.problems.len() == problems => repair.follow(tag, &mut walk.findings),
                        Ok(()) if repair.silence(tag, &mut walk.findings) => {}
                        Err(GrammarEnd(at)) if repair.silence(tag, &mut walk.findings) => unread.push((tag.range.clone(), at)),
                        Ok(()) => return Some(GrammarEnd(tag.range.start)),
                        Err(stop) => return Some(stop),
                    }
                    None
                }
                TemplatePart::Tag(tag) => walk.tag(tag).err(),
                TemplatePart::Stray(at) => {
                    walk.findings.problem(*at, "`{#` begins neither a comment nor ordinary text for certain", NO_COMMENT);
                    silence(&(*at..at + 2), "", &mut walk.findings);
                    None
                }
                TemplatePart::Text(range) => {
                    // What only looks like a comment is hidden from Tera.
                    for (at, opening) in source[range.clone()].match_indices("{#") {
                        let at = range.start + at;
                        silence(&(at..at + opening.len()), "", &mut walk.findings);
                    }
                    None
                }
                TemplatePart::Raw(_) | TemplatePart::Comment(_) => None,
            });
            repair.finish(&mut walk.findings);
            if let (None, Some(marker)) = (&broken, marker) {
                marker.mark(&parts, &mut walk.findings);
            }
            broken.map(|stop| stop.0)
        }
        Err(LexError(at)) => Some(at),
    };
    let Findings { additions, sites, links, problems, .. } = walk.findings;
    let (text, added) = if broken.is_some() { (String::new(), Vec::new()) } else { additions.apply(source) };
    Analysis { text, added, sites, links, problems, broken, unread }
}

/// The way out where `{#` may be text or a comment.
const NO_COMMENT: &str = "write a space behind `{#` for a comment; put text that is not for cloze between `{% raw %}` and `{% endraw %}`, \
                          or say `template: false` for its file under `templates:` or `config:`";

#[cfg(test)]
mod tests {
    use super::Analysis;
    use super::analyse;
    use crate::render::findings::Lines;

    fn analysed(source: &str) -> Analysis {
        analyse(&"t".into(), source, 0, None, false)
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

    /// Snippets that Tera must take, and such that it must refuse, as this reader does: when its grammar moves, ours must follow.
    #[test]
    fn tera_and_this_reader_agree() {
        let tera = |source: &str| tera::Tera::default().add_raw_template("t", source).is_ok();
        let own = |source: &str| analysed(source).broken.is_none();
        for source in [
            "{{ a }}",
            "{{ a.b?.c[0]?['d'] }}",
            "{{ a[1:2] }}",
            "{{ 1 + 2 * 3 // 4 % 5 ** 2 }}",
            "{{ -a }}",
            "{{ not a and b or c }}",
            "{{ a not in b }}",
            "{{ a is not defined }}",
            "{{ 'a' ~ \"b\" ~ `c` }}",
            "{{ a if b else c }}",
            "{{ [1, ...b, 2,] }}",
            "{{ {'a': 1, ...b} }}",
            "{{ [x for x in y if x] }}",
            "{{ a | default(value=1) | upper }}",
            "{{- a -}}",
            "{%- if a -%}{% elif b %}{% else %}{% endif %}",
            "{% for k, v in m %}{% break %}{% continue %}{% else %}{% endfor %}",
            "{% set a = 1 %}{% set b %}x{% endset %}{% set c | upper %}x{% endset %}",
            "{% filter upper | trim %}x{% endfilter %}",
            "{% raw -%} {{ {%- endraw %}",
            "{# c #}{#- c -#}",
            "{% block a %}{% endblock a %}",
        ] {
            assert!(tera(source), "Tera refuses {source}");
            assert!(own(source), "this reader refuses {source}");
        }
        for source in [
            "{{ a",
            "{{ }}",
            "{{ a b }}",
            "{{ 1 +}}",
            "{{ a.}}",
            "{{ a[ }}",
            "{{ (a }}",
            "{{ 'a }}",
            "{{ a | }}",
            "{{ a ? b : c }}",
            "{{ a && b }}",
            "{{ a if b }}",
            "{{ --a }}",
            "{{ f(1) }}",
            "{% x %}",
            "{% if %}{% endif %}",
            "{% for a b %}{% endfor %}",
            "{% include a %}",
            "{% macro a() %}{% endmacro %}",
            "{% raw %}",
            "{# c",
            "{{ a; b }}",
        ] {
            assert!(!tera(source), "Tera takes {source}");
            assert!(!own(source), "this reader takes {source}");
        }
    }
}
