//! The unified diff of two texts.

use std::fmt::Write as _;

use similar::DiffTag;
use similar::algorithms::Capture;
use similar::algorithms::Compact;
use similar::algorithms::Replace;
use similar::algorithms::myers;
use similar::udiff::UnifiedHunkHeader;

/// Lines around a change.
const CONTEXT: usize = 3;

/// The lines that differ between the text `before`, called `old`, and the text `after`, called `new`, with three lines around them; empty for
/// equal texts.
///
/// By Myers' algorithm alone: the crate's function for texts takes each of its algorithms into the program, most of a minute of a release build.
pub(super) fn unified((old, before): (&str, &str), (new, after): (&str, &str)) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let mut changes = Compact::new(Replace::new(Capture::new()), &before, &after);
    let Ok(()) = myers::diff(&mut changes, &before, 0..before.len(), &after, 0..after.len());
    let mut text = String::new();
    for hunk in changes.into_inner().into_inner().into_grouped_ops(CONTEXT).into_iter().filter(|hunk| !hunk.is_empty()) {
        if text.is_empty() {
            let _ = writeln!(text, "--- {old}\n+++ {new}");
        }
        let _ = writeln!(text, "{}", UnifiedHunkHeader::new(&hunk));
        let mut lines = |sign, lines: &[&str]| {
            for line in lines {
                let _ = writeln!(text, "{sign}{}", line.trim_end_matches('\n'));
            }
        };
        for change in hunk {
            let (tag, removed, added) = change.as_tag_tuple();
            if tag == DiffTag::Equal {
                lines(' ', &before[removed]);
            } else {
                lines('-', &before[removed]);
                lines('+', &after[added]);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn equal_texts_have_no_diff() {
        assert_eq!(unified(("a", "x\n"), ("a", "x\n")), "");
    }

    #[test]
    fn a_change_has_three_lines_around_it() {
        let before: String = (1..=20).map(|number| format!("{number}\n")).collect();
        let after = before.replace("5\n", "five\n").replace("20\n", "").replace("\n18\n", "\n18\nmore\n");
        let expected = "--- a\n+++ b\n\
                        @@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n\
                        @@ -12,9 +12,9 @@\n 12\n 13\n 14\n-15\n+1five\n 16\n 17\n 18\n+more\n 19\n-20\n";
        assert_eq!(unified(("a", &before), ("b", &after)), expected);
    }

    #[test]
    fn what_is_new_or_gone_begins_at_line_0() {
        assert_eq!(unified(("nothing", ""), ("b", "x\ny\n")), "--- nothing\n+++ b\n@@ -0,0 +1,2 @@\n+x\n+y\n");
        assert_eq!(unified(("a", "x\n"), ("nothing", "")), "--- a\n+++ nothing\n@@ -1 +0,0 @@\n-x\n");
    }
}
