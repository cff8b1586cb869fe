//! Reads or changes a znode's data with a jq expression.
//!
//! An expression can access only the data, and it always terminates. It may still run for a long
//! time, so the caller must run it where it can abandon it.

use std::cell::RefCell;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::load::{self, Arena, File, Loader, parse};
use jaq_core::path::Part;
use jaq_core::{Compiler, Ctx, Vars, data};
use jaq_json::{Val, read, write};
use serde::de::IgnoredAny;

use crate::error::{Error, Kind, Result};

/// The maximum output of an expression, in bytes as JSON.
pub const MAX_OUTPUT_BYTES: usize = 16 << 20;

/// The maximum length of an expression, in bytes.
const MAX_EXPRESSION_BYTES: usize = 64 << 10;

/// Functions that an expression may not call: those that access anything but the data, and those
/// that may not terminate. Without them, and without its own definitions, which could be recursive,
/// every expression terminates.
const REFUSED: &[&str] = &[
    "debug",
    "env",
    "halt",
    "halt_error",
    "infinite",
    "input",
    "inputs",
    "recurse",
    "repeat",
    "stderr",
    "until",
    "while",
];

/// A compiled expression.
pub struct Expression {
    filter: jaq_core::Filter<data::JustLut<Val>>,
    assigns: bool,
}

thread_local! {
    /// The last expression of this thread. A script often has the same expression on many lines,
    /// and compiling it with all definitions of jq takes longer than a request.
    static LAST: RefCell<Option<(String, Expression)>> = const { RefCell::new(None) };
}

/// Passes the compiled expression to `work`. Compiles it unless it is the last one of this thread.
pub fn with_expression<R>(text: &str, work: impl FnOnce(&Expression) -> Result<R>) -> Result<R> {
    LAST.with_borrow_mut(|last| {
        if last.as_ref().is_none_or(|(known, _)| known != text) {
            *last = None;
            *last = Some((text.to_owned(), Expression::new(text)?));
        }
        match last {
            Some((_, expression)) => work(expression),
            None => Expression::new(text).and_then(|expression| work(&expression)),
        }
    })
}

/// Returns whether a text is an expression that changes its input. The text is only parsed.
pub fn text_assigns(text: &str) -> bool {
    text.len() <= MAX_EXPRESSION_BYTES
        && parse(text, |parser| parser.term()).is_some_and(|term| assigns(&term))
}

impl Expression {
    /// Compiles an expression.
    pub fn new(text: &str) -> Result<Self> {
        if text.len() > MAX_EXPRESSION_BYTES {
            return Err(Error::usage("The jq expression is too long"));
        }
        let wrong = |why: &str| Error::usage(format!("The jq expression is not valid: {why}"));
        let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let arena = Arena::default();
        let program = File { code: text, path: () };
        let modules = Loader::new(defs).load(&arena, program).map_err(|errors| {
            wrong(&errors.first().map_or_else(String::new, |(_, error)| load_error(error)))
        })?;
        let term = parse(text, |parser| parser.term())
            .ok_or_else(|| wrong("it is not a single expression"))?;
        if let Some(name) = refused(&term) {
            return Err(wrong(&format!("{name} is not allowed here")));
        }
        let filter = Compiler::default().with_funs(funs).compile(modules).map_err(|errors| {
            let first = errors.first().and_then(|(_, errors)| errors.first());
            wrong(&first.map_or_else(String::new, |(name, what)| {
                format!("there is no {} {name}", what.as_str())
            }))
        })?;
        Ok(Self { filter, assigns: assigns(&term) })
    }

    /// Returns whether the expression changes its input, such as `.a = 1`, `.a |= . + 1` or
    /// `del(.a)`. An expression that only reads returns a part of the data, which must not replace
    /// the whole by mistake.
    pub fn assigns(&self) -> bool {
        self.assigns
    }

    /// Returns the results of the expression for this JSON, each of which keeps its own line
    /// breaks.
    pub fn read(&self, json: &[u8]) -> Result<Vec<Vec<u8>>> {
        let mut values = Vec::new();
        let mut bytes = 0;
        for value in self.values(json)? {
            let value = encode(&value?, true)?;
            bytes += value.len();
            if bytes > MAX_OUTPUT_BYTES {
                let words = format!("The jq expression gives more than {MAX_OUTPUT_BYTES} bytes");
                return Err(Error::new(Kind::Refused, words));
            }
            values.push(value);
        }
        Ok(values)
    }

    /// Returns the JSON after the change. The expression must have exactly one result. It is
    /// written on several lines if the old JSON was, and the characters after the old JSON are
    /// kept.
    pub fn change(&self, json: &[u8]) -> Result<Vec<u8>> {
        let mut values = self.values(json)?;
        let none = || Error::new(Kind::Refused, "The jq expression gives no value");
        let value = values.next().ok_or_else(none)??;
        if values.next().is_some() {
            let words = "The jq expression gives more than one value; nothing was written";
            return Err(Error::new(Kind::Refused, words));
        }
        let text = json.trim_ascii_end();
        let mut new = encode(&value, text.contains(&b'\n'))?;
        new.extend_from_slice(&json[text.len()..]);
        Ok(new)
    }

