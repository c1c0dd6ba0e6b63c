use serde_json::json;

use super::{AutomationPeriod, AutomationProjection, DayAutomation};
use crate::testing::{DAY, Story};
use crate::tests::models_of;

const JANUARY: AutomationPeriod<'static> = AutomationPeriod { from: "2026-01-01", to: "2026-01-31" };

async fn add(story: &mut Story, kind: &str, id: &str, records: &[&str]) {
    let records: Vec<_> = records.iter().map(|name| json!({ *name: {} })).collect();
    story.add(kind, id, &records).await;
}

/// Ends flows of a kind, of which some were decided by a human, and some of these twice.
async fn end(story: &mut Story, kind: &str, numbers: std::ops::Range<u32>, decisions: usize) {
    for number in numbers {
        let mut records = vec!["process.told"];
        records.extend(vec!["process.task_decided"; decisions]);
        records.push("process.ended");
        add(story, kind, &number.to_string(), &records).await;
    }
}

fn day(day: &str, flow: &str, ended: i64, automatic: i64) -> DayAutomation {
    DayAutomation { day: day.to_owned(), flow: flow.to_owned(), ended, automatic }
}

#[tokio::test]
async fn a_flow_counts_on_the_day_of_its_end_as_automatic_unless_a_human_decided_something() {
    let mut story = Story::new();
    end(&mut story, "checkout", 0..3, 0).await;
    end(&mut story, "checkout", 3..5, 2).await;
    add(&mut story, "checkout", "open", &["process.told", "process.task_decided"]).await;
    add(&mut story, "checkout", "0", &["process.task_decided"]).await;
    story.now += DAY;
    end(&mut story, "return_to_refund", 0..1, 1).await;
    add(&mut story, "checkout", "open", &["process.ended"]).await;
    end(&mut story, "checkout", 10..11, 0).await;
    let models = models_of(&story, AutomationProjection).await;
    let days = models.automation().by_day(JANUARY).await.expect("the store answers");
    let expected = [
        day("2026-01-01", "checkout", 5, 3),
        day("2026-01-02", "checkout", 2, 1),
        day("2026-01-02", "return_to_refund", 1, 0),
    ];
    assert_eq!(days, expected);
    let second = AutomationPeriod { from: "2026-01-02", to: "2026-01-02" };
    assert_eq!(models.automation().by_day(second).await.expect("the store answers"), expected[1..]);
    for batch in [1, 3, 1_000] {
        let models = crate::tests::models_in_batches(&story, batch).await;
        assert_eq!(
            models.automation().by_day(JANUARY).await.expect("the store answers"),
            expected,
            "batches of {batch}"
        );
    }
}
