//! Verifications in virtual time: what time, refusals and crashes do to them.

use crate::simulation::lanes::{Bench, ROUTE, answered, submission, up};
use nuncio::carrier::report::Ticket;
use nuncio::dispatch::Effects;
use nuncio::dispatch::door::command::Command;
use nuncio::dispatch::door::happening::{
    Ask, CancelVerification, Check, Forgetting, Happening, Recorded, RequestId, Submission, Verify,
};
use nuncio::dispatch::door::plan::{Limits, Plan};
use nuncio::dispatch::door::reply::{Denial, Grant, Reply, Started};
use nuncio::guard::guards::Asker;
use nuncio::guard::policy::{GuardKind, GuardMode, Policy};
use nuncio::guard::prefix::PersonAddress;
use nuncio::message::channel::Channel;
use nuncio::message::hidden::KeyId;
use nuncio::message::id::{AccountId, AppId, RouteId, Seq, VerificationId};
use nuncio::message::status::Status;
use nuncio::number::e164::E164;
use nuncio::number::line::LineType;
use nuncio::record::contract::Store;
use nuncio::record::to_forget::ToForget;
use nuncio::record::verification::Verification;
use nuncio::verify::app::{App, AppChannel, Resend};
use nuncio::verify::code::Code;
use nuncio::verify::key_ring::{KeyRing, RingKey};
use nuncio::verify::progress::{CheckResult, VerificationStatus};
use nuncio::verify::wording::{Frame, Wording};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

pub(super) const APP: AppId = AppId(1);
pub(super) const SHOP: AccountId = AccountId(1);
pub(super) const NUMBER: E164 = E164(31_612_345_678);

fn ring(octet: u8) -> KeyRing {
    KeyRing::new(vec![RingKey::new(KeyId(octet.into()), 0, Zeroizing::new([octet; 32]))]).expect("a ring")
}

pub(super) fn app() -> App {
    App {
        id: APP,
        name: "login".into(),
        ways: vec![AppChannel {
            channel: Channel::Sms,
            route: ROUTE,
            texts: [("en".into(), Wording::parse("{code}", false).expect("a wording"))].into(),
        }],
        auto_channel: false,
        sender: None,
        form: App::FORM,
        lifetime: App::LIFETIME,
        checks: App::CHECKS,
        resend_after: App::RESEND_AFTER,
        resend: Resend::Same,
        countries: None,
        max_price: None,
        notices: BTreeMap::new(),
        locale: "en".into(),
        frame: Frame::default(),
        profile: None,
        dlt_template_id: None,
        test_numbers: BTreeMap::new(),
    }
}

pub(super) fn plan() -> Plan {
    let guard = Policy { modes: GuardKind::ALL.map(|it| (it, GuardMode::Off)).into(), ..Policy::default() };
    Plan { apps: [(APP, app())].into(), guard, keys: Some(Arc::new(ring(1))), ..Bench::plan() }
}

pub(super) struct Stage(pub(super) Bench);

impl Stage {
    fn new() -> Self {
        Self(Bench::of(plan()))
    }

    /// With a link, which takes what comes.
    fn linked() -> Self {
        let mut stage = Self::new();
        stage.0.beat(vec![up(50)]);
        stage
    }

    pub(super) fn later(&mut self, seconds: u64) -> (Vec<Ticket>, Effects) {
        self.0.now = self.0.now + Duration::from_secs(seconds);
        self.0.beat(vec![])
    }

    fn ask(&mut self, ask: Ask) -> (Reply, Vec<Ticket>) {
        let (tickets, effects) = self.0.beat(vec![Happening::Ask(RequestId(1), ask)]);
        let reply = effects.commands.into_iter().find_map(|it| match it {
            Command::Reply(_, reply) => Some(reply),
            _ => None,
        });
        (reply.expect("it is answered"), tickets)
    }

    /// A begin for a number, or another send of one that is named.
    fn verify(
        &mut self,
        to: E164,
        again: Option<VerificationId>,
    ) -> (Result<(Started, Verification), Denial>, Vec<Ticket>) {
        self.verify_for(to, again, None)
    }

