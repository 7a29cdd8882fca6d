//! What the guards hold requests against, as the configuration has it.

use crate::guard::prefix::Prefix;
use crate::guard::rate::Rate;
use crate::message::channel::Channel;
use crate::message::money::{Currency, Money};
use crate::number::e164::E164;
use crate::number::line::LineType;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

closed_set! {
    /// What stands before a code is sent, in the order in which it is asked.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub enum GuardKind: all, word, from_word {
        /// Prefixes that the configuration, or an operator, blocks.
        Listed "listed",
        /// Numbers that receive no SMS, or cost who calls them.
        Line "line",
        /// Wrong guesses of a number, over all its verifications.
        WrongGuesses "wrong_guesses",
        /// Sends to a number.
        PerPhone "per_phone",
        /// Sends that an address asks for.
        PerIp "per_ip",
        /// Sends that a network asks for.
        PerNetwork "per_network",
        /// Sends of an app.
        PerApp "per_app",
        /// Numbers one behind the other.
        Sequence "sequence",
        /// Numbers with the same first digits, of which too few come back.
        Pumping "pumping",
        /// A country in which nobody was verified yet.
        NewCountry "new_country",
        /// What an SMS or a call may cost.
        MaxPrice "max_price",
        /// What may be spent in a period.
        Spend "spend",
    }
}

closed_set! {
    /// What a guard does.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum GuardMode: all, word {
        /// It refuses.
        #[default]
        Enforce "enforce",
        /// It counts what it would refuse, and refuses nothing.
        Shadow "shadow",
        /// It is not asked.
        Off "off",
    }
}

closed_set! {
    /// Why a code is not sent, for who asked.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum GuardReason: all, word {
        /// The number stands on a list of the operator.
        BlockListed "block_listed",
        /// It is of a kind to which no codes go.
        LineUnsuitable "line_unsuitable",
        /// There were too many wrong guesses for it.
        WrongGuesses "wrong_guesses",
        /// It was sent to often enough.
        Repeated "repeated",
        /// The address, or its network, asked often enough.
        NetworkLimit "network_limit",
        /// The app sent often enough.
        AppLimit "app_limit",
        /// Numbers beside it were asked for, one behind the other.
        Sequence "sequence",
        /// Too few codes to numbers that begin so come back.
        PrefixBlocked "prefix_blocked",
        /// Nobody of its country was verified yet, and there were enough tries.
        CountryLimit "country_limit",
        /// Too much was spent, or it costs too much.
        Spend "spend",
    }
}

impl GuardKind {
    /// What is said where it refuses.
    pub const fn reason(self) -> GuardReason {
        match self {
            Self::Listed => GuardReason::BlockListed,
            Self::Line => GuardReason::LineUnsuitable,
            Self::WrongGuesses => GuardReason::WrongGuesses,
            Self::PerPhone => GuardReason::Repeated,
            Self::PerIp | Self::PerNetwork => GuardReason::NetworkLimit,
            Self::PerApp => GuardReason::AppLimit,
            Self::Sequence => GuardReason::Sequence,
            Self::Pumping => GuardReason::PrefixBlocked,
            Self::NewCountry => GuardReason::CountryLimit,
            Self::MaxPrice | Self::Spend => GuardReason::Spend,
        }
    }

    /// Whether it has a say in what goes by a channel to such a line. A fixed line takes calls; prefixes, and countries
    /// without customers, are blocked for whoever earns by calls and SMS to them, and nobody earns by a mail.
    pub const fn withholds(self, channel: Channel, line: LineType) -> bool {
        match self {
            Self::Line if matches!(line, LineType::FixedLine) => matches!(channel, Channel::Sms),
            Self::Line | Self::MaxPrice => channel.is_telephony(),
            Self::Listed | Self::Sequence | Self::Pumping | Self::NewCountry => channel.is_telephony(),
            Self::WrongGuesses | Self::PerPhone | Self::PerIp | Self::PerNetwork | Self::PerApp | Self::Spend => true,
        }
    }

