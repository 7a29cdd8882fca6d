//! `nuncio status`: how a running gateway stands, once, again and again, or live on a terminal.

use crate::gateway::ask::AskError;
use crate::gateway::ask::board::{Before, Board, Look};
use crate::gateway::ask::local_client::{Door, LocalClient};
use crate::gateway::ask::options::Status;
use crate::gateway::ask::terminal::{Screen, cut};
use crate::gateway::ending::Ending;
use crate::gateway::runtime::block_on;
use serde_json::Value;
use std::io::{IsTerminal, Write};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// A terminal is drawn anew so often, where nothing else is asked for.
const LIVE_EVERY: Duration = Duration::from_secs(1);

/// Shows how a gateway stands.
pub fn status(asked: &Status, out: &mut dyn Write) -> Result<(), AskError> {
    block_on(show(asked, out))
}

async fn show(asked: &Status, out: &mut dyn Write) -> Result<(), AskError> {
    if std::io::stdout().is_terminal() && !asked.json && !asked.once {
        return live(asked, asked.every.unwrap_or(LIVE_EVERY), out).await;
    }
    if let Some(every) = asked.every {
        return lines(asked, every, out).await;
    }
    let mut door = LocalClient::open(&asked.place, Door::Admin).await?;
    write(asked, &Moment::of(&mut door).await?, None, out)
}

/// How a gateway stood, and when that was.
struct Moment {
    stood: Value,
    at: Instant,
}

impl Moment {
    /// What is shown, from the listener of operators.
    async fn of(door: &mut LocalClient) -> Result<Self, AskError> {
        let mut stood = door.get("/statusz").await?;
        for name in ["carriers", "links", "routes", "queues", "webhooks"] {
            let mut page = door.get(&format!("/admin/v1/{name}")).await?;
            stood[name] = page["data"].take();
        }
        // Their calls are a page of their own.
        for endpoint in stood["webhooks"].as_array_mut().into_iter().flatten() {
            _ = endpoint.as_object_mut().and_then(|it| it.remove("calls"));
        }
        Ok(Self { stood, at: Instant::now() })
    }

    fn board(&self, before: Option<&Self>) -> Board {
        let earlier = |it: &'_ Self| (self.at - it.at).as_secs_f64();
        Board::of(&self.stood, before.map(|it| Before { stood: &it.stood, seconds: earlier(it) }))
    }
}

fn write(asked: &Status, now: &Moment, before: Option<&Moment>, out: &mut dyn Write) -> Result<(), AskError> {
    if asked.json {
        writeln!(out, "{}", now.stood)?;
    } else {
        now.board(before).lines(&Look::of_output()).iter().try_for_each(|it| writeln!(out, "{it}"))?;
    }
    out.flush()?;
    Ok(())
}

/// One below the other, until somebody ends it.
async fn lines(asked: &Status, every: Duration, out: &mut dyn Write) -> Result<(), AskError> {
    let mut door = LocalClient::open(&asked.place, Door::Admin).await?;
    let (mut before, mut ticks, mut ending) = (None, ticks(every), Ending::new()?);
    loop {
        let next = async {
            ticks.tick().await;
            Moment::of(&mut door).await
        };
        let now = tokio::select! {
            now = next => now?,
            () = ending.wanted() => return Ok(()),
        };
        if before.is_some() && !asked.json {
            writeln!(out)?;
        }
        write(asked, &now, before.as_ref(), out)?;
        before = Some(now);
    }
}

fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// In place, until somebody ends it. A gateway that does not answer is asked again, and what it said last stays.
async fn live(asked: &Status, every: Duration, out: &mut dyn Write) -> Result<(), AskError> {
    // What is wrong with the key or the configuration is said before anything is drawn.
    let mut door = None;
    let mut last = again(&mut door, asked).await?;
    let (mut before, mut silent, mut ticks, mut ending) = (None, None::<String>, ticks(every), Ending::new()?);
    let mut screen = Screen::begin(out)?;
    ticks.reset();
    loop {
        let mut board = last.board(before.as_ref());
        if let Some(why) = &silent {
            board.say_silent(why);
        }
        screen.draw(&fitted(&board))?;
        let next = async {
            ticks.tick().await;
            again(&mut door, asked).await
        };
        let next = tokio::select! {
            next = next => next,
            () = ending.wanted() => return Ok(()),
        };
        match next {
            Ok(now) => (before, silent) = (Some(std::mem::replace(&mut last, now)), None),
            Err(AskError::Key(why)) => return Err(AskError::Key(why)),
            Err(why) => (door, silent) = (None, Some(why.to_string())),
        }
    }
}

async fn again(door: &mut Option<LocalClient>, asked: &Status) -> Result<Moment, AskError> {
    let door = match door {
        Some(open) => open,
        None => door.insert(LocalClient::open(&asked.place, Door::Admin).await?),
    };
    Moment::of(door).await
}

/// What of it fits on the screen.
fn fitted(board: &Board) -> Vec<String> {
    let look = Look::of_output();
    let mut lines = board.lines(&look);
    if look.height < lines.len() {
        lines.truncate(look.height.saturating_sub(1));
        lines.push(cut("… there is more: make the window taller, or use --once", look.width));
    }
    lines
}
