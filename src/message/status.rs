//! What the customer is told: seven words, and no others leave the gateway.

closed_set! {
    /// The normalised status of a part, a message or a receipt.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[expect(missing_docs, reason = "the words are the customer's own")]
    pub enum Status: all, number, from_number, word, from_word {
        Queued = 0 "QUEUED",
        Sent = 1 "SENT",
        Delivered = 2 "DELIVERED",
        Failed = 3 "FAILED",
        Expired = 4 "EXPIRED",
        Unknown = 5 "UNKNOWN",
        Cancelled = 6 "CANCELLED",
    }
}

impl Status {
    /// Whether nothing more is expected.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Sent)
    }

    /// The status of a message from those of its parts: any failed part fails it, and it is delivered when all are.
    /// A part that expired or ended without news may still be corrected, so it decides only when no part is open.
    /// Cancelled parts do not count beside others: the carrier that took the message cut it into fewer.
    pub fn of_parts(parts: impl Iterator<Item = Self>) -> Self {
        let (mut seen, mut count) = ([0_usize; Self::ALL.len()], 0);
        for status in parts {
            seen[usize::from(status.number())] += 1;
            count += usize::from(status != Self::Cancelled);
        }
        let any = |it: Self| 0 < seen[usize::from(it.number())];
        let ended = [Self::Expired, Self::Unknown].into_iter().find(|it| any(*it));
        let open = any(Self::Queued) || any(Self::Sent);
        match ended {
            _ if any(Self::Failed) => Self::Failed,
            Some(status) if !open => status,
            None if count == 0 => Self::Cancelled,
            None if seen[usize::from(Self::Delivered.number())] == count => Self::Delivered,
            None if seen[usize::from(Self::Queued.number())] == count => Self::Queued,
            _ => Self::Sent,
        }
    }
}

/// How many messages of an order stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals([u64; Status::ALL.len()]);

impl Totals {
    /// Those of an order of which nothing has left.
    pub const fn queued(count: u64) -> Self {
        let mut totals = [0; Status::ALL.len()];
        totals[Status::Queued.number() as usize] = count;
        Self(totals)
    }

    /// One message is another than before.
    pub const fn change(&mut self, before: Status, after: Status) {
        let of = &mut self.0[before.number() as usize];
        *of = of.saturating_sub(1);
        self.add(after);
    }

    /// Counts one message.
    pub const fn add(&mut self, status: Status) {
        self.0[status.number() as usize] += 1;
    }

    /// Counts those, too.
    pub fn add_all(&mut self, more: &Self) {
        self.0.iter_mut().zip(more.0).for_each(|(own, its)| *own += its);
    }

    /// How many have this status.
    pub const fn of(&self, status: Status) -> u64 {
        self.0[status.number() as usize]
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// How many may still change: queued and sent.
    pub const fn pending(&self) -> u64 {
        self.of(Status::Queued) + self.of(Status::Sent)
    }

    /// How the whole order stands.
    pub fn status(&self) -> OrderStatus {
        let (total, delivered) = (self.total(), self.of(Status::Delivered));
        if self.of(Status::Queued) == total {
            OrderStatus::Queued
        } else if 0 < self.pending() {
            OrderStatus::InProgress
        } else if delivered == total {
            OrderStatus::Completed
        } else if self.of(Status::Cancelled) == total {
            OrderStatus::Cancelled
        } else if 0 < delivered {
            OrderStatus::Partial
        } else {
            OrderStatus::Failed
        }
    }
}

closed_set! {
    /// How an order stands.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum OrderStatus: all, word {
        /// Nothing of it has left.
        Queued "QUEUED",
        /// Something of it may still change.
        InProgress "IN_PROGRESS",
        /// All of it arrived.
        Completed "COMPLETED",
        /// It has ended, and some of it arrived.
        Partial "PARTIAL",
        /// It has ended, and nothing of it arrived.
        Failed "FAILED",
        /// All of it was taken back.
        Cancelled "CANCELLED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_what_its_parts_are() {
        use crate::message::phase::Phase::{
            Cancelled, Delivered, Doubtful, Expired, Failed, Intended, Queued, Sent, Unknown,
        };
        for (parts, status) in [
            (&[Queued][..], Status::Queued),
            (&[Intended, Queued], Status::Queued),
            (&[Sent, Queued], Status::Sent),
            (&[Doubtful], Status::Sent),
            (&[Delivered, Queued], Status::Sent),
            (&[Delivered, Delivered], Status::Delivered),
            (&[Delivered, Failed, Sent], Status::Failed),
            (&[Expired, Delivered], Status::Expired),
            (&[Unknown, Delivered], Status::Unknown),
            (&[Unknown, Sent], Status::Sent),
            (&[Expired, Queued], Status::Sent),
            (&[Cancelled, Cancelled], Status::Cancelled),
            (&[Delivered, Cancelled], Status::Delivered),
            (&[Queued, Cancelled], Status::Queued),
        ] {
            assert_eq!(Status::of_parts(parts.iter().map(|it| it.status())), status, "{parts:?}");
        }
    }

    #[test]
    fn an_order_is_what_its_messages_are() {
        let order = |statuses: &[Status]| {
            let mut totals = Totals::default();
            statuses.iter().for_each(|it| totals.add(*it));
            assert_eq!(totals.total(), statuses.len() as u64);
            totals.status().word()
        };
        assert_eq!(order(&[Status::Queued, Status::Queued]), "QUEUED");
        assert_eq!(order(&[Status::Queued, Status::Failed]), "IN_PROGRESS");
        assert_eq!(order(&[Status::Delivered, Status::Delivered]), "COMPLETED");
        assert_eq!(order(&[Status::Delivered, Status::Unknown]), "PARTIAL");
        assert_eq!(order(&[Status::Expired, Status::Failed]), "FAILED");
        assert_eq!(order(&[Status::Cancelled]), "CANCELLED");
    }
}
