//! Everything that happened to one thing: who, when and why.

use app::actor::Permission;
use app::as_of::AsOf;
use app::log::StreamId;
use async_graphql::{Context, Result};
use domain::decider::{Decider, Refusal};

use super::audit::types::Event;
use super::call::{Call, page_size};
use super::connection::{Connection, PageInfo};
use super::errors::failure;
use super::log::shown;
use crate::http::error::ErrorCode as FailureCode;

/// Reads a page of the events of one aggregate, as far as they had happened. A cursor is the version of the last event of
/// its page.
///
/// # Errors
/// FORBIDDEN without `AUDIT_READ`; BAD_REQUEST for a size or a cursor that is none.
pub(crate) async fn history<D>(
    ctx: &Context<'_>,
    id: &str,
    as_of: AsOf,
    (first, after): (i32, Option<String>),
) -> Result<Connection<Event>>
where
    D: Decider,
    D::Error: Refusal,
{
    let call = Call::with(ctx, Permission::AuditRead)?;
    let size = page_size(first)?;
    let malformed = || FailureCode::BadRequest.error("after is no cursor of this list: pass pageInfo.endCursor");
    let version = after.map_or(Ok(0), |cursor| cursor.parse::<u64>().map_err(|_| malformed()))?;
    let read = app::log::history(&call.state.shop, &StreamId::new(D::TYPE, id), version, size, as_of).await;
    let (found, has_next_page) = read.map_err(failure)?;
    let nodes = found.iter().map(shown).collect::<Result<Vec<_>, _>>().map_err(failure)?;
    let end_cursor = nodes.last().map(|event| event.version.to_string());
    Ok(Connection { nodes, page_info: PageInfo { has_next_page, end_cursor } })
}
