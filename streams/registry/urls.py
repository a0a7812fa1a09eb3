"""URLs as the app catalogue takes them: such as can be checked and shown."""

from pydantic import HttpUrl, TypeAdapter

_HTTP_URL = TypeAdapter(HttpUrl)


def plain_http_url(text: str) -> str:
    """The same text, if it is a URL that can be checked and shown.

    Raises:
        ValueError: it is none; says why.
    """
    if text != "".join(text.split()):
        raise ValueError("contains white space")
    url = _HTTP_URL.validate_python(text)
    if url.username is not None or url.password is not None:
        raise ValueError("carries a user name or password, and the URL is published with every result")
    return text
