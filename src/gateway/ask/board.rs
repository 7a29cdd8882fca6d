//! How a gateway stands, as lines: a head, and a table each of carriers, links, queues and endpoints.
//!
//! A table that is wider than the terminal loses its least important columns, and the last of what is left is cut.

use crate::gateway::ask::terminal::{self, cut};
use crate::gateway::ask::words::{list, number, span, text};
use serde_json::Value;
use std::io::{self, IsTerminal};

/// Queues that are shown: the oldest first.
const QUEUES_MAX: usize = 10;
/// Characters between two columns.
const GAP: usize = 2;

/// How it is shown.
pub(super) struct Look {
    /// Characters of a line.
    pub(super) width: usize,
    /// Lines of the screen.
    pub(super) height: usize,
    /// Whether what is wrong is coloured.
    pub(super) colours: bool,
}

impl Look {
    /// What standard output can show. Without a terminal lines are as long as they are.
    pub(super) fn of_output() -> Self {
        let size = terminal::size(&io::stdout());
        // NO_COLOR (no-color.org): set, and not empty.
        let plain = std::env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty());
        Self {
            width: size.map_or(usize::MAX, |it| it.0),
            height: size.map_or(usize::MAX, |it| it.1),
            colours: io::stdout().is_terminal() && !plain,
        }
    }
}

/// How much something wants to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    Plain,
    Head,
    Warning,
    Bad,
}

