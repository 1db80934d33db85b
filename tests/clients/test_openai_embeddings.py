"""Embeddings through the OpenAI client, in every form in which its users send text."""

import math

import openai
import pytest

MODEL = "all-MiniLM-L6-v2"


def near(one, other):
    return len(one) == len(other) and max(map(abs, (a - b for a, b in zip(one, other)))) < 1e-5


def embed(client, text, **options):
    return client.embeddings.create(model=MODEL, input=text, **options)


def one(client, text, **options):
    (item,) = embed(client, text, **options).data
    return item.embedding


def test_an_answer_has_every_field(client):
    answer = embed(client, "Hello world")
    assert answer.object == "list"
    assert answer.model
    assert answer.usage.prompt_tokens > 0
    assert answer.usage.total_tokens == answer.usage.prompt_tokens
    (item,) = answer.data
    assert (item.object, item.index, len(item.embedding)) == ("embedding", 0, 384)
    assert math.isclose(sum(value * value for value in item.embedding), 1, abs_tol=1e-3)


def test_every_encoding_and_form_means_the_same(client):
    # Without a format the client asks for base64 and decodes it; asked for, it leaves it undecoded.
    vector = one(client, "Hello world")
    floats = one(client, "Hello world", encoding_format="float")
    assert all(isinstance(value, float) for value in floats)
    assert near(floats, vector)
    assert isinstance(one(client, "Hello world", encoding_format="base64"), str)
    assert near(one(client, ["Hello world"]), vector)
    # Ids of cl100k_base, which OpenAI's clients and LangChain count with and send.
    assert near(one(client, [9906, 1917]), vector)
    assert near(one(client, [[9906, 1917]]), vector)
    assert not near(one(client, "A lighthouse by the sea"), vector)


def test_lists_keep_their_order(client):
    texts = ["Hello world", "A lighthouse by the sea", "灯台", "Hello world"]
    answer = embed(client, texts)
    assert [item.index for item in answer.data] == [0, 1, 2, 3]
    for text, item in zip(texts, answer.data):
        assert near(item.embedding, one(client, text)), text
    ids = embed(client, [[9906], [9906, 1917]])
    assert near(ids.data[0].embedding, one(client, "Hello"))
    assert near(ids.data[1].embedding, answer.data[0].embedding)


@pytest.mark.parametrize("wrong", [[], "", {"text": "Hello"}, [True], [[-1]], [[4_000_000_000]]])
def test_what_is_no_text_is_refused(client, wrong):
    with pytest.raises(openai.BadRequestError) as caught:
        embed(client, wrong)
    assert {"message", "type", "param", "code"} <= set(caught.value.body)


def test_a_missing_input_is_refused(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.post("/embeddings", body={"model": MODEL}, cast_to=object)
    assert "input" in caught.value.body["message"]