    /// The same for somebody at an address.
    pub(super) fn verify_for(
        &mut self,
        to: E164,
        again: Option<VerificationId>,
        address: Option<PersonAddress>,
    ) -> (Result<(Started, Verification), Denial>, Vec<Ticket>) {
        self.verify_by(to, again, address, (Channel::Sms, ROUTE, false))
    }

    /// The same by a channel, and its route; perhaps without anybody asking.
    pub(super) fn verify_by(
        &mut self,
        to: E164,
        again: Option<VerificationId>,
        address: Option<PersonAddress>,
        (channel, route, by_itself): (Channel, RouteId, bool),
    ) -> (Result<(Started, Verification), Denial>, Vec<Ticket>) {
        let mut submission = Submission { route, ..submission(1) };
        (submission.recipients[0].destination, submission.recipients[0].text) = (to, "000000".into());
        let verify = Verify {
            account: SHOP,
            app: APP,
            to,
            again,
            form: App::FORM,
            code: None,
            client_ref: Some("login-77".into()),
            language: "en".into(),
            words: [("name".into(), "Ann".into())].into(),
            channel,
            by_itself,
            by: Asker { address, line: LineType::Mobile },
            send: Some((Box::new(submission), [0].into())),
            idempotency: None,
        };
        let (reply, tickets) = self.ask(Ask::Verify(Box::new(verify)));
        let granted = reply.map(|it| match it {
            Grant::Verifying(it) => (it.started, *it.verification),
            other => panic!("{other:?}"),
        });
        (granted, tickets)
    }

    fn begun(&mut self) -> Verification {
        let (started, it) = self.verify(NUMBER, None).0.expect("it begins");
        assert_eq!(started, Started::Created);
        it
    }

    pub(super) fn check(&mut self, account: AccountId, id: VerificationId, guess: &str) -> Result<CheckResult, Denial> {
        let check = Check { account, id, guess: Code::written(guess) };
        self.ask(Ask::Check(check)).0.map(|it| match it {
            Grant::Checked(it) => it.result,
            other => panic!("{other:?}"),
        })
    }

    fn cancel(&mut self, id: VerificationId) {
        let (reply, tickets) = self.ask(Ask::CancelVerification(CancelVerification { account: SHOP, id }));
        assert!(reply.is_ok() && tickets.is_empty(), "{reply:?}");
    }

    pub(super) fn stored(&mut self, id: VerificationId) -> Verification {
        self.0.store.verification(id.n).expect("it answers").expect("it is kept")
    }

    fn status(&mut self, id: VerificationId) -> VerificationStatus {
        self.stored(id).progress.status()
    }

    fn message(&mut self, it: &Verification) -> Status {
        self.0.store.load(&[it.messages[0].seq]).expect("it answers")[0].status()
    }

    /// What the account was told of ends.
    pub(super) fn told(&self) -> Vec<&'static str> {
        let words = self.0.store.events().map(|it| it.kind.word());
        words.filter(|it| it.starts_with("verification.")).collect()
    }
}

pub(super) fn code(it: &Verification) -> String {
    it.seed.code(&ring(1)).expect("its key is there").expose().to_owned()
}

#[test]
fn a_code_that_does_not_come_back_in_time_is_dead_and_that_is_told_once_over_a_crash_too() {
    for crash in [false, true] {
        let mut stage = Stage::linked();
        let it = stage.begun();
        stage.later(299);
        assert_eq!(stage.status(it.id), VerificationStatus::Pending);
        if crash {
            stage.0.crash();
            stage.0.beat(vec![up(50)]);
        }
        stage.later(1);
        assert_eq!((stage.status(it.id), stage.told()), (VerificationStatus::Expired, vec!["verification.expired"]));
        assert_eq!(stage.check(SHOP, it.id, &code(&it)), Ok(CheckResult::Expired));
        stage.later(3_600);
        assert_eq!(stage.told(), ["verification.expired"]);
        assert!(stage.stored(it.id).words.is_empty(), "what was said beside the code is not kept");
    }
}

