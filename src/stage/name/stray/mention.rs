//! Where a text may mention an object by its name, whole or delimited.

/// What is known of the place of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextContext<'a> {
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
    /// Whether what is before it speaks of a ConfigMap or Secret.
    pub(super) speaks: bool,
    /// Whether it is where a value would be: alone, behind a key, or in quotes.
    pub(super) plain: bool,
}

/// Whether a key, a flag or a word speaks of a ConfigMap or Secret.
pub(super) fn speaks(word: &str) -> bool {
    let word: String = word.chars().filter(|c| !matches!(c, '-' | '_')).collect::<String>().to_lowercase();
    (["secret", "configmap", "credential"].iter().any(|known| word.contains(known)) && !word.contains("store")) || word == "cm"
}

/// Every word of `text` that may be a name.
pub(super) fn mentions<'t>(text: &'t str, context: TextContext<'t>) -> impl Iterator<Item = Mention<'t>> {
    words(text).filter_map(move |(start, word)| mention(text, start, word, context))
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')
}

fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|c| !is_word(c)).filter(|word| !word.is_empty()).map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}

fn mention<'t>(text: &'t str, start: usize, word: &'t str, context: TextContext<'t>) -> Option<Mention<'t>> {
    let (before, after) = (&text[..start], &text[start + word.len()..]);
    // `secrets.NAME` in the key of a property.
    if let Some((_, name)) = word.rsplit_once('.').filter(|(owner, _)| is_kind(owner.rsplit('.').next().unwrap_or_default())) {
        return Some(Mention { name, namespace: None, speaks: true, plain: true });
    }
    // A dot may end a sentence.
    let name = word.trim_end_matches('.');
    let after = if name.len() < word.len() { &text[start + name.len()..] } else { after };
    let way = PathPrefix::of(before)?;
    let label = speaks(context.label);
    if way.before.trim().is_empty() && after.trim().is_empty() {
        return Some(Mention { name, namespace: way.namespace, speaks: label || way.speaks, plain: true });
    }
    if way.speaks {
        return Some(Mention { name, namespace: way.namespace, speaks: true, plain: true });
    }
    let tail = NameTail::of(after)?;
    let line = &way.before[way.before.rfind('\n').map_or(0, |at| at + 1)..];
    let opened = line.trim_end_matches(['"', '\'', '`']);
    let quoted = opened.len() < line.len();
    let stem = opened.trim_end();
    let spaced = stem.len() < opened.len();
    let comment = stem.trim_start().starts_with(['#', ';']) || stem.trim_start().starts_with("//");
    let previous =
        stem.trim_end_matches(['=', ':', ',', '[', '(', '>', '"', '\'', ' ']).rsplit(|c: char| !is_word(c)).next().unwrap_or_default();
    let delimiter = stem.chars().next_back();
    if comment || opened.ends_with(['{', '\\', '@']) || delimiter == Some('/') {
        return None;
    }
    let speaking = speaks(previous);
    let bound = match (tail, delimiter) {
        // `PW=name:key`, `PW=name=key`; an image has a tag there.
        (NameTail::Key, Some('=')) => speaking || !context.content && !previous.to_lowercase().contains("image"),
        // `$name:key`, as Argo CD writes it.
        (_, delimiter) if (tail == NameTail::Key) != (delimiter == Some('$')) => return None,
        (NameTail::Key, _) | (NameTail::End | NameTail::Statement, None | Some('=' | ',' | '[' | '>' | '(' | '|' | ';')) => true,
        // `name:/path`
        (NameTail::Path, _) => matches!(delimiter, None | Some('=' | ',')) && !context.content,
        // `host:port` and `scheme:rest` of a file hold no name; `key: name`, `secret:name` and `-s:name` do.
        (_, Some(':')) => spaced || quoted || speaking || !context.content,
        (_, Some('-')) => stem.trim_start() == "-",
        (NameTail::Statement, _) => spaced,
        (NameTail::End, _) => false,
    };
    let flag = spaced && previous.starts_with("--") && (speaking || previous.contains("config"));
    // Of a file, the line has to end where the name ends, or quotes have to.
    let rest = after.lines().next().unwrap_or_default().trim();
    let closed = tail != NameTail::End || !context.content || quoted || rest.is_empty() || rest.starts_with([',', ']', '}', '#', '<', ';']);
    let speaks = speaking && (bound || spaced) || label && !context.content && (bound || quoted) || spaced && is_command(stem);
    let plain = (bound || flag) && closed;
    (speaks || plain).then_some(Mention { name, namespace: way.namespace, speaks, plain })
}

