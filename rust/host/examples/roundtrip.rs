//! A round trip between two programs, measured without Python in the way: the kernel's side of `bench/test_roundtrip.py`.
//!
//! ```text
//! roundtrip echo PORT                        echo one TCP connection after the other, and all datagrams
//! roundtrip ask tcp|udp ADDRESS PORT COUNT   ask so often, print p50 and p99 in microseconds
//! ```

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;
use tapip_host::monotonic;

/// Bytes of a question and of its answer.
const SIZE: usize = 32;
/// Questions before the first that counts: connections settle, caches fill.
const WARM: usize = 1_000;
/// Nothing takes so long, whatever else the machine does.
const PATIENCE: Duration = Duration::from_secs(20);

fn echo(port: u16) -> Result<()> {
    let socket = UdpSocket::bind(("0.0.0.0", port))?;
    let listener = TcpListener::bind(("0.0.0.0", port))?;
    thread::spawn(move || -> Result<()> {
        let mut buffer = [0; 2048];
        loop {
            let (length, from) = socket.recv_from(&mut buffer)?;
            socket.send_to(&buffer[..length], from)?;
        }
    });
    loop {
        let (mut stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let mut buffer = [0; 2048];
        loop {
            let length = stream.read(&mut buffer)?;
            if length == 0 {
                break;
            }
            stream.write_all(&buffer[..length])?;
        }
    }
}

/// What asks once and reads the answer.
type Question = Box<dyn FnMut() -> Result<()>>;

fn question(kind: &str, address: &str, port: u16) -> Result<Question> {
    if kind == "tcp" {
        let mut stream = TcpStream::connect((address, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        return Ok(Box::new(move || {
            stream.write_all(&[7; SIZE])?;
            stream.read_exact(&mut [0; SIZE])
        }));
    }
    let socket = UdpSocket::bind(("0.0.0.0", 0))?;
    socket.connect((address, port))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(Box::new(move || {
        socket.send(&[7; SIZE])?;
        socket.recv(&mut [0; SIZE]).map(drop)
    }))
}

fn ask(mut once: Question, count: usize) -> Result<()> {
    for _ in 0..count.min(WARM) {
        once()?;
    }
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = monotonic();
        once()?;
        times.push(monotonic().since(start).as_nanos());
    }
    times.sort_unstable();
    let at = |part: usize| times[(count * part / 100).min(count - 1)] as f64 / 1e3;
    println!("{:.2} {:.2}", at(50), at(99));
    Ok(())
}

fn main() -> Result<()> {
    let wrong = || Error::new(ErrorKind::InvalidInput, "echo PORT | ask tcp|udp ADDRESS PORT COUNT");
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["echo", port] => echo(port.parse().map_err(|_| wrong())?),
        ["ask", kind, address, port, count] => {
            let count = count.parse().ok().filter(|count| *count > 0).ok_or_else(wrong)?;
            ask(question(kind, address, port.parse().map_err(|_| wrong())?)?, count)
        }
        _ => Err(wrong()),
    }
}
