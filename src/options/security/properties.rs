//! Parses Java properties: `key=value` lines of a `-client-configuration` file, and `-D` words in
//! `CLIENT_JVMFLAGS`. The rules are those of `java.util.Properties.load`.

/// Keys with their values, in the order of the text. A later value of a key replaces an earlier
/// one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Properties(Vec<(String, String)>);

impl Properties {
    /// Parses the text of a file. Java accepts any text, so this cannot fail.
    pub(super) fn parse(text: &str) -> Self {
        let mut properties = Self::default();
        let mut lines = text.split(['\n', '\r']);
        while let Some(first) = lines.next() {
            let first = first.trim_start_matches(is_blank);
            if first.is_empty() || first.starts_with(['#', '!']) {
                continue;
            }
            let mut line = first.to_owned();
            while ends_open(&line) {
                line.pop();
                match lines.next() {
                    Some(next) => line.push_str(next.trim_start_matches(is_blank)),
                    None => break,
                }
            }
            let (key, value) = cut(&line);
            properties.set(unescape(key), unescape(value));
        }
        properties
    }

    /// Parses the `-Dkey=value` words of JVM flags. Other words are ignored.
    pub(super) fn of_flags(flags: &str) -> Self {
        let mut properties = Self::default();
        for word in words(flags) {
            if let Some(definition) = word.strip_prefix("-D") {
                let (key, value) = definition.split_once('=').unwrap_or((definition, ""));
                properties.set(key.to_owned(), value.to_owned());
            }
        }
        properties
    }

    fn set(&mut self, key: String, value: String) {
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some(known) => known.1 = value,
            None => self.0.push((key, value)),
        }
    }

    /// Returns the value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Returns all keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_str())
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

/// Returns whether a line ends with a backslash that is not itself escaped.
fn ends_open(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// Splits a line after its key: at the first `=`, `:` or blank that is not escaped.
fn cut(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.find(|c| {
        let ends = !escaped && (matches!(c, '=' | ':') || is_blank(c));
        escaped = c == '\\' && !escaped;
        ends
    });
    let (key, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = rest.trim_start_matches(is_blank);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (key, rest.trim_start_matches(is_blank))
}

fn unescape(text: &str) -> String {
    let mut units: Vec<u16> = Vec::new();
    let mut result = String::new();
    let mut chars = text.chars();
    let pending = |units: &mut Vec<u16>, result: &mut String| {
        result.push_str(&String::from_utf16_lossy(units));
        units.clear();
    };
    while let Some(c) = chars.next() {
        if c != '\\' {
            pending(&mut units, &mut result);
            result.push(c);
            continue;
        }
        let escape = chars.next();
        let digits: String = chars.clone().take(4).collect();
        if escape == Some('u')
            && digits.len() == 4
            && let Ok(unit) = u16::from_str_radix(&digits, 16)
        {
            // A character outside the basic plane is written as two UTF-16 units.
            units.push(unit);
            chars = chars.as_str()[4..].chars();
            continue;
        }
        pending(&mut units, &mut result);
        match escape {
            Some('n') => result.push('\n'),
            Some('t') => result.push('\t'),
            Some('r') => result.push('\r'),
            Some('f') => result.push('\u{c}'),
            Some(other) => result.push(other),
            None => {}
        }
    }
    pending(&mut units, &mut result);
    result
}

/// Splits flags into words as a shell does. Blanks in quotes do not separate words.
fn words(flags: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in flags.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_as_java_reads_them() {
        let text = "# a comment\n! another\n\n  zookeeper.client.secure = true\r\n\
                    a:b=c\nempty\npath=/a\\\n   /b\ncolon\\:key: x\\ty\\\\\nblank key\n\
                    u=\\u00e9\\ud83d\\ude00\\u12\nlast=1\nlast=2\nend=\\";
        let properties = Properties::parse(text);
        for (key, value) in [
            ("zookeeper.client.secure", "true"),
            ("a", "b=c"),
            ("empty", ""),
            ("path", "/a/b"),
            ("colon:key", "x\ty\\"),
            ("blank", "key"),
            ("u", "é😀u12"),
            ("last", "2"),
            ("end", ""),
        ] {
            assert_eq!(properties.get(key), Some(value), "{key}");
        }
        assert_eq!(properties.keys().count(), 9);
        assert_eq!(properties.get("none"), None);
    }

    #[test]
    fn jvm_flags_are_split_as_by_a_shell() {
        let flags = "-Xmx1g -Dzookeeper.client.secure=true  -Dp='a b'\"c\" -Dq -D";
        let properties = Properties::of_flags(flags);
        assert_eq!(properties.get("zookeeper.client.secure"), Some("true"));
        assert_eq!(properties.get("p"), Some("a bc"));
        assert_eq!(properties.get("q"), Some(""));
        assert_eq!(properties.get("Xmx1g"), None);
    }
}
