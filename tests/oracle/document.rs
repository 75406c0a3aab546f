//! Documents that YAML readers disagree about.

use crate::numbers::Numbers;
use crate::scalar::PIECES;
use crate::scalar::plain_scalar;

/// Several documents and what is between them.
pub(crate) fn stream(numbers: &mut Numbers) -> String {
    #[rustfmt::skip]
    const BETWEEN: &[&str] = &[
        "---\n", "--- # c\n", "---\r\n", "\n---\n", "---   \n", "---\n---\n", "# c\n---\n# d\n", "...\n---\n", "---\n\u{feff}",
        "\r---\n", "--- x\n", "----\n", "---#\n", " ---\n", "",
    ];
    #[rustfmt::skip]
    const DOCUMENTS: &[&str] = &[
        "a: 1\n", "- b\n", "a: |\n  ---\n  b\n", "~\n", "# c\n", "\n", "a: 1\r\nb: |\r\n  c\r\n  d\r\n", "a: 'b\n  c'\n", "%YAML 1.1\n",
        "\u{feff}a: 1\n", "a: b", "{a: 1}\n", "a: \"b\\\n  c\"\n",
    ];
    (0..=numbers.below(8)).map(|part| numbers.pick(if part % 2 == 0 { BETWEEN } else { DOCUMENTS })).collect()
}

/// A document near a limit that Kubernetes' parser has: the length of a key, the share of aliases.
pub(crate) fn extreme(numbers: &mut Numbers) -> String {
    let length = 1010 + numbers.below(20);
    match numbers.below(7) {
        0 => format!("{}: 1\n", "k".repeat(length)),
        1 => format!("a:\n  \"{}\": 1\n", "é".repeat(length)),
        2 => format!("{{{}: 1}}\n", "k ".repeat(length / 2)),
        3 => format!("[{}: 1]\n", "k".repeat(length)),
        4 => format!("- &{} b: c\n", "k".repeat(length)),
        5 => format!("? {}\n: 1\n", "k".repeat(length)),
        _ => {
            let items = numbers.below(12);
            let aliases = numbers.below(600);
            format!("a: &a [{}]\nb: [{}]\nc: {{<<: {{d: *a}}}}\n", "x, ".repeat(items), "*a, ".repeat(aliases))
        }
    }
}

/// A small document: well formed for the most part, or damaged, or fragments at random.
pub(crate) fn document(numbers: &mut Numbers) -> String {
    numbers.odds = [8, 40, 200][numbers.below(3)];
    match numbers.below(10) {
        0 => soup(numbers),
        1 | 2 => {
            let text = tidy(numbers);
            damage(numbers, &text)
        }
        _ => tidy(numbers),
    }
}

fn tidy(numbers: &mut Numbers) -> String {
    let mut text = String::new();
    if numbers.one_in(8) {
        text.push_str(numbers.pick(&["---\n", "# comment\n", "--- # comment\n", "\n"]));
    }
    numbers.anchors = numbers.one_in(3);
    if numbers.anchors {
        text.push_str("one: &a {p: 1, q: [x, yes]}\ntwo: &b {r: 0x10}\n");
    }
    let depth = 1 + numbers.below(3);
    let list = !numbers.anchors && numbers.one_in(4);
    block(numbers, &mut text, 0, depth, true, list);
    if numbers.one_in(12) {
        text.push_str(numbers.pick(&["...\n", "---\n", "# end\n", "---\nb: 2\n", "---\n---\n"]));
    } else if numbers.odd() {
        text.push_str(numbers.pick(&["...\nb: 2\n", "--- b\n", "b\n", "]\n"]));
    }
    text
}

