//! Which part a receipt is about. This only reads.
//!
//! A receipt finds its part by the carrier's id, in every form that the id may have; where two
//! parts fit, the recipient, then the form that is most trusted, then how it is written, then the newer one
//! decides. A part that has ended counts like any other: a receipt that comes twice is about the same both times.

use crate::carrier::id::{IdCandidate, Nearness, Relation};
use crate::carrier::report::ReceiptNews;
use crate::carrier::sender;
use crate::carrier::whom::Whom;
use crate::dispatch::Dispatch;
use crate::dispatch::tried::attempts_of;
use crate::message::attempt::Attempt;
use crate::message::id::{CarrierId, PartKey};
use crate::message::source::Source;
use crate::number::e164::E164;

/// A part that a receipt may be about, and which of its attempts.
pub(crate) struct Match {
    pub(crate) key: PartKey,
    pub(crate) number: u8,
    pub(crate) exact: bool,
    pub(crate) fits_handset: bool,
    /// It is said to be about somebody else.
    pub(crate) another: bool,
    pub(crate) nearness: Nearness,
    pub(crate) relation: Option<Relation>,
}

impl Dispatch {
    pub(crate) fn find(&self, carrier: CarrierId, forms: &[IdCandidate], whom: Whom<'_>) -> Option<Match> {
        // An id as written is believed, but of another recipient whose part may have got it anew; one that was
        // converted only where the recipient fits.
        let anew = self.is_unnamed_for(carrier, whom);
        let believed = |it: &Match| it.exact && !(it.another && anew);
        let candidates = self.candidates(carrier, forms, whom).filter(|(_, it)| it.fits_handset || believed(it));
        let best = candidates.max_by_key(|(rank, it)| {
            (it.fits_handset, it.exact, std::cmp::Reverse(*rank), it.nearness, it.key, it.number)
        });
        best.map(|(_, it)| it)
    }

    /// Whether a carrier has a part for the recipient that a receipt names, or may have one, of which it is not known
    /// how the carrier calls it, though it may have been sent again or have ended since. One that counts anew calls it
    /// as it has called another.
    fn is_unnamed_for(&self, carrier: CarrierId, whom: Whom<'_>) -> bool {
        let on_a_link = |it: E164| self.carriers.get(&carrier).is_some_and(|at| at.pinned.contains_key(&it));
        whom.pair().is_some_and(|(it, _)| on_a_link(it) || self.owed.is_unnamed(carrier, it))
    }

    /// The parts in memory that one of the forms names, with the rank of the form.
    pub(super) fn candidates(
        &self,
        carrier: CarrierId,
        forms: &[IdCandidate],
        whom: Whom<'_>,
    ) -> impl Iterator<Item = (usize, Match)> {
        forms.iter().enumerate().flat_map(move |(rank, form)| {
            let named = self.set.by_rhash(form.rhash(carrier));
            named.filter_map(move |key| self.fit(key, carrier, form, whom)).map(move |it| (rank, it))
        })
    }

    /// Whether an id fits as it is written, or as this carrier is known to write them.
    fn is_near(&self, carrier: CarrierId, found: &Match) -> bool {
        found.exact && (found.nearness == Nearness::Verbatim || self.habits.is_loose(carrier))
    }

    /// Whether memory alone says for certain which part a receipt is about: none that has ended and is in the
    /// store alone can fit better.
    pub(crate) fn is_certain(&self, carrier: CarrierId, forms: &[IdCandidate], whom: Whom<'_>) -> bool {
        self.find(carrier, forms, whom).is_some_and(|it| it.fits_handset && self.is_near(carrier, &it))
    }

    fn fit(&self, key: PartKey, carrier: CarrierId, form: &IdCandidate, whom: Whom<'_>) -> Option<Match> {
        let entry = &self.set.get(key.seq())?.entry;
        let name = |it: &'_ Attempt| {
            let id = it.carrier_message_id.as_ref().filter(|id| it.link.carrier == carrier && form.fits(id))?;
            Some((form.nearness(id), it.number))
        };
        let (nearness, number) = attempts_of(entry, key).filter_map(name).max()?;
        let fits_handset = whom.fits(entry.body.destination);
        let another = !fits_handset && whom.is_another(entry.body.destination, &entry.body.source);
        // What was learned yields to a receipt that names another handset.
        let learned = form
            .relation
            .is_some_and(|it| it != Relation::Same && self.habits.relation(&self.beat.plan, carrier) == Some(it));
        let (exact, relation) = (!(form.converted || learned && another), form.relation);
        Some(Match { key, number, exact, fits_handset, another, nearness, relation })
    }

    /// The one part in doubt that a receipt may be about by its recipient and sender.
    pub(super) fn find_doubtful(&self, carrier: CarrierId, news: &ReceiptNews) -> Option<PartKey> {
        let (handset, sender) = news.whom().pair().filter(|_| !news.receipt.raw_status.is_empty())?;
        let only = self.only_doubt(carrier, handset)?;
        let held = self.set.get(only.seq())?;
        (*self.sender_at(carrier, &held.entry.body.source) == *sender).then_some(only)
    }

    /// The part in doubt at a carrier for a handset, where a receipt under an unknown name can be
    /// about nothing else: no other part is in doubt or on a link there, and no other attempt
    /// was ever left without an outcome.
    pub(super) fn only_doubt(&self, carrier: CarrierId, handset: E164) -> Option<PartKey> {
        let on_a_link = || self.carriers.get(&carrier).is_some_and(|it| it.pinned.contains_key(&handset));
        self.owed.only_doubt(carrier, handset).filter(|_| !on_a_link())
    }

    /// A sender as the receipts of a carrier have it.
    pub(super) fn sender_at(&self, carrier: CarrierId, source: &Source) -> Box<str> {
        let dialect = self.beat.plan.carriers.get(&carrier).map(|it| &it.dialect);
        dialect.map_or_else(|| source.octets().into(), |it| sender::as_returned(source, it).into())
    }
}
