"""Chat through the OpenAI client: what a program that talks to OpenAI relies on."""

import asyncio
import base64
import json

import openai
import pytest
from conftest import KEY, SCRIPTED_RAGD_URL, say, until
from pydantic import BaseModel

TEXT = "Grüße aus dem Leuchtturm 🦀 – 灯台から。 The end."
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
CALLS = [
    {"name": "get_weather", "arguments": '{"city": "Kiel"}'},
    {"name": "get_weather", "arguments": '{"city": "Ōsaka"}'},
]


def check_stream(chunks, usage):
    """What every stream keeps to; returns its text."""
    assert chunks, "the stream is empty"
    assert len({chunk.id for chunk in chunks}) == 1 and chunks[0].id
    assert len({chunk.created for chunk in chunks}) == 1
    assert len({chunk.model for chunk in chunks}) == 1 and chunks[0].model
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    body = chunks
    if usage:
        *body, last = chunks
        assert last.choices == []
        assert last.usage.total_tokens == last.usage.prompt_tokens + last.usage.completion_tokens
        assert last.usage.completion_tokens > 0
    assert [chunk for chunk in body if chunk.usage] == [], "usage before the last chunk"
    assert all(len(chunk.choices) == 1 for chunk in body), "a chunk without a choice"
    assert {chunk.choices[0].index for chunk in body} == {0}
    assert body[0].choices[0].delta.role == "assistant"
    reasons = [chunk.choices[0].finish_reason for chunk in body]
    assert [reason for reason in reasons if reason] == reasons[-1:], reasons
    return "".join(chunk.choices[0].delta.content or "" for chunk in body)


@pytest.mark.parametrize("model", ["stub-model", "openai/stub-model"])
def test_a_whole_answer_has_every_field(client, model):
    answer = client.chat.completions.create(model=model, messages=say("Hello"))
    assert answer.id
    assert answer.object == "chat.completion"
    assert isinstance(answer.created, int) and answer.created > 0
    assert isinstance(answer.model, str) and answer.model
    (choice,) = answer.choices
    assert (choice.index, choice.finish_reason, choice.message.role) == (0, "stop", "assistant")
    assert choice.message.content.strip()
    assert choice.message.tool_calls is None
    assert answer.usage.prompt_tokens > 0 and answer.usage.completion_tokens > 0
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer._request_id, "no x-request-id"


def test_headers_say_who_answered(client):
    raw = client.chat.completions.with_raw_response.create(
        model="openai/stub-model", messages=say("Hello"), extra_headers={"x-request-id": "from-a-test-1"}
    )
    assert raw.headers["x-request-id"] == "from-a-test-1"
    assert raw.headers["x-ragd-provider"] == "openai"
    assert raw.headers["x-ragd-model"]
    assert raw.headers["x-ragd-attempts"] == "1"
    assert float(raw.headers["x-ragd-overhead-ms"]) >= 0
    assert raw.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("usage", [True, False])
def test_a_stream_keeps_its_form(client, usage):
    options = {"stream_options": {"include_usage": True}} if usage else {}
    stream = client.chat.completions.create(
        model="openai/stub-model", messages=say("Hello"), stream=True, **options
    )
    assert stream.response.headers["content-type"].startswith("text/event-stream")
    assert stream.response.headers["x-ragd-provider"] == "openai"
    assert check_stream(list(stream), usage).strip()


def test_an_answer_arrives_letter_by_letter_as_the_upstream_gave_it(through, upstream):
    upstream.script(then={"text": TEXT})
    whole = through.chat.completions.create(model="openai/stub-model", messages=say("Hello"))
    assert whole.choices[0].message.content == TEXT
    assert whole.usage.total_tokens == 17
    stream = through.chat.completions.create(
        model="openai/stub-model",
        messages=say("Hello"),
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    assert check_stream(chunks, usage=True) == TEXT
    assert chunks[-1].usage.total_tokens == 17
    assert len(chunks) > 5, "the stream came in one piece"


def test_the_asynchronous_client_streams_too(upstream):
    async def talk():
        http = openai.DefaultAsyncHttpxClient(trust_env=False)
        async with openai.AsyncOpenAI(
            base_url=f"{SCRIPTED_RAGD_URL}/v1", api_key=KEY, max_retries=0, http_client=http
        ) as client:
            stream = await client.chat.completions.create(
                model="stub-model", messages=say("Hello"), stream=True
            )
            return [chunk async for chunk in stream]

    upstream.script(then={"text": TEXT})
    assert check_stream(asyncio.run(talk()), usage=False) == TEXT


def test_the_streaming_helper_puts_the_same_answer_together(through, upstream):
    upstream.script(then={"text": TEXT})
    with through.chat.completions.stream(model="stub-model", messages=say("Hello")) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert {"content.delta", "content.done"} <= kinds
    assert final.choices[0].message.content == TEXT
    assert final.choices[0].finish_reason == "stop"


def test_tool_calls_come_whole(through, upstream):
    upstream.script({"tools": CALLS})
    answer = through.chat.completions.create(
        model="openai/stub-model", messages=say("The weather?"), tools=[WEATHER], tool_choice="required"
    )
    (choice,) = answer.choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    assert [call.type for call in choice.message.tool_calls] == ["function", "function"]
    assert [call.id for call in choice.message.tool_calls] == ["call_0", "call_1"]
    made = [call.function for call in choice.message.tool_calls]
    assert [(call.name, call.arguments) for call in made] == [
        (call["name"], call["arguments"]) for call in CALLS
    ]
    assert upstream.body()["tools"] == [WEATHER]
    assert upstream.body()["tool_choice"] == "required"


def test_tool_calls_come_streamed(through, upstream):
    upstream.script(then={"tools": CALLS})
    chunks = list(
        through.chat.completions.create(
            model="stub-model", messages=say("The weather?"), tools=[WEATHER], stream=True
        )
    )
    assert check_stream(chunks, usage=False) == ""
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    arguments = {0: "", 1: ""}
    for chunk in chunks:
        for call in chunk.choices[0].delta.tool_calls or []:
            arguments[call.index] += call.function.arguments or ""
    assert arguments == {index: call["arguments"] for index, call in enumerate(CALLS)}

    with through.chat.completions.stream(
        model="stub-model", messages=say("The weather?"), tools=[WEATHER]
    ) as stream:
        final = stream.get_final_completion()
    calls = final.choices[0].message.tool_calls
    assert [call.function.parsed_arguments for call in calls] == [{"city": "Kiel"}, {"city": "Ōsaka"}]


def test_the_answer_of_a_tool_reaches_the_upstream_as_it_is(through, upstream):
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": "The weather?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_0", "type": "function", "function": CALLS[0]}],
        },
        {"role": "tool", "tool_call_id": "call_0", "content": '{"sky": "grey"}'},
    ]
    through.chat.completions.create(model="stub-model", messages=messages, tools=[WEATHER])
    sent = upstream.body()["messages"]
    assert sent[1:] == messages[1:]
    assert sent[0]["content"] == "Be brief."


