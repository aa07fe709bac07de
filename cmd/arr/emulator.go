// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"log/slog"
	"net/url"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/input"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/connect"
	"github.com/arr-go/azremoterendering/internal/naming"
)

// defaultAddress is always the same, so that the settings of clients stay valid from one start to
// the next. The port is none that a well-known program uses, lies below those that systems give to
// outgoing connections, and is one that browsers connect to.
const defaultAddress = "127.0.0.1:20210"

// emulatorCommand is what the flags of arr emulator say.
type emulatorCommand struct {
	options    emulator.Options
	injection  injection
	converting converting
	listening  listening
	logging    logging
	keeping    keeping
	exec       []string
	// anyIdentity accepts every token of Microsoft Entra.
	anyIdentity bool
	role        emulator.Role // of all identities
	json        bool
	envFile     envFile // without a path if there is none
	envFormat   envFormat
}

func newEmulatorCommand() *cobra.Command {
	c := &emulatorCommand{}
	cmd := &cobra.Command{
		Use:               "emulator",
		SuggestFor:        []string{"serve", "server", "mock", "simulator"},
		Short:             "Run the emulator of the service",
		Long:              emulatorManual,
		Example:           emulatorExamples,
		Args:              takesNoArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, _ []string) error { return c.run(cmd) },
	}
	cmd.Flags().SortFlags = false // they are in the order of their topics
	c.listening.addFlags(cmd)
	c.addOptionFlags(cmd)
	c.addTimeFlags(cmd)
	c.converting.addFlags(cmd)
	c.injection.addFlags(cmd)
	c.addOutputFlags(cmd)
	c.logging.addFlags(cmd)
	cmd.AddCommand(newEmulatorHealthCommand())
	return cmd
}

func takesNoArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef(
			"%q is not a flag: a value with spaces needs quotes, and the value of a flag that is on or off needs =",
			args[0],
		)
	}
	return nil
}

func (c *emulatorCommand) addOutputFlags(cmd *cobra.Command) {
	addChoice(
		cmd,
		&c.json,
		"output",
		"what the emulator prints when it accepts connections: text, or one line of JSON",
		choice[bool]{"text", false},
		choice[bool]{"json", true},
	)
	cmd.Flags().StringVar(&c.envFile.path, "env-file", "", "`FILE` that then gets the same as "+
		"variables; only you can read it; removed at the end. A file that arr has not written stays, "+
		"and is an error")
	addChoice(
		cmd,
		&c.envFormat,
		"env-format",
		"format of the --env-file: auto is powershell if it ends in .ps1, json if in .json, or else sh; "+
			"dotenv is what docker run --env-file reads",
		choice[envFormat]{"auto", envByName},
		choice[envFormat]{"sh", envSh},
		choice[envFormat]{"powershell", envPowerShell},
		choice[envFormat]{"dotenv", envDotenv},
		choice[envFormat]{"json", envJSON},
	)
}

