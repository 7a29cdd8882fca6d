//! What became of a file of recipients: the orders that it made, and line by line what was left out.

use crate::api::handler::idempotency;
use crate::api::handler::json::{self, Shown};
use crate::api::handler::kinds::{Amount, CurrencyCode, OrderKey, RouteKey};
use crate::api::handler::problem::{Fault, Kind, Problem, ProblemType, Uri, retry_seconds, shorten};
use crate::api::handler::rate_limit;
use crate::api::submit::answer::{DUPLICATES_MAX, RejectionWord};
use crate::api::submit::quote::{Quote, all_rejected};
use crate::dispatch::door::reply::Means;
use crate::message::money::{Currency, Exact, Money};
use crate::record::contract::IDEMPOTENCY_AGE;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;
use utoipa::ToSchema;

/// Octets that a line takes in the answer, about.
const LINE_OCTETS: usize = 160;
/// How much later than it is told a file may come, and still find its key.
const LATE_MAX: Duration = Duration::from_secs(3_600);

/// What became of a file of recipients.
#[derive(Serialize, ToSchema)]
#[schema(as = AcceptedFile)]
pub(crate) struct Report {
    /// How many recipients the file has.
    lines: usize,
    /// How many messages were accepted.
    count: u64,
    /// What all of them cost; null where a route has no prices.
    #[schema(value_type = Option<Amount>)]
    cost: Option<Shown<Money>>,
    /// What is paid in.
    #[schema(value_type = Option<CurrencyCode>)]
    currency: Option<Shown<Currency>>,
    /// What the account has left, where it pays in advance.
    #[schema(value_type = Option<Amount>)]
    balance_after: Option<Shown<Exact>>,
    /// The orders, each of up to 10,000 lines, the first lines first.
    orders: Vec<Made>,
    /// Lines that were not accepted.
    rejected: Vec<Refused>,
    /// Lines whose recipient gets the same by another line.
    duplicates: LeftOut,
    /// Why the file was not gone through to its end; null where it was.
    stopped: Option<Stopped>,
    #[serde(skip)]
    replayed: usize,
    #[serde(skip)]
    means: Means,
}

/// An order that was made of some lines.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderOfFile)]
pub(super) struct Made {
    /// What names it.
    #[schema(value_type = OrderKey)]
    pub(super) order_id: u64,
    /// By which route it goes.
    #[schema(value_type = RouteKey)]
    pub(super) route_id: u32,
    /// How many messages it has.
    pub(super) count: u64,
    /// The line of the file that its first message is.
    pub(super) first_line: u64,
    /// The line of the file that its last message is.
    pub(super) last_line: u64,
    /// What all of it costs; null where the route has no prices.
    #[schema(value_type = Option<Amount>)]
    pub(super) cost: Option<Shown<Money>>,
}

/// A line that was not accepted.
#[derive(Serialize, ToSchema)]
#[schema(as = RejectedLine)]
struct Refused {
    /// The line of the file, from 1; the header is one.
    line: u64,
    /// Which of its fields, or of what all lines share, is wrong.
    field: String,
    /// What stands there for a number.
    to: String,
    /// What is wrong, from a closed list.
    #[schema(value_type = RejectionWord)]
    code: &'static str,
    /// What is wrong, in words.
    #[schema(value_type = String)]
    detail: Cow<'static, str>,
    #[serde(skip)]
    kind: Kind,
}

/// Lines whose recipient gets the same by another.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = DuplicateLines)]
struct LeftOut {
    /// How many.
    count: usize,
    /// The first 100 of them.
    left_out: Vec<Again>,
}

/// A recipient that stands in the file a second time.
#[derive(Serialize, ToSchema)]
#[schema(as = DuplicateLine)]
struct Again {
    /// The line of the file.
    line: u64,
    /// The number as it was written.
    to: String,
}