def test_fields_that_ragd_does_not_know_are_passed_on(through, upstream):
    through.chat.completions.create(
        model="openai/stub-model",
        messages=say("Hello"),
        temperature=0.25,
        seed=5,
        max_completion_tokens=77,
        stop=["END"],
        logit_bias={"50256": -100},
        metadata={"run": "7"},
        extra_body={
            "top_k": 7,
            "chat_template_kwargs": {"enable_thinking": False},
            "ragd": False,
        },
    )
    body = upstream.body()
    assert body["model"] == "stub-model", "the upstream was asked for another model"
    expected = {
        "temperature": 0.25,
        "seed": 5,
        "max_completion_tokens": 77,
        "stop": ["END"],
        "logit_bias": {"50256": -100},
        "metadata": {"run": "7"},
        "top_k": 7,
        "chat_template_kwargs": {"enable_thinking": False},
    }
    assert {name: body.get(name) for name in expected} == expected
    assert "ragd" not in body
    (seen,) = upstream.seen()
    assert seen["headers"]["authorization"] == "Bearer sk-test"
    assert KEY not in json.dumps(seen), "the caller's key was sent to the upstream"


def test_images_are_passed_on(through, upstream):
    pixel = base64.b64encode(bytes(range(64))).decode()
    content = [
        {"type": "text", "text": "What is this?"},
        {
            "type": "image_url",
            "image_url": {"url": f"data:image/png;base64,{pixel}", "detail": "low"},
        },
    ]
    answer = through.chat.completions.create(
        model="stub-model", messages=[{"role": "user", "content": content}]
    )
    assert answer.choices[0].message.content
    assert upstream.body()["messages"][0]["content"] == content


def test_a_structured_answer_is_parsed(through, upstream):
    class Sky(BaseModel):
        colour: str

    upstream.script({"text": '{"colour": "grey"}'})
    answer = through.chat.completions.parse(
        model="stub-model", messages=say("The sky?"), response_format=Sky
    )
    assert answer.choices[0].message.parsed == Sky(colour="grey")
    assert upstream.body()["response_format"]["type"] == "json_schema"


def test_reasoning_is_passed_on(through, upstream):
    upstream.script(then={"reasoning": "Hm, let me see.", "text": "Yes."})
    whole = through.chat.completions.create(model="stub-model", messages=say("Hello"))
    assert whole.choices[0].message.model_extra["reasoning_content"] == "Hm, let me see."
    chunks = list(
        through.chat.completions.create(model="stub-model", messages=say("Hello"), stream=True)
    )
    extras = [chunk.choices[0].delta.model_extra or {} for chunk in chunks]
    assert "".join(extra.get("reasoning_content") or "" for extra in extras) == "Hm, let me see."
    assert check_stream(chunks, usage=False) == "Yes."


def test_leaving_a_stream_ends_the_call_of_the_upstream(through, upstream):
    upstream.script({"endless": True})
    stream = through.chat.completions.create(
        model="stub-model", messages=say("Hello"), stream=True
    )
    for count, _chunk in enumerate(stream):
        if count == 5:
            break
    assert upstream.seen()[0]["gone_after_s"] is None
    stream.close()
    assert until(lambda: upstream.seen()[0]["gone_after_s"], 2, every=0.05), (
        "the upstream was still read two seconds after the client had gone"
    )


@pytest.mark.slow
def test_a_stream_without_content_is_kept_open(through, upstream):
    """After about ten seconds there are comments; the client must not see them, nor give up."""
    upstream.script({"delay_s": 12, "text": TEXT})
    stream = through.chat.completions.create(
        model="stub-model", messages=say("Hello"), stream=True, timeout=11.5
    )
    assert check_stream(list(stream), usage=False) == TEXT


def test_models_are_listed(client):
    models = list(client.models.list())
    names = {model.id for model in models}
    assert {"ragd", "openai/stub-model"} <= names, names
    assert {model.object for model in models} == {"model"}
    assert all(model.created >= 0 and model.owned_by for model in models)
    assert client.models.retrieve("ragd").id == "ragd"
    assert client.models.retrieve("openai/stub-model").id == "openai/stub-model"
