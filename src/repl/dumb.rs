//! The prompt at a terminal that cannot move its cursor, without editing, hints or colours.

use std::io::{BufRead, BufReader, Read};

use super::prompt_text::{Counters, PromptText};
use crate::command::Command;
use crate::dispatch::{Context, MultiLine, Outcome};
use crate::error::Result;
use crate::terminal::Screen;

/// The maximum length of a line, in bytes.
const LONGEST: u64 = 16 * 1024 * 1024;

type Lines = BufReader<Box<dyn Read + Send>>;

/// Reads and runs lines until the input ends. Returns the exit status.
pub(super) async fn run(
    cx: &Context,
    screen: &Screen,
    prompt_text: PromptText,
    input: Box<dyn Read + Send>,
) -> Result<u8> {
    let mut lines = BufReader::new(input);
    loop {
        prompt_text.set_counters(Counters {
            queued: cx.transaction.queued(),
            number: cx.history.next_number(),
        });
        let mut text = String::new();
        let mut prompt = prompt_text.text();
        let parsed = loop {
            screen.prompt_plainly(&prompt);
            let row;
            (lines, row) = read_row(lines).await;
            screen.end_plain_prompt();
            let Some(row) = row else { return Ok(0) };
            text.push_str(&row);
            let parsed = MultiLine::parse::<Command>(&text, cx.view.dialect);
            match &parsed.open {
                Some(open) => prompt = open.prompt(),
                None => break parsed,
            }
            text.push('\n');
        };
        for line in &parsed.lines {
            let outcome = match cx.read::<Command>(line) {
                Ok(Some(invocation)) => cx.run(&invocation).await,
                Ok(None) => continue,
                Err(error) => Err(error),
            };
            match outcome {
                Ok(Outcome { text, quit, failure, data_hint }) => {
                    screen.print(&text);
                    screen.end();
                    screen.flush();
                    if let Some(hint) = data_hint {
                        cx.show_data_hint(screen, None, &hint);
                    }
                    if let Some(error) = failure {
                        cx.report_error(screen, &error);
                    }
                    if quit {
                        return Ok(0);
                    }
                }
                Err(error) => cx.report_error(screen, &error),
            }
            if screen.failure().is_some() {
                return Ok(0);
            }
        }
    }
}

/// Reads a row on a thread that may block. Returns `None` at the end of the input.
async fn read_row(mut lines: Lines) -> (Lines, Option<String>) {
    let read = tokio::task::spawn_blocking(move || {
        let mut row = Vec::new();
        let count = (&mut lines).take(LONGEST).read_until(b'\n', &mut row).unwrap_or(0);
        while row.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            row.pop();
        }
        let row = (count > 0).then(|| String::from_utf8_lossy(&row).into_owned());
        (lines, row)
    });
    match read.await {
        Ok(read) => read,
        Err(_) => (BufReader::new(Box::new(std::io::empty()) as Box<dyn Read + Send>), None),
    }
}
