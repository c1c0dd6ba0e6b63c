//! What the checkout asks for its parcels.

use std::collections::BTreeMap;
use std::sync::Arc;

use app::bus::Request;
use app::error::AppError;
use app::fulfilment::{parcel_id, shares_of};
use app::payment::refund_part;
use app::stock::{self, Routed};
use domain::fulfilment::{Fulfilment, FulfilmentCommand, FulfilmentLine, FulfilmentState};
use domain::order::{FulfilmentStatus, Order, OrderCommand, Sale};
use domain::stock::StockCommand;
use domain::values::{FulfilmentId, LineId, LocationId, Money, OrderId, PaymentId, Quantity, Sku};

use super::payment::Refunded;
use super::{GatewayWork, words};
use crate::checkout::{
    CheckoutInput as Input, CheckoutStep as Step, LINES_PREFIX, REFUND_PREFIX, capture_name, part_capture_name,
};
use crate::engine::StepError;
use crate::ports::LabelRequest;

type Answer = Result<Input, StepError>;

/// How often the parcels are looked at again while they move.
const NOTES_MAX: u32 = 16;

/// What one location sends of a sale, and the share of the money it stands for.
struct Part {
    location: LocationId,
    lines: Vec<FulfilmentLine>,
    share: Money,
}

impl GatewayWork {
    pub(super) async fn perform_on_parcels(&self, order: &OrderId, step: &Step, request: &Request) -> Answer {
        match step {
            Step::RequestFulfilments { routed } => self.request_fulfilments(order, routed, request).await,
            Step::Capture { fulfilment, payment, amount, round, is_last, is_part } => {
                // Each try is a capture of its own name: a provider keeps a refusal under the name it gave it to.
                let name = if *is_part { part_capture_name } else { capture_name }(fulfilment, *round);
                let failure = self.capture(payment, (&name, *amount), *is_last, request).await?;
                self.note_payment(order, payment, request).await?;
                let fulfilment = fulfilment.clone();
                Ok(match failure {
                    None => Input::Captured { fulfilment },
                    Some(code) => Input::CaptureFailed { fulfilment, code },
                })
            }
            Step::ReleaseParcel { fulfilment, parcels } => {
                self.release_parcel(order, fulfilment, parcels, request).await
            }
            Step::Reship { fulfilment, round } => self.reship(order, fulfilment, *round, request).await,
            Step::Dispatch { routed, holder, .. } => {
                let command = StockCommand::Dispatch { order: holder.as_ref().unwrap_or(order).clone() };
                stock::for_each(&self.shop, request, routed, &command).await?;
                let skus = routed.iter().map(|part| &part.sku).collect();
                stock::expire_promises(&self.shop, request, order, &skus).await?;
                Ok(Input::Done)
            }
            Step::ReleaseParcelStock { routed, holder, .. } => {
                let reason = words("the parcel is called off")?;
                let command = StockCommand::Release { order: holder.as_ref().unwrap_or(order).clone(), reason };
                stock::for_each(&self.shop, request, routed, &command).await?;
                Ok(Input::Done)
            }
            Step::NoteFulfilment { parcels, .. } => {
                self.note_fulfilment(order, parcels, request).await?;
                Ok(Input::Done)
            }
            Step::RefundParcel { fulfilment, payment, amount, from } => {
                let name = refund_part(&format!("{REFUND_PREFIX}{fulfilment}"), *from);
                self.give_back(order, payment, (&name, *amount), request).await
            }
            Step::CancelLines { cancellation, parcels } => {
                self.cancel_lines(order, cancellation, parcels, request).await
            }
            Step::RefuseLines { cancellation } => self.refuse_lines(order, cancellation, request).await,
            Step::RefundLines { cancellation, payment, amount, from } => {
                let name = refund_part(&format!("{LINES_PREFIX}{cancellation}"), *from);
                self.give_back(order, payment, (&name, *amount), request).await
            }
            Step::CancelFulfilments { fulfilments } => self.cancel_fulfilments(order, fulfilments, request).await,
            other => Err(StepError::Stuck(format!("{other:?} is no work on parcels"))),
        }
    }

    /// Gives money back under a name; where it cannot go back people are told.
    async fn give_back(
        &self,
        order: &OrderId,
        payment: &PaymentId,
        (name, amount): (&str, Money),
        request: &Request,
    ) -> Answer {
        let refunded = self.refund(payment, name, amount, request).await?;
        self.note_payment(order, payment, request).await?;
        match refunded {
            Refunded::Done | Refunded::Pending => Ok(Input::Done),
            Refunded::Failed(code) => Err(StepError::Stuck(format!("the refund failed with {code}"))),
        }
    }

