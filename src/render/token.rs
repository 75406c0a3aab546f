//! Tokens: what a rendered text has where a blank will be filled in.
//!
//! A token is 34 characters of `[a-z2-7]` and begins with a letter, so that it is a plain YAML string, needs no quotes or escapes in
//! any format, and is found by its length. Its first 27 characters carry 128 random bits of the run; the rest is the blank's number.

use std::collections::BTreeSet;
use std::fmt;

use crate::blank::BlankId;
use crate::blank::Blanks;
use crate::blank::Piece;
use crate::blank::Source;

/// Finds the tokens of one run in a text.
#[derive(Clone, PartialEq, Eq)]
pub struct Tokens {
    prefix: String,
    count: u32,
}

/// A text holds something that begins like a token of this run and is none: a template or a program changed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mangled {
    /// The byte of the text where it begins.
    pub at: usize,
}

const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const NUMBER_LENGTH: usize = 7;

impl Tokens {
    /// The tokens of a run that drew these random bits; none is minted yet.
    #[must_use]
    pub fn new(random: &[u8; 16]) -> Self {
        let mut prefix = String::from("c");
        let mut bits = u128::from_be_bytes(*random);
        for _ in 0..26 {
            prefix.push(char::from(DIGITS[(bits & 31) as usize]));
            bits >>= 5;
        }
        Self { prefix, count: 0 }
    }

    /// Makes the token of the blank `id`; from now on it is known.
    pub fn mint(&mut self, id: BlankId) -> String {
        self.count = self.count.max(id.0.saturating_add(1));
        let mut token = String::with_capacity(self.prefix.len() + NUMBER_LENGTH);
        token.push_str(&self.prefix);
        push_number(&mut token, id.0, NUMBER_LENGTH);
        token
    }

    /// Whether `text` holds a token or something that begins like one.
    pub fn any_in(&self, text: &str) -> bool {
        text.len() >= self.prefix.len() && text.contains(&self.prefix)
    }

    /// The blanks in `text`, in order.
    pub fn find(&self, text: &str) -> Result<Vec<BlankId>, Mangled> {
        text.match_indices(&self.prefix).map(|(at, _)| self.read(text, at)).collect()
    }

    /// The blank whose token begins at `at`.
    fn read(&self, text: &str, at: usize) -> Result<BlankId, Mangled> {
        let digits = text.get(at + self.prefix.len()..at + self.prefix.len() + NUMBER_LENGTH);
        let number = digits.and_then(|digits| read_number(digits.as_bytes()));
        number.filter(|number| *number < self.count).map(BlankId).ok_or(Mangled { at })
    }

    /// Cuts `text` into literal texts and blanks. A text without tokens is one piece, an empty one none.
    pub fn split(&self, text: &str) -> Result<Vec<Piece>, Mangled> {
        let mut pieces = Vec::new();
        let mut done = 0;
        for (at, _) in text.match_indices(&self.prefix) {
            let id = self.read(text, at)?;
            if done < at {
                pieces.push(Piece::Text(text[done..at].to_owned()));
            }
            pieces.push(Piece::Blank(id));
            done = at + self.prefix.len() + NUMBER_LENGTH;
        }
        if done < text.len() {
            pieces.push(Piece::Text(text[done..].to_owned()));
        }
        Ok(pieces)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({} minted)", self.count)
    }
}

/// Writes a number in `length` digits of base 32.
pub(super) fn push_number(text: &mut String, number: u32, length: usize) {
    for digit in (0..length).rev() {
        let shifted = u64::from(number) >> (5 * digit);
        text.push(char::from(DIGITS[(shifted & 31) as usize]));
    }
}

/// Reads what [`push_number`] wrote.
pub(super) fn read_number(digits: &[u8]) -> Option<u32> {
    let mut number = 0u64;
    for digit in digits {
        let value = match digit {
            b'a'..=b'z' => digit - b'a',
            b'2'..=b'7' => digit - b'2' + 26,
            _ => return None,
        };
        number = number << 5 | u64::from(value);
    }
    u32::try_from(number).ok()
}

/// Which blanks have reached the place where they will be filled in.
///
/// A blank also arrives inside a derived blank that does. What is missing in the end was looked at by a template, cut, or printed
/// where nothing is filled in (a comment).
#[derive(Debug, Clone, Default)]
pub struct Arrivals {
    first: u32,
    arrived: Vec<bool>,
}

impl Arrivals {
    /// Looks at the blanks from the number `first` on only.
    #[must_use]
    pub fn since(first: BlankId) -> Self {
        Self { first: first.0, arrived: Vec::new() }
    }

