//! Splits lists of watched paths into requests that a server accepts.

use std::mem;
use std::sync::Arc;

/// Maximum bytes per request that sets watches again: servers accept 128 KiB whatever their limit
/// is (`ClientCnxn.SET_WATCHES_MAX_LENGTH`).
const MOST_WATCHED_BYTES: usize = 120 * 1024;

/// Splits lists of watched paths so that each request stays below the limit.
pub(super) fn parts(lists: &[Vec<Arc<str>>]) -> Vec<Vec<Vec<Arc<str>>>> {
    let mut parts = Vec::new();
    let mut part = vec![Vec::new(); lists.len()];
    let mut bytes = 0;
    for (kind, list) in lists.iter().enumerate() {
        for path in list {
            let length = path.len() + 4;
            if bytes > 0 && bytes + length > MOST_WATCHED_BYTES {
                parts.push(mem::replace(&mut part, vec![Vec::new(); lists.len()]));
                bytes = 0;
            }
            bytes += length;
            part[kind].push(Arc::clone(path));
        }
    }
    if bytes > 0 {
        parts.push(part);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_in_one_part_and_no_part_is_too_large() {
        let path = |number: usize, length| Arc::from(format!("/{number}{}", "x".repeat(length)));
        let lists = [
            (0..3000).map(|number| path(number, 100)).collect(),
            vec![path(0, 200_000)],
            Vec::new(),
            (0..300).map(|number| path(number, 1000)).collect(),
            Vec::new(),
        ];
        let parts = parts(&lists);
        let bytes = |part: &Vec<Vec<Arc<str>>>| -> usize {
            part.iter().flatten().map(|path| path.len() + 4).sum()
        };
        // A single path above the limit gets its own request: the server has accepted it before.
        let large: Vec<usize> =
            parts.iter().map(bytes).filter(|bytes| *bytes > MOST_WATCHED_BYTES).collect();
        assert_eq!(large, [200_006]);
        for (kind, list) in lists.iter().enumerate() {
            let again: Vec<Arc<str>> =
                parts.iter().flat_map(|part| part[kind].iter().cloned()).collect();
            assert_eq!(again, *list);
        }
    }

    #[test]
    fn no_watches_are_no_request() {
        assert!(parts(&[Vec::new(), Vec::new(), Vec::new()]).is_empty());
    }
}
