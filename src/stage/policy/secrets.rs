//! What a policy asks of secrets.

use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::blank::SecretRef;
use crate::manifest::Object;
use crate::stage::destination::visit;
use crate::stage::literal::literal_keys;
use crate::stage::policy::violation::Violation;

/// The values of a Secret that its template writes out.
pub(super) fn literals(object: &Object<BlankText>) -> Vec<Violation> {
    let violation = |(key, mark)| Violation {
        place: object.place(mark),
        reason: format!("the value of `{key}` is written out, and anyone who reads the project can read it"),
        next: "move it to a vault and write `secret(…)`".to_owned(),
    };
    literal_keys(object).into_iter().map(violation).collect()
}

/// The secrets of other vaults than `vaults`, or whose names begin with none of `prefixes`.
pub(super) fn others(object: &Object<BlankText>, blanks: &Blanks, vaults: &[String], prefixes: &[String]) -> Vec<Violation> {
    let mut found = Vec::new();
    visit(object, &mut |occurrence| {
        for id in occurrence.cloze.blanks() {
            for ask in blanks.asks(id) {
                if let Some((what, allowed)) = refused(ask, vaults, prefixes) {
                    found.push(Violation {
                        place: blanks.get(id).place.clone(),
                        reason: format!("the secret {ask} {what}"),
                        next: format!("ask for {allowed}"),
                    });
                }
            }
        }
    });
    found
}

/// What is wrong with a secret, and which ones are allowed.
fn refused(ask: &SecretRef, vaults: &[String], prefixes: &[String]) -> Option<(&'static str, String)> {
    let listed = |words: &[String]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ");
    if !vaults.is_empty() && !vaults.contains(&ask.vault) {
        return Some(("is in a vault that is not allowed", format!("one of vault {}", listed(vaults))));
    }
    if !prefixes.is_empty() && !prefixes.iter().any(|prefix| ask.name.starts_with(prefix.as_str())) {
        return Some(("has a name that is not allowed", format!("one whose name begins with {}", listed(prefixes))));
    }
    None
}
