//! A world that answers what is asked, in any order, while the buyer, the bank and the warehouse do as they like.

use std::collections::{BTreeMap, BTreeSet};

use app::order::PaidParcel;
use domain::order::AdditionEnd;
use proptest::prelude::*;

use super::super::state::AttemptState;
use super::*;

/// What the payment of an attempt is at its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bank {
    Undecided,
    Holds,
    Refused,
    LetGo,
    /// It held money after it was let go or refused, and that was let go too.
    LetGoTwice,
}

#[derive(Default)]
struct World {
    checkout: Checkout,
    open: Vec<CheckoutStep>,
    tasks: Vec<(String, Vec<String>)>,
    timers: BTreeSet<String>,
    told: Vec<Input>,
    asked: BTreeSet<String>,
    banks: Vec<(PaymentId, Bank)>,
    /// What was taken for each parcel, and given back for its cancelled lines, minor units.
    taken: BTreeMap<FulfilmentId, i64>,
    given_back: BTreeMap<FulfilmentId, i64>,
    /// What was taken of each payment, minor units.
    taken_of: BTreeMap<PaymentId, i64>,
    payments: u128,
    cancellations: u128,
    /// Whether the order that it adds to took nothing along.
    is_refused: bool,
    seconds: i64,
}

fn reshipped_by(fulfilment: FulfilmentId) -> Input {
    let number = 3 + fulfilment.uuid().as_u128();
    Input::Reshipped { fulfilment, holder: holder(), parcels: vec![(parcel(number), place(1), routed())] }
}

fn placed_by(choice: usize) -> Input {
    match i64::try_from(choice) {
        Ok(first) if choice.is_multiple_of(2) => parts::placed(first + 1),
        Ok(_) | Err(_) => placed_under(ShortfallPolicy::ALL[choice % ShortfallPolicy::ALL.len()].1),
    }
}

fn left_by(end: AdditionEnd) -> Input {
    match end {
        AdditionEnd::CalledOff => Input::AdditionReleased,
        AdditionEnd::HandedOver => Input::Done,
    }
}

fn held_until_evening(payment: PaymentId) -> Input {
    Input::Authorised { payment, expires_at: Some(noon().plus_seconds(6 * 3_600)) }
}

/// Steps that may be asked for again under the same name: they come from a decision or a further cancellation.
fn may_repeat(key: &str) -> bool {
    key == "cancel_fulfilments" || key == "keep_order" || key.starts_with("refund_parcel/")
}

impl World {
    fn tell(&mut self, input: Input) {
        let reaction = self.checkout.react(&input, noon().plus_seconds(self.seconds));
        for step in reaction.asks {
            let key = Checkout::key(&step);
            assert!(self.asked.insert(key.clone()) || may_repeat(&key), "{key} is asked for twice after {input:?}");
            if let CheckoutStep::Authorise { payment, .. } = &step {
                self.banks.push((payment.clone(), Bank::Undecided));
            }
            self.open.push(step);
        }
        let is_open = |wanted: fn(&CheckoutStep) -> bool| self.open.iter().any(wanted);
        let cancels_lines = is_open(|step| matches!(step, CheckoutStep::CancelLines { .. }));
        let moves = is_open(|step| matches!(step, CheckoutStep::Capture { .. }));
        assert!(!(cancels_lines && moves), "money is taken of a parcel while units are taken out of it");
        reaction.stops.iter().for_each(|timer| _ = self.timers.remove(timer));
        self.timers.extend(reaction.timers.into_iter().map(|(name, _)| name));
        self.tasks.extend(reaction.task.map(|task| (task.name, task.choices)));
        if matches!(reaction.end, Some("rejected" | "cancelled")) {
            self.assert_undone();
        }
    }

    fn tell_and_remember(&mut self, input: Input) {
        self.told.push(input.clone());
        self.tell(input);
    }

    fn assert_undone(&self) {
        let undoing = |step: &&CheckoutStep| {
            matches!(
                step,
                CheckoutStep::UndoPayment { .. }
                    | CheckoutStep::ReleaseStock { .. }
                    | CheckoutStep::ReleaseAddition { .. }
                    | CheckoutStep::ReleasePromotions { .. }
            )
        };
        assert_eq!(self.open.iter().find(undoing), None, "it is over while something is being undone");
    }

