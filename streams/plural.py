"""Numbers of things in sentences."""


def number_of(count: int, noun: str, nouns: str | None = None) -> str:
    """`1 app`, `2,000 apps`; `nouns` where many are not called by an s: `2 breaches`."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"
