"""The admission webhook over TLS, as an API server calls it: an authority of its own, and v1 of AdmissionReview."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from organisation import TEAM, Organisation
from test_day_zero import DEPLOYMENT
from werkzeug.serving import make_server

from app.web import create_app

RESPONSE = {
    "uid": str,
    "allowed": bool,
    "status": dict,
    "patch": str,
    "patchType": str,
    "auditAnnotations": dict,
    "warnings": list,
}
"""Fields of AdmissionResponse. Source: k8s.io/api/admission/v1, types.go."""


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(subject: str, key: Any, issuer: x509.Name, signer: Any, *, authority: bool) -> x509.Certificate:
    """With all that RFC 5280 asks for: Python 3.13 refuses a certificate without its key identifiers."""
    now, signers = datetime.now(UTC), signer.public_key()
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signers), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, key_cert_sign=authority, crl_sign=authority, decipher_only=False, **usage
            ),
            critical=True,
        )
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    )
    return made.sign(signer, hashes.SHA256())


@pytest.fixture
def authority(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """(the authority's certificate, which is a webhook's caBundle; the server's side), made for this test alone."""
    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    top = _certificate("an authority of our own", root, _name("an authority of our own"), root, authority=True)
    served = _certificate("roadworthy", leaf, top.subject, root, authority=False)
    bundle, chain, key = tmp_path / "ca.pem", tmp_path / "tls.crt", tmp_path / "tls.key"
    bundle.write_bytes(top.public_bytes(serialization.Encoding.PEM))
    chain.write_bytes(served.public_bytes(serialization.Encoding.PEM))
    private = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key.write_bytes(leaf.private_bytes(serialization.Encoding.PEM, *private))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return bundle, context


@pytest.fixture
def address(tmp_path: Path, authority: tuple[Path, ssl.SSLContext]) -> Iterator[str]:
    made = Organisation(tmp_path / "organisation", now=datetime.now(UTC))
    made.folder.mkdir()
    made.open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    made.crawl()
    server = make_server("127.0.0.1", 0, create_app(made.pipeline), ssl_context=authority[1])
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/api/v1/admission"
    server.shutdown()
    thread.join()
    server.server_close()
    made.close()


def review(thing: dict[str, Any], operation: str = "CREATE") -> dict[str, Any]:
    """What an API server sends, with every field that it always sets."""
    kind = {"group": "apps", "version": "v1", "kind": thing["kind"]}
    resource = {"group": "apps", "version": "v1", "resource": "deployments"}
    metadata = thing["metadata"]
    return {
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": kind,
            "requestKind": kind,
            "resource": resource,
            "requestResource": resource,
            "name": metadata["name"],
            "namespace": metadata.get("namespace", "default"),
            "operation": operation,
            "userInfo": {"username": "admin", "groups": ["system:authenticated"]},
            "object": thing,
            "oldObject": None,
            "dryRun": False,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    }


def test_an_api_server_that_knows_the_authority_gets_an_answer_of_version_1(
    address: str, authority: tuple[Path, ssl.SSLContext]
) -> None:
    asked = review(yaml.safe_load(DEPLOYMENT))
    answer = requests.post(address, params={"timeout": "10s"}, json=asked, verify=str(authority[0]), timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    body = answer.json()
    assert (body["apiVersion"], body["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    response = body["response"]
    assert (response["uid"], response["allowed"]) == (asked["request"]["uid"], True)
    assert all(isinstance(value, RESPONSE[name]) for name, value in response.items())
    warnings = response["warnings"]
    assert any("image-pinned" in warning for warning in warnings)
    assert all(isinstance(one, str) and "\n" not in one for one in warnings)


def test_whoever_does_not_know_the_authority_is_not_served(address: str) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.post(address, json=review(yaml.safe_load(DEPLOYMENT)), timeout=60)
