use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use super::*;

#[test]
fn what_is_no_url_is_refused_and_a_redirection_never_leaves_https() {
    for bad in [
        "",
        "ftp://a/b",
        "http://",
        "//a/b",
        "a/b",
        "file:///etc/passwd",
        "http://me:secret@a/",
        "http://a b/",
    ] {
        assert!(matches!(checked(bad), Err(FetchError::NotUrl(_))), "{bad}");
    }
    let from = checked("https://a.example:8443/x").unwrap();
    assert_eq!(next(&from, "/y?z").unwrap().to_string(), "https://a.example:8443/y?z");
    assert_eq!(next(&from, "https://b.example/").unwrap().to_string(), "https://b.example/");
    assert!(matches!(next(&from, "http://a.example/"), Err(FetchError::Downgrade(_))));
    for bad in ["", "y", "//b.example/", "ftp://b.example/"] {
        assert!(matches!(next(&from, bad), Err(FetchError::Redirects)), "{bad}");
    }
    let plain = checked("http://a.example/x").unwrap();
    assert!(next(&plain, "https://a.example/").is_ok());
}

/// A server that answers a path with these bytes; its URL without a path.
fn serve(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let first = lines.next().unwrap_or_default();
            lines.find(String::is_empty);
            // Who has seen enough goes away.
            let _ = (&stream).write_all(&answer(first.split(' ').nth(1).unwrap_or_default()));
        }
    });
    url
}

fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

fn redirect(to: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        .into_bytes()
}

#[test]
fn what_is_there_is_fetched_also_where_the_server_sends_on_to() {
    let url = serve(|path| match path {
        "/one" => redirect("/two"),
        "/two" => ok("here"),
        _ => redirect(path),
    });
    assert_eq!(get(&format!("{url}/two"), 4).unwrap(), b"here");
    assert_eq!(get(&format!("{url}/one"), 4).unwrap(), b"here");
    let mut output = Vec::new();
    assert_eq!(download(&format!("{url}/one"), 100, &mut output).unwrap(), 4);
    assert_eq!(output, b"here");
    assert!(matches!(get(&format!("{url}/circle"), 4), Err(FetchError::Redirects)));
    let posted = post(&format!("{url}/one"), "text/plain", b"", "text/plain", 4);
    assert!(matches!(posted, Err(FetchError::Elsewhere(to)) if to == "/two"));
}

#[test]
fn the_time_is_for_all_servers_together() {
    let (asked, seen) = std::sync::mpsc::channel();
    let url = serve(move |path| {
        asked.send(path.to_owned()).unwrap();
        redirect(&format!("{path}x"))
    });
    // Each server that is asked takes a minute.
    let mut left = [SMALL, Duration::from_secs(30), Duration::ZERO].into_iter();
    let found = found_within(&format!("{url}/"), || left.next().unwrap());
    assert!(matches!(found, Err(FetchError::Time)), "{found:?}");
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), ["/", "/x"]);
}

#[test]
fn an_answer_is_as_long_as_it_may_be_and_not_longer_whatever_it_says() {
    let url = serve(|path| {
        match path {
        "/long" => ok("12345"),
        "/chunks" => {
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\n12345\r\n0\r\n\r\n".to_vec()
        }
        "/to-the-end" => b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n12345".to_vec(),
        "/short" => b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nConnection: close\r\n\r\n12345".to_vec(),
        "/twice" => b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n12345".to_vec(),
        "/headers" => format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(100 << 10)).into_bytes(),
        "/garbage" => b"\x16\x03\x01".to_vec(),
        "/missing" => b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec(),
        _ => Vec::new(),
    }
    });
    for path in ["long", "chunks", "to-the-end"] {
        assert_eq!(get(&format!("{url}/{path}"), 5).unwrap(), b"12345", "{path}");
        assert!(matches!(get(&format!("{url}/{path}"), 4), Err(FetchError::TooLarge(4))), "{path}");
    }
    for path in ["short", "headers", "garbage", "nothing"] {
        assert!(get(&format!("{url}/{path}"), 1000).is_err(), "{path}");
    }
    // Which of two lengths it takes doesn't matter: no more than the limit.
    assert!(get(&format!("{url}/twice"), 5).map_or(0, |bytes| bytes.len()) <= 5);
    assert!(matches!(get(&format!("{url}/missing"), 5), Err(FetchError::Status(404))));
    let mut half = serve(|_| ok("12345"));
    half.push_str("/x");
    let mut full = Full;
    assert!(matches!(download(&half, 5, &mut full), Err(FetchError::Output(_))));
}

/// A disk without room.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Nothing listens, and nobody knows the name.
#[test]
fn who_can_not_be_reached_is_named() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert!(matches!(get(&format!("http://127.0.0.1:{port}/"), 5), Err(FetchError::Network(_))));
    let unknown = get("http://nobody.invalid/", 5).unwrap_err();
    assert!(matches!(&unknown, FetchError::Name { host, .. } if host == "nobody.invalid"), "{unknown}");
}
