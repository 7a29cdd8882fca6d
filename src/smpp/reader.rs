//! The fields of a body, read one by one, as tolerantly as [`crate::smpp::decode`] says.

use crate::smpp::address::Address;
use crate::smpp::cstring::CString;
use crate::smpp::field;
use crate::smpp::status::CommandStatus;
use crate::smpp::tlv::{Tag, Tlvs, is_well_formed};
use bytes::{Buf, Bytes};

/// The name of the field that should have come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Missing(pub(crate) &'static str);

/// What is left of a frame, read field by field.
pub(crate) struct Fields {
    frame: Bytes,
    /// How far it has been read; never beyond its end.
    at: usize,
}

/// The leaves of a body, each with the name and the size that the specification gives it.
impl Fields {
    /// What of a frame follows its first `at` octets.
    #[inline(always)]
    pub(crate) const fn new(frame: Bytes, at: usize) -> Self {
        Self { frame, at }
    }

    /// A body that may be absent, and that may be anything when the request failed.
    pub(crate) fn response<T: Default>(
        &mut self,
        status: CommandStatus,
        read: impl FnOnce(&mut Self) -> Result<T, Missing>,
    ) -> Result<T, Missing> {
        if self.rest().is_empty() {
            return Ok(T::default());
        }
        match read(self) {
            Err(_) if status != CommandStatus::Ok => Ok(T::default()),
            read => read,
        }
    }

    /// The body of a response: one string, then optional parameters. An error response may
    /// have neither, or one without the other, so the strict readings come first.
    pub(crate) fn string_and_tlvs(
        &mut self,
        name: &'static str,
        size: usize,
        status: CommandStatus,
    ) -> (CString, Tlvs) {
        match ResponseForm::of(self.rest(), size, status) {
            ResponseForm::Nothing => Default::default(),
            ResponseForm::TlvsOnly => (CString::default(), self.tlvs()),
            ResponseForm::Whole => (self.string(name, size).unwrap_or_default(), self.tlvs()),
        }
    }

    /// `sm_length`, and the text before optional parameters, see [`text_length`].
    #[inline]
    pub(crate) fn short_message(&mut self) -> Result<Bytes, Missing> {
        let said = usize::from(self.octet("sm_length")?);
        Ok(self.take(text_length(said, self.rest())))
    }

    /// `sm_length`, and as much text, or as there is.
    pub(crate) fn excerpt(&mut self) -> Result<Bytes, Missing> {
        let said = usize::from(self.octet("sm_length")?);
        Ok(self.take(said.min(self.rest().len())))
    }

    /// So many of the octets that are left; all of them take the frame with them.
    #[inline]
    fn take(&mut self, length: usize) -> Bytes {
        let end = self.at + length;
        if end == self.frame.len() {
            return self.share_rest();
        }
        let taken = if length == 0 { Bytes::new() } else { self.frame.slice(self.at..end) };
        self.at = end;
        taken
    }

    /// The optional parameters after a text that may be followed by a NUL of its own.
    #[inline]
    pub(crate) fn tlvs_after_text(&mut self) -> Tlvs {
        self.at = self.frame.len() - after_text(self.rest()).len();
        self.tlvs()
    }

    /// The rest as optional parameters; a rest that holds none counts as empty.
    #[inline]
    pub(crate) fn tlvs(&mut self) -> Tlvs {
        if self.rest().is_empty() {
            return Tlvs::default();
        }
        let tlvs = Tlvs(self.share_rest());
        if tlvs.iter().next().is_none() {
            return Tlvs::default();
        }
        tlvs
    }

    /// Type, plan and digits, whose names these are.
    #[inline(always)]
    pub(crate) fn address(&mut self, [ton, npi, digits]: [&'static str; 3], size: usize) -> Result<Address, Missing> {
        Ok(Address { ton: self.octet(ton)?, npi: self.octet(npi)?, digits: self.string(digits, size)? })
    }

    /// A C-octet string, see [`field::c_octet`].
    #[inline(always)]
    pub(crate) fn string(&mut self, name: &'static str, size: usize) -> Result<CString, Missing> {
        let input = self.rest();
        let (rest, value) = field::c_octet(size, input).map_err(|_| Missing(name))?;
        let end = self.frame.len() - rest.len();
        let string = CString::read(input, value.len(), || self.frame.slice_ref(value));
        self.at = end;
        Ok(string)
    }

    /// A number of one octet.
    #[inline(always)]
    pub(crate) fn octet(&mut self, name: &'static str) -> Result<u8, Missing> {
        let octet = *self.frame.get(self.at).ok_or(Missing(name))?;
        self.at += 1;
        Ok(octet)
    }

    /// A number of four octets.
    pub(crate) fn word(&mut self, name: &'static str) -> Result<u32, Missing> {
        let word = *self.rest().first_chunk::<4>().ok_or(Missing(name))?;
        self.at += 4;
        Ok(u32::from_be_bytes(word))
    }

    #[inline(always)]
    fn rest(&self) -> &[u8] {
        &self.frame[self.at..]
    }

    /// All that is left. It takes the frame with it, which counts no reference; an empty rest holds
    /// on to nothing.
    #[inline]
    pub(crate) fn share_rest(&mut self) -> Bytes {
        if self.rest().is_empty() {
            return Bytes::new();
        }
        let mut frame = std::mem::take(&mut self.frame);
        frame.advance(std::mem::take(&mut self.at));
        frame
    }
}

/// What the body of a response is that should be a string and optional parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseForm {
    Nothing,
    TlvsOnly,
    Whole,
}

impl ResponseForm {
    /// The string may have `size` octets.
    pub(crate) fn of(rest: &[u8], size: usize, status: CommandStatus) -> Self {
        let refused = status != CommandStatus::Ok;
        let readable = |text: &[u8]| !refused || text.iter().all(u8::is_ascii_graphic);
        let whole = field::c_octet(size, rest).is_ok_and(|(after, text)| is_well_formed(after) && readable(text));
        match (whole, refused) {
            _ if rest.is_empty() => Self::Nothing,
            // An id and a NUL too many may look like a tag and a length; but no tag of the
            // specification begins as an id does.
            (false, _) if !rest[0].is_ascii_graphic() && is_well_formed(rest) => Self::TlvsOnly,
            (false, true) => Self::Nothing,
            _ => Self::Whole,
        }
    }
}

/// How long a text is of which `sm_length` says so much: nothing where what is left ends before
/// that and is parameters to its last octet, and one octet more where parameters begin behind it.
pub(crate) fn text_length(said: usize, rest: &[u8]) -> usize {
    match rest.get(said..) {
        None if starts_with_tag(rest) && is_well_formed(rest) => 0,
        None => rest.len(),
        Some([last, after @ ..])
            if *last != 0 && starts_with_tag(after) && !is_well_formed(&rest[said..]) && is_well_formed(after) =>
        {
            said + 1
        }
        Some(_) => said,
    }
}

/// What follows a text and the NUL that it may have of its own.
pub(crate) fn after_text(rest: &[u8]) -> &[u8] {
    match rest {
        [0, after @ ..]
            if !is_well_formed(rest)
                && (is_well_formed(after) || (!starts_with_tag(rest) && starts_with_tag(after))) =>
        {
            after
        }
        _ => rest,
    }
}

/// Whether a stream begins with a tag of the specification.
fn starts_with_tag(octets: &[u8]) -> bool {
    matches!(octets, [high, low, ..] if Tag(u16::from_be_bytes([*high, *low])).name() != "unknown")
}
