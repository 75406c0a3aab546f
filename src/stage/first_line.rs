//! Scripts and documents whose first line must be the first of the file: an empty line before `#!` makes a kernel pass over it, one before
//! `<?php` is output, one before `<?xml` is an error.

use crate::blank::BlankText;
use crate::blank::Piece;
use crate::manifest::Mark;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::problem::Fault;
use crate::problem::Problem;

/// What must be at the very beginning of a file.
const OPENINGS: [&str; 3] = ["#!", "<?php", "<?xml"];

/// Takes the empty lines before such a beginning away from `text` that `source` rendered to, one for each line at the beginning of
/// `source` that holds nothing but a tag without output.
pub fn trim(source: &str, text: &mut String) {
    let tags = source.lines().map(str::trim).take_while(|line| is_silent(line)).count();
    if opening(text).is_some() {
        let blank = |line: &&str| line.trim().is_empty() && line.ends_with('\n');
        let trimmed = (0..tags)
            .fold(text.as_str(), |rest, _| rest.split_inclusive('\n').next().filter(blank).map_or(rest, |line| &rest[line.len()..]));
        *text = trimmed.to_owned();
    }
}

/// A warning for each value of a ConfigMap or Secret that has an empty line before such a beginning.
pub fn warnings(objects: &[Object<BlankText>]) -> Vec<Problem> {
    let mut warnings = Vec::new();
    for object in objects.iter().filter(|object| object.is_config_map() || object.is_secret()) {
        for field in ["data", "stringData"] {
            for entry in object.root.get(field).and_then(Node::as_map).unwrap_or_default() {
                let text = match &entry.node.value {
                    Value::Text(text) => text.as_str(),
                    Value::Leaf(BlankText { pieces }) => match pieces.first() {
                        Some(Piece::Text(text)) => text.as_str(),
                        _ => continue,
                    },
                    _ => continue,
                };
                if let Some(opening) = opening(text) {
                    let mark = if entry.node.mark == Mark::default() { entry.mark } else { entry.node.mark };
                    let reason = format!("`{}` of {} has an empty line before its `{opening}`", entry.key, object.identity);
                    let next = "end the tag on that line with `-%}`, which takes the line's end away, or remove the line";
                    warnings.push(Problem::new(Fault::Check, reason, next).at(object.place(mark)));
                }
            }
        }
    }
    warnings
}

/// The beginning that comes after empty lines, or lines of blanks.
fn opening(text: &str) -> Option<&'static str> {
    let rest = text.trim_start();
    OPENINGS.into_iter().find(|opening| text[..text.len() - rest.len()].ends_with('\n') && rest.starts_with(opening))
}

/// Whether a line is a statement or a comment, which has no output.
fn is_silent(line: &str) -> bool {
    (line.starts_with("{%") && line.ends_with("%}")) || (line.starts_with("{#") && line.ends_with("#}"))
}

#[cfg(test)]
mod tests {
    use super::trim;

    fn trimmed(source: &str, text: &str) -> String {
        let mut text = text.to_owned();
        trim(source, &mut text);
        text
    }

    #[test]
    fn a_tag_on_the_first_line_leaves_none_before_a_script() {
        assert_eq!(trimmed("{% raw %}\n#!/bin/sh\n{% endraw %}\n", "\n#!/bin/sh\n\n"), "#!/bin/sh\n\n");
        assert_eq!(trimmed("{% set a = 1 %}\r\n{# b #}\r\n<?xml?>", "\r\n\r\n<?xml?>"), "<?xml?>");
        assert_eq!(trimmed("  {% raw %}\n#!/bin/sh", "  \n#!/bin/sh"), "#!/bin/sh");
        assert_eq!(trimmed("{% if a %}\n<?php\n{% endif %}", "\n<?php\n"), "<?php\n");
    }

    #[test]
    fn any_other_text_stays_as_it_is() {
        assert_eq!(trimmed("\n#!/bin/sh", "\n#!/bin/sh"), "\n#!/bin/sh");
        assert_eq!(trimmed("{% raw %}\n\n#!/bin/sh{% endraw %}", "\n\n#!/bin/sh"), "\n#!/bin/sh");
        assert_eq!(trimmed("{% set a = 1 %}\nkey=value\n", "\nkey=value\n"), "\nkey=value\n");
        assert_eq!(trimmed("{{ a }}\n#!/bin/sh", "\n#!/bin/sh"), "\n#!/bin/sh");
    }
}
