//! Media in an S3-compatible bucket.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_sdk_s3::error::{DisplayErrorContext, SdkError};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use aws_smithy_http_client::tls;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use super::breaker::Breaker;
use super::{ByteStream, MediaError};

/// How to reach the bucket. Credentials and region come from the usual AWS variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct S3Settings {
    /// Where the service is; Amazon's own if absent.
    pub endpoint: Option<String>,
    /// The region; `us-east-1` if absent.
    pub region: Option<String>,
    /// Whether the bucket stands in the path, as most self-hosted services want.
    pub path_style: bool,
    /// Whether originals are fetched from the bucket itself, by links that count for a while.
    pub direct: bool,
    /// `AWS_ACCESS_KEY_ID`
    pub access_key: Option<String>,
    /// `AWS_SECRET_ACCESS_KEY`
    pub secret_key: Option<String>,
    /// `AWS_SESSION_TOKEN`
    pub session_token: Option<String>,
}

/// How long a link to an object counts.
const LINK_LIFETIME: Duration = Duration::from_secs(300);
/// Objects from this size on are sent in parts.
const MULTIPART_FROM: usize = 5 * 1024 * 1024;

/// A bucket.
#[derive(Clone)]
pub struct S3 {
    client: Client,
    bucket: String,
    prefix: String,
    direct: bool,
}

