//! Pages for people: one file each, with its style in it, that loads nothing and runs nothing.

use std::fmt::Write;

const STYLE: &str = include_str!("page.css");

/// A page with a title.
pub(super) fn page(title: &str, body: &str) -> Vec<u8> {
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
    .into()
}

/// A text as it stands in HTML, in elements and in attributes.
pub(super) fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut to, it| {
        match it {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&quot;"),
            it => to.push(it),
        }
        to
    })
}

/// Paragraphs between empty lines.
pub(super) fn paragraphs(text: &str) -> String {
    text.trim().split("\n\n").fold(String::new(), |mut to, it| {
        writeln!(to, "<p>{}</p>", sentence(it)).expect("a string takes all");
        to
    })
}

/// A sentence, with what stands in backticks as code and between two pairs of asterisks strong.
pub(super) fn sentence(text: &str) -> String {
    let mut to = String::new();
    for (at, piece) in text.split('`').enumerate() {
        if at % 2 == 1 {
            write!(to, "<code>{}</code>", escaped(piece)).expect("a string takes all");
            continue;
        }
        for (at, it) in piece.split("**").enumerate() {
            let it = escaped(it);
            match at % 2 {
                1 => write!(to, "<strong>{it}</strong>"),
                _ => write!(to, "{it}"),
            }
            .expect("a string takes all");
        }
    }
    to
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_shown_and_not_obeyed() {
        assert_eq!(sentence("**a** `<b>` & \"c\""), "<strong>a</strong> <code>&lt;b&gt;</code> &amp; &quot;c&quot;");
        assert_eq!(paragraphs("a\n\nb\n"), "<p>a</p>\n<p>b</p>\n");
    }
}
