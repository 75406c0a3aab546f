//! Parts of a text that are secrets by their look: what is behind a key that is called as secrets are, a private key in PEM, the password
//! of a URL.

use std::ops::Range;

use crate::embedded::Format;

/// What is in a text in place of a blank.
pub(super) const BLANK: &str = "<secret >";

/// Where the literal secrets are in the value under `key`, in order. What has a mask in it, or only refers to something, is none.
pub(super) fn secret_parts(key: &str, text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = private_keys(text).chain(passwords_of_urls(text)).collect();
    let format = Format::of_key(key);
    let mut at = 0;
    while let Some(start) = text[at..].find(is_word).map(|start| at + start) {
        let end = text[start..].find(|char| !is_word(char)).map_or(text.len(), |length| start + length);
        at = end;
        let name = &text[start..end];
        if names_a_secret(name)
            && let Some(value) = value_of(text, start, end, format)
            && is_literal(name, &text[value.clone()])
        {
            at = value.end;
            found.push(value);
        }
    }
    found.sort_by_key(|part| (part.start, part.end));
    let mut last = 0;
    found.retain(|part| {
        let is_new = part.start >= last;
        last = last.max(part.end);
        is_new
    });
    found
}

fn is_word(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.')
}

/// Whether a key is called as secrets are, and not as what only describes one.
fn names_a_secret(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let name: String = last.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    (WITHIN.iter().any(|word| name.contains(word)) || AT_END.iter().any(|word| name.ends_with(word)))
        && !DESCRIBING.iter().any(|word| name.ends_with(word))
}

const WITHIN: [&str; 6] = ["credential", "passphrase", "passwd", "password", "secret", "token"];
const AT_END: [&str; 4] = ["key", "pass", "pwd", "pw"];
const DESCRIBING: [&str; 27] = [
    "algorithm",
    "class",
    "count",
    "dir",
    "enabled",
    "endpoint",
    "expiry",
    "file",
    "format",
    "header",
    "id",
    "issuer",
    "keys",
    "length",
    "mode",
    "name",
    "path",
    "policy",
    "prefix",
    "publickey",
    "ref",
    "required",
    "size",
    "ttl",
    "type",
    "uri",
    "url",
];

/// Whether a value is itself a secret.
fn is_literal(name: &str, value: &str) -> bool {
    let refers = value.starts_with(['$', '*', '&', '%']) || value.starts_with('/') && value[1..].contains('/');
    let is_word = ["true", "false", "null", "none", "yes", "no", "~"].iter().any(|word| value.eq_ignore_ascii_case(word));
    !value.trim().is_empty() && value != name && !refers && !is_word && !is_masked(value)
}

fn is_masked(value: &str) -> bool {
    ["<secret ", "<…", "<literal", "<hidden>"].iter().any(|mask| value.contains(mask))
}

/// The value of the key at `start..end`, without its quotes.
fn value_of(text: &str, start: usize, end: usize, format: Option<Format>) -> Option<Range<usize>> {
    let before = &text[..start];
    let quote = before.chars().next_back().filter(|char| matches!(char, '"' | '\''));
    let rest = quote.map_or(Some(&text[end..]), |quote| text[end..].strip_prefix(quote))?;
    if before.ends_with('<') && rest.starts_with('>') {
        let length = rest[1..].find('<')?;
        return Some(end + 1..end + 1 + length);
    }
    let rest = rest.trim_start_matches([' ', '\t']).strip_prefix([':', '='])?.trim_start_matches([' ', '\t']);
    let from = text.len() - rest.len();
    let first = rest.chars().next()?;
    if matches!(first, '"' | '\'') {
        let mut escaped = false;
        let length = rest[1..].find(|char| {
            let closes = char == first && !escaped;
            escaped = char == '\\' && !escaped;
            closes
        })?;
        return Some(from + 1..from + 1 + length);
    }
    if matches!(first, '{' | '[') {
        return None;
    }
    let line = before.rsplit('\n').next().unwrap_or_default();
    let opens = matches!(format, Some(Format::Yaml | Format::Ini | Format::Properties | Format::Env | Format::Toml))
        && line.trim_start_matches("export ").chars().all(|char| matches!(char, ' ' | '\t' | '-' | '"' | '\''));
    if !opens {
        let length = rest.find(|char: char| char.is_whitespace() || ";,&}])\"'<>".contains(char)).unwrap_or(rest.len());
        // A mask belongs to the value that it begins or ends.
        let has_mask = rest[length..].starts_with('<') && is_masked(&rest[length..]);
        return (!has_mask).then_some(from..from + length);
    }
    let own = rest.lines().next().unwrap_or_default();
    if matches!(first, '|' | '>') && format == Some(Format::Yaml) {
        let depth = line.chars().take_while(|char| matches!(char, ' ' | '-')).count();
        let block = rest[own.len()..].strip_prefix('\n')?;
        let is_inside = |line: &&str| line.trim().is_empty() || line.len() - line.trim_start_matches(' ').len() > depth;
        let length: usize = block.split_inclusive('\n').take_while(is_inside).map(str::len).sum();
        let (inner, begin) = (&block[..length], from + own.len() + 1);
        let indent = inner.len() - inner.trim_start().len();
        return Some(begin + indent..begin + inner.trim_end().len().max(indent));
    }
    Some(from..from + own.split(" #").next().unwrap_or(own).trim_end().len())
}

