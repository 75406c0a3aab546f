//! Which values the tags of a template mention.

use crate::render::lexer::Tag;
use crate::render::lexer::TemplatePart;
use crate::render::lexer::WordKind;
use crate::render::lexer::parts;

/// The paths of values that the tags of a template mention, such as `image.tag`, each as its steps. A path ends where the template goes on in
/// another way: behind `image[name]` all of `image` is mentioned. Names that the template itself defines are among them.
pub fn mentions(source: &str) -> Vec<Vec<String>> {
    let tags = parts(source).unwrap_or_default().into_iter().filter_map(|part| match part {
        TemplatePart::Tag(tag) => Some(tag),
        _ => None,
    });
    tags.flat_map(|tag| mentioned(source, &tag)).collect()
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
        while matches!(text(at), "." | "?.") && is_name(at + 1) {
            path.push(text(at + 1).to_owned());
            at += 2;
        }
        paths.push(path);
    }
    paths
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
        assert!(found("{{ broken").is_empty());
    }
}
