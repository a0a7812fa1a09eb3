"""The query string hash, by the examples of Connect's documentation."""

import hashlib

import pytest

from streams.gateway.qsh import canonical_path, canonical_query, query_string_hash


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("", ""),
        ("param=foo", "param=foo"),
        (
            "zee_last=param&repeated=parameter%201&first=param&repeated=parameter+2&jwt=a.b.c",
            "first=param&repeated=parameter%201,parameter%202&zee_last=param",
        ),
        ("b=2&a=", "a=&b=2"),
        ("q=*~%2F", "q=%2A~%2F"),
        ("name=%C3%A9", "name=%C3%A9"),
        ("ids=.1&ids=%3A1", "ids=.1,%3A1"),  # sorted, then escaped: the other way round % comes before the dot
        ("a=%7E&a=%5B&a=~&a=x,y", "a=%5B,x%2Cy,~,~"),
        ("a=%F0%9F%98%80&a=%EF%BC%A1", "a=%F0%9F%98%80,%EF%BC%A1"),  # by UTF-16 units, as Java and JavaScript sort
        ("a%3Ab=1&a-b=2", "a%3Ab=1&a-b=2"),
        ("a=%C3", "a=%EF%BF%BD"),
        ("b=1&a&c=", "a=&b=1&c="),
    ],
)
def test_canonical_query(raw: str, canonical: str) -> None:
    assert canonical_query(raw) == canonical


@pytest.mark.parametrize(("raw", "canonical"), [("/", "/"), ("/issue/", "/issue"), ("/a&b", "/a%26b"), ("", "/")])
def test_canonical_path(raw: str, canonical: str) -> None:
    assert canonical_path(raw) == canonical


def test_the_hash_is_that_of_method_path_and_query() -> None:
    assert query_string_hash("put", "/path/", "b=2&a=1") == hashlib.sha256(b"PUT&/path&a=1&b=2").hexdigest()
