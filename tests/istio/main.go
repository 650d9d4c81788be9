// Istio without a cluster: its push code on a loopback port, and istioctl's commands that read manifests.
//
//	istio serve FILE…                 istiod's own configuration, served to an Envoy
//	istio validate -f FILE            what `istioctl validate` says
//	istio analyze --use-kube=false …  what `istioctl analyze` says
//	istio image LAYOUT                what a WasmPlugin fetches out of an OCI image
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
	"istio.io/istio/pkg/log"
)

func main() {
	root := &cobra.Command{Use: "istio", SilenceUsage: true, SilenceErrors: true, PersistentPreRunE: logToStandardError}
	context := cli.NewCLIContext(cli.AddRootFlags(root.PersistentFlags()))
	root.AddCommand(serveCommand(), imageCommand(), validate.NewValidateCommand(context), analyze.Analyze(context))
	if err := root.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// The standard output is for what a command has to say.
func logToStandardError(command *cobra.Command, _ []string) error {
	options := log.DefaultOptions()
	options.OutputPaths = []string{"stderr"}
	if command.Name() != "serve" {
		options.SetDefaultOutputLevel(log.OverrideScopeName, log.WarnLevel)
	}
	return log.Configure(options)
}
