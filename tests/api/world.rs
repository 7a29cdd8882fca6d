//! A plan, a router and a stand-in for the loop that keeps what it is given.

use crate::api::shape;
use crate::api::{endpoints, people, verifications};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt;
use nuncio::api::handler::context::{Context, LoopRequest, Wiring};
use nuncio::api::handler::health::Health;
use nuncio::api::handler::made_endpoints::Callbacks;
use nuncio::api::handler::shown::ShownConfig;
use nuncio::api::router::{self, Api};
use nuncio::dispatch::door::happening::{Ask, Cancellation, Demand, Ending, Keyed, Submission};
use nuncio::dispatch::door::plan::{Account, Carrier, Plan, Scopes, Subnet, Terms};
use nuncio::dispatch::door::reply::{
    Cancelled, Denial, ForgottenSome, Grant, Noted, Predicted, Reply, Submitted, Suppressed, Withdrawn,
};
use nuncio::dispatch::inbound::opt_out::OptedOut;
use nuncio::message::body::Body as MessageBody;
use nuncio::message::class::Class;
use nuncio::message::id::{AccountId, CarrierId, LaneId, LinkId, MessageId, OrderId, PartKey, RouteId, Seq};
use nuncio::message::money::{Currency, Money};
use nuncio::message::part::Part;
use nuncio::message::price::PriceTable;
use nuncio::message::time::Time;
use nuncio::record::action::Action;
use nuncio::record::batch::{Batch, Idempotency, Marks, Order};
use nuncio::record::contract::Store;
use nuncio::record::entry::Entry;
use nuncio::route::opt_out::List;
use nuncio::route::plan::{Destinations, Route};
use nuncio::store::event_bell::EventBell;
use nuncio::store::sqlite::{Durability, Sqlite};
use nuncio::telemetry::endpoint_status::EndpointStatuses;
use nuncio::telemetry::labels::Labels;
use nuncio::telemetry::link_status::LinkStatuses;
use nuncio::telemetry::meters::Meters;
use nuncio::telemetry::recorder::Exposition;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// The key of the account `shop`: may send and read, owes nothing to anybody.
pub(crate) const KEY: &str = "key-of-shop";
/// When the stand-in accepts: 2026-11-20T10:00:00.123Z.
pub(crate) const NOW: Time = Time(1_795_168_800_123);

/// What each listener says of itself, as it is committed; a test of its own says that this is what is served.
static DOCUMENTS: LazyLock<[serde_json::Value; 2]> = LazyLock::new(|| {
    ["docs/openapi.json", "docs/openapi.admin.json"]
        .map(|it| serde_json::from_slice(&std::fs::read(it).unwrap_or_default()).unwrap_or_default())
});

/// An answer, with its body read.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }

    /// Status, slug, stage, and the pointers of a problem, which is checked for its shape.
    pub(crate) fn problem(&self) -> (u16, String, String, Vec<String>) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let it = self.json();
        for field in ["title", "detail", "instance"] {
            assert!(it[field].as_str().is_some_and(|it| !it.is_empty()), "{field} in {it}");
        }
        assert!(it["retryable"].is_boolean());
        assert_eq!(it["status"], self.status.as_u16());
        let comes_again = matches!(self.status.as_u16(), 429 | 503);
        assert!(!comes_again || self.header("retry-after").parse::<u32>().is_ok(), "when to come again: {it}");
        let slug = it["type"].as_str().and_then(|it| it.strip_prefix("/problems/")).unwrap_or_else(|| panic!("{it}"));
        let pointers = it["errors"].as_array().unwrap().iter().map(|it| it["pointer"].as_str().unwrap().to_owned());
        (self.status.as_u16(), slug.to_owned(), it["stage"].as_str().unwrap().to_owned(), pointers.collect())
    }
}

