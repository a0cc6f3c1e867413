//! Times as ZIP files have them (APPNOTE.TXT 4.4.6): from 1980 on, in steps of two seconds, without a time zone (UTC here).

/// A time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DosTime {
    pub(crate) time: u16,
    pub(crate) date: u16,
}

/// The first that there is: midnight before 1 January 1980.
impl Default for DosTime {
    fn default() -> DosTime {
        DosTime { time: 0, date: 1 << 5 | 1 }
    }
}

const DAY: u64 = 86_400;

impl DosTime {
    /// Seconds since 1970, as in SOURCE_DATE_EPOCH; what lies before 1980 or after 2107 becomes the nearest that there is.
    #[must_use]
    pub fn from_unix(seconds: u64) -> DosTime {
        // The first second of 2108, which is beyond: no search for the year of a number that is none.
        let seconds = seconds.min(4_354_819_200);
        let (year, month, day) = civil(seconds / DAY);
        let within = seconds % DAY;
        let (hour, minute, second) = (within / 3600, within / 60 % 60, within % 60);
        match year {
            ..1980 => DosTime::default(),
            1980..=2107 => DosTime {
                time: (hour << 11 | minute << 5 | (second / 2)) as u16,
                date: ((year - 1980) << 9 | month << 5 | day) as u16,
            },
            _ => DosTime { time: 23 << 11 | 59 << 5 | 29, date: 127 << 9 | 12 << 5 | 31 },
        }
    }
}

/// Year, month and day of a day since 1970, by the Gregorian calendar.
fn civil(day: u64) -> (u64, u64, u64) {
    let mut year = 1970 + day / 366;
    let first = |year: u64| {
        let before = year - 1;
        (year - 1970) * 365 + (before / 4 - before / 100 + before / 400)
            - (1969 / 4 - 1969 / 100 + 1969 / 400)
    };
    while first(year + 1) <= day {
        year += 1;
    }
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut left = day - first(year);
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    for (month, length) in lengths.into_iter().enumerate() {
        if left < length {
            return (year, month as u64 + 1, left + 1);
        }
        left -= length;
    }
    (year, 12, 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(11_017), (2000, 3, 1));
        assert_eq!(civil(20_785), (2026, 11, 28));
        assert_eq!(civil(47_540), (2100, 2, 28));
        assert_eq!(civil(47_541), (2100, 3, 1));
        assert_eq!(civil(364), (1970, 12, 31));
    }

    #[test]
    fn times_outside_become_the_nearest() {
        assert_eq!(DosTime::from_unix(0), DosTime::default());
        let noon = DosTime::from_unix(1_795_867_265);
        assert_eq!((noon.date >> 9, noon.date >> 5 & 15, noon.date & 31), (46, 11, 28));
        assert_eq!((noon.time >> 11, noon.time >> 5 & 63, noon.time & 31), (12, 1, 2));
        assert_eq!(DosTime::from_unix(u64::MAX / 2).date, 127 << 9 | 12 << 5 | 31);
    }
}
