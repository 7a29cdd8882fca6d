//! Rust read as text, as far as the house rules need it: code without comments and literals, its
//! words, the paths that it names, its functions.

use std::collections::BTreeSet;

/// A word or a sign of code, and its line from 1.
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    pub(crate) line: usize,
}

pub(crate) fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    for (n, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = rest.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(rest.len());
            let pair = ["::", "->", "=>"].iter().any(|it| rest.starts_with(it));
            let len = if 0 < word {
                word
            } else if pair {
                2
            } else {
                first.len_utf8()
            };
            found.push(Token { text: &rest[..len], line: n + 1 });
            rest = rest[len..].trim_start();
        }
    }
    found
}

/// The place after the bracket that closes the one at `open`.
pub(crate) fn skip(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// All paths that begin with `crate`, `super` or `self`, from the crate's root, with their lines.
pub(crate) fn paths(module: &[String], code: &str) -> Vec<(usize, Vec<String>)> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    // The inline modules that are open, each with the depth of its brace.
    let (mut inner, mut depth, mut at): (Vec<(usize, String)>, usize, usize) = (Vec::new(), 0, 0);
    while at < tokens.len() {
        let here = || module.iter().cloned().chain(inner.iter().map(|(_, name)| name.clone())).collect::<Vec<_>>();
        match tokens[at].text {
            "{" => {
                depth += 1;
                if 2 <= at && tokens[at - 2].text == "mod" {
                    inner.push((depth, tokens[at - 1].text.to_owned()));
                }
            }
            "}" => {
                inner.pop_if(|(open, _)| *open == depth);
                depth -= 1;
            }
            "use" => {
                let (trees, end) = tree(&tokens, at + 1, &[]);
                found.extend(trees.iter().filter_map(|path| Some((tokens[at].line, absolute(&here(), path)?))));
                at = end;
                continue;
            }
            "crate" | "super" | "self" if tokens.get(at + 1).is_some_and(|it| it.text == "::") => {
                let (trees, end) = tree(&tokens, at, &[]);
                found.extend(trees.iter().filter_map(|path| Some((tokens[at].line, absolute(&here(), path)?))));
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The paths of one tree of imports, spelt out, and where it ends.
pub(crate) fn tree(tokens: &[Token<'_>], mut at: usize, before: &[String]) -> (Vec<Vec<String>>, usize) {
    let mut path = before.to_vec();
    while let Some(token) = tokens.get(at) {
        if token.text == "{" && tokens[at - 1].text == "::" {
            let (end, mut found) = (skip(tokens, at), Vec::new());
            at += 1;
            while at < end - 1 {
                if tokens[at].text == "," {
                    at += 1;
                    continue;
                }
                let (trees, next) = tree(tokens, at, &path);
                found.extend(trees);
                at = next.max(at + 1);
            }
            return (found, end);
        }
        let word = token.text.starts_with(|it: char| it.is_alphanumeric() || it == '_');
        if word && (path.len() == before.len() || tokens[at - 1].text == "::") {
            path.push(token.text.to_owned());
        } else if token.text != "::" {
            break;
        }
        at += 1;
    }
    (vec![path], at)
}

/// A path from the root of the crate; `None` where it leads out of the crate.
fn absolute(here: &[String], path: &[String]) -> Option<Vec<String>> {
    let mut whole = match path.first()?.as_str() {
        "crate" => Vec::new(),
        "super" | "self" => here.to_vec(),
        _ => return None,
    };
    for name in path {
        match name.as_str() {
            "crate" | "self" => {}
            "super" => drop(whole.pop()),
            other => whole.push(other.to_owned()),
        }
    }
    Some(whole)
}

/// One function of a file.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) lines: usize,
    /// How many it takes besides `self`.
    pub(crate) parameters: usize,
}

pub(crate) fn functions(tokens: &[Token<'_>]) -> Vec<Function> {
    let mut found = Vec::new();
    for at in (0..tokens.len()).filter(|at| tokens[*at].text == "fn") {
        let Some(name) = tokens.get(at + 1).filter(|it| it.text.starts_with(|c: char| c.is_alphabetic() || c == '_'))
        else {
            continue;
        };
        let Some(open) = (at + 2..tokens.len()).find(|it| tokens[*it].text == "(") else { continue };
        let close = skip(tokens, open);
        let body = (close..tokens.len()).find(|it| matches!(tokens[*it].text, "{" | ";"));
        let last = body.map_or(tokens.len(), |it| if tokens[it].text == "{" { skip(tokens, it) } else { it + 1 }) - 1;
        found.push(Function {
            name: name.text.to_owned(),
            line: tokens[at].line,
            lines: tokens[last].line + 1 - tokens[at].line,
            parameters: parameters(&tokens[open + 1..close - 1]),
        });
    }
    found
}

fn parameters(list: &[Token<'_>]) -> usize {
    let (mut depth, mut count, mut filled, mut own) = (0_i32, 0, false, false);
    for token in list {
        match token.text {
            "(" | "[" | "{" | "<" => depth += 1,
            ")" | "]" | "}" | ">" => depth -= 1,
            "self" if depth == 0 && count == 0 => own = true,
            _ => {}
        }
        if token.text == "," && depth == 0 {
            count += usize::from(std::mem::take(&mut filled));
        } else {
            filled = true;
        }
    }
    count + usize::from(filled) - usize::from(own)
}

/// A line of a test module after `without_tests`; no line of code has this sign.
pub(crate) const REMOVED: &str = "\u{1}";

/// Code without its `#[cfg(test)]` modules; the lines keep their numbers.
pub(crate) fn without_tests(code: &str) -> String {
    let found = tokens(code);
    let mut gone: BTreeSet<usize> = BTreeSet::new();
    for at in 0..found.len() {
        let text = |ahead: usize| found.get(at + ahead).map_or("", |it| it.text);
        let marked = ["#", "[", "cfg", "(", "test", ")", "]"].iter().enumerate().all(|(n, it)| text(n) == *it);
        if marked && let Some(open) = (at + 7..found.len()).find(|it| matches!(found[*it].text, "{" | ";")) {
            let end = if found[open].text == "{" { skip(&found, open) } else { open + 1 };
            gone.extend(found[at].line..=found[end - 1].line);
        }
    }
    let kept = code.lines().enumerate().map(|(n, line)| if gone.contains(&(n + 1)) { REMOVED } else { line });
    kept.collect::<Vec<_>>().join("\n")
}

/// The text with comments, strings and characters blanked; the lines keep their numbers.
pub(crate) fn blank(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = comment(rest).or_else(|| literal(rest, &code)).unwrap_or(0);
        if len == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.extend(rest[..len].chars().map(|it| if it == '\n' { '\n' } else { ' ' }));
            rest = &rest[len..];
        }
    }
    code
}

/// The length of the comment that a text begins with.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    let (mut depth, mut at) = (0_usize, 0);
    while text.starts_with("/*") && at < text.len() {
        match text.as_bytes().get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    (0 < at).then_some(at.min(text.len()))
}

/// The length of the string or character that a text begins with; `before` tells whether it begins here.
fn literal(text: &str, before: &str) -> Option<usize> {
    let inside = before.ends_with(|it: char| it.is_alphanumeric() || it == '_');
    let prefix = if inside { 0 } else { text.find(|it: char| !"bcr".contains(it))?.min(2) };
    let body = &text[prefix..];
    let hashes = body.len() - body.trim_start_matches('#').len();
    if text[..prefix].contains('r') && body[hashes..].starts_with('"') {
        let end = format!("\"{}", "#".repeat(hashes));
        let from = prefix + hashes + 1;
        return Some(text[from..].find(&end).map_or(text.len(), |it| from + it + end.len()));
    }
    let quote = body.chars().next().filter(|it| *it == '"' || *it == '\'')?;
    let mut chars = body.char_indices().skip(1);
    if quote == '\'' && !body[1..].starts_with('\\') && body.chars().nth(2) != Some('\'') {
        return None;
    }
    while let Some((at, it)) = chars.next() {
        if it == '\\' {
            chars.next();
        } else if it == quote {
            return Some(prefix + at + 1);
        }
    }
    Some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_nothing_else() {
        let blanked = |text: &str| blank(text).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(blanked("a /* b /* c */ d */ e // f\ng"), "a e g");
        assert_eq!(blanked(r##"a "b \" c" d r#"e " f"# g b"h" i"##), "a d g i");
        assert_eq!(blanked("a 'b' '\\'' &'c d b'\"' e"), "a &'c d e");
        assert_eq!(blanked("for x in barb\"a\""), "for x in barb");
    }
}