    fn bank(&mut self, payment: &PaymentId) -> Option<&mut Bank> {
        self.banks.iter_mut().find(|(known, _)| known == payment).map(|(_, bank)| bank)
    }

    /// The bank makes up its mind about an attempt; the feed tells what came of it.
    fn bank_decides(&mut self, choice: usize) {
        let Some((payment, bank)) = self.banks.get(choice % self.banks.len().max(1)).cloned() else { return };
        let (next, input) = match (bank, choice % 3) {
            (Bank::Undecided, 0) => (Bank::Holds, held_until_evening(payment.clone())),
            (Bank::Undecided, 1) => {
                (Bank::Refused, Input::Declined { payment: payment.clone(), code: "no".to_owned() })
            }
            (Bank::Undecided, _) => {
                (bank, Input::ActionRequired { payment: payment.clone(), url: "https://bank.example".to_owned() })
            }
            (Bank::Refused | Bank::LetGo, 0) => {
                (Bank::LetGoTwice, Input::AuthorisedTooLate { payment: payment.clone() })
            }
            (Bank::Refused | Bank::LetGo | Bank::Holds | Bank::LetGoTwice, _) => return,
        };
        if let Some(bank) = self.bank(&payment) {
            *bank = next;
        }
        self.tell_and_remember(input);
    }

    fn answer(&mut self, choice: usize) {
        if self.open.is_empty() {
            return;
        }
        let is_good = choice % 4 != 3;
        let input = match self.open.remove(choice % self.open.len()) {
            CheckoutStep::Reserve { .. } if is_good => reserved(),
            CheckoutStep::ReservePromotions { .. } if is_good => Input::PromotionsReserved,
            CheckoutStep::ReservePromotions { .. } => promotion_refused(),
            CheckoutStep::ReleasePromotions { .. } => Input::PromotionsReleased,
            CheckoutStep::AcceptAddition { .. } => self.join(is_good),
            CheckoutStep::ReleaseAddition { end, .. } => left_by(end),
            CheckoutStep::Place { .. } => placed_by(choice),
            CheckoutStep::Allocate { .. } if is_good => allocated(),
            CheckoutStep::Reserve { .. } | CheckoutStep::Allocate { .. } => short(),
            CheckoutStep::BackOrder { .. } if is_good => Input::BackOrdered { shortages: shortages() },
            CheckoutStep::BackOrder { .. } => Input::Short { shortages: Vec::new() },
            CheckoutStep::SettleBackOrder { .. } if is_good => Input::BackOrderFilled { routed: routed() },
            CheckoutStep::SettleBackOrder { .. } => Input::StillWaiting,
            CheckoutStep::Confirm { .. } => Input::Confirmed,
            CheckoutStep::RequestFulfilments { .. } => parcels_of(500),
            CheckoutStep::Capture { fulfilment, payment, amount, .. } if is_good => {
                self.take(fulfilment, payment, amount)
            }
            CheckoutStep::Capture { fulfilment, .. } => Input::CaptureFailed { fulfilment, code: "no".to_owned() },
            CheckoutStep::CancelFulfilments { fulfilments } => self.cancel(&fulfilments),
            CheckoutStep::CancelLines { cancellation, parcels } => self.cancel_lines(cancellation, &parcels, choice),
            CheckoutStep::UndoPayment { payment, .. } if is_good => {
                if let Some(bank @ (Bank::Undecided | Bank::Holds)) = self.bank(&payment) {
                    *bank = Bank::LetGo;
                }
                Input::PaymentUndone { payment }
            }
            CheckoutStep::UndoPayment { payment, .. } => Input::PaymentNotUndone { payment, code: "no".to_owned() },
            CheckoutStep::ReleaseStock { .. } => Input::StockReleased,
            CheckoutStep::Reship { fulfilment, .. } if is_good => reshipped_by(fulfilment),
            CheckoutStep::Reship { fulfilment, .. } => Input::NotReshipped { fulfilment, shortages: Vec::new() },
            CheckoutStep::RenewHold { payment, amount, .. } if is_good => Input::PaymentRequested { payment, amount },
            CheckoutStep::RenewHold { payment, .. } => Input::NotRenewed { payment },
            CheckoutStep::ExpireHold { payment } => Input::HoldExpired { payment },
            CheckoutStep::Authorise { .. }
            | CheckoutStep::NotePayment { .. }
            | CheckoutStep::LetGoRest { .. }
            | CheckoutStep::CompleteCart { .. }
            | CheckoutStep::ConfirmPromotions { .. }
            | CheckoutStep::ReleaseParcel { .. }
            | CheckoutStep::Dispatch { .. }
            | CheckoutStep::ReleaseParcelStock { .. }
            | CheckoutStep::NoteFulfilment { .. }
            | CheckoutStep::RefundParcel { .. }
            | CheckoutStep::RefuseLines { .. }
            | CheckoutStep::RefundLines { .. }
            | CheckoutStep::CompleteOrder
            | CheckoutStep::KeepOrder
            | CheckoutStep::ReopenCart { .. }
            | CheckoutStep::RejectOrder { .. }
            | CheckoutStep::CancelOrder { .. } => Input::Done,
        };
        self.tell(input);
    }

