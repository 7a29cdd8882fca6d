//! The options of `nuncio sim`, as they are written on a command line.
//!
//! Times have a unit (`5ms`, `2s`, `1m`), and where one is different each time it is a span
//! (`50ms..2s`). Shares are in percent (`10%`). A status is its number (`0x0b`, `11`) or the
//! specification's constant (`ESME_RINVDSTADR`).

use crate::message::extras::Parameter;
use crate::session::version::Version;
use crate::simulator::behaviour::{Addresses, Behaviour, Mix, Receipts, Style};
use crate::simulator::dice::Share;
use crate::simulator::dice::Span;
use crate::simulator::identity::IdForm;
use crate::simulator::outcome::MessageState;
use crate::smpp::status::CommandStatus;
use crate::wire::tls::ServerOptions;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use thiserror::Error;

/// The options of `nuncio sim`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 is any that is free
    #[arg(long, default_value = "127.0.0.1:2775", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// A PEM file of a certificate and its chain: speak TLS, and nothing else
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,
    /// A PEM file of its key
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
    /// A PEM file of the CA that certificates of those who connect must come from
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub tls_client_ca: Option<PathBuf>,
    /// Who may bind; everybody if nobody is named. May be repeated
    #[arg(long, value_name = "SYSTEM_ID:PASSWORD", value_parser = account)]
    pub account: Vec<(String, String)>,
    /// What chance is made of
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// A file to which every submit is appended as a line of JSON
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// How long an answer to a submit takes
    #[arg(long, default_value = "0ms", value_name = "SPAN")]
    pub latency: Span,
    /// How long after the answer a receipt comes
    #[arg(long, default_value = "0ms", value_name = "SPAN")]
    pub receipts: Span,
    /// What receipts say, by weight: delivrd, undeliv, rejectd, expired, deleted, acceptd, buffered,
    /// enroute, unknown, none
    #[arg(long, default_value = "delivrd=1", value_name = "WORD=WEIGHT,…")]
    pub outcome: Mix,
    /// Let the last two digits of a destination decide what becomes of a message
    #[arg(long)]
    pub steer: bool,
    /// Leave a message at acceptd, buffered or enroute, without a final receipt
    #[arg(long)]
    pub unsettled: bool,
    /// Send receipts even when none was asked for
    #[arg(long)]
    pub unasked: bool,
    /// How ids are written in answers: hex, upper-hex, decimal, padded, uuid
    #[arg(long, default_value = "decimal", value_name = "FORM")]
    pub id: IdForm,
    /// How ids are written in the text of receipts, if not as in answers
    #[arg(long, value_name = "FORM")]
    pub receipt_id: Option<IdForm>,
    /// How ids are written in receipted_message_id, if not as in the text
    #[arg(long, value_name = "FORM")]
    pub tlv_id: Option<IdForm>,
    /// The number of the first message
    #[arg(long, default_value_t = 1_000_000)]
    pub first_id: u64,
    /// Where a receipt stands: text, tlv, both, payload, data-sm
    #[arg(long, default_value = "text")]
    pub style: Style,
    /// Leave sub: and dlvrd: out of receipts
    #[arg(long)]
    pub no_counts: bool,
    /// Write dates in receipts with seconds
    #[arg(long)]
    pub date_seconds: bool,
    /// Receipts that come before the answer
    #[arg(long, default_value = "0%", value_name = "SHARE")]
    pub receipt_first: Share,
    /// Receipts that come twice
    #[arg(long, default_value = "0%", value_name = "SHARE")]
    pub twice: Share,
    /// Receipts that are followed by ENROUTE
    #[arg(long, default_value = "0%", value_name = "SHARE")]
    pub backwards: Share,
    /// Receipts that are followed by one that says the opposite
    #[arg(long, default_value = "0%", value_name = "SHARE")]
    pub taken_back: Share,
    /// Where the addresses of receipts stand, and how the recipient's is written: swapped, unswapped, national,
    /// masked, empty
    #[arg(long, default_value = "swapped", value_name = "FORM")]
    pub receipt_addresses: Addresses,
    /// The word of state of all receipts, whatever became of the message
    #[arg(long, value_name = "WORD")]
    pub receipt_word: Option<String>,
    /// The message_state of all receipts
    #[arg(long, value_name = "NUMBER")]
    pub receipt_state: Option<u8>,
    /// A parameter that all receipts have, such as 0x1402=acme or 0x1401=hex:0007. May be repeated
    #[arg(long, value_name = "TAG=VALUE", value_parser = parameter)]
    pub receipt_tlv: Vec<Parameter>,
    /// Receipts that come on another bind of the same system_id
    #[arg(long, default_value = "0%", value_name = "SHARE")]
    pub sibling: Share,
    /// Submits that are refused with ESME_RTHROTTLED
    #[arg(long, default_value = "0%", value_name = "SHARE")]
    pub throttle: Share,
    /// Submits a second that are allowed to one system_id
    #[arg(long, value_name = "NUMBER")]
    pub rate: Option<u32>,
    /// How much of that may come at once; at least one submit may
    #[arg(long, default_value = "100ms", value_name = "TIME", value_parser = time)]
    pub burst: Duration,
    /// Refuse every submit to this number with a status. May be repeated
    #[arg(long, value_name = "NUMBER=STATUS", value_parser = refusal_of_number)]
    pub refuse: Vec<(String, CommandStatus)>,
    /// Submits that are refused, by status
    #[arg(long, value_delimiter = ',', value_name = "STATUS=SHARE,…", value_parser = refusal)]
    pub reject: Vec<(CommandStatus, Share)>,
    /// Submits that are neither taken nor answered
    #[arg(long, default_value = "0%", value_name = "SHARE")]
    pub silence: Share,
    /// Take and answer no submit at all, while enquire_link is answered
    #[arg(long)]
    pub silent: bool,
    /// Submits that are taken and not answered
    #[arg(long, default_value = "0%", value_name = "SHARE")]
    pub lose_answer: Share,
    /// Submits that may wait for their answer on one connection
    #[arg(long, default_value_t = 1_000, value_name = "NUMBER")]
    pub window_max: usize,
    /// Cut a connection at this submit
    #[arg(long, value_name = "NUMBER")]
    pub disconnect_after: Option<u64>,
    /// Cut a connection when so many of its submits wait for their answer
    #[arg(long, value_name = "NUMBER")]
    pub disconnect_at_window: Option<usize>,
    /// The highest version of SMPP that it speaks: 3.3, 3.4, 5.0
    #[arg(long, default_value = "5.0", value_name = "VERSION", value_parser = version)]
    pub smpp: Version,
    /// Refuse every bind with this status
    #[arg(long, value_name = "STATUS", value_parser = status)]
    pub refuse_bind: Option<CommandStatus>,
    /// Binds that one system_id may have
    #[arg(long, default_value_t = 64, value_name = "NUMBER")]
    pub binds_max: usize,
    /// Messages that the carrier sends by itself, such as 2/s or 30/m
    #[arg(long, default_value = "0/s", value_name = "RATE", value_parser = per_second)]
    pub mo: f64,
    /// Whom they are for
    #[arg(long, default_value = "12345", value_name = "NUMBER")]
    pub mo_destination: String,
    /// Receipts that may wait for their answer on one connection
    #[arg(long, default_value_t = 100, value_name = "NUMBER")]
    pub deliver_window: usize,
    /// Send receipts and messages all at once, however many wait for their answer, and none again: one that is
    /// refused, or whose answer is lost, is counted and gone
    #[arg(long, conflicts_with_all = ["deliver_window", "retry_after"])]
    pub never_again: bool,
    /// How long the answer to a receipt may take before it is sent again
    #[arg(long, default_value = "60s", value_name = "TIME", value_parser = time)]
    pub response_timeout: Duration,
    /// How long a receipt that was refused waits at first
    #[arg(long, default_value = "1s", value_name = "TIME", value_parser = time)]
    pub retry_after: Duration,
}

