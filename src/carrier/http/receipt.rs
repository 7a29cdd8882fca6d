//! What a carrier says of a message by calling us: a receipt in a query, a form or a JSON text.

use crate::carrier::http::pointer::Pointer;
use crate::carrier::report::ReceiptNews;
use crate::carrier::word::{is_known, status_of_word};
use crate::message::attempt::CarrierMessageId;
use crate::message::receipt::Receipt;
use crate::message::status::Status;
use crate::message::time::Time;
use crate::number::e164::E164;
use serde_json::Value;
use std::collections::BTreeMap;

/// Longer words and codes of a carrier are cut.
const WORD_MAX: usize = 32;
/// Fields that are read of a query or a form; no carrier sends a tenth of them.
const FIELDS_MAX: usize = 256;

/// How a carrier's calls are read. The secret is kept as its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// SHA-256 of the last step of the path.
    pub secret: [u8; 32],
    /// Where in a JSON text the single receipts stand; `None` is the whole.
    pub elements: Option<Pointer>,
    /// Where the carrier's id stands.
    pub id: Whence,
    /// Where its word stands.
    pub status: Whence,
    /// Where its error code stands.
    pub error: Option<Whence>,
    /// Where the recipient stands.
    pub to: Option<Whence>,
    /// What its words mean, in lower case; others mean what they usually do.
    pub statuses: BTreeMap<Box<str>, Status>,
    /// The field of a query whose value is answered, where the carrier tries the address before it uses it.
    pub challenge: Option<Box<str>>,
}

/// What a call tells.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedReceipts {
    /// The receipts in it.
    pub news: Vec<ReceiptNews>,
    /// How many things in it are no receipts, as far as the operator has said where those stand.
    pub unread: usize,
}

/// Where a value stands in a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whence {
    /// In the JSON text, there.
    Pointer(Pointer),
    /// In the field of this name, of the query or of the form.
    Field(Box<str>),
}

/// A call as it came: its fields and, where it has one, its JSON text.
struct Call<'a> {
    fields: &'a [(String, String)],
    value: &'a Value,
}

impl Call<'_> {
    fn text(&self, whence: &Whence) -> Option<String> {
        let text = match whence {
            Whence::Pointer(pointer) => pointer.text(self.value),
            Whence::Field(name) => self.fields.iter().find(|(it, _)| **it == **name).map(|(_, value)| value.clone()),
        };
        text.filter(|it| !it.is_empty())
    }
}

impl Hook {
    /// Every receipt in a call. What has no word, or names neither an id nor a recipient, is none, and is counted; so
    /// is a call in which there is nothing.
    pub fn read(&self, query: &str, body: &[u8]) -> ParsedReceipts {
        let mut fields = fields(query);
        let value: Value = serde_json::from_slice(body).unwrap_or_default();
        if value.is_null() {
            fields.extend(self::fields(&String::from_utf8_lossy(body)));
        }
        let found = match &self.elements {
            None => vec![&value],
            Some(pointer) => pointer.each(&value),
        };
        let said = found.len().max(1);
        let one = |value| self.one(&Call { fields: &fields, value });
        let news: Vec<ReceiptNews> = found.into_iter().filter_map(one).collect();
        ParsedReceipts { unread: said - news.len(), news }
    }

    /// What is to be answered where the carrier only tries the address.
    pub fn challenge_answer(&self, query: &str) -> Option<String> {
        let name = self.challenge.as_deref()?;
        fields(query).into_iter().find(|(it, _)| it == name).map(|(_, value)| value)
    }

    fn one(&self, call: &Call<'_>) -> Option<ReceiptNews> {
        let id = call.text(&self.id).and_then(|it| CarrierMessageId::new(&it));
        let word = call.text(&self.status)?;
        let handset = self.to.as_ref().and_then(|it| call.text(it)).and_then(|it| handset(&it));
        if id.is_none() && handset.is_none() {
            return None;
        }
        let stated = self.statuses.get(&*word.trim().to_lowercase()).copied();
        let (usual, known) = usual(&word);
        let receipt = Receipt {
            status: stated.unwrap_or(usual),
            raw_status: cut(&word),
            error_code: self.error.as_ref().and_then(|it| call.text(it)).map(|it| cut(&it)),
            received_at: Time::NEVER,
            done_at: None,
            done_date: None,
            tlvs: Vec::new(),
            later: Vec::new(),
        };
        let is_strange = stated.is_none() && !known;
        Some(ReceiptNews {
            ids: id.into_iter().collect(),
            handset,
            address: None,
            sender: "".into(),
            is_strange,
            announced: None,
            receipt,
        })
    }
}

/// What a word usually means, and whether anybody knows it. One that nobody knows ends nothing.
fn usual(word: &str) -> (Status, bool) {
    match &*word.trim().to_lowercase() {
        "read" | "seen" | "opened" => (Status::Delivered, true),
        "bounce" | "bounced" | "dropped" | "error" | "canceled" | "cancelled" => (Status::Failed, true),
        it if it.starts_with("unknown") => (Status::Unknown, true),
        it => match status_of_word(it) {
            Status::Unknown | Status::Queued => (Status::Sent, is_known(it)),
            status => (status, true),
        },
    }
}

