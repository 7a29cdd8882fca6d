//! Each recipient of a request: accepted with its parts and price, or rejected with a reason.

use crate::api::handler::problem::Kind;
use crate::api::submit::rejection::Rejection;
use crate::api::submit::request::{Targets, Text};
use crate::dispatch::door::happening::Recipient;
use crate::dispatch::door::plan::{Account, Plan};
use crate::message::extras::Extras;
use crate::message::id::PartKey;
use crate::message::money::Money;
use crate::message::source::Source;
use crate::number::e164::E164;
use crate::route::plan::Route;
use crate::route::table::Destination;
use crate::text::content::{Content, Requested};
use crate::text::cut::Cut;
use crate::text::profile::Profile;
use crate::text::{Alphabet, Estimate, TextError};
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

/// SMS of one message; more would rather be a letter.
const PARTS_MAX: u8 = 10;
// What is taken can be numbered in a UDH, and in the keys of parts.
const _: () = assert!((PARTS_MAX as usize) <= crate::text::PARTS_MAX && (PARTS_MAX as u64) <= PartKey::PARTS_MAX);
/// Characters of a customer's reference; longer than any UUID or URN seen.
const CLIENT_REF_MAX: usize = 255;

/// What is said where a message would have no sender.
pub(crate) const NO_SENDER: &str = "is required: neither the account nor the destination has a sender of its own";

/// What is said where no carrier has the letters of a sender.
pub(crate) const UNSAYABLE_SENDER: &str =
    "has characters that no carrier of the route can be told: their sender_alphabet lacks them";

/// What the answer says of one accepted recipient.
#[derive(Clone, Debug)]
pub(crate) struct Line<'a> {
    /// Its place among the recipients of the request, from 0.
    pub(crate) at: usize,
    pub(crate) to: E164,
    pub(crate) client_ref: Option<&'a str>,
    pub(crate) alphabet: Alphabet,
    pub(crate) parts: u8,
    pub(crate) price: Option<Money>,
}

/// A recipient that is not accepted.
#[derive(Clone, Debug)]
pub(crate) struct Rejected<'a> {
    /// Its place among the recipients of the request, from 0.
    pub(crate) at: usize,
    pub(crate) to: &'a str,
    pub(crate) pointer: Cow<'static, str>,
    pub(crate) kind: Kind,
    pub(crate) code: Rejection,
    pub(crate) detail: Cow<'static, str>,
}

/// A recipient that is left out, because another of the request gets the same.
#[derive(Clone, Debug)]
pub(crate) struct Duplicate<'a> {
    /// Its place among the recipients of the request, from 0.
    pub(crate) at: usize,
    pub(crate) to: &'a str,
    pub(crate) pointer: Cow<'static, str>,
}

/// Whether a number does not want to be written to, from the sender of the request or from one of its own.
pub(crate) type Unwanted<'a> = dyn Fn(E164, Option<&Source>) -> bool + 'a;

/// What holds for every recipient of a request.
pub(crate) struct Terms<'a> {
    pub(crate) account: &'a Account,
    pub(crate) route: &'a Route,
    pub(crate) plan: &'a Plan,
    /// The sender for destinations that have none of their own.
    pub(crate) source: Option<Source>,
    pub(crate) requested: Requested,
    /// Whether a recipient does not want it, from the sender of the request or from one of the destination's own.
    pub(crate) unwanted: Box<Unwanted<'a>>,
    /// What more is asked for than a text.
    pub(crate) extras: Option<Arc<Extras>>,
    /// What the route's first carrier wants of a text.
    pub(crate) profile: Profile,
    pub(crate) text: Option<&'a Text<'a>>,
    pub(crate) client_ref: Option<&'a Text<'a>>,
    /// Whether who would get the same twice gets it twice.
    pub(crate) repeats: bool,
}

/// What became of the recipients of a request.
pub(crate) struct Judged<'a> {
    pub(crate) accepted: Vec<(Line<'a>, Recipient)>,
    pub(crate) rejected: Vec<Rejected<'a>>,
    pub(crate) duplicates: Vec<Duplicate<'a>>,
}

/// What a recipient gets, as far as recipients of one request differ: number, a text that is not that of all,
/// reference.
type Gets<'a> = (E164, Option<&'a str>, Option<&'a str>);

