//! The page in the browser, asked as a browser asks and as others should not: over plain TCP.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const NETWORK: &str = "z = w x\nr = relu(z)\nloss C = 1/2 (y - r)^2\ngrad w";
/// What takes minutes: a formula with steps for each of thousands of weights.
const ENDLESS: &str = "index i, j, k\nwhere x in R^200, y in R^200, V in R^(200 x 200), W in R^(200 x 200)\nz_j = sum_i V_ij x_i\nh_j = relu(z_j)\no_k = sum_j W_jk h_j\nloss C = 1/2 sum_k (o_k - y_k)^2\ngrad V, W";

struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_chainrule"))
            .args(["serve", "--port", "0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program was built for this test");
        let output = process.stdout.take().expect("its output is piped");
        let mut address = String::new();
        BufReader::new(output)
            .read_line(&mut address)
            .expect("it says where it is");
        let port = address
            .trim()
            .strip_prefix("http://127.0.0.1:")
            .and_then(|rest| rest.strip_suffix('/')?.parse().ok())
            .unwrap_or_else(|| panic!("no address: {address}"));
        Self { process, port }
    }

    /// One on which answers may take the time that they take on a busy machine.
    fn patient() -> Self {
        Self::start(&["--seconds", "300"])
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.host()).expect("it listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(120)))
            .expect("sockets have timeouts");
        stream
    }

    /// What it answers to these bytes, read to the end of the connection.
    fn raw(&self, request: &str) -> Response {
        let mut stream = self.connect();
        stream
            .write_all(request.as_bytes())
            .expect("it takes requests");
        Response::read(stream)
    }

    fn get(&self, path: &str) -> Response {
        let host = self.host();
        self.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        ))
    }

    fn question(&self, path: &str, body: &str) -> String {
        format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            self.host(),
            body.len()
        )
    }

    fn ask(&self, path: &str, question: &Value) -> Value {
        let response = self.raw(&self.question(path, &question.to_string()));
        assert_eq!(response.status, 200, "{}", response.body);
        response.json()
    }

    /// How many processes answer for it now.
    #[cfg(target_os = "linux")]
    fn answering(&self) -> usize {
        let process = self.process.id();
        let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"))
            .expect("the system lists children");
        children.split_whitespace().count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It never ends by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Response {
    status: u16,
    head: String,
    body: String,
}

impl Response {
    fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        // One that refuses to read on may reset the connection after its answer.
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8(bytes).expect("answers are text");
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer: {text}"));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        Self {
            status: status.expect("an answer begins with its status"),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the answer is JSON")
    }
}

fn printed(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_chainrule"))
        .args(arguments)
        .output()
        .expect("the program was built for this test");
    String::from_utf8(output.stdout).expect("output is text")
}

#[test]
fn the_page_is_complete_and_loads_nothing_else() {
    let server = Server::patient();
    let page = server.get("/");
    assert_eq!(page.status, 200);
    assert!(page.head.contains("default-src 'none'"), "{}", page.head);
    assert!(!page.head.contains("unsafe"), "{}", page.head);
    let mut files = vec![page.body.clone()];
    let mut named: Vec<String> = [" src=\"", " href=\""]
        .iter()
        .flat_map(|attribute| page.body.split(attribute).skip(1))
        .filter_map(|behind| Some(behind.split_once('"')?.0.to_owned()))
        .collect();
    while let Some(name) = named.pop() {
        let file = server.get(&format!("/{name}"));
        assert_eq!(file.status, 200, "{name}");
        let kind = match Path::new(&name).extension().and_then(|it| it.to_str()) {
            Some("js") => "text/javascript",
            Some("css") => "text/css",
            _ => "image/svg+xml",
        };
        assert!(
            file.head.contains(&format!("content-type: {kind}")),
            "{name}"
        );
        let imported = file.body.split(" from \"./").skip(1);
        named.extend(imported.filter_map(|behind| Some(behind.split_once('"')?.0.to_owned())));
        files.push(file.body);
    }
    assert!(files.len() > 5, "a page, its style, its scripts");
    for file in files {
        let elsewhere = file.replace("http://www.w3.org/2000/svg", "");
        assert!(!elsewhere.contains("://"), "{file}");
        assert!(
            !file.contains(" style=") && !file.contains("<style"),
            "{file}"
        );
    }
}

