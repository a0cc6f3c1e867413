//! The command line, from which help, completions and the manual page are made too.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use lowbox_linux::host::EnvironmentRequest;
use lowbox_linux::launch::NamedDescriptor;
use lowbox_linux::prepare::Grant;
use lowbox_policy::network::AllowedHost;

use crate::commands::{
    acl, bundle, capability, capture, cert, completions, consent, doctor, explain, init, install, isolate,
    learn, list, man, open, pack, remove, reset, show, sign, token, unpack, update, verify,
};
use crate::prompt::Policy;

/// Run programs with no more access than they need.
///
/// lowbox starts a program as a low-integrity process in an AppContainer that the Linux kernel enforces: it sees its own
/// files, the system's libraries, and what you grant, and nothing else.
#[derive(Debug, Parser)]
#[command(name = "lowbox", version, arg_required_else_help = true, propagate_version = true)]
#[command(
    after_help = "Exit codes: the program's own; 128+n when signal n ended it; 125 lowbox failed; 126 the program \
    can't be run; 127 it was not found."
)]
pub struct Lowbox {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a program in an AppContainer
    Run(Box<Run>),
    /// Say whether a program may do something with a path, why, and what would grant it
    Explain(Box<explain::Arguments>),
    /// Show the token that a program would get
    Token(token::Arguments),
    /// The catalogue of capabilities
    Capability(capability::Arguments),
    /// What you have allowed and denied to packages, and taking it back
    Consent(consent::Arguments),
    /// What a program needs: capabilities, grants and a report from the records of what it touched
    Learn(learn::Arguments),
    /// Begin an MSIX package: a manifest for a folder
    Init(init::Arguments),
    /// Make an MSIX package of what a Windows installer installs
    Capture(capture::Arguments),
    /// Make an isolated MSIX package, or manifest, from one of full trust
    Isolate(isolate::Arguments),
    /// Install an MSIX package for yourself
    Install(install::Arguments),
    /// Install newer versions of packages that an .appinstaller installed
    Update(update::Arguments),
    /// List the packages that are installed
    List(list::Arguments),
    /// Open files or an address with an installed package
    Open(open::Arguments),
    /// Put an installed package back to how it was: its data, or what you allowed it
    Reset(reset::Arguments),
    /// Remove an installed package, its data and every consent
    Remove(remove::Arguments),
    /// Make an MSIX package of a folder
    Pack(pack::Arguments),
    /// Unpack an MSIX package, each block checked
    Unpack(unpack::Arguments),
    /// Bundles of MSIX packages: make one, take it apart, show it
    Bundle(bundle::Arguments),
    /// Show what an MSIX package, bundle or .appinstaller file says of itself
    Show(show::Arguments),
    /// Sign an MSIX package
    Sign(sign::Arguments),
    /// Check an MSIX package: that it is what was signed, and by whom
    Verify(verify::Arguments),
    /// Certificates for signing packages
    Cert(cert::Arguments),
    /// Security descriptors: show one, or run the access check on it
    Acl(acl::Arguments),
    /// Find out what this kernel enforces, what is missing, and what to do about it
    Doctor(doctor::Arguments),
    /// Print completions for a shell
    Completions(completions::Arguments),
    /// Print the manual page, or write all of them to a folder
    Man(man::Arguments),
}

/// `lowbox run`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lowbox run -- python3 report.py data.csv          the files named are granted for reading
  lowbox run --grant ./out:rw -- python3 report.py  a folder to write to
  lowbox run -v -- python3 app.py                   says what was denied, and what would grant it
  lowbox run --report-only --manifest AppxManifest.xml
                                                    denies NOTHING, and records what the manifest lacks
  lowbox run --manifest AppxManifest.xml -- ./app   identity and capabilities from the manifest
  lowbox run --manifest AppxManifest.xml            the manifest's own application
  lowbox run Contoso.Report data.csv                an installed package (lowbox list), its only application
  lowbox run Contoso.Report!Viewer                  one of its applications")]
