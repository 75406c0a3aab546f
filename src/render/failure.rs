//! Tera's errors in our words. Its own text may quote values, so it is read to tell the kind and never shown; only its syntax errors, which
//! are made before a value is known, are handed on.

use std::ops::Range;
use std::sync::Arc;

use tera::ErrorKind;
use tera::ReportError;

use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::render::RenderRequest;
use crate::render::analysis::Analysis;
use crate::render::findings::Lines;
use crate::render::foreign::RAW;
use crate::render::foreign::foreign;
use crate::render::functions::CallFailure;
use crate::suggest::suggest;

/// A template that Tera holds: the author's text and where ours was added.
#[derive(Debug, Clone, Copy)]
pub(super) struct LoadedTemplate<'a> {
    pub(super) file: &'a Arc<str>,
    pub(super) source: &'a str,
    pub(super) analysis: &'a Analysis,
}

impl LoadedTemplate<'_> {
    fn origin(&self, report: &ReportError) -> (usize, usize) {
        let Range { start, end } = report.span().range.clone();
        let (start, end, added) = (self.analysis.origin(start), self.analysis.origin(end), self.analysis.is_added(start));
        // What begins with a check of ours begins with the path that it checks.
        let before = self.source.get(..start).filter(|_| added).unwrap_or_default();
        (start - (before.len() - before.trim_end_matches(is_of_path).len()), end)
    }

    fn place(&self, at: usize) -> Place {
        Lines::new(Arc::clone(self.file), self.source).place(at)
    }
}

/// The problem of a template's source that is not a template. `broken` is where we gave up reading it.
pub(super) fn syntax(file: &Arc<str>, source: &str, broken: usize) -> Problem {
    let lines = Lines::new(Arc::clone(file), source);
    let mut tera = tera::Tera::default();
    // A text of the same length without what looks like comments and is none.
    let plain = source.replace("${#", "$.#");
    if let Err(error) = tera.add_raw_template(file, &plain)
        && let ErrorKind::SyntaxError(report) = error.kind()
    {
        return syntax_problem(report, source, broken).at(lines.place(report.span().range.start));
    }
    let problem = Problem::new(Fault::Check, "the template cannot be read from here on", "write it in Tera's syntax, one step at a time");
    hinted(problem, source, broken).at(lines.place(broken))
}

/// The problem of the tag in `range` of `source`, which cannot be read from `broken` on.
pub(super) fn syntax_of(file: &Arc<str>, source: &str, range: &Range<usize>, broken: usize) -> Problem {
    // Nothing but the tag, at its place, as if it were a first one.
    let before = source[..range.start].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' });
    let tag = source[range.clone()].replacen("elif", "  if", 1);
    let alone: String = before.chain(tag.chars()).collect();
    let mut problem = syntax(file, &alone, broken);
    if let Some(place) = problem.place.take() {
        // By bytes: what is before the tag on its line may have fewer characters than bytes.
        let at = byte_of(&alone, &place);
        problem.place = Some(Lines::new(Arc::clone(file), source).place(at));
    }
    problem
}

/// The problem of a tag, with what the tag looks like where that is known.
fn hinted(mut problem: Problem, source: &str, at: usize) -> Problem {
    if let Some(next) = foreign(source, at) {
        problem.next = next;
    }
    problem
}

fn syntax_problem(report: &ReportError, source: &str, at: usize) -> Problem {
    let problem = syntax_words(report);
    hinted(problem, source, at)
}

fn syntax_words(report: &ReportError) -> Problem {
    let message = report.message().trim_end_matches('.');
    if message.starts_with("Closing comment tag") {
        let next = format!("close the comment with `#}}`; {RAW}");
        return Problem::new(Fault::Check, "syntax error: the comment is not closed", next);
    }
    if message == "Unexpected end of input" {
        let next = "close what is open: `{{` with `}}`, `{% for %}` with `{% endfor %}`, `{% if %}` with `{% endif %}`";
        return Problem::new(Fault::Check, "syntax error: the template ends in the middle of a tag or a block", next);
    }
    if message.ends_with("Found string but expected identifier") {
        let next = "name the argument, as in `secret(name=\"…\")`, or take the quotes away";
        return Problem::new(Fault::Check, "syntax error: a text where a name is expected", next);
    }
    let mut reason = String::from("syntax error: ");
    let mut characters = message.chars().filter(|char| !char.is_control());
    reason.extend(characters.next().map(|first| first.to_ascii_lowercase()));
    reason.extend(characters);
    Problem::new(Fault::Check, reason, format!("correct the tag: cloze reads templates in Tera's syntax; {RAW}"))
}

