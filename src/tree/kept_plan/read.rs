//! Reads a kept plan twice: first completely, so that a faulty plan changes nothing, and then step
//! by step.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::brief::Brief;
use super::{End, EndLine, Header, VERSION};
use crate::error::{Error, Kind, Result};
use crate::tree::apply::Counts;
use crate::tree::snapshot::MAX_LINE_BYTES;
use crate::tree::step::Step;
use crate::zk::ZnodePath;

/// The maximum length of the first line, in bytes. This line tells whether a file is a plan.
const MAX_FIRST_LINE_BYTES: u64 = 64 << 10;

/// The maximum number of faults that are reported individually.
const MAX_NAMED_FAULTS: usize = 1000;

/// A plan that was read completely. Its size in memory grows with the number of steps, but not with
/// their data.
#[derive(Debug)]
pub struct KeptPlan {
    /// The first line.
    pub header: Header,
    /// The last line.
    pub end: End,
    /// The path of the top znode.
    pub top: ZnodePath,
    /// The number of steps by their effect.
    pub counts: Counts,
    /// The steps of each znode, in order.
    pub(super) briefs: HashMap<String, Vec<Brief>>,
    file: PathBuf,
}

/// Returns whether the first line of a file is the header of a plan.
pub fn is_plan(file: &Path) -> bool {
    #[derive(serde::Deserialize)]
    struct Peek {
        zksh: String,
    }

    let first = || -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        if std::fs::metadata(file)?.is_file() {
            BufReader::new(File::open(file)?.take(MAX_FIRST_LINE_BYTES))
                .read_until(b'\n', &mut line)?;
        }
        Ok(line)
    };
    let peek = |line: Vec<u8>| serde_json::from_slice::<Peek>(&line).ok();
    first().ok().and_then(peek).is_some_and(|peek| peek.zksh == "plan")
}

/// The lines of a file with their numbers. A line that is too long is an error.
struct Lines<R> {
    file: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        self.number += 1;
        let limit = MAX_LINE_BYTES as u64 + 1;
        self.file.by_ref().take(limit).read_until(b'\n', &mut line)?;
        if line.len() > MAX_LINE_BYTES {
            return Err(io::Error::other(format!("a line of more than {MAX_LINE_BYTES} bytes")));
        }
        Ok((!line.is_empty()).then_some(line))
    }
}

impl KeptPlan {
    /// Reads a plan completely. Refuses a step with more than `max_bytes` of data.
    ///
    /// # Errors
    /// If the plan is truncated or has other faults, which are the causes.
    pub fn open(file: &Path, max_bytes: u64) -> Result<Self> {
        let name = file.display().to_string();
        let system = |error: io::Error| Error::new(Kind::Refused, format!("{name}: {error}"));
        let mut lines =
            Lines { file: BufReader::new(File::open(file).map_err(system)?), number: 0 };
        let wrong = |number: u64, words: &str| {
            Error::new(Kind::Refused, format!("{name}:{number}: {words}"))
                .with_detail("nothing was changed")
        };
        let first = lines.next().map_err(system)?.unwrap_or_default();
        let header: Header =
            serde_json::from_slice(&first).map_err(|error| wrong(1, &error.to_string()))?;
        if header.version > VERSION {
            let version = header.version;
            let words = format!("version {version} of a plan; this zksh reads up to {VERSION}");
            return Err(wrong(1, &words));
        }
        let top = ZnodePath::new(header.top.clone())
            .map_err(|_| wrong(1, &format!("the top {} is not a path", header.top)))?;
        let end = End { steps: 0, zxid: 0 };
        let (counts, briefs, file) = (Counts::default(), HashMap::new(), file.to_owned());
        let mut plan = Self { header, end, top, counts, briefs, file };
        let (mut end, mut faults) = (None, Vec::new());
        loop {
            let line = match lines.next() {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(error) => {
                    faults.push(wrong(lines.number, &error.to_string()));
                    break;
                }
            };
            let fault = match (&end, serde_json::from_slice::<EndLine>(&line)) {
                (Some(_), _) => Some("there are lines after the end".to_owned()),
                (None, Ok(line)) => {
                    end = Some(line.end);
                    None
                }
                (None, Err(_)) => plan.take(&line, max_bytes).err(),
            };
            faults.extend(fault.map(|words| wrong(lines.number, &words)));
            if faults.len() >= MAX_NAMED_FAULTS {
                break;
            }
        }
        let steps = plan.counts.total();
        match end {
            _ if !faults.is_empty() => {}
            None => {
                faults.push(wrong(lines.number, "the plan was cut: the end line is missing"));
            }
            Some(end) if end.steps != steps => {
                let words = format!("the end counts {} steps, but there are {steps}", end.steps);
                faults.push(wrong(lines.number - 1, &words));
            }
            Some(end) => plan.end = end,
        }
        match faults.pop() {
            None => Ok(plan),
            Some(fault) if faults.is_empty() => Err(fault),
            Some(fault) => {
                faults.push(fault);
                let message = format!("{name} has {} faults; nothing was changed", faults.len());
                Err(Error::new(Kind::Refused, message).with_causes(faults))
            }
        }
    }

