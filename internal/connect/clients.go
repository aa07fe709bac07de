// SPDX-License-Identifier: MIT

package connect

import (
	"fmt"
	"slices"
	"strings"
)

// Need is how an emulator must be reached for a client to work.
type Need int

// The needs, each stronger than the one before.
const (
	NeedsNothing Need = iota
	NeedsTLS          // --tls: the client sends tokens over https only
	NeedsDomain       // --tls and --domain: the client finds the token service below the account domain
)

// Client is a kind of client, with the code that connects it.
type Client struct {
	Name   string
	Needs  Need
	NotRun bool   // whether no test runs the code, because the client cannot be had where tests run
	Before string // what stands above the code: imports
	Assign string // what stands before the code, such as "client = "
	code   string // with marks: see onlyHTTP
}

// Marks in code. What stands between two of the same kind is for http only, or for https only.
const (
	onlyHTTP  = "\x01"
	onlyHTTPS = "\x02"
)

// Clients are all clients. Their code reads the variables of [Connection.Variables].
var Clients = []Client{
	{
		Name: "Go",
		Before: `import (
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	arr "github.com/arr-go/azremoterendering"
)`,
		Assign: "client, err := ",
		code: `arr.NewSessionsClientWithKeyCredential(os.Getenv("ARR_ENDPOINT"),
  arr.Account{ID: os.Getenv("ARR_ACCOUNT_ID"), Domain: os.Getenv("ARR_ACCOUNT_DOMAIN")},
  azcore.NewKeyCredential(os.Getenv("ARR_ACCOUNT_KEY")), &arr.SessionsClientOptions{
` + onlyHTTP + `    ClientOptions: azcore.ClientOptions{InsecureAllowCredentialWithHTTP: true}, // without --tls
` + onlyHTTP + `    STSEndpoint:   os.Getenv("ARR_STS_ENDPOINT")})`,
	},
	{
		Name:  "Python",
		Needs: NeedsTLS,
		Before: `from os import environ as env
from azure.core.credentials import AzureKeyCredential
from azure.mixedreality.remoterendering import RemoteRenderingClient`,
		Assign: "client = ",
		code: `RemoteRenderingClient(endpoint=env["ARR_ENDPOINT"], account_id=env["ARR_ACCOUNT_ID"],
  account_domain=env["ARR_ACCOUNT_DOMAIN"], credential=AzureKeyCredential(env["ARR_ACCOUNT_KEY"]),
  authentication_endpoint_url=env["ARR_STS_ENDPOINT"])`,
	},
	{
		Name:  "Java",
		Needs: NeedsDomain,
		Before: `import static java.lang.System.getenv;
import com.azure.core.credential.AzureKeyCredential;
import com.azure.mixedreality.remoterendering.*;`,
		Assign: "RemoteRenderingClient client = ",
		code: `new RemoteRenderingClientBuilder().endpoint(getenv("ARR_ENDPOINT"))
  .accountId(getenv("ARR_ACCOUNT_ID"))
  .accountDomain(getenv("ARR_STS_ENDPOINT").replace("https://sts.", ""))
  .credential(new AzureKeyCredential(getenv("ARR_ACCOUNT_KEY"))).buildClient()`,
	},
	{
		Name: "curl",
		code: `curl ` + onlyHTTPS + `--cacert "$ARR_CA_FILE" ` + onlyHTTPS +
			`-H "Authorization: Bearer $ARR_ACCOUNT_ID:$ARR_ACCOUNT_KEY" \
  "$ARR_STS_ENDPOINT/Accounts/$ARR_ACCOUNT_ID/token"`,
	},
	{
		Name:   "PowerShell",
		NotRun: true,
		code: `Invoke-RestMethod "$env:ARR_STS_ENDPOINT/Accounts/$env:ARR_ACCOUNT_ID/token" -Headers @{
  Authorization = "Bearer ${env:ARR_ACCOUNT_ID}:$env:ARR_ACCOUNT_KEY" }`,
	},
	{
		Name:   "C#",
		Needs:  NeedsTLS,
		NotRun: true,
		Before: `using Azure;
using Azure.MixedReality.RemoteRendering;
using static System.Environment;`,
		Assign: "var client = ",
		code: `new RemoteRenderingClient(new Uri(GetEnvironmentVariable("ARR_ENDPOINT")),
  Guid.Parse(GetEnvironmentVariable("ARR_ACCOUNT_ID")), GetEnvironmentVariable("ARR_ACCOUNT_DOMAIN"),
  new AzureKeyCredential(GetEnvironmentVariable("ARR_ACCOUNT_KEY")), new RemoteRenderingClientOptions {
    AuthenticationEndpoint = new Uri(GetEnvironmentVariable("ARR_STS_ENDPOINT")) })`,
	},
	{
		Name:   "JavaScript",
		Needs:  NeedsDomain,
		NotRun: true,
		Before: `import { env } from "node:process";
import { AzureKeyCredential } from "@azure/core-auth";
import { RemoteRenderingClient } from "@azure/mixed-reality-remote-rendering";`,
		Assign: "const client = ",
		code: `new RemoteRenderingClient(env.ARR_ENDPOINT, env.ARR_ACCOUNT_ID,
  env.ARR_STS_ENDPOINT.replace("https://sts.", ""), new AzureKeyCredential(env.ARR_ACCOUNT_KEY))`,
	},
}

// Named returns the client with a name. It panics if there is none.
func Named(name string) Client {
	return Clients[slices.IndexFunc(Clients, func(c Client) bool { return c.Name == name })]
}

// Code returns the expression that makes the client, or the command, for an emulator with or without
// TLS.
func (c Client) Code(tls bool) string {
	drop, keep := onlyHTTPS, onlyHTTP
	if tls {
		drop, keep = onlyHTTP, onlyHTTPS
	}
	code := strings.ReplaceAll(c.code, keep, "")
	for {
		before, rest, found := strings.Cut(code, drop)
		if !found {
			return code
		}
		_, after, _ := strings.Cut(rest, drop)
		code = before + after
	}
}

// Text returns everything that a program needs to make the client.
func (c Client) Text(tls bool) string {
	text := c.Assign + c.Code(tls)
	if c.Before != "" {
		text = c.Before + "\n\n" + text
	}
	if c.Name == "Java" || c.Name == "C#" || c.Name == "JavaScript" {
		text += ";"
	}
	return text
}

// Manual returns the code of all clients for the help of the command.
func Manual() string {
	const column = "  %-12s%s\n"
	var text strings.Builder
	for _, c := range Clients {
		all := strings.NewReplacer(onlyHTTP, "", onlyHTTPS, "").Replace(c.code)
		for i, line := range strings.Split(all, "\n") {
			label := ""
			switch {
			case i == 0:
				label = c.Name
			case i == 1 && c.NotRun:
				label = "(not run)"
			}
			fmt.Fprintf(&text, column, label, line)
		}
	}
	return text.String()
}
