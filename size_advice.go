// SPDX-License-Identifier: MIT

package azremoterendering

import "github.com/arr-go/azremoterendering/internal/sizeadvice"

// MaxStandardPolygons is how many polygons a session of size Standard shows. Above it, the service
// shows a checkerboard in place of the scene. Premium has no hard limit (documentation, "Server
// sizes").
const MaxStandardPolygons = sizeadvice.MaxStandard

// SizeAdvice is the size of session that shows one model. The polygons of several models in one
// session add up.
type SizeAdvice struct {
	// Size is Standard for up to [MaxStandardPolygons], otherwise Premium.
	Size SessionSize
	// Polygons is the number of triangles in the model, each part counted once.
	Polygons uint64
	// AtMost is the largest number of triangles that the session can have to draw. It is larger than
	// Polygons if the scene shows parts more than once.
	AtMost uint64
}

// Certain reports whether Size is right however often the scene shows its parts. If it is not,
// Standard may turn out too small.
func (a SizeAdvice) Certain() bool {
	return a.Size != SessionSizeStandard || a.AtMost <= MaxStandardPolygons
}

// NewSizeAdvice returns the advice for a converted model. info is the content of the info file,
// <asset>.info.json, that the conversion leaves beside its result; its inputStatistics are what
// counts. It is an error if it does not say how many faces the model has.
func NewSizeAdvice(info []byte) (SizeAdvice, error) {
	advice, err := sizeadvice.FromInfo(info)
	if err != nil {
		return SizeAdvice{}, err
	}
	return SizeAdvice{SessionSize(advice.Size), advice.Polygons, advice.AtMost}, nil
}
