//! Hints about data that looks like something else but is stored as typed.

use crate::dialect::Format;
use crate::output::json::Time;
use crate::output::{Report, Text, View};
use crate::terminal::Screen;

/// Why the user may not expect that the data is stored as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataHint {
    /// It looks like `@file`, which other programs read as a file.
    File(String),
    /// It is `-`, which other programs take as standard input.
    Input,
    /// It is an option of the command, and no data follows it.
    Option(String),
}

impl DataHint {
    /// Returns the hint for data, if it needs one. `is_option` tells whether a word is an option of
    /// the command.
    pub fn of(data: &str, is_option: impl FnOnce(&str) -> bool) -> Option<Self> {
        match data {
            "-" => Some(Self::Input),
            "" | "@" => None,
            _ if data.starts_with('@') => Some(Self::File(data.to_owned())),
            _ if data.starts_with('-') && is_option(data) => Some(Self::Option(data.to_owned())),
            _ => None,
        }
    }

    /// Returns whether scripts show the hint too.
    pub fn is_for_scripts(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// Returns the hint as one sentence.
    pub fn sentence(&self) -> String {
        match self {
            Self::File(typed) => format!(
                "{typed} is stored as typed; -i {} stores the content of a file",
                &typed[1..]
            ),
            Self::Input => "- is stored as typed; -i - stores standard input".to_owned(),
            Self::Option(typed) => format!(
                "{typed} is stored as typed; put options before the path or before the data"
            ),
        }
    }
}

/// Shows a hint: on standard error, or among the results if they are JSON. `place` names the line
/// of a script.
pub fn show(view: View, screen: &Screen, place: Option<&str>, hint: &DataHint) {
    if view.format == Format::Json {
        return screen.print(&view.event(None, hint, Time::now(), false));
    }
    let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
    screen.error(&view.one_line(&format!("{place}{}", hint.sentence())));
}

impl Report for DataHint {
    fn text(&self, out: &mut Text<'_>) {
        out.line(self.sentence());
    }
}

impl serde::Serialize for DataHint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("DataHint", 3)?;
        out.serialize_field("type", "StoredAsTyped")?;
        out.serialize_field::<[&str]>("paths", &[])?;
        out.serialize_field("reason", &self.sentence())?;
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_something_else_gets_a_hint() {
        let hint = |data: &str| DataHint::of(data, |word| word == "-s").map(|hint| hint.sentence());
        assert_eq!(
            hint("@every").as_deref(),
            Some("@every is stored as typed; -i every stores the content of a file")
        );
        assert_eq!(hint("-").as_deref(), Some("- is stored as typed; -i - stores standard input"));
        assert!(hint("-s").is_some());
        for plain in ["", "@", "-Xmx4g", "-5", "ann@lake"] {
            assert_eq!(hint(plain), None, "{plain}");
        }
    }
}