    /// Adds a step after checking it.
    fn take(&mut self, line: &[u8], max_bytes: u64) -> std::result::Result<(), String> {
        let step: Step = serde_json::from_slice(line).map_err(|error| {
            // serde sees only this line, so its line number is always 1 and only the column is
            // useful.
            error.to_string().replace(" at line 1 column", " at column")
        })?;
        let path = step.path();
        if !self.top.contains(path) {
            return Err(format!("{path} is outside {}", self.top));
        }
        let bytes = match &step {
            Step::Create { data, .. } | Step::SetData { data, .. } => data.bytes().len() as u64,
            Step::SetAcl { .. } | Step::Delete { .. } => 0,
        };
        if bytes > max_bytes {
            return Err(format!("{bytes} bytes of data; a znode may have {max_bytes}"));
        }
        let brief = Brief::of(&step);
        let known = self.briefs.entry(path.as_str().to_owned()).or_default();
        if known.iter().any(|known| !known.may_precede(brief)) {
            return Err(format!("{path} has such a step already"));
        }
        known.push(brief);
        self.counts.add(&step);
        Ok(())
    }

    /// Reads the steps from the file again, in order.
    ///
    /// # Errors
    /// If the file cannot be opened. An item is an error if its line is no longer a valid step.
    pub fn steps(&self) -> Result<impl Iterator<Item = Result<Step>> + use<>> {
        let name = self.file.display().to_string();
        let changed =
            move || Error::new(Kind::Refused, format!("{name} was changed while it was applied"));
        let file = File::open(&self.file).map_err(|_| changed())?;
        let mut lines = Lines { file: BufReader::new(file), number: 0 };
        let _ = lines.next().map_err(|_| changed())?;
        let mut left = self.end.steps;
        Ok(std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let line = lines.next().ok().flatten();
            let step = line.and_then(|line| serde_json::from_slice(&line).ok());
            if step.is_none() {
                left = 0;
            }
            Some(step.ok_or_else(&changed))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::kept_plan::PlanWriter;
    use crate::tree::{Acl, Data};

    const HEADER: &str = r#"{"zksh":"plan","version":1,"top":"/app"}"#;
    const CREATE: &str = r#"{"do":"create","path":"/app/a","data":null,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"kind":"persistent"}"#;
    const SET: &str = r#"{"do":"setData","path":"/app","data":{"text":"12"},"version":3}"#;
    const END: &str = r#"{"end":{"steps":2,"zxid":7}}"#;

    fn faults(lines: &[&str]) -> std::result::Result<Vec<Step>, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("f");
        std::fs::write(&file, lines.join("\n")).expect("written");
        let plan = KeptPlan::open(&file, 4).map_err(|error| {
            let mut all = vec![error.to_string()];
            all.extend(error.causes().iter().map(ToString::to_string));
            let all = all.join("|").replace(&file.display().to_string(), "f");
            all.replace("; nothing was changed", "")
        })?;
        Ok(plan.steps().expect("there").map(|step| step.expect("whole")).collect())
    }

    #[test]
    fn a_plan_with_faults_is_refused() {
        assert_eq!(faults(&[HEADER, SET, CREATE, END]).map(|steps| steps.len()), Ok(2));
        let wrong = |lines: &[&str]| faults(lines).expect_err("it has faults");
        assert_eq!(wrong(&[HEADER, SET, CREATE]), "f:4: the plan was cut: the end line is missing");
        let cut = &CREATE[..40];
        assert!(wrong(&[HEADER, SET, cut]).starts_with("f:3: EOF while parsing"));
        assert_eq!(wrong(&[HEADER, SET, END]), "f:3: the end counts 2 steps, but there are 1");
        assert_eq!(wrong(&[HEADER, SET, SET, END]), "f:3: /app has such a step already");
        assert_eq!(wrong(&[HEADER, SET, CREATE, END, SET]), "f:5: there are lines after the end");
        let outside = SET.replace("/app", "/other");
        assert_eq!(wrong(&[HEADER, &outside, CREATE, END]), "f:2: /other is outside /app");
        let large = SET.replace("12", "12345");
        assert_eq!(
            wrong(&[HEADER, &large, &outside, CREATE, END]),
            "f has 2 faults|f:2: 5 bytes of data; a znode may have 4|f:3: /other is outside /app"
        );
        let later = HEADER.replace(":1", ":2");
        assert_eq!(wrong(&[&later, END]), "f:1: version 2 of a plan; this zksh reads up to 1");
    }

    #[test]
    fn each_line_conforms_to_the_schema() {
        let schema = include_str!("../../../schema/plan.schema.json");
        let schema: serde_json::Value = serde_json::from_str(schema).expect("JSON");
        let schema = jsonschema::validator_for(&schema).expect("a schema");
        let path = ZnodePath::root().child("a");
        let data = Data::Bytes(vec![255]);
        let create =
            |kind| Step::Create { path: path.clone(), data: data.clone(), acl: Acl::open(), kind };
        let steps = [
            create(crate::tree::Kind::Ttl(5)),
            create(crate::tree::Kind::Container),
            Step::SetAcl { path: path.clone(), acl: Acl::open(), version: 0 },
            Step::Delete { path: path.clone(), version: -1 },
        ];
        let steps = steps.iter().map(|step| serde_json::to_string(step).expect("JSON"));
        for line in steps.chain([HEADER, CREATE, SET, END].map(str::to_owned)) {
            let line = serde_json::from_str(&line).expect("JSON");
            assert!(schema.is_valid(&line), "{line}");
        }
        for wrong in ["{}", r#"{"do":"delete","path":"/a"}"#, r#"{"do":"rm","path":"/a"}"#] {
            assert!(!schema.is_valid(&serde_json::from_str(wrong).expect("JSON")), "{wrong}");
        }
    }

    #[test]
    fn a_plan_gets_its_name_only_when_complete() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("p");
        let header: Header = serde_json::from_str(HEADER).expect("a header");
        let step: Step = serde_json::from_str(SET).expect("a step");
        drop(PlanWriter::new(&file, &header).expect("written"));
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
        let mut writer = PlanWriter::new(&file, &header).expect("written");
        writer.add(&step).expect("written");
        assert!(!file.exists());
        writer.finish(9).expect("written");
        assert!(is_plan(&file) && !is_plan(folder.path()));
        let plan = KeptPlan::open(&file, 4).expect("whole");
        assert_eq!((plan.header, plan.end), (header, End { steps: 1, zxid: 9 }));
    }
}
