"""Retrieval through the OpenAI client: answers from a document, and where they say it is from."""

import time

import lighthouse as manual
import openai
import pytest
from conftest import say
from test_openai_chat import check_stream

WAYS = [
    pytest.param({"model": "ragd"}, id="ragd"),
    pytest.param(
        {"model": "openai/stub-model", "extra_body": {"ragd": {"collection": "default"}}},
        id="a model with a collection",
    ),
]


def check_citations(citations, document):
    assert isinstance(citations, list) and citations
    assert document in {citation["document_id"] for citation in citations}, citations
    cited = next(citation for citation in citations if citation["document_id"] == document)
    assert cited["title"] == manual.TITLE


def check_annotation(annotation, text):
    assert annotation["type"] == "url_citation"
    citation = annotation["url_citation"]
    assert citation["title"] == manual.TITLE
    assert isinstance(citation["url"], str) and citation["url"]
    assert 0 <= citation["start_index"] < citation["end_index"] <= len(text)


@pytest.mark.parametrize("way", WAYS)
def test_a_whole_answer_says_where_it_is_from(client, lighthouse, way):
    answer = client.chat.completions.create(messages=say(manual.QUESTION), **way)
    message = answer.choices[0].message
    assert "Tuesday" in message.content and "[1]" in message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens > 0
    assert abs(time.time() - answer.created) < 300
    check_citations(answer.model_extra["citations"], lighthouse)
    assert message.annotations, "no annotations"
    for annotation in message.annotations:
        check_annotation(annotation.model_dump(), message.content)


@pytest.mark.parametrize("way", WAYS)
def test_a_streamed_answer_says_where_it_is_from(client, lighthouse, way):
    stream = client.chat.completions.create(
        messages=say(manual.QUESTION), stream=True, stream_options={"include_usage": True}, **way
    )
    chunks = list(stream)
    text = check_stream(chunks, usage=True)
    assert "Tuesday" in text and "[1]" in text
    extras = [chunk.model_extra or {} for chunk in chunks]
    citations = [extra["citations"] for extra in extras if extra.get("citations")]
    assert citations, "no chunk has citations"
    check_citations(citations[-1], lighthouse)
    annotations = [
        annotation
        for chunk in chunks
        for choice in chunk.choices
        for annotation in (choice.delta.model_extra or {}).get("annotations") or []
    ]
    assert annotations, "no delta has annotations"
    for annotation in annotations:
        check_annotation(annotation, text)


def test_the_last_question_of_a_conversation_is_answered(client, lighthouse):
    messages = [
        {"role": "system", "content": "You are brief."},
        {"role": "user", "content": "Good morning"},
        {"role": "assistant", "content": "Good morning. What would you like to know?"},
        {"role": "user", "content": [{"type": "text", "text": manual.QUESTION}]},
    ]
    answer = client.chat.completions.create(model="ragd", messages=messages)
    assert "Tuesday" in answer.choices[0].message.content
    check_citations(answer.model_extra["citations"], lighthouse)


def test_an_answer_without_retrieval_cites_nothing(client, lighthouse):
    answer = client.chat.completions.create(
        model="openai/stub-model", messages=say(manual.QUESTION)
    )
    assert not (answer.model_extra or {}).get("citations")
    assert not answer.choices[0].message.annotations


def test_an_unknown_collection_is_the_callers_mistake(client):
    with pytest.raises((openai.BadRequestError, openai.NotFoundError, openai.PermissionDeniedError)):
        client.chat.completions.create(
            model="ragd", messages=say("Hello"), extra_body={"ragd": {"collection": "no such one!"}}
        )
