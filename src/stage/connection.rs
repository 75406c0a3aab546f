//! Blanks in connection strings: a value with a `;` in it would add a setting of its own there.

use crate::blank::BlankId;
use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::blank::Filter;
use crate::blank::Piece;
use crate::blank::Source;
use crate::manifest::Object;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::stage::derivation::Derivations;
use crate::stage::destination::visit;

/// A warning for each blank that is a value of `key=…;key=…` and is not quoted for it.
pub fn warnings(objects: &[Object<BlankText>], blanks: &Blanks) -> Vec<Problem> {
    let derivations = Derivations::of(blanks);
    let mut found = Vec::new();
    for object in objects {
        visit(object, &mut |occurrence| unquoted(&occurrence.cloze.pieces, &derivations, 0, &mut found));
    }
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(|id| warning(id, blanks)).collect()
}

fn warning(id: BlankId, blanks: &Blanks) -> Problem {
    let reason = format!("{} is part of a connection string, where a `;` in the value would add a setting", blanks.mask(id));
    Problem::new(Fault::Check, reason, "write `| connstr` at the blank, which quotes the value").at(blanks.get(id).place.clone())
}

/// Collects the blanks among `pieces`, and among what those are derived from, that are values of a connection string as they are.
fn unquoted(pieces: &[Piece], derivations: &Derivations<'_>, depth: usize, found: &mut Vec<BlankId>) {
    for (index, piece) in pieces.iter().enumerate() {
        let Piece::Blank(id) = piece else { continue };
        if !derivations.is_raw(*id) && carries_any(*id, derivations) && is_setting(pieces, index) {
            found.push(*id);
        }
        if let Source::Derived { input, .. } = &derivations.blanks().get(*id).source
            && input.len() > 1
            && depth < DEEPEST
        {
            unquoted(input, derivations, depth + 1, found);
        }
    }
}

/// Whether the blank's text can have a `;` in it.
fn carries_any(id: BlankId, derivations: &Derivations<'_>) -> bool {
    !matches!(derivations.outermost(id), Some((Filter::Connstr(_) | Filter::B64encode | Filter::Sha256 | Filter::Urlencode, _)))
}

/// Whether the blank at `index` is the value, or a part of the value, of a setting among several, within its own quotes or line.
fn is_setting(pieces: &[Piece], index: usize) -> bool {
    let mut before = String::new();
    for piece in pieces[..index].iter().rev() {
        let Piece::Text(text) = piece else {
            before.insert(0, 'x');
            continue;
        };
        let start = text.rfind(BOUNDARIES).map_or(0, |at| at + 1);
        before.insert_str(0, &text[start..]);
        if start > 0 {
            break;
        }
    }
    let mut after = String::new();
    for piece in &pieces[index + 1..] {
        let Piece::Text(text) = piece else {
            after.push('x');
            continue;
        };
        let end = text.find(BOUNDARIES);
        after.push_str(&text[..end.unwrap_or(text.len())]);
        if end.is_some() {
            break;
        }
    }
    let own = before.rsplit(';').next().unwrap_or_default();
    let others = before.split(';').rev().skip(1).chain(after.split(';').skip(1));
    is_key(own) && others.filter(|part| is_key(part)).count() > 0
}

/// Whether a part begins with `key=`.
fn is_key(part: &str) -> bool {
    part.split_once('=').is_some_and(|(key, _)| {
        let key = key.trim();
        key.starts_with(|first: char| first.is_ascii_alphabetic())
            && key.chars().all(|char| char.is_ascii_alphanumeric() || " _.-".contains(char))
    })
}

/// Characters at which a connection string ends in the files that it is written in.
const BOUNDARIES: [char; 5] = ['"', '\'', '<', '>', '\n'];

/// How deep derived texts are looked into.
const DEEPEST: usize = 8;

#[cfg(test)]
mod tests {
    use crate::blank::Blanks;
    use crate::blank::ConnectionStyle;
    use crate::blank::Filter;
    use crate::stage::connection::warnings;
    use crate::stage::sample::ask;
    use crate::stage::sample::cloze;
    use crate::stage::sample::derive;
    use crate::stage::sample::map;
    use crate::stage::sample::object;

    /// How many warnings there are for that text, whose blank goes through `filter`.
    fn count(text: &str, filter: Option<Filter>) -> usize {
        let mut blanks = Blanks::default();
        let id = ask(&mut blanks, "pw");
        let id = filter.map_or(id, |filter| derive(&mut blanks, filter, id));
        let ids = vec![id; text.matches('_').count()];
        warnings(&[object("Secret", vec![("stringData", map(vec![("a", cloze(text, &ids))]))])], &blanks).len()
    }

    #[test]
    fn a_bare_blank_in_a_connection_string_is_warned_of() {
        for text in [
            "Server=db;Database=app;User Id=app;Password=_",
            "Password=_;Server=db",
            "{\"ConnectionStrings\": {\"Main\": \"Host=db;Password=_;Pooling=true\"}, \"x\": \"y\"}",
            "<add connectionString=\"Data Source=db;Password=x_y\"/>\n",
            "jdbc:sqlserver://db:1433;user=sa;password=_",
            "DefaultEndpointsProtocol=https;AccountKey=_;EndpointSuffix=core.windows.net",
        ] {
            assert_eq!(count(text, None), 1, "{text}");
            assert_eq!(count(text, Some(Filter::Upper)), 1, "{text}");
            for filter in [Filter::Connstr(ConnectionStyle::AdoNet), Filter::Raw, Filter::B64encode, Filter::Urlencode] {
                assert_eq!(count(text, Some(filter.clone())), 0, "{filter}: {text}");
            }
        }
    }

    #[test]
    fn other_texts_are_not_warned_of() {
        for text in [
            "_",
            "PASSWORD=_\nHOST=db;x=1\n",
            "postgres://app:_@db/app",
            "a;b;c=_",
            "Password=_",
            "path: /a;x=1\nkey: _",
            "\"a=1;b=2\" k=_",
        ] {
            assert_eq!(count(text, None), 0, "{text}");
        }
    }

    #[test]
    fn the_warning_names_the_blank_and_the_filter() {
        let mut blanks = Blanks::default();
        let id = ask(&mut blanks, "pw");
        let text = vec![("a", cloze("Server=db;Password=_", &[id]))];
        let told = warnings(&[object("Secret", vec![("stringData", map(text))])], &blanks);
        assert_eq!(
            format!("{}; {}", told[0], told[0].next),
            "t.yaml:1:1: <secret default/pw> is part of a connection string, where a `;` in the value would add a setting; \
             write `| connstr` at the blank, which quotes the value"
        );
    }
}
