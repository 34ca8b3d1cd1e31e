//! The clients' source addresses: on Linux all of 127.0.0.0/8 is local without set-up.

use std::net::Ipv4Addr;

/// The number of addresses, 127.1.0.1 to 127.254.255.254.
const COUNT: usize = 254 * 256 * 254;

/// The address of the client with this number; addresses repeat after sixteen million.
pub(crate) fn source(number: usize) -> Ipv4Addr {
    let number = number % COUNT;
    let rest = number / 254;
    let low = number % 254 + 1;
    let high = rest / 256 + 1;
    let middle = rest % 256;
    Ipv4Addr::from([127, high as u8, middle as u8, low as u8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_another_address() {
        assert_eq!(source(0), Ipv4Addr::new(127, 1, 0, 1));
        assert_eq!(source(253), Ipv4Addr::new(127, 1, 0, 254));
        assert_eq!(source(254), Ipv4Addr::new(127, 1, 1, 1));
        assert_eq!(source(COUNT - 1), Ipv4Addr::new(127, 254, 255, 254));
        assert_eq!(source(COUNT), source(0));
    }
}
