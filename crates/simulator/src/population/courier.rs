//! The provider's webhooks on their way: delivered at least once, late, twice, in any order, to whichever process answers.

use std::sync::Arc;
use std::time::Duration;

use gateways::simulator::Webhook;
use sagas::NoticeFailure;

use crate::faults::Fault;
use crate::world::World;

const DELIVER: [Fault; 3] = [Fault::WebhookTwice, Fault::WebhookLate, Fault::WebhookLost];

/// Delivers webhooks as long as the world lasts.
pub(crate) async fn deliver_webhooks(world: Arc<World>) {
    let mut deliveries = tokio::task::JoinSet::new();
    loop {
        let webhook = world.provider.simulator.next_webhook().await;
        while deliveries.try_join_next().is_some() {}
        deliveries.spawn(carry(world.clone(), webhook));
    }
}

async fn carry(world: Arc<World>, webhook: Webhook) {
    let _busy = world.busy();
    let fault = world.strike(&DELIVER, || format!("webhook {}", webhook.id));
    if fault == Some(Fault::WebhookLate) {
        world.pause(Duration::from_secs(1 + world.faults.chance() % 200)).await;
    }
    world.latency().await;
    let mut is_accepted = fault != Some(Fault::WebhookLost) && hand_in(&world, &webhook).await;
    if fault == Some(Fault::WebhookTwice) {
        world.latency().await;
        is_accepted |= hand_in(&world, &webhook).await;
    }
    if is_accepted {
        world.provider.simulator.accept_webhook(&webhook.id);
    } else {
        world.pause(Duration::from_millis(1_000 + world.faults.chance() % 4_000)).await;
        world.provider.simulator.return_webhook(&webhook.id);
    }
}

/// Returns whether the shop has taken it.
async fn hand_in(world: &World, webhook: &Webhook) -> bool {
    let Some(door) = world.doors.any(world.faults.chance()) else { return false };
    let taken = tokio::select! {
        biased;
        () = door.fate.died() => return false,
        taken = door.processes.receive_notice(&webhook.signature, &webhook.body) => taken,
        () = tokio::time::sleep(Duration::from_secs(10)) => return false,
    };
    match taken {
        Ok(()) => true,
        Err(NoticeFailure::NotAccepted(reason)) => {
            world.note(|| format!("webhook {} is not accepted: {reason}", webhook.id));
            // A shop whose clock is wrong believes nothing. The others know nothing of the payment: so be it.
            reason == sagas::ports::NoticeError::NotOurs
        }
        Err(NoticeFailure::NotStored(_)) => false,
    }
}
