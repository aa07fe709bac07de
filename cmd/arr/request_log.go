// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	azlog "github.com/Azure/azure-sdk-for-go/sdk/azcore/log"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/arr-go/azremoterendering/internal/text"
	"github.com/arr-go/azremoterendering/internal/transport"
)

// logLevelFlag is the flag for what is logged beside results.
const logLevelFlag = "log-level"

// logLevel is the flag itself, a pflag.Value.
type logLevel = value[slog.Level]

// logLevels are its words, the default first.
func logLevels() []choice[slog.Level] {
	return []choice[slog.Level]{
		{"warn", slog.LevelWarn}, {"info", slog.LevelInfo}, {"debug", slog.LevelDebug},
	}
}

// addLogLevel adds the flag to commands that send requests. The emulator has one of its own.
func addLogLevel(flags *pflag.FlagSet) {
	level := slog.LevelWarn
	words, parse := wordsOf(logLevels())
	flags.Var(
		&logLevel{&level, parse, words[0], "LEVEL"},
		logLevelFlag,
		"what is logged to standard error: warn, info, or debug with each request, without keys, tokens and signatures",
	)
}

// requestLog returns what a command logs its requests to, nil if it does not log them.
func requestLog(cmd *cobra.Command) *slog.Logger {
	return loggerFor(cmd, slog.LevelDebug, cmd.ErrOrStderr())
}

// loggerFor returns a logger if the command logs the level, else nil.
func loggerFor(cmd *cobra.Command, level slog.Level, out io.Writer) *slog.Logger {
	flag := cmd.Flag(logLevelFlag)
	if flag == nil {
		return nil
	}
	chosen, ok := flag.Value.(*logLevel)
	if !ok || *chosen.target > level {
		return nil
	}
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: *chosen.target}))
}

// httpClient returns what a command sends requests with: it trusts the certificates of a file, and
// logs requests if the command does. It is nil if the default is right.
func httpClient(cmd *cobra.Command, caFile string) (*http.Client, error) {
	through, err := trustingTransport(caFile)
	if err != nil {
		return nil, err
	}
	log := requestLog(cmd)
	if through == nil && log == nil {
		return nil, nil
	}
	if through == nil {
		through = transport.Standard()
	}
	client := &http.Client{Transport: through, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // a credential stays with its host
	}}
	if log != nil {
		client.Transport = &loggedTransport{next: through, log: log}
	}
	return client, nil
}

// logSignIn logs what azidentity tries. The listener is azcore's, one for the process.
func logSignIn(log *slog.Logger) {
	if log == nil {
		return
	}
	azlog.SetEvents(azidentity.EventAuthentication)
	azlog.SetListener(func(_ azlog.Event, message string) {
		log.Debug("sign-in", slog.String("detail", text.OneLine(message)))
	})
}

// loggedTransport logs each try of a request when its answer begins: address, status, time,
// correlation vector. It logs no body, and of headers and query only what holds no secret.
type loggedTransport struct {
	next http.RoundTripper
	log  *slog.Logger
}

func (t *loggedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	var reused, connected bool
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		connected, reused = true, info.Reused
	}}
	began := time.Now()
	resp, err := t.next.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	without := secretsOf(req)
	fields := []slog.Attr{
		slog.String("method", req.Method),
		slog.String("url", without.Replace(loggedURL(req.URL))),
	}
	if err != nil {
		fields = append(fields, slog.String("error", text.OneLine(without.Replace(err.Error()))))
	} else {
		fields = append(fields, slog.Int("status", resp.StatusCode))
		for _, header := range []string{"MS-CV", "Retry-After", "X-Emulator-Hint"} {
			if value := resp.Header.Get(header); value != "" {
				fields = append(fields, slog.String(strings.ToLower(header), text.OneLine(without.Replace(value))))
			}
		}
	}
	if connected {
		fields = append(fields, slog.Bool("reused", reused))
	}
	fields = append(fields, slog.Duration("took", time.Since(began).Round(time.Microsecond)))
	t.log.LogAttrs(context.WithoutCancel(req.Context()), slog.LevelDebug, "request", fields...)
	return resp, err
}

// loggedURL returns an address without user name, password and fragment. Of the query it keeps what
// is known to hold no secret; "REDACTED" stands for the rest, such as a SAS.
func loggedURL(address *url.URL) string {
	shown := url.URL{Scheme: address.Scheme, Host: address.Host, Path: address.Path, RawPath: address.RawPath}
	var query []string
	hidden := false
	for part := range strings.SplitSeq(address.RawQuery, "&") {
		switch name, _, _ := strings.Cut(part, "="); name {
		case "api-version", "comp", "restype":
			query = append(query, part)
		case "":
		default:
			hidden = true
		}
	}
	if hidden {
		query = append(query, "REDACTED")
	}
	shown.RawQuery = strings.Join(query, "&")
	return shown.String()
}

// secretsOf removes the credential of a request from text, because servers and proxies may repeat
// it.
func secretsOf(req *http.Request) *strings.Replacer {
	_, credential, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	_, key, _ := strings.Cut(credential, ":") // those of accounts are ID:KEY
	var pairs []string
	for _, secret := range []string{credential, key} {
		if secret != "" {
			pairs = append(pairs, secret, "REDACTED")
		}
	}
	return strings.NewReplacer(pairs...)
}
