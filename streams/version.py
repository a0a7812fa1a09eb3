"""Which version of the product this is."""

from importlib.metadata import PackageNotFoundError, version


def own_version() -> str:
    """Version of the installed package; `unknown` where the source is run without an install."""
    try:
        return version("slo-streams")
    except PackageNotFoundError:
        return "unknown"
