//! Where a text may mention an object by its name, whole or delimited.

/// What is known of the place of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    /// The key or variable that holds it.
    pub(super) label: &'a str,
    /// Whether it is a file rather than one value.
    pub(super) content: bool,
}

/// A word of a text that may be a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mention<'t> {
    pub(super) name: &'t str,
    /// The segment before it, in `namespace/name`.
    pub(super) namespace: Option<&'t str>,
    /// Whether what stands before it speaks of a ConfigMap or Secret.
    pub(super) speaks: bool,
    /// Whether it stands where a value stands: alone, behind a key, or in quotes.
    pub(super) plain: bool,
}

/// Whether a key, a flag or a word speaks of a ConfigMap or Secret.
pub(super) fn speaks(word: &str) -> bool {
    let word: String = word.chars().filter(|c| !matches!(c, '-' | '_')).collect::<String>().to_lowercase();
    (["secret", "configmap", "credential"].iter().any(|known| word.contains(known)) && !word.contains("store")) || word == "cm"
}

/// Every word of `text` that may be a name.
pub(super) fn mentions<'t>(text: &'t str, context: Context<'t>) -> impl Iterator<Item = Mention<'t>> {
    words(text).filter_map(move |(start, word)| mention(text, start, word, context))
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')
}

fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|c| !is_word(c)).filter(|word| !word.is_empty()).map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}

fn mention<'t>(text: &'t str, start: usize, word: &'t str, context: Context<'t>) -> Option<Mention<'t>> {
    let (mut before, mut after) = (&text[..start], &text[start + word.len()..]);
    // A dot may end a sentence.
    let name = word.trim_end_matches('.');
    if name.len() < word.len() {
        after = &text[start + name.len()..];
    }
    let next = after.chars().next();
    let namespace = match before.strip_suffix('/') {
        None => None,
        Some(way) => {
            let begin = way.rfind(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '=' | ',' | '[' | '`')).map_or(0, |at| at + 1);
            let segment = &way[begin..];
            // More than one segment is a path or an address.
            if segment.is_empty() || segment.contains(['/', ':', '@', '~']) {
                return None;
            }
            before = &text[..begin];
            Some(segment)
        }
    };
    let ends = next.is_none_or(|c| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | ')' | ']' | '}' | '<' | '.'));
    let whole = before.trim().is_empty() && after.trim().is_empty();
    let label = speaks(context.label);
    if whole {
        return Some(Mention { name, namespace, speaks: label, plain: true });
    }
    // `name:` is a key or a host, `name=` a key.
    if !ends || is_key(after) {
        return None;
    }
    let line = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
    let opened = line.trim_end_matches(['"', '\'', '`']);
    let quoted = opened.len() < line.len();
    let stem = opened.trim_end();
    let comment = stem.trim_start().starts_with(['#', ';']) || stem.trim_start().starts_with("//");
    let previous =
        stem.trim_end_matches(['=', ':', ',', '[', '(', '>', '"', '\'', ' ']).rsplit(|c: char| !is_word(c)).next().unwrap_or_default();
    let delimiter = stem.chars().next_back();
    let bound = match delimiter {
        None | Some('=' | ',' | '[' | '>') => true,
        // `host:port` and `scheme:rest` hold no name; `key: name` and `secret:name` do.
        Some(':') => stem.len() < opened.len() || quoted || speaks(previous),
        Some('-') => stem.trim_start() == "-",
        _ => false,
    };
    if comment || opened.ends_with(['$', '{', '\\', '@']) || delimiter == Some('/') {
        return None;
    }
    // Of a file, the line has to end where the name ends, or quotes have to.
    let rest = after.lines().next().unwrap_or_default().trim();
    let closed = !context.content || quoted || rest.is_empty() || rest.starts_with([',', ']', '}', '#', '<', ';']);
    let speaks = speaks(previous) && (bound || stem.len() < opened.len()) || label && !context.content && (bound || quoted);
    (speaks || bound && closed).then_some(Mention { name, namespace, speaks, plain: bound && closed })
}

/// Whether what follows a word makes it a key: a colon or an equals sign, behind the quotes that close it.
fn is_key(after: &str) -> bool {
    let after = after.trim_start_matches(['"', '\'']).trim_start();
    after.starts_with([':', '='])
}
