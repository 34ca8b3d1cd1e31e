//! The multiples of one point, so that a product of it and a scalar is a sum of table entries, without doublings.
//!
//! All of it runs in variable time, since nothing here is secret: points and scalars come from a public key and a
//! signature that its bearer knows. Field arithmetic is `curve25519-dalek`'s own; a table is made of its points by its
//! additions, which hold for every point of the curve, those with a component of small order among them.

use std::{
    mem,
    sync::{Mutex, OnceLock},
};

use curve25519_dalek::{EdwardsPoint, Scalar, traits::Identity as _};

/// One row for each byte of a scalar.
const ROWS: usize = 32;

/// A row's multiples, of 1 to 128: a byte is read as a digit from -128 to 127, and to subtract a point costs no more
/// than to add it. Wider digits need fewer additions, but each bit nearly doubles the table: this one takes 640 KiB.
const MULTIPLES: usize = 128;

/// How many points a table is made of.
const POINTS: usize = ROWS * MULTIPLES;

/// Row by row, the first 128 multiples of 256^row times a point.
pub(super) struct Table {
    points: Vec<EdwardsPoint>,
}

impl Table {
    /// Adds the product of the point and `scalar` to `sum`. The scalar counts as the whole number that it is, below
    /// 2^253, and not by its residue: a point with a component of small order has another order than the base point.
    pub(super) fn add_product(&self, scalar: &Scalar, sum: &mut EdwardsPoint) {
        let digits = signed_digits(scalar);
        // Copied first, and added then: the reads, most of them from memory far away, do not wait for one another.
        let mut multiples = [EdwardsPoint::identity(); ROWS];
        for ((multiple, row), digit) in multiples.iter_mut().zip(self.points.chunks_exact(MULTIPLES)).zip(digits) {
            // No digit is greater than the row is long. That of 0 has no place in it, and leaves the neutral point.
            if let Some(entry) = row.get(usize::from(digit.unsigned_abs()).wrapping_sub(1)) {
                *multiple = *entry;
            }
        }
        for (multiple, digit) in multiples.iter().zip(digits) {
            if digit > 0 {
                *sum += multiple;
            } else {
                *sum -= multiple;
            }
        }
    }
}

/// The digits of a scalar to the base of 256, least first, each from -128 to 127. The last byte is at most 16, so that
/// nothing is carried beyond it.
fn signed_digits(scalar: &Scalar) -> [i8; ROWS] {
    let mut carry = 0;
    scalar.to_bytes().map(|byte| {
        let sum = u16::from(byte) + carry;
        carry = (sum + 128) >> 8;
        let [digit, _] = sum.to_le_bytes();
        digit.cast_signed()
    })
}

/// A table that is built row by row, by those who would have used it: none of them waits for the whole, and none for
/// another.
pub(super) struct GrowingTable {
    table: OnceLock<Table>,
    beginning: Mutex<Beginning>,
}

/// The rows that there are, and the unit of the next one.
struct Beginning {
    points: Vec<EdwardsPoint>,
    unit: EdwardsPoint,
}

impl GrowingTable {
    /// No table yet: it takes no memory before it grows.
    pub(super) const fn new(point: EdwardsPoint) -> Self {
        Self { table: OnceLock::new(), beginning: Mutex::new(Beginning { points: Vec::new(), unit: point }) }
    }

    /// The table, once it is whole. It costs an atomic load.
    pub(super) fn whole(&self) -> Option<&Table> {
        self.table.get()
    }

    /// Adds one row, unless somebody else is adding one.
    pub(super) fn grow(&self) {
        let Ok(mut beginning) = self.beginning.try_lock() else { return };
        if self.whole().is_none() && beginning.add_row() == POINTS {
            // It was empty, and is written under this lock alone.
            let _ = self.table.set(Table { points: mem::take(&mut beginning.points) });
        }
    }
}

impl Beginning {
    /// Adds one row, if there is memory for the whole table, and tells how many points there are.
    fn add_row(&mut self) -> usize {
        // All at once: a vector that moves as it grows would leave holes in wasm's memory, which never shrinks.
        if self.points.try_reserve_exact(POINTS - self.points.len()).is_ok() {
            let mut multiple = EdwardsPoint::identity();
            for _ in 0..MULTIPLES {
                multiple += self.unit;
                self.points.push(multiple);
            }
            // Twice 128 units.
            self.unit = multiple + multiple;
        }
        self.points.len()
    }
}