// run runs the emulator until the context ends.
func (c *emulatorCommand) run(cmd *cobra.Command) (err error) {
	// the emulator ends if nobody reads its log any more: the program that started it has gone
	signal.Reset(syscall.SIGPIPE)
	log := c.logging.logger(cmd.ErrOrStderr())
	if path := input.Path(c.envFile.path, ""); path != "" {
		c.envFile = newEnvFile(path, c.envFormat)
		if err := c.envFile.check(); err != nil {
			return err
		}
		defer c.envFile.remove()
	}
	address, err := c.listening.resolve()
	if err != nil {
		return err
	}
	if err := c.listening.openCertificate(log); err != nil {
		return err
	}
	e, err := c.newEmulator(cmd, address, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	server, authority, err := c.listening.listen(e, address, c.options.Domain)
	if err != nil {
		return err
	}
	defer func() {
		if closed := server.Close(); closed != nil {
			// of clients that did not let go; the emulator has ended all the same
			log.Warn("end", slog.Any("error", closed))
		}
	}()
	if c.envFile.path != "" { // not before: a start that fails leaves the file of a running emulator
		if err := c.envFile.clear(); err != nil {
			return err
		}
	}
	c.warn(address, log)
	served := server.URL
	connection, err := connectionTo(e, server, c.options, authority, &c.listening)
	if err != nil {
		return err
	}
	if err := c.announce(cmd, connection, served); err != nil {
		return err
	}
	<-cmd.Context().Done()
	log.Info("end")
	return nil
}

// warn logs settings that the user may not have intended.
func (c *emulatorCommand) warn(address listenAddress, log *slog.Logger) {
	sts := naming.STSPrefix + c.options.Domain
	if own := c.listening.own; own != nil && c.options.Domain != "" &&
		(!own.Covers(sessionHost(c.options)) || !own.Covers(sts)) {
		warn(log, "the certificate of --cert is not for "+sessionHost(c.options)+" and "+sts+
			", by which clients connect with --domain")
	}
	if c.listening.tls && c.listening.own == nil && c.listening.external == "" && !address.loopback &&
		c.options.Domain == "" {
		warn(
			log,
			"other machines cannot connect with TLS, which needs names: give --domain, such as --domain arr.test",
		)
	}
	if !c.listening.tls && !address.loopback && !strings.HasPrefix(c.listening.external, "https:") {
		warn(
			log,
			"keys and tokens cross the network unencrypted, and anyone who can reach this address can try them: "+
				"listen on 127.0.0.1, or give --tls and --domain",
		)
	}
	if c.converting.storage && c.converting.linked && !address.loopback {
		warn(log, "anyone who can reach this address can read and write the storage account of --linked-storage")
	}
	c.injection.warn(address, log)
}

// announce tells that the emulator accepts connections.
func (c *emulatorCommand) announce(cmd *cobra.Command, connection connection, served string) error {
	if c.envFile.path != "" {
		if err := c.envFile.write(connection.variables()); err != nil {
			return err
		}
	}
	if c.json {
		return connection.writeJSON(cmd.OutOrStdout())
	}
	return connection.writeText(cmd.OutOrStdout(), c.next(connection, served))
}

// next returns suggestions for what to do next. served is the address by number.
func (c *emulatorCommand) next(connection connection, served string) []string {
	var lines []string
	if address, err := url.Parse(served); err == nil && c.listening.tls && c.options.Domain != "" {
		lines = append(
			lines,
			"Once, in the hosts file:  "+hostsAddress(address.Hostname())+" "+
				naming.STSPrefix+c.options.Domain+" "+sessionHost(c.options)+"   (see docs/tls.md)",
		)
	}
	var environment, trust string
	if c.listening.tls && c.listening.own == nil {
		// of Go on Linux; docs/tls.md has the others
		trust = "SSL_CERT_FILE=" + connect.QuoteSh(connection.CAFile) + " "
		lines = append(lines, "Clients must trust the CA certificate: see docs/tls.md")
	}
	if c.envFile.path != "" {
		environment = c.envFile.sourceCommand()
		if c.envFile.powerShell() {
			trust = ""
		}
	} else {
		lines = append(
			lines,
			"Start it with --env-file arr.env to have these as environment variables.",
		)
		environment = newEnvFile("arr.env", envSh).sourceCommand()
	}
	if environment != "" {
		lines = append(
			lines,
			"Try it in another terminal:  "+environment+"; "+trust+"go run ./examples/quickstart",
		)
	}
	if connection.Page != "" {
		lines = append(lines, "Watch it in a browser:  "+connection.Page)
	}
	return append(lines, c.keeping.last(c.exec != nil))
}

// hostsAddress returns what stands for a host in a hosts file, where names need an address.
func hostsAddress(host string) string {
	if host == "localhost" {
		return "127.0.0.1"
	}
	return host
}
