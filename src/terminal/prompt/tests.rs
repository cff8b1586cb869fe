//! What the prompt shows, one drawing at a time.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::terminal::Mode;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, mpsc};

fn screen() -> Screen {
    Screen::with(Mode::Terminal, Box::new(io::sink()), Box::new(io::sink()))
}

fn draw(screen: &Screen, words: &str) -> String {
    screen.draw(words, true, str::to_owned)
}

fn key(screen: &Screen, words: &str) -> String {
    screen.key(false);
    draw(screen, words)
}

#[test]
fn a_burst_stands_under_one_left_over_prompt() {
    let screen = screen();
    screen.enter_prompt("> ".to_owned(), 80);
    assert_eq!(key(&screen, "> "), "> ");
    screen.event(b"one\n");
    screen.event(b"two\n");
    assert_eq!(key(&screen, "> "), "> \none\ntwo\n> ");
    screen.event(b"three\n");
    assert_eq!(key(&screen, "> "), "three\n> ");
    screen.leave_prompt();
    screen.enter_prompt("> ".to_owned(), 80);
    assert_eq!(key(&screen, "> "), "> ");
    screen.event(b"four\n");
    assert_eq!(key(&screen, "> "), "> \nfour\n> ");
}

#[test]
fn events_before_the_first_draw_leave_no_prompt() {
    let screen = screen();
    screen.enter_prompt("> ".to_owned(), 80);
    screen.event(b"early\n");
    assert_eq!(key(&screen, "> "), "early\n> ");
}

#[test]
fn a_prompt_that_changes_leaves_its_old_words_above_events() {
    let screen = screen();
    screen.enter_prompt("old> ".to_owned(), 80);
    key(&screen, "old> ");
    screen.event(b"gone\n");
    screen.enter_again(80);
    assert_eq!(key(&screen, "new> "), "old> \ngone\nnew> ");
}

#[test]
fn the_last_draw_leaves_events_to_the_time_after() {
    let screen = screen();
    screen.enter_prompt("> ".to_owned(), 80);
    key(&screen, "> ");
    screen.key(true);
    screen.event(b"late\n");
    assert_eq!(draw(&screen, "> "), "> ");
    // The line turned out to be incomplete, so the prompt continues.
    assert_eq!(key(&screen, "> "), "> \nlate\n> ");
}

#[test]
fn one_redraw_is_requested_for_a_burst_and_its_line_is_undone() {
    let screen = screen();
    screen.enter_prompt("> ".to_owned(), 80);
    let (requests, heard) = mpsc::channel();
    let redrawer = screen.redrawer();
    let thread = std::thread::spawn(move || {
        redrawer.run(|| requests.send(()).unwrap(), || {}, |_| {}, String::new);
    });
    key(&screen, "> ");
    screen.event(b"one\n");
    heard.recv().unwrap();
    screen.event(b"two\n");
    // A key is drawn first; the line feed of the request must be undone later.
    assert_eq!(key(&screen, "> "), "> \none\ntwo\n> ");
    assert_eq!(draw(&screen, "> "), "\x1b8> ");
    drop(screen);
    thread.join().unwrap();
    assert_eq!(heard.try_iter().count(), 0);
}

#[test]
fn the_editor_gives_up_when_other_words_are_wanted() {
    let screen = screen();
    screen.enter_prompt("old> ".to_owned(), 80);
    let (given_up, heard) = mpsc::channel();
    let redrawer = screen.redrawer();
    let thread = std::thread::spawn(move || {
        redrawer.run(|| {}, || given_up.send(()).unwrap(), |_| {}, || "new> ".to_owned());
    });
    key(&screen, "old> ");
    screen.refresh();
    heard.recv().unwrap();
    assert_eq!(screen.returned(), Returned::NewWords);
    screen.enter_again(80);
    assert_eq!(key(&screen, "new> "), "new> ");
    screen.end_prompt();
    heard.recv().unwrap();
    assert_eq!(screen.returned(), Returned::Ended);
    drop(screen);
    thread.join().unwrap();
}

#[test]
fn the_request_to_return_is_never_taken_for_ctrl_c() {
    let screen = screen();
    screen.enter_prompt("old> ".to_owned(), 80);
    let (asked, heard) = mpsc::channel();
    let redrawer = screen.redrawer();
    // The editor has failed, so that the signal reaches the handler that notes Ctrl-C.
    let note = Arc::clone(&screen.writer.ctrl_c);
    let ask_to_return = move || {
        note.store(true, Ordering::SeqCst);
        asked.send(()).unwrap();
    };
    let thread = std::thread::spawn(move || {
        redrawer.run(|| {}, ask_to_return, |_| {}, || "new> ".to_owned());
    });
    key(&screen, "old> ");
    screen.refresh();
    heard.recv().unwrap();
    assert!(!screen.take_ctrl_c());
    drop(screen);
    thread.join().unwrap();
}

#[test]
fn words_that_change_while_the_editor_starts_anew_are_not_lost() {
    let screen = screen();
    screen.enter_prompt("old> ".to_owned(), 80);
    let (tell, heard) = mpsc::channel();
    let words = Arc::new(Mutex::new("new> ".to_owned()));
    let (redrawer, now) = (screen.redrawer(), Arc::clone(&words));
    let wanted = move || now.lock().unwrap().clone();
    let thread =
        std::thread::spawn(move || redrawer.run(|| {}, || tell.send(()).unwrap(), |_| {}, wanted));
    key(&screen, "old> ");
    screen.refresh();
    heard.recv().unwrap();
    assert_eq!(screen.returned(), Returned::NewWords);
    *words.lock().unwrap() = "newest> ".to_owned();
    screen.refresh();
    while screen.writer.queue().prompt.wanted != Wanted::Words("newest> ".to_owned()) {
        std::thread::yield_now();
    }
    screen.enter_again(80);
    key(&screen, "new> ");
    heard.recv_timeout(std::time::Duration::from_mins(1)).unwrap();
    drop(screen);
    thread.join().unwrap();
}

#[test]
fn the_first_draw_leaves_a_request_unanswered() {
    let screen = screen();
    screen.writer.queue().prompt.redraw = Redraw::Requested;
    screen.enter_prompt("> ".to_owned(), 80);
    assert_eq!(draw(&screen, "> "), "> ");
    assert_eq!(draw(&screen, "> "), format!("{UNDO_REQUEST}> "));
}