impl Options {
    /// The behaviour that they describe.
    pub fn behaviour(&self) -> Behaviour {
        let behaviour = Behaviour {
            latency: self.latency,
            receipts: self.receipts(),
            id: self.id,
            first_id: self.first_id,
            accounts: self.account.clone(),
            version: self.smpp,
            refuse_bind: self.refuse_bind,
            binds_max: self.binds_max,
            throttle: self.throttle,
            rate: self.rate,
            burst: self.burst,
            refuse: self.refuse.clone(),
            reject: self.reject.clone(),
            silence: self.silence,
            silent: self.silent,
            lose_answer: self.lose_answer,
            window_max: self.window_max,
            disconnect_after: self.disconnect_after,
            disconnect_at_window: self.disconnect_at_window,
            mo_per_second: self.mo,
            mo_destination: self.mo_destination.clone(),
            steer: self.steer,
            deliver_window: self.deliver_window,
            response_timeout: self.response_timeout,
            retry_after: self.retry_after,
            ..Behaviour::default()
        };
        if self.never_again { behaviour.once() } else { behaviour }
    }

    /// TLS, if it is to be spoken.
    pub fn tls(&self) -> Option<ServerOptions> {
        let (certificate, key) = self.tls_certificate.clone().zip(self.tls_key.clone())?;
        Some(ServerOptions { certificate, key, client_ca: self.tls_client_ca.clone() })
    }

