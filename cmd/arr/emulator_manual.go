// SPDX-License-Identifier: MIT

package main

const emulatorManual = `Run the emulator of Azure Remote Rendering: the session service, version ` +
	`2021-01-01, and the token service (STS)
in front of it, on one port, for programs in any language.

It works as the service did: accounts with keys, Microsoft Entra tokens (any that has not expired and is meant for
the STS; signatures are not checked), access tokens, the five session operations, leases that run out, paging,
errors. It cannot convert assets, and NOTHING RENDERS BEHIND A SESSION THAT IS READY: its host name leads nowhere,
and a device cannot connect to it. With --exec there is a program of yours. Sessions are lost when the emulator ends.

When it accepts connections it prints what a client needs, on standard output: endpoint, STS endpoint, account id,
account key, account domain and, with --tls, the file with the certificate to trust. With --output json that is one
line with the members endpoint, stsEndpoint, accountId, accountKey, accountDomain and caFile. --env-file writes them
to ARR_ENDPOINT, ARR_STS_ENDPOINT, ARR_ACCOUNT_ID, ARR_ACCOUNT_KEY, ARR_ACCOUNT_DOMAIN and ARR_CA_FILE. One line for
each request goes to standard error; neither keys nor tokens are ever in it. The address of the emulator is also a
page for a browser on this machine: accounts, sessions, the last requests.

CLIENTS, with these variables set:

  Go          arr.NewSessionsClientWithKeyCredential(os.Getenv("ARR_ENDPOINT"),
                arr.Account{ID: os.Getenv("ARR_ACCOUNT_ID"), Domain: os.Getenv("ARR_ACCOUNT_DOMAIN")},
                azcore.NewKeyCredential(os.Getenv("ARR_ACCOUNT_KEY")), &arr.SessionsClientOptions{
                  ClientOptions: azcore.ClientOptions{InsecureAllowCredentialWithHTTP: true}, // without --tls
                  STSEndpoint:   os.Getenv("ARR_STS_ENDPOINT")})
  Python      RemoteRenderingClient(endpoint=env["ARR_ENDPOINT"], account_id=env["ARR_ACCOUNT_ID"],
                account_domain=env["ARR_ACCOUNT_DOMAIN"], credential=AzureKeyCredential(env["ARR_ACCOUNT_KEY"]),
                authentication_endpoint_url=env["ARR_STS_ENDPOINT"])
  .NET        new RemoteRenderingClient(new Uri(Env("ARR_ENDPOINT")), Guid.Parse(Env("ARR_ACCOUNT_ID")),
                Env("ARR_ACCOUNT_DOMAIN"), new AzureKeyCredential(Env("ARR_ACCOUNT_KEY")),
                new RemoteRenderingClientOptions { AuthenticationEndpoint = new Uri(Env("ARR_STS_ENDPOINT")) })
  Java        new RemoteRenderingClientBuilder().endpoint(getenv("ARR_ENDPOINT"))
                .accountId(UUID.fromString(getenv("ARR_ACCOUNT_ID"))).accountDomain(getenv("ARR_ACCOUNT_DOMAIN"))
                .credential(new AzureKeyCredential(getenv("ARR_ACCOUNT_KEY"))).buildClient()
  JavaScript  new RemoteRenderingClient(env.ARR_ENDPOINT, env.ARR_ACCOUNT_ID, env.ARR_ACCOUNT_DOMAIN,
                new AzureKeyCredential(env.ARR_ACCOUNT_KEY), { authenticationEndpointUrl: env.ARR_STS_ENDPOINT })

The official clients of the other languages send tokens over https only: start with --tls. That of Java takes no
STS endpoint: it needs --tls --domain arr.test --listen 127.0.0.1:443. So does, by its documentation, the native
runtime of devices and Unity, which was not tried; it could at best learn the state of a session.

TLS: the first start with --tls makes a certificate authority, confined to the domain and this machine, and keeps it.
Clients must trust its certificate, and names below --domain must be in the hosts file: docs/tls.md has the steps.
` + faultManual + `
SAFETY: the emulator is for tests and development. Keep it on a loopback address, or else everyone who can reach it
can use what it offers.

SIGINT (Ctrl-C), SIGTERM, SIGQUIT and SIGHUP end it, with the programs of --exec; a second one, unless it is SIGHUP,
ends it at once.
Exit codes: 0 after such an end, 2 for a mistake in the command line, 1 for everything else.`

const emulatorExamples = `  arr emulator                                      at http://` + defaultAddress +
	`, with a random key
  arr emulator --env-file arr.env                   then, elsewhere:  . ./arr.env; go run ./examples/quickstart
  arr emulator --env-file arr.ps1                   the same for PowerShell:  . ./arr.ps1
  arr emulator --listen 127.0.0.1:0 --output json   any free port, for a test that reads the line
  arr emulator --tls --domain arr.test --listen 127.0.0.1:443
                                                    for clients that want https and an account domain
  arr emulator --startup-time recorded --capacity Standard=4,Premium=1 --rate-limit 60/1m
                                                    as slow, scarce and strict as the service
  arr emulator --exec 'python3 -m http.server --bind 127.0.0.1 {port}'
                                                    a program behind each session`