    fn values(&self, json: &[u8]) -> Result<impl Iterator<Item = Result<Val>>> {
        check(json)?;
        let input = read::parse_single(json).map_err(|error| not_json(&error))?;
        let ctx = Ctx::<data::JustLut<Val>>::new(&self.filter.lut, Vars::new([]));
        let values = self.filter.id.run((ctx, input));
        Ok(values.map(|value| {
            value.map_err(|exception| {
                let why = match exception.get_err() {
                    Ok(error) => format!("jq: {error}"),
                    Err(_) => "jq: the expression ended early".to_owned(),
                };
                Error::new(Kind::Refused, why)
            })
        }))
    }
}

/// Returns an error that explains why data is not JSON, if it is not.
pub fn check(json: &[u8]) -> Result<()> {
    match serde_json::from_slice::<IgnoredAny>(json) {
        Ok(_) => Ok(()),
        Err(error) => Err(not_json(&error)),
    }
}

fn not_json(why: &dyn std::fmt::Display) -> Error {
    Error::new(Kind::Refused, format!("The data is not JSON: {why}"))
}

fn encode(value: &Val, indented: bool) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let indent = indented.then(|| "  ".to_owned());
    let pp = write::Pp { indent, sep_space: indented, ..write::Pp::default() };
    write::write(&mut bytes, &pp, 0, value)
        .map_err(|error| Error::new(Kind::Refused, format!("jq: {error}")))?;
    // jaq has values that JSON does not: bytes, keys that are not strings, and NaN or infinite
    // numbers.
    match serde_json::from_slice::<IgnoredAny>(&bytes) {
        Ok(_) => Ok(bytes),
        Err(_) => Err(Error::new(Kind::Refused, "The result of the jq expression is not JSON")),
    }
}

/// Returns the first name in an expression that it may not call.
fn refused<'t>(term: &'t Term<&'t str>) -> Option<&'t str> {
    let all = |terms: &'t [Term<&'t str>]| terms.iter().find_map(refused);
    match term {
        Term::Def(..) => Some("def"),
        Term::Call(name, args) => {
            // Without an argument it only descends into the data, which terminates.
            let goes_down = *name == "recurse" && args.is_empty();
            let is_refused = !goes_down && REFUSED.contains(name);
            if is_refused { Some(name) } else { all(args) }
        }
        Term::Str(_, parts) => parts.iter().find_map(|part| match part {
            StrPart::Term(term) => refused(term),
            _ => None,
        }),
        Term::Arr(Some(inner)) | Term::Neg(inner) | Term::Label(_, inner) => refused(inner),
        Term::Obj(pairs) => pairs
            .iter()
            .find_map(|(key, value)| refused(key).or_else(|| value.as_ref().and_then(refused))),
        Term::BinOp(left, BinaryOp::Pipe(Some(pattern)), right) => {
            refused(left).or_else(|| refused_pattern(pattern)).or_else(|| refused(right))
        }
        Term::BinOp(left, _, right) => refused(left).or_else(|| refused(right)),
        Term::Fold(_, over, pattern, rest) => {
            refused(over).or_else(|| refused_pattern(pattern)).or_else(|| all(rest))
        }
        Term::TryCatch(inner, catch) => {
            refused(inner).or_else(|| catch.as_deref().and_then(refused))
        }
        Term::IfThenElse(cases, otherwise) => cases
            .iter()
            .find_map(|(test, then)| refused(test).or_else(|| refused(then)))
            .or_else(|| otherwise.as_deref().and_then(refused)),
        Term::Path(of, path) => refused(of).or_else(|| {
            path.0.iter().find_map(|(part, _)| match part {
                Part::Index(index) => refused(index),
                Part::Range(from, to) => {
                    from.as_ref().and_then(refused).or_else(|| to.as_ref().and_then(refused))
                }
            })
        }),
        Term::Id
        | Term::Recurse
        | Term::Num(_)
        | Term::Arr(None)
        | Term::Break(_)
        | Term::Var(_) => None,
    }
}

fn refused_pattern<'t>(pattern: &'t Pattern<&'t str>) -> Option<&'t str> {
    match pattern {
        Pattern::Var(_) => None,
        Pattern::Arr(inner) => inner.iter().find_map(refused_pattern),
        Pattern::Obj(pairs) => {
            pairs.iter().find_map(|(key, value)| refused(key).or_else(|| refused_pattern(value)))
        }
    }
}

/// Returns whether the result of an expression is its changed input.
fn assigns(term: &Term<&str>) -> bool {
    match term {
        Term::BinOp(
            _,
            BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt,
            _,
        ) => true,
        Term::Call(name, _) => matches!(*name, "del" | "delpaths" | "setpath"),
        Term::BinOp(left, BinaryOp::Pipe(None), right) => assigns(left) && assigns(right),
        Term::BinOp(_, BinaryOp::Pipe(Some(_)), right) => assigns(right),
        Term::IfThenElse(cases, otherwise) => {
            let keeps = |term: &Term<&str>| matches!(term, Term::Id) || assigns(term);
            cases.iter().any(|(_, then)| assigns(then))
                && cases.iter().all(|(_, then)| keeps(then))
                && otherwise.as_deref().is_none_or(keeps)
        }
        _ => false,
    }
}

