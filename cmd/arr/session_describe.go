// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
)

func newDescribeCommand(s *serviceFlags) *cobra.Command {
	var token bool
	cmd := &cobra.Command{
		Use:   "describe ID",
		Short: "Show a session with its lease, its cost and what a device needs",
		Long: `Show everything about a session: the lease as a bar, the cost, and what a device needs to open it.

The cost is the time spent in Ready at the price that you have set, "arr config set price.standard
'3.20 EUR'" for an hour. The service tells no prices, and no price is assumed. Because the service
counts whole minutes, the cost until now is shown as two bounds.

With --token, the command also gets an access token. It OPENS THE WHOLE ACCOUNT while it is valid: see
"arr token --help".`,
		Example: `  arr session describe demo
  arr session describe demo --format '{{.cost.soFarAtMost}} {{.cost.currency}}'
  arr session describe demo --token -o json`,
		Args:              takesIDs(1, 1),
		ValidArgsFunction: completeIDs(s, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.use(cmd, 0, func(ctx context.Context, svc *service) error {
				return svc.describe(ctx, cmd, args[0], token)
			}, checkPrices)
		},
	}
	s.addAllRegions(cmd)
	cmd.Flags().BoolVar(&token, "token", false, "get an access token for a device, too")
	return cmd
}

// checkPrices refuses prices that cannot be read, before anything is asked for.
func checkPrices(values *config.Settings) error {
	for _, size := range arr.PossibleSessionSizeValues() {
		if _, err := values.Price(size); err != nil {
			return err
		}
	}
	return nil
}

func (svc *service) describe(ctx context.Context, cmd *cobra.Command, id string, token bool) error {
	svc, err := svc.find(ctx, id)
	if err != nil {
		return err
	}
	session, err := svc.Get(ctx, id, nil)
	if err != nil {
		return err
	}
	found := show.SessionResult{
		RegionSession:     arr.RegionSession{Session: session.Session, Client: svc.SessionsClient},
		CorrelationVector: session.CorrelationVector,
	}
	described := description{
		Session: show.NewSession(found.RegionSession, found.CorrelationVector),
		Device: device{
			AccountID:       svc.account.ID,
			AccountDomain:   svc.account.Domain,
			RenderingDomain: svc.RenderingDomain(),
		},
		result: found,
	}
	price, err := svc.settings.Price(session.Size)
	if err != nil {
		return err
	}
	if price != nil {
		described.Cost = costOf(session.Session, *price)
	}
	if token {
		access, err := svc.AccessToken(ctx, nil)
		if err != nil {
			return err
		}
		expires := access.ExpiresOn.UTC().Truncate(time.Second)
		described.Device.AccessToken, described.Device.ExpiresOn = access.Token, &expires
		svc.warnOfToken(cmd)
	}
	return show.Write(svc.print, descriptionKind(svc.print.Regions), described)
}

// description is a session with its cost and what a device needs, as JSON.
type description struct {
	show.Session
	Cost   *cost  `json:"cost,omitempty"`
	Device device `json:"device"`

	result show.SessionResult
}

// device is what a device needs besides the id of a session, as JSON.
type device struct {
	AccountID       string     `json:"accountId"`
	AccountDomain   string     `json:"accountDomain,omitempty"`
	RenderingDomain string     `json:"renderingDomain"`
	AccessToken     string     `json:"accessToken,omitempty"`
	ExpiresOn       *time.Time `json:"expiresOn,omitempty"`
}

// cost is what a session costs at the price that is set, as JSON.
type cost struct {
	PerHour       float64 `json:"perHour"`
	Currency      string  `json:"currency,omitempty"`
	SoFarAtLeast  float64 `json:"soFarAtLeast"`
	SoFarAtMost   float64 `json:"soFarAtMost"`
	WholeLease    float64 `json:"wholeLease"`
	ended         bool
	least, most   string // SoFarAtLeast and SoFarAtMost for people
	whole, hourly string
}

// costOf returns the cost of the time in Ready. The service counts whole minutes of it, rounded down.
func costOf(s arr.Session, price config.Price) *cost {
	least, most := s.ElapsedTime, s.ElapsedTime
	switch {
	case s.Status.Ended():
		most = min(least+time.Minute, max(s.MaxLeaseTime, least))
	case s.Status != arr.SessionStatusStarting:
		remaining, _ := s.RemainingLease()
		most = max(least, s.MaxLeaseTime-remaining)
	}
	amount := func(d time.Duration) float64 { return math.Round(price.PerHour*d.Hours()*1e4) / 1e4 }
	return &cost{
		PerHour: price.PerHour, Currency: price.Unit,
		SoFarAtLeast: amount(least), SoFarAtMost: amount(most), WholeLease: amount(s.MaxLeaseTime),
		ended: s.Status.Ended(),
		least: price.Of(least), most: price.Of(most),
		whole: price.Of(s.MaxLeaseTime), hourly: price.Of(time.Hour),
	}
}

