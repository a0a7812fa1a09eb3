"""Which version of the product this is."""

from importlib.metadata import PackageNotFoundError, version


def own_version() -> str:
    """As it was installed; `unknown` where the source is run as it lies there."""
    try:
        return version("slo-streams")
    except PackageNotFoundError:
        return "unknown"