#[test]
fn many_that_end_at_once_end_once_each() {
    let mut stage = Stage::new();
    for at in 0..1_100 {
        assert!(stage.verify(E164(31_600_000_000 + at), None).0.is_ok());
    }
    let mut beats = 0;
    stage.0.now = stage.0.now + App::LIFETIME;
    while stage.told().len() < 1_100 {
        stage.0.beat(vec![]);
        beats += 1;
        assert!(beats < 10, "{} have ended", stage.told().len());
    }
    stage.later(10);
    assert_eq!(stage.told().len(), 1_100);
    assert!(1 < beats, "so many wait for one another");
}

#[test]
fn a_code_goes_out_ten_times_at_most_and_not_in_its_last_fifteen_seconds() {
    let mut stage = Stage::linked();
    let it = stage.begun();
    for _ in 0..8 {
        stage.later(30);
        assert_eq!(stage.verify(NUMBER, Some(it.id)).0.map(|it| it.0), Ok(Started::Resent));
    }
    // 240 seconds are over; another, in the last of which a code is worth nothing.
    stage.later(30);
    assert_eq!(stage.verify(NUMBER, None).0.map(|it| (it.0, it.1.messages.len())), Ok((Started::Resent, 10)));
    stage.later(29);
    assert_eq!(stage.verify(NUMBER, Some(it.id)).0, Err(Denial::Over), "a second is left");
    let running = stage.verify(NUMBER, None).0.map(|it| (it.0, it.1.id));
    assert_eq!(running, Ok((Started::Running, it.id)), "it was sent a moment ago");
    stage.later(1);
    let again = stage.verify(NUMBER, None).0.map(|it| it.0);
    assert_eq!(again, Ok(Started::Created), "that one is over");
}

#[test]
fn what_is_nearly_over_makes_way_only_for_a_code_that_is_sent() {
    let mut plan = plan();
    plan.limits = Limits { queued_max: 1, ..plan.limits };
    let mut stage = Stage(Bench::of(plan));
    let it = stage.begun();
    stage.later(290);
    let full = stage.verify(NUMBER, None).0;
    assert!(matches!(full, Err(Denial::QueueFull(_))), "{full:?}");
    assert_eq!(stage.check(SHOP, it.id, &code(&it)), Ok(CheckResult::Ok), "nothing was done");
    let mut stage = Stage::linked();
    let old = stage.begun();
    stage.later(290);
    let new = stage.begun();
    assert_eq!(
        (stage.status(old.id), stage.status(new.id)),
        (VerificationStatus::Canceled, VerificationStatus::Pending)
    );
}

#[test]
fn what_has_not_left_does_not_leave_once_its_code_is_dead() {
    // It waits for a link.
    let mut stage = Stage::new();
    let it = stage.begun();
    stage.cancel(it.id);
    assert_eq!(stage.message(&it), Status::Cancelled);
    assert!(stage.0.beat(vec![up(50)]).0.is_empty(), "it is sent");
    // The carrier has asked for a slower pace, and has not taken it.
    let mut stage = Stage::linked();
    let (begun, tickets) = stage.verify(NUMBER, None);
    let it = begun.expect("it begins").1;
    stage.0.beat(vec![answered(tickets[0], true)]);
    stage.cancel(it.id);
    assert_eq!(stage.message(&it), Status::Cancelled);
    for _ in 0..100 {
        assert!(stage.later(3).0.is_empty(), "it is sent again");
    }
    assert_eq!(stage.told(), ["verification.canceled"]);
}

#[test]
fn a_code_whose_key_is_gone_goes_nowhere_and_the_next_has_a_key() {
    let mut stage = Stage::new();
    let it = stage.begun();
    let other = Plan { keys: Some(Arc::new(ring(2))), ..plan() };
    let (tickets, _) = stage.0.beat(vec![Happening::Reconfigure(Arc::new(other)), up(50)]);
    assert!(tickets.is_empty(), "zeros are sent");
    assert_eq!((stage.message(&it), stage.status(it.id)), (Status::Failed, VerificationStatus::Failed));
    // The same of one that had left: its code is dead, and it is sent another.
    let mut stage = Stage::linked();
    let (begun, tickets) = stage.verify(NUMBER, None);
    let it = begun.expect("it begins").1;
    stage.0.beat(vec![answered(tickets[0], false)]);
    let other = Plan { keys: Some(Arc::new(ring(2))), ..plan() };
    stage.0.beat(vec![Happening::Reconfigure(Arc::new(other))]);
    assert_eq!(stage.check(SHOP, it.id, "123456"), Err(Denial::NoKeys));
    stage.later(30);
    let (resent, tickets) = stage.verify(NUMBER, Some(it.id));
    let seed = resent.expect("it is sent again").1.seed;
    assert_eq!((seed.generation, seed.key, tickets.len()), (1, KeyId(2), 1));
    let code = seed.code(&ring(2)).expect("its key is there").expose().to_owned();
    assert_eq!(stage.check(SHOP, it.id, &code), Ok(CheckResult::Ok));
}

