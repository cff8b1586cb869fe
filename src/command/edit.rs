//! `edit`: changes a znode's data in the user's own editor.

mod changes;

use std::io;
use std::process::ExitStatus;

use self::changes::Changes;
use crate::dispatch::{Context, Effects, Sends, Spec, Task, Write, check_json};
use crate::error::{Code, Error, Kind, Result};
use crate::output::Message;
use crate::output::pretty::Kind as DataKind;
use crate::terminal::Screen;
use crate::terminal::draft::{Draft, editor, editor_arguments};
use crate::zk::{Stat, TypedPath, ZnodePath};

/// Edit the data of a znode with $VISUAL or $EDITOR
#[derive(Debug, clap::Args)]
#[command(override_usage = "edit [--json] path", after_long_help = EXAMPLE)]
pub struct Edit {
    /// Write nothing unless the text is JSON
    #[arg(long)]
    json: bool,
    /// Znode whose data is to be edited
    #[arg(value_name = "path")]
    path: TypedPath,
}

const EXAMPLE: &str = "\
At a prompt, and as one command from the system's shell:
    [zk: localhost:2181(CONNECTED) 0] edit /lake
    Written, version 1
    $ zksh -server zk1 edit /lake

edit writes the data back only if nobody else has changed it. Otherwise it shows both versions and keeps
your text in its file. With --json it writes only JSON. It removes a newline that the editor adds at the end.

Example, not at a terminal:
> create /lake deep
Created /lake
> edit /lake
! edit needs a terminal";

impl Spec for Edit {
    const NAME: &'static str = "edit";
    const TASK: Task = Task::Change;
    const SEARCH_TERMS: &'static [(&'static str, &'static str)] =
        &[("vi", "edit"), ("vim", "edit"), ("nano", "edit")];
    type Report = Message;

    fn effects(&self) -> Effects {
        Effects::writes(Write::Several)
    }

    fn sends(&self) -> Sends {
        Sends::each(&["getData", "setData"])
    }

    async fn run(&self, cx: &Context) -> Result<Message> {
        let path = cx.path(&self.path)?;
        let Some(terminal) = &cx.terminal else {
            return Err(Error::new(Kind::Refused, "edit needs a terminal")
                .with_hint(format!("set {path} writes data")));
        };
        let (data, stat) = cx.session.get_data(&path, false).await?;
        let text = String::from_utf8(data.into_vec()).map_err(|error| {
            let what = match DataKind::of(error.as_bytes()) {
                DataKind::Binary(what) => what,
                _ => "binary",
            };
            Error::new(Kind::Refused, format!("The data of {path} is not text: {what}"))
                .with_hint(format!("get --pretty {path} shows it"))
        })?;
        let draft = Draft::new(path.name(), &text).map_err(|error| {
            Error::new(Kind::Refused, format!("Cannot make a file to edit: {error}"))
        })?;
        edit(terminal, &draft).await?;
        let edited = draft.read(&text).map_err(|error| {
            draft.remove_empty();
            let place = draft.place();
            Error::new(Kind::Refused, format!("Nothing was written: {place}: {error}"))
        })?;
        if edited == text {
            draft.remove();
            return Ok(Message("Nothing has changed".to_owned()));
        }
        if self.json {
            let place = draft.place();
            let kept = format!("nothing was written; your text is in {place}");
            check_json(edited.as_bytes()).map_err(|error| error.with_detail(kept))?;
        }
        match write(cx, &path, &edited, &stat).await {
            Ok(stat) => {
                draft.remove();
                Ok(Message(format!("Saved as version {}", stat.version)))
            }
            Err(error) if error.code_of() == Some(Code::BadVersion) => {
                Err(conflict(cx, &path, &edited, &stat, &draft).await)
            }
            Err(error) => Err(error.with_detail(format!("your text is in {}", draft.place()))),
        }
    }
}

/// Writes the text, but only to the same znode that was read.
async fn write(cx: &Context, path: &ZnodePath, text: &str, read: &Stat) -> Result<Stat> {
    // A znode that was deleted and created again may have the same version.
    match cx.session.exists(path, false).await? {
        Some(now) if now.czxid != read.czxid => Err(Error::code(Code::BadVersion, path.as_str())),
        _ => cx.session.set_data(path, text.as_bytes(), Some(read.version)).await,
    }
}

/// Returns an error that shows the current data beside the text that was not written.
async fn conflict(cx: &Context, path: &ZnodePath, mine: &str, read: &Stat, draft: &Draft) -> Error {
    let message = format!("Not written: {path} has changed since it was read");
    let place = draft.place();
    let error = Error::new(Kind::Refused, message)
        .with_detail(format!("your text is in {place}"))
        .with_hint(format!("edit {path} starts from the current data"));
    let (theirs, now) = match cx.session.get_data(path, false).await {
        Ok((data, stat)) => (String::from_utf8_lossy(data.as_bytes()).into_owned(), stat),
        Err(more) => return error.with_detail(format!("{more}; your text is in {place}")),
    };
    let versions = (now.version, read.version);
    match cx.show(&Changes::new(path, &theirs, mine, versions)) {
        Ok(()) => error,
        Err(unshown) => unshown.with_detail(format!("your text is in {place}")),
    }
}

/// Runs the editor. Returns an error if the editor fails.
async fn edit(terminal: &Screen, draft: &Draft) -> Result<()> {
    let editor = editor();
    let status = run(terminal, &editor, draft).await;
    let why = match status {
        Ok(status) if status.success() => return Ok(()),
        // 127 is the status of `sh` for a command that does not exist.
        Ok(status) if status.code() == Some(127) => "it is not found".to_owned(),
        Ok(status) if status.code() > Some(128) => "a signal stopped it".to_owned(),
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    let error = Error::new(Kind::Refused, format!("Nothing was written: {editor}: {why}"))
        .with_hint("VISUAL or EDITOR names the editor");
    if draft.is_untouched() {
        draft.remove();
        return Err(error);
    }
    Err(error.with_detail(format!("your text is in {}", draft.place())))
}

async fn run(terminal: &Screen, editor: &str, draft: &Draft) -> io::Result<ExitStatus> {
    let _guard = terminal.give_terminal();
    let arguments = editor_arguments(editor, draft.file());
    tokio::process::Command::new("sh").args(arguments).status().await
}
