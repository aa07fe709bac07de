// SPDX-License-Identifier: MIT

package page

import (
	"strings"
	"time"

	"github.com/arr-go/azremoterendering"
)

type conversionView struct {
	ID, Region, Account string
	Status, Class       string
	Over                bool
	Since, Created      pageTime
	SinceSpan           string
	Times               []momentView // of start and end, as far as there are
	Input, Output       string       // addresses
	Error               string
}

// momentView is a moment in the life of a conversion.
type momentView struct {
	pageTime
	Name, After string // After is the time since the moment before it
}

func (v *pageView) addConversions(p Page) {
	v.AllConversions = p.AllConversions
	v.MoreConversions = p.MatchingConversions - len(p.Conversions)
	for _, each := range p.Conversions {
		v.Conversions = append(v.Conversions, conversionViewOf(each, p.Time))
	}
}

func conversionViewOf(c Conversion, now time.Time) conversionView {
	in, out := c.Conversion.Settings.Input, c.Conversion.Settings.Output
	view := conversionView{
		ID:        c.Conversion.ID,
		Region:    string(c.Region),
		Account:   c.Account,
		Status:    string(c.Conversion.Status),
		Class:     conversionClassOf(c.Conversion.Status),
		Over:      !c.EndedAt.IsZero(),
		Since:     pageTimeOf(c.Since, now, time.TimeOnly),
		SinceSpan: span(now.Sub(c.Since)),
		Created:   pageTimeOf(c.Conversion.CreationTime, now, time.TimeOnly),
		Input:     addressOf(in.StorageContainerURL, in.BlobPrefix, in.RelativeInputAssetPath),
		Output:    addressOf(out.StorageContainerURL, out.BlobPrefix, out.OutputAssetFilename),
	}
	before := c.Conversion.CreationTime
	for _, m := range []struct {
		name string
		at   time.Time
	}{{"Started", c.StartedAt}, {"Ended", c.EndedAt}} {
		if !m.at.IsZero() {
			view.Times = append(view.Times, momentView{
				pageTimeOf(m.at, now, time.TimeOnly), m.name, span(m.at.Sub(before)),
			})
			before = m.at
		}
	}
	if e := c.Conversion.Error; e != nil {
		view.Error = e.Code + ": " + e.Message
	}
	return view
}

// addressOf returns the address of a blob as people read it: as it was given, without escapes.
func addressOf(container, prefix, name string) string {
	return strings.TrimSuffix(container, "/") + "/" + prefix + name
}

// conversionClassOf returns the class of a state. Conversions have the colours of sessions: what
// runs is like what starts, and success is like Ready.
func conversionClassOf(status azremoterendering.ConversionStatus) string {
	switch status {
	case azremoterendering.ConversionStatusNotStarted, azremoterendering.ConversionStatusCancelled:
		return "stopped"
	case azremoterendering.ConversionStatusRunning:
		return "starting"
	case azremoterendering.ConversionStatusSucceeded:
		return "ready"
	case azremoterendering.ConversionStatusFailed:
		return "error"
	}
	return otherStatus
}