// line returns the cost for people.
func (c *cost) line() string {
	line := c.most
	if c.least != c.most {
		line = c.least + " to " + c.most
	}
	if c.ended {
		return line + fmt.Sprintf(" in all, at %s per hour", c.hourly)
	}
	return line + fmt.Sprintf(" so far, %s for the whole lease, at %s per hour", c.whole, c.hourly)
}

// lease returns the lease for people, with a bar of the part that is over.
func (d *description) lease() string {
	s := d.result.Session
	share := 0.0
	if s.MaxLeaseTime > 0 {
		share = float64(s.ElapsedTime) / float64(s.MaxLeaseTime)
	}
	text := show.Bar(share) + " " + show.Span(s.ElapsedTime) + " of " + show.Span(s.MaxLeaseTime)
	if !s.Status.Ended() {
		text += ", " + show.Remaining(s) + " left"
	}
	return text
}

// details are the lines of a description for people.
func (d *description) details(regions bool) []show.Detail {
	var details []show.Detail
	for _, detail := range show.SessionKind(regions).Details(d.result) {
		switch detail.Name {
		case "elapsed", "remaining": // the bar has them
		case "lease":
			details = append(details, detailOf("lease", d.lease()))
			if name := config.PriceName(d.Size); d.Cost != nil {
				details = append(details, detailOf("cost", d.Cost.line()))
			} else if name != "" {
				details = append(details, detailOf("cost", fmt.Sprintf(
					"not known; set the price of an hour: arr config set %s AMOUNT", name)))
			}
		default:
			details = append(details, detail)
		}
	}
	needs := "the session id, what follows, and an access token (--token)"
	if d.Device.AccessToken != "" {
		needs = "the session id, and what follows"
	}
	details = append(details, detailOf("device needs", needs), detailOf("account id", d.Device.AccountID))
	if d.Device.AccountDomain != "" {
		details = append(details, detailOf("account domain", d.Device.AccountDomain))
	}
	details = append(details, detailOf("rendering domain", d.Device.RenderingDomain))
	if d.Device.AccessToken != "" {
		details = append(details,
			detailOf("expires", d.Device.ExpiresOn.Local().Format("2006-01-02 15:04:05 -07:00")),
			detailOf("access token", d.Device.AccessToken))
	}
	return details
}

func detailOf(name, value string) show.Detail {
	return show.Detail{Name: name, Value: show.Cell{Text: value}}
}

// descriptionKind describes descriptions. CSV has the columns of a session and more of them.
func descriptionKind(regions bool) *show.Kind[description] {
	sessions := show.SessionKind(regions)
	result := func(d description) show.SessionResult { return d.result }
	column := show.TextColumn[description]
	amount := func(name string, of func(*cost) float64) show.Column[description] {
		return column(name, "cost."+name, func(d description) string {
			if d.Cost == nil {
				return ""
			}
			return strconv.FormatFloat(of(d.Cost), 'f', -1, 64)
		})
	}
	return &show.Kind[description]{
		Plural: sessions.Plural,
		Name:   func(d description) string { return d.ID },
		Object: func(d description) any { return d },
		Columns: slices.Concat(show.ColumnsOf(sessions.Columns, result), []show.Column[description]{
			amount("perHour", func(c *cost) float64 { return c.PerHour }),
			column("currency", "cost.currency", func(d description) string {
				if d.Cost == nil {
					return ""
				}
				return d.Cost.Currency
			}),
			amount("soFarAtLeast", func(c *cost) float64 { return c.SoFarAtLeast }),
			amount("soFarAtMost", func(c *cost) float64 { return c.SoFarAtMost }),
			amount("wholeLease", func(c *cost) float64 { return c.WholeLease }),
			column("account-id", "device.accountId", func(d description) string { return d.Device.AccountID }),
			column("account-domain", "device.accountDomain",
				func(d description) string { return d.Device.AccountDomain }),
			column("rendering-domain", "device.renderingDomain",
				func(d description) string { return d.Device.RenderingDomain }),
			column("access-token", "device.accessToken",
				func(d description) string { return d.Device.AccessToken }),
		}),
		Details: func(d description) []show.Detail { return d.details(regions) },
	}
}
