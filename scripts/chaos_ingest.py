"""The driver of scripts/chaos-ingest.sh: streams documents in, kills, restarts, and counts."""

import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import uuid

BINARY, WORK, KILLS = os.path.abspath(sys.argv[1]), sys.argv[2], int(sys.argv[3])
SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1 << 32))
DATABASE = os.environ.get("DATABASE_URL", "")
DATA = os.path.join(WORK, "data")
# In the order in which a document passes them; `delete.committed` needs a deletion.
FAILPOINTS = [
    "accept.original_stored", "accept.committed", "job.claimed", "ingest.extracted",
    "ingest.staged", "ingest.before_commit", "ingest.committed", "index.applied",
    "index.flushed", "index.marked", "job.before_finish", "delete.committed",
]
KEY = "chaos-key-0123456789abcdef"
PATIENCE_S = 180
chance = random.Random(SEED)


class World:
    """What the clients know: the server's answers, and what was asked without an answer."""

    def __init__(self):
        self.lock = threading.Lock()
        self.acknowledged = {}  # uri -> {id, markers: those acknowledged, in order}
        self.unsure = {}  # uri -> markers that were sent and not answered
        self.deleted = {}  # id -> uri, acknowledged
        self.maybe_deleted = set()  # ids whose deletion was not answered
        self.in_flight = set()  # uris that a client is sending just now
        self.sent = 0


world = World()


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Server:
    """One life of the server."""

    living = None

    def __init__(self, failpoint=None):
        self.port = free_port()
        environment = dict(os.environ)
        for name in ("QDRANT_URL", "REDIS_URL", "LLM_PROVIDER", "RAGD_CONFIG", "DATABASE_URL"):
            environment.pop(name, None)
        environment.update(DATA_DIR=DATA, PORT=str(self.port), HOST="127.0.0.1", API_KEY=KEY,
                           LOG_LEVEL="warning", AUTO_MIGRATE="true")
        if DATABASE:
            environment["DATABASE_URL"] = DATABASE
        environment.setdefault("EMBEDDING_PROVIDER", "off")
        environment.pop("RAGD_FAILPOINT", None)
        if failpoint:
            environment["RAGD_FAILPOINT"] = failpoint
        Server.living = self
        self.log = open(os.path.join(WORK, "server.log"), "ab")
        self.process = subprocess.Popen([BINARY, "serve"], env=environment, stdout=self.log,
                                        stderr=self.log)
        begun = time.monotonic()
        while True:
            if self.process.poll() is not None and not failpoint:
                fail(f"the server ended by itself with {self.process.returncode}")
            if self.process.poll() is not None:
                return
            try:
                if self.call("GET", "/health/live", timeout=2)[0] == 200:
                    return
            except OSError:
                pass
            if time.monotonic() - begun > 60:
                fail("the server does not answer after a minute")
            time.sleep(0.02)

    def call(self, method, path, body=None, headers=None, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            headers = dict(headers or {})
            token = os.path.join(DATA, "local.token")
            if os.path.exists(token):
                headers["Authorization"] = "Bearer " + open(token).read().strip()
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, (json.loads(text) if text else None)
        except (http.client.HTTPException, ValueError) as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)
        self.log.close()


def fail(message):
    print(f"chaos-ingest: {message} (CHAOS_SEED={SEED})", file=sys.stderr)
    if Server.living is not None and Server.living.process.poll() is None:
        Server.living.process.kill()
    log = os.path.join(WORK, "server.log")
    if os.path.exists(log):
        print(open(log, errors="replace").read()[-3000:], file=sys.stderr)
    os._exit(1)


def text_of(marker, paragraphs):
    lines = [f"{marker} begins here."]
    for number in range(paragraphs):
        # The mark is in every sentence, so that every passage has it.
        lines.append(f"Paragraph {number}: " + f"The keeper {marker} wrote down what the day had brought. " * 8)
    return "\n\n".join(lines)


def upload(server, dice):
    kind = dice.random()
    with world.lock:
        # Two versions of one document at once may be committed in either order.
        known = [uri for uri in world.acknowledged if uri not in world.in_flight]
        world.sent += 1
        number = world.sent
    again = kind < 0.2 and known
    kind_of = "pdf" if kind > 0.95 else "txt"
    uri = dice.choice(known) if again else f"chaos:///{number}.{kind_of}"
    with world.lock:
        if uri in world.in_flight:
            return
        world.in_flight.add(uri)
    try:
        send(server, dice, (uri, kind))
    finally:
        with world.lock:
            world.in_flight.discard(uri)


