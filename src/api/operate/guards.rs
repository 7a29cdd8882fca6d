//! `GET /admin/v1/guards`: what stands before codes are sent, and what is blocked now.

use crate::api::handler::admitted::Operator;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{ASKS, Endpoint};
use crate::api::handler::json::{self, Shown};
use crate::api::handler::kinds::{Amount, GuardModeWord, GuardReasonWord, GuardWord, Moment};
use crate::api::handler::problem::Problem;
use crate::api::handler::time::Timestamp;
use crate::api::operate::actions::ActionView;
use crate::api::operate::inspect::snapshot;
use crate::guard::block::PrefixBlock;
use crate::guard::policy::{GuardKind, Policy};
use crate::guard::prefix::Prefix;
use crate::message::money::Exact;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// `GET /admin/v1/guards`
pub(crate) async fn guards(State(context): State<Arc<Context>>, by: Operator) -> Result<Response, Problem> {
    let (snapshot, policy) = (snapshot(&context).await?, &by.plan().guard);
    let view = GuardsView {
        guards: GuardKind::ALL.map(|guard| GuardView { guard: guard.word(), mode: policy.mode(guard).word() }),
        blocks: snapshot.guards.blocks.iter().map(|it| BlockView::of(it, policy)).collect(),
        orders: snapshot.guards.orders.iter().map(|it| ActionView::of(it, by.plan())).collect(),
        spend: policy.spend.zip(snapshot.guards.spent).map(|(budget, spent)| SpendView {
            spent: Shown(spent.exact()),
            limit: Shown(budget.amount.exact()),
            currency: budget.currency.map(|it| it.as_str().to_owned()),
            period_seconds: budget.period.as_secs(),
        }),
    };
    Ok(json::answer(StatusCode::OK, &view, 4_096))
}

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    Endpoint::new("Operation", "listGuards", "Look at the guards")
        .says(
            "What stands before one-time codes are sent: the guards, which prefixes are blocked now and until when, what \
             operators ordered for prefixes, and what was spent.",
        )
        .by::<Operator>()
        .answers::<GuardsView<'_>>(200, "As they stand now.")
        .refuses(&ASKS)
}

/// What stands before codes are sent.
#[derive(Serialize, ToSchema)]
#[schema(as = Guards)]
pub(super) struct GuardsView<'a> {
    /// Each guard, in the order in which it is asked.
    #[schema(value_type = Vec<GuardView>)]
    guards: [GuardView; GuardKind::ALL.len()],
    /// Prefixes that are blocked now.
    blocks: Vec<BlockView>,
    /// What operators ordered for prefixes and still stands.
    orders: Vec<ActionView<'a>>,
    /// What was spent, where that is bounded; else null.
    spend: Option<SpendView>,
}

/// A guard.
#[derive(Serialize, ToSchema)]
#[schema(as = Guard)]
struct GuardView {
    /// Which.
    #[schema(value_type = GuardWord)]
    guard: &'static str,
    /// What it does.
    #[schema(value_type = GuardModeWord)]
    mode: &'static str,
}

/// A prefix that is blocked.
#[derive(Serialize, ToSchema)]
#[schema(as = PrefixBlock)]
struct BlockView {
    /// Numbers that begin so.
    #[schema(value_type = String)]
    prefix: Shown<Prefix>,
    /// By which guard.
    #[schema(value_type = GuardWord)]
    guard: &'static str,
    /// What that guard does: in `shadow` nobody is refused for the block.
    #[schema(value_type = GuardModeWord)]
    mode: &'static str,
    /// What is said to who asks.
    #[schema(value_type = GuardReasonWord)]
    reason: &'static str,
    /// Since when.
    #[schema(value_type = Moment)]
    since: Timestamp,
    /// Until when.
    #[schema(value_type = Moment)]
    until: Timestamp,
    /// The how many-eth in a row it is: each lasts twice as long as the one before.
    times: u32,
}

impl BlockView {
    fn of(it: &PrefixBlock, policy: &Policy) -> Self {
        Self {
            prefix: Shown(it.prefix),
            guard: it.guard.word(),
            mode: policy.mode(it.guard).word(),
            reason: it.guard.reason().word(),
            since: Timestamp(it.since),
            until: Timestamp(it.until),
            times: it.times,
        }
    }
}

/// What codes cost of late.
#[derive(Serialize, ToSchema)]
#[schema(as = GuardSpend)]
struct SpendView {
    /// So much in the period: each code at the dearest carrier of its route, and each further try at its own carrier,
    /// which is not asked for and may bring it above the limit.
    #[schema(value_type = Amount)]
    spent: Shown<Exact>,
    /// So much may be.
    #[schema(value_type = Amount)]
    limit: Shown<Exact>,
    /// In this currency, where a carrier says what it charges.
    currency: Option<String>,
    /// How long a period is.
    period_seconds: u64,
}
