//! What carriers took of us, from the files of records.

use crate::cdr::check::CheckError;
use crate::cdr::check::date;
use crate::message::attempt::{CarrierMessageId, rhash};
use crate::message::id::CarrierId;
use crate::message::money::{Currency, Money};
use flate2::read::MultiGzDecoder;
use foldhash::{HashMap, HashMapExt};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// What is read of a file at once.
const BUFFER: usize = 256 << 10;
/// Octets of a line: no message has so many attempts.
const LINE_MAX: u64 = 4 << 20;

/// An attempt that a carrier named.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    /// What the carrier charges for it, if its price is known.
    pub(super) cost: Option<Money>,
    /// When it was answered, in milliseconds since 1970; 0 where nobody knows.
    pub(super) at: u64,
    /// How many SMS it is.
    pub(super) sms: u8,
    /// It was named, and all the same not taken.
    pub(super) refused: bool,
    /// Lines of the invoice that charge for it; it needs no more than two to know.
    pub(super) charged: u8,
    /// The next that has the same id; itself where none has.
    next: u32,
}

/// What one carrier took.
#[derive(Debug, Default)]
pub(super) struct Ours {
    all: Vec<Taken>,
    /// The first of each id, by the hash under which receipts are found, too.
    by_id: HashMap<u64, u32>,
    /// By message, part and number: what is corrected has its lines once more.
    by_attempt: HashMap<u64, u32>,
    /// Whose they are.
    pub(super) carrier: String,
    pub(super) currency: Option<Currency>,
    /// Attempts that were perhaps taken and have no id.
    pub(super) unnamed: u64,
    /// What is to be told and is in nobody's way.
    pub(super) notes: Vec<String>,
}

/// A line, as far as it is needed.
#[derive(Deserialize)]
pub(super) struct RecordLine<'a> {
    #[serde(borrow)]
    pub(super) message_id: Cow<'a, str>,
    pub(super) part: u8,
    sms: u8,
    #[serde(borrow)]
    pub(super) attempts: Vec<RecordAttempt<'a>>,
}

/// An attempt of a line.
#[derive(Deserialize)]
pub(super) struct RecordAttempt<'a> {
    pub(super) number: u8,
    #[serde(borrow)]
    pub(super) carrier: Cow<'a, str>,
    #[serde(borrow)]
    answer: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) carrier_message_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    cost: Option<Cow<'a, str>>,
    #[serde(borrow)]
    currency: Option<Cow<'a, str>>,
    #[serde(borrow)]
    submitted_at: Option<Cow<'a, str>>,
    #[serde(borrow)]
    answered_at: Option<Cow<'a, str>>,
}

impl RecordAttempt<'_> {
    /// When it was answered, or else submitted.
    pub(super) fn when(&self) -> Option<&str> {
        self.answered_at.as_deref().or(self.submitted_at.as_deref())
    }
}

/// The hash of an id in one of its forms.
pub(super) fn hash_of(canonical: &str) -> u64 {
    rhash(CarrierId(0), canonical)
}

/// What names an attempt in all lines that have it.
fn attempt_hash(line: &RecordLine<'_>, attempt: &RecordAttempt<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(line.message_id.as_bytes());
    hasher.write(&[line.part, attempt.number]);
    hasher.finish()
}

impl Ours {
    /// Reads what this carrier took; all are of one where none is named.
    pub(super) fn read(files: &[PathBuf], carrier: Option<&str>) -> Result<Self, CheckError> {
        let mut ours = Self { by_id: HashMap::new(), by_attempt: HashMap::new(), ..Self::default() };
        let (mut carriers, mut currencies) = (BTreeMap::<String, u64>::new(), BTreeSet::new());
        let mut unnamed = BTreeSet::new();
        for path in files {
            let note = lines(path, |line| {
                for attempt in &line.attempts {
                    match carriers.get_mut(&*attempt.carrier) {
                        Some(count) => *count += 1,
                        None => _ = carriers.insert(attempt.carrier.to_string(), 1),
                    }
                    if carrier.is_some_and(|it| it != attempt.carrier) {
                        continue;
                    }
                    currencies.extend(attempt.currency.as_deref().and_then(|it| Currency::parse(it).ok()));
                    match &attempt.carrier_message_id {
                        Some(id) => {
                            unnamed.remove(&attempt_hash(line, attempt));
                            ours.add(line, attempt, id);
                        }
                        None if matches!(attempt.answer.as_deref(), Some("taken" | "unknown")) => {
                            unnamed.insert(attempt_hash(line, attempt));
                        }
                        None => {}
                    }
                }
            })?;
            ours.notes.extend(note);
        }
        ours.unnamed = unnamed.len() as u64;
        ours.carrier = match (carrier, carriers.len()) {
            (Some(name), _) if carriers.contains_key(name) => name.to_owned(),
            (None, 0 | 1) => carriers.into_keys().next().unwrap_or_default(),
            (name, _) => {
                let names = carriers.into_keys().collect::<Vec<_>>().join(", ");
                let why = name
                    .map_or("say with --carrier whose invoice it is".to_owned(), |it| format!("nothing went to {it}"));
                return Err(CheckError::Unclear(format!("{why}; the records are of {names}")));
            }
        };
        if 1 < currencies.len() {
            let all = currencies.iter().map(Currency::as_str).collect::<Vec<_>>().join(", ");
            return Err(CheckError::Unclear(format!(
                "what {} charges is in {all}; give files of one currency",
                ours.carrier
            )));
        }
        ours.currency = currencies.into_iter().next();
        Ok(ours)
    }

