"""Secrets of installations at rest: encrypted, and bound to the installation they belong to."""

from collections.abc import Sequence

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from schemas import Installation


class LockedError(Exception):
    """A secret cannot be read or written: no key, none that fits, or it is that of another installation."""


class Vault:
    """Encrypts with the first key, reads with any: a new key is put first, and the old one goes when all is rewritten.

    What is encrypted is the secret with its client, app and product: copied into the record of another installation, it
    opens nothing there.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = MultiFernet([Fernet(key) for key in keys]) if keys else None

    @property
    def _fernet(self) -> MultiFernet:
        if self._keys is None:
            raise LockedError("SLO_INSTALLATION_KEYS is not set")
        return self._keys

    def seal(self, client_key: str, app_key: str, product: str, secret: str) -> Installation:
        """The record of an installation.

        Raises:
            LockedError: there is no key.
        """
        sealed = self._fernet.encrypt(orjson.dumps([client_key, app_key, product, secret])).decode()
        return Installation.model_validate(
            {"clientKey": client_key, "appKey": app_key, "product": product, "secret": sealed}
        )

    def open(self, record: Installation) -> str:
        """The shared secret of an installation.

        Raises:
            LockedError: it cannot be read; the message says why.
        """
        return self._opened(record, record.secret)

    def open_former(self, record: Installation) -> str | None:
        """The secret before, if the record has one that can be read."""
        try:
            return None if record.former_secret is None else self._opened(record, record.former_secret)
        except LockedError:
            return None

    def _opened(self, record: Installation, sealed: str) -> str:
        try:
            *bound_to, secret = orjson.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken:
            raise LockedError("no key of SLO_INSTALLATION_KEYS fits its secret") from None
        if bound_to != [record.client_key, record.app_key, record.product]:
            raise LockedError("its secret is that of another installation")
        return str(secret)
