//! `verification`: whether somebody has a number. The key is its place; one that is pending is found by its end, and
//! all of a number over the index.

use crate::guard::guards::CodeSend;
use crate::guard::prefix::PersonAddress;
use crate::message::channel::Channel;
use crate::message::id::{AccountId, AppId, MessageId, Seq, VerificationId};
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::verification::Verification;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use crate::store::sqlite::table::seed::SeedCell;
use crate::verify::progress::{VerificationState, VerificationStatus};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(in crate::store::sqlite) const TABLE: Table = Table {
    name: "verification",
    columns: "n, token, account, app, destination, status, wrong, most, expires, ended, created, sent, manner, client_ref, \
        particulars, seal",
    key: "n",
    steps: &[(11, CREATE)],
};

/// `manner` is of bits: 1 to a number for tests, 2 of an account that tries things out, 4 with a code that the
/// application chose, 8 that went by more than the telephone network; 0 where it can show that somebody has the
/// number. `particulars` is JSON: what the code is made of, its messages and their sends, and what is said beside it.
const CREATE: &str = "
CREATE TABLE verification (
    n INTEGER PRIMARY KEY, token INTEGER NOT NULL, account INTEGER NOT NULL, app INTEGER NOT NULL,
    destination INTEGER NOT NULL, status INTEGER NOT NULL, wrong INTEGER NOT NULL, most INTEGER NOT NULL,
    expires INTEGER NOT NULL, ended INTEGER NOT NULL, created INTEGER NOT NULL, sent INTEGER NOT NULL,
    manner INTEGER NOT NULL, client_ref TEXT, particulars TEXT NOT NULL, seal INTEGER NOT NULL
) STRICT;
CREATE INDEX verification_by_number ON verification (destination, n);
CREATE INDEX verification_by_end ON verification (expires) WHERE status = 0;
";

/// The cell `particulars`; a cell with another version is not read.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Particulars {
    v: u8,
    seed: SeedCell,
    /// Each with its chance in hexadecimal.
    messages: Vec<(u64, String)>,
    sends: Vec<SendCell>,
    #[serde(default, skip_serializing_if = "is_sms")]
    channel: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offered: Option<String>,
    language: Box<str>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    words: BTreeMap<Box<str>, Box<str>>,
}

