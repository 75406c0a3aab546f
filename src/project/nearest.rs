//! The known word that was probably meant.

use strsim::osa_distance;

/// The word of `known` nearest to `written`, when it is near enough to be a slip: one edit in three characters, at most three.
/// An edit is a character added, removed, changed, or swapped with its neighbour; case does not count.
pub fn nearest<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let written = written.to_lowercase();
    let length = written.chars().count();
    if length > 64 {
        return None;
    }
    let allowed = length.div_ceil(3).min(3);
    known
        .into_iter()
        .map(|word| (osa_distance(&written, &word.to_lowercase()), word))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_word() {
        let known = ["values", "vaults", "namespace"];
        assert_eq!(nearest("vlaues", known), Some("values"));
        assert_eq!(nearest("vault", known), Some("vaults"));
        assert_eq!(nearest("nameSpace", known), Some("namespace"));
    }

    #[test]
    fn a_stranger_finds_none() {
        assert_eq!(nearest("replicas", ["values", "vaults", "namespace"]), None);
        assert_eq!(nearest(&"v".repeat(10_000), ["values"]), None);
    }
}
