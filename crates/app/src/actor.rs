//! Who acts, and what they may do. What is not allowed is forbidden.

use domain::values::CustomerId;

/// A right to do one kind of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Change products, variants, prices and categories.
    CatalogWrite,
    /// Make, pause and end promotions.
    PromotionsWrite,
    /// Receive, count and write off stock.
    StockWrite,
    /// See every order.
    OrdersRead,
    /// Cancel orders, pack and send them, decide returns and tasks.
    OrdersWrite,
    /// Capture and void payments.
    PaymentsWrite,
    /// Give money back.
    RefundsWrite,
    /// Read the event log.
    AuditRead,
    /// Read figures.
    AnalyticsRead,
    /// Read personal data in clear.
    PersonalDataRead,
}

impl Permission {
    /// Returns the permission's name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Permission::CatalogWrite => "CATALOG_WRITE",
            Permission::PromotionsWrite => "PROMOTIONS_WRITE",
            Permission::StockWrite => "STOCK_WRITE",
            Permission::OrdersRead => "ORDERS_READ",
            Permission::OrdersWrite => "ORDERS_WRITE",
            Permission::PaymentsWrite => "PAYMENTS_WRITE",
            Permission::RefundsWrite => "REFUNDS_WRITE",
            Permission::AuditRead => "AUDIT_READ",
            Permission::AnalyticsRead => "ANALYTICS_READ",
            Permission::PersonalDataRead => "PII_READ",
        }
    }
}

/// What an actor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Buys, as a customer or a guest; sees only what is theirs.
    Shopper,
    /// Runs the shop.
    Staff,
    /// Reads figures.
    Analyst,
    /// Reads the log.
    Auditor,
    /// The shop itself: its processes and its import.
    System,
}

impl Role {
    /// Returns the role's name, as tokens and the log hold it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Shopper => "shopper",
            Role::Staff => "staff",
            Role::Analyst => "analyst",
            Role::Auditor => "auditor",
            Role::System => "system",
        }
    }

    /// Returns the role of a name. The system's own role is no one else's to claim.
    pub fn of_name(name: &str) -> Option<Role> {
        [Role::Shopper, Role::Staff, Role::Analyst, Role::Auditor].into_iter().find(|role| role.name() == name)
    }

    fn may(self, permission: Permission) -> bool {
        match self {
            Role::Shopper => false,
            Role::Staff => !matches!(permission, Permission::AuditRead),
            Role::Analyst => matches!(permission, Permission::AnalyticsRead),
            Role::Auditor => matches!(permission, Permission::AuditRead | Permission::AnalyticsRead),
            Role::System => true,
        }
    }
}

/// Someone who acts. The id is a customer id for shoppers, a name for everyone else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    role: Role,
    id: String,
    customer: Option<CustomerId>,
}

impl Actor {
    /// Makes a shopper.
    pub fn shopper(customer: CustomerId) -> Self {
        Self { role: Role::Shopper, id: customer.to_string(), customer: Some(customer) }
    }

    /// Makes someone of the house.
    pub fn of_role(role: Role, id: &str) -> Self {
        Self { role, id: id.to_owned(), customer: None }
    }

    /// Makes the shop itself, in one of its parts.
    pub fn system(part: &str) -> Self {
        Self::of_role(Role::System, part)
    }

    /// Returns what the actor is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Returns the actor's id: a customer id, or a name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the customer the actor is, if a shopper.
    pub fn customer(&self) -> Option<&CustomerId> {
        self.customer.as_ref()
    }

    /// Returns whether the actor holds a permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.role.may(permission)
    }

    /// Lets the actor pass if they hold the permission.
    ///
    /// # Errors
    /// [`Forbidden`] names the permission that is missing.
    pub fn require(&self, permission: Permission) -> Result<(), Forbidden> {
        if self.may(permission) { Ok(()) } else { Err(Forbidden { permission: permission.name() }) }
    }

    /// Returns whether the actor may look at what this customer owns, as it is or as it was, without a right to act on it:
    /// who reads the log finds all of it there.
    pub fn may_look_at(&self, owner: &CustomerId, permission: Permission) -> bool {
        self.may_see(owner, permission) || self.may(Permission::AuditRead)
    }

    /// Returns whether what this customer owns may be seen by the actor, who is the owner or holds `permission`.
    pub fn may_see(&self, owner: &CustomerId, permission: Permission) -> bool {
        self.customer.as_ref() == Some(owner) || self.may(permission)
    }
}

/// The actor lacks a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this needs the permission {permission}")]
pub struct Forbidden {
    /// The permission.
    pub permission: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shopper_holds_no_permission_and_staff_do_not_audit_themselves() {
        let shopper = Actor::shopper(CustomerId::from_uuid(uuid::Uuid::from_u128(1)));
        assert_eq!(shopper.require(Permission::OrdersRead), Err(Forbidden { permission: "ORDERS_READ" }));
        assert!(!Actor::of_role(Role::Staff, "ada").may(Permission::AuditRead));
        assert!(Actor::of_role(Role::Auditor, "eve").may(Permission::AuditRead));
        assert_eq!(Role::of_name("system"), None);
    }

    #[test]
    fn a_shopper_sees_only_what_is_theirs() {
        let (mine, theirs) =
            (CustomerId::from_uuid(uuid::Uuid::from_u128(1)), CustomerId::from_uuid(uuid::Uuid::from_u128(2)));
        let shopper = Actor::shopper(mine.clone());
        assert!(shopper.may_see(&mine, Permission::OrdersRead) && !shopper.may_see(&theirs, Permission::OrdersRead));
        assert!(!shopper.may_look_at(&theirs, Permission::OrdersRead));
    }

    #[test]
    fn an_auditor_looks_and_does_not_touch() {
        let someone = CustomerId::from_uuid(uuid::Uuid::from_u128(1));
        let auditor = Actor::of_role(Role::Auditor, "eve");
        assert!(auditor.may_look_at(&someone, Permission::OrdersRead));
        assert!(!auditor.may_see(&someone, Permission::OrdersRead));
    }
}
