//! Passwords in the config file: commands that print them, and the permissions of the file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use nix::sys::signal::{Signal, kill};

use super::{Secured, tool, users};
use crate::support::shell::{Ran, bare};
use crate::support::terminal::{Setup, Terminal};
use crate::support::wait_until;

/// A sandbox with a user, and a config file that names it as an ensemble.
struct Named(Secured);

impl Named {
    fn start() -> Self {
        Self(Secured::with(|settings| {
            settings.tls = None;
            settings.users = users(&[("ann", "annpw")]);
            settings.require_sasl = true;
        }))
    }

    /// Writes a config file that contains this line and that only its owner can read.
    fn config(&self, line: &str) -> String {
        let servers = self.0.at("127.0.0.1");
        let text = format!(
            "[ensembles.prod]\nservers = '{servers}'\nsasl = 'digest-md5'\nuser = 'ann'\n{line}\n"
        );
        let file = self.0.write("config.toml", text);
        self.mode(0o600);
        file
    }

    fn mode(&self, mode: u32) {
        fs::set_permissions(self.0.file("config.toml"), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn run(&self, line: &str) -> Ran {
        self.with_mode(line, 0o600)
    }

    fn with_mode(&self, line: &str, mode: u32) -> Ran {
        let config = self.config(line);
        self.mode(mode);
        bare().args(["--config", &config, "--ensemble", "prod", "whoami"]).run()
    }

    fn at_a_terminal(&self, line: &str) -> Terminal {
        let config = self.config(line);
        let mut program = Command::new(env!("CARGO_BIN_EXE_zksh"));
        program.args(["--config", &config, "--ensemble", "prod"]);
        Setup::program(&program).start()
    }
}

#[test]
fn a_command_prints_the_password() {
    let named = Named::start();
    named.0.write("password", "annpw\nmore\n");
    let file = named.0.file("password");
    for line in [
        format!("password_command = ['cat', '{file}']"),
        format!("password_command = 'cat {file} | head -n 1'"),
        format!("password_file = '{file}'"),
        "password = 'annpw'".to_owned(),
    ] {
        let ran = named.run(&line);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{line}");
        assert!(ran.stdout.contains("sasl: ann"), "{}", ran.stdout);
    }
    // The command does not read the script on standard input.
    let config = named.config("password_command = 'cat; echo annpw'");
    let script = "create /a\nls /\n";
    let ran = bare().args(["--config", &config, "--ensemble", "prod"]).script(script);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, "Created /a\n[a, zookeeper]\n"));
}

#[test]
fn errors_of_a_command_do_not_contain_its_secret() {
    let named = Named::start();
    for (line, wanted) in [
        (
            "password_command = 'echo annpw; exit 3'",
            "password_command: it has failed (exit status: 3)",
        ),
        ("password_command = ['/no/such', 'annpw']", "password_command: cannot run /no/such: "),
        ("password_command = 'true annpw'", "password_command: its first line is empty"),
        ("password_command = 'echo a-wrong-annpw'", "does not accept the credentials"),
        ("password_command = ['annpw", "config.toml:5: password_command = …: "),
        ("pasword = 'annpw'", "config.toml:5: pasword = …: unknown field `pasword`"),
        ("password = 'annpw' 'annpw'", "config.toml:5: password = …: "),
        ("password = 'annpw'\npassword_file = 'x'", "one of them is enough"),
    ] {
        let ran = named.run(line);
        assert!(ran.status != 0 && ran.stderr.contains(wanted), "{line}: {}", ran.stderr);
        assert!(!ran.stderr.contains("annpw"), "{}", ran.stderr);
    }
}

#[test]
fn a_file_with_a_secret_must_be_private() {
    let named = Named::start();
    let command = "password_command = 'echo annpw'";
    for (line, mode, hint) in [
        ("password = 'annpw'", 0o644, Some("chmod 600 ")),
        ("password = 'annpw'", 0o640, Some("chmod 600 ")),
        ("password = 'annpw'", 0o600, None),
        (command, 0o664, Some("chmod go-w ")),
        (command, 0o602, Some("chmod go-w ")),
        (command, 0o644, None),
    ] {
        let ran = named.with_mode(line, mode);
        match hint {
            None => assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{line} {mode:o}"),
            Some(hint) => {
                assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{line} {mode:o}");
                assert!(ran.stderr.contains(hint), "{}", ran.stderr);
            }
        }
    }
}

#[test]
fn neither_completion_nor_a_check_runs_the_command() {
    let named = Named::start();
    let mark = named.0.file("it-ran");
    let config = named.config(&format!("password_command = 'touch {mark}; echo annpw'"));
    let options = ["--config", &config, "--ensemble", "prod"];
    let words = ["--complete-words", "zksh"];
    let ran = bare().args(words).args(options).args(["get", "/pr"]).run();
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""));
    bare().args(options).args(["--check", "ls", "/"]).succeed();
    bare().args(options).arg("version").run();
    let ran = bare().args(["--config", &config, "--sandbox=127.0.0.1:0", "ls", "/"]).run();
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(!fs::exists(&mark).unwrap());
    bare().args(options).args(["ls", "/"]).succeed();
    assert!(fs::exists(&mark).unwrap());
}