#[test]
fn methods_and_addresses_are_those_of_the_page() {
    let server = Server::patient();
    let host = server.host();
    let status = |method: &str, path: &str| {
        server.raw(&format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        ))
    };
    let head = status("HEAD", "/");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(status("HEAD", "/start").status, 200);
    for (method, path, allowed) in [
        ("POST", "/", "get, head"),
        ("DELETE", "/start", "get, head"),
        ("GET", "/derive", "post"),
        ("OPTIONS", "/check", "post"),
    ] {
        let refused = status(method, path);
        assert_eq!(refused.status, 405, "{method} {path}");
        assert!(
            refused.head.contains(&format!("allow: {allowed}")),
            "{}",
            refused.head
        );
    }
    for path in ["/index.html", "/../Cargo.toml", "/page.css/", "/derive/x"] {
        assert_eq!(status("GET", path).status, 404, "{path}");
    }
    assert_eq!(status("GET", "/?a=b").status, 200);
}

#[test]
fn other_hosts_and_other_sites_get_no_answer() {
    let server = Server::patient();
    let port = server.port;
    let own = server.host();
    let get = |headers: &str| {
        server
            .raw(&format!(
                "GET / HTTP/1.1\r\n{headers}Connection: close\r\n\r\n"
            ))
            .status
    };
    for host in [
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
        format!("LOCALHOST:{port}"),
        own.clone(),
    ] {
        assert_eq!(get(&format!("Host: {host}\r\n")), 200, "{host}");
    }
    for host in [
        format!("evil.example:{port}"),
        "127.0.0.1".to_owned(),
        "127.0.0.1:1".to_owned(),
        format!("127.0.0.1.evil.example:{port}"),
        format!("localhost:{port}0"),
    ] {
        assert_eq!(get(&format!("Host: {host}\r\n")), 421, "{host}");
    }
    assert_eq!(get(""), 400);
    assert_eq!(get(&format!("Host: {own}\r\nHost: evil.example\r\n")), 400);
    let named =
        format!("GET http://evil.example/ HTTP/1.1\r\nHost: {own}\r\nConnection: close\r\n\r\n");
    assert_eq!(server.raw(&named).status, 421);

    let body = json!({"network": NETWORK}).to_string();
    let post = |headers: &str| {
        let question = server.question("/derive", &body);
        let question = question.replacen("\r\n", &format!("\r\n{headers}"), 1);
        server.raw(&question).status
    };
    for headers in [
        String::new(),
        format!("Origin: http://{own}\r\nSec-Fetch-Site: same-origin\r\n"),
        format!("Origin: http://localhost:{port}\r\n"),
    ] {
        assert_eq!(post(&headers), 200, "{headers}");
    }
    for headers in [
        "Origin: http://evil.example\r\n".to_owned(),
        "Origin: null\r\n".to_owned(),
        format!("Origin: https://{own}\r\n"),
        "Origin: http://127.0.0.1:1\r\n".to_owned(),
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n".to_owned(),
        "Sec-Fetch-Site: same-site\r\n".to_owned(),
    ] {
        assert_eq!(post(&headers), 403, "{headers}");
    }
    let plain = server
        .question("/derive", &body)
        .replace("application/json", "text/plain");
    assert_eq!(server.raw(&plain).status, 415);
    // A link may lead here from anywhere.
    let led = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n";
    assert_eq!(get(&format!("Host: {own}\r\n{led}")), 200);
}

#[test]
fn what_is_too_long_is_not_read() {
    let server = Server::patient();
    // Nothing follows the head: an answer can only come from the length that it states.
    let head = server
        .question("/derive", "")
        .replace("Content-Length: 0", "Content-Length: 1000000000000");
    assert_eq!(server.raw(&head).status, 413);
    let head = server
        .question("/derive", "")
        .replace("Content-Length: 0", "Transfer-Encoding: chunked");
    let mut stream = server.connect();
    stream.write_all(head.as_bytes()).expect("it takes heads");
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x1_0000));
    // It stops reading at its limit, and may close while more is sent.
    let mut sent = 0;
    while sent < 64 && stream.write_all(chunk.as_bytes()).is_ok() {
        sent += 1;
    }
    assert_eq!(Response::read(stream).status, 413);
    let long = format!(
        "GET / HTTP/1.1\r\nHost: {}\r\nX: {}\r\n\r\n",
        server.host(),
        "x".repeat(100_000)
    );
    assert_eq!(server.raw(&long).status, 431);
    assert_eq!(server.get("/").status, 200, "it goes on");
}

