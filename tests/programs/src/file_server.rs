//! A web server of a folder, on a port of the loopback interface.

use std::io::BufReader;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::wait_for;

/// Python's, for as long as this lives.
pub struct FileServer {
    child: Child,
    port: u16,
}

impl FileServer {
    /// Serves the folder.
    pub fn start(folder: &Path) -> FileServer {
        let mut command = Command::new("/usr/bin/python3");
        command.args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "0", "--directory"]).arg(folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("python3");
        let line = wait_for(&mut BufReader::new(child.stdout.take().expect("piped")), "Serving HTTP");
        let port = line.split_whitespace().skip_while(|word| *word != "port").nth(1);
        let port = port.and_then(|word| word.parse().ok()).expect("it says its port");
        FileServer { child, port }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for FileServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