/// Everything that a test of the API needs.
pub(crate) struct World {
    pub(crate) application: Api,
    pub(crate) operations: Api,
    pub(crate) health: Arc<Health>,
    pub(crate) store: Arc<Mutex<Sqlite>>,
    pub(crate) submissions: Arc<Mutex<Vec<Submission>>>,
    pub(crate) plan: watch::Sender<Arc<Plan>>,
    pub(crate) answers: Arc<Mutex<Vec<(&'static str, u16)>>>,
    pub(crate) refusals: Arc<Mutex<Vec<(&'static str, u16)>>>,
    pub(crate) wakes: Arc<AtomicU64>,
    /// Whether handlers that submit panic.
    pub(crate) broken: Arc<AtomicBool>,
    /// What the loop answers instead of accepting.
    pub(crate) instead: Arc<Mutex<Option<Reply>>>,
    /// What it answers to the next requests to send, one after the other; accepts where there is none.
    pub(crate) script: Arc<Mutex<VecDeque<Option<Reply>>>>,
    /// Where the store is.
    pub(crate) folder: tempfile::TempDir,
    /// Keeps the lane open where no loop reads it.
    pub(crate) lane: Option<mpsc::Receiver<LoopRequest>>,
}

impl World {
    /// A world whose loop accepts.
    pub(crate) fn new() -> Self {
        Self::of(plan())
    }

    pub(crate) fn of(plan: Plan) -> Self {
        let mut world = Self::stuck(plan, 64);
        let mut lane = world.lane.take().unwrap();
        let mut keeper = Keeper {
            store: Arc::clone(&world.store),
            submissions: Arc::clone(&world.submissions),
            instead: Arc::clone(&world.instead),
            script: Arc::clone(&world.script),
            known: HashMap::new(),
            seq: 1,
            order: 25_303,
        };
        tokio::spawn(async move {
            while let Some(call) = lane.recv().await {
                keeper.handle(call);
            }
        });
        world
    }

    /// What an order is called that records have under this number.
    pub(crate) fn order(&self, number: u64) -> u64 {
        self.store.lock().unwrap().veil().order(OrderId::from_record(number))
    }

    /// A world whose loop reads nothing, with a lane of this capacity.
    pub(crate) fn stuck(plan: Plan, capacity: usize) -> Self {
        let (plan, receiver) = watch::channel(Arc::new(plan));
        let (submit, lane) = mpsc::channel(capacity);
        let (answers, refusals): (Arc<Mutex<Vec<_>>>, Arc<Mutex<Vec<_>>>) = Default::default();
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(folder.path(), Durability::Os).unwrap();
        let (health, wakes) = (Arc::new(Health::default()), Arc::new(AtomicU64::new(0)));
        let broken = Arc::new(AtomicBool::new(false));
        let breaks = Arc::clone(&broken);
        let (answered, refused, woken) = (Arc::clone(&answers), Arc::clone(&refusals), Arc::clone(&wakes));
        let exposition = Arc::new(Exposition::new());
        Meters::new(&exposition, &Labels::of(&receiver.borrow(), |_| 1));
        let (link, links) = (LinkId { carrier: CarrierId(1), bind: 0 }, LinkStatuses::new(NOW));
        links.reporter(link);
        let context = Context::new(Wiring {
            plan: receiver,
            submit,
            wake: Arc::new(move || {
                assert!(!breaks.load(Ordering::Relaxed), "a fault of ours");
                woken.fetch_add(1, Ordering::Relaxed);
            }),
            lookup: tokio::sync::watch::channel(None).1,
            event_bell: EventBell::default(),
            readers: store.readers(),
            opted_out: Arc::new(OptedOut::new(List::default(), store.veil())),
            health: Arc::clone(&health),
            exposition,
            shown: ShownConfig::new(serde_json::json!({ "store": { "path": "/tmp" } })),
            links,
            endpoints: EndpointStatuses::default(),
            of_endpoints: endpoints::stand_in(),
            of_people: people::stand_in(),
            callbacks: Callbacks::default(),
            recover: Arc::new(|_, _, _| 1),
            try_out: Arc::new(|_, _| (1, 1)),
            trace: Arc::new(move |it| (it == link).then(|| vec!["{\"a\":1}".to_owned(), "{\"a\":2}".to_owned()])),
            on_answer: Arc::new(move |endpoint, code, _| answered.lock().unwrap().push((endpoint, code))),
            on_turned_away: Arc::new(|_| ()),
            on_unread: Arc::new(|_, _, _| ()),
            on_refusal: Arc::new(move |stage, code| refused.lock().unwrap().push((stage, code))),
            max_body: 1 << 20,
            max_csv: 32 << 20,
            body_timeout: Duration::from_millis(300),
        });
        Self {
            application: router::application(&context),
            operations: router::operations(&context),
            health,
            store: Arc::new(Mutex::new(store)),
            folder,
            script: Arc::default(),
            submissions: Arc::default(),
            plan,
            answers,
            refusals,
            wakes,
            broken,
            instead: Arc::default(),
            lane: Some(lane),
        }
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        Self::asked((&self.application, 0), request).await
    }

    /// Asks the listener for operators.
    pub(crate) async fn operate(&self, request: Request<Body>) -> Answer {
        Self::asked((&self.operations, 1), request).await
    }

    async fn asked((api, listener): (&Api, usize), mut request: Request<Body>) -> Answer {
        request.headers_mut().entry("host").or_insert(HeaderValue::from_static("x"));
        let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
        let answer = Self::answered(api, request).await;
        let document = &DOCUMENTS[listener];
        // What the documents were made of is not held against what they were.
        if let Some(operation) = shape::operation(document, &method, &path).filter(|_| path != "/openapi.json")
            && answer.headers.get("content-encoding").is_none()
        {
            let faults = shape::faults(document, operation, &answer);
            assert!(faults.is_empty(), "{method} {path} is not as the reference says:\n{}", faults.join("\n"));
        }
        answer
    }

    async fn answered(api: &Api, request: Request<Body>) -> Answer {
        let response = api.clone().answer(request).await;
        let (head, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Answer { status: head.status, headers: head.headers, text }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).header("x-api-key", KEY).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask(Request::delete(path).header("x-api-key", KEY).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::post(path).header("authorization", format!("Bearer {KEY}"));
        self.ask(request.body(body.into()).unwrap()).await
    }

    /// `POST /v1/messages`
    pub(crate) async fn send(&self, body: serde_json::Value) -> Answer {
        self.post("/v1/messages", body.to_string()).await
    }

    /// `POST /v1/verifications`
    pub(crate) async fn verify(&self, body: serde_json::Value) -> Answer {
        self.post("/v1/verifications", body.to_string()).await
    }

    pub(crate) fn last(&self) -> Submission {
        self.submissions.lock().unwrap().last().cloned().expect("something was submitted")
    }

    /// Changes the message at `index`, from 0 in the order of acceptance, as the loop would.
    pub(crate) fn change(&self, index: u64, change: impl FnOnce(&mut Entry)) {
        let mut store = self.store.lock().unwrap();
        let mut entry = store.load(&[Seq(index + 1)]).unwrap().remove(0);
        change(&mut entry);
        let marks = store.recover().unwrap().marks;
        store.commit(&Batch { parts: entry.parts, past: entry.past, marks, ..Batch::default() }).unwrap();
    }

    /// Erases what the message at `index` says, as the loop does when it ends.
    pub(crate) fn erase(&self, index: u64) {
        let mut store = self.store.lock().unwrap();
        let body = store.load(&[Seq(index + 1)]).unwrap().remove(0).body.erased().expect("it says something");
        let marks = store.recover().unwrap().marks;
        store.commit(&Batch { erased: vec![Arc::new(body)], marks, ..Batch::default() }).unwrap();
    }

    pub(crate) fn stored(&self) -> usize {
        self.submissions.lock().unwrap().len()
    }
}

/// The stand-in for the loop.
struct Keeper {
    store: Arc<Mutex<Sqlite>>,
    submissions: Arc<Mutex<Vec<Submission>>>,
    instead: Arc<Mutex<Option<Reply>>>,
    script: Arc<Mutex<VecDeque<Option<Reply>>>>,
    known: HashMap<(AccountId, Box<str>), ([u8; 32], OrderId)>,
    seq: u64,
    order: u64,
}

impl Keeper {
    fn handle(&mut self, call: LoopRequest) {
        let scripted = |it: &LoopRequest| matches!(it, LoopRequest::Ask(Ask::Submit(_), _));
        let next = || self.script.lock().unwrap().pop_front().flatten();
        let instead = Some(&call).filter(|it| scripted(it)).and_then(|_| next());
        let instead = instead.or_else(|| self.instead.lock().unwrap().clone());
        let (ask, to) = match call {
            LoopRequest::Ask(ask, to) => (ask, to),
            LoopRequest::Told(_) => return,
            LoopRequest::Receipts(_, _, durable) => return durable.send(()).unwrap_or_default(),
        };
        let reply = match (ask, instead) {
            (Ask::MayAsk(_), _) => Ok(Noted.into()),
            (_, Some(reply)) => reply,
            (Ask::Feedback(_), None) => Ok(Noted.into()),
            (Ask::Suppress(_), None) => Ok(Suppressed(NOW).into()),
            (Ask::Lift(_), None) => Err(Denial::NotFound),
            (Ask::Operate(demand), None) => self.operate(*demand),
            (Ask::Inspect(_), None) => Ok(Grant::Inspected(Box::default())),
            (Ask::Forget(_), None) => Ok(ForgottenSome::default().into()),
            (Ask::Credit(_), None) => Err(Denial::NotManaged),
            (Ask::Submit(submission), None) => self.accept(*submission),
            (Ask::Verify(it), None) => Ok(verifications::begun(&mut self.store.lock().unwrap(), &it).into()),
            (Ask::Predict(_), None) => Ok(Predicted::default().into()),
            (Ask::Check(it), None) => verifications::checked(&mut self.store.lock().unwrap(), it.id),
            (Ask::CancelVerification(it), None) => verifications::abandoned(&mut self.store.lock().unwrap(), it.id),
            (Ask::Withdraw(it), None) => Ok(Withdrawn { cancelled: it.to.0 - it.from.0, left: 0 }.into()),
            (Ask::Cancel(Cancellation(account, id)), None) => {
                let found = self.store.lock().unwrap().load(&[id.seq]).unwrap().pop();
                match found.filter(|it| it.body.id == id && it.body.account == account) {
                    None => Err(Denial::NotFound),
                    Some(entry) if entry.parts.iter().any(|it| it.attempt.is_some()) => Err(Denial::TooLate),
                    Some(_) => Ok(Cancelled.into()),
                }
            }
        };
        let _ = to.send(reply);
    }

    /// Does nothing, and says that it stands.
    fn operate(&mut self, it: Demand) -> Reply {
        let until = match it.end {
            Ending::Never => Time::NEVER,
            Ending::After(lasts) => NOW + lasts,
            Ending::At(at) => at,
        };
        let marks = self.store.lock().unwrap().recover().unwrap().marks;
        let n = marks.next_event;
        let action = Action {
            n,
            at: NOW,
            actor: it.actor,
            by: "ops".into(),
            deed: it.deed,
            target: it.target,
            reason: it.reason,
            until,
        };
        let marks = Marks { next_event: n + 1, ..marks };
        let batch = Batch { actions: vec![action.clone()], marks, ..Batch::default() };
        self.store.lock().unwrap().commit(&batch).unwrap();
        Ok(Box::new(action).into())
    }

    fn accept(&mut self, submission: Submission) -> Reply {
        let order = OrderId::from_record(self.order);
        if let Some(asked @ Keyed { key, hash, .. }) = &submission.idempotency {
            match self.known.get(&(submission.account, key.clone())) {
                Some((known, order)) if asked.is(known) => return Ok(Submitted::Repeated(*order).into()),
                Some(_) => return Err(Denial::KeyReused),
                None => drop(self.known.insert((submission.account, key.clone()), (*hash, order))),
            }
        }
        self.order += 1;
        let entries: Vec<Entry> =
            submission.recipients.iter().enumerate().map(|(at, _)| self.entry(&submission, at, order)).collect();
        let first = Seq(self.seq);
        self.seq += entries.len() as u64;
        let messages = entries.iter().map(|it| it.body.id).collect();
        let row = Order {
            id: order,
            account: submission.account,
            first,
            count: entries.len() as u32,
            created: NOW,
            arriving: false,
        };
        let batch = Batch {
            bodies: entries.iter().map(|it| Arc::clone(&it.body)).collect(),
            new_parts: entries.into_iter().flat_map(|it| it.parts).collect(),
            orders: if 1 < row.count { vec![row] } else { vec![] },
            idempotency: submission.idempotency.iter().map(|it| used(&submission, it, order)).collect(),
            marks: Marks { next_seq: self.seq, next_order: self.order, time: NOW, ..Marks::first() },
            ..Batch::default()
        };
        self.store.lock().unwrap().commit(&batch).unwrap();
        self.submissions.lock().unwrap().push(submission);
        Ok(Submitted::Accepted { order, messages, at: NOW, means: Box::default() }.into())
    }

    fn entry(&self, submission: &Submission, at: usize, order: OrderId) -> Entry {
        let recipient = &submission.recipients[at];
        let id = MessageId { seq: Seq(self.seq + at as u64), token: 0xDAD0_0139_951A_03E3 };
        let lane = LaneId::new(submission.route, submission.account, submission.class.number(), 0);
        let expires = submission.send_at.unwrap_or(NOW) + submission.validity;
        let body = MessageBody {
            id,
            order,
            account: submission.account,
            route: submission.route,
            class: submission.class,
            source: submission.source.clone(),
            destination: recipient.destination,
            text: recipient.text.clone(),
            requested: recipient.requested,
            extras: recipient.extras.clone(),
            parts: recipient.parts,
            client_ref: recipient.client_ref.clone(),
            created: NOW,
            send_at: submission.send_at,
            expires,
            price: recipient.price,
            charged: false,
        };
        let parts = (0..body.submits()).map(|index| Part::new(PartKey::new(id.seq, index), lane, expires)).collect();
        Entry { body: Arc::new(body), parts, past: Vec::new() }
    }
}

fn used(submission: &Submission, keyed: &Keyed, order: OrderId) -> Idempotency {
    Idempotency { account: submission.account, key: keyed.key.clone(), hash: keyed.hash, order, at: NOW }
}

pub(crate) fn account(id: u16, name: &str, key: &str) -> Account {
    Account {
        id: AccountId(id),
        name: name.into(),
        active: true,
        weight: 1,
        keys: vec![Sha256::digest(key).into()],
        scopes: Scopes { send: true, read: true, verify: false, webhooks: false, admin: false, reveal: false },
        allow_from: vec![],
        routes: vec![RouteId(8), RouteId(1)],
        is_sandbox: false,
        prices: BTreeMap::new(),
        senders: vec!["YOURAPP".into()],
        region: None,
        destinations: Destinations { allow: vec![], deny: vec!["882".into()] },
        currency: Some(Currency::parse("EUR").unwrap()),
        terms: Terms::default(),
        hears_of_sent: false,
        shows_carriers: true,
    }
}

pub(crate) fn route(id: u32, class: Class, price: Option<&str>) -> Route {
    let table = |amount: &str| PriceTable {
        currency: Currency::parse("EUR").unwrap(),
        default: None,
        countries: [("NL".into(), Money::parse(amount).unwrap())].into(),
        prefixes: [("31".into(), Money::parse(amount).unwrap())].into(),
    };
    Route {
        name: class.word().into(),
        validity: Duration::from_secs(600),
        price: price.map(table),
        ..Route::new(RouteId(id), class, vec![CarrierId(1)])
    }
}

/// Accounts: shop (routes 8 and 1), reader (read only), asleep (inactive), lan (10.0.0.0/8 only), dutch (region NL, any
/// sender). Routes: 8 otp and priced, 1 marketing and unpriced, 5 granted to nobody.
pub(crate) fn plan() -> Plan {
    let mut accounts = vec![
        account(1, "shop", KEY),
        account(2, "reader", "key-of-reader"),
        account(3, "asleep", "key-of-asleep"),
        account(4, "lan", "key-of-lan"),
        account(5, "dutch", "key-of-dutch"),
    ];
    (accounts[0].scopes.webhooks, accounts[0].scopes.verify) = (true, true);
    accounts[1].scopes.send = false;
    accounts[2].active = false;
    accounts[3].allow_from =
        vec![Subnet { address: std::net::Ipv4Addr::new(10, 0, 0, 0).to_ipv6_mapped().to_bits(), bits: 104 }];
    accounts[3].scopes.read = false;
    accounts[4].region = Some("NL".into());
    accounts[4].senders = vec!["*".into()];
    let routes = [
        route(8, Class::Otp, Some("0.087")),
        route(1, Class::Marketing, None),
        route(5, Class::Transactional, Some("0.1")),
    ];
    let carrier = Carrier::new(CarrierId(1), "acme");
    Plan {
        accounts: accounts.into_iter().map(|it| (it.id, it)).collect(),
        carriers: BTreeMap::from([(carrier.id, carrier)]),
        routes: routes.into_iter().map(|it| (it.id, it)).collect(),
        apps: verifications::apps(),
        keys: Some(Arc::new(verifications::keys())),
        ..Plan::default()
    }
}
