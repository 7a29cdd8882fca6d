//! The command line of nuncio.

use clap::{Parser, Subcommand};
use nuncio::cdr;
use nuncio::config;
use nuncio::config::accounts::{self, AccountError, NewAccount};
use nuncio::config::key_file;
use nuncio::decode;
use nuncio::gateway::ask::{self, AskError};
use nuncio::gateway::backup;
use nuncio::gateway::demo::{Demo, DemoError};
use nuncio::gateway::failure::Failure;
use nuncio::gateway::guard_replay;
use nuncio::gateway::serve::serve;
use nuncio::gateway::simulate;
use nuncio::gateway::store;
use nuncio::number::metadata;
use nuncio::simulator;
use nuncio::telemetry::log;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::Duration;

/// There is nothing to decode; what clap ends with too.
const EXIT_USAGE: u8 = 2;
/// No gateway answers (sysexits.h, EX_UNAVAILABLE).
const EXIT_UNAVAILABLE: u8 = 69;
/// The key may not do this (sysexits.h, EX_NOPERM).
const EXIT_NO_PERMISSION: u8 = 77;
/// Ended by Ctrl-C: 128 and the number of SIGINT.
const EXIT_INTERRUPTED: u8 = 130;
/// The configuration is wrong (sysexits.h, EX_CONFIG).
const EXIT_CONFIG: u8 = 78;
/// The store failed; the next start recovers (sysexits.h, EX_IOERR).
const EXIT_STORE: u8 = 74;

/// How old the numbering plans are stands beside the version: a number that is refused for its length may be newer.
static VERSION: LazyLock<String> =
    LazyLock::new(|| format!("{} (libphonenumber {})", env!("CARGO_PKG_VERSION"), metadata::METADATA));

