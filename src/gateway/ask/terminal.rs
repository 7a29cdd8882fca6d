//! What a terminal can show, and that it is left as it was.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;

/// Another screen, without a cursor; and the one of before.
const BEGIN: &str = "\x1b[?1049h\x1b[?25l";
const END: &str = "\x1b[?25h\x1b[?1049l";
/// The first place of the screen; nothing on the rest of a line; nothing on all lines from here on.
const HOME: &str = "\x1b[H";
pub(super) const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_REST: &str = "\x1b[J";

/// Columns and lines of the terminal that something is shown on; nothing where it is none.
pub(super) fn size(shown_on: &(impl AsFd + IsTerminal)) -> Option<(usize, usize)> {
    let size = shown_on.is_terminal().then(|| rustix::termios::tcgetwinsize(shown_on).ok()).flatten()?;
    (size.ws_col != 0 && size.ws_row != 0).then(|| (size.ws_col.into(), size.ws_row.into()))
}

/// A text of at most so many characters.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// A screen of its own, which ends with this.
pub(super) struct Screen<W: Write>(W);

impl<W: Write> Screen<W> {
    pub(super) fn begin(mut out: W) -> io::Result<Self> {
        out.write_all(BEGIN.as_bytes())?;
        Ok(Self(out))
    }

    /// Shows these lines and nothing else. A line is cleared before it is written: behind a full one there is no place.
    pub(super) fn draw(&mut self, lines: &[String]) -> io::Result<()> {
        write!(self.0, "{HOME}{CLEAR_LINE}{}{CLEAR_REST}", lines.join(&format!("\r\n{CLEAR_LINE}")))?;
        self.0.flush()
    }
}

impl<W: Write> Drop for Screen<W> {
    fn drop(&mut self) {
        // A terminal that is gone has nothing to be put right.
        _ = self.0.write_all(END.as_bytes()).and_then(|()| self.0.flush());
    }
}