#[test]
fn answers_are_those_of_the_command_line() {
    let server = Server::patient();
    let answer = server.ask(
        "/derive",
        &json!({"network": NETWORK, "options": {"detail": "steps", "legend": true}}),
    );
    let options = ["-e", NETWORK, "--detail", "steps", "--legend"];
    for copy in answer["copies"].as_array().expect("texts to copy") {
        let name = copy["name"].as_str().expect("a name");
        let format = match name {
            "LaTeX" | "text" => vec!["derive", "--format", name],
            name => vec!["derive", "--fragment", "--format", name],
        };
        let format: Vec<String> = format.iter().map(|word| word.to_lowercase()).collect();
        let mut words: Vec<&str> = format.iter().map(String::as_str).collect();
        words.extend(options);
        let expected = printed(&words);
        // Fragments stand in texts under version control, and leave out what depends on the machine.
        let stable = |text: &str| text.split("error").next().map(str::to_owned);
        let text = copy["text"].as_str().expect("a text");
        assert!(!text.is_empty(), "{name}");
        match name {
            "LaTeX" | "text" => assert_eq!(text, expected, "{name}"),
            _ => assert_eq!(
                stable(text).map(|text| text.trim_end_matches([' ', ',']).to_owned()),
                stable(&expected).map(|text| {
                    let cut = text.trim_end_matches("-->\n").trim_end();
                    cut.trim_end_matches([' ', ',']).to_owned()
                }),
                "{name}"
            ),
        }
    }
    let mut words = vec!["derive", "--format", "html"];
    words.extend(options);
    let html = answer["html"].as_str().expect("formulas");
    assert!(html.contains("<details>") && html.contains("Confirmed numerically"));
    // The page shows the picture as an image of its own.
    let page = printed(&words);
    let (before, behind) = page.split_once("<figure").expect("a picture");
    let (_, behind) = behind.split_once("</figure>\n").expect("a whole picture");
    assert!(format!("{before}{behind}").contains(html));
    assert_eq!(answer["warnings"], json!([]));
}

#[test]
fn errors_say_where_and_what_to_write_instead() {
    let server = Server::patient();
    let answer = server.ask(
        "/derive",
        &json!({"network": "# é\nloss C = 1/2 (y - rleu(w x))^2"}),
    );
    let error = &answer["errors"][0];
    assert_eq!(error["code"], "unknown-function");
    assert_eq!(error["labels"][0]["line"], 2);
    assert_eq!(error["labels"][0]["column"], 19);
    // Bytes of the text, in which é has two.
    assert_eq!(error["labels"][0]["start"], 23);
    assert_eq!(error["help"][0], "did you mean `relu(…)`?");
    for (options, said) in [
        (json!({"output": "/tmp/x"}), "can't be chosen"),
        (json!({"profile": "mine.toml"}), "is no value of `profile`"),
        (json!({"detail": "all"}), "is no value of `detail`"),
        (json!({"resolve": "yes"}), "can't be"),
        (json!({"detail": true}), "can't be"),
    ] {
        let answer = server.ask("/derive", &json!({"network": NETWORK, "options": options}));
        let refused = answer["refused"].as_str().expect("it is refused");
        assert!(refused.contains(said), "{refused}");
    }
    let answer = server.ask(
        "/derive",
        &json!({"network": NETWORK, "file": "Cargo.toml"}),
    );
    assert!(answer["refused"].is_string(), "{answer}");
    // What cannot be confirmed is not shown.
    let answer = server.ask(
        "/derive",
        &json!({"network": "loss C = log(-1 - x^2)\ngrad x"}),
    );
    let refused = answer["refused"].as_str().expect("it is refused");
    assert!(refused.contains("unconfirmed"), "{refused}");
}

#[test]
fn derivations_are_judged_line_by_line() {
    let server = Server::patient();
    let claim = "\\frac{dC}{dr} = r - y \\\\\n\\frac{dC}{dw} = (r - y)\\,1(z > 0)\\,w";
    let answer = server.ask("/check", &json!({"network": NETWORK, "claim": claim}));
    let html = answer["html"].as_str().expect("verdicts");
    assert!(html.contains("Line 1: equal"), "{html}");
    assert!(html.contains("Line 2: differs"), "{html}");
    assert!(html.contains("<mark>w</mark>"), "{html}");
    assert!(html.contains("first wrong line: 2"), "{html}");
    let marks = answer["marks"].as_array().expect("marks");
    assert_eq!(marks[0]["holds"], true);
    assert_eq!(marks[1]["holds"], false);
    let at = |name: &str| {
        let place = marks[1][name].as_u64().expect("a place");
        usize::try_from(place).expect("a place in the text")
    };
    assert_eq!(&claim[at("start")..at("end")], "w");

    let answer = server.ask(
        "/check",
        &json!({"network": NETWORK, "claim": "\\frac{dC}{dw = 1"}),
    );
    assert_eq!(answer["claim_errors"][0]["code"], "unbalanced-braces");
    let answer = server.ask(
        "/check",
        &json!({"network": "loss C = (x", "claim": "1 = 1"}),
    );
    assert_eq!(answer["errors"][0]["code"], "unclosed-bracket");
}

