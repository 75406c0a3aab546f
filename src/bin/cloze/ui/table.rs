//! Tables as kubectl prints them: a heading in capitals, columns with two spaces between them, nothing drawn.

use crate::ui::clean;

/// What a column of a row says.
#[derive(Debug)]
pub(crate) enum Cell {
    /// One thing, which is shown whole where there is room.
    Text(String),
    /// Several things, of which as many are shown as there is room for.
    List(Vec<String>),
}

/// The rows under their heading, no wider than `width` characters where there is one. No line ends with a space.
pub(crate) fn table(heading: &[&str], rows: &[Vec<Cell>], width: Option<usize>) -> String {
    let least: Vec<usize> = heading.iter().map(|word| word.len()).collect();
    let widths = widths(&least, rows, width);
    let heading: Vec<Cell> = heading.iter().map(|&word| Cell::Text(word.to_owned())).collect();
    [&heading].into_iter().chain(rows).map(|row| format!("{}\n", line(row, &widths))).collect()
}

/// The rows alone. A column with nothing in it takes no room.
pub(crate) fn rows(rows: &[Vec<Cell>], width: Option<usize>) -> Vec<String> {
    let least = vec![0; rows.iter().map(Vec::len).max().unwrap_or_default()];
    let widths = widths(&least, rows, width);
    rows.iter().map(|row| line(row, &widths)).collect()
}

fn line(row: &[Cell], widths: &[usize]) -> String {
    let cells = row.iter().zip(widths).filter(|(_, width)| **width > 0);
    let padded: Vec<String> = cells.map(|(cell, width)| format!("{:<width$}", written(cell, *width))).collect();
    padded.join(&" ".repeat(GAP)).trim_end().to_owned()
}

/// How wide each column is: as what is in it and at least `least`, but for what there is no room for.
fn widths(least: &[usize], rows: &[Vec<Cell>], width: Option<usize>) -> Vec<usize> {
    let natural = |column: usize| {
        let widest = rows.iter().map(|row| row.get(column).map_or(0, |cell| written(cell, usize::MAX).chars().count())).max();
        widest.unwrap_or(0).max(least[column])
    };
    let mut widths: Vec<usize> = (0..least.len()).map(natural).collect();
    let gaps = GAP * widths.iter().filter(|width| **width > 0).count().saturating_sub(1);
    let mut over = width.map_or(0, |width| (widths.iter().sum::<usize>() + gaps).saturating_sub(width));
    // Lists give way first, and the widest column before others.
    let is_list = |column: usize| rows.iter().any(|row| matches!(row.get(column), Some(Cell::List(_))));
    for (lists, narrowest) in [(true, LIST), (false, LEAST), (true, LEAST)] {
        let mut columns: Vec<usize> = (0..widths.len()).filter(|column| is_list(*column) == lists).collect();
        while over > 0 {
            columns.retain(|column| widths[*column] > narrowest.max(least[*column]));
            let Some(widest) = columns.iter().copied().max_by_key(|column| widths[*column]) else { break };
            widths[widest] -= 1;
            over -= 1;
        }
    }
    widths
}

/// Spaces between columns.
const GAP: usize = 2;
/// How narrow columns of lists get at first, and all columns after that.
const LIST: usize = 12;
const LEAST: usize = 10;

fn written(cell: &Cell, room: usize) -> String {
    match cell {
        Cell::Text(text) => cut(&clean(text), room),
        Cell::List(items) => fold(items, room),
    }
}

/// The text, with its middle left out where there is no room for all of it.
pub(crate) fn cut(text: &str, room: usize) -> String {
    let count = text.chars().count();
    if count <= room {
        return text.to_owned();
    }
    let kept = room.saturating_sub(1);
    let (head, tail) = (kept.div_ceil(2), kept / 2);
    text.chars().take(head).chain(['…']).chain(text.chars().skip(count - tail)).collect()
}

/// The first items, and how many more there are.
fn fold(items: &[String], room: usize) -> String {
    let all: Vec<String> = items.iter().map(|item| clean(item).into_owned()).collect();
    let first = |shown: usize| match all.len() - shown {
        0 => all.join(", "),
        rest => format!("{} +{rest}", all[..shown].join(", ")),
    };
    if let Some(text) = (1..=all.len()).rev().map(first).find(|text| text.chars().count() <= room) {
        return text;
    }
    let Some(one) = all.first() else { return String::new() };
    let rest = if all.len() > 1 { format!(" +{}", all.len() - 1) } else { String::new() };
    format!("{}{rest}", cut(one, room.saturating_sub(rest.len())))
}

#[cfg(test)]
mod tests {
    use super::Cell;
    use super::cut;
    use super::table;

    fn rows() -> Vec<Vec<Cell>> {
        let list = |items: &[&str]| Cell::List(items.iter().map(|&item| item.to_owned()).collect());
        vec![
            vec![Cell::Text("db\u{1b}".to_owned()), list(&["Secret/web", "Deployment/web", "CronJob/nightly-report"]), list(&[])],
            vec![Cell::Text("api-token".to_owned()), list(&["Secret/api"]), list(&["templates/secrets.yaml:14"])],
        ]
    }

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        assert_eq!(
            table(&["SECRET", "USED BY", "WHERE"], &rows(), None),
            "\
SECRET     USED BY                                             WHERE
db\\u{1b}   Secret/web, Deployment/web, CronJob/nightly-report
api-token  Secret/api                                          templates/secrets.yaml:14
"
        );
    }

    #[test]
    fn a_narrow_terminal_folds_lists_before_it_cuts_texts() {
        assert_eq!(
            table(&["SECRET", "USED BY", "WHERE"], &rows(), Some(60)),
            "\
SECRET     USED BY                   WHERE
db\\u{1b}   Secret/web +2
api-token  Secret/api                templates/s…ets.yaml:14
"
        );
        for width in 40..120 {
            let shown = table(&["SECRET", "USED BY", "WHERE"], &rows(), Some(width));
            assert!(shown.lines().all(|line| line.chars().count() <= width), "{width}:\n{shown}");
        }
    }

    #[test]
    fn what_is_cut_keeps_both_ends() {
        assert_eq!([cut("abcdef", 6), cut("abcdef", 5), cut("abcdef", 2), cut("abcdef", 1)], ["abcdef", "ab…ef", "a…", "…"]);
    }
}
