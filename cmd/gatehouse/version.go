package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

type versionCmd struct {
	JSON bool `help:"Print JSON." name:"json"`
}

// Help shows examples.
func (versionCmd) Help() string { return "Example:\n  gatehouse version --json" }

// Run prints the version.
func (c *versionCmd) Run(a *app) error {
	v, revision := version()
	if c.JSON {
		return a.json(map[string]string{"version": v, "revision": revision, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH})
	}
	_, err := fmt.Fprintf(a.stdout, "gatehouse %s %s %s/%s %s\n", v, runtime.Version(), runtime.GOOS, runtime.GOARCH, revision)
	return err
}

// version is what the build recorded: the module's version and the commit.
func version() (v, revision string) {
	v, revision = "devel", "unknown"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v, revision
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		v = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value
		}
	}
	return v, revision
}
