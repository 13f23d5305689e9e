//! A gate before a service, which lets bytes through, or cuts, refuses or swallows them: what a
//! network, a machine and a restart do to those who wait behind it.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::watch;

/// What the gate does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// It lets everything through. With another number, connections that stand are cut.
    Open(u32),
    /// It lets everything through until a client says this, and closes what it says it on.
    CutAt(&'static str),
    /// It closes what comes.
    Refusing,
    /// It takes what comes, and never answers.
    Swallowing,
}

/// A gate on a free port. It ends with the process.
pub struct Gate {
    address: SocketAddr,
    mode: Arc<watch::Sender<Mode>>,
}

impl Gate {
    /// A gate before a socket; before nothing, it only swallows.
    pub fn before(socket: Option<PathBuf>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("the listener can wait");
        let address = listener.local_addr().expect("it has an address");
        let first = if socket.is_some() { Mode::Open(0) } else { Mode::Swallowing };
        let mode = Arc::new(watch::Sender::new(first));
        let modes = mode.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, socket.clone(), modes.subscribe()));
                }
            });
        });
        Self { address, mode }
    }

    /// Where it stands.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection, and lets new ones through: the service was started anew.
    pub fn cut(&self) {
        self.mode.send_modify(|mode| {
            *mode = match *mode {
                Mode::Open(before) => Mode::Open(before + 1),
                _ => Mode::Open(0),
            };
        });
    }

    /// Lets everything through, again.
    pub fn open(&self) {
        self.mode.send_replace(Mode::Open(1_000));
    }

    /// Cuts every connection, and each new one as soon as a client says this on it: the service
    /// takes what comes, and does not serve it.
    pub fn cut_at(&self, word: &'static str) {
        self.mode.send_replace(Mode::CutAt(word));
    }

    /// Cuts every connection and refuses new ones: the service has ended.
    pub fn refuse(&self) {
        self.mode.send_replace(Mode::Refusing);
    }

    /// Takes what is sent and never answers, on any connection: the machine is gone.
    pub fn swallow(&self) {
        self.mode.send_replace(Mode::Swallowing);
    }
}

async fn serve(mut stream: TcpStream, socket: Option<PathBuf>, mut modes: watch::Receiver<Mode>) {
    let mode = *modes.borrow_and_update();
    let through = async {
        match (mode, socket) {
            (Mode::Open(_), Some(socket)) => {
                if let Ok(mut behind) = UnixStream::connect(socket).await {
                    // Either side may end it.
                    let _ = copy_bidirectional(&mut stream, &mut behind).await;
                }
            }
            (Mode::CutAt(word), Some(socket)) => {
                if let Ok(behind) = UnixStream::connect(socket).await {
                    until_it_says(word, &mut stream, behind).await;
                }
            }
            (Mode::Refusing, _) => {}
            _ => std::future::pending().await,
        }
    };
    let swallows = tokio::select! {
        () = through => false,
        _ = modes.changed() => *modes.borrow() == Mode::Swallowing,
    };
    if swallows {
        // Until the gate does something else, nothing comes back.
        let _ = modes.changed().await;
    }
}

/// Lets everything through until the client says this, which goes no further.
async fn until_it_says(word: &str, client: &mut TcpStream, mut service: UnixStream) {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_service, mut to_service) = service.split();
    let asked = async {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from_client.read(&mut bytes).await {
            let said = String::from_utf8_lossy(&bytes[..count]);
            if said.contains(word) || to_service.write_all(&bytes[..count]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = asked => {}
        _ = tokio::io::copy(&mut from_service, &mut to_client) => {}
    }
}
