package main

import (
	"os"
	"path/filepath"

	"istio.io/istio/pkg/security"
	"istio.io/istio/security/pkg/nodeagent/sds"
)

// serveCertificates is what the agent beside a gateway's Envoy does: it serves the gateway's certificate in the mesh, and
// the mesh's authority, on the socket where `ISTIO_MUTUAL` has Envoy ask (below the working directory).
func serveCertificates(folder string) *sds.Server {
	return sds.NewServer(&security.Options{}, certificates(folder), nil)
}

// certificates is a folder with the files that Istio's agent takes, too: cert-chain.pem, key.pem and root-cert.pem.
type certificates string

func (folder certificates) GenerateSecret(name string) (*security.SecretItem, error) {
	secret := &security.SecretItem{ResourceName: name}
	var err error
	read := func(file string) []byte {
		data, failed := os.ReadFile(filepath.Join(string(folder), file))
		if failed != nil {
			err = failed
		}
		return data
	}
	if name == security.RootCertReqResourceName {
		secret.RootCert = read("root-cert.pem")
	} else {
		secret.CertificateChain, secret.PrivateKey = read("cert-chain.pem"), read("key.pem")
	}
	return secret, err
}

// known is a gateway by its name: istiod gives the Secrets of a namespace to who has proved to be of that namespace. Here
// nothing but the gateway connects.
type known string

func (name known) Authenticate(security.AuthContext) (*security.Caller, error) {
	return &security.Caller{Identities: []string{string(name)}}, nil
}

func (name known) AuthenticatorType() string { return "known" }