impl Tone {
    fn paint(self, text: &str, look: &Look) -> String {
        let code = match self {
            Self::Plain => return text.to_owned(),
            Self::Head => "1",
            Self::Warning => "33",
            Self::Bad => "31",
        };
        if look.colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// A table. Columns that are more important have a lower rank; those of rank 0 stay.
struct Table {
    columns: Vec<(&'static str, u8, Side)>,
    rows: Vec<(Tone, Vec<String>)>,
}

/// Where the texts of a column begin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

use Side::{Left, Right};

/// The moment before.
#[derive(Clone, Copy)]
pub(super) struct Before<'a> {
    /// How it stood then.
    pub(super) stood: &'a Value,
    /// So long before.
    pub(super) seconds: f64,
}

/// How a gateway stands.
pub(super) struct Board {
    head: Vec<(Tone, String)>,
    tables: Vec<Table>,
}

impl Board {
    /// What is shown of one moment, and of rates since the one before, or else over the last minute.
    pub(super) fn of(now: &Value, before: Option<Before<'_>>) -> Self {
        let tables = vec![carriers(now, before), links(now), queues(now), endpoints(now)];
        Self { head: head(now), tables: tables.into_iter().filter(|it| !it.rows.is_empty()).collect() }
    }

    /// Says that the gateway has not answered since, and why.
    pub(super) fn say_silent(&mut self, why: &str) {
        self.head.push((Tone::Bad, format!("NO ANSWER: {why} What stands here is what it said last.")));
    }

    /// The lines.
    pub(super) fn lines(&self, look: &Look) -> Vec<String> {
        let cut_to = |tone: Tone, text: &str| tone.paint(&cut(text, look.width), look);
        let mut lines: Vec<String> = self.head.iter().map(|(tone, text)| cut_to(*tone, text)).collect();
        for table in &self.tables {
            lines.push(String::new());
            lines.extend(table.lines(look));
        }
        lines
    }
}

impl Table {
    fn lines(&self, look: &Look) -> Vec<String> {
        let width_of = |at: usize| {
            let cells = self.rows.iter().map(|it| it.1[at].chars().count());
            cells.chain([self.columns[at].0.len()]).max().unwrap_or_default()
        };
        let mut shown: Vec<usize> = (0..self.columns.len()).collect();
        let total = |shown: &[usize]| shown.iter().map(|it| width_of(*it) + GAP).sum::<usize>() - GAP;
        // The last column is cut instead, where it is of those that stay.
        while look.width < total(&shown)
            && let Some(least) = shown.iter().copied().max_by_key(|it| (self.columns[*it].1, *it))
            && self.columns[least].1 != 0
        {
            shown.retain(|it| *it != least);
        }
        let line = |cell: &dyn Fn(usize) -> String| {
            let padded = shown.iter().map(|at| {
                let (text, width) = (cell(*at), width_of(*at));
                if self.columns[*at].2 == Left { format!("{text:width$}") } else { format!("{text:>width$}") }
            });
            let text = padded.collect::<Vec<_>>().join(&" ".repeat(GAP));
            cut(text.trim_end(), look.width)
        };
        let head = Tone::Head.paint(&line(&|at| self.columns[at].0.to_owned()), look);
        let rows = self.rows.iter().map(|(tone, cells)| tone.paint(&line(&|at| cells[at].clone()), look));
        [head].into_iter().chain(rows).collect()
    }
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn maybe_span(seconds: &Value) -> String {
    seconds.as_f64().map_or_else(|| "-".to_owned(), span)
}

/// Whether something is ready, how long it has run, and how much waits.
fn head(now: &Value) -> Vec<(Tone, String)> {
    let up = span(now["uptime_seconds"].as_f64().unwrap_or_default());
    let queued: u64 = list(&now["routes"]).iter().map(|it| count(&it["queued"])).sum();
    let oldest = list(&now["queues"]).iter().filter_map(|it| it["oldest_age_seconds"].as_f64()).reduce(f64::max);
    let waits = oldest.map_or_else(String::new, |it| format!(", the oldest for {}", span(it)));
    let sum = |name: &str| list(&now["carriers"]).iter().map(|it| count(&it[name])).sum::<u64>();
    let (receipts, doubtful) = (number(sum("awaiting_receipt")), number(sum("doubtful")));
    let mut lines = vec![
        (Tone::Head, format!("nuncio {}, up {up}", text(&now["version"]))),
        (
            Tone::Plain,
            format!("{} parts queued{waits}; {receipts} await a receipt, {doubtful} are in doubt", number(queued)),
        ),
    ];
    let mut warn = |tone, text: String| lines.push((tone, text));
    if let Some(why) = now["unready"].as_str() {
        warn(Tone::Bad, format!("NOT READY: {why}"));
    }
    if now["clock_doubted"] == true {
        warn(Tone::Warning, format!("The clock is not believed: it is {} s ahead.", now["clock_gap_seconds"]));
    }
    let held = count(&now["restored_held_messages"]);
    if held != 0 {
        warn(Tone::Warning, format!("{} parts of a restored store are held until they are let go.", number(held)));
    }
    lines
}

/// Parts a second: since the moment before, or over the last minute.
fn rate(carrier: &Value, before: Option<Before<'_>>) -> f64 {
    let submitted = |it: &Value| count(&it["since_start"]["submitted"]);
    let same = |it: &&Value| it["id"] == carrier["id"];
    match before.and_then(|it| Some((list(&it.stood["carriers"]).iter().find(same)?, it.seconds))) {
        // A daemon that was started anew counts from 0 again.
        Some((earlier, seconds)) if 0.0 < seconds && submitted(earlier) <= submitted(carrier) => {
            (submitted(carrier) - submitted(earlier)) as f64 / seconds
        }
        _ => count(&carrier["last_minute"]["answers"]) as f64 / 60.0,
    }
}

fn carriers(now: &Value, before: Option<Before<'_>>) -> Table {
    let row = |it: &Value| {
        let links = list(&now["links"]).iter().filter(|link| link["carrier"] == it["id"]).count();
        let (up, minute) = (count(&it["links_up"]), &it["last_minute"]);
        let (answers, refused) = (count(&minute["answers"]), count(&minute["refused"]));
        let share =
            if answers == 0 { "-".to_owned() } else { format!("{:.1} %", refused as f64 * 100.0 / answers as f64) };
        let breaker = it["breaker"]["state"].as_str().unwrap_or("-");
        let closed = it["closed"].as_str().map(|it| match it {
            "carrier_down" => "down",
            "breaker_open" => "broken",
            word => word,
        });
        let tone = match closed {
            _ if up == 0 => Tone::Bad,
            Some(_) => Tone::Warning,
            None if up < links as u64 => Tone::Warning,
            None => Tone::Plain,
        };
        let cells = vec![
            text(&it["id"]).to_owned(),
            format!("{up}/{links}"),
            closed.unwrap_or("open").to_owned(),
            breaker.to_owned(),
            format!("{:.1}", rate(it, before)),
            format!("{}/{}", it["in_use"], it["capacity"]),
            share,
            maybe_span(&minute["p99_seconds"]),
            number(count(&it["queued"])),
            number(count(&it["awaiting_receipt"])),
        ];
        (tone, cells)
    };
    let columns = vec![
        ("CARRIER", 0, Left),
        ("LINKS", 0, Right),
        ("STATE", 1, Left),
        ("BREAKER", 4, Left),
        ("PARTS/S", 0, Right),
        ("IN FLIGHT", 3, Right),
        ("REFUSED", 2, Right),
        ("P99", 5, Right),
        ("QUEUED", 1, Right),
        ("RECEIPTS DUE", 6, Right),
    ];
    Table { columns, rows: list(&now["carriers"]).iter().map(row).collect() }
}

fn links(now: &Value) -> Table {
    let row = |it: &Value| {
        let state = text(&it["state"]).to_owned();
        let tone = match state.as_str() {
            "bound" => Tone::Plain,
            "draining" => Tone::Warning,
            _ => Tone::Bad,
        };
        let error = &it["last_error"];
        let trouble = if state == "bound" { String::new() } else { error["error"].as_str().unwrap_or("").to_owned() };
        let hint = if trouble.is_empty() { "" } else { error["hint"].as_str().unwrap_or("") };
        let said = [trouble.as_str(), hint].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(": ");
        let cells = vec![
            text(&it["id"]).to_owned(),
            state,
            text(&it["since"]).split('.').next().unwrap_or_default().replace('T', " "),
            format!("{}/{}", it["in_use"], it["window"]),
            it["failures"].to_string(),
            said,
        ];
        (tone, cells)
    };
    let columns = vec![
        ("LINK", 0, Left),
        ("STATE", 0, Left),
        ("SINCE (UTC)", 3, Left),
        ("WINDOW", 1, Right),
        ("FAILURES", 2, Right),
        ("WHY", 0, Left),
    ];
    Table { columns, rows: list(&now["links"]).iter().map(row).collect() }
}

fn queues(now: &Value) -> Table {
    let row = |it: &Value| {
        let cells = vec![
            it["route_id"].to_string(),
            text(&it["class"]).to_owned(),
            text(&it["account"]).to_owned(),
            text(&it["carrier"]).to_owned(),
            number(count(&it["parts"])),
            maybe_span(&it["oldest_age_seconds"]),
            number(count(&it["delayed"])),
            number(count(&it["throttled"])),
        ];
        (Tone::Plain, cells)
    };
    let columns = vec![
        ("ROUTE", 0, Right),
        ("CLASS", 2, Left),
        ("ACCOUNT", 1, Left),
        ("CARRIER", 0, Left),
        ("PARTS", 0, Right),
        ("OLDEST", 0, Right),
        ("DELAYED", 3, Right),
        ("THROTTLED", 4, Right),
    ];
    Table { columns, rows: list(&now["queues"]).iter().take(QUEUES_MAX).map(row).collect() }
}

fn endpoints(now: &Value) -> Table {
    let row = |it: &Value| {
        let state = text(&it["state"]).to_owned();
        let tone = match state.as_str() {
            "ok" => Tone::Plain,
            "open" => Tone::Warning,
            _ => Tone::Bad,
        };
        let share = it["success_share"].as_f64().map_or_else(|| "-".to_owned(), |it| format!("{:.0} %", it * 100.0));
        let p99 = it["p99_ms"].as_u64().map_or_else(|| "-".to_owned(), |it| span(it as f64 / 1_000.0));
        (
            tone,
            vec![
                text(&it["account"]).to_owned(),
                state,
                number(count(&it["pending"])),
                share,
                p99,
                text(&it["url"]).to_owned(),
            ],
        )
    };
    let columns = vec![
        ("WEBHOOKS OF", 0, Left),
        ("STATE", 0, Left),
        ("PENDING", 0, Right),
        ("TAKEN", 1, Right),
        ("P99", 2, Right),
        ("URL", 0, Left),
    ];
    Table { columns, rows: list(&now["webhooks"]).iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn snapshot() -> Value {
        json!({
            "version": "0.1.0", "uptime_seconds": 7_300, "ready": true, "unready": null, "clock_doubted": false,
            "carriers": [
                { "id": "acme", "links_up": 2, "capacity": 100, "in_use": 37,
                  "queued": 12_304, "awaiting_receipt": 88, "doubtful": 0, "held": null, "closed": null,
                  "breaker": { "state": "closed" }, "since_start": { "submitted": 3_000 },
                  "last_minute": { "answers": 600, "refused": 3, "p50_seconds": 0.02, "p99_seconds": 0.045 } },
                { "id": "beta", "links_up": 0, "capacity": 0, "in_use": 0,
                  "queued": 0, "awaiting_receipt": 0, "doubtful": 2, "held": null, "closed": "carrier_down", "breaker": null,
                  "since_start": { "submitted": 0 },
                  "last_minute": { "answers": 0, "refused": 0, "p50_seconds": null, "p99_seconds": null } },
            ],
            "links": [
                { "id": "acme-1", "carrier": "acme", "state": "bound", "since": "2026-11-20T09:00:00.000Z",
                  "failures": 0, "last_error": null, "in_use": 20, "window": 50 },
                { "id": "acme-2", "carrier": "acme", "state": "bound", "since": "2026-11-20T09:00:00.000Z",
                  "failures": 0, "last_error": null, "in_use": 17, "window": 50 },
                { "id": "beta-1", "carrier": "beta", "state": "down", "since": "2026-11-20T09:30:00.000Z",
                  "failures": 7, "in_use": 0, "window": 10,
                  "last_error": { "error": "the bind was refused", "hint": "look at system_id and password" } },
            ],
            "routes": [{ "id": 8, "queued": 12_304 }],
            "queues": [{ "route_id": 8, "class": "otp", "account": "shop", "carrier": "acme", "parts": 12_304,
                         "delayed": 4, "throttled": 0, "oldest_age_seconds": 4.2 }],
            "webhooks": [{ "account": "shop", "url": "https://shop.example/sms", "state": "open", "pending": 250,
                           "success_share": 0.5, "p99_ms": 80 }],
        })
    }

    fn shown(now: &Value, before: Option<Before<'_>>, width: usize) -> String {
        Board::of(now, before).lines(&Look { width, height: 50, colours: false }).join("\n")
    }

    #[test]
    fn everything_that_an_operator_asks_first_is_on_the_board() {
        let expected = "\
nuncio 0.1.0, up 2 h
12,304 parts queued, the oldest for 4 s; 88 await a receipt, 2 are in doubt

CARRIER  LINKS  STATE  BREAKER  PARTS/S  IN FLIGHT  REFUSED    P99  QUEUED  RECEIPTS DUE
acme       2/2  open   closed      10.0     37/100    0.5 %  45 ms  12,304            88
beta       0/1  down   -            0.0        0/0        -      -       0             0

LINK    STATE  SINCE (UTC)          WINDOW  FAILURES  WHY
acme-1  bound  2026-11-20 09:00:00   20/50         0
acme-2  bound  2026-11-20 09:00:00   17/50         0
beta-1  down   2026-11-20 09:30:00    0/10         7  the bind was refused: look at system_id and password

ROUTE  CLASS  ACCOUNT  CARRIER   PARTS  OLDEST  DELAYED  THROTTLED
    8  otp    shop     acme     12,304     4 s        4          0

WEBHOOKS OF  STATE  PENDING  TAKEN    P99  URL
shop         open       250   50 %  80 ms  https://shop.example/sms";
        assert_eq!(shown(&snapshot(), None, usize::MAX), expected);
    }

    #[test]
    fn a_rate_is_told_since_the_moment_before() {
        let mut before = snapshot();
        before["carriers"][0]["since_start"]["submitted"] = json!(2_000);
        let told = shown(&snapshot(), Some(Before { stood: &before, seconds: 2.0 }), usize::MAX);
        assert!(told.contains("acme       2/2  open   closed     500.0"), "{told}");
    }

    #[test]
    fn a_narrow_terminal_loses_what_matters_least_and_no_line_is_too_long() {
        for width in [20, 40, 60, 80, 100] {
            let told = shown(&snapshot(), None, width);
            assert!(told.lines().all(|it| it.chars().count() <= width), "{width}:\n{told}");
            assert!(told.contains("acme-1") && told.contains("CARRIER") && told.contains("LINKS"), "{width}:\n{told}");
        }
        let told = shown(&snapshot(), None, 60);
        assert!(
            !told.contains("RECEIPTS DUE") && told.contains("PARTS/S") && told.contains("the bind was refused"),
            "{told}"
        );
    }

    #[test]
    fn colours_are_for_what_is_wrong_and_for_terminals() {
        let lines = Board::of(&snapshot(), None).lines(&Look { width: 120, height: 50, colours: true });
        let bad: Vec<&str> = lines.iter().filter(|it| it.starts_with("\x1b[31m")).map(|it| &it[5..11]).collect();
        assert_eq!(bad, ["beta  ", "beta-1"]);
        assert!(lines.iter().any(|it| it.starts_with("\x1b[33mshop")), "{lines:?}");
    }

    #[test]
    fn what_is_wrong_with_the_daemon_stands_in_the_head() {
        let mut now = snapshot();
        now["unready"] = json!("The daemon is stopping.");
        now["restored_held_messages"] = json!(1_000);
        let mut board = Board::of(&now, None);
        board.say_silent("the connection was refused.");
        let told = board.lines(&Look { width: 200, height: 50, colours: false }).join("\n");
        for line in
            ["NOT READY: The daemon is stopping.", "NO ANSWER: the connection", "1,000 parts of a restored store"]
        {
            assert!(told.contains(line), "{line}\n{told}");
        }
    }
}
