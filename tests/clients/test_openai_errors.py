"""Errors through the OpenAI client: each raises the class that a program expects, is retried when that
helps and only then, and no broken answer looks complete."""

import time

import openai
import pytest
from conftest import Client, KEY, RAGD_URL, SCRIPTED_URL, call, say


def ask(client, **options):
    options.setdefault("model", "stub-model")
    return client.chat.completions.create(messages=say("Hello"), **options)


def check_body(error):
    """OpenAI's error object; the client has unwrapped `error` where it could."""
    assert isinstance(error.body, dict), error.body
    assert {"message", "type", "param", "code"} <= set(error.body), error.body
    assert isinstance(error.body["message"], str) and error.body["message"]
    assert isinstance(error.body["type"], str) and error.body["type"]
    return error.body


def retry_after(error):
    seconds = int(error.response.headers["retry-after"])
    assert 1 <= seconds <= 120
    return seconds


def test_a_wrong_key():
    with Client(RAGD_URL, api_key="not-a-key", max_retries=2) as client:
        with pytest.raises(openai.AuthenticationError) as caught:
            ask(client)
        check_body(caught.value)
        with pytest.raises(openai.AuthenticationError):
            client.models.list()
        with pytest.raises(openai.AuthenticationError):
            client.embeddings.create(model="all-MiniLM-L6-v2", input="Hello")
        assert client.requests == 3, "a wrong key was tried again"


def test_no_key():
    status, _, body = call("GET", f"{RAGD_URL}/v1/models")
    assert status == 401
    assert {"message", "type", "param", "code"} <= set(body["error"])


@pytest.mark.parametrize("model", ["no-such-model", "openai/no-such-model", "nobody/stub-model"])
def test_an_unknown_model_on_the_models_route(client, model):
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve(model)
    check_body(caught.value)


