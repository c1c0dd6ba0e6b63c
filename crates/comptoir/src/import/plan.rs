//! What an import is going to do with what was recorded: pure, decided before anything is asked of the shop.
//!
//! Every line ends in exactly one outcome: sold, or refused for one named reason. What is odd about a sold line is
//! counted beside it.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::cart::LINES_MAX;
use domain::values::Quantity;
use serde::Serialize;

use super::coupons::{self, CouponCounts, PlannedCoupon};
use super::files::{Basket, Line, Recorded};

/// The most a basket may come to, US cents: the most that one card payment may take
/// (<https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts>).
const BASKET_CENTS_MAX: i64 = 99_999_999;

/// Why a line is not sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Nothing was bought, or something came back.
    QuantityNotPositive,
    /// More than a million units, alone or with the lines of the same product before it.
    QuantityTooHigh,
    /// The store paid for it.
    AmountNegative,
    /// More than one card payment may take, alone or with the lines before it.
    AmountTooHigh,
    /// No product of that id is in the catalogue.
    ProductUnknown,
    /// The basket has as many lines as a cart may have.
    BasketFull,
    /// The shop did not sell its basket; the report says why.
    BasketNotSold,
}

/// What is odd about a line that is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Oddity {
    /// It costs nothing.
    SoldForFree,
    /// Its amount is no whole number of cents a unit: it is sold as a line amount.
    LineAmountNotDivisible,
    /// Its price is not the product's list price: it is sold at the recorded one.
    PriceDiffersFromList,
    /// Its product has several prices on that day.
    SeveralPricesOnADay,
    /// Its product is in the basket already: both lines stand.
    ProductTwiceInBasket,
}

/// Lines and what they come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LineCount {
    /// Lines.
    pub lines: u64,
    /// US cents.
    pub cents: i64,
}

impl LineCount {
    pub(super) fn add(&mut self, cents: i64) {
        self.lines += 1;
        self.cents += cents;
    }
}

/// What becomes of the lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LineCounts {
    /// Every line of the chosen baskets.
    pub all: LineCount,
    /// Lines that are sold.
    pub sold: LineCount,
    /// Units that are sold.
    pub units: i64,
    /// Lines that are not, by reason.
    pub refused: BTreeMap<Refusal, LineCount>,
    /// Sold lines with something odd, by what it is; a line may be counted several times.
    pub odd: BTreeMap<Oddity, u64>,
}

/// A basket as it is going to be bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedBasket {
    /// The basket.
    pub id: u64,
    /// Who buys it.
    pub household: u64,
    /// Where.
    pub store: u64,
    /// The day it was bought on, as `2017-01-01`.
    pub day: String,
    /// The lines that are sold, in the file's order.
    pub lines: Vec<Line>,
    /// What they come to, US cents.
    pub total_cents: i64,
    /// What makers paid for coupons on the whole basket, refused lines included, US cents.
    pub discount_cents: i64,
    /// The coupons.
    pub coupons: Vec<PlannedCoupon>,
}

impl PlannedBasket {
    /// Returns what the household pays, US cents.
    pub fn payable_cents(&self) -> i64 {
        self.total_cents - self.coupons.iter().map(|coupon| coupon.cents).sum::<i64>()
    }
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The baskets in order of time, those without a line included.
    pub baskets: Vec<PlannedBasket>,
    /// List prices of the products that are sold, US cents a unit.
    pub list_prices: HashMap<u64, i64>,
    /// Products whose list price is rounded, because no sold line gives a whole one above nothing.
    pub list_prices_rounded: u64,
    /// Units needed of each product.
    pub needs: BTreeMap<u64, i64>,
    /// What becomes of the lines.
    pub lines: LineCounts,
    /// What becomes of the coupons.
    pub coupons: CouponCounts,
}

impl Plan {
    /// Decides about everything that was recorded.
    pub fn of(recorded: &Recorded) -> Self {
        let known: HashSet<u64> = recorded.products.iter().map(|product| product.id).collect();
        let mut plan = Self::default();
        for basket in &recorded.baskets {
            let planned = plan.basket(basket, &known);
            plan.baskets.push(planned);
        }
        plan.set_list_prices();
        plan.count_oddities();
        plan.coupons = coupons::assign(&mut plan.baskets, &recorded.redemptions);
        plan
    }