#[test]
fn the_settings_of_the_terminal_are_restored() {
    let named = Named::start();
    // The command turns off echo and does not restore it.
    let asks = "stty -echo </dev/tty; printf 'PIN: ' >/dev/tty; read pin </dev/tty; echo $pin";
    let mut terminal = named.at_a_terminal(&format!("password_command = \"{asks}\""));
    terminal.wait_for("PIN:");
    terminal.keys("annpw\r");
    terminal.wait_for("(CONNECTED) 0]");
    terminal.enter(0, "whoami");
    let screen = terminal.wait_for("sasl: ann");
    assert!(!screen.contains("annpw"), "{screen}");
    // Press Ctrl-C while the command asks, and while the shell asks.
    for line in [format!("password_command = \"{asks}\""), String::new()] {
        let mut terminal = named.at_a_terminal(&line);
        terminal.wait_until("a question", |screen| {
            screen.contains("PIN:") || screen.contains("Password of ann:")
        });
        terminal.keys("\x03");
        let (status, screen) = terminal.wait();
        assert!(status == 130 || status == 1, "{status}: {screen}");
        assert!(terminal.is_restored());
    }
    // Send SIGTERM, of which the command is not notified.
    let terminal = named
        .at_a_terminal("password_command = 'stty -echo </dev/tty; echo go >/dev/tty; sleep 60'");
    terminal.wait_for("go");
    kill(terminal.pid(), Signal::SIGTERM).unwrap();
    wait_until("the terminal's settings", || terminal.is_restored().then_some(()));
}

/// A sandbox that requires client certificates, whose key is encrypted with the password `keypw`.
/// Returns none if openssl is missing.
fn locked() -> Option<Secured> {
    let secured = Secured::start();
    let made = tool(
        secured.folder.path(),
        "openssl pkcs8 -topk8 -in client.key -passout pass:keypw -out locked.key",
    );
    if !made {
        eprintln!("openssl is absent: encrypted keys are left out");
    }
    made.then_some(secured)
}

/// Writes a config file whose ensemble has the encrypted key and this line.
fn locked_config(secured: &Secured, line: &str) -> String {
    let text = format!(
        "[ensembles.prod]\nservers = '{}'\ncacert = '{}'\ncert = '{}'\nkey = '{}'\n{line}\n",
        secured.at("localhost"),
        secured.file("ca.pem"),
        secured.file("client.pem"),
        secured.file("locked.key"),
    );
    secured.write("config.toml", text);
    let config = secured.file("config.toml");
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    config
}

#[test]
fn a_command_prints_the_password_of_the_key() {
    let Some(secured) = locked() else { return };
    let mark = secured.file("it-ran");
    let whoami = |line: &str| {
        let config = locked_config(&secured, line);
        bare().args(["--config", &config, "--ensemble", "prod", "whoami"]).run()
    };
    for line in ["key_password_command = ['echo', 'keypw']", "key_password_command = 'echo keypw'"]
    {
        let ran = whoami(line);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{line}");
        assert!(ran.stdout.contains("x509: CN=ann"), "{}", ran.stdout);
    }
    for (line, wanted) in [
        ("", "locked.key: it is encrypted and needs a password"),
        ("key_password_command = 'echo wrong-keypw'", "the password is wrong"),
        ("key_password_command = 'echo keypw; exit 3'", "key_password_command: it has failed"),
        ("key_password_command = ''", "config.toml:6: key_password_command = …: a command is"),
        ("key_password_command = 'x'\nkey_password_file = 'y'", "one of them is enough"),
    ] {
        let ran = whoami(line);
        assert!(ran.status != 0 && ran.stderr.contains(wanted), "{line}: {}", ran.stderr);
        assert!(!ran.stderr.contains("keypw"), "{}", ran.stderr);
    }
    // A file that others can write must not name a command.
    let config = locked_config(&secured, "key_password_command = 'echo keypw'");
    fs::set_permissions(&config, fs::Permissions::from_mode(0o660)).unwrap();
    let ran = bare().args(["--config", &config, "--ensemble", "prod", "ls", "/"]).run();
    assert!(ran.stderr.contains("chmod go-w "), "{}", ran.stderr);
    // Neither completion nor a check runs it. A file that the user names is read in its place.
    let config = locked_config(&secured, &format!("key_password_command = 'touch {mark}'"));
    let options = ["--config", &config, "--ensemble", "prod"];
    let words = ["--complete-words", "zksh"];
    let ran = bare().args(words).args(options).args(["get", "/pr"]).run();
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""));
    bare().args(options).args(["--check", "ls", "/"]).succeed();
    let file = secured.write("key-password", "keypw\n");
    bare().args(options).args(["--key-password-file", &file, "ls", "/"]).succeed();
    assert!(!fs::exists(&mark).unwrap());
    bare().args(options).args(["ls", "/"]).run();
    assert!(fs::exists(&mark).unwrap());
}

#[test]
fn both_passwords_may_come_from_commands() {
    let Some(mut secured) = locked() else { return };
    secured.settings.users = users(&[("ann", "annpw")]);
    secured.settings.require_sasl = true;
    secured.serve(1);
    let line = "sasl = 'digest-md5'\nuser = 'ann'\npassword_command = 'echo annpw'\n\
                key_password_command = 'echo keypw'";
    let config = locked_config(&secured, line);
    let said = bare().args(["--config", &config, "--ensemble", "prod", "whoami"]).succeed();
    assert!(said.contains("sasl: ann") && said.contains("x509: CN=ann"), "{said}");
    // A command that opens a session to this ensemble runs both, too.
    let copy = ["--config", &config, "--ensemble", "prod", "diff", "prod:/", "/"];
    let ran = bare().args(copy).run();
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
}