#[test]
fn the_flow_of_gradients_is_shown_and_said() {
    let server = Server::patient();
    let chain = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/sigmoid_chain.net"),
    )
    .expect("there is an example");
    let options = json!({"depth": "10", "draws": "5"});
    let answer = server.ask("/flow", &json!({"network": chain, "options": options}));
    assert!(answer["html"].as_str().expect("formulas").contains("<math"));
    let picture = answer["picture"].as_str().expect("a picture");
    assert!(picture.starts_with("<svg") || picture.starts_with("<?xml"));
    assert!(
        answer["words"]
            .as_str()
            .expect("words")
            .contains("vanishing")
    );
    // What cannot be simulated is said, and the formulas are there all the same.
    let opaque =
        "fn phi(u)\nr[0] = x\nr[k+1] = phi(w[k] r[k]) for k in 0..L-1\nloss C = (r[L] - y)^2";
    let answer = server.ask("/flow", &json!({"network": opaque, "options": {}}));
    assert_eq!(answer["missing"][0]["code"], "flow-not-simulated");
    assert!(answer["html"].as_str().expect("formulas").contains("<math"));
    let answer = server.ask(
        "/flow",
        &json!({"network": chain, "options": {"depth": "-1"}}),
    );
    assert!(
        answer["refused"]
            .as_str()
            .expect("a refusal")
            .contains("depth")
    );
}

#[test]
fn choices_are_options_that_the_program_takes() {
    let server = Server::patient();
    let start = server.get("/start").json();
    let choices = start["choices"]["derive"].as_array().expect("choices");
    let mut asked = 0;
    for choice in choices {
        let name = choice["name"].as_str().expect("a name");
        assert!(choice["about"].is_string(), "{choice}");
        let values: Vec<Value> = match choice["kind"].as_str() {
            Some("flag") => vec![json!(true), json!(false)],
            _ => choice["values"]
                .as_array()
                .expect("values")
                .iter()
                .map(|value| value["name"].clone())
                .collect(),
        };
        for value in values {
            asked += 1;
            let answer = server.ask(
                "/derive",
                &json!({"network": NETWORK, "options": {name: value, "no-confirm": true}}),
            );
            // A profile may need what this network does not have, and says so.
            let refused = &answer["refused"];
            assert!(refused.is_null(), "{name} {value}: {refused}");
        }
    }
    assert!(asked > 25, "profiles, forms, details and more");
    let profiles = choices.iter().find(|choice| choice["name"] == "profile");
    let listed = printed(&["list", "profiles"]);
    assert_eq!(
        profiles.and_then(|choice| Some(choice["values"].as_array()?.len())),
        Some(listed.lines().count())
    );
}

#[test]
fn it_begins_with_the_examples_or_with_a_file_as_it_is_now() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let networks = fs::read_dir(&examples)
        .expect("there are examples")
        .filter(|entry| {
            let path = entry.as_ref().expect("a readable folder").path();
            path.extension().is_some_and(|extension| extension == "net")
        })
        .count();
    let start = Server::patient().get("/start").json();
    let listed = start["examples"].as_array().expect("a list");
    assert_eq!(listed.len(), networks);
    for example in listed {
        let name = example["name"].as_str().expect("a name");
        let text = fs::read_to_string(examples.join(format!("{name}.net"))).expect("an example");
        assert_eq!(example["text"], json!(text), "{name}");
    }

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mine.net");
    fs::write(&file, "loss C = w^2").expect("a file");
    let server = Server::start(&["--seconds", "300", &file.to_string_lossy()]);
    assert_eq!(
        server.get("/start").json()["network"]["text"],
        "loss C = w^2"
    );
    fs::write(&file, "loss C = w^3").expect("a file");
    assert_eq!(
        server.get("/start").json()["network"]["text"],
        "loss C = w^3"
    );
    fs::remove_file(&file).expect("a file");
    let start = server.get("/start").json();
    assert!(
        start["refused"]
            .as_str()
            .expect("a reason")
            .contains("mine.net")
    );

    let missing = Command::new(env!("CARGO_BIN_EXE_chainrule"))
        .args(["serve", "no-such-file.net"])
        .output()
        .expect("the program runs");
    assert_eq!(missing.status.code(), Some(2));
}

