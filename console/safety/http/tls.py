"""TLS contexts, and when a certificate ends."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

from console.safety.http.options import HttpFailure, HttpFault, TlsOptions
from console.safety.text import visible


def context_for(tls: TlsOptions, url: str) -> ssl.SSLContext:
    """A context of `tls`. Costs some 20 ms, so it is made once for each.

    Raises:
        HttpFailure: TLS_OTHER where a certificate or key file is missing or unusable.
    """
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
    except OSError as error:
        raise _unusable(f"the CA file {tls.ca_file!r}", error, url) from error
    paths = ssl.get_default_verify_paths()
    if tls.ca_file is None and not (paths.cafile or paths.capath):
        # A Python that was built away from the system's certificates.
        import certifi

        context.load_verify_locations(certifi.where())
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.client_cert is not None:
        try:
            # Without a password given, OpenSSL would ask for one on the terminal.
            context.load_cert_chain(tls.client_cert, tls.client_key, password="")
        except (OSError, ValueError) as error:
            raise _unusable(
                f"the client certificate {tls.client_cert!r} or its key", error, url
            ) from error
    return context


def _unusable(what: str, error: Exception, url: str) -> HttpFailure:
    cause = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return HttpFailure(
        HttpFault.TLS_OTHER, f"{visible(what)} cannot be used: {visible(cause)}", url=url
    )


def blind_context() -> ssl.SSLContext:
    """A context that takes any certificate, to read its dates from. Nothing is sent over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # Old servers are asked for their dates as well.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def certificate_end(connection: ssl.SSLObject | ssl.SSLSocket) -> datetime | None:
    """When the certificate that the other side showed ends, verified or not."""
    verified = connection.getpeercert()
    end = verified.get("notAfter") if verified else None
    if isinstance(end, str):
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(end), UTC)
    encoded = connection.getpeercert(binary_form=True)
    if not encoded:
        return None
    from cryptography import x509

    return x509.load_der_x509_certificate(encoded).not_valid_after_utc
