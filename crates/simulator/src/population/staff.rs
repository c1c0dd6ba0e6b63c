//! What the staff, the carrier and buyers do about what has happened.

use domain::values::CustomerId;
use serde_json::{Value, json};

use super::desk::Job;
use super::wire::{Client, Mutation, code, key, mutation};
use crate::clock::{DAY, HOUR};
use crate::world::count;

const PACK: Mutation = mutation!("fulfilmentPack", "FulfilmentPackInput", "id");
const HAND_OVER: Mutation = mutation!("fulfilmentHandOver", "FulfilmentHandOverInput", "id");
const DELIVER: Mutation = mutation!("fulfilmentDeliver", "FulfilmentDeliverInput", "id");
const DECLARE_LOST: Mutation = mutation!("fulfilmentDeclareLost", "FulfilmentDeclareLostInput", "id");
const CANCEL: Mutation = mutation!("orderCancel", "OrderCancelInput", "id status");
const CANCEL_LINES: Mutation = mutation!("orderCancelLines", "OrderCancelLinesInput", "id");
const REFUND: Mutation = mutation!("paymentRefund", "PaymentRefundInput", "id");
const REQUEST_RETURN: Mutation = mutation!("returnRequest", "ReturnRequestInput", "id");
const DECLARE_WITHDRAWAL: Mutation = mutation!("withdrawalDeclare", "WithdrawalDeclareInput", "id");
const CONFIRM_WITHDRAWAL: Mutation = mutation!("withdrawalConfirm", "WithdrawalConfirmInput", "id");
const APPROVE: Mutation = mutation!("returnApprove", "ReturnApproveInput", "id");
const REFUSE: Mutation = mutation!("returnRefuse", "ReturnReasonInput", "id");
const CALL_OFF: Mutation = mutation!("returnCancel", "ReturnReasonInput", "id");
const SHIP_BACK: Mutation = mutation!("returnShipBack", "ReturnShipBackInput", "id");
const RECEIVE: Mutation = mutation!("returnReceive", "ReturnReceiveInput", "id lines { lineId quantity }");
const INSPECT: Mutation = mutation!("returnInspect", "ReturnInspectInput", "id");
const DECIDE: &str =
    "mutation($i: TaskDecideInput!) { taskDecide(input: $i) { result { id } errors { code message } } }";
const LINES: &str = "query($id: ID!) { order(id: $id) { lines { id quantity quantityCancelled } } }";
const ORDER: &str = "query($id: ID!) { order(id: $id) { lines { id quantityReturnable } } }";

/// How often a task is tried to be decided: another process may not know it yet.
const DECISIONS_MAX: u32 = 40;

type Done = Option<()>;

async fn staff(job: &Job, what: &str) -> Client {
    Client::staff(&job.world, job.name(what), job.dice.clone()).await
}

async fn on_parcel(job: &Job, mutation: &Mutation) -> Option<Value> {
    let mut client = staff(job, "warehouse").await;
    let key = key(&client, mutation.name);
    client.mutate(mutation, json!({ "fulfilmentId": job.id }), &key).await
}

pub(super) async fn pack(job: Job) -> Done {
    on_parcel(&job, &PACK).await.map(drop)
}

pub(super) async fn hand_over(job: Job) -> Done {
    on_parcel(&job, &HAND_OVER).await.map(drop)
}

/// Packs anew what units were taken out of. Where it was paid already nobody else says that it may leave.
pub(super) async fn pack_anew(job: Job) -> Done {
    on_parcel(&job, &PACK).await?;
    job.wait(HOUR).await;
    on_parcel(&job, &HAND_OVER).await.map(drop)
}

/// Someone needs fewer units: the buyer says so, or the staff for them.
pub(super) async fn cancel_lines(mut job: Job, order: String, customer: CustomerId) -> Done {
    let mut client = if job.dice.percent(30) {
        staff(&job, "desk").await
    } else {
        Client::buyer(&job.world, job.name("thrifty buyer"), job.dice.clone(), &customer).await
    };
    let found = client.insist(LINES, json!({ "id": order })).await?;
    let mut lines = Vec::new();
    for line in found["order"]["lines"].as_array()? {
        let units = line["quantity"].as_i64()? - line["quantityCancelled"].as_i64()?;
        if units > 0 && (lines.is_empty() || client.dice.percent(40)) {
            let most = if client.dice.percent(30) { units } else { 1 };
            lines.push(json!({ "lineId": line["id"], "quantity": client.dice.between(1, most) }));
        }
    }
    let key = key(&client, "cancel lines");
    let input = json!({ "orderId": order, "lines": lines, "reason": "one too many" });
    client.mutate(&CANCEL_LINES, input, &key).await.map(drop)
}

