//! `command_status`: how a request fared (3.4 section 5.1.3, 5.0 section 4.7.6).
//!
//! One line a code: readable name, number, the specification's constant, what it says. Codes
//! that no table names are kept as they came, for vendors have their own.

macro_rules! statuses {
    ($($variant:ident = $number:literal, $name:literal, $meaning:literal;)*) => {
        /// The status of a response.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum CommandStatus {
            $(
                #[doc = concat!("`", $name, "`: ", $meaning, ".")]
                $variant,
            )*
            /// A code that no table names, or that is a vendor's own. Made by
            /// [`CommandStatus::from_u32`] only, so that no named code hides in here.
            Other(u32),
        }

        impl CommandStatus {
            /// Every status that has a name, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The status of this number; [`CommandStatus::Other`] when it has no name.
            pub const fn from_u32(number: u32) -> Self {
                match number {
                    $($number => Self::$variant,)*
                    other => Self::Other(other),
                }
            }

            /// The number on the wire.
            pub const fn as_u32(self) -> u32 {
                match self {
                    $(Self::$variant => $number,)*
                    Self::Other(number) => number,
                }
            }

            /// The specification's constant; `unknown` for a code without a name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Other(_) => "unknown",
                }
            }

            /// What the status says, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => $meaning,)*
                    Self::Other(_) => "a code that the specification does not name",
                }
            }
        }
    };
}

