//! What a checkout asks of the order that it adds to.

use app::bus::Request;
use app::error::AppError;
use app::order;
use domain::order::AdditionEnd;
use domain::values::OrderId;

use super::GatewayWork;
use crate::checkout::CheckoutInput as Input;
use crate::engine::StepError;

impl GatewayWork {
    pub(super) async fn accept_addition(
        &self,
        addition: &OrderId,
        to: &OrderId,
        request: &Request,
    ) -> Result<Input, StepError> {
        match order::accept_addition(&self.shop, request, to, addition).await {
            Ok(()) => Ok(Input::AdditionAccepted),
            Err(AppError::Refused(refused)) => Ok(Input::AdditionRefused { code: refused.code.to_owned() }),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn release_addition(
        &self,
        addition: &OrderId,
        (to, end): (&OrderId, AdditionEnd),
        request: &Request,
    ) -> Result<Input, StepError> {
        order::release_addition(&self.shop, request, to, (addition, end)).await?;
        Ok(match end {
            AdditionEnd::CalledOff => Input::AdditionReleased,
            // Nothing waits for it.
            AdditionEnd::HandedOver => Input::Done,
        })
    }
}
