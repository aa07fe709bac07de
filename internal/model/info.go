// SPDX-License-Identifier: MIT

package model

import (
	"encoding/json"
	"path"
)

// Info is the file <asset>.info.json that a conversion leaves beside its result, with the members
// and in the order of the documentation ("Get information about conversions").
type Info struct {
	Files              InfoFiles        `json:"files"`
	ConversionSettings json.RawMessage  `json:"conversionSettings"`
	InputInfo          InputInfo        `json:"inputInfo"`
	InputStatistics    *InputStatistics `json:"inputStatistics,omitempty"`
	OutputInfo         OutputInfo       `json:"outputInfo"`
	OutputStatistics   OutputStatistics `json:"outputStatistics"`
}

// InfoFiles names the files of a conversion, without folders.
type InfoFiles struct {
	Input string `json:"input"`
	// Output is given if it is not the default, which is the input's name with another extension.
	Output string `json:"output,omitempty"`
}

// InputInfo is about the format of the input.
type InputInfo struct {
	Extension string `json:"sourceAssetExtension"`
	Format    string `json:"sourceAssetFormat"`
	Version   string `json:"sourceAssetFormatVersion"`
	Generator string `json:"sourceAssetGenerator"`
}

// InputStatistics counts the parts of the input: see Statistics.
type InputStatistics struct {
	NumMeshes            uint64 `json:"numMeshes"`
	NumFaces             uint64 `json:"numFaces"`
	NumVertices          uint64 `json:"numVertices"`
	NumMaterial          uint64 `json:"numMaterial"`
	NumFacesSmallestMesh uint64 `json:"numFacesSmallestMesh"`
	NumFacesBiggestMesh  uint64 `json:"numFacesBiggestMesh"`
	NumNodes             uint64 `json:"numNodes"`
	NumMeshUsagesInScene uint64 `json:"numMeshUsagesInScene"`
	MaxNodeDepth         uint64 `json:"maxNodeDepth"`
}

// OutputInfo identifies the converter and the content of its output.
type OutputInfo struct {
	ToolVersion string `json:"conversionToolVersion"`
	Hash        string `json:"conversionHash"`
}

// OutputStatistics is about the output.
type OutputStatistics struct {
	PartsCreated   uint64 `json:"numMeshPartsCreated"`
	PartsInstanced uint64 `json:"numMeshPartsInstanced"`
	// RecenteringOffset is there if the conversion settings say recenterToOrigin.
	RecenteringOffset *[3]float64 `json:"recenteringOffset,omitempty"`
	BoundingBox       *infoBox    `json:"boundingBox,omitempty"`
}

type infoBox struct {
	Min [3]float64 `json:"min"`
	Max [3]float64 `json:"max"`
}

// Conversion is what NewInfo needs to know beyond the model.
type Conversion struct {
	// Input and Output are paths or names, of which the info file shows the last part.
	Input, Output string
	// DefaultOutput says that Output is the name that the service gives by itself.
	DefaultOutput bool
	// Settings is the content of the file <asset>.ConversionSettings.json beside the input. It is
	// copied. Nil if there is none. Of the settings, only recenterToOrigin has an effect.
	Settings json.RawMessage
	// ToolVersion and Hash go into outputInfo.
	ToolVersion, Hash string
}

// importers are the descriptions of formats that the service's importers give. The one of glTF is
// documented; formats that are not in this list appear under their own name.
var importers = map[Format]string{GLTF: "glTF2 Importer", GLB: "glTF2 Importer", FBX: "Autodesk FBX Importer"}

// NewInfo makes the info file of a conversion of m.
func NewInfo(m *Model, c Conversion) *Info {
	info := &Info{
		Files:              InfoFiles{Input: path.Base(c.Input)},
		ConversionSettings: c.Settings,
		InputInfo: InputInfo{
			Extension: path.Ext(c.Input), Format: importers[m.Format], Version: m.Version, Generator: m.Generator,
		},
		OutputInfo: OutputInfo{ToolVersion: c.ToolVersion, Hash: c.Hash},
	}
	if !c.DefaultOutput {
		info.Files.Output = path.Base(c.Output)
	}
	if info.ConversionSettings == nil {
		info.ConversionSettings = json.RawMessage("{}")
	}
	if info.InputInfo.Format == "" {
		info.InputInfo.Format = string(m.Format)
	}
	if s := m.Statistics; s != nil {
		info.InputStatistics = &InputStatistics{
			s.NumMeshes, s.NumFaces, s.NumVertices, s.NumMaterial, s.NumFacesSmallestMesh,
			s.NumFacesBiggestMesh, s.NumNodes, s.NumMeshUsagesInScene, s.MaxNodeDepth,
		}
		info.OutputStatistics.PartsCreated = s.NumMeshUsagesInScene
		info.OutputStatistics.PartsInstanced = s.NumMeshUsagesInScene - min(s.NumMeshes, s.NumMeshUsagesInScene)
	}
	info.OutputStatistics.place(m.Bounds, c.Settings)
	return info
}

// place fills in the bounding box, moved to the origin if the settings say so.
func (o *OutputStatistics) place(bounds *Bounds, settings json.RawMessage) {
	if bounds == nil {
		return
	}
	o.BoundingBox = &infoBox{bounds.Min, bounds.Max}
	var wanted struct {
		Recenter bool `json:"recenterToOrigin"`
	}
	if json.Unmarshal(settings, &wanted) != nil || !wanted.Recenter {
		return
	}
	o.RecenteringOffset = new([3]float64)
	for axis := range o.RecenteringOffset {
		half := (bounds.Max[axis] - bounds.Min[axis]) / 2
		o.RecenteringOffset[axis] = 0 - (bounds.Min[axis] + half) // no negative zero
		o.BoundingBox.Min[axis], o.BoundingBox.Max[axis] = -half, half
	}
}

// JSON returns the content of the file.
func (i *Info) JSON() ([]byte, error) { return json.MarshalIndent(i, "", "    ") }
