"""Certificates for a listener with TLS and for clients that are trusted by theirs."""

import datetime
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


class Certificates:
    """A CA of its own. `listener` is what a policy's `listeners.NAME.tls` takes."""

    def __init__(self, folder):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Clients CA")])
        usage = [(x509.BasicConstraints(ca=True, path_length=None), True)]
        self.certificate = self._certify(self.name, self.key, usage)
        self.ca_file = self._write("ca.pem", self.certificate)
        self.certificate_file, self.key_file = self.issue("server", [x509.DNSName("localhost")])

    @property
    def listener(self):
        return {"certificate_file": str(self.certificate_file), "key_file": str(self.key_file),
                "client_ca_file": str(self.ca_file)}

    def issue(self, name, names, days=2, age=1):
        """Certificate and key as files; the certificate began `age` days ago and has `days` left."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        uses = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        certificate = self._certify(subject, key, [(x509.SubjectAlternativeName(names), False), (uses, False)],
                                    days, age)
        return self._write(f"{name}.crt", certificate), self._write(f"{name}.key", key)

    def client(self, uri=None, dns=None):
        """The TLS of a client, for `tls=`: with a certificate of these names, or without one."""
        context = ssl.create_default_context(cafile=self.ca_file)
        context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
        names = [x509.UniformResourceIdentifier(uri)] if uri else []
        names += [x509.DNSName(dns)] if dns else []
        if names:
            context.load_cert_chain(*self.issue(f"client-{len(list(self.folder.iterdir()))}", names))
        return context

    def _certify(self, subject, key, extensions, days=2, age=1):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder(
            issuer_name=self.name, subject_name=subject, public_key=key.public_key(),
            serial_number=x509.random_serial_number(), not_valid_before=now - datetime.timedelta(days=age),
            not_valid_after=now + datetime.timedelta(days=days))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, hashes.SHA256())

    def _write(self, name, item):
        pem = serialization.Encoding.PEM
        if isinstance(item, x509.Certificate):
            data = item.public_bytes(pem)
        else:
            data = item.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file = self.folder / name
        file.write_bytes(data)
        return file
