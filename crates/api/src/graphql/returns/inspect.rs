//! Looking into a box.

use async_graphql::{ID, InputObject};
use domain::returns::{Deduction, Inspection, ReturnCommand};
use domain::values::{LineId, ShortText};

use crate::graphql::inputs::Inputs;
use crate::graphql::money::MoneyInput;

/// What is kept back of the refund for damaged units. The buyer bears it only where it comes from handling beyond what was
/// needed to try them.
#[derive(Clone, Debug, InputObject)]
pub struct DeductionInput {
    /// How much, VAT included: above zero, at most what was paid for the damaged units.
    pub amount: MoneyInput,
    /// Why, 1 to 500 characters; the buyer reads it.
    pub reason: String,
}

/// What was found of a line: `resalable + damaged + missing` is what was announced.
#[derive(Clone, Debug, InputObject)]
pub struct InspectionInput {
    /// The order's line.
    pub line_id: ID,
    /// Units that go back on the shelf.
    #[graphql(default)]
    pub resalable: i32,
    /// Units that arrived and cannot be sold.
    #[graphql(default)]
    pub damaged: i32,
    /// Units that were announced and did not arrive.
    #[graphql(default)]
    pub missing: i32,
    /// What is kept back for the damaged ones; left out, nothing.
    pub deduction: Option<DeductionInput>,
}

/// Looks into a box.
#[derive(Clone, Debug, InputObject)]
pub struct ReturnInspectInput {
    /// The return.
    pub return_id: ID,
    /// What was found, each line once.
    pub items: Vec<InspectionInput>,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Reads what was found.
pub(super) fn inspect(inputs: &mut Inputs, items: &[InspectionInput]) -> Option<ReturnCommand> {
    inspections(inputs, items).map(|items| ReturnCommand::Inspect { items })
}

/// Reads what was found of each line.
pub(super) fn inspections(inputs: &mut Inputs, items: &[InspectionInput]) -> Option<Vec<Inspection>> {
    inputs.list("items", items, |inputs, path, item| {
        let line = inputs.parse::<LineId>(&[path, &["lineId"]].concat(), &item.line_id);
        let resalable = units(inputs, &[path, &["resalable"]].concat(), item.resalable);
        let damaged = units(inputs, &[path, &["damaged"]].concat(), item.damaged);
        let missing = units(inputs, &[path, &["missing"]].concat(), item.missing);
        let deduction = match &item.deduction {
            Some(input) => Some(deduction(inputs, &[path, &["deduction"]].concat(), input)?),
            None => None,
        };
        Some(Inspection { line: line?, resalable: resalable?, damaged: damaged?, missing: missing?, deduction })
    })
}

fn deduction(inputs: &mut Inputs, path: &[&str], input: &DeductionInput) -> Option<Deduction> {
    let amount = inputs.money(&[path, &["amount"]].concat(), input.amount);
    let reason = inputs.parse::<ShortText>(&[path, &["reason"]].concat(), &input.reason);
    Some(Deduction { amount: amount?, reason: reason? })
}

/// Reads a count that may be nothing.
fn units(inputs: &mut Inputs, path: &[&str], count: i32) -> Option<u32> {
    let units = u32::try_from(count).ok();
    if units.is_none() {
        inputs.refuse(path, format!("{count} is no count of units"), "a whole number from 0");
    }
    units
}