/// The problem of a failed call.
pub(super) fn failed(failed: CallFailure, request: &RenderRequest) -> Problem {
    match failed {
        CallFailure::Problem(problem) => problem,
        CallFailure::Undefined { place, source } => {
            let text = request.templates.iter().find(|template| template.file == place.file).map_or("", |template| template.text.as_str());
            let at = byte_of(text, &place);
            // The place of a filter is its name, and that of a field its last step; what is undefined is before it, or ends with it.
            let last = source.rfind('.').map_or(0, |dot| source[dot + 1..].trim_start().len());
            let before = text.get(..at + last).filter(|_| !text[at..].starts_with(&source));
            let at = before.and_then(|before| before.rfind(&source)).unwrap_or(at);
            undefined(&source, request, text, at).at(place)
        }
    }
}

/// The problem behind an error of Tera. `held` finds a template by the name that Tera knows it by; `file` is the one being rendered.
pub(super) fn translate<'a>(
    error: &tera::Error,
    file: &Arc<str>,
    request: &RenderRequest,
    held: impl Fn(&str) -> Option<LoadedTemplate<'a>>,
) -> Problem {
    match error.kind() {
        ErrorKind::SyntaxError(report) => match held(report.filename()) {
            Some(held) => {
                let at = held.origin(report).0;
                syntax_problem(report, held.source, at).at(held.place(at))
            }
            None => syntax_words(report).at(Place::file(Arc::clone(file))),
        },
        ErrorKind::RenderingError(report) => match held(report.filename()) {
            Some(held) => {
                let (start, end) = held.origin(report);
                rendering(report.message(), held.source, start..end, request).at(held.place(start))
            }
            None => rendering(report.message(), "", 0..0, request).at(Place::file(Arc::clone(file))),
        },
        ErrorKind::Io(_) => {
            let reason = format!("the templates of this run render to more than {} MiB", request.budget.bytes() >> 20);
            Problem::new(Fault::Check, reason, request.budget.next("bound the loops")).at(Place::file(Arc::clone(file)))
        }
        ErrorKind::CircularExtend { inheritance_chain: chain, .. } => circle("extends", chain, file),
        ErrorKind::CircularInclude { include_chain: chain, .. } => circle("includes", chain, file),
        ErrorKind::Msg(message) if message.contains("recursion depth") => {
            Problem::new(Fault::Check, "components call each other more than 20 deep", "end the recursion")
                .at(Place::file(Arc::clone(file)))
        }
        _ => Problem::new(Fault::Check, "the template cannot be rendered", "check its blocks, components and includes")
            .at(Place::file(Arc::clone(file))),
    }
}

fn circle(verb: &str, chain: &[String], file: &Arc<str>) -> Problem {
    let file = chain.first().map_or_else(|| Arc::clone(file), |first| Arc::from(first.as_str()));
    let reason = format!("the template {verb} itself: {}", chain.join(" → "));
    Problem::new(Fault::Check, reason, "remove one of these").at(Place::file(file))
}

fn rendering(message: &str, source: &str, range: Range<usize>, request: &RenderRequest) -> Problem {
    let begins = |words: &[&str]| words.iter().any(|word| message.starts_with(word));
    let shown = shown(source.get(range.clone()).unwrap_or_default());
    if begins(&["Variable `", "Field `", "Tried to render a variable", "Cannot index into an undefined"]) {
        return undefined(&path(source, range.clone()), request, source, range.start);
    }
    if begins(&["Math operations", "`+` requires"])
        && let Some(next) = hyphenated(source, range.start, request)
    {
        return Problem::new(Fault::Check, format!("arithmetic with something that is not a number: {shown}"), next);
    }
    let (reason, next) = if begins(&["Math operations", "`+` requires"]) {
        (format!("arithmetic with something that is not a number: {shown}"), "use numbers, or `~` to join texts")
    } else if begins(&["Iteration not possible", "Key/value iteration"]) {
        (format!("this cannot be looped over: {shown}"), "loop over a list, or over `key, value` of a map")
    } else if begins(&["Cannot compare"]) {
        (format!("values of these types have no order: {shown}"), "compare numbers with numbers and texts with texts")
    } else if begins(&["Function `range` would produce"]) {
        ("range(…) would produce more than 100000 numbers".to_owned(), "choose a smaller range")
    } else if begins(&["Component argument", "Argument `", "Unknown argument", "Implicit argument"]) {
        (format!("the arguments do not fit the component: {shown}"), "give the arguments that its definition names, with their types")
    } else if begins(&["Missing keyword argument"]) {
        (format!("an argument is missing: {shown}"), "look up the arguments of the filter, test or function")
    } else if begins(&["Invalid type for the value"]) {
        (format!("a value of the wrong type: {shown}"), "give it the type that the filter, test or function takes")
    } else {
        (format!("this fails with the values that it gets: {shown}"), "check the values and the expression")
    };
    Problem::new(Fault::Check, reason, next)
}

