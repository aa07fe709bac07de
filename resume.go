// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// resumeToken is what a poller leaves behind. It holds names, never addresses: whoever can change
// it must not be able to send the access token elsewhere.
type resumeToken struct {
	SessionID string `json:"sessionID"`
	AccountID string `json:"accountID"`
	Host      string `json:"host"`
}

// ResumeToken returns a text from which [SessionsClient.BeginCreate] makes a poller for the same
// session again, in another process for instance. It names session, account and host, and holds no
// secret. It fails once [SessionPoller.Done].
func (p *SessionPoller) ResumeToken() (string, error) {
	if p.Done() {
		return "", fmt.Errorf(
			"azremoterendering: session %q is %s: there is nothing left to resume",
			p.sessionID,
			p.lastSeen(),
		)
	}
	token, err := json.Marshal(
		resumeToken{
			SessionID: p.sessionID,
			AccountID: p.client.accountID,
			Host:      p.client.endpoint.Host,
		},
	)
	return string(token), err
}

// resume makes the poller that a resume token stands for.
func (c *SessionsClient) resume(sessionID, text string) (*SessionPoller, error) {
	token, err := parseResumeToken(text)
	switch {
	case err != nil:
		return nil, invalid(
			"ResumeToken",
			"",
			fmt.Sprintf("is not one that a poller returned: %v", err),
		)
	case token.SessionID != sessionID:
		return nil, invalid(
			"ResumeToken",
			"",
			fmt.Sprintf("is for session %s, not %q", shown(token.SessionID), sessionID),
		)
	case !strings.EqualFold(token.AccountID, c.accountID):
		return nil, invalid(
			"ResumeToken",
			"",
			fmt.Sprintf("is for account %s, and this client for %s", token.AccountID, c.accountID),
		)
	case !strings.EqualFold(token.Host, c.endpoint.Host):
		return nil, invalid(
			"ResumeToken",
			"",
			fmt.Sprintf("is for host %s, and this client for %s", shown(token.Host), c.endpoint.Host),
		)
	}
	return &SessionPoller{
		client:    c,
		sessionID: sessionID,
		last:      CreateSessionResponse{Session: Session{ID: sessionID}},
	}, nil
}

// parseResumeToken takes nothing but what ResumeToken writes, to the letter. Its errors do not show
// the text.
func parseResumeToken(text string) (token resumeToken, err error) {
	if err := json.Unmarshal([]byte(text), &token); err != nil {
		return resumeToken{}, errors.New("it is not JSON with the three members of a token")
	}
	if written, err := json.Marshal(token); err != nil || string(written) != text {
		return resumeToken{}, errors.New("it has been changed")
	}
	if checkSessionID(token.SessionID) != nil {
		return resumeToken{}, errors.New("its session id is no session id")
	}
	if !isUUID(token.AccountID) {
		return resumeToken{}, errors.New("its account id is no UUID")
	}
	if token.Host == "" {
		return resumeToken{}, errors.New("its host is missing")
	}
	return token, nil
}
