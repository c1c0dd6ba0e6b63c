//! Folders made by hand, and shops in memory to import them into.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use app::clock::SystemClock;
use app::ids::SystemIds;

use crate::background::{Background, Started};
use crate::config::{Config, StoreKind};
use crate::import::report::Report;
use crate::import::{ImportOptions, import, read};
use crate::open::OpenShop;
use crate::progress::Console;

pub(super) const PRODUCTS: &str =
    "product_id,manufacturer_id,department,brand,product_category,product_type,package_size\n";
pub(super) const LINES: &str = "basket_id,household_id,store_id,sold_at,product_id,quantity,sales_cents,\
                                retail_discount_cents,coupon_discount_cents,coupon_match_discount_cents\n";
pub(super) const REDEMPTIONS: &str = "household_id,coupon_upc,campaign_id,redemption_date\n";

/// A folder that is removed when it is dropped.
pub(super) struct Folder {
    path: PathBuf,
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed stays in the temporary folder.
        let _left = std::fs::remove_dir_all(&self.path);
    }
}

impl Folder {
    /// Writes the three files; headers are added.
    pub(super) fn of(products: &str, lines: &str, redemptions: &str) -> Self {
        static FOLDERS: AtomicU32 = AtomicU32::new(0);
        let nth = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("comptoir_import_{}_{nth}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder can be made");
        let folder = Self { path };
        folder.write("products.csv", &format!("{PRODUCTS}{products}"));
        folder.write("basket_lines.csv", &format!("{LINES}{lines}"));
        folder.write("coupon_redemptions.csv", &format!("{REDEMPTIONS}{redemptions}"));
        folder
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path.join(name), text).expect("a file can be written");
    }

    pub(super) fn remove(&self, name: &str) {
        std::fs::remove_file(self.path.join(name)).expect("a file can be removed");
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The sample that lies beside the source.
pub(super) fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/complete-journey")
}

pub(super) fn options(folder: &Path, baskets: usize) -> ImportOptions {
    ImportOptions { folder: folder.to_owned(), baskets, searches: 30, console: Console::silent() }
}

/// A shop in memory that runs.
pub(super) struct TestShop {
    background: Background,
    pub(super) started: Started,
}

impl TestShop {
    pub(super) async fn open() -> Self {
        let config = Config { store: StoreKind::Memory, ..Config::default() };
        let open = OpenShop::open(&config, Arc::new(SystemClock), Arc::new(SystemIds)).await.expect("the shop opens");
        let (background, started) = Background::start(open).await.expect("the shop starts");
        Self { background, started }
    }

    pub(super) async fn import(&self, folder: &Path, baskets: usize) -> Report {
        let options = options(folder, baskets);
        let recorded = read(&options).await.expect("the folder is read");
        Box::pin(import(&options, &recorded, &self.started)).await.expect("the import ends")
    }

    pub(super) fn events(&self) -> u64 {
        self.started.store.head().borrow().0
    }

    pub(super) async fn stop(self) {
        self.background.stop().await;
    }
}

/// Imports into a shop of its own.
pub(super) async fn import_once(folder: &Path, baskets: usize) -> Report {
    let shop = TestShop::open().await;
    let report = shop.import(folder, baskets).await;
    shop.stop().await;
    report
}
