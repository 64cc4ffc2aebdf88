package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"mailaudit/sink"
)

// version is set by the linker for a release.
var version = "devel"

// versions are those of what verdicts and tables depend on.
func versions() map[string]string {
	v := map[string]string{"audit": version, "go": runtime.Version(), "schema": fmt.Sprint(sink.SchemaVersion)}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, m := range info.Deps {
		switch m.Path {
		case "golang.org/x/net": // carries the Public Suffix List
			v["public_suffix_list"] = "golang.org/x/net " + m.Version
		case "github.com/parquet-go/parquet-go":
			v["parquet-go"] = m.Version
		}
	}
	return v
}

func newVersionCommand(s *streams) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, and those of what verdicts depend on",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := versions()
			_, err := fmt.Fprintf(s.out, "audit %s\nschema %s\n%s %s/%s\nPublic Suffix List of %s\n",
				v["audit"], v["schema"], v["go"], runtime.GOOS, runtime.GOARCH, v["public_suffix_list"])
			return err
		},
	}
}