pub struct Run {
    /// The program and what it has.
    #[command(flatten)]
    pub scenario: Scenario,

    /// Who is asked at the first access to something that is not granted.
    #[command(flatten)]
    pub prompt: PromptArguments,

    /// Where the kernel does not allow namespaces, run with Landlock and seccomp alone, and say what is lost
    #[arg(long)]
    pub allow_reduced: bool,

    /// Deny NOTHING, ask nobody, and record what the declaration lacks; the program finds the records in lowbox-records
    /// in its home folder
    #[arg(long, conflicts_with_all = ["prompt", "allow_reduced", "verbose"])]
    pub report_only: bool,

    /// Run an installed package that is declared to have full trust as such: with all your rights, isolated by NOTHING
    #[arg(long, conflicts_with_all = ["prompt", "allow_reduced", "verbose", "report_only", "manifest"])]
    pub full_trust: bool,

    /// Say what was denied, why, and what would grant it
    #[arg(short, long)]
    pub verbose: bool,

    /// Keep a Windows program's container for so long after its last program, for the next one of the package (60 unless given, or
    /// what LOWBOX_KEEP_WARM says)
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=86_400))]
    pub keep_warm: Option<u32>,

    /// Don't keep a Windows program's container, and wait for everything that the program started
    #[arg(long, conflicts_with = "keep_warm")]
    pub no_keep_warm: bool,

    /// Say how long each step of the launch took
    #[arg(long, hide = true)]
    pub timings: bool,
}

/// A program, and what it is given.
#[derive(Debug, Args)]
pub struct Scenario {
    /// Who the program is, and with which capabilities.
    #[command(flatten)]
    pub package: PackageArguments,

    /// What it is granted beside them.
    #[command(flatten)]
    pub grants: GrantArguments,

    /// What it may reach of networks beside its capabilities.
    #[command(flatten)]
    pub network: NetworkArguments,

    /// Don't grant the files that are named as arguments (for callers that are programs)
    #[arg(long)]
    pub no_argument_grants: bool,

    /// Pass a variable on (NAME) or set it (NAME=VALUE)
    #[arg(long = "env", value_name = "NAME[=VALUE]",
        value_parser = OsStringValueParser::new().try_map(|text: OsString| EnvironmentRequest::parse(&text)))]
    pub environment: Vec<EnvironmentRequest>,

    /// Pass a descriptor on that would be closed or refused; KIND is file, pipe, terminal, null or socket
    #[arg(long = "fd", value_name = "NUMBER:KIND")]
    pub descriptors: Vec<NamedDescriptor>,

    /// Start in this folder
    #[arg(long = "chdir", value_name = "PATH")]
    pub working_directory: Option<PathBuf>,

    /// Whether it has windows.
    #[command(flatten)]
    pub display: DisplayArguments,

    /// At most this much memory, for example 512M or 2G
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub memory: Option<u64>,

    /// At most this many processes and threads
    #[arg(long, value_name = "COUNT")]
    pub pids: Option<u64>,

    /// At most this much processor time for each process, in seconds
    #[arg(long, value_name = "SECONDS")]
    pub cpu_time: Option<u64>,

    /// Size of /tmp and its like, which live in memory (1G unless given)
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub tmp_size: Option<u64>,

    /// The program and its arguments, or an installed package; without one, the application of the manifest
    #[arg(
        required_unless_present = "manifest",
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "PROGRAM"
    )]
    pub command: Vec<OsString>,

    /// The first word is an installed package's name, and nothing else.
    #[arg(skip)]
    pub is_installed: bool,
}

/// Options that say whether a program has a display.
#[derive(Clone, Copy, Debug, Args)]
pub struct DisplayArguments {
    /// Give it a display of its own, shown as a window on yours (as programs of Windows that have windows get, and packages')
    #[arg(long, conflicts_with = "no_display")]
    pub display: bool,

    /// Give it no display
    #[arg(long)]
    pub no_display: bool,
}

