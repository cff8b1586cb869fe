//! Arguments in, exit status out; nothing else.

fn main() -> std::process::ExitCode {
    zksh::app::main(std::env::args_os())
}
