"""Lists with commas between: settings and headers."""


def by_commas(text: str) -> list[str]:
    """The parts, without white space around them; an empty text has one empty part."""
    return [part.strip() for part in text.split(",")]
