//! What is written, and in which order.

#![allow(clippy::unwrap_used)]
use super::*;
use std::sync::mpsc;

/// A stream that passes every write to the test.
struct Recorder(mpsc::Sender<String>, &'static str);

impl Write for Recorder {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.0.send(format!("{}{text}", self.1)).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn screen(mode: Mode) -> (Screen, mpsc::Receiver<String>) {
    let (sender, receiver) = mpsc::channel();
    let stdout = Box::new(Recorder(sender.clone(), ""));
    let stderr = Box::new(Recorder(sender, "! "));
    (Screen::with(mode, stdout, stderr), receiver)
}

#[test]
fn plain_output_is_gathered_and_errors_come_after_it() {
    let (screen, written) = screen(Mode::Plain);
    screen.print(b"a\n");
    screen.print(b"b\n");
    assert!(written.try_recv().is_err());
    screen.error("wrong");
    assert_eq!(written.recv().unwrap(), "a\nb\n");
    assert_eq!(written.recv().unwrap(), "! wrong\n");
}

#[test]
fn events_stand_where_they_arrive() {
    let (screen, written) = screen(Mode::Plain);
    screen.print(b"a\n");
    screen.end();
    screen.event(b"event\n");
    screen.print(b"b\n");
    screen.flush();
    let mut all = written.recv().unwrap();
    all.extend(written.try_iter());
    assert_eq!(all, "a\nevent\nb\n");
}

#[test]
fn an_event_reaches_a_pipe_without_another_command() {
    let (screen, written) = screen(Mode::Plain);
    screen.event(b"event\n");
    assert_eq!(written.recv().unwrap(), "event\n");
    screen.notice("trouble");
    assert_eq!(written.recv().unwrap(), "! trouble\n");
}

#[test]
fn events_never_part_a_result() {
    let (screen, written) = screen(Mode::Plain);
    screen.print(b"first\n");
    screen.event(b"event\n");
    screen.print(b"second\n");
    screen.end();
    screen.flush();
    let mut all = written.recv().unwrap();
    all.extend(written.try_iter());
    assert_eq!(all, "first\nsecond\nevent\n");
}

#[test]
fn a_reader_that_leaves_is_told_by_kind() {
    let (screen, written) = screen(Mode::Plain);
    drop(written);
    screen.print(b"a\n");
    screen.flush();
    assert_eq!(screen.failure(), Some(io::ErrorKind::BrokenPipe));
}

/// A stream that blocks until the test releases it.
struct Stopped(mpsc::Receiver<()>);

impl Write for Stopped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn events_that_nobody_reads_are_counted_and_the_count_is_told() {
    let (screen, written) = screen(Mode::Plain);
    let stopped = screen.writer.streams();
    (0..2048).for_each(|_| screen.event(&[b'x'; 1024]));
    drop(stopped);
    let mut told = 0;
    let left_out = loop {
        let text = written.recv().unwrap();
        match text.strip_prefix("! Gap: ") {
            Some(line) => break line.split(' ').next().unwrap().parse::<usize>().unwrap(),
            None => told += text.len() / 1024,
        }
    };
    assert!(told >= 1000 && left_out >= 1000, "{told} {left_out}");
    assert_eq!(told + left_out, 2048);
}

#[test]
fn a_stopped_terminal_does_not_stop_events() {
    let (go, stopped) = mpsc::channel();
    let screen = Screen::with(Mode::Terminal, Box::new(Stopped(stopped)), Box::new(io::sink()));
    std::thread::scope(|scope| {
        scope.spawn(|| screen.print(b"held up\n"));
        for _ in 0..1000 {
            screen.event(b"event\n");
        }
        // The terminal continues only now: if an event waited for it, the test would hang before
        // this line.
        drop(go);
    });
}

#[test]
fn what_fits_is_printed_and_events_wait_for_the_terminal() {
    let screen = Screen::with(Mode::Terminal, Box::new(io::sink()), Box::new(io::sink()));
    screen.begin_pages(10, 5);
    screen.print(b"one\n");
    assert_eq!(screen.pages().as_ref().map(|pages| pages.left), Some(3));
    screen.end_pages();
    assert!(screen.pages().is_none());
    let guard = screen.give_terminal();
    screen.event(b"event\n");
    assert!(!screen.writer.queue().events.is_empty());
    drop(guard);
    assert!(screen.writer.queue().events.is_empty());
}

#[test]
fn ctrl_c_is_the_child_programs_also_for_those_who_hear_of_it_late() {
    let screen = Screen::with(Mode::Terminal, Box::new(io::sink()), Box::new(io::sink()));
    let typed = || screen.writer.ctrl_c.store(true, Ordering::SeqCst);
    assert!(!screen.take_ctrl_c());
    let guard = screen.give_terminal();
    typed();
    assert!(!screen.take_ctrl_c());
    drop(guard);
    assert!(!screen.take_ctrl_c());
    // A question leaves the terminal with the shell, so Ctrl-C counts.
    let guard = screen.hold_events();
    typed();
    drop(guard);
    assert!(screen.take_ctrl_c());
    assert!(!screen.take_ctrl_c());
}
