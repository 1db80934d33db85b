"""What the tests share: the servers that scripts/test-clients.sh started, servers of a test's own, and
clients that count their requests."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import openai
import pytest

RAGD_URL = os.environ["RAGD_URL"]
STUB_URL = os.environ["STUB_URL"]
SCRIPTED_RAGD_URL = os.environ["SCRIPTED_RAGD_URL"]
SCRIPTED_URL = os.environ["SCRIPTED_URL"]
RAGD_BIN = os.environ["RAGD_BIN"]
WORK = os.environ["CLIENTS_WORK"]
KEY = os.environ["RAGD_KEY"]

# Variables that would send a server of a test's own to something else than the test wants.
FOREIGN = (
    "DATABASE_URL", "QDRANT_URL", "REDIS_URL", "RAGD_CONFIG", "LLM_MODEL", "PORT",
    "ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "GROQ_API_KEY", "LLM_GROQ_API_KEY", "OLLAMA_URL",
)
START_S = 30


def call(method, url, body=None, token=None):
    """One HTTP exchange without a client library: (status, headers, JSON)."""
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, head, text = answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        status, head, text = error.code, error.headers, error.read()
    try:
        return status, head, json.loads(text)
    except ValueError:
        return status, head, None


def until(what, seconds, every=0.1):
    """Waits until `what()` is true, and returns it; None when it never was."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(every)
    return None


class Client(openai.OpenAI):
    """OpenAI's client; `requests` counts what it sent, its own retries included."""

    def __init__(self, url, **options):
        self.requests = 0
        options.setdefault("api_key", KEY)
        options.setdefault("max_retries", 0)
        options.setdefault("timeout", 30)
        http = openai.DefaultHttpxClient(event_hooks={"request": [self._count]}, trust_env=False)
        super().__init__(base_url=f"{url}/v1", http_client=http, **options)

    def _count(self, _request):
        self.requests += 1


@pytest.fixture
def client():
    """A client of the ragd that stands before the stub, with its retrieval."""
    with Client(RAGD_URL) as made:
        yield made


class Stub:
    """Steers the stub that stands behind ragd."""

    def behave(self, behaviour, times=None, retry_after_s=None):
        wish = {"behaviour": behaviour, "times": times, "retry_after_s": retry_after_s}
        wish = {name: value for name, value in wish.items() if value is not None}
        status, _, body = call("PUT", f"{STUB_URL}/_stub/behaviour", wish)
        assert 200 <= status < 300, (status, body)


@pytest.fixture
def stub(client):
    """The stub, for one test; then it is well again, and ragd has seen that it is."""
    made = Stub()
    yield made
    made.behave("ok")

    def is_well():
        try:
            return client.chat.completions.create(model="stub-model", messages=say("Are you well?"))
        except openai.APIStatusError:
            return None

    assert until(is_well, 15, every=0.5), "ragd does not return to a provider that is well again"


class Scripted:
    """The upstream that answers as it is told."""

    def script(self, *replies, then=None):
        call("PUT", f"{SCRIPTED_URL}/_script", {"replies": replies, "then": then})

    def seen(self):
        """The requests that reached it, oldest first."""
        return call("GET", f"{SCRIPTED_URL}/_seen")[2]

    def body(self):
        """The body of the only one."""
        seen = self.seen()
        assert len(seen) == 1, f"{len(seen)} requests reached the upstream"
        return seen[0]["body"]


@pytest.fixture
def upstream():
    made = Scripted()
    made.script()
    yield made
    made.script()


@pytest.fixture
def through(upstream):
    """A client of the ragd that stands before the scripted upstream."""
    with Client(SCRIPTED_RAGD_URL) as made:
        yield made


@pytest.fixture
def lone_ragd(upstream):
    """Starts servers of a test's own, before the scripted upstream or another one."""
    processes = []
    clients = []

    def start(upstream_url=SCRIPTED_URL, max_retries=0, **variables):
        folder = tempfile.mkdtemp(prefix="lone.", dir=WORK)
        environment = {name: text for name, text in os.environ.items() if name not in FOREIGN}
        environment.update(
            DATA_DIR=folder, API_KEY=KEY, LLM_PROVIDER="openai", EMBEDDING_PROVIDER="off",
            OPENAI_BASE_URL=f"{upstream_url}/v1", OPENAI_API_KEY="sk-test", OPENAI_MODEL="stub-model",
            LLM_MODEL="stub-model", HOST="127.0.0.1",
        )
        environment.update(variables)
        log = Path(folder, "server.log")
        with log.open("wb") as out:
            process = subprocess.Popen(
                [RAGD_BIN, "serve", "--port", "0"], env=environment, stdout=out, stderr=out
            )
        processes.append(process)

        def address():
            assert process.poll() is None, log.read_text(errors="replace")
            for line in log.read_text(errors="replace").splitlines():
                if "listens on " in line:
                    return line.split("listens on ", 1)[1].split(" ")[0].split('"')[0]
            return None

        url = until(address, START_S, every=0.05)
        assert url, log.read_text(errors="replace")
        clients.append(Client(url, max_retries=max_retries))
        return clients[-1]

    yield start
    for made in clients:
        made.close()
    for process in processes:
        process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def closed_url():
    """The address of a port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    return f"http://127.0.0.1:{port}"


def say(text):
    return [{"role": "user", "content": text}]


@pytest.fixture
def lighthouse():
    """The id of the document that lighthouse.py sent in."""
    return os.environ["LIGHTHOUSE_ID"]
