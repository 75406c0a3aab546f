//! Problems as the annotations that CI systems show at the lines of a change.

use std::fmt::Write as _;

use cloze::place::Place;
use cloze::problem::Problem;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use crate::ui::clean;
use crate::ui::json::fault;

/// A problem of this run.
#[derive(Debug)]
pub(crate) struct Annotation {
    /// `error` or `warning`.
    pub(crate) level: &'static str,
    /// What is wrong.
    pub(crate) problem: Problem,
    /// The environment, where a run is about several.
    pub(crate) environment: Option<String>,
}

/// Annotations of one level that GitHub shows of a step; it drops the others without a word.
const SHOWN: usize = 10;

/// The workflow commands of GitHub Actions, a line each: the first ten of each level, the tenth of which counts the rest. Paths are below `folder`,
/// the project's in its repository.
///
/// See "Workflow commands for GitHub Actions" in GitHub's documentation, and `toCommandValue` of its toolkit for what is escaped.
pub(crate) fn github(all: &[Annotation], folder: &str) -> String {
    let mut lines = String::new();
    for level in ["error", "warning"] {
        let of_level: Vec<&Annotation> = all.iter().filter(|one| one.level == level).collect();
        let shown = if of_level.len() > SHOWN { SHOWN - 1 } else { of_level.len() };
        for one in &of_level[..shown] {
            let place = one.problem.place.as_ref().map(|place| properties(place, folder)).unwrap_or_default();
            let _ = writeln!(lines, "::{level} {place}title=cloze::{}", data(&message(one)));
        }
        if shown < of_level.len() {
            let _ = writeln!(lines, "::{level} title=cloze::and {} more: see the log of this step", of_level.len() - shown);
        }
    }
    lines
}

fn properties(place: &Place, folder: &str) -> String {
    let mut text = format!("file={},", property(&path(place, folder)));
    if let Some(line) = line(place) {
        let _ = write!(text, "line={line},col={},", place.column.max(1));
    }
    text
}

/// A report of GitLab's Code Quality: the subset of the Code Climate specification that it reads.
pub(crate) fn gitlab(all: &[Annotation], folder: &str) -> Value {
    let one = |one: &Annotation| {
        let (path, line) = one.problem.place.as_ref().map_or_else(|| (nowhere(folder), None), |place| (path(place, folder), line(place)));
        json!({
            "description": message(one),
            "check_name": code(&one.problem),
            "fingerprint": fingerprint(one, &path),
            "severity": if one.level == "error" { "major" } else { "minor" },
            "location": { "path": path, "lines": { "begin": line.unwrap_or(1) } },
        })
    };
    all.iter().map(one).collect()
}

