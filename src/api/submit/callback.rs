//! `callback_url`: where what becomes of the messages of one request is told, besides the endpoints of the account.

use crate::api::handler::context::Context;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::submit::endpoints::{URL_MAX, of_callback};
use crate::api::submit::request::Asked;
use crate::dispatch::door::happening::Submission;
use crate::message::callback::Callback;
use crate::message::extras::Extras;
use crate::wire::url::HttpUrl;
use std::sync::Arc;

/// The address, as far as its words say that it may be called.
pub(super) fn read<'a>(asked: &'a Asked<'_>) -> Result<Option<HttpUrl<'a>>, Problem> {
    let invalid = |detail: String| Problem::at(Kind::Invalid, "/callback_url", detail);
    let Some(text) = asked.callback_url.as_ref().map(|it| it.as_str()) else { return Ok(None) };
    if URL_MAX < text.len() {
        return Err(invalid(format!("has more than {URL_MAX} characters")));
    }
    let url = HttpUrl::parse(text).map_err(|it| invalid(it.to_string()))?;
    url.check_port().map_err(|it| invalid(it.to_string()))?;
    Ok(Some(url))
}

/// Has a request's messages told at its address. The host becomes an endpoint where it is the first of its account
/// there, which is done once nothing else can be refused of the request here.
pub(super) async fn attach(context: &Context, asked: &Asked<'_>, submission: &mut Submission) -> Result<(), Problem> {
    let Some(url) = read(asked)? else { return Ok(()) };
    let endpoint = of_callback(context, submission.account, url.origin()).await?;
    let callback = Callback { endpoint, target: url.target.into() };
    // Recipients share what they have in common, and go on to.
    let mut made: Vec<(Option<Arc<Extras>>, Arc<Extras>)> = Vec::new();
    for recipient in &mut submission.recipients {
        let same =
            |it: &Option<Arc<Extras>>| it.as_ref().map(Arc::as_ptr) == recipient.extras.as_ref().map(Arc::as_ptr);
        let known = made.iter().find(|it| same(&it.0)).map(|it| Arc::clone(&it.1));
        let with = known.unwrap_or_else(|| {
            let extras = recipient.extras.as_deref().cloned().unwrap_or_default();
            let with = Arc::new(Extras { callback: Some(callback.clone()), ..extras });
            made.push((recipient.extras.clone(), Arc::clone(&with)));
            with
        });
        recipient.extras = Some(with);
    }
    Ok(())
}
