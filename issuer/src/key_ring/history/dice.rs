//! Deterministic randomness from a seed.

/// `SplitMix64`. The same seed gives the same history and the same keys.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        [0; N].map(|_: u8| self.roll().to_le_bytes()[0])
    }
}
