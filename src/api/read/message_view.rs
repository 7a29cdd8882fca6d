//! The whole truth about one message, as its customer is told it.

use crate::api::handler::json::Shown;
use crate::api::handler::kinds::{
    AlphabetWord, Amount, CurrencyCode, FailureCode, MessageKey, MessageStatus, Moment, OrderKey, RouteKey, SenderName,
    StageWord, TrafficClass,
};
use crate::api::handler::time::Timestamp;
use crate::api::read::attempt_view::AttemptView;
use crate::api::read::csv;
use crate::dispatch::door::plan::{Account, Plan};
use crate::message::attempt::{Answer, Attempt};
use crate::message::body::Body;
use crate::message::id::AccountId;
use crate::message::money::{Currency, Exact, Money};
use crate::message::source::Source;
use crate::message::status::Status;
use crate::message::time::Time;
use crate::message::veil::{MessageName, Veil};
use crate::number::e164::E164;
use crate::record::entry::Entry;
use crate::record::failure::{CarrierCode, Failure};
use crate::text::Alphabet;
use crate::text::content::Requested;
use crate::text::cut::Cut;
use serde::Serialize;
use utoipa::ToSchema;

/// One message.
#[derive(Serialize, ToSchema)]
#[schema(as = Message)]
pub(crate) struct MessageView<'a> {
    /// What names it.
    #[schema(value_type = MessageKey)]
    id: Shown<MessageName>,
    /// The order that it is of.
    #[schema(value_type = OrderKey)]
    order_id: u64,
    /// Whose it is; left away where it is the caller's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    account: Option<Shown<AccountName<'a>>>,
    /// To whom; operators are shown the middle of the number as `*` unless their key has the scope `reveal`.
    #[schema(value_type = String, examples("+31612345678"))]
    to: Shown<Recipient>,
    /// From whom; null where the message has no sender.
    #[schema(value_type = Option<SenderName>)]
    from: Option<Shown<&'a Source>>,
    /// By which route it goes.
    #[schema(value_type = RouteKey)]
    route_id: u32,
    /// What it is for.
    #[schema(value_type = TrafficClass)]
    class: &'static str,
    /// Your reference.
    client_ref: Option<&'a str>,
    /// What became of it.
    #[schema(value_type = MessageStatus)]
    status: &'static str,
    /// Why it did not arrive; null where it did, or may.
    error: Option<FailureView<'a>>,
    /// In which alphabet it goes; null where its text was erased and the alphabet was left to us.
    #[schema(value_type = Option<AlphabetWord>)]
    encoding: Option<&'static str>,
    /// In how many SMS it goes.
    parts: u8,
    /// What it costs; null where the route has no prices.
    #[schema(value_type = Option<Amount>)]
    cost: Option<Shown<Money>>,
    /// What was taken from the balance of an account that has one.
    #[schema(value_type = Option<Amount>)]
    charged: Option<Shown<Exact>>,
    /// What of that was paid back.
    #[schema(value_type = Option<Amount>)]
    refunded: Option<Shown<Exact>>,
    /// What is paid in.
    #[schema(value_type = Option<CurrencyCode>)]
    currency: Option<Shown<Currency>>,
    /// When it was accepted.
    #[schema(value_type = Moment)]
    created_at: Timestamp,
    /// When it was queued.
    #[schema(value_type = Moment)]
    queued_at: Timestamp,
    /// Before which time it was not to go.
    #[schema(value_type = Option<Moment>)]
    send_at: Timestamp,
    /// When a carrier took it.
    #[schema(value_type = Option<Moment>)]
    sent_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<Moment>)]
    done_at: Timestamp,
    /// How far it is known to have come, and when.
    layers: Layers,
    /// How often carriers asked for a slower pace in place of taking it.
    throttled: u32,
    /// Each try of each part.
    attempts: Vec<AttemptView<'a>>,
}

