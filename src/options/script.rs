//! The options for running a script.

/// How a script is run.
#[derive(Debug, Clone, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "independent options")]
pub struct ScriptOptions {
    /// Say what is wrong with the lines of the script; connect to nothing and run nothing
    #[arg(long)]
    pub check: bool,
    /// Run nothing after the first line that fails; each write waits for the reply to the last
    #[arg(long)]
    pub stop_on_error: bool,
    /// Replace ${NAME} by a variable of the environment, except in single quotes
    #[arg(long)]
    pub vars: bool,
    /// Expand patterns (*, ?, [a-z], **) in unquoted paths that are read, as at a prompt
    #[arg(long)]
    pub glob: bool,
    /// The most requests of a script in flight, 1 to 4096; fewer if results are long
    /// [default: as many as keep the link busy, and at least 128]
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub window: Option<u16>,
    /// Wait for a server if the connection is lost, go on in a new session if the old one has expired [default: 60]
    #[arg(
        long, value_name = "seconds", num_args = 0..=1, require_equals = true,
        default_missing_value = "60", value_parser = clap::value_parser!(u32).range(1..=86_400)
    )]
    pub reconnect: Option<u32>,
}
