//! A saved tree that can be read only once, such as a pipe.

use std::io::BufRead;

use super::{Source, common_top, in_memory, too_long};
use crate::error::{Error, Result};
use crate::tree::snapshot::{Located, Ordered, TreeFile};
use crate::zk::ZnodePath;

/// Opens a saved tree that can be read only once. Returns the tree, with its paths moved to
/// `target`, which is by default the path that was saved. Errors contain `name`.
///
/// A tree with a header is used while it is read: its first error becomes the last failure of the
/// source, with `detail`. One without a header, which may be in any order, and one of another tool
/// are held in memory and checked here.
pub fn open_input(
    input: impl BufRead + Send + 'static,
    (name, detail): (&str, &'static str),
    target: Option<ZnodePath>,
    max_bytes: u64,
) -> Result<(Source, ZnodePath)> {
    let tree = TreeFile::open(input, name)?;
    let Some(header) = &tree.header else {
        let all = tree.records.collect::<Result<Vec<Located>>>()?;
        let top = common_top(all.iter().map(|located| located.record.path.clone()), name)?;
        let target = target.unwrap_or_else(|| top.clone());
        let saved = in_memory(all, name, top, target.clone(), max_bytes)?;
        return Ok((Source::file(saved.records), target));
    };
    let top = ZnodePath::new(header.top.clone())?;
    let target = target.unwrap_or_else(|| top.clone());
    let name = name.to_owned();
    let ordered = Ordered::new(tree.records, &name, top, target.clone());
    let checked = ordered.map(move |located| {
        let located: Result<Located> = located
            .and_then(|located| too_long(&located, &name, max_bytes).map_or(Ok(located), Err));
        located.map_err(|error: Error| error.with_detail(detail))
    });
    Ok((Source::unchecked(checked), target))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::record::path;

    const HEADER: &str = "{\"zksh\":\"tree\",\"version\":1,\"top\":\"/a\"}\n";

    /// Returns the paths, and then the failures.
    fn read(text: &str, target: Option<&str>) -> std::result::Result<Vec<String>, String> {
        let input = std::io::Cursor::new(text.to_owned().into_bytes());
        let opened = open_input(input, ("stdin", "stopped"), target.map(path), 4);
        let (mut source, _) = opened.map_err(|error| error.to_string())?;
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let mut seen = Vec::new();
        while let Some(located) = runtime.block_on(source.next()).map_err(|e| e.to_string())? {
            seen.push(located.record.path.to_string());
        }
        seen.extend(source.take_failures().iter().map(ToString::to_string));
        Ok(seen)
    }

    #[test]
    fn a_tree_is_used_up_to_its_first_error() {
        let whole = format!("{HEADER}{{\"path\":\"/a\"}}\n{{\"path\":\"/a/b\"}}\n");
        let end = "{\"end\":{\"znodes\":2}}\n";
        let paths = |more: &[&str]| {
            let more = more.iter().map(ToString::to_string);
            Ok(["/x".to_owned(), "/x/b".to_owned()].into_iter().chain(more).collect::<Vec<_>>())
        };
        assert_eq!(read(&format!("{whole}{end}"), Some("/x")), paths(&[]));
        for (more, error) in [
            ("", "stdin:4: the file was cut: the end line is missing; stopped"),
            ("{\"path\":\"/b\"}\n", "stdin:4: /b is outside /a; stopped"),
            ("{\"path\":\"/a\"}\n", "stdin:4: /a is out of order; stopped"),
            (
                "{\"path\":\"/a/c\",\"data\":{\"text\":\"12345\"}}\n",
                "stdin:4: 5 bytes of data; a znode may have 4; stopped",
            ),
        ] {
            assert_eq!(read(&format!("{whole}{more}"), Some("/x")), paths(&[error]));
        }
    }

    #[test]
    fn a_tree_without_a_header_is_checked_first() {
        let lines = "{\"path\":\"/a/c\"}\n{\"path\":\"/a/b\"}\n";
        let found = ["/a", "/a/b", "/a/c"].map(str::to_owned).to_vec();
        assert_eq!(read(lines, None), Ok(found));
        let twice = format!("{lines}{{\"path\":\"/a/c\"}}\n");
        let error = "stdin:3: /a/c is on line 1 already; nothing was changed";
        assert_eq!(read(&twice, None), Err(error.to_owned()));
        assert!(read("", None).is_err_and(|error| error.contains("empty")));
    }
}