impl<'a> MessageView<'a> {
    /// What is known of a message.
    pub(crate) fn of(entry: &'a Entry, veil: &Veil, plan: &'a Plan, currency: Option<Currency>) -> Self {
        let body = &entry.body;
        let attempts = attempts(entry);
        let layers = Layers::of(entry, &attempts);
        let status = entry.status();
        Self {
            id: Shown(veil.message(body.id)),
            order_id: veil.order(body.order),
            account: None,
            to: Shown(Recipient::Whole(body.destination)),
            from: (body.source != Source::Unset).then_some(Shown(&body.source)),
            route_id: body.route.shown(),
            class: body.class.word(),
            client_ref: body.client_ref.as_deref(),
            status: status.word(),
            error: FailureView::of(entry, status),
            encoding: alphabet(body, plan).map(Alphabet::word),
            parts: body.parts,
            cost: body.price.map(Shown),
            charged: body.price.filter(|_| body.charged).map(|it| Shown(it.exact())),
            refunded: body.charged.then(|| Shown(Money(0).exact())),
            currency: currency.map(Shown),
            created_at: Timestamp(body.created),
            queued_at: Timestamp(body.created),
            send_at: Timestamp(body.send_at.unwrap_or_default()),
            sent_at: layers.provider,
            done_at: Timestamp(entry.done_at()),
            layers,
            throttled: entry.parts.iter().fold(0, |sum, it| sum.saturating_add(it.throttled)),
            attempts: attempts.iter().map(|(part, it)| AttemptView::of(*part, it, plan)).collect(),
        }
    }
}

impl MessageView<'_> {
    /// The same, of which so much was paid back.
    #[must_use]
    pub(crate) fn paid_back(mut self, refund: Option<Money>) -> Self {
        self.refunded = refund.map(|it| Shown(it.exact())).or(self.refunded);
        self
    }
}

impl MessageView<'_> {
    /// The same for the account whose it is: what carriers charge is not its business, and who they are not unless it
    /// is shown.
    #[must_use]
    pub(crate) fn for_customer(mut self, account: &Account) -> Self {
        self.attempts.iter_mut().for_each(AttemptView::hide_cost);
        if account.shows_carriers {
            return self;
        }
        if let Some(error) = &mut self.error {
            error.carrier_code = None;
        }
        self.attempts.iter_mut().for_each(AttemptView::hide_carrier);
        self
    }
}

/// As a line of CSV: what of it is no list, under the names that it has in JSON.
impl MessageView<'_> {
    pub(super) fn csv_header() -> String {
        let mut text = String::new();
        let names = ["id", "to", "client_ref", "status", "error_code", "error_detail", "parts", "cost", "currency"];
        let times = ["created_at", "sent_at", "done_at"];
        names.iter().chain(&times).for_each(|it| csv::put(&mut text, it));
        csv::end(&mut text);
        text
    }

    pub(super) fn put_csv(&self, text: &mut String) {
        let error = self.error.as_ref();
        csv::put(text, self.id.0);
        csv::put(text, &self.to.0);
        csv::put(text, self.client_ref.unwrap_or_default());
        csv::put(text, self.status);
        csv::put(text, error.map_or("", |it| it.code));
        csv::put(text, error.map_or("", |it| it.detail));
        csv::put(text, self.parts);
        csv::put(text, Maybe(self.cost.as_ref().map(|it| it.0)));
        csv::put(text, Maybe(self.currency.as_ref().map(|it| it.0)));
        for at in [self.created_at, self.sent_at, self.done_at] {
            csv::put(text, Maybe(at.0.known().map(|_| at)));
        }
        csv::end(text);
    }
}

/// What is not there shows as nothing.
struct Maybe<T>(Option<T>);

impl<T: std::fmt::Display> std::fmt::Display for Maybe<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.as_ref().map_or(Ok(()), |it| it.fmt(f))
    }
}

impl<'a> MessageView<'a> {
    /// The same for an operator, who is told whose it is, and the number only where he may see it.
    #[must_use]
    pub(crate) fn for_operator(mut self, entry: &Entry, plan: &'a Plan, reveals: bool) -> Self {
        self.account = Some(Shown(AccountName { plan, id: entry.body.account }));
        self.to = Shown(Recipient::of(entry.body.destination, reveals));
        self
    }
}

/// Who gets a message, as far as it is shown.
pub(crate) enum Recipient {
    Whole(E164),
    Masked(E164),
}

impl Recipient {
    pub(crate) const fn of(number: E164, reveals: bool) -> Self {
        if reveals { Self::Whole(number) } else { Self::Masked(number) }
    }
}

impl std::fmt::Display for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(number) => number.fmt(f),
            Self::Masked(number) => number.masked().fmt(f),
        }
    }
}

