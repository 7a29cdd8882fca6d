//! Keeps one bind alive until it is told to stop.

use crate::carrier::answer;
use crate::carrier::esme::{Command, Esme};
use crate::carrier::report::Queried;
use crate::carrier::report::{Answered, Aside, PutOff, Report};
use crate::link::backoff::Backoff;
use crate::link::channels::Outlet;
use crate::link::expiry::{Expiry, Left};
use crate::link::hint;
use crate::link::metered::Metered;
use crate::link::options::Options;
use crate::message::attempt::Answer;
use crate::session::output::{CloseReason, Oddity};
use crate::smpp::status::CommandStatus;
use crate::telemetry::labels::bind_name;
use crate::telemetry::link_status::LinkReporter;
use crate::telemetry::meters::link::{LinkMeter, LinkState, Malformation};
use crate::wire::driver::{self, Ended};
use crate::wire::stream::Stream;
use crate::wire::trace::Tap;
use crate::wire::transport::{self, ConnectError, ConnectTarget};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// A bind that held for so long was no failure: the next try starts from the base.
const HELD: Duration = Duration::from_secs(10);
/// How long to wait for the loop to take what the link has said.
const CROWDED: Duration = Duration::from_secs(1);

/// One link and what it works with.
pub struct Supervisor {
    /// What it is; as `latest` has it, from session to session.
    pub options: Arc<Options>,
    /// What the next session is to be. A session that runs is told by [`Command::Adopt`].
    pub latest: watch::Receiver<Arc<Options>>,
    /// What it is asked to do.
    pub commands: mpsc::Receiver<Command>,
    /// Where it reports.
    pub outlet: Outlet,
    /// Where it counts.
    pub meter: LinkMeter,
    /// Where it tells how it stands.
    pub post: LinkReporter,
    /// Where it tells what is said, for who traces it.
    pub tap: Tap,
    /// Told when the link is not wanted any more; [`Command::Unbind`] ends a session that is up.
    pub stop: CancellationToken,
    /// Chance between 0 and 1, for jitter.
    pub chance: fn() -> f64,
    /// Numbers sessions, so that nothing of one is taken for something of another.
    pub epochs: Arc<AtomicU32>,
    /// Where the carrier connects to us, once it has been waited for; kept, so that a stranger's
    /// connection does not keep it out.
    pub listener: Option<TcpListener>,
}

impl Supervisor {
    /// Runs until it is told to stop. What it was given has ended by then.
    pub async fn run(mut self) {
        let mut backoff = Backoff::new(self.options.reconnect);
        let (carrier, bind) = (self.options.carrier.clone(), self.bind());
        while !self.stop.is_cancelled() {
            self.options = self.latest.borrow().clone();
            self.meter.set_state(LinkState::Connecting);
            self.post.tries();
            let reason = match self.connect().await {
                Some(stream) => self.converse(stream, &mut backoff).await,
                None => None,
            };
            if self.stop.is_cancelled() {
                break;
            }
            // A stranger who came where the carrier is awaited says nothing of the carrier.
            if matches!(reason, Some(CloseReason::NoOutbind | CloseReason::OutbindRefused)) {
                continue;
            }
            backoff.adopt(self.latest.borrow().reconnect);
            let wait = backoff.after(reason, (self.chance)());
            self.meter.set_state(LinkState::Down);
            self.post.rests(wait);
            let (said, wait_ms) = ("link is down, next try follows", wait.as_millis() as u64);
            often!(info, self.meter.often(), &bind, said, carrier = &*carrier, bind, wait_ms);
            self.rest(wait).await;
            // While the loop hangs there is nobody to tell what another session would have to say.
            while self.outlet.is_crowded() && !self.stop.is_cancelled() {
                self.rest(CROWDED).await;
            }
        }
        self.meter.set_state(LinkState::Down);
        // Closed before it is emptied, so that nothing comes in behind what is given back.
        self.commands.close();
        while let Some(command) = self.commands.recv().await {
            self.give_back(command);
        }
    }

    /// Waits; what is given to the link meanwhile goes back at once.
    async fn rest(&mut self, wait: Duration) {
        let mut timer = std::pin::pin!(sleep(wait));
        loop {
            tokio::select! {
                () = &mut timer => return,
                () = self.stop.cancelled() => return,
                command = self.commands.recv() => match command {
                    Some(command) => self.give_back(command),
                    None => return,
                },
            }
        }
    }

    async fn connect(&mut self) -> Option<Stream> {
        let (carrier, bind) = (self.options.carrier.clone(), self.bind());
        let options = self.options.clone();
        let listener = self.listener.take().or_else(|| listening(&options, &bind, &self.post, &self.meter));
        if options.outbind.is_some() && listener.is_none() {
            return None;
        }
        let post = self.post.clone();
        let meter = self.meter.clone();
        let connected = self.await_connection(connection((&options, &bind), listener.as_ref(), &post, &meter)).await;
        self.listener = listener;
        let (stream, address) = connected?;
        let tls = stream.security();
        let (version, resumed) = (tls.map(|it| it.version), tls.map(|it| it.resumed));
        let carrier = &*carrier;
        often!(info, meter.often(), &bind, "connected", carrier, bind, %address, tls = version, resumed);
        Some(stream)
    }

