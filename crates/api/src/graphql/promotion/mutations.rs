//! Commands of staff on promotions.

use app::actor::Permission;
use app::bus::Outcome;
use app::error::AppError;
use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::promotion::{Promotion as PromotionState, PromotionCommand, PromotionLimits};
use domain::values::{PromotionId, PromotionReach, PromotionTerms, Reduction, ShortText};

use super::types::Promotion;
use crate::graphql::call::Call;
use crate::graphql::inputs::Inputs;
use crate::graphql::money::MoneyInput;
use crate::graphql::payload::Payload;
use crate::graphql::scalars::{DateTime, Decimal};

/// Makes a promotion.
#[derive(Clone, Debug, InputObject)]
pub struct PromotionCreateInput {
    /// What shoppers read, 1 to 500 characters.
    pub label: String,
    /// The code to type, 3 to 32 letters, digits or dashes in any case; it can never be made again. Left out, the promotion
    /// applies by itself.
    pub code: Option<String>,
    /// The share that is taken off, above 0 and at most 1, such as `"0.1"`; this or the amount.
    pub percentage: Option<Decimal>,
    /// The amount that is taken off, VAT included; this or the share.
    pub amount: Option<MoneyInput>,
    /// The SKUs that it reaches, at most 500; without SKUs, products and categories it reaches every line.
    #[graphql(default)]
    pub skus: Vec<String>,
    /// The products whose variants it reaches, at most 500.
    #[graphql(default)]
    pub product_ids: Vec<ID>,
    /// The categories of which it reaches every product that stands in them or below, at most 500. Where a product stands is
    /// looked up with each change of a cart, and when its checkout starts.
    #[graphql(default)]
    pub category_ids: Vec<ID>,
    /// What all lines must come to before any promotion, VAT included.
    pub minimum: Option<MoneyInput>,
    /// Whether it goes together with others that do so too.
    #[graphql(default)]
    pub combines: bool,
    /// Its first moment; left out, it holds at once.
    pub begins_at: Option<DateTime>,
    /// The first moment at which it holds no more; left out, it has no end.
    pub ends_at: Option<DateTime>,
    /// The most uses in all, 1 to 1,000,000.
    pub uses_max: Option<i32>,
    /// The most uses of one customer, 1 to 1,000,000; they are told apart by their e-mail address.
    pub uses_per_customer_max: Option<i32>,
}

/// Names a promotion and says why.
#[derive(Clone, Debug, InputObject)]
pub struct PromotionPauseInput {
    /// The promotion.
    pub promotion_id: ID,
    /// Why, 1 to 500 characters.
    pub reason: String,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Names a promotion.
#[derive(Clone, Debug, InputObject)]
pub struct PromotionResumeInput {
    /// The promotion.
    pub promotion_id: ID,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Names a promotion and says why.
#[derive(Clone, Debug, InputObject)]
pub struct PromotionEndInput {
    /// The promotion.
    pub promotion_id: ID,
    /// Why, 1 to 500 characters.
    pub reason: String,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Commands of staff on promotions.
#[derive(Clone, Copy, Debug, Default)]
pub struct PromotionMutation;

#[Object]
impl PromotionMutation {
    /// Makes a promotion; its terms never change. Needs `PROMOTIONS_WRITE`. Codes: VALIDATION, NOT_FOUND, ALREADY_EXISTS,
    /// PROMOTION_INVALID, PROMOTION_LIMIT_OUT_OF_RANGE, PROMOTION_BOARD_FULL, IDEMPOTENCY_KEY_REUSED.
    async fn promotion_create(
        &self,
        ctx: &Context<'_>,
        input: PromotionCreateInput,
        idempotency_key: String,
    ) -> Result<Payload<Promotion>> {
        let call = Call::with(ctx, Permission::PromotionsWrite)?;
        let inputs = Inputs::of(ctx, &input, Some(&idempotency_key), None);
        call.answer(create(call, inputs, &input).await, Promotion::of)
    }

