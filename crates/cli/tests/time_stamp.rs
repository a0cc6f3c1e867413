//! Time stamps of authorities that OpenSSL and osslsigncode are: asked for, kept, checked, and hostile answers refused.

mod common;

use std::process::Command;

use common::World;
use common::packages::installed;
use common::server::{Answer, serve};

const REPLY: &str = "application/timestamp-reply";

/// When the signer's certificate has expired.
const LATE: &str = "2090-01-01T00:00:00Z";

/// A package, its signer CN=Contoso for one day, and an authority for a hundred years.
fn world() -> Option<World> {
    if !installed("openssl", "1 test of time stamps") {
        return None;
    }
    let world = World::new();
    world.pack();
    world
        .lowbox([
            "cert",
            "new",
            "CN=Contoso",
            "--cert",
            "c.pem",
            "--key",
            "k.pem",
            "--kind",
            "p256",
            "--days",
            "1",
        ])
        .expect(0);
    world.file("wrong.ext", "extendedKeyUsage=critical,timeStamping,codeSigning\n");
    world.file("tsa.ext", "extendedKeyUsage=critical,timeStamping\n");
    world.file(
        "tsa.cnf",
        "[tsa]\ndefault_tsa = t\n[t]\nserial = serial\ncrypto_device = builtin\nsigner_cert = tsa.pem\ncerts = root.pem\n\
         signer_key = tsa.key\nsigner_digest = sha256\ndefault_policy = 1.2.3.4.1\ndigests = sha256, sha384, sha512\n\
         accuracy = secs:1, millisecs:500, microsecs:100\nclock_precision_digits = 3\nordering = yes\ntsa_name = yes\n\
         [old]\nserial = serial\ncrypto_device = builtin\nsigner_cert = tsa.pem\ncerts = root.pem\n\
         signer_key = tsa.key\nsigner_digest = sha256\ndefault_policy = 1.2.3.4.1\ndigests = md5\ness_cert_id_alg = sha1\n\
         [sha1]\nserial = serial\ncrypto_device = builtin\nsigner_cert = tsa.pem\ncerts = root.pem\n\
         signer_key = tsa.key\nsigner_digest = sha256\ndefault_policy = 1.2.3.4.1\ndigests = sha256\ness_cert_id_alg = sha1\n",
    );
    world.sh(
        "new='openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
         $new -x509 -days 36500 -keyout root.key -out root.pem -subj '/CN=Time Root' -addext basicConstraints=critical,CA:TRUE
         sign='openssl x509 -req -days 36500 -CA root.pem -CAkey root.key -CAcreateserial'
         $new -keyout tsa.key -out csr -subj '/CN=Time Authority'
         $sign -in csr -extfile tsa.ext -out tsa.pem
         $new -keyout wrong.key -out csr -subj '/CN=Wrong Authority'
         $sign -in csr -extfile wrong.ext -out wrong.pem
         cat wrong.pem wrong.key > wrong
         echo 01 > serial",
    );
    Some(world)
}

/// What a script makes of a query in `q`: an answer in `r`.
fn authority(world: &World, script: &'static str) -> String {
    let folder = world.work();
    serve(move |_, asked| {
        std::fs::write(folder.join("q"), asked).unwrap();
        let done = Command::new("sh").args(["-ec", script]).current_dir(&folder).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Answer::of(REPLY, std::fs::read(folder.join("r")).unwrap())
    })
}

const ANSWER: &str = "openssl ts -reply -config tsa.cnf -queryfile q -out r";

fn sign(world: &World, url: &str) -> common::Done {
    world.lowbox(["sign", "a.msix", "--cert", "c.pem", "--key", "k.pem", "--timestamp", url, "-o", "s.msix"])
}

