"""The credentials of the settings in the shape that Faust takes."""

from faust.auth import Credentials, SASLCredentials, SSLCredentials

from streams.settings import Settings


def faust_credentials(settings: Settings) -> Credentials | None:
    """The same credentials for `faust.App(broker_credentials=...)`; None on a plaintext connection.

    Raises:
        OSError: as `client_options`.
    """
    if settings.uses_sasl:
        # Faust takes the transport from the context alone: without one, SASL goes out in the clear.
        return SASLCredentials(
            username=settings.sasl_username,
            password=settings.read_sasl_password(),
            mechanism=settings.sasl_mechanism,
            ssl_context=settings.ssl_context,
        )
    if settings.uses_tls:
        return SSLCredentials(settings.ssl_context)
    return None
