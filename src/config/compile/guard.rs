//! `[guard]`: limits and blocks before codes are sent.

use crate::config::compile::service::wait;
use crate::config::error::{Findings, unknown};
use crate::config::schema::guard as written;
use crate::config::units::{Share, Span};
use crate::dispatch::door::plan::Carrier;
use crate::guard::guards::CONVERTED_MAX;
use crate::guard::policy::{Budget, GuardKind, GuardMode, NewCountry, Policy, Pumping};
use crate::guard::prefix::Prefix;
use crate::guard::rate::{COUNT_MAX, PERIOD_MAX, Rate};
use crate::message::id::{AppId, CarrierId, RouteId};
use crate::message::money::{Currency, Money};
use crate::number::line::LineType;
use crate::route::plan::Route;
use crate::verify::app::App;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Rates of one guard.
const RATES_MAX: usize = 4;
/// The shortest window and block: blocks are looked at in whole pieces of these.
const WINDOW_MIN: Duration = Duration::from_secs(60);

/// What guards are held against.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// Who sends codes.
    pub apps: &'a BTreeMap<AppId, App>,
    /// By which routes.
    pub routes: &'a BTreeMap<RouteId, Route>,
    /// And carriers.
    pub carriers: &'a BTreeMap<CarrierId, Carrier>,
}

/// What is written, or the defaults.
pub fn policy(written: &written::Guard, around: Around<'_>, findings: &mut Findings) -> Policy {
    let default = Policy::default();
    let mut rates = |key: &str, written: Option<&Vec<Share>>, default: Vec<Rate>| match written {
        None => default,
        Some(all) => {
            let path = format!("guard.{key}");
            if RATES_MAX < all.len() {
                findings.fault(&path, format!("there are more than {RATES_MAX}"));
            }
            all.iter().filter_map(|it| rate(&path, *it, findings)).collect()
        }
    };
    let per_phone = rates("per_phone", written.per_phone.as_ref(), default.per_phone);
    let per_ip = rates("per_ip", written.per_ip.as_ref(), default.per_ip);
    let per_network = rates("per_network", written.per_network.as_ref(), default.per_network);
    let per_app = rates("per_app", written.per_app.as_ref(), default.per_app);
    let mut one = |key: &str, written: Option<Share>, default: Option<Rate>| match written {
        None => default,
        Some(it) => rate(&format!("guard.{key}"), it, findings),
    };
    let wrong_guesses = one("wrong_guesses_per_phone", written.wrong_guesses_per_phone, default.wrong_guesses);
    let sequence = one("sequence", written.sequence, default.sequence);
    Policy {
        modes: modes(&written.mode, findings),
        per_phone,
        per_ip,
        per_network,
        per_app,
        wrong_guesses,
        spend: spend(written.spend.as_deref(), around, findings),
        pumping: pumping(&written.pumping, findings),
        sequence,
        new_country: new_country(&written.new_country, default.new_country, findings),
        blocked: prefixes("guard.block", &written.block, findings),
        safe: prefixes("guard.safe", &written.safe, findings),
        lines: written.lines.as_ref().map_or(default.lines, |it| lines(it, findings)),
    }
}

/// What guards do that do not enforce.
fn modes(written: &BTreeMap<String, String>, findings: &mut Findings) -> BTreeMap<GuardKind, GuardMode> {
    let names = GuardKind::ALL.map(GuardKind::word);
    let words = GuardMode::ALL.map(|it| (it.word(), it));
    let mut modes = BTreeMap::new();
    for (name, mode) in written {
        let path = format!("guard.mode.{name}");
        match GuardKind::from_word(name) {
            Some(guard) => _ = modes.insert(guard, findings.choose(&path, Some(mode), &words, GuardMode::Enforce)),
            None => findings.fault(&path, unknown("guard", name, &names)),
        }
    }
    modes
}

fn rate(path: &str, Share(written): Share, findings: &mut Findings) -> Option<Rate> {
    let it = written?;
    let count = u32::try_from(it.messages).ok().filter(|it| *it <= COUNT_MAX);
    if count.is_none() {
        findings.fault(path, format!("{} is more than {COUNT_MAX}", it.messages));
    }
    if PERIOD_MAX < it.period {
        findings.fault(path, "guards look back for a day at most");
    }
    Some(Rate { count: count?, period: it.period.min(PERIOD_MAX) })
}