/// What kept the rest of a file from being taken.
#[derive(Serialize, ToSchema)]
#[schema(as = StoppedAt)]
struct Stopped {
    /// The first line that was not taken.
    line: u64,
    /// The problem, as one of the paths below `/problems/`.
    #[schema(value_type = ProblemType)]
    r#type: Uri,
    /// Its status of HTTP.
    status: u16,
    /// What is wrong, in words.
    #[schema(value_type = String)]
    detail: Cow<'static, str>,
    /// Seconds after which the file may be sent again under its key; null where it will never fit, or the key is
    /// forgotten by then: what is left of it is then a file of its own.
    retry_after: Option<u64>,
}

impl Report {
    pub(super) fn new(lines: usize) -> Self {
        Self {
            lines,
            count: 0,
            cost: Some(Shown(Money(0))),
            currency: None,
            balance_after: None,
            orders: Vec::new(),
            rejected: Vec::new(),
            duplicates: LeftOut::default(),
            stopped: None,
            replayed: 0,
            means: Means::default(),
        }
    }

    /// Whether no order was made.
    pub(super) const fn is_empty(&self) -> bool {
        self.orders.is_empty()
    }

    /// Octets that it takes with its answer, once so many more lines are not accepted.
    pub(super) const fn octets(&self, more: usize) -> usize {
        (self.rejected.len() + more) * (size_of::<Refused>() + 2 * LINE_OCTETS)
    }

    /// Notes what was not accepted of some lines, whose numbers in the file these are.
    pub(super) fn note(&mut self, quote: &Quote<'_>, lines: &[u64]) {
        self.currency = quote.currency.map(Shown);
        self.rejected.extend(quote.rejected.iter().map(|it| Refused {
            line: lines[it.at],
            field: it.pointer.rsplit('/').next().unwrap_or_default().to_owned(),
            to: shorten(it.to),
            code: it.code.word(),
            detail: it.detail.clone(),
            kind: it.kind,
        }));
        self.duplicates.count += quote.duplicates.len();
        let room = DUPLICATES_MAX - self.duplicates.left_out.len();
        let again = quote.duplicates.iter().take(room).map(|it| Again { line: lines[it.at], to: shorten(it.to) });
        self.duplicates.left_out.extend(again);
    }

    /// Notes an order.
    pub(super) fn made(&mut self, made: Made, means: Means) {
        self.count += made.count;
        self.cost = self.cost.take().zip(made.cost.as_ref()).map(|(sum, it)| Shown(sum.0 + it.0));
        self.balance_after = means.balance.map(|it| Shown(it.exact()));
        self.means = means;
        self.orders.push(made);
    }

    /// Notes an order that was made before, and what its account had left then.
    pub(super) fn repeated(&mut self, made: Made, means: Means, currency: Option<Currency>) {
        self.currency = currency.map(Shown);
        self.replayed += 1;
        self.made(made, means);
    }

    /// Notes that nothing is taken from this line on.
    pub(super) fn stop(&mut self, line: u64, problem: Problem) {
        self.stopped = Some(Stopped {
            line,
            r#type: Uri(problem.kind),
            status: problem.kind.status(),
            detail: problem.detail,
            retry_after: problem.retry_after.filter(|it| *it + LATE_MAX < IDEMPOTENCY_AGE).map(retry_seconds),
        });
    }

    /// 202; or the refusal of a file of which nothing is left.
    pub(super) fn answer(self) -> Result<Response, Problem> {
        if self.orders.is_empty() {
            let pointer = |it: &Refused| format!("/lines/{}/{}", it.line, it.field).into();
            let fault = |it: &Refused| (it.kind, Fault { detail: it.detail.clone(), pointer: pointer(it) });
            return Err(all_rejected(self.rejected.iter().map(fault).collect()));
        }
        let octets = (self.orders.len() + self.rejected.len() + 2) * LINE_OCTETS;
        let mut response = json::answer(StatusCode::ACCEPTED, &self, octets);
        if let [only] = &self.orders[..] {
            response = json::located(response, format!("/v1/orders/{}", only.order_id));
        }
        rate_limit::tell(response.headers_mut(), &self.means);
        Ok(if self.replayed == self.orders.len() { idempotency::mark_replay(response) } else { response })
    }
}
