//! What the customer asked for one recipient; written once, and never changed but to erase what it says.

use crate::message::class::Class;
use crate::message::extras::Extras;
use crate::message::id::{AccountId, MessageId, OrderId, RouteId, Seq};
use crate::message::money::Money;
use crate::message::source::Source;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::text::content::{Content, Requested};
use std::sync::Arc;

/// A message as it was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Its place and its random bits.
    pub id: MessageId,
    /// The request that it came with.
    pub order: OrderId,
    /// Who sends it.
    pub account: AccountId,
    /// How it goes.
    pub route: RouteId,
    /// What it is for.
    pub class: Class,
    /// Who it is from.
    pub source: Source,
    /// Who gets it.
    pub destination: E164,
    /// What it says; empty where octets are sent.
    pub text: Box<str>,
    /// Which alphabet was asked for.
    pub requested: Requested,
    /// How it goes, where it is more than a plain text; shared by the messages of one request.
    pub extras: Option<Arc<Extras>>,
    /// How many SMS it takes over the air: 1 to 10.
    pub parts: u8,
    /// The customer's own reference.
    pub client_ref: Option<Box<str>>,
    /// When it was accepted.
    pub created: Time,
    /// Not before this: what the customer asked for, or the end of the recipient's quiet hours; `None` was at once.
    pub send_at: Option<Time>,
    /// When it is no longer worth sending.
    pub expires: Time,
    /// What the customer pays for all its parts; `None` on an unpriced route.
    pub price: Option<Money>,
    /// Whether that was taken from the account's balance, which is paid back what no carrier took.
    pub charged: bool,
}

impl Body {
    /// Its place in the order of accepted messages.
    pub const fn seq(&self) -> Seq {
        self.id.seq
    }

    /// What it says, as the alphabets take it.
    pub fn content(&self) -> Content<'_> {
        Content { text: &self.text, requested: self.requested, form: self.extras.as_ref().map(|it| &it.form) }
    }

    /// From when on it could go.
    pub fn begins(&self) -> Time {
        self.send_at.unwrap_or(self.created)
    }

    /// In how many submits it goes: one for each SMS, unless the carrier cuts it.
    pub fn submits(&self) -> u8 {
        if self.extras.as_ref().is_some_and(|it| it.payload) { 1 } else { self.parts }
    }

    /// Whether its text has a one-time code, which is worth nothing to anybody once it has ended.
    pub fn has_code(&self) -> bool {
        self.extras.as_ref().is_some_and(|it| it.code.is_some())
    }

    /// The same without what it says; `None` where nothing is left to erase.
    pub fn erased(&self) -> Option<Self> {
        let kept = |it: &Extras| {
            let (callback, verification) = (it.callback.clone(), it.verification);
            Extras { payload: it.payload, callback, verification, ..Extras::default() }
        };
        let left = self.extras.as_deref().map(kept).filter(|it| !it.is_empty());
        let says = !self.text.is_empty() || self.extras.as_deref() != left.as_ref();
        says.then(|| Self { text: "".into(), extras: left.map(Arc::new), ..self.clone() })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::message::callback::Callback;
    use crate::message::id::EndpointId;
    use crate::text::content::{Binary, Form};

    /// A message of three parts; who needs another changes it.
    pub(crate) fn body(text: &str, extras: Option<Extras>) -> Body {
        Body {
            id: MessageId { seq: Seq(1), token: 0 },
            order: OrderId::from_record(1),
            account: AccountId(1),
            route: RouteId(1),
            class: Class::Otp,
            source: Source::Unset,
            destination: E164(31_612_345_678),
            text: text.into(),
            requested: Requested::Auto,
            extras: extras.map(Arc::new),
            parts: 3,
            client_ref: None,
            created: Time(1),
            send_at: None,
            expires: Time(2),
            price: None,
            charged: false,
        }
    }

    #[test]
    fn nothing_that_it_says_is_left_when_it_is_erased() {
        let binary = Some(Binary { data: [1, 2].into(), elements: [].into() });
        let data = Extras { form: Form { binary, ..Form::default() }, ..Extras::default() };
        for says in [body("secret", None), body("", Some(data.clone())), body("secret", Some(data.clone()))] {
            let erased = says.erased().expect("there is something to erase");
            assert_eq!(erased, body("", None));
            assert_eq!(erased.erased(), None);
        }
        let payload = body("secret", Some(Extras { payload: true, ..data }));
        let erased = payload.erased().expect("there is something to erase");
        assert_eq!((erased.submits(), erased.erased()), (1, None), "how many submits it has is not what it says");
        let callback = Some(Callback { endpoint: EndpointId(1), target: "/told".into() });
        let told = body("secret", Some(Extras { callback, ..Extras::default() }));
        let erased = told.erased().expect("there is something to erase");
        assert_eq!(
            (&erased.extras, erased.erased()),
            (&told.extras, None),
            "what becomes of it later is told there, too"
        );
    }

    #[test]
    fn a_payload_is_one_submit_of_several_sms() {
        assert_eq!(body("a", None).submits(), 3);
        assert_eq!(body("a", Some(Extras { payload: true, ..Extras::default() })).submits(), 1);
    }
}
