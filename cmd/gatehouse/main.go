// Command gatehouse is a SIP border server with its command line.
//
// One file per subcommand. Those that read or change data talk to the running
// server's API; when none runs they open the store themselves, through the same
// API in process, so that both ways behave alike. serve.go wires the server by
// hand: each thing is built with New and passed on.
//
// Errors go to stderr in one line: what is wrong, where, and how to mend it.
// The exit status is 0 when done, 1 when it failed, 2 for wrong usage or a
// wrong configuration.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"unicode"

	"github.com/alecthomas/kong"

	"gatehouse.example/internal/config"
)

// Exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// cli is the command line.
type cli struct {
	Config string `help:"Configuration file. Without it: ./gatehouse.yaml, else /etc/gatehouse/gatehouse.yaml, else the defaults." placeholder:"FILE" short:"c"`

	Serve    serveCmd    `cmd:"" help:"Run the server."`
	Screen   screenCmd   `cmd:"" help:"Screen one SIP message from a file or stdin."`
	Replay   replayCmd   `cmd:"" help:"Run a capture or an event file through a policy: what would have happened."`
	Attempts attemptsCmd `cmd:"" help:"Show what came, what was done and why; say what was spam."`
	List     listCmd     `cmd:"" help:"Add, remove, import, export, show black and white lists."`
	Ban      banCmd      `cmd:"" help:"Show, add, remove banned sources."`
	Address  addressCmd  `cmd:"" help:"Write addresses for pages and ENUM, which harvesters read as well."`
	User     userCmd     `cmd:"" help:"Add, remove, show users of hosted domains."`
	Identity identityCmd `cmd:"" help:"Sign, verify, show certificates of who is calling."`
	URI      uriCmd      `cmd:"" name:"uri" help:"Parse, compare, locate an address."`
	Conf     configCmd   `cmd:"" name:"config" help:"Check or show the configuration."`
	Report   reportCmd   `cmd:"" help:"Sum up a period: what came, what was done and why."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

// app is what every command works with.
type app struct {
	ctx    context.Context
	config string // --config
	stdin  *os.File
	stdout io.Writer
	stderr io.Writer
}

// usageError is wrong usage: exit status 2.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, stdin *os.File, stdout, stderr io.Writer) int {
	var c cli
	parser, err := kong.New(&c,
		kong.Name("gatehouse"),
		kong.Description("A SIP border server: known callers walk straight in, strangers introduce themselves first, attackers never get past the wall."),
		kong.Writers(stdout, stderr),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
	)
	if err != nil {
		return fail(stderr, err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return fail(stderr, usagef("%w (see %s --help)", err, reached(err)))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return fail(stderr, parsed.Run(&app{ctx: ctx, config: c.Config, stdin: stdin, stdout: stdout, stderr: stderr}))
}

// reached is how far the words of a wrong command line made sense: "gatehouse ban".
func reached(err error) string {
	var wrong *kong.ParseError
	if errors.As(err, &wrong) {
		for _, step := range slices.Backward(wrong.Context.Path) {
			if step.Command != nil {
				return step.Command.FullPath()
			}
		}
	}
	return "gatehouse"
}

// fail prints an error in one line and returns the exit status. An address that this
// machine does not have may come with a lease or a tunnel: whoever starts us tries again.
func fail(stderr io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	if errors.Is(err, errSaid) {
		return exitFailed
	}
	fmt.Fprintln(stderr, "gatehouse:", oneLine(err.Error()))
	var usage usageError
	var conf *config.Error
	if errors.As(err, &usage) || errors.As(err, &conf) && !errors.Is(err, syscall.EADDRNOTAVAIL) {
		return exitUsage
	}
	return exitFailed
}

// oneLine keeps text of others from breaking a line or moving the cursor.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return '·'
		}
		return r
	}, strings.TrimSpace(s))
}
