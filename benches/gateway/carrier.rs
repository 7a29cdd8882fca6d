//! The carrier of the benchmark: the simulator in a process of its own, asked through its pipes.
//!
//! | asked | answers |
//! |---|---|
//! | `stats` | submits that came, when the first came, receipts that were refused or whose answer was lost |
//! | `times` | destination, arrival and command_status of every submit since the last time, then an empty line |
//! | `receipts` | destination and leaving of every receipt that left, then an empty line |

use crate::process::{Process, die_with_parent, nanos};
use nuncio::simulator::behaviour::{Behaviour, Mix};
use nuncio::simulator::carrier::SimulatedCarrier as Simulated;
use nuncio::simulator::dice::Share;
use nuncio::simulator::ledger::{Keep, Submit, Verdict};
use nuncio::simulator::outcome::MessageState;
use nuncio::simulator::server::SmscServer;
use nuncio::smpp::status::CommandStatus;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout};
use std::time::{Duration, Instant};

/// How often the simulator looks for its first submit: as exact as that is known.
const LOOK: Duration = Duration::from_millis(1);

/// How it behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Takes everything and says at once what became of it.
    Prompt,
    /// The same, and remembers when each submit came.
    Noting,
    /// The same, and remembers when each receipt left.
    Receipting,
    /// Remembers when submits came; refuses one in twelve, and of one in twelve says nothing more once it has taken it.
    Poor,
    /// Takes everything and delivers nothing, and says nothing of it.
    Lying,
    /// Takes nothing and answers nothing but enquire_link.
    Silent,
}

impl Mode {
    const ALL: [(&'static str, Self); 6] = [
        ("prompt", Self::Prompt),
        ("noting", Self::Noting),
        ("receipting", Self::Receipting),
        ("poor", Self::Poor),
        ("lying", Self::Lying),
        ("silent", Self::Silent),
    ];

    const fn keeps(self) -> Keep {
        match self {
            Self::Noting | Self::Poor => Keep::UntilTaken,
            Self::Receipting => Keep::All,
            Self::Prompt | Self::Lying | Self::Silent => Keep::Nothing,
        }
    }

    fn behaviour(self) -> Behaviour {
        // Ids that no carrier before it gave: the gateway remembers them.
        let behaviour = Behaviour { silent: self == Self::Silent, first_id: nanos(), ..Behaviour::default() };
        // Receipts leave as soon as there are any, and each once: as carriers do it that are least patient.
        let mut behaviour = behaviour.once();
        if self == Self::Lying {
            behaviour.receipts.mix = Mix::new(vec![(MessageState::None, 1)]);
        }
        if self == Self::Poor {
            behaviour.reject = vec![(CommandStatus::SubmitFailed, Share::of(1.0 / 12.0))];
            behaviour.receipts.mix = Mix::new(vec![(MessageState::Delivered, 11), (MessageState::None, 1)]);
        }
        behaviour
    }
}

/// A carrier that runs.
pub(crate) struct Carrier {
    pub(crate) process: Process,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// A submit as a carrier noted it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noted {
    /// When it came, in [`nanos`]; its answer left at once.
    pub(crate) at: u64,
    /// Whether it was refused.
    pub(crate) refused: bool,
}

/// What a carrier has seen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) submits: u64,
    /// When the first submit came, in [`nanos`]; 0 before.
    pub(crate) first: u64,
    /// Receipts that were refused, or whose answer was lost.
    pub(crate) refused_or_lost: u64,
}

impl Carrier {
    /// Starts one and waits until it listens.
    pub(crate) fn start(port: u16, mode: Mode) -> Self {
        let mut carrier = Self::begin(port, mode);
        carrier.listens();
        carrier
    }

    /// Starts one, which takes a while; [`SimulatedCarrier::listens`] waits for it.
    pub(crate) fn begin(port: u16, mode: Mode) -> Self {
        let word = Mode::ALL.iter().find(|it| it.1 == mode).map_or("", |it| it.0);
        let mut process = Process::start_self(&["carrier", &port.to_string(), word]);
        let ask = process.child.stdin.take().expect("a pipe was asked for");
        let answers = BufReader::new(process.child.stdout.take().expect("a pipe was asked for"));
        Self { process, ask, answers }
    }

    pub(crate) fn listens(&mut self) {
        assert_eq!(self.line(), "listening", "the carrier listens");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the carrier answers");
        line.trim_end().to_owned()
    }

    /// What it has seen so far.
    pub(crate) fn seen(&mut self) -> Seen {
        writeln!(self.ask, "stats").expect("the carrier listens to its pipe");
        let line = self.line();
        let mut numbers = line.split(' ').map(|it| it.parse().expect("a number"));
        let mut next = || numbers.next().expect("three numbers");
        Seen { submits: next(), first: next(), refused_or_lost: next() }
    }