    fn join(&mut self, is_taken_along: bool) -> Input {
        self.is_refused = !is_taken_along;
        if is_taken_along { Input::AdditionAccepted } else { additions::refused() }
    }

    fn take(&mut self, fulfilment: FulfilmentId, payment: PaymentId, amount: Money) -> Input {
        *self.taken_of.entry(payment).or_default() += amount.minor();
        *self.taken.entry(fulfilment.clone()).or_default() += amount.minor();
        Input::Captured { fulfilment }
    }

    /// Takes units out of the parcels that are here: all of one, or some of both.
    fn cancel_lines(&mut self, cancellation: LineCancellationId, parcels: &[PaidParcel], choice: usize) -> Input {
        let mut taken = Vec::new();
        let mut refund = 0;
        for PaidParcel { fulfilment, location, is_paid } in parcels {
            let parcel = &self.checkout.parcels[fulfilment];
            let is_here = matches!(parcel.state, ParcelState::Requested | ParcelState::Packed | ParcelState::Paid);
            let is_emptied = choice % 5 == 1 && taken.is_empty();
            if !is_here || (choice % 5 == 1 && !taken.is_empty()) {
                continue;
            }
            // Of one that was lost and is sent once more meanwhile the others have the money.
            assert_eq!(parcel.is_captured, *is_paid, "whether a parcel is paid changed meanwhile");
            let shipping = i64::try_from(choice % 3).expect("a small number").min(parcel.share.minor());
            let share = if is_emptied { parcel.share.minor() - shipping } else { parcel.share.minor() / 2 };
            let units = routed().into_iter().filter(|part| is_emptied && part.location == *location).collect();
            if *is_paid {
                refund += share;
                *self.given_back.entry(fulfilment.clone()).or_default() += share;
            }
            let (fulfilment, share) = (fulfilment.clone(), eur(share));
            taken.push(TakenOut { fulfilment, units, share, is_paid: *is_paid, is_emptied });
        }
        Input::LinesCancelled { cancellation, parcels: taken, refund: eur(refund) }
    }

    fn cancel(&self, fulfilments: &[FulfilmentId]) -> Input {
        let has_left = |id: &&FulfilmentId| self.checkout.parcels[*id].state >= ParcelState::HandedOver;
        match fulfilments.iter().position(|id| has_left(&id)) {
            Some(first) => Input::FulfilmentsLeft { cancelled: fulfilments[..first].to_vec() },
            None => Input::FulfilmentsCancelled,
        }
    }

