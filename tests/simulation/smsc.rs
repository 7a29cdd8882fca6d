//! A scripted carrier: what it answers, what it calls a part, and the receipts that it sends until they
//! are confirmed. Its sessions are real ones and live in the world; this is what stands behind them.

use crate::simulation::dice::Dice;
use crate::simulation::receipts::Called;
use crate::simulation::scenario::{IdStyle, Weather, label};
use crate::simulation::world::questions::Inquiry;
use nuncio::message::id::CarrierId;
use nuncio::smpp::address::Address;
use nuncio::smpp::cstring::CString;
use nuncio::smpp::pdu::PduBody;
use nuncio::smpp::sm::{Sm, SmResp};
use nuncio::smpp::status::CommandStatus;
use nuncio::smpp::tlv::{Tag, Tlvs};
use std::collections::{BTreeMap, BTreeSet};

/// Names a part on the wire: the message's label and the place of the part.
pub(crate) type Name = (u64, u8);

/// A part that the carrier took.
pub(crate) struct Taken {
    pub(crate) name: Name,
    /// As its answer calls it.
    pub(crate) answer_id: String,
    /// As its receipts call it.
    pub(crate) receipt_id: String,
    handset: Address,
    pub(crate) sender: Address,
    /// When which of its receipts are to come; where there are none, what becomes of it.
    pub(crate) says: Vec<(u64, &'static str)>,
}

impl Taken {
    /// As its receipts call it, and whose it is.
    pub(crate) fn called(&self, carrier: CarrierId) -> Called {
        let handset = self.handset.digits.to_string_lossy().into_owned();
        Called { carrier, id: self.receipt_id.clone(), handset }
    }
}

/// How a carrier that counts comes to give an id again.
pub(crate) struct Anew {
    dice: Dice,
    percent: u64,
}

impl Anew {
    pub(crate) fn of(mut dice: Dice) -> Self {
        let percent = dice.pick(&[0, 0, 3, 15]);
        Self { dice, percent }
    }
}

/// A receipt, or what a handset wrote, until it is confirmed.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) taken: usize,
    pub(crate) word: &'static str,
    pub(crate) confirmed: bool,
    /// How often it was sent.
    pub(crate) sent: u64,
    /// Its answer was lost, and it is not sent again.
    pub(crate) lost: bool,
    /// It is no receipt: a handset wrote this.
    pub(crate) mo: Option<Sm>,
}

/// What a carrier does with a submit.
pub(crate) enum Verdict {
    /// It answers after this long.
    Answer(u64, CommandStatus, String),
    /// It says nothing.
    Silence,
}

/// Behind the sessions of one carrier.
pub(crate) struct Smsc {
    pub(crate) weather: Weather,
    pub(crate) taken: Vec<Taken>,
    pub(crate) notices: Vec<Notice>,
    /// Receipts to be sent as soon as a session is there.
    pub(crate) waiting: Vec<usize>,
    used: BTreeSet<String>,
    /// What was taken, by what its receipts call it and whose it is.
    called: BTreeMap<(String, String), usize>,
    /// The same by what its answer calls it.
    by_answer: BTreeMap<String, usize>,
    anew: Anew,
    pub(crate) inquiry: Inquiry,
    /// The ids that were given again, as receipts have them.
    pub(crate) given_anew: BTreeSet<String>,
    counter: u64,
    pub(crate) half_dead_until: u64,
    pub(crate) throttled_until: u64,
    pub(crate) refusing_until: u64,
    pub(crate) dead_until: u64,
    pub(crate) sick_until: u64,
    pub(crate) lying_until: u64,
    /// How often each part came.
    pub(crate) received: BTreeMap<Name, u64>,
    /// How often each was refused.
    pub(crate) refused: BTreeMap<Name, u64>,
    /// Each part when it came first, in this order: handset, sender, name.
    pub(crate) first: Vec<(String, Name)>,
}

/// Receipts to come, with their delays.
type Script = Vec<(u64, usize)>;

impl Smsc {
    pub(crate) fn new(weather: Weather, anew: Anew, inquiry: Inquiry) -> Self {
        Self {
            weather,
            taken: Vec::new(),
            notices: Vec::new(),
            waiting: Vec::new(),
            used: BTreeSet::new(),
            called: BTreeMap::new(),
            by_answer: BTreeMap::new(),
            anew,
            inquiry,
            given_anew: BTreeSet::new(),
            counter: 0,
            half_dead_until: 0,
            throttled_until: 0,
            refusing_until: 0,
            dead_until: 0,
            sick_until: 0,
            lying_until: 0,
            received: BTreeMap::new(),
            refused: BTreeMap::new(),
            first: Vec::new(),
        }
    }

