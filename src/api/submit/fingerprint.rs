//! What was asked for under an idempotency key, in 32 octets.
//!
//! It is taken of the values and not of the octets: the order of members, blanks, escapes and a member that is `null`
//! change nothing, since clients that write their maps anew write so when they repeat. Lists have an order, and texts
//! are what they are: a number with blanks in it is another text.
//!
//! Every name and value is preceded by its length, so that no two requests look alike.

use crate::api::submit::request::{Asked, MessageWaiting, Pairs, Registration, Target, Text, To};
use crate::dispatch::door::happening::Keyed;
use sha2::{Digest, Sha256};

/// A key and what was asked for under it: `values` puts in everything that the body says.
pub(crate) fn key(key: Box<str>, (path, body): (&str, &[u8]), values: impl FnOnce(&mut Print)) -> Keyed {
    let mut print = Print(Sha256::new());
    print.put(path.as_bytes());
    values(&mut print);
    let former = Sha256::new().chain_update(path).chain_update([0]).chain_update(body).finalize().into();
    Keyed { key, hash: print.0.finalize().into(), former, renews: false }
}

/// The digest of some values.
pub(crate) fn digest(values: impl FnOnce(&mut Print)) -> [u8; 32] {
    let mut print = Print(Sha256::new());
    values(&mut print);
    print.0.finalize().into()
}

/// A digest of names and values.
pub(crate) struct Print(Sha256);

impl Print {
    fn put(&mut self, octets: &[u8]) {
        self.0.update((octets.len() as u64).to_le_bytes());
        self.0.update(octets);
    }

    /// A member that is there.
    pub(crate) fn member(&mut self, name: &str, value: Option<&[u8]>) {
        if let Some(value) = value {
            self.put(name.as_bytes());
            self.put(value);
        }
    }

    fn text(&mut self, name: &str, value: Option<&Text<'_>>) {
        self.member(name, value.map(|it| it.as_str().as_bytes()));
    }

    fn flag(&mut self, name: &str, value: Option<bool>) {
        self.member(name, value.map(|it| [u8::from(it)]).as_ref().map(<[u8; 1]>::as_slice));
    }

    fn number(&mut self, name: &str, value: Option<u32>) {
        self.member(name, value.map(u32::to_le_bytes).as_ref().map(<[u8; 4]>::as_slice));
    }

    /// Everything that a request to send asks for.
    pub(crate) fn message(&mut self, asked: &Asked<'_>) {
        // Named one by one, so that no new field is forgotten: two requests would pass for one.
        let Asked {
            to,
            from,
            text,
            route_id,
            class,
            tag,
            client_ref,
            validity,
            encoding,
            send_at,
            tlvs,
            callback_url,
            udh,
            data,
            source_port,
            destination_port,
            message_class,
            flash,
            message_waiting,
            dlt,
            duplicates,
        } = asked;
        self.recipients(to.as_ref());
        let texts = [("from", from), ("text", text), ("class", class), ("tag", tag), ("client_ref", client_ref)];
        let more = [("validity", validity), ("encoding", encoding), ("send_at", send_at), ("udh", udh), ("data", data)];
        let more = more.into_iter().chain([("duplicates", duplicates), ("callback_url", callback_url)]);
        texts.into_iter().chain(more).for_each(|(name, it)| self.text(name, it.as_ref()));
        self.number("route_id", *route_id);
        self.number("source_port", source_port.map(u32::from));
        self.number("destination_port", destination_port.map(u32::from));
        self.number("message_class", message_class.map(u32::from));
        self.flag("flash", *flash);
        self.parameters(tlvs.as_ref());
        if let Some(MessageWaiting { kind, active, store }) = message_waiting {
            self.text("message_waiting", Some(kind));
            self.flag("active", *active);
            self.flag("store", *store);
        }
        if let Some(Registration { entity_id, template_id, telemarketer_id }) = dlt {
            self.member("dlt", Some(&[]));
            self.text("entity_id", entity_id.as_ref());
            self.text("template_id", template_id.as_ref());
            self.text("telemarketer_id", telemarketer_id.as_ref());
        }
    }

    fn recipients(&mut self, to: Option<&To<'_>>) {
        match to {
            None => {}
            Some(To::One(number)) => self.text("to", Some(number)),
            Some(To::Many(list)) => {
                self.member("to[]", Some(&(list.len() as u64).to_le_bytes()));
                for Target { object: _, to, client_ref, text } in list {
                    self.text("to[].to", Some(to));
                    self.text("to[].client_ref", client_ref.as_ref());
                    self.text("to[].text", text.as_ref());
                }
            }
        }
    }

