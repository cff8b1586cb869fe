//! What the prompt shows, drawing by drawing.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::terminal::Mode;
use std::io;
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
    screen.enter_prompt("> ".to_owned());
    assert_eq!(key(&screen, "> "), "> ");
    screen.event(b"one\n");
    screen.event(b"two\n");
    assert_eq!(key(&screen, "> "), "> \none\ntwo\n> ");
    screen.event(b"three\n");
    assert_eq!(key(&screen, "> "), "three\n> ");
    screen.leave_prompt();
    screen.enter_prompt("> ".to_owned());
    assert_eq!(key(&screen, "> "), "> ");
    screen.event(b"four\n");
    assert_eq!(key(&screen, "> "), "> \nfour\n> ");
}

#[test]
fn events_before_the_first_draw_leave_no_prompt() {
    let screen = screen();
    screen.enter_prompt("> ".to_owned());
    screen.event(b"early\n");
    assert_eq!(key(&screen, "> "), "early\n> ");
}

#[test]
fn a_prompt_that_changes_leaves_its_old_words_above_events() {
    let screen = screen();
    screen.enter_prompt("old> ".to_owned());
    key(&screen, "old> ");
    screen.event(b"gone\n");
    screen.enter_again("new> ".to_owned());
    assert_eq!(key(&screen, "new> "), "old> \ngone\nnew> ");
}

#[test]
fn the_last_draw_leaves_events_to_the_time_after() {
    let screen = screen();
    screen.enter_prompt("> ".to_owned());
    key(&screen, "> ");
    screen.key(true);
    screen.event(b"late\n");
    assert_eq!(draw(&screen, "> "), "> ");
    // The line turned out to be unfinished: the prompt goes on.
    assert_eq!(key(&screen, "> "), "> \nlate\n> ");
}

#[test]
fn the_bell_rings_once_for_a_burst_and_its_line_is_undone() {
    let screen = screen();
    screen.enter_prompt("> ".to_owned());
    let (rings, heard) = mpsc::channel();
    let bell = screen.bell();
    let thread =
        std::thread::spawn(move || bell.serve(|| rings.send(()).unwrap(), || {}, String::new));
    key(&screen, "> ");
    screen.event(b"one\n");
    heard.recv().unwrap();
    screen.event(b"two\n");
    // A key comes first: the bell's own line is still to be undone.
    assert_eq!(key(&screen, "> "), "> \none\ntwo\n> ");
    assert_eq!(draw(&screen, "> "), "\x1b8> ");
    drop(screen);
    thread.join().unwrap();
    assert_eq!(heard.try_iter().count(), 0);
}

#[test]
fn the_editor_gives_up_when_other_words_are_wanted() {
    let screen = screen();
    screen.enter_prompt("old> ".to_owned());
    let (given_up, heard) = mpsc::channel();
    let bell = screen.bell();
    let thread = std::thread::spawn(move || {
        bell.serve(|| {}, || given_up.send(()).unwrap(), || "new> ".to_owned());
    });
    key(&screen, "old> ");
    screen.refresh();
    heard.recv().unwrap();
    assert_eq!(screen.returned(), Returned::Again);
    screen.enter_again("new> ".to_owned());
    assert_eq!(key(&screen, "new> "), "new> ");
    screen.end_prompt();
    heard.recv().unwrap();
    assert_eq!(screen.returned(), Returned::Ended);
    drop(screen);
    thread.join().unwrap();
}

#[test]
fn words_that_change_while_the_editor_starts_anew_are_not_lost() {
    let screen = screen();
    screen.enter_prompt("old> ".to_owned());
    let (tell, heard) = mpsc::channel();
    let words = Arc::new(Mutex::new("new> ".to_owned()));
    let (bell, now) = (screen.bell(), Arc::clone(&words));
    let wanted = move || now.lock().unwrap().clone();
    let thread = std::thread::spawn(move || bell.serve(|| {}, || tell.send(()).unwrap(), wanted));
    key(&screen, "old> ");
    screen.refresh();
    heard.recv().unwrap();
    assert_eq!(screen.returned(), Returned::Again);
    *words.lock().unwrap() = "newest> ".to_owned();
    screen.refresh();
    while screen.0.desk().prompt.wanted != "newest> " {
        std::thread::yield_now();
    }
    screen.enter_again("new> ".to_owned());
    key(&screen, "new> ");
    heard.recv_timeout(std::time::Duration::from_mins(1)).unwrap();
    drop(screen);
    thread.join().unwrap();
}

#[test]
fn no_bell_rings_for_an_editor_that_is_leaving() {
    let mut prompt = Prompt { stage: Stage::Waiting, ..Prompt::default() };
    assert!(prompt.needs_bell(b"event"));
    prompt.asked = true;
    assert!(!prompt.needs_bell(b"event"));
}

#[test]
fn the_first_draw_leaves_a_bell_unanswered() {
    let screen = screen();
    screen.0.desk().prompt.rung = true;
    screen.enter_prompt("> ".to_owned());
    assert_eq!(draw(&screen, "> "), "> ");
    assert_eq!(draw(&screen, "> "), format!("{UNDO_BELL}> "));
}

#[test]
fn a_search_is_not_interrupted_by_new_words() {
    let mut prompt = Prompt { stage: Stage::Waiting, ..Prompt::default() };
    prompt.wanted = "new> ".to_owned();
    assert!(prompt.is_over());
    prompt.foreign = true;
    assert!(!prompt.is_over());
}