    async fn request_fulfilments(&self, order: &OrderId, routed: &[Routed], request: &Request) -> Answer {
        let state = self.shop.bus.load::<Order>(order.as_str()).await?.state;
        let sale = state.sale().ok_or_else(|| StepError::Stuck("the order is not placed".to_owned()))?;
        let mut parcels = Vec::new();
        for Part { location, lines, share } in parts_of(sale, routed)? {
            let fulfilment = parcel_id(order, &location);
            let command = FulfilmentCommand::Request {
                order: order.clone(),
                location: location.clone(),
                lines,
                address: sale.address.clone(),
                share,
            };
            self.shop.bus.begin_all::<Fulfilment>(fulfilment.as_str(), request, &[command]).await?;
            parcels.push((fulfilment, location, share));
        }
        let ids: Vec<_> = parcels.iter().map(|(fulfilment, _, _)| fulfilment.clone()).collect();
        self.note_fulfilment(order, &ids, request).await?;
        Ok(Input::FulfilmentsRequested { parcels })
    }

    /// Notes on the order where its goods stand, from the parcels themselves. Two notes may be taken side by side, so it
    /// is looked at again after writing: the last one to write has seen the last move.
    async fn note_fulfilment(&self, order: &OrderId, ids: &[FulfilmentId], request: &Request) -> Result<(), StepError> {
        let mut noted = None;
        for _ in 0..NOTES_MAX {
            let mut parcels = Vec::with_capacity(ids.len());
            for id in ids {
                parcels.push(self.shop.bus.load::<Fulfilment>(id.as_str()).await?.state);
            }
            let status = status_of(&parcels);
            if noted == Some(status) {
                return Ok(());
            }
            let at = parcels.iter().filter_map(|parcel| parcel.delivered_at().or(parcel.handed_over_at())).max();
            let at = at.unwrap_or_else(|| self.shop.clock.now());
            let command = OrderCommand::RecordFulfilment { status, fulfilment: None, at };
            self.shop.bus.execute::<Order>(order.as_str(), request, command).await?;
            noted = Some(status);
        }
        Err(StepError::Later("the parcels move all the time".to_owned()))
    }

    async fn release_parcel(
        &self,
        order: &OrderId,
        id: &FulfilmentId,
        parcels: &[FulfilmentId],
        request: &Request,
    ) -> Answer {
        if self.is_cancelled(id).await? {
            return Ok(Input::Done);
        }
        let state = self.shop.bus.load::<Order>(order.as_str()).await?.state;
        let country = state.sale().map(|sale| sale.country.clone()).unwrap_or_default();
        let label = self.carrier.book(&LabelRequest { fulfilment: id.clone(), country }).await?;
        let commands = [
            FulfilmentCommand::BookLabel { carrier: words(&label.carrier)?, tracking: words(&label.tracking)? },
            FulfilmentCommand::ReleaseForShipping,
        ];
        match self.shop.bus.execute_all::<Fulfilment>(id.as_str(), request, &commands).await {
            Ok(_) => self.note_fulfilment(order, parcels, request).await?,
            // It was called off since: then there is nothing to let go.
            Err(AppError::Refused(_)) if self.is_cancelled(id).await? => {}
            Err(error) => return Err(error.into()),
        }
        Ok(Input::Done)
    }

    async fn is_cancelled(&self, id: &FulfilmentId) -> Result<bool, AppError> {
        let parcel = self.shop.bus.load::<Fulfilment>(id.as_str()).await?.state;
        Ok(parcel.state() == FulfilmentState::Cancelled)
    }

    /// Calls parcels off; where one has left the order stands without those that have not.
    async fn cancel_fulfilments(&self, order: &OrderId, fulfilments: &[FulfilmentId], request: &Request) -> Answer {
        let reason = words("the order is called off")?;
        let (mut cancelled, mut has_left) = (Vec::new(), false);
        for fulfilment in fulfilments {
            let command = FulfilmentCommand::Cancel { reason: reason.clone() };
            match self.fulfilment(fulfilment, command, request).await {
                Ok(()) => cancelled.push(fulfilment.clone()),
                Err(AppError::Refused(_)) => has_left = true,
                Err(error) => return Err(error.into()),
            }
        }
        self.note_fulfilment(order, fulfilments, request).await?;
        Ok(if has_left { Input::FulfilmentsLeft { cancelled } } else { Input::FulfilmentsCancelled })
    }

