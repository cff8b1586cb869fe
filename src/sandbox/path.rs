//! Which paths are valid for a znode (PathUtils.validatePath).

use super::operation::Code;

/// Checks that a znode may have this path.
pub(crate) fn validate(path: &str) -> Result<(), Code> {
    if path == "/" {
        return Ok(());
    }
    let names = path.strip_prefix('/').ok_or(Code::BadArguments)?;
    let good = |name: &str| !matches!(name, "" | "." | "..") && !name.contains(is_forbidden);
    if names.split('/').all(good) { Ok(()) } else { Err(Code::BadArguments) }
}

/// Returns whether a name may not contain the character: control and private use characters, and
/// those beyond U+FFEF.
fn is_forbidden(character: char) -> bool {
    matches!(character, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..)
}

/// Returns whether a lookup may use the path at all: it has a slash and no NUL.
pub(crate) fn is_plausible(path: &str) -> bool {
    path.contains('/') && !path.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_not_empty_not_relative_and_have_no_controls() {
        for path in ["/", "/a", "/a/.b", "/a/..b/c.", "/ö/水", "/a b"] {
            assert_eq!(validate(path), Ok(()), "{path}");
        }
        for path in [
            "",
            "a",
            "/a/",
            "//",
            "/a//b",
            "/.",
            "/a/..",
            "/a/./b",
            "/a\0",
            "/\u{7f}",
            "/😀",
            "/\u{fffd}",
        ] {
            assert_eq!(validate(path), Err(Code::BadArguments), "{path:?}");
        }
    }
}
