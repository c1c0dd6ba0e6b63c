//! Every refusal, repeat and boundary of a variant.

use super::*;

fn created() -> VariantEvent {
    VariantEvent::Created { product: product_id(1), name: french("Poche"), weight_grams: 180 }
}

fn create(product: u128, name: &str, weight_grams: u32) -> VariantCommand {
    VariantCommand::Create { product: product_id(product), name: french(name), weight_grams }
}

fn priced(minor: i64) -> VariantEvent {
    VariantEvent::Priced { price: euros(minor), vat_rate: book_vat(), at: Some(hour(0)) }
}

fn set_price(minor: i64) -> VariantCommand {
    VariantCommand::SetPrice { price: euros(minor), vat_rate: book_vat(), now: hour(0) }
}

fn remove_price() -> VariantCommand {
    VariantCommand::RemovePrice { currency: Currency::Eur, now: hour(0) }
}

fn price_removed() -> VariantEvent {
    VariantEvent::PriceRemoved { currency: Currency::Eur, at: Some(hour(0)) }
}

pub(super) fn every_event() -> Vec<VariantEvent> {
    vec![
        created(),
        priced(750),
        price_removed(),
        VariantEvent::Discontinued {},
        VariantEvent::Reinstated {},
        super::reductions::announced(750, 900, None),
        super::reductions::ended(0),
    ]
}

#[test]
fn a_variant_is_priced_and_taken_off_sale() {
    let commands = [
        create(1, "Poche", 180),
        set_price(750),
        remove_price(),
        VariantCommand::Discontinue,
        VariantCommand::Reinstate,
    ];
    for (index, (when, then)) in commands.into_iter().zip(every_event()).enumerate() {
        accepted::<Variant>(every_event()[..index].to_vec(), when, vec![then]);
    }
    let variant: Variant = after(vec![created(), priced(750)]);
    assert!(variant.exists() && !variant.is_discontinued());
    assert_eq!((variant.product(), variant.weight_grams()), (Some(&product_id(1)), 180));
    assert_eq!((variant.name(), variant.prices().len()), (&french("Poche"), 1));
    assert_eq!(variant.price(Currency::Eur), Some((euros(750), book_vat())));
    assert_eq!(variant.price(Currency::Usd), None);
    assert!(!Variant::default().exists());
}

#[test]
fn every_repeat_changes_nothing() {
    accepted::<Variant>(vec![created()], create(1, "Poche", 180), vec![]);
    accepted::<Variant>(vec![created(), priced(750)], set_price(750), vec![]);
    accepted::<Variant>(vec![created(), priced(750), price_removed()], remove_price(), vec![]);
    accepted::<Variant>(vec![created()], remove_price(), vec![]);
    accepted::<Variant>(vec![created(), VariantEvent::Discontinued {}], VariantCommand::Discontinue, vec![]);
    accepted::<Variant>(vec![created()], VariantCommand::Reinstate, vec![]);
}

#[test]
fn another_rate_is_another_price() {
    let (price, vat_rate) = (euros(750), VatRate::ZERO);
    let then = vec![VariantEvent::Priced { price, vat_rate, at: Some(hour(0)) }];
    let when = VariantCommand::SetPrice { price, vat_rate, now: hour(0) };
    accepted::<Variant>(vec![created(), priced(750)], when, then);
}

#[test]
fn a_price_in_one_currency_leaves_the_others_alone() {
    let dollars = VariantEvent::Priced { price: Money::new(900, Currency::Usd), vat_rate: VatRate::ZERO, at: None };
    let variant: Variant = after(vec![created(), priced(750), dollars, price_removed()]);
    assert_eq!(variant.price(Currency::Eur), None);
    assert_eq!(variant.price(Currency::Usd), Some((Money::new(900, Currency::Usd), VatRate::ZERO)));
}

#[test]
fn another_variant_of_the_same_sku_is_refused() {
    for when in [create(2, "Poche", 180), create(1, "Relié", 180), create(1, "Poche", 181)] {
        refused::<Variant>(vec![created()], when, CatalogError::AlreadyExists { what: "variant" });
    }
}

#[test]
fn nothing_happens_to_a_variant_that_does_not_exist() {
    for when in [set_price(750), remove_price(), VariantCommand::Discontinue, VariantCommand::Reinstate] {
        refused::<Variant>(vec![], when, CatalogError::Unknown { what: "variant" });
    }
}

#[test]
fn a_price_is_from_nothing_to_a_hundred_million() {
    for minor in [0, PRICE_MINOR_MAX] {
        accepted::<Variant>(vec![created()], set_price(minor), vec![priced(minor)]);
    }
    for minor in [-1, PRICE_MINOR_MAX + 1, i64::MIN, i64::MAX] {
        invalid::<Variant>(vec![created()], set_price(minor), "price");
    }
}

#[test]
fn a_name_may_be_blank_but_not_too_long() {
    let event = VariantEvent::Created { product: product_id(1), name: french(""), weight_grams: 0 };
    accepted::<Variant>(vec![], create(1, "", 0), vec![event]);
    invalid::<Variant>(vec![], create(1, &letters(NAME_CHARACTERS_MAX + 1), 0), "name");
}

#[test]
fn only_what_exists_is_sold_and_has_a_price_can_be_bought() {
    let price_after = |events| after::<Variant>(events).selling_price(Currency::Eur);
    let discontinued = vec![created(), priced(750), VariantEvent::Discontinued {}];
    let no_price = CatalogError::NoPrice { currency: Currency::Eur };
    assert_eq!(price_after(vec![]), Err(CatalogError::Unknown { what: "variant" }));
    assert_eq!(price_after(vec![created()]), Err(no_price));
    assert_eq!(price_after(discontinued), Err(CatalogError::Discontinued));
    assert_eq!(price_after(vec![created(), priced(750)]), Ok((euros(750), book_vat())));
}
