//! The tables, a file each: what it holds and by what key, its columns, how a record becomes a row and a row a record
//! again, what makes it, and what each format has added.
//!
//! ```text
//! body      what was asked for; written once                    part     where each SMS is; small, updated in place
//! attempt   attempts that later ones superseded                 orders   orders of more than one message
//! idem      requests that must not be accepted twice            parked   receipts whose part is not known yet
//! name      numbers of accounts and carriers; the veil          meta     one row of counters
//! event     what accounts are told                              mo       parts of messages from handsets that wait
//! mo_seen   messages from handsets that are known when they come again
//! learned   how carriers write their ids, as their receipts have shown
//! suppression   who does not want to be written to
//! operate   what operators have ordered
//! ledger    what changed balances                               balance  what they add up to
//! currency  in what each balance was paid in
//! quota     what quotas have counted
//! converted how many verifications ended well, by app and country
//! endpoint  how far endpoints have been told their events      retry    events that they have not taken
//! forgotten the last event of each account that was forgotten
//! made      endpoints that stand in no configuration
//! to_forget whom the gateway is to forget
//! verification   whose number is being verified, and was
//! ```
//!
//! `search`, by which messages are found, stands with those who search, `carrier_id` and its log with what writes them
//! behind the commit. What several tables have in the same way, the
//! columns of an attempt and those of a receipt, is written and read in one place.
//!
//! Times are milliseconds since 1970 of logical time (`eras` of `meta` say how far that is from the wall), 0 is never;
//! the numbers of `phase`, `answer` and their like are those of closed sets.

pub(super) mod body;
pub(super) mod manner;
pub(super) mod part;
pub(super) mod attempt;
pub(super) mod receipt;
pub(super) mod message_parts;
pub(super) mod orders;
pub(super) mod idem;
pub(super) mod parked;
pub(super) mod name;
pub(super) mod meta;
pub(super) mod event;
pub(super) mod mo;
pub(super) mod mo_seen;
pub(super) mod learned;
pub(super) mod suppression;
pub(super) mod operate;
pub(super) mod ledger;
pub(super) mod balance;
pub(super) mod currency;
pub(super) mod converted;
pub(super) mod quota;
pub(super) mod endpoint;
pub(super) mod retry;
pub(super) mod forgotten;
pub(super) mod made;
pub(super) mod to_forget;
mod seed;
pub(super) mod verification;
#[cfg(test)]
pub(super) mod tests;

/// What makes something, and what has changed it since: the format that brought each, oldest first.
pub(super) type Steps = &'static [(i64, &'static str)];

/// What is known of a table beside its records.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The columns that a record fills, in the order of its cells, the seal at the end.
    pub(super) columns: &'static str,
    /// The column by which a fault names a record.
    pub(super) key: &'static str,
    pub(super) steps: Steps,
}

impl Table {
    /// A question for records; `which` says for which.
    pub(super) fn select(&self, which: &str) -> String {
        format!("SELECT {} FROM {} {which}", self.columns, self.name)
    }

    /// What writes so many rows at once.
    pub(super) fn insert(&self, verb: &str, rows: usize) -> String {
        let width = self.columns.split(", ").count();
        let rows: Vec<String> = (0..rows).map(|row| format!("({})", self.places(row * width))).collect();
        format!("{verb} INTO {} ({}) VALUES {}", self.name, self.columns, rows.join(", "))
    }

    /// The parameters of a row behind so many others.
    fn places(&self, first: usize) -> String {
        let places: Vec<String> =
            (first + 1..).zip(self.columns.split(", ")).map(|(place, _)| format!("?{place}")).collect();
        places.join(", ")
    }

    /// What sets every column but the first, the key.
    pub(super) fn update(&self) -> String {
        let set: Vec<String> =
            (1..).zip(self.columns.split(", ")).skip(1).map(|(at, column)| format!("{column} = ?{at}")).collect();
        format!("UPDATE {} SET {} WHERE {} = ?1", self.name, set.join(", "), self.key)
    }
}
