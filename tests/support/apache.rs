//! Apache's own servers, if Java and a release are present.
//!
//! Releases are searched in `ZOOKEEPER_CLASSPATH`, in `target/zookeeper` (where
//! `tests/fetch-servers` puts them), and where Debian's package `zookeeper` installs one.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use super::{free_port, wait_until};

/// One release of Apache ZooKeeper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Release {
    /// The version as the server reports it, `3.8.0`.
    pub(crate) version: String,
    /// The class path for Java.
    pub(crate) classpath: String,
}

/// Returns the releases that can be started here, oldest first.
pub(crate) fn releases() -> &'static [Release] {
    static RELEASES: OnceLock<Vec<Release>> = OnceLock::new();
    RELEASES.get_or_init(|| {
        let java = Command::new("java").arg("-version").output();
        if !java.is_ok_and(|output| output.status.success()) {
            return Vec::new();
        }
        let mut releases: Vec<Release> =
            std::env::var("ZOOKEEPER_CLASSPATH").into_iter().filter_map(named).collect();
        releases.extend(fetched());
        releases.extend(debian());
        releases.sort_by_key(|release| numbers(&release.version));
        releases.dedup_by(|a, b| a.version == b.version);
        releases
    })
}

/// Returns the newest release, for tests that need only one.
pub(crate) fn newest() -> Option<&'static Release> {
    releases().last()
}

/// Returns a release with what its AdminServer needs, from Debian's packages, or none where they are
/// absent.
pub(crate) fn with_admin_server(release: &Release) -> Option<Release> {
    const JARS: &[&str] = &[
        "jackson-annotations",
        "jackson-core",
        "jackson-databind",
        "jetty9-http",
        "jetty9-io",
        "jetty9-security",
        "jetty9-server",
        "jetty9-servlet",
        "jetty9-util",
        "jetty9-util-ajax",
        "servlet-api",
    ];
    let mut release = release.clone();
    for name in JARS {
        let jar = format!("/usr/share/java/{name}.jar");
        if !Path::new(&jar).exists() {
            eprintln!("skipped: the AdminServer, because {jar} is missing");
            return None;
        }
        write!(release.classpath, ":{jar}").unwrap();
    }
    Some(release)
}

/// Returns a version's numbers: `3.10.1` comes after `3.9.2`.
pub(crate) fn numbers(version: &str) -> Vec<u32> {
    version.split(['.', '-']).map_while(|number| number.parse().ok()).collect()
}

fn named(classpath: String) -> Option<Release> {
    let jar = classpath.split(':').find_map(|jar| version_of(Path::new(jar)));
    Some(Release { version: jar?, classpath })
}

fn fetched() -> Vec<Release> {
    let folders = fs::read_dir(target().join("zookeeper")).into_iter().flatten().flatten();
    folders
        .filter(|folder| folder.path().join("complete").exists())
        .map(|folder| Release {
            version: folder.file_name().to_string_lossy().into_owned(),
            classpath: folder.path().join("jars/*").display().to_string(),
        })
        .collect()
}

fn debian() -> Option<Release> {
    // Which of the two names is the file and which the link depends on the Debian release.
    let folder = fs::read_dir("/usr/share/java").ok()?;
    let mut jars = folder.flatten().map(|jar| jar.path());
    jars.find_map(|jar| {
        let version = version_of(&jar)?;
        // The jar's manifest does not list this jar, which a secure port needs.
        let codec = jar.with_file_name("netty-codec.jar");
        Some(Release { version, classpath: format!("{}:{}", jar.display(), codec.display()) })
    })
}

/// Returns the version in the name of a `zookeeper-3.8.0.jar`.
fn version_of(jar: &Path) -> Option<String> {
    let name = jar.file_stem()?.to_str()?.strip_prefix("zookeeper-")?;
    (!numbers(name).is_empty()).then(|| name.to_owned())
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned()
}

/// A private server, which can be stopped and restarted with its data.
pub(crate) struct Server {
    release: Release,
    port: u16,
    settings: String,
    /// System properties, for options that the configuration file cannot set.
    properties: Vec<(&'static str, String)>,
    folder: tempfile::TempDir,
    process: Option<Process>,
}

impl Server {
    /// Starts a server and waits until it answers.
    pub(crate) fn start(release: &Release) -> Self {
        Self::with_settings(release, "")
    }

    /// Starts a server with further lines in its configuration.
    pub(crate) fn with_settings(release: &Release, settings: &str) -> Self {
        let mut server = Self::stopped(release, settings);
        server.resume();
        server
    }

    /// Starts a server with system properties.
    pub(crate) fn with_properties(
        release: &Release,
        properties: &[(&'static str, &'static str)],
    ) -> Self {
        let properties = properties.iter().map(|&(name, value)| (name, value.to_owned()));
        Self::configured(release, "", properties.collect())
    }