/// An SMS gateway daemon that speaks SMPP.
#[derive(Parser)]
#[command(version = VERSION.as_str(), about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the gateway.
    Serve {
        /// The configuration file; conf.d beside it is read too.
        #[arg(long, default_value = "/etc/nuncio/nuncio.toml")]
        config: PathBuf,
    },
    /// Check a configuration and say what is wrong with it.
    Check {
        /// The configuration file; conf.d beside it is read too.
        #[arg(long, default_value = "/etc/nuncio/nuncio.toml")]
        config: PathBuf,
    },
    /// Tell the gateway's story: two simulated carriers, some hundred messages, and what becomes of them when one falls
    /// sick. With --verify a page on which one logs in by a code, of which the first carrier delivers none.
    Demo(#[command(flatten)] Demo),
    /// Run a simulated carrier (SMSC) to test against.
    ///
    /// While it runs it does what lines on its standard input say:
    ///
    ///   message SYSTEM_ID FROM TO TEXT      a message of a handset, to whoever bound under this name
    ///   alert SYSTEM_ID HANDSET TO          alert_notification: the handset can be reached again
    ///   outbind ADDRESS SYSTEM_ID PASSWORD  connects there, and asks for a bind
    #[command(verbatim_doc_comment)]
    Sim(#[command(flatten)] Box<simulator::options::Options>),
    /// Say in words what PDUs say: of hexadecimal digits, or of a capture of the network.
    ///
    /// Ends with 0 when every PDU could be read, with 1 when something was malformed, with 2 when there was
    /// nothing to read.
    Decode(#[command(flatten)] decode::options::Options),
    /// Find messages in the running gateway: by number, reference, carrier's id, order and more.
    ///
    /// Ends with 0 when something was found, with 1 when nothing was, with 2 when the question is not valid, with 69
    /// when no gateway answers, with 77 when the key is refused.
    Find(#[command(flatten)] Box<ask::options::Find>),
    /// Say what became of a message and why, in words and in order of time.
    Why(#[command(flatten)] ask::options::Why),
    /// Send messages by the running gateway, and follow them to their end.
    ///
    /// To numbers, or to those of a file of CSV whose first line names its fields: `to` has to be there, `text` and
    /// `client_ref` may be, and others are filled in where the text says {name}. The key is that of an account.
    ///
    /// Ends with 0 when all of it was delivered, with 1 when some of it was not, with 2 when it is refused, with 69
    /// when no gateway answers or it stopped on its way, with 77 when the key is refused. Whoever sends it again under
    /// its --idempotency-key sends it once.
    Send(#[command(flatten)] Box<ask::options::Send>),
    /// Show how the running gateway stands: carriers, links, queues and webhooks.
    ///
    /// On a terminal it is drawn anew each second until Ctrl-C; elsewhere it is told once. What is wrong is coloured,
    /// unless NO_COLOR is set. Ends as find does.
    Status(#[command(flatten)] ask::options::Status),
    /// Copy the store into one file, while a daemon runs or not, and read the copy whole.
    Backup {
        /// The file; it must not be there yet.
        file: PathBuf,
        /// Write over a file that is there.
        #[arg(long)]
        force: bool,
        /// The configuration file; conf.d beside it is read too.
        #[arg(long, default_value = "/etc/nuncio/nuncio.toml")]
        config: PathBuf,
    },
    /// Put a backup in the place of the store. No daemon may run; the store that is there is moved aside.
    ///
    /// What the backup has queued is held at the next start until an operator lets it go.
    Restore {
        /// The backup.
        file: PathBuf,
        /// The configuration file; conf.d beside it is read too.
        #[arg(long, default_value = "/etc/nuncio/nuncio.toml")]
        config: PathBuf,
    },
    /// Use records of charge.
    #[command(subcommand)]
    Cdr(Cdr),
    /// Look after the store.
    #[command(subcommand)]
    Store(Store),
    /// Make a key for the API: one line for the application, one for the configuration.
    Key,
    /// Look after the keys of one-time codes.
    #[command(subcommand)]
    Keys(Keys),
    /// Look at what stands before one-time codes are sent.
    #[command(subcommand)]
    Guard(Guard),
    /// Look after the accounts of the configuration.
    #[command(subcommand)]
    Account(Account),
}

#[derive(Subcommand)]
enum Keys {
    /// Make a file with a key, which nobody else may read.
    New {
        /// The file; it must not be there yet.
        #[arg(long)]
        file: PathBuf,
    },
    /// Add a key, which is used for what begins once the gateway has read the file again. Keys of which no code lives
    /// any more are taken out.
    Rotate {
        /// The file.
        #[arg(long)]
        file: PathBuf,
    },
}

#[derive(Subcommand)]
enum Guard {
    /// Say what the guards of a configuration would have stopped of the codes that were sent, and how many of those
    /// came back: each guard as if it alone stood there, whatever its mode, and all together. A daemon may run
    /// meanwhile.
    Replay {
        /// How far back, such as 7d.
        #[arg(long, value_name = "TIME", default_value = "7d", value_parser = nuncio::config::units::duration)]
        since: Duration,
        /// The configuration file; conf.d beside it is read too.
        #[arg(long, default_value = "/etc/nuncio/nuncio.toml")]
        config: PathBuf,
    },
}

#[derive(Subcommand)]
enum Account {
    /// Write an account into the configuration file, with a new key, which is shown once.
    ///
    /// Nothing else in the file is changed, comments included, and nothing is written unless all of it is right then. A
    /// running gateway takes it up by a reload. Ends with 78 where it would be wrong.
    Add {
        /// Its name: 1 to 32 letters, digits, '-', '_' and '.'.
        id: String,
        /// A route that it may use; the first is its default. May be repeated.
        #[arg(long, required = true, value_name = "NUMBER")]
        route: Vec<u32>,
        /// A sender that it may use; any without it. May be repeated.
        #[arg(long, value_name = "SENDER", default_value = "*")]
        sender: Vec<String>,
        /// What its keys may do: send, read, verify, webhooks, admin, reveal; the first four without it. May be
        /// repeated.
        #[arg(long, value_name = "SCOPE")]
        scope: Vec<String>,
        /// What it sends goes to a simulated carrier, and to nobody.
        #[arg(long)]
        sandbox: bool,
        /// The configuration file; conf.d beside it is read too.
        #[arg(long, default_value = "/etc/nuncio/nuncio.toml")]
        config: PathBuf,
    },
    /// List the accounts, a line each.
    List {
        /// The configuration file; conf.d beside it is read too.
        #[arg(long, default_value = "/etc/nuncio/nuncio.toml")]
        config: PathBuf,
    },
    /// Show an account as it is written, its keys by the first digits of their SHA-256.
    Show {
        /// Its name.
        id: String,
        /// The configuration file; conf.d beside it is read too.
        #[arg(long, default_value = "/etc/nuncio/nuncio.toml")]
        config: PathBuf,
    },
}

#[derive(Subcommand)]
enum Cdr {
    /// Hold a carrier's invoice against them: say which lines differ, and what that comes to.
    ///
    /// Told is what is on the invoice and was never submitted or not taken, is charged twice, at another price or for
    /// another number of SMS; and what the carrier took in the time of the invoice and is not on it. Columns are known
    /// by what they are called, or named. Ids are compared as those of receipts are: without regard to case and
    /// leading zeros, and in decimal against hexadecimal where they fit in no other way.
    ///
    /// Ends with 0 when they agree, with 1 when they differ, with 2 when a file is not what it has to be.
    Check(#[command(flatten)] Box<cdr::check::options::CdrCheck>),
}

#[derive(Subcommand)]
enum Store {
    /// Read all of it, while a daemon runs or not: the structure, every index, the seal of every record.
    ///
    /// Ends with 0 when it is sound, with 74 when it is not.
    Check {
        /// The configuration file; conf.d beside it is read too.
        #[arg(long, default_value = "/etc/nuncio/nuncio.toml")]
        config: PathBuf,
    },
    /// Mend what can be mended; no daemon may run. Indexes are made anew, and damaged records are moved to
    /// nuncio.aside.jsonl in its folder.
    Repair {
        /// Give up what stands behind a damaged frame of the write-ahead log; copies of database and log are kept.
        #[arg(long)]
        cut_log: bool,
        /// The configuration file; conf.d beside it is read too.
        #[arg(long, default_value = "/etc/nuncio/nuncio.toml")]
        config: PathBuf,
    },
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Serve { config } => run(&config),
        Command::Check { config } => match config::check(&config) {
            Ok((summary, warnings)) => {
                let config::Summary { accounts, carriers, links, routes, rules } = summary;
                for it in warnings {
                    eprintln!("warning: {it}");
                }
                print(format_args!(
                    "{}: accounts {accounts}, carriers {carriers}, binds {links}, routes {routes}, rules {rules}\n\
                     A reload takes up all of it but {}.",
                    config.display(),
                    config::AT_START.join(", ")
                ))
            }
            Err(wrong) => {
                eprintln!("{wrong}");
                ExitCode::from(EXIT_CONFIG)
            }
        },
        Command::Demo(it) => demo(it),
        Command::Sim(options) => simulate(&options),
        Command::Decode(options) => explain(&options),
        Command::Find(options) => {
            let mut told = Vec::new();
            let done = ask::find(&options, &mut told);
            show_answer(done, &told)
        }
        Command::Why(options) => {
            let mut told = Vec::new();
            let done = ask::why(&options, &mut told);
            show_answer(done, &told)
        }
        Command::Send(options) => match ask::send::send(&options, &mut io::stdout()) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => show_answer(Err(error), &[]),
        },
        Command::Status(options) => {
            let done = ask::status::status(&options, &mut io::stdout());
            show_answer(done, &[])
        }
        Command::Backup { file, force, config } => say(backup::back_up(&config, &file, force)),
        Command::Restore { file, config } => say(backup::restore(&config, &file)),
        Command::Store(Store::Check { config }) => match store::check(&config) {
            Ok((words, true)) => print(words),
            Ok((words, false)) => {
                print(words);
                ExitCode::from(EXIT_STORE)
            }
            Err(failure) => report_failure(&failure),
        },
        Command::Store(Store::Repair { cut_log, config }) => say(store::repair(&config, cut_log)),
        Command::Cdr(Cdr::Check(options)) => reconcile(&options),
        Command::Key => {
            let (key, digest) = nuncio::api::handler::key::new_key();
            print(format_args!("key        = {key}\nkey_sha256 = [\"{digest}\"]"))
        }
        Command::Guard(Guard::Replay { since, config }) => say(guard_replay::replay(&config, since)),
        Command::Keys(command) => look_after_keys(command),
        Command::Account(command) => look_after(command),
    }
}

/// `nuncio keys`
fn look_after_keys(command: Keys) -> ExitCode {
    let done = match command {
        Keys::New { file } => key_file::make(&file),
        Keys::Rotate { file } => key_file::rotate(&file),
    };
    match done {
        Ok(words) => print(words),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// `nuncio account`
fn look_after(command: Account) -> ExitCode {
    let environment = config::environment();
    let done = match command {
        Account::Add { id, route, sender, scope, sandbox, config } => {
            let (key, key_sha256) = nuncio::api::handler::key::new_key();
            let new = NewAccount { id, key_sha256, routes: route, senders: sender, scopes: scope, sandbox };
            accounts::add(&config, &new, &environment).map(|()| format!("key = {key}"))
        }
        Account::List { config } => accounts::list(&config, &environment),
        Account::Show { id, config } => accounts::show(&config, &id, &environment),
    };
    match done {
        Ok(words) => print(words.trim_end()),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(if matches!(error, AccountError::Unknown(_)) { EXIT_USAGE } else { EXIT_CONFIG })
        }
    }
}

/// Writes to standard output. Whoever reads may have seen enough, as `head` has: that is no failure.
fn print(words: impl std::fmt::Display) -> ExitCode {
    match writeln!(io::stdout(), "{words}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

fn say(done: Result<String, Failure>) -> ExitCode {
    match done {
        Ok(words) => print(words),
        Err(failure) => report_failure(&failure),
    }
}

fn run(path: &Path) -> ExitCode {
    let log = match config::read(path) {
        Ok(draft) => draft.log(),
        Err(wrong) => return report_failure(&wrong.into()),
    };
    let log = match log::init(log.format, log.level) {
        Ok(log) => log,
        Err(wrong) => {
            eprintln!("{wrong}");
            return ExitCode::from(EXIT_CONFIG);
        }
    };
    match serve(path, &log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report_failure(&failure),
    }
}

fn demo(demo: Demo) -> ExitCode {
    // Warnings only: the table is what is to be seen.
    log::init(log::LogFormat::Text, "error").expect("the level is a word of the log's own");
    match demo.run() {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has seen enough, as `head` has.
        Err(DemoError::System(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error @ DemoError::Interrupted) => {
            eprintln!("{error}");
            ExitCode::from(EXIT_INTERRUPTED)
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn simulate(options: &simulator::options::Options) -> ExitCode {
    let tell = |address| _ = print(format_args!("listening on {address}"));
    match simulate::simulate(options, tell) {
        Ok(stats) => print(stats),
        Err(error) => {
            eprintln!("{}: {error}", options.listen);
            ExitCode::FAILURE
        }
    }
}

fn explain(options: &decode::options::Options) -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    let read = decode::run(options, io::stdin().lock(), &mut out).and_then(|it| Ok((it, out.flush()?)));
    match read {
        Ok((decode::Verdict::Read, ())) => ExitCode::SUCCESS,
        Ok((decode::Verdict::Malformed, ())) => ExitCode::FAILURE,
        // Whoever reads has seen enough, as `head` has.
        Err(decode::Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(EXIT_USAGE)
        }
    }
}

fn reconcile(options: &cdr::check::options::CdrCheck) -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    let agree = cdr::check::check(options, &mut out, |note| eprintln!("{note}"));
    let flushed = out.flush().map_err(cdr::check::CheckError::Output);
    match agree.and_then(|it| flushed.map(|()| it)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // Whoever reads has seen enough, as `head` has.
        Err(cdr::check::CheckError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(EXIT_USAGE)
        }
    }
}

/// Shows what a gateway told, or why it told nothing.
fn show_answer(done: Result<(), AskError>, told: &[u8]) -> ExitCode {
    let shown = done.and_then(|()| Ok(io::stdout().write_all(told)?));
    let error = match shown {
        Ok(()) => return ExitCode::SUCCESS,
        // Whoever reads has seen enough, as `head` has.
        Err(AskError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
        Err(error) => error,
    };
    eprintln!("{error}");
    match error {
        AskError::Nothing { .. } | AskError::Output(_) => ExitCode::FAILURE,
        AskError::NoKey(_) | AskError::KeyFile(..) | AskError::Refused(_) => ExitCode::from(EXIT_USAGE),
        AskError::NotThere { .. } | AskError::Interrupted(_) => ExitCode::from(EXIT_UNAVAILABLE),
        AskError::Key(_) => ExitCode::from(EXIT_NO_PERMISSION),
        AskError::Config(_) => ExitCode::from(EXIT_CONFIG),
    }
}

/// Says what is wrong, cause after cause, and with which code the process ends.
fn report_failure(failure: &Failure) -> ExitCode {
    let mut text = failure.to_string();
    let mut cause = std::error::Error::source(failure);
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    eprintln!("{text}");
    match failure {
        Failure::Config(_) | Failure::Currency(_) => ExitCode::from(EXIT_CONFIG),
        Failure::Store(_) | Failure::Poisoned(_) => ExitCode::from(EXIT_STORE),
        _ => ExitCode::FAILURE,
    }
}
