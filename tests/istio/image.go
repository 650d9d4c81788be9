package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/spf13/cobra"

	"istio.io/istio/pkg/wasm"
)

// imageCommand reads an image as those do who install it: by the library that crane and many others are made of, pushed to
// a registry, and from there by the agent of Istio's proxies.
func imageCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "image LAYOUT",
		Short: "Fetch the module out of an OCI image layout as a WasmPlugin does, and print its SHA-256",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			module, err := fetch(command.Context(), arguments[0])
			if err != nil {
				return err
			}
			fmt.Printf("%x\n", sha256.Sum256(module))
			return nil
		},
	}
}

func fetch(ctx context.Context, folder string) ([]byte, error) {
	outer, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		return nil, err
	}
	// Every blob against its digest, size and type, and the layer against what the configuration says of it.
	if err := validate.Index(outer); err != nil {
		return nil, err
	}
	manifest, err := outer.IndexManifest()
	if err != nil {
		return nil, err
	}
	if len(manifest.Manifests) != 1 {
		return nil, fmt.Errorf("%d entries in index.json", len(manifest.Manifests))
	}
	image, err := outer.ImageIndex(manifest.Manifests[0].Digest)
	if err != nil {
		return nil, err
	}
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	tag, err := name.NewTag(strings.TrimPrefix(server.URL, "http://") + "/multihome:test")
	if err != nil {
		return nil, err
	}
	if err := remote.WriteIndex(tag, image, remote.WithContext(ctx)); err != nil {
		return nil, err
	}
	read, _, err := wasm.NewImageFetcher(ctx, wasm.ImageFetcherOption{}).PrepareFetch(tag.String())
	if err != nil {
		return nil, err
	}
	return read()
}