    /// Marks a blank, and all that it is derived from.
    pub fn mark(&mut self, blanks: &Blanks, id: BlankId) {
        self.arrived.resize(blanks.len() - self.first as usize, false);
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            if let Some(index) = self.index(id)
                && !std::mem::replace(&mut self.arrived[index], true)
            {
                open.extend(inputs(blanks, id));
            }
        }
    }

    /// The blanks that have not arrived, those that others are derived from left out, in the order in which they were minted.
    pub fn missing(&self, blanks: &Blanks) -> Vec<BlankId> {
        let ids = || (self.first..u32::try_from(blanks.len()).unwrap_or(u32::MAX)).map(BlankId);
        let arrived = |id| self.index(id).and_then(|index| self.arrived.get(index)).is_some_and(|arrived| *arrived);
        let missing: Vec<BlankId> = ids().filter(|id| !arrived(*id)).collect();
        let inner: BTreeSet<BlankId> = missing.iter().flat_map(|id| inputs(blanks, *id)).collect();
        missing.into_iter().filter(|id| !inner.contains(id)).collect()
    }

    fn index(&self, id: BlankId) -> Option<usize> {
        id.0.checked_sub(self.first).map(|index| index as usize)
    }
}

/// The blanks that a blank is derived from.
fn inputs(blanks: &Blanks, id: BlankId) -> impl Iterator<Item = BlankId> {
    let input = match &blanks.get(id).source {
        Source::Derived { input, .. } => input.as_slice(),
        Source::Vault { .. } => &[],
    };
    input.iter().filter_map(|piece| match piece {
        Piece::Blank(id) => Some(*id),
        Piece::Text(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::any;
    use proptest::prop_assert_eq;
    use proptest::proptest;

    use super::Arrivals;
    use super::Mangled;
    use super::Tokens;
    use crate::blank::Allow;
    use crate::blank::Blank;
    use crate::blank::BlankId;
    use crate::blank::Blanks;
    use crate::blank::Filter;
    use crate::blank::Piece;
    use crate::blank::SecretRef;
    use crate::blank::Source;
    use crate::place::Place;

    fn asked(blanks: &mut Blanks, source: Source) -> BlankId {
        blanks.add(Blank { place: Place::file("t"), source })
    }

    fn vault() -> Source {
        let ask = SecretRef { vault: "default".into(), name: "a".into(), key: None, version: None };
        Source::Vault { ask, allow: Allow::default() }
    }

    #[test]
    fn a_token_is_a_word_of_fixed_length() {
        let mut tokens = Tokens::new(&[0xff; 16]);
        for id in [0, 1, 31, 32, u32::MAX - 1] {
            let token = tokens.mint(BlankId(id));
            assert_eq!(token.len(), 34);
            assert!(token.starts_with('c') && token.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{token}");
            assert_eq!(tokens.split(&token), Ok(vec![Piece::Blank(BlankId(id))]));
        }
    }

    #[test]
    fn the_random_bits_show_in_no_debug_text() {
        assert_eq!(format!("{:?}", Tokens::new(&[7; 16])), "Tokens(0 minted)");
    }

    #[test]
    fn a_cut_or_foreign_token_is_noticed() {
        let mut tokens = Tokens::new(&[3; 16]);
        let token = tokens.mint(BlankId(0));
        assert_eq!(tokens.split(&format!("ab{}", &token[..33])), Err(Mangled { at: 2 }));
        assert_eq!(tokens.split(&format!("{}A", &token[..33])), Err(Mangled { at: 0 }));
        assert_eq!(tokens.split(&format!("{}7", &token[..33])), Err(Mangled { at: 0 }), "no such blank");
        assert_eq!(Tokens::new(&[4; 16]).split(&token), Ok(vec![Piece::Text(token.clone())]));
    }

    #[test]
    fn a_blank_arrives_inside_a_derived_one() {
        let mut blanks = Blanks::default();
        let (one, two) = (asked(&mut blanks, vault()), asked(&mut blanks, vault()));
        let derived = asked(&mut blanks, Source::Derived { filter: Filter::Trim, input: vec![Piece::Blank(one)] });
        let mut arrivals = Arrivals::default();
        assert_eq!(arrivals.missing(&blanks), [two, derived]);
        arrivals.mark(&blanks, derived);
        assert_eq!(arrivals.missing(&blanks), [two]);
        assert_eq!(Arrivals::since(derived).missing(&blanks), [derived]);
        arrivals.mark(&blanks, two);
        assert_eq!(arrivals.missing(&blanks), []);
    }

    proptest! {
        #[test]
        fn splitting_undoes_joining(texts in vec(any::<String>(), 1..6), random in any::<[u8; 16]>()) {
            let mut tokens = Tokens::new(&random);
            let mut joined = String::new();
            let mut expected = Vec::new();
            for (id, text) in texts.iter().enumerate() {
                let id = BlankId(u32::try_from(id).unwrap());
                joined.push_str(text);
                joined.push_str(&tokens.mint(id));
                if !text.is_empty() {
                    expected.push(Piece::Text(text.clone()));
                }
                expected.push(Piece::Blank(id));
            }
            prop_assert_eq!(tokens.split(&joined), Ok(expected));
        }
    }
}
