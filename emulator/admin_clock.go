// SPDX-License-Identifier: MIT

package emulator

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

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

func clockAnswer(s ClockState) service.Answer {
	return service.JSONAnswer(http.StatusOK, adminClockBody{
		Now:    adminTime(s.Now),
		Scale:  s.Scale,
		Frozen: s.Frozen,
		Offset: s.Offset.String(),
	})
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
	move, err := parseClockMove(body)
	if err != nil {
		return e.service.Refuse(service.BadRequest(err.Error()))
	}
	state, err := e.clock.move(move)
	if err != nil {
		return e.service.Refuse(service.BadRequest(err.Error()))
	}
	return clockAnswer(state)
}

var errClockBody = errors.New(`The body must be an object with "advance", a time such as "31m", ` +
	`"scale", a number such as 60, or "freeze", true or false.`)

// parseClockMove reads one or more of the three members.
func parseClockMove(body []byte) (move clockMove, err error) {
	members, err := strictjson.Object(body)
	if err != nil || len(members) == 0 {
		return move, errClockBody
	}
	for name, value := range members {
		switch name {
		case "advance":
			var text string
			if err = json.Unmarshal(value, &text); err == nil {
				move.advance, err = time.ParseDuration(text)
			}
		case "scale":
			err = json.Unmarshal(value, &move.scale)
		case "freeze":
			err = json.Unmarshal(value, &move.frozen)
		default:
			err = errClockBody
		}
		if err != nil || string(value) == "null" {
			return move, errClockBody
		}
	}
	return move, nil
}
