"""Connection options of every Kafka client here, made from the settings in one place."""

from typing import Any

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
            "sasl_plain_password": settings.read_sasl_password(),
        }
    return options
