//! Who gets what by an earlier line of a file, so that nobody gets the same twice by two of its orders.
//!
//! Within one order recipients are compared as those of any request are.

use crate::api::submit::fingerprint;
use crate::api::submit::quote::Quote;
use crate::api::submit::recipients::Duplicate;
use crate::api::submit::request::Targets;
use crate::dispatch::door::happening::Submission;
use std::collections::HashSet;

/// Octets that one takes, about.
pub(super) const SEEN_OCTETS: usize = 32;

/// 16 octets of the digest of what a recipient gets.
type Print = [u8; 16];

/// Who gets what; nothing where one order is all, or who stands twice gets it twice.
pub(super) struct Seen(Option<HashSet<Print>>);

impl Seen {
    pub(super) fn new(compares: bool) -> Self {
        Self(compares.then(HashSet::new))
    }

    /// Leaves out who has got the same by an order before. What the others get is returned, with their places: it joins
    /// what is seen once it is accepted.
    pub(super) fn leave_out<'q>(
        &self,
        targets: &Targets<'q>,
        (quote, submission): (&mut Quote<'q>, &mut Submission),
    ) -> Vec<(usize, Print)> {
        let Some(seen) = &self.0 else { return Vec::new() };
        let (mut prints, mut again) = (Vec::with_capacity(quote.lines.len()), Vec::new());
        for (line, recipient) in quote.lines.iter().zip(&submission.recipients) {
            let print = fingerprint::digest(|it| {
                it.member("to", Some(&recipient.destination.0.to_le_bytes()));
                it.member("text", Some(recipient.text.as_bytes()));
                it.member("client_ref", recipient.client_ref.as_deref().map(str::as_bytes));
            });
            let print = *print.first_chunk().expect("a digest has more octets");
            if seen.contains(&print) { again.push(line.at) } else { prints.push((line.at, print)) }
        }
        let is_again = |at: usize| again.binary_search(&at).is_ok();
        let mut kept = quote.lines.iter().map(|it| !is_again(it.at)).collect::<Vec<_>>().into_iter();
        submission.recipients.retain(|_| kept.next().unwrap_or(true));
        for it in quote.lines.extract_if(.., |it| is_again(it.at)) {
            quote.duplicates.push(Duplicate { at: it.at, to: targets.written(it.at), pointer: "".into() });
        }
        quote.duplicates.sort_unstable_by_key(|it| it.at);
        prints
    }

    /// These get theirs: of what was compared, who is still there.
    pub(super) fn accept(&mut self, prints: Vec<(usize, Print)>, quote: &Quote<'_>) {
        let Some(seen) = &mut self.0 else { return };
        let left = |at: usize| quote.lines.binary_search_by_key(&at, |it| it.at).is_ok();
        seen.extend(prints.into_iter().filter(|it| left(it.0)).map(|it| it.1));
    }
}
