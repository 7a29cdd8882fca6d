//! The simulated carrier among threads: a lock around it, and somebody who keeps its time.
//!
//! ```text
//!  connection ─► LineConversation ─┐                       ┌─► the other lines that have something to say
//!  connection ─► LineConversation ─┼─► lock ─► Smsc ───────┤
//!  keep_time ──────────────────────┘     │                 └─► keep_time, when something is due earlier
//!                                        └─► what this line says leaves with the same lock
//! ```
//!
//! The lock is held for one PDU or one tick, never over a wait. A wake is a word in a channel of
//! one place: a line that is to be woken already needs no second word.

use crate::clock::Clock;
use crate::message::time::Time;
use crate::session::conversation::{Conversation, DriverAction, DriverEvent};
use crate::session::output::CloseReason;
use crate::simulator::behaviour::Behaviour;
use crate::simulator::ledger::{Keep, Submit};
use crate::simulator::line::LineId;
use crate::simulator::smsc::Smsc;
use crate::simulator::stats::Stats;
use crate::smpp::bind::Outbind;
use crate::wire::driver::{self, Ended, drive};
use crate::wire::stream::Arrivals;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc};

/// Later than anything that is due, for a carrier with nothing to do.
const FAR: Duration = Duration::from_secs(86_400);

/// A simulated carrier that any number of connections may be served by. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SimulatedCarrier(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    core: Mutex<Core>,
    /// Something is due earlier than the timekeeper knows.
    earlier: Notify,
    /// Something stands in the ledger that is to be taken.
    noted: Notify,
}

#[derive(Debug)]
struct Core {
    smsc: Smsc,
    wakers: HashMap<LineId, mpsc::Sender<()>>,
    /// When the timekeeper wakes.
    armed: Option<Instant>,
}

impl SimulatedCarrier {
    /// A carrier with this behaviour, whose dice this seed decides. Nothing happens in it by
    /// itself unless [`SimulatedCarrier::keep_time`] runs.
    pub fn new(behaviour: Behaviour, seed: u64, keep: Keep) -> Self {
        let Time(millis) = Clock::of_the_wall();
        let smsc = Smsc::new(now(), behaviour, seed).at_wall(Duration::from_millis(millis)).keeping(keep);
        let core = Core { smsc, wakers: HashMap::new(), armed: None };
        Self(Arc::new(Shared { core: Mutex::new(core), earlier: Notify::new(), noted: Notify::new() }))
    }

    /// Lets the carrier's time pass: what is due is done. Never returns; drop it to stop.
    pub async fn keep_time(&self) {
        loop {
            let due = {
                let mut core = self.0.lock();
                core.smsc.tick(now());
                self.0.settle(&mut core);
                core.armed = core.smsc.deadline();
                core.armed
            };
            let due = due.unwrap_or_else(|| now() + FAR);
            tokio::select! {
                () = tokio::time::sleep_until(due.into()) => (),
                () = self.0.earlier.notified() => (),
            }
        }
    }

    /// Serves one connection to its end.
    pub async fn serve<S: Arrivals>(&self, stream: S) -> Ended {
        let (waker, mut wakes) = mpsc::channel(1);
        let mut line = LineConversation::new(self.0.clone(), waker, None);
        drive(&mut line, stream, &mut wakes, |()| (), &self.limits()).await
    }

    /// One that says all at once reads while it writes, as a program does that keeps what it has to say in memory.
    fn limits(&self) -> driver::Options {
        let default = driver::Options::default();
        let at_once = self.0.lock().smsc.behaviour_mut().never_again;
        driver::Options { outbox_full: if at_once { usize::MAX } else { default.outbox_full }, ..default }
    }

    /// Asks whoever accepted this connection to bind, and serves it to its end.
    pub async fn invite<S: Arrivals>(&self, stream: S, outbind: Outbind) -> Ended {
        let (waker, mut wakes) = mpsc::channel(1);
        let mut line = LineConversation::new(self.0.clone(), waker, Some(outbind));
        drive(&mut line, stream, &mut wakes, |()| (), &self.limits()).await
    }

