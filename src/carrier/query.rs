//! Asking a carrier what has become of a part: `query_sm` (SMPP 3.4 section 4.8).

use crate::carrier::dialect::Dialect;
use crate::carrier::receipt_time;
use crate::carrier::report::Queried;
use crate::carrier::reported_status::status_here;
use crate::carrier::submit::source;
use crate::message::attempt::CarrierMessageId;
use crate::message::body::Body;
use crate::message::id::PartKey;
use crate::message::receipt::Receipt;
use crate::message::time::Time;
use crate::smpp::cstring::CString;
use crate::smpp::pdu;
use crate::smpp::query::{QuerySm, QuerySmResp};
use crate::smpp::status::CommandStatus;
use std::sync::Arc;

/// A part to ask about.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The part.
    pub key: PartKey,
    /// What the carrier calls it.
    pub id: CarrierMessageId,
    /// Its message.
    pub body: Arc<Body>,
}

/// The question: id and sender exactly as they were at the submit.
pub fn query_sm(query: &Query, dialect: &Dialect) -> QuerySm {
    QuerySm {
        message_id: CString::from(query.id.as_str()),
        source: source(&query.body.source, dialect).unwrap_or_default(),
    }
}

/// What an answer to [`query_sm`] says.
pub fn read_answer(status: CommandStatus, body: &pdu::PduBody, dialect: &Dialect) -> Queried {
    match (status, body) {
        (CommandStatus::Ok, pdu::PduBody::QuerySmResp(resp)) => Queried::State(receipt(resp, dialect)),
        (CommandStatus::InvalidCommandId, _) => Queried::Unserved,
        (CommandStatus::InvalidMessageId | CommandStatus::QueryFailed, _) => Queried::Refused,
        // Whatever else it says may pass.
        _ => Queried::Unanswered,
    }
}

fn receipt(resp: &QuerySmResp, dialect: &Dialect) -> Receipt {
    let (status, word) = status_here(resp.message_state, dialect);
    let (done_at, done_date) = receipt_time::done(Some(&resp.final_date.to_string_lossy()), dialect.receipt_offset);
    Receipt {
        status,
        raw_status: word.into(),
        error_code: (resp.error_code != 0).then(|| format!("{:03}", resp.error_code).into()),
        received_at: Time::NEVER,
        done_at,
        done_date,
        tlvs: Vec::new(),
        later: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::status::Status;
    use crate::smpp::sm::SmResp;

    #[test]
    fn a_state_is_read_like_a_receipt() {
        let resp = QuerySmResp {
            final_date: CString::from("260101123005004+"),
            message_state: 5,
            error_code: 27,
            ..QuerySmResp::default()
        };
        let Queried::State(receipt) =
            read_answer(CommandStatus::Ok, &pdu::PduBody::QuerySmResp(resp), &Dialect::default())
        else {
            panic!("it was answered");
        };
        assert_eq!((receipt.status, &*receipt.raw_status), (Status::Failed, "UNDELIV"));
        assert_eq!(receipt.error_code.as_deref(), Some("027"));
        assert_eq!(receipt.done_at, Some(Time(1_767_267_005_000)));
    }

    #[test]
    fn refusals_are_told_apart() {
        let refused = pdu::PduBody::QuerySmResp(QuerySmResp::default());
        assert_eq!(read_answer(CommandStatus::InvalidMessageId, &refused, &Dialect::default()), Queried::Refused);
        assert_eq!(read_answer(CommandStatus::QueryFailed, &refused, &Dialect::default()), Queried::Refused);
        assert_eq!(
            read_answer(CommandStatus::InvalidCommandId, &pdu::PduBody::GenericNack, &Dialect::default()),
            Queried::Unserved
        );
        assert_eq!(read_answer(CommandStatus::Throttled, &refused, &Dialect::default()), Queried::Unanswered);
        // A status of success on another operation says nothing of the message.
        assert_eq!(
            read_answer(CommandStatus::Ok, &pdu::PduBody::SubmitSmResp(SmResp::default()), &Dialect::default()),
            Queried::Unanswered
        );
    }
}
