//! `json`: reads or changes JSON data with a jq expression.

use std::sync::Arc;

use crate::dispatch::{Context, Effects, Sends, Spec, Task, Write};
use crate::error::{Code, Error, Kind, Result};
use crate::output::{Report, Text};
use crate::tree::jq::{text_assigns, with_expression};
use crate::zk::{Stat, TypedPath, ZnodePath};

/// The maximum number of attempts to change a znode that others write at the same time. Of many
/// writers at least one succeeds in each round.
const MAX_TRIES: u32 = 1000;

/// Read JSON data with a jq expression, or change it
#[derive(Debug, clap::Args)]
#[command(override_usage = "json [-w] path expression", after_long_help = EXAMPLE)]
pub struct Json {
    /// Write the result of an expression that assigns nothing
    #[arg(short, long)]
    write: bool,
    /// Znode whose data is JSON
    #[arg(value_name = "path")]
    path: TypedPath,
    /// A jq expression: .workers, .names[0], .workers = 12, del(.names)
    #[arg(value_name = "expression", allow_hyphen_values = true)]
    expression: String,
}

const EXAMPLE: &str = "\
A change is written only if the znode still has the version that was read. If another client has written
meanwhile, json repeats the change on the new data, so that no change is lost. The order of keys and the
digits of numbers stay.

Example:
> create /app '{\"workers\": 3}'
Created /app
> json /app .workers
3
> json /app '.workers += 9'
> json /app .workers
12";

impl Json {
    /// Returns whether the expression is meant to change the data.
    fn writes(&self) -> bool {
        self.write || text_assigns(&self.expression)
    }

    async fn change(&self, cx: &Context, path: &ZnodePath) -> Result<Stat> {
        for _ in 0..MAX_TRIES {
            let (data, stat) = cx.session.get_data(path, false).await?;
            let data = Arc::new(data);
            let (text, old) = (self.expression.clone(), Arc::clone(&data));
            let new = on_own_thread(move || {
                with_expression(&text, |expression| expression.change(old.as_bytes()))
            })
            .await?;
            if new == data.as_bytes() {
                return Ok(stat);
            }
            match cx.session.set_data(path, &new, Some(stat.version)).await {
                Err(error) if error.code_of() == Some(Code::BadVersion) => {}
                written => return written,
            }
        }
        let message =
            format!("Nothing was written: {path} changed during each of {MAX_TRIES} attempts");
        Err(Error::new(Kind::Refused, message))
    }
}

impl Spec for Json {
    const NAME: &'static str = "json";
    const TASK: Task = Task::Change;
    type Report = Values;

    fn effects(&self) -> Effects {
        if self.writes() {
            Effects::writes(Write::Data).long(true)
        } else {
            Effects::READS.long(true)
        }
    }

    fn sends(&self) -> Sends {
        if self.writes() {
            return Sends::each(&["getData", "setData"]);
        }
        Sends::each(&["getData"])
    }

    async fn run(&self, cx: &Context) -> Result<Values> {
        let path = cx.path(&self.path)?;
        let assigns = with_expression(&self.expression, |expression| Ok(expression.assigns()))?;
        if !self.write && !assigns {
            let (data, _) = cx.session.get_data(&path, false).await?;
            let text = self.expression.clone();
            let read = move || with_expression(&text, |compiled| compiled.read(data.as_bytes()));
            let values = on_own_thread(read).await?;
            return Ok(Values { values: parsed(&values), stat: None });
        }
        let stat = self.change(cx, &path).await?;
        Ok(Values { values: Vec::new(), stat: Some(stat) })
    }
}

/// Runs work that may take long on a thread of its own, so that the command can be interrupted.
async fn on_own_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(Error::new(Kind::Bug, "The jq expression could not be run")),
    }
}

fn parsed(values: &[Vec<u8>]) -> Vec<Value> {
    values.iter().map(|value| Value(String::from_utf8_lossy(value).into_owned())).collect()
}

/// JSON in its original form.
#[derive(Debug)]
struct Value(String);

impl serde::Serialize for Value {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        match serde_json::from_str::<serde_json::Value>(&self.0) {
            Ok(value) => value.serialize(serializer),
            Err(_) => serializer.serialize_str(&self.0),
        }
    }
}

/// The results of an expression, or the stat after a write.
#[derive(Debug, serde::Serialize)]
pub struct Values {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stat: Option<Stat>,
}

impl Report for Values {
    fn text(&self, out: &mut Text<'_>) {
        for value in &self.values {
            out.data(value.0.as_bytes());
            out.line("");
        }
    }
}
