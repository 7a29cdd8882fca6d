//! What is shown: a line for each message, or a story whose sentences are broken to the width of the terminal.

use crate::gateway::ask::terminal;
use crate::gateway::ask::words::text;
use serde_json::Value;
use std::io::{self, Write};

/// The width where there is no terminal.
const WIDTH: usize = 100;
/// Narrower than this nothing is readable.
const WIDTH_MIN: usize = 60;
/// A time, and two blanks.
const INDENT: usize = 26;

/// How wide it may be.
pub(in crate::gateway) struct Page {
    width: usize,
}

impl Page {
    pub(in crate::gateway) fn new() -> Self {
        let width = terminal::size(&io::stdout()).map_or(WIDTH, |it| it.0);
        Self { width: width.max(WIDTH_MIN) }
    }

    /// One line for each message.
    pub(super) fn list(&self, messages: &[Value], out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{:36}  {:20}  {:9}  {:16}  {:12}  WHY", "ID", "ACCEPTED", "STATUS", "TO", "ACCOUNT")?;
        for it in messages {
            let (id, status, to, account) =
                (text(&it["id"]), text(&it["status"]), text(&it["to"]), text(&it["account"]));
            // To the second: the story has the rest.
            let accepted = text(&it["created_at"]).split('.').next().unwrap_or_default();
            let why = it["error"]["code"].as_str().unwrap_or_default();
            let line = format!("{id:36}  {:20}  {status:9}  {to:16}  {account:12}  {why}", format!("{accepted}Z"));
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    /// A story: its time before each sentence, what comes next behind them.
    pub(in crate::gateway) fn story(&self, story: &Value, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}  to {}  {}\n", text(&story["id"]), text(&story["to"]), text(&story["status"]))?;
        self.lines(&story["story"], out)?;
        if story["next"].as_array().is_some_and(|it| !it.is_empty()) {
            writeln!(out, "\nNext:")?;
            self.lines(&story["next"], out)?;
        }
        Ok(())
    }

    fn lines(&self, lines: &Value, out: &mut dyn Write) -> io::Result<()> {
        for line in lines.as_array().into_iter().flatten() {
            let mut before = line["at"].as_str().unwrap_or("now");
            for piece in wrap(text(&line["text"]), self.width - INDENT) {
                writeln!(out, "{before:24}  {piece}")?;
                before = "";
            }
        }
        Ok(())
    }
}

/// A sentence in lines of at most `width` characters, broken at blanks; a word that is longer stays whole.
fn wrap(sentence: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut left = width;
    for word in sentence.split(' ') {
        let count = word.chars().count();
        let line = lines.last_mut().expect("there is the first");
        if line.is_empty() {
            line.push_str(word);
            left = width.saturating_sub(count);
        } else if count < left {
            line.push(' ');
            line.push_str(word);
            left -= count + 1;
        } else {
            lines.push(word.to_owned());
            left = width.saturating_sub(count);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sentences_are_broken_at_blanks_and_long_words_are_kept() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("one two three", 6), ["one", "two", "three"]);
        assert_eq!(wrap("été où", 6), ["été où"]);
        assert_eq!(wrap("averylongword is one", 5), ["averylongword", "is", "one"]);
    }

    #[test]
    fn a_story_has_its_times_in_front_and_what_comes_next_behind() {
        let story = json!({
            "id": "7", "to": "+316", "status": "SENT",
            "story": [{ "at": "2026-11-20T10:00:00.123Z", "text": "It was accepted by somebody who had asked for a lot of things." }],
            "next": [{ "at": null, "text": "It waits." }],
        });
        let mut told = Vec::new();
        Page { width: 62 }.story(&story, &mut told).expect("memory takes it");
        let expected = "7  to +316  SENT\n\n2026-11-20T10:00:00.123Z  It was accepted by somebody who had\n\
                        \u{20}                         asked for a lot of things.\n\nNext:\nnow                       It waits.\n";
        assert_eq!(String::from_utf8(told).expect("it is a text"), expected);
    }
}
