"""LangChain's OpenAI classes on ragd."""

import openai
import pytest
from conftest import KEY, RAGD_URL, SCRIPTED_RAGD_URL
from langchain_core.messages import AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from lighthouse import QUESTION
from pydantic import BaseModel, Field


class get_weather(BaseModel):
    """The weather of a city."""

    city: str = Field(description="the city")


def chat(url=RAGD_URL, **options):
    settings = {"model": "openai/stub-model", "api_key": KEY, "max_retries": 0, "timeout": 30}
    return ChatOpenAI(base_url=f"{url}/v1", **{**settings, **options})


def embeddings():
    return OpenAIEmbeddings(
        model="all-MiniLM-L6-v2",
        base_url=f"{RAGD_URL}/v1",
        api_key=KEY,
        check_embedding_ctx_length=False,
    )


def test_invoke():
    answer = chat().invoke([SystemMessage("Be brief."), HumanMessage("Hello")])
    assert answer.content.strip()
    assert answer.response_metadata["finish_reason"] == "stop"
    assert answer.usage_metadata["total_tokens"] > 0


def test_stream():
    whole = None
    for chunk in chat(stream_usage=True).stream("Hello"):
        assert isinstance(chunk, AIMessageChunk)
        whole = chunk if whole is None else whole + chunk
    assert whole.content.strip()
    assert whole.response_metadata["finish_reason"] == "stop"
    assert whole.usage_metadata["total_tokens"] > 0


def test_retrieval(lighthouse):
    answer = chat(model="ragd").invoke(QUESTION)
    assert "Tuesday" in answer.content and "[1]" in answer.content
    streamed = "".join(chunk.content for chunk in chat(model="ragd").stream(QUESTION))
    assert "Tuesday" in streamed and "[1]" in streamed


def test_tools(upstream):
    upstream.script(then={"tools": [{"name": "get_weather", "arguments": '{"city": "Kiel"}'}]})
    model = chat(SCRIPTED_RAGD_URL).bind_tools([get_weather])
    answer = model.invoke("The weather?")
    (call,) = answer.tool_calls
    assert (call["name"], call["args"]) == ("get_weather", {"city": "Kiel"})
    whole = None
    for chunk in model.stream("The weather?"):
        whole = chunk if whole is None else whole + chunk
    assert [call["args"] for call in whole.tool_calls] == [{"city": "Kiel"}]
    upstream.script({"text": "Grey."})
    messages = [HumanMessage("The weather?"), answer, ToolMessage("grey", tool_call_id=call["id"])]
    assert model.invoke(messages).content == "Grey."
    assert [message["role"] for message in upstream.body()["messages"]] == ["user", "assistant", "tool"]


def test_structured_output(upstream):
    upstream.script({"tools": [{"name": "get_weather", "arguments": '{"city": "Kiel"}'}]})
    model = chat(SCRIPTED_RAGD_URL).with_structured_output(get_weather, method="function_calling")
    assert model.invoke("The weather of Kiel?") == get_weather(city="Kiel")


def test_a_wrong_key():
    with pytest.raises(openai.AuthenticationError):
        chat(api_key="not-a-key").invoke("Hello")


def test_a_stream_that_breaks_raises(stub):
    stub.behave("error-after:3", times=1)
    with pytest.raises(openai.APIError):
        for _chunk in chat().stream("Hello"):
            pass


def test_embeddings():
    model = embeddings()
    query = model.embed_query("Hello world")
    documents = model.embed_documents(["A lighthouse by the sea", "Hello world"])
    assert len(query) == 384
    assert max(abs(a - b) for a, b in zip(query, documents[1])) < 1e-5
    assert max(abs(a - b) for a, b in zip(query, documents[0])) > 1e-3
