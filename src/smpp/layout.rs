//! The fields of every operation in the order of the wire, as data.
//!
//! Reading and writing are in the files of the bodies; this table is for explaining a PDU and for
//! proving that the bodies are as the specification has them.

use crate::smpp::command::CommandId;
use crate::smpp::multi::DestAddress;
use crate::smpp::words::{self, Words};
use std::borrow::Cow;

/// One field, or a group of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// The specification's name; empty for a group.
    pub(crate) name: &'static str,
    pub(crate) form: Form,
}

/// What a field is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// A number of one octet, and what it says.
    Number(fn(u8) -> Words),
    /// Flags in one octet, and what they say.
    Flags(fn(u8) -> Words),
    /// A C-octet string of at most so many octets with its NUL.
    Text(usize),
    /// A time: a C-octet string of 1 or 17 octets.
    Time,
    /// A C-octet string that nobody is to see.
    Secret(usize),
    /// As many octets of text as the number before it says, and how many it may say.
    Counted(u16),
    /// A `command_status`.
    Status,
    /// As many of these groups as the number before it says.
    Each(&'static [Field]),
    /// These fields when the number before it says list, else those.
    ListOr(&'static [Field], &'static [Field]),
    /// Optional parameters, to the end.
    Tlvs,
}

/// The fields of an operation; `None` for one whose body is kept unread.
pub(crate) const fn of(command: CommandId) -> Option<&'static [Field]> {
    Some(match command {
        CommandId::BIND_TRANSMITTER | CommandId::BIND_RECEIVER | CommandId::BIND_TRANSCEIVER => BIND,
        CommandId::BIND_TRANSMITTER_RESP | CommandId::BIND_RECEIVER_RESP | CommandId::BIND_TRANSCEIVER_RESP => {
            BIND_RESP
        }
        CommandId::OUTBIND => OUTBIND,
        CommandId::UNBIND | CommandId::UNBIND_RESP | CommandId::GENERIC_NACK => &[],
        CommandId::ENQUIRE_LINK | CommandId::ENQUIRE_LINK_RESP => &[],
        CommandId::SUBMIT_SM | CommandId::DELIVER_SM => SM,
        CommandId::SUBMIT_SM_RESP | CommandId::DELIVER_SM_RESP | CommandId::DATA_SM_RESP => ID_RESP,
        CommandId::DATA_SM => DATA_SM,
        CommandId::SUBMIT_MULTI => SUBMIT_MULTI,
        CommandId::SUBMIT_MULTI_RESP => SUBMIT_MULTI_RESP,
        CommandId::QUERY_SM => QUERY_SM,
        CommandId::QUERY_SM_RESP => QUERY_SM_RESP,
        CommandId::CANCEL_SM => CANCEL_SM,
        CommandId::REPLACE_SM => REPLACE_SM,
        CommandId::CANCEL_SM_RESP | CommandId::REPLACE_SM_RESP | CommandId::CANCEL_BROADCAST_SM_RESP => &[TLVS],
        CommandId::ALERT_NOTIFICATION => ALERT_NOTIFICATION,
        CommandId::BROADCAST_SM => BROADCAST_SM,
        CommandId::BROADCAST_SM_RESP | CommandId::QUERY_BROADCAST_SM_RESP => ID_RESP,
        CommandId::QUERY_BROADCAST_SM => QUERY_BROADCAST_SM,
        CommandId::CANCEL_BROADCAST_SM => CANCEL_BROADCAST_SM,
        CommandId::PARAM_RETRIEVE => PARAM_RETRIEVE,
        CommandId::PARAM_RETRIEVE_RESP => PARAM_RETRIEVE_RESP,
        CommandId::QUERY_LAST_MSGS => QUERY_LAST_MSGS,
        CommandId::QUERY_LAST_MSGS_RESP => QUERY_LAST_MSGS_RESP,
        CommandId::QUERY_MSG_DETAILS => QUERY_MSG_DETAILS,
        CommandId::QUERY_MSG_DETAILS_RESP => QUERY_MSG_DETAILS_RESP,
        _ => return None,
    })
}