/// Every attempt with the part's place from 1, by part and then by number.
pub(crate) fn attempts(entry: &Entry) -> Vec<(u8, &Attempt)> {
    let past = entry.past.iter().map(|it| (it.key.index() + 1, &it.attempt));
    let now = entry.parts.iter().filter_map(|it| it.attempt.as_ref().map(|attempt| (it.key.index() + 1, attempt)));
    let mut all: Vec<(u8, &Attempt)> = past.chain(now).collect();
    all.sort_by_key(|(part, it)| (*part, it.number));
    all
}

/// How far a message is known to have come.
#[derive(Serialize, ToSchema)]
struct Layers {
    /// When it was accepted.
    #[schema(value_type = Moment)]
    api: Timestamp,
    /// When it was first given to a link.
    #[schema(value_type = Option<Moment>)]
    system: Timestamp,
    /// When a carrier first took it.
    #[schema(value_type = Option<Moment>)]
    provider: Timestamp,
    /// When the first receipt came that was not the last.
    #[schema(value_type = Option<Moment>)]
    carrier: Timestamp,
    /// When the receipt came that says that it arrived.
    #[schema(value_type = Option<Moment>)]
    device: Timestamp,
}

impl Layers {
    fn of(entry: &Entry, attempts: &[(u8, &Attempt)]) -> Self {
        let first = |times: &mut dyn Iterator<Item = Time>| {
            Timestamp(times.filter_map(Time::known).min().unwrap_or(Time::NEVER))
        };
        let receipts = || attempts.iter().filter_map(|(_, it)| it.receipt.as_deref());
        // A message of several parts is on the handset when the last of them is.
        let delivered = entry.status() == Status::Delivered;
        let device = receipts().filter(|it| delivered && it.status == Status::Delivered).map(|it| it.received_at).max();
        Self {
            api: Timestamp(entry.body.created),
            system: first(&mut attempts.iter().map(|(_, it)| it.intended_at)),
            provider: first(
                &mut attempts.iter().filter(|(_, it)| it.answer == Some(Answer::Taken)).map(|(_, it)| it.answered_at),
            ),
            carrier: first(&mut receipts().filter(|it| !it.status.is_final()).map(|it| it.received_at)),
            device: Timestamp(device.unwrap_or(Time::NEVER)),
        }
    }
}

/// Why a message did not arrive.
#[derive(Serialize, ToSchema)]
#[schema(as = Failure)]
struct FailureView<'a> {
    /// How far it had come.
    #[schema(value_type = StageWord)]
    stage: &'static str,
    /// Why, in our words.
    #[schema(value_type = FailureCode)]
    code: &'static str,
    /// Why, in a sentence.
    detail: &'static str,
    /// Whether sending the same again could not help.
    permanent: bool,
    /// The carrier's own code; null where it gave none or the account is not shown it.
    #[schema(value_type = Option<String>)]
    carrier_code: Option<CarrierCode<'a>>,
}

impl<'a> FailureView<'a> {
    fn of(entry: &'a Entry, status: Status) -> Option<Self> {
        let Failure { stage, code, detail, permanent, carrier_code } = Failure::of(entry, status)?;
        Some(Self { stage, code, detail, permanent, carrier_code })
    }
}

/// The configured name of an account, or its number where the configuration has it no more.
pub(crate) struct AccountName<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) id: AccountId,
}

impl std::fmt::Display for AccountName<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.plan.account_name(self.id) {
            Some(name) => f.write_str(name),
            None => write!(f, "#{}", self.id.0),
        }
    }
}

/// The alphabet of a message; `None` where its text was erased and the alphabet was left to us.
pub(crate) fn alphabet(body: &Body, plan: &Plan) -> Option<Alphabet> {
    match body.requested {
        Requested::Binary => Some(Alphabet::Binary),
        _ if !body.text.is_empty() => {
            Cut::of(body.content(), &plan.quote_profile(body.route)).ok().map(|it| it.estimate().alphabet)
        }
        Requested::Auto => None,
        Requested::Gsm7 | Requested::Transliterated => Some(Alphabet::Gsm7),
        Requested::Ucs2 => Some(Alphabet::Ucs2),
        Requested::Latin1 => Some(Alphabet::Latin1),
    }
}
