//! What kind of line a number is, as far as the plans of countries say it.

use crate::number::e164::E164;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberType};

closed_set! {
    /// What kind of line a number is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum LineType: all, word {
        /// A mobile, or where the plan does not part them a mobile or a fixed line.
        Mobile "mobile",
        /// A fixed line.
        FixedLine "fixed_line",
        /// Whoever calls it pays more.
        Premium "premium",
        /// Whoever calls it and who is called share the cost.
        SharedCost "shared_cost",
        /// Whoever calls it pays nothing.
        TollFree "toll_free",
        /// Over the internet.
        Voip "voip",
        /// A pager.
        Pager "pager",
        /// Of a company, whoever answers.
        Company "company",
        /// What a mailbox is called by.
        Voicemail "voicemail",
        /// Of a person, wherever he is.
        Personal "personal",
        /// No plan says.
        Other "other",
    }
}

impl LineType {
    /// That of a number.
    pub fn of(number: E164) -> Self {
        let parsed = PHONE_NUMBER_UTIL.parse(number.to_string(), None).ok();
        match parsed.map(|it| PHONE_NUMBER_UTIL.get_number_type(&it)) {
            Some(PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile) => Self::Mobile,
            Some(PhoneNumberType::FixedLine) => Self::FixedLine,
            Some(PhoneNumberType::PremiumRate) => Self::Premium,
            Some(PhoneNumberType::SharedCost) => Self::SharedCost,
            Some(PhoneNumberType::TollFree) => Self::TollFree,
            Some(PhoneNumberType::VoIP) => Self::Voip,
            Some(PhoneNumberType::Pager) => Self::Pager,
            Some(PhoneNumberType::UAN) => Self::Company,
            Some(PhoneNumberType::VoiceMail) => Self::Voicemail,
            Some(PhoneNumberType::PersonalNumber) => Self::Personal,
            Some(PhoneNumberType::Unknown) | None => Self::Other,
        }
    }
}

impl LineType {
    /// Whether somebody may have a number: not where no plan has such, nor those that plans keep for films and tests.
    pub fn is_given_out(number: E164) -> bool {
        // 555-0100 to 555-0199 of each area of North America (NANPA), and 07700 900000 to 900999 (Ofcom).
        let north_american = number.0 / 10_000_000_000 == 1 && number.0 % 10_000_000 / 100 == 55_501;
        let british = (447_700_900_000..=447_700_900_999).contains(&number.0);
        !north_american && !british && Self::of(number) != Self::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_is_given_is_known() {
        for (number, given) in [
            (31_612_345_678, true),
            (31_600_000_001, false),
            (12_015_550_123, false),
            (12_015_550_200, true),
            (447_700_900_123, false),
            (447_911_123_456, true),
        ] {
            assert_eq!(LineType::is_given_out(E164(number)), given, "{number}");
        }
    }

    #[test]
    fn lines_are_told_apart_by_the_plans() {
        for (number, line) in [
            (31_612_345_678, LineType::Mobile),
            (31_201_234_567, LineType::FixedLine),
            (12_015_550_123, LineType::Mobile),
            (31_900_123_456, LineType::Premium),
            (318_001_234, LineType::TollFree),
            (31_851_234_567, LineType::Voip),
            (39_848_123_456, LineType::SharedCost),
            (0, LineType::Other),
        ] {
            assert_eq!(LineType::of(E164(number)), line, "{number}");
        }
    }
}
