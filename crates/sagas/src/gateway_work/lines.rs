//! What the checkout asks about lines that are cancelled.

use app::bus::Request;
use app::error::AppError;
use app::order::{LinesCancelled, PaidParcel, cancel_lines};
use domain::order::{Order, OrderCommand};
use domain::values::{LineCancellationId, OrderId};

use super::{GatewayWork, words};
use crate::checkout::CheckoutInput as Input;
use crate::engine::StepError;

type Answer = Result<Input, StepError>;

impl GatewayWork {
    pub(super) async fn cancel_lines(
        &self,
        order: &OrderId,
        cancellation: &LineCancellationId,
        parcels: &[PaidParcel],
        request: &Request,
    ) -> Answer {
        let LinesCancelled { parcels, refund } =
            cancel_lines(&self.shop, request, order, cancellation, parcels).await?;
        Ok(Input::LinesCancelled { cancellation: cancellation.clone(), parcels, refund })
    }

    /// Answers a wish that nobody carries out any more. One that was carried out is answered already.
    pub(super) async fn refuse_lines(
        &self,
        order: &OrderId,
        cancellation: &LineCancellationId,
        request: &Request,
    ) -> Answer {
        let (cancellation, reason) = (cancellation.clone(), words("the lines could not be cancelled any more")?);
        let command = OrderCommand::RefuseLineCancellation { cancellation, code: "GIVEN_UP".to_owned(), reason };
        match self.shop.bus.execute::<Order>(order.as_str(), request, command).await {
            Ok(_) => Ok(Input::Done),
            Err(AppError::Refused(refused)) if refused.code == "LINE_CANCELLATION_DIFFERS" => Ok(Input::Done),
            Err(error) => Err(error.into()),
        }
    }
}
