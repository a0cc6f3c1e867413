//! From a condition to text.

use std::fmt::{self, Display, Formatter};

use super::{
    Attribute, Base, Condition, Expr, Literal, MemberOperator, Operand, Operator, Sign, Source, is_name_sign,
};
use crate::sddl::{octets, sid_to_sddl};

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

impl Expr {
    /// Or binds weakest, then And, then everything else.
    fn strength(&self) -> u8 {
        match self {
            Expr::Or(..) => 0,
            Expr::And(..) => 1,
            _ => 2,
        }
    }

    /// In parentheses if it binds less strongly than `least`.
    fn nested(&self, least: u8, f: &mut Formatter<'_>) -> fmt::Result {
        if self.strength() < least { write!(f, "({self})") } else { self.fmt(f) }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            // Both operators are read from the left, so a right operand of the same kind needs its parentheses.
            Expr::Or(left, right) => {
                left.nested(0, f)?;
                f.write_str(" || ")?;
                right.nested(1, f)
            }
            Expr::And(left, right) => {
                left.nested(1, f)?;
                f.write_str(" && ")?;
                right.nested(2, f)
            }
            Expr::Not(inner) => write!(f, "!({inner})"),
            Expr::Attribute(attribute) => attribute.fmt(f),
            Expr::Exists { attribute, negated } => {
                write!(f, "{} {attribute}", if *negated { "Not_Exists" } else { "Exists" })
            }
            Expr::Member { operator, operand } => {
                let found = MemberOperator::ALL.iter().find(|(known, ..)| known == operator);
                write!(f, "{} {operand}", found.map_or("", |(_, name, _)| name))
            }
            Expr::Compare { operator, left, right } => {
                let found = Operator::ALL.iter().find(|(known, ..)| known == operator);
                write!(f, "{left} {} ", found.map_or("", |(_, name, _)| name))?;
                match right {
                    Operand::Attribute(attribute) => attribute.fmt(f),
                    Operand::Literal(literal) => literal.fmt(f),
                }
            }
        }
    }
}

impl Display for Attribute {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let found = Source::ALL.iter().find(|(source, ..)| *source == self.source);
        f.write_str(found.map_or("", |(_, prefix, _)| prefix))?;
        let local = self.source == Source::Local;
        let keyword = local && is_keyword(&self.name);
        let mut buffer = [0; 2];
        for (index, character) in self.name.chars().enumerate() {
            // A local name can't begin like a number, nor be a word of the language.
            let plain = !(local && index == 0) || (character.is_ascii_alphabetic() && !keyword);
            if is_name_sign(character) && plain {
                write!(f, "{character}")?;
            } else {
                for unit in character.encode_utf16(&mut buffer) {
                    write!(f, "%{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Integer { value, sign, base } => {
                f.write_str(match sign {
                    Sign::Plus => "+",
                    Sign::Minus => "-",
                    Sign::None => "",
                })?;
                let magnitude = value.unsigned_abs();
                match base {
                    Base::Octal => write!(f, "0{magnitude:o}"),
                    Base::Decimal => write!(f, "{magnitude}"),
                    Base::Hexadecimal => write!(f, "0x{magnitude:x}"),
                }
            }
            Literal::Text(text) => write!(f, "\"{text}\""),
            Literal::Octets(bytes) => f.write_str(&octets(bytes)),
            Literal::Sid(sid) => write!(f, "SID({})", sid_to_sddl(sid)),
            Literal::List(items) => {
                f.write_str("{")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
        }
    }
}

/// Words that the parser would not take for a local attribute.
fn is_keyword(name: &str) -> bool {
    let words = MemberOperator::ALL.iter().map(|(_, word, _)| *word);
    words.chain(["Exists", "Not_Exists", "SID"]).any(|word| word.eq_ignore_ascii_case(name))
}
