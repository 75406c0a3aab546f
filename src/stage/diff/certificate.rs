//! Certificates (RFC 5280) as a review shows them: whose, and from when until when. They are public; a text with anything else in it, such as a
//! private key, is not taken for one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest as _;
use sha2::Sha256;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::der::pem::decode_vec;
use x509_cert::time::Time;

use crate::clock::Timestamp;
use crate::digest::Digest;

/// Bytes of a text that is read, and how many certificates of it.
const LONGEST: usize = 1 << 20;
const MOST: usize = 1_000;
/// Digits of a fingerprint.
const DIGITS: usize = 12;
/// Characters of a subject.
const SUBJECT: usize = 80;
const BEGIN: &str = "-----BEGIN ";
/// How base64 of PEM begins.
const ENCODED: &str = "LS0tLS1CRUdJTi";

/// What the certificates of a text say, each in a line: a text in PEM (RFC 7468), or in base64 of that, as `caBundle` has it. `None` where it is anything else.
pub(super) fn certificates(text: &str) -> Option<Vec<String>> {
    if text.len() > LONGEST {
        return None;
    }
    if text.starts_with(ENCODED) {
        return of_pem(&String::from_utf8(STANDARD.decode(text.trim_end()).ok()?).ok()?);
    }
    of_pem(text)
}

fn of_pem(text: &str) -> Option<Vec<String>> {
    let mut blocks = text.split(BEGIN);
    if !blocks.next()?.trim().is_empty() {
        return None;
    }
    let found: Vec<String> = blocks.map(of_block).collect::<Option<_>>()?;
    (1..=MOST).contains(&found.len()).then_some(found)
}

fn of_block(block: &str) -> Option<String> {
    let (_, der) = decode_vec(format!("{BEGIN}{}", block.trim_end()).as_bytes()).ok().filter(|(label, _)| *label == "CERTIFICATE")?;
    let certificate = Certificate::from_der(&der).ok()?;
    let validity = certificate.tbs_certificate().validity();
    let subject = certificate.tbs_certificate().subject().to_string();
    let mut shown: String = subject.chars().take(SUBJECT).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
    if shown.len() < subject.len() {
        shown.push('…');
    }
    let fingerprint = Digest(Sha256::digest(&der).into()).to_string();
    let (from, until) = (day(validity.not_before)?, day(validity.not_after)?);
    Some(format!("certificate of {shown} from {from} until {until} (SHA-256 {}…)", &fingerprint[..DIGITS]))
}

fn day(time: Time) -> Option<String> {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok()?;
    Timestamp(seconds).to_string().split('T').next().map(str::to_owned)
}

/// `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/O=Shop, Inc/CN=shop.example.com" -days 90`.
#[cfg(test)]
pub(super) const SAMPLE: &str = "\
-----BEGIN CERTIFICATE-----
MIIBtDCCAVmgAwIBAgIUSFts8IPamMfyvRa5+vYLdJGyXkAwCgYIKoZIzj0EAwIw
LzESMBAGA1UECgwJU2hvcCwgSW5jMRkwFwYDVQQDDBBzaG9wLmV4YW1wbGUuY29t
MB4XDTI2MTIwMTAwMTkzNloXDTI3MDMwMTAwMTkzNlowLzESMBAGA1UECgwJU2hv
cCwgSW5jMRkwFwYDVQQDDBBzaG9wLmV4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEvPEa24zMDM5nuRTdd6NuvbECrRDQzRBB0dyP5JpzWRw/hNTD
rMUxODMNIjTJ+3glC4EN9U+Y9kU4z79iDgxlHqNTMFEwHQYDVR0OBBYEFFXZIhY/
3rFJpdE+RbKuuBx44RBXMB8GA1UdIwQYMBaAFFXZIhY/3rFJpdE+RbKuuBx44RBX
MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhANqO3ULewwcVp+0V
N+0Az9oVr05A/DS+VMbnRhQjtrKeAiEAx/dsTs5LsHgHO/Hpze1c8rEiO3pf+RBE
a+UjucVdnmw=
-----END CERTIFICATE-----
";

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::SAMPLE as PEM;
    use super::certificates;

    const SAID: &str = "certificate of CN=shop.example.com,O=Shop\\, Inc from 2026-12-01 until 2027-03-01 (SHA-256 49d1253a7805…)";

    #[test]
    fn a_certificate_is_shown_by_whose_it_is_and_its_dates() {
        assert_eq!(certificates(PEM).unwrap(), [SAID]);
        assert_eq!(certificates(&STANDARD.encode(PEM)).unwrap(), [SAID]);
        assert_eq!(certificates(&format!("\n{}\n{PEM}\n\n", PEM.replace('\n', "\r\n"))).unwrap(), [SAID, SAID]);
    }

    #[test]
    fn a_text_with_anything_else_is_not_a_certificate() {
        let key = PEM.replace("CERTIFICATE", "PRIVATE KEY");
        let (head, tail) = PEM.split_at(PEM.len() / 2);
        for text in [
            String::new(),
            "text".to_owned(),
            key.clone(),
            format!("{PEM}{key}"),
            format!("{key}{PEM}"),
            format!("password: x\n{PEM}"),
            format!("{PEM}password: x\n"),
            format!("{head}{}", &tail[1..]),
            format!("{head}\u{1b}{tail}"),
            STANDARD.encode(format!("{PEM}{key}")),
            STANDARD.encode(PEM).replace('L', "M"),
            PEM.repeat(2_000),
        ] {
            assert_eq!(certificates(&text), None, "{text}");
        }
        // Cut anywhere, and with any byte changed, it is read or not, and nothing panics.
        for at in 0..PEM.len() {
            certificates(&PEM[..at]);
            let mut bytes = PEM.as_bytes().to_vec();
            bytes[at] ^= 1;
            certificates(&String::from_utf8_lossy(&bytes));
        }
    }
}