/// A log of the Static Analysis Results Interchange Format (SARIF 2.1.0, OASIS).
pub(crate) fn sarif(all: &[Annotation], folder: &str) -> Value {
    let location = |place: &Place| {
        let mut location = json!({ "artifactLocation": { "uri": uri(&path(place, folder)), "uriBaseId": "%SRCROOT%" } });
        if let Some(line) = line(place) {
            location["region"] = json!({ "startLine": line, "startColumn": place.column.max(1) });
        }
        json!({ "physicalLocation": location })
    };
    let result = |one: &Annotation| {
        let Problem { place, also, .. } = &one.problem;
        let path = place.as_ref().map(|place| path(place, folder)).unwrap_or_default();
        let mut result = json!({
            "ruleId": code(&one.problem),
            "level": one.level,
            "message": { "text": message(one) },
            // GitHub shows no result without a place.
            "locations": [place.as_ref().map_or_else(|| location(&Place::file("cloze.yaml")), location)],
            "partialFingerprints": { "cloze/v1": fingerprint(one, &path) },
        });
        if !also.is_empty() {
            result["relatedLocations"] = also.iter().map(location).collect();
        }
        result
    };
    let mut rules: Vec<&str> = all.iter().map(|one| code(&one.problem)).collect();
    rules.sort_unstable();
    rules.dedup();
    let rules: Vec<Value> = rules.into_iter().map(|id| json!({ "id": id })).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "cloze", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": all.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

/// The rule of the policy that is not kept to, or what kind of thing is wrong.
fn code(problem: &Problem) -> &str {
    problem.rule.as_ref().map_or_else(|| fault(problem.fault), |rule| rule.as_str())
}

/// What is wrong and what to do, in one text.
fn message(Annotation { problem, environment, .. }: &Annotation) -> String {
    let environment = environment.as_ref().map(|name| format!("environment {name}: ")).unwrap_or_default();
    let rendered = problem.place.as_ref().filter(|place| place.rendered).map(|place| format!("{place}: ")).unwrap_or_default();
    clean(&format!("{environment}{rendered}{}; {}", problem.reason, problem.next)).into_owned()
}

/// The line of a file; none where it is not known or is of what a template rendered to.
fn line(place: &Place) -> Option<u32> {
    (place.line > 0 && !place.rendered).then_some(place.line)
}

fn path(place: &Place, folder: &str) -> String {
    if folder.is_empty() { place.file.to_string() } else { format!("{folder}/{}", place.file) }
}

/// The file of a problem that is in none.
fn nowhere(folder: &str) -> String {
    path(&Place::file("cloze.yaml"), folder)
}

/// What a problem is known by in the next run, wherever its line has gone.
fn fingerprint(Annotation { level, problem, environment }: &Annotation, path: &str) -> String {
    let mut hash = Sha256::new();
    for part in [*level, path, &problem.reason, environment.as_deref().unwrap_or_default()] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finalize()[..16].iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The message of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    data(&clean(text)).replace(':', "%3A").replace(',', "%2C")
}

/// A relative path as a URI reference (RFC 3986).
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use cloze::place::Place;
    use cloze::problem::Fault;
    use cloze::problem::Problem;
    use serde_json::json;

    use super::Annotation;
    use super::github;
    use super::gitlab;
    use super::sarif;

    fn annotation(level: &'static str, place: Option<Place>, reason: &str) -> Annotation {
        let problem = Problem { place, ..Problem::new(Fault::Check, reason, "do it") };
        Annotation { level, problem, environment: None }
    }

    #[test]
    fn github_gets_commands_that_no_text_breaks() {
        let all = [
            annotation("warning", None, "100% new\nline"),
            annotation("error", Some(Place::new("a,b:c.yaml", 3, 7)), "wrong"),
            annotation("error", Some(Place::rendered("d.yaml", 9, 2)), "::error::x"),
        ];
        assert_eq!(
            github(&all, "deploy/shop"),
            "::error file=deploy/shop/a%2Cb%3Ac.yaml,line=3,col=7,title=cloze::wrong; do it\n\
             ::error file=deploy/shop/d.yaml,title=cloze::d.yaml (rendered):9:2: ::error::x; do it\n\
             ::warning title=cloze::100%25 new\\nline; do it\n"
        );
        let many: Vec<Annotation> = (0..25).map(|number| annotation("error", None, &number.to_string())).collect();
        let lines = github(&many, "");
        assert_eq!((lines.lines().count(), lines.lines().last()), (10, Some("::error title=cloze::and 16 more: see the log of this step")));
    }

    #[test]
    fn gitlab_gets_a_list() {
        let report = gitlab(&[annotation("warning", Some(Place::new("a.yaml", 3, 7)), "wrong"), annotation("error", None, "worse")], "");
        assert_eq!(report[0]["location"], json!({ "path": "a.yaml", "lines": { "begin": 3 } }));
        assert_eq!(
            json!([report[0]["severity"], report[0]["description"], report[1]["severity"], report[1]["location"]["path"]]),
            json!(["minor", "wrong; do it", "major", "cloze.yaml"])
        );
        let moved = gitlab(&[annotation("warning", Some(Place::new("a.yaml", 8, 1)), "wrong")], "");
        assert_eq!(report[0]["fingerprint"], moved[0]["fingerprint"]);
        assert_ne!(report[0]["fingerprint"], report[1]["fingerprint"]);
    }

    #[test]
    fn sarif_has_places_that_are_uris() {
        let mut one = annotation("error", Some(Place::new("a b.yaml", 3, 7)), "wrong");
        one.problem.also.push(Place::new("c.yaml", 1, 1));
        let log = sarif(&[one], "x");
        let result = &log["runs"][0]["results"][0];
        assert_eq!(
            result["locations"][0]["physicalLocation"],
            json!({ "artifactLocation": { "uri": "x/a%20b.yaml", "uriBaseId": "%SRCROOT%" }, "region": { "startLine": 3, "startColumn": 7 } })
        );
        assert_eq!(json!([result["ruleId"], result["level"], result["message"]["text"]]), json!(["check", "error", "wrong; do it"]));
        assert_eq!(result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"], "x/c.yaml");
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"], json!([{ "id": "check" }]));
    }
}
