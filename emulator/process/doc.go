// SPDX-License-Identifier: MIT

// Package process puts a process of the operating system behind each session of an emulator: a
// rendering server, a stand-in for one, or anything else that listens on a port.
//
// A [Backend] is given to the emulator as its backend. For each session that is created it starts a
// program, with ports of its own. The session is Starting until that program accepts a connection,
// then Ready, with a host name and ports that lead to the program. It is in state Error if the
// program cannot be started, does not accept connections in time, or ends by itself. The program is
// ended when the session is stopped, when its lease is over, and when the emulator or the backend
// is closed.
//
// # The program
//
// [Options.Command] is the program and its arguments. No shell is involved. What stands in braces
// is replaced:
//
//	{session}         id of the session
//	{account}         id of its account
//	{region}          its region, such as westeurope
//	{size}            its size, Standard or Premium
//	{port}            where devices connect: the port to listen on
//	{inspector-port}  a second port, for a web inspector; nobody checks whether the program uses it
//	{lease-minutes}   its first lease, in whole minutes
//
// Two braces stand for one: {{ and }}. Other braces are an error. The id of a session is chosen by
// a client and may begin with a hyphen, so write it as part of an argument, such as
// --session={session}, not as one of its own that the program could take for an option. For the
// same reason the name of the program cannot contain it.
//
// The program finds most of this in its environment too: ARR_SESSION_ID, ARR_ACCOUNT_ID,
// ARR_REGION, ARR_SIZE, ARR_PORT and ARR_INSPECTOR_PORT. For the rest it has the environment of
// this process, without what may hold credentials: no other variable whose name begins with ARR_ or
// AZURE_, no IDENTITY_HEADER, and no MSI_SECRET, whatever their case. Its working directory is that
// of this process, its standard input is empty.
//
// It must listen on 127.0.0.1, or on all addresses: that it is ready is found out by connecting
// there, every 100 milliseconds, and closing the connection without sending anything. Both ports
// were free just before the start, and no other server of this process has them. Should a program
// from elsewhere take the port in between, the session looks Ready for the moment until the program
// of the session ends, as programs do whose port is taken.
//
// # The end
//
// On Unix each program is the leader of a process group. It is ended by SIGTERM to the group, then,
// when [Options.StopGrace] is over, by SIGKILL; when a program ends by itself, what it leaves
// behind in the group is ended in the same way. Processes that leave the group are out of reach. On
// other systems the program is killed at once, and what it has started is not.
//
// On Linux a program is also killed when this process ends without closing the backend, even by
// SIGKILL; its own children are not. The kernel ties this to the thread that started the program,
// so each running program keeps one thread of this process occupied. On other systems programs
// outlive a process that does not close the backend.
package process
