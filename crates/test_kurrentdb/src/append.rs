//! Appending: reads a request, asks the log, answers as the server does; and what goes wrong on demand.

use std::sync::PoisonError;

use ::uuid::Uuid;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status, Streaming};

use crate::log::{Expected, Outcome, Proposed};
use crate::protocol::event_store::client::streams::append_req::options::ExpectedStreamRevision;
use crate::protocol::event_store::client::streams::append_req::{Content, ProposedMessage};
use crate::protocol::event_store::client::streams::append_resp::success::{CurrentRevisionOption, PositionOption};
use crate::protocol::event_store::client::streams::append_resp::wrong_expected_version as wrong;
use crate::protocol::event_store::client::streams::append_resp::{
    Position, Result as Answer, Success, WrongExpectedVersion,
};
use crate::protocol::event_store::client::streams::{AppendReq, AppendResp};
use crate::protocol::event_store::client::{Empty, uuid};
use crate::{Fault, Node};

/// Takes one append: its options first, then one message an event.
pub(crate) async fn append(node: &Node, mut request: Streaming<AppendReq>) -> Result<AppendResp, Box<Status>> {
    let Some(Content::Options(options)) = request.message().await?.and_then(|first| first.content) else {
        return Err(Box::new(Status::invalid_argument("an append begins with its options")));
    };
    let stream = options.stream_identifier.map(|identifier| identifier.stream_name).filter(|name| !name.is_empty());
    let stream = stream.ok_or_else(|| Box::new(Status::invalid_argument("the stream is missing")))?;
    let expected = options.expected_stream_revision;
    let expected = expected.ok_or_else(|| Box::new(Status::invalid_argument("the expected revision is missing")))?;
    let (mut events, mut bytes) = (Vec::new(), 0);
    while let Some(next) = request.message().await? {
        let Some(Content::ProposedMessage(message)) = next.content else {
            return Err(Box::new(Status::invalid_argument("events follow the options")));
        };
        let event = proposed(message)?;
        bytes += event.size();
        if bytes > node.append_bytes_max {
            return Err(too_large(node.append_bytes_max));
        }
        events.push(event);
    }
    store(node, &stream, expected, events)
}

fn store(
    node: &Node,
    stream: &[u8],
    expected: ExpectedStreamRevision,
    events: Vec<Proposed>,
) -> Result<AppendResp, Box<Status>> {
    let fault = node.faults.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    match fault {
        Some(Fault::BeforeStored) => return Err(Box::new(Status::unavailable("Server Is Not Ready"))),
        Some(Fault::NotLeader) => return Err(not_leader(node)),
        Some(Fault::AfterStored | Fault::None) | None => {}
    }
    let rule = match expected {
        ExpectedStreamRevision::Revision(revision) if i64::try_from(revision).is_err() => {
            return Err(Box::new(Status::unknown("Exception was thrown by handler. OverflowException")));
        }
        ExpectedStreamRevision::Revision(revision) => Expected::Revision(revision),
        ExpectedStreamRevision::NoStream(_) => Expected::NoStream,
        ExpectedStreamRevision::Any(_) => Expected::Any,
        ExpectedStreamRevision::StreamExists(_) => Expected::Exists,
    };
    let (outcome, records) = {
        let mut log = node.log();
        (log.append(stream, rule, events), log.records().len())
    };
    node.grown.send_replace(records);
    if fault == Some(Fault::AfterStored) {
        node.cuts.send_modify(|cuts| *cuts += 1);
        return Err(Box::new(Status::unavailable("the connection is gone")));
    }
    Ok(AppendResp { result: Some(answer(expected, outcome)) })
}

fn answer(expected: ExpectedStreamRevision, outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Stored { revision, position } => Answer::Success(Success {
            current_revision_option: Some(CurrentRevisionOption::CurrentRevision(revision)),
            position_option: Some(PositionOption::Position(Position {
                commit_position: position,
                prepare_position: position,
            })),
        }),
        Outcome::WrongExpectedVersion { current } => Answer::WrongExpectedVersion(wrong_version(expected, current)),
    }
}