impl S3 {
    pub(super) fn open(bucket: &str, prefix: &str, settings: &S3Settings) -> Self {
        let client = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build_https();
        let region = settings.region.clone().unwrap_or_else(|| "us-east-1".to_owned());
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(3))
            // To the first byte of an answer, while a part of 5 MB is sent: at 350 KB a second.
            .read_timeout(Duration::from_secs(15))
            .operation_attempt_timeout(Duration::from_secs(30))
            .operation_timeout(Duration::from_secs(50))
            .build();
        let mut config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(client)
            .region(Region::new(region))
            .force_path_style(settings.path_style)
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .timeout_config(timeouts)
            .interceptor(Breaker::default())
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        if let (Some(access), Some(secret)) = (&settings.access_key, &settings.secret_key) {
            let token = settings.session_token.clone();
            config = config.credentials_provider(Credentials::new(
                access,
                secret,
                token,
                None,
                "environment",
            ));
        }
        if let Some(endpoint) = &settings.endpoint {
            config = config.endpoint_url(endpoint);
        }
        Self {
            client: Client::from_conf(config.build()),
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            direct: settings.direct,
        }
    }

    fn key(&self, path: &str) -> String {
        if self.prefix.is_empty() { path.to_owned() } else { format!("{}/{path}", self.prefix) }
    }

    pub(super) async fn ready(&self) -> Result<(), MediaError> {
        let told = |why: String| MediaError::Failed(format!("bucket `{}`: {why}", self.bucket));
        let head = self.client.head_bucket().bucket(&self.bucket).send().await;
        head.map_err(|error| told(DisplayErrorContext(&error).to_string()))?;
        // Who may look into a bucket may still be kept from writing to it, and it may be full.
        let put = self.client.put_object().bucket(&self.bucket).key(self.key("ready"));
        let put = put.body(Bytes::from_static(b"ready").into()).send().await;
        put.map(drop).map_err(|error| told(DisplayErrorContext(&error).to_string()))
    }

    pub(super) async fn put(&self, path: &str, bytes: Bytes) -> Result<(), MediaError> {
        if bytes.len() < MULTIPART_FROM {
            return self.put_whole(path, bytes).await;
        }
        let pieces = futures_util::stream::iter([Ok(bytes)]).boxed();
        self.put_parts(path, pieces).await
    }

    pub(super) async fn assemble(&self, path: &str, pieces: &[String]) -> Result<(), MediaError> {
        let (store, pieces) = (self.clone(), pieces.to_vec());
        let all = futures_util::stream::iter(pieces).then(move |piece| {
            let store = store.clone();
            async move { store.read(&piece).await }
        });
        self.put_parts(path, all.boxed()).await
    }

    async fn put_whole(&self, path: &str, bytes: Bytes) -> Result<(), MediaError> {
        let put = self.client.put_object().bucket(&self.bucket).key(self.key(path));
        put.body(bytes.into()).send().await.map(drop).map_err(failed)
    }

    /// Sends what comes in parts of a bounded size; a small object goes in one request.
    async fn put_parts(&self, path: &str, mut pieces: ByteStream) -> Result<(), MediaError> {
        let mut waiting = BytesMut::new();
        while waiting.len() < MULTIPART_FROM {
            match pieces.next().await {
                Some(piece) => waiting.extend_from_slice(&piece?),
                None => return self.put_whole(path, waiting.freeze()).await,
            }
        }
        let key = self.key(path);
        let created = self
            .client
            .create_multipart_upload()
            .bucket(&self.bucket)
            .key(&key)
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .send()
            .await
            .map_err(failed)?;
        let upload = created.upload_id().unwrap_or_default().to_owned();
        let sent = self.send_parts(&key, &upload, waiting, pieces).await;
        if sent.is_err() {
            let abort = self.client.abort_multipart_upload().bucket(&self.bucket).key(&key);
            if let Err(error) = abort.upload_id(&upload).send().await {
                tracing::warn!(error = %DisplayErrorContext(&error), "a multipart upload stays behind");
            }
        }
        sent
    }

    async fn send_parts(
        &self,
        key: &str,
        upload: &str,
        mut waiting: BytesMut,
        mut pieces: ByteStream,
    ) -> Result<(), MediaError> {
        let mut parts = Vec::new();
        loop {
            let mut ended = false;
            while waiting.len() < MULTIPART_FROM && !ended {
                match pieces.next().await {
                    Some(piece) => waiting.extend_from_slice(&piece?),
                    None => ended = true,
                }
            }
            let part = waiting.split_to(waiting.len().min(MULTIPART_FROM)).freeze();
            if part.is_empty() {
                break;
            }
            let number = i32::try_from(parts.len() + 1).unwrap_or(i32::MAX);
            let sent = self
                .client
                .upload_part()
                .bucket(&self.bucket)
                .key(key)
                .upload_id(upload)
                .part_number(number)
                .checksum_algorithm(ChecksumAlgorithm::Crc32)
                .body(part.into())
                .send()
                .await
                .map_err(failed)?;
            parts.push(
                CompletedPart::builder()
                    .part_number(number)
                    .set_e_tag(sent.e_tag().map(str::to_owned))
                    .set_checksum_crc32(sent.checksum_crc32().map(str::to_owned))
                    .build(),
            );
            if ended && waiting.is_empty() {
                break;
            }
        }
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = self.client.complete_multipart_upload().bucket(&self.bucket).key(key);
        complete.upload_id(upload).multipart_upload(parts).send().await.map(drop).map_err(failed)
    }

    async fn read(&self, path: &str) -> Result<Bytes, MediaError> {
        let got = self.client.get_object().bucket(&self.bucket).key(self.key(path)).send().await;
        let body = got.map_err(missing_or_failed)?.body.collect().await;
        body.map(|body| body.into_bytes()).map_err(|error| MediaError::Failed(error.to_string()))
    }

    pub(super) async fn get(
        &self,
        path: &str,
        range: Option<(u64, u64)>,
    ) -> Result<ByteStream, MediaError> {
        let range = range.map(|(first, last)| format!("bytes={first}-{last}"));
        let request = self.client.get_object().bucket(&self.bucket).key(self.key(path));
        let got = request.set_range(range).send().await;
        let body = got.map_err(missing_or_failed)?.body;
        let pieces = futures_util::stream::try_unfold(body, |mut body| async move {
            match body.next().await {
                Some(Ok(piece)) => Ok(Some((piece, body))),
                Some(Err(error)) => Err(MediaError::Failed(error.to_string())),
                None => Ok(None),
            }
        });
        Ok(pieces.boxed())
    }

    /// A link by which anybody fetches an object for five minutes; none where that isn't wanted.
    pub(super) async fn link(
        &self,
        path: &str,
        media_type: &str,
    ) -> Result<Option<String>, MediaError> {
        if !self.direct {
            return Ok(None);
        }
        let presigning = PresigningConfig::expires_in(LINK_LIFETIME);
        let presigning = presigning.map_err(|error| MediaError::Failed(error.to_string()))?;
        let request = self.client.get_object().bucket(&self.bucket).key(self.key(path));
        let request = request
            .response_content_type(media_type)
            .response_content_disposition("attachment")
            .response_cache_control("private, max-age=300");
        let link = request.presigned(presigning).await.map_err(failed)?;
        Ok(Some(link.uri().to_owned()))
    }

    /// The last parts of the names that begin with `folder`.
    pub(super) async fn list(&self, folder: &str) -> Result<Vec<String>, MediaError> {
        let prefix = self.key(folder);
        let mut names = Vec::new();
        let mut next = None;
        loop {
            let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(&prefix);
            let page = request.set_continuation_token(next).send().await.map_err(failed)?;
            let keys = page.contents().iter().filter_map(|object| object.key());
            names.extend(keys.filter_map(|key| Some(key.strip_prefix(&prefix)?.to_owned())));
            next = page.next_continuation_token().map(str::to_owned);
            if next.is_none() {
                return Ok(names);
            }
        }
    }

    pub(super) async fn has(&self, path: &str) -> Result<bool, MediaError> {
        match self.client.head_object().bucket(&self.bucket).key(self.key(path)).send().await {
            Ok(_) => Ok(true),
            Err(error) => match missing_or_failed(error) {
                MediaError::Missing => Ok(false),
                failed => Err(failed),
            },
        }
    }

    pub(super) async fn delete(&self, path: &str) -> Result<(), MediaError> {
        let delete = self.client.delete_object().bucket(&self.bucket).key(self.key(path));
        match delete.send().await.map_err(missing_or_failed) {
            Ok(_) | Err(MediaError::Missing) => Ok(()),
            Err(failed) => Err(failed),
        }
    }
}

type S3Error<E> = SdkError<E, aws_sdk_s3::config::http::HttpResponse>;

fn missing_or_failed<E: std::error::Error + 'static>(error: S3Error<E>) -> MediaError {
    match error.raw_response().map(|response| response.status().as_u16()) {
        Some(404) => MediaError::Missing,
        _ => failed(error),
    }
}

fn failed<E: std::error::Error + 'static>(error: S3Error<E>) -> MediaError {
    let status = error.raw_response().map(|response| response.status().as_u16());
    let words = DisplayErrorContext(&error).to_string();
    match status {
        // Insufficient Storage, as MinIO and Ceph say when disks or a quota are full.
        Some(507) => MediaError::Full(words),
        _ => MediaError::Failed(words),
    }
}