    pub(crate) fn is_given_anew(&self, receipt_id: &str) -> bool {
        self.given_anew.contains(receipt_id)
    }

    /// What it took and calls so in its receipts.
    pub(crate) fn called(&self, called: &Called) -> Option<&Taken> {
        self.called.get(&(called.id.clone(), called.handset.clone())).map(|it| &self.taken[*it])
    }

    /// What it took and calls so in its answers, and last so.
    pub(crate) fn answered(&self, answer_id: &str) -> Option<&Taken> {
        self.by_answer.get(answer_id).map(|it| &self.taken[*it])
    }

    /// From now on it behaves.
    pub(crate) fn calm(&mut self) {
        (self.half_dead_until, self.throttled_until, self.refusing_until) = (0, 0, 0);
        (self.dead_until, self.sick_until, self.lying_until) = (0, 0, 0);
        let weather = &mut self.weather;
        (weather.lost_answers, weather.refusals, weather.bind_errors) = (0, 0, 0);
    }

    /// A submit came. Also says which receipts follow.
    pub(crate) fn submitted(&mut self, now: u64, dice: &mut Dice, sm: &Sm) -> (Name, Verdict, Script) {
        let index = if sm.has_udh() { sm.short_message[5] - 1 } else { 0 };
        let name = (label(&sm.short_message).expect("every part names its message"), index);
        let handset = sm.destination.digits.to_string_lossy().into_owned();
        if *self.received.entry(name).and_modify(|it| *it += 1).or_insert(1) == 1 {
            self.first.push((handset, name));
        }
        let thinking = dice.range(0, self.weather.thinking);
        if now < self.half_dead_until {
            if dice.percent(50) {
                return (name, Verdict::Silence, Vec::new());
            }
            let (_, script) = self.take(now, dice, name, sm, thinking);
            return (name, Verdict::Silence, script);
        }
        let refusal = if now < self.throttled_until {
            Some(dice.pick(&[CommandStatus::Throttled, CommandStatus::MessageQueueFull]))
        } else if now < self.sick_until {
            Some(dice.pick(&[CommandStatus::SubmitFailed, self.bad_number()]))
        } else if dice.percent(self.weather.bind_errors) {
            Some(CommandStatus::InvalidPassword)
        } else if dice.percent(self.weather.refusals) {
            Some(dice.pick(&[
                CommandStatus::SystemError,
                CommandStatus::ReceiverTemporaryError,
                CommandStatus::SubmitFailed,
                CommandStatus::ProvisioningNotAllowed,
                self.bad_number(),
                if self.weather.faithful { CommandStatus::SystemError } else { CommandStatus::InvalidSourceTon },
                CommandStatus::Throttled,
            ]))
        } else {
            None
        };
        if let Some(status) = refusal {
            *self.refused.entry(name).or_default() += 1;
            return (name, Verdict::Answer(thinking, status, String::new()), Vec::new());
        }
        let (id, script) = self.take(now, dice, name, sm, thinking);
        if dice.percent(self.weather.lost_answers) {
            // Lost, or so late that it finds a tomb.
            let late = dice.percent(60).then(|| Verdict::Answer(dice.range(2_000, 25_000), CommandStatus::Ok, id));
            return (name, late.unwrap_or(Verdict::Silence), script);
        }
        (name, Verdict::Answer(thinking, CommandStatus::Ok, id), script)
    }

    /// Two carriers that find a number bad are believed: one that is faithful finds something else.
    const fn bad_number(&self) -> CommandStatus {
        if self.weather.faithful { CommandStatus::DeliveryFailure } else { CommandStatus::InvalidDestinationAddress }
    }

