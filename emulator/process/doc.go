// SPDX-License-Identifier: MIT

// Package process puts a process of the operating system behind each session of an emulator: a
// rendering server, a stand-in for one, or anything else that listens on a port.
//
// A [Backend] is given to the emulator as its backend. For each session that is created it starts a
// program, with its own ports. The session is Starting until the program accepts a connection, and
// then Ready, with a host name and ports that lead to the program. It is in state Error if the
// program cannot be started, does not accept connections in time, or ends by itself. The program is
// ended when the session is stopped, when its lease is over, and when the emulator or the backend
// is closed.
//
// # The program
//
// [Options.Command] is the program and its arguments. No shell is involved. Names in braces are
// replaced:
//
//	{session}         id of the session
//	{account}         id of its account
//	{region}          its region, such as westeurope
//	{size}            its size, Standard or Premium
//	{port}            where devices connect: the port to listen on
//	{inspector-port}  a second port, for a web inspector; the program need not use it
//	{lease-minutes}   its first lease, in whole minutes
//
// {{ and }} stand for { and }. Other braces are an error. A client chooses the id of a session, and
// it may begin with a hyphen: write it as part of an argument, such as --session={session}, and not
// as a separate argument that the program could take for an option. For the same reason the name of
// the program cannot contain it.
//
// The environment of the program has ARR_SESSION_ID, ARR_ACCOUNT_ID, ARR_REGION, ARR_SIZE, ARR_PORT
// and ARR_INSPECTOR_PORT. Otherwise it is that of this process, without variables that may hold
// credentials: no other variable whose name begins with ARR_ or AZURE_, no IDENTITY_HEADER and no
// MSI_SECRET, in any case of letters. Its working directory is that of this process, and its
// standard input is empty.
//
// The program must listen on 127.0.0.1, or on all addresses. The backend connects there every 100
// milliseconds to see whether it is ready, and closes the connection without sending anything. Both
// ports were free just before the start, and no other server of this process has them. If a foreign
// program takes the port in between, the session looks Ready until its own program ends because the
// port is taken.
//
// # The end
//
// On Unix each program is the leader of a process group. The group gets SIGTERM and, after
// [Options.StopGrace], SIGKILL. If a program ends by itself, the rest of its group is ended in the
// same way. Processes that leave the group are not ended. On other systems the program is killed at
// once, and its children are not.
//
// On Linux a program is also killed when this process ends without closing the backend, even by
// SIGKILL; its own children are not. The kernel ties this to the thread that started the program,
// so each running program occupies one thread of this process. On other systems programs outlive a
// process that does not close the backend.
package process
