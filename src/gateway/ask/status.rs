//! `nuncio status`: how a running gateway stands, once, again and again, or live on a terminal.

use crate::gateway::ask::AskError;
use crate::gateway::ask::board::{Before, Board, Look};
use crate::gateway::ask::local_client::{Door, LocalClient};
use crate::gateway::ask::options::Status;
use crate::gateway::ask::terminal::{Ending, Screen, cut};
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// A terminal is drawn anew so often, where nothing else is asked for.
const LIVE_EVERY: Duration = Duration::from_secs(1);

/// Shows how a gateway stands.
pub async fn status(asked: &Status, out: &mut impl Write) -> Result<(), AskError> {
    let is_terminal = std::io::stdout().is_terminal();
    match asked.every {
        None if is_terminal && !asked.json && !asked.once => live(asked, LIVE_EVERY, out).await,
        Some(every) if is_terminal && !asked.json && !asked.once => live(asked, every, out).await,
        Some(every) if !asked.once => lines(asked, every, out).await,
        _ => {
            let mut door = LocalClient::open(&asked.place, Door::Admin).await?;
            let now = snapshot(&mut door).await?;
            write(asked, &now, None, out)
        }
    }
}

/// What is shown, from the listener of operators.
async fn snapshot(door: &mut LocalClient) -> Result<Value, AskError> {
    let mut now = door.get("/statusz").await?;
    for name in ["carriers", "links", "routes", "queues", "webhooks"] {
        let mut page = door.get(&format!("/admin/v1/{name}")).await?;
        now[name] = page["data"].take();
    }
    // Their calls are a page of their own.
    for endpoint in now["webhooks"].as_array_mut().into_iter().flatten() {
        _ = endpoint.as_object_mut().and_then(|it| it.remove("calls"));
    }
    Ok(now)
}

fn write(asked: &Status, now: &Value, before: Option<Before<'_>>, out: &mut impl Write) -> Result<(), AskError> {
    if asked.json {
        writeln!(out, "{now}")?;
    } else {
        let board = Board::of(now, before);
        board.lines(&Look::of_output()).iter().try_for_each(|it| writeln!(out, "{it}"))?;
    }
    out.flush()?;
    Ok(())
}

/// One below the other, until somebody ends it.
async fn lines(asked: &Status, every: Duration, out: &mut impl Write) -> Result<(), AskError> {
    let mut door = LocalClient::open(&asked.place, Door::Admin).await?;
    let (mut before, mut ticks, mut ending) = (None::<(Value, Instant)>, ticks(every), Ending::new()?);
    loop {
        let next = async {
            ticks.tick().await;
            snapshot(&mut door).await
        };
        let now = tokio::select! {
            now = next => now?,
            () = ending.wanted() => return Ok(()),
        };
        let at = Instant::now();
        if before.is_some() && !asked.json {
            writeln!(out)?;
        }
        let earlier = before.as_ref().map(|(stood, then)| Before { stood, seconds: (at - *then).as_secs_f64() });
        write(asked, &now, earlier, out)?;
        before = Some((now, at));
    }
}

fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// In place, until somebody ends it. A gateway that does not answer is asked again, and what it said last stays.
async fn live(asked: &Status, every: Duration, out: &mut impl Write) -> Result<(), AskError> {
    // What is wrong with the key or the configuration is said before anything is drawn.
    let mut door = Some(LocalClient::open(&asked.place, Door::Admin).await?);
    let mut last = snapshot(door.as_mut().expect("it is open")).await?;
    let (mut before, mut silent, mut ticks, mut ending) = (None, None, ticks(every), Ending::new()?);
    let (mut at, mut screen) = (Instant::now(), Screen::begin(out)?);
    ticks.reset();
    loop {
        let earlier = before.as_ref().map(|(stood, seconds)| Before { stood, seconds: *seconds });
        screen.draw(&picture(&last, earlier, silent.as_deref()))?;
        let next = async {
            ticks.tick().await;
            again(&mut door, asked).await
        };
        let next = tokio::select! {
            next = next => next,
            () = ending.wanted() => return Ok(()),
        };
        match next {
            Ok(now) => {
                let then = std::mem::replace(&mut at, Instant::now());
                before = Some((std::mem::replace(&mut last, now), (at - then).as_secs_f64()));
                silent = None;
            }
            Err(AskError::Key(why)) => return Err(AskError::Key(why)),
            Err(why) => (door, silent) = (None, Some(why.to_string())),
        }
    }
}

async fn again(door: &mut Option<LocalClient>, asked: &Status) -> Result<Value, AskError> {
    let door = match door {
        Some(open) => open,
        None => door.insert(LocalClient::open(&asked.place, Door::Admin).await?),
    };
    snapshot(door).await
}

fn picture(now: &Value, before: Option<Before<'_>>, silent: Option<&str>) -> Vec<String> {
    let look = Look::of_output();
    let mut now = now.clone();
    if let Some(why) = silent {
        now["silent"] = json!(why);
    }
    let mut lines = Board::of(&now, before).lines(&look);
    if look.height < lines.len() {
        lines.truncate(look.height.saturating_sub(1));
        lines.push(cut("… there is more: make the window taller, or use --once", look.width));
    }
    lines
}