    fn take(&mut self, now: u64, dice: &mut Dice, name: Name, sm: &Sm, thinking: u64) -> (String, Script) {
        let (answer_id, receipt_id) = self.ids(dice);
        let (answer_id, receipt_id) = self.anew(&sm.destination).unwrap_or((answer_id, receipt_id));
        let words: &[&str] = match (sm.registered_delivery & 1, dice.percent(self.weather.odd_receipts)) {
            (0, _) => &[],
            _ if now < self.lying_until => &[],
            _ if self.weather.faithful => dice.pick(&[&["DELIVRD"][..], &["ENROUTE", "DELIVRD"]]),
            (_, false) => dice.pick(&[&["DELIVRD"], &["DELIVRD"], &["DELIVRD"], &["UNDELIV"], &["ENROUTE", "DELIVRD"]]),
            (_, true) => dice.pick(&[
                &[][..],
                &["DELIVRD", "DELIVRD"],
                &["DELIVRD", "ENROUTE"],
                &["DELIVRD", "UNDELIV"],
                &["UNKNOWN", "DELIVRD"],
                &["UNKNOWN"],
                &["ACCEPTD", "ENROUTE", "EXPIRED"],
                &["EXPIRED", "DELIVRD"],
                &["UNDELIV", "DELIVRD"],
                &["NOCRED", "DELIVRD"],
                &["NOCRED"],
                &["REJECTD"],
                &["DELETED"],
                &["ACCEPTD"],
            ]),
        };
        let early = dice.percent(self.weather.early_receipts);
        let mut at = if early { dice.range(0, thinking) } else { thinking + dice.range(0, self.weather.receipt_delay) };
        let (mut script, mut says) = (Vec::new(), Vec::new());
        for word in words {
            says.push((now + at, *word));
            self.notices.push(Notice {
                taken: self.taken.len(),
                word,
                confirmed: false,
                sent: 0,
                lost: false,
                mo: None,
            });
            script.push((at, self.notices.len() - 1));
            at += dice.range(0, self.weather.word_delay);
        }
        if words.is_empty() && self.lying_until <= now && !self.weather.faithful {
            says.push((now + thinking, if name.0.is_multiple_of(2) { "DELIVRD" } else { "UNDELIV" }));
        }
        let (handset, sender) = (sm.destination.clone(), sm.source.clone());
        let owner = handset.digits.to_string_lossy().into_owned();
        self.called.insert((receipt_id.clone(), owner), self.taken.len());
        self.by_answer.insert(answer_id.clone(), self.taken.len());
        let taken = Taken { name, answer_id: answer_id.clone(), receipt_id, handset, sender, says };
        self.taken.push(taken);
        (answer_id, script)
    }

    /// The ids of what it took before, mostly of late, where that was another handset's and none of this one has them.
    fn anew(&mut self, handset: &Address) -> Option<(String, String)> {
        let count = self.taken.len() as u64;
        if count == 0 || !self.anew.dice.percent(self.anew.percent) {
            return None;
        }
        let back = if self.anew.dice.percent(50) { count.min(5) } else { count };
        let before = &self.taken[(count - 1 - self.anew.dice.below(back)) as usize];
        let owner = handset.digits.to_string_lossy().into_owned();
        let free = !self.called.contains_key(&(before.receipt_id.clone(), owner));
        let ids = free.then(|| (before.answer_id.clone(), before.receipt_id.clone()));
        self.given_anew.extend(ids.iter().map(|it| it.1.clone()));
        ids
    }

    fn ids(&mut self, dice: &mut Dice) -> (String, String) {
        loop {
            let number = dice.range(1 << 24, (1 << 31) - 1);
            self.counter += 1;
            let (answer, receipt) = match self.weather.ids {
                IdStyle::HexThenDecimal => (format!("{number:X}"), format!("{number:010}")),
                IdStyle::DecimalThenHex => (format!("{number}"), format!("{number:08x}")),
                IdStyle::Opaque => (format!("ax-{number:x}"), format!("AX-{number:x}")),
                IdStyle::Counter => (format!("{}", self.counter), format!("{:010}", self.counter)),
            };
            if self.used.insert(answer.clone()) {
                return (answer, receipt);
            }
        }
    }

    /// A receipt, or what a handset wrote, as it goes on the wire.
    pub(crate) fn deliver(&self, notice: usize) -> PduBody {
        let notice = &self.notices[notice];
        if let Some(sm) = &notice.mo {
            return PduBody::DeliverSm(sm.clone());
        }
        let taken = &self.taken[notice.taken];
        let text = format!(
            "id:{} sub:001 dlvrd:001 submit date:2601010000 done date:2601010001 stat:{} err:000 text:{}",
            taken.receipt_id, notice.word, "hello"
        );
        let tlvs = Tlvs::build().push(Tag::RECEIPTED_MESSAGE_ID, format!("{}\0", taken.receipt_id).as_bytes());
        PduBody::DeliverSm(Sm {
            source: taken.handset.clone(),
            destination: taken.sender.clone(),
            esm_class: 0x04,
            short_message: text.into_bytes().into(),
            tlvs: if self.weather.tlv { tlvs.build() } else { Tlvs::default() },
            ..Sm::default()
        })
    }

    /// The body of an answer to a submit.
    pub(crate) fn answer(id: &str) -> PduBody {
        PduBody::SubmitSmResp(SmResp { message_id: CString::from(id), tlvs: Tlvs::default() })
    }
}
