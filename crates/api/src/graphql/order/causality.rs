//! What led to what in the life of an order, as one tree.

use app::actor::Permission;
use async_graphql::{Context, Enum, ID, Result, SimpleObject};
use domain::values::OrderId;
use sagas::journey::{Happening, Journey, Link};

use crate::graphql::audit::types::Event;
use crate::graphql::call::Call;
use crate::graphql::errors::failure;
use crate::graphql::log::shown;

/// What joins an event to the one it stands under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CausalityLink {
    /// It stands under none: the journey begins here.
    Beginning,
    /// It says that it was caused by that one.
    Cause,
    /// The same request from outside caused both, that one first.
    Request,
    /// It was asked for from outside, or its moment came; that one is the last of its stream before it.
    Stream,
}

impl From<Link> for CausalityLink {
    fn from(link: Link) -> Self {
        match link {
            Link::Beginning => CausalityLink::Beginning,
            Link::Cause => CausalityLink::Cause,
            Link::Request => CausalityLink::Request,
            Link::Stream => CausalityLink::Stream,
        }
    }
}

/// An event and its place in the tree.
#[derive(Clone, Debug, SimpleObject)]
pub struct CausalityNode {
    /// The event.
    pub event: Event,
    /// The id of the event it stands under; null at the beginning.
    pub parent_id: Option<ID>,
    /// What joins it to that one.
    pub link: CausalityLink,
    /// How far it is from the beginning, 0 for the beginning itself.
    pub depth: u32,
    /// The ids of the events that stand under it, the oldest first.
    pub child_ids: Vec<ID>,
}

/// What led to what, from the first click to the refund: across cart, processes, order, stock, payments, parcels and returns.
#[derive(Clone, Debug, SimpleObject)]
pub struct Causality {
    /// Every event, each before those that stand under it.
    pub nodes: Vec<CausalityNode>,
    /// The same as a flowchart of Mermaid: a line for a cause, a dotted one for what follows a request or a stream.
    pub mermaid: String,
    /// Whether it is all there: an order of more than 2,000 events is shown up to there.
    pub is_complete: bool,
}

fn node(all: &[Happening], one: &Happening) -> Result<CausalityNode> {
    let id_of = |index: usize| all.get(index).map(|happening| ID(happening.event.event_id.to_string()));
    Ok(CausalityNode {
        event: shown(&one.event).map_err(failure)?,
        parent_id: one.parent.and_then(id_of),
        link: one.link.into(),
        depth: one.depth,
        child_ids: one.children.iter().filter_map(|child| id_of(*child)).collect(),
    })
}

/// Reads the journey of an order from the log.
pub(super) async fn causality(ctx: &Context<'_>, order: &str) -> Result<Option<Causality>> {
    let call = Call::with(ctx, Permission::AuditRead)?;
    let Ok(order) = order.parse::<OrderId>() else { return Ok(None) };
    let Some(journey) = sagas::journey::of(&call.state.shop, &order).await.map_err(failure)? else { return Ok(None) };
    let all = Journey::happenings(&journey);
    let nodes = all.iter().map(|one| node(all, one)).collect::<Result<Vec<_>>>()?;
    Ok(Some(Causality { nodes, mermaid: journey.mermaid(), is_complete: journey.is_complete() }))
}