const fn text(name: &'static str, size: usize) -> Field {
    Field { name, form: Form::Text(size) }
}

const fn number(name: &'static str, words: fn(u8) -> Words) -> Field {
    Field { name, form: Form::Number(words) }
}

const fn flags(name: &'static str, words: fn(u8) -> Words) -> Field {
    Field { name, form: Form::Flags(words) }
}

const fn time(name: &'static str) -> Field {
    Field { name, form: Form::Time }
}

/// The longest text in the midst of a body, that of `query_msg_details_resp`; all others stand
/// before optional parameters.
pub(crate) const EXCERPT: u16 = 140;

const fn counted(max: u16) -> Field {
    Field { name: "short_message", form: Form::Counted(max) }
}

const fn group(form: Form) -> Field {
    Field { name: "", form }
}

const fn plain(_: u8) -> Words {
    Cow::Borrowed("")
}

fn ton(octet: u8) -> Words {
    Cow::Borrowed(words::ton(octet))
}

fn npi(octet: u8) -> Words {
    Cow::Borrowed(words::npi(octet))
}

fn message_state(octet: u8) -> Words {
    Cow::Borrowed(words::message_state(octet))
}

const SERVICE_TYPE: Field = text("service_type", 6);
const MESSAGE_ID: Field = text("message_id", 65);
const SHORT_ID: Field = text("message_id", 9);
const SOURCE_TON: Field = number("source_addr_ton", ton);
const SOURCE_NPI: Field = number("source_addr_npi", npi);
const SOURCE: Field = text("source_addr", 21);
const DEST_TON: Field = number("dest_addr_ton", ton);
const DEST_NPI: Field = number("dest_addr_npi", npi);
const DESTINATION: Field = text("destination_addr", 21);
const ESM_CLASS: Field = flags("esm_class", words::esm_class);
const PROTOCOL_ID: Field = flags("protocol_id", plain);
const PRIORITY: Field = number("priority_flag", words::priority);
const SCHEDULE: Field = time("schedule_delivery_time");
const VALIDITY: Field = time("validity_period");
const FINAL_DATE: Field = time("final_date");
const REGISTERED: Field = flags("registered_delivery", words::registered_delivery);
const REPLACE: Field = number("replace_if_present_flag", words::replace_if_present);
const DATA_CODING: Field = flags("data_coding", words::data_coding);
const CANNED: Field = number("sm_default_msg_id", plain);
const SM_LENGTH: Field = number("sm_length", plain);
const STATE: Field = number("message_state", message_state);
const ERROR_CODE: Field = number("error_code", plain);
const DEST_COUNT: Field = number("number_of_dests", plain);
const DESTINATIONS: Field = group(Form::Each(&[
    number("dest_flag", words::dest_flag),
    group(Form::ListOr(&[text("dl_name", 21)], &[DEST_TON, DEST_NPI, DESTINATION])),
]));
const TLVS: Field = group(Form::Tlvs);

/// The number before [`Form::ListOr`] that says list.
pub(crate) const LIST: u8 = DestAddress::LIST;

const BIND: &[Field] = &[
    text("system_id", 16),
    Field { name: "password", form: Form::Secret(9) },
    text("system_type", 13),
    flags("interface_version", words::interface_version),
    number("addr_ton", ton),
    number("addr_npi", npi),
    text("address_range", 41),
];

const BIND_RESP: &[Field] = &[text("system_id", 16), TLVS];

const OUTBIND: &[Field] = &[text("system_id", 16), Field { name: "password", form: Form::Secret(9) }];

#[rustfmt::skip]
const SM: &[Field] = &[
    SERVICE_TYPE, SOURCE_TON, SOURCE_NPI, SOURCE, DEST_TON, DEST_NPI, DESTINATION,
    ESM_CLASS, PROTOCOL_ID, PRIORITY, SCHEDULE, VALIDITY, REGISTERED, REPLACE, DATA_CODING, CANNED,
    SM_LENGTH, counted(255), TLVS,
];

const ID_RESP: &[Field] = &[MESSAGE_ID, TLVS];

