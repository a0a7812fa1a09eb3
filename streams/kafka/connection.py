"""Connection options of every Kafka client here, made from the settings in one place."""

from typing import Any

from faust.auth import Credentials, SASLCredentials, SSLCredentials

from streams.settings import Settings


def client_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments for any aiokafka client: servers, transport and credentials.

    Reads the certificate files when TLS is on.

    Raises:
        OSError: a certificate file cannot be read (`ssl.SSLError`, a subclass: not a certificate).
    """
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers,
        "security_protocol": settings.security_protocol.value,
        "ssl_context": settings.ssl_context,
    }
    if settings.uses_sasl:
        options |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": _password(settings),
        }
    return options


def faust_credentials(settings: Settings) -> Credentials | None:
    """The same credentials for `faust.App(broker_credentials=...)`; None on a plaintext connection.

    Raises:
        OSError: as `client_options`.
    """
    if settings.uses_sasl:
        # Faust takes the transport from the context alone: without one, SASL goes out in the clear.
        return SASLCredentials(
            username=settings.sasl_username,
            password=_password(settings),
            mechanism=settings.sasl_mechanism,
            ssl_context=settings.ssl_context,
        )
    if settings.uses_tls:
        return SSLCredentials(settings.ssl_context)
    return None


def _password(settings: Settings) -> str | None:
    return settings.sasl_password.get_secret_value() if settings.sasl_password is not None else None