    /// Lets a promotion rest: no further use is promised. Needs `PROMOTIONS_WRITE`. Codes: VALIDATION, NOT_FOUND,
    /// PROMOTION_EXPIRED, VERSION_CONFLICT.
    async fn promotion_pause(
        &self,
        ctx: &Context<'_>,
        input: PromotionPauseInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Promotion>> {
        let call = Call::with(ctx, Permission::PromotionsWrite)?;
        let mut inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        let reason = inputs.parse::<ShortText>(&["reason"], &input.reason);
        let command = reason.map(|reason| PromotionCommand::Pause { reason });
        call.answer(change(call, inputs, &input.promotion_id, command).await, Promotion::of)
    }

    /// Lets a promotion that rests hold again. Needs `PROMOTIONS_WRITE`. Codes: VALIDATION, NOT_FOUND,
    /// PROMOTION_EXPIRED, VERSION_CONFLICT.
    async fn promotion_resume(
        &self,
        ctx: &Context<'_>,
        input: PromotionResumeInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Promotion>> {
        let call = Call::with(ctx, Permission::PromotionsWrite)?;
        let inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        let command = Some(PromotionCommand::Resume);
        call.answer(change(call, inputs, &input.promotion_id, command).await, Promotion::of)
    }

    /// Ends a promotion for good. Orders that have a use keep it. Needs `PROMOTIONS_WRITE`. Codes: VALIDATION, NOT_FOUND,
    /// VERSION_CONFLICT.
    async fn promotion_end(
        &self,
        ctx: &Context<'_>,
        input: PromotionEndInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Promotion>> {
        let call = Call::with(ctx, Permission::PromotionsWrite)?;
        let mut inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        let reason = inputs.parse::<ShortText>(&["reason"], &input.reason);
        let command = reason.map(|reason| PromotionCommand::End { reason });
        call.answer(change(call, inputs, &input.promotion_id, command).await, Promotion::of)
    }
}

type Changed = Result<Outcome<PromotionState>, AppError>;

async fn create(call: Call<'_>, mut inputs: Inputs, input: &PromotionCreateInput) -> Changed {
    let label = inputs.parse(&["label"], &input.label);
    let code = inputs.parse_if(&["code"], input.code.as_deref());
    let reduction = reduction(&mut inputs, input);
    let reach = reach(&mut inputs, input);
    let minimum = input.minimum.map(|minimum| inputs.money(&["minimum"], minimum));
    let uses_max = limit(&mut inputs, "usesMax", input.uses_max);
    let uses_per_customer_max = limit(&mut inputs, "usesPerCustomerMax", input.uses_per_customer_max);
    let (Some(label), Some(code), Some(reduction), Some(reach)) = (label, code, reduction, reach) else {
        return Err(inputs.refused());
    };
    let command = inputs.command()?;
    let request = call.command_of_new(&command);
    let (minimum, combines) = (minimum.flatten(), input.combines);
    let terms = PromotionTerms { label, code, reduction, reach, minimum, combines };
    let (begins_at, ends_at) = (input.begins_at.map(|at| at.0), input.ends_at.map(|at| at.0));
    let limits = PromotionLimits { begins_at, ends_at, uses_max, uses_per_customer_max };
    app::promotion::create(&call.state.shop, &request, terms, limits).await
}

fn reduction(inputs: &mut Inputs, input: &PromotionCreateInput) -> Option<Reduction> {
    match (input.percentage, input.amount) {
        (Some(share), None) => inputs.parse(&["percentage"], &share.0.to_string()).map(Reduction::Percentage),
        (None, Some(amount)) => inputs.money(&["amount"], amount).map(Reduction::Amount),
        (Some(_), Some(_)) | (None, None) => {
            let rule = "a share or an amount, and not both";
            inputs.refuse(&["percentage"], format!("a promotion takes off {rule}"), rule);
            None
        }
    }
}

fn reach(inputs: &mut Inputs, input: &PromotionCreateInput) -> Option<PromotionReach> {
    if input.skus.is_empty() && input.product_ids.is_empty() && input.category_ids.is_empty() {
        return Some(PromotionReach::Order);
    }
    let (mut skus, mut products, mut categories) = (Some(Vec::new()), Some(Vec::new()), Some(Vec::new()));
    if !input.skus.is_empty() {
        skus = inputs.list("skus", &input.skus, |inputs, path, sku| inputs.parse(path, sku));
    }
    if !input.product_ids.is_empty() {
        products = inputs.list("productIds", &input.product_ids, |inputs, path, id| inputs.parse(path, id));
    }
    if !input.category_ids.is_empty() {
        categories = inputs.list("categoryIds", &input.category_ids, |inputs, path, id| inputs.parse(path, id));
    }
    Some(PromotionReach::Lines { skus: skus?, products: products?, categories: categories? })
}

/// Reads a limit; the promotion itself says how high it may be.
fn limit(inputs: &mut Inputs, field: &str, count: Option<i32>) -> Option<u32> {
    let count = count?;
    let limit = u32::try_from(count).ok();
    if limit.is_none() {
        let rule = "a whole number from 1 to 1000000";
        inputs.refuse(&[field], format!("{count} is no limit: {rule}"), rule);
    }
    limit
}

async fn change(call: Call<'_>, mut inputs: Inputs, id: &ID, command: Option<PromotionCommand>) -> Changed {
    let id = inputs.parse::<PromotionId>(&["promotionId"], id);
    let (Some(id), Some(command)) = (id, command) else { return Err(inputs.refused()) };
    let request = call.command(&inputs.command()?, id.as_str());
    app::promotion::change(&call.state.shop, &request, &id, command).await
}