/// At most 60 characters of the template, on one line.
fn shown(source: &str) -> String {
    let mut text: String = source.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|char| !char.is_control()).collect();
    if text.chars().count() > 60 {
        text = text.chars().take(59).chain(std::iter::once('…')).collect();
    }
    format!("`{text}`")
}

/// `a.b.c` around a step of it.
fn path(source: &str, range: Range<usize>) -> String {
    let before = source.get(..range.start).unwrap_or_default();
    let start = before.trim_end_matches(is_of_path).len();
    let start = if before[start..].ends_with('.') { start } else { range.start };
    source.get(start..range.end).unwrap_or_default().to_owned()
}

fn is_of_path(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | '?')
}

/// The byte of `text` at the line and column of a place.
fn byte_of(text: &str, place: &Place) -> usize {
    let mut start = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        if number == place.line {
            let column = usize::try_from(place.column).unwrap_or(1).saturating_sub(1);
            return start + line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
        }
        start += line.len();
    }
    text.len()
}

/// What to write where a name with hyphens was read as a subtraction: the byte `at` of `text` is in or beside it.
fn hyphenated(text: &str, at: usize, request: &RenderRequest) -> Option<String> {
    let part = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.');
    let start = text.get(..at)?.rfind(|char| !part(char)).map_or(0, |before| before + 1);
    let run = &text[start..];
    let run = &run[..run.find(|char| !part(char)).unwrap_or(run.len())];
    if !run.split('-').all(|word| !word.is_empty()) || !run.contains('-') {
        return None;
    }
    let mut written = String::new();
    let mut known = Some(&request.values);
    for (index, step) in run.split('.').enumerate() {
        known = known.and_then(|value| value.get(step));
        match (index, step.contains('-')) {
            (0, true) => written.push_str(&format!("cloze.values[\"{step}\"]")),
            (_, true) => written.push_str(&format!("[\"{step}\"]")),
            (0, false) => written.push_str(step),
            (_, false) => written.push_str(&format!(".{step}")),
        }
    }
    let minus = format!("{MINUS}write `{written}` for the value `{run}`");
    Some(if known.is_some() { minus } else { format!("{minus}, and set it in the values") })
}

const MINUS: &str = "`-` is minus: ";

/// Whether a next step is about a name that was read as a subtraction.
pub(super) fn is_minus(next: &str) -> bool {
    next.starts_with(MINUS)
}

/// Something that is not defined, with the nearest name that is: the names of values are public. The byte `at` of `text` is its place.
fn undefined(source: &str, request: &RenderRequest, text: &str, at: usize) -> Problem {
    let reason = format!("{} is not defined", shown(source));
    if let Some(next) = hyphenated(text, at, request) {
        return Problem::new(Fault::Check, reason, next);
    }
    if let Some(next) = foreign(text, at) {
        return Problem::new(Fault::Check, reason, next);
    }
    let mut known = Some(&request.values);
    let mut near = None;
    let simple = source.replace("?.", ".");
    if simple.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.')) {
        for (index, step) in simple.split('.').enumerate() {
            let Some(map) = known.and_then(|value| value.as_object()) else { break };
            known = map.get(step);
            if known.is_none() {
                near = suggest(step, map.keys().map(String::as_str)).map(|near| {
                    let walked: Vec<&str> = simple.split('.').take(index).chain(std::iter::once(near)).collect();
                    walked.join(".")
                });
            }
        }
    }
    let next = match near {
        Some(near) => format!("write `{near}`, or set it in the values"),
        // A legend of Grafana, a variable of another template language.
        None if text.get(..at).is_some_and(|before| before.ends_with("{{")) => format!("set it in the values if it is for cloze; {RAW}"),
        None => "set it in the values, or write `| default(value=…)` or `is defined` where it may be absent".to_owned(),
    };
    Problem::new(Fault::Check, reason, next)
}

#[cfg(test)]
mod tests {
    use super::path;
    use super::shown;

    #[test]
    fn a_path_is_widened_to_its_start() {
        let source = "x {{ app.image.tga }}";
        assert_eq!(path(source, 15..18), "app.image.tga");
        assert_eq!(path(source, 5..8), "app");
    }

    #[test]
    fn what_is_shown_is_one_short_line() {
        assert_eq!(shown("a\n  b\u{1b}c"), "`a bc`");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), 62);
    }
}