/// What is before a name with a `/`.
struct PathPrefix<'t> {
    /// What is before the way.
    before: &'t str,
    namespace: Option<&'t str>,
    /// Whether it says that a ConfigMap or Secret comes.
    speaks: bool,
}

impl<'t> PathPrefix<'t> {
    /// `None` where the way is a path or an address.
    fn of(before: &'t str) -> Option<Self> {
        let Some(way) = before.strip_suffix('/') else { return Some(Self { before, namespace: None, speaks: false }) };
        let begin = way.rfind(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '=' | ',' | '[' | '`')).map_or(0, |at| at + 1);
        let (before, way) = (&before[..begin], &before[begin..way.len()]);
        let found = |namespace, speaks| Some(Self { before, namespace, speaks });
        let (scheme, path) = match format!("{way}/").find("://") {
            Some(at) => (&way[..at], way.get(at + 3..).unwrap_or_default()),
            None => ("", way),
        };
        let segments: Vec<&str> = path.split('/').collect();
        let cluster = scheme.contains("k8s") || scheme.contains("kube") || speaks(scheme);
        match segments.as_slice() {
            _ if !scheme.is_empty() && !cluster => None,
            [""] if cluster => found(None, true),
            [namespace] if cluster => found(Some(*namespace), true),
            [namespace] if !namespace.is_empty() && !namespace.contains([':', '@', '~']) => found(Some(*namespace), false),
            // The path of the Kubernetes API.
            [.., "namespaces", namespace, kind] if is_kind(kind) => found(Some(*namespace), true),
            // More than that below the root is a path of files.
            ["", ..] => None,
            [.., kind, namespace] if is_kind(kind) => found(Some(*namespace), true),
            [.., kind] if is_kind(kind) => found(None, true),
            _ => None,
        }
    }
}

/// What follows a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NameTail {
    End,
    /// The `;` that ends a line.
    Statement,
    /// `:key` or `=key`
    Key,
    /// `:/path`
    Path,
}

impl NameTail {
    /// `None` where the name is a key, a host, or a part of something longer.
    fn of(after: &str) -> Option<Self> {
        if let Some(rest) = after.strip_prefix(';')
            && rest.lines().next().unwrap_or_default().trim().is_empty()
        {
            return Some(Self::Statement);
        }
        if after.trim_start_matches(['"', '\'']).trim_start().starts_with([':', '=']) {
            let rest = after.strip_prefix([':', '='])?;
            return match rest.chars().next()? {
                '/' if after.starts_with(":/") && !rest.starts_with("//") => Some(Self::Path),
                first if first.is_ascii_alphabetic() || matches!(first, '.' | '_') => Some(Self::Key),
                _ => None,
            };
        }
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | ')' | ']' | '}' | '<' | '>' | '|' | '#' | '.');
        after.chars().next().is_none_or(ends).then_some(Self::End)
    }
}

/// Whether a word is the resource or the kind itself.
fn is_kind(word: &str) -> bool {
    matches!(word.to_ascii_lowercase().as_str(), "secret" | "secrets" | "configmap" | "configmaps" | "cm")
}

/// Whether a command of a shell is about ConfigMaps or Secrets: `kubectl create secret generic …`.
fn is_command(line: &str) -> bool {
    let command = line.rsplit([';', '&', '|', '(']).next().unwrap_or_default();
    let mut words = command.split_whitespace().skip_while(|word| !matches!(word.rsplit('/').next(), Some("kubectl" | "oc")));
    words.next().is_some() && words.any(is_kind)
}