/// A number as carriers write it: with a plus, with zeros, or with neither.
fn handset(text: &str) -> Option<E164> {
    E164::from_wire(1, text.trim().trim_start_matches('+'))
}

fn cut(text: &str) -> Box<str> {
    text.chars().filter(|it| !it.is_control()).take(WORD_MAX).collect()
}

/// The fields of a query or a form, in their order (`application/x-www-form-urlencoded`).
pub fn fields(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes()).take(FIELDS_MAX).map(|(name, value)| (name.into(), value.into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Whence {
        if text.starts_with('/') { Whence::Pointer(Pointer::parse(text).unwrap()) } else { Whence::Field(text.into()) }
    }

    fn hook(id: &str, status: &str) -> Hook {
        Hook {
            secret: [0; 32],
            elements: None,
            id: at(id),
            status: at(status),
            error: None,
            to: None,
            statuses: BTreeMap::new(),
            challenge: None,
        }
    }

    fn said(news: &ReceiptNews) -> (&str, Status, &str) {
        let id = news.ids.first().map_or("", CarrierMessageId::as_str);
        (id, news.receipt.status, &news.receipt.raw_status)
    }

    #[test]
    fn a_receipt_is_read_from_a_query_a_form_and_a_json_text() {
        let flat = hook("MessageSid", "MessageStatus");
        let text = "MessageSid=SM%2B1&MessageStatus=undelivered";
        for (query, body) in [(text, ""), ("", text), ("x=1", text)] {
            let ParsedReceipts { news, unread } = flat.read(query, body.as_bytes());
            assert_eq!(unread, 0);
            assert_eq!(news.iter().map(said).collect::<Vec<_>>(), [("SM+1", Status::Failed, "undelivered")]);
        }
        let deep = Hook {
            elements: Some(Pointer::parse("/entry/*/statuses/*").unwrap()),
            error: Some(at("/errors/0/code")),
            to: Some(at("/recipient_id")),
            ..hook("/id", "/status")
        };
        let body = r#"{"entry":[{"statuses":[{"id":"a","status":"read","recipient_id":"31612345678"},
            {"id":"b","status":"failed","errors":[{"code":131026}]},{"status":"sent"},{"id":"c"}]},{"messages":[]}]}"#;
        let ParsedReceipts { news, unread } = deep.read("", body.as_bytes());
        assert_eq!(unread, 2, "one has no id, one no word");
        assert_eq!(
            news.iter().map(said).collect::<Vec<_>>(),
            [("a", Status::Delivered, "read"), ("b", Status::Failed, "failed")]
        );
        assert_eq!(news[0].handset, Some(E164(31_612_345_678)));
        assert_eq!(news[1].receipt.error_code.as_deref(), Some("131026"));
    }

    #[test]
    fn the_operator_says_what_words_mean_and_unknown_ones_end_nothing() {
        let mut hook = hook("id", "d");
        hook.statuses = BTreeMap::from([("1".into(), Status::Delivered), ("sent".into(), Status::Unknown)]);
        let table = [
            ("1", Status::Delivered),
            ("Sent", Status::Unknown),
            ("DELIVERED", Status::Delivered),
            ("rejected", Status::Failed),
            ("expired", Status::Expired),
            ("queued", Status::Sent),
            ("8", Status::Sent),
            ("unknown", Status::Unknown),
        ];
        for (word, expected) in table {
            assert_eq!(hook.read(&format!("id=1&d={word}"), b"").news[0].receipt.status, expected, "{word}");
        }
        for query in ["id=1", "d=1", "d=1&id="] {
            assert_eq!(hook.read(query, b""), ParsedReceipts { news: Vec::new(), unread: 1 }, "{query}");
        }
    }

    #[test]
    fn a_list_that_is_named_whole_stands_for_each_of_its_elements() {
        let body = br#"{"events":[{"id":"a","status":"read"},{"id":"b","status":"failed"}]}"#;
        for elements in ["/events", "/events/*"] {
            let hook = Hook { elements: Some(Pointer::parse(elements).unwrap()), ..hook("/id", "/status") };
            let told = hook.read("", body);
            let said: Vec<_> = told.news.iter().map(said).collect();
            assert_eq!(
                (said, told.unread),
                (vec![("a", Status::Delivered, "read"), ("b", Status::Failed, "failed")], 0)
            );
            assert_eq!(hook.read("", b"{\"status\":\"read\"}").unread, 1, "a call in which there is no list");
        }
        let one = Hook { elements: Some(Pointer::parse("/event").unwrap()), ..hook("/id", "/status") };
        assert_eq!(one.read("", br#"{"event":{"id":"a","status":"read"}}"#).news.len(), 1);
    }

    #[test]
    fn an_address_that_is_tried_is_answered() {
        let hook = Hook { challenge: Some("hub.challenge".into()), ..hook("/id", "/status") };
        assert_eq!(hook.challenge_answer("hub.mode=subscribe&hub.challenge=42").as_deref(), Some("42"));
        assert_eq!(hook.challenge_answer("a=b"), None);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_without_a_panic(query in any::<String>(), body in any::<Vec<u8>>()) {
            let mut hook = hook("id", "/a/*");
            hook.read(&query, &body);
            hook.elements = Some(Pointer::parse("/*/b").unwrap());
            hook.read(&query, &body);
        }
    }
}