/// Options that say who answers.
#[derive(Debug, Args)]
pub struct PromptArguments {
    /// What to do at the first access to something that is not granted: ask, allow, deny, or fd:N to ask the program at the
    /// other end of socket N (ask, if the manifest declares isolatedWin32-promptForAccess)
    #[arg(long, value_name = "POLICY")]
    pub prompt: Option<Policy>,

    /// How long an answer may take; none in time is no
    #[arg(long = "prompt-timeout", value_name = "SECONDS", default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: u64,
}

/// Options that say whose token it is.
#[derive(Debug, Args)]
pub struct PackageArguments {
    /// Take identity and capabilities from this application manifest
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,

    /// Which of the manifest's applications, if it has several
    #[arg(long = "app", value_name = "ID", requires = "manifest")]
    pub application: Option<String>,

    /// Declare a capability
    #[arg(long = "capability", value_name = "NAME")]
    pub capabilities: Vec<String>,

    /// Name the identity that a command without a manifest gets (its private data goes by it)
    #[arg(long, value_name = "NAME", conflicts_with = "manifest")]
    pub name: Option<String>,

    /// Make it a less privileged AppContainer (LPAC)
    #[arg(long)]
    pub lpac: bool,
}

/// Options that open parts of the host's networks.
#[derive(Debug, Args)]
pub struct NetworkArguments {
    /// Let it connect to this port of the host's loopback interface (in place of its own)
    #[arg(long = "allow-loopback", value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub loopback_ports: Vec<u16>,

    /// Let it resolve this host's name and connect to it, whatever its capabilities
    #[arg(long = "allow-host", value_name = "NAME[:PORT]")]
    pub hosts: Vec<AllowedHost>,
}

/// Options that grant objects.
#[derive(Debug, Args)]
pub struct GrantArguments {
    /// Grant a file or folder: r read and list, w write, create and delete, x execute
    #[arg(long = "grant", value_name = "PATH:LETTERS", value_parser = OsStringValueParser::new().try_map(grant))]
    pub grants: Vec<Grant>,

    /// Add objects from a file, in the syntax of objects.d
    #[arg(long = "objects", value_name = "FILE")]
    pub object_files: Vec<PathBuf>,
}

/// `PATH:letters`; the letters are what follows the last colon.
pub(crate) fn grant(text: OsString) -> Result<Grant, String> {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let bytes = text.as_bytes();
    let colon =
        bytes.iter().rposition(|&byte| byte == b':').ok_or("write PATH:LETTERS, for example ./out:rw")?;
    let letters = std::str::from_utf8(&bytes[colon + 1..]).map_err(|_| "the letters are r, w and x")?;
    let rights = letters.parse().map_err(|error: lowbox_policy::GrantRightsError| error.to_string())?;
    if colon == 0 {
        return Err("write PATH:LETTERS, for example ./out:rw".to_owned());
    }
    Ok(Grant { path: OsString::from_vec(bytes[..colon].to_vec()).into(), rights })
}

/// Bytes, with K, M, G or T for powers of 1024.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let unit = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        "T" | "TB" | "TIB" => 40,
        other => return Err(format!("{other} is no unit; use K, M, G or T")),
    };
    let number: u64 = digits.parse().map_err(|_| "write a number of bytes, for example 512M".to_owned())?;
    number
        .checked_mul(1 << unit)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "that is no possible size".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn the_command_line_is_well_formed() {
        Lowbox::command().debug_assert();
    }

    #[test]
    fn a_grant_ends_in_letters_and_its_path_may_hold_anything() {
        let text = OsString::from_vec(b"/a:b\xff/c:rw".to_vec());
        let grant = grant(text).unwrap();
        assert_eq!(grant.path, PathBuf::from(OsString::from_vec(b"/a:b\xff/c".to_vec())));
        assert_eq!(grant.rights.to_string(), "rw");
        for bad in ["/a", ":r", "/a:", "/a:q", "/a:x"] {
            assert!(super::grant(bad.into()).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("512M"), Ok(512 << 20));
        assert_eq!(size("2GiB"), Ok(2 << 30));
        for bad in ["", "M", "0", "1X", "99999999999T", "-1"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
