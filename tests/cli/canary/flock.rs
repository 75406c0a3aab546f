//! Fifty secrets of every make, each with the parts of it that nothing else holds.

use crate::support::Dice;

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
pub(crate) fn flock(seed: u64) -> Vec<Canary> {
    let mut dice = Dice::new(seed);
    let mut list = Vec::new();
    for length in [12, 13, 14, 15, 16, 24, 32, 64, 128, 200] {
        whole(&mut list, "token", dice.text(LETTERS, length), Make::Line);
    }
    for length in [12, 16, 20, 31, 48, 90] {
        whole(&mut list, "symbols", mixed(&mut dice, SYMBOLS, length), Make::Line);
    }
    for length in [12, 20, 33, 60, 150] {
        whole(&mut list, "wide", mixed(&mut dice, WIDE, length), Make::Text);
    }
    for length in [14, 20, 33, 60, 150] {
        whole(&mut list, "controls", mixed(&mut dice, CONTROLS, length), Make::Text);
    }
    for lines in [1, 2, 3, 5, 8, 13] {
        let body: Vec<String> = (0..lines).map(|_| dice.text(BASE64, 64)).collect();
        let text = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", body.join("\n"));
        add(&mut list, "pem", text.into_bytes(), body.into_iter().map(String::into_bytes).collect(), Make::Text);
    }
    for length in [12, 16, 24, 32, 40, 80] {
        let parts = [dice.text(LETTERS, length), mixed(&mut dice, SYMBOLS, length), mixed(&mut dice, WIDE, length)];
        let value = serde_json::json!({ "username": parts[0], "password": parts[1], "more": { "deep": [parts[2]] } });
        add(&mut list, "structured", value.to_string().into_bytes(), parts.map(String::into_bytes).to_vec(), Make::Structured);
    }
    for length in [12, 16, 32, 64, 255, 1000] {
        let mut value = dice.bytes(length);
        value[3] = 0xff;
        add(&mut list, "binary", value.clone(), vec![value], Make::Binary);
    }
    for length in [16, 20, 40] {
        whole(&mut list, "digits", dice.text("0123456789", length), Make::Line);
    }
    for scheme in ["postgres", "amqp", "redis"] {
        let part = dice.text(LETTERS, 22);
        add(&mut list, "url", format!("{scheme}://app:{part}@host/db").into_bytes(), vec![part.into_bytes()], Make::Line);
    }
    assert_eq!(list.len(), COUNT);
    list
}

/// Random letters with a third of `others` among them, a letter at both ends.
fn mixed(dice: &mut Dice, others: &str, length: usize) -> String {
    let mut text = dice.text(LETTERS, 1);
    for _ in 2..length {
        let alphabet = if dice.below(3) == 0 { others } else { LETTERS };
        text += &dice.text(alphabet, 1);
    }
    text + &dice.text(LETTERS, 1)
}

fn whole(list: &mut Vec<Canary>, kind: &str, text: String, make: Make) {
    add(list, kind, text.clone().into_bytes(), vec![text.into_bytes()], make);
}

fn add(list: &mut Vec<Canary>, kind: &str, value: Vec<u8>, parts: Vec<Vec<u8>>, make: Make) {
    list.push(Canary { name: format!("{kind}-{}", list.len()), value, parts, make });
}
