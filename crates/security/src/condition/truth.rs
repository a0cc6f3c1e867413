//! Whether a condition is met.
//!
//! Tokens here carry no claims, so only membership can be told; everything else is unknown. Unknown is never used to grant.

use super::{Expr, Literal, MemberOperator};
use crate::ace::{Ace, AceData};
use crate::sid::Sid;
use crate::token::Token;

/// Three-valued truth (MS-DTYP 2.4.4.17.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Truth {
    True,
    False,
    Unknown,
}

impl Truth {
    fn not(self) -> Truth {
        match self {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            Truth::Unknown => Truth::Unknown,
        }
    }

    fn and(self, other: Truth) -> Truth {
        match (self, other) {
            (Truth::False, _) | (_, Truth::False) => Truth::False,
            (Truth::True, Truth::True) => Truth::True,
            _ => Truth::Unknown,
        }
    }
}

/// Is the condition of this ACE met? `True` for kinds that have none. A callback ACE without a readable condition is unknown.
pub(crate) fn truth(ace: &Ace, token: &Token) -> Truth {
    match &ace.data {
        _ if !ace.kind.is_callback() => Truth::True,
        AceData::Condition(condition) => evaluate(&condition.root, token),
        _ => Truth::Unknown,
    }
}

/// The depth of every expression is bounded, and so is this recursion.
fn evaluate(expr: &Expr, token: &Token) -> Truth {
    match expr {
        Expr::And(left, right) => evaluate(left, token).and(evaluate(right, token)),
        // De Morgan: an or is false only if both sides are.
        Expr::Or(left, right) => evaluate(left, token).not().and(evaluate(right, token).not()).not(),
        Expr::Not(inner) => evaluate(inner, token).not(),
        Expr::Member { operator, operand } => member(*operator, operand, token),
        Expr::Attribute(_) | Expr::Exists { .. } | Expr::Compare { .. } => Truth::Unknown,
    }
}

fn member(operator: MemberOperator, operand: &Literal, token: &Token) -> Truth {
    let sids: Vec<&Sid> = match operand {
        Literal::Sid(sid) => vec![sid],
        Literal::List(items) => items
            .iter()
            .filter_map(|item| if let Literal::Sid(sid) = item { Some(sid) } else { None })
            .collect(),
        _ => return Truth::Unknown,
    };
    // Devices have no groups here, and an empty list is a mistake that must not grant.
    if operator.device || sids.is_empty() {
        return Truth::Unknown;
    }
    // Deny-only groups and the SIDs of the AppContainer are neither plainly held nor plainly not held.
    let in_part = |sid: &Sid| {
        token.user_holds(sid) || token.app_container.as_ref().is_some_and(|container| container.holds(sid))
    };
    let one = |sid: &&Sid| match (token.user_matches_allow(sid), in_part(sid)) {
        (true, _) => Truth::True,
        (false, true) => Truth::Unknown,
        (false, false) => Truth::False,
    };
    let members = sids.iter().map(one);
    let found = if operator.any {
        members.fold(Truth::False, |all, next| all.not().and(next.not()).not())
    } else {
        members.fold(Truth::True, Truth::and)
    };
    if operator.negated { found.not() } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_side_decides_only_where_the_other_cannot() {
        assert_eq!(Truth::False.and(Truth::Unknown), Truth::False);
        assert_eq!(Truth::True.and(Truth::Unknown), Truth::Unknown);
        assert_eq!(Truth::Unknown.not(), Truth::Unknown);
    }
}
