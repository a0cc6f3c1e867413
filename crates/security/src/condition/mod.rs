//! Conditions of callback ACEs (MS-DTYP 2.4.4.17): the expression, its text, its bytes and its truth.

mod bytes;
mod parse;
mod print;
mod truth;

pub(crate) use parse::SidReader;
pub(crate) use truth::{Truth, truth};

use crate::limits::{MAX_CONDITION_BYTES, MAX_CONDITION_DEPTH};
use crate::sid::Sid;

/// A conditional expression. Nested at most [`MAX_CONDITION_DEPTH`] deep and at most [`MAX_CONDITION_BYTES`] long in bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Condition {
    root: Expr,
}

impl Condition {
    /// Says why if it is one that the limits forbid, in text as in bytes.
    fn new(root: Expr) -> Result<Condition, String> {
        if root.depth() > MAX_CONDITION_DEPTH {
            return Err(too_deep());
        }
        let condition = Condition { root };
        let length = condition.to_bytes().len();
        if length > MAX_CONDITION_BYTES {
            return Err(format!(
                "the condition takes {length} bytes, more than the {MAX_CONDITION_BYTES} allowed"
            ));
        }
        Ok(condition)
    }
}

fn too_deep() -> String {
    format!("the condition is nested deeper than {MAX_CONDITION_DEPTH} levels")
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Expr {
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    /// An attribute alone: true if it is set to something other than zero or the empty string.
    Attribute(Attribute),
    /// `Exists @User.x`, or `Not_Exists` if `negated`.
    Exists {
        attribute: Attribute,
        negated: bool,
    },
    /// `Member_of {…}` and its seven relatives.
    Member {
        operator: MemberOperator,
        operand: Literal,
    },
    /// `@User.x == 1`.
    Compare {
        operator: Operator,
        left: Attribute,
        right: Operand,
    },
}

impl Expr {
    /// Every construction keeps the depth within the limit plus one, so this recursion is bounded.
    fn depth(&self) -> usize {
        match self {
            Expr::And(left, right) | Expr::Or(left, right) => 1 + left.depth().max(right.depth()),
            Expr::Not(inner) => 1 + inner.depth(),
            _ => 1,
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Attribute {
    source: Source,
    /// With escapes resolved.
    name: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Source {
    Local,
    User,
    Resource,
    Device,
}

impl Source {
    const ALL: [(Source, &'static str, u8); 4] = [
        (Source::Local, "", 0xf8),
        (Source::User, "@User.", 0xf9),
        (Source::Resource, "@Resource.", 0xfa),
        (Source::Device, "@Device.", 0xfb),
    ];
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Operand {
    Attribute(Attribute),
    Literal(Literal),
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Literal {
    Integer {
        value: i64,
        sign: Sign,
        base: Base,
    },
    Text(String),
    Octets(Vec<u8>),
    Sid(Sid),
    /// `{…}`: not nested.
    List(Vec<Literal>),
}

/// How a number was written; carried in the binary form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sign {
    Plus = 1,
    Minus = 2,
    None = 3,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Base {
    Octal = 1,
    Decimal = 2,
    Hexadecimal = 3,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    AnyOf,
    NotContains,
    NotAnyOf,
}

impl Operator {
    /// Symbols before their own prefixes (`<=` before `<`), so that the first match is the right one.
    const ALL: [(Operator, &'static str, u8); 10] = [
        (Operator::Equal, "==", 0x80),
        (Operator::NotEqual, "!=", 0x81),
        (Operator::LessOrEqual, "<=", 0x83),
        (Operator::Less, "<", 0x82),
        (Operator::GreaterOrEqual, ">=", 0x85),
        (Operator::Greater, ">", 0x84),
        (Operator::Contains, "Contains", 0x86),
        (Operator::AnyOf, "Any_of", 0x88),
        (Operator::NotContains, "Not_Contains", 0x8e),
        (Operator::NotAnyOf, "Not_Any_of", 0x8f),
    ];
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct MemberOperator {
    device: bool,
    any: bool,
    negated: bool,
}

impl MemberOperator {
    const ALL: [(MemberOperator, &'static str, u8); 8] = [
        (member(false, false, false), "Member_of", 0x89),
        (member(true, false, false), "Device_Member_of", 0x8a),
        (member(false, true, false), "Member_of_Any", 0x8b),
        (member(true, true, false), "Device_Member_of_Any", 0x8c),
        (member(false, false, true), "Not_Member_of", 0x90),
        (member(true, false, true), "Not_Device_Member_of", 0x91),
        (member(false, true, true), "Not_Member_of_Any", 0x92),
        (member(true, true, true), "Not_Device_Member_of_Any", 0x93),
    ];
}

const fn member(device: bool, any: bool, negated: bool) -> MemberOperator {
    MemberOperator { device, any, negated }
}

/// Signs that stand unescaped in attribute names besides letters and digits (MS-DTYP 2.5.1.1 `attr-char`).
fn is_name_sign(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, ':' | '.' | '/' | '_')
}
