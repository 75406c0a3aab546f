//! The known word that was probably meant.

use strsim::osa_distance;

/// The word of `known` nearest to `written`, when it is near enough to be a slip: one edit in three characters, at most four. The first of
/// equals. An edit is a character added, removed, changed, or swapped with its neighbour; case does not count.
pub fn suggest<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let written = written.to_lowercase();
    let length = written.chars().count();
    if length > LONGEST {
        return None;
    }
    let mut allowed = length.div_ceil(3).clamp(1, 4);
    let mut best = None;
    for word in known {
        if word.chars().count().abs_diff(length) > allowed {
            continue;
        }
        let edits = osa_distance(&written, &word.to_lowercase());
        if edits <= allowed {
            best = Some(word);
            if edits <= 1 {
                break;
            }
            allowed = edits - 1;
        }
    }
    best
}

/// Characters of a word that is compared: the longest name that Kubernetes allows.
const LONGEST: usize = 253;

#[cfg(test)]
mod tests {
    use super::suggest;

    #[test]
    fn a_slip_finds_its_word() {
        let known = ["values", "vaults", "namespace", "app-config", "app-settings", "db"];
        for (written, meant) in [("vlaues", "values"), ("vault", "vaults"), ("nameSpace", "namespace"), ("app-cofnig", "app-config")] {
            assert_eq!(suggest(written, known), Some(meant));
        }
        assert_eq!(suggest("app-setting", known), Some("app-settings"));
        assert_eq!(suggest("bd", known), Some("db"));
        assert_eq!(suggest("app-config", known), Some("app-config"));
    }

    #[test]
    fn a_stranger_finds_none() {
        assert_eq!(suggest("replicas", ["values", "vaults", "namespace"]), None);
        assert_eq!(suggest("redis", ["app-config", "db"]), None);
        assert_eq!(suggest("x", []), None);
        assert_eq!(suggest(&"v".repeat(10_000), ["values"]), None);
    }
}
