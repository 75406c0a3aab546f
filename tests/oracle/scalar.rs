//! Scalars that YAML readers disagree about.

use crate::numbers::Numbers;

#[rustfmt::skip]
const WORDS: &[&str] = &[
    "true", "True", "TRUE", "tRUE", "false", "yes", "Yes", "no", "NO", "on", "off", "OFF", "y", "Y", "n", "N", "null", "Null", "NULL",
    "~", "=", "<<", ".inf", "-.INF", "+.Inf", ".nan", ".NaN", "nan", "inf", "-inf", "Infinity", "none", "void", "", "-", "--", "---",
    "...", "?", ":", "*", "&", "!", "|", ">", "%", "@", "`", "#", "{}", "[]", "{", "}", "[", "]", ",", "''", "\"", "'", "\"\"", "0",
    "00", "07", "08", "0400", "0o17", "0o8", "0x1F", "0xg", "0b1", "0b2", "0b-1", "1", "-1", "+1", "1_000", "_1", "1_", "1.", ".5",
    "._5", ".5_0", "1e3", "1E+3", "1e", "1e999", "-0", "-0.0", "0.1", "12:30", "1:30:45", "190:20:30.15", "2001-12-14",
    "2001-12-14t21:59:43.10-05:00", "2001-1-1 1:2:3", "9223372036854775807", "9223372036854775808", "18446744073709551615",
    "18446744073709551616", "-9223372036854775809", "1e19", "1e21", "123456789012345678901234567890", "1.7976931348623157e308",
    "5e-324", "0x7fffffffffffffff", "0xffffffffffffffff", "-0x8000000000000000", "app", "nginx:1.27",
    "registry.example.com/shop/web:v1.2.3", "/etc/config", "a b", "a: b", "a #b", "a#b", "a:b", "key: [x]", "v1", "apps/v1", "100m",
    "1Gi", "10.0.0.1", "::1", "a\\b", "C:\\dir", "${X}", "$(X)", "{{ x }}", "x, y", "- x", "? x", "! x", "&a b", "*a", "%x", "é", "日本",
    "😀",
];

#[rustfmt::skip]
pub(crate) const PIECES: &[&str] = &[
    " ", "  ", "\t", "\n", "\n\n", "\r", "\r\n", "\0", "\x01", "\x07", "\x08", "\x0b", "\x0c", "\x1b", "\x7f", "\u{80}", "\u{85}",
    "\u{9f}", "\u{a0}", "\u{ad}", "\u{2028}", "\u{2029}", "\u{200b}", "\u{202e}", "\u{feff}", "\u{fffd}", "\u{fffe}", "\u{ffff}",
    "\u{d7ff}", "\u{e000}", "\u{10000}", "\u{1f600}", "\u{10ffff}", "é", "ß", "中", "a", "b", "Z", "0", "1", "9", "_", ".", "-", "+",
    ":", ": ", " #", "#", "?", "!", "&", "*", "|", ">", "%", "@", "`", "'", "\"", "\\", "\\n", "\\x41", "/", ",", "[", "]", "{", "}",
    "=", "~", "<", "<<", "\n ", "\n  x", "\n\t", " \n", "\n- ", "\n# ", "\n---\n", "\n...\n", "--- ", "- ", "? ", "&a ", "*a", "!!str ",
    "%YAML 1.2\n", "true", "no", "null", "e3", "0x", "word", "text with spaces",
];

/// A string of any sort: what must survive writing and reading.
pub(crate) fn string(numbers: &mut Numbers) -> String {
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
    #[rustfmt::skip]
    const MARKS: &[&str] = &[
        "0", "1", "2", "7", "8", "9", "0", "1", "_", ".", "e", "E", "+", "-", "x", "o", "b", "X", "f", "a", ":", "T", "Z", " ", "inf",
        "nan", "__", "0x", "0b", "0o", "e+1", "00",
    ];
    (0..=numbers.below(8)).map(|_| numbers.pick(MARKS)).collect()
}

/// A plain scalar on one line, as the value of a mapping.
pub(crate) fn plain_scalar(numbers: &mut Numbers) -> String {
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

/// A float of any size.
pub(crate) fn float(numbers: &mut Numbers) -> f64 {
    loop {
        let value = match numbers.below(4) {
            0 => f64::from_bits(numbers.next()),
            1 => f64::from(u32::try_from(numbers.below(1 << 32)).unwrap_or(0)) / 1000.0,
            2 => format!("{}e{}", numbers.below(1000), numbers.below(60)).parse().unwrap_or(0.0),
            _ => format!("{}e-{}", numbers.below(1000), numbers.below(30)).parse().unwrap_or(0.0),
        };
        if value.is_finite() {
            return value;
        }
    }
}
