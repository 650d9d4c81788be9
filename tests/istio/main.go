// Istio without a cluster: its push code on a loopback port, and istioctl's commands that read manifests.
//
//	istio serve FILE…                 istiod's own configuration, served to an Envoy
//	istio validate -f FILE            what `istioctl validate` says
//	istio analyze --use-kube=false …  what `istioctl analyze` says
//
// One program, for one build: both halves share most of their packages.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"istio.io/istio/istioctl/pkg/analyze"
	"istio.io/istio/istioctl/pkg/cli"
	"istio.io/istio/istioctl/pkg/validate"
)

func main() {
	root := &cobra.Command{Use: "istio", SilenceUsage: true, SilenceErrors: true}
	context := cli.NewCLIContext(cli.AddRootFlags(root.PersistentFlags()))
	root.AddCommand(serveCommand(), validate.NewValidateCommand(context), analyze.Analyze(context))
	if err := root.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