    fn receipts(&self) -> Receipts {
        Receipts {
            delay: self.receipts,
            mix: self.outcome.clone(),
            settle: !self.unsettled,
            unasked: self.unasked,
            style: self.style,
            counts: !self.no_counts,
            seconds: self.date_seconds,
            id: self.receipt_id,
            tlv_id: self.tlv_id,
            before_response: self.receipt_first,
            twice: self.twice,
            backwards: self.backwards,
            taken_back: self.taken_back,
            addresses: self.receipt_addresses,
            word: self.receipt_word.clone(),
            state: self.receipt_state,
            tlvs: self.receipt_tlv.clone(),
            sibling: self.sibling,
        }
    }
}

/// What cannot be read, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{found:?} is not {expected}")]
pub struct Unreadable {
    found: String,
    expected: &'static str,
}

fn unreadable(found: &str, expected: &'static str) -> Unreadable {
    Unreadable { found: found.to_owned(), expected }
}

impl FromStr for Span {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let (min, max) = text.split_once("..").unwrap_or((text, text));
        let span = Self { min: time(min)?, max: time(max)? };
        if span.max < span.min {
            return Err(unreadable(text, "a span from a shorter to a longer time"));
        }
        Ok(span)
    }
}

impl FromStr for Share {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let percent = text.strip_suffix('%').and_then(|number| number.parse::<f64>().ok());
        match percent {
            Some(percent) if (0.0..=100.0).contains(&percent) => Ok(Self::of(percent / 100.0)),
            _ => Err(unreadable(text, "a share from 0% to 100%")),
        }
    }
}

impl FromStr for Mix {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let weight = |item: &str| {
            let (word, weight) = item.split_once('=').unwrap_or((item, "1"));
            Some((MessageState::of_word(word.trim())?, weight.trim().parse().ok()?))
        };
        let weights: Option<Vec<(MessageState, u32)>> = text.split(',').map(weight).collect();
        match weights {
            Some(weights) if weights.iter().any(|(_, weight)| *weight > 0) => Ok(Self::new(weights)),
            _ => Err(unreadable(text, "a list of outcomes with weights, such as delivrd=90,undeliv=10")),
        }
    }
}

