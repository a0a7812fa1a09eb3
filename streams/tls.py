"""TLS of every connection to the brokers: whom we trust, and who we are."""

import ssl
from pathlib import Path


def tls_context(cafile: Path | None, certfile: Path | None, keyfile: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or newer with host name check, trusting `cafile`, or the CAs of this machine without one.

    `certfile` and `keyfile`, both or none, are what the brokers may know us by.

    Raises:
        OSError: a file cannot be read (`ssl.SSLError`, a subclass: it does not hold what it should).
    """
    context = ssl.create_default_context(cafile=cafile)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certfile is not None and keyfile is not None:
        # Without a password OpenSSL would ask for one in the terminal.
        context.load_cert_chain(certfile, keyfile, password="")
    return context


def check_cafile(path: Path) -> None:
    """See whether a file holds certificates to trust.

    Raises:
        ValueError: it does not; the message says why.
    """
    try:
        tls_context(path, None, None)
    except ssl.SSLError:
        raise ValueError(f"{path} holds no certificate: a PEM file with the CA of the brokers is needed") from None
    except OSError as problem:
        raise _unreadable(path, problem) from None


def check_identity(certfile: Path, keyfile: Path) -> None:
    """See whether two files hold a certificate and the private key that belongs to it.

    Raises:
        ValueError: they do not; the message says why.
    """
    for path in (certfile, keyfile):
        try:
            path.read_bytes()
        except OSError as problem:
            raise _unreadable(path, problem) from None
    try:
        tls_context(None, certfile, keyfile)
    except ssl.SSLError:
        raise ValueError(
            f"{keyfile} and {certfile} are no pair: PEM files with a certificate and its own private key, "
            "without a passphrase, are needed"
        ) from None


def _unreadable(path: Path, problem: OSError) -> ValueError:
    return ValueError(f"{path} cannot be read: {problem.strerror}")
