//! What the rules let pass, and why. Few, and each with a reason that will still hold next year.

use super::{Breach, Rule};

/// Something that a rule forbids and that is right where it stands.
pub(super) struct Exception {
    pub(super) rule: Rule,
    /// A file, or a folder with a slash at its end.
    pub(super) path: &'static str,
    /// A part of what is said about it.
    pub(super) what: &'static str,
    /// For the reader; nothing but the eye checks it.
    _reason: &'static str,
}

impl Exception {
    pub(super) fn covers(&self, breach: &Breach) -> bool {
        let here = if self.path.ends_with('/') { breach.path.starts_with(self.path) } else { breach.path == self.path };
        here && breach.what.contains(self.what)
    }
}

const fn except(rule: Rule, path: &'static str, what: &'static str, reason: &'static str) -> Exception {
    Exception { rule, path, what, _reason: reason }
}

/// Every exception.
pub(super) const EXCEPTIONS: &[Exception] = &[
    except(
        Rule::Words,
        "crates/api/src/http/metrics.rs",
        "f64",
        "OpenMetrics counts seconds, and its encoder takes f64",
    ),
    except(
        Rule::Words,
        "crates/projections/src/search/folder.rs",
        "f32",
        "tantivy's merge policy takes a share as f32",
    ),
    except(
        Rule::Words,
        "crates/api/src/http/tests/events.rs",
        "sleep(",
        "the test runs on tokio's paused clock, which such a wait turns: nobody waits",
    ),
    except(
        Rule::Words,
        "crates/testkit/src/journey/mod.rs",
        "sleep(",
        "the journey is played on tokio's paused clock, which such a wait turns: nobody waits",
    ),
    except(
        Rule::Words,
        "crates/domain/build.rs",
        "std::fs",
        "it reads the source while it is built; the crate itself knows no files",
    ),
    except(
        Rule::Words,
        "crates/testkit/src/events/names.rs",
        "count in whole units",
        "serde's list of types has both floats in it",
    ),
    except(
        Rule::Names,
        "crates/api/src/graphql/connection.rs",
        "PageInfo",
        "the name that Relay's specification gives it",
    ),
    except(Rule::Names, "crates/gateways/src/stripe/wire.rs", "EventData", "the name that Stripe gives it on the wire"),
    except(Rule::Sql, "tests/it/tidy/", "", "the rule itself"),
    except(Rule::Sql, "tests/it/sealed/attacker.rs", "", "the attacker goes around our code, straight to the tables"),
    except(
        Rule::Machines,
        "crates/comptoir/samples/complete-journey/README.md",
        "pypi.org",
        "where the sample was published, cited with its licence",
    ),
    except(Rule::Machines, "tests/it/tidy/", "", "the rule itself"),
];