impl FromStr for IdForm {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        match text {
            "hex" => Ok(Self::Hex),
            "upper-hex" => Ok(Self::UpperHex),
            "decimal" => Ok(Self::Decimal),
            "padded" => Ok(Self::PaddedDecimal),
            "uuid" => Ok(Self::Uuid),
            _ => Err(unreadable(text, "one of hex, upper-hex, decimal, padded, uuid")),
        }
    }
}

impl FromStr for Style {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        match text {
            "text" => Ok(Self::Text),
            "tlv" => Ok(Self::Tlv),
            "both" => Ok(Self::Both),
            "payload" => Ok(Self::Payload),
            "data-sm" => Ok(Self::DataSm),
            _ => Err(unreadable(text, "one of text, tlv, both, payload, data-sm")),
        }
    }
}

impl FromStr for Addresses {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        match text {
            "swapped" => Ok(Self::Swapped),
            "unswapped" => Ok(Self::Unswapped),
            "national" => Ok(Self::National),
            "masked" => Ok(Self::Masked),
            "empty" => Ok(Self::Empty),
            _ => Err(unreadable(text, "one of swapped, unswapped, national, masked, empty")),
        }
    }
}

fn parameter(text: &str) -> Result<Parameter, Unreadable> {
    let pair = text.split_once('=');
    let read = pair.and_then(|it| Parameter::read(std::iter::once(it)).ok()?.pop());
    read.ok_or_else(|| unreadable(text, "a tag and a value, such as 0x1402=acme or 0x1401=hex:0007"))
}

/// A day: no habit of a carrier is slower, and sums of such times stay far from overflow.
const TIME_MAX: Duration = Duration::from_secs(86_400);

fn time(text: &str) -> Result<Duration, Unreadable> {
    let split = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let micros = match unit {
        "us" => Some(1),
        "ms" => Some(1_000),
        "s" => Some(1_000_000),
        "m" => Some(60_000_000),
        "h" => Some(3_600_000_000),
        _ => None,
    };
    let time = number.parse::<u64>().ok().zip(micros).and_then(|(number, micros)| number.checked_mul(micros));
    time.map(Duration::from_micros)
        .filter(|time| *time <= TIME_MAX)
        .ok_or_else(|| unreadable(text, "a time of at most a day, such as 5ms, 2s or 1m"))
}

fn version(text: &str) -> Result<Version, Unreadable> {
    match text {
        "3.3" => Ok(Version::V33),
        "3.4" => Ok(Version::V34),
        "5.0" => Ok(Version::V50),
        _ => Err(unreadable(text, "one of 3.3, 3.4, 5.0")),
    }
}

fn status(text: &str) -> Result<CommandStatus, Unreadable> {
    let named = CommandStatus::ALL.iter().find(|it| it.name().eq_ignore_ascii_case(text)).copied();
    let number = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    match named.or_else(|| number.ok().map(CommandStatus::from_u32)) {
        Some(CommandStatus::Ok) | None => {
            Err(unreadable(text, "a status that refuses, such as 0x0b or ESME_RINVDSTADR"))
        }
        Some(status) => Ok(status),
    }
}

fn refusal(text: &str) -> Result<(CommandStatus, Share), Unreadable> {
    let (name, share) =
        text.split_once('=').ok_or_else(|| unreadable(text, "a status with its share, such as 0x0b=1%"))?;
    Ok((status(name)?, share.parse()?))
}

fn refusal_of_number(text: &str) -> Result<(String, CommandStatus), Unreadable> {
    let found = text.split_once('=').map(|(number, name)| (number.trim_start_matches('+'), name));
    let known = found.filter(|(number, _)| !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit()));
    let (number, name) =
        known.ok_or_else(|| unreadable(text, "a number with a status, such as +31612345678=ESME_RMSGQFUL"))?;
    Ok((number.to_owned(), status(name)?))
}

fn per_second(text: &str) -> Result<f64, Unreadable> {
    let parsed = text.split_once('/').and_then(|(number, unit)| {
        let number = number.parse::<f64>().ok().filter(|it| (0.0..=1e6).contains(it))?;
        match unit {
            "s" => Some(number),
            "m" => Some(number / 60.0),
            _ => None,
        }
    });
    parsed.ok_or_else(|| unreadable(text, "a rate, such as 2/s or 30/m"))
}

