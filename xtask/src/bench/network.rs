//! What a network through the broker costs: connect, and what goes through a connection.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use super::result::Line;
use super::sample::median;
use super::scene::Scene;

/// Microseconds that a connect may take longer.
const CONNECT_TARGET: f64 = 60.0;

/// At most this part of the plain throughput may be lost: the data does not pass lowbox, so it is the noise of the measurement.
const THROUGHPUT_TARGET: f64 = 1.05;

/// Connects to a service of the host, plain and exempted for its port.
pub fn network(scene: &Scene) -> io::Result<Vec<Line>> {
    let program = program(scene)?.display().to_string();
    let port = service()?.to_string();
    let exempt = [OsStr::new("--allow-loopback"), OsStr::new(&port)];
    let rounds = (scene.rounds / 10).max(5);
    let mut found = [const { (Vec::new(), Vec::new(), Vec::new()) }; 2];
    for _ in 0..rounds {
        let command = [program.as_str(), port.as_str()];
        for (side, run) in [scene.plain(&command), scene.lowbox(&exempt, &command)].into_iter().enumerate() {
            let (connect, throughput, round_trip) = measured(run)?;
            found[side].0.push(connect);
            found[side].1.push(throughput);
            found[side].2.push(round_trip);
        }
    }
    let [(plain, plain_throughput, plain_trip), (inside, inside_throughput, inside_trip)] =
        found.map(|(connect, throughput, trip)| (median(&connect), median(&throughput), median(&trip)));
    let note = format!("of {rounds} runs of 1000 each; plain {plain:.1}, inside {inside:.1}");
    Ok(vec![
        Line::new("connect, longer than plain", inside - plain, "µs").at_most(CONNECT_TARGET).note(note),
        Line::new("TCP throughput, plain by inside", plain_throughput / inside_throughput, "")
            .at_most(THROUGHPUT_TARGET)
            .note(format!("plain {plain_throughput:.1}, inside {inside_throughput:.1} Gbit/s")),
        Line::new("UDP round trip, longer than plain", inside_trip - plain_trip, "µs")
            .note(format!("plain {plain_trip:.1}, inside {inside_trip:.1}")),
    ])
}

/// The three numbers that the program prints.
fn measured(mut run: Command) -> io::Result<(f64, f64, f64)> {
    let output = run.stdin(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = text.split_whitespace().filter_map(|word| word.parse().ok());
    match (numbers.next(), numbers.next(), numbers.next()) {
        (Some(connect), Some(throughput), Some(round_trip)) => Ok((connect, throughput, round_trip)),
        _ => Err(io::Error::other(format!("{run:?}: {}", String::from_utf8_lossy(&output.stderr)))),
    }
}

/// A service that takes whatever comes, and sends back what comes by UDP.
fn service() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 18];
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            while matches!(stream.read(&mut buffer), Ok(1..)) {}
        }
    });
    let datagrams = UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?;
    thread::spawn(move || {
        let mut buffer = [0; 2048];
        while let Ok((length, from)) = datagrams.recv_from(&mut buffer) {
            let _ = datagrams.send_to(&buffer[..length], from);
        }
    });
    Ok(port)
}

fn program(scene: &Scene) -> io::Result<PathBuf> {
    let program = scene.work.path().join("network");
    let mut cc = Command::new("cc");
    // From standard input: the ordinary user may not be able to read the checkout.
    cc.args(["-O2", "-x", "c", "-", "-o"]).arg(&program).stdin(Stdio::piped());
    let mut cc = cc.spawn()?;
    cc.stdin.take().expect("piped").write_all(include_bytes!("network.c"))?;
    match cc.wait()?.success() {
        true => Ok(program),
        false => Err(io::Error::other("network.c does not compile")),
    }
}
