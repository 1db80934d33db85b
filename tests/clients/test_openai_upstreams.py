"""Upstreams as they are, through the OpenAI client: fields that they refuse, answers that are withheld, a
model that is gone, and streams that are not quite as the reference has them."""

import json

import openai
import pytest
from conftest import say

LIMIT = {
    "error": {
        "message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
        "'max_completion_tokens' instead.",
        "type": "invalid_request_error",
        "param": "max_tokens",
        "code": "unsupported_parameter",
    }
}
OPTIONS = {
    "detail": [
        {
            "type": "extra_forbidden",
            "loc": ["body", "stream_options"],
            "msg": "Extra inputs are not permitted",
        }
    ]
}
FILTERED = {
    "error": {
        "message": "The response was filtered due to the prompt triggering the content policy.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
    }
}
GONE = {
    "error": {
        "message": "The model `retired` has been decommissioned and is no longer supported.",
        "type": "invalid_request_error",
        "code": "model_decommissioned",
    }
}


def ask(client, **options):
    options.setdefault("model", "stub-model")
    return client.chat.completions.create(messages=say("Hello"), **options)


def chunk(delta, finish_reason=None, **more):
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    value = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", **more}
    return {**value, "choices": [choice]}


def event(value):
    return f"data: {json.dumps(value)}\n\n"


def text_of(stream):
    return "".join(piece.choices[0].delta.content or "" for piece in stream if piece.choices)


def test_a_refused_limit_goes_under_its_other_name(lone_ragd, upstream):
    client = lone_ragd()
    upstream.script({"status": 400, "json": LIMIT})
    assert ask(client, model="openai/reasoner", max_tokens=9).choices[0].message.content
    bodies = [seen["body"] for seen in upstream.seen()]
    assert [body.get("max_tokens") for body in bodies] == [9, None]
    assert bodies[1]["max_completion_tokens"] == 9
    ask(client, model="openai/reasoner", max_tokens=9)
    assert len(upstream.seen()) == 3, "what was learnt is forgotten"


def test_refused_stream_options_are_left_out(lone_ragd, upstream):
    client = lone_ragd()
    upstream.script({"status": 422, "json": OPTIONS})
    stream = ask(client, model="openai/strict", stream=True)
    assert text_of(stream) == "Hello from the upstream."
    assert "stream_options" not in upstream.seen()[1]["body"]


def test_a_clients_own_field_is_refused_to_the_client(through, upstream):
    error = {"message": "Unsupported value: 'temperature' does not support 0.2", "param": "temperature"}
    upstream.script({"status": 400, "json": {"error": {**error, "code": "unsupported_value"}}})
    with pytest.raises(openai.BadRequestError) as caught:
        ask(through, temperature=0.2)
    assert caught.value.param == "temperature"
    assert len(upstream.seen()) == 1


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ({"status": 400, "json": FILTERED}, "content_filter"),
        ({"text": "", "finish_reason": "content_filter"}, "content_filter"),
        ({"text": "", "finish_reason": "length"}, "length"),
        ({"text": "", "reasoning": "Hm.", "finish_reason": "length"}, "length"),
    ],
)
def test_a_withheld_answer_has_its_finish_reason(through, upstream, reply, reason, stream):
    # More of them than failures would open the breaker.
    for _ in range(6):
        upstream.script(reply)
        answer = ask(through, stream=stream)
        if stream:
            pieces = [piece.choices[0] for piece in answer]
            assert not "".join(piece.delta.content or "" for piece in pieces)
            assert [piece.finish_reason for piece in pieces if piece.finish_reason] == [reason]
        else:
            assert not answer.choices[0].message.content
            assert answer.choices[0].finish_reason == reason
        assert len(upstream.seen()) == 1
    upstream.script()
    assert ask(through).choices[0].message.content, "the breaker is open"


def test_a_model_that_is_gone(lone_ragd, upstream):
    client = lone_ragd()
    upstream.script({"status": 400, "json": GONE})
    with pytest.raises(openai.APIStatusError) as caught:
        ask(client, model="openai/retired")
    assert caught.value.status_code in (400, 404)
    assert caught.value.param == "model"
    assert ask(client).choices[0].message.content


def test_a_stream_without_its_marker_is_complete(lone_ragd, upstream):
    client = lone_ragd()
    whole = event(chunk({"role": "assistant", "content": "Yes"})) + event(chunk({}, "stop"))
    upstream.script({"raw": whole})
    assert text_of(ask(client, stream=True)) == "Yes"
    # Without a reason to stop it has broken off.
    upstream.script({"raw": event(chunk({"role": "assistant", "content": "Yes"}))})
    with pytest.raises(openai.APIError):
        text_of(ask(client, stream=True))


def test_events_without_choices_and_of_several_lines_pass(through, upstream):
    filter_results = {"choices": [], "created": 0, "id": "", "model": "", "prompt_filter_results": []}
    lines = json.dumps(chunk({"role": "assistant", "content": "Yes"}), indent=1).splitlines()
    raw = event(filter_results) + event({"usage": {"prompt_tokens": 1, "completion_tokens": 1}})
    raw += "".join(f"data: {line}\n" for line in lines) + "\n"
    raw += event(chunk({}, "stop")) + "data: [DONE]\n\n"
    upstream.script({"raw": raw})
    pieces = list(ask(through, stream=True))
    assert text_of(pieces) == "Yes"
    assert len({piece.id for piece in pieces}) == 1 and pieces[0].id
    assert all(len(piece.choices) == 1 for piece in pieces)


def test_calls_without_an_index_get_one_each(through, upstream):
    def calls(name):
        function = {"name": "get_weather", "arguments": "{}"}
        return {"tool_calls": [{"id": name, "type": "function", "function": function}]}

    raw = event(chunk({"role": "assistant", "content": None})) + event(chunk(calls("a")))
    raw += event(chunk(calls("b"))) + event(chunk({}, "tool_calls")) + "data: [DONE]\n\n"
    upstream.script({"raw": raw})
    pieces = [piece.choices[0].delta for piece in ask(through, stream=True)]
    found = [(one.index, one.id) for delta in pieces for one in delta.tool_calls or []]
    assert found == [(0, "a"), (1, "b")]