fn account(text: &str) -> Result<(String, String), Unreadable> {
    let (system_id, password) =
        text.split_once(':').ok_or_else(|| unreadable("…", "a system_id and a password with a colon between"))?;
    Ok((system_id.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{FromArgMatches, error::ErrorKind};

    fn read(line: &str) -> Result<Options, clap::Error> {
        let command = Options::augment_args(clap::Command::new("sim").no_binary_name(true));
        command.try_get_matches_from(line.split_whitespace()).and_then(|it| Options::from_arg_matches(&it))
    }

    #[test]
    fn without_options_the_behaviour_is_the_default() {
        let behaviour = read("").unwrap().behaviour();
        assert_eq!(format!("{behaviour:?}"), format!("{:?}", Behaviour::default()));
    }

    #[test]
    fn a_long_line_is_read() {
        let options = read(
            "--listen 127.0.0.1:0 --burst 20ms --refuse +31612345678=0x14 --latency 5ms --receipts 50ms..2s --outcome delivrd=90,undeliv=5,none=5 \
             --id hex --receipt-id padded --style both --throttle 10% --rate 500 --reject 0x0b=1%,ESME_RMSGQFUL=2.5% \
             --smpp 3.4 --silent --disconnect-after 1000 --refuse-bind 0x0d --mo 30/m --seed 7 --ledger /tmp/x --account a:b:c \
             --receipt-addresses masked --receipt-word NOCRED --receipt-state 0 --receipt-tlv 0x1402=acme --taken-back 5%",
        )
        .unwrap();
        assert_eq!(options.listen.port(), 0);
        assert_eq!((options.seed, options.account.as_slice()), (7, &[("a".to_owned(), "b:c".to_owned())][..]));
        let behaviour = options.behaviour();
        assert_eq!(behaviour.latency, Span::of(Duration::from_millis(5)));
        assert_eq!(behaviour.receipts.delay.max, Duration::from_secs(2));
        let mix = [(MessageState::Delivered, 90), (MessageState::Undeliverable, 5), (MessageState::None, 5)];
        assert_eq!(behaviour.receipts.mix.weights(), mix);
        assert_eq!((behaviour.id, behaviour.receipts.id), (IdForm::Hex, Some(IdForm::PaddedDecimal)));
        let reject = [
            (CommandStatus::InvalidDestinationAddress, Share::of(0.01)),
            (CommandStatus::MessageQueueFull, Share::of(0.025)),
        ];
        assert_eq!(behaviour.reject, reject);
        assert_eq!(behaviour.refuse_bind, Some(CommandStatus::BindFailed));
        assert_eq!(behaviour.version, Version::V34);
        let Receipts { addresses, word, state, tlvs, taken_back, .. } = behaviour.receipts;
        assert_eq!((addresses, word.as_deref(), state), (Addresses::Masked, Some("NOCRED"), Some(0)));
        assert_eq!((tlvs.len(), tlvs[0].tag, &*tlvs[0].value, taken_back), (1, 0x1402, &b"acme"[..], Share::of(0.05)));
        assert!(behaviour.silent && (behaviour.mo_per_second - 0.5).abs() < 1e-9);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let wrong = [
            "--latency 5",
            "--latency 2s..1s",
            "--latency 25h",
            "--throttle 10",
            "--throttle 101%",
            "--outcome delivered=1",
            "--outcome delivrd=0",
            "--id octal",
            "--style short",
            "--reject 0x0b",
            "--refuse-bind 0",
            "--mo 2",
            "--account a",
            "--smpp 4.0",
        ];
        for line in wrong {
            let kind = read(line).expect_err(line).kind();
            assert!(matches!(kind, ErrorKind::ValueValidation | ErrorKind::InvalidValue), "{line}: {kind:?}");
        }
    }
}
