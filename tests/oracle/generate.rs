//! Texts that YAML readers disagree about, the same ones in every run.

/// A small generator of numbers (SplitMix64), so that every run checks the same texts.
pub struct Numbers(pub u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("below a usize")
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const WORDS: &[&str] = &[
    "true",
    "True",
    "TRUE",
    "tRUE",
    "false",
    "yes",
    "Yes",
    "no",
    "NO",
    "on",
    "off",
    "OFF",
    "y",
    "Y",
    "n",
    "N",
    "null",
    "Null",
    "NULL",
    "~",
    "=",
    "<<",
    ".inf",
    "-.INF",
    "+.Inf",
    ".nan",
    ".NaN",
    "nan",
    "inf",
    "-inf",
    "Infinity",
    "none",
    "void",
    "",
    "-",
    "--",
    "---",
    "...",
    "?",
    ":",
    "*",
    "&",
    "!",
    "|",
    ">",
    "%",
    "@",
    "`",
    "#",
    "{}",
    "[]",
    "{",
    "}",
    "[",
    "]",
    ",",
    "''",
    "\"",
    "'",
    "\"\"",
    "0",
    "00",
    "07",
    "08",
    "0400",
    "0o17",
    "0o8",
    "0x1F",
    "0xg",
    "0b1",
    "0b2",
    "0b-1",
    "1",
    "-1",
    "+1",
    "1_000",
    "_1",
    "1_",
    "1.",
    ".5",
    "._5",
    ".5_0",
    "1e3",
    "1E+3",
    "1e",
    "1e999",
    "-0",
    "-0.0",
    "0.1",
    "12:30",
    "1:30:45",
    "190:20:30.15",
    "2001-12-14",
    "2001-12-14t21:59:43.10-05:00",
    "2001-1-1 1:2:3",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "1e19",
    "1e21",
    "123456789012345678901234567890",
    "1.7976931348623157e308",
    "5e-324",
    "0x7fffffffffffffff",
    "0xffffffffffffffff",
    "-0x8000000000000000",
    "app",
    "nginx:1.27",
    "registry.example.com/shop/web:v1.2.3",
    "/etc/config",
    "a b",
    "a: b",
    "a #b",
    "a#b",
    "a:b",
    "key: [x]",
    "v1",
    "apps/v1",
    "100m",
    "1Gi",
    "10.0.0.1",
    "::1",
    "a\\b",
    "C:\\dir",
    "${X}",
    "$(X)",
    "{{ x }}",
    "x, y",
    "- x",
    "? x",
    "! x",
    "&a b",
    "*a",
    "%x",
    "é",
    "日本",
    "😀",
];

const PIECES: &[&str] = &[
    " ",
    "  ",
    "\t",
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    "\0",
    "\x01",
    "\x07",
    "\x08",
    "\x0b",
    "\x0c",
    "\x1b",
    "\x7f",
    "\u{80}",
    "\u{85}",
    "\u{9f}",
    "\u{a0}",
    "\u{ad}",
    "\u{2028}",
    "\u{2029}",
    "\u{200b}",
    "\u{202e}",
    "\u{feff}",
    "\u{fffd}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{d7ff}",
    "\u{e000}",
    "\u{10000}",
    "\u{1f600}",
    "\u{10ffff}",
    "é",
    "ß",
    "中",
    "a",
    "b",
    "Z",
    "0",
    "1",
    "9",
    "_",
    ".",
    "-",
    "+",
    ":",
    ": ",
    " #",
    "#",
    "?",
    "!",
    "&",
    "*",
    "|",
    ">",
    "%",
    "@",
    "`",
    "'",
    "\"",
    "\\",
    "\\n",
    "\\x41",
    "/",
    ",",
    "[",
    "]",
    "{",
    "}",
    "=",
    "~",
    "<",
    "<<",
    "\n ",
    "\n  x",
    "\n\t",
    " \n",
    "\n- ",
    "\n# ",
    "\n---\n",
    "\n...\n",
    "--- ",
    "- ",
    "? ",
    "&a ",
    "*a",
    "!!str ",
    "%YAML 1.2\n",
    "true",
    "no",
    "null",
    "e3",
    "0x",
    "word",
    "text with spaces",
];

/// A string of any sort: what must survive writing and reading.
pub fn string(numbers: &mut Numbers) -> String {
    match numbers.below(8) {
        0 => numbers.pick(WORDS).to_owned(),
        1 => numeric(numbers),
        2 => {
            let mut text = numbers.pick(WORDS).to_owned();
            text.insert_str(if numbers.one_in(2) { 0 } else { text.len() }, numbers.pick(PIECES));
            text
        }
        3 => (0..numbers.below(6)).map(|_| lines_piece(numbers)).collect(),
        4 => (0..=numbers.below(40)).map(|_| char::from(u8::try_from(numbers.below(95)).unwrap_or(0) + 32)).collect(),
        5 => (0..=numbers.below(12)).filter_map(|_| char::from_u32(u32::try_from(numbers.below(0x11_0000)).ok()?)).collect(),
        _ => (0..=numbers.below(7)).map(|_| numbers.pick(PIECES)).collect(),
    }
}

fn lines_piece(numbers: &mut Numbers) -> String {
    let mut line = " ".repeat(if numbers.one_in(3) { numbers.below(4) } else { 0 });
    line.push_str(numbers.pick(WORDS));
    line.push_str(if numbers.one_in(4) { numbers.pick(PIECES) } else { "" });
    line.push_str(numbers.pick(&["\n", "\n", "\n", "\n\n", ""]));
    line
}

fn numeric(numbers: &mut Numbers) -> String {
    const MARKS: &[&str] = &[
        "0", "1", "2", "7", "8", "9", "0", "1", "_", ".", "e", "E", "+", "-", "x", "o", "b", "X", "f", "a", ":", "T", "Z", " ", "inf",
        "nan", "__", "0x", "0b", "0o", "e+1", "00",
    ];
    (0..=numbers.below(8)).map(|_| numbers.pick(MARKS)).collect()
}

/// A plain scalar on one line, as the value of a mapping.
pub fn plain_scalar(numbers: &mut Numbers) -> String {
    loop {
        let text = match numbers.below(6) {
            0 => numbers.pick(WORDS).to_owned(),
            1 => (0..=numbers.below(4))
                .map(|_| {
                    numbers
                        .pick(&["a", "Z", "0", "1", "_", ".", "-", "+", "/", "=", "~", "<<", "@", "'", "\"", "true", "no", "é", "\u{a0}"])
                })
                .collect(),
            _ => numeric(numbers),
        };
        let starts = text.starts_with(['"', '\'', '&', '*', '!', '|', '>', '%', '@', '`', '{', '}', '[', ']', ',', '#']);
        let structure =
            text.contains(": ") || text.contains(" #") || text.ends_with(':') || text.starts_with("- ") || matches!(&*text, "-" | "?");
        if !(starts || structure || text.trim_matches(' ') != text || text.contains(['\n', '\t'])) {
            return text;
        }
    }
}

/// A small document: well formed, then perhaps damaged; or fragments at random.
pub fn document(numbers: &mut Numbers) -> String {
    match numbers.below(4) {
        0 => soup(numbers),
        1 => {
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
    let depth = 1 + numbers.below(3);
    block(numbers, &mut text, 0, depth, true);
    if numbers.one_in(12) {
        text.push_str(numbers.pick(&["...\n", "---\n", "# end\n", "---\nb: 2\n", "...\nb: 2\n", "---\n---\n"]));
    }
    text
}

fn block(numbers: &mut Numbers, text: &mut String, indent: usize, depth: usize, at_line_start: bool) {
    let list = numbers.one_in(3);
    for index in 0..=numbers.below(4) {
        if index > 0 || at_line_start {
            text.push_str(&" ".repeat(indent));
        }
        if list {
            text.push_str(numbers.pick(&["- ", "- ", "- ", "-   "]));
            if depth > 0 && numbers.one_in(4) {
                block(numbers, text, indent + 2, depth - 1, false);
                continue;
            }
        } else {
            match numbers.below(24) {
                0 => text.push_str("<<: "),
                1 => text.push_str("? "),
                _ => {}
            }
            if !text.ends_with("<<: ") {
                let key = key(numbers);
                text.push_str(&key);
                text.push_str(if text.ends_with("? ") { "" } else { numbers.pick(&[": ", ": ", ": ", ":   ", " : ", ":"]) });
            }
        }
        if depth > 0 && numbers.one_in(3) {
            text.push_str(numbers.pick(&["\n", "\n", "# c\n", " # c\n", "&a\n", "&b # c\n", "!!map\n"]));
            let step = 1 + numbers.below(3);
            let same = !list && numbers.one_in(4);
            block(numbers, text, if same { indent } else { indent + step }, depth - 1, true);
        } else {
            scalar(numbers, text, indent);
            text.push_str(numbers.pick(&["\n", "\n", "\n", "\n", " # c\n", "\n\n", "\n# c\n"]));
        }
    }
}

fn key(numbers: &mut Numbers) -> String {
    match numbers.below(8) {
        0 => plain_scalar(numbers),
        1 => quoted(numbers),
        2 => numbers.pick(&["1", "0x10", "1.5", "1e9", "true", "~", "[a]", "{a: b}", "&a k", "*a", "!!str 1", "<<", "? x"]).to_owned(),
        _ => numbers.pick(&["a", "b", "c", "d", "name", "data", "app.yaml", "e", "f"]).to_owned(),
    }
}

fn scalar(numbers: &mut Numbers, text: &mut String, indent: usize) {
    if numbers.one_in(8) {
        text.push_str(numbers.pick(&[
            "&a ",
            "&b ",
            "!!str ",
            "!!int ",
            "!!float ",
            "!!bool ",
            "!!null ",
            "!x ",
            "! ",
            "!!binary ",
            "!<tag:yaml.org,2002:str> ",
            "&a !!str ",
            "!!int &b ",
        ]));
    }
    match numbers.below(12) {
        0 => flow(numbers, text, 2),
        1 => text.push_str(numbers.pick(&["*a", "*b", "[*a, *b]", "[*a]"])),
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
    text.push_str(numbers.pick(&["|", "|", "|-", "|+", ">", ">-", ">+", "|1", "|2-", ">2", "|+2", "| # c", "|-  "]));
    let inner = " ".repeat(indent + 1 + numbers.below(3));
    for _ in 0..numbers.below(4) {
        text.push('\n');
        if !numbers.one_in(5) {
            text.push_str(&inner);
        }
        text.push_str(numbers.pick(&["a", "  b", "c: d", "# e", "", "\tf", "g ", "- h", "é", " "]));
    }
}

fn flow(numbers: &mut Numbers, text: &mut String, depth: usize) {
    let list = numbers.one_in(2);
    text.push_str(if list { "[" } else { "{" });
    let count = numbers.below(4);
    for index in 0..count {
        if !list || numbers.one_in(6) {
            let key = key(numbers);
            text.push_str(&key);
            text.push_str(numbers.pick(&[": ", ": ", ": ", ":", " : ", ":\n     ", ""]));
        }
        if depth > 0 && numbers.one_in(4) {
            flow(numbers, text, depth - 1);
        } else {
            let scalar = match numbers.below(4) {
                0 => quoted(numbers),
                1 => numbers
                    .pick(&["a?b", "http://x/?q=1", "*a", "&a x", "!!str 1", "!!str", "a b", "-", "?", "a:b", "", "-1", "a\n    b"])
                    .to_owned(),
                _ => plain_scalar(numbers),
            };
            text.push_str(&scalar);
        }
        if index + 1 < count || numbers.one_in(6) {
            text.push_str(numbers.pick(&[", ", ", ", ",", ",\n    ", " , ", ",\n\t"]));
        }
    }
    text.push_str(if list { "]" } else { "}" });
}

fn quoted(numbers: &mut Numbers) -> String {
    const INSIDE: &[&str] = &["a", "b c", " ", "  ", "\n ", "\n\n  ", "\t", ": ", " #", "é", "'", "0", "{", ",", "\\"];
    const ESCAPED: &[&str] = &[
        "\\n",
        "\\t",
        "\\\"",
        "\\\\",
        "\\x41",
        "\\u00e9",
        "\\U0001F600",
        "\\/",
        "\\'",
        "\\0",
        "\\e",
        "\\_",
        "\\N",
        "\\L",
        "\\P",
        "\\ ",
        "\\\n  ",
        "\\a",
        "\\q",
        "\\ud800",
        "\\x4",
    ];
    let double = numbers.one_in(2);
    let mut text = String::new();
    for _ in 0..numbers.below(5) {
        text.push_str(if double && numbers.one_in(2) { numbers.pick(ESCAPED) } else { numbers.pick(INSIDE) });
    }
    if double { format!("\"{text}\"") } else { format!("'{}'", text.replace('\'', "''")) }
}

fn soup(numbers: &mut Numbers) -> String {
    const TOKENS: &[&str] = &[
        "a",
        "b",
        "a: ",
        "b: ",
        "c:",
        "- ",
        "-",
        "? ",
        "?",
        ": ",
        ":",
        "\n",
        "\n",
        "\n",
        "\n  ",
        "\n ",
        "\n    ",
        "  ",
        " ",
        "\t",
        "[",
        "]",
        "{",
        "}",
        ",",
        ", ",
        "&a ",
        "*a",
        "*a ",
        "!!str ",
        "!x",
        "|\n",
        ">-\n",
        "|2\n",
        "'",
        "''",
        "\"",
        "\"x\"",
        "\\",
        "#",
        " # c\n",
        "---\n",
        "--- ",
        "...\n",
        "<<: ",
        "1",
        "true",
        "~",
        "%",
        "@",
        "`",
        "%YAML 1.1\n",
        "\r",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\0",
        "=",
        "x y",
        "é",
        "!",
        "!<",
        ">",
        "|",
        "!!int 1",
        "\"a\": ",
        "'b': ",
        "[a]: ",
        "{a: b}",
    ];
    (0..1 + numbers.below(10)).map(|_| numbers.pick(TOKENS)).collect()
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
