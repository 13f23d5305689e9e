//! Submissions as they are posted: the OpenRosa Form Submission API
//! (<https://docs.getodk.org/openrosa-form-submission/>), in multipart/form-data (RFC 7578).

use crate::xml::Element;

/// A file of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its name, as the submission has it.
    pub name: String,
    /// Its media type, such as `image/jpeg`.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The bodies of the requests that post a submission: one, or as many as its files need so that
/// none is larger than `most` bytes, as far as single files allow. All but the last say that more
/// follows.
///
/// The media type of each is `multipart/form-data; boundary=…` with the boundary given, which must
/// not stand in the files.
pub fn multipart(
    submission: &Element,
    attachments: &[Attachment],
    boundary: &str,
    most: usize,
) -> Vec<Vec<u8>> {
    let xml = submission.write(false);
    let mut batches: Vec<Vec<&Attachment>> = vec![Vec::new()];
    let mut size = xml.len();
    for attachment in attachments {
        let is_full = size + attachment.bytes.len() > most;
        if is_full && batches.last().is_some_and(|batch| !batch.is_empty()) {
            batches.push(Vec::new());
            size = xml.len();
        }
        size += attachment.bytes.len();
        if let Some(batch) = batches.last_mut() {
            batch.push(attachment);
        }
    }
    let last = batches.len() - 1;
    batches
        .iter()
        .enumerate()
        .map(|(at, batch)| {
            let mut body = Vec::new();
            let file = Some("submission.xml");
            part(&mut body, boundary, "xml_submission_file", file, "text/xml", xml.as_bytes());
            for attachment in batch {
                let name = attachment.name.as_str();
                let kind = attachment.media_type.as_str();
                part(&mut body, boundary, name, Some(name), kind, &attachment.bytes);
            }
            if at < last {
                part(&mut body, boundary, "*isIncomplete*", None, "text/plain", b"yes");
            }
            body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
            body
        })
        .collect()
}

fn part(
    body: &mut Vec<u8>,
    boundary: &str,
    name: &str,
    file: Option<&str>,
    media_type: &str,
    bytes: &[u8],
) {
    let name = quoted(name);
    let file = file.map(|file| format!("; filename=\"{}\"", quoted(file))).unwrap_or_default();
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\
         Content-Type: {media_type}\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n");
}

/// A name within quotes (RFC 7578, section 4.2, as browsers write it).
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_follow_the_submission_in_as_many_requests_as_they_need() {
        let submission = Element::new("data").with("id", "f");
        let photo = |name: &str, size: usize| Attachment {
            name: name.to_owned(),
            media_type: "image/jpeg".to_owned(),
            bytes: vec![b'x'; size],
        };
        let photos = [photo("a.jpg", 400), photo("b \"1\".jpg", 400), photo("c.jpg", 5_000)];
        let bodies: Vec<String> = multipart(&submission, &photos, "b0", 1_000)
            .into_iter()
            .map(|body| String::from_utf8(body).expect("text"))
            .collect();
        assert_eq!(bodies.len(), 2);
        for body in &bodies {
            assert!(body.starts_with(
                "--b0\r\nContent-Disposition: form-data; name=\"xml_submission_file\"; \
                 filename=\"submission.xml\"\r\nContent-Type: text/xml\r\n\r\n<?xml"
            ));
            assert!(body.ends_with("\r\n--b0--\r\n"));
        }
        assert!(bodies[0].contains("filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nxxx"));
        assert!(bodies[0].contains("filename=\"b %221%22.jpg\""));
        assert!(
            bodies[0].contains("name=\"*isIncomplete*\"\r\nContent-Type: text/plain\r\n\r\nyes")
        );
        assert!(bodies[1].contains("c.jpg") && !bodies[1].contains("*isIncomplete*"));
        assert_eq!(multipart(&submission, &[], "b0", 10).len(), 1);
    }
}
