//! Values that the command line sets: which of them a project does not know, and what a release keeps of them.

use std::collections::BTreeSet;

use crate::blank::BlankText;
use crate::history::RecordedFile;
use crate::manifest::Object;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::Origin;
use crate::project::ResolvedSetting;
use crate::project::Values;
use crate::render::Template;
use crate::render::mentions;
use crate::seal::Keys;
use crate::stage::literal::literals;
use crate::suggest::suggest;

/// A value that the command line set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assigned {
    /// Its path, such as `image.tag`.
    pub(crate) path: String,
    /// The value as JSON.
    pub(crate) value: String,
    /// The flag that set it.
    pub(crate) flag: &'static str,
    /// Whether a values file has the same path.
    pub(crate) is_known: bool,
}

/// The values that the command line set.
pub(crate) fn assigned(values: &Values) -> Vec<Assigned> {
    let one = |ResolvedSetting { key, value, origin, overridden }| match origin {
        Origin::Flag(flag @ ("--set" | "--set-string")) => {
            let is_known = overridden.iter().any(|(_, origin)| !matches!(origin, Origin::Flag("--set" | "--set-string")));
            Some(Assigned { path: key.strip_prefix("values.").unwrap_or(&key).to_owned(), value, flag, is_known })
        }
        _ => None,
    };
    values.effective().into_iter().filter_map(one).collect()
}

/// Warnings for the values that neither a values file nor a tag of a template knows.
pub(crate) fn unknown<'t>(assigned: &[Assigned], values: &Values, templates: impl IntoIterator<Item = &'t Template>) -> Vec<Problem> {
    let fresh: Vec<&Assigned> = assigned.iter().filter(|assigned| !assigned.is_known).collect();
    if fresh.is_empty() {
        return Vec::new();
    }
    let mut mentioned: BTreeSet<String> =
        templates.into_iter().flat_map(|template| mentions(&template.text)).map(|path| path.join(".")).collect();
    let reads_all = mentioned.remove("");
    let reads = |path: &str| {
        let within = |outer: &str, inner: &str| inner == outer || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
        let is_read = |mention: &String| within(mention, path) || within(path, mention);
        reads_all || mentioned.iter().any(is_read)
    };
    let fresh: Vec<&Assigned> = fresh.into_iter().filter(|assigned| !reads(&assigned.path)).collect();
    let named = values.effective().into_iter().map(|setting| setting.key.strip_prefix("values.").unwrap_or(&setting.key).to_owned());
    mentioned.extend(named.filter(|name| !fresh.iter().any(|assigned| assigned.path == *name)));
    let warn = |Assigned { path, flag, .. }: &Assigned| {
        let next = match suggest(path, mentioned.iter().map(String::as_str)) {
            Some(known) => format!("write `{known}` if that is meant, or leave it out"),
            None => "correct the path, or leave it out".to_owned(),
        };
        Problem::new(Fault::Project, format!("no template and no values file knows `{path}` of `{flag}`"), next)
    };
    fresh.into_iter().map(warn).collect()
}

/// What a release keeps of the values: a keyed digest of each, and its text where it is not a secret as far as can be seen.
pub(crate) fn recorded(assigned: &[Assigned], objects: &[Object<BlankText>], keys: &Keys) -> Vec<RecordedFile> {
    if assigned.is_empty() {
        return Vec::new();
    }
    let literals = literals(objects);
    let is_literal = |text: &str| literals.iter().any(|literal| literal.expose().windows(text.len()).any(|part| part == text.as_bytes()));
    let one = |Assigned { path, value, flag, .. }: &Assigned| {
        let digest = keys.fingerprint(&[b"assigned", path.as_bytes(), value.as_bytes()]);
        let is_open =
            value.len() <= LONGEST_TEXT && !names_a_secret(path) && !texts(value).iter().any(|text| is_literal(text) || looks_secret(text));
        let path = path.replace('=', "\\=");
        RecordedFile { path: if is_open { format!("{flag} {path}={value}") } else { format!("{flag} {path}") }, digest }
    };
    assigned.iter().map(one).collect()
}

/// The path and the text of a recorded value that the command line set; `None` for a file.
pub(crate) fn read_recorded(recorded: &RecordedFile) -> Option<(String, Option<String>)> {
    let rest = ["--set ", "--set-string "].iter().find_map(|flag| recorded.path.strip_prefix(flag))?;
    let equals = rest.match_indices('=').find(|(at, _)| !rest[..*at].ends_with('\\'));
    let (path, value) = match equals {
        Some((at, _)) => (&rest[..at], Some(rest[at + 1..].to_owned())),
        None => (rest, None),
    };
    Some((path.replace("\\=", "="), value))
}

/// The scalars of a value that could hold a secret.
fn texts(value: &str) -> Vec<String> {
    fn collect(value: serde_json::Value, texts: &mut Vec<String>) {
        match value {
            serde_json::Value::String(text) if !text.is_empty() => texts.push(text),
            serde_json::Value::Number(number) => texts.push(number.to_string()),
            serde_json::Value::Array(items) => items.into_iter().for_each(|item| collect(item, texts)),
            serde_json::Value::Object(map) => map.into_iter().for_each(|(_, item)| collect(item, texts)),
            _ => {}
        }
    }
    let mut texts = Vec::new();
    collect(serde_json::from_str(value).unwrap_or_default(), &mut texts);
    texts
}

