//! Conditions in bytes: `artx` and tokens in postfix order (MS-DTYP 2.4.4.17.4 to .8).

use super::{Attribute, Base, Condition, Expr, Literal, MemberOperator, Operand, Operator, Sign, Source};
use crate::limits::{MAX_CONDITION_BYTES, MAX_CONDITION_DEPTH};
use crate::sid::Sid;

const MAGIC: &[u8; 4] = b"artx";
const INT8: u8 = 0x01;
const INT64: u8 = 0x04;
const TEXT: u8 = 0x10;
const OCTETS: u8 = 0x18;
const LIST: u8 = 0x50;
const SID: u8 = 0x51;
const EXISTS: u8 = 0x87;
const NOT_EXISTS: u8 = 0x8d;
const AND: u8 = 0xa0;
const OR: u8 = 0xa1;
const NOT: u8 = 0xa2;

/// What the stack machine holds.
enum Item {
    /// With its depth, so that building never nests beyond the limit.
    Expr(Expr, usize),
    Attribute(Attribute),
    Literal(Literal),
}

impl Condition {
    /// Reads the application data of an ACE. `None` if it is no condition, or one that this crate doesn't understand. Only a
    /// first reading: whether packing would choose other tokens, and whether there is a text for it, is not looked at.
    /// `AceData::from_trailing` compares that, and keeps the bytes of what is another.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Condition> {
        let mut rest = bytes.strip_prefix(MAGIC).filter(|_| bytes.len() <= MAX_CONDITION_BYTES)?;
        let mut stack = Vec::new();
        while let Some((token, tail)) = rest.split_first() {
            rest = tail;
            if *token == 0 {
                // Padding; how much and of what is compared as well.
                break;
            }
            let item = operator(*token, &mut stack)?;
            let item = match item {
                Some(item) => item,
                None => operand(*token, &mut rest)?,
            };
            stack.push(item);
        }
        let root = expression(stack.pop()?)?.0;
        if stack.is_empty() { Condition::new(root).ok() } else { None }
    }

    /// The application data, padded to four bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        write_expression(&self.root, &mut out);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }
}

/// `Some(None)` if the token is no operator, `None` if its operands don't fit.
fn operator(token: u8, stack: &mut Vec<Item>) -> Option<Option<Item>> {
    let item = match token {
        AND | OR => {
            let (right, right_depth) = expression(stack.pop()?)?;
            let (left, left_depth) = expression(stack.pop()?)?;
            let (left, right) = (Box::new(left), Box::new(right));
            let expr = if token == AND { Expr::And(left, right) } else { Expr::Or(left, right) };
            deeper(expr, left_depth.max(right_depth))?
        }
        NOT => {
            let (inner, depth) = expression(stack.pop()?)?;
            deeper(Expr::Not(Box::new(inner)), depth)?
        }
        EXISTS | NOT_EXISTS => {
            let Item::Attribute(attribute) = stack.pop()? else { return None };
            Item::Expr(Expr::Exists { attribute, negated: token == NOT_EXISTS }, 1)
        }
        _ => {
            if let Some((operator, ..)) = MemberOperator::ALL.iter().find(|(.., code)| *code == token) {
                let Item::Literal(operand) = stack.pop()? else { return None };
                let expr = Expr::Member { operator: *operator, operand };
                let fits = matches!(&expr, Expr::Member { operand, .. } if operand.is_sids());
                return fits.then_some(Some(Item::Expr(expr, 1)));
            }
            let Some((operator, ..)) = Operator::ALL.iter().find(|(.., code)| *code == token) else {
                return Some(None);
            };
            let right = match stack.pop()? {
                Item::Attribute(attribute) => Operand::Attribute(attribute),
                Item::Literal(literal) => Operand::Literal(literal),
                Item::Expr(..) => return None,
            };
            let Item::Attribute(left) = stack.pop()? else { return None };
            Item::Expr(Expr::Compare { operator: *operator, left, right }, 1)
        }
    };
    Some(Some(item))
}

fn deeper(expr: Expr, depth: usize) -> Option<Item> {
    (depth < MAX_CONDITION_DEPTH).then_some(Item::Expr(expr, depth + 1))
}

fn expression(item: Item) -> Option<(Expr, usize)> {
    match item {
        Item::Expr(expr, depth) => Some((expr, depth)),
        Item::Attribute(attribute) => Some((Expr::Attribute(attribute), 1)),
        Item::Literal(_) => None,
    }
}

