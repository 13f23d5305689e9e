//! A gate before a service, which lets bytes through, or cuts, refuses or swallows them: what a
//! network, a machine and a restart do to those who wait behind it.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{mpsc, watch};

/// What the gate does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// It lets everything through.
    Open,
    /// It lets everything through until a client says this, and closes what it says it on.
    CutAt(&'static str),
    /// It closes what comes.
    Refusing,
    /// It takes what comes, and never answers.
    Swallowing,
}

/// What stands behind the gate.
#[derive(Clone)]
enum Service {
    Socket(PathBuf),
    Address(SocketAddr),
}

/// A connection to what stands behind the gate.
trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Connection for T {}

impl Service {
    async fn connect(&self) -> std::io::Result<Box<dyn Connection>> {
        Ok(match self {
            Self::Socket(path) => Box::new(UnixStream::connect(path).await?),
            Self::Address(address) => Box::new(TcpStream::connect(address).await?),
        })
    }
}

/// What the gate was told to do. Each connection holds on to what it acts by.
#[derive(Clone)]
struct Order {
    mode: Mode,
    _held: mpsc::Sender<()>,
}

impl Order {
    /// An order, and what ends when no connection acts by it any more.
    fn new(mode: Mode) -> (Self, mpsc::Receiver<()>) {
        let (held, until) = mpsc::channel(1);
        (Self { mode, _held: held }, until)
    }
}

/// A gate on a free port. It ends with the process.
pub struct Gate {
    address: SocketAddr,
    order: Arc<watch::Sender<Order>>,
    until: mpsc::Receiver<()>,
}

impl Gate {
    /// A gate before a service that listens on a socket of this machine.
    pub fn before_socket(socket: PathBuf) -> Self {
        Self::before(Service::Socket(socket))
    }

    /// A gate before a service that listens on an address.
    pub fn before_address(address: SocketAddr) -> Self {
        Self::before(Service::Address(address))
    }

    fn before(service: Service) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("the listener can wait");
        let address = listener.local_addr().expect("it has an address");
        let (first, until) = Order::new(Mode::Open);
        let order = Arc::new(watch::Sender::new(first));
        let orders = order.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, service.clone(), orders.subscribe()));
                }
            });
        });
        Self { address, order, until }
    }

    /// Where it stands.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection, and lets new ones through: the service was started anew.
    pub async fn cut(&mut self) {
        self.tell(Mode::Open).await;
    }

    /// Lets everything through that comes, again.
    pub async fn open(&mut self) {
        self.tell(Mode::Open).await;
    }

    /// Cuts every connection, and each new one as soon as a client says this on it: the service
    /// takes what comes, and does not serve it.
    pub async fn cut_at(&mut self, word: &'static str) {
        self.tell(Mode::CutAt(word)).await;
    }

    /// Cuts every connection and refuses new ones: the service has ended.
    pub async fn refuse(&mut self) {
        self.tell(Mode::Refusing).await;
    }

    /// Takes what is sent and never answers, on any connection: the machine is gone.
    pub async fn swallow(&mut self) {
        self.tell(Mode::Swallowing).await;
    }

    /// Tells every connection, and waits until each has done so.
    async fn tell(&mut self, mode: Mode) {
        let (order, until) = Order::new(mode);
        drop(self.order.send_replace(order));
        let mut before = std::mem::replace(&mut self.until, until);
        // Nothing is ever sent: it ends with the last connection that acted by the order before.
        assert_eq!(before.recv().await, None);
    }
}

async fn serve(mut stream: TcpStream, service: Service, mut orders: watch::Receiver<Order>) {
    let mut order = orders.borrow_and_update().clone();
    let mode = order.mode;
    let through = async {
        let Ok(mut behind) = service.connect().await else { return };
        match mode {
            // Either side may end it.
            Mode::Open => drop(copy_bidirectional(&mut stream, &mut behind).await),
            Mode::CutAt(word) => until_it_says(word, &mut stream, behind).await,
            Mode::Refusing => {}
            Mode::Swallowing => std::future::pending().await,
        }
    };
    let mut is_told = tokio::select! {
        () = through => false,
        told = orders.changed() => told.is_ok(),
    };
    while is_told {
        let next = orders.borrow_and_update().clone();
        is_told = next.mode == Mode::Swallowing;
        if is_told {
            // Until the gate does something else, nothing comes back.
            order = next;
            is_told = orders.changed().await.is_ok();
        }
    }
    // Whoever waits for the order to be followed finds the connection cut.
    drop(stream);
    drop(order);
}

/// Lets everything through until the client says this, which goes no further.
async fn until_it_says(word: &str, client: &mut TcpStream, service: Box<dyn Connection>) {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_service, mut to_service) = tokio::io::split(service);
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