// The codes from 0x19 to 0x9F whose meaning is about customers, lists and paging come from
// a predecessor of the specification; 3.4 reserves them, yet some SMSCs still send them.
statuses! {
    Ok = 0x00000000, "ESME_ROK", "the request was accepted";
    InvalidMessageLength = 0x00000001, "ESME_RINVMSGLEN", "the text is longer or shorter than the SMSC allows";
    InvalidCommandLength = 0x00000002, "ESME_RINVCMDLEN", "the length of the PDU does not fit its operation";
    InvalidCommandId = 0x00000003, "ESME_RINVCMDID", "the operation is unknown, or not open to this account";
    InvalidBindStatus = 0x00000004, "ESME_RINVBNDSTS", "the operation is not legal in this state of the session";
    AlreadyBound = 0x00000005, "ESME_RALYBND", "the session, or the account, is bound already";
    InvalidPriorityFlag = 0x00000006, "ESME_RINVPRTFLG", "the priority_flag is refused";
    InvalidRegisteredDelivery = 0x00000007, "ESME_RINVREGDLVFLG", "the registered_delivery is refused";
    SystemError = 0x00000008, "ESME_RSYSERR", "the SMSC has trouble inside";
    InvalidSourceAddress = 0x0000000A, "ESME_RINVSRCADR", "the source address is malformed or not allowed";
    InvalidDestinationAddress = 0x0000000B, "ESME_RINVDSTADR", "the destination address is malformed, unknown or not covered";
    InvalidMessageId = 0x0000000C, "ESME_RINVMSGID", "no message has this message_id";
    BindFailed = 0x0000000D, "ESME_RBINDFAIL", "the bind was refused without a reason";
    InvalidPassword = 0x0000000E, "ESME_RINVPASWD", "the password is wrong";
    InvalidSystemId = 0x0000000F, "ESME_RINVSYSID", "the system_id is unknown";
    CancelFailed = 0x00000011, "ESME_RCANCELFAIL", "the message could not be cancelled";
    ReplaceFailed = 0x00000013, "ESME_RREPLACEFAIL", "the message could not be replaced";
    MessageQueueFull = 0x00000014, "ESME_RMSGQFUL", "the queue of the SMSC, or of this destination, is full";
    InvalidServiceType = 0x00000015, "ESME_RINVSERTYP", "the service_type is refused";
    AddCustomerFailed = 0x00000019, "ESME_RADDCUSTFAIL", "a customer could not be added";
    DeleteCustomerFailed = 0x0000001A, "ESME_RDELCUSTFAIL", "a customer could not be deleted";
    ModifyCustomerFailed = 0x0000001B, "ESME_RMODCUSTFAIL", "a customer could not be modified";
    EnquireCustomerFailed = 0x0000001C, "ESME_RENQCUSTFAIL", "a customer could not be looked up";
    InvalidCustomerId = 0x0000001D, "ESME_RINVCUSTID", "the customer id is wrong";
    InvalidCustomerName = 0x0000001F, "ESME_RINVCUSTNAME", "the customer name is wrong";
    InvalidCustomerAddress = 0x00000021, "ESME_RINVCUSTADR", "the customer address is wrong";
    InvalidAddress = 0x00000022, "ESME_RINVADR", "an address is not valid";
    CustomerExists = 0x00000023, "ESME_RCUSTEXIST", "the customer exists already";
    CustomerDoesNotExist = 0x00000024, "ESME_RCUSTNOTEXIST", "the customer does not exist";
    AddListFailed = 0x00000026, "ESME_RADDDLFAIL", "a distribution list could not be added";
    ModifyListFailed = 0x00000027, "ESME_RMODDLFAIL", "a distribution list could not be modified";
    DeleteListFailed = 0x00000028, "ESME_RDELDLFAIL", "a distribution list could not be deleted";
    ViewListFailed = 0x00000029, "ESME_RVIEWDLFAIL", "a distribution list could not be shown";
    ListListsFailed = 0x00000030, "ESME_RLISTDLSFAIL", "the distribution lists could not be listed";
    ParameterRetrieveFailed = 0x00000031, "ESME_RPARAMRETFAIL", "a parameter could not be read";
    InvalidParameter = 0x00000032, "ESME_RINVPARAM", "the parameter name is wrong";
    InvalidNumberOfDestinations = 0x00000033, "ESME_RINVNUMDESTS", "the number of destinations is out of range";
    InvalidListName = 0x00000034, "ESME_RINVDLNAME", "the distribution list is unknown";
    InvalidListMemberDescription = 0x00000035, "ESME_RINVDLMEMBDESC", "the description of a list member is wrong";
    InvalidListMemberType = 0x00000038, "ESME_RINVDLMEMBTYP", "the type of a list member is wrong";
    InvalidListModifyOption = 0x00000039, "ESME_RINVDLMODOPT", "the option of a list change is wrong";
    InvalidDestinationFlag = 0x00000040, "ESME_RINVDESTFLAG", "a dest_flag is neither 1 nor 2";
    InvalidSubmitWithReplace = 0x00000042, "ESME_RINVSUBREP", "submit with replace is not possible here";
    InvalidEsmClass = 0x00000043, "ESME_RINVESMCLASS", "the esm_class, or the UDH it announces, is refused";
    CannotSubmitToList = 0x00000044, "ESME_RCNTSUBDL", "the distribution list may not be sent to";
    SubmitFailed = 0x00000045, "ESME_RSUBMITFAIL", "the message was refused without a reason";
    InvalidSourceTon = 0x00000048, "ESME_RINVSRCTON", "the type of number of the source is refused";
    InvalidSourceNpi = 0x00000049, "ESME_RINVSRCNPI", "the numbering plan of the source is refused";
    InvalidDestinationTon = 0x00000050, "ESME_RINVDSTTON", "the type of number of the destination is refused";
    InvalidDestinationNpi = 0x00000051, "ESME_RINVDSTNPI", "the numbering plan of the destination is refused";
    InvalidSystemType = 0x00000053, "ESME_RINVSYSTYP", "the system_type of the bind is refused";
    InvalidReplaceFlag = 0x00000054, "ESME_RINVREPFLAG", "the replace_if_present_flag is refused";
    InvalidNumberOfMessages = 0x00000055, "ESME_RINVNUMMSGS", "the number of messages is out of range";
    Throttled = 0x00000058, "ESME_RTHROTTLED", "more was sent than the rate that the SMSC allows";
    ProvisioningNotAllowed = 0x00000059, "ESME_RPROVNOTALLWD", "provisioning is not allowed";
    InvalidSchedule = 0x00000061, "ESME_RINVSCHED", "the schedule_delivery_time is malformed or refused";
    InvalidExpiry = 0x00000062, "ESME_RINVEXPIRY", "the validity_period is malformed or out of range";
    InvalidDefaultMessageId = 0x00000063, "ESME_RINVDFTMSGID", "the canned message does not exist";
    ReceiverTemporaryError = 0x00000064, "ESME_RX_T_APPN", "the receiver cannot take it now; send it again";
    ReceiverPermanentError = 0x00000065, "ESME_RX_P_APPN", "the receiver will never take it, nor others like it";
    ReceiverRejectError = 0x00000066, "ESME_RX_R_APPN", "the receiver refuses this one message";
    QueryFailed = 0x00000067, "ESME_RQUERYFAIL", "the state of the message could not be told";
    InvalidPagingCustomerId = 0x00000080, "ESME_RINVPGCUSTID", "the paging customer id is wrong";
    InvalidPagingCustomerIdLength = 0x00000081, "ESME_RINVPGCUSTIDLEN", "the paging customer id has a wrong length";
    InvalidCityLength = 0x00000082, "ESME_RINVCITYLEN", "the city has a wrong length";
    InvalidStateLength = 0x00000083, "ESME_RINVSTATELEN", "the state has a wrong length";
    InvalidZipPrefixLength = 0x00000084, "ESME_RINVZIPPREFIXLEN", "the first part of the postal code has a wrong length";
    InvalidZipPostfixLength = 0x00000085, "ESME_RINVZIPPOSTFIXLEN", "the last part of the postal code has a wrong length";
    InvalidMinLength = 0x00000086, "ESME_RINVMINLEN", "the mobile identification number has a wrong length";
    InvalidMin = 0x00000087, "ESME_RINVMIN", "the mobile identification number is wrong";
    InvalidPinLength = 0x00000088, "ESME_RINVPINLEN", "the PIN has a wrong length";
    InvalidTerminalCodeLength = 0x00000089, "ESME_RINVTERMCODELEN", "the terminal code has a wrong length";
    InvalidChannelLength = 0x0000008A, "ESME_RINVCHANNELLEN", "the channel has a wrong length";
    InvalidCoverageRegionLength = 0x0000008B, "ESME_RINVCOVREGIONLEN", "the coverage region has a wrong length";
    InvalidCapCodeLength = 0x0000008C, "ESME_RINVCAPCODELEN", "the cap code has a wrong length";
    InvalidDeliveryTimeLength = 0x0000008D, "ESME_RINVMDTLEN", "the message delivery time has a wrong length";
    InvalidPriorityMessageLength = 0x0000008E, "ESME_RINVPRIORMSGLEN", "the priority of the message has a wrong length";
    InvalidPeriodicMessageLength = 0x0000008F, "ESME_RINVPERMSGLEN", "the periodic message has a wrong length";
    InvalidPagingAlertLength = 0x00000090, "ESME_RINVPGALERTLEN", "the paging alert has a wrong length";
    InvalidMessageUserLength = 0x00000091, "ESME_RINVSMUSERLEN", "the user of the short message has a wrong length";
    InvalidRealTimeDatabaseLength = 0x00000092, "ESME_RINVRTDBLEN", "the real-time database entry has a wrong length";
    InvalidRegisteredDeleteLength = 0x00000093, "ESME_RINVREGDELLEN", "the registered delete has a wrong length";
    InvalidDistributionLength = 0x00000094, "ESME_RINVMSGDISTLEN", "the message distribution has a wrong length";
    InvalidPriorityMessage = 0x00000095, "ESME_RINVPRIORMSG", "the priority of the message is wrong";
    InvalidDeliveryTime = 0x00000096, "ESME_RINVMDT", "the message delivery time is wrong";
    InvalidPeriodicMessage = 0x00000097, "ESME_RINVPERMSG", "the periodic message is wrong";
    InvalidDistribution = 0x00000098, "ESME_RINVMSGDIST", "the message distribution is wrong";
    InvalidPagingAlert = 0x00000099, "ESME_RINVPGALERT", "the paging alert is wrong";
    InvalidMessageUser = 0x0000009A, "ESME_RINVSMUSER", "the user of the short message is wrong";
    InvalidRealTimeDatabase = 0x0000009B, "ESME_RINVRTDB", "the real-time database entry is wrong";
    InvalidRegisteredDelete = 0x0000009C, "ESME_RINVREGDEL", "the registered delete is wrong";
    InvalidOptionalParameterLength = 0x0000009F, "ESME_RINVOPTPARLEN", "an optional parameter has a wrong length";
    InvalidTlvStream = 0x000000C0, "ESME_RINVTLVSTREAM", "the optional parameters cannot be read";
    TlvNotAllowed = 0x000000C1, "ESME_RTLVNOTALLWD", "an optional parameter is not allowed here";
    InvalidTlvLength = 0x000000C2, "ESME_RINVTLVLEN", "an optional parameter has a wrong length";
    MissingTlv = 0x000000C3, "ESME_RMISSINGTLV", "a required optional parameter is missing";
    InvalidTlvValue = 0x000000C4, "ESME_RINVTLVVAL", "the value of an optional parameter is refused";
    DeliveryFailure = 0x000000FE, "ESME_RDELIVERYFAILURE", "the delivery in transaction mode failed";
    UnknownError = 0x000000FF, "ESME_RUNKNOWNERR", "the SMSC does not know what went wrong";
    ServiceTypeUnauthorised = 0x00000100, "ESME_RSERTYPUNAUTH", "this account may not use the service_type";
    Prohibited = 0x00000101, "ESME_RPROHIBITED", "this account may not use the operation";
    ServiceTypeUnavailable = 0x00000102, "ESME_RSERTYPUNAVAIL", "the service_type is out of order for now";
    ServiceTypeDenied = 0x00000103, "ESME_RSERTYPDENIED", "the service_type is denied";
    InvalidDataCoding = 0x00000104, "ESME_RINVDCS", "the data_coding is refused";
    InvalidSourceSubunit = 0x00000105, "ESME_RINVSRCADDRSUBUNIT", "the source_addr_subunit is refused";
    InvalidDestinationSubunit = 0x00000106, "ESME_RINVDSTADDRSUBUNIT", "the dest_addr_subunit is refused";
    InvalidBroadcastInterval = 0x00000107, "ESME_RINVBCASTFREQINT", "the broadcast_frequency_interval is refused";
    InvalidBroadcastAlias = 0x00000108, "ESME_RINVBCASTALIAS_NAME", "the broadcast area alias is unknown";
    InvalidBroadcastAreaFormat = 0x00000109, "ESME_RINVBCASTAREAFMT", "the format of a broadcast area is refused";
    InvalidNumberOfBroadcastAreas = 0x0000010A, "ESME_RINVNUMBCAST_AREAS", "the number of broadcast areas is out of range";
    InvalidBroadcastContentType = 0x0000010B, "ESME_RINVBCASTCNTTYPE", "the broadcast_content_type is refused";
    InvalidBroadcastMessageClass = 0x0000010C, "ESME_RINVBCASTMSGCLASS", "the broadcast_message_class is refused";
    BroadcastFailed = 0x0000010D, "ESME_RBCASTFAIL", "the broadcast failed";
    BroadcastQueryFailed = 0x0000010E, "ESME_RBCASTQUERYFAIL", "the state of the broadcast could not be told";
    BroadcastCancelFailed = 0x0000010F, "ESME_RBCASTCANCELFAIL", "the broadcast could not be cancelled";
    InvalidBroadcastRepetition = 0x00000110, "ESME_RINVBCAST_REP", "the broadcast_rep_num is refused";
    InvalidBroadcastServiceGroup = 0x00000111, "ESME_RINVBCASTSRVGRP", "the broadcast_service_group is refused";
    InvalidBroadcastChannel = 0x00000112, "ESME_RINVBCASTCHANIND", "the broadcast_channel_indicator is refused";
    InvalidUdh = 0x00000401, "ESME_RINVUDH", "a vendor's code: the user data header is broken";
    DeliverFailed = 0x00000601, "RDELIVERSMFAIL", "a vendor's code: the delivery of deliver_sm failed";
}

