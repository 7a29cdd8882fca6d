//! Another channel is offered once, and taken once, whatever is killed in between.

use crate::simulation::lanes::{Bench, LINK, ROUTE, answered, up};
use crate::simulation::verified::{APP, NUMBER, Stage, app, plan};
use nuncio::dispatch::Effects;
use nuncio::dispatch::door::command::Command;
use nuncio::dispatch::door::happening::Happening;
use nuncio::dispatch::door::plan::{Carrier, Plan};
use nuncio::dispatch::door::reply::{Denial, Started};
use nuncio::message::channel::Channel;
use nuncio::message::class::Class;
use nuncio::message::id::{CarrierId, RouteId, VerificationId};
use nuncio::number::e164::E164;
use nuncio::route::plan::Route;
use nuncio::verify::app::{App, AppChannel};
use nuncio::verify::progress::VerificationStatus;
use std::time::Duration;

const CALLS: RouteId = RouteId(2);
const VOICE: (Channel, RouteId, bool) = (Channel::Voice, CALLS, false);
/// The same without anybody asking.
const UNASKED: (Channel, RouteId, bool) = (Channel::Voice, CALLS, true);

/// An app that calls by itself where no receipt came for half a minute.
fn calling() -> Plan {
    let sms = app().ways.remove(0);
    let voice = AppChannel { channel: Channel::Voice, route: CALLS, ..sms.clone() };
    let mut plan = plan();
    plan.apps.insert(APP, App { ways: vec![sms, voice], auto_channel: true, ..app() });
    let carrier = CarrierId(2);
    plan.carriers.insert(carrier, Carrier::new(carrier, "caller"));
    plan.routes.insert(CALLS, Route::new(CALLS, Class::Marketing, vec![carrier]));
    plan.routes.get_mut(&ROUTE).expect("it is there").receipt_window = Some(Duration::from_secs(30));
    plan
}

/// What is taken without anybody asking.
fn taken(effects: &Effects) -> Vec<(VerificationId, Channel)> {
    let each = effects.commands.iter().filter_map(|it| match it {
        Command::TakeChannel(id, channel) => Some((*id, *channel)),
        _ => None,
    });
    each.collect()
}

#[test]
fn what_brought_nothing_is_followed_by_one_offer_that_a_kill_does_not_lose() {
    let mut stage = Stage(Bench::of(calling()));
    stage.0.beat(vec![up(50)]);
    let (begun, tickets) = stage.verify_for(NUMBER, None, None);
    let it = begun.expect("it begins").1;
    assert_eq!((tickets.len(), it.offered), (1, None), "the link is up");
    stage.0.beat(vec![answered(tickets[0], false)]);
    assert_eq!(taken(&stage.later(29).1), []);
    assert_eq!(taken(&stage.later(2).1), [(it.id, Channel::Voice)]);
    assert_eq!(
        (stage.stored(it.id).offered, stage.told()),
        (Some(Channel::Voice), vec!["verification.channel_offered"])
    );
    for _ in 0..20 {
        assert_eq!(taken(&stage.later(3).1), [], "it is offered once");
    }
    // The process dies before anybody has taken it.
    stage.0.crash();
    assert_eq!(taken(&stage.0.beat(vec![up(50)]).1), [(it.id, Channel::Voice)], "a start takes it");
    let by_voice = stage.verify_by(NUMBER, Some(it.id), None, UNASKED).0;
    assert_eq!(by_voice.map(|it| (it.0, it.1.channel, it.1.offered)), Ok((Started::Resent, Channel::Voice, None)));
    let again = stage.verify_by(NUMBER, Some(it.id), None, VOICE).0;
    assert!(matches!(again, Err(Denial::Soon(_))), "{again:?}");
    stage.later(60);
    assert_eq!(
        stage.verify_by(NUMBER, Some(it.id), None, UNASKED).0,
        Err(Denial::Over),
        "nobody is called unasked twice"
    );
    stage.0.crash();
    assert_eq!(taken(&stage.0.beat(vec![up(50)]).1), [], "it was taken");
    assert_eq!(stage.told(), ["verification.channel_offered"]);
    stage.later(300);
    assert_eq!(stage.stored(it.id).progress.status(), VerificationStatus::Expired);
}

#[test]
fn what_no_carrier_takes_is_offered_at_once_and_what_has_arrived_is_not() {
    let mut stage = Stage(Bench::of(calling()));
    stage.0.beat(vec![up(50)]);
    stage.0.beat(vec![Happening::Gone(LINK)]);
    stage.later(60);
    let it = stage.verify_for(NUMBER, None, None).0.expect("it begins").1;
    assert_eq!(it.offered, Some(Channel::Voice), "no link is up");
    let moved = stage.verify_by(NUMBER, Some(it.id), None, VOICE).0.expect("it is offered").1;
    let (tickets, _) = stage.0.beat(vec![up(50)]);
    assert_eq!((moved.messages.len(), tickets.len()), (2, 0), "the SMS is taken back");
    // By name another channel may be had, once the time for another send has come.
    let other = E164(31_612_345_679);
    let (begun, tickets) = stage.verify_for(other, None, None);
    let it = begun.expect("it begins").1;
    assert_eq!(it.offered, None);
    let early = stage.verify_by(other, Some(it.id), None, VOICE).0;
    assert!(matches!(early, Err(Denial::Soon(_))), "{early:?}");
    stage.0.beat(vec![answered(tickets[0], false)]);
    stage.later(30);
    assert_eq!(stage.verify_by(other, Some(it.id), None, VOICE).0.map(|it| it.0), Ok(Started::Resent));
}
