//! By what a one-time code reaches a person.

closed_set! {
    /// By what a code goes.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub enum Channel: all, number, from_number, word, from_word {
        /// A text.
        #[default]
        Sms = 0 "sms",
        /// A call in which it is read out.
        Voice = 1 "voice",
        /// A message of WhatsApp.
        Whatsapp = 2 "whatsapp",
        /// A mail.
        Email = 3 "email",
    }
}

impl Channel {
    /// Whether it goes by the telephone network, where whoever asks for codes may earn by what is paid for them.
    pub const fn is_telephony(self) -> bool {
        matches!(self, Self::Sms | Self::Voice)
    }
}
