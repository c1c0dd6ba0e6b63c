//! The folder of recorded baskets: `products`, `basket_lines*` in order of time, `coupon_redemptions`; CSV with a header,
//! gzipped (`.csv.gz`) or not (`.csv`). A row that cannot be read is an error that names file and line: it is never
//! skipped.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use flate2::read::MultiGzDecoder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The largest quantity or amount, up or down: sums of a million such lines still fit.
const NUMBER_MAX: i64 = 1_000_000_000_000;

/// A row of `products`. Texts may be empty.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Product {
    /// The product.
    #[serde(rename = "product_id")]
    pub id: u64,
    /// Its maker.
    #[serde(rename = "manufacturer_id")]
    pub manufacturer: String,
    /// Where it stands in the shop, such as `GROCERY`.
    pub department: String,
    /// `National` or `Private`.
    pub brand: String,
    /// Where it stands in its department.
    #[serde(rename = "product_category")]
    pub category: String,
    /// What it is.
    #[serde(rename = "product_type")]
    pub kind: String,
    /// Such as `22 LB`.
    pub package_size: String,
}

/// A line of a basket, as it was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What was bought.
    pub product: u64,
    /// How many units.
    pub quantity: i64,
    /// What the store received for the line, US cents.
    pub sales_cents: i64,
    /// What makers paid for coupons on the line, US cents.
    pub coupon_cents: i64,
}

/// A basket, as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basket {
    /// The basket.
    pub id: u64,
    /// Who bought it.
    pub household: u64,
    /// Where.
    pub store: u64,
    /// When, as `2017-01-01T11:53:26Z`.
    pub sold_at: String,
    /// Its lines in the file's order.
    pub lines: Vec<Line>,
}

impl Basket {
    /// Returns the day it was bought, as `2017-01-01`.
    pub fn day(&self) -> &str {
        &self.sold_at[..10]
    }
}

/// A coupon that a household redeemed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Redemption {
    /// Who redeemed it.
    #[serde(rename = "household_id")]
    pub household: u64,
    /// The code on the coupon.
    #[serde(rename = "coupon_upc")]
    pub code: String,
    /// The campaign that issued it.
    #[serde(rename = "campaign_id")]
    pub campaign: String,
    /// The day, as `2017-01-01` or `2017-01-01 00:00:00`.
    #[serde(rename = "redemption_date")]
    pub date: String,
}

impl Redemption {
    /// Returns the day, as `2017-01-01`.
    pub fn day(&self) -> &str {
        &self.date[..10]
    }
}

/// What was read of a folder.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// Every product.
    pub products: Vec<Product>,
    /// The first baskets in order of time.
    pub baskets: Vec<Basket>,
    /// Every redemption.
    pub redemptions: Vec<Redemption>,
}

#[derive(Deserialize)]
struct LineRow {
    basket_id: u64,
    household_id: u64,
    store_id: u64,
    sold_at: String,
    product_id: u64,
    quantity: i64,
    sales_cents: i64,
    coupon_discount_cents: i64,
}

/// Reads a folder: all products and redemptions, and at most so many baskets.
///
/// # Errors
/// Names the file, and the line where one row is wrong.
pub fn read(folder: &Path, baskets_max: usize) -> anyhow::Result<Recorded> {
    Ok(Recorded {
        products: read_products(&one_file(folder, "products")?)?,
        baskets: read_baskets(&files(folder, "basket_lines")?, baskets_max)?,
        redemptions: read_redemptions(&one_file(folder, "coupon_redemptions")?)?,
    })
}

