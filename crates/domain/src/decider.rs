//! The contract of every aggregate: `decide` and `evolve` as plain functions, cqrs-es's `Aggregate` as a thin shell.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;

use crate::upcast::StoredEvent;

/// A refusal: the domain's answer "no", with a stable code.
pub trait Refusal: std::error::Error + Clone + PartialEq + Send + Sync + 'static {
    /// Returns the code clients branch on, `SCREAMING_SNAKE_CASE`, never changed once released.
    fn code(&self) -> &'static str;

    /// Returns what a client may want to show beside the code, by name; none unless the context says more.
    fn facts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// An aggregate that decides without side effects. Its `Default` is the state before the first event.
pub trait Decider: Aggregate<Services = (), Event: StoredEvent> + Clone + 'static
where
    Self::Error: Refusal,
{
    /// Answers a command with the facts that follow from it, or a refusal. Already so is an empty answer.
    ///
    /// # Errors
    /// The context's refusal, when a rule forbids the command in this state.
    fn decide(&self, command: &Self::Command) -> Result<Vec<Self::Event>, Self::Error>;

    /// Moves the state on by one fact. Total: it never refuses.
    fn evolve(&mut self, event: &Self::Event);
}

/// Runs a decision the way cqrs-es wants it: every fact goes through the sink, which applies it.
///
/// # Errors
/// The decider's own refusal.
pub async fn decide_into_sink<D>(decider: &mut D, command: &D::Command, sink: &EventSink<D>) -> Result<(), D::Error>
where
    D: Decider,
    D::Command: Sync,
    D::Error: Refusal,
{
    for event in decider.decide(command)? {
        sink.write(event, decider).await;
    }
    Ok(())
}
