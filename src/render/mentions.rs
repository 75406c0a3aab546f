//! Which values the tags of a template mention.

use crate::render::lexer::Tag;
use crate::render::lexer::TemplatePart;
use crate::render::lexer::WordKind;
use crate::render::lexer::parts;

/// The paths of values that the tags of a template mention, such as `image.tag`, each as its steps. A path ends where the template goes on in
/// another way: behind `image[name]` all of `image` is mentioned. What is reached through `cloze.values` is mentioned as what is reached without; an empty path
/// mentions all values. Names that the template itself defines are among them.
pub fn mentions(source: &str) -> Vec<Vec<String>> {
    // What cannot be read could mention all.
    let Ok(parts) = parts(source) else { return vec![Vec::new()] };
    let tags = parts.into_iter().filter_map(|part| match part {
        TemplatePart::Tag(tag) => Some(tag),
        _ => None,
    });
    tags.flat_map(|tag| mentioned(source, &tag)).map(unwrapped).collect()
}

/// The path without `cloze.values`.
fn unwrapped(mut path: Vec<String>) -> Vec<String> {
    match path.iter().map(String::as_str).take(2).collect::<Vec<_>>()[..] {
        ["cloze", "values"] => path.split_off(2),
        ["cloze"] => Vec::new(),
        _ => path,
    }
}

fn mentioned(source: &str, tag: &Tag) -> Vec<Vec<String>> {
    let text = |at: usize| tag.words.get(at).map_or("", |word| &source[word.range.clone()]);
    let is_name = |at: usize| tag.words.get(at).is_some_and(|word| word.kind == WordKind::Name);
    let mut paths = Vec::new();
    let mut at = 0;
    while at < tag.words.len() {
        // Not a value: a function, a filter, the name of an argument.
        let begins = is_name(at) && !matches!(text(at + 1), "(" | "=") && (at == 0 || text(at - 1) != "|");
        if !begins {
            at += 1;
            continue;
        }
        let mut path = vec![text(at).to_owned()];
        at += 1;
        loop {
            if matches!(text(at), "." | "?.") && is_name(at + 1) {
                path.push(text(at + 1).to_owned());
                at += 2;
            } else if matches!(text(at), "[" | "?[")
                && let Some(step) = quoted(text(at + 1))
                && text(at + 2) == "]"
            {
                path.push(step.to_owned());
                at += 3;
            } else {
                break;
            }
        }
        paths.push(path);
    }
    paths
}

/// The text in quotes, if it is what it says.
fn quoted(word: &str) -> Option<&str> {
    let quote = word.chars().next().filter(|first| matches!(first, '\'' | '"' | '`'))?;
    word.strip_prefix(quote)?.strip_suffix(quote).filter(|text| !text.contains('\\'))
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn paths_are_found_in_tags_only() {
        let found = |source: &str| mentions(source).into_iter().map(|path| path.join(".")).collect::<Vec<_>>();
        assert_eq!(found("image: x {{ image.tag }} {# note.x #}{% raw %}{{ raw.y }}{% endraw %}"), ["image.tag"]);
        assert_eq!(found("{{ secret(name=a.b, key='c.d') | default(value=e?.f) }}{{ g[h].i }}"), ["a.b", "e.f", "g", "h", "i"]);
        assert_eq!(found("{% if a == b %}{% endif %}"), ["if", "a", "b", "endif"]);
        assert_eq!(found("{{ a['b-c'].d }}{{ a?[\"e\"][0] }}{{ a['x\\'y'] }}{{ a[b ~ 'c'] }}"), ["a.b-c.d", "a.e", "a", "a", "b"]);
        assert_eq!(
            found("{{ cloze.values['a-b'].c }}{{ cloze.values }}{{ cloze }}{{ cloze.project }}"),
            ["a-b.c", "", "", "cloze.project"]
        );
        assert_eq!(found("{{ broken"), [""]);
    }
}