    /// Waits for a connection; what is given to the link meanwhile goes back at once.
    async fn await_connection(
        &mut self,
        connecting: impl Future<Output = Option<(Stream, SocketAddr)>>,
    ) -> Option<(Stream, SocketAddr)> {
        let mut connecting = std::pin::pin!(connecting);
        loop {
            tokio::select! {
                connected = &mut connecting => return connected,
                () = self.stop.cancelled() => return None,
                command = self.commands.recv() => match command {
                    Some(command) => self.give_back(command),
                    None => return None,
                },
            }
        }
    }

    /// One session, from bind to close. Returns why it ended, where the session knows.
    async fn converse(&mut self, stream: Stream, backoff: &mut Backoff) -> Option<CloseReason> {
        // What was said to it while it connected.
        let options = self.latest.borrow().clone();
        let (carrier, bind) = (&*options.carrier, &*self.bind());
        let now = Instant::now().into_std();
        let epoch = self.epochs.fetch_add(1, Ordering::Relaxed);
        let esme = Esme::new(now, epoch, options.settings());
        let mut esme = Metered::new(now, esme, self.meter.clone(), self.tap.clone());
        let (max_pdu, write_timeout) = (options.max_pdu, options.write_timeout);
        let limits = driver::Options { max_pdu, write_timeout, ..driver::Options::default() };
        let (outlet, meter, post) = (&self.outlet, &self.meter, &self.post);
        let (mut up_at, mut taken) = (None, false);
        let report = |report: Report| match report {
            Report::Odd(oddity) => odd(meter, (carrier, bind), oddity),
            Report::Aside(aside) => {
                by_the_way(meter, (carrier, bind), &aside);
                if let Aside::Congestion(percent) = aside {
                    meter.set_congestion(percent);
                }
            }
            Report::PutOff(why) => put_off(meter, (carrier, bind), why),
            report => {
                match &report {
                    Report::Up { .. } => {
                        up_at = Some(Instant::now());
                        meter.set_state(LinkState::Bound);
                        post.up();
                        often!(info, meter.often(), bind, "bound", carrier, bind);
                    }
                    Report::Closing => {
                        meter.set_state(LinkState::Draining);
                        post.draining();
                    }
                    Report::Answered(_, answered) => {
                        taken |= answered.answer == Answer::Taken;
                        told_of_times(meter, (carrier, bind), answered);
                    }
                    _ => (),
                }
                if !outlet.report(report) {
                    let said = "the loop does not keep up: a late answer is not recorded";
                    often!(warn, meter.often(), bind, said, carrier, bind);
                }
            }
        };
        let expiry = Expiry::of(stream.security());
        let driving = driver::drive(&mut esme, stream, &mut self.commands, report, &limits);
        let ended = expiry.watch(driving, |left| expires(meter, carrier, bind, left)).await;
        // Once it was bound, address, TLS and password were right: a hint about them would lead astray.
        let hint = if up_at.is_none() { hint::of_end(&ended, options.tls.is_some()) } else { None };
        self.post.note_failure(&ended, hint);
        tell_end(meter, (carrier, bind), &ended, hint);
        // A session that took messages was no failure, however short it was.
        if taken || up_at.is_some_and(|it| HELD < it.elapsed()) {
            backoff.bound();
        }
        match ended {
            Ended::Closed(reason) => Some(reason),
            Ended::Garbled(_) => {
                self.meter.count_malformed(Malformation::Length);
                None
            }
            Ended::Broken(_) | Ended::Stuck => None,
        }
    }

    /// What it is called in logs, as in metrics and answers.
    fn bind(&self) -> String {
        bind_name(&self.options.carrier, self.options.id.bind)
    }

    fn give_back(&self, command: Command) {
        match command {
            Command::Submit(submit) => {
                self.outlet.report(Report::Answered(submit.ticket, Answered::NOT_SENT));
            }
            Command::Query(query) => {
                // It never left: as ignored it would be held against the carrier.
                self.outlet.report(Report::Queried(query.key, Queried::Unanswered));
            }
            // Who waits for a confirmation was on the session that is gone, and sends again on the next.
            Command::Confirm(_) | Command::Adopt(_) | Command::Unbind(_) => (),
        }
    }
}

/// Listens where the carrier connects to us; why that is not possible is logged.
fn listening(options: &Options, bind: &str, post: &LinkReporter, meter: &LinkMeter) -> Option<TcpListener> {
    let (carrier, listen) = (&*options.carrier, options.outbind.as_ref()?.listen);
    let failed = |error: &std::io::Error| {
        post.note_failure(&format_args!("cannot listen at {listen}: {error}"), None);
        often!(warn, meter.often(), bind, "cannot listen", carrier, bind, %listen, %error);
    };
    transport::listen(listen).inspect_err(failed).ok()
}

