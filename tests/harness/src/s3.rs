//! An S3 service for this test process, and a bucket for each test.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::OnceLock;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use ruhu::media_store::{MediaUrl, S3Settings};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use uuid::Uuid;

use crate::process::folder_until_exit;

const ACCESS_KEY: &str = "ruhu-test";
const SECRET_KEY: &str = "ruhu-test-secret";

static SERVER: OnceLock<ObjectStore> = OnceLock::new();

/// An S3 service on a free port.
pub struct ObjectStore {
    root: PathBuf,
    address: SocketAddr,
}

impl ObjectStore {
    /// The service of this test process.
    pub fn server() -> &'static Self {
        SERVER.get_or_init(Self::start)
    }

    fn start() -> Self {
        let root = folder_until_exit("ruhu-s3-");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("the listener can wait");
        let address = listener.local_addr().expect("it has an address");
        let mut service = S3ServiceBuilder::new(FileSystem::new(&root).expect("a folder"));
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = service.build();
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                while let Ok((socket, _)) = listener.accept().await {
                    let service = service.clone();
                    tokio::spawn(async move {
                        let builder = Builder::new(TokioExecutor::new());
                        // A client that goes away is its own affair.
                        let _ = builder.serve_connection(TokioIo::new(socket), service).await;
                    });
                }
            });
        });
        Self { root, address }
    }

    /// A new bucket, and how to reach it.
    pub fn bucket(&self) -> (MediaUrl, S3Settings) {
        let bucket = format!("county-{}", Uuid::new_v4());
        std::fs::create_dir_all(self.root.join(&bucket)).expect("a bucket");
        (MediaUrl::S3 { bucket, prefix: "media".into() }, self.settings())
    }

    /// How to reach the service.
    pub fn settings(&self) -> S3Settings {
        S3Settings {
            endpoint: Some(format!("http://{}", self.address)),
            region: None,
            path_style: true,
            direct: false,
            access_key: Some(ACCESS_KEY.into()),
            secret_key: Some(SECRET_KEY.into()),
            session_token: None,
        }
    }
}

/// A port of this machine that nothing listens at.
pub fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it has an address").port()
}
