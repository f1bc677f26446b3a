"""Certificates of a test's own, for servers on loopback."""

import subprocess


def make_certificate(folder, name, host):
    """Signed by itself, so it is its own root."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=pulse test",
                    "-addext", f"subjectAltName={host}", "-keyout", str(key), "-out", str(certificate)],
                   check=True, capture_output=True)
    return certificate, key
