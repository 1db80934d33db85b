"""LlamaIndex's OpenAILike on ragd."""

import openai
import pytest
from conftest import KEY, RAGD_URL, SCRIPTED_RAGD_URL
from lighthouse import QUESTION
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike


def model(url=RAGD_URL, **options):
    settings = {
        "model": "openai/stub-model",
        "api_base": f"{url}/v1",
        "api_key": KEY,
        "is_chat_model": True,
        "context_window": 8192,
        "max_retries": 0,
        "timeout": 30,
    }
    return OpenAILike(**{**settings, **options})


def talk(text="Hello"):
    return [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content=text)]


def test_chat():
    answer = model().chat(talk())
    assert answer.message.role == "assistant"
    assert answer.message.content.strip()
    assert answer.raw.usage.total_tokens > 0


def test_stream_chat():
    *_, last = parts = list(model().stream_chat(talk()))
    assert last.message.content.strip()
    assert "".join(part.delta or "" for part in parts) == last.message.content


def test_complete():
    assert model().complete("Hello").text.strip()
    *_, last = model().stream_complete("Hello")
    assert last.text.strip()


def test_retrieval(lighthouse):
    answer = model(model="ragd").chat(talk(QUESTION)).message.content
    assert "Tuesday" in answer and "[1]" in answer
    *_, last = model(model="ragd").stream_chat(talk(QUESTION))
    assert "Tuesday" in last.message.content


def test_tools(upstream):
    def get_weather(city: str) -> str:
        """The weather of a city."""
        return city

    upstream.script({"tools": [{"name": "get_weather", "arguments": '{"city": "Kiel"}'}]})
    caller = model(SCRIPTED_RAGD_URL, is_function_calling_model=True)
    answer = caller.chat_with_tools([FunctionTool.from_defaults(get_weather)], "The weather?")
    (call,) = caller.get_tool_calls_from_response(answer)
    assert (call.tool_name, call.tool_kwargs) == ("get_weather", {"city": "Kiel"})


def test_a_wrong_key():
    with pytest.raises(openai.AuthenticationError):
        model(api_key="not-a-key").chat(talk())


def test_a_stream_that_breaks_raises(stub):
    stub.behave("error-after:3", times=1)
    with pytest.raises(openai.APIError):
        list(model().stream_chat(talk()))
