//! Blanks in connection strings and URLs: a value with a `;` or a `@` in it would add a setting or another host there.

use crate::blank::BlankId;
use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::blank::Filter;
use crate::blank::Piece;
use crate::blank::Source;
use crate::manifest::Object;
use crate::parallel::find;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::stage::derivation::Derivations;
use crate::stage::destination::visit;

/// A warning for each blank that is a part of a connection string or a URL and is not quoted for it.
pub fn warnings(objects: &[Object<BlankText>], blanks: &Blanks) -> Vec<Problem> {
    let derivations = Derivations::of(blanks);
    let unquoted = |object: &_, found: &mut _| visit(object, &mut |occurrence| unquoted(&occurrence.cloze.pieces, &derivations, 0, found));
    let mut found = find(objects, unquoted);
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(|(id, dialect)| warning(id, dialect, blanks)).collect()
}

/// How what a blank is a part of is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Dialect {
    /// `Key=value;…` as .NET reads it.
    AdoNet,
    /// `Key=value;…` with braces as quotes.
    Odbc,
    /// `Key=value;…` of a JDBC driver without quotes.
    Jdbc,
    /// `key=value …` of `PostgreSQL`.
    Libpq,
    /// `host:port,key=value,…` of `StackExchange.Redis`.
    Redis,
    /// The userinfo or the query of a URL.
    Url,
}

impl Dialect {
    /// What the blank is part of, and what to do.
    fn words(self) -> (&'static str, &'static str) {
        let settings = "a connection string, where a `;` in the value would add a setting";
        match self {
            Self::AdoNet => (settings, "write `| connstr` at the blank, which quotes the value"),
            Self::Odbc => (settings, "write `| connstr(style=\"odbc\")` at the blank, which quotes the value in braces"),
            Self::Jdbc => (settings, "give the value to the driver as a property of its own, since its URL knows no quotes"),
            Self::Libpq => (
                "a connection string, where white space in the value would add a setting",
                "write `| connstr(style=\"libpq\")` at the blank, which quotes the value",
            ),
            Self::Redis => (
                "a connection string, where a `,` in the value would add a setting",
                "give the value to the application as a setting of its own, since there are no quotes here",
            ),
            Self::Url => ("a URL, which characters such as `@`, `/` and `&` in the value would change", "write `| urlencode` at the blank"),
        }
    }

    /// The dialect in which a blank that has this before and behind it is a value, within its own quotes or line.
    fn of(before: &str, after: &str) -> Option<Self> {
        let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
        let rest = after.split(char::is_whitespace).next().unwrap_or_default();
        if is_of_url(word, rest) {
            return Some(Self::Url);
        }
        let last = before.rsplit_once(';').filter(|(before, last)| before.contains("jdbc:") && is_key(last));
        if last.is_some() || is_setting(before, after, ';', is_key) {
            let all = format!("{before};{after}").to_ascii_lowercase();
            let key = before.rsplit(';').next().and_then(|own| own.split_once('=')).map_or("", |(key, _)| key.trim());
            return match all.find("jdbc:").map(|at| &all[at..]) {
                Some(url) if url.starts_with("jdbc:sqlserver:") => Some(Self::Odbc),
                Some(_) => Some(Self::Jdbc),
                None if ["driver=", "dsn="].iter().any(|key| all.split(';').any(|part| part.trim_start().starts_with(key))) => {
                    Some(Self::Odbc)
                }
                // Keys and signatures of Azure have no `;`, and what reads them there knows no quotes.
                None if key.starts_with("Account") || key.starts_with("SharedAccess") => None,
                None => Some(Self::AdoNet),
            };
        }
        if is_setting(before, after, ' ', |part| part.split_once('=').is_some_and(|(key, _)| LIBPQ.contains(&key))) {
            return Some(Self::Libpq);
        }
        let host =
            |part: &str| part.split_once(':').is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
        let own = word.rsplit(',').next().unwrap_or_default();
        (own.starts_with("password=") && word.split(',').next().is_some_and(host)).then_some(Self::Redis)
    }
}

fn warning(id: BlankId, dialect: Dialect, blanks: &Blanks) -> Problem {
    let (whole, next) = dialect.words();
    Problem::new(Fault::Check, format!("{} is part of {whole}", blanks.mask(id)), next).at(blanks.get(id).place.clone())
}