/// The answer holds everything twice: for clients before 20.6.1, too.
fn wrong_version(expected: ExpectedStreamRevision, current: Option<u64>) -> WrongExpectedVersion {
    use wrong::{CurrentRevisionOption, CurrentRevisionOption2060, ExpectedRevisionOption, ExpectedRevisionOption2060};
    let (new, old) = match expected {
        ExpectedStreamRevision::Revision(revision) => (
            ExpectedRevisionOption::ExpectedRevision(revision),
            Some(ExpectedRevisionOption2060::ExpectedRevision2060(revision)),
        ),
        ExpectedStreamRevision::NoStream(_) => (ExpectedRevisionOption::ExpectedNoStream(Empty {}), None),
        ExpectedStreamRevision::Any(_) => {
            (ExpectedRevisionOption::ExpectedAny(Empty {}), Some(ExpectedRevisionOption2060::Any2060(Empty {})))
        }
        ExpectedStreamRevision::StreamExists(_) => (
            ExpectedRevisionOption::ExpectedStreamExists(Empty {}),
            Some(ExpectedRevisionOption2060::StreamExists2060(Empty {})),
        ),
    };
    let (current_new, current_old) = match current {
        Some(revision) => {
            (CurrentRevisionOption::CurrentRevision(revision), CurrentRevisionOption2060::CurrentRevision2060(revision))
        }
        None => (CurrentRevisionOption::CurrentNoStream(Empty {}), CurrentRevisionOption2060::NoStream2060(Empty {})),
    };
    WrongExpectedVersion {
        current_revision_option_20_6_0: Some(current_old),
        expected_revision_option_20_6_0: old,
        current_revision_option: Some(current_new),
        expected_revision_option: Some(new),
    }
}

fn proposed(message: ProposedMessage) -> Result<Proposed, Box<Status>> {
    for property in ["type", "content-type"] {
        if !message.metadata.contains_key(property) {
            return Err(Box::new(Status::invalid_argument(format!(
                "Required Metadata Property '{property}' is missing"
            ))));
        }
    }
    let id = match message.id.and_then(|id| id.value) {
        Some(uuid::Value::String(text)) => {
            Uuid::parse_str(&text).map_err(|error| Box::new(Status::invalid_argument(error.to_string())))?
        }
        Some(uuid::Value::Structured(parts)) => Uuid::from_u64_pair(
            parts.most_significant_bits.cast_unsigned(),
            parts.least_significant_bits.cast_unsigned(),
        ),
        None => return Err(Box::new(Status::invalid_argument("the event id is missing"))),
    };
    let ProposedMessage { metadata, custom_metadata, data, .. } = message;
    Ok(Proposed { id, metadata, custom_metadata, data })
}

fn exception(code: Code, message: String, pairs: &[(&'static str, String)]) -> Box<Status> {
    let mut trailers = MetadataMap::new();
    for (name, value) in pairs {
        trailers.insert(*name, MetadataValue::try_from(value).expect("the fake's trailers are ASCII"));
    }
    Box::new(Status::with_metadata(code, message, trailers))
}

fn too_large(limit: usize) -> Box<Status> {
    let pairs = [("exception", "maximum-append-size-exceeded".to_owned()), ("maximum-append-size", limit.to_string())];
    exception(Code::InvalidArgument, format!("Maximum Append Size of {limit} Exceeded."), &pairs)
}

fn not_leader(node: &Node) -> Box<Status> {
    let pairs = [
        ("exception", "not-leader".to_owned()),
        ("leader-endpoint-host", node.address.ip().to_string()),
        ("leader-endpoint-port", node.address.port().to_string()),
    ];
    exception(Code::NotFound, "Leader info available".to_owned(), &pairs)
}
