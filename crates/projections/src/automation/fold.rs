//! From records of processes to what ended by itself.

use super::tables::{ALL, AUTOMATION_BY_DAY, AUTOMATION_DECIDED};
use crate::day::day_of;
use crate::event::Event;
use crate::projection::Projection;
use crate::rows::{Table, key};
use crate::working::{FoldError, Working};

const DECIDED: &str = "process.task_decided";
const ENDED: &str = "process.ended";

/// The read model of automation.
#[derive(Clone, Copy, Debug, Default)]
pub struct AutomationProjection;

impl Projection for AutomationProjection {
    fn name(&self) -> &'static str {
        "automation"
    }

    fn version(&self) -> i64 {
        1
    }

    fn tables(&self) -> &'static [&'static Table] {
        &ALL
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["checkout", "return_to_refund", "goodwill_refund"]
    }

    fn event_types(&self) -> &'static [&'static str] {
        &[DECIDED, ENDED]
    }

    fn keys(&self, events: &[&Event], rows: &mut Working) -> Result<(), FoldError> {
        for event in events {
            let flow = flow_of(event);
            rows.want(&AUTOMATION_DECIDED, key([flow, event.id()]))?;
            if event.recorded().event_type == ENDED {
                rows.want(&AUTOMATION_BY_DAY, key([day_of(event.at()).as_str(), flow]))?;
            }
        }
        Ok(())
    }

    fn apply(&self, event: &Event, rows: &mut Working) -> Result<(), FoldError> {
        let flow = flow_of(event);
        let own = key([flow, event.id()]);
        if event.recorded().event_type == DECIDED {
            return Ok(rows.sums(&AUTOMATION_DECIDED, own)?.add("decisions", 1)?);
        }
        let is_automatic = rows.get(&AUTOMATION_DECIDED, &own)?.is_none();
        if !is_automatic {
            rows.delete(&AUTOMATION_DECIDED, own)?;
        }
        let day = rows.sums(&AUTOMATION_BY_DAY, key([day_of(event.at()).as_str(), flow]))?;
        day.add("ended", 1)?;
        Ok(day.add("automatic", i64::from(is_automatic))?)
    }
}

fn flow_of(event: &Event) -> &str {
    &event.recorded().stream.kind
}
