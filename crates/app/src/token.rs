//! Access tokens: `ct1.` + base64url claims + `.` + base64url HMAC-SHA256 (RFC 2104), under a secret of the shop's store.
//! They say who acts and until when; they hold no personal data.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::values::Timestamp;
use event_store::{EventStore, StoreError};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::actor::{Actor, Role};
use crate::ids::Ids;

const PREFIX: &str = "ct1";
const SECRET_NAME: &str = "token_signing";
/// The longest token accepted, bytes.
const LENGTH_MAX: usize = 512;

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not a token of this shop.
    #[error("the access token is not valid")]
    Invalid,
    /// Its time is over.
    #[error("the access token has expired")]
    Expired,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    role: String,
    id: String,
    expires_at: Timestamp,
}

/// Makes and checks tokens.
pub struct Tokens {
    secret: Vec<u8>,
}

impl Tokens {
    /// Loads the shop's signing secret, or makes it the first time.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails or the secret was destroyed.
    pub async fn open(store: &dyn EventStore, ids: &dyn Ids) -> Result<Self, StoreError> {
        let secret = store.secret_or_insert(SECRET_NAME, &ids.secret()).await?;
        let secret = secret.ok_or_else(|| StoreError::Corrupt("the token signing secret was destroyed".to_owned()))?;
        Ok(Self { secret })
    }

    /// Makes a token that is good until a moment.
    pub fn issue(&self, actor: &Actor, expires_at: Timestamp) -> String {
        let claims = Claims { role: actor.role().name().to_owned(), id: actor.id().to_owned(), expires_at };
        let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).unwrap_or_default());
        let signature = URL_SAFE_NO_PAD.encode(self.mac(&body).finalize().into_bytes());
        format!("{PREFIX}.{body}.{signature}")
    }

    /// Reads a token.
    ///
    /// # Errors
    /// [`TokenError`] when it is not ours or its time is over.
    pub fn read(&self, token: &str, now: Timestamp) -> Result<Actor, TokenError> {
        if token.len() > LENGTH_MAX {
            return Err(TokenError::Invalid);
        }
        let mut parts = token.splitn(3, '.');
        let (Some(PREFIX), Some(body), Some(signature)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(TokenError::Invalid);
        };
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Invalid)?;
        self.mac(body).verify_slice(&signature).map_err(|_| TokenError::Invalid)?;
        let claims = URL_SAFE_NO_PAD.decode(body).map_err(|_| TokenError::Invalid)?;
        let claims: Claims = serde_json::from_slice(&claims).map_err(|_| TokenError::Invalid)?;
        if claims.expires_at <= now {
            return Err(TokenError::Expired);
        }
        match Role::of_name(&claims.role).ok_or(TokenError::Invalid)? {
            Role::Shopper => Ok(Actor::shopper(claims.id.parse().map_err(|_| TokenError::Invalid)?)),
            role => Ok(Actor::of_role(role, &claims.id)),
        }
    }

    fn mac(&self, body: &str) -> Hmac<Sha256> {
        // HMAC takes keys of any length (RFC 2104, section 2), so this cannot fail.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes keys of any length");
        mac.update(PREFIX.as_bytes());
        mac.update(body.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> Tokens {
        Tokens { secret: vec![1; 32] }
    }

    #[test]
    fn a_token_says_who_acts_until_its_end() {
        let actor = Actor::of_role(Role::Staff, "demo");
        let token = tokens().issue(&actor, Timestamp::from_micros(10));
        assert_eq!(tokens().read(&token, Timestamp::from_micros(9)), Ok(actor));
        assert_eq!(tokens().read(&token, Timestamp::from_micros(10)), Err(TokenError::Expired));
    }

    #[test]
    fn a_changed_or_foreign_token_is_refused() {
        let token = tokens().issue(&Actor::of_role(Role::Staff, "demo"), Timestamp::from_micros(10));
        let foreign =
            Tokens { secret: vec![2; 32] }.issue(&Actor::of_role(Role::Staff, "demo"), Timestamp::from_micros(10));
        let system = tokens().issue(&Actor::system("saga"), Timestamp::from_micros(10));
        for bad in [
            format!("{token}x"),
            token.replace("ct1.", "ct2."),
            foreign,
            system,
            String::new(),
            "a.b.c".to_owned(),
            "x".repeat(9_999),
        ] {
            assert_eq!(tokens().read(&bad, Timestamp::from_micros(1)), Err(TokenError::Invalid), "{bad}");
        }
    }
}
