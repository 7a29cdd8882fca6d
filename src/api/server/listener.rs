//! A socket that takes connections: TCP, or a socket in the file system.

use crate::api::handler::auth::ClientAddress;
use crate::api::server::options::Listen;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// Connections that the kernel may keep ready while all threads are busy.
const BACKLOG: i32 = 1_024;
/// The owner and the group may connect to a unix socket; the account's key is asked for all the same.
const SOCKET_MODE: u32 = 0o660;

/// What a connection reads and writes.
pub(crate) trait Octets: AsyncRead + AsyncWrite + Send + Unpin + 'static {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Octets for S {}

/// A bound socket.
#[derive(Debug)]
pub enum Listener {
    /// On an address.
    Tcp(TcpListener),
    /// On a path; the file is removed when the listener goes.
    Unix(UnixListener, SocketFile),
}

/// A connection as it was accepted.
pub(crate) enum Accepted {
    Tcp(TcpStream, ClientAddress),
    Unix(UnixStream),
}

impl Accepted {
    /// Where it comes from.
    pub(crate) const fn client(&self) -> ClientAddress {
        match self {
            Self::Tcp(_, client) => *client,
            Self::Unix(_) => ClientAddress::LOCAL,
        }
    }

    /// The same, which comes from there.
    pub(crate) fn of(self, client: ClientAddress) -> Self {
        match self {
            Self::Tcp(stream, _) => Self::Tcp(stream, client),
            Self::Unix(_) => self,
        }
    }
}

impl Listener {
    /// Binds a socket.
    pub fn bind(listen: &Listen) -> io::Result<Self> {
        match listen {
            Listen::Tcp(address) => {
                let socket =
                    Socket::new(Domain::for_address(*address), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
                // A restart must not wait for the connections of the process before.
                socket.set_reuse_address(true)?;
                socket.bind(&(*address).into())?;
                socket.listen(BACKLOG)?;
                TcpListener::from_std(socket.into()).map(Self::Tcp)
            }
            Listen::Unix(path) => {
                remove_dead(path)?;
                let listener = UnixListener::bind(path)?;
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(SOCKET_MODE))?;
                Ok(Self::Unix(listener, SocketFile(path.clone())))
            }
        }
    }

    /// The address that it has; `None` for a unix socket.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(..) => None,
        }
    }

    /// The next connection.
    pub(crate) async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                // Answers are written whole; waiting for more to send only adds latency.
                stream.set_nodelay(true)?;
                Ok(Accepted::Tcp(stream, ClientAddress(address.ip().to_canonical())))
            }
            Self::Unix(listener, _) => listener.accept().await.map(|(stream, _)| Accepted::Unix(stream)),
        }
    }
}

/// The file of a unix socket, removed with its listener.
#[derive(Debug)]
pub struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Whether it is still there does not matter any more.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Removes a socket that a process before us left, and nothing else: not a file, and not a
/// socket at which somebody answers.
fn remove_dead(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(known) if known.file_type().is_socket() => match std::os::unix::net::UnixStream::connect(path) {
            Ok(_) => Err(io::Error::new(io::ErrorKind::AddrInUse, "another process listens on this socket")),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path),
            Err(error) => Err(error),
        },
        Ok(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file where the socket should be")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
