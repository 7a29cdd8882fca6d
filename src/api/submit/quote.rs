//! From what is asked to what would be sent: checked, routed, cut and priced, nothing stored.
//!
//! Everything that can be refused is refused here, before anything exists.

use crate::api::handler::kinds::DUPLICATES;
use crate::api::handler::problem::{Fault, Kind, Problem};
use crate::api::handler::time::{self, duration, now};
use crate::api::submit::recipients::{Duplicate, Judged, Line, Rejected, Terms};
use crate::api::submit::request::{Asked, Targets, Text, targets};
use crate::api::submit::{callback, dlt, features};
use crate::dispatch::door::happening::{Recipient, Submission};
use crate::dispatch::door::plan::{Account, Plan};
use crate::dispatch::inbound::opt_out::OptedOut;
use crate::message::class::Class;
use crate::message::extras::Extras;
use crate::message::id::RouteId;
use crate::message::money::{Currency, Money};
use crate::message::source::Source;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::route::inbound::recipient;
use crate::route::plan::Route;
use crate::route::rule;
use crate::smpp::time::RELATIVE_MAX;
use crate::text::content::Requested;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// The shortest validity that means anything to a carrier.
pub(super) const VALIDITY_MIN: Duration = Duration::from_secs(1);
/// The longest: what SMSCs commonly keep.
pub(super) const VALIDITY_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
// What is asked for can be said to a carrier.
const _: () = assert!(VALIDITY_MAX.as_secs() <= RELATIVE_MAX.as_secs());
/// Characters of a tag: a word by which rules tell requests apart.
const TAG_MAX: usize = 64;

/// What a request may be refused with where it is judged.
pub(crate) const JUDGED: [Kind; 6] = [
    Kind::RouteNotGranted,
    Kind::SenderNotGranted,
    Kind::DestinationDenied,
    Kind::RegistrationMissing,
    Kind::Suppressed,
    Kind::NoPrice,
];

/// By what requests are judged, and whose.
#[derive(Clone, Copy)]
pub(crate) struct Judge<'a> {
    /// The configuration.
    pub(crate) plan: &'a Plan,
    /// Who does not want to be written to.
    pub(crate) opted_out: &'a OptedOut,
    /// Who asks.
    pub(crate) account: &'a Account,
}

/// What all recipients of a request share.
pub(super) struct Shared<'a> {
    pub(super) route: &'a Route,
    pub(super) source: Option<Source>,
    pub(super) requested: Requested,
    pub(super) extras: Option<Extras>,
    pub(super) text: Option<&'a Text<'a>>,
    pub(super) client_ref: Option<&'a Text<'a>>,
    /// Whether who would get the same twice gets it twice.
    pub(super) repeats: bool,
    pub(super) send_at: Option<Time>,
    pub(super) validity: Duration,
}

/// What a request would become.
pub(crate) struct Quote<'a> {
    /// By which route.
    pub(crate) route: &'a Route,
    /// What the answer says of each accepted recipient.
    pub(crate) lines: Vec<Line<'a>>,
    /// Who is not accepted.
    pub(crate) rejected: Vec<Rejected<'a>>,
    /// Who is left out, because another recipient gets the same.
    pub(crate) duplicates: Vec<Duplicate<'a>>,
    /// What the customer pays in.
    pub(crate) currency: Option<Currency>,
}

impl<'a> Quote<'a> {
    /// What the request would become, and what the loop is asked to keep of it, of which there may be nothing.
    pub(crate) fn of(by: Judge<'a>, asked: &'a Asked<'a>) -> Result<(Self, Box<Submission>), Problem> {
        let Judge { plan, account, .. } = by;
        callback::read(asked)?;
        let words = Words::of(asked)?;
        let (extras, requested) = features::read(asked, words.requested)?;
        let sender = sender(account, asked.from.as_ref());
        let source = sender.map(|it| source(account, it)).transpose()?;
        let sender = source.as_ref().map(Source::to_string);
        let targets = targets(asked)?;
        let route =
            route(plan, account, &Wanted { asked, words: &words, sender: sender.as_deref(), targets: &targets })?;
        check_route(route, words.class, source.as_ref())?;
        let shared = Shared {
            route,
            source,
            requested,
            extras,
            text: asked.text.as_ref(),
            client_ref: asked.client_ref.as_ref(),
            repeats: words.repeats,
            send_at: words.send_at,
            validity: words.validity.unwrap_or(route.validity),
        };
        Self::judge(by, shared, &targets)
    }