fn pumping(written: &written::Pumping, findings: &mut Findings) -> Pumping {
    let default = Pumping::default();
    let mut span = |key: &str, written: Option<Span>, default: Duration| {
        let path = format!("guard.pumping.{key}");
        let span = wait(&path, written, default, findings);
        if !(WINDOW_MIN..=PERIOD_MAX).contains(&span) {
            findings.fault(&path, format!("{} s is not within 60 and 86400 s", span.as_secs()));
        }
        span.clamp(WINDOW_MIN, PERIOD_MAX)
    };
    let window = span("window", written.window, default.window);
    let block = span("block", written.block, default.block);
    let block_max = span("block_max", written.block_max, default.block_max.max(block));
    if block_max < block {
        findings.fault("guard.pumping.block_max", "it is shorter than block");
    }
    let sends =
        findings.within("guard.pumping.sends", written.sends.unwrap_or(default.sends.into()), 1..=COUNT_MAX.into());
    let conversion = written.conversion.unwrap_or(default.conversion);
    if !(0.0..=1.0).contains(&conversion) {
        findings.fault("guard.pumping.conversion", format!("{conversion} is not within 0 and 1"));
    }
    Pumping { sends: sends as u32, window, conversion, block, block_max: block_max.max(block) }
}

fn new_country(
    written: &written::NewCountry,
    default: Option<NewCountry>,
    findings: &mut Findings,
) -> Option<NewCountry> {
    let default = default?;
    let sends = match written.sends {
        None => default.sends,
        Some(it) => rate("guard.new_country.sends", it, findings)?,
    };
    let converted = written.converted.unwrap_or(default.converted.into());
    let converted = findings.within("guard.new_country.converted", converted, 1..=CONVERTED_MAX.into());
    Some(NewCountry { sends, converted: converted as u32 })
}

fn prefixes(path: &str, written: &[String], findings: &mut Findings) -> BTreeSet<Prefix> {
    let mut prefixes = BTreeSet::new();
    for text in written {
        match Prefix::parse(text) {
            Some(it) => _ = prefixes.insert(it),
            None => findings.fault(path, format!("{text:?} is no prefix of three digits or more, such as \"+3197\"")),
        }
    }
    prefixes
}

fn lines(written: &[String], findings: &mut Findings) -> BTreeSet<LineType> {
    let names = LineType::ALL.map(LineType::word);
    let mut lines = BTreeSet::new();
    for name in written {
        match LineType::ALL.into_iter().find(|it| it.word() == name) {
            Some(it) => _ = lines.insert(it),
            None => findings.fault("guard.lines", unknown("kind of line", name, &names)),
        }
    }
    lines
}

/// What may be spent: of costs that every carrier of a route of an app states, in one currency.
fn spend(written: Option<&str>, around: Around<'_>, findings: &mut Findings) -> Option<Budget> {
    let (path, written) = ("guard.spend", written.filter(|it| !it.is_empty())?);
    let split = written.split_once('/');
    let amount = split.and_then(|it| Money::parse(it.0).ok()).filter(|it| 0 < it.0);
    let period = split.and_then(|it| crate::config::units::duration(it.1).ok()).filter(|it| !it.is_zero());
    let (Some(amount), Some(period)) = (amount, period) else {
        findings.fault(path, format!("{written:?} is not an amount and a period, such as \"50.00/1h\""));
        return None;
    };
    if PERIOD_MAX < period {
        findings.fault(path, "guards look back for a day at most");
    }
    let mut currencies = BTreeSet::new();
    for carrier in around
        .apps
        .values()
        .flat_map(|it| &it.ways)
        .filter_map(|it| around.routes.get(&it.route))
        .flat_map(Route::every_carrier)
    {
        let Some(carrier) = around.carriers.get(&carrier) else { continue };
        match &carrier.dialect.cost {
            Some(it) if it.default.is_none() => {
                findings.fault(
                    path,
                    format!("carrier {} does not say what it charges elsewhere: cost has no default", carrier.name),
                );
            }
            Some(it) => _ = currencies.insert(it.currency),
            None => findings.fault(path, format!("carrier {} does not say what it charges: see cost", carrier.name)),
        }
    }
    let mut all = currencies.iter().map(Currency::as_str);
    if let (Some(one), Some(other)) = (all.next(), all.next()) {
        findings.fault(path, format!("the carriers of the apps charge in {one} and {other}, which are not added up"));
    }
    Some(Budget { amount, currency: currencies.first().copied(), period: period.min(PERIOD_MAX) })
}