/// The private keys of a text in PEM (RFC 7468).
fn private_keys(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices("-----BEGIN ").filter_map(|(start, begin)| {
        let (label, rest) = text[start + begin.len()..].split_once("-----")?;
        let key = label.ends_with("PRIVATE KEY").then_some(rest)?;
        let from = text.len() - key.len();
        let end = key.find("-----END ").map_or(text.len(), |at| from + at);
        let (from, end) = (from + key.len() - key.trim_start().len(), end - (text[..end].len() - text[..end].trim_end().len()));
        (from < end && !is_masked(&text[from..end])).then_some(from..end)
    })
}

/// The passwords in the userinfo of a text's URLs (RFC 3986, section 3.2.1).
fn passwords_of_urls(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices("://").filter_map(|(at, scheme)| {
        let from = at + scheme.len();
        let end =
            text[from..].find(|char: char| char.is_whitespace() || "/?#\"'".contains(char)).map_or(text.len(), |length| from + length);
        let (userinfo, _) = text[from..end].rsplit_once('@').or_else(|| {
            // A mask in the host or the password has characters of its own.
            let (userinfo, _) = text[from..].lines().next()?.split_once('@')?;
            (!userinfo.contains(['/', '?', '#'])).then_some((userinfo, ""))
        })?;
        let (user, password) = userinfo.split_once(':')?;
        let from = from + user.len() + 1;
        is_literal("", password).then_some(from..from + password.len())
    })
}

#[cfg(test)]
mod tests {
    use super::secret_parts;

    fn found<'t>(key: &str, text: &'t str) -> Vec<&'t str> {
        secret_parts(key, text).into_iter().map(|part| &text[part]).collect()
    }

    #[test]
    fn what_stands_behind_a_key_that_is_called_as_secrets_are_is_found() {
        for (key, text) in [
            ("a.json", r#"{"password":"hunter2","k":"<secret default/k>"}"#),
            ("a.json", r#"{"db": {"clientSecret" : "hunter2"}, "tokenUrl": "x"}"#),
            ("a.yaml", "user: a\npassword: hunter2\nother: <secret default/k>\n"),
            ("a.yaml", "auth: {password: hunter2, user: <secret default/k>}\n"),
            ("a.yaml", "auth:\n  - apiKey: 'hunter2'\n"),
            ("a.yaml", "token: |\n  hunter2\nother: <secret default/k>\n"),
            ("a.ini", "[db]\npassword = hunter2\nuser = <secret default/k>\n"),
            ("a.properties", "db.password=hunter2\ndb.user=<secret default/k>\n"),
            ("a.env", "export DB_PASSWORD='hunter2'\nX=<secret default/k>\n"),
            ("a.toml", "api_token = \"hunter2\"\nx = \"<secret default/k>\"\n"),
            ("a.xml", "<a><password>hunter2</password><k><secret default/k></k></a>"),
            ("a.xml", "<add password=\"hunter2\" user=\"<secret default/k>\"/>"),
            ("conn", "Server=db;Password=hunter2;User=<secret default/k>"),
            ("a.json", r#"{"main": "Server=db;Password=hunter2;User=<secret default/k>"}"#),
            ("url", "postgres://u:hunter2@<secret default/host>/app"),
            ("url", "redis://:hunter2@<secret default/host | urlencode>:6379/0"),
            ("url", "amqp://u:hunter2@mq/<secret default/vhost>"),
            ("key", "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n<secret default/k>"),
            ("key", "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----\n"),
        ] {
            assert_eq!(found(key, text), ["hunter2"], "{text}");
        }
    }

    #[test]
    fn other_text_stays_readable() {
        for (key, text) in [
            ("a.json", r#"{"password":"<secret default/pw>","user":"app","tokenUrl":"https://a/b","secretName":"x"}"#),
            ("a.yaml", "password: <secret default/pw>\nprivateKeyFile: /etc/tls/key\nkey: /etc/tls/key\nuseToken: true\ntoken:\nuser: a\n"),
            ("a.yaml", "password: <literal 0123456789ab>\n"),
            ("a.env", "PASSWORD=$OTHER\nTOKEN_TTL=300\n"),
            ("conn", "Server=db;Password=<secret default/pw>;User=app"),
            ("conn", "Server=db;Password=x<… secret default/pw | upper>;User=app"),
            ("url", "postgres://app:<secret default/pw | urlencode>@db/app"),
            ("url", "https://<secret default/token>@git/x, http://a/b:c@d"),
            ("crt", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n<secret default/k>"),
            ("key", "-----BEGIN PRIVATE KEY-----\n<secret default/k>\n-----END PRIVATE KEY-----\n"),
            ("a.ini", "[secret]\nhost = db\n"),
        ] {
            assert_eq!(found(key, text), [] as [&str; 0], "{text}");
        }
    }
}
