//! A server on this machine that answers each request by a function.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

/// What a server answers: the first line behind the version, headers, and the body.
pub struct Answer {
    pub status: &'static str,
    pub headers: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// A body of a media type.
    pub fn of(media: &str, body: Vec<u8>) -> Answer {
        Answer { status: "200 OK", headers: format!("Content-Type: {media}\r\n"), body }
    }

    /// The server sends on.
    pub fn redirect(to: &str) -> Answer {
        Answer { status: "302 Found", headers: format!("Location: {to}\r\n"), body: Vec::new() }
    }
}

/// Begins to serve; the URL without a path. It ends with the test's process.
pub fn serve(answer: impl Fn(&str, &[u8]) -> Answer + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away is its own affair.
            let _ = one(stream, &answer);
        }
    });
    url
}

fn one(stream: TcpStream, answer: &impl Fn(&str, &[u8]) -> Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let path = first.split(' ').nth(1).unwrap_or("/");
    let Answer { status, headers, body } = answer(path, &body);
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body)
}