fn read_products(path: &Path) -> anyhow::Result<Vec<Product>> {
    let (mut products, mut known) = (Vec::new(), HashSet::new());
    each_row(path, |product: Product| {
        if !known.insert(product.id) {
            bail!("product {} is there twice", product.id);
        }
        products.push(product);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(products)
}

fn read_redemptions(path: &Path) -> anyhow::Result<Vec<Redemption>> {
    let mut redemptions = Vec::new();
    each_row(path, |redemption: Redemption| {
        if !starts_with_day(&redemption.date) {
            bail!("redemption_date: {:?} does not begin with a day such as 2017-01-31", redemption.date);
        }
        redemptions.push(redemption);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(redemptions)
}

fn read_baskets(paths: &[PathBuf], baskets_max: usize) -> anyhow::Result<Vec<Basket>> {
    let mut baskets: Vec<Basket> = Vec::new();
    let mut known = HashSet::new();
    for path in paths {
        each_row(path, |row: LineRow| {
            let line = Line {
                product: row.product_id,
                quantity: row.quantity,
                sales_cents: row.sales_cents,
                coupon_cents: row.coupon_discount_cents,
            };
            for (column, number) in [
                ("quantity", row.quantity),
                ("sales_cents", row.sales_cents),
                ("coupon_discount_cents", line.coupon_cents),
            ] {
                if !(-NUMBER_MAX..=NUMBER_MAX).contains(&number) {
                    bail!("{column}: {number} is beyond {NUMBER_MAX}");
                }
            }
            let same = baskets.last_mut().filter(|basket| basket.id == row.basket_id);
            if let Some(basket) = same {
                let of_row = (row.household_id, row.store_id, row.sold_at.as_str());
                if (basket.household, basket.store, basket.sold_at.as_str()) != of_row {
                    bail!("household, store and time are not those of basket {} so far", basket.id);
                }
                basket.lines.push(line);
                return Ok(ControlFlow::Continue(()));
            }
            if baskets.len() >= baskets_max {
                return Ok(ControlFlow::Break(()));
            }
            if !is_moment(&row.sold_at) {
                bail!("sold_at: {:?} is no time such as 2017-01-31T23:59:59Z", row.sold_at);
            }
            if baskets.last().is_some_and(|last| last.sold_at > row.sold_at) {
                bail!("sold_at: baskets must be in order of time");
            }
            if !known.insert(row.basket_id) {
                bail!("the lines of basket {} must follow each other", row.basket_id);
            }
            let (household, store) = (row.household_id, row.store_id);
            baskets.push(Basket { id: row.basket_id, household, store, sold_at: row.sold_at, lines: vec![line] });
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(baskets)
}

/// Lists the files whose names begin so, by name.
fn files(folder: &Path, stem: &str) -> anyhow::Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("the folder {} cannot be read", folder.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("the folder {} cannot be read", folder.display()))?.path();
        let name = file_name(&path);
        if name.starts_with(stem) && (name.ends_with(".csv") || name.ends_with(".csv.gz")) {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() {
        bail!("the folder {} holds no {stem}*.csv.gz", folder.display());
    }
    Ok(found)
}

fn one_file(folder: &Path, stem: &str) -> anyhow::Result<PathBuf> {
    let mut found = files(folder, stem)?;
    match (found.pop(), found.is_empty()) {
        (Some(path), true) => Ok(path),
        _ => bail!("the folder {} holds several {stem}*.csv files", folder.display()),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Reads a file row by row until told to stop.
fn each_row<T: DeserializeOwned>(
    path: &Path,
    mut take: impl FnMut(T) -> anyhow::Result<ControlFlow<()>>,
) -> anyhow::Result<()> {
    let name = file_name(path);
    let file = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let source: Box<dyn Read> = if name.ends_with(".gz") {
        Box::new(MultiGzDecoder::new(std::io::BufReader::new(file)))
    } else {
        Box::new(file)
    };
    let mut reader = csv::Reader::from_reader(source);
    let headers = reader.headers().map_err(|error| anyhow!("{name} line 1: {error}"))?.clone();
    let mut record = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        if !reader.read_record(&mut record).map_err(|error| unreadable(&name, line, &headers, &error))? {
            return Ok(());
        }
        let line = record.position().map_or(line, csv::Position::line);
        let row = record.deserialize(Some(&headers)).map_err(|error| unreadable(&name, line, &headers, &error))?;
        if take(row).map_err(|error| anyhow!("{name} line {line}: {error}"))?.is_break() {
            return Ok(());
        }
    }
}

fn unreadable(name: &str, line: u64, headers: &csv::StringRecord, error: &csv::Error) -> anyhow::Error {
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => {
            let column = err.field().and_then(|field| headers.get(usize::try_from(field).ok()?));
            let column = column.map(|column| format!("{column}: ")).unwrap_or_default();
            anyhow!("{name} line {line}: {column}{}", err.kind())
        }
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            anyhow!("{name} line {line}: {len} fields, the header has {expected_len}")
        }
        _ => anyhow!("{name} line {line}: {error}"),
    }
}

fn starts_with_day(text: &str) -> bool {
    text.get(..10).is_some_and(|day| matches(day, "0000-00-00"))
}

fn is_moment(text: &str) -> bool {
    matches(text, "0000-00-00T00:00:00Z")
}

/// Compares a text with a form in which every `0` stands for a digit.
fn matches(text: &str, form: &str) -> bool {
    let fits = |(byte, wanted): (u8, u8)| if wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
}