#[test]
fn a_signature_with_a_time_stamp_outlives_its_certificate() {
    let Some(world) = world() else { return };
    for script in [ANSWER, "openssl ts -reply -config tsa.cnf -section sha1 -queryfile q -out r"] {
        sign(&world, &authority(&world, script)).expect(0).says("CN=Time Authority stamped");
        let trusting = ["verify", "s.msix", "--trust", "c.pem", "--trust-time-stamps", "root.pem"];
        world
            .lowbox(trusting.iter().chain(&["--at", LATE]))
            .expect(0)
            .says("by the word of CN=Time Authority");
        let answer = world.lowbox(trusting.iter().chain(&["--json"])).expect(0).json();
        assert_eq!(answer["time_stamp"]["counts"], true);
        assert_eq!(answer["time_stamp"]["time"], answer["valid_at"]);
    }
    // The authority that nobody named.
    world.lowbox(["verify", "s.msix", "--trust", "c.pem"]).expect(0).says("does not count");
    let late = world.lowbox(["verify", "s.msix", "--trust", "c.pem", "--at", LATE]).expect(125);
    late.says("expired on").says("\"CN=Time Authority\" is not trusted");
    // One that is trusted for time stamps vouches for no signer, and one for signers does for both.
    let no_signer = ["verify", "s.msix", "--trust", "tsa.pem", "--at", LATE];
    world.lowbox(no_signer).expect(125);
    world.lowbox(["verify", "s.msix", "--trust", "c.pem", "--trust", "root.pem", "--at", LATE]).expect(0);
    // The same by the user's store.
    world.lowbox(["cert", "trust", "c.pem"]).expect(0);
    world.lowbox(["verify", "s.msix", "--at", LATE]).expect(125);
    world.lowbox(["cert", "trust", "root.pem", "--time-stamps"]).expect(0).says("for time stamps");
    world.lowbox(["verify", "s.msix", "--at", LATE]).expect(0);
    let authority = world.lowbox(["cert", "trust", "root.pem"]).expect(0);
    authority.says("for signing packages and for time stamps");
    world.lowbox(["verify", "s.msix", "--at", LATE]).expect(0);
    // Without a time stamp, expired is expired.
    world.lowbox(["sign", "a.msix", "--cert", "c.pem", "--key", "k.pem"]).expect(0);
    let plain = world.lowbox(["verify", "a.msix", "--at", LATE]).expect(125).says("expired on");
    assert!(!plain.err.contains("time stamp"), "{plain:?}");
}

#[test]
fn the_time_of_what_a_service_signed_is_stamped_too() {
    let Some(world) = world() else { return };
    world.lowbox(["sign", "a.msix", "--cert", "c.pem", "--digest-only", "d"]).expect(0);
    world.sh("openssl dgst -sha256 -sign k.pem -out s d");
    let url = authority(&world, ANSWER);
    world.lowbox(["sign", "a.msix", "--cert", "c.pem", "--attach", "s", "--timestamp", &url]).expect(0);
    world
        .lowbox(["verify", "a.msix", "--trust", "c.pem", "--trust-time-stamps", "root.pem", "--at", LATE])
        .expect(0);
}

#[test]
fn osslsigncode_and_lowbox_take_each_others_time_stamps() {
    if !installed("osslsigncode", "1 oracle of time stamps") {
        return;
    }
    let Some(world) = world() else { return };
    let url = authority(&world, ANSWER);
    sign(&world, &url).expect(0);
    let said = world.sh("osslsigncode verify -in s.msix -CAfile c.pem -TSA-CAfile root.pem -time 3000000000");
    assert!(said.contains("Timestamp Server Signature verification: ok"), "{said}");
    let verify = |name: &str, at: &str| {
        let trust = ["--trust", "c.pem", "--trust-time-stamps", "root.pem", "--at", at, "--json"];
        world.lowbox(["verify", name].iter().chain(&trust))
    };
    world.lowbox(["sign", "a.msix", "--cert", "c.pem", "--key", "k.pem", "-o", "plain.msix"]).expect(0);
    world.sh(&format!("osslsigncode add -ts {url} -in plain.msix -out 1.msix"));
    world.sh(&format!("osslsigncode sign -certs c.pem -key k.pem -ts {url} -in a.msix -out 2.msix"));
    let own = "osslsigncode sign -certs c.pem -key k.pem -TSA-certs tsa.pem -TSA-key tsa.key -in a.msix -out";
    world.sh(&format!("{own} 3.msix"));
    for name in ["1.msix", "2.msix", "3.msix"] {
        let answer = verify(name, LATE).expect(0).json();
        assert_eq!(answer["time_stamp"]["counts"], true, "{name}");
        assert_eq!(answer["time_stamp"]["authority"], "CN=Time Authority", "{name}");
    }
    // At another time: before the signer's certificate, and behind it.
    world.sh(&format!("{own} 4.msix -TSA-time 1600000000"));
    verify("4.msix", LATE).expect(125).says("does not help");
    world.sh(&format!("{own} 5.msix -TSA-time 3000000000"));
    verify("5.msix", LATE).expect(125).says("expired on");
    let now = humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string();
    verify("5.msix", &now).expect(0).json()["time_stamp"]["why_not"]
        .as_str()
        .filter(|why| why.contains("a time to come"))
        .unwrap();
}

