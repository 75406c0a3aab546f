//! The known word that a mistyped one is nearest to.

/// The candidate with the fewest edits (insert, delete, replace, swap of neighbours) from `word`, when there are few enough that one
/// was probably meant. The first of equals.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(LONGEST).collect();
    let allowed = (word.len() / 3).clamp(1, 4);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let bound = best.map_or(allowed, |(edits, _)| edits - 1);
        if let Some(edits) = edits(&word, candidate, bound) {
            best = Some((edits, candidate));
            if edits <= 1 {
                break;
            }
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Characters of a word that are compared: the longest name that Kubernetes allows.
const LONGEST: usize = 253;

/// The optimal string alignment distance when it is at most `bound`.
fn edits(word: &[char], candidate: &str, bound: usize) -> Option<usize> {
    let other: Vec<char> = candidate.chars().take(LONGEST).collect();
    if word.len().abs_diff(other.len()) > bound {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (i, &a) in word.iter().enumerate() {
        let mut row = Vec::with_capacity(other.len() + 1);
        row.push(i + 1);
        for (j, &b) in other.iter().enumerate() {
            let mut least = (above[j] + usize::from(a != b)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a == other[j - 1] && word[i - 1] == b {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        if row.iter().min().is_some_and(|least| *least > bound) {
            return None;
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().filter(|edits| *edits <= bound)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant() {
        let known = ["app-config", "app-settings", "db"];
        assert_eq!(nearest("app-confg", known), Some("app-config"));
        assert_eq!(nearest("app-cofnig", known), Some("app-config"));
        assert_eq!(nearest("app-setting", known), Some("app-settings"));
        assert_eq!(nearest("bd", known), Some("db"));
        assert_eq!(nearest("app-config", known), Some("app-config"));
    }

    #[test]
    fn does_not_guess_wildly() {
        assert_eq!(nearest("redis", ["app-config", "db"]), None);
        assert_eq!(nearest("x", []), None);
    }
}
