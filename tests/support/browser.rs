//! A real browser, driven as a person would: Debian's Chromium by its own driver, over the
//! WebDriver protocol. Pages are opened from files, as users open them.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use serde_json::{Value, json};

/// A headless browser with one window; it ends with this value.
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _profile: tempfile::TempDir,
}

/// Whether this machine has the browser and its driver.
#[must_use]
pub(crate) fn is_there() -> bool {
    Path::new("/usr/bin/chromium").exists() && Path::new("/usr/bin/chromedriver").exists()
}

impl Browser {
    /// Starts a browser whose window is `width` by `height`, with a light or a dark system theme.
    #[must_use]
    pub(crate) fn open(width: u32, height: u32, dark: bool) -> Self {
        let profile = tempfile::tempdir().expect("a temporary directory");
        let mut driver = Command::new("/usr/bin/chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let port = port_of(&mut driver);
        let mut arguments = vec![
            "--headless".to_owned(),
            "--no-sandbox".into(),
            "--disable-gpu".into(),
            "--disable-quic".into(),
            "--disable-dev-shm-usage".into(),
            "--no-first-run".into(),
            "--hide-scrollbars".into(),
            "--disable-background-networking".into(),
            "--disable-component-update".into(),
            "--disable-sync".into(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        if dark {
            arguments.push("--blink-settings=preferredColorScheme=0".into());
        }
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"binary": "/usr/bin/chromium", "args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"}}}});
        let mut browser = Self { driver, port, session: String::new(), _profile: profile };
        let answer = browser.call("POST", "/session", &wanted);
        browser.session = answer["sessionId"].as_str().expect("the driver gives a session").to_owned();
        // The window of a headless browser has a frame that takes from its height.
        browser.post("window/rect", &json!({"width": width, "height": height}));
        browser
    }

    /// Opens a file.
    pub(crate) fn show(&self, page: &Path) {
        let page = page.canonicalize().expect("the page is there");
        self.post("url", &json!({"url": format!("file://{}", page.display())}));
    }

    /// The value of a script that returns one.
    pub(crate) fn ask(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({"script": script, "args": []}))
    }

    /// Clicks on the first element that a CSS selector finds.
    pub(crate) fn click(&self, selector: &str) {
        let element = self.element(selector);
        self.post(&format!("element/{element}/click"), &json!({}));
    }

    /// Types into the first element that a CSS selector finds.
    pub(crate) fn type_into(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        self.post(&format!("element/{element}/value"), &json!({"text": text}));
    }

    /// What scripts and the page's policy complained of since the last call.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let entries = self.post("se/log", &json!({"type": "browser"}));
        let entries = entries.as_array().expect("a list of entries").iter();
        entries.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// A picture of the window, as PNG.
    pub(crate) fn picture(&self) -> Vec<u8> {
        let path = format!("/session/{}/screenshot", self.session);
        let answer = self.call("GET", &path, &Value::Null);
        let text = answer.as_str().expect("a picture in base64");
        base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
    }

    /// Leaves a picture where a person can look at it; returns its place.
    pub(crate) fn keep_picture(&self, name: &str) -> PathBuf {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pages");
        std::fs::create_dir_all(&folder).expect("writable");
        let path = folder.join(name);
        std::fs::write(&path, self.picture()).expect("writable");
        path
    }

    fn element(&self, selector: &str) -> String {
        let found = self.post("element", &json!({"using": "css selector", "value": selector}));
        let id = found.as_object().and_then(|object| object.values().next()).and_then(Value::as_str);
        id.unwrap_or_else(|| panic!("the page has no {selector}")).to_owned()
    }

    fn post(&self, what: &str, body: &Value) -> Value {
        self.call("POST", &format!("/session/{}/{what}", self.session), body)
    }

    /// One request of the protocol; its `value`.
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the driver listens");
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n",
            self.port
        );
        stream.write_all(head.as_bytes()).expect("the driver reads");
        stream.write_all(body.as_bytes()).expect("the driver reads");
        let answer = body_of(&mut BufReader::new(stream));
        let answer: Value = serde_json::from_slice(&answer).expect("the driver answers JSON");
        let value = answer["value"].clone();
        assert!(value.get("error").is_none(), "{method} {path}: {value}");
        value
    }
}

/// The body of an HTTP response that says its length.
fn body_of(stream: &mut impl BufRead) -> Vec<u8> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).expect("the driver answers");
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("the whole answer");
    body
}

fn port_of(driver: &mut Child) -> u16 {
    let mut lines = BufReader::new(driver.stdout.take().expect("piped")).lines();
    let line = lines.find_map(|line| {
        let line = line.expect("the driver writes text");
        line.split_once("successfully on port ").map(|(_, port)| port.trim_end_matches('.').to_owned())
    });
    // Read on, or the driver would stop at a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    line.and_then(|port| port.parse().ok()).expect("the driver says its port")
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.call("DELETE", &format!("/session/{}", self.session), &Value::Null);
        }
        // Without its driver a browser ends by itself.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