impl Default for CommandStatus {
    /// The status of a request.
    fn default() -> Self {
        Self::Ok
    }
}

impl std::fmt::Display for CommandStatus {
    /// The constant, or the number of a code without a name.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Other(number) => write!(f, "0x{number:08X}"),
            named => f.write_str(named.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CommandStatus;

    #[test]
    fn every_named_status_is_found_by_its_number() {
        for status in CommandStatus::ALL {
            assert_eq!(CommandStatus::from_u32(status.as_u32()), *status);
        }
    }

    #[test]
    fn numbers_rise_and_names_are_unique() {
        let numbers: Vec<u32> = CommandStatus::ALL.iter().map(|s| s.as_u32()).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b));
        let names: std::collections::HashSet<_> = CommandStatus::ALL.iter().map(|s| s.name()).collect();
        assert_eq!(names.len(), numbers.len());
    }

    #[test]
    fn well_known_codes() {
        for (number, status, name) in [
            (0x00, CommandStatus::Ok, "ESME_ROK"),
            (0x14, CommandStatus::MessageQueueFull, "ESME_RMSGQFUL"),
            (0x58, CommandStatus::Throttled, "ESME_RTHROTTLED"),
            (0x64, CommandStatus::ReceiverTemporaryError, "ESME_RX_T_APPN"),
            (0xFF, CommandStatus::UnknownError, "ESME_RUNKNOWNERR"),
            (0x4AB, CommandStatus::Other(0x4AB), "unknown"),
        ] {
            assert_eq!(CommandStatus::from_u32(number), status);
            assert_eq!(status.as_u32(), number);
            assert_eq!(status.name(), name);
        }
    }
}