def send(server, dice, what):
    uri, kind = what
    marker = "mk" + uuid.UUID(int=dice.getrandbits(128)).hex
    if uri.endswith(".pdf"):
        name, content = os.path.basename(uri), b"%PDF-1.7 " + marker.encode()
    else:
        # Some are long enough to be stored in several windows.
        paragraphs = 700 if kind > 0.9 else dice.choice([1, 3, 12])
        name, content = os.path.basename(uri), text_of(marker, paragraphs).encode()
    boundary = "chaos" + marker
    parts = []
    for field, value in (("uri", uri), ("collection", "default")):
        parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode())
    parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode())
    body = b"".join(parts) + content + f"\r\n--{boundary}--\r\n".encode()
    with world.lock:
        world.unsure.setdefault(uri, []).append(marker)
    status, answer = server.call("POST", "/api/documents/upload", body,
                                 {"Content-Type": f"multipart/form-data; boundary={boundary}"})
    if status not in (201, 202):
        if status in (503, 500):
            raise OSError(f"answered {status}")
        fail(f"an upload was answered {status}: {answer}")
    with world.lock:
        world.unsure[uri].remove(marker)
        one = world.acknowledged.setdefault(uri, {"id": None, "markers": []})
        if one["id"] != answer["document_id"]:
            one.update(id=answer["document_id"], markers=[])
        one["markers"].append(marker)


def delete(server, dice):
    with world.lock:
        # Only documents that nobody else is sending again just now.
        known = [uri for uri in world.acknowledged
                 if uri not in world.in_flight and not world.unsure.get(uri)]
        if not known:
            return
        uri = dice.choice(known)
        one = world.acknowledged.pop(uri)
        world.maybe_deleted.add(one["id"])
    status, answer = server.call("DELETE", f"/api/documents/{one['id']}")
    if status not in (204, 404):
        raise OSError(f"answered {status}")
    with world.lock:
        world.maybe_deleted.discard(one["id"])
        world.deleted[one["id"]] = uri


def client(server, ended, seed):
    dice = random.Random(seed)
    while not ended.is_set():
        try:
            if dice.random() < 0.12:
                delete(server, dice)
            else:
                upload(server, dice)
        except OSError:
            if server.process.poll() is not None:
                return
            time.sleep(0.02)
        time.sleep(dice.random() * 0.03)


