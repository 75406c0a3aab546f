//! Random numbers, the same ones in every run.

/// A small generator of numbers (`SplitMix64`), so that every run checks the same texts.
pub(crate) struct Numbers {
    state: u64,
    /// One in how many things that can be odd is.
    pub(crate) odds: usize,
    /// Whether `&a` and `&b` are before what is generated.
    pub(crate) anchors: bool,
}

impl Numbers {
    /// Those that start from `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed, odds: 1, anchors: false }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("below a usize")
    }

    pub(crate) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub(crate) fn odd(&mut self) -> bool {
        self.one_in(self.odds)
    }

    pub(crate) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}