/// A connection to the carrier, or one that the carrier makes to us; why there is none is logged.
async fn connection(
    (options, bind): (&Options, &str),
    listener: Option<&TcpListener>,
    post: &LinkReporter,
    meter: &LinkMeter,
) -> Option<(Stream, SocketAddr)> {
    let carrier = &*options.carrier;
    if let Some(listener) = listener {
        often!(info, meter.often(), bind, "waits for the carrier to connect", carrier, bind);
        return transport::accept(listener)
            .await
            .inspect_err(|error| {
                post.note_failure(error, None);
                let said = "a connection was lost before it was served";
                often!(warn, meter.often(), bind, said, carrier, bind, %error);
            })
            .ok();
    }
    let failed = |error: &ConnectError| {
        let hint = hint::of_connect(error);
        post.note_failure(error, hint);
        often!(warn, meter.often(), bind, "cannot connect", carrier, bind, %error, hint);
    };
    transport::connect(&target(options)).await.inspect_err(failed).ok()
}

fn target(options: &Options) -> ConnectTarget {
    ConnectTarget {
        addresses: options.addresses.iter().map(ToString::to_string).collect(),
        local_address: options.local_address,
        connect_timeout: options.connect_timeout,
        tls: options.tls.clone(),
        guard: None,
        passage: options.passage.clone(),
    }
}

/// Shows how long the carrier's certificate is good, and warns while there is time to renew it.
fn expires(meter: &LinkMeter, carrier: &str, bind: &str, left: Left) {
    meter.certificate_expires_in(left.seconds);
    if left.is_to_be_told {
        let days = (left.seconds / 86_400.0).floor();
        often!(warn, meter.often(), bind, "the certificate of the carrier expires soon", carrier, bind, days);
    }
}

/// Tells how a session ended, and where nothing flows until an operator or the carrier does something, loudly.
fn tell_end(meter: &LinkMeter, (carrier, bind): (&str, &str), ended: &Ended, hint: Option<&str>) {
    if hint.is_some() || matches!(ended, Ended::Closed(CloseReason::BindRefused(_))) {
        often!(warn, meter.often(), bind, "session ended", carrier, bind, reason = %ended, hint);
    } else {
        often!(info, meter.often(), bind, "session ended", carrier, bind, reason = %ended);
    }
}

/// Counts that we were too slow, which is no fault of the carrier's, and tells it.
fn put_off(meter: &LinkMeter, (carrier, bind): (&str, &str), why: PutOff) {
    meter.put_off(why);
    let cause = why.word();
    let said = match why {
        PutOff::Stalled | PutOff::Full => "our store stands still: the carrier is told to send its message again",
        PutOff::Early => {
            "more came before the bind was answered than inbound_buffer holds: the carrier is told to send again"
        }
    };
    often!(warn, meter.often(), bind, said, carrier, bind, cause);
}

/// Tells what the carrier said that nothing depends on.
fn by_the_way(meter: &LinkMeter, (carrier, bind): (&str, &str), aside: &Aside) {
    let often = meter.often();
    match aside {
        Aside::Invited(system_id) => {
            often!(info, often, bind, "outbind came, binding", carrier, bind, system_id = &**system_id);
        }
        Aside::Alerted(handset) => {
            let handset = handset.map(|it| it.masked().to_string());
            often!(info, often, bind, "the handset can be reached again", carrier, bind, handset);
        }
        Aside::Congestion(percent) => {
            often!(info, often, bind, "the carrier tells of its load", carrier, bind, percent);
        }
    }
}

/// A refusal that no other message would escape, and one option mends.
fn told_of_times(meter: &LinkMeter, (carrier, bind): (&str, &str), answered: &Answered) {
    let status = answered.command_status.map(CommandStatus::from_u32).filter(|it| answer::is_about_times(*it));
    if let Some(status) = status {
        let hint = "set validity_period of the carrier to \"absolute\" or \"none\", or `validity` of the route shorter";
        let said = "the carrier refuses how long a message is worth sending";
        often!(warn, meter.often(), bind, said, carrier, bind, %status, hint);
    }
}

/// Counts what the carrier should not have sent, and tells it.
fn odd(meter: &LinkMeter, (carrier, bind): (&str, &str), oddity: Oddity) {
    often!(warn, meter.often(), bind, "the carrier sent what it should not", carrier, bind, %oddity);
    match oddity {
        Oddity::Undecodable { .. } => meter.count_malformed(Malformation::Body),
        Oddity::Unserved { .. } => meter.count_malformed(Malformation::Command),
        Oddity::Misplaced { .. } => meter.count_malformed(Malformation::State),
        Oddity::Unmatched { .. } | Oddity::Mismatched { .. } | Oddity::Nacked { .. } => {
            meter.count_malformed(Malformation::Sequence);
        }
    }
}