/// Collects the blanks among `pieces`, and among what those are derived from, that are values of a connection string as they are.
fn unquoted(pieces: &[Piece], derivations: &Derivations<'_>, depth: usize, found: &mut Vec<(BlankId, Dialect)>) {
    for (index, piece) in pieces.iter().enumerate() {
        let Piece::Blank(id) = piece else { continue };
        if !derivations.is_raw(*id) && carries_any(*id, derivations) {
            let (before, after) = around(pieces, index);
            found.extend(Dialect::of(&before, &after).map(|dialect| (*id, dialect)));
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

/// The text before and behind the blank at `index`, within its own quotes or line; `x` is another blank.
fn around(pieces: &[Piece], index: usize) -> (String, String) {
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
    (before, after)
}

/// Whether a blank is the value, or a part of the value, of a setting among several.
fn is_setting(before: &str, after: &str, separator: char, is_key: impl Fn(&str) -> bool) -> bool {
    let own = before.rsplit(separator).next().unwrap_or_default();
    let mut others = before.split(separator).rev().skip(1).chain(after.split(separator).skip(1));
    is_key(own) && others.any(is_key)
}

/// Whether a part begins with `key=`.
fn is_key(part: &str) -> bool {
    part.split_once('=').is_some_and(|(key, _)| {
        let key = key.trim();
        key.starts_with(|first: char| first.is_ascii_alphabetic())
            && key.chars().all(|char| char.is_ascii_alphanumeric() || " _.-".contains(char))
    })
}

/// Whether a blank is in the userinfo of a URL or the value of a part of its query.
fn is_of_url(before: &str, after: &str) -> bool {
    let Some((_, path)) = before.rsplit_once("://") else { return false };
    match path.find(['/', '?', '#']) {
        None => after[..after.find(['/', '?', '#']).unwrap_or(after.len())].contains('@'),
        // Of `;` the drivers' own settings are made.
        Some(_) => path.rsplit_once('?').is_some_and(|(_, query)| query.rsplit('&').next().is_some_and(is_key) && !query.contains(';')),
    }
}

/// Keywords of libpq that go with a password ("Parameter Key Words").
const LIBPQ: [&str; 9] = ["dbname", "host", "hostaddr", "passfile", "password", "port", "sslmode", "sslpassword", "user"];

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
            "host=db password=_ user=u",
            "redis:6379,password=_,ssl=True",
            "redis://:_@cache:6379",
        ] {
            assert_eq!(count(text, None), 1, "{text}");
            assert_eq!(count(text, Some(Filter::Upper)), 1, "{text}");
            for filter in [Filter::Connstr(ConnectionStyle::AdoNet), Filter::Raw, Filter::B64encode, Filter::Urlencode] {
                assert_eq!(count(text, Some(filter.clone())), 0, "{filter}: {text}");
            }
        }
    }

    #[test]
    fn the_advice_is_what_the_reader_of_the_text_knows() {
        let next = |text: &str| {
            let mut blanks = Blanks::default();
            let id = ask(&mut blanks, "pw");
            let found = warnings(&[object("Secret", vec![("stringData", map(vec![("a", cloze(text, &[id]))]))])], &blanks);
            found.first().map(|problem| problem.next.clone())
        };
        for (texts, part) in [
            (["Server=db;Password=_", "Data Source=db; Password=_;Pooling=true", "Password=_;Host=db"].as_slice(), "| connstr`"),
            (
                &["jdbc:sqlserver://db;user=u;password=_", "Driver={ODBC Driver 18 for SQL Server};Server=db;PWD=_", "DSN=db;UID=u;PWD=_;"],
                "| connstr(style=\"odbc\")`",
            ),
            (&["jdbc:db2://db:50000/x:user=u;password=_;", "jdbc:h2:mem:x;USER=u;PASSWORD=_"], "a property of its own"),
            (&["host=db password=_ user=u", "user=u password=_ sslmode=require"], "| connstr(style=\"libpq\")`"),
            (&["redis:6379,password=_,ssl=True"], "a setting of its own"),
            (
                &[
                    "postgres://u:_@db/app",
                    "url: redis://:_@cache:6379",
                    "amqps://u:_@mq/",
                    "mongodb+srv://u:_@h/?a=b",
                    "https://u:_@git/x.git",
                    "https://_@git/x.git",
                    "jdbc:postgresql://db/app?user=u&password=_",
                ],
                "| urlencode`",
            ),
        ] {
            for text in texts {
                assert!(next(text).is_some_and(|next| next.contains(part)), "{text}: {:?}", next(text));
            }
        }
    }

    #[test]
    fn other_texts_are_not_warned_of() {
        for text in [
            "_",
            "PASSWORD=_\nHOST=db;x=1\n",
            "postgres://db/_",
            "https://hooks/_/x@y",
            "u:_@tcp(db:3306)/app",
            "DefaultEndpointsProtocol=https;AccountKey=_;EndpointSuffix=core.windows.net",
            "Endpoint=sb://x/;SharedAccessKeyName=a;SharedAccessKey=_",
            "username=u password=_",
            "a,password=_",
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
        let found = warnings(&[object("Secret", vec![("stringData", map(text))])], &blanks);
        assert_eq!(
            format!("{}; {}", found[0], found[0].next),
            "t.yaml:1:1: <secret default/pw> is part of a connection string, where a `;` in the value would add a setting; \
             write `| connstr` at the blank, which quotes the value"
        );
    }
}
