//! Receipts of notifications: what a household holds, and what it proves without asking anybody.

use data_encoding::BASE64URL_NOPAD;
use minicbor::Decoder;
use mobile_schema::Hash;
use mobile_schema::canonical::Encoder;
use mobile_schema::notice::NoticeContent;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::leaf::{self, Leaf};
use super::tree;

/// What a QR code on paper begins with.
const QR: &str = "RUHU1:";

/// Bytes that JSON has in base64 (RFC 4648, section 5, without padding).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> From<[u8; N]> for Bytes {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes.to_vec())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        BASE64URL_NOPAD.encode(&self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64URL_NOPAD
            .decode(text.as_bytes())
            .map(Self)
            .map_err(|_| serde::de::Error::custom("not base64url without padding"))
    }
}

impl Bytes {
    fn fixed<const N: usize>(&self) -> Option<[u8; N]> {
        self.0.as_slice().try_into().ok()
    }
}

/// A receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// 1
    pub version: u32,
    /// Where it stands in the log, from 0.
    pub position: u64,
    /// What the log says about it ([`Leaf`]).
    pub leaf: Bytes,
    /// The key that countersigned.
    pub key: String,
    /// The countersignature ([`leaf::countersigned`]).
    pub signature: Bytes,
    /// The whole log as it was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Head>,
    /// What proves that it is in that log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proof: Vec<Hash>,
    /// What was shown and answered: the notification's canonical bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Bytes>,
}

/// The whole log as it was signed at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Entries.
    pub size: u64,
    /// The hash over all of them.
    pub root: Hash,
    /// When, microseconds since 1970 UTC.
    pub at: i64,
    /// The key that signed.
    pub key: String,
    /// The signature ([`leaf::tree_head`]).
    pub signature: Bytes,
}

/// What is published, so that receipts can be verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedKeys {
    /// 1
    pub version: u32,
    /// The keys that countersign or did.
    pub keys: Vec<PublicKey>,
    /// Tablets whose signatures count for nothing from a time on.
    pub revoked_devices: Vec<RevokedDevice>,
}

/// A key that countersigns or did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// Its name.
    pub id: String,
    /// Ed25519, 32 bytes.
    pub key: Bytes,
    /// Used from, microseconds since 1970 UTC.
    pub from: i64,
    /// Used until; still, where it isn't said.
    pub until: Option<i64>,
}

/// A tablet whose signatures count for nothing from a time on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedDevice {
    /// Its key, Ed25519.
    pub key: Bytes,
    /// From when, microseconds since 1970 UTC.
    pub from: i64,
}

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it holds.
    pub holds: bool,
    /// What, in Chinese.
    pub zh: String,
    /// What, in English.
    pub en: String,
}

/// What a receipt proves.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// All that was looked at.
    pub verdicts: Vec<Verdict>,
    /// The entry, if it could be read.
    pub leaf: Option<Leaf>,
    /// What was shown and answered, if the receipt has it and it is what was signed.
    pub content: Option<NoticeContent>,
}

impl Verified {
    /// Whether everything that was looked at holds.
    pub fn holds(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.holds)
    }
}

impl Receipt {
    /// Reads a receipt: JSON, or the content of a QR code.
    ///
    /// # Errors
    /// What is wrong with it, in Chinese and English.
    pub fn read(text: &str) -> Result<Self, [String; 2]> {
        let text = text.trim();
        match text.strip_prefix(QR) {
            Some(rest) => Self::from_qr(rest).ok_or_else(|| {
                [
                    "二维码内容不完整或有改动，读不出来".into(),
                    "the QR code's content is incomplete or changed: it can't be read".into(),
                ]
            }),
            None => Self::from_json(text)
                .map_err(|error| [format!("不是回执：{error}"), format!("not a receipt: {error}")]),
        }
    }

