//! What became of a message, in words and in order of time: what happened, what was decided and why.
//!
//! It is made of the record alone, and of names and rules from the configuration in force; where the latter may
//! have been another when the message was accepted, the sentence says so. Neither the number nor the text is in it.

use crate::api::handler::kinds::Moment;
use crate::api::handler::time::Timestamp;
use crate::api::read::attempt_view::{BindName, CarrierName};
use crate::api::read::message_view::{AccountName, alphabet, attempts};
use crate::api::submit::ranking::rank;
use crate::dispatch::door::plan::Plan;
use crate::message::attempt::{Answer, Attempt, Cause};
use crate::message::id::{CarrierId, RouteId};
use crate::message::money::Money;
use crate::message::part::Part;
use crate::message::phase::Phase;
use crate::message::receipt::Receipt;
use crate::message::status::Status;
use crate::message::time::Time;
use crate::message::veil::Veil;
use crate::record::entry::Entry;
use crate::route::plan::{CarrierOrder, UnknownPolicy};
use crate::route::rule::Asked;
use crate::smpp::status::CommandStatus;
use crate::text::Alphabet;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// One sentence of a story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = StoryLine)]
pub(crate) struct Line {
    /// When it happened, or is to happen.
    #[schema(value_type = Option<Moment>)]
    at: Timestamp,
    /// What happened.
    text: String,
}

/// What became of a message, and what will.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) past: Vec<Line>,
    pub(crate) next: Vec<Line>,
}

/// The story of a message, at `now`.
pub(crate) fn of(entry: &Entry, veil: &Veil, plan: &Plan, now: Time) -> Story {
    let teller = Teller { entry, veil, plan, now, past: Vec::new(), next: Vec::new() };
    teller.finish()
}

struct Teller<'a> {
    entry: &'a Entry,
    veil: &'a Veil,
    plan: &'a Plan,
    now: Time,
    past: Vec<Line>,
    next: Vec<Line>,
}

