package main

import (
	"bufio"
	"fmt"
	"net"
	"os"

	"github.com/spf13/cobra"

	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/security"
	"istio.io/istio/pkg/test"
)

// What `serve` is told.
type served struct {
	// Istio's objects, read anew for each line of the standard input.
	manifests []string
	// Kubernetes' own objects, such as the Secret of a Gateway; read once.
	kubernetes string
	// Where Envoy's ADS connection comes in.
	listen string
	// A folder with the gateway's own certificate in the mesh; see workload.go.
	certificates string
	// Who connects; see workload.go.
	identity string
}

func serveCommand() *cobra.Command {
	var what served
	command := &cobra.Command{
		Use:   "serve FILE…",
		Short: "Serves manifests as istiod would; a line on the standard input has them read anew, its end ends all",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, files []string) error {
			what.manifests = files
			return test.Wrap(func(t test.Failer) { serve(t, what) })
		},
	}
	flags := command.Flags()
	flags.StringVar(&what.listen, "listen", "127.0.0.1:0", "where Envoy's ADS connection comes in")
	flags.StringVar(&what.kubernetes, "kubernetes", "", "a file of Kubernetes' own objects")
	flags.StringVar(&what.certificates, "certificates", "", "a folder with the gateway's certificate in the mesh")
	flags.StringVar(&what.identity, "identity", "spiffe://cluster.local/ns/edge/sa/ai-gateway", "the gateway's name in the mesh")
	return command
}

// serve says on its standard output where it serves, and for each line of its input what became of the manifests.
func serve(t test.Failer, what served) {
	objects, err := readManifests(what.manifests)
	if err != nil {
		t.Fatal(err)
	}
	kubernetes := ""
	if what.kubernetes != "" {
		text, err := os.ReadFile(what.kubernetes)
		if err != nil {
			t.Fatal(err)
		}
		kubernetes = string(text)
	}
	if what.certificates != "" {
		t.Cleanup(serveCertificates(what.certificates).Stop)
	}
	server := xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
		Configs:                    objects,
		KubernetesObjectString:     kubernetes,
		DisableSecretAuthorization: true,
		ListenerBuilder:            func() (net.Listener, error) { return net.Listen("tcp", what.listen) },
	})
	security.AuthPlaintext = true
	server.Discovery.Authenticators = []security.Authenticator{known(what.identity)}
	fmt.Println("serving", server.Listener.Addr())
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		objects, err := readManifests(what.manifests)
		if err != nil {
			fmt.Println("refused:", err)
			continue
		}
		done, err := apply(server.Store(), objects)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("applied:", done)
	}
}
