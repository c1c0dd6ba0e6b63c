//! The board: which promotions apply by themselves, so that a cart finds them without asking a read model.
//!
//! Stream `promotion_board`, one for the shop: id [`BOARD`].

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};

use super::error::PromotionError;
use crate::decider::{Decider, decide_into_sink};
use crate::upcast::{StoredEvent, version_of};
use crate::values::PromotionId;

/// The id of the one board.
pub const BOARD: &str = "automatic";

/// The most promotions that apply by themselves at a time: a cart has room for them and for codes.
pub const POSTED_MAX: usize = 5;

/// A wish about the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoardCommand {
    /// Lets a promotion apply by itself.
    Post {
        /// The promotion.
        promotion: PromotionId,
    },
    /// Lets it apply no more.
    TakeDown {
        /// The promotion.
        promotion: PromotionId,
    },
}

/// A fact about the board. Stored names are for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BoardEvent {
    /// A promotion applies by itself.
    #[serde(rename = "promotion_board.posted")]
    Posted {
        /// The promotion.
        promotion: PromotionId,
    },
    /// It applies no more.
    #[serde(rename = "promotion_board.taken_down")]
    TakenDown {
        /// The promotion.
        promotion: PromotionId,
    },
}

/// Which promotions apply by themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromotionBoard {
    posted: Vec<PromotionId>,
}

impl PromotionBoard {
    /// Returns the promotions in the order they were posted.
    pub fn posted(&self) -> &[PromotionId] {
        &self.posted
    }
}

impl DomainEvent for BoardEvent {
    fn event_type(&self) -> String {
        match self {
            BoardEvent::Posted { .. } => "promotion_board.posted",
            BoardEvent::TakenDown { .. } => "promotion_board.taken_down",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        version_of(Self::UPCASTERS, &self.event_type()).to_string()
    }
}

impl StoredEvent for BoardEvent {}

impl Aggregate for PromotionBoard {
    const TYPE: &'static str = "promotion_board";
    type Command = BoardCommand;
    type Event = BoardEvent;
    type Error = PromotionError;
    type Services = ();

    async fn handle(
        &mut self,
        command: BoardCommand,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), PromotionError> {
        decide_into_sink(self, &command, sink).await
    }

    fn apply(&mut self, event: BoardEvent) {
        self.evolve(&event);
    }
}

impl Decider for PromotionBoard {
    fn decide(&self, command: &BoardCommand) -> Result<Vec<BoardEvent>, PromotionError> {
        match command {
            BoardCommand::Post { promotion } if self.posted.contains(promotion) => Ok(vec![]),
            BoardCommand::Post { .. } if self.posted.len() >= POSTED_MAX => {
                Err(PromotionError::BoardFull { max: POSTED_MAX })
            }
            BoardCommand::Post { promotion } => Ok(vec![BoardEvent::Posted { promotion: promotion.clone() }]),
            BoardCommand::TakeDown { promotion } if self.posted.contains(promotion) => {
                Ok(vec![BoardEvent::TakenDown { promotion: promotion.clone() }])
            }
            BoardCommand::TakeDown { .. } => Ok(vec![]),
        }
    }

    fn evolve(&mut self, event: &BoardEvent) {
        match event {
            BoardEvent::Posted { promotion } => self.posted.push(promotion.clone()),
            BoardEvent::TakenDown { promotion } => self.posted.retain(|known| known != promotion),
        }
    }
}
