//! Conditions of callback ACEs.

use crate::ace::Ace;
use crate::descriptor::SecurityDescriptor;
use crate::token::Token;

/// Three-valued truth (MS-DTYP 2.4.4.17.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Truth {
    True,
    #[allow(dead_code)]
    False,
    Unknown,
}

/// Is the condition of this ACE met? `True` for kinds that have none.
pub(crate) fn truth(ace: &Ace, _sd: &SecurityDescriptor, _token: &Token) -> Truth {
    if ace.kind.is_callback() { Truth::Unknown } else { Truth::True }
}
