//! Path patterns in conditions, in which `*` matches any characters except a slash.

/// Returns whether a path matches the pattern.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let mut pattern_names = pattern.split('/');
    let mut names = path.split('/');
    loop {
        match (pattern_names.next(), names.next()) {
            (None, None) => return true,
            (Some(pattern), Some(name)) if matches_name(pattern, name) => {}
            _ => return false,
        }
    }
}

fn matches_name(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    // The part after the last star must end the name.
    let last = parts.pop().unwrap_or_default();
    // For a part between two stars, the leftmost match is always sufficient.
    for part in parts {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_within_a_name() {
        for (pattern, path, same) in [
            ("/a", "/a", true),
            ("/a", "/ab", false),
            ("/a/*", "/a/b", true),
            ("/a/*", "/a/b/c", false),
            ("/a/*", "/a", false),
            ("/lock/wait-*", "/lock/wait-0000000001", true),
            ("/lock/wait-*", "/lock/other", false),
            ("/*/b", "/x/b", true),
            ("/a*b*c", "/a1b2c", true),
            ("/a*b*c", "/a1b2", false),
            ("/a*a", "/a", false),
            ("/", "/", true),
            ("/湖*", "/湖水", true),
        ] {
            assert_eq!(matches(pattern, path), same, "{pattern} {path}");
        }
    }
}
