// SPDX-License-Identifier: MIT

package blobaccess

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"

	"github.com/arr-go/azremoterendering/internal/text"
)

// Error is a failed request to storage. It holds neither the request nor the answer: both may
// contain secrets.
type Error struct {
	// Doing says what failed, such as "upload models/box.glb".
	Doing string
	// Address is the one of the request, without its query. Empty if there was no answer.
	Address string
	// StatusCode is 0 if there was no answer.
	StatusCode int
	// Code is the one of storage, such as BlobNotFound. It may be empty.
	Code string
	// Message is what storage said, in one line.
	Message string
	// RequestID identifies the request for the support of Azure.
	RequestID string

	cause error
}

// Wrap makes an Error from an error of a client whose options come from Options. doing says what
// failed. Errors of contexts and of connections stay reachable by errors.Is and errors.As.
func Wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	if same, ok := errors.AsType[*Error](err); ok {
		return same
	}
	answered, ok := errors.AsType[*azcore.ResponseError](err)
	if !ok {
		return &Error{Doing: doing, Message: text.OneLine(err.Error()), cause: err}
	}
	e := &Error{Doing: doing, StatusCode: answered.StatusCode, Code: text.OneLine(answered.ErrorCode)}
	if resp := answered.RawResponse; resp != nil {
		e.RequestID = text.OneLine(resp.Header.Get("x-ms-request-id"))
		if resp.Request != nil {
			e.Address = withoutQuery(resp.Request.URL)
		}
		e.Message = message(resp)
	}
	return e
}

// message reads the message of storage, and of a refused signature the reason, but not the text
// that was signed.
func message(resp *http.Response) string {
	body, err := runtime.Payload(resp)
	if err != nil {
		return ""
	}
	var answer struct {
		Message string
		Detail  string `xml:"AuthenticationErrorDetail"`
	}
	if xml.Unmarshal(bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF")), &answer) != nil {
		return ""
	}
	first, _, _ := strings.Cut(strings.TrimSpace(answer.Message), "\n")
	detail, _, _ := strings.Cut(strings.TrimSpace(answer.Detail), "\n")
	detail, _, _ = strings.Cut(detail, "String to sign")
	if before, _, found := strings.Cut(first, "The MAC signature"); found {
		first = before
	}
	return text.OneLine(strings.TrimSpace(first + " " + detail))
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "cannot %s", e.Doing)
	if e.StatusCode != 0 {
		fmt.Fprintf(&b, ": %s answered %d %s", e.Address, e.StatusCode, e.Code)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %s", strings.TrimSuffix(e.Message, "."))
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (x-ms-request-id %s)", e.RequestID)
	}
	return b.String()
}

// Unwrap returns the error of the context or of the connection, if there was no answer.
func (e *Error) Unwrap() error { return e.cause }

// SignInError says that a credential gave no access token, so that nothing was sent to storage.
type SignInError struct{ Err error }

func (e *SignInError) Error() string { return e.Err.Error() }
func (e *SignInError) Unwrap() error { return e.Err }

// Denied says whether sign-in failed, or storage refused who asked: a wrong or expired signature, a
// missing permission, or the rules of the account's network.
func (e *Error) Denied() bool {
	return e.notSignedIn() || e.StatusCode == http.StatusForbidden || e.StatusCode == http.StatusUnauthorized
}

func (e *Error) notSignedIn() bool {
	_, failed := errors.AsType[*SignInError](e)
	return failed
}

// NotFound says whether the container, the blob or the account does not exist. Storage also answers
// so to anonymous requests for what is not public.
func (e *Error) NotFound() bool { return e.StatusCode == http.StatusNotFound }

// Advice says what to do, in one sentence. It is empty if a retry is the only advice.
func (e *Error) Advice() string {
	switch bloberror.Code(e.Code) {
	case bloberror.AuthenticationFailed:
		return "Check that the SAS or the account key is of this account and has not expired, and the clock."
	case bloberror.AuthorizationPermissionMismatch, bloberror.InsufficientAccountPermissions:
		return "Give the SAS the missing permission, or yourself the role Storage Blob Data Contributor."
	case bloberror.AuthorizationFailure:
		return "Check the SAS or the key, the firewall of the storage account, and whether it allows access by key."
	case bloberror.AuthorizationResourceTypeMismatch, bloberror.AuthorizationServiceMismatch:
		return "Make the SAS for the container, or for the service Blob with the types container and object."
	case bloberror.AuthorizationProtocolMismatch:
		return "Use https; the SAS allows nothing else."
	case bloberror.ContainerNotFound:
		return "Create the container, or check its name."
	case bloberror.BlobNotFound:
		return "Check the prefix and the path; upper and lower case differ."
	case bloberror.MD5Mismatch:
		return "Try again: the file was changed while it was uploaded."
	case bloberror.ContainerBeingDeleted:
		return "Wait half a minute until the container is deleted, then try again."
	}
	if e.notSignedIn() {
		return "Sign in to Microsoft Entra, such as with \"az login\", or set the account key or a SAS."
	}
	if e.Denied() {
		return "Check the SAS or the account key, its permissions and its expiry."
	}
	if _, unknown := errors.AsType[*unknownHostError](e); unknown {
		return "Check the name of the storage account."
	}
	return ""
}
