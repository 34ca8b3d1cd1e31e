//! How large a number is, told from its digits: to convert it would take the tables of a whole parser.

/// As many digits as the greatest double needs before its point: it is 1.7976931348623157 × 10^308.
const MAX_DIGITS: i64 = 309;

/// The greatest double's digits, but for the last: from there on readers differ in whether a number is still one, or rounds
/// to infinity.
const NEARLY_GREATEST: &[u8; 16] = b"1797693134862315";

/// Numbers of no more characters, and without an exponent, are all within the reach of a double.
pub(super) const DIGITS_OF_ANY_SIZE: usize = 300;

/// Whether a well-formed number is within the reach of a double, whoever reads it.
pub(super) fn is_finite(number: &str) -> bool {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let whole = whole.trim_start_matches('-');
    let digits = || whole.bytes().chain(fraction.bytes());
    let zeros = digits().take_while(|digit| *digit == b'0').count();
    if zeros == whole.len() + fraction.len() {
        return true;
    }
    // How many digits would stand before the point if the exponent were written out.
    let size = |length| i64::try_from(length).unwrap_or(i64::MAX);
    let before_point = (size(whole.len()) - size(zeros)).saturating_add(read_exponent(exponent));
    let leading = digits().skip(zeros).take(NEARLY_GREATEST.len());
    before_point < MAX_DIGITS || before_point == MAX_DIGITS && leading.lt(NEARLY_GREATEST.iter().copied())
}

/// The exponent; as good as infinite where it has more digits than a number of 64 bits.
fn read_exponent(text: &str) -> i64 {
    let digits = text.trim_start_matches(['+', '-']).bytes();
    let size =
        digits.fold(0_i64, |size, digit| size.saturating_mul(10).saturating_add(i64::from(digit.wrapping_sub(b'0'))));
    if text.starts_with('-') { -size } else { size }
}
