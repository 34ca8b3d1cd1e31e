//! The multiples of one point. The product of the point and a scalar is a sum of table entries, without doublings.
//!
//! The code runs in variable time, because nothing here is secret: points and scalars come from a public key and a
//! signature that its bearer knows. `curve25519-dalek` does the field arithmetic and the additions, which are complete:
//! they hold for every point of the curve, also with a component of small order.

use std::{
    mem,
    sync::{Mutex, OnceLock},
};

use curve25519_dalek::{EdwardsPoint, Scalar, traits::Identity as _};

/// One row for each byte of a scalar.
const ROWS: usize = 32;

/// A row's multiples, 1 to 128: a byte is read as a digit from -128 to 127, because subtracting a point costs the same
/// as adding it. Wider digits need fewer additions, but each bit nearly doubles the table of 640 KiB.
const MULTIPLES: usize = 128;

/// The number of points of a table.
const POINTS: usize = ROWS * MULTIPLES;

/// Row by row, the first 128 multiples of 256^row times a point.
pub(super) struct Table {
    points: Vec<EdwardsPoint>,
}

impl Table {
    /// Adds the product of the point and `scalar` to `sum`. The scalar is an integer below 2^253, not a residue: a
    /// point with a component of small order has another order than the base point.
    pub(super) fn add_product(&self, scalar: &Scalar, sum: &mut EdwardsPoint) {
        let digits = signed_digits(scalar);
        // Copy first, then add: the reads, mostly cache misses, run in parallel.
        let mut multiples = [EdwardsPoint::identity(); ROWS];
        for ((multiple, row), digit) in multiples.iter_mut().zip(self.points.chunks_exact(MULTIPLES)).zip(digits) {
            // No digit exceeds the row's length. A digit of 0 has no entry, and leaves the neutral point.
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

/// The digits of a scalar in base 256, least significant first, each from -128 to 127. The last byte is at most 16, so
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

/// A table that its users build row by row. No use waits for the complete table or for another use.
pub(super) struct GrowingTable {
    table: OnceLock<Table>,
    partial: Mutex<PartialTable>,
}

/// The finished rows, and the unit of the next one.
struct PartialTable {
    points: Vec<EdwardsPoint>,
    unit: EdwardsPoint,
}

impl GrowingTable {
    /// An empty table, which takes no memory before it grows.
    pub(super) const fn new(point: EdwardsPoint) -> Self {
        Self { table: OnceLock::new(), partial: Mutex::new(PartialTable { points: Vec::new(), unit: point }) }
    }

    /// The table, if it is complete. This costs one atomic load.
    pub(super) fn whole(&self) -> Option<&Table> {
        self.table.get()
    }

    /// Adds one row, unless another thread is adding one.
    pub(super) fn grow(&self) {
        let Ok(mut partial) = self.partial.try_lock() else { return };
        if self.whole().is_none() && partial.add_row() == POINTS {
            // The cell was empty, and is written only under this lock.
            let _ = self.table.set(Table { points: mem::take(&mut partial.points) });
        }
    }
}

impl PartialTable {
    /// Adds one row, if there is memory for the complete table, and returns the number of points.
    fn add_row(&mut self) -> usize {
        // One allocation: a vector that moves as it grows would fragment wasm's memory, which never shrinks.
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
