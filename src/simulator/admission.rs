//! Whom the simulated carrier lets in.

use crate::session::input::Input;
use crate::simulator::account::Account;
use crate::simulator::line::AccountId;
use crate::simulator::line::LineId;
use crate::simulator::smsc::Smsc;
use crate::smpp::bind::{Bind, BindKind, BindResp};
use crate::smpp::cstring::CString;
use crate::smpp::pdu::PduBody;
use crate::smpp::status::CommandStatus;
use crate::smpp::tlv::{Tag, Tlvs};
use bytes::Bytes;

/// Accounts that may ever bind. Each costs some hundred octets, and nobody forgets it.
const ACCOUNTS_MAX: usize = 4_096;

impl Smsc {
    pub(super) fn hear_bind(&mut self, line: LineId, sequence: u32, kind: BindKind, bind: &Bind) {
        let admitted = self.admit(bind);
        let (status, resp) = match admitted {
            Ok(account) => {
                let tlvs = Tlvs::build().push(Tag::SC_INTERFACE_VERSION, &[self.behaviour.version.octet()]).build();
                let system_id = CString::from_static("nuncio-sim");
                self.stats.binds += 1;
                self.accounts[account].lines.push(line);
                if let Some(it) = self.lines.get_mut(&line) {
                    it.bound = Some((account, kind));
                }
                self.feed(account);
                (CommandStatus::Ok, BindResp { system_id, tlvs })
            }
            Err(status) => {
                self.stats.binds_refused += 1;
                (status, BindResp::default())
            }
        };
        self.give(line, Input::Respond { sequence, status, body: PduBody::BindResp(kind, resp) });
    }

    fn admit(&mut self, bind: &Bind) -> Result<AccountId, CommandStatus> {
        let behaviour = &self.behaviour;
        if let Some(status) = behaviour.refuse_bind {
            return Err(status);
        }
        if !behaviour.accounts.is_empty() {
            let known = behaviour.accounts.iter().find(|(system_id, _)| bind.system_id == system_id.as_str());
            let (_, password) = known.ok_or(CommandStatus::InvalidSystemId)?;
            if bind.password != password.as_str() {
                return Err(CommandStatus::InvalidPassword);
            }
        }
        let account = match self.account_ids.get(&bind.system_id) {
            Some(account) => *account,
            None if ACCOUNTS_MAX <= self.accounts.len() => return Err(CommandStatus::BindFailed),
            None => self.open_account(&bind.system_id),
        };
        if self.behaviour.binds_max <= self.accounts[account].lines.len() {
            return Err(CommandStatus::AlreadyBound);
        }
        Ok(account)
    }

    fn open_account(&mut self, system_id: &CString) -> AccountId {
        // A copy, so that the buffer that it was read into can go.
        let system_id = CString::from(Bytes::copy_from_slice(system_id.as_bytes()));
        self.accounts.push(Account::new(system_id.clone()));
        self.account_ids.insert(system_id, self.accounts.len() - 1);
        self.accounts.len() - 1
    }

    /// The account of this name, if it ever was bound.
    pub(super) fn account(&self, system_id: &str) -> Option<AccountId> {
        self.account_ids.get(&CString::from(system_id)).copied()
    }
}