/// Whoever is at the other end of the network: nothing is signed, and the package that was there stays.
#[test]
fn answers_that_are_none_sign_nothing() {
    let Some(world) = world() else { return };
    let refused = |url: &str, what: &str| {
        sign(&world, url).expect(125).says("nothing signed").says(what);
        assert!(!world.work().join("s.msix").exists(), "{what}");
    };
    let by = |script, what: &str| refused(&authority(&world, script), what);
    let body = |bytes: &'static [u8]| serve(move |_, _| Answer::of(REPLY, bytes.to_vec()));
    by("openssl ts -reply -config tsa.cnf -section old -queryfile q -out r", "it refuses (status 2)");
    by(
        "echo other > x; openssl ts -query -data x -sha256 -cert -out q; openssl ts -reply -config tsa.cnf -queryfile q -out r",
        "the digest is not what was asked for",
    );
    by(
        "openssl ts -reply -config tsa.cnf -queryfile q -token_out -out t
         openssl cms -verify -noverify -inform DER -in t -out info
         openssl cms -sign -binary -nodetach -cades -md sha256 -econtent_type 1.2.840.113549.1.9.16.1.4 -in info -signer wrong -outform DER -out t
         openssl ts -reply -in t -token_in -out r",
        "is not for time stamps",
    );
    // Of the same authority, and changed: the last byte is of its signature.
    by(
        "openssl ts -reply -config tsa.cnf -queryfile q -out r
         size=$(($(wc -c < r) - 1)); head -c $size r > t; printf 'x' >> t; mv t r",
        "its time stamp is wrong",
    );
    refused(&body(b""), "its answer is malformed");
    refused(&body(b"<html>no such page</html>"), "its answer is malformed");
    refused(&serve(|_, _| Answer::of(REPLY, vec![0x30; 1 << 20])), "more than 262144 bytes");
    refused(&serve(|_, _| Answer::of("text/html", b"x".to_vec())), "text/html");
    refused(
        &serve(|_, _| Answer { status: "503 No", headers: String::new(), body: Vec::new() }),
        "status 503",
    );
    refused(&serve(|_, _| Answer::redirect("http://elsewhere.example/\u{1b}[2J")), "");
    refused(
        &serve(|_, _| Answer::redirect("http://elsewhere.example/")),
        "sends on to \"http://elsewhere.example/\"",
    );
    refused("http://127.0.0.1:1/", "refused");
    refused("ftp://127.0.0.1/", "is no address of the form");
    refused("time.example", "is no address of the form");
    refused("http://nobody.invalid/", "does not know the name");
    // A length that is not kept.
    let short = serve(|_, _| Answer {
        status: "200 OK",
        headers: format!("Content-Type: {REPLY}\r\nContent-Length: 9999\r\n"),
        body: Vec::new(),
    });
    refused(&short, "");
    // What was answered before, to the same question but for its nonce.
    let url =
        authority(&world, "[ -e old ] || openssl ts -reply -config tsa.cnf -queryfile q -out old; cp old r");
    sign(&world, &url).expect(0);
    std::fs::remove_file(world.work().join("s.msix")).unwrap();
    refused(&url, "the nonce is not what was asked for");
}

/// What is asked goes out as RFC 3161 has it, and over an encrypted connection only to whom the system's certificates vouch for.
#[test]
fn servers_are_checked_by_the_systems_certificates() {
    let Some(world) = world() else { return };
    if !installed("python3", "1 test of encrypted connections") {
        return;
    }
    world.sh(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -keyout web.key -out web.pem -subj /CN=localhost \\
         -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE",
    );
    let script = r#"
import http.server, ssl, subprocess, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        assert self.headers["Content-Type"] == "application/timestamp-query"
        open("q", "wb").write(self.rfile.read(int(self.headers["Content-Length"])))
        subprocess.run(["sh", "-ec", sys.argv[1]], check=True)
        body = open("r", "rb").read()
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("web.pem", "web.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
"#;
    let mut command = world.command("python3");
    command
        .args(["-c", script, ANSWER])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null());
    let mut server = command.spawn().unwrap();
    let mut port = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(server.stdout.take().unwrap()), &mut port)
        .unwrap();
    let url = format!("https://localhost:{}/", port.trim());
    let signed = |roots: &str, url: &str| {
        let mut command = world.command(env!("CARGO_BIN_EXE_lowbox"));
        command.args([
            "sign",
            "a.msix",
            "--cert",
            "c.pem",
            "--key",
            "k.pem",
            "-o",
            "s.msix",
            "--timestamp",
            url,
        ]);
        command.env("SSL_CERT_FILE", roots);
        common::run(command, b"")
    };
    signed("root.pem", &url).expect(125).says("certificate");
    signed("missing.pem", &url).expect(125).says("SSL_CERT_FILE");
    signed("web.pem", &url.replace("localhost", "127.0.0.1")).expect(125).says("certificate");
    signed("web.pem", &url).expect(0).says("stamped");
    server.kill().unwrap();
    server.wait().unwrap();
}
