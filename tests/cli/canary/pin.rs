//! A weak secret: nothing that others may see lets them try out its 10,000 values.

use std::collections::BTreeSet;
use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloze::digest::Digest;
use cloze::secret::Secret;
use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use sha2::Digest as _;
use sha2::Sha256;

use crate::support::Sandbox;

const PIN: &str = "4831";

/// A project whose only secret is the PIN, in a Secret that is named by content and one that keeps its name.
fn project() -> Sandbox {
    let sandbox = Sandbox::shop();
    sandbox.feed(["vault", "set", "pin"], PIN.as_bytes()).ok();
    let manifests = "apiVersion: v1\nkind: Secret\nmetadata: { name: pin }\nstringData: { pin: '{{ secret(name=\"pin\") }}' }\n---\n\
                     apiVersion: v1\nkind: Secret\nmetadata:\n  name: kept\n  annotations: { cloze.dev/names: stable, cloze.dev/restart: \"true\" }\n\
                     stringData: { pin: '{{ secret(name=\"pin\") }}' }\n---\napiVersion: v1\nkind: Pod\nmetadata: { name: reader }\nspec:\n  \
                     containers:\n    - name: a\n      image: a:1\n      envFrom: [{ secretRef: { name: pin } }, { secretRef: { name: kept } }]\n---\n\
                     apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: reader }\nspec:\n  selector: { matchLabels: { a: b } }\n  template:\n    \
                     metadata: { labels: { a: b } }\n    spec:\n      containers:\n        - name: a\n          image: a:1\n          \
                     envFrom: [{ secretRef: { name: kept } }]\n";
    sandbox.write("templates/pin.yaml", manifests);
    sandbox.cloze(["deploy"]).ok();
    sandbox
}

/// All that others may see: what review commands print, names and metadata of what was emitted, what lies in version control and in the
/// store. Not the key file and not the Secrets' data.
fn public(sandbox: &Sandbox) -> String {
    let mut all = String::new();
    for command in ["render", "history", "show", "diff", "config", "vault list", "deploy", "--format json history", "--format json show"] {
        let outcome = sandbox.cloze(command.split(' '));
        all += &outcome.err();
        all += &outcome.ok();
    }
    for (path, bytes) in sandbox.files() {
        let text = path.to_string_lossy().into_owned();
        if text.ends_with(".key") {
            continue;
        }
        let content = String::from_utf8_lossy(&bytes).into_owned();
        let data = content.find("\ndata:").filter(|_| text.contains("dist/") && text.contains("_secret_"));
        all += &format!("{text}\n{}\n", &content[..data.unwrap_or(content.len())]);
    }
    all
}

/// The first ten characters of everything that could be a digest.
fn heads(public: &str) -> HashSet<&str> {
    let of = |apart: fn(char) -> bool| public.split(apart).filter(|word| word.is_ascii() && word.len() >= 10).map(|word| &word[..10]);
    of(|c| !c.is_ascii_alphanumeric()).chain(of(|c| !c.is_ascii_alphanumeric() && !"+/".contains(c))).collect()
}

/// What an attacker takes for keys: every public word of some length, as it is and decoded.
fn public_keys(sandbox: &Sandbox) -> Vec<Vec<u8>> {
    let keyring = sandbox.read("secrets/dev.keyring");
    let words = keyring.split('"').filter(|word| word.len() >= 16 && word.len() <= 128 && word.bytes().all(|byte| byte.is_ascii_graphic()));
    let mut keys: BTreeSet<Vec<u8>> = ["", "shop", "dev", "shop-dev", "cloze", "pin"].iter().map(|word| word.as_bytes().to_vec()).collect();
    for word in words {
        keys.extend(
            [Some(word.as_bytes().to_vec()), STANDARD.decode(word).ok(), Digest::from_hex(word).map(|digest| digest.0.to_vec())]
                .into_iter()
                .flatten(),
        );
    }
    keys.into_iter().collect()
}

