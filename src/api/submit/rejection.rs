//! Why a recipient of several is not accepted: a closed list.

closed_set! {
    /// Why a recipient is not accepted.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Rejection: all, word, says {
        /// The number is none that can be written to.
        InvalidNumber "invalid_number",
        /// The account or the route may not send there.
        DestinationDenied "destination_denied",
        /// The number does not want messages from this sender.
        Suppressed "suppressed",
        /// Neither the recipient nor the request has a text.
        MissingText "missing_text",
        /// The reference is longer than 255 characters.
        ClientRefTooLong "client_ref_too_long",
        /// There is no sender for this destination.
        MissingSender "missing_sender",
        /// No carrier of the route has the characters of the sender.
        UnsayableSender "unsayable_sender",
        /// The route has no price for the destination.
        NoPrice "no_price",
        /// The text takes more than 10 parts.
        TextTooLong "text_too_long",
        /// There is nothing to send.
        EmptyText "empty_text",
        /// The alphabet that was asked for lacks characters of the text.
        UnencodableText "unencodable_text",
        /// The text of a message that is to be sent again was erased when the message ended.
        TextErased "text_erased",
        /// The service that knows numbers says that this one gets no messages.
        NumberInvalid "number_invalid",
    }
}