fn load_error(error: &load::Error<&str>) -> String {
    let expected = |expected: &str, found: &str| {
        let found = if found.is_empty() { "the end" } else { found };
        format!("expected {expected} but found {found}")
    };
    match error {
        load::Error::Lex(errors) => {
            errors.first().map_or_else(String::new, |(what, found)| expected(what.as_str(), found))
        }
        load::Error::Parse(errors) => {
            errors.first().map_or_else(String::new, |(what, found)| expected(what.as_str(), found))
        }
        load::Error::Io(errors) => errors.first().map_or_else(String::new, |(_, why)| why.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(expression: &str, json: &str) -> std::result::Result<String, String> {
        let values =
            Expression::new(expression).and_then(|compiled| compiled.read(json.as_bytes()));
        let values = values.map_err(|error| error.to_string())?;
        Ok(values.iter().map(|value| String::from_utf8_lossy(value)).collect::<Vec<_>>().join(" "))
    }

    fn change(expression: &str, json: &str) -> std::result::Result<String, String> {
        let new = Expression::new(expression).and_then(|compiled| compiled.change(json.as_bytes()));
        new.map(|new| String::from_utf8_lossy(&new).into_owned()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_part_is_read() {
        let json = r#"{"workers": 12, "names": ["a", "b"]}"#;
        assert_eq!(read(".workers", json).as_deref(), Ok("12"));
        assert_eq!(read(".names[]", json).as_deref(), Ok("\"a\" \"b\""));
        assert_eq!(
            read(".names | map(ascii_upcase) | join(\"-\")", json).as_deref(),
            Ok("\"A-B\"")
        );
        assert_eq!(read(".none", json).as_deref(), Ok("null"));
        assert!(read(".workers.x", json).is_err_and(|error| error.starts_with("jq: ")));
        assert!(read(".", "no json").is_err_and(|error| error.starts_with("The data is not JSON")));
    }

    #[test]
    fn a_change_leaves_the_rest_as_it_is() {
        let json = "{\"z\":1e400,\"a\":12345678901234567890123,\"s\":\"é\"}";
        assert_eq!(
            change(".b = 2", json).as_deref(),
            Ok("{\"z\":1e400,\"a\":12345678901234567890123,\"s\":\"é\",\"b\":2}")
        );
        let lines = "{\n  \"a\": 1\n}\n";
        assert_eq!(change(".a += 1", lines).as_deref(), Ok("{\n  \"a\": 2\n}\n"));
        assert_eq!(change("del(.a)", lines).as_deref(), Ok("{}\n"));
        assert!(change(".a, .b", json).is_err_and(|error| error.contains("more than one value")));
        assert!(change("empty", json).is_err_and(|error| error.contains("gives no value")));
        assert!(change(".a = nan", json).is_err_and(|error| error.contains("not JSON")));
    }

    #[test]
    fn only_assignments_count_as_changes() {
        for (expression, expected) in [
            (".a = 1", true),
            (".a.b |= . + 1", true),
            (".a //= 1", true),
            ("del(.a)", true),
            (".a = 1 | .b -= 2", true),
            (".x as $x | .a = $x", true),
            ("if .a then .b = 1 else . end", true),
            (".a", false),
            (".a == 1", false),
            (".a = 1 | .a", false),
            ("map_values(. + 1)", false),
            ("{a: 1}", false),
        ] {
            let compiled = Expression::new(expression).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(compiled.assigns(), expected, "{expression}");
        }
    }

    #[test]
    fn expressions_with_outside_access_or_loops_are_refused() {
        for (expression, name) in [
            ("env", "env"),
            ("halt", "halt"),
            ("\"\\(input)\"", "input"),
            ("[.a, {b: (1 | repeat(.))}]", "repeat"),
            ("recurse(.)", "recurse"),
            (".[until(false; .)]", "until"),
            ("reduce .[] as [$x] (0; while(true; .))", "while"),
            ("def f: f; f", "def"),
        ] {
            let error = Expression::new(expression).err().map(|error| error.to_string());
            let expected = format!("The jq expression is not valid: {name} is not allowed here");
            assert_eq!(error, Some(expected), "{expression}");
        }
        assert_eq!(read(".halt, .env", "{\"halt\":1,\"env\":2}").as_deref(), Ok("1 2"));
        assert_eq!(read("[.. | numbers]", "[1,[2]]").as_deref(), Ok("[\n  1,\n  2\n]"));
    }

    #[test]
    fn errors_explain_the_cause() {
        for (expression, why) in [
            (".a |", "expected term but found the end"),
            ("\"abc", "expected closing quote but found"),
            ("nothing_such", "there is no filter nothing_such"),
            ("$x", "there is no variable $x"),
            ("import \"a\" as a; .", "not valid"),
        ] {
            let error = Expression::new(expression).err().map(|error| error.to_string());
            assert!(
                error.as_ref().is_some_and(|error| error.contains(why)),
                "{expression}: {error:?}"
            );
        }
    }
}
