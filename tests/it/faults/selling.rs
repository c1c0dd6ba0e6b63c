//! A real server that sells under `disk.c` until it is killed, and what was written down meanwhile.

use std::fs;
use std::time::Duration;

use event_store::contract::Random;
use serde_json::{Value, json};
use testkit::TempFolder;
use tokio::sync::watch;

use super::disk::{Disk, Fault};
use crate::kill::program::{NoAnswer, Program, signal};
use crate::kill::shoppers::Shoppers;
use crate::kill::stock_up;

/// How many shoppers sell the journal full, and how many orders they place.
const SHOPPERS: usize = 16;
pub const ORDERS: usize = 40;
/// How long that may take.
const SELL_SECONDS_MAX: u64 = 120;
/// How many syncs in a row fail at most, and after how many orders at most the next ones do.
const BAD_SYNCS_MAX: usize = 6;
const ORDERS_A_FAULT_MAX: usize = 5;
/// How many products have long texts, which are changed until the read models' file is this long: it grows when their
/// write-ahead log is copied into it, every 16 MiB.
const LONG_PRODUCTS: usize = 60;
const READ_MODELS_BYTES: u64 = 1 << 20;
/// As long as the summary of a product may be, in letters that take two bytes.
const SUMMARY_CHARACTERS: usize = 5_000;

/// What fails while a server sells.
pub enum Bad {
    /// Nothing does.
    Nothing,
    /// Syncs of any file, at moments and as often as these numbers say.
    Syncs(Random),
    /// Syncs of the read models' files, as often as these numbers say, while the read models take in long texts.
    ReadModels(Random),
}

/// Lets a server sell until it is killed, and returns what was written down. Meanwhile a customer is forgotten again and
/// again, which copies the write-ahead log into the file and empties it.
pub async fn sell(bad: Bad) -> Vec<u8> {
    let (disk, folder) = (Disk::new(), TempFolder::new());
    let mut environment = disk.environment(folder.path());
    environment.push(("COMPTOIR_LOG", "off".into()));
    let program = Program::open_with(folder.path(), None, environment).await;
    let staff = program.staff_token();
    stock_up(&program.wire, &staff).await;
    let mut shoppers = Shoppers::arrive(&program.wire, SHOPPERS).await;
    let (wire, process, counter) = (program.wire.clone(), program.id(), watch::Sender::new(0));
    let is_open = watch::Sender::new(true);
    let forgetting = async {
        while *is_open.borrow() {
            // It may be refused while syncs fail, and has no answer once the server is killed.
            program.beside(&["forget", "cus_01h455vb4pex5vsknk084sn02q"]).await;
        }
    };
    let killing = async {
        match bad {
            Bad::Nothing => sold(&counter, ORDERS).await,
            Bad::Syncs(random) => fail_syncs(&disk, &counter, random).await,
            Bad::ReadModels(random) => {
                disk.set(Fault::ReadModelsOnly, 1);
                let copied =
                    || fs::metadata(program.data("read.sqlite")).is_ok_and(|file| file.len() > READ_MODELS_BYTES);
                tokio::join!(sold(&counter, ORDERS), change_long_products(&program, (&disk, random), copied));
            }
        }
        signal(process, "KILL");
        is_open.send_replace(false);
    };
    let selling = async { tokio::join!(shoppers.shop(&wire, &counter), killing, forgetting) };
    tokio::time::timeout(Duration::from_secs(SELL_SECONDS_MAX), selling).await.expect("they are served in time");
    drop(program);
    fs::read(disk.journal()).expect("the journal is there")
}

async fn sold(counter: &watch::Sender<usize>, orders: usize) {
    counter.subscribe().wait_for(|count| *count >= orders).await.expect("the counter is there");
}

async fn fail_syncs(disk: &Disk, counter: &watch::Sender<usize>, mut random: Random) {
    let mut orders = 0;
    while orders < ORDERS {
        fail_some(disk, &mut random);
        orders = (orders + 1 + random.below(ORDERS_A_FAULT_MAX)).min(ORDERS);
        sold(counter, orders).await;
    }
}

fn fail_some(disk: &Disk, random: &mut Random) {
    let syncs = 1 + random.below(BAD_SYNCS_MAX);
    disk.set(Fault::BadSyncs, u32::try_from(syncs).expect("is small"));
}

/// Writes long texts into products, all of them again and again until enough is `done`. Some syncs fail once the read
/// models show the texts of the time before: what failed faster than they try again would keep them still for ever.
async fn change_long_products(program: &Program, (disk, mut random): (&Disk, Random), done: impl Fn() -> bool) {
    let (wire, staff) = (&program.wire, program.staff_token());
    let create = "mutation($i: CategoryCreateInput!) { categoryCreate(input: $i) { result { id } } }";
    let category = json!({ "slug": "longs", "name": { "fr": "Longs" } });
    let mut category = wire.call(Some(&staff), create, json!({ "i": category })).await;
    let category = category["categoryCreate"]["result"]["id"].take();
    let create = "mutation($i: ProductCreateInput!) { productCreate(input: $i) { result { id } } }";
    let new = json!({ "name": { "fr": "Long" }, "categories": [category], "publish": true });
    let mut products: Vec<Value> = Vec::with_capacity(LONG_PRODUCTS);
    for _ in 0..LONG_PRODUCTS {
        let made = wire.call(Some(&staff), create, json!({ "i": new })).await;
        products.push(made["productCreate"]["result"]["id"].clone());
    }
    let last = products.last().expect("there are products");
    let change = "mutation($i: ProductUpdateInput!) { productUpdate(input: $i) { errors { code } } }";
    let show = "query($id: ID!) { product(id: $id) { summary } }";
    let mut written = Value::Null;
    for letter in ('à'..='ÿ').cycle().take_while(|_| !done()) {
        if wire.call(Some(&staff), show, json!({ "id": last })).await["product"]["summary"] == written {
            fail_some(disk, &mut random);
        }
        let text = letter.to_string().repeat(SUMMARY_CHARACTERS);
        for product in &products {
            let input = json!({ "productId": product, "summary": { "fr": text, "en": text } });
            let changed = wire.ask(Some(&staff), change, json!({ "i": input })).await;
            assert_ne!(changed.err(), Some(NoAnswer::Dead), "the server stays");
        }
        written = text.into();
    }
}
