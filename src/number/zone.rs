//! In which time zones a number may be, and what the clocks there show.
//!
//! The place is in some numbers and not in others: a mobile number of Russia may be in any of its zones. So a number
//! has all the zones that it may be in, and the first of them is that of most people. The rules of the zones are those
//! of the IANA database in the binary; the system's are not asked. Whose numbers are where stands in `zones.txt`.

use crate::number::e164::E164;
use jiff::Timestamp;
use jiff::civil::{DateTime, Time as Clock};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::collections::HashMap;
use std::sync::LazyLock;

/// Some hundred zones: read when the first number asks, in some ten milliseconds.
static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("zones.txt")));

/// A time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// The zones that a number may be in: one or several, that of most people first. A number of the whole world, and
/// one that no country has, is in UTC.
pub fn of(number: E164) -> &'static [Zone] {
    let table = &*TABLE;
    let mut prefix = number.0;
    while prefix != 0 {
        if let Some(at) = table.prefixes.get(&prefix) {
            return &table.zones[*at];
        }
        prefix /= 10;
    }
    let country = number.country().and_then(|it| table.countries.get(it));
    country.map_or(&table.utc, |at| &table.zones[*at])
}

impl Zone {
    /// The minute of the day, 0 to 1439, that clocks there show at a moment, in milliseconds since 1970.
    pub fn minute_at(&self, millis: u64) -> u16 {
        let here = self.clock_at(millis);
        u16::from(here.hour().unsigned_abs()) * 60 + u16::from(here.minute().unsigned_abs())
    }

    /// The next moment after `millis` at which clocks there show this minute of the day. Where the minute is skipped
    /// by summer time it is taken an hour earlier and an hour later; where it comes twice, each time.
    pub fn next_at(&self, millis: u64, minute: u16) -> u64 {
        let wanted = Clock::constant((minute / 60) as i8, (minute % 60) as i8, 0, 0);
        // From yesterday: a clock that is put back after midnight shows the end of the day before again.
        let mut day = self.clock_at(millis).date().yesterday().ok();
        for _ in 0..DAYS {
            let Some(date) = day else { break };
            let shown = self.0.to_ambiguous_timestamp(date.to_datetime(wanted));
            let times = [shown.earlier(), shown.later()].into_iter().flatten();
            let mut later = times.filter_map(|it| u64::try_from(it.as_millisecond()).ok()).filter(|it| millis < *it);
            if let Some(found) = later.next() {
                return found;
            }
            day = date.tomorrow().ok();
        }
        // Beyond the calendar, in the year 9999.
        millis.saturating_add(DAY)
    }

    fn clock_at(&self, millis: u64) -> DateTime {
        let moment = i64::try_from(millis).ok().and_then(|it| Timestamp::from_millisecond(it).ok());
        self.0.to_datetime(moment.unwrap_or(Timestamp::MAX))
    }
}

/// Yesterday, today and tomorrow show every minute after now; one more where a whole day was skipped.
const DAYS: usize = 4;
/// Milliseconds of a day.
const DAY: u64 = 86_400_000;

struct Table {
    zones: Vec<Box<[Zone]>>,
    /// The place among `zones`, by ISO letters.
    countries: HashMap<&'static str, usize, foldhash::fast::FixedState>,
    /// The place among `zones`, by prefix.
    prefixes: HashMap<u64, usize, foldhash::fast::FixedState>,
    utc: [Zone; 1],
}

