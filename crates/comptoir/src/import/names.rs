//! Names that follow from the file alone, so that importing again finds what is there.

use domain::values::{CustomerId, LocationId, ProductId, Sku};
use uuid::{Builder, Uuid};

use crate::defaults::LOCATIONS;

fn derived(text: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("complete-journey/{text}").as_bytes())
}

/// Returns the SKU of a product of the file.
pub(super) fn sku(product: u64) -> Sku {
    format!("CJ-{product}").parse().expect("digits and a dash make a SKU")
}

/// Returns the id of a product of the file: a name of its kind in front and its number at the end (UUID version 8, RFC
/// 9562, section 5.8). Ids ascend as the file does, so that trees of them grow at their end: hashes would touch a page of
/// every index for every product.
pub(super) fn product(product: u64) -> ProductId {
    let mut bytes = *derived("product").as_bytes();
    let [high, low @ ..] = product.to_be_bytes();
    bytes[7] = high;
    bytes[9..].copy_from_slice(&low);
    ProductId::from_uuid(Builder::from_custom_bytes(bytes).into_uuid())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_have_one_id_for_ever_and_ascend_as_their_numbers_do() {
        assert_eq!(product(25_671), product(25_671));
        let numbers = [0, 1, 255, 256, 25_671, 1 << 40, 1 << 57, u64::MAX];
        assert!(numbers.map(product).is_sorted(), "{:?}", numbers.map(product));
        assert_eq!(product(1).uuid().get_version_num(), 8);
    }

    #[test]
    fn odd_products_lie_in_the_second_warehouse() {
        assert_eq!([0, 1, 2, 3].map(|id| location(id).to_string()), ["paris", "lyon", "paris", "lyon"]);
    }
}
