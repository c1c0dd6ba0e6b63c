//! The process's own log.

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Begins to write the process's log to standard error. A second call changes nothing.
pub fn begin(config: &Config) {
    let filter = config.log.parse::<EnvFilter>().unwrap_or_default();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let begun = match config.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    if begun.is_err() {
        tracing::debug!("the log was begun already");
    }
}
