//! The thread that writes records of charge: reads the log from its mark, a step at a time.
//!
//! A step is written, kept by the disk, and told to the loop; the next one begins once the store says that it is
//! durable. A message whose end is told while some of its parts are under way is written when the last of them ends.

use crate::cdr::file::CdrFile;
use crate::cdr::line::Ended;
use crate::cdr::options::CdrOptions;
use crate::clock::Clock;
use crate::dispatch::door::plan::Plan;
use crate::message::id::{AccountId, Seq};
use crate::message::time::Time;
use crate::message::veil::Veil;
use crate::record::delivery::{EndpointMark, Progress, Undelivered};
use crate::record::entry::Entry;
use crate::record::event::{Event, EventKind, EventKinds};
use crate::store::sqlite::ended::EndedPage;
use crate::store::sqlite::fault::Fault;
use crate::store::sqlite::readers::Readers;
use crate::telemetry::meters::Meters;
use std::collections::{HashSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Events of a step.
const EVENTS: usize = 256;
/// Octets after which a step takes in no more events; one message has less than a mebibyte.
const OCTETS: usize = 4 << 20;
/// How long it rests where there is nothing more: what comes meanwhile shares a sync.
const EVERY: Duration = Duration::from_secs(1);
/// How soon it looks again whether a step is durable, and when it tells the loop once more.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
const TELL_AGAIN: Duration = Duration::from_secs(2);
/// How long it rests after a failure, doubled up to the second.
const FAILED: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];
/// Messages with parts under way that a step looks at.
const LOOKS: usize = 100;
/// So many of them are remembered; of more the oldest is written as it stands.
const OPEN_MAX: usize = 100_000;
/// How long it goes on at the end for what has ended until then.
const ENDING_MAX: Duration = Duration::from_secs(2);

/// How the loop is told.
pub type ReportProgress = dyn Fn(Progress) + Send;

/// What it needs of others.
pub struct CdrSources {
    /// The store, to read.
    pub readers: Readers,
    /// Names and currencies; the latest count.
    pub plan: watch::Receiver<Arc<Plan>>,
    /// What is counted; the latest counts.
    pub meters: watch::Receiver<Arc<Meters>>,
    /// Tells the loop what is to be durable.
    pub report: Box<ReportProgress>,
}