#[rustfmt::skip]
const DATA_SM: &[Field] = &[
    SERVICE_TYPE, SOURCE_TON, SOURCE_NPI, text("source_addr", 65),
    DEST_TON, DEST_NPI, text("destination_addr", 65), ESM_CLASS, REGISTERED, DATA_CODING, TLVS,
];

#[rustfmt::skip]
const SUBMIT_MULTI: &[Field] = &[
    SERVICE_TYPE, SOURCE_TON, SOURCE_NPI, SOURCE, DEST_COUNT, DESTINATIONS,
    ESM_CLASS, PROTOCOL_ID, PRIORITY, SCHEDULE, VALIDITY, REGISTERED, REPLACE, DATA_CODING, CANNED,
    SM_LENGTH, counted(255), TLVS,
];

const SUBMIT_MULTI_RESP: &[Field] = &[
    MESSAGE_ID,
    number("no_unsuccess", plain),
    group(Form::Each(&[DEST_TON, DEST_NPI, DESTINATION, Field { name: "error_status_code", form: Form::Status }])),
    TLVS,
];

const QUERY_SM: &[Field] = &[MESSAGE_ID, SOURCE_TON, SOURCE_NPI, SOURCE];

const QUERY_SM_RESP: &[Field] = &[MESSAGE_ID, FINAL_DATE, STATE, ERROR_CODE, TLVS];

#[rustfmt::skip]
const CANCEL_SM: &[Field] = &[
    SERVICE_TYPE, MESSAGE_ID, SOURCE_TON, SOURCE_NPI, SOURCE, DEST_TON, DEST_NPI, DESTINATION,
];

#[rustfmt::skip]
const REPLACE_SM: &[Field] = &[
    MESSAGE_ID, SOURCE_TON, SOURCE_NPI, SOURCE, SCHEDULE, VALIDITY, REGISTERED, CANNED,
    SM_LENGTH, counted(255), TLVS,
];

const ALERT_NOTIFICATION: &[Field] = &[
    SOURCE_TON,
    SOURCE_NPI,
    text("source_addr", 65),
    number("esme_addr_ton", ton),
    number("esme_addr_npi", npi),
    text("esme_addr", 65),
    TLVS,
];

#[rustfmt::skip]
const BROADCAST_SM: &[Field] = &[
    SERVICE_TYPE, SOURCE_TON, SOURCE_NPI, SOURCE, MESSAGE_ID,
    PRIORITY, SCHEDULE, VALIDITY, REPLACE, DATA_CODING, CANNED, TLVS,
];

const QUERY_BROADCAST_SM: &[Field] = &[MESSAGE_ID, SOURCE_TON, SOURCE_NPI, SOURCE, TLVS];

const CANCEL_BROADCAST_SM: &[Field] = &[SERVICE_TYPE, MESSAGE_ID, SOURCE_TON, SOURCE_NPI, SOURCE, TLVS];

const PARAM_RETRIEVE: &[Field] = &[text("param_name", 32)];

const PARAM_RETRIEVE_RESP: &[Field] = &[text("param_value", 101)];

const QUERY_LAST_MSGS: &[Field] = &[SOURCE_TON, SOURCE_NPI, SOURCE, number("no_of_msgs", plain)];

const QUERY_LAST_MSGS_RESP: &[Field] = &[number("num_msgs", plain), group(Form::Each(&[SHORT_ID]))];

const QUERY_MSG_DETAILS: &[Field] = &[SHORT_ID, SOURCE_TON, SOURCE_NPI, SOURCE, SM_LENGTH];

#[rustfmt::skip]
const QUERY_MSG_DETAILS_RESP: &[Field] = &[
    SERVICE_TYPE, SOURCE_TON, SOURCE_NPI, SOURCE, DEST_COUNT, DESTINATIONS,
    PROTOCOL_ID, PRIORITY, SCHEDULE, VALIDITY, REGISTERED, DATA_CODING,
    SM_LENGTH, counted(EXCERPT), SHORT_ID, FINAL_DATE, STATE, ERROR_CODE,
];