    /// Reads the receipt's own JSON, or that of an answer of the server with the receipt in it.
    fn from_json(text: &str) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Told {
            receipt: Receipt,
            qr: Option<String>,
        }
        let json: serde_json::Value = serde_json::from_str(text)?;
        if json.get("receipt").is_none() {
            return serde_json::from_str(text);
        }
        let Told { receipt, qr } = serde_json::from_value(json)?;
        match qr.is_none_or(|qr| qr == receipt.qr()) {
            true => Ok(receipt),
            false => Err(serde::de::Error::custom("`qr` is another receipt's")),
        }
    }

    /// What a QR code holds: all that is signed, without the text and the proof.
    pub fn qr(&self) -> String {
        let mut encoder = Encoder::new();
        encoder.array(4).unsigned(self.position).bytes(&self.leaf.0);
        encoder.text(&self.key).bytes(&self.signature.0);
        format!("{QR}{}", BASE64URL_NOPAD.encode(&encoder.finish()))
    }

    fn from_qr(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let mut from = Decoder::new(&bytes);
        if from.array().ok()? != Some(4) {
            return None;
        }
        let receipt = Self {
            version: 1,
            position: from.u64().ok()?,
            leaf: from.bytes().ok()?.to_vec().into(),
            key: from.str().ok()?.to_owned(),
            signature: from.bytes().ok()?.to_vec().into(),
            head: None,
            proof: Vec::new(),
            content: None,
        };
        (receipt.qr() == format!("{QR}{text}")).then_some(receipt)
    }

    /// Looks at everything a receipt says, by published keys. Nobody is asked.
    pub fn verify(&self, published: &PublishedKeys) -> Verified {
        let mut verdicts = Vec::new();
        let mut tell = |holds: bool, zh: [&str; 2], en: [&str; 2]| {
            let pick = |words: [&str; 2]| words[usize::from(!holds)].to_owned();
            verdicts.push(Verdict { holds, zh: pick(zh), en: pick(en) });
        };
        let leaf = Leaf::read(&self.leaf.0);
        tell(
            leaf.is_some(),
            ["登记内容格式正确", "登记内容（leaf）有改动，读不出来"],
            ["the entry is well-formed", "the entry (leaf) was changed and can't be read"],
        );
        let hash = tree::leaf_hash(&self.leaf.0);
        let named = |id: &str| published.keys.iter().find(|key| key.id == id);
        match named(&self.key) {
            None => tell(
                false,
                ["", "回签密钥不在公布的密钥中：可能是其他县的回执，或密钥文件过旧"],
                [
                    "",
                    "the countersigning key is not among the published ones: a receipt of another county, or an old file of keys",
                ],
            ),
            Some(key) => {
                let is_by = |bytes: &[u8], signature: &Bytes, key: &PublicKey| {
                    let parts = key.key.fixed().zip(signature.fixed());
                    parts.is_some_and(|(key, signature)| leaf::is_by(&key, bytes, &signature))
                };
                tell(
                    is_by(&leaf::countersigned(self.position, &hash), &self.signature, key),
                    ["服务器回签有效", "服务器回签（signature）与登记内容或序号不符"],
                    [
                        "the server's countersignature is valid",
                        "the server's countersignature (signature) is not of this entry at this position",
                    ],
                );
                if let Some(leaf) = &leaf {
                    let in_time = key.from <= leaf.at && key.until.is_none_or(|end| leaf.at <= end);
                    tell(
                        in_time,
                        ["回签时间在密钥有效期内", "回签时间不在密钥有效期内"],
                        [
                            "it was countersigned while the key was in use",
                            "it was countersigned while the key was not in use",
                        ],
                    );
                }
                if let Some(head) = &self.head {
                    let by = named(&head.key);
                    let head_bytes = leaf::tree_head(head.size, &head.root, head.at);
                    tell(
                        by.is_some_and(|key| is_by(&head_bytes, &head.signature, key)),
                        ["登记簿签名有效", "登记簿签名（head）无效"],
                        ["the log's signature is valid", "the log's signature (head) is not valid"],
                    );
                    tell(
                        tree::is_included(self.position, head.size, hash, &self.proof, &head.root),
                        ["已列入登记簿", "登记证明（proof）不成立：不能证明已列入登记簿"],
                        [
                            "it is in the log",
                            "the proof (proof) does not show that it is in the log",
                        ],
                    );
                }
            }
        }
        let mut content = None;
        if let Some(leaf) = &leaf {
            tell(
                leaf.is_signed(),
                ["平板签名有效", "平板签名与告知书摘要不符"],
                [
                    "the tablet's signature is valid",
                    "the tablet's signature is not of this notification",
                ],
            );
            if let Some(bytes) = &self.content {
                let is_it = Hash::of(&bytes.0) == leaf.digest;
                tell(
                    is_it,
                    ["正文与签名时一致", "正文（content）与签名时不一致：有改动"],
                    [
                        "the text is what was signed",
                        "the text (content) is not what was signed: it was changed",
                    ],
                );
                content = NoticeContent::read(&bytes.0).ok().filter(|_| is_it);
                if is_it && content.is_none() {
                    tell(false, ["", "正文读不出来"], ["", "the text can't be read"]);
                }
            }
            // Not by when it says that it was signed, which whoever has the tablet can date back.
            let is_revoked = |revoked: &RevokedDevice| {
                revoked.key.0 == leaf.device_key && revoked.from <= leaf.at
            };
            if published.revoked_devices.iter().any(is_revoked) {
                tell(
                    false,
                    ["", "这台平板在登记之前已报失，它的签名不再算数"],
                    [
                        "",
                        "the tablet was reported lost before this was countersigned: its signature counts for nothing",
                    ],
                );
            }
        }
        Verified { verdicts, leaf, content }
    }
}
