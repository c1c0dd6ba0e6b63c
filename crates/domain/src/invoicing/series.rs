//! A series of numbers: 1, 2, 3 …, in order of date, none missing, none twice.

use serde::{Deserialize, Serialize};

use super::commands::SeriesCommand;
use super::document::DocumentNumber;
use super::error::InvoicingError;
use super::events::SeriesEvent;
use crate::values::{Date, Timestamp};

/// The last number of a series. Each number is one event of its stream, so a number is its event's place in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    last: Option<Taken>,
}

/// A number that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Taken {
    number: DocumentNumber,
    date: Date,
    issued_at: Timestamp,
}

impl Series {
    /// Returns the last number, once one was taken.
    pub fn last(&self) -> Option<DocumentNumber> {
        self.last.map(|last| last.number)
    }

    /// Returns the day of the last number, once one was taken.
    pub fn last_date(&self) -> Option<Date> {
        self.last.map(|last| last.date)
    }

    /// Returns when the last number was taken, once one was.
    pub fn last_issued_at(&self) -> Option<Timestamp> {
        self.last.map(|last| last.issued_at)
    }

    /// Moves on by one fact.
    pub(super) fn move_on(&mut self, event: &SeriesEvent) {
        match event {
            SeriesEvent::NumberTaken { number, date, issued_at, .. } => {
                self.last = Some(Taken { number: *number, date: *date, issued_at: *issued_at });
            }
        }
    }
}

pub(super) fn decide(series: &Series, command: &SeriesCommand) -> Result<Vec<SeriesEvent>, InvoicingError> {
    let SeriesCommand::TakeNumber { series: id, order, document, total, date, at } = command;
    let is_own = series.last().is_none_or(|last| last.series() == *id);
    if !is_own || document.kind() != id.kind() || date.year() != id.year() {
        return Err(InvoicingError::SeriesDiffers);
    }
    let number = match series.last() {
        Some(last) => last.next().ok_or(InvoicingError::SeriesFull { last })?,
        None => DocumentNumber::first(*id),
    };
    // A clock that went back, or a document that waited, does not break the order: it bears the day of the one before.
    let (date, issued_at) = match series.last {
        Some(last) => (last.date.max(*date), last.issued_at.max(*at)),
        None => (*date, *at),
    };
    let (order, document, total) = (order.clone(), document.clone(), *total);
    Ok(vec![SeriesEvent::NumberTaken { number, order, document, total, date, issued_at }])
}
