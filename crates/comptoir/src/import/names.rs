//! Names that follow from the file alone, so that importing again finds what is there.

use domain::values::{CustomerId, LocationId, ProductId, Sku};
use uuid::Uuid;

use crate::defaults::LOCATIONS;

fn derived(text: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("complete-journey/{text}").as_bytes())
}

/// Returns the SKU of a product of the file.
pub(super) fn sku(product: u64) -> Sku {
    format!("CJ-{product}").parse().expect("digits and a dash make a SKU")
}

/// Returns the id of a product of the file.
pub(super) fn product(product: u64) -> ProductId {
    ProductId::from_uuid(derived(&format!("product/{product}")))
}

/// Returns the customer that a household of the file is.
pub(super) fn customer(household: u64) -> CustomerId {
    CustomerId::from_uuid(derived(&format!("household/{household}")))
}

/// Returns where a product is stocked: odd ones in the second warehouse, so that baskets span both.
pub(super) fn location(product: u64) -> LocationId {
    let place = usize::from(product % 2 == 1);
    LOCATIONS[place].parse().expect("a test reads the locations")
}

/// Returns a short hash of a text, hexadecimal: told apart in an address, not a secret.
pub(super) fn short_hash(text: &str) -> String {
    derived(text).simple().to_string()[..8].to_owned()
}

/// Returns the fingerprint of a command's input.
pub(super) fn fingerprint(input: &impl serde::Serialize) -> Result<String, serde_json::Error> {
    Ok(derived(&serde_json::to_string(input)?).simple().to_string())
}
