//! What a request asks for beyond a text: octets, ports, class, waiting, parameters of SMPP.
//!
//! Wishes that contradict each other are refused here, each at its field, before anything is cut.

use crate::api::handler::json::escape;
use crate::api::handler::problem::{Fault, Kind, Problem};
use crate::api::submit::request::{Asked, To};
use crate::message::extras::{DLT_MAX, Dlt, Extras, Parameter};
use crate::text::base64;
use crate::text::content::{Binary, Form, Indication, MessageClass, Requested, Waiting, WaitingKind};
use crate::text::udh::Ports;
use std::borrow::Cow;

/// What is asked for beyond a text, if anything, and the alphabet that it makes of the one asked for.
pub(crate) fn read(asked: &Asked<'_>, requested: Option<Requested>) -> Result<(Option<Extras>, Requested), Problem> {
    let mut reader = Reader { asked, requested, faults: Vec::new() };
    let form = Form { binary: reader.binary(), ports: reader.ports(), indication: reader.indication() };
    let extras = Extras { form, tlvs: reader.tlvs(), dlt: reader.dlt(), ..Extras::default() };
    reader.check(&extras.form);
    if !reader.faults.is_empty() {
        return Err(Problem::of_faults(Kind::Invalid, reader.faults));
    }
    let requested = if asked.data.is_some() { Requested::Binary } else { requested.unwrap_or(Requested::Auto) };
    Ok(((!extras.is_empty()).then_some(extras), requested))
}

struct Reader<'a, 'r> {
    asked: &'a Asked<'r>,
    requested: Option<Requested>,
    faults: Vec<Fault>,
}

impl Reader<'_, '_> {
    fn fault(&mut self, pointer: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) {
        self.faults.push(Fault { pointer: pointer.into(), detail: detail.into() });
    }

    fn octets(&mut self, pointer: &'static str, text: Option<&str>) -> Option<Vec<u8>> {
        let octets = base64::decode(text?);
        if octets.is_none() {
            self.fault(pointer, "must be base64");
        }
        octets
    }

    fn binary(&mut self) -> Option<Binary> {
        let asked = self.asked;
        let data = self.octets("/data", asked.data.as_ref().map(|it| it.as_str()));
        let header = self.octets("/udh", asked.udh.as_ref().map(|it| it.as_str()));
        if asked.data.is_none() && asked.udh.is_some() {
            self.fault("/udh", "goes with data only; the header of a text is ours");
        }
        if asked.data.is_none() && self.requested == Some(Requested::Binary) {
            self.fault("/data", "is required with encoding binary");
        }
        let binary = Binary::new(&data?, header.as_deref().unwrap_or_default());
        if let Err(why) = binary {
            self.fault("/udh", why.to_string());
        }
        binary.ok()
    }

    fn ports(&mut self) -> Option<Ports> {
        if self.asked.destination_port.is_none() && self.asked.source_port.is_some() {
            self.fault("/destination_port", "is required with source_port");
        }
        Some(Ports { destination: self.asked.destination_port?, source: self.asked.source_port.unwrap_or(0) })
    }

    fn indication(&mut self) -> Option<Indication> {
        let flash = self.asked.flash == Some(true);
        let class = match self.asked.message_class {
            None => flash.then_some(MessageClass::FLASH),
            Some(number) => {
                let class = MessageClass::new(number);
                match class {
                    None => self.fault("/message_class", "must be 0, 1, 2 or 3"),
                    Some(class) if flash && class != MessageClass::FLASH => {
                        self.fault("/flash", "is message_class 0; another was asked for");
                    }
                    Some(_) => (),
                }
                class
            }
        };
        let Some(waiting) = &self.asked.message_waiting else { return class.map(Indication::Class) };
        if class.is_some() {
            self.fault("/message_waiting", "a message has a class or says what waits, not both");
        }
        let kind = WaitingKind::from_word(waiting.kind.as_str());
        if kind.is_none() {
            self.fault("/message_waiting/kind", "must be voicemail, fax, email or other");
        }
        let (active, store) = (waiting.active.unwrap_or(true), waiting.store.unwrap_or(true));
        if !store && self.requested == Some(Requested::Ucs2) {
            self.fault("/message_waiting/store", "a text in ucs2 is always kept");
        }
        Some(Indication::Waiting(Waiting { kind: kind?, active, store }))
    }

    fn tlvs(&mut self) -> Vec<Parameter> {
        let Some(pairs) = &self.asked.tlvs else { return Vec::new() };
        match Parameter::read(pairs.0.iter().map(|(tag, value)| (tag.as_str(), value.as_str()))) {
            Ok(tlvs) => tlvs,
            Err((tag, why)) => {
                let pointer = format!("/tlvs/{}", escape(tag));
                self.fault(pointer, why.to_string());
                Vec::new()
            }
        }
    }

    fn dlt(&mut self) -> Option<Box<Dlt>> {
        let asked = self.asked.dlt.as_ref()?;
        let fields = [
            ("/dlt/entity_id", &asked.entity_id),
            ("/dlt/template_id", &asked.template_id),
            ("/dlt/telemarketer_id", &asked.telemarketer_id),
        ];
        let [entity_id, template_id, telemarketer_id] = fields.map(|(pointer, text)| {
            let text = text.as_ref()?.as_str();
            if text.is_empty() || DLT_MAX < text.len() || !text.bytes().all(|it| (b' '..=b'~').contains(&it)) {
                self.fault(pointer, format!("must be 1 to {DLT_MAX} characters of ASCII"));
            }
            Some(text.into())
        });
        let dlt = Dlt { entity_id, template_id, telemarketer_id };
        if dlt == Dlt::default() {
            self.fault("/dlt", "names nothing");
        }
        Some(Box::new(dlt))
    }

    /// What no field alone can be blamed for.
    fn check(&mut self, form: &Form) {
        if self.asked.data.is_some() {
            if !matches!(self.requested, None | Some(Requested::Binary)) {
                self.fault("/encoding", "data is binary; leave encoding away, or say so");
            }
            if self.asked.text.is_some() {
                self.fault("/text", "a message has a text or data, not both");
            }
            if let Some(To::Many(targets)) = &self.asked.to {
                let own = targets.iter().position(|it| it.text.is_some());
                own.into_iter().for_each(|at| self.fault(format!("/to/{at}/text"), "the request has data"));
            }
            if matches!(form.indication, Some(Indication::Waiting(_))) {
                self.fault("/message_waiting", "only a text can say what waits");
            }
        }
        if self.requested == Some(Requested::Latin1) && form.indication.is_some() {
            self.fault("/encoding", "latin1 has neither class nor waiting; use auto, gsm7 or ucs2");
        }
        if form.ports.is_some() && form.binary.as_ref().is_some_and(Binary::has_ports) {
            self.fault("/udh", "names ports; so does destination_port");
        }
    }
}
