//! Mistakes that a shop may have, to show that the simulator finds them. Each one is made at a port, so that no code of the
//! shop has a switch: what the shop does is changed on its way to the log, the provider, the clock, or back.

use std::str::FromStr;

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Units are reserved, sold and given back whatever version the decision was based on.
    StockWithoutVersion,
    /// Payments are written whatever version the decision was based on.
    PaymentWithoutVersion,
    /// Two workers move a process whatever version they know.
    ProcessWithoutVersion,
    /// A commit that no answer came of is stored once more.
    CommitTwice,
    /// Of a commit of several events only the first is stored, now and then.
    CommitInPart,
    /// A commit is acknowledged and not stored, now and then.
    AcknowledgedNotStored,
    /// The key of a command is not kept.
    KeyForgotten,
    /// The store says that nobody else writes.
    AloneAlthoughNot,
    /// The feed of commands and processes leaves an event out, now and then.
    ProcessesMissEvents,
    /// The feed of the read models leaves an event out, now and then.
    ReadModelsMissEvents,
    /// A process marks what is not told yet as told.
    MarkTooFar,
    /// What a process asks for is not recorded.
    AskNotRecorded,
    /// A timer is dropped.
    TimerDropped,
    /// A wish to undo a payment is answered as done without asking the provider.
    VoidForgotten,
    /// A payment that the provider does not know yet is called off without claiming its key.
    ClaimForgotten,
    /// Money is held without an idempotency key.
    HoldWithoutKey,
    /// Money is taken without an idempotency key.
    CaptureWithoutKey,
    /// Money is given back without an idempotency key.
    RefundWithoutKey,
    /// A silence of the provider is taken for a hold that was let go.
    SilenceIsVoid,
    /// A silence of the provider is taken for a capture that was made.
    SilenceIsCapture,
    /// A hold is believed to stand for ever: what is packed after its end leaves on it.
    ExpiredHoldStands,
    /// A cent less is taken than was agreed.
    CaptureRoundedDown,
    /// A sale's total is rounded per unit and not per line.
    TotalRoundedPerUnit,
    /// A reservation is given back one unit short.
    ReleaseOneShort,
    /// Who waits for units is forgotten when they come in.
    BackOrderForgotten,
    /// Nobody waits for the day by which the law wants a refund to have gone.
    RefundDeadlineDropped,
    /// A carrier is booked anew each time it is asked.
    LabelEachTime,
    /// A buyer's name is noted in clear.
    NameInClear,
    /// What is sealed is not byte for byte what is stored.
    SealsOtherBytes,
    /// A bit of each full tile of the log's tree is turned on its way to where it is kept.
    TileDamaged,
}

impl Bug {
    /// Every mistake and its name.
    pub const ALL: [(&'static str, Self); 30] = [
        ("stock-without-version", Self::StockWithoutVersion),
        ("payment-without-version", Self::PaymentWithoutVersion),
        ("process-without-version", Self::ProcessWithoutVersion),
        ("commit-twice", Self::CommitTwice),
        ("commit-in-part", Self::CommitInPart),
        ("acknowledged-not-stored", Self::AcknowledgedNotStored),
        ("key-forgotten", Self::KeyForgotten),
        ("alone-although-not", Self::AloneAlthoughNot),
        ("processes-miss-events", Self::ProcessesMissEvents),
        ("read-models-miss-events", Self::ReadModelsMissEvents),
        ("mark-too-far", Self::MarkTooFar),
        ("ask-not-recorded", Self::AskNotRecorded),
        ("timer-dropped", Self::TimerDropped),
        ("void-forgotten", Self::VoidForgotten),
        ("claim-forgotten", Self::ClaimForgotten),
        ("hold-without-key", Self::HoldWithoutKey),
        ("capture-without-key", Self::CaptureWithoutKey),
        ("refund-without-key", Self::RefundWithoutKey),
        ("silence-is-void", Self::SilenceIsVoid),
        ("silence-is-capture", Self::SilenceIsCapture),
        ("expired-hold-stands", Self::ExpiredHoldStands),
        ("capture-rounded-down", Self::CaptureRoundedDown),
        ("total-rounded-per-unit", Self::TotalRoundedPerUnit),
        ("release-one-short", Self::ReleaseOneShort),
        ("back-order-forgotten", Self::BackOrderForgotten),
        ("refund-deadline-dropped", Self::RefundDeadlineDropped),
        ("label-each-time", Self::LabelEachTime),
        ("name-in-clear", Self::NameInClear),
        ("seals-other-bytes", Self::SealsOtherBytes),
        ("tile-damaged", Self::TileDamaged),
    ];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, bug)| *bug == self).map_or("", |(name, _)| name)
    }
}

impl FromStr for Bug {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, bug)| *bug);
        known.ok_or_else(|| format!("there is no mistake of that name: {}", Self::ALL.map(|(name, _)| name).join(", ")))
    }
}
