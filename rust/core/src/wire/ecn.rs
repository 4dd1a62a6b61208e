//! Explicit congestion notification on the wire: the field of the IP header (RFC 3168 5), and AccECN's option of the
//! TCP header (RFC 9768 3.2.3).

/// The ECN field of an IP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Ecn {
    /// Not ECN-capable: a congested queue can only drop it.
    #[default]
    NotCapable = 0,
    /// ECT(1).
    Capable1 = 1,
    /// ECT(0).
    Capable0 = 2,
    /// Congestion experienced.
    Congestion = 3,
}

impl Ecn {
    /// The field of a TOS byte.
    pub const fn of(tos: u8) -> Self {
        match tos & 3 {
            0 => Self::NotCapable,
            1 => Self::Capable1,
            2 => Self::Capable0,
            _ => Self::Congestion,
        }
    }

    /// `tos` with this in its field.
    pub const fn within(self, tos: u8) -> u8 {
        tos & !3 | self as u8
    }
}

/// The byte counters of an AccECN option, modulo 2^24: all three, or the first of them in the order of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EcnCounters {
    fields: [u32; 3],
    count: u8,
    /// Order 1 (kind 174), that of ECT(1) first; else that of ECT(0) first (kind 172).
    ect1_first: bool,
}

impl EcnCounters {
    /// Both kinds of the option (RFC 9768 7).
    pub(super) const KINDS: [u8; 2] = [172, 174];
    /// Counters are modulo this.
    pub const MODULUS: u32 = 1 << 24;

    /// All three.
    pub const fn new(ect0: u32, ce: u32, ect1: u32, ect1_first: bool) -> Self {
        let (first, last) = if ect1_first { (ect1, ect0) } else { (ect0, ect1) };
        let fields = [first % Self::MODULUS, ce % Self::MODULUS, last % Self::MODULUS];
        Self { fields, count: 3, ect1_first }
    }

    /// The option of `kind` with these bytes behind its length.
    pub(super) fn parse(kind: u8, value: &[u8]) -> Self {
        let mut counters = Self { fields: [0; 3], count: 0, ect1_first: kind == Self::KINDS[1] };
        //= rfc9768#3.2.3   of any other length: as many whole fields as fit, the rest is padding
        for field in value.chunks_exact(3).take(3) {
            counters.fields[usize::from(counters.count)] =
                u32::from_be_bytes([0, field[0], field[1], field[2]]);
            counters.count += 1;
        }
        counters
    }

    /// Bytes received ECT(0), if told.
    pub fn ect0(&self) -> Option<u32> {
        self.field(if self.ect1_first { 2 } else { 0 })
    }

    /// Bytes received with congestion experienced, if told.
    pub fn ce(&self) -> Option<u32> {
        self.field(1)
    }

    /// Bytes received ECT(1), if told.
    pub fn ect1(&self) -> Option<u32> {
        self.field(if self.ect1_first { 0 } else { 2 })
    }

    fn field(&self, place: usize) -> Option<u32> {
        self.fields[..usize::from(self.count)].get(place).copied()
    }

    /// Keep the first `count` fields.
    #[must_use]
    pub fn truncated(mut self, count: u8) -> Self {
        self.count = self.count.min(count);
        self.fields[usize::from(self.count)..].fill(0);
        self
    }

    /// Bytes of the option on the wire, padded to a multiple of four.
    pub const fn option_length(&self) -> usize {
        (2 + 3 * self.count as usize).next_multiple_of(4)
    }

    /// As much of it as `room` bytes hold; none where that is no field.
    pub(super) fn fitting(self, room: usize) -> Option<Self> {
        (1..=self.count).rev().map(|count| self.truncated(count)).find(|cut| cut.option_length() <= room)
    }

    /// Write it, padded in front.
    pub(super) fn emit(&self, mut put: impl FnMut(&[u8])) {
        let length = 2 + 3 * usize::from(self.count);
        put(&[1, 1, 1][..self.option_length() - length]);
        put(&[Self::KINDS[usize::from(self.ect1_first)], length as u8]);
        for field in &self.fields[..usize::from(self.count)] {
            put(&field.to_be_bytes()[1..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{SackBlocks, SeqNumber, TcpOptions, Timestamps};
    use test_case::test_case;

    fn emitted(options: &TcpOptions) -> Vec<u8> {
        let mut bytes = vec![0xaa; options.len()];
        options.emit(&mut bytes);
        bytes
    }

    #[test]
    fn the_field_is_two_bits_of_the_tos() {
        for tos in 0..=255 {
            assert_eq!(Ecn::of(tos).within(tos), tos);
        }
        assert_eq!(Ecn::Capable0.within(0xb9), 0xba);
    }

    //= rfc9768#3.2.3   type=test, both orders
    #[test]
    fn both_orders_byte_by_byte() {
        let with = |order| TcpOptions {
            ecn: Some(EcnCounters::new(0x0100_0203, 0x0004_0506, 0x0007_0809, order)),
            ..TcpOptions::default()
        };
        assert_eq!(emitted(&with(false)), [1, 172, 11, 0, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(emitted(&with(true)), [1, 174, 11, 7, 8, 9, 4, 5, 6, 0, 2, 3]);
        for order in [false, true] {
            let parsed = TcpOptions::parse(&emitted(&with(order))).unwrap().ecn.unwrap();
            assert_eq!(
                (parsed.ect0(), parsed.ce(), parsed.ect1()),
                (Some(0x203), Some(0x0004_0506), Some(0x0007_0809))
            );
        }
    }

    #[test_case(&[172, 2] => (None, None, None); "empty")]
    #[test_case(&[172, 5, 0, 0, 1] => (Some(1), None, None); "one field")]
    #[test_case(&[174, 8, 0, 0, 1, 0, 0, 2] => (None, Some(2), Some(1)); "two fields")]
    #[test_case(&[174, 10, 0, 0, 1, 0, 0, 2, 9, 9] => (None, Some(2), Some(1)); "a part of a field is padding")]
    #[test_case(&[172, 13, 0, 0, 1, 0, 0, 2, 0, 0, 3, 9, 9] => (Some(1), Some(2), Some(3)); "longer than ever")]
    fn any_length_is_read(bytes: &[u8]) -> (Option<u32>, Option<u32>, Option<u32>) {
        let counters = TcpOptions::parse(bytes).unwrap().ecn.unwrap();
        (counters.ect0(), counters.ce(), counters.ect1())
    }

    //= rfc9768#3.2.3.3   type=test, SACK goes first
    #[test_case(0 => 3; "room for all")]
    #[test_case(1 => 3; "beside one block")]
    #[test_case(2 => 2; "beside two blocks")]
    #[test_case(3 => 0; "three blocks fill the header")]
    fn counters_give_way_to_sack(blocks: u32) -> u8 {
        let mut sack = SackBlocks::default();
        for block in 0..blocks {
            sack.push(SeqNumber(2 * block), SeqNumber(2 * block + 1));
        }
        let options = TcpOptions {
            timestamps: Some(Timestamps { value: 1, echo: 2 }),
            sack,
            ecn: Some(EcnCounters::new(1, 2, 3, false)),
            ..TcpOptions::default()
        };
        let bytes = emitted(&options);
        assert!(bytes.len() <= 40 && bytes.len().is_multiple_of(4));
        let parsed = TcpOptions::parse(&bytes).unwrap();
        assert_eq!(parsed.sack.as_slice().len() as u32, blocks);
        parsed.ecn.map_or(0, |counters| counters.count)
    }
}
