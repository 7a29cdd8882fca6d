//! Verifications as a stand-in for the loop has them: begun, and of whatever end is asked for.

use nuncio::dispatch::door::happening::Verify;
use nuncio::dispatch::door::reply::{Checked, Denial, Reply, Started, Verifying};
use nuncio::message::channel::Channel;
use nuncio::message::hidden::{KeyId, Seed};
use nuncio::message::id::{AppId, RouteId, VerificationId};
use nuncio::message::time::Time;
use nuncio::record::batch::{Batch, Marks};
use nuncio::record::contract::Store;
use nuncio::record::verification::Verification;
use nuncio::store::sqlite::Sqlite;
use nuncio::verify::app::{App, AppChannel, Resend};
use nuncio::verify::key_ring::{KeyRing, RingKey};
use nuncio::verify::progress::{CheckResult, VerificationEnd, VerificationState};
use nuncio::verify::wording::{Frame, Wording};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

const NOW: Time = Time(1_763_632_800_000);

/// The app `login`, by route 8.
pub(super) fn apps() -> BTreeMap<AppId, App> {
    let app = App {
        id: AppId(1),
        name: "login".into(),
        ways: vec![AppChannel {
            channel: Channel::Sms,
            route: RouteId(8),
            texts: [("en".into(), Wording::parse("{code} is it", false).expect("a wording"))].into(),
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
    };
    [(app.id, app)].into()
}

pub(super) fn keys() -> KeyRing {
    KeyRing::new(vec![RingKey::new(KeyId(1), 0, Zeroizing::new([7; 32]))]).expect("a ring")
}

/// One that begins now, or the one that is named.
pub(super) fn begun(store: &mut Sqlite, asked: &Verify) -> Verifying {
    let id = asked.again.unwrap_or(VerificationId { n: 77, token: 0xDAD0_0139_951A_03E3 });
    let it = Verification {
        id,
        account: asked.account,
        app: asked.app,
        to: asked.to,
        progress: VerificationState::new(5, Time(NOW.0 + 300_000)),
        seed: Seed::derived((id, 0), App::FORM, &keys(), [1; 16]),
        is_test: false,
        is_sandbox: false,
        created: NOW,
        sent: NOW,
        messages: Vec::new(),
        sends: Vec::new(),
        channel: asked.channel,
        offered: None,
        client_ref: asked.client_ref.clone(),
        language: asked.language.clone(),
        words: asked.words.clone(),
    };
    keep(store, &it);
    let started = if asked.again.is_some() { Started::Resent } else { Started::Created };
    Verifying { started, verification: Box::new(it) }
}

/// Every guess is wrong.
pub(super) fn checked(store: &mut Sqlite, id: VerificationId) -> Reply {
    let it = named(store, id)?;
    Ok(Checked { result: CheckResult::Incorrect, verification: Box::new(it) }.into())
}

pub(super) fn abandoned(store: &mut Sqlite, id: VerificationId) -> Reply {
    let mut it = named(store, id)?;
    it.progress.end(VerificationEnd::Cancel, NOW);
    Ok(Verifying { started: Started::Running, verification: Box::new(it) }.into())
}

fn named(store: &mut Sqlite, id: VerificationId) -> Result<Verification, Denial> {
    store.verification(id.n).expect("the store answers").filter(|it| it.id == id).ok_or(Denial::NotFound)
}

fn keep(store: &mut Sqlite, it: &Verification) {
    let marks: Marks = store.recover().expect("the store answers").marks;
    store.commit(&Batch { verifications: vec![it.clone()], marks, ..Batch::default() }).expect("it is kept");
}
