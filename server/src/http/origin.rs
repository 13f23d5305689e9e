//! Where a request comes from, behind proxies or without.
//!
//! Anybody can write `X-Forwarded-For`; so it counts only as far as proxies that were named wrote
//! it. `Forwarded` (RFC 7239) is not looked at: most proxies pass on what a client put there.

use std::net::IpAddr;
use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::http::header;
use ipnet::IpNet;

/// The proxies whose word counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// The text names no addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no address or network, such as 10.0.0.5 or 10.0.0.0/24")]
pub struct ProxyProblem(String);

impl FromStr for TrustedProxies {
    type Err = ProxyProblem;

    fn from_str(text: &str) -> Result<Self, ProxyProblem> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let net = |part: &str| {
            let one = part.parse::<IpAddr>().map(IpNet::from);
            one.or_else(|_| part.parse()).map_err(|_| ProxyProblem(part.to_owned()))
        };
        parts.map(net).collect::<Result<_, _>>().map(Self)
    }
}

impl TrustedProxies {
    /// The address a request comes from: the last one that no trusted proxy stands at.
    pub fn origin(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?.ip();
        let told = request.headers().get_all(header::X_FORWARDED_FOR);
        let told: Vec<&str> = told.filter_map(|value| value.to_str().ok()).collect();
        Some(self.behind(peer, &told.join(",")))
    }

    /// Whether one of them is at an address.
    pub fn is_one(&self, at: IpAddr) -> bool {
        let at = at.to_canonical();
        self.0.iter().any(|net| net.contains(&at))
    }

    fn behind(&self, peer: IpAddr, told: &str) -> IpAddr {
        let mut at = peer.to_canonical();
        for hop in told.rsplit(',') {
            if !self.is_one(at) {
                break;
            }
            match address(hop.trim()) {
                Some(before) => at = before,
                None => break,
            }
        }
        at
    }
}

/// An address as proxies write it: maybe with a port.
fn address(text: &str) -> Option<IpAddr> {
    let whole = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|one| one.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    whole.or_else(with_port).or_else(bracketed).map(|one: IpAddr| one.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_trusted_proxies_tell_counts() {
        let proxies: TrustedProxies = "10.0.0.0/24, 192.0.2.1, fd00::/8".parse().unwrap();
        let cases = [
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("10.0.0.7", "198.51.100.1", "198.51.100.1"),
            ("::ffff:10.0.0.7", "198.51.100.1:4711", "198.51.100.1"),
            ("10.0.0.7", "1.1.1.1, 198.51.100.1, 192.0.2.1", "198.51.100.1"),
            ("fd00::1", "[2001:db8::9]:443", "2001:db8::9"),
            ("10.0.0.7", "1.1.1.1, unknown", "10.0.0.7"),
            ("10.0.0.7", "", "10.0.0.7"),
            ("10.0.0.7", "10.0.0.8", "10.0.0.8"),
        ];
        for (peer, told, origin) in cases {
            let at = proxies.behind(peer.parse().unwrap(), told);
            assert_eq!(at.to_string(), origin, "{peer} {told}");
        }
        let nobody = TrustedProxies::default();
        let peer: IpAddr = "10.0.0.7".parse().unwrap();
        assert_eq!(nobody.behind(peer, "1.1.1.1"), peer);
    }

    #[test]
    fn what_is_no_address_is_named() {
        let wrong = "10.0.0.1, proxy.local".parse::<TrustedProxies>().unwrap_err();
        assert!(wrong.to_string().starts_with("proxy.local "));
    }
}
