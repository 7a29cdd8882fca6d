//! A PDU field by field, with the meaning of each code: for people who read traces.
//!
//! It reads as [`crate::smpp::decode`] reads: what is passed by there is shown here and said to
//! be passed by. Every octet of the PDU is in exactly one line. Passwords are not shown.

use crate::smpp::command::CommandId;
use crate::smpp::field;
use crate::smpp::frame::Header;
use crate::smpp::layout::{self, Field, Form};
use crate::smpp::parameter;
use crate::smpp::reader::{ResponseForm, after_text, text_length};
use crate::smpp::remark::{add, quote, status};
use crate::smpp::sm::esm_class::UDHI;
use crate::smpp::status::CommandStatus;
use crate::smpp::time;
use crate::smpp::tlv::Tag;
use bytes::Bytes;
use std::borrow::Cow;
use std::ops::Range;

/// One field of a PDU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldLine {
    /// The specification's name; of an optional parameter with its tag, `vendor` and `unknown`
    /// for those that it does not name.
    pub name: Cow<'static, str>,
    /// Where it stands in the PDU; empty for a field that should be here and is not.
    pub octets: Range<usize>,
    /// What stands there: a number, a quoted text, hexadecimal octets.
    pub value: String,
    /// What that says; empty when the value says it.
    pub meaning: String,
}

/// The fields of one whole PDU, header included, in the order of the wire. Never fails: what
/// cannot be read is shown as octets.
pub fn explain(frame: &Bytes) -> Vec<FieldLine> {
    let mut walk = Walk { frame, at: 0, last: 0, esm_class: 0, data_coding: 0, lines: Vec::new() };
    let Some(header) = Header::peek(frame) else {
        walk.rest("header", "fewer octets than a header has");
        return walk.lines;
    };
    walk.header(header);
    walk.body(header);
    walk.lines
}

/// The field whose length peers get wrong.
const TEXT: &str = "short_message";

/// The first field that is not there.
struct Missing;

struct Walk<'a> {
    frame: &'a [u8],
    /// How far the frame has been read.
    at: usize,
    /// The latest number: it may say how many of something follow.
    last: u8,
    esm_class: u8,
    data_coding: u8,
    lines: Vec<FieldLine>,
}

impl<'a> Walk<'a> {
    fn header(&mut self, header: Header) {
        let fits = usize::try_from(header.length).is_ok_and(|it| it == self.frame.len());
        let length = if fits { String::new() } else { format!("the PDU has {} octets", self.frame.len()) };
        self.line("command_length", 4, header.length.to_string(), length);
        let command = header.command.name().to_owned();
        self.line("command_id", 4, format!("0x{:08X}", header.command.0), command);
        let number = header.status.as_u32();
        self.line("command_status", 4, format!("0x{number:08X}"), status(header.status));
        self.line("sequence_number", 4, header.sequence.to_string(), sequence(header).to_owned());
    }

    fn body(&mut self, header: Header) {
        let Some(fields) = layout::of(header.command) else {
            return self.rest("body", "an operation that is not read");
        };
        let is_response = header.command.is_response();
        if is_response && self.left().is_empty() {
            return;
        }
        let fields = match (fields, is_response) {
            ([Field { form: Form::Text(size), .. }, Field { form: Form::Tlvs, .. }], true) => {
                match ResponseForm::of(self.left(), *size, header.status) {
                    ResponseForm::Whole => fields,
                    ResponseForm::TlvsOnly => &fields[1..],
                    ResponseForm::Nothing => return self.rest("body", "ignored, as the request was refused"),
                }
            }
            _ => fields,
        };
        let (at, lines) = (self.at, self.lines.len());
        let whole = self.fields(fields).is_ok();
        if !whole && is_response && header.status != CommandStatus::Ok {
            self.at = at;
            self.lines.truncate(lines);
            return self.rest("body", "ignored, as the request was refused");
        }
        self.rest("leftover", "octets that belong to no field");
    }

    fn fields(&mut self, fields: &'static [Field]) -> Result<(), Missing> {
        fields.iter().try_for_each(|field| self.field(field))
    }

    fn field(&mut self, field: &'static Field) -> Result<(), Missing> {
        match field.form {
            Form::Number(words) => {
                let octet = self.octet(field.name)?;
                self.line(field.name, 1, octet.to_string(), words(octet).into_owned());
            }
            Form::Flags(words) => {
                let octet = self.octet(field.name)?;
                self.line(field.name, 1, format!("0x{octet:02X}"), words(octet).into_owned());
            }
            Form::Text(size) => self.text(field.name, size, |it| (quote(it), String::new()))?,
            Form::Time => self.text(field.name, 17, |it| (quote(it), time(it)))?,
            Form::Secret(size) => self.text(field.name, size, |it| {
                if it.is_empty() { (quote(it), String::new()) } else { ("****".to_owned(), String::new()) }
            })?,
            Form::Counted(max) => self.counted(field.name, max),
            Form::Status => {
                let word = self.left().first_chunk::<4>().copied();
                let Some(word) = word else { return Err(self.missing(field.name)) };
                let number = u32::from_be_bytes(word);
                self.line(field.name, 4, format!("0x{number:08X}"), status(CommandStatus::from_u32(number)));
            }
            Form::Each(group) => {
                for _ in 0..self.last {
                    self.fields(group)?;
                }
            }
            Form::ListOr(list, other) => self.fields(if self.last == layout::LIST { list } else { other })?,
            Form::Tlvs => self.tlvs(),
        }
        Ok(())
    }

