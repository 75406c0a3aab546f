//! Chromium, driven by its own protocol over pipes (chromedevtools.github.io/devtools-protocol): no library and no port.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Write as _;
use std::io::stderr;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::channel;
use std::thread::spawn;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where Debian and others put it.
const PROGRAMS: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/// What the user prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

/// A page in a browser of its own, in which scripts are turned off; what is evaluated comes from outside of it.
#[derive(Debug)]
pub(crate) struct Page {
    browser: Child,
    messages: Receiver<Value>,
    /// What came beside answers.
    events: Vec<Value>,
    session: Option<String>,
    last: u64,
    address: String,
    _folder: TempDir,
}

impl Page {
    /// Opens `html`; `None`, said aloud, where there is no Chromium.
    pub(crate) fn open(html: &str, scheme: Scheme, width: u32) -> Option<Self> {
        let program = PROGRAMS.into_iter().find(|program| Path::new(program).exists());
        let Some(program) = program else {
            assert!(std::env::var_os("CLOZE_REQUIRE_BROWSER").is_none(), "Chromium is required and not installed");
            #[expect(clippy::explicit_write, reason = "past the test's captured output: a skipped test must not look like one that ran")]
            writeln!(stderr(), "SKIPPED: Chromium is not installed: apt-get install chromium").unwrap();
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("review.html");
        std::fs::write(&file, html).unwrap();
        let mut command = Command::new("sh");
        // It reads from 3 and writes to 4.
        command.args(["-c", "exec \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>&1", "sh", program]);
        command.args(["--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]);
        command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]);
        command.arg(format!("--user-data-dir={}", folder.path().join("profile").display())).arg("about:blank");
        command.env_clear().env("HOME", folder.path()).env("PATH", "/usr/bin:/bin");
        let mut browser = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = browser.stdout.take().unwrap();
        let (sender, messages) = channel();
        spawn(move || {
            for message in BufReader::new(output).split(0) {
                let Ok(message) = message else { return };
                if sender.send(serde_json::from_slice(&message).unwrap()).is_err() {
                    return;
                }
            }
        });
        let address = format!("file://{}", file.display());
        let mut page = Self { browser, messages, events: Vec::new(), session: None, last: 0, address, _folder: folder };
        let target = page.call("Target.createTarget", &json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = page.call("Target.attachToTarget", &json!({ "targetId": target, "flatten": true }));
        page.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Network", "Runtime", "Log"] {
            page.call(&format!("{domain}.enable"), &json!({}));
        }
        page.call("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
        page.call("Emulation.setDeviceMetricsOverride", &json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false }));
        let prefers = if scheme == Scheme::Dark { "dark" } else { "light" };
        page.call("Emulation.setEmulatedMedia", &json!({ "features": [{ "name": "prefers-color-scheme", "value": prefers }] }));
        let url = page.address.clone();
        page.call("Page.navigate", &json!({ "url": url }));
        page.wait_for("Page.loadEventFired");
        Some(page)
    }

    /// Where the page is.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What was asked for since it was opened.
    pub(crate) fn requests(&mut self) -> Vec<String> {
        self.evaluate("1");
        let requests = self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        requests.map(|event| event["params"]["request"]["url"].as_str().unwrap().to_owned()).collect()
    }

    /// What the browser has to say against it.
    pub(crate) fn complaints(&mut self) -> Vec<String> {
        self.evaluate("1");
        let said = ["Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"];
        let said = self.events.iter().filter(|event| said.iter().any(|method| event["method"] == *method));
        said.map(|event| event["params"].to_string()).collect()
    }

    /// The value of an expression of JavaScript.
    #[track_caller]
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let answer = self.call("Runtime.evaluate", &json!({ "expression": expression, "returnByValue": true }));
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer:#}");
        answer["result"].get("value").cloned().unwrap_or_default()
    }

    /// Scrolls to the element that the expression gives, and clicks on it with the mouse.
    #[track_caller]
    pub(crate) fn click(&mut self, element: &str) {
        let middle = format!(
            "(e => {{ e.scrollIntoView({{ block: 'center' }}); const [r] = e.getClientRects(); return [r.x + r.width / 2, r.y + r.height / 2]; }})({element})"
        );
        let middle = self.evaluate(&middle);
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": middle[0], "y": middle[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", &event);
        }
    }

    /// Shows it as it is printed.
    pub(crate) fn print(&mut self) {
        self.call("Emulation.setEmulatedMedia", &json!({ "media": "print" }));
    }

    #[track_caller]
    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.browser.stdin.as_ref().unwrap().write_all(&bytes).unwrap();
        loop {
            let message = self.next(method);
            if message["id"] == self.last {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn wait_for(&mut self, event: &str) {
        while !self.events.iter().any(|seen| seen["method"] == event) {
            let message = self.next(event);
            self.events.push(message);
        }
    }

    #[track_caller]
    fn next(&self, what: &str) -> Value {
        self.messages.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{what}: {error}"))
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.browser.kill().unwrap_or_default();
        self.browser.wait().map(drop).unwrap_or_default();
    }
}
