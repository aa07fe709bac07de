// SPDX-License-Identifier: MIT

package emulator

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/arr-go/azremoterendering/emulator/internal/clock"
	"github.com/arr-go/azremoterendering/internal/strictjson"
	"github.com/arr-go/azremoterendering/service"
)

// adminClockBody is what the clock shows. Its offset is a text such as "31m0s".
type adminClockBody struct {
	Now    string  `json:"now"`
	Scale  float64 `json:"scale"`
	Frozen bool    `json:"frozen"`
	Offset string  `json:"offset"`
}

func clockAnswer(s clock.State) service.Answer {
	return service.JSONAnswer(http.StatusOK, clockBody(s))
}

func clockBody(s clock.State) adminClockBody {
	return adminClockBody{
		Now:    adminTime(s.Now),
		Scale:  s.Scale,
		Frozen: s.Frozen,
		Offset: s.Offset.String(),
	}
}

// adminClock is [Clock.State].
func (e *Emulator) adminClock(*http.Request, []string) service.Answer {
	return clockAnswer(e.clock.State())
}

// adminMoveClock freezes or releases the clock, sets its scale, and advances it, in this order. It
// does all that the body asks for, or nothing.
func (e *Emulator) adminMoveClock(r *http.Request, _ []string) service.Answer {
	body, refused := service.ReadBody(r)
	if refused != nil {
		return e.service.Refuse(refused)
	}
	move, ok := parseClockMove(body)
	if !ok {
		return e.service.Refuse(service.BadRequest(`The body must be an object with "advance", ` +
			`a time such as "31m", "scale", a number such as 60, or "freeze", true or false.`))
	}
	state, err := e.clock.Move(move)
	if err != nil {
		return e.service.Refuse(service.BadRequest(err.Error()))
	}
	return clockAnswer(state)
}

// parseClockMove reads one or more of the three members.
func parseClockMove(body []byte) (move clock.Move, ok bool) {
	members, err := strictjson.Object(body)
	if err != nil || len(members) == 0 {
		return move, false
	}
	for name, value := range members {
		switch name {
		case "advance":
			var text string
			if err = json.Unmarshal(value, &text); err == nil {
				move.Advance, err = time.ParseDuration(text)
			}
		case "scale":
			err = json.Unmarshal(value, &move.Scale)
		case "freeze":
			err = json.Unmarshal(value, &move.Frozen)
		default:
			return move, false
		}
		if err != nil || string(value) == "null" {
			return move, false
		}
	}
	return move, true
}
