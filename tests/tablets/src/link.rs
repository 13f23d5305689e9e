//! A bad link: a relay that counts bytes and, when told so, drops connections.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How bad the link is.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// A connection is dropped after about so many bytes; never if absent.
    pub drop_after: Option<u64>,
    /// Bytes a second in each direction; as fast as it goes if absent.
    pub pace: Option<u64>,
    /// For the same drops again.
    pub seed: u64,
}

impl Weather {
    /// Nothing goes wrong.
    pub const FAIR: Self = Self { drop_after: None, pace: None, seed: 0 };
}

/// What went over the link.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Bytes from tablets to the server.
    pub up: AtomicU64,
    /// Bytes from the server to tablets.
    pub down: AtomicU64,
    /// Connections that were dropped.
    pub drops: AtomicU64,
}

/// A relay to a server.
pub struct Link {
    address: SocketAddr,
    traffic: Arc<Traffic>,
    relay: tokio::task::JoinHandle<()>,
}

impl Link {
    /// Opens a relay on a free port of this machine.
    pub async fn open(server: &str, weather: Weather) -> io::Result<Self> {
        let target = server.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let traffic = Arc::new(Traffic::default());
        let counted = traffic.clone();
        let relay = tokio::spawn(async move {
            let mut random = StdRng::seed_from_u64(weather.seed);
            while let Ok((tablet, _)) = listener.accept().await {
                let lives = weather.drop_after.map(|mean| random.random_range(mean / 4..mean * 2));
                tokio::spawn(carry(tablet, target.clone(), lives, weather.pace, counted.clone()));
            }
        });
        Ok(Self { address, traffic, relay })
    }

    /// Where tablets reach the server through this link.
    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What went over it so far.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.relay.abort();
    }
}

/// Carries bytes both ways until one side ends or the connection has carried what it may.
async fn carry(
    tablet: TcpStream,
    target: String,
    lives: Option<u64>,
    pace: Option<u64>,
    traffic: Arc<Traffic>,
) {
    let Ok(server) = TcpStream::connect(target).await else { return };
    let (mut from_tablet, mut to_tablet) = tablet.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let carried = AtomicU64::new(0);
    let may_carry = |bytes: u64| {
        let sum = carried.fetch_add(bytes, Ordering::Relaxed) + bytes;
        lives.is_none_or(|lives| sum < lives)
    };
    let up = pump(&mut from_tablet, &mut to_server, pace, &traffic.up, &may_carry);
    let down = pump(&mut from_server, &mut to_tablet, pace, &traffic.down, &may_carry);
    let dropped = tokio::select! { ended = up => ended, ended = down => ended };
    if dropped {
        traffic.drops.fetch_add(1, Ordering::Relaxed);
    }
}

/// Copies until the end; says whether the connection was dropped.
async fn pump(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    pace: Option<u64>,
    counter: &AtomicU64,
    may_carry: &impl Fn(u64) -> bool,
) -> bool {
    let mut buffer = vec![0; 4096];
    loop {
        let Ok(length @ 1..) = from.read(&mut buffer).await else { return false };
        if !may_carry(length as u64) {
            return true;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return false;
        }
        counter.fetch_add(length as u64, Ordering::Relaxed);
        if let Some(pace) = pace {
            tokio::time::sleep(Duration::from_secs_f64(length as f64 / pace as f64)).await;
        }
    }
}
