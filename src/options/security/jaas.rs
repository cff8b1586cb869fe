//! Parses a JAAS configuration: the login module of a Java client and its options.
//!
//! The rules are those of `sun.security.provider.ConfigFile`.

use crate::error::{Error, Result};

/// A login module with its options.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct LoginModule {
    /// The class, such as `org.apache.zookeeper.server.auth.DigestLoginModule`.
    pub(super) class: String,
    options: Vec<(String, String)>,
}

impl std::fmt::Debug for LoginModule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.options.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("LoginModule").field("class", &self.class).field("options", &names).finish()
    }
}

impl LoginModule {
    /// Returns the value of an option.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns all options.
    pub(super) fn options(&self) -> impl Iterator<Item = (&str, &str)> {
        self.options.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the class name without its package.
    pub(super) fn name(&self) -> &str {
        self.class.rsplit('.').next().unwrap_or(&self.class)
    }
}

/// Returns the first login module of the section called `name`, or none if that section is missing.
pub(super) fn section(text: &str, name: &str) -> Result<Option<LoginModule>> {
    let mut tokens = Tokens { rest: text, line: 1 };
    let mut found = None;
    while let Some(token) = tokens.next()? {
        let section = token.word(&tokens)?;
        tokens.expect('{')?;
        let modules = modules(&mut tokens)?;
        tokens.expect(';')?;
        if section == name && found.is_none() {
            found = modules.into_iter().next();
        }
    }
    Ok(found)
}

fn modules(tokens: &mut Tokens<'_>) -> Result<Vec<LoginModule>> {
    let mut modules = Vec::new();
    loop {
        let class = match tokens.some()? {
            Token::Sign('}') => return Ok(modules),
            token => token.word(tokens)?,
        };
        // Skip the flag: required, requisite, sufficient or optional.
        tokens.some()?.word(tokens)?;
        let mut options = Vec::new();
        loop {
            let name = match tokens.some()? {
                Token::Sign(';') => break,
                token => token.word(tokens)?,
            };
            tokens.expect('=')?;
            options.push((name, tokens.some()?.word(tokens)?));
        }
        modules.push(LoginModule { class, options });
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Sign(char),
}

impl Token {
    fn word(self, tokens: &Tokens<'_>) -> Result<String> {
        match self {
            Self::Word(word) => Ok(word),
            Self::Sign(sign) => {
                Err(tokens.wrong(&format!("found {sign} where a word is expected")))
            }
        }
    }
}

struct Tokens<'a> {
    rest: &'a str,
    line: usize,
}

impl Tokens<'_> {
    fn wrong(&self, why: &str) -> Error {
        Error::usage(format!(":{}: {why}", self.line))
    }

    fn skip(&mut self, bytes: usize) {
        self.line += self.rest[..bytes].matches('\n').count();
        self.rest = &self.rest[bytes..];
    }

    fn some(&mut self) -> Result<Token> {
        self.next()?.ok_or_else(|| self.wrong("the file ends inside a section"))
    }

    fn expect(&mut self, wanted: char) -> Result<()> {
        match self.some()? {
            Token::Sign(sign) if sign == wanted => Ok(()),
            Token::Sign(sign) => {
                Err(self.wrong(&format!("found {sign} where {wanted} is expected")))
            }
            // Do not show the word; it may be a password.
            Token::Word(_) => Err(self.wrong(&format!("found a word where {wanted} is expected"))),
        }
    }

    fn next(&mut self) -> Result<Option<Token>> {
        loop {
            let blanks = self.rest.len() - self.rest.trim_start().len();
            self.skip(blanks);
            if self.rest.starts_with("//") || self.rest.starts_with('#') {
                self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
            } else if self.rest.starts_with("/*") {
                let end = self.rest.find("*/");
                self.skip(end.ok_or_else(|| self.wrong("a comment has no end"))? + 2);
            } else {
                break;
            }
        }
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        match first {
            '{' | '}' | ';' | '=' => {
                self.skip(1);
                Ok(Some(Token::Sign(first)))
            }
            '"' | '\'' => self.quoted(first).map(Some),
            _ => {
                let ends = |c: char| c.is_whitespace() || matches!(c, '{' | '}' | ';' | '=' | '"');
                let end = self.rest.find(ends).unwrap_or(self.rest.len());
                let word = self.rest[..end].to_owned();
                self.skip(end);
                Ok(Some(Token::Word(word)))
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Token> {
        let mut word = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                c if c == quote => {
                    self.skip(at + 1);
                    return Ok(Token::Word(word));
                }
                // The escapes are those of Java's tokenizer.
                '\\' => match chars.next().map(|(_, c)| c) {
                    Some('n') => word.push('\n'),
                    Some('t') => word.push('\t'),
                    Some('r') => word.push('\r'),
                    Some(c) => word.push(c),
                    None => break,
                },
                '\n' => break,
                c => word.push(c),
            }
        }
        Err(self.wrong("a quote is not closed"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const FILE: &str = r#"
// For servers.
Server {
  org.apache.zookeeper.server.auth.DigestLoginModule required
  user_super="superpw" user_ann="annpw";
};
/* Ours. */
Client {
  org.apache.zookeeper.server.auth.DigestLoginModule required
  username="ann"
  password="a \"b\" \\c";
  com.sun.security.auth.module.Krb5LoginModule optional useTicketCache=true;
};
"#;

    #[test]
    fn the_client_section_is_found() {
        let module = section(FILE, "Client").unwrap().unwrap();
        assert_eq!(module.name(), "DigestLoginModule");
        assert_eq!(module.get("username"), Some("ann"));
        assert_eq!(module.get("password"), Some("a \"b\" \\c"));
        assert_eq!(module.get("none"), None);
        assert_eq!(section(FILE, "Other").unwrap(), None);
        assert!(!format!("{module:?}").contains("\\c"));
    }

    #[test]
    fn errors_name_the_line_and_hide_secrets() {
        for (text, wanted) in [
            ("Client {", ":1: the file ends inside a section"),
            ("Client {\n a required\n password=\"x", ":3: a quote is not closed"),
            ("Client {\n a required password secret;", ":2: found a word where = is expected"),
            ("Client }", ":1: found } where { is expected"),
            ("{", ":1: found { where a word is expected"),
            ("/* x", ":1: a comment has no end"),
            ("Client { a required; }", ":1: the file ends inside a section"),
        ] {
            assert_eq!(section(text, "Client").unwrap_err().to_string(), wanted, "{text}");
        }
    }
}