/// Whether a text in a field of that name may be a secret, as far as can be seen.
pub(crate) fn may_be_secret(name: &str, text: &str) -> bool {
    names_a_secret(name) || looks_secret(text)
}

/// Whether a step of a path is called as secrets are. `author` and `tokenizer` pass for secrets, too: a text that is missing from a record does
/// less harm than one that is in it.
fn names_a_secret(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    SECRETIVE.iter().any(|word| path.contains(word))
}

/// Parts of names that secrets have.
const SECRETIVE: [&str; 30] = [
    "auth",
    "bearer",
    "cert",
    "connection",
    "cookie",
    "credential",
    "crypt",
    "dsn",
    "hmac",
    "jwt",
    "key",
    "licen",
    "login",
    "mnemonic",
    "otp",
    "pass",
    "pem",
    "pin",
    "private",
    "psk",
    "pw",
    "salt",
    "sas",
    "secret",
    "seed",
    "session",
    "sign",
    "token",
    "webhook",
    "x509",
];

/// Whether a text looks like a secret, whatever it is called: an address with a password, a key in PEM, a JSON Web Token, a connection string, or
/// letters of both cases and digits without end.
fn looks_secret(text: &str) -> bool {
    let in_address = text.split_once("://").is_some_and(|(_, rest)| rest.split('/').next().unwrap_or_default().contains('@'));
    let is_word = |character: char| character.is_ascii_alphanumeric() || matches!(character, '+' | '/' | '=' | '_' | '-');
    let is_random = |word: &str| {
        let has = |kind: fn(&char) -> bool| word.chars().any(|character| kind(&character));
        word.len() >= 20 && has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase) && has(char::is_ascii_digit)
    };
    let is_connection = text.contains(';') && text.matches('=').count() > 1;
    in_address || is_connection || text.contains("-----BEGIN") || text.starts_with("eyJ") || text.split(|c| !is_word(c)).any(is_random)
}

/// Bytes of a value whose text is kept.
const LONGEST_TEXT: usize = 256;

#[cfg(test)]
mod tests {
    use super::Assigned;
    use super::read_recorded;
    use super::recorded;
    use crate::history::RecordedFile;
    use crate::seal::Keys;

    fn kept(path: &str, value: &str) -> (String, Option<String>) {
        let assigned = Assigned { path: path.to_owned(), value: value.to_owned(), flag: "--set", is_known: true };
        let keys = Keys::fresh(&crate::clock::Machine);
        read_recorded(&recorded(&[assigned], &[], &keys)[0]).unwrap()
    }

    #[test]
    fn the_text_is_kept_unless_it_may_be_a_secret() {
        assert_eq!(kept("image.tag", "\"1.5.0\""), ("image.tag".to_owned(), Some("\"1.5.0\"".to_owned())));
        assert_eq!(kept("a=b.c", "\"d=e\""), ("a=b.c".to_owned(), Some("\"d=e\"".to_owned())));
        for path in [
            "db.password",
            "apiKey",
            "TOKEN",
            "smtp.auth",
            "db.password.value",
            "secrets.db",
            "credentials.smtp.user",
            "pwd",
            "dbPw",
            "jwt",
            "accountSas",
            "slack.webhook",
            // More than secrets.
            "key-rotation",
            "author",
            "tokenizer",
            "passthrough",
        ] {
            assert_eq!(kept(path, "1"), (path.to_owned(), None));
        }
        for path in ["rotation", "replicas", "image.tag", "host", "logLevel", "features.search", "region", "domain", "memory", "build"] {
            assert_eq!(kept(path, "1").1, Some("1".to_owned()), "{path}");
        }
        for value in [
            "postgres://app:hunter2@db/app",
            "-----BEGIN PRIVATE KEY-----",
            "eyJhbGciOiJub25lIn0.e30.",
            "Server=db;Password=hunter2",
            "AKIAIOSFODNN7EXAMPLEkey",
            "pre Zm9vYmFyMTIzNDU2Nzg5MA== post",
        ] {
            assert_eq!(kept("a", &format!("\"{value}\"")).1, None, "{value}");
        }
        for value in [
            "https://shop.example/a@b",
            "registry/app@sha256:0123456789abcdef0123456789abcdef",
            "v1.2.3-rc.1+build.7",
            "a=b",
            "Europe/Berlin",
        ] {
            assert!(kept("a", &format!("\"{value}\"")).1.is_some(), "{value}");
        }
        assert_eq!(kept("a", &format!("\"{}\"", "x".repeat(300))).1, None);
        let file = RecordedFile { path: "values".to_owned(), digest: crate::digest::Digest([0; 32]) };
        assert_eq!(read_recorded(&file), None);
    }
}