fn block(numbers: &mut Numbers, text: &mut String, indent: usize, depth: usize, at_line_start: bool, list: bool) {
    for index in 0..=numbers.below(4) {
        if index > 0 || at_line_start {
            text.push_str(&" ".repeat(indent));
        }
        if list {
            text.push_str("- ");
            if depth > 0 && numbers.one_in(4) {
                let list = numbers.one_in(3);
                block(numbers, text, indent + 2, depth - 1, false, list);
                continue;
            }
        } else if numbers.anchors && numbers.one_in(12) {
            text.push_str("<<: ");
            text.push_str(numbers.pick(&["*a\n", "*b\n", "[*a, *b]\n", "{s: 1}\n"]));
            continue;
        } else {
            if numbers.one_in(30) {
                text.push_str("? ");
            }
            let key = key(numbers, index);
            text.push_str(&key);
            if text.ends_with('"') && numbers.odd() {
                text.push(':');
            } else if numbers.odd() {
                text.push_str(numbers.pick(&[":   ", " : ", ":", "\n:", ":\t"]));
            } else {
                text.push_str(": ");
            }
        }
        if depth > 0 && numbers.one_in(3) {
            if numbers.odd() {
                text.push_str(numbers.pick(&["&a\n", "&c # c\n", "!!map\n", "!x\n", "&c !!map\n", "\t\n"]));
            } else {
                text.push_str(numbers.pick(&["\n", "\n", "# c\n", " # c\n"]));
            }
            let inner = numbers.one_in(3);
            let step = if inner && !list && numbers.one_in(2) { 0 } else { 1 + numbers.below(3) };
            block(numbers, text, indent + step, depth - 1, true, inner);
        } else {
            scalar(numbers, text, indent);
            text.push_str(numbers.pick(&["\n", "\n", "\n", "\n", " # c\n", "\n\n", "\n# c\n"]));
        }
    }
}

fn key(numbers: &mut Numbers, index: usize) -> String {
    if numbers.odd() {
        return match numbers.below(3) {
            0 => plain_scalar(numbers),
            1 => quoted(numbers),
            _ => numbers
                .pick(&[
                    "1",
                    "0x10",
                    "1.5",
                    "1e9",
                    "true",
                    "~",
                    "[a]",
                    "{a: b}",
                    "&c k",
                    "*a",
                    "!!str 1",
                    "<<",
                    "? x",
                    "1e-7",
                    "12345678.5",
                    ".inf",
                    "[]",
                ])
                .to_owned(),
        };
    }
    let name = numbers.pick(&["a", "b", "c", "d", "name", "data", "app.yaml", "e", "f", "é", "\"k\"", "'l'", "5", "0x1", "1.", "no-"]);
    match name.strip_suffix(['"', '\'']) {
        Some(open) => format!("{open}{index}{}", &name[name.len() - 1..]),
        None => format!("{name}{index}"),
    }
}

fn scalar(numbers: &mut Numbers, text: &mut String, indent: usize) {
    if numbers.odd() {
        text.push_str(numbers.pick(&[
            "&a ",
            "&c ",
            "!!str ",
            "!!int ",
            "!!float ",
            "!!bool ",
            "!!null ",
            "!x ",
            "! ",
            "!!binary ",
            "!<tag:yaml.org,2002:str> ",
            "&c !!str ",
            "!!int &b ",
        ]));
    }
    match numbers.below(12) {
        0 => flow(numbers, text, 2),
        1 if numbers.anchors || numbers.odd() => text.push_str(numbers.pick(&["*a", "*b", "[*a, *b]", "[*a]"])),
        2 | 3 => {
            let quoted = quoted(numbers);
            text.push_str(&quoted);
        }
        4 | 5 => literal(numbers, text, indent),
        6 => {
            let continued = " ".repeat(indent + 1 + numbers.below(3));
            text.push_str(numbers.pick(&["a b", "1", "word"]));
            for _ in 0..=numbers.below(2) {
                text.push_str(numbers.pick(&["\n", "\n", " \n", "\n\n", "\t\n"]));
                text.push_str(&continued);
                text.push_str(numbers.pick(&["c d", "2", "e:f", "g#h", "- i", "\tj"]));
            }
        }
        _ => {
            let plain = plain_scalar(numbers);
            text.push_str(&plain);
        }
    }
}

fn literal(numbers: &mut Numbers, text: &mut String, indent: usize) {
    let inner = " ".repeat(indent + 1 + numbers.below(3));
    let odd = numbers.odd();
    text.push_str(if odd {
        numbers.pick(&["|1", "|2-", ">2", "|+2", "|9"])
    } else {
        numbers.pick(&["|", "|", "|-", "|+", ">", ">-", ">+", "| # c", "|-  "])
    });
    for _ in 0..numbers.below(5) {
        text.push('\n');
        let line = numbers.pick(&["a", "  b", "c: d", "# e", "", "\tf", "g ", "- h", "é", " ", "i\u{85}", "\tj", "---"]);
        if !(line.is_empty() && numbers.one_in(2)) {
            text.push_str(&inner);
        }
        text.push_str(line);
    }
}