    /// Each destination's submit, for all that came since the last question.
    pub(crate) fn times(&mut self) -> HashMap<u64, Noted> {
        self.rows("times").map(|[to, at, status]| (to, Noted { at, refused: status != 0 })).collect()
    }

    /// When the receipt of each destination left, in [`nanos`].
    pub(crate) fn receipts(&mut self) -> HashMap<u64, u64> {
        self.rows("receipts").map(|[to, at]| (to, at)).collect()
    }

    /// Lines of so many numbers, up to the empty one.
    fn rows<const COUNT: usize>(&mut self, question: &str) -> impl Iterator<Item = [u64; COUNT]> {
        writeln!(self.ask, "{question}").expect("the carrier listens to its pipe");
        std::iter::from_fn(|| Some(self.line()).filter(|it| !it.is_empty())).map(|line| {
            let numbers: Vec<u64> = line.split(' ').map(|it| it.parse().expect("a number")).collect();
            numbers.try_into().expect("as many numbers as were asked for")
        })
    }
}

/// The role `carrier`: serves until its parent ends.
pub(crate) fn serve(arguments: &[String]) {
    die_with_parent().expect("the kernel keeps the leash");
    let port: u16 = arguments[0].parse().expect("a port");
    let mode = Mode::ALL.iter().find(|it| it.0 == arguments[1]).expect("a mode").1;
    let (lines, asked) = tokio::sync::mpsc::channel(1);
    std::thread::spawn(move || {
        std::io::stdin().lines().map_while(Result::ok).try_for_each(|it| lines.blocking_send(it))
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let carrier = Simulated::new(mode.behaviour(), 1, mode.keeps());
        let server = SmscServer::with(([127, 0, 0, 1], port).into(), carrier.clone()).await.expect("the port is free");
        println!("listening");
        _ = server.run(answer((&carrier, mode), asked)).await;
    });
}

/// Answers what the benchmark asks, and looks for the first submit meanwhile; ends when nobody asks any more.
async fn answer((carrier, mode): (&Simulated, Mode), mut asked: tokio::sync::mpsc::Receiver<String>) {
    let (mut first, mut times) = (0, Vec::new());
    let mut looks = tokio::time::interval(LOOK);
    loop {
        let line = tokio::select! {
            line = asked.recv() => line,
            _ = looks.tick() => {
                if first == 0 && carrier.stats().submits != 0 {
                    first = nanos();
                }
                if mode.keeps() == Keep::UntilTaken {
                    take(carrier, &mut times);
                }
                continue;
            }
        };
        match line.as_deref() {
            Some("stats") => {
                let stats = carrier.stats();
                println!("{} {first} {}", stats.submits, stats.receipts_refused + stats.receipts_lost);
            }
            Some("receipts") => println!("{}", receipts(carrier)),
            Some(_) => {
                take(carrier, &mut times);
                let mut text = String::new();
                for (destination, at, status) in times.drain(..) {
                    writeln!(text, "{destination} {at} {status}").expect("a string takes everything");
                }
                println!("{text}");
            }
            None => return,
        }
    }
}

/// Takes what the ledger holds, with its times on the clock that all share.
fn take(carrier: &Simulated, into: &mut Vec<(String, u64, u32)>) {
    let submits = carrier.with(|smsc, _| smsc.ledger_mut().take());
    let shared = shared_clock();
    into.extend(submits.into_iter().map(|it| {
        let status = if let Verdict::Refused(status) = it.verdict { status.as_u32() } else { 0 };
        (it.destination.to_string(), shared(it.at), status)
    }));
}

/// The destinations of all receipts that left, and when on the clock that all share.
fn receipts(carrier: &Simulated) -> String {
    let shared = shared_clock();
    carrier.with(|smsc, _| {
        let ledger = smsc.ledger();
        let named = |it: &Submit| match &it.verdict {
            Verdict::Taken { id, .. } => Some((id.clone(), it.destination.to_string())),
            Verdict::Refused(_) | Verdict::Ignored => None,
        };
        let to: HashMap<_, _> = ledger.submits().iter().filter_map(named).collect();
        let mut text = String::new();
        for (to, sent) in ledger.receipts().iter().filter_map(|it| Some((to.get(&it.id)?, it.sent?))) {
            writeln!(text, "{to} {}", shared(sent)).expect("a string takes everything");
        }
        text
    })
}

/// What a moment of this process is on the clock that all share.
fn shared_clock() -> impl Fn(Instant) -> u64 {
    let (instant, now) = (Instant::now(), nanos());
    move |at| {
        let ago = u64::try_from(instant.saturating_duration_since(at).as_nanos()).unwrap_or(u64::MAX);
        now.saturating_sub(ago)
    }
}
