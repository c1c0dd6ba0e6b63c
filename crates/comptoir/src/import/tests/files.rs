//! What is read of a folder, and what is said about a row that cannot be.

use super::folder::{Folder, LINES, PRODUCTS, REDEMPTIONS, sample};
use crate::import::files::read;

const PRODUCT: &str = "1,2,GROCERY,National,BREAD,BREAD:ITALIAN,1 LB\n";
const LINE: &str = "10,7,300,2017-01-01T08:00:00Z,1,2,300,0,0,0\n";

fn error_of(folder: &Folder) -> String {
    format!("{:#}", read(folder.path(), usize::MAX).expect_err("the folder is wrong"))
}

#[test]
fn the_sample_holds_a_thousand_baskets_and_what_they_name() {
    let all = read(&sample(), usize::MAX).expect("the sample is read");
    let lines: usize = all.baskets.iter().map(|basket| basket.lines.len()).sum();
    let cents: i64 = all.baskets.iter().flat_map(|basket| &basket.lines).map(|line| line.sales_cents).sum();
    assert_eq!((all.products.len(), all.baskets.len(), lines, all.redemptions.len()), (5_895, 1_000, 10_449, 3));
    assert_eq!(cents, 3_078_529);
    assert_eq!(read(&sample(), 60).expect("the sample is read").baskets.len(), 60);
}

#[test]
fn several_files_of_lines_are_one_in_the_order_of_their_names() {
    let folder = Folder::of(PRODUCT, LINE, "");
    folder.write("basket_lines_2.csv", &format!("{LINES}11,7,300,2017-01-02T08:00:00Z,1,2,300,0,0,0\n"));
    let ids: Vec<u64> = read(folder.path(), 9).expect("is read").baskets.iter().map(|basket| basket.id).collect();
    assert_eq!(ids, [10, 11]);
}

#[test]
fn a_row_that_cannot_be_read_is_named_by_file_and_line() {
    let wrong = [
        ("10,7,300,2017-01-01T08:00:00Z,1,two,300,0,0,0\n", "quantity: invalid digit found in string"),
        ("10,7,300,2017-01-01T08:00:00Z,1,2,3.5,0,0,0\n", "sales_cents: invalid digit found in string"),
        ("10,7,300,2017-01-01T08:00:00Z,1,2,300,0\n", "8 fields, the header has 10"),
        ("11,7,300,2017-01-01,1,2,300,0,0,0\n", "sold_at: \"2017-01-01\" is no time"),
        ("11,7,300,2016-12-31T08:00:00Z,1,2,300,0,0,0\n", "baskets must be in order of time"),
        ("10,8,300,2017-01-01T08:00:00Z,1,2,300,0,0,0\n", "are not those of basket 10"),
        ("10,7,300,2017-01-01T08:00:00Z,1,2000000000000,300,0,0,0\n", "quantity: 2000000000000 is beyond"),
    ];
    for (row, message) in wrong {
        let error = error_of(&Folder::of(PRODUCT, &format!("{LINE}{row}"), ""));
        assert!(error.starts_with("basket_lines.csv line 3: ") && error.contains(message), "{error}");
    }
    let later = "11,7,300,2017-01-02T08:00:00Z,1,2,300,0,0,0\n10,7,300,2017-01-03T08:00:00Z,1,2,300,0,0,0\n";
    let error = error_of(&Folder::of(PRODUCT, &format!("{LINE}{later}"), ""));
    assert!(error.starts_with("basket_lines.csv line 4: the lines of basket 10 must follow"), "{error}");
}

#[test]
fn the_other_files_are_read_as_strictly() {
    let error = error_of(&Folder::of(&format!("{PRODUCT}{PRODUCT}"), LINE, ""));
    assert_eq!(error, "products.csv line 3: product 1 is there twice");
    let error = error_of(&Folder::of("x,2,GROCERY,National,BREAD,BREAD,1 LB\n", LINE, ""));
    assert_eq!(error, "products.csv line 2: product_id: invalid digit found in string");
    let error = error_of(&Folder::of(PRODUCT, LINE, "7,51,26,yesterday\n"));
    assert!(error.starts_with("coupon_redemptions.csv line 2: redemption_date: \"yesterday\""), "{error}");
    let folder = Folder::of(PRODUCT, LINE, "");
    folder.write("coupon_redemptions.csv", "household_id,coupon_upc,campaign_id\n7,51,26\n");
    assert_eq!(error_of(&folder), "coupon_redemptions.csv line 2: missing field `redemption_date`");
}

#[test]
fn a_file_that_is_missing_or_there_twice_is_named() {
    let folder = Folder::of(PRODUCT, LINE, "");
    folder.write("products_2.csv", PRODUCTS);
    assert!(error_of(&folder).contains("several products*.csv files"));
    let folder = Folder::of(PRODUCT, LINE, "");
    folder.remove("coupon_redemptions.csv");
    assert!(error_of(&folder).contains("holds no coupon_redemptions*.csv"));
    let folder = Folder::of(PRODUCT, LINE, "");
    folder.remove("coupon_redemptions.csv");
    folder.write("coupon_redemptions.csv.gz", REDEMPTIONS);
    assert!(error_of(&folder).starts_with("coupon_redemptions.csv.gz line 1: "), "{}", error_of(&folder));
}
