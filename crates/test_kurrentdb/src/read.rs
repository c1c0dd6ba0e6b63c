//! Reading a stream or `$all`, once; and what is common to reading and subscribing.

use std::sync::Arc;

use futures_util::stream;
use tonic::Status;

use crate::log::{Log, Record};
use crate::protocol::event_store::client::streams::ReadResp;
use crate::protocol::event_store::client::streams::read_req::Options;
use crate::protocol::event_store::client::streams::read_req::options::all_options::AllOption;
use crate::protocol::event_store::client::streams::read_req::options::filter_options::{Expression, Filter};
use crate::protocol::event_store::client::streams::read_req::options::stream_options::RevisionOption;
use crate::protocol::event_store::client::streams::read_req::options::{
    AllOptions, CountOption, FilterOption, FilterOptions, ReadDirection, StreamOption, StreamOptions,
};
use crate::protocol::event_store::client::streams::read_resp::read_event::{Position, RecordedEvent};
use crate::protocol::event_store::client::streams::read_resp::{Content, ReadEvent, StreamNotFound};
use crate::protocol::event_store::client::{StreamIdentifier, Uuid, uuid};
use crate::{Answers, Node, subscribe};

/// Answers a read, or begins a subscription.
pub(crate) fn read(node: &Arc<Node>, options: Options) -> Result<Answers<ReadResp>, Box<Status>> {
    let direction = options.read_direction();
    let wanted = Wanted::of(options.filter_option)?;
    let count = options.count_option.ok_or_else(|| Box::new(Status::invalid_argument("the count is missing")))?;
    let from = options.stream_option.ok_or_else(|| Box::new(Status::invalid_argument("the stream is missing")))?;
    let answers = match (from, count) {
        (StreamOption::Stream(from), CountOption::Count(count)) => read_stream(&node.log(), from, direction, count)?,
        (StreamOption::All(from), CountOption::Count(count)) => {
            read_all(&node.log(), &from, direction, &wanted, count)?
        }
        (StreamOption::All(from), CountOption::Subscription(_)) => return subscribe::subscribe(node, &from, wanted),
        (StreamOption::Stream(_), CountOption::Subscription(_)) => {
            return Err(Box::new(Status::unimplemented("the fake knows subscriptions to $all only")));
        }
    };
    Ok(Box::pin(stream::iter(answers.into_iter().map(Ok))))
}

fn read_stream(
    log: &Log,
    from: StreamOptions,
    direction: ReadDirection,
    count: u64,
) -> Result<Vec<ReadResp>, Box<Status>> {
    let identifier =
        from.stream_identifier.ok_or_else(|| Box::new(Status::invalid_argument("the stream is missing")))?;
    let Some(records) = log.stream(&identifier.stream_name) else {
        let not_found = StreamNotFound { stream_identifier: Some(identifier) };
        return Ok(vec![response(Content::StreamNotFound(not_found))]);
    };
    let last = records.len() as u64 - 1;
    let revision = match from.revision_option {
        Some(RevisionOption::Revision(revision)) => revision,
        Some(RevisionOption::Start(_)) | None => 0,
        Some(RevisionOption::End(_)) => last,
    };
    let mut answers: Vec<ReadResp> = match direction {
        ReadDirection::Forwards => {
            records.filter(|record| record.revision >= revision).take(limit(count)).map(event).collect()
        }
        ReadDirection::Backwards => {
            records.rev().filter(|record| record.revision <= revision).take(limit(count)).map(event).collect()
        }
    };
    if direction == ReadDirection::Forwards {
        answers.push(response(Content::LastStreamPosition(last)));
    }
    Ok(answers)
}

fn read_all(
    log: &Log,
    from: &AllOptions,
    direction: ReadDirection,
    wanted: &Wanted,
    count: u64,
) -> Result<Vec<ReadResp>, Box<Status>> {
    let index = index_of(log, from)?;
    let (before, behind) = log.records().split_at(index);
    Ok(match direction {
        ReadDirection::Forwards => {
            behind.iter().filter(|record| wanted.has(record)).take(limit(count)).map(event).collect()
        }
        ReadDirection::Backwards => {
            before.iter().rev().filter(|record| wanted.has(record)).take(limit(count)).map(event).collect()
        }
    })
}

/// Finds where to read from: at a record's beginning or nowhere.
pub(crate) fn index_of(log: &Log, from: &AllOptions) -> Result<usize, Box<Status>> {
    match &from.all_option {
        Some(AllOption::Start(_)) | None => Ok(0),
        Some(AllOption::End(_)) => Ok(log.records().len()),
        Some(AllOption::Position(position)) => log
            .index_at(position.commit_position)
            .filter(|_| position.commit_position == position.prepare_position)
            .ok_or_else(|| Box::new(Status::invalid_argument("Trying to read from an invalid position."))),
    }
}

fn limit(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Which records a reader of `$all` wants.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    All,
    Streams(Vec<String>),
    Types(Vec<String>),
}

impl Wanted {
    fn of(option: Option<FilterOption>) -> Result<Self, Box<Status>> {
        let filter = match option {
            Some(FilterOption::NoFilter(_)) | None => return Ok(Self::All),
            Some(FilterOption::Filter(FilterOptions { filter, .. })) => filter,
        };
        let prefixes = |expression: Expression| match expression.regex.is_empty() {
            true => Ok(expression.prefix),
            false => Err(Box::new(Status::unimplemented("the fake filters by prefixes only"))),
        };
        match filter {
            Some(Filter::StreamIdentifier(expression)) => prefixes(expression).map(Self::Streams),
            Some(Filter::EventType(expression)) => prefixes(expression).map(Self::Types),
            None => Err(Box::new(Status::invalid_argument("the filter is empty"))),
        }
    }

    pub(crate) fn has(&self, record: &Record) -> bool {
        match self {
            Self::All => true,
            Self::Streams(prefixes) => prefixes.iter().any(|prefix| record.stream.starts_with(prefix.as_bytes())),
            Self::Types(prefixes) => {
                let name = record.event.metadata.get("type").map_or("", String::as_str);
                prefixes.iter().any(|prefix| name.starts_with(prefix))
            }
        }
    }
}

/// Makes a message of its content.
pub(crate) fn response(content: Content) -> ReadResp {
    ReadResp { content: Some(content) }
}

/// Makes the message of a stored event.
pub(crate) fn event(record: &Record) -> ReadResp {
    let mut metadata = record.event.metadata.clone();
    metadata.insert("created".to_owned(), record.created_ticks.to_string());
    let recorded = RecordedEvent {
        id: Some(Uuid { value: Some(uuid::Value::String(record.event.id.to_string())) }),
        stream_identifier: Some(StreamIdentifier { stream_name: record.stream.clone() }),
        stream_revision: record.revision,
        prepare_position: record.position,
        commit_position: record.position,
        metadata,
        custom_metadata: record.event.custom_metadata.clone(),
        data: record.event.data.clone(),
    };
    let position = Some(Position::CommitPosition(record.position));
    response(Content::Event(ReadEvent { event: Some(recorded), link: None, position }))
}
