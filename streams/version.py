"""Which version of the product this is."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache  # it is read from the package's files, and told at every scrape
def own_version() -> str:
    """Version of the installed package; `unknown` where the source is run without an install."""
    try:
        return version("slo-streams")
    except PackageNotFoundError:
        return "unknown"
