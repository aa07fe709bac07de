// SPDX-License-Identifier: MIT

package service

import (
	"net/http"
	"slices"
	"strings"

	"github.com/arr-go/azremoterendering/internal/naming"
)

// Vintage is a year of the hosted service. The service changed in small ways while it ran; a
// vintage answers as the service was recorded in its year:
//
//	                           2021            2022 (February)  2023 (January)
//	2021-08-01-preview         no              yes              yes
//	hostname                   NUMBER-GUID.…   arr….            arr….
//	missing input asset        ConversionProcessFailed (both)   InputContainerError
//	Mise-Correlation-Id, STS   no              no               yes
//
// Sources: recordings in the public repositories of the .NET and JavaScript SDKs.
type Vintage int

// The vintages. The default is the last one.
const (
	Vintage2021 Vintage = 2021
	Vintage2022 Vintage = 2022
	Vintage2023 Vintage = 2023
)

func (v Vintage) known() bool { return v >= Vintage2021 && v <= Vintage2023 }

// apiVersions is the value of api-supported-versions: the versions that requests may name.
func (v Vintage) apiVersions() string {
	const first = "2021-01-01-preview, 2021-01-01"
	if v == Vintage2021 {
		return first
	}
	return first + ", 2021-08-01-preview"
}

func (v Vintage) supports(apiVersion string) bool {
	return slices.Contains(strings.Split(v.apiVersions(), ", "), apiVersion)
}

// addTokenHeaders adds the headers that only answers of the token service have. The second
// correlation id was seen there in 2023.
func (v Vintage) addTokenHeaders(header http.Header) {
	if v == Vintage2023 {
		header.Set("Mise-Correlation-Id", naming.NewUUID())
	}
}
