//! The optional parameters that the specification names: tag, name, kind, and how long a value is.
//!
//! The bounds are for showing and for judging what came; reading keeps a value of any length.

use crate::smpp::tlv::Tag;

/// What a value is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// A number, the highest octet first.
    Integer,
    /// A number whose bits mean something each.
    Flags,
    /// A C-octet string.
    Text,
    /// Octets with a layout of their own, or with none.
    Octets,
}

/// The form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// What it is made of.
    pub kind: ValueKind,
    /// The fewest octets that the specification allows.
    pub min: u16,
    /// The most octets that the specification allows.
    pub max: u16,
}

macro_rules! tags {
    ($($constant:ident = $number:literal, $name:literal, $kind:ident, $min:literal, $max:literal;)*) => {
        impl Tag {
            $(
                #[doc = concat!("`", $name, "`.")]
                pub const $constant: Self = Self($number);
            )*

            /// Every tag of the specification, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$constant),*];

            /// The specification's name; `unknown` for any other tag.
            pub const fn name(self) -> &'static str {
                match self.0 {
                    $($number => $name,)*
                    _ => "unknown",
                }
            }

            /// The form that the specification gives the value; `None` for any other tag.
            pub const fn shape(self) -> Option<Shape> {
                match self.0 {
                    $($number => Some(Shape { kind: ValueKind::$kind, min: $min, max: $max }),)*
                    _ => None,
                }
            }
        }
    };
}

