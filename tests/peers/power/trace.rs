//! What strace has written of a process: its calls in the order in which they began and ended.
//!
//! strace stops a thread before and behind each call and writes a line at either, so that the number of a line is a
//! time: what one thread does because of what another has done stands behind it. All texts are written in hex (`-xx`),
//! and what a descriptor stands for is written beside it (`-yy`).

use std::collections::HashMap;

/// Which calls are written, and how.
pub(super) const STRACE: &[&str] = &[
    "strace",
    // It is the process that is waited for and killed, and strace stands beside it.
    "-D",
    "-f",
    "-yy",
    "-xx",
    "-s",
    "4194304",
    "--seccomp-bpf",
    "-e",
    "signal=none",
    "-e",
    "trace=pwrite64,pwritev,pwritev2,write,writev,sendto,sendmsg,recvfrom,recvmsg,read,readv,fdatasync,fsync,ftruncate,\
     openat,rename,renameat,renameat2,unlink,unlinkat",
];

/// A call that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// The line at which it began.
    pub(super) began: usize,
    /// The line at which it had ended.
    pub(super) ended: usize,
    /// What it did.
    pub(super) what: What,
}

/// What a call did, as far as it matters here. Files go by their path, sockets by their two ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Octets were written to a place in a file.
    Write(String, u64, Vec<u8>),
    /// A file was cut or made longer.
    Truncate(String, u64),
    /// A file was opened to be made where it is not there.
    Made(String),
    /// The name of a file is gone.
    Removed(String),
    /// A file has another name.
    Renamed(String, String),
    /// A file or a folder was synced.
    Sync(String),
    /// Octets were written to a socket.
    Sent(Socket, Vec<u8>),
    /// Octets came from a socket.
    Came(Socket, Vec<u8>),
}

/// A connection, by the ports of its ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Socket {
    /// Ours.
    pub(super) ours: u16,
    /// The other's.
    pub(super) theirs: u16,
}

/// Reads a whole log. A line that nobody understands is a fault of the test.
pub(super) fn read(log: &str) -> Vec<Call> {
    let mut begun: HashMap<&str, (usize, &str)> = HashMap::new();
    let mut calls = Vec::new();
    for (number, line) in log.lines().enumerate() {
        let (thread, rest) = line.split_once(' ').unwrap_or_else(|| panic!("line {number} is none of strace: {line}"));
        let rest = rest.trim_start();
        if rest.starts_with("+++") || rest.starts_with("---") {
            continue;
        }
        if let Some(head) = rest.strip_suffix("<unfinished ...>") {
            begun.insert(thread, (number, head.trim_end()));
            continue;
        }
        let Some(resumed) = rest.strip_prefix("<... ") else {
            calls.extend(call(rest).map(|what| Call { began: number, ended: number, what }));
            continue;
        };
        let (began, head) = begun.remove(thread).unwrap_or_else(|| panic!("line {number} resumes nothing: {line}"));
        let (_, tail) = resumed.split_once("resumed>").unwrap_or_else(|| panic!("line {number}: {line}"));
        calls.extend(call(&format!("{head}{tail}")).map(|what| Call { began, ended: number, what }));
    }
    calls.sort_by_key(|it| it.began);
    calls
}

/// What a whole call did; `None` of those that failed or say nothing here.
fn call(text: &str) -> Option<What> {
    let (call, returned) = text.rsplit_once(" = ")?;
    let digits = returned.split(|it: char| !it.is_ascii_digit()).next()?;
    let returned: u64 = digits.parse().ok()?;
    let (name, arguments) = call.split_once('(')?;
    let arguments = arguments.trim_end().strip_suffix(')')?;
    match name {
        "rename" | "renameat" | "renameat2" => {
            let mut names = texts(arguments).into_iter().map(path);
            return Some(What::Renamed(names.next()?, names.next()?));
        }
        "unlink" | "unlinkat" => return Some(What::Removed(path(texts(arguments).pop()?))),
        "openat" => {
            let makes = arguments.contains("O_CREAT");
            return makes.then(|| texts(arguments).pop().map(path)).flatten().map(What::Made);
        }
        _ => (),
    }
    let (_, behind) = arguments.split_once('<')?;
    let end = [">, ", ">,"].iter().find_map(|it| behind.find(it)).unwrap_or(behind.len() - 1);
    let (of, rest) = (&behind[..end], behind[end..].trim_start_matches(['>', ',', ' ']));
    if of.starts_with("TCP") {
        let socket = socket(of)?;
        let octets = taken(rest, returned);
        return match name {
            "write" | "writev" | "sendto" | "sendmsg" => Some(What::Sent(socket, octets)),
            "read" | "readv" | "recvfrom" | "recvmsg" => Some(What::Came(socket, octets)),
            _ => None,
        };
    }
    let file = path(hex(of).ok()?);
    match name {
        "fsync" | "fdatasync" => Some(What::Sync(file)),
        "ftruncate" => Some(What::Truncate(file, rest.parse().ok()?)),
        "pwrite64" | "pwritev" | "pwritev2" => {
            let place = rest.rsplit(", ").find_map(|it| it.parse().ok())?;
            Some(What::Write(file, place, taken(rest, returned)))
        }
        _ => None,
    }
}

