//! From text to a condition (MS-DTYP 2.5.1.1).

use super::{
    Attribute, Base, Condition, Expr, Literal, MemberOperator, Operand, Operator, Sign, Source, is_name_sign,
    too_deep,
};
use crate::limits::MAX_CONDITION_DEPTH;
use crate::sddl::SddlError;
use crate::sid::Sid;

/// Reads a SID or alias, with the domain of the surrounding SDDL.
pub(crate) type SidReader<'a> = &'a dyn Fn(&str) -> Result<Sid, SddlError>;

impl Condition {
    /// Reads the text between the outer parentheses of an ACE's condition.
    pub(crate) fn from_text(text: &str, sid: SidReader<'_>) -> Result<Condition, String> {
        let mut parser = Parser { text, at: 0, sid };
        let root = parser.disjunction(0)?;
        parser.space();
        if parser.at != text.len() {
            return Err(parser.wanted("&&, || or the end of the condition"));
        }
        Condition::new(root.expr)
    }
}

/// Deepest nesting of parentheses and `!`. Printing gives each level of an expression at most two of them.
const MAX_NESTING: usize = 2 * MAX_CONDITION_DEPTH + 2;

/// An expression and its depth, which never exceeds the limit while it is built.
struct Deep {
    expr: Expr,
    depth: usize,
}

impl Deep {
    fn over(below: usize, expr: Expr) -> Result<Deep, String> {
        if below >= MAX_CONDITION_DEPTH { Err(too_deep()) } else { Ok(Deep { expr, depth: below + 1 }) }
    }

    fn pair(join: fn(Box<Expr>, Box<Expr>) -> Expr, left: Deep, right: Deep) -> Result<Deep, String> {
        Deep::over(left.depth.max(right.depth), join(Box::new(left.expr), Box::new(right.expr)))
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    sid: SidReader<'a>,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_ascii_start().len();
    }

    fn wanted(&self, what: &str) -> String {
        let found: String = self.rest().chars().take(20).collect();
        format!("in the condition, {what} expected before `{found}`")
    }