/// When, from where in hexadecimal or nothing, and by what; an SMS has no word.
#[derive(Serialize, Deserialize)]
struct SendCell(u64, String, #[serde(default, skip_serializing_if = "is_sms")] String);

const VERSION: u8 = 1;

fn is_sms(word: &str) -> bool {
    word.is_empty()
}

fn word(channel: Channel) -> String {
    if channel == Channel::Sms { String::new() } else { channel.word().to_owned() }
}

fn channel(word: &str) -> Option<Channel> {
    if is_sms(word) { Some(Channel::Sms) } else { Channel::from_word(word) }
}

pub(in crate::store::sqlite) fn write(it: &Verification) -> RowWriter<'_> {
    let particulars = Particulars {
        v: VERSION,
        seed: SeedCell::of(&it.seed),
        messages: it.messages.iter().map(|it| (it.seq.0, format!("{:016x}", it.token))).collect(),
        sends: it
            .sends
            .iter()
            .map(|it| {
                let address = it.address.map_or_else(String::new, |it| format!("{:x}", it.0));
                SendCell(it.at.0, address, word(it.channel))
            })
            .collect(),
        channel: word(it.channel),
        offered: it.offered.map(|it| it.word().to_owned()),
        language: it.language.clone(),
        words: it.words.clone(),
    };
    let mut row = RowWriter::new();
    row.bits(it.id.n);
    row.bits(it.id.token);
    row.int(it.account.0.into());
    row.int(it.app.0.into());
    row.bits(it.to.0);
    row.int(it.progress.status().number().into());
    row.int(it.progress.wrong().into());
    row.int(it.progress.most().into());
    row.time(it.progress.expires());
    row.time(it.progress.ended());
    row.time(it.created);
    row.time(it.sent);
    row.int(
        i64::from(it.is_test)
            | i64::from(it.is_sandbox) << 1
            | i64::from(it.is_chosen()) << 2
            | i64::from(it.is_elsewhere()) << 3,
    );
    row.maybe_text(it.client_ref.as_deref());
    row.later_made(Some(serde_json::to_string(&particulars).expect("texts, numbers and lists are JSON")));
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<Verification, Trouble> {
    let mut row = RowReader::new(row);
    let id = VerificationId { n: row.bits(), token: row.bits() };
    let (account, app, to) = (AccountId(row.small()), AppId(row.small()), E164(row.bits()));
    let status = row.code(VerificationStatus::Pending, VerificationStatus::from_number);
    let guesses = (row.small(), row.small());
    let (expires, ended) = (row.time(), row.time());
    let (created, sent, manner) = (row.time(), row.time(), row.int());
    let client_ref = row.maybe_text().map(Into::into);
    let particulars = row.later_text().and_then(|it| serde_json::from_str::<Particulars>(it).ok());
    let read = particulars.filter(|it| it.v == VERSION).and_then(|it| {
        let message = |(seq, token): (u64, String)| {
            Some(MessageId { seq: Seq(seq), token: u64::from_str_radix(&token, 16).ok()? })
        };
        let messages = it.messages.into_iter().map(message).collect::<Option<_>>()?;
        let send = |SendCell(at, address, by): SendCell| {
            let address = if address.is_empty() { None } else { Some(u128::from_str_radix(&address, 16).ok()?) };
            Some(CodeSend { at: Time(at), address: address.map(PersonAddress), channel: channel(&by)? })
        };
        let offered = match it.offered {
            Some(it) => Some(Channel::from_word(&it)?),
            None => None,
        };
        let sends = it.sends.into_iter().map(send).collect::<Option<_>>()?;
        Some(Verification {
            id,
            account,
            app,
            to,
            progress: VerificationState::of_record(status, guesses, expires, ended),
            seed: it.seed.read()?,
            is_test: manner & 1 != 0,
            is_sandbox: manner & 2 != 0,
            created,
            sent,
            messages,
            sends,
            channel: channel(&it.channel)?,
            offered,
            client_ref,
            language: it.language,
            words: it.words,
        })
    });
    match read {
        Some(it) => row.sealed(TABLE.name, id.n, it),
        None => Err(Trouble::Damaged(TABLE.name, id.n.cast_signed())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::hidden::{CodeAlphabet, CodeForm, KeyId, Seed};
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn every_field_of_a_verification_is_kept() {
        let id = VerificationId { n: 2, token: u64::MAX };
        let seed = Seed {
            verification: id,
            generation: 3,
            key: KeyId(4),
            nonce: [5; 16],
            form: CodeForm::new(8, CodeAlphabet::Letters).expect("a form"),
            locked: Some([6, 7].into()),
        };
        let full = Verification {
            id,
            account: AccountId(8),
            app: AppId(9),
            to: E164(10),
            progress: VerificationState::of_record(VerificationStatus::Approved, (1, 5), Time(11), Time(12)),
            seed,
            is_test: true,
            is_sandbox: false,
            created: Time(13),
            sent: Time(14),
            messages: vec![MessageId { seq: Seq(15), token: 16 }],
            sends: vec![
                CodeSend { at: Time(13), address: None, channel: Channel::Sms },
                CodeSend { at: Time(14), address: Some(PersonAddress(0xFFFF_C000_0207)), channel: Channel::Voice },
            ],
            channel: Channel::Voice,
            offered: Some(Channel::Email),
            client_ref: Some("λ".into()),
            language: "nl".into(),
            words: [("name".into(), "Ann".into())].into(),
        };
        let row = "n=2 token=-1 account=8 app=9 destination=10 status=1 wrong=1 most=5 expires=11 ended=12 created=13 \
            sent=14 manner=5 client_ref='λ' particulars='{\"v\":1,\"seed\":{\"of\":[2,\"ffffffffffffffff\"],\
            \"generation\":3,\"key\":4,\"nonce\":\"05050505050505050505050505050505\",\"form\":[8,\"letters\"],\
            \"locked\":\"0607\"},\"messages\":[[15,\"0000000000000010\"]],\"sends\":[[13,\"\"],[14,\"ffffc0000207\",\"voice\"]],\"channel\":\"voice\",\"offered\":\"email\",\"language\":\"nl\",\
            \"words\":{\"name\":\"Ann\"}}' seal=1045634035";
        assert_eq!(kept(&TABLE, &write(&full), read), (row.to_owned(), full.clone()));
        let seed = Seed { locked: None, ..full.seed.clone() };
        let bare = Verification {
            seed,
            sends: Vec::new(),
            channel: Channel::Sms,
            offered: None,
            client_ref: None,
            messages: Vec::new(),
            words: BTreeMap::new(),
            ..full
        };
        assert_eq!(kept(&TABLE, &write(&bare), read).1, bare);
    }
}
