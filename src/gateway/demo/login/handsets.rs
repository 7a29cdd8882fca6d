//! What the simulated carriers took, and what handsets got of it.

use crate::gateway::demo::login::teller::Teller;
use crate::simulator::carrier::SimulatedCarrier;
use crate::text::Alphabet;
use crate::text::decode;
use crate::text::udh::Udh;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::sleep_until;

/// Messages that are remembered; the oldest goes.
const KEPT_MAX: usize = 200;
/// Messages that may be on their way to handsets; a carrier that has more waits.
const UNDER_WAY_MAX: usize = 1_024;

/// A message on its way to a handset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sms {
    /// With its plus.
    pub(super) number: String,
    pub(super) text: String,
    pub(super) carrier: &'static str,
    /// When the carrier took it.
    pub(super) taken: Instant,
    /// Whether the handset has it.
    pub(super) arrived: bool,
}

/// All handsets there are.
#[derive(Clone, Default)]
pub(super) struct Handsets(Arc<Mutex<VecDeque<Sms>>>);

impl Handsets {
    /// Hears what a carrier takes, and delivers it after a time, or never.
    pub(super) async fn watch(
        self,
        (carrier, name): (SimulatedCarrier, &'static str),
        delivers: Option<Duration>,
        teller: Teller,
    ) {
        let (way, arriving) = mpsc::channel(UNDER_WAY_MAX);
        let hear = async {
            loop {
                carrier.await_noted().await;
                for submit in carrier.take_submits().iter().filter(|it| it.is_taken()) {
                    let text = decode(submit.data_coding, Udh::of_elements(&[]), &submit.text, Alphabet::Gsm7);
                    let number = format!("+{}", submit.destination);
                    let sms = Sms { number, text, carrier: name, taken: submit.at, arrived: false };
                    teller.tell(self.took(&sms)).await;
                    if delivers.is_some() {
                        _ = way.send(sms).await;
                    }
                }
            }
        };
        tokio::select! {
            () = hear => (),
            () = self.deliver(delivers, arriving, &teller) => (),
        }
    }

    /// A carrier has taken a message; says what that means.
    fn took(&self, sms: &Sms) -> String {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.iter().rev().find(|it| it.number == sms.number);
        let (number, carrier) = (&sms.number, sms.carrier);
        let words = match before {
            Some(it) if !it.arrived && it.carrier != carrier => {
                let waited = sms.taken.duration_since(it.taken).as_secs();
                let code = if it.text == sms.text { "the same code" } else { "another code" };
                format!("{number}: no receipt for {waited} s: sent through {carrier}, {code}")
            }
            Some(_) => format!("{number}: sent again through {carrier}"),
            None => format!("{number}: sent through {carrier}"),
        };
        if all.len() == KEPT_MAX {
            all.pop_front();
        }
        all.push_back(sms.clone());
        words
    }

    async fn deliver(&self, delivers: Option<Duration>, mut arriving: mpsc::Receiver<Sms>, teller: &Teller) {
        let Some(after) = delivers else { return std::future::pending().await };
        while let Some(sms) = arriving.recv().await {
            // All take as long, so that they arrive in the order in which they were taken.
            sleep_until((sms.taken + after).into()).await;
            if let Some(it) = self.0.lock().unwrap_or_else(PoisonError::into_inner).iter_mut().find(|it| **it == sms) {
                it.arrived = true;
            }
            let text = sms.text.split_whitespace().collect::<Vec<&str>>().join(" ");
            teller.tell(format!("handset {} ({}): {text}", sms.number, sms.carrier)).await;
        }
    }

    /// The latest messages to a number, oldest first.
    pub(super) fn of(&self, number: &str, count: usize) -> Vec<Sms> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<Sms> = all.iter().rev().filter(|it| it.number == number).take(count).cloned().collect();
        found.reverse();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_second_carrier_takes_of_an_undelivered_code_is_told_as_such() {
        let handsets = Handsets::default();
        let taken = Instant::now();
        let sms = |carrier, seconds, text: &str| Sms {
            number: "+31612345678".into(),
            text: text.into(),
            carrier,
            taken: taken + Duration::from_secs(seconds),
            arrived: false,
        };
        assert_eq!(handsets.took(&sms("first", 0, "1")), "+31612345678: sent through first");
        let words = "+31612345678: no receipt for 5 s: sent through second, the same code";
        assert_eq!(handsets.took(&sms("second", 5, "1")), words);
        handsets.0.lock().unwrap()[1].arrived = true;
        assert_eq!(handsets.took(&sms("first", 20, "1")), "+31612345678: sent again through first");
        assert!(handsets.took(&sms("second", 25, "2")).ends_with("another code"));
        assert_eq!(handsets.of("+31612345678", 2)[0].carrier, "first");
        for at in 0..KEPT_MAX as u64 {
            handsets.took(&sms("first", 30 + at, "1"));
        }
        assert_eq!(handsets.of("+31612345678", usize::MAX).len(), KEPT_MAX);
    }
}
