//! How many connections one address may have open. Each costs a descriptor and some memory before
//! anybody has said who they are.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::origin::TrustedProxies;
use super::throttle::network;
use crate::limits::CONNECTIONS_OF_ONE;

/// The connections of each address. Proxies that are trusted have as many as they like.
#[derive(Clone, Default)]
pub struct Connections {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    trusted: TrustedProxies,
}

/// A connection that counts until it is dropped.
pub struct Open {
    connections: Connections,
    from: IpAddr,
}

impl Connections {
    /// None is open.
    pub fn new(trusted: TrustedProxies) -> Self {
        Self { trusted, ..Self::default() }
    }

    /// Counts a connection; none if its address has as many as it may.
    pub fn open(&self, from: IpAddr) -> Option<Open> {
        let is_trusted = self.trusted.is_one(from);
        let from = network(from);
        let mut all = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(from).or_default();
        if *count >= CONNECTIONS_OF_ONE && !is_trusted {
            return None;
        }
        *count += 1;
        Some(Open { connections: self.clone(), from })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut all = self.connections.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_and_a_trusted_proxy_as_many_as_it_likes() {
        let connections = Connections::new("10.0.0.1".parse().unwrap());
        let at = |text: &str| connections.open(text.parse().unwrap());
        let mut open: Vec<_> = (0..CONNECTIONS_OF_ONE).map(|_| at("192.0.2.1").unwrap()).collect();
        assert!(at("192.0.2.1").is_none());
        open.pop();
        open.push(at("192.0.2.1").expect("one has gone"));
        let proxied: Vec<_> = (0..=CONNECTIONS_OF_ONE).map(|_| at("10.0.0.1")).collect();
        assert!(proxied.iter().all(Option::is_some));
        drop((open, proxied));
        assert!(connections.open.lock().unwrap().is_empty(), "and is forgotten");
    }
}