/// The carrier brings the parcel, tells it twice, or loses it, and may find it again.
pub(super) async fn deliver(mut job: Job) -> Done {
    if job.dice.percent(6) {
        job.wait(9 * DAY).await;
        let mut client = staff(&job, "carrier").await;
        let key = key(&client, "lost");
        let input = json!({ "fulfilmentId": job.id, "reason": "the carrier searched" });
        client.mutate(&DECLARE_LOST, input, &key).await?;
        if job.dice.percent(70) {
            return Some(());
        }
        job.wait(5 * DAY).await;
    }
    on_parcel(&job, &DELIVER).await?;
    if job.dice.percent(10) {
        let mut client = staff(&job, "carrier again").await;
        let key = key(&client, "again");
        client.mutate(&DELIVER, json!({ "fulfilmentId": job.id }), &key).await?;
    }
    Some(())
}

pub(super) async fn cancel(job: Job, order: String, customer: CustomerId) -> Done {
    let mut client = Client::buyer(&job.world, job.name("buyer"), job.dice.clone(), &customer).await;
    let key = key(&client, "cancel");
    client.mutate(&CANCEL, json!({ "orderId": order, "reason": "changed my mind" }), &key).await.map(drop)
}

/// Staff give something back without a return, now and then; sometimes all there is.
pub(super) async fn goodwill(mut job: Job) -> Done {
    if !job.dice.percent(6) {
        return Some(());
    }
    let amount = job.fact["amount"]["minor"].as_i64().unwrap_or_default();
    let cents = job.dice.one_of(&[1, amount / 3, amount]).max(1);
    let amount = json!({ "amount": format!("{}.{:02}", cents / 100, cents % 100), "currency": "EUR" });
    let mut client = staff(&job, "goodwill").await;
    let key = key(&client, "refund");
    let input = json!({ "paymentId": job.id, "amount": amount, "reason": "it came late" });
    client.mutate(&REFUND, input, &key).await.map(drop)
}

/// A buyer sends units back, all or some.
pub(super) async fn send_back(job: Job, order: String, customer: CustomerId) -> Done {
    let mut client = Client::buyer(&job.world, job.name("returner"), job.dice.clone(), &customer).await;
    let found = client.insist(ORDER, json!({ "id": order })).await?;
    let mut lines = Vec::new();
    for line in found["order"]["lines"].as_array()? {
        let units = line["quantityReturnable"].as_i64().unwrap_or_default();
        let wanted = if client.dice.percent(50) { units } else { units / 2 };
        if wanted > 0 {
            lines.push(json!({ "lineId": line["id"], "quantity": wanted }));
        }
    }
    if lines.is_empty() {
        return Some(());
    }
    if client.dice.percent(40) {
        return withdraw(client, order, lines).await;
    }
    let key = key(&client, "return");
    let input = json!({ "orderId": order, "lines": lines, "reason": "a gift too many" });
    client.mutate(&REQUEST_RETURN, input, &key).await.map(drop)
}

/// A buyer goes back on the contract, in two steps; who comes too late is told so, and some think better of it in between.
async fn withdraw(mut client: Client, order: String, lines: Vec<Value>) -> Done {
    let (declaring, confirming) = (key(&client, "declare"), key(&client, "confirm"));
    let declared = client.mutate(&DECLARE_WITHDRAWAL, json!({ "orderId": order, "lines": lines }), &declaring).await?;
    let Some(id) = declared["result"]["id"].as_str() else { return Some(()) };
    if client.dice.percent(10) {
        return Some(());
    }
    let input = json!({ "orderId": order, "withdrawalId": id });
    client.mutate(&CONFIRM_WITHDRAWAL, input, &confirming).await.map(drop)
}

pub(super) async fn answer_return(mut job: Job) -> Done {
    let mut client = staff(&job, "returns").await;
    let key = key(&client, "answer");
    if job.dice.percent(15) {
        let input = json!({ "returnId": job.id, "reason": "it was read" });
        return client.mutate(&REFUSE, input, &key).await.map(drop);
    }
    client.mutate(&APPROVE, json!({ "returnId": job.id }), &key).await.map(drop)
}