    /// The same once it is known what all recipients share.
    pub(super) fn judge(
        Judge { plan, opted_out, account }: Judge<'a>,
        shared: Shared<'a>,
        targets: &Targets<'a>,
    ) -> Result<(Self, Box<Submission>), Problem> {
        let Shared { route, source, .. } = shared;
        check_price(account, route)?;
        let extras = dlt::complete(route, shared.extras)?;
        let sender = recipient(source.as_ref().map_or("", Source::octets));
        let terms = Terms {
            unwanted: Box::new(move |to, own| {
                let own = own.map(|it| recipient(it.octets()));
                let of = (account.id, own.as_deref().unwrap_or(&sender), to);
                opted_out.refuses(&plan.opt_out, route.class, of).is_some()
            }),
            account,
            route,
            plan,
            source: source.clone(),
            requested: shared.requested,
            extras: extras.map(Arc::new),
            profile: plan.quote_profile(route.id),
            text: shared.text,
            client_ref: shared.client_ref,
            repeats: shared.repeats,
        };
        let Judged { accepted, rejected, duplicates } = terms.apply(targets);
        let (lines, recipients): (Vec<Line<'a>>, Vec<Recipient>) = accepted.into_iter().unzip();
        let submission = Box::new(Submission {
            account: account.id,
            route: route.id,
            class: route.class,
            source: source.unwrap_or(Source::Unset),
            send_at: shared.send_at,
            validity: shared.validity,
            idempotency: None,
            recipients,
        });
        let currency = account.price(route).map(|it| it.currency).or(account.currency);
        Ok((Self { route, lines, rejected, duplicates, currency }, submission))
    }

    /// Refuses a request of which nothing is left.
    pub(crate) fn some(&self) -> Result<(), Problem> {
        let fault = |it: &Rejected<'_>| (it.kind, Fault { detail: it.detail.clone(), pointer: it.pointer.clone() });
        if self.lines.is_empty() { Err(all_rejected(self.rejected.iter().map(fault).collect())) } else { Ok(()) }
    }

    /// What all accepted recipients cost; `None` on an unpriced route.
    pub(crate) fn cost(&self) -> Option<Money> {
        self.lines.iter().try_fold(Money::default(), |sum, line| Some(sum + line.price?))
    }
}

/// The words of a request that come from closed sets.
struct Words {
    class: Option<Class>,
    requested: Option<Requested>,
    validity: Option<Duration>,
    send_at: Option<Time>,
    /// Whether who would get the same twice gets it twice.
    repeats: bool,
}

impl Words {
    fn of(asked: &Asked<'_>) -> Result<Self, Problem> {
        let invalid = |pointer: &'static str, detail: &'static str| Problem::at(Kind::Invalid, pointer, detail);
        let class = match &asked.class {
            None => None,
            Some(word) => Some(
                Class::from_word(word.as_str())
                    .ok_or_else(|| invalid("/class", "must be otp, transactional or marketing"))?,
            ),
        };
        if asked.tag.as_ref().is_some_and(|it| TAG_MAX < it.as_str().chars().count()) {
            return Err(invalid("/tag", "must have at most 64 characters"));
        }
        let requested = match asked.encoding.as_ref().map(Text::as_str) {
            None => None,
            Some(word) => Some(Requested::from_word(word).ok_or_else(|| {
                invalid("/encoding", "must be auto, gsm7, gsm7-transliterate, ucs2, latin1 or binary")
            })?),
        };
        let validity = match &asked.validity {
            None => None,
            Some(text) => Some(
                duration(text.as_str())
                    .filter(|it| (VALIDITY_MIN..=VALIDITY_MAX).contains(it))
                    .ok_or_else(|| invalid("/validity", "must be a time like 90s, 10m, 2h or 1d, from 1s to 7d"))?,
            ),
        };
        let send_at = asked.send_at.as_ref().map(|it| time::ahead(it.as_str(), now())).transpose();
        let send_at = send_at.map_err(|why| invalid("/send_at", why))?;
        let repeats = match asked.duplicates.as_ref().map(Text::as_str) {
            None => false,
            Some(word) => {
                let known = DUPLICATES.into_iter().find(|it| it.0 == word);
                known.ok_or_else(|| invalid("/duplicates", "must be drop or send"))?.1
            }
        };
        Ok(Self { class, requested, validity, send_at, repeats })
    }
}

/// The sender as written: the one asked for, or the only one that the account has.
fn sender<'a>(account: &'a Account, from: Option<&'a Text<'a>>) -> Option<&'a str> {
    match (from, &account.senders[..]) {
        (Some(text), _) => Some(text.as_str()),
        (None, [only]) if &**only != "*" => Some(only),
        (None, _) => None,
    }
}

fn source(account: &Account, text: &str) -> Result<Source, Problem> {
    let source = Source::parse_in(text, account.region.as_deref());
    let source = source.map_err(|why| Problem::at(Kind::Invalid, "/from", why.to_string()))?;
    if is_listed(&account.senders, &source) {
        Ok(source)
    } else {
        Err(Problem::at(Kind::SenderNotGranted, "/from", "the account may not use this sender"))
    }
}

