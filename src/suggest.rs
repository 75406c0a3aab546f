//! The known word that was probably meant.

use strsim::osa_distance;

/// The word of `known` nearest to `written`, when it is near enough to be a slip: one edit in three characters, at most four. Folders and an
/// ending that it shares with a known one do not count among its characters: `acme/smtp` is not near `acme/jwt`, nor `nope.yaml` near `cloze.yaml`. The
/// first of equals. An edit is a character added, removed, changed, or swapped with its neighbour; case does not count.
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
        let word_lower = word.to_lowercase();
        let edits = osa_distance(&written, &word_lower);
        let own = length - shared_folders(&written, &word_lower) - shared_ending(&written, &word_lower);
        if edits <= allowed.min(own.div_ceil(3).clamp(1, 4)) {
            best = Some(word);
            if edits <= 1 {
                break;
            }
            allowed = edits - 1;
        }
    }
    best
}

/// How many characters two paths share up to their last common slash.
fn shared_folders(one: &str, other: &str) -> usize {
    let shared = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).map(|(one, _)| one);
    shared.enumerate().filter(|(_, character)| *character == '/').map(|(at, _)| at + 1).last().unwrap_or(0)
}

/// The length of the ending, such as `.yaml`, that two names share.
fn shared_ending(one: &str, other: &str) -> usize {
    let name = |path: &str| path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending.to_owned());
    match (name(one), name(other)) {
        (Some(one), Some(other)) if one == other => one.chars().count() + 1,
        _ => 0,
    }
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
    fn folders_in_common_make_no_names_alike() {
        let known = ["acme/jwt", "acme/db-password", "acme/prod/smtp"];
        assert_eq!(suggest("acme/smtp", known), None);
        assert_eq!(suggest("acme/tls", known), None);
        assert_eq!(suggest("acme/jtw", known), Some("acme/jwt"));
        assert_eq!(suggest("acme/db-pasword", known), Some("acme/db-password"));
        assert_eq!(suggest("acne/jwt", known), Some("acme/jwt"));
        assert_eq!(suggest("acme/prd/smtp", known), Some("acme/prod/smtp"));
    }

    #[test]
    fn an_ending_in_common_makes_no_names_alike() {
        let known = ["cloze.yaml", "values/dev.yaml", "config/app.json"];
        assert_eq!(suggest("nope.yaml", known), None);
        assert_eq!(suggest("values/qa.yaml", known), None);
        assert_eq!(suggest("close.yaml", known), Some("cloze.yaml"));
        assert_eq!(suggest("values/dve.yaml", known), Some("values/dev.yaml"));
        assert_eq!(suggest("config/app.jsn", known), Some("config/app.json"));
    }

    #[test]
    fn a_stranger_finds_none() {
        assert_eq!(suggest("replicas", ["values", "vaults", "namespace"]), None);
        assert_eq!(suggest("redis", ["app-config", "db"]), None);
        assert_eq!(suggest("x", []), None);
        assert_eq!(suggest(&"v".repeat(10_000), ["values"]), None);
    }
}
