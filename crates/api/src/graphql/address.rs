//! Where a parcel goes: personal data, sealed in the log.

use app::cart::Address as Clear;
use app::error::AppError;
use async_graphql::{InputObject, SimpleObject};
use domain::values::{Archived, Sealed};

use super::call::Call;

/// A name and an address.
#[derive(Clone, Debug, SimpleObject)]
pub struct Address {
    /// Who receives it.
    pub name: String,
    /// Street and number.
    pub line1: String,
    /// Anything more.
    pub line2: Option<String>,
    /// The postal code.
    pub postal_code: String,
    /// The city.
    pub city: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// The telephone number.
    pub phone: Option<String>,
}

/// A name and an address.
#[derive(Clone, Debug, InputObject)]
pub struct AddressInput {
    /// Who receives it, 1 to 100 characters.
    pub name: String,
    /// Street and number, 1 to 200 characters.
    pub line1: String,
    /// Anything more, at most 200 characters.
    pub line2: Option<String>,
    /// 1 to 16 characters.
    pub postal_code: String,
    /// 1 to 100 characters.
    pub city: String,
    /// ISO 3166-1 alpha-2, such as `FR`.
    pub country: String,
    /// At most 30 characters.
    pub phone: Option<String>,
}

impl From<AddressInput> for Clear {
    fn from(input: AddressInput) -> Self {
        let AddressInput { name, line1, line2, postal_code, city, country, phone } = input;
        Self { name, line1, line2, postal_code, city, country, phone }
    }
}

impl Address {
    /// Opens a sealed address for who may read it.
    ///
    /// # Errors
    /// [`AppError`] when the store fails or the data is damaged.
    pub(crate) async fn open(call: Call<'_>, sealed: &Sealed) -> Result<Option<Self>, AppError> {
        Self::read(call.open(sealed).await?)
    }

    /// Opens the address that a legal document keeps.
    ///
    /// # Errors
    /// [`AppError`] when the store fails or the data is damaged.
    pub(crate) async fn open_archived(call: Call<'_>, archived: &Archived) -> Result<Option<Self>, AppError> {
        Self::read(call.open_archived(archived).await?)
    }

    fn read(text: Option<String>) -> Result<Option<Self>, AppError> {
        let Some(text) = text else { return Ok(None) };
        let clear: Clear =
            serde_json::from_str(&text).map_err(|_| AppError::broken("a sealed address is no address"))?;
        let Clear { name, line1, line2, postal_code, city, country, phone } = clear;
        Ok(Some(Self { name, line1, line2, postal_code, city, country, phone }))
    }
}
