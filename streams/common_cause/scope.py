"""Where a cause may lie: everywhere, in a metric, a product, a region, at a host, with a partner."""

from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final, NamedTuple
from urllib.parse import urlsplit


class Kind(StrEnum):
    """What a scope is; in the order in which one of two equally good ones is taken: what says most goes first."""

    REGION = "region"
    PRODUCT_METRIC = "product-metric"
    PRODUCT = "product"
    METRIC = "metric"
    HOST = "host"
    PARTNER = "partner"
    ALL = "all"

    @property
    def rank(self) -> int:
        """Its place in that order."""
        return _RANKS[self]

    @property
    def is_platform(self) -> bool:
        """Whether a cause there is the platform's; at a host or with a partner it is theirs."""
        return self not in (Kind.HOST, Kind.PARTNER)


_RANKS: Final = {kind: rank for rank, kind in enumerate(Kind)}


class Scope(NamedTuple):
    """One place; the name of `all` is empty, that of a product's metric `Jira/webhook-delivery-success-rate`."""

    kind: Kind
    name: str = ""


ALL: Final = Scope(Kind.ALL)


def scopes_of(unit: str, metric: str, scope: str, *, is_product: bool, regions: Mapping[str, str]) -> tuple[Scope, ...]:
    """Every scope that holds a breach of a series.

    `scope` is the series', a product or else a base URL; `unit` whose app it is. `regions` tells by patterns of host
    names, `*.eu.example.com`, in which region a host is; the first that fits says it.
    """
    found = [ALL, Scope(Kind.METRIC, metric), Scope(Kind.PARTNER, unit)]
    if is_product:
        return *found, Scope(Kind.PRODUCT, scope), Scope(Kind.PRODUCT_METRIC, f"{scope}/{metric}")
    host = host_of(scope)
    if host is not None:
        found.append(Scope(Kind.HOST, host))
        region = next((region for pattern, region in regions.items() if fnmatchcase(host, pattern.lower())), None)
        if region is not None:
            found.append(Scope(Kind.REGION, region))
    return tuple(found)


def host_of(base_url: str) -> str | None:
    """The host name of a base URL, in small letters; None where it has none."""
    try:
        return urlsplit(base_url).hostname or None
    except ValueError:
        return None
