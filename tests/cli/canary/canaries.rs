//! Fifty secrets of every make, each with the parts of it that nothing else holds.

use crate::support::Random;

/// How a canary can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    /// One line of ASCII without control characters.
    Line,
    /// UTF-8 of any kind.
    Text,
    /// A JSON object with `username` and `password`.
    Structured,
    /// Not UTF-8.
    Binary,
}

/// A secret that must be found nowhere but where it belongs.
#[derive(Debug, Clone)]
pub(crate) struct Canary {
    /// Its name in the vault.
    pub(crate) name: String,
    /// Its value.
    pub(crate) value: Vec<u8>,
    /// What of it occurs nowhere else: random, at least twelve bytes each.
    pub(crate) parts: Vec<Vec<u8>>,
    /// How it can be used.
    pub(crate) make: Make,
}

/// How many there are.
pub(crate) const COUNT: usize = 50;

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const SYMBOLS: &str = "\"'\\$`{}[]<>&%#:;@!?*|=~^, -+/()_.";
const WIDE: &str = "äößÆŁžΩжЯ漢字한글🔑🦀é\u{a0}\u{2028}";
const CONTROLS: &str = "\t\u{1}\u{7}\u{8}\u{b}\u{c}\u{1b}\u{7f}\u{85}\u{9b}\u{202e}\u{200f}\u{2066}\r\n";

/// The canaries. The same seed gives the same ones.
pub(crate) fn generate(seed: u64) -> Vec<Canary> {
    let mut random = Random::new(seed);
    let mut list = Vec::new();
    for length in [12, 13, 14, 15, 16, 24, 32, 64, 128, 200] {
        whole(&mut list, "token", random.text(LETTERS, length), Make::Line);
    }
    for length in [12, 16, 20, 31, 48, 90] {
        whole(&mut list, "symbols", mixed(&mut random, SYMBOLS, length), Make::Line);
    }
    for length in [12, 20, 33, 60, 150] {
        whole(&mut list, "wide", mixed(&mut random, WIDE, length), Make::Text);
    }
    for length in [14, 20, 33, 60, 150] {
        whole(&mut list, "controls", mixed(&mut random, CONTROLS, length), Make::Text);
    }
    for lines in [1, 2, 3, 5, 8, 13] {
        let body: Vec<String> = (0..lines).map(|_| random.text(BASE64, 64)).collect();
        let text = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", body.join("\n"));
        add(&mut list, "pem", text.into_bytes(), body.into_iter().map(String::into_bytes).collect(), Make::Text);
    }
    for length in [12, 16, 24, 32, 40, 80] {
        let parts = [random.text(LETTERS, length), mixed(&mut random, SYMBOLS, length), mixed(&mut random, WIDE, length)];
        let value = serde_json::json!({ "username": parts[0], "password": parts[1], "more": { "deep": [parts[2]] } });
        add(&mut list, "structured", value.to_string().into_bytes(), parts.map(String::into_bytes).to_vec(), Make::Structured);
    }
    for length in [12, 16, 32, 64, 255, 1000] {
        let mut value = random.bytes(length);
        value[3] = 0xff;
        add(&mut list, "binary", value.clone(), vec![value], Make::Binary);
    }
    for length in [16, 20, 40] {
        whole(&mut list, "digits", random.text("0123456789", length), Make::Line);
    }
    for scheme in ["postgres", "amqp", "redis"] {
        let part = random.text(LETTERS, 22);
        add(&mut list, "url", format!("{scheme}://app:{part}@host/db").into_bytes(), vec![part.into_bytes()], Make::Line);
    }
    assert_eq!(list.len(), COUNT);
    list
}

/// Random letters with a third of `others` among them, a letter at both ends.
fn mixed(random: &mut Random, others: &str, length: usize) -> String {
    let mut text = random.text(LETTERS, 1);
    for _ in 2..length {
        let alphabet = if random.below(3) == 0 { others } else { LETTERS };
        text += &random.text(alphabet, 1);
    }
    text + &random.text(LETTERS, 1)
}

fn whole(list: &mut Vec<Canary>, kind: &str, text: String, make: Make) {
    add(list, kind, text.clone().into_bytes(), vec![text.into_bytes()], make);
}

fn add(list: &mut Vec<Canary>, kind: &str, value: Vec<u8>, parts: Vec<Vec<u8>>, make: Make) {
    list.push(Canary { name: format!("{kind}-{}", list.len()), value, parts, make });
}