// Where versions differ in a length, the bounds are those of all of them.
tags! {
    DEST_ADDR_SUBUNIT = 0x0005, "dest_addr_subunit", Integer, 1, 1;
    DEST_NETWORK_TYPE = 0x0006, "dest_network_type", Integer, 1, 1;
    DEST_BEARER_TYPE = 0x0007, "dest_bearer_type", Integer, 1, 1;
    DEST_TELEMATICS_ID = 0x0008, "dest_telematics_id", Integer, 2, 2;
    SOURCE_ADDR_SUBUNIT = 0x000D, "source_addr_subunit", Integer, 1, 1;
    SOURCE_NETWORK_TYPE = 0x000E, "source_network_type", Integer, 1, 1;
    SOURCE_BEARER_TYPE = 0x000F, "source_bearer_type", Integer, 1, 1;
    SOURCE_TELEMATICS_ID = 0x0010, "source_telematics_id", Integer, 1, 2;
    QOS_TIME_TO_LIVE = 0x0017, "qos_time_to_live", Integer, 4, 4;
    PAYLOAD_TYPE = 0x0019, "payload_type", Integer, 1, 1;
    ADDITIONAL_STATUS_INFO_TEXT = 0x001D, "additional_status_info_text", Text, 1, 256;
    RECEIPTED_MESSAGE_ID = 0x001E, "receipted_message_id", Text, 1, 65;
    MS_MSG_WAIT_FACILITIES = 0x0030, "ms_msg_wait_facilities", Flags, 1, 1;
    PRIVACY_INDICATOR = 0x0201, "privacy_indicator", Integer, 1, 1;
    SOURCE_SUBADDRESS = 0x0202, "source_subaddress", Octets, 2, 23;
    DEST_SUBADDRESS = 0x0203, "dest_subaddress", Octets, 2, 23;
    USER_MESSAGE_REFERENCE = 0x0204, "user_message_reference", Integer, 2, 2;
    USER_RESPONSE_CODE = 0x0205, "user_response_code", Integer, 1, 1;
    SOURCE_PORT = 0x020A, "source_port", Integer, 2, 2;
    DESTINATION_PORT = 0x020B, "destination_port", Integer, 2, 2;
    SAR_MSG_REF_NUM = 0x020C, "sar_msg_ref_num", Integer, 2, 2;
    LANGUAGE_INDICATOR = 0x020D, "language_indicator", Integer, 1, 1;
    SAR_TOTAL_SEGMENTS = 0x020E, "sar_total_segments", Integer, 1, 1;
    SAR_SEGMENT_SEQNUM = 0x020F, "sar_segment_seqnum", Integer, 1, 1;
    SC_INTERFACE_VERSION = 0x0210, "sc_interface_version", Integer, 1, 1;
    CALLBACK_NUM_PRES_IND = 0x0302, "callback_num_pres_ind", Flags, 1, 1;
    CALLBACK_NUM_ATAG = 0x0303, "callback_num_atag", Octets, 0, 65;
    NUMBER_OF_MESSAGES = 0x0304, "number_of_messages", Integer, 1, 1;
    CALLBACK_NUM = 0x0381, "callback_num", Octets, 4, 19;
    DPF_RESULT = 0x0420, "dpf_result", Integer, 1, 1;
    SET_DPF = 0x0421, "set_dpf", Integer, 1, 1;
    MS_AVAILABILITY_STATUS = 0x0422, "ms_availability_status", Integer, 1, 1;
    NETWORK_ERROR_CODE = 0x0423, "network_error_code", Octets, 3, 3;
    MESSAGE_PAYLOAD = 0x0424, "message_payload", Octets, 0, 65535;
    DELIVERY_FAILURE_REASON = 0x0425, "delivery_failure_reason", Integer, 1, 1;
    MORE_MESSAGES_TO_SEND = 0x0426, "more_messages_to_send", Integer, 1, 1;
    MESSAGE_STATE = 0x0427, "message_state", Integer, 1, 1;
    CONGESTION_STATE = 0x0428, "congestion_state", Integer, 1, 1;
    USSD_SERVICE_OP = 0x0501, "ussd_service_op", Octets, 1, 1;
    BROADCAST_CHANNEL_INDICATOR = 0x0600, "broadcast_channel_indicator", Integer, 1, 1;
    BROADCAST_CONTENT_TYPE = 0x0601, "broadcast_content_type", Octets, 3, 3;
    BROADCAST_CONTENT_TYPE_INFO = 0x0602, "broadcast_content_type_info", Octets, 1, 255;
    BROADCAST_MESSAGE_CLASS = 0x0603, "broadcast_message_class", Integer, 1, 1;
    BROADCAST_REP_NUM = 0x0604, "broadcast_rep_num", Integer, 2, 2;
    BROADCAST_FREQUENCY_INTERVAL = 0x0605, "broadcast_frequency_interval", Octets, 3, 3;
    BROADCAST_AREA_IDENTIFIER = 0x0606, "broadcast_area_identifier", Octets, 1, 100;
    BROADCAST_ERROR_STATUS = 0x0607, "broadcast_error_status", Integer, 4, 4;
    BROADCAST_AREA_SUCCESS = 0x0608, "broadcast_area_success", Integer, 1, 1;
    BROADCAST_END_TIME = 0x0609, "broadcast_end_time", Text, 16, 17;
    BROADCAST_SERVICE_GROUP = 0x060A, "broadcast_service_group", Octets, 1, 255;
    BILLING_IDENTIFICATION = 0x060B, "billing_identification", Octets, 1, 1024;
    SOURCE_NETWORK_ID = 0x060D, "source_network_id", Text, 7, 65;
    DEST_NETWORK_ID = 0x060E, "dest_network_id", Text, 7, 65;
    SOURCE_NODE_ID = 0x060F, "source_node_id", Octets, 6, 6;
    DEST_NODE_ID = 0x0610, "dest_node_id", Octets, 6, 6;
    DEST_ADDR_NP_RESOLUTION = 0x0611, "dest_addr_np_resolution", Integer, 1, 1;
    DEST_ADDR_NP_INFORMATION = 0x0612, "dest_addr_np_information", Octets, 10, 10;
    DEST_ADDR_NP_COUNTRY = 0x0613, "dest_addr_np_country", Integer, 1, 5;
    DISPLAY_TIME = 0x1201, "display_time", Integer, 1, 1;
    SMS_SIGNAL = 0x1203, "sms_signal", Integer, 2, 2;
    MS_VALIDITY = 0x1204, "ms_validity", Integer, 1, 4;
    ALERT_ON_MESSAGE_DELIVERY = 0x130C, "alert_on_message_delivery", Integer, 0, 1;
    ITS_REPLY_TYPE = 0x1380, "its_reply_type", Integer, 1, 1;
    ITS_SESSION_INFO = 0x1383, "its_session_info", Octets, 2, 2;
}

impl Tag {
    /// Whether the tag is of the range that 3.4 and 5.0 leave to vendors.
    pub const fn is_vendor(self) -> bool {
        matches!(self.0, 0x1400..=0x3FFF)
    }
}