    /// Sorted by their names; what stands twice keeps its order.
    fn parameters(&mut self, pairs: Option<&Pairs<'_>>) {
        let Some(Pairs(pairs)) = pairs else { return };
        let mut sorted: Vec<_> = pairs.iter().map(|(tag, value)| (tag.as_str(), value)).collect();
        sorted.sort_by_key(|it| it.0);
        self.member("tlvs", Some(&(sorted.len() as u64).to_le_bytes()));
        sorted.into_iter().for_each(|(tag, value)| self.text(tag, Some(value)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Keyed {
        let asked = serde_json::from_str(body).unwrap();
        key("k".into(), ("/", body.as_bytes()), |it| it.message(&asked))
    }

    #[test]
    fn how_it_is_written_changes_nothing() {
        let one = r#"{"to":[{"to":"+31","text":"é"},"+32"],"route_id":8,"flash":true,"dlt":{"entity_id":"1","template_id":"2"},"tlvs":{"0x1400":"a","0x1401":"b"}}"#;
        let same = [
            r#"{ "tlvs": {"0x1401":"b", "0x1400":"a"}, "dlt":{"template_id":"2","entity_id":"1","telemarketer_id":null},
                 "to":[{"text":"\u00e9","to":"+31","client_ref":null},{"to":"+32"}], "flash": true, "from": null, "route_id": 8 }"#,
        ];
        for it in same {
            assert_eq!(of(it).hash, of(one).hash, "{it}");
            assert_ne!(of(it).former, of(one).former);
        }
    }

    #[test]
    fn whatever_is_asked_for_changes_it() {
        let mut bodies = vec![
            r#"{}"#.to_owned(),
            r#"{"to":"+31"}"#.into(),
            r#"{"to":["+31"]}"#.into(),
            r#"{"to":[]}"#.into(),
            r#"{"to":["+31","+32"]}"#.into(),
            r#"{"to":["+32","+31"]}"#.into(),
            r#"{"to":[{"to":"+31","client_ref":"a"},"+32"]}"#.into(),
            r#"{"to":["+31",{"to":"+32","client_ref":"a"}]}"#.into(),
            r#"{"to":[{"to":"+31","text":"a"},"+32"]}"#.into(),
            r#"{"to":["+31",{"to":"+32","text":"a"}]}"#.into(),
            r#"{"to":["+31","+32"],"text":"a"}"#.into(),
            r#"{"to":["+31","+32"],"client_ref":"a"}"#.into(),
            r#"{"message_waiting":{"kind":"fax"}}"#.into(),
            r#"{"message_waiting":{"kind":"fax","active":true}}"#.into(),
            r#"{"message_waiting":{"kind":"fax","store":true}}"#.into(),
            r#"{"message_waiting":{"kind":"fax","store":false}}"#.into(),
            r#"{"dlt":{"entity_id":"a"}}"#.into(),
            r#"{"dlt":{"template_id":"a"}}"#.into(),
            r#"{"dlt":{"telemarketer_id":"a"}}"#.into(),
            r#"{"tlvs":{}}"#.into(),
            r#"{"tlvs":{"a":"b"}}"#.into(),
            r#"{"tlvs":{"b":"a"}}"#.into(),
            r#"{"flash":true}"#.into(),
            r#"{"flash":false}"#.into(),
        ];
        let texts = ["from", "text", "class", "tag", "client_ref", "validity", "encoding", "send_at", "udh", "data"];
        let texts = [&texts[..], &["duplicates"]].concat();
        bodies.extend(texts.iter().flat_map(|it| [format!(r#"{{"{it}":"a"}}"#), format!(r#"{{"{it}":""}}"#)]));
        let numbers = ["route_id", "source_port", "destination_port", "message_class"];
        bodies.extend(numbers.iter().flat_map(|it| [format!(r#"{{"{it}":1}}"#), format!(r#"{{"{it}":2}}"#)]));
        for (at, one) in bodies.iter().enumerate() {
            for other in &bodies[at + 1..] {
                assert_ne!(of(one).hash, of(other).hash, "{one} {other}");
            }
        }
    }

    #[test]
    fn the_former_hash_is_that_of_path_and_octets() {
        let former = Sha256::digest(b"/\0{}");
        assert_eq!(of("{}").former, <[u8; 32]>::from(former));
    }
}