    /// The warehouse and the carrier move a parcel on, if it may move.
    fn parcel_moves(&mut self, choice: usize) {
        let id = parcel(u128::from(choice.is_multiple_of(2)) + 1);
        let is_released = self.asked.contains(&format!("release_parcel/{id}"));
        let Some(state) = self.checkout.parcels.get(&id).map(|parcel| parcel.state) else { return };
        let input = match state {
            ParcelState::Requested => Input::Packed { fulfilment: id },
            ParcelState::Paid if is_released => Input::HandedOver { fulfilment: id, at: noon() },
            ParcelState::HandedOver if choice.is_multiple_of(5) => Input::Lost { fulfilment: id },
            ParcelState::HandedOver | ParcelState::Lost => Input::Delivered { fulfilment: id, at: noon() },
            ParcelState::Cancelled | ParcelState::Packed | ParcelState::Paid | ParcelState::Delivered => return,
        };
        self.tell_and_remember(input);
    }

    fn human_decides(&mut self, choice: usize) {
        if self.tasks.is_empty() {
            return;
        }
        let (task, choices) = self.tasks.remove(choice % self.tasks.len());
        let choice = choices[choice % choices.len()].clone();
        let by_hand = task.strip_prefix("undo_payment/").filter(|_| choice == "paid_by_hand");
        if let Some(bank) = by_hand.and_then(|id| id.parse().ok()).and_then(|payment| self.bank(&payment)) {
            *bank = if *bank == Bank::LetGoTwice { Bank::LetGoTwice } else { Bank::LetGo };
        }
        self.tell(Input::Decided { task, choice });
    }

    fn timer_fires(&mut self) {
        let Some(name) = self.timers.pop_first() else { return };
        self.seconds += 4 * 3_600;
        self.tell(Checkout::timer_input(&name));
    }

    /// The buyer pays all that is due, or a part of it.
    fn wish(&self, number: u128, choice: usize) -> Input {
        let (payable, held) = (self.checkout.payable.map_or(0, Money::minor), self.held());
        match i64::try_from(choice).expect("a small number") * 20 {
            _ if payable <= held => requested(number),
            share if choice.is_multiple_of(3) => part(number, share.clamp(1, payable - held)),
            _ if held > 0 => part(number, payable - held),
            _ => requested(number),
        }
    }

    /// Returns what the attempts that pay are to hold, minor units.
    fn held(&self) -> i64 {
        let payable = self.checkout.payable.map_or(0, Money::minor);
        let paying = self.checkout.attempts.iter().filter(|attempt| attempt.state == AttemptState::Authorised);
        paying.map(|attempt| attempt.amount.map_or(payable, Money::minor)).sum()
    }

    fn step(&mut self, kind: u8, choice: usize) {
        match kind {
            0..=7 => self.answer(choice),
            8..=10 => self.bank_decides(choice),
            11 | 12 => self.parcel_moves(choice),
            13 => {
                self.payments += 1;
                let wish = self.wish(1 + self.payments, choice);
                self.tell_and_remember(wish);
            }
            14 => self.tell_and_remember(cancellation()),
            15 => self.human_decides(choice),
            16 => self.timer_fires(),
            17 => {
                self.cancellations += 1;
                let cancellation = LineCancellationId::from_uuid(Uuid::from_u128(self.cancellations));
                self.tell_and_remember(Input::LineCancellationRequested { cancellation });
            }
            18 => self.tell_and_remember(Input::UnitsCame),
            _ => {
                if let Some(again) = self.told.get(choice % self.told.len().max(1)).cloned()
                    && !matches!(again, Input::CancellationRequested { .. })
                {
                    self.tell(again);
                }
            }
        }
    }

    /// Goes well until the warehouses are asked, so that what comes after that is reached often.
    fn begin_well(&mut self) {
        while self.checkout.parcels.is_empty() {
            self.answer(1);
            self.bank_decides(0);
        }
    }

    /// Answers everything and decides every task until nothing is left to do.
    fn finish(&mut self) {
        const ROUNDS_MAX: usize = 1_000;
        for _ in 0..ROUNDS_MAX {
            if self.open.is_empty() && self.tasks.is_empty() {
                return;
            }
            if self.open.is_empty() {
                self.human_decides(1);
            } else {
                self.answer(0);
            }
        }
        panic!("it never comes to rest: {:?} {:?}", self.open, self.tasks);
    }

