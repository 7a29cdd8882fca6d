//! Why a recipient of several is not accepted: a closed list.

macro_rules! rejections {
    ($($variant:ident = $word:literal, $says:literal;)+) => {
        /// Why a recipient is not accepted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Rejection { $(#[doc = $says] $variant,)+ }

        impl Rejection {
            /// Every one.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Its word in answers.
            pub(crate) const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// It in a sentence.
            pub(crate) const fn says(self) -> &'static str {
                match self { $(Self::$variant => $says,)+ }
            }
        }
    };
}

rejections! {
    InvalidNumber = "invalid_number", "The number is none that can be written to.";
    DestinationDenied = "destination_denied", "The account or the route may not send there.";
    Suppressed = "suppressed", "The number does not want messages from this sender.";
    MissingText = "missing_text", "Neither the recipient nor the request has a text.";
    ClientRefTooLong = "client_ref_too_long", "The reference is longer than 255 characters.";
    MissingSender = "missing_sender", "There is no sender for this destination.";
    UnsayableSender = "unsayable_sender", "No carrier of the route has the characters of the sender.";
    NoPrice = "no_price", "The route has no price for the destination.";
    TextTooLong = "text_too_long", "The text takes more than 10 parts.";
    EmptyText = "empty_text", "There is nothing to send.";
    UnencodableText = "unencodable_text", "The alphabet that was asked for lacks characters of the text.";
    TextErased = "text_erased", "The text of a message that is to be sent again was erased when the message ended.";
    NumberInvalid = "number_invalid", "The service that knows numbers says that this one gets no messages.";
}