/// Whether a list of senders, each as it is compared, holds one.
fn is_listed(senders: &[Box<str>], source: &Source) -> bool {
    let text = source.to_string();
    senders.iter().any(|it| **it == *"*" || **it == *text)
}

/// What decides about the route.
struct Wanted<'q> {
    asked: &'q Asked<'q>,
    words: &'q Words,
    sender: Option<&'q str>,
    targets: &'q Targets<'q>,
}

/// The route asked for; else the first rule that fits the whole request, else the account's
/// first. An order goes by one route, so a rule fits when it fits every recipient.
fn route<'a, 'q>(plan: &'a Plan, account: &Account, wanted: &Wanted<'q>) -> Result<&'a Route, Problem> {
    if let Some(id) = wanted.asked.route_id {
        let route = plan
            .routes
            .get(&account.route(id))
            .or_else(|| plan.routes.get(&RouteId::written(id)))
            .ok_or_else(|| Problem::at(Kind::Invalid, "/route_id", "there is no such route"))?;
        if account.routes.contains(&route.id) {
            return Ok(route);
        }
        return Err(Problem::at(Kind::RouteNotGranted, "/route_id", "the account may not use this route"));
    }
    // Who has no rules need not read every number twice.
    let numbers = if plan.rules.is_empty() { Vec::new() } else { wanted.targets.numbers(account.region.as_deref()) };
    let at = wanted.words.send_at.unwrap_or_else(now);
    let shared = wanted.asked.text.as_ref().map(Text::as_str);
    let one = |(destination, own): (E164, Option<&'q str>)| rule::Asked {
        account: account.id,
        destination,
        class: wanted.words.class,
        sender: wanted.sender,
        tag: wanted.asked.tag.as_ref().map(Text::as_str),
        text: own.or(shared),
        at,
    };
    let asked: Vec<rule::Asked<'_>> = numbers.into_iter().map(one).collect();
    // Rules name routes by their numbers, and a sandbox has twins of them.
    let granted = match account.is_sandbox {
        true => account.routes.iter().map(|it| RouteId(it.shown())).collect(),
        false => Cow::Borrowed(&account.routes[..]),
    };
    let chosen = rule::choose(&plan.rules, &granted, &asked).and_then(|it| plan.routes.get(&account.route(it.0)));
    chosen.ok_or_else(|| Problem::new(Kind::RouteNotGranted, "The account has no route."))
}

fn check_route(route: &Route, class: Option<Class>, source: Option<&Source>) -> Result<(), Problem> {
    if class.is_some_and(|it| it != route.class) {
        let detail = format!("route {} is for class {}", route.id.shown(), route.class.word());
        return Err(Problem::at(Kind::ClassMismatch, "/class", detail));
    }
    if let Some(source) = source
        && !route.senders.is_empty()
        && !is_listed(&route.senders, source)
    {
        return Err(Problem::at(
            Kind::SenderNotGranted,
            "/from",
            format!("route {} does not take this sender", route.id.shown()),
        ));
    }
    Ok(())
}

/// Whether a sender may be used, by its account and on its route, still.
pub(super) fn may_use(account: &Account, route: &Route, source: &Source) -> bool {
    is_listed(&account.senders, source) && (route.senders.is_empty() || is_listed(&route.senders, source))
}

/// An account that pays in advance cannot be sent for without a price.
fn check_price(account: &Account, route: &Route) -> Result<(), Problem> {
    if account.terms.managed && account.price(route).is_none() {
        let detail = format!("route {} has no price, and the account pays from a balance", route.id.shown());
        return Err(Problem::at(Kind::NoPrice, "/route_id", detail));
    }
    Ok(())
}

/// The refusal of a request of which nothing is left: of the one kind that all are, where there is one.
pub(super) fn all_rejected(rejected: Vec<(Kind, Fault)>) -> Problem {
    let kind = match &rejected[..] {
        [(only, _)] => *only,
        [(first, _), rest @ ..] if first.status() == 422 && rest.iter().all(|it| it.0 == *first) => *first,
        _ => Kind::Invalid,
    };
    Problem::of_faults(kind, rejected.into_iter().map(|it| it.1).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_listed_however_it_is_written() {
        let listed = |list: &str, text: &str| is_listed(&[list.into()], &Source::parse(text).unwrap());
        assert!(["31600000000", "+31600000000", "0031600000000"].iter().all(|it| listed("+31600000000", it)));
        assert!(listed("*", "ANY") && listed("SHOP", "SHOP"));
        assert!(!listed("SHOP", "shop") && !listed("12345", "1234"));
    }
}