    /// What left is paid for exactly what was in it, and every wish to cancel lines has its answer.
    fn assert_parcels_are_paid(&self) {
        for (id, parcel) in &self.checkout.parcels {
            let sum = |of: &BTreeMap<FulfilmentId, i64>| of.get(id).copied().unwrap_or_default();
            let kept = sum(&self.taken) - sum(&self.given_back);
            let is_first = parcel.reshipped.is_none() && !parcel.is_replaced;
            if parcel.state >= ParcelState::Paid && is_first {
                assert_eq!(kept, parcel.share.minor(), "{id} is not paid for what is in it: {:?}", self.checkout);
            }
            let is_kept = |taking: &Taking| self.checkout.paying().any(|attempt| attempt.payment == taking.payment);
            if self.checkout.is_owed() && parcel.state >= ParcelState::Paid && is_first {
                let undone = parcel.takings.iter().find(|taking| !is_kept(taking));
                assert_eq!(undone, None, "what paid for {id} was given back: {:?}", self.checkout);
            }
        }
        if self.checkout.is_owed() && !self.checkout.parcels.is_empty() {
            let waits = self.checkout.parcels.values().any(Parcel::is_being_paid);
            assert!(self.checkout.lines_asked.is_empty() || waits, "a wish waits for ever: {:?}", self.checkout);
            assert!(self.checkout.lines_under_way.is_none() && self.checkout.dispatches_waiting.is_empty());
        }
    }

    fn assert_nobody_is_cheated(&self) {
        let is_over = matches!(self.checkout.answer, CheckoutStatus::Rejected { .. } | CheckoutStatus::Cancelled);
        for (payment, bank) in &self.banks {
            let attempt = self.checkout.attempts.iter().find(|attempt| attempt.payment == *payment);
            let pays = attempt.is_some_and(|attempt| attempt.state == AttemptState::Authorised);
            match bank {
                Bank::Holds => assert!(pays && !is_over, "{payment} holds money for nothing: {:?}", self.checkout),
                Bank::LetGoTwice => assert!(self.asked.contains(&format!("undo_payment/{payment}/1"))),
                Bank::Undecided | Bank::Refused | Bank::LetGo => assert!(!pays, "{payment} pays without money"),
            }
        }
        for attempt in &self.checkout.attempts {
            let taken = self.taken_of.get(&attempt.payment).copied().unwrap_or_default();
            let held = attempt.amount.map_or(i64::MAX, Money::minor);
            assert!(taken <= held, "{} took more than it holds: {:?}", attempt.payment, self.checkout);
        }
        let is_confirmed = matches!(self.checkout.answer, CheckoutStatus::Confirmed | CheckoutStatus::PaidAnew { .. });
        assert!(!is_confirmed || self.checkout.first_paying().is_some(), "sold for nothing: {:?}", self.checkout);
        self.assert_parcels_are_paid();
        let asked = |key: &str| self.asked.contains(key);
        if asked("accept_addition") && !self.is_refused {
            let has_left = self.checkout.parcels.values().any(|parcel| parcel.state >= ParcelState::HandedOver);
            let is_undone = self.checkout.why.is_some();
            assert_eq!(asked("release_addition"), is_undone || has_left, "it goes along for ever: {:?}", self.checkout);
        }
        assert!(!self.is_refused || !asked("place"), "placed though it goes along with nothing");
        // A buyer who may still pay keeps their use.
        if asked("reserve_promotions") && self.checkout.stage != Stage::Paying {
            let is_kept = asked("confirm_promotions") && !asked("release_promotions");
            assert!(is_kept || asked("release_promotions"), "a use is held for ever: {:?}", self.checkout);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn in_any_world_nothing_is_asked_twice_and_in_the_end_nobody_is_cheated(
        (has_promotion, is_addition, begins_well) in any::<(bool, bool, bool)>(),
        steps in prop::collection::vec((0_u8..21, 0_usize..64), 0..120),
    ) {
        let mut world = World::default();
        let promotions = if has_promotion { vec![promotion()] } else { Vec::new() };
        let adds_to = is_addition.then(additions::first);
        world.tell(Input::Started { cart: cart(), promotions, adds_to });
        if begins_well {
            world.begin_well();
        }
        for (kind, choice) in steps {
            world.step(kind, choice);
        }
        world.finish();
        world.assert_nobody_is_cheated();
    }
}