def one_life(number):
    """Runs the server until it is killed; tells how."""
    at_failpoint = number % 2 == 1
    name = FAILPOINTS[(number // 2) % len(FAILPOINTS)]
    place = f"{name}:{chance.randint(1, 3)}" if at_failpoint else None
    server = Server(place)
    ended = threading.Event()
    clients = [threading.Thread(target=client, args=(server, ended, chance.getrandbits(64)))
               for _ in range(3)]
    for one in clients:
        one.start()
    how = place
    if at_failpoint:
        try:
            server.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            how = f"{place} not reached"
    else:
        time.sleep(chance.uniform(0.05, 1.5))
        how = "random"
    server.kill()
    ended.set()
    for one in clients:
        one.join()
    return how


def settle(server):
    """Waits until no job waits or runs and the index is level, for as long as it goes on."""
    begun, least = time.monotonic(), None
    while True:
        status, lanes = server.call("GET", "/api/admin/jobs/lanes")
        live = sum(lane["ready"] + lane["leased"] for lane in lanes["lanes"]) if status == 200 else -1
        status, index = server.call("GET", "/api/admin/index")
        if live == 0 and status == 200 and index["position"] == index["head"]:
            return index
        if least is None or 0 <= live < least:
            begun, least = time.monotonic(), live
        if time.monotonic() - begun > PATIENCE_S:
            fail(f"nothing has moved for {PATIENCE_S} s: {lanes}, {index}")
        time.sleep(0.1)


def rows(sql):
    """Reads the database past the server."""
    if DATABASE:
        run = subprocess.run([os.environ.get("PSQL", "psql"), DATABASE, "-At", "-F", "\t", "-c", sql], check=True,
                             capture_output=True, text=True)
        return [line.split("\t") for line in run.stdout.splitlines()]
    with sqlite3.connect(os.path.join(DATA, "ragd.db")) as connection:
        return [[str(value) for value in row] for row in connection.execute(sql)]


def check(server, index):
    faults = []
    counts = {"indexed": 0, "failed": 0}
    reasons = {}
    for uri, one in world.acknowledged.items():
        status, document = server.call("GET", f"/api/documents/{one['id']}")
        if status != 200:
            faults.append(f"{uri}: acknowledged, and answered {status}")
            continue
        if document["status"] not in counts or (document["status"] == "failed") != bool(document["error"]):
            faults.append(f"{uri}: is {document['status']} ({document['error']})")
            continue
        counts[document["status"]] += 1
        if document["status"] == "failed":
            reason = document["error"].split(":")[0]
            reasons[reason] = reasons.get(reason, 0) + 1
            continue
        # The version that is found is the last acknowledged one, or one that was sent after it.
        allowed = [one["markers"][-1]] + world.unsure.get(uri, [])
        found = {marker: hits(server, marker, one["id"]) for marker in one["markers"] + world.unsure.get(uri, [])}
        present = [marker for marker, ids in found.items() if ids]
        if len(present) != 1 or present[0] not in allowed:
            faults.append(f"{uri}: versions found {present}, allowed {allowed}")
            continue
        ids = found[present[0]]
        if len(ids) != len(set(ids)) or len(ids) != min(document["passages"], 100):
            faults.append(f"{uri}: {document['passages']} passages, found {len(ids)}, {len(set(ids))} of them different")
    for id_ in world.deleted:
        if server.call("GET", f"/api/documents/{id_}")[0] != 404:
            faults.append(f"{id_}: deleted, and still there")
    server.stop()
    twice = rows("SELECT COUNT(*) FROM (SELECT document_id FROM passages GROUP BY document_id, generation, ordinal HAVING COUNT(*) > 1) t")
    stray = rows("SELECT COUNT(*) FROM passages p LEFT JOIN documents d ON d.id = p.document_id "
                 "WHERE d.id IS NULL OR d.current_generation <> p.generation")
    short = rows("SELECT COUNT(*) FROM documents d WHERE d.passages <> "
                 "(SELECT COUNT(*) FROM passages p WHERE p.document_id = d.id)")
    total = rows("SELECT COUNT(*) FROM passages")
    live = rows("SELECT COUNT(*) FROM documents WHERE status NOT IN ('indexed', 'failed')")
    for name, value in (("passages twice", twice), ("passages of no current version", stray),
                        ("documents with other passages than they say", short),
                        ("documents neither indexed nor failed", live)):
        if value[0][0] != "0":
            faults.append(f"{name}: {value[0][0]}")
    if index["indexed_passages"] != int(total[0][0]):
        faults.append(f"the index holds {index['indexed_passages']} passages, SQL {total[0][0]}")
    return faults, counts, reasons, total[0][0]


def hits(server, marker, document_id):
    status, body = server.call("GET", f"/api/admin/memory/preview?scope=documents&limit=100&q={marker}")
    if status != 200:
        fail(f"a preview was answered {status}: {body}")
    return [hit["passage_id"] for hit in body["results"] if hit["document_id"] == document_id]


def main():
    print(f"killing {KILLS} times on {'Postgres' if DATABASE else 'SQLite'} (CHAOS_SEED={SEED})", flush=True)
    begun, how = time.monotonic(), {}
    for number in range(KILLS):
        name = one_life(number).split(":")[0]
        how[name] = how.get(name, 0) + 1
        if (number + 1) % 20 == 0:
            print(f"  {number + 1} kills, {world.sent} documents sent", flush=True)
    server = Server()
    index = settle(server)
    recovered = time.monotonic()
    faults, counts, reasons, passages = check(server, index)
    print(f"killed at: " + ", ".join(f"{name} {count}" for name, count in sorted(how.items())))
    print(f"{world.sent} sent, {len(world.acknowledged)} acknowledged and not deleted: {counts['indexed']} indexed, "
          f"{counts['failed']} failed {reasons or ''}; {len(world.deleted)} deleted; {passages} passages; "
          f"{recovered - begun:.0f} s")
    for fault in faults[:20]:
        print(f"  wrong: {fault}")
    if faults:
        fail(f"{len(faults)} faults")
    print("every acknowledged document is accounted for")


main()