    /// Looks into the carrier or changes it, for as long as nobody else does.
    pub fn with<T>(&self, act: impl FnOnce(&mut Smsc, Instant) -> T) -> T {
        let mut core = self.0.lock();
        let done = act(&mut core.smsc, now());
        self.0.settle(&mut core);
        done
    }

    /// How often what happened.
    pub fn stats(&self) -> Stats {
        self.0.lock().smsc.stats().clone()
    }

    /// Ends every session with an unbind.
    pub fn unbind_all(&self) {
        self.with(|smsc, now| {
            for line in smsc.lines() {
                smsc.unbind(now, line);
            }
        });
    }

    /// Waits until submits stand in the ledger.
    pub async fn await_noted(&self) {
        self.0.noted.notified().await;
    }

    /// Takes the submits out of the ledger.
    pub fn take_submits(&self) -> Vec<Submit> {
        self.0.lock().smsc.ledger_mut().take()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells everybody else what they must know after the carrier was touched.
    fn settle(&self, core: &mut Core) {
        while let Some(line) = core.smsc.next_speaking() {
            if let Some(waker) = core.wakers.get(&line) {
                // A full channel means that the line is being woken already.
                _ = waker.try_send(());
            }
        }
        if let Some(due) = core.smsc.deadline().filter(|due| core.armed.is_none_or(|armed| *due < armed)) {
            core.armed = Some(due);
            self.earlier.notify_one();
        }
        if core.smsc.ledger().is_to_be_taken() {
            self.noted.notify_one();
        }
    }
}

/// One line of the carrier, as the driver sees it.
struct LineConversation {
    shared: Arc<Shared>,
    line: LineId,
    said: VecDeque<DriverAction<()>>,
    over: Option<CloseReason>,
}

impl LineConversation {
    fn new(shared: Arc<Shared>, waker: mpsc::Sender<()>, outbind: Option<Outbind>) -> Self {
        let mut said = VecDeque::new();
        let line = {
            let mut core = shared.lock();
            let line = match outbind {
                Some(outbind) => core.smsc.connect_outbound(now(), outbind),
                None => core.smsc.connect(now()),
            };
            core.wakers.insert(line, waker);
            core.smsc.take(line, &mut said);
            shared.settle(&mut core);
            line
        };
        Self { shared, line, said, over: None }
    }
}

impl Conversation for LineConversation {
    /// There is something to say.
    type Command = ();
    type Report = ();

    fn handle(&mut self, now: Instant, input: DriverEvent<()>) {
        let mut core = self.shared.lock();
        let (smsc, line) = (&mut core.smsc, self.line);
        match input {
            DriverEvent::Pdu(pdu) => smsc.hear(now, line, pdu),
            DriverEvent::Undecodable { command, sequence, status } => {
                smsc.hear_undecodable(now, line, (command, sequence), status);
            }
            DriverEvent::Unsent { sequence } => smsc.take_unsent(now, line, sequence),
            DriverEvent::Eof => smsc.eof(now, line),
            DriverEvent::Tick => smsc.tick(now),
            DriverEvent::Command(()) => (),
        }
        smsc.take(line, &mut self.said);
        self.shared.settle(&mut core);
    }

    fn poll(&mut self) -> DriverAction<()> {
        match (self.said.pop_front(), self.over) {
            (Some(DriverAction::Close(reason)), _) => {
                self.over = Some(reason);
                DriverAction::Close(reason)
            }
            (Some(said), _) => said,
            (None, Some(reason)) => DriverAction::Close(reason),
            (None, None) => DriverAction::Wait(None),
        }
    }
}

impl Drop for LineConversation {
    /// Whoever drops a connection in the middle has ended it.
    fn drop(&mut self) {
        let mut core = self.shared.lock();
        core.wakers.remove(&self.line);
        if self.over.is_none() {
            core.smsc.eof(now(), self.line);
            core.smsc.take(self.line, &mut self.said);
            self.shared.settle(&mut core);
        }
    }
}

/// Tokio's clock, which tests may stop.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