impl Teller<'_> {
    fn finish(mut self) -> Story {
        self.tell_acceptance();
        self.tell_route();
        let attempts = attempts(self.entry);
        for (part, attempt) in &attempts {
            self.attempt(*part, attempt);
        }
        for part in &self.entry.parts {
            self.part(part);
        }
        self.tell_end(&attempts);
        // Of one moment what was told first came first.
        self.past.sort_by_key(|it| it.at.0);
        self.next.sort_by_key(|it| it.at.0);
        Story { past: self.past, next: self.next }
    }

    fn tell(&mut self, at: Time, text: String) {
        self.past.push(Line { at: Timestamp(at), text });
    }

    fn foretell(&mut self, at: Time, text: String) {
        self.next.push(Line { at: Timestamp(at), text });
    }

    fn tell_acceptance(&mut self) {
        let body = &self.entry.body;
        let account = AccountName { plan: self.plan, id: body.account };
        let reference = body.client_ref.as_deref().map_or_else(String::new, |it| format!(", client_ref {it:?}"));
        let parts = if body.parts == 1 { "1 SMS".to_owned() } else { format!("{} SMS", body.parts) };
        let alphabet =
            alphabet(body, self.plan).map(Alphabet::word).unwrap_or("an alphabet that is not known any more");
        self.tell(
            body.created,
            format!(
                "Accepted from account {account} as order {}{reference}, durable before it was answered: {}, {parts} in {alphabet}, worth sending until {}.",
                self.veil.order(body.order),
                body.class.word(),
                body.expires,
            ),
        );
        if let Some(price) = body.price {
            let account = self.plan.accounts.get(&body.account).and_then(|it| it.currency);
            let currency = self.plan.currency(body.route, account).map_or_else(String::new, |it| format!(" {it}"));
            let taken = if body.charged { ", taken from its balance" } else { "" };
            self.tell(body.created, format!("The account pays {price}{currency}{taken}."));
        }
        if let Some(at) = body.send_at {
            self.tell(
                body.created,
                format!("It was not to go before {at}: the request said so, or it was the end of quiet hours."),
            );
        }
    }

    /// How it was to go. The record has the route; why it was chosen, only the configuration in force can tell.
    fn tell_route(&mut self) {
        let body = &self.entry.body;
        let Some(route) = self.plan.routes.get(&body.route) else {
            let text = format!("It went by route {}, which the configuration has no more.", body.route.shown());
            return self.tell(body.created, text);
        };
        let asked = Asked {
            account: body.account,
            destination: body.destination,
            class: Some(body.class),
            sender: Some(body.source.octets()),
            tag: None,
            text: Some(&body.text),
            at: body.begins(),
        };
        let granted = self.plan.accounts.get(&body.account).map_or(&[][..], |it| &it.routes);
        // Rules name routes by their numbers.
        let is_granted = |it: RouteId| granted.iter().any(|own| own.shown() == it.shown());
        let rule = self.plan.rules.iter().position(|it| is_granted(it.route) && it.fits(&asked));
        let why = match rule {
            Some(at) if self.plan.rules[at].route.shown() == route.id.shown() => {
                format!("by the configuration of now rule {} leads there, unless the request named it", at + 1)
            }
            None if granted.first() == Some(&route.id) => {
                "by the configuration of now it is the account's first and no rule fits, unless the request named it"
                    .to_owned()
            }
            _ => "the request named it, or the configuration was another".to_owned(),
        };
        let names = rank(self.plan, route, body.destination, &body.source);
        let order = match route.order {
            CarrierOrder::Static if !route.weights.is_empty() => "drawn by their weights",
            CarrierOrder::Static => "in the order listed",
            CarrierOrder::Scored => "ranked by how well each has delivered there",
            CarrierOrder::Cheapest => "the cheapest there first",
        };
        let text = format!(
            "It goes by route {} ({}): {why}. Its carriers, {order}: {}.",
            route.id.shown(),
            route.name,
            names.join(", ")
        );
        self.tell(body.created, text);
    }

    fn attempt(&mut self, part: u8, attempt: &Attempt) {
        let carrier = CarrierName { plan: self.plan, id: attempt.link.carrier };
        let bind = BindName { carrier, link: attempt.link };
        let which = self.which(part);
        let number = attempt.number;
        self.tell(
            attempt.intended_at,
            format!("{which}Attempt {number} was given to {bind}: {}.", cause(attempt.cause)),
        );
        if let Some(written_at) = attempt.written_at.known() {
            let waited = words(written_at.since(attempt.intended_at));
            self.tell(written_at, format!("{which}Written to {bind}, {waited} after that."));
        }
        if let Some(answered_at) = attempt.answered_at.known() {
            let (since, took) = match attempt.written_at.known() {
                Some(written_at) => ("after the write", words(answered_at.since(written_at))),
                None => ("later", words(answered_at.since(attempt.intended_at))),
            };
            self.tell(answered_at, format!("{which}{carrier}, {took} {since}: {}", answer(attempt)));
        }
        if let Some(receipt) = attempt.receipt.as_deref() {
            self.tell(receipt.received_at, format!("{which}{carrier} sent a receipt: {}", receipt_in_words(receipt)));
            for later in &receipt.later {
                let said = receipt_in_words(later);
                self.tell(later.received_at, format!("{which}{carrier} sent another, after that end: {said}"));
            }
        }
    }

    /// Where a part stands that has not ended, and how one ended.
    fn part(&mut self, part: &Part) {
        let which = self.which(part.key.index() + 1);
        if part.phase().is_final() {
            // What its receipt or its answer has told is not told twice, only that it was the end.
            let reason = part.reason.map_or("", |it| it.detail());
            let word = part.phase().status().word();
            return self.tell(part.done_at, format!("{which}Ended: {word}. {reason}").trim_end().to_owned());
        }
        let waits_for = self.name(part.lane.carrier());
        if let Some(moved) = part.moved {
            let from = self.name(moved.from);
            self.foretell(Time::NEVER, format!("{which}It went from {from} to {waits_for}: {}.", cause(moved.cause)));
        }
        match (part.phase(), part.due.known()) {
            (Phase::Queued, Some(due)) => self.foretell(
                due,
                format!("{which}It waits until then, and goes to {waits_for} again or to the next carrier."),
            ),
            (Phase::Queued, None) => {
                self.foretell(Time::NEVER, format!("{which}It waits in the queue of {waits_for}{}.", self.since(part)));
            }
            (Phase::Intended, _) => {
                self.foretell(Time::NEVER, format!("{which}It is on its way to {waits_for}; there is no answer yet."));
            }
            (Phase::Doubtful, _) => {
                let policy = match self.plan.routes.get(&self.entry.body.route).map(|it| it.unknown) {
                    Some(UnknownPolicy::Resend) => "the route sends it again",
                    Some(UnknownPolicy::Fail) => "the route gives it up",
                    _ => "the route holds it until there is news",
                };
                self.foretell(Time::NEVER, format!("{which}It was perhaps written and never answered, so nobody knows whether it was sent; {policy}."));
            }
            (_, Some(due)) => self.foretell(
                due,
                format!("{which}If no final receipt has come by then, the next carrier of the route is tried."),
            ),
            _ => self.foretell(Time::NEVER, format!("{which}The carrier has it and is to send a receipt.")),
        }
        if let Some(ends) = part.ends.known() {
            let end = if part.taken_at.known().is_some() { "UNKNOWN, for want of a receipt" } else { "EXPIRED" };
            self.foretell(ends, format!("{which}If nothing else happens, it ends as {end}."));
        }
    }

    /// What all of it came to.
    fn tell_end(&mut self, attempts: &[(u8, &Attempt)]) {
        let costs = || attempts.iter().filter_map(|(_, it)| it.cost);
        let status = self.entry.status();
        let last = self.entry.parts.iter().map(|it| it.done_at).max().unwrap_or(Time::NEVER);
        if status.is_final() && costs().next().is_some() {
            let cost = costs().fold(Money(0), |sum, it| sum + it);
            self.tell(last, format!("Carriers charge {cost} for it."));
        }
        if status.is_final() && 1 < self.entry.parts.len() {
            self.tell(last, format!("The message as a whole: {}.", status.word()));
        }
    }

    /// Which part a sentence is of, where there are several.
    fn which(&self, part: u8) -> String {
        match self.entry.parts.len() {
            0 | 1 => String::new(),
            count => format!("Part {part} of {count}. "),
        }
    }

    fn since(&self, part: &Part) -> String {
        let last = part.attempt.as_ref().map_or(self.entry.body.begins(), |it| it.answered_at.max(it.intended_at));
        format!(", since {}", words(self.now.since(last)))
    }

    fn name(&self, carrier: CarrierId) -> String {
        if carrier == CarrierId(0) {
            "its carrier".to_owned()
        } else {
            CarrierName { plan: self.plan, id: carrier }.to_string()
        }
    }
}

const fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::First => "the first try",
        Cause::Retry => "again, because the carrier had refused it for now or it had not left",
        Cause::Failover => "because another carrier had refused it",
        Cause::Resend => "again, because nobody knew what had become of the attempt before",
        Cause::NoReceipt => "because another carrier had taken it and no receipt came in time",
        Cause::MaxWait => "because it had waited too long for another carrier",
        Cause::CarrierDown => "because no link to the carrier that it waited for was up",
        Cause::BreakerOpen => "because the carrier that it waited for had failed too often",
        Cause::Moved => "because an operator had closed the carrier that it waited for, or moved it",
        Cause::Probe => "to see whether a carrier that was left works again",
    }
}

/// What an answer means, with the carrier's own words.
fn answer(attempt: &Attempt) -> String {
    let id = attempt.carrier_message_id.as_ref().map(|it| format!(", and calls it {}", it.as_str()));
    let status = attempt.command_status.filter(|it| *it != 0).map(|number| {
        let status = CommandStatus::from_u32(number);
        format!(" It said {} (0x{number:08X}): {}", status.name(), status.meaning())
    });
    let said = status.unwrap_or_default();
    let throttled = attempt.command_status.map(CommandStatus::from_u32).is_some_and(is_throttled);
    match attempt.answer {
        Some(Answer::Taken) => format!("it took it{}.{said}", id.unwrap_or_default()),
        Some(Answer::Later) if throttled => format!("throttled, it wants less for now.{said}"),
        Some(Answer::Later) => format!("not now, the same carrier later.{said}"),
        Some(Answer::Elsewhere) => format!("refused, another carrier may take it.{said}"),
        Some(Answer::Never) => format!("refused for good.{said}"),
        Some(Answer::NotSent) => format!("it never left.{said}"),
        Some(Answer::Unknown) | None => format!("no answer; it was perhaps written.{said}"),
    }
}

fn is_throttled(status: CommandStatus) -> bool {
    matches!(status.name(), "ESME_RTHROTTLED" | "ESME_RMSGQFUL")
}

fn receipt_in_words(receipt: &Receipt) -> String {
    let meaning = match receipt.status {
        Status::Delivered => "it is on the handset",
        Status::Failed => "it will not arrive",
        Status::Expired => "its time was over before it arrived",
        Status::Unknown => "the carrier does not know what became of it",
        Status::Cancelled => "it was taken back",
        Status::Queued | Status::Sent => "it is on its way",
    };
    let code = receipt.error_code.as_deref().map_or_else(String::new, |it| format!(", error {it}"));
    let done = receipt.done_at.map_or_else(String::new, |it| format!("; by its clock that was {it}"));
    format!("{meaning} ({}, in its words {}{code}{done}).", receipt.status.word(), receipt.raw_status)
}

/// A span as people say it: two digits that matter.
fn words(it: Duration) -> String {
    match it.as_millis() {
        millis @ 0..1_000 => format!("{millis} ms"),
        millis @ 1_000..100_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        millis @ 100_000..7_200_000 => format!("{} min", millis / 60_000),
        millis @ 7_200_000..172_800_000 => format!("{} h", millis / 3_600_000),
        millis => format!("{} days", millis / 86_400_000),
    }
}