/// The PINs that a digest in `public` confirms.
fn confirmed(pins: std::ops::Range<u16>, public: &str, keys: &[Vec<u8>], manifest: &str) -> Vec<String> {
    let heads = heads(public);
    let stands = |digest: [u8; 32]| {
        let hex: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
        [hex, STANDARD.encode(digest)[..10].to_owned(), Digest(digest).suffix()].iter().any(|form| heads.contains(form.as_str()))
    };
    let encoded = STANDARD.encode(PIN);
    let guess = |pin: &String| {
        let data = STANDARD.encode(pin);
        let parts: Vec<&[u8]> =
            ["Secret", "shop-dev", "pin", "Opaque", "pin", data.as_str(), "", "", ""].iter().map(|part| part.as_bytes()).collect();
        let framed: Vec<u8> = parts.iter().flat_map(|part| [&(part.len() as u64).to_be_bytes(), *part].concat()).collect();
        let raw: Vec<&[u8]> = ["Secret", "shop-dev", "pin", "Opaque", "pin", pin, "", "", ""].iter().map(|part| part.as_bytes()).collect();
        let texts = [pin.clone(), format!("{pin}\n"), data.clone(), format!("{{\"pin\":\"{data}\"}}"), manifest.replace(&encoded, &data)];
        let plain = texts.iter().any(|text| stands(Sha256::digest(text).into()));
        let framed_plain = stands(Digest::plain(&parts).0) || stands(Digest::plain(&raw).0) || stands(Digest::plain(&[pin.as_bytes()]).0);
        let keyed = keys.iter().any(|key| {
            let mac = |text: &[u8]| {
                stands(<Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes().into())
            };
            mac(pin.as_bytes()) || mac(&framed) || stands(Digest::keyed(&Secret::copy_of(key), &[pin.as_bytes()]).0)
        });
        plain || framed_plain || keyed
    };
    pins.map(|pin| format!("{pin:04}")).filter(guess).collect()
}

/// What the content adds to the name of the manifest's object.
fn suffix(manifest: &str) -> String {
    let name = manifest.lines().find_map(|line| line.strip_prefix("  name: pin-")).unwrap();
    name.to_owned()
}

#[test]
fn no_public_output_confirms_a_pin() {
    let sandbox = project();
    let seen = public(&sandbox);
    let keys = public_keys(&sandbox);
    let manifest = |name: &str| {
        let (path, bytes) = sandbox.files().into_iter().find(|(path, _)| path.to_string_lossy().contains(name)).unwrap();
        (path, String::from_utf8(bytes).unwrap())
    };
    let (_, text) = manifest("_secret_shop-dev_pin.");
    // What a hash of the content would be of: the manifest without the suffix of its name.
    let suffix = suffix(&text);
    assert!(seen.contains(&suffix) && suffix.len() == 10);
    let content = text.replace(&format!("-{suffix}"), "");
    assert_eq!(confirmed(0..10_000, &seen, &keys, &content), Vec::<String>::new());
    // The attack works where there is something to attack.
    let hash: [u8; 32] = Sha256::digest(&content).into();
    let mac: [u8; 32] = <Hmac<Sha256> as KeyInit>::new_from_slice(&keys[1]).unwrap().chain_update(PIN).finalize().into_bytes().into();
    for planted in [hash, mac, Digest::plain(&[PIN.as_bytes()]).0] {
        assert_eq!(confirmed(4800..4900, &format!("{seen} name-{}", Digest(planted)), &keys, &content), [PIN]);
    }
    println!("{} public bytes, {} public keys", seen.len(), keys.len());
}

#[test]
fn the_same_pin_under_another_key_has_nothing_in_common() {
    let (one, two) = (project(), project());
    let secret_words = |sandbox: &Sandbox| -> BTreeSet<String> {
        let secrets = sandbox.files().into_iter().filter(|(path, _)| path.to_string_lossy().contains("_secret_shop-dev_pin."));
        let suffixes = secrets.map(|(_, text)| suffix(&String::from_utf8(text).unwrap()));
        let shown = sandbox.cloze(["--format", "json", "show"]).ok();
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let fingerprints = shown["secrets"].as_array().unwrap().iter().filter(|secret| secret["name"] == "pin");
        let fingerprints = fingerprints.map(|secret| secret["fingerprint"].as_str().unwrap().to_owned());
        let deployed: Vec<u8> =
            sandbox.files().into_iter().find(|(path, _)| path.to_string_lossy().contains("_deployment_shop-dev_reader")).unwrap().1;
        let deployed = String::from_utf8(deployed).unwrap();
        let checksums = deployed.lines().filter(|line| line.contains("cloze.dev/checksum")).map(|line| line.trim().to_owned());
        suffixes.chain(fingerprints).chain(checksums.collect::<Vec<_>>()).collect()
    };
    let (ones, twos) = (secret_words(&one), secret_words(&two));
    assert!(ones.len() == 3 && twos.len() == 3, "{ones:?} {twos:?}");
    assert!(ones.is_disjoint(&twos), "{ones:?} {twos:?}");
}