    async fn fulfilment(
        &self,
        id: &FulfilmentId,
        command: FulfilmentCommand,
        request: &Request,
    ) -> Result<(), AppError> {
        self.shop.bus.execute::<Fulfilment>(id.as_str(), request, command).await.map(|_| ())
    }
}

/// Says where the goods stand, from every parcel that was not called off.
fn status_of(parcels: &[Arc<Fulfilment>]) -> FulfilmentStatus {
    use FulfilmentState::{Cancelled, Delivered, HandedOver, Lost, Packed};
    let states: Vec<_> = parcels.iter().map(|parcel| parcel.state()).filter(|state| *state != Cancelled).collect();
    let all = |wanted: &[FulfilmentState]| states.iter().all(|state| wanted.contains(state));
    let any = |wanted: &[FulfilmentState]| states.iter().any(|state| wanted.contains(state));
    if states.is_empty() {
        FulfilmentStatus::Cancelled
    } else if any(&[Lost]) {
        FulfilmentStatus::Lost
    } else if all(&[Delivered]) {
        FulfilmentStatus::Delivered
    } else if any(&[Delivered]) {
        FulfilmentStatus::PartiallyDelivered
    } else if all(&[HandedOver]) {
        FulfilmentStatus::Shipped
    } else if any(&[HandedOver]) {
        FulfilmentStatus::PartiallyShipped
    } else if all(&[Packed]) {
        FulfilmentStatus::Packed
    } else {
        FulfilmentStatus::Requested
    }
}

/// Splits a sale over the locations that send it, in the order of their names.
fn parts_of(sale: &Sale, routed: &[Routed]) -> Result<Vec<Part>, StepError> {
    let parts = by_location(sale.lines.iter().map(|line| (&line.line, &line.sku, line.quantity)), routed)?;
    let units = |lines: &Vec<FulfilmentLine>| {
        lines.iter().map(|line| (line.line.clone(), line.quantity.units())).collect::<Vec<_>>()
    };
    let shares = shares_of(sale, &parts.values().map(units).collect::<Vec<_>>())?;
    let parts = parts.into_iter().zip(shares);
    parts.map(|((location, lines), share)| Ok(Part { location, lines, share: share.payable(sale)? })).collect()
}

