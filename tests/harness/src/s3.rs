//! An S3 service for this test process, and a bucket for each test.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use ruhu::media_store::{MediaUrl, S3Settings};
use s3s::auth::SimpleAuth;
use s3s::route::S3Route;
use s3s::service::S3ServiceBuilder;
use s3s::{Body, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use s3s_fs::FileSystem;
use tokio::net::TcpSocket;
use uuid::Uuid;

use crate::fault::Fault;
use crate::gate::Gate;
use crate::process::folder_until_exit;

const ACCESS_KEY: &str = "ruhu-test";
const SECRET_KEY: &str = "ruhu-test-secret";

static SERVER: OnceLock<ObjectStore> = OnceLock::new();
/// What is wrong with which bucket.
static FAULTS: Mutex<BTreeMap<String, Fault>> = Mutex::new(BTreeMap::new());

/// Answers what is to go wrong: that photos are put in their places.
struct Faults;

fn fault_of(method: &Method, uri: &Uri) -> Option<Fault> {
    let (bucket, key) = uri.path().trim_start_matches('/').split_once('/')?;
    let is_put = (method == Method::PUT || method == Method::POST) && key.contains("blobs/");
    let faults = FAULTS.lock().unwrap_or_else(PoisonError::into_inner);
    faults.get(bucket).copied().filter(|_| is_put)
}

#[async_trait::async_trait]
impl S3Route for Faults {
    fn is_match(&self, method: &Method, uri: &Uri, _: &HeaderMap, _: &mut Extensions) -> bool {
        fault_of(method, uri).is_some()
    }

    async fn call(&self, request: S3Request<Body>) -> S3Result<S3Response<Body>> {
        let mut body = request.input;
        body.store_all_limited(usize::MAX)
            .await
            .map_err(|source| S3Error::with_source(S3ErrorCode::InternalError, source))?;
        match fault_of(&request.method, &request.uri) {
            Some(Fault::MediaSwallows) => {
                let tag = HeaderMap::from_iter([(
                    http::header::ETAG,
                    HeaderValue::from_static("\"d41d8cd98f00b204e9800998ecf8427e\""),
                )]);
                Ok(S3Response::with_headers(Body::empty(), tag))
            }
            Some(Fault::MediaFull) => {
                let mut error = S3Error::new(S3ErrorCode::Custom("XMinioStorageFull".into()));
                error.set_status_code(StatusCode::INSUFFICIENT_STORAGE);
                Err(error)
            }
            _ => Err(S3Error::new(S3ErrorCode::InternalError)),
        }
    }
}

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
        service.set_route(Faults);
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

    /// A gate before the service.
    pub fn behind_a_gate(&self) -> Gate {
        Gate::before_address(self.address)
    }

    /// Has something go wrong with a bucket, or nothing any more.
    pub(crate) fn fail(&self, bucket: &str, fault: Option<Fault>) {
        let mut faults = FAULTS.lock().unwrap_or_else(PoisonError::into_inner);
        match fault {
            Some(fault) => faults.insert(bucket.to_owned(), fault),
            None => faults.remove(bucket),
        };
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

/// A port of this machine that nothing listens at, as long as this process lasts: it is taken.
pub fn closed_port() -> u16 {
    static TAKEN: OnceLock<TcpSocket> = OnceLock::new();
    let taken = TAKEN.get_or_init(|| {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        socket
    });
    taken.local_addr().expect("it has an address").port()
}