    fn octet(&mut self, name: &'static str) -> Result<u8, Missing> {
        let Some(octet) = self.left().first().copied() else { return Err(self.missing(name)) };
        self.last = octet;
        match name {
            "esm_class" => self.esm_class = octet,
            "data_coding" => self.data_coding = octet,
            _ => (),
        }
        Ok(octet)
    }

    fn text(
        &mut self,
        name: &'static str,
        size: usize,
        show: impl FnOnce(&[u8]) -> (String, String),
    ) -> Result<(), Missing> {
        let left = self.left();
        let Ok((rest, text)) = field::c_octet(size, left) else { return Err(self.missing(name)) };
        let taken = left.len() - rest.len();
        let (value, mut meaning) = show(text);
        if taken == text.len() {
            add(&mut meaning, "its NUL is missing");
        }
        if size <= text.len() {
            add(&mut meaning, &format!("longer than the {} octets that fit", size - 1));
        }
        self.line(name, taken, value, meaning);
        Ok(())
    }

    fn counted(&mut self, name: &'static str, max: u16) {
        let (said, left) = (usize::from(self.last), self.left().len());
        let length = if max == layout::EXCERPT { said.min(left) } else { text_length(said, self.left()) };
        let max = usize::from(max);
        let text = &self.left()[..length];
        let (value, mut meaning) = parameter::message(text, self.esm_class & UDHI != 0, self.data_coding);
        if text.len() != said {
            add(&mut meaning, &format!("{said} octets are announced"));
        }
        if max < text.len() {
            add(&mut meaning, &format!("longer than the {max} octets that fit"));
        }
        self.line(name, text.len(), value, meaning);
    }

    fn tlvs(&mut self) {
        if self.lines.last().is_some_and(|it| it.name == TEXT) && after_text(self.left()) != self.left() {
            self.line("leftover", 1, "00".to_owned(), "a NUL that sm_length does not count".to_owned());
        }
        while let Ok((rest, (tag, value))) = field::tlv(self.left()) {
            let taken = self.left().len() - rest.len();
            if tag == 0 {
                let octets = &self.left()[..taken];
                self.line("padding", taken, hex::encode_upper(octets), "belongs to no parameter".to_owned());
                continue;
            }
            let (shown, mut meaning) = parameter::value(Tag(tag), value, self.esm_class & UDHI != 0, self.data_coding);
            let said = usize::from(u16::from_be_bytes([self.left()[2], self.left()[3]]));
            if value.len() < said {
                add(&mut meaning, &format!("{said} octets are announced"));
            }
            self.line(parameter::name(Tag(tag)), taken, shown, meaning);
        }
    }

    /// All that is left, as one line, if anything is.
    fn rest(&mut self, name: &'static str, meaning: &str) {
        let left = self.left();
        if !left.is_empty() {
            self.line(name, left.len(), hex::encode_upper(left), meaning.to_owned());
        }
    }

    fn left(&self) -> &'a [u8] {
        &self.frame[self.at..]
    }

    fn missing(&mut self, name: &'static str) -> Missing {
        self.line(name, 0, String::new(), "not there: the PDU ends before it".to_owned());
        Missing
    }

    fn line(&mut self, name: impl Into<Cow<'static, str>>, length: usize, value: String, meaning: String) {
        let octets = self.at..self.at + length;
        self.at = octets.end;
        self.lines.push(FieldLine { name: name.into(), octets, value, meaning });
    }
}

/// What the 16 characters of a time say.
fn time(text: &[u8]) -> String {
    if text.is_empty() {
        return String::new();
    }
    time::words(&Bytes::copy_from_slice(text).into()).unwrap_or_else(|| "not a time".to_owned())
}

/// What is odd about a sequence number, if anything is.
fn sequence(header: Header) -> &'static str {
    match (header.sequence, header.command) {
        // It answers what could not be read (3.4 section 4.3.1).
        (0, CommandId::GENERIC_NACK) => "that of what could not be read",
        (1..=0x7FFF_FFFF, _) => "",
        _ => "not within 0x00000001 to 0x7FFFFFFF (3.4 section 3.2)",
    }
}