/// Why a step was not made.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("the store cannot be read")]
    Store(#[from] Fault),
    #[error(transparent)]
    File(#[from] io::Error),
}

/// Where the writer is.
struct Place {
    /// Everything up to this event is written, or waits in `open`.
    mark: u64,
    /// Ends of messages of which some parts are under way.
    open: VecDeque<Event>,
    /// Those whose events are not there any more.
    gone: Vec<u64>,
}

/// What a step comes to.
#[derive(Default)]
struct Step {
    lines: Vec<u8>,
    count: u64,
    /// Events whose messages were not there any more, or that were gone themselves.
    lost: u64,
    mark: u64,
    /// Of the messages that were under way, so many of the oldest were looked at, and these go on to be.
    looked_at: usize,
    still: Vec<Event>,
    done: Vec<u64>,
    new: Vec<Event>,
    more: bool,
}

/// Writes records of charge.
pub struct CdrWriter {
    sources: CdrSources,
    options: CdrOptions,
    place: Option<Place>,
    file: Option<CdrFile>,
    /// Lines at the end of the file when it was opened.
    there: HashSet<Box<str>>,
    /// What was told to the loop, and when, until it is durable.
    told: Option<(Progress, Instant)>,
    /// When the last step began, unless there was more behind it.
    rested_since: Option<Instant>,
    failed: u32,
}

impl CdrWriter {
    /// One that has done nothing yet.
    pub fn new(sources: CdrSources, options: CdrOptions) -> Self {
        let there = HashSet::new();
        Self { sources, options, place: None, file: None, there, told: None, rested_since: None, failed: 0 }
    }

    /// Writes until `orders` end. Each order has it look at its path anew.
    pub fn run(mut self, orders: &Receiver<CdrOptions>) {
        let mut rest = Duration::ZERO;
        loop {
            match orders.recv_timeout(rest) {
                Ok(options) => self.take_up(options),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            rest = self.go_on(false);
        }
        let began = Instant::now();
        while began.elapsed() < ENDING_MAX && self.go_on(true) < EVERY {
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    fn take_up(&mut self, options: CdrOptions) {
        if self.options.path != options.path || self.file.as_ref().is_some_and(|it| !it.is_in_place()) {
            self.file = None;
        }
        self.options = options;
        (self.failed, self.rested_since) = (0, None);
    }

    /// Makes a step, if there is one to make; how long to rest then.
    fn go_on(&mut self, hurries: bool) -> Duration {
        let error = match self.step(hurries) {
            Ok(rest) => {
                self.failed = 0;
                return rest;
            }
            Err(error) => error,
        };
        // What stands in it is looked at anew.
        self.file = None;
        let meters = self.sources.meters.borrow().clone();
        meters.cdr().failed();
        let (path, error) = (self.options.path.display().to_string(), &error as &dyn std::error::Error);
        let said = "records of charge cannot be written; what has ended since is written once they can";
        often!(warn, meters.often(), &path, said, path = &*path, error);
        self.failed += 1;
        (FAILED[0] * (1 << (self.failed - 1).min(5))).min(FAILED[1])
    }

    fn step(&mut self, hurries: bool) -> Result<Duration, Trouble> {
        if !self.is_durable()? {
            return Ok(LOOK_AGAIN);
        }
        let rested = self.rested_since.map_or(EVERY, |it| it.elapsed());
        if rested < EVERY && !hurries {
            return Ok(EVERY - rested);
        }
        let place = match self.place.take() {
            Some(it) => self.place.insert(it),
            None => self.place.insert(find(&self.sources, &self.options)?),
        };
        let read = read(&self.sources.readers, place)?;
        let meters = self.sources.meters.borrow().clone();
        // How late it is before anything can fail.
        meters.cdr().behind(match read.page.found.first() {
            Some((event, _)) if 0 < self.failed || read.page.more => Clock::of_the_wall().since(event.at),
            _ => Duration::ZERO,
        });
        self.open()?;
        let place = self.place.as_mut().expect("it was found");
        let step = Composer::new(&self.sources, &self.options, &self.there).compose(place, read);
        if !step.lines.is_empty() {
            self.file.as_mut().expect("it was opened").append(&step.lines)?;
        }
        meters.cdr().wrote(step.count, step.lost);
        if step.lost != 0 {
            let (path, lost) = (self.options.path.display().to_string(), step.lost);
            let said =
                "messages are older than [store] retention, and were gone before their records of charge were written";
            often!(warn, meters.often(), &path, said, path = &*path, lost);
        }
        self.rested_since = Some(Instant::now()).filter(|_| !step.more);
        if let Some(progress) = place.advance(step, &self.options) {
            self.told = Some((progress.clone(), Instant::now()));
            (self.sources.report)(progress);
            return Ok(LOOK_AGAIN);
        }
        Ok(EVERY)
    }

    /// Whether the step before is durable; tells the loop once more where it takes long.
    fn is_durable(&mut self) -> Result<bool, Trouble> {
        let (Some((progress, at)), Some(place)) = (&mut self.told, &self.place) else { return Ok(true) };
        let (mark, rows) = self.sources.readers.written_to(self.options.mark)?;
        if place.mark <= mark && rows <= place.open.len() as u64 {
            self.told = None;
            return Ok(true);
        }
        if TELL_AGAIN <= at.elapsed() {
            *at = Instant::now();
            (self.sources.report)(progress.clone());
        }
        Ok(false)
    }

    fn open(&mut self) -> Result<(), Trouble> {
        if self.file.as_ref().is_some_and(CdrFile::is_removed) {
            self.file = None;
        }
        if self.file.is_none() {
            let (file, there) = CdrFile::open(&self.options.path)?;
            (self.file, self.there) = (Some(file), there);
        }
        Ok(())
    }
}

/// What there is to read.
struct Read {
    page: EndedPage,
    under_way: Vec<Entry>,
}

/// How messages end.
fn kinds() -> EventKinds {
    let ends = [
        EventKind::MessageDelivered,
        EventKind::MessageFailed,
        EventKind::MessageExpired,
        EventKind::MessageUnknown,
        EventKind::MessageCancelled,
        EventKind::MessageCorrected,
    ];
    ends.into_iter().fold(EventKinds::default(), EventKinds::with)
}

/// Where it was when it was last durable.
fn find(sources: &CdrSources, options: &CdrOptions) -> Result<Place, Fault> {
    let (mark, rows) = sources.readers.endpoint(options.mark, AccountId(0))?;
    let gone = rows.iter().filter(|it| it.1.is_none()).map(|it| it.0.first()).collect();
    let open = rows.into_iter().filter_map(|it| it.1).map(bare).collect();
    Ok(Place { mark: mark.told_to, open, gone })
}

/// The same without what nothing is made of.
fn bare(event: Event) -> Event {
    Event { data: "".into(), callback: None, ..event }
}

fn read(readers: &Readers, place: &Place) -> Result<Read, Fault> {
    let page = readers.ended(place.mark, kinds(), EVENTS)?;
    let mut seqs: Vec<Seq> = place.open.iter().take(looks(place)).filter_map(|it| it.about).collect();
    seqs.sort_unstable();
    seqs.dedup();
    Ok(Read { page, under_way: readers.messages_at(&seqs)? })
}

impl Place {
    /// Takes in what a step came to; what of it is to be durable.
    fn advance(&mut self, step: Step, options: &CdrOptions) -> Option<Progress> {
        self.open.drain(..step.looked_at);
        self.gone.clear();
        self.open.extend(step.still);
        let row = |it: &Event| Undelivered {
            endpoint: options.mark,
            events: vec![it.n],
            about: it.about.into_iter().collect(),
            tries: 0,
            due: Time::NEVER,
        };
        let retries: Vec<_> = step.new.iter().map(row).collect();
        self.open.extend(step.new);
        if step.mark == self.mark && step.done.is_empty() {
            return None;
        }
        self.mark = step.mark;
        Some(Progress {
            marks: vec![EndpointMark::new(options.mark, AccountId(0), self.mark)],
            retries,
            settled: step.done.into_iter().map(|it| (options.mark, it)).collect(),
            ..Progress::default()
        })
    }
}

/// Makes lines of what was read.
struct Composer<'a> {
    options: &'a CdrOptions,
    there: &'a HashSet<Box<str>>,
    plan: Arc<Plan>,
    veil: Veil,
    step: Step,
}

/// How many of the oldest messages with parts under way go, so that there is room for what a step may bring.
fn crowded(place: &Place) -> usize {
    (place.open.len() + EVENTS).saturating_sub(OPEN_MAX)
}

/// How many of them a step looks at.
fn looks(place: &Place) -> usize {
    LOOKS.max(crowded(place))
}

impl<'a> Composer<'a> {
    fn new(sources: &CdrSources, options: &'a CdrOptions, there: &'a HashSet<Box<str>>) -> Self {
        let plan = sources.plan.borrow().clone();
        Self { options, there, plan, veil: sources.readers.veil(), step: Step::default() }
    }

    fn compose(mut self, place: &Place, read: Read) -> Step {
        self.step.looked_at = place.open.len().min(looks(place));
        // More than are to be remembered: as many of the oldest go as may come.
        let crowded = crowded(place);
        for (at, event) in place.open.iter().take(looks(place)).enumerate() {
            let entry = read.under_way.iter().find(|it| Some(it.body.seq()) == event.about);
            match entry {
                Some(entry) if OCTETS < self.step.lines.len() || !has_ended(entry) && crowded <= at => {
                    self.step.still.push(event.clone());
                }
                entry => {
                    self.put(event, entry);
                    self.step.done.push(event.n);
                }
            }
        }
        self.step.done.extend(&place.gone);
        self.step.lost += u64::from(read.page.is_gone) + place.gone.len() as u64;
        (self.step.mark, self.step.more) = (place.mark, true);
        for (event, entry) in read.page.found {
            if OCTETS < self.step.lines.len() {
                return self.step;
            }
            self.step.mark = event.n;
            match entry {
                Some(entry) if !has_ended(&entry) => self.step.new.push(bare(event)),
                entry => self.put(&event, entry.as_ref()),
            }
        }
        (self.step.mark, self.step.more) = (read.page.looked_to, read.page.more);
        self.step
    }

    fn put(&mut self, event: &Event, entry: Option<&Entry>) {
        let Some(entry) = entry else {
            self.step.lost += 1;
            return;
        };
        // What was tried out is on nobody's invoice.
        if entry.body.route.is_in_sandbox() {
            return;
        }
        let ended = Ended { event, entry, plan: &self.plan, veil: self.veil, mask: self.options.mask };
        self.step.count += ended.put(&mut self.step.lines, |id| self.there.contains(id));
    }
}

fn has_ended(entry: &Entry) -> bool {
    entry.parts.iter().all(|it| it.phase().is_final())
}

#[cfg(test)]
mod tests;
