//! Reads numbers by their digits: a conversion to a double would need a parser's tables.

/// The number of integer digits of the largest double, 1.7976931348623157 × 10^308.
const MAX_DIGITS: i64 = 309;

/// The largest double's digits without the last one: beyond this, parsers differ in whether a number rounds to
/// infinity.
const NEARLY_LARGEST: &[u8; 16] = b"1797693134862315";

/// A number with at most this many characters and no exponent is always below the largest double.
pub(super) const DIGITS_OF_ANY_SIZE: usize = 300;

/// Whether every parser reads a well-formed number as a finite double.
pub(super) fn is_finite(number: &str) -> bool {
    let Some(Decimal { digits, integer_digits, .. }) = Decimal::of(number) else { return true };
    let leading = digits.take(NEARLY_LARGEST.len());
    integer_digits < MAX_DIGITS || integer_digits == MAX_DIGITS && leading.lt(NEARLY_LARGEST.iter().copied())
}

/// The largest integer up to a well-formed number, and the smallest one from it on, both from 0 to `u64::MAX`: the nearest
/// of these for a number beyond.
pub(crate) fn whole_numbers_around(number: &str) -> (u64, u64) {
    let Some(Decimal { mut digits, integer_digits, is_negative: false }) = Decimal::of(number) else { return (0, 0) };
    let mut floor: u64 = 0;
    // More digits than this are beyond `u64::MAX`, since the first one is not zero.
    for _ in 0..integer_digits.clamp(0, MAX_DIGITS) {
        let digit = digits.next().unwrap_or(b'0') - b'0';
        floor = floor.saturating_mul(10).saturating_add(digit.into());
    }
    let has_fraction = digits.any(|digit| digit != b'0');
    (floor, floor.saturating_add(has_fraction.into()))
}

/// A number other than zero.
struct Decimal<D> {
    is_negative: bool,
    /// The digits from the first one that is not zero on.
    digits: D,
    /// How many of them, and of zeros after them, are before the decimal point; negative for zeros after the point.
    integer_digits: i64,
}

impl Decimal<()> {
    /// `None` for zero.
    fn of(number: &str) -> Option<Decimal<impl Iterator<Item = u8>>> {
        let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let unsigned = whole.trim_start_matches('-');
        let digits = || unsigned.bytes().chain(fraction.bytes());
        let zeros = digits().take_while(|digit| *digit == b'0').count();
        if zeros == unsigned.len() + fraction.len() {
            return None;
        }
        let size = |length| i64::try_from(length).unwrap_or(i64::MAX);
        Some(Decimal {
            is_negative: unsigned.len() != whole.len(),
            digits: digits().skip(zeros),
            integer_digits: (size(unsigned.len()) - size(zeros)).saturating_add(read_exponent(exponent)),
        })
    }
}

/// The exponent, saturated at 64 bits.
fn read_exponent(text: &str) -> i64 {
    let digits = text.trim_start_matches(['+', '-']).bytes();
    let size =
        digits.fold(0_i64, |size, digit| size.saturating_mul(10).saturating_add(i64::from(digit.wrapping_sub(b'0'))));
    if text.starts_with('-') { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_numbers_around_a_number_are_exact() {
        let exact = [
            ("0", 0),
            ("-0", 0),
            ("0.0e5", 0),
            ("1", 1),
            ("1.0", 1),
            ("1e1", 10),
            ("1.688117968E9", 1_688_117_968),
            ("100e-2", 1),
            ("18446744073709551615", u64::MAX),
            ("0.00012e5", 12),
            ("1.50e1", 15),
        ];
        for (text, number) in exact {
            assert_eq!(whole_numbers_around(text), (number, number), "{text}");
        }
        let between = [("1.5", 1), ("0.1", 0), ("1e-300", 0), ("1790000000.172277", 1_790_000_000), ("12345e-2", 123)];
        for (text, floor) in between {
            assert_eq!(whole_numbers_around(text), (floor, floor + 1), "{text}");
        }
        for text in ["18446744073709551616", "1e308", "9999999999999999999999.5", "1e20"] {
            assert_eq!(whole_numbers_around(text), (u64::MAX, u64::MAX), "{text}");
        }
        for text in ["-1", "-0.5", "-1e300"] {
            assert_eq!(whole_numbers_around(text), (0, 0), "{text}");
        }
    }
}