/// Splits lines over the locations that send them, in the order of their names. Units of a SKU on several lines go to the
/// lines in their order.
pub(super) fn by_location<'a>(
    lines: impl Iterator<Item = (&'a LineId, &'a Sku, Quantity)>,
    routed: &[Routed],
) -> Result<BTreeMap<LocationId, Vec<FulfilmentLine>>, StepError> {
    let mut left: Vec<(&Routed, i64)> = routed.iter().map(|part| (part, part.quantity.units())).collect();
    let mut parts = BTreeMap::<LocationId, Vec<FulfilmentLine>>::new();
    for (line, sku, quantity) in lines {
        let mut wanted = quantity.units();
        for (part, units) in left.iter_mut().filter(|(part, _)| part.sku == *sku) {
            let take = wanted.min(*units);
            if take > 0 {
                (*units, wanted) = (*units - take, wanted - take);
                let quantity = Quantity::new(take).map_err(|error| StepError::Stuck(error.to_string()))?;
                let sent = FulfilmentLine { line: line.clone(), sku: sku.clone(), quantity };
                parts.entry(part.location.clone()).or_default().push(sent);
            }
        }
        if wanted > 0 {
            return Err(StepError::Stuck(format!("{wanted} units of {sku} are allocated nowhere")));
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use domain::decider::Decider;
    use domain::values::{Currency, CustomerId, LineId, Sealed, Timestamp};
    use uuid::Uuid;

    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1);

    fn units(count: i64) -> Quantity {
        Quantity::new(count).expect("a count of units")
    }

    fn line(number: u128) -> LineId {
        LineId::from_uuid(Uuid::from_u128(number))
    }

    fn sku(text: &str) -> Sku {
        text.parse().expect("a SKU")
    }

    fn location(text: &str) -> LocationId {
        text.parse().expect("a location")
    }

    fn parcel(state: FulfilmentState) -> Arc<Fulfilment> {
        use FulfilmentState::{Cancelled, Delivered, HandedOver, Lost, Packed};
        let text = |text: &str| words(text).expect("a short text");
        let request = FulfilmentCommand::Request {
            order: OrderId::from_uuid(Uuid::from_u128(1)),
            location: location("paris"),
            lines: vec![FulfilmentLine { line: line(1), sku: sku("LIV-1"), quantity: units(1) }],
            address: Sealed::new(CustomerId::from_uuid(Uuid::from_u128(2)), "sealed".to_owned()),
            share: Money::new(100, Currency::Eur),
        };
        let mut commands = vec![request];
        if state == Cancelled {
            commands.push(FulfilmentCommand::Cancel { reason: text("no") });
        }
        if [Packed, HandedOver, Delivered, Lost].contains(&state) {
            commands.push(FulfilmentCommand::Pack { packed_at: NOON });
        }
        if [HandedOver, Delivered, Lost].contains(&state) {
            let (carrier, tracking) = (text("La Poste"), text("8R"));
            commands.push(FulfilmentCommand::ReleaseForShipping);
            commands.push(FulfilmentCommand::HandOver { carrier, tracking, handed_over_at: NOON });
        }
        if state == Delivered {
            commands.push(FulfilmentCommand::Deliver { delivered_at: NOON });
        }
        if state == Lost {
            commands.push(FulfilmentCommand::DeclareLost { reason: text("gone") });
        }
        let mut parcel = Fulfilment::default();
        for command in commands {
            let events = parcel.decide(&command).expect("the parcel allows it");
            events.iter().for_each(|event| parcel.evolve(event));
        }
        assert_eq!(parcel.state(), state);
        Arc::new(parcel)
    }

    #[test]
    fn the_goods_stand_where_the_parcels_stand_that_were_not_called_off() {
        use FulfilmentState::{Cancelled, Delivered, HandedOver, Lost, Packed, Requested};
        let cases: [(&[FulfilmentState], FulfilmentStatus); 14] = [
            (&[], FulfilmentStatus::Cancelled),
            (&[Cancelled, Cancelled], FulfilmentStatus::Cancelled),
            (&[Requested], FulfilmentStatus::Requested),
            (&[Requested, Packed], FulfilmentStatus::Requested),
            (&[Packed, Packed], FulfilmentStatus::Packed),
            (&[Cancelled, Packed], FulfilmentStatus::Packed),
            (&[Packed, HandedOver], FulfilmentStatus::PartiallyShipped),
            (&[HandedOver, HandedOver], FulfilmentStatus::Shipped),
            (&[HandedOver, Delivered], FulfilmentStatus::PartiallyDelivered),
            (&[Requested, Delivered], FulfilmentStatus::PartiallyDelivered),
            (&[Delivered, Delivered], FulfilmentStatus::Delivered),
            (&[Cancelled, Delivered], FulfilmentStatus::Delivered),
            (&[Lost, Delivered], FulfilmentStatus::Lost),
            (&[Lost, Requested], FulfilmentStatus::Lost),
        ];
        for (states, expected) in cases {
            let parcels: Vec<_> = states.iter().map(|state| parcel(*state)).collect();
            assert_eq!(status_of(&parcels), expected, "{states:?}");
        }
    }

    /// The units of each line that a location sends.
    type Sent = Vec<(LineId, i64)>;

    /// Returns what each location sends.
    fn split(lines: &[(u128, &str, i64)], routed: &[(&str, &str, i64)]) -> Result<Vec<(String, Sent)>, StepError> {
        let lines: Vec<_> = lines.iter().map(|(number, of, count)| (line(*number), sku(of), units(*count))).collect();
        let routed: Vec<_> = routed
            .iter()
            .map(|(of, at, count)| Routed { sku: sku(of), location: location(at), quantity: units(*count) })
            .collect();
        let parts = by_location(lines.iter().map(|(line, sku, count)| (line, sku, *count)), &routed)?;
        let sent = |lines: Vec<FulfilmentLine>| {
            lines.into_iter().map(|sent| (sent.line, sent.quantity.units())).collect::<Vec<_>>()
        };
        Ok(parts.into_iter().map(|(location, lines)| (location.to_string(), sent(lines))).collect())
    }

    #[test]
    fn units_of_a_sku_on_several_lines_go_to_the_lines_in_their_order() {
        let routed = [("LIV-1", "paris", 2), ("LIV-1", "lyon", 3), ("STYLO", "lyon", 1)];
        let parts = split(&[(1, "LIV-1", 3), (2, "STYLO", 1), (3, "LIV-1", 2)], &routed);
        let expected = vec![
            ("lyon".to_owned(), vec![(line(1), 1), (line(2), 1), (line(3), 2)]),
            ("paris".to_owned(), vec![(line(1), 2)]),
        ];
        assert_eq!(parts, Ok(expected));
        let lacking = split(&[(1, "LIV-1", 3), (3, "LIV-1", 3)], &routed);
        assert_eq!(lacking, Err(StepError::Stuck("1 units of LIV-1 are allocated nowhere".to_owned())));
        assert_eq!(split(&[], &routed), Ok(vec![]));
    }
}
