// SPDX-License-Identifier: MIT

package service

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/arr-go/azremoterendering"
)

// codeStorageDenied is the recorded code of a creation that may not use a container.
const codeStorageDenied = "DelegatedResourceAccessError"

// The two recorded messages of codeStorageDenied: that of January 2021, and the longer one of April
// 2021 and later.
const (
	messageStorageDenied = "Error accessing connected storage account due to insufficient permissions. " +
		"Check if the Mixed Reality resource has correct permissions assigned."
	messageHowToLink = " Documentation on how to link Remote Rendering Accounts to storage can be found here: " +
		"https://docs.microsoft.com/azure/remote-rendering/how-tos/create-an-account#link-storage-accounts."
)

// createConversion is PUT /accounts/{id}/conversions/{id}.
func (q *Request) createConversion() Answer {
	members, refused := q.members()
	if refused != nil {
		return q.Refuse(refused)
	}
	conversion, refused := conversionOf(members)
	if refused != nil {
		return q.Refuse(refused)
	}
	conversion.ID = q.ConversionID
	facts, created, err := q.service.conversions.Create(q.HTTP.Context(), q.partition(), conversion)
	switch {
	case errors.Is(err, ErrStorageDenied):
		return q.Refuse(q.storageDenied())
	case err != nil:
		return q.storeFailed(err)
	case created:
		return JSONAnswer(http.StatusCreated, q.wireConversion(facts.starting()))
	case facts.Settings != conversion.Settings: // signatures do not count, they may be renewed
		return q.Refuse(conflict)
	}
	return JSONAnswer(http.StatusOK, q.wireConversion(facts.Conversion(q.service.now())))
}

// getConversion is GET /accounts/{id}/conversions/{id}.
func (q *Request) getConversion() Answer {
	facts, err := q.service.conversions.Get(q.HTTP.Context(), q.partition(), q.ConversionID)
	if err != nil {
		return q.storeFailed(err)
	}
	return uncached(JSONAnswer(http.StatusOK, q.wireConversion(facts.Conversion(q.service.now()))))
}

// listConversions is GET /accounts/{id}/conversions.
func (q *Request) listConversions() Answer {
	query := ListQuery{Limit: q.service.decisions.PageSize, Ended: true}
	if token, given := q.query[skipTokenParameter]; given {
		var ok bool
		if query.After, ok = parseSkipToken(token); !ok {
			return q.Refuse(badSkipToken)
		}
	}
	page, next, err := q.service.conversions.List(q.HTTP.Context(), q.partition(), query)
	if err != nil {
		return q.storeFailed(err)
	}
	now := q.service.now()
	list := wireConversionList{Conversions: make([]any, len(page))}
	for i := range page {
		list.Conversions[i] = q.wireConversion(page[i].Conversion(now))
	}
	link := ""
	if next != "" {
		link = q.nextLink(next)
	}
	if q.EditNextLink != nil {
		link = q.EditNextLink(link)
	}
	list.NextLink = optional(link)
	return JSONAnswer(http.StatusOK, list)
}

// wireConversion returns a conversion as the answer spells it.
func (q *Request) wireConversion(c azremoterendering.Conversion) any {
	c.Status = cmp.Or(azremoterendering.ConversionStatus(q.ShowStatus), c.Status)
	return WireConversion(c)
}

func (q *Request) storageDenied() *Refusal {
	message := messageStorageDenied
	if q.service.decisions.AbsentValues != AbsentNull { // which stands for January 2021
		message += messageHowToLink
	}
	return &Refusal{Status: http.StatusForbidden, Code: codeStorageDenied, Message: message}
}
