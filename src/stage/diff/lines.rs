//! How two texts differ, line by line.

use std::hash::Hash;

use similar::DiffOp;
use similar::DiffTag;
use similar::algorithms::Capture;
use similar::algorithms::Compact;
use similar::algorithms::Replace;
use similar::algorithms::myers;
use similar::group_diff_ops;

/// Lines around a change.
const CONTEXT: usize = 3;

/// A part of the lines of two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line<'t> {
    /// A part of the texts begins, at that line of the text before and of the one after, from 1.
    Hunk(usize, usize),
    /// Both have it.
    Same(&'t str),
    /// Only the text before has it.
    Removed(&'t str),
    /// Only the text after has it.
    Added(&'t str),
    /// The line before this has no line feed at its end.
    Unended,
}

/// The lines that differ, with three lines around them; none for equal texts. They have no line feed at their end.
pub(super) fn lines<'t>(before: &'t str, after: &'t str) -> Vec<Line<'t>> {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let mut found = Vec::new();
    for hunk in group_diff_ops(changes(&before, &after), CONTEXT) {
        let Some(first) = hunk.first() else { continue };
        found.push(Line::Hunk(first.old_range().start + 1, first.new_range().start + 1));
        for change in hunk {
            let (tag, removed, added) = change.as_tag_tuple();
            if tag == DiffTag::Equal {
                found.extend(before[removed].iter().map(|line| Line::Same(bare(line))));
            } else {
                for line in &before[removed] {
                    found.push(Line::Removed(bare(line)));
                    found.extend(is_unended(line).then_some(Line::Unended));
                }
                for line in &after[added] {
                    found.push(Line::Added(bare(line)));
                    found.extend(is_unended(line).then_some(Line::Unended));
                }
            }
        }
    }
    found
}

/// What makes `after` of `before`, by the place.
///
/// By Myers' algorithm alone: the crate's own functions take each of its algorithms into the program, most of a minute of a release build.
pub(super) fn changes<T: Hash + Eq>(before: &[T], after: &[T]) -> Vec<DiffOp> {
    let mut changes = Compact::new(Replace::new(Capture::new()), before, after);
    let Ok(()) = myers::diff(&mut changes, before, 0..before.len(), after, 0..after.len());
    changes.into_inner().into_inner().into_ops()
}

fn is_unended(line: &str) -> bool {
    !line.ends_with('\n')
}

fn bare(line: &str) -> &str {
    line.strip_suffix('\n').unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::Line::Added;
    use super::Line::Hunk;
    use super::Line::Removed;
    use super::Line::Same;
    use super::Line::Unended;
    use super::lines;

    #[test]
    fn equal_texts_have_no_lines() {
        assert_eq!(lines("x\n", "x\n"), []);
    }

    #[test]
    fn a_change_has_three_lines_around_it() {
        let before: String = (1..=20).map(|number| format!("{number}\n")).collect();
        let after = before.replace("\n5\n", "\nfive\n").replace("20\n", "");
        let expected = [
            Hunk(2, 2),
            Same("2"),
            Same("3"),
            Same("4"),
            Removed("5"),
            Added("five"),
            Same("6"),
            Same("7"),
            Same("8"),
            Hunk(17, 17),
            Same("17"),
            Same("18"),
            Same("19"),
            Removed("20"),
        ];
        assert_eq!(lines(&before, &after), expected);
    }

    #[test]
    fn what_is_new_or_gone_has_no_lines_around_it() {
        assert_eq!(lines("", "x\ny\n"), [Hunk(1, 1), Added("x"), Added("y")]);
        assert_eq!(lines("x\n", ""), [Hunk(1, 1), Removed("x")]);
        assert_eq!(lines("x", "x\n"), [Hunk(1, 1), Removed("x"), Unended, Added("x")]);
    }
}
