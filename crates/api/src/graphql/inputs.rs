//! Parsing a mutation's input: everything that is wrong with it is told at once.

use std::str::FromStr;

use app::bus::CommandKey;
use app::error::{AppError, Refused};
use async_graphql::{Context, InputType};
use domain::values::{InvalidValue, Locale, Localized, Money, Quantity};

use super::call::Command;
use super::fingerprint::fingerprint;
use super::localized::LocalizedInput;
use super::money::MoneyInput;

/// The most items of any list in an input.
pub(crate) const ITEMS_MAX: usize = 500;

/// The longest idempotency key, characters.
const KEY_CHARACTERS_MAX: usize = 200;

/// Collects what is wrong with a mutation's arguments while they are parsed. Paths begin inside `input`.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    command: Command,
    refused: Vec<Refused>,
}

impl Inputs {
    /// Begins with the idempotency key, under which the input is fingerprinted, and the version the client saw.
    pub(crate) fn of<I: InputType>(
        ctx: &Context<'_>,
        input: &I,
        key: Option<&str>,
        expected_version: Option<i32>,
    ) -> Self {
        let mut inputs = Self::default();
        if let Some(key) = key {
            let length = key.chars().count();
            if (1..=KEY_CHARACTERS_MAX).contains(&length) {
                let fingerprint = fingerprint(ctx.field().name(), &input.to_value());
                inputs.command.key = Some(CommandKey { key: key.to_owned(), fingerprint });
            } else {
                let rule = "1 to 200 characters";
                inputs.refuse(
                    &["idempotencyKey"],
                    format!("the idempotency key has {length} characters: {rule}"),
                    rule,
                );
            }
        }
        if let Some(version) = expected_version {
            inputs.command.expected_version = u64::try_from(version).ok();
            if version < 0 {
                let rule = "a whole number from 0";
                inputs.refuse(&["expectedVersion"], format!("{version} is no version: {rule}"), rule);
            }
        }
        inputs
    }

    /// Notes a refusal.
    pub(crate) fn refuse(&mut self, path: &[&str], message: impl Into<String>, rule: &'static str) {
        self.refused.push(Refused::new("VALIDATION", message).at(path).with("rule", rule));
    }

    /// Keeps a value, or notes why it is none.
    pub(crate) fn keep<T>(&mut self, path: &[&str], value: Result<T, InvalidValue>) -> Option<T> {
        value.map_err(|invalid| self.refused.push(Refused::from(invalid).at(path))).ok()
    }

    /// Parses a text.
    pub(crate) fn parse<T: FromStr<Err = InvalidValue>>(&mut self, path: &[&str], text: &str) -> Option<T> {
        self.keep(path, text.parse())
    }

    /// Parses a text where there is one. The outer `None` says that it is wrong.
    pub(crate) fn parse_if<T>(&mut self, path: &[&str], text: Option<&str>) -> Option<Option<T>>
    where
        T: FromStr<Err = InvalidValue>,
    {
        match text {
            Some(text) => self.parse(path, text).map(Some),
            None => Some(None),
        }
    }

    /// Reads a count of units, 1 to 1,000,000.
    pub(crate) fn quantity(&mut self, path: &[&str], units: i32) -> Option<Quantity> {
        self.keep(path, Quantity::new(i64::from(units)))
    }

    /// Reads an exact amount.
    pub(crate) fn money(&mut self, path: &[&str], input: MoneyInput) -> Option<Money> {
        let money = input.exact();
        if money.is_none() {
            let rule = "at most two decimals, within 64 bits of cents";
            self.refuse(path, format!("{} is not an exact amount: {rule}", input.amount.0), rule);
        }
        money
    }

    /// Reads an exact amount, if there is one.
    pub(crate) fn money_if(&mut self, path: &[&str], input: Option<MoneyInput>) -> Option<Option<Money>> {
        match input {
            Some(input) => self.money(path, input).map(Some),
            None => Some(None),
        }
    }

    /// Reads a list of at most [`ITEMS_MAX`] items, at least one.
    pub(crate) fn list<I, T>(
        &mut self,
        path: &str,
        items: &[I],
        mut read: impl FnMut(&mut Self, &[&str], &I) -> Option<T>,
    ) -> Option<Vec<T>> {
        if !(1..=ITEMS_MAX).contains(&items.len()) {
            let rule = "1 to 500 items";
            self.refuse(&[path], format!("{path} has {} items: {rule}", items.len()), rule);
            return None;
        }
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let index = index.to_string();
            values.extend(read(self, &[path, &index], item));
        }
        (values.len() == items.len()).then_some(values)
    }

    /// Answers with everything that was wrong.
    pub(crate) fn refused(self) -> AppError {
        AppError::Invalid(self.refused)
    }

    /// Returns the command's key and version if nothing was wrong.
    ///
    /// # Errors
    /// Everything that was wrong.
    pub(crate) fn command(self) -> Result<Command, AppError> {
        if self.refused.is_empty() { Ok(self.command) } else { Err(self.refused()) }
    }
}

/// Reads a text in two languages; the catalogue checks its length.
pub(crate) fn localized(input: &LocalizedInput) -> Localized {
    Localized::new(input.fr.trim(), input.en.as_deref().map(str::trim).map(str::to_owned))
}

/// Says a text in a language where it is not empty.
pub(crate) fn text_in(text: &Localized, locale: Locale) -> Option<&str> {
    Some(text.get(locale)).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use domain::values::{CartId, Sku};

    use super::*;

    #[test]
    fn everything_wrong_is_told_at_once_and_where_it_is() {
        let mut inputs = Inputs::default();
        assert_eq!(inputs.parse::<CartId>(&["cartId"], "x"), None);
        let lines =
            inputs.list("lines", &[("A", 0), ("b c", 1), ("B", 1_000_000_000)], |inputs, path, (sku, units)| {
                let sku = inputs.parse::<Sku>(&[path, &["sku"]].concat(), sku);
                let quantity = inputs.quantity(&[path, &["quantity"]].concat(), *units);
                sku.zip(quantity)
            });
        assert_eq!(lines, None);
        let AppError::Invalid(refused) = inputs.refused() else { panic!("not invalid") };
        let paths: Vec<String> = refused.iter().map(|refused| refused.path.join(".")).collect();
        assert_eq!(paths, ["cartId", "lines.0.quantity", "lines.1.sku", "lines.2.quantity"]);
        assert!(refused.iter().all(|refused| refused.code == "VALIDATION"));
    }

    #[test]
    fn an_empty_list_and_a_long_one_are_refused() {
        let mut inputs = Inputs::default();
        assert_eq!(inputs.list("lines", &[] as &[u8], |_, _, item| Some(*item)), None);
        assert_eq!(inputs.list("lines", &[0_u8; ITEMS_MAX + 1], |_, _, item| Some(*item)), None);
        assert!(inputs.command().is_err());
    }
}