    /// Starts a server with further lines in its configuration and with system properties.
    pub(crate) fn configured(
        release: &Release,
        settings: &str,
        properties: Vec<(&'static str, String)>,
    ) -> Self {
        let mut server = Self::stopped(release, settings);
        server.properties = properties;
        server.resume();
        server
    }

    /// Starts three servers with further lines in their configuration, and waits until they have
    /// elected a leader.
    pub(crate) fn ensemble(release: &Release, settings: &str) -> Vec<Self> {
        let mut servers: Vec<Self> = (0..3).map(|_| Self::stopped(release, "")).collect();
        let reconfigured = numbers(&release.version) >= numbers("3.5");
        let mut all = format!("initLimit=20\nsyncLimit=10\n{settings}");
        for (server, id) in servers.iter().zip(1..) {
            let (quorum, election) = (free_port(), free_port());
            write!(all, "\nserver.{id}=127.0.0.1:{quorum}:{election}").unwrap();
            if reconfigured {
                write!(all, ":participant;127.0.0.1:{}", server.port).unwrap();
            }
        }
        for (server, id) in servers.iter_mut().zip(1..) {
            server.settings.clone_from(&all);
            let data = server.folder.path().join("data");
            fs::create_dir_all(&data).unwrap();
            fs::write(data.join("myid"), format!("{id}\n")).unwrap();
            server.boot();
        }
        servers.iter().for_each(Self::wait);
        servers
    }

    fn stopped(release: &Release, settings: &str) -> Self {
        Self {
            release: release.clone(),
            port: free_port(),
            settings: settings.to_owned(),
            properties: Vec::new(),
            folder: tempfile::tempdir().unwrap(),
            process: None,
        }
    }

    /// Returns the server's port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Returns the address of the server as `host:port`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Returns the process id of the server, for tests that kill or stop it.
    pub(crate) fn pid(&self) -> u32 {
        self.process.as_ref().unwrap().pid
    }

    /// Kills the server, as a power failure would.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    /// Returns whether the server is the leader of an ensemble.
    pub(crate) fn leads(&self) -> bool {
        four_letters(self.port, "srvr").is_some_and(|text| text.contains("Mode: leader"))
    }

    /// Restarts the server with the same port and data.
    pub(crate) fn resume(&mut self) {
        self.boot();
        self.wait();
    }

    fn boot(&mut self) {
        let folder = self.folder.path();
        let config = format!(
            "tickTime=500\ndataDir={data}\nclientPort={port}\nclientPortAddress=127.0.0.1\n\
             maxClientCnxns=0\nmaxSessionTimeout=120000\nadmin.enableServer=false\n\
             4lw.commands.whitelist=*\nextendedTypesEnabled=true\n{settings}\n",
            data = folder.join("data").display(),
            port = self.port,
            settings = self.settings,
        );
        let file = folder.join("zoo.cfg");
        fs::write(&file, config).unwrap();
        let properties = self.properties.iter().map(|(name, value)| format!("-D{name}={value}"));
        let classpath = &self.release.classpath;
        let process = Process::start(classpath, properties, &file, &folder.join("log"));
        self.process = Some(process);
    }

    fn wait(&self) {
        let port = self.port;
        wait_until(&format!("ZooKeeper {} on port {port}", self.release.version), || {
            four_letters(port, "srvr").filter(|text| text.contains("Mode:"))
        });
    }
}

/// A Java process that ends with the test program, however that ends: a watchdog holds the other
/// end of a pipe. If the program has ended, the watchdog also removes the folder of the server.
struct Process {
    watchdog: Child,
    pid: u32,
}

impl Process {
    fn start(
        classpath: &str,
        properties: impl Iterator<Item = String>,
        config: &Path,
        log: &Path,
    ) -> Self {
        const WATCHDOG: &str = r#"java "$@" </dev/null & pid=$!; echo $pid
            dropped=$(cat); kill -9 $pid; wait $pid
            [ "$dropped" ] || rm -rf "$0""#;
        let folder = config.parent().unwrap().to_str().unwrap();
        let log = fs::File::create(log).unwrap();
        let mut watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, folder, "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
            .arg("-Dzookeeper.extendedTypesEnabled=true")
            // Has an effect only on an ensemble that has lost its quorum.
            .arg("-Dreadonlymode.enabled=true")
            // The digest of super:secret.
            .arg("-Dzookeeper.DigestAuthenticationProvider.superDigest=super:lK75jTNcA+U9vtVEw5vB51mj/w4=")
            .args(properties)
            .args(["-cp", classpath, "org.apache.zookeeper.server.quorum.QuorumPeerMain"])
            .arg(config)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut pid = String::new();
        let mut output = watchdog.stdout.take().unwrap();
        while !pid.ends_with('\n') {
            let mut byte = [0];
            output.read_exact(&mut byte).unwrap();
            pid.push(byte[0].into());
        }
        // Nobody needs the output, but a full pipe must not block the server.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        Self { watchdog, pid: pid.trim().parse().unwrap() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut stdin) = self.watchdog.stdin.take() {
            let _ = stdin.write_all(b"dropped");
        }
        let _ = self.watchdog.wait();
    }
}

/// Sends a four-letter word to a server. A server that is still starting may accept the word and
/// never answer, so the timeout is short and the caller must retry.
pub(crate) fn four_letters(port: u16, word: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    stream.write_all(word.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}