impl<'a> Terms<'a> {
    /// Judges every recipient; a bad one does not spoil the others.
    pub(crate) fn apply(&self, targets: &Targets<'a>) -> Judged<'a> {
        let data = self.requested == Requested::Binary;
        let shared = self.text.map(Text::as_str).or(data.then_some("")).map(|it| Counted::of(it, self));
        let (mut accepted, mut rejected) = (Vec::with_capacity(targets.len()), Vec::new());
        let (mut duplicates, mut seen) = (Vec::new(), HashSet::<Gets<'a>, foldhash::fast::RandomState>::default());
        let mut judge = |wish: Wish<'a>| match self.judge(&wish, shared.as_ref()) {
            Ok((line, _)) if !self.repeats && !seen.insert(self.gets(&wish, &line)) => {
                let (at, pointer) = (wish.place.at(), wish.place.pointer(Field::To));
                duplicates.push(Duplicate { at, to: wish.to, pointer });
            }
            Ok(pair) => accepted.push(pair),
            Err(fault) => rejected.push(Rejected {
                at: wish.place.at(),
                to: wish.to,
                pointer: wish.place.pointer(fault.field),
                kind: fault.kind,
                code: fault.code,
                detail: fault.detail,
            }),
        };
        match targets {
            Targets::One(text) => {
                judge(Wish { place: Pointer::Alone, to: text.as_str(), client_ref: None, text: None });
            }
            Targets::Many(list) => list.iter().enumerate().for_each(|(at, it)| {
                judge(Wish {
                    place: if it.object { Pointer::Object(at) } else { Pointer::Listed(at) },
                    to: it.to.as_str(),
                    client_ref: it.client_ref.as_ref(),
                    text: it.text.as_ref(),
                });
            }),
        }
        Judged { accepted, rejected, duplicates }
    }

    fn gets(&self, wish: &Wish<'a>, line: &Line<'a>) -> Gets<'a> {
        let own = wish.text.map(Text::as_str);
        (line.to, own.filter(|it| self.text.is_none_or(|shared| shared.as_str() != *it)), line.client_ref)
    }

    fn judge(&self, wish: &Wish<'a>, shared: Option<&Counted<'a>>) -> Result<(Line<'a>, Recipient), Fault> {
        let invalid = |field, code, detail| Fault { field, kind: Kind::Invalid, code, detail };
        let to = E164::parse(wish.to, self.account.region.as_deref())
            .map_err(|why| invalid(Field::To, Rejection::InvalidNumber, why.to_string().into()))?;
        if !self.account.destinations.permits(to) || !self.route.destinations.permits(to) {
            let detail = "may not be sent to".into();
            return Err(Fault {
                field: Field::To,
                kind: Kind::DestinationDenied,
                code: Rejection::DestinationDenied,
                detail,
            });
        }
        let destination = self.plan.networks.destination(to);
        let source = self.route.senders_by_country.get(&destination);
        if (self.unwanted)(to, source) {
            let detail = "does not want messages from this sender".into();
            return Err(Fault { field: Field::To, kind: Kind::Suppressed, code: Rejection::Suppressed, detail });
        }
        let own = wish.text.map(|it| Counted::of(it.as_str(), self));
        let counted = own
            .as_ref()
            .or(shared)
            .ok_or_else(|| invalid(Field::Text(false), Rejection::MissingText, "is required".into()))?;
        let (alphabet, parts) = counted.cut().map_err(|(code, detail)| {
            let field = if self.requested == Requested::Binary { Field::Data } else { Field::Text(own.is_some()) };
            invalid(field, code, detail)
        })?;
        let reference = wish.client_ref.or(self.client_ref).map(Text::as_str);
        if reference.is_some_and(|it| CLIENT_REF_MAX < it.chars().count()) {
            let detail = format!("must have at most {CLIENT_REF_MAX} characters").into();
            return Err(invalid(Field::ClientRef(wish.client_ref.is_some()), Rejection::ClientRefTooLong, detail));
        }
        let price = self.price(&destination)?.map(|it| it.times(u64::from(parts)));
        let from = source
            .or(self.source.as_ref())
            .ok_or_else(|| invalid(Field::From, Rejection::MissingSender, NO_SENDER.into()))?;
        if !self.plan.says(self.route, from, &destination) {
            return Err(invalid(Field::From, Rejection::UnsayableSender, UNSAYABLE_SENDER.into()));
        }
        let line = Line { at: wish.place.at(), to, client_ref: reference, alphabet, parts, price };
        let recipient = Recipient {
            destination: to,
            source: source.cloned(),
            text: counted.text.into(),
            requested: self.requested,
            extras: counted.extras.clone(),
            parts,
            client_ref: reference.map(Into::into),
            price,
        };
        Ok((line, recipient))
    }
}

