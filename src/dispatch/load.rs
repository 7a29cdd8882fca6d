//! What the happenings of a beat name is brought into memory before the first of them is decided.

use crate::carrier::id::IdCandidate;
use crate::carrier::report::{News, Report};
use crate::dispatch::Dispatch;
use crate::dispatch::door::happening::{Ask, Cancellation, Feedback, Happening};
use crate::message::attempt::Answer;
use crate::message::id::{PartKey, Seq};
use crate::number::e164::E164;
use crate::record::contract::{Poisoned, Store};
use foldhash::fast::FixedState;
use std::collections::HashSet;

impl Dispatch {
    /// Brings into memory what the happenings name.
    pub(super) fn load<S: Store>(&mut self, happenings: &[Happening], store: &mut S) -> Result<(), Poisoned> {
        let (mut seqs, mut hashes) = (Vec::new(), Vec::new());
        let named = self.about_to_be_named(happenings);
        for happening in happenings {
            match happening {
                Happening::Ask(_, Ask::Cancel(Cancellation(_, message)) | Ask::Feedback(Feedback { message, .. })) => {
                    seqs.push(message.seq);
                }
                Happening::Ask(_, Ask::Forget(it)) => seqs.extend(&it.messages),
                Happening::Link(_, Report::Answered(ticket, _) | Report::Late(ticket, _)) => {
                    seqs.push(ticket.key().seq());
                }
                Happening::Link(_, Report::Queried(key, _)) => seqs.push(key.seq()),
                Happening::Link(link, Report::Inbound { news: News::Receipt(news), .. }) => {
                    let forms = self.habits.forms(&self.beat.plan, link.carrier, &news.ids);
                    // Answers are decided before the receipts that came with them.
                    let soon = |form: &IdCandidate| {
                        let named = |it| named.contains(&(form.rhash(link.carrier), it));
                        // What fits only when it is converted may yet fit better what is in the store.
                        !form.converted && news.handset.is_some_and(named)
                    };
                    if !forms.iter().any(soon) && !self.is_certain(link.carrier, &forms, news.whom()) {
                        hashes.extend(forms.iter().map(|it| it.rhash(link.carrier)));
                    }
                    if let Some((handset, _)) = news.whom().pair() {
                        seqs.extend(self.owed.doubtful_for(link.carrier, handset).take(1).map(PartKey::seq));
                    }
                }
                _ => (),
            }
        }
        self.bring(seqs, store)?;
        hashes.sort_unstable();
        hashes.dedup();
        if !hashes.is_empty() {
            store.by_rhash(&hashes)?.into_iter().for_each(|it| self.set.admit(it));
        }
        Ok(())
    }

    /// Brings messages into memory that are not there.
    pub(super) fn bring<S: Store>(
        &mut self,
        seqs: impl IntoIterator<Item = Seq>,
        store: &mut S,
    ) -> Result<(), Poisoned> {
        let mut seqs: Vec<Seq> = seqs.into_iter().filter(|it| !self.set.holds(*it)).collect();
        seqs.sort_unstable();
        seqs.dedup();
        if !seqs.is_empty() {
            store.load(&seqs)?.into_iter().for_each(|it| self.set.admit(it));
        }
        Ok(())
    }

    /// The names that answers among the happenings give to parts in memory, and the parts' recipients.
    fn about_to_be_named(&self, happenings: &[Happening]) -> HashSet<(u64, E164), FixedState> {
        let name = |happening: &Happening| {
            let Happening::Link(link, Report::Answered(ticket, answered)) = happening else { return None };
            let id = answered.carrier_message_id.as_ref().filter(|_| answered.answer == Answer::Taken)?;
            let attempt = self.set.part(ticket.key())?.attempt.as_ref()?;
            let destination = self.set.get(ticket.key().seq())?.entry.body.destination;
            (attempt.number == ticket.number()).then(|| (id.rhash(link.carrier), destination))
        };
        happenings.iter().filter_map(name).collect()
    }
}
