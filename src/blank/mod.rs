//! Blanks: what a template asked for, kept apart from its text until the value is known.

mod connection;
mod filter;
pub mod mask;
mod secret_ref;

pub use connection::ConnectionStyle;
pub use filter::{Filter, FilterFault};
pub use secret_ref::SecretRef;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::place::Place;

/// What a template allows a value to be, written at the blank: `allow="empty"`, `allow="expired"`, or both, comma-separated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allow {
    /// The value may be empty.
    pub empty: bool,
    /// The value may have expired.
    pub expired: bool,
}

/// The number of a blank in its [`Blanks`] table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlankId(pub u32);

/// One blank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blank {
    /// Where the template asks for it.
    pub place: Place,
    /// How its value comes to be.
    pub source: Source,
}

/// How a blank's value comes to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// A vault gives it.
    Vault {
        /// What is asked for.
        ask: SecretRef,
        /// What the value may be.
        allow: Allow,
    },
    /// A lazy filter makes it of text that contains earlier blanks.
    Derived {
        /// The filter.
        filter: Filter,
        /// The filter's input.
        input: Vec<Piece>,
    },
}

/// A part of a text with blanks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Piece {
    /// Literal text, never empty.
    Text(String),
    /// A blank.
    Blank(BlankId),
}

/// A scalar with at least one blank in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlankText {
    /// Literal texts and blanks in order; no two literal texts are neighbours.
    pub pieces: Vec<Piece>,
}

impl BlankText {
    /// The one blank that is the whole scalar, if it is.
    pub fn whole(&self) -> Option<BlankId> {
        match self.pieces.as_slice() {
            [Piece::Blank(id)] => Some(*id),
            _ => None,
        }
    }

    /// The blanks in order.
    pub fn blanks(&self) -> impl Iterator<Item = BlankId> + '_ {
        blanks_of(&self.pieces)
    }
}

/// Every blank that the templates of a run minted, by number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Blanks {
    list: Vec<Blank>,
}

impl Blanks {
    /// Adds a blank. A derived blank may only name blanks that are in the table already, so there is no cycle.
    pub fn add(&mut self, blank: Blank) -> BlankId {
        let id = BlankId(u32::try_from(self.list.len()).unwrap_or(u32::MAX));
        self.list.push(blank);
        id
    }

    /// Whether a filter is given literal text, which a mask does not show.
    pub fn hold_texts(&self) -> bool {
        self.list.iter().any(|blank| match &blank.source {
            Source::Vault { .. } => false,
            Source::Derived { filter: Filter::Replace { .. }, .. } => true,
            Source::Derived { input, .. } => input.iter().any(|piece| matches!(piece, Piece::Text(_))),
        })
    }

    /// Forgets the blanks from number `count` on.
    pub fn truncate(&mut self, count: usize) {
        self.list.truncate(count);
    }

    /// Gives back the room for more.
    pub fn shrink_to_fit(&mut self) {
        self.list.shrink_to_fit();
    }

    /// The blank of that number.
    ///
    /// # Panics
    /// When the number comes from another table.
    pub fn get(&self, id: BlankId) -> &Blank {
        &self.list[id.0 as usize]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// How many of them a vault fills; the others are filters over these.
    pub fn filled_by_vaults(&self) -> usize {
        self.list.iter().filter(|blank| matches!(blank.source, Source::Vault { .. })).count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of them in the order in which they were minted.
    pub fn iter(&self) -> impl Iterator<Item = (BlankId, &Blank)> {
        self.list.iter().enumerate().map(|(index, blank)| (BlankId(u32::try_from(index).unwrap_or(u32::MAX)), blank))
    }

    /// Every ask that `id` rests on, itself or through what it is derived from, in order.
    pub fn asks(&self, id: BlankId) -> Vec<&SecretRef> {
        match &self.get(id).source {
            Source::Vault { ask, .. } => vec![ask],
            Source::Derived { input, .. } => blanks_of(input).flat_map(|inner| self.asks(inner)).collect(),
        }
    }

    /// Whether `| reveal` or `| raw` (as `filter` says) is anywhere in what `id` is derived through.
    pub fn passes_through(&self, id: BlankId, filter: &Filter) -> bool {
        match &self.get(id).source {
            Source::Vault { .. } => false,
            Source::Derived { filter: own, input } => own == filter || blanks_of(input).any(|inner| self.passes_through(inner, filter)),
        }
    }

    /// What a review shows in the blank's stead: source, version and filters, never a value.
    #[must_use]
    pub fn mask(&self, id: BlankId) -> String {
        self.mask_with(id, &ToString::to_string)
    }

    /// The same, with what `tell` says of each ask.
    #[must_use]
    pub fn mask_with(&self, id: BlankId, tell: &dyn Fn(&SecretRef) -> String) -> String {
        mask::of(&self.describe(id, tell))
    }

    fn describe(&self, id: BlankId, tell: &dyn Fn(&SecretRef) -> String) -> String {
        match &self.get(id).source {
            Source::Vault { ask, .. } => mask::said(&tell(ask)),
            Source::Derived { filter, input } => {
                let inner: Vec<String> = input
                    .iter()
                    .map(|piece| match piece {
                        Piece::Text(_) => "…".to_owned(),
                        Piece::Blank(id) => self.describe(*id, tell),
                    })
                    .collect();
                format!("{} | {filter}", inner.join(" "))
            }
        }
    }

    /// A table of the blanks that `pieces` rest on, and the same pieces with the numbers that they have there.
    #[must_use]
    pub fn excerpt(&self, pieces: &[Piece], into: &mut Excerpt) -> Vec<Piece> {
        let carry = |piece: &Piece, into: &mut Excerpt| match piece {
            Piece::Text(text) => Piece::Text(text.clone()),
            Piece::Blank(id) => Piece::Blank(self.carry(*id, into)),
        };
        pieces.iter().map(|piece| carry(piece, into)).collect()
    }

    fn carry(&self, id: BlankId, into: &mut Excerpt) -> BlankId {
        if let Some(known) = into.numbers.get(&id) {
            return *known;
        }
        let blank = self.get(id);
        let source = match &blank.source {
            Source::Vault { .. } => blank.source.clone(),
            Source::Derived { filter, input } => Source::Derived { filter: filter.clone(), input: self.excerpt(input, into) },
        };
        let number = into.blanks.add(Blank { place: blank.place.clone(), source });
        into.numbers.insert(id, number);
        number
    }
}

/// Some blanks of a table, numbered again.
#[derive(Debug, Clone, Default)]
pub struct Excerpt {
    /// The blanks.
    pub blanks: Blanks,
    numbers: BTreeMap<BlankId, BlankId>,
}

fn blanks_of(pieces: &[Piece]) -> impl Iterator<Item = BlankId> + '_ {
    pieces.iter().filter_map(|piece| match piece {
        Piece::Blank(id) => Some(*id),
        Piece::Text(_) => None,
    })
}
