//! The nearest known name to one that is not known.

/// The candidate with the fewest edits (Levenshtein), if it is near enough to be meant.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > 64 {
        return None;
    }
    let limit = name.chars().count() / 3 + 1;
    let known = candidates.into_iter().filter(|candidate| candidate.len() <= 64);
    let near = known.map(|candidate| (distance(name, candidate), candidate)).filter(|(distance, _)| *distance <= limit);
    near.min().map(|(_, candidate)| candidate)
}

fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, right) in b.iter().enumerate() {
            let cost = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_a_slip_and_refuses_a_guess() {
        assert_eq!(nearest("nmae", ["key", "name", "namespace"]), Some("name"));
        assert_eq!(nearest("versoin", ["vault", "version"]), Some("version"));
        assert_eq!(nearest("replicas", ["image", "host"]), None);
    }
}
