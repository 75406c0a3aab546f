//! A recipe: what is beside a recorded manifest that holds secrets, so that it can be shown masked and filled again.

use serde::Deserialize;
use serde::Serialize;

use crate::blank::Blanks;
use crate::blank::Excerpt;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::stage::site::BlankSite;

/// How a recorded manifest came to be. Holds no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The recipe's format.
    format: u32,
    /// The manifest as a review shows it: for each value its source, version and fingerprint.
    pub review: String,
    /// Where the blanks are.
    #[serde(rename = "landings")]
    pub sites: Vec<BlankSite>,
    /// The blanks.
    pub blanks: Blanks,
}

impl Recipe {
    /// The recipe of an object with these sites, whose blanks are in `blanks`.
    pub fn new(review: String, sites: &[BlankSite], blanks: &Blanks) -> Self {
        let mut excerpt = Excerpt::default();
        let sites =
            sites.iter().map(|site| BlankSite { path: site.path.clone(), pieces: blanks.excerpt(&site.pieces, &mut excerpt) }).collect();
        Self { format: FORMAT, review, sites, blanks: excerpt.blanks }
    }

    /// The recipe in recorded bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Problem> {
        let recipe: Option<Self> = serde_json::from_slice(bytes).ok();
        recipe.filter(|recipe| recipe.format == FORMAT).ok_or_else(|| {
            Problem::new(
                Fault::History,
                "a recorded recipe has a form that this version of cloze does not know",
                "use the version of cloze that recorded it",
            )
        })
    }

    /// Its bytes, to be recorded.
    pub fn encode(&self) -> Box<[u8]> {
        serde_json::to_vec(self).unwrap_or_default().into_boxed_slice()
    }
}

/// The only format so far.
const FORMAT: u32 = 1;

#[cfg(test)]
mod tests {
    use super::Recipe;
    use crate::blank::Allow;
    use crate::blank::Blank;
    use crate::blank::Blanks;
    use crate::blank::Filter;
    use crate::blank::Piece;
    use crate::blank::SecretRef;
    use crate::blank::Source;
    use crate::place::Place;
    use crate::stage::path::Step;
    use crate::stage::site::BlankSite;

    #[test]
    fn carries_only_the_blanks_that_it_needs() {
        let mut blanks = Blanks::default();
        let ask = |name: &str| SecretRef { vault: "default".into(), name: name.into(), key: None, version: None };
        let vault = |name: &str| Source::Vault { ask: ask(name), allow: Allow::default() };
        let place = Place::new("a.yaml", 1, 2);
        blanks.add(Blank { place: place.clone(), source: vault("other") });
        let inner = blanks.add(Blank { place: place.clone(), source: vault("mine") });
        let source = Source::Derived { filter: Filter::Urlencode, input: vec![Piece::Blank(inner)] };
        let outer = blanks.add(Blank { place, source });
        let site = BlankSite { path: vec![Step::Key("stringData".into()), Step::Key("0".into())], pieces: vec![Piece::Blank(outer)] };
        let recipe = Recipe::new("text".into(), &[site], &blanks);
        assert_eq!(recipe.blanks.len(), 2);
        let back = Recipe::decode(&recipe.encode()).unwrap();
        assert_eq!(back, recipe);
        let Piece::Blank(id) = back.sites[0].pieces[0] else { panic!("a blank was put in") };
        assert_eq!(back.blanks.asks(id), [&ask("mine")]);
    }

    #[test]
    fn an_unknown_recipe_is_refused() {
        for bytes in [b"".as_slice(), b"{}", br#"{"format":2,"review":"","landings":[],"blanks":[]}"#] {
            let refused = Recipe::decode(bytes).unwrap_err();
            assert_eq!(refused.reason, "a recorded recipe has a form that this version of cloze does not know");
            assert_eq!(refused.next, "use the version of cloze that recorded it");
        }
    }
}
