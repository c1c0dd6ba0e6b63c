//! What goes wrong, and when: each time a port is used is one throw, numbered, so that one fault can be left out when a
//! failing run is made shorter.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use crate::dice::mixed;
use crate::run::Scenario;

/// A million: what rates are parts of.
const MILLION: u64 = 1_000_000;

/// What may go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The log refuses, nothing is stored.
    LogUnavailable,
    /// The log gives no answer in time and has stored nothing.
    LogTimeout,
    /// The log has stored it, and the answer is lost.
    AnswerLost,
    /// The log takes long.
    LogSlow,
    /// Another commit is said to have come first, which is then taken back.
    Conflict,
    /// The log cannot be read.
    ReadUnavailable,
    /// The provider cannot be reached.
    ProviderUnreachable,
    /// The request to the provider is lost, which shows only as a silence.
    RequestLost,
    /// The request to the provider arrives long after the silence was taken for a loss.
    RequestLate,
    /// The provider has done it, and its answer is lost.
    ProviderAnswerLost,
    /// The provider takes long.
    ProviderSlow,
    /// The carrier cannot be reached.
    CarrierUnavailable,
    /// A webhook is delivered twice.
    WebhookTwice,
    /// A webhook is late, and later ones overtake it.
    WebhookLate,
    /// A webhook is lost on its way and comes again.
    WebhookLost,
    /// The buyer's connection breaks.
    ConnectionLost,
    /// A process dies before what it was about to do.
    CrashBefore,
    /// A process dies right after what it did, before it learns of it.
    CrashAfter,
    /// A process stands still for some seconds: others take its leases over, then it goes on.
    Freeze,
    /// A process's clock is a day off.
    ClockJump,
}

impl Fault {
    /// Every kind.
    pub const ALL: [Self; 20] = [
        Self::LogUnavailable,
        Self::LogTimeout,
        Self::AnswerLost,
        Self::LogSlow,
        Self::Conflict,
        Self::ReadUnavailable,
        Self::ProviderUnreachable,
        Self::RequestLost,
        Self::RequestLate,
        Self::ProviderAnswerLost,
        Self::ProviderSlow,
        Self::CarrierUnavailable,
        Self::WebhookTwice,
        Self::WebhookLate,
        Self::WebhookLost,
        Self::ConnectionLost,
        Self::CrashBefore,
        Self::CrashAfter,
        Self::Freeze,
        Self::ClockJump,
    ];

    /// Returns whether it ends a process.
    pub fn is_crash(self) -> bool {
        matches!(self, Self::CrashBefore | Self::CrashAfter)
    }

    /// Returns how often it comes, of a million uses of its port, when everything goes wrong at once.
    fn rate(self) -> u64 {
        match self {
            Self::LogUnavailable | Self::LogTimeout | Self::ReadUnavailable => 1_000,
            Self::AnswerLost | Self::LogSlow => 2_500,
            Self::Conflict => 4_000,
            Self::ProviderUnreachable | Self::RequestLost | Self::RequestLate => 15_000,
            Self::ProviderAnswerLost | Self::ProviderSlow => 20_000,
            Self::CarrierUnavailable => 50_000,
            Self::WebhookTwice | Self::WebhookLate => 60_000,
            Self::WebhookLost => 30_000,
            Self::ConnectionLost => 15_000,
            Self::CrashBefore | Self::CrashAfter => 1_200,
            Self::Freeze => 600,
            Self::ClockJump => 60,
        }
    }
}

/// Which faults there are, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// None.
    None,
    /// Answers that are lost, late and double, as every network has them; nobody dies.
    Network,
    /// Processes that die, stand still and have wrong clocks.
    Crashes,
    /// Everything at once.
    Storm,
}

impl Profile {
    /// Every profile and its name.
    pub const ALL: [(&'static str, Self); 4] =
        [("none", Self::None), ("network", Self::Network), ("crashes", Self::Crashes), ("storm", Self::Storm)];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, profile)| *profile == self).map_or("", |(name, _)| name)
    }

    fn has(self, fault: Fault) -> bool {
        let is_process = fault.is_crash() || matches!(fault, Fault::Freeze | Fault::ClockJump);
        match self {
            Self::None => false,
            Self::Network => !is_process,
            Self::Crashes => is_process,
            Self::Storm => true,
        }
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, profile)| *profile);
        known.ok_or_else(|| "choose none, network, crashes or storm".to_owned())
    }
}

/// Decides about every use of a port.
#[derive(Debug)]
pub(crate) struct Faults {
    seed: u64,
    profile: Profile,
    /// The only throws that may go wrong; none given means all.
    only: Option<BTreeSet<u64>>,
    /// What happens once, whatever the profile says.
    once: Option<(u64, Fault)>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    thrown: u64,
    has_begun: bool,
    struck: Vec<(u64, Fault)>,
    /// The throws at which a process could have died.
    deadly: Vec<u64>,
}

impl Faults {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let Scenario { seed, profile, once, .. } = *scenario;
        Self { seed, profile, only: scenario.only_faults.clone(), once, state: Mutex::default() }
    }

    /// Throws once for several kinds and returns the one that strikes.
    pub(crate) fn throw(&self, kinds: &[Fault]) -> Option<Fault> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.thrown += 1;
        if !state.has_begun {
            return None;
        }
        let number = state.thrown;
        if kinds.iter().any(|fault| fault.is_crash()) {
            state.deadly.push(number);
        }
        if let Some((_, fault)) = self.once.filter(|(once, fault)| *once == number && kinds.contains(fault)) {
            state.struck.push((number, fault));
            return Some(fault);
        }
        let mut thrown = mixed(self.seed ^ mixed(number)) % MILLION;
        for fault in kinds.iter().filter(|fault| self.profile.has(**fault)) {
            match thrown.checked_sub(fault.rate()) {
                Some(left) => thrown = left,
                None if self.only.as_ref().is_some_and(|only| !only.contains(&number)) => return None,
                None => {
                    state.struck.push((number, *fault));
                    return Some(*fault);
                }
            }
        }
        None
    }

    /// Returns the number of the last throw, and any number that follows from it.
    pub(crate) fn chance(&self) -> u64 {
        let number = self.state.lock().unwrap_or_else(PoisonError::into_inner).thrown;
        mixed(self.seed.wrapping_add(number) ^ 0x5eed)
    }

    /// From now on things go wrong.
    pub(crate) fn begin(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).has_begun = true;
    }

    /// From now on nothing goes wrong.
    pub(crate) fn end(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).has_begun = false;
    }

    /// Returns what struck, by the number of its throw.
    pub(crate) fn struck(&self) -> Vec<(u64, Fault)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).struck.clone()
    }

    /// Returns the numbers of the throws at which a process could have died.
    pub(crate) fn deadly(&self) -> Vec<u64> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).deadly.clone()
    }

    /// Counts what struck by kind.
    pub(crate) fn counts(&self) -> BTreeMap<Fault, u64> {
        let mut counts = BTreeMap::new();
        for (_, fault) in self.struck() {
            *counts.entry(fault).or_default() += 1;
        }
        counts
    }
}