    /// Whether a person behind the number may be somebody whom another channel should let in: what it refuses is the
    /// SMS, and not the person.
    pub const fn is_a_challenge(self) -> bool {
        matches!(self, Self::Listed | Self::Line | Self::Sequence | Self::Pumping | Self::MaxPrice)
    }
}

/// What the guards hold requests against.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// What guards do that do not enforce.
    pub modes: BTreeMap<GuardKind, GuardMode>,
    /// Sends to a number.
    pub per_phone: Vec<Rate>,
    /// Sends that an address asks for.
    pub per_ip: Vec<Rate>,
    /// Sends that a network asks for.
    pub per_network: Vec<Rate>,
    /// Sends of an app.
    pub per_app: Vec<Rate>,
    /// Wrong guesses of a number.
    pub wrong_guesses: Option<Rate>,
    /// What may be spent.
    pub spend: Option<Budget>,
    /// When numbers with the same first digits are blocked.
    pub pumping: Pumping,
    /// So many numbers of a hundred in a period, of which none came back, are too many.
    pub sequence: Option<Rate>,
    /// How a country begins.
    pub new_country: Option<NewCountry>,
    /// Prefixes to which no codes go.
    pub blocked: BTreeSet<Prefix>,
    /// Prefixes that only the limits of a number, an address, an app and of money hold for.
    pub safe: BTreeSet<Prefix>,
    /// Kinds of numbers to which no codes go.
    pub lines: BTreeSet<LineType>,
}

/// What may be spent in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How much.
    pub amount: Money,
    /// In what, where a carrier says what it charges.
    pub currency: Option<Currency>,
    /// In how long.
    pub period: Duration,
}

/// When numbers with the same first digits are blocked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pumping {
    /// From how many sends on.
    pub sends: u32,
    /// In how long.
    pub window: Duration,
    /// A smaller share of them comes back.
    pub conversion: f64,
    /// How long the first time; twice as long each time.
    pub block: Duration,
    /// At most so long.
    pub block_max: Duration,
}

impl Pumping {
    /// Below this share somebody is told.
    pub const ALERT: f64 = 0.35;
}

/// How a country begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewCountry {
    /// So many sends.
    pub sends: Rate,
    /// Until so many have come back.
    pub converted: u32,
}

impl Policy {
    /// Whether a number is safe, or blocked, by the longest prefix that stands on a list.
    pub fn lists(&self, to: E164) -> Option<bool> {
        Prefix::all(to).find_map(|it| {
            let (safe, blocked) = (self.safe.contains(&it), self.blocked.contains(&it));
            (safe || blocked).then_some(!blocked)
        })
    }

    /// What a guard does.
    pub fn mode(&self, guard: GuardKind) -> GuardMode {
        self.modes.get(&guard).copied().unwrap_or_default()
    }

    /// Whether a guard is asked.
    pub fn asks(&self, guard: GuardKind) -> bool {
        self.mode(guard) != GuardMode::Off
    }
}

impl Default for Pumping {
    fn default() -> Self {
        let minutes = |it: u64| Duration::from_secs(60 * it);
        Self { sends: 50, window: minutes(60), conversion: 0.2, block: minutes(5), block_max: minutes(12 * 60) }
    }
}

impl Default for Policy {
    fn default() -> Self {
        let minutes = |it: u64| Duration::from_secs(60 * it);
        let rate = |count, period| Rate { count, period };
        let day = minutes(24 * 60);
        Self {
            modes: BTreeMap::new(),
            per_phone: vec![rate(3, minutes(10)), rate(6, day)],
            per_ip: vec![rate(10, minutes(10)), rate(50, day)],
            per_network: vec![rate(30, minutes(10))],
            per_app: Vec::new(),
            wrong_guesses: Some(rate(20, day)),
            spend: None,
            pumping: Pumping::default(),
            sequence: Some(rate(5, minutes(10))),
            new_country: Some(NewCountry { sends: rate(10, minutes(60)), converted: 3 }),
            blocked: BTreeSet::new(),
            safe: BTreeSet::new(),
            lines: LineType::ALL.into_iter().filter(|it| !matches!(it, LineType::Mobile | LineType::Other)).collect(),
        }
    }
}
