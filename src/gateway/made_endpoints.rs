//! Endpoints that stand in no configuration: kept by the loop, which alone writes, and told beside those that are
//! configured.

use crate::api::handler::made_endpoints::{Callbacks, NewEndpoint, NotMade};
use crate::clock::Clock;
use crate::config::compile::made_endpoint::{EndpointTemplate, NotCallable};
use crate::gateway::control::{Control, Controls};
use crate::message::id::{AccountId, EndpointId};
use crate::message::time::Time;
use crate::record::event::EventKind;
use crate::record::made_endpoint::MadeEndpoint;
use crate::store::sqlite::made::NUMBER_RESTS;
use crate::webhook::options::EndpointOptions;
use crate::wire::url::HttpUrl;
use std::collections::{BTreeMap, BTreeSet};

/// Endpoints that an account may make; as many that have gone and whose numbers rest.
const MADE_MAX: usize = 16;
/// Hosts at which an account may have callbacks. One is kept for ever: messages name it.
const CALLBACKS_MAX: usize = 1_000;
/// All of them: the rest of the numbers is for the configuration.
const ALL_MAX: usize = 32_768;

/// The endpoints that stand in no configuration.
pub(super) struct MadeEndpoints {
    all: Vec<MadeEndpoint>,
    templates: BTreeMap<AccountId, EndpointTemplate>,
    callbacks: Callbacks,
    /// Where the endpoints of the configuration are.
    taken: BTreeSet<(AccountId, String)>,
    controls: Controls,
}

impl MadeEndpoints {
    /// Those that the store has.
    pub(super) fn new(all: Vec<MadeEndpoint>, callbacks: Callbacks, controls: Controls) -> Self {
        Self { all, templates: BTreeMap::new(), taken: BTreeSet::new(), callbacks, controls }
    }

    /// Has them called as a configuration says, whose own endpoints are at these places; those that are told now. One
    /// whose account has gone waits until it comes again.
    pub(super) async fn reconfigure(
        &mut self,
        templates: BTreeMap<AccountId, EndpointTemplate>,
        taken: BTreeSet<(AccountId, String)>,
    ) -> Vec<EndpointOptions> {
        (self.templates, self.taken) = (templates, taken);
        let live = self.all.iter().filter(|it| it.gone_at == Time::NEVER);
        let told: Vec<_> = live.filter_map(|it| Some((it, self.options(it)?))).collect();
        // A request that names a host which cannot be called any more is refused, and not taken in vain.
        self.callbacks.set(told.iter().map(|it| it.0).filter(|it| it.is_callback()));
        self.tell_of_sent().await;
        told.into_iter().map(|it| it.1).collect()
    }

    pub(super) fn options(&self, made: &MadeEndpoint) -> Option<EndpointOptions> {
        let options = self.templates.get(&made.account)?.options(made);
        let told = |error: &NotCallable| tracing::error!(endpoint = made.name(), %error, "an endpoint cannot be told");
        options.inspect_err(told).ok()
    }

    pub(super) async fn make(&mut self, new: NewEndpoint) -> Result<MadeEndpoint, NotMade> {
        let now = Clock::of_the_wall();
        let place = place(&new.url);
        if new.terms.is_some() && self.taken.contains(&(new.account, place.clone())) {
            return Err(NotMade::Twice);
        }
        let same = self.all.iter().find(|it| {
            (it.account, it.is_callback()) == (new.account, new.terms.is_none())
                && it.gone_at == Time::NEVER
                && self::place(&it.url) == place
        });
        match same {
            Some(known) if known.is_callback() => {
                self.check(known)?;
                self.callbacks.put(known);
                return Ok(known.clone());
            }
            Some(_) => return Err(NotMade::Twice),
            None => {}
        }
        let most = if new.terms.is_some() { 2 * MADE_MAX } else { CALLBACKS_MAX };
        let alike = |it: &&MadeEndpoint| it.account == new.account && it.is_callback() == new.terms.is_none();
        // Of those that have gone, those whose numbers rest: the others make room.
        let counts = |it: &&MadeEndpoint| it.gone_at == Time::NEVER || now.since(it.gone_at) < NUMBER_RESTS;
        let own = self.all.iter().filter(alike).filter(counts);
        let live = own.clone().filter(|it| it.gone_at == Time::NEVER).count();
        if new.terms.is_some() && MADE_MAX <= live {
            return Err(NotMade::TooMany(MADE_MAX));
        }
        if most <= own.count() || ALL_MAX <= self.all.iter().filter(counts).count() {
            return Err(NotMade::TooMany(most));
        }
        let key = getrandom::u64().map_err(|_| NotMade::Ending)?;
        let NewEndpoint { account, url, terms } = new;
        let draft = MadeEndpoint { id: EndpointId(0), account, key, url, terms, at: now, gone_at: Time::NEVER };
        self.check(&draft)?;
        let made = self.controls.ask(|reply| Control::MakeEndpoint(draft, reply)).await.ok_or(NotMade::Ending)?;
        // Its number may be that of one that has gone.
        self.all.retain(|it| it.id != made.id);
        self.all.push(made.clone());
        if made.is_callback() {
            self.callbacks.put(&made);
        }
        self.tell_of_sent().await;
        Ok(made)
    }

    pub(super) async fn remove(&mut self, account: AccountId, key: u64) -> Option<EndpointId> {
        let own = |it: &&mut MadeEndpoint| it.account == account && it.key == key && !it.is_callback();
        let gone = self.all.iter_mut().filter(|it| it.gone_at == Time::NEVER).find(own)?;
        gone.gone_at = Clock::of_the_wall();
        let (id, gone) = (gone.id, gone.clone());
        self.controls.ask(|reply| Control::GiveUpEndpoint(gone, reply)).await?;
        self.tell_of_sent().await;
        Some(id)
    }

    /// Which accounts have an endpoint that is told that messages were sent.
    async fn tell_of_sent(&self) {
        let live = self.all.iter().filter(|it| it.gone_at == Time::NEVER);
        let hears = |it: &&MadeEndpoint| it.terms.as_ref().is_some_and(|it| it.kinds.has(EventKind::MessageSent));
        let accounts: BTreeSet<AccountId> = live.filter(hears).map(|it| it.account).collect();
        self.controls.tell(Control::HearOfSent(accounts)).await;
    }

    /// Whether it can be called by the configuration of now.
    fn check(&self, made: &MadeEndpoint) -> Result<(), NotMade> {
        let template = self.templates.get(&made.account).ok_or(NotMade::Ending)?;
        template.options(made).map(drop).map_err(|it| match it {
            NotCallable::Address(detail) => NotMade::Address(detail),
            NotCallable::Secret(detail) if made.is_callback() => NotMade::Unsigned(detail),
            NotCallable::Secret(detail) => NotMade::Secret(detail),
            NotCallable::Unsigned => NotMade::Unsigned(it.to_string()),
        })
    }
}

/// Where a URL leads, however it is written.
pub(super) fn place(url: &str) -> String {
    HttpUrl::parse(url).map_or_else(|_| url.to_owned(), |it| it.origin() + &it.target)
}
