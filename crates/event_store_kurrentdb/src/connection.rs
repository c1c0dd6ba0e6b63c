//! The client, supervised. The official client gives up for ever once it could not connect: its task ends, and every later
//! call is answered with `ConnectionClosed`. So it is made anew then, and calls are tried again.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use event_store::{BoxError, StoreError};
use eventstore::{Client, ClientSettings, Error};
use tokio::time::{sleep, timeout};

/// How often a call is tried.
const ATTEMPTS_MAX: u32 = 6;
/// How long to wait before the second attempt; before each further one twice as long.
const PAUSE: Duration = Duration::from_millis(50);
/// How long one attempt may take. The client tells the server its deadline and does not keep it itself.
const ATTEMPT_SECONDS_MAX: u64 = 20;
/// gRPC's code of a request that is wrong whatever the state of the server: `INVALID_ARGUMENT`.
const INVALID_ARGUMENT: i32 = 3;

/// What an error means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The server has not done it, and will not when asked again.
    Refused,
    /// The server has not done it; ask again.
    NotDone,
    /// It may be done all the same.
    InDoubt,
}

pub(crate) fn meaning(error: &Error) -> Meaning {
    match error {
        Error::GrpcConnectionError(_) | Error::ConnectionClosed | Error::NotLeaderException(_) => Meaning::NotDone,
        Error::Grpc { code, .. } if i32::from(*code) == INVALID_ARGUMENT => Meaning::Refused,
        Error::AccessDenied
        | Error::ResourceAlreadyExists
        | Error::ResourceNotFound
        | Error::ResourceDeleted
        | Error::UnsupportedFeature
        | Error::InitializationError(_)
        | Error::IllegalStateError(_)
        | Error::WrongExpectedVersion { .. } => Meaning::Refused,
        Error::ServerError(_)
        | Error::Grpc { .. }
        | Error::InternalParsingError(_)
        | Error::InternalClientError
        | Error::DeadlineExceeded => Meaning::InDoubt,
    }
}

/// Returns whether the server says that a request was wrong in itself.
pub(crate) fn is_invalid(error: &Error) -> bool {
    matches!(error, Error::Grpc { code, .. } if i32::from(*code) == INVALID_ARGUMENT)
}

/// How a call failed in the end, and whether any attempt of it may have been done.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: Error,
    pub(crate) in_doubt: bool,
}

/// A client that is replaced when it has given up.
pub(crate) struct Connection {
    settings: ClientSettings,
    current: Mutex<(u64, Client)>,
}

impl Connection {
    /// Makes a client; it connects with the first call.
    pub(crate) fn new(url: &str) -> Result<Self, BoxError> {
        let settings: ClientSettings = url.parse()?;
        let client = make(&settings)?;
        Ok(Self { settings, current: Mutex::new((0, client)) })
    }

    fn current(&self) -> MutexGuard<'_, (u64, Client)> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the client and its number.
    pub(crate) fn client(&self) -> (u64, Client) {
        self.current().clone()
    }

    /// Replaces the client of this number if it has given up by this error.
    pub(crate) fn renew(&self, number: u64, error: &Error) {
        if !matches!(error, Error::GrpcConnectionError(_) | Error::ConnectionClosed) {
            return;
        }
        let mut current = self.current();
        if current.0 == number {
            match make(&self.settings) {
                Ok(client) => *current = (number + 1, client),
                Err(error) => tracing::error!(%error, "the client of KurrentDB cannot be made anew"),
            }
        }
    }

    /// Makes a call, and again where that can help. A call may be done several times: it must be safe to repeat.
    pub(crate) async fn call<T, F: Future<Output = Result<T, Error>>>(
        &self,
        call: impl Fn(Client) -> F,
    ) -> Result<T, Failed> {
        let (mut in_doubt, mut pause, mut attempt) = (false, PAUSE, 1);
        loop {
            let (number, client) = self.client();
            let tried = timeout(Duration::from_secs(ATTEMPT_SECONDS_MAX), call(client)).await;
            let error = match tried.unwrap_or(Err(Error::DeadlineExceeded)) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            self.renew(number, &error);
            let meaning = meaning(&error);
            in_doubt |= meaning == Meaning::InDoubt;
            if meaning == Meaning::Refused || attempt == ATTEMPTS_MAX {
                return Err(Failed { error, in_doubt });
            }
            tracing::debug!(%error, attempt, "a call of KurrentDB failed, trying again");
            sleep(pause).await;
            pause *= 2;
            attempt += 1;
        }
    }

    /// Makes a call that changes nothing.
    pub(crate) async fn read<T, F: Future<Output = Result<T, Error>>>(
        &self,
        call: impl Fn(Client) -> F,
    ) -> Result<T, StoreError> {
        self.call(call).await.map_err(|failed| StoreError::Unavailable(failed.error.into()))
    }
}

fn make(settings: &ClientSettings) -> Result<Client, BoxError> {
    Client::new(settings.clone()).map_err(|error| error.to_string().into())
}
