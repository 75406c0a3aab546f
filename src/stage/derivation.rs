//! What each blank is derived through, worked out once for all of them.

use crate::blank::BlankId;
use crate::blank::Blanks;
use crate::blank::Filter;
use crate::blank::Piece;
use crate::blank::Source;
use crate::embedded::Treatment;

/// What is known of every blank without its value.
#[derive(Debug)]
pub(super) struct Derivations<'a> {
    blanks: &'a Blanks,
    list: Vec<Derivation>,
}

#[derive(Debug, Clone, Copy)]
struct Derivation {
    reveal: bool,
    raw: bool,
    /// How many blanks and filters make it, each counted as often as it is used.
    weight: u32,
}

impl<'a> Derivations<'a> {
    pub(super) fn of(blanks: &'a Blanks) -> Self {
        let mut list: Vec<Derivation> = Vec::with_capacity(blanks.len());
        for (_, blank) in blanks.iter() {
            let mut line = Derivation { reveal: false, raw: false, weight: 1 };
            if let Source::Derived { filter, input } = &blank.source {
                line.reveal = *filter == Filter::Reveal;
                line.raw = *filter == Filter::Raw;
                for inner in ids_of(input) {
                    let Derivation { reveal, raw, weight } = list[inner.0 as usize];
                    line.reveal |= reveal;
                    line.raw |= raw;
                    line.weight = line.weight.saturating_add(weight);
                }
            }
            list.push(line);
        }
        Self { blanks, list }
    }

    pub(super) fn blanks(&self) -> &'a Blanks {
        self.blanks
    }

    /// Whether `| reveal` is anywhere on the blank's way.
    pub(super) fn is_revealed(&self, id: BlankId) -> bool {
        self.list[id.0 as usize].reveal
    }

    /// Whether `| raw` is anywhere on the blank's way.
    pub(super) fn is_raw(&self, id: BlankId) -> bool {
        self.list[id.0 as usize].raw
    }

    pub(super) fn weight(&self, id: BlankId) -> u32 {
        self.list[id.0 as usize].weight
    }

    /// What the blank asks of a file that it is in.
    pub(super) fn treatment(&self, id: BlankId) -> Treatment {
        if self.is_raw(id) {
            return Treatment::Raw;
        }
        match self.outermost(id) {
            Some((Filter::Json, _)) => Treatment::Json,
            _ => Treatment::Escape,
        }
    }

    /// The last filter that changes the value, and its input; `reveal` and `raw` do not.
    pub(super) fn outermost(&self, id: BlankId) -> Option<(&'a Filter, &'a [Piece])> {
        let mut current = id;
        loop {
            let Source::Derived { filter, input } = &self.blanks.get(current).source else { return None };
            match (filter, input.as_slice()) {
                (Filter::Reveal | Filter::Raw, [Piece::Blank(inner)]) => current = *inner,
                _ => return Some((filter, input)),
            }
        }
    }
}

/// The blanks among pieces, in order.
pub(super) fn ids_of(pieces: &[Piece]) -> impl Iterator<Item = BlankId> + '_ {
    pieces.iter().filter_map(|piece| match piece {
        Piece::Blank(id) => Some(*id),
        Piece::Text(_) => None,
    })
}
