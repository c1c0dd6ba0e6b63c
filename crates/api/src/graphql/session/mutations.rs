//! Beginning a session, issuing a token.

use app::actor::{Actor, Role};
use app::error::AppError;
use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::values::{CustomerId, ShortText, Timestamp};

use super::types::{AccessToken, IssuedRole, Session};
use crate::graphql::ApiState;
use crate::graphql::call::{Call, state};
use crate::graphql::errors::refusals;
use crate::graphql::inputs::Inputs;
use crate::graphql::payload::Payload;
use crate::http::error::ErrorCode as FailureCode;

/// How long a token is good, seconds: 30 days.
const TOKEN_SECONDS: i64 = 30 * 24 * 60 * 60;

/// Issues an access token.
#[derive(Clone, Debug, InputObject)]
pub struct TokenIssueInput {
    /// What its holder is.
    pub role: IssuedRole,
    /// Who its holder is: a customer id for a shopper, a name for an analyst.
    pub id: String,
}

/// Beginning a session, issuing a token.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Begins a guest's session of 30 days. Needs no token.
    async fn session_start(&self, ctx: &Context<'_>) -> Result<Payload<Session>> {
        let state = state(ctx)?;
        let customer = CustomerId::from_uuid(state.shop.ids.uuid());
        let actor = Actor::shopper(customer.clone());
        let (token, expires_at) = issue(state, &actor);
        let customer_id = ID(customer.into());
        Ok(Payload::done(Session { token, customer_id, expires_at: expires_at.into() }))
    }

    /// Issues an access token of 30 days for a shopper or an analyst. Only for staff. Codes: VALIDATION.
    async fn token_issue(&self, ctx: &Context<'_>, input: TokenIssueInput) -> Result<Payload<AccessToken>> {
        let call = Call::of(ctx)?;
        if call.actor.role() != Role::Staff {
            return Err(FailureCode::Forbidden.error("only staff issue tokens"));
        }
        let inputs = Inputs::of(ctx, &input, None, None);
        let actor = match holder(inputs, &input) {
            Ok(actor) => actor,
            Err(error) => return Ok(Payload::refused(refusals(error)?)),
        };
        let (token, expires_at) = issue(call.state, &actor);
        tracing::info!(by = call.actor.id(), role = actor.role().name(), id = actor.id(), "issued a token");
        let (role, id) = (actor.role().into(), actor.id().to_owned());
        Ok(Payload::done(AccessToken { token, role, id, expires_at: expires_at.into() }))
    }
}

fn issue(state: &ApiState, actor: &Actor) -> (String, Timestamp) {
    let expires_at = state.shop.clock.now().plus_seconds(TOKEN_SECONDS);
    (state.tokens.issue(actor, expires_at), expires_at)
}

fn holder(mut inputs: Inputs, input: &TokenIssueInput) -> Result<Actor, AppError> {
    let actor = match input.role {
        IssuedRole::Shopper => inputs.parse::<CustomerId>(&["id"], &input.id).map(Actor::shopper),
        IssuedRole::Analyst => {
            inputs.parse::<ShortText>(&["id"], &input.id).map(|name| Actor::of_role(Role::Analyst, name.as_str()))
        }
    };
    actor.ok_or_else(|| inputs.refused())
}
