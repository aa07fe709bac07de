// SPDX-License-Identifier: MIT

package emulator

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/arr-go/azremoterendering/emulator/internal/faults"
	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/service"
)

const (
	maxFaultTime       = 24 * time.Hour
	maxFaultName       = 128  // characters
	maxChallengeLength = 1024 // bytes
	maxShownLength     = 64   // bytes
	noChallenge        = "none"
)

// faultOperations are the operations, each with its short name.
var faultOperations = []struct{ name, short string }{
	{service.CreateSession, "create"},
	{service.GetSession, "get"},
	{service.UpdateSession, "update"},
	{service.StopSession, "stop"},
	{service.ListSessions, "list"},
	{service.CreateConversion, "create-conversion"},
	{service.GetConversion, "get-conversion"},
	{service.ListConversions, "list-conversions"},
	{service.GetToken, "token"},
}

// withDefaults returns a fault with its defaults filled in, and the operations that it affects.
func (f Fault) withDefaults() (Fault, []string, *faults.Problem) {
	for _, check := range []func(*Fault) *faults.Problem{
		(*Fault).checkMatch, (*Fault).checkTimes, (*Fault).checkStatus,
		(*Fault).checkKinds, (*Fault).checkShown, (*Fault).checkTogether,
	} {
		if problem := check(&f); problem != nil {
			return f, nil, problem
		}
	}
	operations, problem := f.operations()
	if problem != nil {
		return f, nil, problem
	}
	if f.Body == BodySlow {
		f.SlowFor = cmp.Or(f.SlowFor, defaultSlowFor)
	}
	if f.Start == StartDies {
		f.DieAfter = cmp.Or(f.DieAfter, defaultDieAfter)
	}
	if f.Name == "" {
		f.Name = f.effectText()
		if utf8.RuneCountInString(f.Name) > maxFaultName {
			f.Name = string([]rune(f.Name)[:maxFaultName-1]) + "…"
		}
	}
	return f, operations, nil
}

