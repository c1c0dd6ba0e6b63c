//! The three statuses of an order.

use async_graphql::Enum;

/// How far an order has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::order::OrderStatus")]
pub enum OrderStatus {
    /// Not placed.
    Absent,
    /// It exists and is not owed yet.
    Placed,
    /// The shop owes the goods.
    Confirmed,
    /// It never became a sale.
    Rejected,
    /// It was called off.
    Cancelled,
    /// The time for withdrawal is over.
    Completed,
}

/// Where the money of an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::order::PaymentStatus")]
pub enum OrderPaymentStatus {
    /// Not yet asked, or asked and not answered.
    Pending,
    /// The buyer must act at the bank.
    RequiresAction,
    /// Part of the money is held, and nobody is asked for the rest.
    PartiallyAuthorised,
    /// The money is held.
    Authorised,
    /// Part of the money is taken.
    PartiallyCaptured,
    /// All of the money is taken.
    Captured,
    /// Part of the money went back.
    PartiallyRefunded,
    /// All of the money went back.
    Refunded,
    /// The hold was let go.
    Voided,
    /// The bank said no.
    Declined,
}

/// Where the goods of an order stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::order::FulfilmentStatus")]
pub enum OrderFulfilmentStatus {
    /// No warehouse has been asked.
    Unfulfilled,
    /// The warehouses have been asked.
    Requested,
    /// Every parcel is packed.
    Packed,
    /// Some parcels are with a carrier.
    PartiallyShipped,
    /// Every parcel is with a carrier.
    Shipped,
    /// Some parcels have arrived.
    PartiallyDelivered,
    /// Every parcel has arrived.
    Delivered,
    /// A parcel was lost.
    Lost,
    /// The work was called off.
    Cancelled,
}

/// Returns a status as read models hold it: in lower case, words joined by underscores.
pub(crate) fn stored_name(status: impl async_graphql::resolver_utils::EnumType) -> String {
    match async_graphql::resolver_utils::enum_value(status) {
        async_graphql::Value::Enum(name) => name.to_ascii_lowercase(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_looked_for_as_it_is_stored() {
        assert_eq!(stored_name(OrderPaymentStatus::PartiallyRefunded), "partially_refunded");
        for status in ["placed", "confirmed", "rejected", "cancelled", "completed"] {
            let items = <OrderStatus as async_graphql::resolver_utils::EnumType>::items();
            assert!(items.iter().any(|item| stored_name(item.value) == status), "{status}");
        }
    }
}