    fn add(&mut self, line: &RecordLine<'_>, attempt: &RecordAttempt<'_>, id: &str) {
        let Some(id) = CarrierMessageId::new(id) else { return };
        let place = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let mut taken = Taken {
            cost: attempt.cost.as_deref().and_then(|it| Money::parse(it).ok()),
            at: attempt.when().and_then(date::read).map_or(0, |it| it.at),
            sms: line.sms,
            refused: attempt.answer.as_deref() != Some("taken"),
            charged: 0,
            next: place,
        };
        match self.by_attempt.entry(attempt_hash(line, attempt)) {
            Entry::Occupied(known) => {
                let known = &mut self.all[*known.get() as usize];
                taken.next = known.next;
                *known = taken;
            }
            Entry::Vacant(new) => {
                new.insert(place);
                let first = self.by_id.entry(hash_of(&id.canonical())).or_insert(place);
                if *first != place {
                    taken.next = *first;
                    *first = place;
                }
                self.all.push(taken);
            }
        }
    }

    /// Whether some attempt has this id.
    pub(super) fn has(&self, hash: u64) -> bool {
        self.by_id.contains_key(&hash)
    }

    /// Of the attempts of this id the one that a further line of an invoice is most likely about: one that is not
    /// charged yet before one that is, one that was taken before one that was not.
    pub(super) fn best(&mut self, hash: u64) -> Option<&mut Taken> {
        let mut at = *self.by_id.get(&hash)?;
        let mut best = at;
        loop {
            let rank = |it: u32| (self.all[it as usize].charged, self.all[it as usize].refused);
            if rank(at) < rank(best) {
                best = at;
            }
            match self.all[at as usize].next {
                next if next == at => break,
                next => at = next,
            }
        }
        Some(&mut self.all[best as usize])
    }

    /// The attempt of a line that is read once more.
    pub(super) fn of(&mut self, line: &RecordLine<'_>, attempt: &RecordAttempt<'_>) -> Option<&mut Taken> {
        let place = *self.by_attempt.get(&attempt_hash(line, attempt))?;
        Some(&mut self.all[place as usize])
    }

    pub(super) fn all(&self) -> &[Taken] {
        &self.all
    }
}

/// Reads each line of a file; what is no record is passed over and counted in a note.
pub(super) fn lines(path: &Path, mut each: impl FnMut(&RecordLine<'_>)) -> Result<Option<String>, CheckError> {
    let name = path.display().to_string();
    let fault = |error| CheckError::File(name.clone(), error);
    let mut from = open(path).map_err(fault)?;
    let (mut text, mut number, mut good, mut bad) = (Vec::new(), 0_u64, 0_u64, Vec::new());
    loop {
        text.clear();
        let count = from.by_ref().take(LINE_MAX).read_until(b'\n', &mut text).map_err(fault)?;
        if count == 0 {
            break;
        }
        number += 1;
        match serde_json::from_slice::<RecordLine<'_>>(&text) {
            Ok(line) => {
                good += 1;
                each(&line);
            }
            Err(_) if text.iter().all(u8::is_ascii_whitespace) => {}
            Err(_) => bad.push(number),
        }
    }
    match (good, bad.first()) {
        (_, None) => Ok(None),
        (0, _) => Err(CheckError::Unclear(format!("{name} has no records of charge in it"))),
        (_, Some(first)) => Ok(Some(format!(
            "{name}: what is no record was passed over, in {} lines, the first of them line {first}",
            bad.len()
        ))),
    }
}

fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let mut file = File::open(path)?;
    let mut head = [0; 2];
    let is_packed = file.read(&mut head)? == 2 && head == [0x1F, 0x8B];
    file.seek(SeekFrom::Start(0))?;
    let buffered = BufReader::with_capacity(BUFFER, file);
    if is_packed {
        return Ok(Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(buffered))));
    }
    Ok(Box::new(buffered))
}
