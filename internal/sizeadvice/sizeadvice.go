// SPDX-License-Identifier: MIT

// Package sizeadvice tells from the info file of a conversion which size of session shows the
// model.
package sizeadvice

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// MaxStandard is how many polygons a session of size Standard shows. Above it, a checkerboard
// appears. Premium has no hard limit (documentation, "Server sizes").
const MaxStandard = 20_000_000

// The names of the sizes.
const (
	Standard = "Standard"
	Premium  = "Premium"
)

// Advice is the size that fits one model. Several models in one session add up.
type Advice struct {
	// Size is Standard up to 20 million polygons, else Premium.
	Size string
	// Polygons is the number of triangles, each part of the model counted once: numFaces.
	Polygons uint64
	// AtMost is the largest number that the session can have to draw. It is above Polygons if the
	// scene shows parts more than once, because the limit concerns what is drawn.
	AtMost uint64
}

// Certain says whether the size is right however often the scene shows its parts. If it is not,
// Standard may turn out too small.
func (a Advice) Certain() bool { return a.Size == Premium || a.AtMost <= MaxStandard }

// For returns the advice for a model whose scene draws so many polygons.
func For(polygons uint64) Advice { return advise(polygons, polygons) }

// FromInfo reads the content of an info file (<asset>.info.json). It asks for
// inputStatistics.numFaces and tolerates everything else: members that are unknown or missing, a
// byte order mark, and numbers written as text.
func FromInfo(info []byte) (Advice, error) {
	var file struct {
		Statistics *struct {
			Faces   any `json:"numFaces"`
			Meshes  any `json:"numMeshes"`
			Usages  any `json:"numMeshUsagesInScene"`
			Biggest any `json:"numFacesBiggestMesh"`
		} `json:"inputStatistics"`
	}
	decoder := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(info, []byte("\xEF\xBB\xBF"))))
	decoder.UseNumber()
	if err := decoder.Decode(&file); err != nil {
		return Advice{}, fmt.Errorf("the info file is not JSON as expected: %w", err)
	}
	if file.Statistics == nil || file.Statistics.Faces == nil {
		return Advice{}, errors.New("the info file has no inputStatistics.numFaces")
	}
	faces, ok := count(file.Statistics.Faces)
	if !ok {
		return Advice{}, errors.New("inputStatistics.numFaces of the info file is not a count")
	}
	atMost := faces
	meshes, _ := count(file.Statistics.Meshes)
	usages, _ := count(file.Statistics.Usages)
	biggest, _ := count(file.Statistics.Biggest)
	if usages > meshes {
		atMost = saturate(float64(faces) + float64(usages-meshes)*float64(min(biggest, faces)))
	}
	return advise(faces, atMost), nil
}

func advise(polygons, atMost uint64) Advice {
	if polygons > MaxStandard {
		return Advice{Premium, polygons, atMost}
	}
	return Advice{Standard, polygons, atMost}
}

// count reads a number that is not negative.
func count(value any) (n uint64, ok bool) {
	var text string
	switch value := value.(type) {
	case json.Number:
		text = value.String()
	case string:
		text = value
	default:
		return 0, false
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f < 0 || math.IsNaN(f) {
		return 0, false
	}
	return saturate(f), true
}

func saturate(f float64) uint64 {
	if f >= math.MaxInt64 {
		return math.MaxInt64
	}
	return uint64(f)
}
