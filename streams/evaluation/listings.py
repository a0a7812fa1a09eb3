"""What the app catalogue decides: whose deliveries never count, and what is no longer offered.

A version with timestamp T excludes clients in records with a timestamp of T or later, and takes base URLs out at
boundaries that know it: T <= B + allowed lateness. Before the first version of an app that is left, that one excludes.
"""

from typing import Final, NamedTuple

from streams.evaluation.versions import Version, changes_after_ms, known_by


class Listing(NamedTuple):
    """What a version of an app says."""

    base_urls: tuple[str, ...]
    excluded_clients: tuple[str, ...]


class Listings:
    """All versions of all apps, each in the order of its log.

    `excluding` names the apps of which any version excludes clients: for all others nobody has to ask.
    """

    def __init__(self) -> None:
        self.excluding: Final[set[str]] = set()
        self._versions: dict[str, list[Version[Listing]]] = {}

    def add(self, app_key: str, listing: Listing | None, known_ms: int | None) -> None:
        """The next version of an app, None where it is withdrawn; `known_ms` None: known since ever."""
        self._versions.setdefault(app_key, []).append(Version.of(listing, known_ms))
        if listing is not None and listing.excluded_clients:
            self.excluding.add(app_key)

    def excludes(self, app_key: str, client_key: str, moment_ms: int) -> bool:
        """Whether a record of that timestamp is of a client that does not count."""
        versions = self._versions.get(app_key)
        if not versions:
            return False
        said = (known_by(versions, moment_ms) or versions[:1])[-1].said
        return said is not None and client_key in said.excluded_clients

    def has_left(self, app_key: str, scope: str, moment_ms: int) -> bool:
        """Whether an app was withdrawn by then, or no longer has a base URL that it had; a product never leaves."""
        known = known_by(self._versions.get(app_key, ()), moment_ms)
        if not known:
            return False
        *earlier, (now, _) = known
        if now is None:
            return True
        if scope in now.base_urls:
            return False
        return any(said is not None and scope in said.base_urls for said, _ in earlier)

    def changes_after_ms(self, app_key: str, moment_ms: int) -> int:
        """When more is known of an app than at a moment."""
        return changes_after_ms(self._versions.get(app_key, ()), moment_ms)
