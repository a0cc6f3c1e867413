//! The container's resolver: takes DNS messages on its own loopback interface and passes them to the network broker.
//!
//! Its sockets are made while pid 1 may still bind to port 53, its threads once every capability is gone.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, mpsc};
use std::time::Duration;

use rustix::net::{RecvFlags, SendFlags, recv, send};

use crate::network::names::{HEAD, MAX_NAMES_MESSAGE, RESOLVER};

/// Questions without an answer; the one that waits longest makes room.
const MAX_WAITING: usize = 256;

/// Connections at the same time.
const MAX_CONNECTIONS: usize = 16;

/// Longer than the broker takes for all the host's resolvers.
const PATIENCE: Duration = Duration::from_secs(15);

const STACK: usize = 128 * 1024;

/// The sockets, not yet served.
pub(super) struct Resolver {
    datagrams: UdpSocket,
    connections: TcpListener,
    broker: OwnedFd,
}

/// Who asked.
enum Asker {
    Datagram(SocketAddr),
    Connection(mpsc::SyncSender<Vec<u8>>),
}

struct Shared {
    broker: OwnedFd,
    datagrams: UdpSocket,
    next: AtomicU32,
    waiting: Mutex<HashMap<u32, Asker>>,
    connections: AtomicUsize,
}

impl Resolver {
    /// Binds to the resolver's address.
    ///
    /// # Errors
    /// EACCES without the capability to.
    pub(super) fn bind(broker: OwnedFd) -> io::Result<Resolver> {
        const PORT: u16 = 53;
        Ok(Resolver {
            datagrams: UdpSocket::bind((RESOLVER, PORT))?,
            connections: TcpListener::bind((RESOLVER, PORT))?,
            broker,
        })
    }

    /// Serves from here on.
    ///
    /// # Errors
    /// EAGAIN when there is no room for a thread.
    pub(super) fn serve(self) -> io::Result<()> {
        let Resolver { datagrams, connections, broker } = self;
        let shared = Arc::new(Shared {
            broker,
            datagrams,
            next: AtomicU32::new(0),
            waiting: Mutex::default(),
            connections: AtomicUsize::new(0),
        });
        let (asks, answers, accepts) = (Arc::clone(&shared), Arc::clone(&shared), shared);
        spawn(move || asks.pass_datagrams_on())?;
        spawn(move || answers.pass_answers_back())?;
        spawn(move || accepts.accept(&connections))
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().stack_size(STACK).spawn(work).map(drop)
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, HashMap<u32, Asker>> {
        self.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Takes note of who asks, and asks. What the broker has no room for is lost, as datagrams are.
    fn ask(&self, message: &[u8], asker: Asker) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let by_tcp = matches!(asker, Asker::Connection(_));
        let mut waiting = self.waiting();
        if waiting.len() >= MAX_WAITING
            && let Some(oldest) = waiting.keys().copied().max_by_key(|key| number.wrapping_sub(*key))
        {
            waiting.remove(&oldest);
        }
        waiting.insert(number, asker);
        drop(waiting);
        let mut whole = Vec::with_capacity(HEAD + message.len());
        whole.push(by_tcp.into());
        whole.extend(number.to_le_bytes());
        whole.extend(message);
        if send(self.broker.as_fd(), &whole, SendFlags::NOSIGNAL | SendFlags::DONTWAIT).is_err() {
            self.waiting().remove(&number);
        }
    }

    fn pass_datagrams_on(&self) {
        let mut buffer = vec![0_u8; usize::from(u16::MAX)];
        loop {
            // An error is of one datagram (ECONNREFUSED for an answer that nobody waited for).
            if let Ok((length, from)) = self.datagrams.recv_from(&mut buffer) {
                self.ask(&buffer[..length], Asker::Datagram(from));
            }
        }
    }

    fn pass_answers_back(&self) {
        let mut buffer = vec![0_u8; MAX_NAMES_MESSAGE];
        loop {
            let length = match recv(self.broker.as_fd(), &mut buffer[..], RecvFlags::empty()) {
                Err(rustix::io::Errno::INTR) => continue,
                Ok((length @ HEAD.., _)) => length,
                // Without a broker there is no container: the loop of pid 1 sees it too.
                _ => return,
            };
            let number = u32::from_le_bytes([buffer[1], buffer[2], buffer[3], buffer[4]]);
            let answer = &buffer[HEAD..length];
            match self.waiting().remove(&number) {
                Some(Asker::Datagram(to)) => drop(self.datagrams.send_to(answer, to)),
                Some(Asker::Connection(to)) => drop(to.try_send(answer.to_vec())),
                None => {}
            }
        }
    }

    fn accept(self: Arc<Self>, connections: &TcpListener) {
        loop {
            let Ok((stream, _)) = connections.accept() else {
                // No room for another descriptor; it passes.
                std::thread::sleep(Duration::from_millis(100));
                continue;
            };
            if self.connections.fetch_add(1, Ordering::Relaxed) >= MAX_CONNECTIONS {
                self.connections.fetch_sub(1, Ordering::Relaxed);
                continue;
            }
            let shared = Arc::clone(&self);
            let served = spawn(move || {
                // However the connection ends, it is the program's.
                let _ = shared.serve_connection(stream);
                shared.connections.fetch_sub(1, Ordering::Relaxed);
            });
            if served.is_err() {
                self.connections.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    fn serve_connection(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        loop {
            let mut length = [0; 2];
            stream.read_exact(&mut length)?;
            let mut message = vec![0_u8; u16::from_be_bytes(length).into()];
            stream.read_exact(&mut message)?;
            let (sender, receiver) = mpsc::sync_channel(1);
            self.ask(&message, Asker::Connection(sender));
            let answer = receiver.recv_timeout(PATIENCE).map_err(|_| io::ErrorKind::TimedOut)?;
            let length = u16::try_from(answer.len()).map_err(|_| io::ErrorKind::InvalidData)?;
            stream.write_all(&[&length.to_be_bytes(), &answer[..]].concat())?;
        }
    }
}
