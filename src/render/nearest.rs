//! The nearest known name to one that is not known.

/// The candidate with the fewest edits (Damerau-Levenshtein, optimal string alignment), if it is near enough to be meant.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > 64 {
        return None;
    }
    let limit = name.chars().count() / 3 + 1;
    let known = candidates.into_iter().filter(|candidate| candidate.len() <= 64);
    let near = known.map(|candidate| (distance(name, candidate), candidate)).filter(|(distance, _)| *distance <= limit);
    near.min().map(|(_, candidate)| candidate)
}

/// Edits between two names: a letter put in, left out or changed, or two neighbours swapped.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let one = changed.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                if swapped { one.min(rows[i - 2][j - 2] + 1) } else { one }
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_a_slip_and_refuses_a_guess() {
        assert_eq!(nearest("nmae", ["image", "key", "name", "namespace"]), Some("name"));
        assert_eq!(nearest("versoin", ["vault", "version"]), Some("version"));
        assert_eq!(nearest("replicas", ["image", "host"]), None);
    }
}
