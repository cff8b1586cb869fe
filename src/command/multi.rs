//! `multi`, `check`, `commit` and `discard`: several operations as one transaction.

use crate::dispatch::{Context, Effects, Sends, Spec, Task, Transaction, Write};
use crate::error::{Error, Result};
use crate::output::{Message, NoOutput, Report, Text};
use crate::session::{OpResult, Operation};
use crate::zk::{Stat, TypedPath};

/// Begin a transaction, which commit applies
#[derive(Debug, clap::Args)]
#[command(override_usage = "multi", after_long_help = EXAMPLE)]
pub struct Multi {}

const EXAMPLE: &str = "\
After multi, the lines create, set, delete and check wait until commit sends them in one request;
discard drops them. Other commands run at once, on the tree before the transaction. At a prompt,
another multi lists what waits. If a line is wrong, commit sends nothing.

Needs ZooKeeper 3.5 or later.

Example:
> create /lake deep
Created /lake
> multi
> check /lake 0
> set /lake deeper
> create /lake/reed
> commit
Checked /lake
Set /lake
Created /lake/reed";

impl Spec for Multi {
    const NAME: &'static str = "multi";
    const TASK: Task = Task::Transaction;
    type Report = Box<dyn Report>;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, cx: &Context) -> Result<Box<dyn Report>> {
        let mut transaction = cx.transaction.lock();
        if let Some(open) = transaction.as_ref().filter(|_| cx.terminal.is_some()) {
            return Ok(Box::new(Message(open.listed())));
        }
        if transaction.is_some() {
            return Err(Transaction::refused("A transaction is already open")
                .with_hint("commit applies it, discard drops it"));
        }
        *transaction = Some(Transaction::default());
        Ok(Box::new(NoOutput {}))
    }
}

/// Make a transaction depend on a znode and its version
#[derive(Debug, clap::Args)]
#[command(override_usage = "check path [version]", after_long_help = CHECK_EXAMPLE)]
pub struct Check {
    /// Znode that must exist
    #[arg(value_name = "path")]
    path: TypedPath,
    /// Version that its data must have
    #[arg(value_name = "version", allow_negative_numbers = true)]
    version: Option<i32>,
}

const CHECK_EXAMPLE: &str = "\
Use it between multi and commit.

Needs ZooKeeper 3.5 or later.

Example:
> multi
> check /
> create /lake
> commit
Checked /
Created /lake";

impl Check {
    fn as_operation(&self, cx: &Context) -> Result<Operation> {
        Ok(Operation::Check { path: cx.path(&self.path)?, version: self.version })
    }
}

impl Spec for Check {
    const NAME: &'static str = "check";
    const TASK: Task = Task::Transaction;
    type Report = NoOutput;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, _: &Context) -> Result<NoOutput> {
        Err(Transaction::none())
    }

    async fn operation(&self, cx: &Context) -> Option<Result<Operation>> {
        Some(self.as_operation(cx))
    }
}

/// Drop a transaction; nothing is sent
#[derive(Debug, clap::Args)]
#[command(override_usage = "discard", after_long_help = DISCARD_EXAMPLE)]
pub struct Discard {}

const DISCARD_EXAMPLE: &str = "\
Example:
> multi
> create /lake
> discard
> exists /";

impl Spec for Discard {
    const NAME: &'static str = "discard";
    const TASK: Task = Task::Transaction;
    type Report = NoOutput;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, cx: &Context) -> Result<NoOutput> {
        cx.transaction.lock().take().map(|_| NoOutput {}).ok_or_else(Transaction::none)
    }
}

/// Apply a transaction: all of it, or nothing
#[derive(Debug, clap::Args)]
#[command(override_usage = "commit", after_long_help = COMMIT_EXAMPLE)]
pub struct Commit {}

const COMMIT_EXAMPLE: &str = "\
commit prints a line for each operation. If it fails, the message names the operation that was
refused, and nothing has changed.

Needs ZooKeeper 3.5 or later.

Example:
> multi
> create /lake
> create /lake/reed
> commit
Created /lake
Created /lake/reed";

impl Spec for Commit {
    const NAME: &'static str = "commit";
    const TASK: Task = Task::Transaction;
    type Report = Committed;

    fn effects(&self) -> Effects {
        Effects::writes(Write::Several)
    }

    fn sends(&self) -> Sends {
        Sends::each(&["multi"])
    }

    async fn run(&self, cx: &Context) -> Result<Committed> {
        let Transaction { operations, spoiled, .. } =
            cx.transaction.lock().take().ok_or_else(Transaction::none)?;
        if let Some(why) = spoiled {
            return Err(Transaction::refused(&format!("Nothing was sent: {why}")));
        }
        let result = if operations.is_empty() {
            Ok(Vec::new())
        } else {
            cx.session.transact(&operations).await?
        };
        Ok(Committed::new(&operations, result))
    }
}

/// The result of a transaction.
#[derive(Debug, serde::Serialize)]
pub struct Committed {
    applied: bool,
    /// The reason if it was not applied.
    message: Option<String>,
    operations: Vec<Step>,
    #[serde(skip)]
    failure: Option<Error>,
}

/// The result of an operation.
#[derive(Debug, serde::Serialize)]
struct Step {
    operation: &'static str,
    path: String,
    /// `applied`, `undone`, `refused`, or `not tried`.
    outcome: &'static str,
    stat: Option<Stat>,
}

impl Committed {
    fn new(operations: &[Operation], result: crate::session::MultiResult) -> Self {
        let step = |operation: &Operation, outcome| Step {
            operation: operation.name(),
            path: operation.path().to_owned(),
            outcome,
            stat: None,
        };
        match result {
            Ok(applied) => {
                let steps = operations.iter().zip(applied).map(|(operation, applied)| {
                    let step = step(operation, "applied");
                    match applied {
                        OpResult::Created(path) => Step { path, ..step },
                        OpResult::Set(stat) => Step { stat: Some(stat), ..step },
                        OpResult::Checked | OpResult::Deleted => step,
                    }
                });
                Self { applied: true, message: None, operations: steps.collect(), failure: None }
            }
            Err((failed, error)) => {
                let steps = operations.iter().enumerate().map(|(index, operation)| {
                    step(
                        operation,
                        match index.cmp(&failed) {
                            std::cmp::Ordering::Less => "undone",
                            std::cmp::Ordering::Equal => "refused",
                            std::cmp::Ordering::Greater => "not tried",
                        },
                    )
                });
                let which = operations.get(failed).map_or("", Operation::name);
                let error = error.with_detail(format!(
                    "nothing was applied: {which} is operation {} of {}",
                    failed + 1,
                    operations.len()
                ));
                Self {
                    applied: false,
                    message: Some(error.to_string()),
                    operations: steps.collect(),
                    failure: Some(error),
                }
            }
        }
    }
}

impl Report for Committed {
    fn text(&self, out: &mut Text<'_>) {
        for step in self.operations.iter().filter(|_| self.applied) {
            out.own(match step.operation {
                "check" => "Checked ",
                "create" => "Created ",
                "set" => "Set ",
                _ => "Deleted ",
            });
            out.foreign(&step.path);
            out.line("");
        }
    }

    fn failure(&self) -> Option<Error> {
        self.failure.clone()
    }
}