#[test]
fn nobody_checks_or_cancels_what_another_account_has_begun() {
    let mut stage = Stage::linked();
    let it = stage.begun();
    assert_eq!(stage.check(AccountId(2), it.id, &code(&it)), Err(Denial::NotFound));
    let cancel = CancelVerification { account: AccountId(2), id: it.id };
    assert_eq!(stage.ask(Ask::CancelVerification(cancel)).0, Err(Denial::NotFound));
    let guessed = VerificationId { token: it.id.token ^ 1, ..it.id };
    assert_eq!(stage.check(SHOP, guessed, &code(&it)), Err(Denial::NotFound));
    assert_eq!(stage.check(SHOP, it.id, &code(&it)), Ok(CheckResult::Ok));
}

#[test]
fn who_is_forgotten_is_named_by_no_verification_and_by_nothing_that_is_told_of_one() {
    let mut stage = Stage::linked();
    let (before, tickets) = stage.verify_for(NUMBER, None, Some(PersonAddress(7)));
    let before = before.expect("it begins").1;
    assert_eq!(stage.stored(before.id).sends[0].address, Some(PersonAddress(7)));
    stage.0.beat(vec![answered(tickets[0], false)]);
    assert_eq!(stage.check(SHOP, before.id, &code(&before)), Ok(CheckResult::Ok));
    let pending = stage.begun();
    let asked = ToForget { number: NUMBER, below: Seq(100), at: stage.0.now };
    let forgetting = Forgetting {
        asked,
        messages: vec![],
        recorded: Recorded::ALL,
        events: vec![],
        suppressions: vec![],
        rest: false,
    };
    assert!(stage.ask(Ask::Forget(Box::new(forgetting))).0.is_ok());
    for it in [&before, &pending] {
        let kept = stage.stored(it.id);
        assert_eq!((kept.to, kept.client_ref, kept.words.len()), (E164::FORGOTTEN, None, 0));
        assert!(kept.sends.iter().all(|it| it.address.is_none()));
    }
    assert_eq!(stage.told(), ["verification.approved", "verification.canceled"]);
    let last =
        stage.0.store.events().filter(|it| it.kind.word() == "verification.canceled").last().expect("it is told");
    assert!(!last.data.contains("31612345678") && !last.data.contains("login-77"), "{}", last.data);
    let news = stage.verify(NUMBER, None).0;
    assert_eq!(news.map(|it| it.0), Ok(Started::Created), "who comes back is new");
}

#[test]
fn the_guesses_of_one_beat_see_each_other() {
    let mut stage = Stage::linked();
    let it = stage.begun();
    let guess = |at: u64| {
        let check = Check { account: SHOP, id: it.id, guess: Code::written("......") };
        Happening::Ask(RequestId(at), Ask::Check(check))
    };
    let (_, effects) = stage.0.beat((1..=8).map(guess).collect());
    let results = effects.commands.into_iter().filter_map(|it| match it {
        Command::Reply(_, Ok(Grant::Checked(it))) => Some(it.result),
        _ => None,
    });
    let expected = [[CheckResult::Incorrect; 5].as_slice(), &[CheckResult::Exhausted; 3]].concat();
    assert_eq!(results.collect::<Vec<_>>(), expected);
    assert_eq!(stage.told(), ["verification.max_attempts_reached"]);
    assert_eq!(stage.check(SHOP, it.id, &code(&it)), Ok(CheckResult::Exhausted));
    assert_eq!(stage.verify(NUMBER, None).0, Err(Denial::Soon(App::RESEND_AFTER)), "it brings no code sooner");
}
