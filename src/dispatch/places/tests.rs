//! Tests with commands that exist only here.

#![allow(clippy::unwrap_used)]
use super::super::arguments::FreeWord;
use super::*;
use clap::Args;

#[derive(Args)]
struct Write {
    #[arg(short, long)]
    stat: bool,
    #[arg(short = 'v', long)]
    version: Option<i32>,
    #[arg(short, long)]
    input: Option<String>,
    #[arg(long)]
    add: bool,
    path: String,
    data: Data,
    #[arg(allow_negative_numbers = true)]
    last: Option<i32>,
}

#[derive(Args)]
struct Make {
    #[arg(short, long)]
    ephemeral: bool,
    path: String,
    data: Option<Data>,
    acl: Option<String>,
}

#[derive(Args)]
struct Say {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<FreeWord>,
}

#[derive(Args)]
struct Run {
    #[arg(short, long)]
    interval: Option<f64>,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<WrappedWord>,
}

fn ordered(line: &str, dialect: Dialect) -> String {
    let tree = Command::new("test")
        .subcommand(Write::augment_args(Command::new("write")))
        .subcommand(Make::augment_args(Command::new("make")))
        .subcommand(Say::augment_args(Command::new("say")))
        .subcommand(Run::augment_args(Command::new("run")));
    let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
    let words = for_clap(&tree, &Words::from(words), dialect);
    words.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[test]
fn data_is_an_option_only_if_the_whole_word_is_one_and_data_follows() {
    for (typed, read) in [
        ("write /a x", "write -- /a x"),
        ("write -s /a x -v 3", "write -s -v 3 -- /a x"),
        ("write /a -s x", "write -s -- /a x"),
        ("write /a -sv 3 x", "write -sv 3 -- /a x"),
        ("write /a -s", "write -- /a -s"),
        ("write /a -s -v 3", "write -v 3 -- /a -s"),
        ("write /a -v 3", "write -- /a -v 3"),
        ("write /a -Xmx4g", "write -- /a -Xmx4g"),
        ("write /a -sx y", "write -- /a -sx y"),
        ("write /a -h", "write -- /a -h"),
        ("write /a -h -s", "write -s -- /a -h"),
        ("write /a --help x", "write -- /a --help x"),
        ("write -h", "write -h"),
        ("write -h /a", "write -h -- /a"),
        ("write /a -5 -6", "write -- /a -5 -6"),
        ("write /a --stat=x", "write -- /a --stat=x"),
        ("write /a --version=3 x", "write --version=3 -- /a x"),
        ("write /a -add x", "write --add -- /a x"),
        ("write /a --", "write -- /a --"),
        ("write /a -- -s", "write -- /a -s"),
        ("write /a -- --", "write -- /a --"),
        ("write -- -a -s", "write -- -a -s"),
        // The data comes from an option.
        ("write /a -i f", "write -i f -- /a "),
        ("write /a 3 -i f", "write -i f -- /a  3"),
        ("write -if /a", "write -if -- /a "),
        ("write /a -i", "write -- /a -i"),
        ("write /a -- -i f", "write -- /a -i f"),
        ("say -h --x y", "say -- -h --x y"),
        ("say -- -h", "say -- -h"),
        ("say --", "say -- --"),
        ("say", "say"),
        ("run -i 5 write /a -s", "run -i 5 write -- /a -s"),
        ("run run write -s /a -i f", "run run write -s -i f -- /a "),
        ("run nosuch -x --add", "run nosuch -x --add"),
    ] {
        assert_eq!(ordered(typed, Dialect::V34), read, "{typed}");
        // Parsing the reordered words gives the same order.
        assert_eq!(ordered(read, Dialect::V34), read, "{typed}");
    }
}

#[test]
fn zkcli_3_9_takes_options_where_no_data_need_follow() {
    assert_eq!(ordered("make /a -e", Dialect::V34), "make -- /a -e");
    assert_eq!(ordered("make /a -e", Dialect::V39), "make -e -- /a");
    assert_eq!(ordered("make /a -x", Dialect::V39), "make -- /a -x");
    assert_eq!(ordered("write /a -s", Dialect::V39), "write -- /a -s");
}

#[test]
fn a_block_of_data_is_never_an_option() {
    let tree = Command::new("test").subcommand(Write::augment_args(Command::new("write")));
    let words = ["write", "/a", "-s", "x"].map(OsString::from).to_vec();
    let words = for_clap(&tree, &Words { words, block: Some(2) }, Dialect::V34);
    assert_eq!(words, ["write", "--", "/a", "-s", "x"]);
}