    fn eat(&mut self, wanted: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    /// Takes a word such as `Exists` if it comes next as a whole word, in any case.
    fn eat_word(&mut self, word: &str) -> bool {
        self.space();
        let rest = self.rest();
        let matches = rest.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
            && !rest[word.len()..].starts_with(|c| is_name_sign(c) || c == '%');
        if matches {
            self.at += word.len();
        }
        matches
    }

    fn disjunction(&mut self, nesting: usize) -> Result<Deep, String> {
        let mut left = self.conjunction(nesting)?;
        while self.eat("||") {
            let right = self.conjunction(nesting)?;
            left = Deep::pair(Expr::Or, left, right)?;
        }
        Ok(left)
    }

    fn conjunction(&mut self, nesting: usize) -> Result<Deep, String> {
        let mut left = self.term(nesting)?;
        while self.eat("&&") {
            let right = self.term(nesting)?;
            left = Deep::pair(Expr::And, left, right)?;
        }
        Ok(left)
    }

    fn term(&mut self, nesting: usize) -> Result<Deep, String> {
        if nesting >= MAX_NESTING {
            return Err(too_deep());
        }
        self.space();
        if self.eat("!") {
            let inner = self.term(nesting + 1)?;
            return Deep::over(inner.depth, Expr::Not(Box::new(inner.expr)));
        }
        if self.eat("(") {
            let inner = self.disjunction(nesting + 1)?;
            return if self.eat(")") { Ok(inner) } else { Err(self.wanted("`)`")) };
        }
        Ok(Deep { expr: self.simple()?, depth: 1 })
    }

    fn simple(&mut self) -> Result<Expr, String> {
        for (word, negated) in [("Exists", false), ("Not_Exists", true)] {
            if self.eat_word(word) {
                return Ok(Expr::Exists { attribute: self.attribute()?, negated });
            }
        }
        for (operator, word, _) in MemberOperator::ALL {
            if self.eat_word(word) {
                self.space();
                let operand =
                    if self.rest().starts_with('{') { self.list()? } else { Literal::Sid(self.sid()?) };
                if !operand.is_sids() {
                    return Err(format!("{word} takes SID(…) or a list of them"));
                }
                return Ok(Expr::Member { operator, operand });
            }
        }
        let left = self.attribute()?;
        let symbol =
            |(_, symbol, _): &&(Operator, &'static str, u8)| !symbol.starts_with(char::is_alphabetic);
        for (operator, symbol, _) in Operator::ALL.iter().filter(symbol) {
            if self.eat(symbol) {
                return Ok(Expr::Compare { operator: *operator, left, right: self.operand()? });
            }
        }
        for (operator, word, _) in Operator::ALL.iter().filter(|entry| !symbol(entry)) {
            if self.eat_word(word) {
                return Ok(Expr::Compare { operator: *operator, left, right: self.operand()? });
            }
        }
        Ok(Expr::Attribute(left))
    }

    fn attribute(&mut self) -> Result<Attribute, String> {
        self.space();
        let rest = self.rest();
        let prefixed = Source::ALL.iter().skip(1).find(|(_, prefix, _)| {
            rest.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
        });
        let source = prefixed.map_or(Source::Local, |(source, ..)| *source);
        self.at += prefixed.map_or(0, |(_, prefix, _)| prefix.len());
        let mut units = Vec::new();
        let mut rest = self.rest().chars();
        let mut length = 0;
        while let Some(character) = rest.next() {
            if character == '%' {
                let digits: String = rest.by_ref().take(4).collect();
                let unit = Some(digits.as_str())
                    .filter(|d| d.len() == 4 && d.bytes().all(|b| b.is_ascii_hexdigit()));
                let unit = unit.and_then(|digits| u16::from_str_radix(digits, 16).ok());
                units.push(unit.ok_or_else(|| self.wanted("four hexadecimal digits after %"))?);
                length += 5;
            } else if is_name_sign(character) {
                units.push(character as u16);
                length += 1;
            } else {
                break;
            }
        }
        let digit_first = source == Source::Local && self.rest().starts_with(|c: char| c.is_ascii_digit());
        if units.is_empty() || digit_first {
            return Err(self.wanted("an attribute such as @User.name"));
        }
        self.at += length;
        let name =
            String::from_utf16(&units).map_err(|_| "an attribute's name is no valid UTF-16".to_owned())?;
        Ok(Attribute { source, name })
    }

    fn operand(&mut self) -> Result<Operand, String> {
        self.space();
        match self.rest().bytes().next() {
            Some(b'@') => Ok(Operand::Attribute(self.attribute()?)),
            Some(b'{') => Ok(Operand::Literal(self.list()?)),
            Some(b'"' | b'#' | b'+' | b'-' | b'0'..=b'9') => Ok(Operand::Literal(self.single()?)),
            _ if self.at_sid() => Ok(Operand::Literal(self.single()?)),
            _ => Ok(Operand::Attribute(self.attribute()?)),
        }
    }

    fn at_sid(&self) -> bool {
        let rest = self.rest();
        rest.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("SID"))
            && rest[3..].trim_ascii_start().starts_with('(')
    }

    fn list(&mut self) -> Result<Literal, String> {
        if !self.eat("{") {
            return Err(self.wanted("`{`"));
        }
        let mut items = Vec::new();
        if self.eat("}") {
            return Ok(Literal::List(items));
        }
        loop {
            items.push(self.single()?);
            if self.eat("}") {
                return Ok(Literal::List(items));
            }
            if !self.eat(",") {
                return Err(self.wanted("`,` or `}`"));
            }
        }
    }

    fn single(&mut self) -> Result<Literal, String> {
        self.space();
        if self.at_sid() {
            return Ok(Literal::Sid(self.sid()?));
        }
        let rest = self.rest();
        if let Some(body) = rest.strip_prefix('"') {
            let end = body.find('"').ok_or_else(|| self.wanted("a closing quotation mark"))?;
            self.at += end + 2;
            return Ok(Literal::Text(body[..end].to_owned()));
        }
        if let Some(body) = rest.strip_prefix('#') {
            let end = body.bytes().take_while(u8::is_ascii_hexdigit).count();
            let octets = crate::sddl::parse_octets(&rest[..1 + end]);
            let octets = octets.ok_or_else(|| self.wanted("pairs of hexadecimal digits after #"))?;
            self.at += 1 + end;
            return Ok(Literal::Octets(octets));
        }
        self.integer()
    }

    fn integer(&mut self) -> Result<Literal, String> {
        let rest = self.rest();
        let (sign, body) = match rest.bytes().next() {
            Some(b'+') => (Sign::Plus, &rest[1..]),
            Some(b'-') => (Sign::Minus, &rest[1..]),
            _ => (Sign::None, rest),
        };
        let hexadecimal = body.get(..2).is_some_and(|head| head.eq_ignore_ascii_case("0x"));
        let (base, digits) = if hexadecimal {
            (Base::Hexadecimal, &body[2..])
        } else if body.len() > 1 && body.starts_with('0') && body.as_bytes()[1].is_ascii_digit() {
            (Base::Octal, &body[1..])
        } else {
            (Base::Decimal, body)
        };
        let radix = [8, 10, 16][base as usize - 1];
        let end = digits.bytes().take_while(|b| (*b as char).is_digit(radix)).count();
        let magnitude = i128::from_str_radix(&digits[..end], radix).ok().filter(|_| end <= 30);
        let value = magnitude.map(|value| if sign == Sign::Minus { -value } else { value });
        let value = value.and_then(|value| i64::try_from(value).ok());
        let value =
            value.ok_or_else(|| self.wanted("a number that fits 64 bits, a string, #octets or SID(…)"))?;
        self.at += rest.len() - digits.len() + end;
        Ok(Literal::Integer { value, sign, base })
    }

    fn sid(&mut self) -> Result<Sid, String> {
        self.space();
        if !self.at_sid() {
            return Err(self.wanted("SID(…)"));
        }
        self.at += 3;
        self.eat("(");
        let end = self.rest().find(')').ok_or_else(|| self.wanted("`)`"))?;
        let sid = (self.sid)(self.rest()[..end].trim_ascii()).map_err(|error| error.to_string())?;
        self.at += end + 1;
        Ok(sid)
    }
}