    fn basket(&mut self, basket: &Basket, known: &HashSet<u64>) -> PlannedBasket {
        let mut planned = PlannedBasket {
            id: basket.id,
            household: basket.household,
            store: basket.store,
            day: basket.day().to_owned(),
            lines: Vec::with_capacity(basket.lines.len()),
            total_cents: 0,
            discount_cents: 0,
            coupons: Vec::new(),
        };
        for line in &basket.lines {
            self.lines.all.add(line.sales_cents);
            planned.discount_cents += line.coupon_cents.max(0);
            match refusal(&planned, line, known) {
                Some(reason) => self.lines.refused.entry(reason).or_default().add(line.sales_cents),
                None => {
                    self.lines.sold.add(line.sales_cents);
                    self.lines.units += line.quantity;
                    *self.needs.entry(line.product).or_default() += line.quantity;
                    planned.total_cents += line.sales_cents;
                    planned.lines.push(*line);
                }
            }
        }
        planned
    }

    fn sold(&self) -> impl Iterator<Item = (&PlannedBasket, &Line)> {
        self.baskets.iter().flat_map(|basket| basket.lines.iter().map(move |line| (basket, line)))
    }

    /// The list price is the first whole price a unit above nothing; without one, the first line's, rounded half up.
    fn set_list_prices(&mut self) {
        let (mut whole, mut rounded) = (HashMap::new(), HashMap::new());
        for (_, line) in self.sold() {
            match unit_cents(line) {
                Some(cents) if cents > 0 => _ = whole.entry(line.product).or_insert(cents),
                Some(_) | None => {
                    let cents = (line.sales_cents + line.quantity / 2) / line.quantity;
                    _ = rounded.entry(line.product).or_insert(cents);
                }
            }
        }
        rounded.retain(|product, _| !whole.contains_key(product));
        self.list_prices_rounded = u64::try_from(rounded.len()).unwrap_or(u64::MAX);
        whole.extend(rounded);
        self.list_prices = whole;
    }

    fn count_oddities(&mut self) {
        let mut odd = BTreeMap::<Oddity, u64>::new();
        let mut count = |what| *odd.entry(what).or_default() += 1;
        let mut days = HashMap::<(u64, &str), PricesOfDay>::new();
        for basket in &self.baskets {
            let mut products = HashSet::new();
            for line in &basket.lines {
                let unit = unit_cents(line);
                if line.sales_cents == 0 {
                    count(Oddity::SoldForFree);
                }
                if unit.is_none() {
                    count(Oddity::LineAmountNotDivisible);
                }
                if unit != self.list_prices.get(&line.product).copied() {
                    count(Oddity::PriceDiffersFromList);
                }
                if !products.insert(line.product) {
                    count(Oddity::ProductTwiceInBasket);
                }
                days.entry((line.product, basket.day.as_str())).or_insert_with(|| PricesOfDay::of(line)).add(line);
            }
        }
        let several = days.values().filter(|day| day.several).map(|day| day.lines).sum::<u64>();
        if several > 0 {
            odd.insert(Oddity::SeveralPricesOnADay, several);
        }
        self.lines.odd = odd;
    }
}

/// Returns the price of a unit, where it is a whole number of cents.
pub(super) fn unit_cents(line: &Line) -> Option<i64> {
    (line.sales_cents % line.quantity == 0).then(|| line.sales_cents / line.quantity)
}

/// The prices of a product on a day.
struct PricesOfDay {
    first: Line,
    lines: u64,
    several: bool,
}

impl PricesOfDay {
    fn of(line: &Line) -> Self {
        Self { first: *line, lines: 0, several: false }
    }

    fn add(&mut self, line: &Line) {
        self.lines += 1;
        // Fractions are compared crosswise, so that no price is rounded.
        let (left, right) = (wide(line, &self.first), wide(&self.first, line));
        self.several |= left != right;
    }
}

fn wide(amount: &Line, units: &Line) -> i128 {
    i128::from(amount.sales_cents) * i128::from(units.quantity)
}

fn refusal(basket: &PlannedBasket, line: &Line, known: &HashSet<u64>) -> Option<Refusal> {
    if line.quantity <= 0 {
        return Some(Refusal::QuantityNotPositive);
    }
    let before: i64 = basket.lines.iter().filter(|sold| sold.product == line.product).map(|sold| sold.quantity).sum();
    if before.checked_add(line.quantity).is_none_or(|units| Quantity::new(units).is_err()) {
        return Some(Refusal::QuantityTooHigh);
    }
    if line.sales_cents < 0 {
        return Some(Refusal::AmountNegative);
    }
    if basket.total_cents.checked_add(line.sales_cents).is_none_or(|cents| cents > BASKET_CENTS_MAX) {
        return Some(Refusal::AmountTooHigh);
    }
    if !known.contains(&line.product) {
        return Some(Refusal::ProductUnknown);
    }
    (basket.lines.len() >= LINES_MAX).then_some(Refusal::BasketFull)
}
