//! Characters that web pages and word processors use in place of ASCII ones.

/// Describes the first such character that changes the meaning of `word`.
pub(super) fn lookalike(word: &str) -> Option<String> {
    if word.is_ascii() {
        return None;
    }
    let first = word.chars().next()?;
    if let Some(name) = dash(first) {
        return Some(format!("{first} is {name}; options begin with -"));
    }
    word.chars().find_map(|c| match c {
        '\u{2018}'..='\u{201b}' | '\u{ff07}' => Some(format!("{c} is a curly quote; type ' or \"")),
        '\u{201c}'..='\u{201f}' | '\u{ff02}' => Some(format!("{c} is a curly quote; type \" or '")),
        _ => {
            let name = blank(c)?;
            Some(format!("it contains {name} (U+{:04X})", u32::from(c)))
        }
    })
}

fn dash(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{2013}' => "an en dash",
        '\u{2014}' => "an em dash",
        '\u{2212}' => "a minus sign",
        '\u{2010}'..='\u{2012}' | '\u{fe63}' | '\u{ff0d}' => "a typographic hyphen",
        _ => return None,
    })
}

fn blank(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{a0}' | '\u{2007}' | '\u{202f}' => "a no-break space",
        '\u{3000}' => "a full-width space",
        '\u{200b}' | '\u{feff}' => "an invisible space",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_pages_are_named() {
        for (word, wanted) in [
            ("–R", Some("– is an en dash; options begin with -")),
            ("−5", Some("− is a minus sign; options begin with -")),
            ("“/a", Some("“ is a curly quote; type \" or '")),
            ("it’s", Some("’ is a curly quote; type ' or \"")),
            ("ls\u{a0}/", Some("it contains a no-break space (U+00A0)")),
            ("a–b", None),
            ("湖", None),
            ("-R", None),
            ("", None),
        ] {
            assert_eq!(lookalike(word).as_deref(), wanted);
        }
    }
}
