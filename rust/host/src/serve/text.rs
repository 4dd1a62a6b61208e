//! What daytime and chargen say.

use crate::clock::unix_seconds;
use std::sync::Arc;
use tapip_core::buffer::Foreign;

/// The pattern of RFC 864: lines of 72 of the 95 printable characters, each beginning one character later than the last.
pub(super) struct Chargen {
    block: Foreign,
    /// For the lengths of datagrams, which shall vary.
    turns: usize,
}

/// Characters of a line, and with its end.
const LINE: usize = 72;
const FULL: usize = LINE + 2;
/// Printable characters: from the space to the tilde.
const PRINTABLE: usize = 95;

impl Chargen {
    /// Bytes after which it begins anew.
    const CYCLE: usize = FULL * PRINTABLE;
    /// Cycles that are kept, as much as one unit of segmentation offload takes.
    const CYCLES: usize = 9;

    /// The pattern, for streams to refer to, and where to begin in it for what follows `sent` bytes.
    pub(super) fn after(&self, sent: u64) -> (&Foreign, usize) {
        (&self.block, (sent % Self::CYCLE as u64) as usize)
    }

    /// The next answer to a datagram: from 0 to 512 characters (RFC 864).
    pub(super) fn datagram(&mut self) -> &[u8] {
        // 229 and 513 have no common factor: every length once in 513 answers, neighbours far apart.
        self.turns = (self.turns + 229) % 513;
        (*self.block).as_ref().get(..self.turns).unwrap_or(&[])
    }
}

impl Default for Chargen {
    fn default() -> Self {
        let line = |first: usize| {
            let characters = (first..first + LINE).map(|place| b' ' + (place % PRINTABLE) as u8);
            characters.chain(*b"\r\n")
        };
        let cycle: Vec<u8> = (0..PRINTABLE).flat_map(line).collect();
        Self { block: Arc::new(cycle.repeat(Self::CYCLES)), turns: 0 }
    }
}

/// The time of day as RFC 867 proposes it: Weekday, Month Day, Year Time-Zone.
pub(super) fn daytime() -> String {
    at(unix_seconds())
}

fn at(seconds: u64) -> String {
    const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let (weekday, month) = (DAYS[(days % 7) as usize], MONTHS[month]);
    format!("{weekday}, {month} {day}, {year} {hour:02}:{minute:02}:{second:02}-UTC\r\n")
}

/// Year, month from 0 and day of a day that is counted from 1 January 1970.
fn civil(mut days: u64) -> (u64, usize, u64) {
    let leap = |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_told_by_name_through_leap_years() {
        assert_eq!(at(0), "Thursday, January 1, 1970 00:00:00-UTC\r\n");
        assert_eq!(at(951_782_400), "Tuesday, February 29, 2000 00:00:00-UTC\r\n");
        assert_eq!(at(1_709_251_199), "Thursday, February 29, 2024 23:59:59-UTC\r\n");
        assert_eq!(at(4_102_444_800), "Friday, January 1, 2100 00:00:00-UTC\r\n");
    }

    #[test]
    fn lines_are_those_of_the_standard() {
        let chargen = Chargen::default();
        let (block, start) = chargen.after(0);
        let text = std::str::from_utf8((**block).as_ref()).expect("ASCII");
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!((start, lines[0].len(), &lines[0][..4]), (0, 72, " !\"#"));
        assert_eq!((&lines[1][..4], &lines[94][..4]), ("!\"#$", "~ !\""));
        assert_eq!(lines[95], lines[0]);
        assert_eq!(chargen.after(Chargen::CYCLE as u64 * 1_000 + 5).1, 5);
    }

    #[test]
    fn datagrams_have_every_length() {
        let mut chargen = Chargen::default();
        let mut lengths: Vec<usize> = (0..513).map(|_| chargen.datagram().len()).collect();
        lengths.sort_unstable();
        assert_eq!(lengths, (0..=512).collect::<Vec<_>>());
    }
}