fn flow(numbers: &mut Numbers, text: &mut String, depth: usize) {
    let list = numbers.one_in(2);
    text.push_str(if list { "[" } else { "{" });
    let count = numbers.below(4);
    for index in 0..count {
        if !list || numbers.one_in(8) {
            let key = key(numbers, index);
            text.push_str(&key);
            text.push_str(if numbers.odd() { numbers.pick(&[":", " : ", ":\n     ", "", " ? "]) } else { ": " });
        }
        if depth > 0 && numbers.one_in(4) {
            flow(numbers, text, depth - 1);
        } else if numbers.odd() {
            text.push_str(numbers.pick(&[
                "a?b",
                "http://x/?q=1",
                "*a",
                "&c x",
                "!!str 1",
                "!!str",
                "-",
                "?",
                "a:",
                "",
                "a\n    b",
                "a\n\nb",
                "#x",
                " # c\n   x",
                "[]: x",
            ]));
        } else {
            let scalar = match numbers.below(4) {
                0 => quoted(numbers),
                1 => numbers.pick(&["a b", "a:b", "-1", "/x", "0x1F", "yes", "http://x/y", "1_0"]).to_owned(),
                _ => plain_scalar(numbers).replace(['[', ']', '{', '}', ',', '?'], ""),
            };
            text.push_str(&scalar);
        }
        if index + 1 < count || numbers.one_in(6) {
            text.push_str(if numbers.odd() { numbers.pick(&[",", ",\n    ", " , ", ",\n\t", ",,"]) } else { ", " });
        }
    }
    text.push_str(if list { "]" } else { "}" });
}

fn quoted(numbers: &mut Numbers) -> String {
    const INSIDE: &[&str] =
        &["a", "b c", " ", "  ", "\n      ", "\n\n      ", "\t", ": ", " #", "é", "'", "0", "{", ",", "-", "\u{2028}      "];
    #[rustfmt::skip]
    const ESCAPED: &[&str] = &[
        "\\n", "\\t", "\\\"", "\\\\", "\\x41", "\\u00e9", "\\U0001F600", "\\0", "\\e", "\\_", "\\N", "\\L", "\\P", "\\ ", "\\\n      ",
        "\\a", "\\v", "\\\t", "\\'",
    ];
    const WRONG: &[&str] = &["\\/", "\\q", "\\ud800", "\\x4", "\\UFFFFFFFF", "\n", "\n---\n", "\""];
    let double = numbers.one_in(2);
    let mut text = String::new();
    for _ in 0..numbers.below(5) {
        text.push_str(if numbers.odd() {
            numbers.pick(WRONG)
        } else if double && numbers.one_in(2) {
            numbers.pick(ESCAPED)
        } else {
            numbers.pick(INSIDE)
        });
    }
    if double { format!("\"{text}\"") } else { format!("'{}'", text.replace('\'', "''")) }
}

fn soup(numbers: &mut Numbers) -> String {
    #[rustfmt::skip]
    const TOKENS: &[&str] = &[
        "a", "b", "a: ", "b: ", "c:", "- ", "-", "? ", "?", ": ", ":", "\n", "\n", "\n", "\n  ", "\n ", "\n    ", "  ", " ", "\t", "[",
        "]", "{", "}", ",", ", ", "&a ", "*a", "*a ", "!!str ", "!x", "|\n", ">-\n", "|2\n", "'", "''", "\"", "\"x\"", "\\", "#",
        " # c\n", "---\n", "--- ", "...\n", "<<: ", "1", "true", "~", "%", "@", "`", "%YAML 1.1\n", "\r", "\u{85}", "\u{2028}",
        "\u{feff}", "\0", "=", "x y", "é", "!", "!<", ">", "|", "!!int 1", "\"a\": ", "'b': ", "[a]: ", "{a: b}",
    ];
    (0..=numbers.below(10)).map(|_| numbers.pick(TOKENS)).collect()
}

fn damage(numbers: &mut Numbers, text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(characters.len() + 1);
        match numbers.below(4) {
            0 if at < characters.len() => {
                characters.remove(at);
            }
            1 if at < characters.len() => {
                let other = numbers.below(characters.len());
                characters.swap(at, other);
            }
            _ => {
                let piece: Vec<char> = numbers.pick(PIECES).chars().collect();
                characters.splice(at..at, piece);
            }
        }
    }
    characters.into_iter().collect()
}