/// The texts among arguments, joined, up to what the call says that it took.
fn taken(arguments: &str, returned: u64) -> Vec<u8> {
    let mut octets = texts(arguments).concat();
    let returned = usize::try_from(returned).expect("a count of octets");
    assert!(returned <= octets.len(), "strace has cut off a text: {returned} octets are wanted of {}", octets.len());
    octets.truncate(returned);
    octets
}

/// What stands in quotes.
fn texts(arguments: &str) -> Vec<Vec<u8>> {
    let quoted = arguments.split('"').skip(1).step_by(2);
    quoted.map(|it| hex(it).unwrap_or_else(|it| panic!("strace writes all texts in hex: {it}"))).collect()
}

/// `\x2f\x74` as octets.
fn hex(text: &str) -> Result<Vec<u8>, &str> {
    let mut octets = Vec::with_capacity(text.len() / 4);
    for it in text.as_bytes().chunks(4) {
        let digit = |it: u8| char::from(it).to_digit(16).map(|it| it as u8);
        let [b'\\', b'x', high, low] = *it else { return Err(text) };
        let (Some(high), Some(low)) = (digit(high), digit(low)) else { return Err(text) };
        octets.push(high << 4 | low);
    }
    Ok(octets)
}

fn path(octets: Vec<u8>) -> String {
    String::from_utf8(octets).expect("our paths are UTF-8")
}

/// `TCP:[127.0.0.1:1->127.0.0.1:2]`
fn socket(text: &str) -> Option<Socket> {
    let (ours, theirs) = text.split_once("->")?;
    let port = |it: &str| it.trim_end_matches([']', '>']).rsplit(':').next()?.parse().ok();
    Some(Socket { ours: port(ours)?, theirs: port(theirs)? })
}

/// A text in hex, as strace writes it.
fn written(octets: &[u8]) -> String {
    octets.iter().map(|it| format!("\\x{it:02x}")).collect()
}

/// The log is read as it stands: whole calls, calls that another thread's stand between, and what is passed over.
pub(super) fn what_strace_writes_is_read() {
    let (file, folder) = (written(b"/s/nuncio.db-wal"), written(b"/s"));
    let log = format!(
        "7 openat(AT_FDCWD<{folder}>, \"{file}\", O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 12<{file}>\n\
         7 pwrite64(12<{file}>, \"\\x01\\x02\\x03\", 3, 32 <unfinished ...>\n\
         8 fdatasync(12<{file}> <unfinished ...>\n\
         7 <... pwrite64 resumed>)           = 2\n\
         8 <... fdatasync resumed>)          = 0\n\
         8 fdatasync(12<{file}>)             = -1 EIO (Input/output error)\n\
         8 recvfrom(18<TCP:[127.0.0.1:41434->127.0.0.1:12775]>, \"\\x61\", 8192, 0, NULL, NULL) = 1\n\
         9 writev(19<TCP:[127.0.0.1:80->127.0.0.1:90]>, [{{iov_base=\"\\x61\", iov_len=1}}, {{iov_base=\"\\x62\\x63\", \
         iov_len=2}}], 2) = 3\n\
         7 ftruncate(12<{file}>, 0)          = 0\n\
         7 unlink(\"{file}\") = 0\n\
         7 +++ exited with 0 +++\n"
    );
    let name = || "/s/nuncio.db-wal".to_owned();
    let found: Vec<(usize, usize, What)> = read(&log).into_iter().map(|it| (it.began, it.ended, it.what)).collect();
    let wanted = [
        (0, 0, What::Made(name())),
        (1, 3, What::Write(name(), 32, vec![1, 2])),
        (2, 4, What::Sync(name())),
        (6, 6, What::Came(Socket { ours: 41_434, theirs: 12_775 }, b"a".to_vec())),
        (7, 7, What::Sent(Socket { ours: 80, theirs: 90 }, b"abc".to_vec())),
        (8, 8, What::Truncate(name(), 0)),
        (9, 9, What::Removed(name())),
    ];
    assert_eq!(found, wanted);
}
