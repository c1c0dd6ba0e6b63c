//! The tables of automation.

use crate::rows::{Column, Table};

pub(super) static AUTOMATION_BY_DAY: Table = Table {
    name: "automation_by_day",
    columns: &[Column::text("day"), Column::text("flow"), Column::int("ended"), Column::int("automatic")],
    key: 2,
    indexes: &[],
};

/// The flows that are not over and of which a human has decided something.
pub(super) static AUTOMATION_DECIDED: Table = Table {
    name: "automation_decided",
    columns: &[Column::text("flow"), Column::text("process_id"), Column::int("decisions")],
    key: 2,
    indexes: &[],
};

pub(super) static ALL: [&Table; 2] = [&AUTOMATION_BY_DAY, &AUTOMATION_DECIDED];