impl Table {
    fn read(text: &'static str) -> Self {
        let database = TimeZoneDatabase::bundled();
        let zone = |name| Zone(database.get(name).expect("a test has found every zone of the table in the database"));
        let mut table = Self {
            zones: Vec::new(),
            countries: HashMap::default(),
            prefixes: HashMap::default(),
            utc: [Zone(TimeZone::UTC)],
        };
        for line in text.lines().filter(|it| !it.starts_with('#')) {
            // A line that begins with a blank goes on with the keys of the one before.
            let keys = match line.split_once(':') {
                Some((names, keys)) => {
                    table.zones.push(names.split_whitespace().map(zone).collect());
                    keys
                }
                None => line,
            };
            let place = table.zones.len() - 1;
            for key in keys.split_whitespace() {
                match key.parse() {
                    Ok(prefix) => drop(table.prefixes.insert(prefix, place)),
                    Err(_) => drop(table.countries.insert(key, place)),
                }
            }
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::{codes, shared};
    use std::collections::BTreeSet;

    fn names(number: u64) -> Vec<&'static str> {
        of(E164(number)).iter().map(|it| it.0.iana_name().unwrap_or("?")).collect()
    }

    /// A moment as RFC 3339 has it, in milliseconds.
    fn at(text: &str) -> u64 {
        let moment: Timestamp = text.parse().expect("a moment");
        moment.as_millisecond().unsigned_abs()
    }

    fn zone(name: &str) -> Zone {
        Zone(TimeZoneDatabase::bundled().get(name).expect("a zone"))
    }

    #[test]
    fn every_country_and_every_zone_of_the_table_is_known() {
        let countries: BTreeSet<&str> =
            codes::CODES.iter().map(|it| it.country).chain(shared::PREFIXES.iter().map(|it| it.1)).collect();
        for country in countries.iter().filter(|it| !it.is_empty()) {
            assert!(TABLE.countries.contains_key(country), "{country}");
        }
        assert!(TABLE.countries.keys().all(|it| countries.contains(it)), "no country of the table is unknown");
        assert_eq!(TABLE.zones.iter().filter(|it| it.is_empty()).count(), 0);
        let keys = include_str!("zones.txt").lines().filter(|it| !it.starts_with('#'));
        let keys = keys.flat_map(|it| it.split_once(':').map_or(it, |(_, keys)| keys).split_whitespace()).count();
        assert_eq!(TABLE.countries.len() + TABLE.prefixes.len(), keys, "no key stands there twice");
    }

    #[test]
    fn the_longest_prefix_decides_and_a_number_without_a_place_has_its_country_s_zones() {
        for (number, expected) in [
            (31_612_345_678, "Europe/Amsterdam"),
            (12_125_550_123, "America/New_York"),
            (14_155_550_123, "America/Los_Angeles"),
            (14_165_550_123, "America/Toronto"),
            (18_085_550_123, "Pacific/Honolulu"),
            (74_952_345_678, "Europe/Moscow"),
            (74_012_345_678, "Europe/Kaliningrad"),
            (77_012_345_678, "Asia/Almaty"),
            (5_511_912_345_678, "America/Sao_Paulo"),
            (5_568_912_345_678, "America/Eirunepe"),
            (61_891_234_567, "Australia/Perth"),
            (61_889_234_567, "Australia/Darwin"),
            (62_361_234_567, "Asia/Makassar"),
            (919_812_345_678, "Asia/Kolkata"),
            (870_773_111_632, "UTC"),
        ] {
            assert_eq!(names(number), [expected], "{number}");
        }
        for (number, first, count) in [
            (79_161_234_567, "Europe/Moscow", 11),
            (61_412_345_678, "Australia/Sydney", 7),
            (18_005_550_100, "America/New_York", 8),
            (16_005_550_100, "America/Toronto", 10),
            (12_195_550_123, "America/Chicago", 2),
            (351_912_345_678, "Europe/Lisbon", 2),
        ] {
            assert_eq!((names(number)[0], names(number).len()), (first, count), "{number}");
        }
    }

    #[test]
    fn the_first_zone_is_that_of_most_people() {
        for (number, first, count) in [
            (15_415_550_123, "America/Los_Angeles", 2),
            (17_755_550_123, "America/Los_Angeles", 2),
            (12_505_550_123, "America/Vancouver", 2),
            (12_705_550_123, "America/Chicago", 2),
            (18_505_550_123, "America/Chicago", 2),
            (17_095_550_123, "America/St_Johns", 2),
            (18_675_550_123, "America/Edmonton", 5),
            (19_285_550_123, "America/Phoenix", 2),
            (5_597_981_234_567, "America/Manaus", 2),
            (625_111_234_567, "Asia/Makassar", 2),
            (243_812_345_678, "Africa/Lubumbashi", 2),
            (6_919_201_234, "Pacific/Chuuk", 2),
            (61_891_621_234, "Indian/Cocos", 1),
            (61_891_641_234, "Indian/Christmas", 1),
            (61_852_001_234, "Australia/Perth", 3),
            (61_870_001_234, "Australia/Broken_Hill", 2),
        ] {
            assert_eq!((names(number)[0], names(number).len()), (first, count), "{number}");
        }
    }

    #[test]
    fn an_area_that_lies_over_another_has_its_zones() {
        for (area, over) in [
            (1208, [1986].as_slice()),
            (1250, &[1236, 1257, 1672, 1778]),
            (1270, &[1364]),
            (1418, &[1367, 1581]),
            (1423, &[1729]),
            (1541, &[1458]),
            (1709, &[1879]),
            (1812, &[1930]),
            (1850, &[1448]),
        ] {
            for other in over {
                assert_eq!(names(other * 10_000_000), names(area * 10_000_000), "{other}");
            }
        }
    }

    #[test]
    fn clocks_show_summer_time() {
        let (here, there) = (zone("Europe/Amsterdam"), zone("Asia/Kolkata"));
        assert_eq!(here.minute_at(at("2026-01-10T21:30:00Z")), 22 * 60 + 30);
        assert_eq!(here.minute_at(at("2026-07-10T21:30:00Z")), 23 * 60 + 30);
        assert_eq!(there.minute_at(at("2026-07-10T21:30:59Z")), 3 * 60);
        // What lies beyond the calendar does no harm.
        assert!(here.minute_at(u64::MAX) < 1_440 && u64::MAX - DAY < here.next_at(u64::MAX - 1, 0));
    }

    #[test]
    fn the_next_time_of_a_minute_is_found_through_both_changes_of_the_clock() {
        let zone = zone("Europe/Amsterdam");
        let next = |from, minute| Timestamp::from_millisecond(zone.next_at(at(from), minute).cast_signed()).unwrap();
        for (from, minute, expected) in [
            ("2026-07-10T21:30:00Z", 480, "2026-07-11T06:00:00Z"),
            ("2026-07-11T05:59:59.999Z", 480, "2026-07-11T06:00:00Z"),
            ("2026-07-11T06:00:00Z", 480, "2026-07-12T06:00:00Z"),
            // The night in which it becomes summer is an hour short, and 02:30 is not in it.
            ("2026-03-28T22:00:00Z", 480, "2026-03-29T06:00:00Z"),
            ("2026-03-29T00:30:00Z", 150, "2026-03-29T01:30:00Z"),
            // The night in which it ends has 02:30 twice.
            ("2026-10-24T22:00:00Z", 480, "2026-10-25T07:00:00Z"),
            ("2026-10-25T00:00:00Z", 150, "2026-10-25T00:30:00Z"),
            ("2026-10-25T01:10:00Z", 150, "2026-10-25T01:30:00Z"),
            ("2026-10-25T01:30:00Z", 150, "2026-10-26T01:30:00Z"),
        ] {
            assert_eq!(next(from, minute).to_string(), expected, "{from} {minute}");
        }
    }
}