impl Terms<'_> {
    /// What a part costs the customer; `None` on an unpriced route.
    fn price(&self, to: &Destination<'_>) -> Result<Option<Money>, Fault> {
        let Some(table) = self.account.price(self.route) else { return Ok(None) };
        let price = table.price(to.number, to.country);
        price.map(Some).ok_or_else(|| Fault {
            field: Field::To,
            kind: Kind::NoPrice,
            code: Rejection::NoPrice,
            detail: format!("route {} has no price for this destination", self.route.id.shown()).into(),
        })
    }
}

/// A text and what it takes; the shared one is counted once for all.
struct Counted<'a> {
    text: &'a str,
    extras: Option<Arc<Extras>>,
    estimate: Result<Estimate, TextError>,
}

impl<'a> Counted<'a> {
    fn of(text: &'a str, terms: &Terms<'_>) -> Self {
        let form = terms.extras.as_ref().map(|it| &it.form);
        let cut = Cut::of(Content { text, requested: terms.requested, form }, &terms.profile);
        let extras = if cut.as_ref().is_ok_and(Cut::is_payload) {
            let asked = terms.extras.as_deref().cloned().unwrap_or_default();
            Some(Arc::new(Extras { payload: true, ..asked }))
        } else {
            terms.extras.clone()
        };
        Self { text, extras, estimate: cut.map(|it| it.estimate()) }
    }

    /// The alphabet and the number of parts, 1 to 10.
    fn cut(&self) -> Result<(Alphabet, u8), (Rejection, Cow<'static, str>)> {
        let too_long = |parts: usize| {
            (Rejection::TextTooLong, format!("takes {parts} parts; at most {PARTS_MAX} are sent").into())
        };
        match self.estimate {
            Ok(Estimate { alphabet, parts, .. }) => {
                let few = u8::try_from(parts).ok().filter(|it| *it <= PARTS_MAX);
                few.map(|it| (alphabet, it)).ok_or_else(|| too_long(parts))
            }
            Err(TextError::Empty) => Err((Rejection::EmptyText, "must not be empty".into())),
            Err(TextError::TooManyParts(parts)) if parts <= usize::from(PARTS_MAX) => {
                Err((Rejection::TextTooLong, "does not fit the one part that its own header says it is".into()))
            }
            Err(TextError::TooManyParts(parts)) => Err(too_long(parts)),
            Err(why) => Err((Rejection::UnencodableText, why.to_string().into())),
        }
    }
}

/// One recipient as it was asked for.
struct Wish<'a> {
    place: Pointer,
    to: &'a str,
    client_ref: Option<&'a Text<'a>>,
    text: Option<&'a Text<'a>>,
}

/// Where a recipient stands in the request.
#[derive(Clone, Copy)]
enum Pointer {
    /// `"to": "+31…"`
    Alone,
    /// `"to": ["+31…"]`
    Listed(usize),
    /// `"to": [{"to": "+31…"}]`
    Object(usize),
}

impl Pointer {
    /// Its place among the recipients, from 0.
    const fn at(self) -> usize {
        match self {
            Self::Alone => 0,
            Self::Listed(at) | Self::Object(at) => at,
        }
    }

    /// A pointer to the field, or to the shared one that stands for it.
    fn pointer(self, field: Field) -> Cow<'static, str> {
        match (self, field) {
            (Self::Alone, Field::To) => "/to".into(),
            (Self::Listed(at), Field::To) => format!("/to/{at}").into(),
            (Self::Object(at), Field::To) => format!("/to/{at}/to").into(),
            (Self::Object(at), Field::Text(true)) => format!("/to/{at}/text").into(),
            (Self::Object(at), Field::ClientRef(true)) => format!("/to/{at}/client_ref").into(),
            (_, Field::From) => "/from".into(),
            (_, Field::Data) => "/data".into(),
            (_, Field::Text(_)) => "/text".into(),
            (_, Field::ClientRef(_)) => "/client_ref".into(),
        }
    }
}

/// Which field is wrong; whether it is the recipient's own.
#[derive(Clone, Copy)]
enum Field {
    To,
    From,
    Data,
    Text(bool),
    ClientRef(bool),
}

/// Why a recipient is not accepted.
struct Fault {
    field: Field,
    kind: Kind,
    code: Rejection,
    detail: Cow<'static, str>,
}
