//! Compares a number with the largest double by its digits: a conversion would need a parser's tables.

/// The number of integer digits of the largest double, 1.7976931348623157 × 10^308.
const MAX_DIGITS: i64 = 309;

/// The largest double's digits without the last one: beyond this, parsers differ in whether a number rounds to
/// infinity.
const NEARLY_LARGEST: &[u8; 16] = b"1797693134862315";

/// A number with at most this many characters and no exponent is always below the largest double.
pub(super) const DIGITS_OF_ANY_SIZE: usize = 300;

/// Whether every parser reads a well-formed number as a finite double.
pub(super) fn is_finite(number: &str) -> bool {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let whole = whole.trim_start_matches('-');
    let digits = || whole.bytes().chain(fraction.bytes());
    let zeros = digits().take_while(|digit| *digit == b'0').count();
    if zeros == whole.len() + fraction.len() {
        return true;
    }
    // The number of integer digits without an exponent.
    let size = |length| i64::try_from(length).unwrap_or(i64::MAX);
    let before_point = (size(whole.len()) - size(zeros)).saturating_add(read_exponent(exponent));
    let leading = digits().skip(zeros).take(NEARLY_LARGEST.len());
    before_point < MAX_DIGITS || before_point == MAX_DIGITS && leading.lt(NEARLY_LARGEST.iter().copied())
}

/// The exponent, saturated at 64 bits.
fn read_exponent(text: &str) -> i64 {
    let digits = text.trim_start_matches(['+', '-']).bytes();
    let size =
        digits.fold(0_i64, |size, digit| size.saturating_mul(10).saturating_add(i64::from(digit.wrapping_sub(b'0'))));
    if text.starts_with('-') { -size } else { size }
}
