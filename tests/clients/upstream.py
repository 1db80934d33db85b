"""A model server that answers as it is told, and remembers what it was asked. ragd is put in front of
it to see what reaches an upstream, and how an upstream's answers reach a client.

    PUT /_script   {"replies": [reply, …], "then": reply}   forgets what was seen before
    GET /_seen     [{"path", "headers", "body", "gone_after_s"}, …]

Replies are given in order, then `then` for ever. A reply is one of these, with `headers` and
`delay_s` (before anything is sent) where wanted:

    {"status": 429, "json": {…}}             a status with a body
    {"text": "…", "reasoning": "…"}          an answer, whole or streamed as it was asked for
    {"tools": [{"name", "arguments"}, …]}    the same with tool calls
    {"endless": true}                        a stream that goes on until the client has gone
    {"text": "…", "finish_reason": "length"} an answer that ended for another reason than `stop`
    {"raw": "data: {…}\\n\\n…"}              the bytes of a stream, to their end
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

USAGE = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}
DEFAULT = {"text": "Hello from the upstream."}
ENDLESS_LIMIT_S = 30

lock = threading.Lock()
seen: list[dict] = []
replies: list[dict] = []
then: dict = DEFAULT


def next_reply() -> dict:
    with lock:
        return replies.pop(0) if replies else then


def pieces(text: str) -> list[str]:
    """A text in deltas of a few characters."""
    return [text[start : start + 5] for start in range(0, len(text), 5)]


def tool_calls(tools: list[dict]) -> list[dict]:
    return [
        {
            "id": f"call_{index}",
            "type": "function",
            "function": {"name": tool["name"], "arguments": tool["arguments"]},
        }
        for index, tool in enumerate(tools)
    ]


def reason_of(reply: dict) -> str:
    return reply.get("finish_reason") or ("tool_calls" if "tools" in reply else "stop")


def whole(reply: dict, model: str) -> dict:
    message: dict = {"role": "assistant", "content": reply.get("text")}
    if "reasoning" in reply:
        message["reasoning_content"] = reply["reasoning"]
    if "tools" in reply:
        message["tool_calls"] = tool_calls(reply["tools"])
    return {
        "id": "chatcmpl-upstream",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": message,
                "finish_reason": reason_of(reply),
                "logprobs": None,
            }
        ],
        "usage": USAGE,
    }


def deltas(reply: dict):
    """What changes with each event of a stream, and the reason to stop at its end."""
    yield {"role": "assistant", "content": ""}, None
    for piece in pieces(reply.get("reasoning", "")):
        yield {"reasoning_content": piece}, None
    for piece in pieces(reply.get("text", "")):
        yield {"content": piece}, None
    for index, call in enumerate(tool_calls(reply.get("tools", []))):
        function = call["function"]
        opening = {**call, "index": index, "function": {**function, "arguments": ""}}
        yield {"tool_calls": [opening]}, None
        for piece in pieces(function["arguments"]):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}, None
    yield {}, reason_of(reply)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments):
        pass

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def send_json(self, status: int, value, headers: dict | None = None):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        for name, text in (headers or {}).items():
            self.send_header(name, str(text))
        self.end_headers()
        self.wfile.write(data)

    def do_PUT(self):
        global then
        script = json.loads(self.body())
        with lock:
            seen.clear()
            replies[:] = script.get("replies", [])
            then = script.get("then") or DEFAULT
        self.send_json(200, {})

    def do_GET(self):
        if self.path == "/_seen":
            with lock:
                return self.send_json(200, list(seen))
        if self.path == "/v1/models":
            model = {"id": "stub-model", "object": "model", "created": 0, "owned_by": "tests"}
            return self.send_json(200, {"object": "list", "data": [model]})
        return self.send_json(404, {"error": {"message": "no such path"}})

    def do_POST(self):
        data = self.body()
        request = json.loads(data)
        entry = {
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": request,
            "gone_after_s": None,
        }
        with lock:
            seen.append(entry)
        reply = next_reply()
        begun = time.monotonic()
        try:
            time.sleep(reply.get("delay_s", 0))
            self.answer(reply, request)
        except OSError:
            self.close_connection = True
            with lock:
                entry["gone_after_s"] = round(time.monotonic() - begun, 3)

    def answer(self, reply: dict, request: dict):
        if "json" in reply or "status" in reply:
            return self.send_json(
                reply.get("status", 200), reply.get("json", {}), reply.get("headers")
            )
        model = request.get("model", "")
        if not request.get("stream"):
            return self.send_json(200, whole(reply, model), reply.get("headers"))
        return self.stream(reply, request, model)

    def stream(self, reply: dict, request: dict, model: str):
        self.close_connection = True
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        base = {
            "id": "chatcmpl-upstream",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
        }

        def send(delta: dict, finish_reason: str | None = None):
            choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
            self.event({**base, "choices": [choice]})

        if "raw" in reply:
            self.wfile.write(reply["raw"].encode())
            return
        if reply.get("endless"):
            send({"role": "assistant", "content": ""})
            end = time.monotonic() + ENDLESS_LIMIT_S
            while time.monotonic() < end:
                send({"content": "tick "})
                time.sleep(0.05)
            return
        for delta, finish_reason in deltas(reply):
            send(delta, finish_reason)
        if (request.get("stream_options") or {}).get("include_usage"):
            self.event({**base, "choices": [], "usage": USAGE})
        self.wfile.write(b"data: [DONE]\n\n")

    def event(self, value: dict):
        text = json.dumps(value, ensure_ascii=False)
        self.wfile.write(f"data: {text}\n\n".encode())
        self.wfile.flush()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Handler)
    print(f"scripted upstream listens on http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)
