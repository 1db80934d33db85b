"""Sends the document in that the tests of retrieval ask about, waits until it is indexed, and prints
its id."""

import json
import os
import time
import urllib.request

TITLE = "Corvus lighthouse manual"
TEXT = (
    "The lamp of the Corvus lighthouse is cleaned every Tuesday before sunrise. "
    "The keeper of the Corvus lighthouse writes each cleaning of the lamp into the green book. "
    "The fog horn of the Corvus lighthouse is tested on the first day of a month."
)
QUESTION = "When is the lamp of the Corvus lighthouse cleaned?"
PATIENCE_S = 60


def call(path, body=None):
    request = urllib.request.Request(
        os.environ["RAGD_URL"] + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "authorization": f"Bearer {os.environ['RAGD_TOKEN']}",
            "content-type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def main():
    document = call("/api/documents", {"title": TITLE, "text": TEXT})["document_id"]
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        state = call(f"/api/documents/{document}")
        if state["status"] == "indexed":
            print(document)
            return
        if state["status"] == "failed":
            raise SystemExit(f"the document has failed: {state}")
        time.sleep(0.1)
    raise SystemExit(f"the document is not indexed after {PATIENCE_S} s")


if __name__ == "__main__":
    main()
