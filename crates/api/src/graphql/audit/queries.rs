//! Reading and following the log.

use app::actor::Permission;
use async_graphql::{Context, Object, Result, Subscription};
use futures_util::{Stream, StreamExt};

use super::types::Event;
use crate::graphql::call::{Call, page_size};
use crate::graphql::checkout::end_of_log;
use crate::graphql::connection::{Connection, PageInfo};
use crate::graphql::errors::failure;
use crate::graphql::log::{follow, read_log, read_stream};
use crate::graphql::scalars::Position;
use crate::http::error::ErrorCode as FailureCode;

/// The most reads of one page: a rare event may be further behind than that.
const READS_MAX: usize = 20;
/// The most types of events asked for at once.
const TYPES_MAX: usize = 50;

/// Reading the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditQuery;

/// Which events are wanted.
struct Wanted {
    stream: Option<String>,
    types: Vec<String>,
}

impl Wanted {
    fn of(stream: Option<String>, types: Option<Vec<String>>) -> Result<Self> {
        let types = types.unwrap_or_default();
        if types.len() > TYPES_MAX {
            return Err(FailureCode::BadRequest.error(format!("ask for at most {TYPES_MAX} types of events")));
        }
        Ok(Self { stream, types })
    }

    fn has(&self, event: &Event) -> bool {
        let stream = self.stream.as_deref();
        let is_stream = stream.is_none_or(|stream| stream == event.stream || stream == event.stream_id.as_str());
        is_stream && (self.types.is_empty() || self.types.contains(&event.event_type))
    }
}

#[Object]
impl AuditQuery {
    /// The log from its beginning or after a position. A page may be short, even empty, although more follows: look at
    /// `pageInfo`. Needs `AUDIT_READ`.
    #[graphql(complexity = "first.clamp(1, 100) as usize * child_complexity / 10 + 1")]
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Go on behind this position.")] after: Option<Position>,
        #[graphql(desc = "Only of this stream: its name such as `order-ord_…`, or the id alone.")] stream: Option<
            String,
        >,
        #[graphql(desc = "Only of these stored names, such as `order.placed`.")] types: Option<Vec<String>>,
    ) -> Result<Connection<Event>> {
        let call = Call::with(ctx, Permission::AuditRead)?;
        let (size, wanted) = (page_size(first)?, Wanted::of(stream, types)?);
        let (mut nodes, mut next) = (Vec::new(), after.unwrap_or(Position(0)));
        let of_stream = match &wanted.stream {
            Some(name) => read_stream(&call.state.shop, name, next, size, &wanted.types).await.map_err(failure)?,
            None => None,
        };
        if let Some((nodes, has_next_page)) = of_stream {
            let end_cursor = nodes.last().map_or(next, |event: &Event| event.position).text();
            return Ok(Connection { nodes, page_info: PageInfo { has_next_page, end_cursor: Some(end_cursor) } });
        }
        let mut has_next_page = true;
        for _ in 0..READS_MAX {
            let page = read_log(&call.state.shop, next, size - nodes.len(), &|event: &Event| wanted.has(event)).await;
            let page = page.map_err(failure)?;
            nodes.extend(page.events);
            (next, has_next_page) = (page.next, page.next < page.head);
            if nodes.len() == size || !has_next_page {
                break;
            }
        }
        let page_info = PageInfo { has_next_page, end_cursor: Some(next.text()) };
        Ok(Connection { nodes, page_info })
    }
}

/// Following the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditSubscription;

#[Subscription]
impl AuditSubscription {
    /// The log from now on, or after a position: first what is there, then what comes. The last event's `position`
    /// resumes it. Needs `AUDIT_READ`.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Begin after this position; left out, now.")] after: Option<Position>,
        #[graphql(desc = "Only of this stream.")] stream: Option<String>,
        #[graphql(desc = "Only of these stored names.")] types: Option<Vec<String>>,
    ) -> Result<impl Stream<Item = Result<Event>> + use<>> {
        let call = Call::with(ctx, Permission::AuditRead)?;
        let wanted = Wanted::of(stream, types)?;
        let after = after.unwrap_or_else(|| end_of_log(call));
        let events = follow(call.state.shop.clone(), after, move |event| wanted.has(event));
        Ok(events.map(|event| event.map_err(failure)))
    }
}