def test_missing_messages(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.post("/chat/completions", body={"model": "stub-model"}, cast_to=object)
    assert "messages" in check_body(caught.value)["message"]


@pytest.mark.parametrize("messages", [[], "Hello", None])
def test_messages_that_are_none(client, messages):
    body = {"model": "stub-model", "messages": messages}
    with pytest.raises(openai.BadRequestError) as caught:
        client.post("/chat/completions", body=body, cast_to=object)
    check_body(caught.value)


def test_refusals_of_the_server_itself_have_the_same_form(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.get("/no/such/path", cast_to=object)
    check_body(caught.value)
    with pytest.raises(openai.APIStatusError) as caught:
        client.get("/chat/completions", cast_to=object)
    assert caught.value.status_code == 405
    check_body(caught.value)
    status, _, body = call("POST", f"{RAGD_URL}/v1/chat/completions", b'{"model": ', KEY)
    assert status == 400
    assert {"message", "type", "param", "code"} <= set(body["error"])


@pytest.mark.parametrize("stream", [False, True])
def test_a_400_of_the_upstream(through, upstream, stream):
    words = "This model's maximum context length is 8192 tokens."
    upstream.script(
        {"status": 400, "json": {"error": {"message": words, "code": "context_length_exceeded"}}}
    )
    with pytest.raises(openai.BadRequestError) as caught:
        ask(through, stream=stream)
    assert words in check_body(caught.value)["message"]
    assert len(upstream.seen()) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_before_any_content_is_made_good(through, upstream, stream):
    upstream.script({"status": 500, "json": {"error": {"message": "broken"}}}, then={"text": "Fine."})
    raw = through.chat.completions.with_raw_response.create(
        model="stub-model", messages=say("Hello"), stream=stream
    )
    assert raw.headers["x-ragd-attempts"] == "2"
    if stream:
        text = "".join(chunk.choices[0].delta.content or "" for chunk in raw.parse())
    else:
        text = raw.parse().choices[0].message.content
    assert text == "Fine."
    assert through.requests == 1


def test_a_429_of_the_only_upstream(lone_ragd, upstream):
    """The caller is told how long to wait; the provider is left alone meanwhile."""
    upstream.script(
        {"status": 429, "headers": {"retry-after": 9}, "json": {"error": {"message": "too fast"}}}
    )
    client = lone_ragd()
    with pytest.raises(openai.RateLimitError) as caught:
        ask(client)
    check_body(caught.value)
    assert 5 <= retry_after(caught.value) <= 10
    assert len(upstream.seen()) == 1
    with pytest.raises((openai.RateLimitError, openai.InternalServerError)) as caught:
        ask(client, stream=True)
    assert retry_after(caught.value) <= 10
    assert len(upstream.seen()) == 1, "a provider that asked to be left alone was called"


@pytest.mark.slow
def test_a_client_that_waits_as_told_gets_its_answer(lone_ragd, upstream):
    upstream.script(
        {"status": 429, "headers": {"retry-after": 3}, "json": {"error": {"message": "too fast"}}},
        then={"text": "Now."},
    )
    client = lone_ragd(max_retries=2)
    begun = time.monotonic()
    assert ask(client).choices[0].message.content == "Now."
    assert time.monotonic() - begun > 2, "the provider was not left alone"
    assert len(upstream.seen()) == 2


def test_a_wrong_key_of_ours_is_not_the_callers(lone_ragd, upstream):
    upstream.script(then={"status": 401, "json": {"error": {"message": "Incorrect API key: sk-test"}}})
    client = lone_ragd(max_retries=2)
    with pytest.raises(openai.InternalServerError) as caught:
        ask(client)
    assert caught.value.status_code == 503
    assert "sk-test" not in str(caught.value)
    assert len(upstream.seen()) == 1


def test_no_provider_answers(lone_ragd, closed_url):
    client = lone_ragd(upstream_url=closed_url, max_retries=2)
    for count in range(1, 7):
        begun = time.monotonic()
        with pytest.raises(openai.InternalServerError) as caught:
            ask(client, stream=count % 2 == 0)
        assert caught.value.status_code == 503
        check_body(caught.value)
        assert caught.value.response.headers["x-should-retry"] == "false"
        retry_after(caught.value)
        assert client.requests == count, "the client tried again"
        assert time.monotonic() - begun < 5
    assert "Circuit breaker open" in caught.value.body["message"]


def test_ragds_own_limit_of_a_provider(lone_ragd):
    client = lone_ragd(
        LLM_PROVIDER="groq", OPENAI_API_KEY="", GROQ_API_KEY="sk-test",
        GROQ_BASE_URL=f"{SCRIPTED_URL}/v1", LLM_GROQ_REQUESTS_PER_MINUTE="2",
    )
    assert ask(client).choices and ask(client).choices
    with pytest.raises(openai.RateLimitError) as caught:
        ask(client)
    assert "Rate limit exceeded" in check_body(caught.value)["message"]
    retry_after(caught.value)


@pytest.mark.parametrize("behaviour", ["error-after:3", "cut-after:3", "malformed-after:3", "no-end"])
def test_a_stream_that_breaks_raises(client, stub, behaviour):
    stub.behave(behaviour, times=1)
    text, reasons = "", []
    with pytest.raises(openai.APIError) as caught:
        for chunk in ask(client, stream=True, stream_options={"include_usage": True}):
            assert chunk.choices, "a chunk of usage in a stream that broke"
            text += chunk.choices[0].delta.content or ""
            reasons.append(chunk.choices[0].finish_reason)
    assert not isinstance(caught.value, openai.APIConnectionError), "no error event was sent"
    check_body(caught.value)
    assert text, "the part that had come was withheld"
    assert set(reasons) == {None}, reasons
    assert client.requests == 1


def test_a_broken_stream_breaks_the_helper_too(client, stub):
    stub.behave("error-after:3", times=1)
    with pytest.raises(openai.APIError):
        with client.chat.completions.stream(model="stub-model", messages=say("Hello")) as stream:
            stream.get_final_completion()


@pytest.mark.parametrize("behaviour", ["error-after:3", "cut-after:3"])
def test_a_whole_answer_is_not_made_of_a_part(client, stub, behaviour):
    """Either the whole of a second try or an error, never a part."""
    stub.behave("ok")
    complete = ask(client).choices[0].message.content
    stub.behave(behaviour, times=1)
    try:
        answer = ask(client)
    except openai.InternalServerError as error:
        check_body(error)
    else:
        assert answer.choices[0].finish_reason == "stop"
        assert len(answer.choices[0].message.content) >= len(complete)


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_gives_up(client, stub, stream):
    stub.behave("hang", times=1)
    begun = time.monotonic()
    with pytest.raises(openai.APITimeoutError):
        for _chunk in ask(client, stream=stream, timeout=1.5):
            pass
    assert time.monotonic() - begun < 5
    stub.behave("ok")
    assert ask(client).choices[0].message.content