fn operand(token: u8, rest: &mut &[u8]) -> Option<Item> {
    if let Some((source, ..)) = Source::ALL.iter().find(|(.., code)| *code == token) {
        let name = text(counted(rest)?)?;
        return Some(Item::Attribute(Attribute { source: *source, name }));
    }
    if token != LIST {
        return single(token, rest).map(Item::Literal);
    }
    let mut body = counted(rest)?;
    let mut items = Vec::new();
    while let Some((token, tail)) = body.split_first() {
        body = tail;
        items.push(single(*token, &mut body)?);
    }
    Some(Item::Literal(Literal::List(items)))
}

fn single(token: u8, rest: &mut &[u8]) -> Option<Literal> {
    match token {
        INT8..=INT64 => {
            let (head, tail) = rest.split_first_chunk::<10>()?;
            *rest = tail;
            let value = i64::from_le_bytes(*head.first_chunk::<8>()?);
            let sign = [Sign::Plus, Sign::Minus, Sign::None].into_iter().find(|s| *s as u8 == head[8])?;
            let bases = [Base::Octal, Base::Decimal, Base::Hexadecimal];
            let base = bases.into_iter().find(|b| *b as u8 == head[9])?;
            Some(Literal::Integer { value, sign, base })
        }
        TEXT => text(counted(rest)?).map(Literal::Text),
        OCTETS => counted(rest).map(|bytes| Literal::Octets(bytes.to_vec())),
        SID => {
            let (sid, _) = Sid::from_bytes(counted(rest)?).ok()?;
            Some(Literal::Sid(sid))
        }
        _ => None,
    }
}

/// A 32-bit length and that many bytes.
fn counted<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, tail) = rest.split_first_chunk::<4>()?;
    let (bytes, tail) = tail.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *rest = tail;
    Some(bytes)
}

fn text(bytes: &[u8]) -> Option<String> {
    let (units, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    String::from_utf16(&units).ok().filter(|_| rest.is_empty())
}

fn write_expression(expr: &Expr, out: &mut Vec<u8>) {
    match expr {
        Expr::And(left, right) | Expr::Or(left, right) => {
            write_expression(left, out);
            write_expression(right, out);
            out.push(if matches!(expr, Expr::And(..)) { AND } else { OR });
        }
        Expr::Not(inner) => {
            write_expression(inner, out);
            out.push(NOT);
        }
        Expr::Attribute(attribute) => write_attribute(attribute, out),
        Expr::Exists { attribute, negated } => {
            write_attribute(attribute, out);
            out.push(if *negated { NOT_EXISTS } else { EXISTS });
        }
        Expr::Member { operator, operand } => {
            write_literal(operand, out);
            let found = MemberOperator::ALL.iter().find(|(known, ..)| known == operator);
            out.extend(found.map(|(.., code)| *code));
        }
        Expr::Compare { operator, left, right } => {
            write_attribute(left, out);
            match right {
                Operand::Attribute(attribute) => write_attribute(attribute, out),
                Operand::Literal(literal) => write_literal(literal, out),
            }
            out.extend(Operator::ALL.iter().find(|(known, ..)| known == operator).map(|(.., code)| *code));
        }
    }
}

fn write_attribute(attribute: &Attribute, out: &mut Vec<u8>) {
    let found = Source::ALL.iter().find(|(source, ..)| *source == attribute.source);
    out.extend(found.map(|(.., code)| *code));
    write_counted(&utf16(&attribute.name), out);
}

fn write_literal(literal: &Literal, out: &mut Vec<u8>) {
    match literal {
        Literal::Integer { value, sign, base } => {
            out.push(INT64);
            out.extend_from_slice(&value.to_le_bytes());
            out.extend([*sign as u8, *base as u8]);
        }
        Literal::Text(text) => {
            out.push(TEXT);
            write_counted(&utf16(text), out);
        }
        Literal::Octets(bytes) => {
            out.push(OCTETS);
            write_counted(bytes, out);
        }
        Literal::Sid(sid) => {
            out.push(SID);
            write_counted(&sid.to_bytes(), out);
        }
        Literal::List(items) => {
            let mut body = Vec::new();
            items.iter().for_each(|item| write_literal(item, &mut body));
            out.push(LIST);
            write_counted(&body, out);
        }
    }
}

fn write_counted(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

impl Literal {
    /// A SID or a list of nothing but SIDs, as the Member_of family takes.
    pub(super) fn is_sids(&self) -> bool {
        match self {
            Literal::Sid(_) => true,
            Literal::List(items) => items.iter().all(|item| matches!(item, Literal::Sid(_))),
            _ => false,
        }
    }
}