/// The box arrives, whole, damaged or with less in it; or it never does, and the return is called off.
pub(super) async fn take_return_in(mut job: Job) -> Done {
    let mut client = staff(&job, "returns desk").await;
    let receive_key = key(&client, "receive");
    if job.dice.percent(15) {
        job.wait(40 * DAY).await;
        let input = json!({ "returnId": job.id, "reason": "the box never came" });
        return client.mutate(&CALL_OFF, input, &receive_key).await.map(drop);
    }
    if job.dice.percent(20) {
        let proof_key = key(&client, "proof");
        let input = json!({ "returnId": job.id, "carrier": "Comptoir Post", "tracking": "CPR0000001" });
        client.mutate(&SHIP_BACK, input, &proof_key).await?;
        let seconds = job.dice.one_of(&[DAY, 15 * DAY]);
        job.wait(seconds).await;
    }
    let location = job.dice.one_of(&["paris", "lyon"]);
    let input = json!({ "returnId": job.id, "location": location });
    let received = client.mutate(&RECEIVE, input, &receive_key).await?;
    let mut items = Vec::new();
    for line in received["result"]["lines"].as_array()? {
        let units = line["quantity"].as_i64().unwrap_or_default();
        let missing = if job.dice.percent(15) { job.dice.between(0, units) } else { 0 };
        let damaged = if job.dice.percent(25) { job.dice.between(0, units - missing) } else { 0 };
        let resalable = units - missing - damaged;
        items.push(json!({ "lineId": line["lineId"], "resalable": resalable, "damaged": damaged, "missing": missing }));
    }
    // Some boxes lie unopened.
    let seconds = job.dice.one_of(&[0, 0, 3 * HOUR, 3 * HOUR, 16 * DAY]);
    job.wait(seconds).await;
    let key = key(&client, "inspect");
    client.mutate(&INSPECT, json!({ "returnId": job.id, "items": items }), &key).await.map(drop)
}

/// Decides what the processes ask people. A dead letter is tried again, and given up only where money is paid by hand.
pub(super) async fn decide(mut job: Job) -> Done {
    let task = job.fact["task"].take();
    let name = task["name"].as_str()?;
    let choices: Vec<&str> = task["choices"].as_array()?.iter().filter_map(Value::as_str).collect();
    let is_dead_letter = name.starts_with("dead_letter/");
    // What was given as goodwill cannot be given back once more: that is settled by hand.
    let is_spent = task["question"].as_str()?.contains("REFUND_EXCEEDS_CAPTURED");
    let is_refund = ["refund_parcel", "refund_lines"].iter().any(|step| name.contains(step));
    let may_give_up = !is_dead_letter || is_spent || is_refund;
    let retries = choices.contains(&"retry") && !is_spent && (!may_give_up || job.dice.percent(40));
    let choice = match (retries, choices.as_slice()) {
        (true, _) => "retry",
        (false, ["ask_tomorrow", ..]) if job.dice.percent(40) => "ask_tomorrow",
        (false, ["renew", ..]) if job.dice.percent(40) => "renew",
        // A parcel that turns up all the same was a present.
        (false, ["refund", "reship", "wait"]) => job.dice.weighted(&[(5, "refund"), (4, "reship"), (1, "wait")]),
        (false, ["wait", "cancel_order"]) if job.dice.percent(40) => "wait",
        (false, ["back_order", _]) if job.dice.percent(70) => "back_order",
        (false, [.., last]) => last,
        (false, []) => return Some(()),
    };
    if choice == "give_up" || choice == "paid_by_hand" {
        job.world.settled_by_hand(&job.id);
    }
    let mut client = staff(&job, "office").await;
    let input = json!({ "taskId": task["id"], "choice": choice, "reason": "as agreed" });
    for _ in 0..DECISIONS_MAX {
        let payload = client.insist(DECIDE, json!({ "i": input })).await?["taskDecide"].take();
        job.world.note(|| format!("office decides {name}: {choice}: {}", code(&payload).unwrap_or("done")));
        if code(&payload) != Some("NOT_FOUND") {
            count(&job.world.counts.tasks_decided);
            return Some(());
        }
        // Someone else's answer may have been ours that was lost; else this process has not heard of it yet.
        job.world.pause(std::time::Duration::from_millis(500)).await;
    }
    Some(())
}
