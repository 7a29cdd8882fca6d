//! `command_id`: which operation (3.4 section 5.1.2, 5.0 section 4.7.5).

/// The top bit of a `command_id`: this PDU is a response.
const RESPONSE_BIT: u32 = 0x8000_0000;

/// The operation of a PDU; the top bit marks a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CommandId(pub u32);

macro_rules! commands {
    ($($constant:ident = $number:literal, $name:literal;)*) => {
        impl CommandId {
            $(
                #[doc = concat!("`", $name, "`.")]
                pub const $constant: Self = Self($number);
            )*

            /// Every operation that has a name.
            pub const ALL: &'static [Self] = &[$(Self::$constant),*];

            /// The specification's name; `unknown` for an operation without one.
            pub const fn name(self) -> &'static str {
                match self.0 {
                    $($number => $name,)*
                    _ => "unknown",
                }
            }
        }
    };
}

// The last eight are 3.3's own and one vendor's; they are named so that a log can name them.
commands! {
    BIND_RECEIVER = 0x00000001, "bind_receiver";
    BIND_RECEIVER_RESP = 0x80000001, "bind_receiver_resp";
    BIND_TRANSMITTER = 0x00000002, "bind_transmitter";
    BIND_TRANSMITTER_RESP = 0x80000002, "bind_transmitter_resp";
    QUERY_SM = 0x00000003, "query_sm";
    QUERY_SM_RESP = 0x80000003, "query_sm_resp";
    SUBMIT_SM = 0x00000004, "submit_sm";
    SUBMIT_SM_RESP = 0x80000004, "submit_sm_resp";
    DELIVER_SM = 0x00000005, "deliver_sm";
    DELIVER_SM_RESP = 0x80000005, "deliver_sm_resp";
    UNBIND = 0x00000006, "unbind";
    UNBIND_RESP = 0x80000006, "unbind_resp";
    REPLACE_SM = 0x00000007, "replace_sm";
    REPLACE_SM_RESP = 0x80000007, "replace_sm_resp";
    CANCEL_SM = 0x00000008, "cancel_sm";
    CANCEL_SM_RESP = 0x80000008, "cancel_sm_resp";
    BIND_TRANSCEIVER = 0x00000009, "bind_transceiver";
    BIND_TRANSCEIVER_RESP = 0x80000009, "bind_transceiver_resp";
    OUTBIND = 0x0000000B, "outbind";
    ENQUIRE_LINK = 0x00000015, "enquire_link";
    ENQUIRE_LINK_RESP = 0x80000015, "enquire_link_resp";
    SUBMIT_MULTI = 0x00000021, "submit_multi";
    SUBMIT_MULTI_RESP = 0x80000021, "submit_multi_resp";
    ALERT_NOTIFICATION = 0x00000102, "alert_notification";
    DATA_SM = 0x00000103, "data_sm";
    DATA_SM_RESP = 0x80000103, "data_sm_resp";
    BROADCAST_SM = 0x00000111, "broadcast_sm";
    BROADCAST_SM_RESP = 0x80000111, "broadcast_sm_resp";
    QUERY_BROADCAST_SM = 0x00000112, "query_broadcast_sm";
    QUERY_BROADCAST_SM_RESP = 0x80000112, "query_broadcast_sm_resp";
    CANCEL_BROADCAST_SM = 0x00000113, "cancel_broadcast_sm";
    CANCEL_BROADCAST_SM_RESP = 0x80000113, "cancel_broadcast_sm_resp";
    GENERIC_NACK = 0x80000000, "generic_nack";
    PARAM_RETRIEVE = 0x00000022, "param_retrieve";
    PARAM_RETRIEVE_RESP = 0x80000022, "param_retrieve_resp";
    QUERY_LAST_MSGS = 0x00000023, "query_last_msgs";
    QUERY_LAST_MSGS_RESP = 0x80000023, "query_last_msgs_resp";
    QUERY_MSG_DETAILS = 0x00000024, "query_msg_details";
    QUERY_MSG_DETAILS_RESP = 0x80000024, "query_msg_details_resp";
    AUTH_ACC = 0x01000001, "auth_acc";
    AUTH_ACC_RESP = 0x81000001, "auth_acc_resp";
    SM_RESULT_NOTIFY = 0x01000002, "sm_result_notify";
    SM_RESULT_NOTIFY_RESP = 0x81000002, "sm_result_notify_resp";
}

impl CommandId {
    /// Whether the top bit says response; `generic_nack` has it too.
    pub const fn is_response(self) -> bool {
        self.0 & RESPONSE_BIT != 0
    }

    /// The operation that answers this one; a response stays what it is.
    pub const fn response(self) -> Self {
        Self(self.0 | RESPONSE_BIT)
    }
}

impl std::fmt::Display for CommandId {
    /// The name, or the number of an operation without one.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name() {
            "unknown" => write!(f, "0x{:08X}", self.0),
            name => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CommandId;

    #[test]
    fn a_response_is_its_request_with_the_top_bit() {
        assert_eq!(CommandId::SUBMIT_SM.response(), CommandId::SUBMIT_SM_RESP);
        assert_eq!(CommandId::UNBIND_RESP.response(), CommandId::UNBIND_RESP);
        assert!(CommandId::GENERIC_NACK.is_response());
        assert!(!CommandId::OUTBIND.is_response());
        for command in CommandId::ALL {
            assert_eq!(command.is_response(), command.0 > 0x7FFF_FFFF);
        }
    }

    #[test]
    fn names_are_the_specifications() {
        assert_eq!(CommandId(4).name(), "submit_sm");
        assert_eq!(CommandId(0x8000_0009).name(), "bind_transceiver_resp");
        assert_eq!(CommandId(0x0A).name(), "unknown");
        assert_eq!(CommandId(0x0A).to_string(), "0x0000000A");
    }
}
