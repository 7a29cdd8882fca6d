//! How a carrier wants its texts: alphabet, split, national tables, classes, operation, parameters.

use crate::carrier::dialect::{DltTags, Operation};
use crate::config::error::Findings;
use crate::config::schema::carrier::{Carrier, Dlt};
use crate::message::extras::{Parameter, read_tag};
use crate::text::Alphabet;
use crate::text::encoding::Encoding;
use crate::text::national::Language;
use crate::text::profile::{ClassCoding, Languages, Profile, Split};

/// How texts become submits.
pub fn profile(path: &str, written: &Carrier, findings: &mut Findings) -> Profile {
    let default = Profile::default();
    let alphabets = [("gsm7", Alphabet::Gsm7), ("latin1", Alphabet::Latin1), ("ascii", Alphabet::Ascii)];
    let splits = [("udh8", Split::Udh8), ("udh16", Split::Udh16), ("sar", Split::Sar), ("payload", Split::Payload)];
    let codings = [("general", ClassCoding::General), ("f0", ClassCoding::F0)];
    let at = |key: &str| format!("{path}.{key}");
    let alphabet = findings.choose(&at("alphabet"), written.alphabet.as_deref(), &alphabets, default.alphabet);
    let split = findings.choose(&at("split"), written.split.as_deref(), &splits, default.split);
    let class_coding =
        findings.choose(&at("class_coding"), written.class_coding.as_deref(), &codings, default.class_coding);
    if is_3_3(written) && matches!(split, Split::Sar | Split::Payload) {
        let message = "SMPP 3.3 has no parameters to say this in; use \"udh8\" or \"udh16\"";
        findings.fault(&at("split"), message);
    }
    let national = national(&at("national"), &written.national, findings);
    if national != Languages::default() && alphabet != Alphabet::Gsm7 {
        findings.fault(&at("national"), "national tables are of the GSM alphabet; leave alphabet at \"gsm7\"");
    }
    Profile { alphabet, split, national, class_coding }
}

/// Whose octets names of senders are. A carrier of Latin-1 reads ASCII as it is, and more.
pub fn sender_alphabet(path: &str, written: &Carrier, findings: &mut Findings) -> Alphabet {
    let words = [("ascii", Alphabet::Ascii), ("gsm7", Alphabet::Gsm7), ("latin1", Alphabet::Latin1)];
    let usual = if written.alphabet.as_deref() == Some("latin1") { Alphabet::Latin1 } else { Alphabet::Ascii };
    findings.choose(&format!("{path}.sender_alphabet"), written.sender_alphabet.as_deref(), &words, usual)
}

fn national(path: &str, written: &[String], findings: &mut Findings) -> Languages {
    let mut languages = Languages::default();
    for word in written {
        match Language::from_word(word) {
            None => {
                let known: Vec<&str> = Language::all().map(Language::word).collect();
                findings.fault(path, format!("{word:?} has no national table; those that have: {}", known.join(", ")));
            }
            Some(language) if !languages.insert(language) => {
                findings.fault(path, format!("{word:?} stands there twice"));
            }
            Some(_) => (),
        }
    }
    languages
}

/// What data_coding 0 and 1 mean in what comes, where it is written.
pub fn readings(path: &str, written: &Carrier, findings: &mut Findings) -> (Option<Encoding>, Option<Encoding>) {
    let (mut zero, mut one) = (None, None);
    for (coding, word) in &written.inbound_alphabet {
        let at = format!("{path}.inbound_alphabet.{coding}");
        let reading = findings.choose(&at, Some(word), &Encoding::WORDS, Encoding::Gsm7);
        match coding.as_str() {
            "0" => zero = Some(reading),
            "1" => one = Some(reading),
            _ => findings.fault(&at, "only the data_coding \"0\" and \"1\" mean what a carrier likes"),
        }
    }
    (zero, one)
}

/// In which operation they go.
pub fn operation(path: &str, written: &Carrier, findings: &mut Findings) -> Operation {
    let words = [("submit_sm", Operation::SubmitSm), ("data_sm", Operation::DataSm)];
    let at = format!("{path}.operation");
    let operation = findings.choose(&at, written.operation.as_deref(), &words, Operation::SubmitSm);
    if is_3_3(written) && operation == Operation::DataSm {
        findings.fault(&at, "SMPP 3.3 has no data_sm; use \"submit_sm\"");
    }
    operation
}

/// What goes with every submit.
pub fn tlvs(path: &str, written: &Carrier, findings: &mut Findings) -> Vec<Parameter> {
    let at = format!("{path}.tlvs");
    if is_3_3(written) && !written.tlvs.is_empty() {
        findings.fault(&at, "SMPP 3.3 has no optional parameters");
    }
    match Parameter::read(written.tlvs.iter().map(|(tag, value)| (tag.as_str(), value.as_str()))) {
        Ok(tlvs) => tlvs,
        Err((tag, why)) => {
            findings.fault(&format!("{at}.{tag}"), why.to_string());
            Vec::new()
        }
    }
}

/// In which parameters a registration goes.
pub fn dlt(path: &str, written: Option<&Dlt>, findings: &mut Findings) -> DltTags {
    let default = DltTags::default();
    let Some(written) = written else { return default };
    let tags = DltTags {
        entity: written.entity.unwrap_or(default.entity),
        template: written.template.unwrap_or(default.template),
        telemarketer: written.telemarketer.unwrap_or(default.telemarketer),
        nul: written.nul.unwrap_or(default.nul),
    };
    let mut seen = Vec::new();
    for (key, tag) in [("entity", tags.entity), ("template", tags.template), ("telemarketer", tags.telemarketer)] {
        let at = format!("{path}.dlt.{key}");
        if let Err(why) = read_tag(&format!("{tag:#06x}")) {
            findings.fault(&at, why.to_string());
        } else if seen.contains(&tag) {
            findings.fault(&at, format!("{tag:#06x} is the tag of another of the three"));
        }
        seen.push(tag);
    }
    tags
}

fn is_3_3(written: &Carrier) -> bool {
    written.interface_version.as_deref() == Some("3.3")
}