#[test]
fn a_port_that_is_taken_is_refused_by_its_number() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_chainrule"))
        .args(["serve", "--port", &port])
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&port));
}

#[cfg(target_os = "linux")]
#[test]
fn nobody_listens_outside_of_this_machine() {
    let server = Server::patient();
    let port = format!(":{:04X}", server.port);
    let open = ["/proc/net/tcp", "/proc/net/tcp6"]
        .map(|path| fs::read_to_string(path).unwrap_or_default());
    let listening: Vec<&str> = open
        .iter()
        .flat_map(|table| table.lines())
        .filter_map(|line| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            (columns.get(3) == Some(&"0A") && columns[1].ends_with(&port)).then(|| columns[1])
        })
        .map(|address| address.trim_end_matches(port.as_str()))
        .collect();
    // 127.0.0.1, its bytes in the order of the machine.
    let loopback = format!("{:08X}", u32::from_ne_bytes([127, 0, 0, 1]));
    assert_eq!(listening, [loopback.as_str()]);
}

#[cfg(target_os = "linux")]
#[test]
fn endless_derivations_are_stopped() {
    let server = Server::start(&["--seconds", "2"]);
    let question = json!({"network": ENDLESS, "options": {"form": "scalar", "detail": "steps"}});
    let begun = Instant::now();
    let response = server.raw(&server.question("/derive", &question.to_string()));
    assert_eq!(response.status, 504, "{}", response.body);
    assert!(
        response.body.contains("after 2 seconds"),
        "{}",
        response.body
    );
    assert!(begun.elapsed() < Duration::from_secs(20));
    gone(&server);

    // A few at a time: whoever finds all places taken for too long is told so.
    let body = server.question("/derive", &question.to_string());
    let streams: Vec<TcpStream> = (0..6)
        .map(|_| {
            let mut stream = server.connect();
            stream
                .write_all(body.as_bytes())
                .expect("it takes questions");
            stream
        })
        .collect();
    std::thread::sleep(Duration::from_millis(500));
    assert!(server.answering() <= 2, "{} at a time", server.answering());
    let statuses: Vec<u16> = streams
        .into_iter()
        .map(|stream| Response::read(stream).status)
        .collect();
    assert!(statuses.contains(&503), "{statuses:?}");
    assert!(
        statuses.iter().all(|status| [503, 504].contains(status)),
        "{statuses:?}"
    );
    gone(&server);
    assert_eq!(server.get("/").status, 200);
}

#[cfg(target_os = "linux")]
#[test]
fn whoever_goes_away_takes_the_derivation_along() {
    let server = Server::start(&["--seconds", "600"]);
    let question = json!({"network": ENDLESS, "options": {"form": "scalar", "detail": "steps"}});
    let mut stream = server.connect();
    let question = server.question("/derive", &question.to_string());
    stream
        .write_all(question.as_bytes())
        .expect("it takes questions");
    let begun = Instant::now();
    while server.answering() == 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing begins");
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(stream);
    gone(&server);
}

#[cfg(target_os = "linux")]
#[test]
fn derivations_have_a_bound_on_memory() {
    let server = Server::start(&["--seconds", "300", "--memory", "300M"]);
    let small = server.ask("/derive", &json!({"network": NETWORK}));
    assert!(small["html"].is_string(), "{small}");
    // One matrix of it alone takes more.
    let large = "where x in R^9000, y in R^9000, W in R^(9000 x 9000)\nz = W x\nloss C = 1/2 norm(z - y)^2\ngrad W";
    let question = json!({"network": large}).to_string();
    let response = server.raw(&server.question("/derive", &question));
    assert_eq!(response.status, 500, "{}", response.body);
    assert!(response.body.contains("memory"), "{}", response.body);
}

/// Waits until no process answers any more.
#[cfg(target_os = "linux")]
fn gone(server: &Server) {
    let begun = Instant::now();
    while server.answering() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "it goes on");
        std::thread::sleep(Duration::from_millis(20));
    }
}
