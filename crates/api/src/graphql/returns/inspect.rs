//! Looking into a box.

use async_graphql::{ID, InputObject};
use domain::returns::{Inspection, ReturnCommand};
use domain::values::LineId;

use crate::graphql::inputs::Inputs;

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
    let items = inputs.list("items", items, |inputs, path, item| {
        let line = inputs.parse::<LineId>(&[path, &["lineId"]].concat(), &item.line_id);
        let resalable = units(inputs, &[path, &["resalable"]].concat(), item.resalable);
        let damaged = units(inputs, &[path, &["damaged"]].concat(), item.damaged);
        let missing = units(inputs, &[path, &["missing"]].concat(), item.missing);
        Some(Inspection { line: line?, resalable: resalable?, damaged: damaged?, missing: missing? })
    })?;
    Some(ReturnCommand::Inspect { items })
}

/// Reads a count that may be nothing.
fn units(inputs: &mut Inputs, path: &[&str], count: i32) -> Option<u32> {
    let units = u32::try_from(count).ok();
    if units.is_none() {
        inputs.refuse(path, format!("{count} is no count of units"), "a whole number from 0");
    }
    units
}