func (f *Fault) checkMatch() *faults.Problem {
	switch {
	case utf8.RuneCountInString(f.Name) > maxFaultName || !utf8.ValidString(f.Name) ||
		strings.ContainsFunc(f.Name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return faults.NewProblem("Name", f.Name, "is not printable or too long; give at most %d characters",
			maxFaultName)
	case f.AccountID != "" && !naming.IsUUID(f.AccountID):
		return faults.NewProblem("AccountID", f.AccountID,
			"is not a UUID such as %s; leave it out for all accounts", DevelopmentAccountID)
	case f.Skip < 0:
		return faults.NewProblem("Skip", f.Skip, "is negative; give 0 to skip none")
	case f.Count < 0:
		return faults.NewProblem("Count", f.Count, "is negative; give 0 for no end")
	case !(f.Probability >= 0 && f.Probability <= 1): // so that NaN is refused
		return faults.NewProblem("Probability", f.Probability,
			"is not above 0 and at most 1; leave it out for always")
	}
	return cmp.Or(checkPattern("Session", f.Session), checkPattern("ConversionID", f.ConversionID))
}

// checkPattern checks a pattern for ids.
func checkPattern(field, pattern string) *faults.Problem {
	if len(pattern) > naming.MaxIDLength ||
		!naming.OnlyIDCharacters(strings.ReplaceAll(pattern, "*", "")) {
		return faults.NewProblem(field, pattern,
			"is not an id of at most %d characters of A-Z, a-z, 0-9, '-' and '_', "+
				"with * for any characters", naming.MaxIDLength)
	}
	return nil
}

func (f *Fault) checkTimes() *faults.Problem {
	for _, t := range []struct {
		field string
		value time.Duration
	}{
		{"For", f.For},
		{"Delay", f.Delay},
		{"RetryAfter", f.RetryAfter},
		{"SlowFor", f.SlowFor},
		{"DieAfter", f.DieAfter},
		{"ReadLag", f.ReadLag},
	} {
		if t.value < 0 || t.value > maxFaultTime {
			return faults.NewProblem(t.field, t.value, "is out of range; give 0 and at most %v", maxFaultTime)
		}
	}
	s, _ := faults.FindSpelling(string(f.Spelling))
	switch {
	case s.InHeader() && f.RetryAfter%time.Millisecond != 0:
		return faults.NewProblem("RetryAfter", f.RetryAfter, "is not whole milliseconds")
	case !s.InHeader() && f.RetryAfter%time.Second != 0:
		return faults.NewProblem("RetryAfter", f.RetryAfter, "is not whole seconds")
	case f.SlowFor != 0 && f.Body != BodySlow:
		return faults.NewProblem("SlowFor", nil, "has no effect without <Body=slow>")
	case f.DieAfter != 0 && f.Start != StartDies:
		return faults.NewProblem("DieAfter", nil, "has no effect without <Start=dies>")
	}
	return nil
}

func (f *Fault) checkStatus() *faults.Problem {
	switch {
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return faults.NewProblem("Status", f.Status, "is out of range; give 200 to 599")
	case f.AfterEffect && f.Status == 0:
		return faults.NewProblem("AfterEffect", nil,
			"has no effect without <Status>; for a lost answer set <Drop=after>")
	case f.RetryAfter != 0 && f.Status == 0:
		return faults.NewProblem("RetryAfter", nil,
			"has no effect without <Status>; set it to 429 or 503, for example")
	case f.Challenge != "" && f.Status != http.StatusUnauthorized &&
		f.Status != http.StatusBadRequest:
		return faults.NewProblem("Challenge", nil, "has no effect without <Status> 401 or 400")
	case len(f.Challenge) > maxChallengeLength || !printableASCII(f.Challenge):
		return faults.NewProblem("Challenge", nil,
			"is not at most %d printable ASCII characters; give %q for an answer without challenge",
			maxChallengeLength, noChallenge)
	}
	return nil
}

func (f *Fault) checkKinds() *faults.Problem {
	for _, kind := range []struct {
		field, value string
		allowed      []string
	}{
		{"Drop", string(f.Drop), []string{string(DropBefore), string(DropAfter)}},
		{"Body", string(f.Body), []string{
			string(BodyTruncated), string(BodyInvalid), string(BodyEmpty), string(BodySlow),
		}},
		{"NextLink", string(f.NextLink), []string{
			string(NextLinkForeign), string(NextLinkRelative), string(NextLinkLoop),
		}},
		{"Start", string(f.Start), []string{
			string(StartFails), string(StartDies), string(StartNever), string(StartNoCapacity),
		}},
		{"Conversion", string(f.Conversion), []string{
			string(ConversionFails), string(ConversionMissingAsset), string(ConversionCancelled),
			string(ConversionNever), string(ConversionNoAccess),
		}},
		{"Spelling", string(f.Spelling), faults.SpellingNames()},
	} {
		if kind.value != "" && !slices.Contains(kind.allowed, kind.value) {
			return faults.NewProblem(kind.field, kind.value,
				"is unknown; give one of %s", strings.Join(kind.allowed, ", "))
		}
	}
	return nil
}

func (f *Fault) checkShown() *faults.Problem {
	for _, shown := range []struct{ field, value string }{
		{"ShowStatus", string(f.ShowStatus)},
		{"ShowSize", string(f.ShowSize)},
	} {
		if len(shown.value) > maxShownLength || !printableASCII(shown.value) {
			return faults.NewProblem(shown.field, shown.value,
				"is not at most %d printable ASCII characters", maxShownLength)
		}
	}
	return nil
}

// checkTogether refuses effects that are impossible or invisible together with others of the same
// fault.
func (f *Fault) checkTogether() *faults.Problem {
	shown := cmp.Or(
		set("ShowStatus", f.ShowStatus != ""),
		set("ShowSize", f.ShowSize != ""),
		set("NextLink", f.NextLink != ""),
	)
	performed := cmp.Or(set("Start", f.Start != ""), set("Conversion", f.Conversion != ""),
		set("ReadLag", f.ReadLag != 0), shown)
	switch {
	case f.effectText() == "":
		return faults.NewProblem("", nil, "has no effect; set <Delay>, <Status>, <Drop>, <Body>, "+
			"<ShowStatus>, <ShowSize>, <NextLink>, <Start>, <Conversion>, <ReadLag> or <Spelling>")
	case f.Drop != "" && f.Status != 0:
		return faults.NewProblem("Status", nil, "and <Drop> exclude each other; leave one out")
	case f.Drop != "" && (f.Body != "" || shown != "" || f.Spelling != ""):
		return faults.NewProblem("Drop", nil, "leaves no answer to change; leave out <Drop> or <%s>",
			cmp.Or(set("Body", f.Body != ""), shown, "Spelling"))
	case f.Status != 0 && shown != "":
		return faults.NewProblem("Status", nil,
			"leaves no sessions in the answer; leave out <Status> or <%s>", shown)
	case performed != "" && f.Status != 0 && !f.AfterEffect:
		return faults.NewProblem(performed, nil, "has no effect if the request is not performed; "+
			"set <AfterEffect>, or leave out <Status> or <%s>", performed)
	case performed != "" && f.Drop == DropBefore:
		return faults.NewProblem(performed, nil, "has no effect if the request is not performed; "+
			"set <Drop=after>, or leave out <Drop> or <%s>", performed)
	}
	return f.checkSpelling()
}

// checkSpelling refuses a spelling that the answer has no place for.
func (f *Fault) checkSpelling() *faults.Problem {
	s, spelled := faults.FindSpelling(string(f.Spelling))
	switch {
	case !spelled:
		return nil
	case s.InHeader():
		if f.RetryAfter == 0 {
			return faults.NewProblem("Spelling", f.Spelling, "has no effect without <RetryAfter>")
		}
	case f.Body == BodyInvalid || f.Body == BodyEmpty:
		return faults.NewProblem("Spelling", f.Spelling,
			"has no effect on this body; leave out <Body> or <Spelling>")
	case f.Status != 0 && !s.InErrors():
		return faults.NewProblem("Status", nil,
			"leaves no sessions in the answer; leave out <Status> or <Spelling>")
	case f.Status != 0 && !hasError(f.Status):
		return faults.NewProblem("Spelling", f.Spelling,
			"has no effect with this <Status>, whose answer has no body")
	}
	return nil
}

// set returns the name of a field if it is set, otherwise "".
func set(field string, is bool) string {
	if is {
		return field
	}
	return ""
}

// operations returns the operations that a fault affects: the one it names, or all, without those
// on which one of its fields cannot have an effect. It replaces a short name by the full one.
func (f *Fault) operations() ([]string, *faults.Problem) {
	var remaining []string
	for _, o := range faultOperations {
		if f.Operation == "" || strings.EqualFold(f.Operation, o.name) || f.Operation == o.short {
			remaining = append(remaining, o.name)
		}
	}
	switch {
	case len(remaining) == 0:
		return nil, faults.NewProblem("Operation", f.Operation, "is unknown; "+
			"give create, get, update, stop, list, create-conversion, get-conversion, "+
			"list-conversions or token, or leave it out for all")
	case f.Operation != "":
		f.Operation = remaining[0]
	}
	for _, limit := range f.limits() {
		if !limit.set {
			continue
		}
		before := strings.Join(remaining, ", ")
		remaining = slices.DeleteFunc(
			remaining,
			func(o string) bool { return !slices.Contains(limit.on, o) },
		)
		if len(remaining) == 0 {
			return nil, faults.NewProblem(limit.field, nil,
				"has no effect on %s; leave it out, or inject it as another fault for %s",
				before, strings.Join(limit.on, ", "))
		}
	}
	return remaining, nil
}

// faultLimit says on which operations a field of a fault can have an effect, if it is set.
type faultLimit struct {
	field string
	set   bool
	on    []string
}

func (f *Fault) limits() []faultLimit {
	oneSession := []string{
		service.CreateSession, service.GetSession, service.UpdateSession, service.StopSession,
	}
	oneConversion := []string{service.CreateConversion, service.GetConversion}
	showing := []string{
		service.CreateSession, service.GetSession, service.UpdateSession, service.ListSessions,
	}
	s, _ := faults.FindSpelling(string(f.Spelling))
	return []faultLimit{
		{"Session", f.Session != "", oneSession},
		{"ConversionID", f.ConversionID != "", oneConversion},
		{"Start", f.Start != "", []string{service.CreateSession}},
		{"Conversion", f.Conversion != "", []string{service.CreateConversion}},
		{"NextLink", f.NextLink != "", []string{service.ListSessions, service.ListConversions}},
		{"ShowStatus", f.ShowStatus != "", slices.Concat(showing, oneConversion, []string{service.ListConversions})},
		{"ShowSize", f.ShowSize != "", showing},
		{"ReadLag", f.ReadLag != 0, []string{service.CreateSession}},
		{"Spelling", f.Spelling != "", s.Operations()},
	}
}

func printableASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}
